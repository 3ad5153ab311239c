"""Masks light what is abnormal, where it is, and nothing else."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecgcore.simulate import CASES, STATEMENTS, simulate

SHORT = [name for name, spec in CASES.items() if spec.duration_s < 60]


def samples(made, time_s):
    return round(time_s * made.recording.fs_hz)


@settings(max_examples=40, deadline=None)
@given(name=st.sampled_from(SHORT), seed=st.integers(0, 10_000), fs_hz=st.sampled_from([100, 250]))
def test_masks_stand_only_where_labels_say(name, seed, fs_hz):
    made = simulate(name, seed=seed, fs_hz=fs_hz)
    assert set(made.masks) == set(made.truth.labels) - {"SNR"}
    for code, mask in made.masks.items():
        assert mask.shape == made.recording.signal.shape
        assert mask.dtype == bool
        assert mask.any(), code
        # A rhythm may fill the record.
        whole = {span.code for span in made.truth.rhythms} | {"AHA100"}
        assert code in whole or not mask.all(), code
        for lead in made.truth.bad_leads:
            assert not mask[made.recording.leads.index(lead)].any()


def test_a_normal_ecg_has_none():
    assert simulate("normal", seed=1).masks == {}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", ["pvc", "pvc-multifocal", "pvc-couplets"])
def test_an_early_beat_lights_itself_and_nothing_after_it(name, seed):
    made = simulate(name, seed=seed)
    lit = made.masks["PVC"].any(axis=0)
    early = np.zeros_like(lit)
    for beat in made.truth.beats:
        if beat.type == "ventricular":
            stop = beat.t_offset or made.recording.duration_s
            early[samples(made, beat.qrs_onset - 0.02) : samples(made, stop + 0.06)] = True
            inside = slice(samples(made, beat.qrs_onset), samples(made, beat.qrs_offset))
            assert lit[inside].mean() > 0.8
    assert not (lit & ~early).any()


def test_conduction_lights_every_beat_and_leaves_p_and_baseline_dark():
    made = simulate("lbbb", seed=2, noise="none")
    mask = made.masks["LBBB"]
    for beat in made.truth.beats[1:-1]:
        qrs = slice(samples(made, beat.qrs_onset), samples(made, beat.qrs_offset))
        assert mask[:, qrs].mean() > 0.5
        p = slice(samples(made, beat.p_onset), samples(made, beat.qrs_onset - 0.02))
        assert not mask[:, p].any()


def test_infarction_lights_its_leads_more_than_others():
    made = simulate("inferior-stemi", seed=3)
    share = dict(zip(made.recording.leads, made.masks["STE"].mean(axis=1), strict=True))
    assert min(share["III"], share["aVF"], share["aVL"]) > share["V6"]
    np.testing.assert_array_equal(made.masks["STE"], made.masks["IMI"])


def test_the_difference_is_what_the_samples_show():
    # The same seed without the statement has the same beats at the same times.
    with_it = simulate("st-depression", seed=4, noise="none", vary=0)
    without = simulate("normal", seed=4, noise="none", vary=0)
    shift = with_it.truth.beats[2].qrs_onset, without.truth.beats[2].qrs_onset
    span = np.arange(-50, 250)
    one = with_it.recording.signal[:, samples(with_it, shift[0]) + span]
    other = without.recording.signal[:, samples(without, shift[1]) + span]
    seen = np.abs(one - other) > 0.08
    lit = with_it.masks["STD"][:, samples(with_it, shift[0]) + span]
    # ST alone: the T of another rate stands elsewhere.
    st_part = slice(50 + 50, 50 + 110)
    assert (lit[:, st_part] | ~seen[:, st_part]).mean() > 0.95
    assert (~lit[:, st_part] | (np.abs(one - other)[:, st_part] > 0.02)).mean() > 0.95


def test_spans_of_rhythm_and_intervals():
    made = simulate("first-degree-av-block", seed=1)
    mask = made.masks["IAVB"]
    assert (mask == mask[0]).all(), "every lead alike"
    for beat in made.truth.beats[1:]:
        inside = slice(samples(made, beat.p_onset), samples(made, beat.qrs_onset))
        assert mask[0, inside].all()
        assert not mask[0, samples(made, beat.qrs_onset) : samples(made, beat.qrs_offset)].any()
    made = simulate("atrial-fibrillation", seed=1)
    for beat in made.truth.beats:
        start, stop = samples(made, beat.qrs_onset), samples(made, beat.qrs_offset)
        assert not made.masks["AF"][:, start:stop].any()
    assert made.masks["AF"].mean() > 0.7


def test_blocked_p_and_dropped_beats_are_lit():
    made = simulate("pac-blocked", seed=1)
    for p in (p for p in made.truth.lone_p if p.fate == "premature"):
        assert made.masks["PAC"][:, samples(made, p.onset) + 1 : samples(made, p.offset)].all()
    made = simulate("mobitz-2", seed=1)
    for p in made.truth.lone_p:
        assert made.masks["2AVB"][0, samples(made, p.onset) + 1 : samples(made, p.offset)].all()


def test_chambers_of_a_pacemaker_are_told_apart():
    masks = simulate("paced-dual", seed=1).masks
    assert 0 < masks["251268003"].mean() < 0.1 < masks["251266004"].mean()
    assert (masks["PACE"] >= masks["251266004"]).all()


def test_arm_reversal_lights_limb_leads_alone():
    made = simulate("arm-reversal", seed=1)
    lit = dict(zip(made.recording.leads, made.masks["251139008"].any(axis=1), strict=True))
    assert {name for name, on in lit.items() if on} == {"I", "II", "III", "aVR", "aVL"}


def test_every_statement_with_a_code_has_a_mask():
    for key, entry in STATEMENTS.items():
        if key != "normal" and entry.codes:
            assert set(entry.codes) <= set(simulate(key, seed=1, fs_hz=100).masks), key
