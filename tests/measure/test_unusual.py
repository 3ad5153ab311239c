"""Words for marked stretches come from measurements."""

import numpy as np
import pytest

from ecgcore.measure import measure
from ecgcore.measure.unusual import worded
from ecgcore.results import AnomalyMap, AnomalySpan, RestoredTrace
from ecgcore.simulate import Simulation, simulate


@pytest.fixture(scope="module")
def made() -> Simulation:
    return simulate("pvc", seed=4, duration_s=10.0, fs_hz=500.0)


def marked(
    made: Simulation, start_s: float, end_s: float, *, by_mv: float = 0.3, rate: float = 0.5
) -> AnomalyMap:
    given = made.recording
    recorded = given.signal[:, ::5].copy()
    trace = RestoredTrace(
        recorded, recorded - np.float32(by_mv), np.ones_like(recorded), given.leads, 100.0
    )
    return AnomalyMap(
        np.zeros_like(given.signal), given.leads, given.fs_hz, 0.99, 0.95,
        spans=(AnomalySpan("V2", start_s, end_s, 0.999),), trace=trace, parts={"rate": rate},
    )  # fmt: skip


def said(made: Simulation, found: AnomalyMap, unit: str = "mV") -> AnomalySpan:
    return worded(found, measure(made.recording, check=False), unit).spans[0]


def test_an_early_wide_beat_is_called_so(made: Simulation) -> None:
    beat = next(b for b in made.truth.beats if b.type == "ventricular")
    span = said(made, marked(made, beat.qrs_onset, beat.qrs_offset))
    assert "ventricular beat" in span.words
    assert "premature, coupling" in span.words
    assert "wide" in span.words
    assert span.apart == "QRS 0.30 mV above what was expected"


def test_a_usual_beat_has_only_its_difference(made: Simulation) -> None:
    beats = made.truth.beats
    i = next(
        i for i in range(1, len(beats) - 1) if all(b.type == "normal" for b in beats[i - 1 : i + 2])
    )
    t_peak = (beats[i].t_onset + beats[i].t_offset) / 2
    span = said(made, marked(made, t_peak - 0.02, t_peak + 0.02, by_mv=-0.12))
    assert span.words == ""
    assert span.apart == "T 0.12 mV below what was expected"


def test_small_differences_and_lost_voltage_have_no_number(made: Simulation) -> None:
    assert said(made, marked(made, 1.0, 1.2, by_mv=0.01)).apart == ""
    lost = said(made, marked(made, 1.0, 1.2), unit="NU").apart
    assert "mV" not in lost
    assert "above what was expected" in lost


def test_an_unusual_rate_is_said_of_long_stretches_only(made: Simulation) -> None:
    assert "rate " in said(made, marked(made, 1.0, 8.0, rate=0.999)).words
    assert "rate " not in said(made, marked(made, 1.0, 1.5, rate=0.999)).words


def test_no_beats_no_words_about_them() -> None:
    flat = simulate("normal", seed=1)
    empty = measure(flat.recording.changed(np.zeros_like(flat.recording.signal), _step()))
    found = worded(marked(flat, 1.0, 1.2), empty, "mV")
    assert found.spans[0].words == "no beat"


def _step():  # type: ignore[no-untyped-def]
    from ecgcore.recording import Step

    return Step("flat", {})
