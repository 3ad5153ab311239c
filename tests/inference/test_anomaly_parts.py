"""Quantiles among normals, spans and places, and the published detector's preparation."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ecgcore.errors import CannotAssessError, ModelError
from ecgcore.inference import mcf
from ecgcore.inference.anomaly_norms import (
    FeatureDistance,
    Norms,
    load_norms,
    rate_distance,
    save_norms,
)
from ecgcore.inference.anomaly_quantiles import (
    MOST,
    PersonShift,
    Quantiles,
    fit_quantiles,
    person_terms,
)
from ecgcore.inference.anomaly_raw import PHASES, phase_visibility
from ecgcore.inference.anomaly_spans import places_of, spans_of
from ecgcore.models.mcf import MCF
from ecgcore.results import AnomalySpan
from ecgcore.simulate import simulate


def test_every_sample_is_hidden_exactly_once() -> None:
    for n in (500, 777, 1000):
        hidden = ~phase_visibility(n)
        assert hidden.shape == (PHASES, n)
        assert bool((hidden.sum(dim=0) == 1).all())


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 1000), scale=st.floats(0.01, 100))
def test_a_quantile_means_the_same_on_any_scale(seed: int, scale: float) -> None:
    values = np.random.default_rng(seed).normal(size=4000)
    one, other = fit_quantiles(values), fit_quantiles(values * scale)
    at = np.array([-3.0, 0.0, 1.0, 2.5, 6.0])
    np.testing.assert_allclose(one.quantile(at), other.quantile(at * scale), atol=1e-6)
    assert (np.diff(one.quantile(np.sort(values))) >= -1e-12).all()
    assert one.quantile(np.median(values)) == pytest.approx(0.5, abs=0.03)


def test_beyond_what_was_measured_values_still_differ() -> None:
    table = fit_quantiles(np.random.default_rng(0).exponential(size=20_000))
    far = table.at_least(np.array([12.0, 15.0, 20.0]))
    assert (np.diff(far) < 0).all()
    assert far[0] < 1e-3
    assert float(table.surprise(np.array(1e9))) == MOST


def test_values_that_most_normals_share_are_not_unusual() -> None:
    table = fit_quantiles(np.concatenate([np.zeros(900), np.arange(1, 101)]))
    assert float(table.surprise(np.array(0.0))) == pytest.approx(1.0, abs=0.15)
    assert float(table.quantile(np.array(101.0))) > 0.99


def test_spans_are_closed_over_gaps_and_sorted() -> None:
    values = np.zeros((2, 500), dtype=np.float32)
    values[0, 100:120], values[0, 125:140] = 0.995, 0.999
    values[1, 300:301] = 1.0  # a single sample is not read on paper
    values[1, 400:430] = 0.9999
    spans = spans_of(values, ("I", "V2"), 100.0, 0.99)
    assert [(s.lead, s.start_s, s.end_s) for s in spans] == [("V2", 4.0, 4.3), ("I", 1.0, 1.4)]
    assert spans_of(values, ("I", "V2"), 100.0, 1.1) == ()


def test_gaps_under_a_tenth_of_a_second_are_read_across() -> None:
    values = np.zeros((2, 200), dtype=np.float32)
    values[0, 50:60] = values[0, 69:80] = 1.0
    values[1, 50:60] = values[1, 70:80] = 1.0
    spans = spans_of(values, ("I", "II"), 100.0, 0.99)
    assert {(s.lead, s.start_s, s.end_s) for s in spans} == {
        ("I", 0.5, 0.8),
        ("II", 0.5, 0.6),
        ("II", 0.7, 0.8),
    }


def test_places_join_leads_that_meet_in_time() -> None:
    spans = (
        AnomalySpan("I", 1.0, 1.4, 0.99, "early", "QRS 0.3 mV above"),
        AnomalySpan("V2", 1.3, 1.6, 0.999, "wide", "ST 0.1 mV below"),
        AnomalySpan("I", 3.0, 3.2, 0.995),
    )
    first, second = places_of(spans)
    assert (first.start_s, first.end_s, first.leads) == (1.0, 1.6, ("V2", "I"))
    assert first.words == "wide; V2: ST 0.1 mV below; I: QRS 0.3 mV above"
    assert second.leads == ("I",)
    assert places_of(()) == ()


def test_places_begin_within_sixty_milliseconds_of_the_end_of_another() -> None:
    times = ((0.5, 1.0), (1.06, 1.5), (1.57, 2.0), (2.05, 2.5))
    found = places_of([AnomalySpan("I", a, b, 1.0 - a / 10) for a, b in times])
    assert [(place.start_s, place.end_s) for place in found] == [(0.5, 1.5), (1.57, 2.5)]
    assert [place.score for place in found] == [0.95, pytest.approx(0.843)]


def test_a_person_changes_what_is_usual() -> None:
    assert person_terms(None, None, float("nan")).tolist() == [0, 0, 0, 0]
    old, young = person_terms(80, "male", 70), person_terms(20, "male", 70)
    shift = PersonShift((0.1, 0.0, 0.0, 0.0))
    assert shift.of(old) > 0 > shift.of(young)
    woman = person_terms(50, "female", 95)
    assert rate_distance(95, woman, PersonShift()) > rate_distance(72, woman, PersonShift())
    assert rate_distance(float("nan"), woman, PersonShift()) == 0
    # Without a person's shift 68 bpm is usual, and twice that is ln 2 away, as half of it is.
    assert rate_distance(68, woman, PersonShift()) == 0
    assert rate_distance(136, woman, PersonShift()) == pytest.approx(np.log(2))
    assert rate_distance(34, woman, PersonShift()) == pytest.approx(np.log(2))


def norms() -> Norms:
    table = Quantiles((0.0, 0.5, 0.99), (0.0, 1.0, 2.0), 0.5)
    return Norms(
        maps={"looks": table}, shifts={}, weights={"looks": 1.0}, leads={"few": table},
        rate=table, disorder=table, record={"top": table}, record_weights={"top": 1.0},
        score={"many": table, "few": table},
        distances={"own": FeatureDistance((0.0, 0.0), ((1.0, 0.0),))},
        false_alarms=((0.9, 4.0, 2.0), (0.99, 1.0, 0.5)),
    )  # fmt: skip


def test_norms_are_bound_to_the_card(tmp_path: Path) -> None:
    digest = save_norms(norms(), tmp_path)
    assert load_norms(tmp_path, digest) == norms()
    with pytest.raises(ModelError, match="SHA-256"):
        load_norms(tmp_path, "0" * 64)
    text = json.dumps({"maps": {}})
    (tmp_path / "norms.json").write_text(text)
    import hashlib

    with pytest.raises(ModelError, match="incomplete"):
        load_norms(tmp_path, hashlib.sha256(text.encode()).hexdigest())
    (tmp_path / "norms.json").unlink()
    with pytest.raises(ModelError, match="missing"):
        load_norms(tmp_path, digest)


def test_norms_without_a_number_are_not_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON"):
        save_norms(replace(norms(), threshold=float("nan")), tmp_path)
    assert not list(tmp_path.iterdir())


def test_one_sample_in_a_hundred_is_marked_and_one_in_fifty_on_few_leads() -> None:
    assert norms().marks_from(12) == 0.99
    assert norms().marks_from(3) == norms().marks_from(1) == 0.98


def test_false_alarms_are_read_between_the_measured_thresholds() -> None:
    assert norms().alarms_at(0.945, few=False) == pytest.approx(2.5)
    assert norms().alarms_at(0.99, few=True) == 0.5
    assert replace(norms(), false_alarms=()).alarms_at(0.99, few=True) is None


# --- the published detector --------------------------------------------------------------------


def test_the_published_notch_changes_nothing_at_500_hz() -> None:
    from scipy import signal as sps

    b, a = sps.iirnotch(mcf.NOTCH_HZ, mcf.NOTCH_QUALITY, fs=mcf.FS_HZ)
    np.testing.assert_allclose(b, a, atol=1e-10)


def test_the_published_masks_leave_the_t_wave_and_a_tenth_of_the_record_alone() -> None:
    device = torch.device("cpu")
    masks = [mcf.phase_masks(phase, device) for phase in range(mcf.PHASES)]
    whole = torch.stack([m[0] for m in masks]).any(dim=0)
    local = torch.stack([m[1] for m in masks]).any(dim=0)
    assert float(whole.float().mean()) == pytest.approx(0.9, abs=0.001)
    assert int(local.nonzero().min()) == 20
    assert int(local.nonzero().max()) == 219
    assert int(masks[0][0].sum()) == 30 * 48


def test_preparation_is_the_published_one_and_drops_nothing() -> None:
    made = simulate("normal", seed=1).recording
    given = mcf.mcf_input(made.signal, made.fs_hz)
    assert given.x.shape == (12, mcf.SAMPLES)
    assert given.x.min() == -1
    assert given.x.max() == 1
    assert not given.fallback
    assert given.beats.min() >= mcf.FIRST_R
    flat = mcf.mcf_input(np.zeros((12, 5000), dtype=np.float32), 500.0)
    assert flat.fallback
    assert flat.beats.size == 11
    assert (flat.x == 0).all()
    short = mcf.mcf_input(made.signal[:, :2500], 500.0)
    assert short.x.shape == (12, mcf.SAMPLES)
    with pytest.raises(CannotAssessError, match=r"2\.5 s are needed"):
        mcf.mcf_input(made.signal[:, :1000], 500.0)


def test_the_trend_lies_between_minus_one_and_one() -> None:
    trend = mcf.trend_of(torch.randn(2, 12, 4800))
    assert trend.shape == (2, 12, 4800)
    assert float(trend.min()) == -1.0
    assert float(trend.max()) == 1.0


def test_published_scores_are_finite_and_cover_the_middle() -> None:
    torch.manual_seed(0)
    made = simulate("pvc", seed=1).recording
    given = mcf.mcf_input(made.signal[:1], made.fs_hz)
    few = mcf.McfInput(given.x, given.beats[:2], given.fallback)
    network = MCF(n_leads=1).eval().requires_grad_(False)
    score, found = mcf.mcf_score(network, few)
    assert np.isfinite(score)
    assert found.shape == (1, mcf.SAMPLES)
    assert (found[:, 200:4800] > 0).all()
