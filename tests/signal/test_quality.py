"""What the quality rules find, and what they leave alone."""

import csv
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecgcore import readers
from ecgcore.leads import STANDARD_12
from ecgcore.recording import Recording
from ecgcore.signal import cleaning, quality_windows
from ecgcore.signal.quality import assess, grade, grade_by_rules
from ecgcore.signal.quality_model import learned
from ecgcore.simulate import simulate

FS = 500


@pytest.fixture(scope="module")
def clean():
    return simulate("normal", seed=3).recording


def changed(recording, lead, samples, unit="mV"):
    signal = recording.signal.copy()
    signal[recording.leads.index(lead)] = samples
    return Recording(signal, recording.fs_hz, recording.leads, unit=unit)


def only(quality, lead, words):
    assert quality.bad_leads == (lead,), quality
    assert not quality.acceptable
    assert len(quality.reasons) == 1
    assert quality.reasons[0].startswith(f"{lead}: ")
    assert words in quality.reasons[0]
    assert quality.reasons[0].endswith(".")


@pytest.mark.parametrize("level", [0.0, -2.5])
def test_flat_lead(clean, level):
    only(assess(changed(clean, "V3", np.full(5000, level))), "V3", "flat (100 % of the time)")


def test_lead_with_a_microvolt_of_noise_is_flat(clean):
    noise = 0.001 * np.random.default_rng(0).standard_normal(5000)
    only(assess(changed(clean, "V3", noise)), "V3", "flat")


def test_lead_that_goes_flat_half_way(clean):
    row = clean.lead("V2").copy()
    row[2500:] = 0
    only(assess(changed(clean, "V2", row)), "V2", "flat")


def test_absent_lead(clean):
    only(assess(changed(clean, "aVR", np.full(5000, np.nan))), "aVR", "missing (100 %)")


def test_some_absent_samples_are_said_but_make_no_lead_bad(clean):
    row = clean.lead("V1").copy()
    row[1000:3250] = np.nan
    quality = assess(changed(clean, "V1", row))
    assert quality.acceptable
    assert quality.reasons == ("V1: samples are missing (45 %).",)


def test_a_printed_sheet_with_a_quarter_of_each_lead_is_acceptable(clean):
    signal = np.full_like(clean.signal, np.nan)
    for i in range(12):
        start = 1250 * (i // 3)
        signal[i, start : start + 1250] = clean.signal[i, start : start + 1250]
    quality = assess(Recording(signal, FS, clean.leads))
    assert quality.acceptable
    assert quality.reasons == ("All leads: samples are missing (75 %).",)


def test_clipped_lead(clean):
    row = np.clip(6 * clean.lead("V4"), -0.8, 0.8)
    only(assess(changed(clean, "V4", row)), "V4", "saturation")


def test_open_electrode_at_the_rail(clean):
    row = clean.lead("V6").copy()
    row[1000:4000] += 80
    quality = assess(changed(clean, "V6", row))
    assert quality.bad_leads == ("V6",)


def test_drifting_lead(clean):
    row = clean.lead("V5") + 4 * np.sin(2 * np.pi * 0.1 * np.arange(5000) / FS)
    quality = assess(changed(clean, "V5", row))
    assert quality.bad_leads == ("V5",)
    assert "baseline wander" in quality.reasons[0]


def test_usual_wander_is_left_alone(clean):
    row = clean.lead("V5") + 0.4 * np.sin(2 * np.pi * 0.25 * np.arange(5000) / FS)
    assert assess(changed(clean, "V5", row)).acceptable


def test_one_jump_of_the_baseline_masks_its_own_stretch(clean):
    row = clean.lead("V2").copy()
    row[2500:] += 3
    quality = assess(changed(clean, "V2", row))
    assert quality.bad_leads == ()
    assert quality.acceptable
    assert "V2: from 4.9 to 5.0 s the baseline shifts" in quality.reasons[0]


def test_a_lead_that_jumps_again_and_again_is_bad(clean):
    row = clean.lead("V2").copy()
    for start in range(500, 5000, 900):
        row[start : start + 450] += 3
    quality = assess(changed(clean, "V2", row))
    assert quality.bad_leads == ("V2",)
    assert quality.masked == ()


def test_muscle_noise(clean):
    row = clean.lead("II") + 0.15 * np.random.default_rng(1).standard_normal(5000)
    only(assess(changed(clean, "II", row)), "II", "muscle artefact")


@pytest.mark.parametrize("mains_hz", [50, 60])
def test_mains_is_remarked_and_then_filtered_out(clean, mains_hz):
    wave = np.sin(2 * np.pi * mains_hz * np.arange(5000) / FS)
    some = assess(changed(clean, "I", clean.lead("I") + 0.08 * wave))
    assert some.acceptable
    assert some.reasons == ("I: AC interference is visible (100 % of the time).",)
    strong = assess(changed(clean, "I", clean.lead("I") + 0.5 * wave))
    assert strong.bad_leads == ()
    assert not strong.acceptable
    assert strong.reasons == (
        f"I: {mains_hz} Hz AC interference is filtered out for measurements, "
        "not in the trace shown.",
    )


@pytest.mark.parametrize("kind", ["white", "brown"])
def test_noise_without_any_heart(clean, kind):
    row = np.random.default_rng(2).standard_normal(5000) * 0.04
    row = row if kind == "white" else np.cumsum(row) / 2
    only(assess(changed(clean, "V4", row)), "V4", "distinguished from noise")


def test_lead_without_complexes(clean):
    row = 0.3 * np.sin(2 * np.pi * 0.3 * np.arange(5000) / FS)
    only(assess(changed(clean, "V4", row)), "V4", "no QRS")


def test_leads_with_one_cause_share_a_sentence(clean):
    signal = clean.signal.copy()
    signal[[3, 6]] = 0
    quality = assess(Recording(signal, FS, clean.leads))
    assert quality.bad_leads == ("aVR", "V1")
    assert quality.reasons == ("aVR, V1: the trace is flat (100 % of the time).",)


@pytest.mark.parametrize("factor", [1e-4, 1.0, 1e5])
def test_normalised_units_are_judged_without_scale(clean, factor):
    scaled = clean.signal / clean.signal.std(axis=1, keepdims=True) * factor
    good = assess(Recording(scaled, FS, clean.leads, unit="NU"))
    assert good.acceptable, good.reasons
    scaled[4] = 7 * factor
    assert assess(Recording(scaled, FS, clean.leads, unit="NU")).bad_leads == ("aVL",)
    noise = factor * np.random.default_rng(3).standard_normal(5000)
    scaled[4] = clean.lead("aVL") / clean.lead("aVL").std() * factor + noise
    assert assess(Recording(scaled, FS, clean.leads, unit="NU")).bad_leads == ("aVL",)


def test_strip_of_two_leads_is_read_from_the_good_one():
    recording = simulate("holter-pvc", seed=1, duration_s=60).recording
    one = assess(changed(recording, "V1", np.zeros(recording.n_samples)))
    assert one.acceptable
    assert one.bad_leads == ("V1",)
    none = Recording(np.zeros((2, 5000)), FS, ("MLII", "V1"))
    assert not assess(none).acceptable


@settings(max_examples=20, deadline=None)
@given(
    fs_hz=st.sampled_from([1.0, 25.0, 90.0, 100.0, 128.0, 360.0, 1000.0]),
    n_samples=st.integers(1, 3000),
    unit=st.sampled_from(["mV", "NU"]),
    seed=st.integers(0, 100),
)
def test_any_recording_can_be_assessed(fs_hz, n_samples, unit, seed):
    rng = np.random.default_rng(seed)
    signal = rng.standard_normal((2, n_samples))
    signal[0, rng.random(n_samples) < 0.3] = np.nan
    signal[1, 0] = 0
    quality = assess(Recording(signal, fs_hz, ("I", "II"), unit=unit))
    assert set(quality.bad_leads) <= {"I", "II"}
    assert len(quality.reasons) >= bool(quality.bad_leads)


@pytest.mark.parametrize("rate", [100, 128, 250, 1000])
def test_same_word_at_other_rates(rate):
    recording = simulate("lead-off", seed=4, fs_hz=rate).recording
    assert assess(recording).bad_leads == ("V3",)


def test_slow_heart_is_not_flat():
    quality = assess(simulate("sinus-bradycardia", seed=2, noise="none").recording)
    assert quality.acceptable, quality.reasons


def test_fast_enough_for_every_upload(clean):
    assess(clean)
    start = time.process_time()
    assess(clean)
    # 21 ms of one processor measured, 50 ms is the goal; the rest is for a slow machine.
    assert time.process_time() - start < 0.15


def test_electrode_motion_is_learned_and_says_why(clean):
    """What no rule of its own finds: a trace that is as large as complexes and never repeats."""
    rng = np.random.default_rng(5)
    motion = np.convolve(rng.standard_normal(5400), np.hanning(400), "valid")[:5000]
    row = 1.2 * motion / motion.std() + 0.02 * rng.standard_normal(5000)
    recording = changed(clean, "V4", row)
    assert learned(recording).score[clean.leads.index("V4")] > 0
    quality = assess(recording)
    assert quality.bad_leads == ("V4",)
    assert [reason for reason in quality.reasons if reason.startswith("V4: ")]


def test_bad_lead_always_has_a_reason_and_the_grade_agrees(clean):
    rng = np.random.default_rng(6)
    for size in (0.02, 0.1, 0.4, 1.6):
        found = grade(changed(clean, "V2", size * rng.standard_normal(5000)))
        assert tuple(np.array(clean.leads)[found.scores > 0]) == found.quality.bad_leads
        for lead in found.quality.bad_leads:
            assert any(lead in reason for reason in found.quality.reasons)
        assert (found.sheet > 0) != found.quality.acceptable


def test_cause_is_the_one_that_was_added(clean):
    at = clean.leads.index("I")
    mains = 0.5 * np.sin(2 * np.pi * 50 * np.arange(5000) / FS)
    assert learned(changed(clean, "I", clean.lead("I") + mains)).cause[at] == "AC interference"


def test_what_the_learned_grade_is_sure_of_is_a_remark(clean):
    """A small lead without QRS to speak of, whose beats repeat: low voltage, no failure."""
    factor = 0.035 / np.ptp(clean.lead("III"))
    quality = assess(changed(clean, "III", factor * clean.lead("III")))
    alone = grade_by_rules(changed(clean, "III", factor * clean.lead("III"))).quality
    assert alone.bad_leads == ("III",)
    assert quality.bad_leads == ()
    assert quality.reasons[0].endswith("Noisy but readable.")


def test_an_incident_spoils_neither_the_lead_nor_the_sheet(clean):
    row = clean.lead("V2").copy()
    row[2500:2600] += 15
    found = grade(changed(clean, "V2", row))
    assert found.quality.bad_leads == ()
    assert found.quality.acceptable
    at = clean.leads.index("V2")
    assert np.isnan(found.cleaned[at, 2500:2600]).all()
    assert np.isfinite(found.cleaned[:at]).all()


@pytest.mark.parametrize(
    "case", ["lbbb", "atrial-fibrillation", "paced-dual", "pvc-bigeminy", "low-voltage"]
)
def test_sick_hearts_are_not_bad_recordings(case):
    recording = simulate(case, seed=11).recording
    assert assess(recording).bad_leads == ()
    one = Recording(recording.signal[1:2], FS, ("II",))
    assert assess(one).bad_leads == ()


@pytest.mark.parametrize("seconds", [5, 125])
def test_noise_is_found_in_short_and_long_strips(seconds):
    recording = simulate("holter-pvc", seed=1, duration_s=seconds).recording
    assert assess(recording).bad_leads == ()
    noise = np.random.default_rng(0).standard_normal(recording.n_samples)
    assert assess(changed(recording, "V1", 0.4 * noise)).bad_leads == ("V1",)


@pytest.mark.data
def test_agrees_with_the_readers_of_the_challenge(ecg_data):
    """Floors a little below the figures measured on the authors' training half."""
    folder = ecg_data / "cinc2011"
    with (folder / "REFERENCE.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["set"] == "training"]
    agree, leads = [], []
    for row in rows:
        found = list(folder.rglob(f"{row['record']}.hea"))
        quality = assess(readers.read(found[0]))
        agree.append(quality.acceptable == (row["quality"] == "acceptable"))
        leads += [(n in quality.bad_leads, row[f"bad_{n}"] == "1") for n in STANDARD_12]
    assert np.mean(agree) > 0.85
    said, true = np.array(leads).T
    assert said[true].mean() > 0.85
    assert said[~true].mean() < 0.01


def spoilt(seed: int) -> Recording:
    """Two minutes with what the rules look for, at the edges of pieces too."""
    rng = np.random.default_rng(seed)
    made = simulate("normal", seed=seed).recording
    signal = np.tile(made.signal[:3], 12) + rng.normal(0, 0.01, (3, 60_000))
    at = np.arange(signal.shape[1]) / FS
    signal[0, 10_000:20_000] += 0.3 * np.sin(2 * np.pi * 50 * at[:10_000])
    signal[1, 4_800:5_300] = signal[1, 4_800]
    signal[1, 9_990:10_020] = np.nanmax(signal[1]) + 1.0
    signal[2, 30_000:] += 3.0
    signal[0, 40_000:41_000] += rng.normal(0, 1.0, 1_000)
    signal[:, 50_000 : 50_000 + 500 * (seed % 4)] = np.nan
    signal[2, :700] = np.nan
    return Recording(signal, FS, made.leads[:3])


@pytest.mark.parametrize("seed", range(4))
def test_nothing_depends_on_how_much_is_looked_at_together(seed, monkeypatch):
    recording = spoilt(seed)
    whole = grade(recording)
    monkeypatch.setattr(quality_windows, "PIECE_WINDOWS", 10)
    monkeypatch.setattr(quality_windows, "PIECE_S", 3.3)
    monkeypatch.setattr(cleaning, "PIECE_SAMPLES", 777)
    pieces = grade(recording)
    assert whole.quality.masked
    assert pieces.quality == whole.quality
    np.testing.assert_array_equal(pieces.scores, whole.scores)
    np.testing.assert_array_equal(pieces.cleaned, whole.cleaned)


def test_gaps_are_bridged_by_straight_lines():
    signal = np.array([[np.nan, 1.0, np.nan, np.nan, 4.0, 6.0, np.nan]], dtype=np.float32)
    bridged = quality_windows.filled(signal, np.isfinite(signal))
    np.testing.assert_allclose(bridged, np.array([[1, 1, 2, 3, 4, 6, 6]]) - 3.0)


def test_a_baseline_without_noise_is_no_saturation():
    row = np.zeros(5000)
    row[200::400] = -1.0
    beat = np.convolve(row, np.hanning(40), mode="same")
    rows = np.stack([beat, -beat, 0.5 * beat]).astype(np.float32)
    found = assess(Recording(rows, 500.0, ("I", "II", "V1")))
    assert not any("saturation" in reason for reason in found.reasons)
