"""Statements put together: what stands with what, and what it is then called."""

from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecgcore.errors import InvalidArgumentError
from ecgcore.simulate import CASES, STATEMENTS, Variation, compose_case, library, simulate
from ecgcore.simulate.codes import ALL_CODES
from ecgcore.simulate.compose import remove_statement
from ecgcore.simulate.planning import Ectopy
from ecgcore.simulate.statements import TRAINING_STATEMENTS
from ecgcore.statements import CORE_CODES


def possible(pair):
    try:
        return compose_case(*pair)
    except InvalidArgumentError:
        return None


PAIRS = {pair: spec for pair in combinations(STATEMENTS, 2) if (spec := possible(pair))}


def test_many_pairs_stand_together():
    assert len(PAIRS) > 300


@settings(max_examples=60, deadline=None)
@given(pair=st.sampled_from(sorted(PAIRS)), seed=st.integers(0, 1000), vary=st.floats(0, 1.5))
def test_any_pair_keeps_the_labels_of_both_and_they_are_true(pair, seed, vary):
    made = simulate("+".join(pair), seed=seed, vary=vary, fs_hz=100)
    truth = made.truth
    codes = {code for key in pair if key != "normal" for code in STATEMENTS[key].codes}
    assert codes <= set(truth.labels)
    assert not set(truth.labels) & set(truth.uncertain)
    origins = {(b.type, b.origin) for b in truth.beats}
    assert ("PVC" in truth.labels) == (("ventricular", "premature") in origins)
    early_p = any(p.fate == "premature" for p in truth.lone_p)
    assert ("PAC" in truth.labels) == (("supraventricular", "premature") in origins or early_p)
    assert ("PACE" in truth.labels) == bool(truth.spikes)
    if "IAVB" in truth.labels:
        assert truth.pr_ms > 200
    if "LBBB" in truth.labels or "RBBB" in truth.labels:
        assert truth.qrs_ms >= 120
    if "LNGQT" in truth.labels:
        assert truth.qtc_ms >= 480
    if "SBRAD" in truth.labels and len(truth.labels) == 1:
        assert truth.heart_rate_bpm < 60
    assert set(made.masks) == set(truth.labels) - {"SNR"}


def test_infarction_in_a_block_brings_the_block_and_leaves_with_it():
    alone = compose_case("lbbb-concordant-elevation")
    both = compose_case("lbbb", "lbbb-concordant-elevation")
    assert alone.statements == both.statements == ("lbbb", "lbbb-concordant-elevation")
    assert remove_statement(both, "lbbb-concordant-elevation").ventricular is library.LBBB
    assert remove_statement(both, "lbbb").ventricular is library.NORMAL


def test_only_a_heart_without_findings_is_normal():
    assert compose_case().labels == ("SNR",)
    assert compose_case("normal", "lead-off").labels == ("SNR",)
    assert "SNR" not in compose_case("normal", "pvc").labels
    arm = compose_case("arm-reversal")
    assert "SNR" not in arm.labels
    assert "SNR" in arm.uncertain


def test_order_does_not_matter_and_taking_away_gives_the_other():
    one, two = compose_case("pvc", "rbbb"), compose_case("rbbb", "pvc")
    assert (one.labels, one.ventricular, one.rhythm) == (two.labels, two.ventricular, two.rhythm)
    assert remove_statement(one, "pvc").ventricular == compose_case("rbbb").ventricular
    assert remove_statement(one, "rbbb").ventricular == compose_case("normal").ventricular


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        (("lbbb", "rbbb"), "both are about ventricular conduction"),
        (("atrial-fibrillation", "svt"), "both are about rhythm"),
        (("lbbb", "anterior-stemi"), "whole shape"),
        (("brugada", "long-qt"), "hide the other"),
        (("atrial-fibrillation", "pac"), "pac needs sinus"),
        (("mobitz-1", "first-degree-av-block"), "needs sinus"),
        (("paced-af", "pvc"), "pvc needs"),
        (("pvc-bigeminy", "pac"), "no room"),
        (("wpw", "first-degree-av-block"), "shortens PR"),
        (("hyperkalaemia-severe", "pac"), "P waves are lost"),
        (("wpw", "short-pr"), "shortens PR"),
        (("lvh-strain", "wellens-b"), "hide the other|whole shape"),
        (("wellens-a", "rbbb"), "hide the other"),
        (("paced-concordant-elevation", "lbbb"), "whole shape"),
        (("lbbb", "wpw2"), "'wpw2'.*possible statements are normal"),
    ],
)
def test_what_cannot_stand_together_is_refused_by_name(keys, said):
    with pytest.raises(InvalidArgumentError, match=said):
        compose_case(*keys)


def test_bad_parts_are_refused_by_name():
    with pytest.raises(InvalidArgumentError, match="colour"):
        compose_case("lbbb", colour="blue")
    with pytest.raises(InvalidArgumentError, match="rate_bpm"):
        compose_case("lbbb", rate_bpm=1000)
    with pytest.raises(InvalidArgumentError, match="vary"):
        simulate("normal", vary=3)
    with pytest.raises(InvalidArgumentError, match="torso"):
        Variation(torso=-1)
    with pytest.raises(InvalidArgumentError, match="coupling"):
        Ectopy("ventricular", "x", coupling=2)
    with pytest.raises(InvalidArgumentError, match="reversal"):
        compose_case("normal", reversal="legs")


def test_every_code_is_used_and_known():
    learned = TRAINING_STATEMENTS.values()
    used = {code for entry in learned for code in (*entry.codes, *entry.uncertain)}
    assert used <= set(ALL_CODES)
    assert set(ALL_CODES) - used == {"SR"}, "SR is the rhythm, not a finding"
    assert ALL_CODES[: len(CORE_CODES)] == CORE_CODES


def test_every_statement_says_its_criterion():
    for entry in STATEMENTS.values():
        assert len(entry.criterion) > 20
        assert not entry.criterion.endswith(".")


def test_documentation_lists_every_statement():
    text = (Path(__file__).parents[2] / "docs" / "simulation.md").read_text(encoding="utf-8")
    for key, entry in STATEMENTS.items():
        assert f"| `{key}` |" in text
        assert entry.criterion in text


def test_variation_widens_intervals_within_the_limits():
    rates = [simulate("normal", seed=s, vary=1).truth.heart_rate_bpm for s in range(25)]
    assert max(rates) - min(rates) > 15
    assert 55 < min(rates) <= max(rates) < 105
    fixed = {round(simulate("normal", seed=s).truth.pr_ms) for s in range(5)}
    assert fixed == {160}
    axes = [simulate("normal", seed=s, vary=1).truth.qrs_axis_deg for s in range(25)]
    assert max(axes) - min(axes) > 25
    assert -30 <= min(axes) <= max(axes) <= 95


def test_table_of_cases_holds_statements_and_combinations():
    assert set(STATEMENTS) <= set(CASES)
    assert sum("+" in name for name in CASES) >= 20
