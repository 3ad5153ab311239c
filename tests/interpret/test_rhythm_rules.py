"""Rhythm of each stretch, its warnings, pauses, ectopy and pacing, on simulated records."""

from functools import lru_cache
from itertools import pairwise

import numpy as np
import pytest

from ecgcore.interpret import name_beats
from ecgcore.interpret.facts import Facts
from ecgcore.interpret.pauses import NO_SIGNAL_WORDS
from ecgcore.interpret.rules import ectopy, pacing, rhythm
from ecgcore.recording import Patient, Recording
from ecgcore.results import Episode
from ecgcore.results.interpreted import Call
from ecgcore.simulate import simulate
from ecgcore.simulate.arrest import draw_asystole, fibrillate, lay_beats
from ecgcore.study import Study

CHAPTERS = (rhythm, ectopy, pacing)


def state(recording: Recording) -> dict[str, Call]:
    facts = Facts(Study(recording))
    made = [each for chapter in CHAPTERS for rule in chapter.RULES for each in rule(facts)]
    return {each.code: each for each in made if isinstance(each, Call)}


@lru_cache(maxsize=64)
def state_case(case: str, seed: int = 21, noise: str = "low") -> dict[str, Call]:
    return state(simulate(case, seed=seed, noise=noise).recording)


def urgent(calls: dict[str, Call]) -> set[str]:
    return {code for code, call in calls.items() if call.urgent}


@pytest.mark.parametrize(
    ("case", "code"),
    [
        ("normal", "SR"),
        ("sinus-bradycardia", "SBRAD"),
        ("sinus-tachycardia", "STACH"),
        ("sinus-arrhythmia", "SARRH"),
        ("atrial-fibrillation", "AF"),
        ("first-degree-av-block", "SR"),
        ("lbbb", "SR"),
        ("mobitz-1", "54016002"),
        ("paced-atrial", "251268003"),
        ("paced-dual", "AHA184"),
        ("ectopic-atrial", "106068003"),
    ],
)
def test_what_can_wait(case: str, code: str) -> None:
    calls = state_case(case)
    assert code in calls
    assert not urgent(calls)


@pytest.mark.parametrize(
    ("case", "codes"),
    [
        ("vt", {"AHA76", "164895002", "111288001"}),
        ("vt-run-3", {"AHA71"}),
        ("torsades", {"AHA73", "AHA72", "164896001", "111288001"}),
        ("vf-coarse", {"164896001", "111288001"}),
        ("ventricular-flutter", {"111288001"}),
        ("asystole", {"397829000"}),
        ("asystole-after-sinus", {"397829000"}),
        ("standstill", {"397829000"}),
        ("complete-av-block", {"3AVB"}),
        ("complete-av-block-junctional", {"3AVB"}),
        ("complete-block-wide", {"3AVB"}),
        ("mobitz-2", {"426183003"}),
        ("sinus-pause-5s", {"5609005"}),
        ("svt", {"SVTAC", "AFLT", "STACH"}),
    ],
)
def test_what_cannot_wait(case: str, codes: set[str]) -> None:
    calls = state_case(case)
    warned = urgent(calls)
    assert warned & codes
    assert all(calls[code].rule for code in warned)


@pytest.mark.parametrize(
    ("case", "ratio"),
    [
        ("atrial-flutter-2to1", "2:1"),
        ("atrial-flutter-3to1", "3:1"),
        ("atrial-flutter-4to1", "4:1"),
    ],
)
def test_flutter_has_its_ratio(case: str, ratio: str) -> None:
    words = state_case(case)["AFLT"].printed
    assert words.startswith(f"Atrial flutter with {ratio} conduction, ventricular rate")


def test_exclusive_rhythms_do_not_overlap() -> None:
    for case in ("vt-run-6", "torsades", "pvc"):
        rhythms = Facts(Study(simulate(case, seed=3).recording)).rhythms
        assert all(a.stop_s <= b.start_s + 1e-6 for a, b in pairwise(rhythms))


def beats_with_gap(gap_s: float, rate_bpm: float = 75.0) -> Recording:
    rr = 60.0 / rate_bpm
    before = [0.6 + rr * i for i in range(6)]
    after = [before[-1] + gap_s + rr * i for i in range(6)]
    beats = before + after
    return lay_beats(beats, [t - 0.16 for t in beats], duration_s=beats[-1] + 0.7, seed=4)


@pytest.mark.parametrize(
    ("gap_s", "said", "warned"), [(1.8, False, False), (2.6, True, False), (3.3, True, True)]
)
def test_a_pause_is_printed_from_two_seconds_and_urgent_above_three(
    gap_s: float, said: bool, warned: bool
) -> None:
    calls = state(beats_with_gap(gap_s))
    pauses = [call for code, call in calls.items() if code in {"5609005", "AHA25"}]
    assert bool(pauses) == said
    assert any(call.urgent for call in pauses) == warned


def test_a_slow_escape_is_a_rate_and_no_row_of_pauses() -> None:
    beats = list(np.arange(1.0, 29.5, 60 / 25))
    calls = state(lay_beats(beats, duration_s=30.0, seed=2))
    assert "5609005" not in calls
    assert urgent(calls)


def test_six_seconds_without_qrs_are_asystole() -> None:
    assert "397829000" in urgent(state(beats_with_gap(6.6)))


def test_a_line_that_does_not_move_asks_to_check_the_patient() -> None:
    flat = draw_asystole(duration_s=10.0)
    still = Recording(np.zeros_like(flat.signal), flat.fs_hz, flat.leads)
    assert state(still)["397829000"].printed == NO_SIGNAL_WORDS


def test_fibrillation_is_warned_of_in_one_lead() -> None:
    one = fibrillate("coarse", duration_s=10.0, seed=5).select(("II",))
    assert urgent(state(one)) & {"164896001", "111288001"}


def test_the_limit_of_the_rate_depends_on_age() -> None:
    made = simulate("svt", seed=5).recording
    assert urgent(state(made))
    child = made.with_patient(Patient(age_years=0.5, sex="female"))
    assert not urgent(state(child))


def test_ectopy_has_count_form_couplets_and_bigeminy() -> None:
    assert "PVC" in state_case("pvc")
    assert "251182009" in state_case("pvc-couplets")
    assert "11157007" in state_case("pvc-bigeminy")
    assert "PAC" in state_case("pac")
    assert "multiform" in state_case("pvc-multifocal")["PVC"].printed
    assert "PVC" not in state_case("normal")


def test_wide_beats_of_a_bundle_branch_block_are_no_tachycardia() -> None:
    for case in ("lbbb", "rbbb", "bifascicular-block"):
        assert not urgent(state_case(case))


def test_pacing_alone_is_not_urgent_and_lost_capture_is() -> None:
    assert not urgent(state_case("paced-ventricular"))
    found = [state_case("failure-to-capture-ventricular", seed=seed) for seed in range(20, 24)]
    assert sum("AHA186" in urgent(calls) for calls in found) >= 3


def test_beats_of_a_ventricular_rhythm_are_ventricular_and_others_stay() -> None:
    rhythms = (
        Episode(code="SR", start_s=0, stop_s=4, beats=(0, 1)),
        Episode(code="164895002", start_s=4, stop_s=8, beats=(2, 3)),
    )
    types = ("normal", "supraventricular", "normal", "unknown")
    assert name_beats(types, rhythms) == (
        "normal", "supraventricular", "ventricular", "ventricular",
    )  # fmt: skip
    assert name_beats(types, ()) == types
