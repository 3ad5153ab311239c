"""Bad parameters are refused by name, and the curated cases are sound."""

import dataclasses

import pytest

from ecgcore.errors import InvalidArgumentError
from ecgcore.simulate import (
    CASES,
    DEMONSTRATION_CASES,
    CaseSpec,
    Noise,
    make_demonstration_case,
    simulate,
)
from ecgcore.simulate.planning import Rhythm
from ecgcore.statements import CORE_CODES, statements


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"fs_hz": 0}, "fs_hz"),
        ({"fs_hz": float("nan")}, "fs_hz"),
        ({"fs_hz": 1e6}, "fs_hz"),
        ({"duration_s": 0}, "duration_s"),
        ({"duration_s": -3}, "duration_s"),
        ({"duration_s": float("inf")}, "duration_s"),
        ({"fs_hz": 10_000, "duration_s": 36_000}, "samples"),
        ({"seed": -1}, "seed"),
        ({"seed": 2**32}, "seed"),
        ({"noise": "loud"}, "noise"),
        ({"noise": 200.0}, "noise"),
    ],
)
def test_bad_options_are_refused_by_name(options, named):
    with pytest.raises(InvalidArgumentError, match=named):
        simulate("normal", **options)


def test_unknown_case_names_the_possible_ones():
    with pytest.raises(InvalidArgumentError, match=r"'wpw9'.*normal.*lbbb"):
        simulate("wpw9")
    with pytest.raises(InvalidArgumentError, match=r"'wpw9'.*normal"):
        make_demonstration_case("wpw9")


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (lambda: Rhythm("samba"), "rhythm"),
        (lambda: Rhythm(rate_bpm=400), "rate_bpm"),
        (lambda: Rhythm(pr_ms=5), "pr_ms"),
        (lambda: CaseSpec("x", labels=("XYZ",)), "XYZ"),
        (lambda: CaseSpec("x", leads=("I", "I")), "leads"),
        (lambda: CaseSpec("x", leads=("V10",)), "leads"),
        (lambda: CaseSpec("x", leads=()), "leads"),
        (lambda: CaseSpec("x", leads=("I",), off_leads=("V3",)), "off_leads"),
        (lambda: CaseSpec("x", qtc_ms=50), "qtc_ms"),
        (lambda: CaseSpec("x", size=0), "size"),
        (lambda: Noise(wander_mv=-1), "wander_mv"),
        (lambda: Noise(mains_hz=5), "mains_hz"),
        (lambda: Noise(snr_db=10), "snr_db"),
    ],
)
def test_bad_parts_are_refused_by_name(make, named):
    with pytest.raises(InvalidArgumentError, match=named):
        make()


def test_a_case_of_ones_own():
    own = CaseSpec("own", ("SBRAD",), rhythm=Rhythm(rate_bpm=38), leads=("II", "V5"))
    made = simulate(own, seed=1, duration_s=20)
    assert made.recording.leads == ("II", "V5")
    assert made.truth.heart_rate_bpm == pytest.approx(38, rel=0.03)
    assert dataclasses.replace(own, size=2.0).size == 2.0


def test_demonstration_cases_cover_the_core_statements():
    keys = [demo.key for demo in DEMONSTRATION_CASES]
    assert len(set(keys)) == len(keys) >= 14
    taught = {code for demo in DEMONSTRATION_CASES for code in demo.teaches}
    assert set(CORE_CODES) <= taught
    assert taught <= set(statements())
    assert set(keys) <= set(CASES)


@pytest.mark.parametrize("demo", DEMONSTRATION_CASES, ids=lambda d: d.key)
def test_demonstration_case_is_told_in_full(demo):
    made = make_demonstration_case(demo.key)
    assert made.truth.labels == demo.teaches
    assert 1 <= demo.difficulty <= 3
    assert demo.what_to_see.endswith(".")
    patient = made.recording.patient
    word = {"female": "Woman", "male": "Man"}[patient.sex]
    assert demo.history.startswith(f"{word}, {patient.age_years:g} years")
