"""Any recording gives a whole answer: each value, or the reason why there is none."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ecgcore.errors import InvalidArgumentError
from ecgcore.measure import measure
from ecgcore.recording import Recording
from ecgcore.results import BEAT_TYPES, FIDUCIALS
from ecgcore.simulate import simulate

NAMES = {
    "heart_rate",
    "rr_mean",
    "rr_sd",
    "pr",
    "p_duration",
    "qrs",
    "qt",
    "jt",
    "jtc_fridericia",
    "qtc_bazett",
    "qtc_fridericia",
    "qtc_framingham",
    "qtc_hodges",
    "p_axis",
    "qrs_axis",
    "t_axis",
}


def whole(found):
    """Check what holds for every result, and return it."""
    assert {m.name for m in found.measurements} == NAMES
    for m in found.measurements:
        assert (m.value is None) == bool(m.reason)
        if m.value is not None:
            assert np.isfinite(m.value)
            assert m.uncertainty is None or (np.isfinite(m.uncertainty) and m.uncertainty >= 0)
            assert m.method
    n = found.beats.consensus.n_beats
    assert len(found.beats.types) == n
    assert set(found.beats.types) <= set(BEAT_TYPES)
    for points in (found.beats.consensus, *found.beats.leads.values()):
        assert points.as_array().shape == (len(FIDUCIALS), n)
    assert (np.diff(found.beats.consensus.r_peak) > 0).all()
    return found


def changed(recording, signal, **fields):
    return Recording(signal, recording.fs_hz, recording.leads, **fields)


@pytest.fixture(scope="module")
def normal():
    return simulate("normal", seed=8)


@pytest.mark.parametrize("fs_hz", [100, 128, 250, 360, 500, 1000])
def test_every_rate_gives_the_same_intervals(fs_hz, normal):
    found = whole(measure(simulate("normal", seed=8, fs_hz=fs_hz).recording, check=False))
    usual = measure(normal.recording, check=False)
    for name in ("pr", "qrs", "qt", "heart_rate"):
        assert found.measurement(name).value == pytest.approx(usual.measurement(name).value, abs=8)


@pytest.mark.parametrize("lead", ["II", "V2", "aVR"])
def test_one_lead(lead, normal):
    found = whole(measure(normal.recording.select((lead,))))
    assert found.measurement("qt").lead == lead
    assert found.measurement("pr").value == pytest.approx(normal.truth.pr_ms, abs=25)
    assert "limb leads" in found.measurement("qrs_axis").reason
    assert all(c.met is None and "missing" in c.reason for c in found.lvh)


def test_a_monitoring_lead_has_no_axis_and_no_st():
    recording = simulate("holter-pvc", seed=1, duration_s=30).recording
    found = whole(measure(recording, check=False))
    assert found.measurement("qrs_axis").value is None
    assert "MLII" not in {lead.lead for lead in found.st.leads}


def test_two_limb_leads_are_enough_for_an_axis(normal):
    usual = measure(normal.recording, check=False).measurement("qrs_axis").value
    for pair in (("I", "II"), ("II", "III"), ("I", "III"), ("I", "aVF")):
        found = measure(normal.recording.select(pair), check=False)
        assert found.measurement("qrs_axis").value == pytest.approx(usual, abs=6)


def test_without_voltage_no_amplitude_is_given(normal):
    found = whole(measure(changed(normal.recording, normal.recording.signal, unit="NU")))
    assert found.amplitudes == {}
    assert "not calibrated" in found.amplitude_reason
    assert "not calibrated" in found.st.reason
    assert "not calibrated" in found.measurement("qrs_axis").reason
    assert found.measurement("pr").value is not None


def test_gaps_are_no_beats(normal):
    signal = normal.recording.signal.copy()
    signal[:, 2000:3500] = np.nan
    found = whole(measure(changed(normal.recording, signal), check=False))
    r = found.beats.consensus.r_peak
    assert not ((r > 4.05) & (r < 6.95)).any()
    assert found.measurement("qrs").value == pytest.approx(normal.truth.qrs_ms + 13, abs=12)


@pytest.mark.parametrize("samples", [1, 2, 7, 60, 400])
def test_too_short(samples, normal):
    found = whole(measure(changed(normal.recording, normal.recording.signal[:, :samples])))
    assert found.measurement("heart_rate").value is None


def test_flat_and_below_100_hz(normal):
    flat = whole(measure(Recording(np.zeros((12, 5000)), 500, normal.recording.leads)))
    assert "flat line" in flat.measurement("qt").reason
    slow = whole(measure(simulate("normal", seed=8, fs_hz=50).recording))
    assert "100 Hz" in slow.measurement("qt").reason


@settings(max_examples=12, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(1, 3000),
    leads=st.sampled_from([("I",), ("II", "V1"), ("MLII", "V5", "X")]),
    fs_hz=st.sampled_from([100.0, 257.5, 500.0]),
    missing=st.floats(0, 0.6),
)
@example(seed=0, n=2, leads=("I",), fs_hz=257.5, missing=0.0)
def test_noise_of_any_kind_is_answered(seed, n, leads, fs_hz, missing):
    rng = np.random.default_rng(seed)
    signal = rng.standard_normal((len(leads), n)) * rng.choice([0.0, 0.01, 1.0, 30.0])
    signal = np.cumsum(signal, axis=1) if rng.random() < 0.3 else signal
    signal[:, rng.random(n) < missing] = np.nan
    signal[0, 0] = 0.0
    whole(measure(Recording(signal, fs_hz, leads)))


def test_an_unknown_delineator_is_refused(normal):
    with pytest.raises(InvalidArgumentError, match="possible values"):
        measure(normal.recording, delineator="magic")


def test_both_delineators_agree_on_a_clean_record(normal):
    ours = measure(normal.recording, check=False)
    theirs = whole(measure(normal.recording, delineator="neurokit", check=False))
    assert ours.measurement("qt").value == pytest.approx(theirs.measurement("qt").value, abs=40)
    assert "NeuroKit2" in theirs.delineator


def test_the_median_beat_stands_at_its_r_peak(normal):
    found = measure(normal.recording, check=False)
    beat = found.median_beat
    assert beat.values.shape[0] == 12
    assert beat.leads == normal.recording.leads
    part = np.abs(beat.values).max(axis=0)
    assert abs(int(part.argmax()) - beat.r_index) <= 0.03 * beat.fs_hz
    assert beat.consensus["p_onset"] < beat.consensus["qrs_onset"] < 0 < beat.consensus["t_peak"]
    assert set(beat.fiducials) == set(normal.recording.leads)
    for lead, row in found.amplitudes.items():
        top = beat.values[beat.leads.index(lead)].max()
        assert row["R"] is None or row["R"] <= top + 1e-6


def test_thirty_minutes_have_a_trend_and_variability():
    recording = simulate("holter-pvc", seed=2, duration_s=420).recording
    found = whole(measure(recording, check=False))
    assert found.trend.time_s.size == 42
    assert np.nanmedian(found.trend.values["heart_rate"]) == pytest.approx(
        found.measurement("heart_rate").value, rel=0.1
    )
    assert found.measurement("hrv_sdnn").value > 0
    assert {m.name for m in found.hrv} >= {"hrv_rmssd", "hrv_lf_hf"}
