"""The adapter to NeuroKit2 never raises, and keeps every wave at its beat."""

import importlib
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecgcore.errors import InvalidArgumentError
from ecgcore.measure.neurokit import _at_beats, _find, _find_by_prominence, neurokit_waves
from ecgcore.results import FIDUCIALS
from ecgcore.simulate import simulate

KINDS = ("noise", "flat", "nan", "some nan", "huge", "steps")


def odd_signal(kind, n, rng):
    if kind == "flat":
        return np.full(n, 0.3)
    if kind == "nan":
        return np.full(n, np.nan)
    if kind == "steps":
        return np.repeat(rng.standard_normal(n // 10 + 1), 10)[:n]
    signal = rng.standard_normal(n) * (1e6 if kind == "huge" else 0.1)
    if kind == "some nan":
        signal[rng.random(n) < 0.5] = np.nan
    return signal


@settings(max_examples=20, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    kind=st.sampled_from(KINDS),
    n=st.sampled_from([1, 2, 30, 400, 2000]),
    method=st.sampled_from(["prominence", "dwt"]),
)
def test_it_never_raises_and_no_warning_gets_out(seed, kind, n, method):
    rng = np.random.default_rng(seed)
    beats, fs_hz = int(rng.integers(0, 30)), float(rng.choice([100.0, 250.0, 333.3]))
    r_s = np.sort(rng.uniform(-0.5, n / fs_hz + 0.5, beats))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = neurokit_waves(odd_signal(kind, n, rng), fs_hz, r_s, method=method)
    assert found.values.shape == (len(FIDUCIALS), beats)
    assert isinstance(found.error, str)


def test_waves_stand_at_their_own_beats():
    made = simulate("normal", seed=2)
    true = np.array([b.r_peak for b in made.truth.beats])
    found = neurokit_waves(made.recording.lead("II"), 500, true).values
    t_peak = found[FIDUCIALS.index("t_peak")] - true
    p_peak = true - found[FIDUCIALS.index("p_peak")]
    assert np.isfinite(t_peak).sum() >= true.size - 2
    assert np.nanstd(t_peak) < 0.02
    assert np.nanmedian(p_peak) == pytest.approx(0.13, abs=0.05)


def test_a_shorter_list_is_put_back_in_place():
    r_s = np.array([1.0, 2.0, 3.0])
    # Index 0 dropped, one beat without a wave: two values for three beats.
    given = np.array([1650.0, 2650.0])
    assert _at_beats(given, 1000.0, r_s, -0.45, -0.02) == pytest.approx(
        [np.nan, 1.65, 2.65], nan_ok=True
    )


def test_what_it_raises_is_told(monkeypatch):
    def broken(*_args, **_kwargs):
        raise IndexError("no such beat")

    module = importlib.import_module("neurokit2.ecg.ecg_delineate")
    monkeypatch.setattr(module, "_prominence_ecg_delineator", broken)
    made = simulate("normal", seed=2)
    found = neurokit_waves(made.recording.lead("II"), 500, np.array([1.0, 2.0, 3.0]))
    assert found.error == "IndexError: no such beat"
    assert np.isnan(found.values[FIDUCIALS.index("t_peak")]).all()


@pytest.mark.filterwarnings("ignore:some peaks have a prominence of 0")
@pytest.mark.parametrize(
    ("case", "fs_hz"), [("pvc", 500), ("rbbb", 257), ("first-degree-av-block", 100)]
)
def test_the_short_way_finds_what_the_long_way_finds(case, fs_hz):
    made = simulate(case, seed=4, fs_hz=fs_hz, noise="high")
    peaks = np.round([b.r_peak * fs_hz for b in made.truth.beats]).astype(int)
    for row in made.recording.signal.astype(np.float64)[::4]:
        long, short = (
            find(row, fs_hz, peaks, "prominence") for find in (_find, _find_by_prominence)
        )
        assert long.keys() == short.keys()
        for name, samples in long.items():
            times = np.asarray(samples, dtype=float)
            assert short[name] == times[np.isfinite(times)].tolist()


def test_an_unknown_method_is_refused():
    with pytest.raises(InvalidArgumentError, match="prominence"):
        neurokit_waves(np.zeros(10), 100, np.array([]), method="magic")
