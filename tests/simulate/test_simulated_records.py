"""What holds for every simulated record."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecgcore.leads import STANDARD_12, derive_limb_leads
from ecgcore.signal.quality import assess
from ecgcore.simulate import CASES, TRAINING_CASES, Noise, simulate

TWELVE = [name for name, spec in CASES.items() if spec.leads == STANDARD_12]
SHORT = [name for name, spec in CASES.items() if spec.duration_s < 60]


def ordered(beat):
    times = [
        beat.p_onset,
        beat.p_peak,
        beat.p_offset,
        beat.qrs_onset,
        beat.r_peak,
        beat.qrs_offset,
        beat.t_onset,
        beat.t_peak,
        beat.t_offset,
    ]
    known = [t for t in times if t is not None]
    # T may begin where QRS ends; everything else is strictly later.
    return all(a < b or (a == b == beat.qrs_offset) for a, b in pairwise(known))


@pytest.mark.parametrize("name", TWELVE)
def test_limb_leads_obey_einthoven_and_goldberger_to_the_last_bit(name):
    recording = simulate(name, seed=7).recording
    two = np.stack([recording.lead("I"), recording.lead("II")])
    derived, leads, _ = derive_limb_leads(two, ("I", "II"))
    for row, lead in zip(derived, leads, strict=True):
        np.testing.assert_array_equal(recording.lead(lead), row, err_msg=lead)


@pytest.mark.parametrize("name", SHORT)
def test_same_seed_same_samples_and_another_seed_others(name):
    first, again, other = (simulate(name, seed=s).recording.signal for s in (5, 5, 6))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0.05


@pytest.mark.parametrize("name", SHORT)
def test_record_says_that_it_is_simulated_and_how(name):
    recording = simulate(name, seed=3).recording
    assert recording.provenance.simulated
    assert recording.provenance.format == "simulation"
    assert recording.provenance.steps[0].parameters["seed"] == 3
    assert "not recorded from a person" in recording.notes[0]
    assert not recording.patient.identity


@settings(max_examples=25, deadline=None)
@given(
    name=st.sampled_from(SHORT),
    seed=st.integers(0, 2**32 - 1),
    fs_hz=st.floats(50, 1200),
    duration_s=st.floats(1, 14),
)
def test_any_rate_seed_and_duration_give_a_sound_record(name, seed, fs_hz, duration_s):
    made = simulate(name, seed=seed, fs_hz=fs_hz, duration_s=duration_s)
    recording, beats = made.recording, made.truth.beats
    assert recording.n_samples == round(fs_hz * duration_s)
    assert recording.leads == CASES[name].leads
    assert np.isfinite(recording.signal).all()
    assert np.abs(recording.signal).max() < 6
    assert all(ordered(beat) for beat in beats)
    peaks = [beat.r_peak for beat in beats]
    # An accessory pathway and torsades are faster than the AV node.
    shortest = 0.25 if name in TRAINING_CASES else 0.16
    assert all(b - a > shortest for a, b in pairwise(peaks))
    assert all(b.qrs_onset >= 0 and b.qrs_offset <= recording.duration_s for b in beats)


@settings(max_examples=10, deadline=None)
# A stimulus is as broad as the recorder makes it.
@given(
    name=st.sampled_from([n for n in TWELVE if "PACE" not in CASES[n].labels]),
    seed=st.integers(0, 1000),
)
def test_heart_does_not_depend_on_rate_or_noise(name, seed):
    slow = simulate(name, seed=seed, fs_hz=250, noise="none")
    fast = simulate(name, seed=seed, fs_hz=500, noise="none")
    noisy = simulate(name, seed=seed, fs_hz=500, noise="high")
    assert slow.truth == fast.truth == noisy.truth
    np.testing.assert_allclose(
        slow.recording.signal, fast.recording.signal[:, ::2], atol=2e-4, rtol=0
    )


def test_beats_differ_a_little_from_each_other():
    made = simulate("normal", seed=1, noise="none")
    lead = made.recording.lead("II")
    heights = [lead[round(b.r_peak * 500)] for b in made.truth.beats]
    assert 0.005 < np.std(heights) / np.mean(heights) < 0.15


def test_breathing_changes_the_rate():
    rr = np.diff([b.r_peak for b in simulate("normal", seed=1, duration_s=60).truth.beats])
    assert 0.01 < rr.std() / rr.mean() < 0.1


def test_qt_follows_the_rate():
    qt = {n: simulate(n, seed=1).truth.qt_ms for n in TWELVE}
    assert qt["sinus-tachycardia"] < 340
    assert 370 < qt["normal"] < 410
    assert qt["sinus-bradycardia"] > 430


@pytest.mark.parametrize("snr_db", [0.0, 12.0, 30.0])
def test_noise_has_the_ratio_asked_for(snr_db):
    clean = simulate("normal", seed=2, noise="none").recording.signal
    noisy = simulate("normal", seed=2, noise=snr_db).recording.signal
    power = clean[[0, 1, *range(6, 12)]].var(axis=1).mean()
    disturbance = (noisy - clean)[[0, 1, *range(6, 12)]].var(axis=1).mean()
    assert 10 * np.log10(power / disturbance) == pytest.approx(snr_db, abs=0.05)


def test_mains_stands_at_its_frequency():
    kind = Noise(mains_mv=0.1, mains_hz=60)
    clean = simulate("normal", seed=2, noise="none").recording.signal
    added = simulate("normal", seed=2, noise=kind).recording.signal - clean
    spectrum = np.abs(np.fft.rfft(added[6]))
    assert np.fft.rfftfreq(added.shape[1], 1 / 500)[spectrum.argmax()] == pytest.approx(60)


# With low voltage the flattest limb lead is noise to any reader.
READABLE = [n for n in SHORT if n in TRAINING_CASES and n != "lead-off" and "low-voltage" not in n]


@pytest.mark.parametrize("name", READABLE)
@pytest.mark.parametrize("seed", [1])
def test_clean_records_have_no_bad_lead(name, seed):
    quality = assess(simulate(name, seed=seed).recording)
    assert quality.acceptable, quality.reasons
    assert quality.bad_leads == ()


def test_lead_off_is_flat_noted_and_found():
    made = simulate("lead-off", seed=4)
    assert made.truth.bad_leads == ("V3",)
    assert np.ptp(made.recording.lead("V3")) == 0
    assert any("V3" in note for note in made.recording.notes)
    assert assess(made.recording).bad_leads == ("V3",)


def test_truth_is_plain_json():
    plain = simulate("pac", seed=1).truth.as_dict()
    assert plain["labels"] == ["PAC"]
    assert plain["names"] == {"PAC": "Atrial premature complex(es)"}
    assert {type(value) for beat in plain["beats"] for value in beat.values()} <= {
        str,
        float,
        type(None),
    }
    assert plain["rhythms"] == [{"code": "SR", "start_s": 0.0, "end_s": 10.0}]
    assert {p["fate"] for p in plain["p_waves"]} == {"conducted"}
    assert len(plain["p_waves"]) == sum(b["p_onset"] is not None for b in plain["beats"])
    assert plain["urgent"] == []
    (first, *_) = simulate("paced-ventricular", seed=1).truth.as_dict()["spikes"]
    assert first | {"time_s": 0} == {
        "time_s": 0,
        "chamber": "ventricular",
        "captured": True,
        "timely": True,
    }


@pytest.mark.parametrize(
    ("case", "urgent"),
    [
        ("mobitz-2", ("426183003",)),
        ("mobitz-1", ()),
        ("complete-av-block", ("3AVB",)),
        ("anterior-stemi", ("57054005",)),
        ("svt", ()),
    ],
)
def test_what_must_be_warned_of_is_named(case, urgent):
    assert simulate(case, seed=1).truth.urgent == urgent
