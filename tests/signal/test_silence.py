"""Silence is not beats: pauses, escape rhythms, P waves alone, asystole and fibrillation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecgcore.errors import InvalidArgumentError
from ecgcore.evaluation.waves import match_times
from ecgcore.measure import measure
from ecgcore.recording import Recording
from ecgcore.results import ALARM_KINDS
from ecgcore.signal.beats import BeatSearch, detect_beats
from ecgcore.signal.fibrillation import unorganised_spans
from ecgcore.signal.quality import assess
from ecgcore.simulate import simulate
from ecgcore.simulate.arrest import (
    FIBRILLATIONS,
    draw_asystole,
    fibrillate,
    join_recordings,
    lay_beats,
)

RATES_HZ = (100.0, 250.0, 500.0, 1000.0)
SINUS_S = 60 / 70


def paused(pause_s, **given_):
    """Return a strip at 70 a minute with one sinus arrest, and its beats."""
    before = 0.7 + SINUS_S * np.arange(5)
    beats = np.concatenate((before, before[-1] + pause_s + SINUS_S * np.arange(6)))
    strip = lay_beats(beats.tolist(), (beats - 0.16).tolist(), duration_s=beats[-1] + 0.8, **given_)
    return strip, beats


def wrong(true, found):
    """Return how many beats were missed, and how many are none."""
    at, _ = match_times(np.asarray(true), found, 0.1)
    return len(true) - at.size, found.size - at.size


def normalised(recording):
    """Return the same without voltage, as some archives write it."""
    scaled = recording.signal / np.abs(recording.signal).max(axis=1, keepdims=True)
    return Recording(scaled, recording.fs_hz, recording.leads, unit="NU")


def kinds(found):
    return [alarm.kind for alarm in found.alarms]


def unmeasured(found):
    """Check that nothing was measured, and return the one reason."""
    assert all(m.value is None for m in found.measurements)
    assert found.beats.consensus.n_beats == 0
    reasons = {m.reason for m in found.measurements}
    assert len(reasons) == 1
    return reasons.pop()


@settings(max_examples=12, deadline=None)
@given(
    pause_s=st.floats(2, 20),
    noise_uv=st.floats(2, 50),
    fs_hz=st.sampled_from(RATES_HZ[1:]),
    seed=st.integers(0, 99),
)
def test_no_beat_is_found_in_a_pause(pause_s, noise_uv, fs_hz, seed):
    strip, beats = paused(pause_s, fs_hz=fs_hz, noise_uv=noise_uv, seed=seed)
    assert wrong(beats, detect_beats(strip.signal, fs_hz)) == (0, 0)


@settings(max_examples=12, deadline=None)
@given(
    bpm=st.floats(10, 40),
    noise_uv=st.floats(2, 50),
    p_waves=st.booleans(),
    seed=st.integers(0, 99),
)
def test_slow_escapes_are_counted_and_p_waves_are_not(bpm, noise_uv, p_waves, seed):
    beats = np.arange(1.3, 29.4, 60 / bpm)
    p_s = np.arange(0.4, 29.8, 60 / 82).tolist() if p_waves else []
    strip = lay_beats(beats.tolist(), p_s, duration_s=30, noise_uv=noise_uv, seed=seed)
    assert wrong(beats, detect_beats(strip.signal, 500)) == (0, 0)


@settings(max_examples=8, deadline=None)
@given(kind=st.sampled_from(FIBRILLATIONS), seed=st.integers(0, 99), leads=st.booleans())
def test_fibrillation_has_no_rate(kind, seed, leads):
    strip = fibrillate(kind, duration_s=10, seed=seed)
    found = measure(strip if leads else strip.select(("II",)), check=False)
    assert "ventricular fibrillation cannot be excluded" in unmeasured(found)
    assert set(kinds(found)) == {"no organised QRS"}


@settings(max_examples=6, deadline=None)
@given(bpm=st.floats(50, 110), noise_uv=st.floats(2, 10), seed=st.integers(0, 99))
def test_p_waves_alone_are_standstill(bpm, noise_uv, seed):
    p_s = np.arange(0.4, 9.8, 60 / bpm).tolist()
    strip = lay_beats([], p_s, duration_s=10, noise_uv=noise_uv, seed=seed)
    found = measure(strip, check=False)
    assert "P waves without QRS" in unmeasured(found)
    assert kinds(found) == ["standstill"]


@pytest.mark.parametrize("fs_hz", RATES_HZ)
@pytest.mark.parametrize("lead", ["I", "II", "V5"])
def test_a_pause_in_one_lead_at_any_rate(fs_hz, lead):
    strip, beats = paused(6.9, fs_hz=fs_hz, noise_uv=10, seed=2)
    one = strip.select((lead,))
    assert wrong(beats, detect_beats(one.signal, fs_hz)) == (0, 0)
    assert wrong(beats, detect_beats(normalised(one).signal, fs_hz)) == (0, 0)


def test_a_pause_is_measured_and_is_no_bad_signal():
    strip, beats = paused(6.9, noise_uv=5)
    found = measure(strip, check=False)
    assert found.quality.bad_leads == ()
    (pause,) = found.alarms
    assert pause.kind == "pause"
    assert (pause.start_s, pause.end_s) == pytest.approx((beats[4], beats[5]), abs=0.05)
    assert pause.words == "No QRS complex for 6.9 s."
    assert found.measurement("heart_rate").value == pytest.approx(
        60 / np.diff(beats).mean(), abs=0.3
    )


@pytest.mark.parametrize("bpm", [12, 15, 20])
def test_a_slow_escape_is_readable(bpm):
    beats = np.arange(1.3, 29.4, 60 / bpm).tolist()
    strip = lay_beats(beats, [], duration_s=30, noise_uv=5)
    assert assess(strip).bad_leads == ()
    assert assess(strip.select(("II",))).acceptable
    rate = measure(strip, check=False).measurement("heart_rate")
    assert rate.value == pytest.approx(bpm, abs=0.3)
    assert rate.uncertainty < 1


def test_silence_in_one_lead_alone_is_bad_signal():
    strip, _ = paused(2, noise_uv=5)
    signal = strip.signal.copy()
    signal[6, 2500:] = 1e-4 * np.random.default_rng(0).standard_normal(signal.shape[1] - 2500)
    assert assess(Recording(signal, 500, strip.leads)).bad_leads == ("V1",)


def test_fibrillation_within_sinus_rhythm_is_left_out():
    times = np.arange(0.6, 39.5, 0.8)
    sinus = lay_beats(times.tolist(), (times - 0.16).tolist(), duration_s=40)
    found = measure(
        join_recordings([sinus, fibrillate("coarse", duration_s=30), sinus]), check=False
    )
    (alarm,) = found.alarms
    assert alarm.kind == "no organised QRS"
    assert (alarm.start_s, alarm.end_s) == pytest.approx((40, 70), abs=2)
    r = found.beats.consensus.r_peak
    assert not ((r > alarm.start_s) & (r < alarm.end_s)).any()
    assert found.measurement("heart_rate").value == pytest.approx(75, abs=1)


@pytest.mark.parametrize("leads", [None, ("II",), ("V2",)])
def test_asystole_is_told_from_no_signal(leads):
    strip = draw_asystole(duration_s=10)
    strip = strip if leads is None else strip.select(leads)
    found = measure(strip, check=False)
    assert "asystole" in unmeasured(found)
    assert kinds(found) == ["asystole"]
    line = measure(Recording(0 * strip.signal, 500, strip.leads), check=False)
    assert "no electrode" in unmeasured(line)
    assert kinds(line) == ["no signal"]
    assert set(kinds(found) + kinds(line)) <= set(ALARM_KINDS)


@pytest.mark.parametrize(
    "case",
    ["atrial-fibrillation", "atrial-flutter-2to1", "atrial-flutter-4to1", "paced-dual", "svt"],
)
def test_an_organised_rhythm_is_no_fibrillation(case):
    found = measure(simulate(case, seed=2).recording, check=False)
    assert found.alarms == ()
    assert found.measurement("heart_rate").value is not None


@pytest.mark.parametrize("bpm", [150, 180, 200])
def test_a_broad_tachycardia_keeps_its_rate(bpm):
    beats = np.arange(0.4, 9.8, 60 / bpm).tolist()
    strip = lay_beats(beats, [], duration_s=10, case="lbbb")
    found = measure(strip, check=False)
    assert found.alarms == ()
    assert found.measurement("heart_rate").value == pytest.approx(bpm, rel=0.02)


@pytest.mark.parametrize("bpm", [140, 200, 250, 300])
def test_fast_rates_are_counted(bpm):
    beats = np.arange(0.35, 9.9, 60 / bpm)
    narrow = np.exp(-0.5 * ((np.arange(5000) / 500 - beats[:, None]) / 0.012) ** 2).sum(axis=0)
    noise = 0.01 * np.random.default_rng(0).standard_normal((3, 5000))
    assert wrong(beats, detect_beats((narrow + noise).astype(np.float32), 500)) == (0, 0)


@pytest.mark.parametrize(
    ("leads", "gain"), [(None, 1.2), (("aVL",), 0.5), (("I",), 1.2), (("V6",), 1.6)]
)
def test_an_interpolated_premature_beat_is_kept(leads, gain):
    sinus = 0.6 + 0.9 * np.arange(11)
    early_s = sinus[5] + 0.46
    strip = lay_beats(sinus.tolist(), duration_s=10.4, noise_uv=3)
    early = lay_beats([early_s], duration_s=10.4, noise_uv=0, case="lbbb")
    if leads is not None:
        strip, early = strip.select(leads), early.select(leads)
    found = detect_beats(strip.signal + np.float32(gain) * early.signal, 500)
    assert wrong(np.sort(np.append(sinus, early_s)), found) == (0, 0)


def test_noise_widens_or_withholds_the_rate():
    beats = (0.6 + 0.8 * np.arange(12)).tolist()
    clean, rough, hidden = (
        measure(lay_beats(beats, duration_s=10, noise_uv=uv).select(("II",)), check=False)
        for uv in (5, 120, 600)
    )
    rate = clean.measurement("heart_rate")
    assert rate.value == pytest.approx(75, abs=0.5)
    assert rate.uncertainty < 1
    assert hidden.measurement("heart_rate").value is None
    worse = rough.measurement("heart_rate")
    assert worse.value is None or worse.uncertainty > rate.uncertainty


def test_an_unknown_fibrillation_and_a_case_without_p_are_refused():
    with pytest.raises(InvalidArgumentError, match="coarse"):
        fibrillate("gentle", duration_s=5)
    with pytest.raises(InvalidArgumentError, match="P and T"):
        lay_beats([1.0], duration_s=3, case="atrial-fibrillation")


@pytest.mark.parametrize("n", [0, 10, 499])
def test_nothing_is_said_of_less_than_four_seconds(n):
    low = BeatSearch(np.ones((2, n), np.float32), 500).traces.low if n else np.empty((2, 0))
    assert unorganised_spans(low, np.ones((2, n), bool), 500, in_mv=True) == []
