"""The committed anomaly model: contract, bad input, and what it finds on simulated ECGs."""

import threading
from dataclasses import replace

import numpy as np
import pytest

from ecgcore.errors import CannotAssessError, ModelError
from ecgcore.inference import anomaly
from ecgcore.inference.anomaly import (
    DEFAULT_ANOMALY,
    AnomalyModel,
    default_anomaly,
    find_anomalies,
    load_anomaly,
)
from ecgcore.inference.anomaly_spans import places_of
from ecgcore.measure import measure
from ecgcore.measure.unusual import worded
from ecgcore.recording import Patient, Provenance, Recording
from ecgcore.simulate import simulate


@pytest.fixture(scope="module")
def model() -> AnomalyModel:
    return load_anomaly()


def recording(case: str = "normal", *, seconds: float = 10.0, seed: int = 4) -> Recording:
    return simulate(case, seed=seed, duration_s=seconds, fs_hz=500.0).recording


def test_the_map_is_shaped_like_the_recording(model: AnomalyModel) -> None:
    given = recording("pvc")
    found = find_anomalies(model, given)
    assert found.values.shape == given.signal.shape
    assert found.values.dtype == np.float32
    assert 0 <= found.values.min() <= found.values.max() <= 1
    assert found.leads == given.leads
    assert set(found.lead_scores) == set(given.leads)
    assert found.model == DEFAULT_ANOMALY
    assert found.abnormal is (found.score >= found.threshold)
    again = find_anomalies(model, given)
    np.testing.assert_array_equal(found.values, again.values)


def test_a_ventricular_beat_is_found_where_it_is(model: AnomalyModel) -> None:
    made = simulate("pvc", seed=4, duration_s=10.0, fs_hz=500.0)
    found = find_anomalies(model, made.recording)
    early = [b for b in made.truth.beats if b.type == "ventricular"]
    assert early
    assert found.abnormal
    places = places_of(worded(found, measure(made.recording, check=False), "mV").spans)
    for beat in early:
        here = [p for p in places if p.start_s <= beat.r_peak <= p.end_s]
        assert here
        assert "premature" in here[0].words
        assert "wide" in here[0].words


def test_a_normal_ecg_has_few_places(model: AnomalyModel) -> None:
    found = [find_anomalies(model, recording(seed=seed)) for seed in (1, 2, 3)]
    alarms = dict(found[0].false_alarms)
    assert all(
        b <= a + 1e-9 for a, b in zip(alarms.values(), list(alarms.values())[1:], strict=False)
    )
    assert np.mean([len(places_of(f.spans)) for f in found]) < 4
    assert np.median([f.score for f in found]) < 0.95


def test_more_of_it_is_more_unusual(model: AnomalyModel) -> None:
    normal = find_anomalies(model, recording()).score
    for case in ("lbbb", "atrial-fibrillation", "sinus-tachycardia"):
        assert find_anomalies(model, recording(case)).score > normal


@pytest.mark.parametrize("names", [("II",), ("I", "V2"), ("V1", "V6", "aVF")])
def test_any_leads_do(model: AnomalyModel, names: tuple[str, ...]) -> None:
    given = recording("pvc").select(names)
    found = find_anomalies(model, given)
    assert found.values.shape == given.signal.shape
    assert places_of(found.spans)


def test_neither_rate_nor_lost_voltage_hinder(model: AnomalyModel) -> None:
    given = recording("pvc")
    slow = simulate("pvc", seed=4, duration_s=10.0, fs_hz=100.0).recording
    for each in (slow, replace(given, signal=given.signal / given.signal.std(), unit="NU")):
        found = find_anomalies(model, each)
        assert found.values.shape == each.signal.shape
        assert found.abnormal


def test_a_flat_lead_is_left_out_and_said(model: AnomalyModel) -> None:
    given = recording()
    signal = given.signal.copy()
    signal[given.leads.index("V3")] = 0
    found = find_anomalies(model, replace(given, signal=signal))
    assert found.lead_scores["V3"] is None
    assert (found.values[given.leads.index("V3")] == 0).all()
    assert any("V3" in note for note in found.notes)


def test_noise_alone_is_not_judged_and_says_so(model: AnomalyModel) -> None:
    rng = np.random.default_rng(0)
    noise = Recording(rng.normal(0, 0.5, (12, 5000)), 500.0, recording().leads)
    found = find_anomalies(model, noise)
    assert found.abnormal is None
    assert any("not assessed" in note for note in found.notes)


def test_no_beats_short_and_paced_have_their_caveat(model: AnomalyModel) -> None:
    flat = recording("normal", seconds=6.0)
    found = find_anomalies(model, flat)
    assert any("6.0 s" in note for note in found.notes)
    paced = replace(flat, provenance=Provenance(machine_statements=("Ventricular paced rhythm",)))
    assert any("Pacing" in note for note in find_anomalies(model, paced).notes)
    child = replace(flat, patient=Patient(age_years=9.0))
    assert any("9 years" in note for note in find_anomalies(model, child).notes)
    still = replace(flat, signal=np.full_like(flat.signal, 0.2))
    assert find_anomalies(model, still).abnormal is None


def test_what_cannot_be_judged_at_all_is_refused(model: AnomalyModel) -> None:
    with pytest.raises(CannotAssessError, match="at least 5 s"):
        find_anomalies(model, recording(seconds=5.0).changed(recording().signal[:, :2000], _step()))
    strange = Recording(recording().signal[:1], 500.0, ("V9",))
    with pytest.raises(CannotAssessError, match="V9"):
        find_anomalies(model, strange)


def _step():  # type: ignore[no-untyped-def]
    from ecgcore.recording import Step

    return Step("cut", {})


def test_absent_samples_stay_dark(model: AnomalyModel) -> None:
    given = recording("pvc")
    signal = given.signal.copy()
    signal[:6, 2500:] = np.nan
    found = find_anomalies(model, replace(given, signal=signal))
    assert (found.values[:6, 2500:] == 0).all()
    assert np.isfinite(found.values).all()
    assert found.trace is not None
    assert np.isnan(found.trace.restored[0, -10:]).all()


def test_a_long_recording_reports_its_progress(model: AnomalyModel) -> None:
    given = simulate("pvc", seed=4, duration_s=60.0, fs_hz=250.0).recording.select(("II",))
    told: list[float] = []
    found = find_anomalies(model, given, report=told.append)
    assert told == sorted(told)
    assert told[-1] == 1.0
    assert found.values.shape == given.signal.shape


def test_a_missing_model_is_named() -> None:
    with pytest.raises(ModelError, match="nothing-1"):
        load_anomaly("nothing-1")
    with pytest.raises(ModelError, match="model of statements"):
        load_anomaly("core9-1")


def test_the_committed_model_is_loaded_once_however_many_ask_at_once(monkeypatch):
    anomaly._default.cache_clear()
    loads = []

    def load():
        loads.append(1)
        return object()

    monkeypatch.setattr(anomaly, "load_anomaly", load)
    found = [None] * 4

    def ask(k):
        found[k] = default_anomaly()

    threads = [threading.Thread(target=ask, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    anomaly._default.cache_clear()
    assert len(loads) == 1
    assert len({id(one) for one in found}) == 1
