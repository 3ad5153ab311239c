"""A recording is checked once, when it is made, and never changes."""

import pickle
from typing import Any

import numpy as np
import pytest

from ecgcore.errors import InvalidRecordingError
from ecgcore.recording import Patient, Recording, Step, describe_age


def make(**changes: Any) -> Recording:
    parts: dict[str, Any] = {
        "signal": np.zeros((2, 10)),
        "fs_hz": 250.0,
        "leads": ("I", "II"),
    }
    return Recording(**(parts | changes))


def test_samples_are_float32_read_only_and_a_copy() -> None:
    source = np.zeros((2, 10))
    recording = make(signal=source)
    source[0, 0] = 5
    assert recording.signal.dtype == np.float32
    assert recording.signal[0, 0] == 0
    with pytest.raises(ValueError, match="read-only"):
        recording.signal[0, 0] = 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"signal": np.zeros(10)}, "two are needed"),
        ({"signal": np.zeros((2, 0))}, "no samples"),
        ({"signal": np.full((2, 10), np.inf)}, "infinite"),
        ({"signal": np.full((2, 10), np.nan)}, "absent"),
        ({"leads": ("I",)}, "1 lead names"),
        ({"leads": ("I", "I")}, "twice"),
        ({"fs_hz": 0}, "rate"),
        ({"fs_hz": float("nan")}, "rate"),
        ({"unit": "uV"}, "unit"),
        ({"derived_leads": ("V1",)}, "derived"),
        ({"signal": np.zeros((65, 3)), "leads": tuple(map(str, range(65)))}, "65 leads"),
    ],
)
def test_parts_that_do_not_fit_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidRecordingError, match=message):
        make(**changes)


def test_one_sample_is_a_recording() -> None:
    assert make(signal=np.zeros((2, 1))).duration_s == pytest.approx(0.004)


def test_selecting_leads_is_written_into_the_history() -> None:
    chosen = make(derived_leads=("I",)).select(("II",))
    assert chosen.leads == ("II",)
    assert chosen.derived_leads == ()
    assert chosen.provenance.steps == (Step("select leads", {"leads": ["II"]}),)
    with pytest.raises(InvalidRecordingError, match="V9"):
        chosen.select(("V9",))


def test_a_recording_survives_pickling_read_only() -> None:
    back = pickle.loads(pickle.dumps(make()))  # noqa: S301 - our own bytes
    assert back.leads == ("I", "II")
    assert not back.signal.flags.writeable


@pytest.mark.parametrize("changes", [{"sex": "F"}, {"age_years": -1}, {"age_years": 300}])
def test_impossible_patients_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidRecordingError):
        Patient(**changes)


@pytest.mark.parametrize(
    ("years", "words"),
    [
        (0, "0 hours"),
        (1 / 8766, "1 hour"),
        (30 / 8766, "30 hours"),
        (20 / 365.25, "20 days"),
        (6 / 52.18, "6 weeks"),
        (7 / 12, "7 months"),
        (1.5, "18 months"),
        (2, "2 years"),
        (56.9, "56 years"),
    ],
)
def test_an_age_is_said_in_its_unit(years: float, words: str) -> None:
    assert describe_age(years) == words
