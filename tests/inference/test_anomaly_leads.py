"""The score that knows normal ECGs only: by lead, on one scale, without a classifier."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecgcore.evaluation.norms import ScoredNormal, fit_lead_norms
from ecgcore.inference.anomaly import AnomalyModel, find_anomalies, judge, load_anomaly, see
from ecgcore.inference.anomaly_leads import (
    PARTS,
    LeadNorms,
    lead_levels_of,
    lead_score,
)
from ecgcore.inference.anomaly_quantiles import Quantiles, person_terms
from ecgcore.inference.anomaly_raw import Raw
from ecgcore.leads import STANDARD_12
from ecgcore.recording import Patient
from ecgcore.signal.own_beat import own_beat
from ecgcore.simulate import simulate

WEIGHTS = {"looks": 1.0, "hidden": 0.3, "beat": 0.1, "record": 0.2, "record/few": 1.0}
NOBODY = person_terms(None, None, float("nan"))


@pytest.fixture(scope="module")
def model() -> AnomalyModel:
    return load_anomaly()


def raw(rng: np.random.Generator, *, n_leads: int = 12, shift: float = 0.0) -> Raw:
    shape = (n_leads, 100)
    maps = {
        name: np.abs(rng.normal(1.0, 0.3, (n_leads, 1))) + shift + rng.random(shape)
        for name in ("hidden", "looks", "own", "beat", "timing")
    }
    none = own_beat(np.zeros(shape, np.float32), 100.0, np.empty(0))
    return Raw(
        maps=maps, restored=np.zeros(shape), sd=np.ones(shape), beats=none,
        present=np.ones(shape, dtype=bool), features=np.zeros((1, 4)),
        record=rng.normal(0, 1, 1) + shift, attributes=np.zeros(7),
        rate=float("nan"), disorder=float("nan"),
    )  # fmt: skip


@pytest.fixture(scope="module")
def norms() -> LeadNorms:
    rng = np.random.default_rng(1)
    normals = [ScoredNormal(raw(rng), Patient(), STANDARD_12, {}) for _ in range(900)]
    normals += [ScoredNormal(raw(rng, n_leads=1), Patient(), ("I",), {}) for _ in range(200)]
    return fit_lead_norms(normals, WEIGHTS)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), shift=st.floats(-1, 4))
def test_the_score_lies_among_those_of_its_leads(norms: LeadNorms, seed: int, shift: float) -> None:
    found = lead_score(raw(np.random.default_rng(seed), shift=shift), NOBODY, STANDARD_12, norms)
    assert found.leads.min() <= found.score <= found.leads.max()
    assert set(found.parts) == set(PARTS)
    assert all(0 <= value <= 1 for value in found.parts.values())


def test_one_in_twenty_of_other_normals_is_above_its_level(norms: LeadNorms) -> None:
    rng = np.random.default_rng(2)
    scores = [lead_score(raw(rng), NOBODY, STANDARD_12, norms).score for _ in range(900)]
    assert np.mean(np.array(scores) >= 0.95) == pytest.approx(0.05, abs=0.03)


def test_an_unusual_lead_raises_its_own_bar_alone(norms: LeadNorms) -> None:
    usual = raw(np.random.default_rng(3))
    maps = {**usual.maps, "looks": usual.maps["looks"].copy()}
    maps["looks"][4] += 5.0
    before = lead_score(usual, NOBODY, STANDARD_12, norms)
    after = lead_score(replace(usual, maps=maps), NOBODY, STANDARD_12, norms)
    assert after.leads[4] > 0.999 > before.leads[4]
    np.testing.assert_array_equal(np.delete(after.leads, 4), np.delete(before.leads, 4))
    assert after.score > before.score


def test_a_lead_without_samples_is_not_judged(norms: LeadNorms) -> None:
    some = raw(np.random.default_rng(4))
    there = some.present.copy()
    there[2] = False
    found = lead_score(replace(some, present=there), NOBODY, STANDARD_12, norms)
    assert np.isnan(found.leads[2])
    assert np.isfinite(np.delete(found.leads, 2)).all()
    none = lead_score(replace(some, present=there & False), NOBODY, STANDARD_12, norms)
    assert none.score == 0.0
    assert np.isnan(none.leads).all()


def test_levels_are_quantile_top_and_mean() -> None:
    some = raw(np.random.default_rng(5), n_leads=1)
    ramp = np.arange(100.0)[None]
    levels = lead_levels_of(replace(some, maps=dict.fromkeys(some.maps, ramp)))
    assert levels["looks"][0] == pytest.approx(0.9 * 99)
    assert levels["hidden"][0] == pytest.approx(97.0)  # the mean of 95 to 99
    assert levels["beat"][0] == pytest.approx(49.5)


def test_few_leads_have_tables_and_weights_of_their_own(norms: LeadNorms) -> None:
    found = lead_score(raw(np.random.default_rng(6), n_leads=1), NOBODY, ("II",), norms)
    assert set(found.parts) == {"record"}
    assert found.leads[0] == pytest.approx(found.score)


def test_what_age_explains_is_no_surprise() -> None:
    rng = np.random.default_rng(7)
    normals = []
    for age in rng.uniform(20, 85, 300):
        some = raw(rng)
        older = {**some.maps, "looks": some.maps["looks"] + 0.03 * (age - 50)}
        normals.append(ScoredNormal(replace(some, maps=older), Patient(age), STANDARD_12, {}))
    fitted = fit_lead_norms(normals, {"looks": 1.0})
    old = person_terms(80.0, None, float("nan"))
    plain = raw(rng)
    as_old = replace(plain, maps={**plain.maps, "looks": plain.maps["looks"] + 0.9})
    assert lead_score(as_old, old, STANDARD_12, fitted).score < 0.95
    young = person_terms(20.0, None, float("nan"))
    assert lead_score(as_old, young, STANDARD_12, fitted).score > 0.95


def test_equal_normals_give_no_nan() -> None:
    table = Quantiles((0.0, 0.5), (0.0, 0.0), 1e-9)
    assert np.isfinite(table.quantile(np.array([0.0, 1.0]))).all()


# ---- the committed model ---------------------------------------------------------------------


@pytest.mark.parametrize("case", ["hyperkalaemia", "lbbb", "pvc", "normal"])
def test_bars_agree_with_the_score(model: AnomalyModel, case: str) -> None:
    found = find_anomalies(model, simulate(case, seed=4, fs_hz=500.0).recording)
    bars = [value for value in found.lead_scores.values() if value is not None]
    assert min(bars) <= found.score <= max(bars)
    if case != "normal":
        assert found.abnormal
        assert max(bars) >= found.threshold


def test_features_of_the_classifier_do_not_reach_the_score(model: AnomalyModel) -> None:
    given = simulate("normal", seed=4, fs_hz=500.0).recording
    seen = see(model, given)
    other = replace(seen, references={k: v + 5.0 for k, v in seen.references.items()})
    one, two = judge(model, given, seen), judge(model, given, other)
    assert one.score == two.score
    assert one.lead_scores == two.lead_scores
    np.testing.assert_array_equal(one.values, two.values)
    assert one.with_classifier is not None
    assert two.with_classifier is not None
    assert two.with_classifier.score > one.with_classifier.score


def test_the_weights_name_no_network_of_statements(model: AnomalyModel) -> None:
    assert {name.removesuffix("/few") for name in model.norms.by_lead.weights} <= set(PARTS)
