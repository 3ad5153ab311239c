"""Emergencies that were missed or misnamed, and artefacts that were taken for one."""

import numpy as np
import pytest

from ecgcore.interpret import interpret
from ecgcore.interpret.dropped import find_dropped
from ecgcore.interpret.facts import Facts
from ecgcore.interpret.pauses import NO_SIGNAL_WORDS
from ecgcore.interpret.stretch import Stretch
from ecgcore.results import Interpretation
from ecgcore.signal.beats import FEATURE_HZ, BeatSearch
from ecgcore.signal.broad_beats import find_broad_beats
from ecgcore.signal.fibrillatory import compare_waves
from ecgcore.signal.marching import is_marching
from ecgcore.simulate import simulate
from ecgcore.study import Study

FAST = {"164895002", "AHA71", "AHA72", "AHA73", "AHA76"}


def read(case: str, seed: int, noise: str | float = "none") -> Interpretation:
    return interpret(Study(simulate(case, seed=seed, noise=noise, vary=1.0).recording))


def urgent(case: str, seed: int, noise: str | float = "none") -> set[str]:
    return {call.code for call in read(case, seed, noise).urgent}


@pytest.mark.parametrize(
    ("case", "seed", "codes"),
    [
        ("vt-run-3", 5004, FAST),
        ("vt-run-5", 5009, FAST),
        ("mobitz-2", 5008, {"426183003"}),
        ("mobitz-2+rbbb", 5005, {"426183003"}),
        ("high-grade-av-block", 5001, {"AHA87"}),
        ("complete-block-af", 5004, {"3AVB"}),
        ("failure-to-capture-ventricular", 5000, {"AHA186"}),
        ("preexcited-af", 5003, {"WPW"}),
        ("asystole-after-vf", 5008, {"397829000"}),
    ],
)
def test_is_warned_of(case: str, seed: int, codes: set[str]) -> None:
    assert urgent(case, seed) & codes


def test_stimuli_in_noise_that_capture_nothing_are_found() -> None:
    assert "AHA186" in urgent("failure-to-capture-ventricular", 5004, 15.0)


@pytest.mark.parametrize("case", ["motion-vt", "motion-vf"])
def test_an_artefact_through_which_the_complexes_march_is_no_tachycardia(case: str) -> None:
    assert not urgent(case, 5000)


def test_leads_that_come_off_are_no_plain_asystole() -> None:
    (call,) = read("leads-off", 5000).urgent
    assert call.words == NO_SIGNAL_WORDS


def test_broad_beats_are_added_only_where_three_are_alike() -> None:
    found = BeatSearch(simulate("vt-run-5", seed=5009, vary=1.0).recording.signal, 500.0)
    added = find_broad_beats(found.traces.low, FEATURE_HZ, found.r_s)
    assert added == pytest.approx([3.81, 4.46, 4.80, 5.14], abs=0.05)
    plain = BeatSearch(simulate("pvc", seed=5000, vary=1.0).recording.signal, 500.0)
    assert find_broad_beats(plain.traces.low, FEATURE_HZ, plain.r_s).size == 0


def test_complexes_march_through_shaking_and_not_through_tachycardia() -> None:
    for case, span, marches in (
        ("motion-vt", (2.0, 6.0), True),
        ("vt-run-5", (3.6, 5.2), False),
    ):
        found = BeatSearch(simulate(case, seed=5009, vary=1.0).recording.signal, 500.0)
        assert is_marching(found.traces.low, FEATURE_HZ, found.r_s, *span) is marches


def test_a_pause_of_two_cycles_without_p_is_no_block() -> None:
    for case, cycles in (("mobitz-2", [2, 2, 2]), ("sinoatrial-block", None)):
        study = Study(simulate(case, seed=5008, vary=1.0).recording)
        dropped = find_dropped(Stretch(study, 0.0, study.recording.duration_s))
        assert (None if dropped is None else dropped.cycles.tolist()) == cycles


def test_fibrillatory_waves_stand_out_of_noise_and_of_a_p_wave() -> None:
    at = np.arange(0, 10, 1 / FEATURE_HZ)
    noise = np.random.default_rng(0).normal(0, 0.02, (3, at.size))
    spans = [(1.0, 1.8), (3.0, 3.8), (5.0, 5.8)]
    waves = noise + 0.1 * np.sin(2 * np.pi * 6 * at)
    assert compare_waves(waves, FEATURE_HZ, spans).min() > 10
    assert compare_waves(noise, FEATURE_HZ, spans)[0] < 3
    slow = noise + 0.1 * np.sin(2 * np.pi * 1.5 * at)
    assert compare_waves(slow, FEATURE_HZ, spans)[1] < 1
    assert not compare_waves(noise, FEATURE_HZ, [(1.0, 1.2)]).any()


def test_beats_of_a_ventricular_rhythm_are_not_normal() -> None:
    facts = Facts(Study(simulate("vt-slow", seed=5000, vary=1.0).recording))
    assert set(facts.beat_kinds) == {"ventricular"}
