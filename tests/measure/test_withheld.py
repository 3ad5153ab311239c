"""Of any recording nothing is stated that is too uncertain, wherever it goes."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecgcore.cli.measure import as_json
from ecgcore.measure import measure
from ecgcore.recording import Patient, Recording
from ecgcore.simulate import simulate
from ecgcore.simulate.statements import STATEMENTS

TIMED = ("heart_rate", "rr_mean", "pr", "qrs", "qt")
QTC = ("qtc_bazett", "qtc_fridericia", "qtc_framingham", "qtc_hodges")


@settings(max_examples=25, deadline=None)
@given(
    key=st.sampled_from(list(STATEMENTS)),
    seed=st.integers(0, 10_000),
    noise_mv=st.sampled_from([0.0, 0.02, 0.1, 0.3]),
    leads=st.sampled_from([None, ("II",), ("I", "V2")]),
)
def test_nothing_stated_is_uncertain_by_more_than_a_quarter(key, seed, noise_mv, leads):
    recording = simulate(key, seed=seed, fs_hz=250).recording
    recording = recording if leads is None else recording.select(leads)
    noise = np.random.default_rng(seed).normal(0, noise_mv, recording.signal.shape)
    noisy = Recording(recording.signal + noise, recording.fs_hz, recording.leads)
    found = measure(noisy)
    for m in found.measurements:
        assert (m.value is None) == bool(m.reason)
        if m.name in (*TIMED, *QTC) and m.value is not None:
            assert m.uncertainty is not None
            assert m.uncertainty <= 0.25 * m.value
    # What is exported is what is shown.
    exported = {row["name"]: row for row in as_json(found, Patient())["measurements"]}
    assert all(exported[m.name]["value"] == m.value for m in found.measurements)
    if found.measurement("qt").value is None:
        assert all(found.measurement(name).value is None for name in QTC)


def test_what_is_withheld_has_no_trend_either():
    recording = simulate("atrial-flutter-2to1", seed=1, duration_s=70).recording
    found = measure(recording)
    assert found.measurement("qt").value is None
    for name in ("pr", "qt", "qtc_fridericia"):
        assert np.isnan(found.trend.values[name]).all()
    assert np.isfinite(found.trend.values["heart_rate"]).all()


def test_the_error_of_amplitudes_is_that_of_the_beats():
    quiet = simulate("normal", seed=3).recording
    noise = np.random.default_rng(0).normal(0, 0.1, quiet.signal.shape)
    loud = replace(quiet, signal=(quiet.signal + noise).astype(np.float32))
    before, after = (measure(r, check=False).median_beat for r in (quiet, loud))
    assert max(before.error.values()) < 0.05
    # 0.1 mV over about eleven beats, a median's error being a quarter larger.
    expected = 1.2533 * 0.1 / np.sqrt(after.n_beats)
    assert np.median(list(after.error.values())) == pytest.approx(expected, rel=0.35)
