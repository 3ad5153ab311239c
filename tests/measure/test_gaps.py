"""Nothing is measured across what is absent, flat or masked; what is there is measured."""

import numpy as np
import pytest

from ecgcore.measure import measure
from ecgcore.measure.beat_features import NAMES, beat_features
from ecgcore.measure.cut_waves import drop_cut_waves
from ecgcore.measure.hrv import hrv
from ecgcore.measure.intervals import qtc_ms, rate_measurements
from ecgcore.recording import Recording
from ecgcore.results import FIDUCIALS, Beats, Fiducials, MeasureResult
from ecgcore.signal.rr import rr_before
from ecgcore.simulate import simulate

FS = 500.0


@pytest.fixture(scope="module")
def clean() -> Recording:
    return simulate("normal", seed=3).recording


@pytest.fixture(scope="module")
def whole(clean: Recording) -> MeasureResult:
    return measure(clean, check=False)


def value(found: MeasureResult, name: str) -> float:
    m = found.measurement(name)
    assert m is not None
    assert m.value is not None, m.reason
    return m.value


def error(found: MeasureResult, name: str) -> float:
    m = found.measurement(name)
    assert m is not None
    assert m.uncertainty is not None
    return m.uncertainty


def spoil(clean: Recording, *gaps_s: tuple[float, float], fill: float = np.nan) -> Recording:
    signal = clean.signal.copy()
    for start_s, end_s in gaps_s:
        signal[:, round(start_s * FS) : round(end_s * FS)] = fill
    return Recording(signal, FS, clean.leads, patient=clean.patient)


@pytest.mark.parametrize("fill", [np.nan, 0.0, 20.0])
@pytest.mark.parametrize(
    "gaps_s",
    [
        [(4.0, 10.0)],
        [(0.0, 3.0)],
        [(3.3, 6.6)],
        [(2.0, 2.8), (4.0, 5.0), (7.0, 7.7)],
    ],
)
def test_the_rate_is_that_of_what_is_there(
    clean: Recording, whole: MeasureResult, gaps_s: list[tuple[float, float]], fill: float
) -> None:
    found = measure(spoil(clean, *gaps_s, fill=fill), check=False)
    assert value(found, "heart_rate") == pytest.approx(value(whole, "heart_rate"), abs=1.2)
    assert value(found, "rr_sd") < 40
    assert value(found, "qt") == pytest.approx(value(whole, "qt"), abs=8)
    assert value(found, "qtc_bazett") == pytest.approx(value(whole, "qtc_bazett"), abs=10)
    assert error(found, "heart_rate") > 3 * error(whole, "heart_rate")
    assert found.rhythm in ("regular", "unknown")
    # A complex that the gap cuts is of no kind; none is early.
    assert set(found.beats.types) <= {"normal", "unknown"}
    for start_s, end_s in gaps_s:
        r_s = found.beats.consensus.r_peak
        assert not ((r_s > start_s) & (r_s < end_s)).any()
        after = np.flatnonzero(r_s > end_s)[:1]
        assert not np.isfinite(found.beats.rr_s[after]).any()


def test_a_gap_of_one_lead_takes_no_interval(clean: Recording, whole: MeasureResult) -> None:
    signal = clean.signal.copy()
    for row in range(12):
        signal[row, 300 * row : 300 * row + 700] = np.nan
    found = measure(Recording(signal, FS, clean.leads), check=False)
    assert np.isfinite(found.beats.rr_s).sum() == np.isfinite(whole.beats.rr_s).sum()
    assert value(found, "heart_rate") == pytest.approx(value(whole, "heart_rate"), abs=0.1)


def test_one_interval_has_an_honest_error_and_none_a_reason() -> None:
    rate, mean, spread = rate_measurements(np.array([np.nan, 0.8, np.nan]), 0.6)
    assert rate.value == pytest.approx(75)
    assert rate.uncertainty is not None
    assert rate.uncertainty > 3
    assert mean.value == pytest.approx(800)
    assert spread.value is None
    assert "one RR interval" in spread.reason
    for rr_s, word in ((np.full(3, np.nan), "absent"), (np.array([np.nan]), "Only 1 beat")):
        for m in rate_measurements(rr_s):
            assert m.value is None
            assert word in m.reason


def test_the_error_grows_with_what_is_absent() -> None:
    rr_s = np.array([np.nan, 0.86, 0.85, 0.86, 0.85, 0.86])
    errors = [rate_measurements(rr_s, share)[0].uncertainty for share in (0.0, 0.3, 0.6)]
    assert errors == sorted(errors)
    assert errors[2] > 1


def test_two_beats_apart_by_a_gap_have_no_rate(clean: Recording) -> None:
    found = measure(spoil(clean, (1.4, 8.6)), check=False)
    assert found.beats.consensus.n_beats >= 2
    some = rate_measurements(rr_before(np.array([1.0, 9.0]), np.array([[1.4, 8.6]])))
    assert all(m.value is None for m in some)


def test_qt_is_not_measured_where_t_lies_in_the_gap(clean: Recording, whole: MeasureResult) -> None:
    beat = 5
    points = whole.beats.consensus
    t_peak = float(points.t_peak[beat])
    found = measure(spoil(clean, (t_peak, t_peak + 1.0)), check=False)
    cut = int(np.argmin(np.abs(found.beats.consensus.r_peak - points.r_peak[beat])))
    assert found.beats.consensus.r_peak[cut] == pytest.approx(points.r_peak[beat], abs=0.02)
    assert np.isnan(found.beats.consensus.t_offset[cut])
    assert np.isfinite(found.beats.consensus.qrs_onset[cut])
    assert np.isfinite(found.beats.consensus.t_offset[cut - 1])


@pytest.mark.parametrize(
    ("gap_s", "lost"),
    [
        ((0.85, 0.93), "p"),
        ((0.90, 1.00), "p qrs t"),
        ((1.08, 1.20), "t"),
        ((1.41, 1.60), "t"),
        ((1.60, 2.00), ""),
    ],
)
def test_waves_that_a_gap_cuts_are_dropped(gap_s: tuple[float, float], lost: str) -> None:
    at = [0.80, 0.84, 0.88, 0.96, 1.00, 1.04, 1.20, 1.30, 1.40]
    waves = np.array(at).reshape(1, 9, 1)
    signal = np.zeros((1, 1500), dtype=np.float32)
    signal[0, round(gap_s[0] * FS) : round(gap_s[1] * FS)] = np.nan
    drop_cut_waves(waves, signal, FS)
    gone = {FIDUCIALS[i].split("_")[0] for i in np.flatnonzero(np.isnan(waves[0, :, 0]))}
    assert gone == set(lost.split())
    assert np.isfinite(waves[0, FIDUCIALS.index("r_peak"), 0])


def test_the_beat_after_a_gap_is_neither_early_nor_late() -> None:
    r_s = np.array([0.5, 1.3, 2.1, 2.9, 3.7, 8.5, 9.3, 10.1, 10.9])
    points = np.full((9, r_s.size), np.nan)
    points[FIDUCIALS.index("r_peak")] = r_s
    low = np.zeros((1, 1500))
    low[0, np.round(r_s * 125).astype(int)] = 1.0
    shape = np.zeros(r_s.size, dtype=np.intp)
    rr_s = rr_before(r_s, np.array([[4.2, 8.2]]))
    found = beat_features(low, 125.0, Fiducials.from_array(points), rr_s, shape).values
    for name in ("rr_before", "rr_after", "rr_step", "rr_pair", "rr_after_step"):
        assert np.abs(found[:, NAMES.index(name)]).max() < 1e-6, name


def test_beatwise_qtc_leaves_out_the_beat_after_a_gap() -> None:
    recording = simulate("atrial-fibrillation", seed=5).recording
    found = measure(spoil(recording, (3.5, 6.5)), check=False)
    qtc, qt = found.measurement("qtc_bazett"), value(found, "qt")
    assert qtc is not None
    known = found.beats.rr_s[np.isfinite(found.beats.rr_s)]
    low, high = (qtc_ms("qtc_bazett", qt, rr) for rr in (known.max(), known.min()))
    assert qtc.value is not None
    assert low < qtc.value < high


def test_trend_and_page_leave_the_gap_empty() -> None:
    recording = simulate("holter-pvc", seed=1, duration_s=70).recording
    signal = recording.signal.copy()
    fs_hz = recording.fs_hz
    signal[:, round(18 * fs_hz) : round(42 * fs_hz)] = np.nan
    found = measure(Recording(signal, fs_hz, recording.leads), check=False)
    assert found.trend is not None
    rate = found.trend.values["heart_rate"]
    assert np.isnan(rate[2:4]).all()
    assert np.isfinite(rate[[0, 1, 4, 5, 6]]).all()
    assert np.nanmin(rate) > 40


class TestVariability:
    def beats(self, rr_s: np.ndarray, *gaps_s: tuple[float, float]) -> Beats:
        r = np.cumsum(rr_s)
        for start_s, end_s in gaps_s:
            r = r[(r < start_s) | (r > end_s)]
        values = np.full((9, r.size), np.nan)
        values[FIDUCIALS.index("r_peak")] = r
        rr = rr_before(r, np.array(gaps_s).reshape(-1, 2))
        return Beats(Fiducials.from_array(values), {}, ("normal",) * r.size, rr)

    def test_a_gap_is_no_interval(self) -> None:
        rng = np.random.default_rng(1)
        rr = 0.8 + 0.02 * np.sin(np.arange(900) * 1.2) + 0.001 * rng.standard_normal(900)
        plain = {m.name: m.value for m in hrv(self.beats(rr), 720.0)}
        found = {m.name: m.value for m in hrv(self.beats(rr, (400.1, 440.3)), 720.0)}
        for name in ("hrv_mean_nn", "hrv_sdnn", "hrv_rmssd", "hrv_hf"):
            assert found[name] == pytest.approx(plain[name], rel=0.1)

    def test_power_needs_a_stretch_without_a_gap(self) -> None:
        rr = 0.8 + 0.02 * np.sin(np.arange(900) * 1.2)
        gaps = [(100.0 * k, 100.0 * k + 5) for k in range(1, 8)]
        found = {m.name: m for m in hrv(self.beats(rr, *gaps), 720.0)}
        assert found["hrv_sdnn"].value is not None
        for name in ("hrv_lf", "hrv_hf", "hrv_lf_hf"):
            assert found[name].value is None
            assert "256 s" in found[name].reason


@pytest.mark.parametrize("mains_hz", [50.0, 60.0])
@pytest.mark.parametrize("size_mv", [0.3, 0.8])
def test_mains_does_not_stop_the_intervals(
    clean: Recording, whole: MeasureResult, mains_hz: float, size_mv: float
) -> None:
    t = np.arange(clean.n_samples) / FS
    hum = (size_mv * np.sin(2 * np.pi * mains_hz * t)).astype(np.float32)
    found = measure(Recording(clean.signal + hum, FS, clean.leads), check=False)
    for name, within in (("heart_rate", 0.3), ("pr", 8), ("qrs", 8), ("qt", 10)):
        assert value(found, name) == pytest.approx(value(whole, name), abs=within)
    assert any("filtered out for measurements" in reason for reason in found.quality.reasons)


@pytest.mark.parametrize("rows", [slice(None), slice(1, 2)])
def test_a_jump_leaves_every_beat(clean: Recording, whole: MeasureResult, rows: slice) -> None:
    r_s = whole.beats.consensus.r_peak
    at = round(float(r_s[5] + r_s[6]) / 2 * FS)
    signal = clean.signal.copy()
    signal[rows, at:] += 3
    found = measure(Recording(signal, FS, clean.leads), check=False)
    np.testing.assert_allclose(found.beats.consensus.r_peak, r_s, atol=0.01)
    assert value(found, "heart_rate") == pytest.approx(value(whole, "heart_rate"), abs=0.5)
    assert value(found, "qt") == pytest.approx(value(whole, "qt"), abs=8)
    assert [s.reason for s in found.quality.masked] == [
        "the baseline shifts, as with a loose electrode"
    ]
