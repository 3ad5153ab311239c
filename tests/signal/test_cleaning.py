"""What spoils a stretch takes that stretch, and no more."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecgcore.recording import Recording
from ecgcore.signal.cleaning import (
    ABSENT,
    BEYOND,
    JUMP,
    NOISE,
    STILL,
    STILL_ALONE,
    STILL_EVERYWHERE,
)
from ecgcore.signal.quality import Graded, grade
from tests.synthetic import beats, recording

FS = 500.0
LEADS = ("I", "II", "V2", "V5")


def strip(seconds: float = 10, leads: tuple[str, ...] = LEADS) -> np.ndarray:
    return beats(seconds, FS, n_leads=len(leads))


def look(signal: np.ndarray, leads: tuple[str, ...] = LEADS, fs_hz: float = FS) -> Graded:
    return grade(Recording(signal.astype(np.float32), fs_hz, leads))


def only(found: Graded, start_s: float, end_s: float, leads: tuple[str, ...], reason: str) -> None:
    assert found.quality.bad_leads == ()
    (stretch,) = found.quality.masked
    assert stretch.start_s == pytest.approx(start_s, abs=0.16)
    assert stretch.end_s == pytest.approx(end_s, abs=0.16)
    assert (stretch.leads, stretch.reason) == (leads, reason)


def test_a_clean_strip_is_left_as_it_is() -> None:
    given_ = recording(10, FS)
    found = grade(given_)
    assert found.cleaned is given_.signal
    assert found.readable(given_) is given_
    assert found.quality.masked == ()


@pytest.mark.parametrize("fs_hz", [100.0, 250.0, 1000.0])
@pytest.mark.parametrize("size_mv", [1.3, -3.0, 8.0])
def test_one_jump_in_every_lead(fs_hz: float, size_mv: float) -> None:
    signal = beats(10, fs_hz, n_leads=4)
    signal[:, round(5.07 * fs_hz) :] += size_mv
    found = look(signal, fs_hz=fs_hz)
    only(found, 5.02, 5.12, LEADS, JUMP)
    # What follows is at the level of what went before.
    level = np.nanmedian(found.cleaned, axis=1)
    np.testing.assert_allclose(
        np.nanmedian(found.cleaned[:, -round(4 * fs_hz) :], axis=1), level, atol=0.05
    )


def test_a_tall_qrs_complex_is_no_jump() -> None:
    signal = 4 * beats(10, FS, n_leads=4)
    assert look(signal).quality.masked == ()


def test_a_burst_of_noise_in_one_lead() -> None:
    signal = strip()
    signal[2, 2000:2500] += np.random.default_rng(1).standard_normal(500)
    found = look(signal)
    only(found, 4.0, 5.0, ("V2",), NOISE)
    assert np.isfinite(found.cleaned[[0, 1, 3]]).all()


@pytest.mark.parametrize("level", [0.0, 4.5, -30.0])
def test_a_second_without_electrodes(level: float) -> None:
    signal = strip()
    signal[:, 2000:2500] = level
    found = look(signal)
    assert found.quality.bad_leads == ()
    assert np.isnan(found.cleaned[:, 2000:2500]).all()
    assert np.isnan(found.cleaned).mean() < 0.13
    assert {s.reason for s in found.quality.masked} <= {STILL_EVERYWHERE, BEYOND}


def test_one_lead_flat_for_a_third() -> None:
    signal = strip()
    signal[1, 1000:2600] = 0.2
    only(look(signal), 2.0, 5.2, ("II",), STILL)


def test_a_single_lead_that_stands_still_may_be_asystole() -> None:
    signal = strip(leads=("II",))
    signal[:, 2000:3700] = signal[0, 1999]
    found = look(signal, ("II",))
    only(found, 4.0, 7.4, ("II",), STILL_ALONE)
    assert found.quality.reasons[-1] == (
        "II: from 4.0 to 7.4 s the trace is flat (electrodes off, or asystole); "
        "nothing is measured there."
    )


def test_asystole_under_an_amplifiers_noise_is_present() -> None:
    signal = strip()
    rng = np.random.default_rng(2)
    signal[:, 2000:4000] = 0.005 * rng.standard_normal((4, 2000))
    assert look(signal).quality.masked == ()


def test_the_line_between_noiseless_beats_is_present() -> None:
    t = np.arange(5000) / FS
    one = np.zeros_like(t)
    for r in np.arange(0.5, 10, 1.5):
        one[np.abs(t - r) < 0.04] = 1.0
    assert look(np.stack([one, 0.5 * one]), ("I", "II")).quality.masked == ()


def test_where_no_lead_has_samples_is_listed_and_one_lead_is_not() -> None:
    signal = strip()
    signal[:, 1500:2500] = np.nan
    signal[0, 3000:4000] = np.nan
    only(look(signal), 3.0, 5.0, LEADS, ABSENT)


@pytest.mark.parametrize("mains_hz", [50.0, 60.0])
@pytest.mark.parametrize("stop", [5000, 2500])
def test_strong_mains_is_filtered_out(mains_hz: float, stop: int) -> None:
    clean = strip()
    t = np.arange(stop) / FS
    signal = clean.copy()
    signal[:, :stop] += 0.4 * np.sin(2 * np.pi * mains_hz * t).astype(np.float32)
    found = look(signal)
    assert found.quality.bad_leads == ()
    assert f"{mains_hz:.0f} Hz AC interference is filtered out" in found.quality.reasons[-1]
    middle = slice(500, 2000)
    assert np.abs(found.cleaned - clean)[:, middle].max() < 0.12


def test_stretches_of_a_bad_lead_are_not_listed() -> None:
    signal = strip()
    rng = np.random.default_rng(3)
    signal[3] = rng.standard_normal(5000)
    signal[3, 2500:] += 6
    found = look(signal)
    assert found.quality.bad_leads == ("V5",)
    assert found.quality.masked == ()
    np.testing.assert_array_equal(found.cleaned[3], signal[3])


@settings(max_examples=25, deadline=None)
@given(
    kind=st.sampled_from(["jump", "still", "noise", "rail"]),
    start=st.integers(250, 4000),
    size=st.integers(400, 700),
    lead=st.sampled_from([None, 0, 2]),
)
def test_one_bad_second_anywhere_takes_no_lead(
    kind: str, start: int, size: int, lead: int | None
) -> None:
    signal = strip()
    rows = slice(None) if lead is None else slice(lead, lead + 1)
    part = signal[rows, start : start + size]
    if kind == "jump":
        signal[rows, start:] -= 3
    elif kind == "still":
        part[:] = 0.1
    elif kind == "noise":
        part += 1.5 * np.random.default_rng(size).standard_normal(part.shape)
    else:
        part[:] = 15
    found = look(signal)
    assert found.quality.bad_leads == ()
    assert found.quality.masked
    assert np.isfinite(found.cleaned[rows]).mean() > 0.8
