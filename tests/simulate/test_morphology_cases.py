"""Patterns of infarction, hypertrophy, electrolytes and artefact: what the guidelines ask of each.

Limits are those of the fourth universal definition of infarction and of the AHA/ACCF/HRS 2009
recommendations; amplitudes are the true ones, and `test_true_amplitudes_are_in_the_samples` holds
them against the samples.
"""

from itertools import pairwise

import numpy as np
import pytest

from ecgcore.errors import InvalidArgumentError
from ecgcore.leads import STANDARD_12
from ecgcore.recording import Patient
from ecgcore.simulate import CASES, TRAINING_CASES, simulate
from ecgcore.simulate.cases_morphology import MORPHOLOGY_CASES, SWEEP_TIMES
from ecgcore.simulate.cases_table import find_case
from ecgcore.simulate.criteria import meets_criterion
from ecgcore.simulate.elevation import find_times, limit_mv
from ecgcore.simulate.reversals import REVERSALS

SEEDS = (0, 1, 2)
MIMICS = (
    "early-repolarisation",
    "early-repolarisation-slur",
    "athlete",
    "pericarditis",
    "lv-aneurysm",
    "lvh-strain",
    "lbbb",
    "paced-ventricular",
    "juvenile-t",
    "brugada-type-2",
    "digitalis",
    "nonspecific-st-t",
    "prominent-u",
    "old-posterior-infarct",
    "old-lateral-infarct",
    "rvh",
    "short-pr",
    "poor-r-progression",
    "low-limb-voltage",
    "dextrocardia",
    "artefact-wander",
    *(name for name in MORPHOLOGY_CASES if name.endswith(("-reversal", "-x0.8-male-55"))),
)
DANGEROUS = {
    "high-lateral-stemi": "57054005",
    "posterior-infarct": "57054005",
    "posterior-infarct-v7-v9": "57054005",
    "inferoposterior-stemi": "57054005",
    "right-ventricular-infarct": "AHA174",
    "de-winter": "DEWINTER",
    "left-main": "LEFTMAIN",
    "hyperacute-t": "HYPERT",
    "lbbb-concordant-elevation": "AHA173",
    "lbbb-concordant-depression": "AHA173",
    "lbbb-excessive-discordance": "AHA173",
    "paced-concordant-elevation": "57054005",
    "paced-concordant-depression": "57054005",
    "paced-excessive-discordance": "57054005",
    "hyperkalaemia-moderate": "14140009",
    "hyperkalaemia-severe": "14140009",
    "hyperkalaemia-sine": "14140009",
    "long-qt": "LNGQT",
}
# Stated, and seen the same day: no warning.
PROMPT = {
    "wellens-a": "WELLENS",
    "wellens-b": "WELLENS",
    "brugada": "418818005",
    "pulmonary-embolism": "AHA201",
    "electrical-alternans": "423863005",
    "osborn": "AHA154",
    "hyperkalaemia": "14140009",
    "hypokalaemia": "AHA211",
}


def true(name, seed, part):
    """One true amplitude of every lead, in mV."""
    made = simulate(name, seed=seed, noise="none")
    return {lead: row[f"{part}_mv"] for lead, row in made.amplitudes.items()}


def samples(made, beat, lead, start_s, stop_s):
    fs_hz = made.recording.fs_hz
    values = made.recording.lead(lead).astype(float)
    level = values[round(beat.qrs_onset * fs_hz)]
    return values[round(start_s * fs_hz) : round(stop_s * fs_hz)] - level


@pytest.mark.parametrize("name", MORPHOLOGY_CASES)
def test_every_drawn_heart_meets_its_criterion_and_the_mean_heart_does(name):
    for seed, vary in ((0, 0.0), (0, None), (1, 1.0), (2, 1.0)):
        made = simulate(name, seed=seed, vary=vary, fs_hz=100)
        person = made.made.person
        if person.spec.elevation is None:
            heart = person.heart(person.spec.ventricular)
            assert meets_criterion(person.spec.statements, heart, person.matrix)


@pytest.mark.parametrize(
    "name", ["anterior-stemi", "pericarditis", "lvh-voltage", "la-ll-reversal"]
)
def test_true_amplitudes_are_in_the_samples(name):
    made = simulate(name, seed=1, fs_hz=1000, noise="none")
    beats = [b for b in made.truth.beats if b.qrs_onset > 0.1 and b.t_offset is not None]
    for lead in STANDARD_12:
        j = np.mean([samples(made, b, lead, b.qrs_offset, b.qrs_offset + 1e-3)[0] for b in beats])
        assert j == pytest.approx(made.amplitudes[lead]["j_mv"], abs=0.025)
        qrs = [samples(made, b, lead, b.qrs_onset, b.qrs_offset) for b in beats]
        deepest = min(made.amplitudes[lead]["q_mv"], made.amplitudes[lead]["s_mv"])
        if deepest < -0.05:
            assert np.mean([q.min() for q in qrs]) == pytest.approx(deepest, abs=0.06)


def test_a_wave_without_a_peak_is_none():
    rows = simulate("lv-aneurysm", seed=1).amplitudes
    assert rows["V2"]["r_mv"] == rows["V2"]["s_mv"] == 0
    assert rows["V2"]["q_mv"] < -0.5
    assert simulate("lead-off").amplitudes.keys() == set(STANDARD_12) - {"V3"}
    assert rows["I"]["q_mv"] <= 0 <= rows["I"]["r_mv"]


@pytest.mark.parametrize(("name", "code"), DANGEROUS.items())
def test_what_is_dangerous_is_urgent(name, code):
    assert code in simulate(name).truth.urgent


@pytest.mark.parametrize(("name", "code"), PROMPT.items())
def test_what_is_seen_the_same_day_is_labelled_and_not_urgent(name, code):
    truth = simulate(name).truth
    assert code in truth.labels
    assert truth.urgent == ()


@pytest.mark.parametrize("name", MIMICS)
def test_mimics_are_not_urgent(name):
    assert simulate(name).truth.urgent == ()


# --- elevation -------------------------------------------------------------------------------
def test_limits_follow_age_and_sex():
    assert limit_mv("V2", Patient(40, "male")) == 0.2
    assert limit_mv("V3", Patient(39, "male")) == 0.25
    assert limit_mv("V2", Patient(20, "female")) == 0.15
    assert limit_mv("V4", Patient(39, "male")) == 0.1


@pytest.mark.parametrize("name", [n for n in MORPHOLOGY_CASES if "-x" in n])
def test_j_stands_at_its_multiple_of_the_limit_in_every_person(name):
    times = float(name.split("-x")[1].split("-")[0])
    for seed, vary in ((0, None), (1, 1.0)):
        made = simulate(name, seed=seed, vary=vary)
        j_mv = {lead: row["j_mv"] for lead, row in made.amplitudes.items()}
        assert find_times(j_mv, CASES[name].patient) == pytest.approx(times, rel=0.04, abs=0.02)
        assert ("57054005" in made.truth.urgent) == (times >= 1)
        assert ("STE" in made.truth.uncertain) == (times < 1)


_SET = (("inferior-stemi", 0.9), ("early-repolarisation", 1.6), ("rbbb+anterior-stemi", 3.0))


def test_j_is_set_by_a_named_parameter_where_there_is_an_st_to_scale():
    assert len([n for n in CASES if "-x" in n]) == 6 * len(SWEEP_TIMES)
    for name, times in _SET:
        spec = find_case(name, times=times)
        rows = simulate(spec, seed=4).amplitudes
        j_mv = {lead: row["j_mv"] for lead, row in rows.items()}
        assert find_times(j_mv, spec.patient) == pytest.approx(times, rel=0.04)
    assert find_case("inferior-stemi", times=0.9).labels == ()
    assert find_case("pericarditis", times=0.6).labels == ("AHA200",)
    assert find_case("inferior-stemi", times=2, rate_bpm=90).rhythm.rate_bpm == 90
    with pytest.raises(InvalidArgumentError, match="normal has no ST elevation"):
        find_case("normal", times=2)
    with pytest.raises(InvalidArgumentError, match="times"):
        find_case("inferior-stemi", times=9)
    with pytest.raises(InvalidArgumentError, match=r"possible are .*times"):
        find_case("inferior-stemi", height=2)


@pytest.mark.parametrize("seed", SEEDS)
def test_reciprocal_depression_lies_opposite(seed):
    high = true("high-lateral-stemi", seed, "j")
    assert min(high["I"], high["aVL"]) >= 0.1
    assert max(high["III"], high["aVF"]) <= -0.1
    right = true("right-ventricular-infarct-v4r", seed, "j")
    assert right["III"] > right["II"] >= 0.1
    assert right["V1"] >= 0.1
    assert min(right["V3R"], right["V4R"]) >= 0.05
    assert max(right["I"], right["aVL"]) <= -0.1
    plain = true("inferior-stemi", seed, "j")
    assert plain["V1"] < 0.05, "the mimic without the right ventricle"


@pytest.mark.parametrize("seed", SEEDS)
def test_posterior_infarction(seed):
    rows = simulate("posterior-infarct-v7-v9", seed=seed).amplitudes
    j = {lead: row["j_mv"] for lead, row in rows.items()}
    assert max(j["V1"], j["V2"], j["V3"], j["V4"]) <= -0.05
    assert min(j, key=j.get) in {"V2", "V3"}
    assert min(j["V7"], j["V8"], j["V9"]) >= 0.05
    assert rows["V2"]["r_mv"] >= -rows["V2"]["s_mv"]
    assert rows["V2"]["t_mv"] > 0.15
    old = true("old-posterior-infarct", seed, "j")
    assert max(abs(v) for v in old.values()) < 0.05


@pytest.mark.parametrize("seed", SEEDS)
def test_de_winter(seed):
    rows = simulate("de-winter", seed=seed).amplitudes
    for lead in ("V2", "V3", "V4", "V5"):
        assert -0.5 <= rows[lead]["j_mv"] <= -0.05
        assert rows[lead]["j60_mv"] > rows[lead]["j_mv"], "ST slopes upwards"
    assert all(rows[lead]["t_mv"] > 0.6 for lead in ("V3", "V4"))
    assert rows["aVR"]["j_mv"] > 0.03


@pytest.mark.parametrize("seed", SEEDS)
def test_wellens_a_turns_from_positive_to_negative_and_b_is_negative_alone(seed):
    for name, biphasic in (("wellens-a", True), ("wellens-b", False)):
        made = simulate(name, seed=seed, noise="none")
        beat = made.truth.beats[1]
        for lead in ("V2", "V3"):
            t = samples(made, beat, lead, beat.qrs_offset + 0.04, beat.t_offset)
            assert t.min() < -0.15
            assert (t.max() > 0.1) == biphasic
            assert t.argmax() < t.argmin() or not biphasic
            assert made.amplitudes[lead]["r_mv"] > 0.1
            assert abs(made.amplitudes[lead]["j_mv"]) < 0.1


@pytest.mark.parametrize("seed", SEEDS)
def test_left_main_lowers_six_leads_and_raises_avr(seed):
    j = true("left-main", seed, "j")
    assert j["aVR"] >= 0.1
    assert sum(v <= -0.1 for v in j.values()) >= 6


@pytest.mark.parametrize("seed", SEEDS)
def test_hyperacute_t_is_above_r(seed):
    rows = simulate("hyperacute-t", seed=seed).amplitudes
    assert sum(rows[lead]["t_mv"] > rows[lead]["r_mv"] for lead in ("V2", "V3", "V4")) >= 2
    assert max(row["j_mv"] for row in rows.values()) < 0.2


# --- infarction in a block, and its mimic ------------------------------------------------------
def sgarbossa(rows):
    """Concordant elevation, concordant depression, and the lowest ST/S of the guideline's rules."""
    qrs = {n: row["r_mv"] + min(row["q_mv"], row["s_mv"]) for n, row in rows.items()}
    ratio = [
        row["j_mv"] / min(row["q_mv"], row["s_mv"])
        for n, row in rows.items()
        if qrs[n] < 0 and row["j_mv"] >= 0.1
    ]
    return (
        any(row["j_mv"] >= 0.1 and qrs[n] > 0 for n, row in rows.items()),
        any(rows[n]["j_mv"] <= -0.1 and qrs[n] < 0 for n in ("V1", "V2", "V3")),
        min(ratio, default=0.0),
    )


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("base", ["lbbb", "paced"])
def test_sgarbossa(base, seed):
    def look(key):
        return sgarbossa(simulate(f"{base}-{key}", seed=seed).amplitudes)

    assert look("concordant-elevation")[0]
    assert look("concordant-depression")[1]
    assert look("excessive-discordance")[2] <= -0.25
    plain = "lbbb" if base == "lbbb" else "paced-ventricular"
    elevation, depression, _ = sgarbossa(simulate(plain, seed=seed).amplitudes)
    assert not elevation
    assert not depression


@pytest.mark.parametrize("key", ["concordant-elevation", "excessive-discordance"])
def test_infarction_in_a_paced_heart_lights_what_pacing_does_not(key):
    made = simulate(f"paced-{key}", seed=1, noise="none")
    lit = made.masks["57054005"]
    beat = made.truth.beats[2]
    fs_hz = made.recording.fs_hz
    st = slice(round((beat.qrs_offset + 0.02) * fs_hz), round((beat.qrs_offset + 0.1) * fs_hz))
    before = slice(round((beat.qrs_onset - 0.1) * fs_hz), round((beat.qrs_onset - 0.03) * fs_hz))
    assert lit[:, st].mean() > 0.3
    assert not lit[:, before].any()
    assert made.masks["251266004"].any()


# --- mimics --------------------------------------------------------------------------------
@pytest.mark.parametrize("seed", SEEDS)
def test_pericarditis_is_diffuse_concave_and_lowers_pr(seed):
    made = simulate("pericarditis", seed=seed, noise="none")
    rows = made.amplitudes
    assert all(rows[lead]["j_mv"] >= 0.04 for lead in ("I", "II", "V4", "V5", "V6"))
    assert rows["aVR"]["j_mv"] <= -0.05
    assert rows["II"]["j_mv"] > rows["III"]["j_mv"]
    assert rows["V6"]["j_mv"] > 0.25 * rows["V6"]["t_mv"]
    beat = made.truth.beats[1]
    before_p = samples(made, beat, "II", beat.p_onset - 0.03, beat.p_onset - 0.01).mean()
    assert before_p > 0.04, "PR lies below TP in II"
    assert samples(made, beat, "aVR", beat.p_onset - 0.03, beat.p_onset - 0.01).mean() < -0.03


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", ["early-repolarisation", "athlete", "osborn"])
def test_a_wave_stands_at_j_without_reciprocal_depression(name, seed):
    made = simulate(name, seed=seed, noise="none")
    beat = made.truth.beats[1]
    for lead in ("II", "V5"):
        j = samples(made, beat, lead, beat.qrs_offset - 0.012, beat.qrs_offset + 0.05)
        top = int(j[3:].argmax()) + 3
        assert j[top] >= (0.2 if name == "osborn" else 0.1)
        assert j[top] > j[:top].min() + 0.02, "a notch before it"
        assert j[top] > j[-1] + 0.03
    assert min(v for n, v in true(name, seed, "j").items() if n not in {"aVR", "V1"}) > -0.05


@pytest.mark.parametrize("seed", SEEDS)
def test_aneurysm_keeps_st_with_a_small_t_and_nothing_opposite(seed):
    rows = simulate("lv-aneurysm", seed=seed).amplitudes
    for lead in ("V1", "V2", "V3"):
        assert rows[lead]["j_mv"] > 0.07
        qrs = rows[lead]["r_mv"] - min(rows[lead]["q_mv"], rows[lead]["s_mv"])
        assert abs(rows[lead]["t_mv"]) < 0.36 * qrs
    assert min(row["j_mv"] for row in rows.values()) > -0.05


@pytest.mark.parametrize("seed", SEEDS)
def test_digitalis_scoops_and_nonspecific_change_stays_small(seed):
    made = simulate("digitalis", seed=seed, noise="none")
    beat = made.truth.beats[1]
    st = samples(made, beat, "V5", beat.qrs_offset, beat.t_peak)
    assert st.min() < min(st[0], st[-1]) - 0.05
    small = simulate("nonspecific-st-t", seed=seed).amplitudes
    assert all(-0.1 < row["j_mv"] < 0.05 for row in small.values())
    assert all(abs(small[n]["t_mv"]) < 0.1 * small[n]["r_mv"] for n in ("II", "V4", "V5", "V6"))


@pytest.mark.parametrize("seed", SEEDS)
def test_brugada_type_2_is_a_saddle(seed):
    made = simulate("brugada-type-2", seed=seed, noise="none")
    beat = made.truth.beats[1]
    course = samples(made, beat, "V2", beat.qrs_offset - 0.01, beat.t_peak)
    saddle = int(course.argmin())
    assert course[:saddle].max() >= 0.2
    assert 0.05 <= course[saddle] < course[-1] - 0.03


@pytest.mark.parametrize("seed", SEEDS)
def test_juvenile_t_is_negative_to_the_right_alone(seed):
    t = true("juvenile-t", seed, "t")
    assert max(t["V1"], t["V2"]) < -0.05
    assert min(t["V4"], t["V5"], t["V6"], t["I"], t["II"]) > 0.1


# --- conduction and mass -----------------------------------------------------------------------
@pytest.mark.parametrize("seed", SEEDS)
def test_axis_and_width_of_conduction_defects(seed):
    left_posterior = simulate("lpfb", seed=seed)
    assert 90 <= left_posterior.truth.qrs_axis_deg <= 180
    assert left_posterior.truth.qrs_ms < 120
    assert left_posterior.amplitudes["III"]["q_mv"] < -0.04
    incomplete = simulate("ilbbb", seed=seed)
    assert 110 <= incomplete.truth.qrs_ms < 120
    assert all(incomplete.amplitudes[n]["q_mv"] > -0.02 for n in ("I", "V5", "V6"))
    short = simulate("short-pr", seed=seed).truth
    assert short.pr_ms < 120
    assert short.qrs_ms < 110


@pytest.mark.parametrize("seed", SEEDS)
def test_hypertrophy(seed):
    right = simulate("rvh", seed=seed)
    assert right.amplitudes["V1"]["r_mv"] >= 0.7
    assert right.truth.qrs_axis_deg > 90
    assert right.amplitudes["V1"]["t_mv"] < -0.05
    both = simulate("biventricular-hypertrophy", seed=seed).amplitudes["V3"]
    assert both["r_mv"] - both["s_mv"] >= 4.5
    voltage = simulate("lvh-voltage", seed=seed).amplitudes
    assert max(voltage["V5"]["r_mv"], voltage["V6"]["r_mv"]) - voltage["V1"]["s_mv"] >= 3.5
    assert voltage["V5"]["t_mv"] > 0.1


@pytest.mark.parametrize("seed", SEEDS)
def test_atrial_enlargement(seed):
    right = simulate("right-atrial-enlargement", seed=seed, noise="none")
    beat = right.truth.beats[1]
    assert samples(right, beat, "II", beat.p_onset, beat.p_offset).max() > 0.25
    left = simulate("left-atrial-enlargement", seed=seed, noise="none")
    beat = left.truth.beats[1]
    assert beat.p_offset - beat.p_onset >= 0.12
    one = samples(left, beat, "V1", beat.p_onset, beat.p_offset)
    assert one.min() <= -0.1
    assert (one < -0.03).sum() / left.recording.fs_hz >= 0.04


@pytest.mark.parametrize("seed", SEEDS)
def test_voltage_and_progression(seed):
    rows = simulate("low-limb-voltage", seed=seed).amplitudes
    span = {n: row["r_mv"] - min(row["q_mv"], row["s_mv"]) for n, row in rows.items()}
    assert max(span[n] for n in STANDARD_12[:6]) < 0.5
    assert span["V2"] >= 1.0
    assert 0 < true("poor-r-progression", seed, "r")["V3"] <= 0.3
    assert true("poor-r-progression", seed, "q")["V3"] == 0


@pytest.mark.parametrize("seed", SEEDS)
def test_pulmonary_embolism(seed):
    made = simulate("pulmonary-embolism", seed=seed)
    rows = made.amplitudes
    assert rows["I"]["s_mv"] <= -0.15
    assert rows["III"]["q_mv"] <= -0.1
    assert max(rows[n]["t_mv"] for n in ("III", "V1", "V2", "V3")) < -0.05
    assert made.truth.heart_rate_bpm > 100


@pytest.mark.parametrize("seed", SEEDS)
def test_every_other_beat_is_smaller_in_alternans(seed):
    made = simulate("electrical-alternans", seed=seed, noise="none")
    sizes = [
        np.ptp(samples(made, b, "V3", b.qrs_onset, b.qrs_offset)) for b in made.truth.beats[:10]
    ]
    ratios = [min(a, b) / max(a, b) for a, b in pairwise(sizes)]
    assert max(ratios) < 0.75
    plain = simulate("sinus-tachycardia+low-voltage", seed=seed, noise="none")
    usual = [np.ptp(samples(plain, b, "V3", b.qrs_onset, b.qrs_offset)) for b in plain.truth.beats]
    assert min(usual) / max(usual) > 0.8, "the mimic: breathing alone"


# --- electrolytes --------------------------------------------------------------------------
@pytest.mark.parametrize("seed", SEEDS)
def test_potassium_is_graded(seed):
    grades = (
        "hyperkalaemia",
        "hyperkalaemia-moderate",
        "hyperkalaemia-severe",
        "hyperkalaemia-sine",
    )
    widths = [simulate(name, seed=seed).truth.qrs_ms for name in grades]
    assert widths == sorted(widths)
    assert widths[0] < 110
    assert widths[1] >= 120
    assert widths[3] >= 160
    assert simulate("hyperkalaemia-moderate", seed=seed).truth.pr_ms >= 200
    assert simulate("hyperkalaemia-sine", seed=seed).truth.pr_ms is None
    low = simulate("hypokalaemia", seed=seed, noise="none")
    beat = low.truth.beats[1]
    for lead in ("V2", "V3"):
        u = samples(low, beat, lead, beat.u_peak - 0.01, beat.u_peak + 0.01).mean()
        assert u > 0.1
        assert u > low.amplitudes[lead]["t_mv"]
    assert -0.2 < low.amplitudes["V4"]["j_mv"] < -0.03


# --- cables and electrodes -----------------------------------------------------------------
def test_reversals_are_what_cables_do():
    rng = np.random.default_rng(1)
    right = rng.normal(size=8)
    one, two = right[:2]
    seen = {name: matrix @ right for name, matrix in REVERSALS.items()}
    assert seen["arms"][:2] == pytest.approx([-one, two - one])
    assert seen["RA-LL"][:2] == pytest.approx([-(two - one), -two])
    assert seen["LA-LL"][:2] == pytest.approx([two, one])
    for name in ("arms", "RA-LL", "LA-LL"):
        assert seen[name][2:] == pytest.approx(right[2:])
        # Exchanged twice is as it was.
        assert REVERSALS[name] @ seen[name] == pytest.approx(right)
    assert seen["V1-V2"][2:4] == pytest.approx(right[[3, 2]])
    # The terminal loses RA: V rises by (RA - leg)/3, a third of -II.
    assert seen["RA-RL"][2:] == pytest.approx(right[2:] - two / 3)


def test_right_leg_on_the_arm_flattens_lead_two():
    made = simulate("ra-rl-reversal", seed=1, noise="none")
    assert np.ptp(made.recording.lead("II")) < 0.1
    assert np.ptp(made.recording.lead("I")) > 0.3


def test_dextrocardia_is_not_an_arm_reversal():
    rows = simulate("dextrocardia", seed=1).amplitudes
    arms = simulate("arm-reversal", seed=1).amplitudes
    assert max(rows["I"]["t_mv"], arms["I"]["t_mv"]) < 0
    assert rows["V6"]["r_mv"] < 0.3 < rows["V1"]["r_mv"]
    assert arms["V6"]["r_mv"] > 0.8


def test_wander_shifts_no_beat_for_good():
    made = simulate("artefact-wander", seed=1)
    beats = [b for b in made.truth.beats if b.qrs_offset + 0.07 < 10]
    j60 = [samples(made, b, "V3", b.qrs_offset + 0.06, b.qrs_offset + 0.064)[0] for b in beats]
    assert abs(np.median(j60)) < 0.09
    assert np.ptp(made.recording.lead("V3")) > np.ptp(
        simulate("normal", seed=1).recording.lead("V3")
    )


def test_einthoven_holds_in_new_cases():
    for name in ("left-main", "dextrocardia", "ra-rl-reversal", "artefact-wander"):
        recording = simulate(name, seed=2).recording
        sums = recording.lead("I") + recording.lead("III") - recording.lead("II")
        assert np.abs(sums).max() < 1e-6


def test_training_draws_from_none_of_them():
    assert not set(MORPHOLOGY_CASES) & set(TRAINING_CASES)
    assert set(MORPHOLOGY_CASES) < set(CASES)


@pytest.mark.parametrize(
    ("name", "code", "lit", "dark"),
    [
        ("posterior-infarct", "PMI", ("V1", "V2", "V3"), ("III", "aVF")),
        ("high-lateral-stemi", "LMI", ("aVL", "III"), ("V2", "V6")),
        ("wellens-b", "WELLENS", ("V2", "V3"), ("III", "aVL")),
        ("left-atrial-enlargement", "LAO/LAE", ("V1", "V2"), ("aVL",)),
        ("lbbb-concordant-depression", "AHA173", ("V2", "V3"), ("I", "aVL")),
        ("ra-ll-reversal", "AHA10", ("I", "II", "aVF"), ("V1", "V6")),
    ],
)
def test_masks_light_the_leads_of_the_pattern(name, code, lit, dark):
    made = simulate(name, seed=1, noise="none")
    share = dict(zip(made.recording.leads, made.masks[code].mean(axis=1), strict=True))
    assert min(share[lead] for lead in lit) > 1.4 * max(share[lead] for lead in dark)


def test_u_waves_are_lit_where_they_are():
    made = simulate("prominent-u", seed=1, noise="none")
    lit = made.masks["AHA150"][0]
    fs_hz = made.recording.fs_hz
    seen = [b for b in made.truth.beats if b.u_peak is not None]
    assert seen
    assert all(lit[round(b.u_peak * fs_hz)] and not lit[round(b.r_peak * fs_hz)] for b in seen)
