"""ST elevation infarction, its equivalents and mimics; ST-T patterns; infarct by Q waves.

Each from hand-made leads at and beside the limit; whole recordings stand at the end.
"""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from ecgcore.interpret.facts import Facts
from ecgcore.interpret.rules import infarct, st_elevation, st_t
from ecgcore.interpret.rules.st_elevation import high_pass_hz
from ecgcore.interpret.st_mimics import find_mimic
from ecgcore.interpret.st_picture import (
    StPicture,
    draw_picture,
    is_depressed,
    is_elevated,
    occlusion_score,
)
from ecgcore.interpret.territories import FRONTAL, contiguous
from ecgcore.leads import STANDARD_12
from ecgcore.measure.lead_waves import LeadWaves
from ecgcore.recording import Patient, Provenance, Step
from ecgcore.results.interpreted import Against, Call, Unable
from ecgcore.simulate import simulate
from ecgcore.simulate.arrest import join_recordings
from ecgcore.study import Study

MAN, YOUNG_MAN = Patient(62.0, "male"), Patient(30.0, "male")
WOMAN, UNKNOWN = Patient(60.0, "female"), Patient(None, None)
SIZES = {"V1": (0.3, 1.0), "V2": (0.5, 1.2), "V3": (0.8, 0.8), "V4": (1.2, 0.4)}


def lead(name, **given):
    """A normal lead, with ST as given: ``st`` sets J and all after it."""
    r_mv, s_mv = SIZES.get(name, (0.8, 0.1))
    st = given.pop("st", 0.0)
    values = {
        "r_mv": r_mv,
        "r_ms": 35.0,
        "s_mv": -s_mv,
        "last_mv": -s_mv,
        "t_mv": 0.3 + max(st, 0.0),
        "t_width_ms": 100.0,
        "bow_mv": 0.05,
        **dict.fromkeys(("j_mv", "j40_mv", "j60_mv", "j80_mv"), st),
        "error_mv": 0.005,
    } | given
    values.setdefault("t_up_mv", max(values["t_mv"], 0.0))
    values.setdefault("t_down_mv", min(values["t_mv"], 0.0))
    return LeadWaves(lead=name, **values)


def picture(patient=MAN, more=(), *, qrs_ms=90.0, **changes):
    """A normal picture with some leads changed: a number is the level of ST."""
    waves = {name: lead(name) for name in (*STANDARD_12, *more)}
    for name, change in changes.items():
        waves[name] = lead(name, **(change if isinstance(change, dict) else {"st": change}))
    waves["-aVR"] = lead("-aVR", st=-waves["aVR"].j_mv)
    return StPicture(waves=waves, patient=patient, qrs_ms=qrs_ms)


def judged(bare, **shape):
    bare = replace(bare, **shape)
    names = [name for name in (*FRONTAL, *bare.waves) if name != "aVR"]
    up = contiguous([name for name in names if is_elevated(bare, name)])
    down = contiguous([name for name in names if is_depressed(bare, name)])
    return replace(bare, elevated=up, depressed=down)


class Given(Facts):
    """Facts with a picture of their own instead of a study."""

    def __init__(self, shown, *, values=None, rhythms=(), steps=(), unit="mV", amplitudes=None):
        self.patient = shown.patient
        self.values = values or {}
        self.recording = SimpleNamespace(unit=unit, provenance=Provenance(steps=steps))
        self.measured = SimpleNamespace(reversal=None, amplitudes=amplitudes or {})
        self.__dict__ |= {"st_picture": shown, "st_stretches": (), "rhythms": rhythms}

    def value(self, name):
        return self.values.get(name)


def calls(rules, given):
    facts = given if isinstance(given, Facts) else Given(given)
    found = [each for rule in rules.RULES for each in rule(facts)]
    return {each.code: each for each in found if isinstance(each, Call)}


def acute(given):
    return calls(st_elevation, given)


# ---- limits -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("patient", "limit"), [(MAN, 0.20), (YOUNG_MAN, 0.25), (WOMAN, 0.15), (UNKNOWN, 0.15)]
)
def test_v2_and_v3_by_age_and_sex(patient, limit):
    at = judged(picture(patient, V2=limit, V3=limit))
    below = judged(picture(patient, V2=limit - 0.01, V3=limit - 0.01))
    found = acute(at)["57054005"]
    assert found.urgent
    assert found.leads == ("V2", "V3")
    assert f"limit {limit:.2f}" in found.rule
    assert not acute(below)


def test_the_sentence_of_a_man_over_40():
    shown = judged(picture(V2=0.28, V3=0.31, III=-0.08, aVF=-0.06))
    found = acute(shown)["57054005"]
    assert found.printed == "Consider acute anterior infarction (STEMI)"
    assert found.rule == (
        "V2 0.28, V3 0.31 mV at J (limit 0.20 in a man of 40 or older); reciprocal III, aVF."
    )
    assert [each.limit for each in found.evidence[:2]] == [">= 0.20", ">= 0.20"]


def test_unknown_age_or_sex_is_said():
    rule = acute(judged(picture(UNKNOWN, V2=0.18, V3=0.18)))["57054005"].rule
    assert "lowest adult limit, age or sex unknown" in rule


@pytest.mark.parametrize(
    ("raised", "wall"),
    [
        (("II", "III", "aVF"), "inferior"),
        (("I", "aVL"), "high lateral"),
        (("V5", "V6"), "lateral"),
        (("I", "aVL", "V5", "V6"), "lateral"),
        (("V1", "V2", "V3"), "anteroseptal"),
        (("V2", "V3", "V4"), "anterior"),
        (("V3", "V4", "V5", "V6"), "anterolateral"),
        (("V1", "V2", "V3", "V4", "V5", "V6"), "extensive anterior"),
        (("II", "III", "aVF", "V5", "V6"), "inferolateral"),
    ],
)
def test_walls(raised, wall):
    shown = judged(picture(**dict.fromkeys(raised, 0.3)))
    assert acute(shown)["57054005"].printed == f"Consider acute {wall} infarction (STEMI)"


def test_two_leads_that_are_no_neighbours_are_none():
    assert not acute(judged(picture(V2=0.4, V6=0.2, III=0.2)))


def test_avr_turned_over_lies_beside_i_and_ii():
    assert acute(judged(picture(I=0.12, aVR=-0.12)))["57054005"].leads == ("I", "aVR")
    assert not acute(judged(picture(I=0.12, aVR=-0.05)))


@pytest.mark.parametrize(
    ("patient", "level", "leads"),
    [
        (MAN, 0.05, ("V7", "V8")),
        (YOUNG_MAN, 0.10, ("V8", "V9")),
        (WOMAN, 0.05, ("V8", "V9")),
    ],
)
def test_posterior_leads(patient, level, leads):
    shown = judged(picture(patient, leads, **dict.fromkeys(leads, level)))
    assert "posterior" in acute(shown)["57054005"].printed
    under = judged(picture(patient, leads, **dict.fromkeys(leads, level - 0.01)))
    assert not acute(under)


def test_right_ventricle():
    right = dict.fromkeys(("V3R", "V4R"), 0.06)
    shown = judged(picture(MAN, tuple(right), II=0.15, III=0.25, aVF=0.2, **right))
    assert acute(shown)["57054005"].printed == (
        "Consider acute inferior and right ventricular infarction (STEMI)"
    )
    by_v1 = judged(picture(II=0.15, III=0.25, aVF=0.2, V1=0.12))
    assert "right ventricular" in acute(by_v1)["57054005"].printed
    assert "AHA174" in calls(infarct, by_v1)
    assert (
        "right ventricular"
        not in acute(judged(picture(II=0.25, III=0.15, aVF=0.2, V1=0.12)))["57054005"].printed
    )


def test_noise_hides_what_it_is_as_large_as():
    noisy = {"st": 0.12, "error_mv": 0.06}
    assert not acute(judged(picture(II=noisy, III=noisy, aVF=noisy)))


def test_a_j_that_does_not_stay_is_none():
    falls = {"st": 0.0, "j_mv": 0.15}
    assert not acute(judged(picture(II=falls, III=falls, aVF=falls)))


# ---- wide QRS, Sgarbossa ------------------------------------------------------------------------


def test_right_bundle_branch_block_does_not_hide_an_infarction():
    shown = judged(picture(qrs_ms=140.0, V2=0.4, V3=0.45, V4=0.3), is_rbbb=True)
    found = acute(shown)["57054005"]
    assert "QRS wide" in found.rule


@pytest.mark.parametrize(("code", "read"), [("3AVB", True), ("61277005", False)])
def test_a_very_wide_escape_is_read_in_av_block_alone(code, read):
    shown = judged(picture(qrs_ms=214.0, II=0.4, III=0.5, aVF=0.45))
    rhythm = SimpleNamespace(code=code)
    assert ("57054005" in acute(Given(shown, rhythms=(rhythm,)))) is read


def test_reciprocal_depression_makes_up_for_the_error_of_j():
    recording = simulate("high-lateral-stemi", seed=5207, vary=1.0, noise="none").recording
    found = acute(Facts(Study(recording)))["57054005"]
    assert found.leads == ("I", "aVL")
    assert "within 0.01 mV of the limit" in found.rule
    assert "reciprocal" in found.rule


def test_i_and_ii_stand_for_a_missing_avr():
    recording = simulate("st-depression", seed=5000).recording
    measured = Study(recording).measured
    lost = replace(measured, quality=replace(measured.quality, bad_leads=("aVR",)))
    whole = draw_picture(measured, recording.patient, is_paced=False).wave("-aVR")
    made = draw_picture(lost, recording.patient, is_paced=False).wave("-aVR")
    assert (made.j_mv, made.j80_mv) == pytest.approx((whole.j_mv, whole.j80_mv), abs=0.01)
    assert made.r_mv == pytest.approx(whole.r_mv, abs=0.1)


def test_secondary_elevation_is_none():
    deep = {"st": 0.2, "last_mv": -1.5, "s_mv": -1.5}
    assert not acute(judged(picture(qrs_ms=140.0, V2=deep, V3=deep)))
    assert not acute(judged(picture(V1=deep, V2=deep | {"st": 0.3}), has_lvh=True))


LBBB = {
    "V1": {"r_mv": 0.0, "s_mv": -1.5, "last_mv": -1.5, "st": 0.2},
    "V2": {"r_mv": 0.1, "s_mv": -1.6, "last_mv": -1.6, "st": 0.25},
    "V3": {"r_mv": 0.2, "s_mv": -1.2, "last_mv": -1.2, "st": 0.2},
    **{
        name: {"r_mv": 1.0, "s_mv": 0.0, "last_mv": 1.0, "st": -0.12}
        for name in ("I", "aVL", "V5", "V6")
    },
}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, ""),
        ({"V5": LBBB["V5"] | {"st": 0.1}}, "Concordant ST elevation"),
        ({"V2": LBBB["V2"] | {"st": -0.1}}, "Concordant ST depression"),
        ({"V2": LBBB["V2"] | {"st": 0.40}}, "Discordant ST/S ratio"),
        ({"V2": LBBB["V2"] | {"st": 0.38}}, ""),
    ],
)
@pytest.mark.parametrize("paced", [False, True])
def test_modified_sgarbossa(changes, words, paced):
    shown = judged(picture(qrs_ms=160.0, **(LBBB | changes)), is_lbbb=True, is_paced=paced)
    found = acute(shown)
    assert set(found) == ({"AHA173"} if words else set())
    if words:
        assert words in found["AHA173"].rule
        assert ("pacing" in found["AHA173"].printed) == paced


def test_a_small_s_in_the_transition_zone_is_not_enough():
    small = {"r_mv": 0.2, "s_mv": -0.4, "last_mv": -0.4, "st": 0.12}
    assert not acute(judged(picture(qrs_ms=160.0, **(LBBB | {"V3": small})), is_lbbb=True))
    deeper = small | {"st": 0.16, "s_mv": -0.5, "last_mv": -0.5}
    found = acute(judged(picture(qrs_ms=160.0, **(LBBB | {"V3": deeper})), is_lbbb=True))
    assert set(found) == {"AHA173"}


def test_notches_make_no_bundle_branch_block():
    notched = {"notch_mv": 0.15}
    narrow = picture(qrs_ms=128.0, V5=notched, V6=notched)
    assert not replace(narrow, is_lbbb=True).like_lbbb
    assert replace(narrow, is_lbbb=True, qrs_ms=145.0).like_lbbb


# ---- equivalents --------------------------------------------------------------------------------


def posterior(level, **more):
    tall = {"r_mv": 1.0, "s_mv": -0.4, "t_mv": 0.4}
    return judged(
        picture(V1={"st": level}, V2=tall | {"st": level} | more, V3=tall | {"st": level} | more)
    )


def test_posterior():
    found = acute(posterior(-0.06))["57054005"]
    assert "posterior" in found.printed
    assert found.urgent
    assert "record V7 to V9" in found.printed
    assert not acute(posterior(-0.04))
    assert not acute(posterior(-0.06, t_mv=-0.3))
    assert not acute(posterior(-0.06, r_mv=0.2))


def test_depression_deepest_at_the_side_is_not_posterior():
    sides = dict.fromkeys(("V4", "V5", "V6"), -0.2)
    assert "57054005" not in acute(judged(picture(V2=-0.06, V3=-0.1, **sides)))


def test_de_winter():
    wave = {"j_mv": -0.15, "j40_mv": -0.1, "j60_mv": -0.05, "j80_mv": 0.0, "t_mv": 0.9}
    shown = judged(picture(V2=wave, V3=wave, V4=wave))
    found = acute(shown)["DEWINTER"]
    assert found.urgent
    assert found.leads == ("V2", "V3", "V4")
    assert "STD" not in calls(st_t, shown)
    assert "DEWINTER" not in acute(judged(picture(V3=wave | {"j_mv": -0.09}, V4=wave)))
    assert "DEWINTER" not in acute(judged(picture(V3=wave | {"t_mv": 0.4}, V4=wave)))
    small = wave | {"t_mv": 0.45, "r_mv": 0.4, "s_mv": -0.4}
    assert "DEWINTER" in acute(judged(picture(V3=small, V4=small)))
    # QRS that runs up into T is measured too wide; a bundle branch block is not meant.
    assert "DEWINTER" in acute(judged(picture(qrs_ms=142.0, V3=wave, V4=wave)))
    assert "DEWINTER" not in acute(judged(picture(qrs_ms=142.0, V3=wave, V4=wave), is_rbbb=True))


def test_left_main():
    down = dict.fromkeys(("I", "II", "aVF", "V4", "V5", "V6"), -0.1)
    found = acute(judged(picture(aVR=0.1, **down)))["LEFTMAIN"]
    assert found.urgent
    assert "6 leads" in found.rule
    assert "LEFTMAIN" not in acute(judged(picture(aVR=0.09, **down)))
    slight = down | {"I": -0.08}
    assert "LEFTMAIN" not in acute(judged(picture(aVR=0.1, **slight)))
    del down["I"]
    assert "LEFTMAIN" not in acute(judged(picture(aVR=0.1, **down)))


def test_hyperacute_t_and_peaked_t():
    broad = {"t_mv": 1.4, "t_width_ms": 130.0}
    assert acute(judged(picture(V2=broad, V3=broad)))["HYPERT"].urgent
    peaked = broad | {"t_width_ms": 60.0}
    assert not acute(judged(picture(V2=peaked, V3=peaked)))
    notched = {"notch_mv": 0.15, "j60_mv": 0.06}
    assert not acute(judged(picture(V2=broad, V3=broad, V5=notched, V6=notched)))


@pytest.mark.parametrize(
    ("t_mv", "j80_mv", "rate_bpm", "stated"),
    [
        (0.80, 0.1, 60.0, False),
        (0.90, 0.1, 60.0, True),
        (0.80, 0.1, 90.0, True),
        (0.80, 0.3, 60.0, True),
        (0.44, 0.2, 90.0, False),
    ],
)
def test_hyperacute_t_by_its_area(t_mv, j80_mv, rate_bpm, stated):
    wave = {"t_mv": t_mv, "j80_mv": j80_mv, "t_width_ms": 130.0, "r_mv": 0.6, "s_mv": -1.0}
    shown = judged(picture(V2=wave, V3=wave))
    facts = Given(shown, values={"heart_rate": rate_bpm})
    assert ("HYPERT" in acute(facts)) is stated


# ---- mimics -------------------------------------------------------------------------------------

BENIGN = {"st": 0.14, "notch_mv": 0.15, "bow_mv": -0.1, "t_mv": 0.8}


def test_early_repolarization():
    shown = judged(picture(V4=BENIGN, V5=BENIGN, V6=BENIGN, II=BENIGN))
    assert find_mimic(shown) == "428417006"
    assert set(acute(shown)) == {"STE"}
    assert "428417006" in calls(st_t, shown)


def test_st_begins_behind_a_notch():
    falls = BENIGN | {"j_mv": 0.2, "j40_mv": 0.08, "j60_mv": 0.08}
    shown = judged(picture(V4=falls, V5=falls, V6=falls))
    assert not shown.elevated
    assert "428417006" in calls(st_t, shown)
    assert judged(picture(V4=falls | {"notch_mv": 0.0}, V5=falls | {"notch_mv": 0.0})).elevated
    # In V1 to V3 a late deflection is the right ventricle's.
    high = falls | {"j_mv": 0.3, "j40_mv": 0.15}
    assert judged(picture(V2=high, V3=high)).elevated == ("V2", "V3")


@pytest.mark.parametrize(("score", "mimic"), [(18.1, "428417006"), (18.2, "")])
def test_smiths_formula_in_front(score, mimic):
    raised = BENIGN | {"st": 0.26, "j60_mv": 0.25}
    shown = judged(picture(V3=raised, V4=raised, V5=BENIGN, V6=BENIGN), occlusion_score=score)
    assert find_mimic(shown) == mimic
    assert ("57054005" in acute(shown)) == (not mimic)
    if mimic:
        names = [each.name for each in calls(st_t, shown)[mimic].evidence]
        assert any("occlusion" in name for name in names)


def test_smiths_formula_by_its_terms():
    waves = {
        "V2": lead("V2", r_mv=0.5, s_mv=-1.0),
        "V3": lead("V3", st=0.2),
        "V4": lead("V4", r_mv=1.0),
    }
    qtc = SimpleNamespace(value=400.0)
    # 20.8 - 2.265 - 2.68 + 2.124
    assert occlusion_score(waves, qtc) == pytest.approx(17.979)
    assert occlusion_score({"V2": waves["V2"]}, qtc) is None


def test_a_turned_avl_is_no_other_side():
    turned = {"st": -0.06, "r_mv": 0.0, "s_mv": -0.3}
    raised = {"V4": BENIGN, "V5": BENIGN, "V6": BENIGN, "II": BENIGN}
    assert find_mimic(judged(picture(aVL=turned, **raised))) == "428417006"
    assert not find_mimic(judged(picture(aVL=turned | {"r_mv": 0.5}, **raised)))
    assert not find_mimic(judged(picture(aVL=turned, III={"st": 0.2} | {"t_mv": 0.9}, **raised)))


@pytest.mark.parametrize(
    "change",
    [{"notch_mv": 0.0}, {"bow_mv": 0.05}, {"t_mv": 0.3}, {"q_mv": -0.2, "q_ms": 45.0}],
    ids=["no notch", "convex", "large against T", "Q wave"],
)
def test_what_early_repolarization_has_not(change):
    raised = BENIGN | change
    assert "57054005" in acute(judged(picture(V4=raised, V5=raised, V6=raised)))


def test_reciprocal_depression_speaks_against_a_mimic():
    shown = judged(picture(V4=BENIGN, V5=BENIGN, V6=BENIGN, III=-0.1))
    assert "57054005" in acute(shown)


def test_pericarditis():
    raised = {"st": 0.15, "bow_mv": -0.1, "t_mv": 0.4, "pr_mv": -0.06}
    names = ("I", "II", "aVF", "V3", "V4", "V5", "V6")
    shown = judged(picture(aVR=-0.12, **dict.fromkeys(names, raised)))
    assert find_mimic(shown) == "AHA200"
    assert "57054005" not in acute(shown)
    assert "consider" in calls(st_t, shown)["AHA200"].printed
    inferior = judged(picture(III={**raised, "st": 0.3}, **dict.fromkeys(names, raised)))
    assert "57054005" in acute(inferior)


def test_aneurysm_and_acute_infarction_over_q_waves():
    old = {"st": 0.25, "q_mv": -1.2, "q_ms": 90.0, "r_mv": 0.0, "s_mv": 0.0, "t_mv": 0.3}
    shown = judged(picture(V1=old, V2=old, V3=old, V4=old | {"r_mv": 0.3}))
    assert "57054005" not in acute(shown)
    assert "ANEUR" in calls(infarct, shown)
    limits = [each.limit for each in calls(infarct, shown)["ANEUR"].evidence]
    assert ">= 0.20" in limits
    # One T over 0.36 of its QRS, the sums still within 0.22.
    deep = old | {"q_mv": -2.0}
    one = judged(picture(V1=deep, V2=deep, V3=deep, V4=old | {"q_mv": -0.2, "r_mv": 0.3}))
    assert "ANEUR" in calls(infarct, one)
    fresh = old | {"t_mv": 0.9}
    assert "57054005" in acute(judged(picture(V1=fresh, V2=fresh, V3=fresh, V4=fresh)))


def test_brugada_is_left_to_its_own_statement():
    coved = {"st": 0.3, "j60_mv": 0.2, "j80_mv": 0.15, "t_mv": -0.3, "last_mv": 0.4}
    shown = judged(picture(V1=coved, V2=coved))
    assert find_mimic(shown) == "418818005"
    assert "57054005" not in acute(shown)


# ---- what is not assessed -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("patient", "unit", "reason"),
    [(Patient(12.0, "male"), "mV", "under 18"), (MAN, "NU", "not calibrated")],
)
def test_not_assessed(patient, unit, reason):
    facts = Given(judged(picture(patient, II=0.3, III=0.3)), unit=unit)
    found = list(st_elevation.call_elevation(facts))
    assert [each.code for each in found if isinstance(each, Unable)] == ["57054005"]
    assert reason in found[0].reason
    assert not calls(st_elevation, facts)


def test_no_elevation_is_said_against_a_network():
    found = list(st_elevation.call_elevation(Given(judged(picture()))))
    assert [each.code for each in found if isinstance(each, Against)] == ["STE"]


@pytest.mark.parametrize(
    ("told", "hz"),
    [
        ("0.05-150 Hz", 0.05),
        ("from 0.5 Hz", 0.5),
        ("HP:0.67Hz LP:40Hz", 0.67),
        ("up to 40 Hz", None),
    ],
)
def test_the_high_pass_of_a_recording(told, hz):
    recording = SimpleNamespace(provenance=Provenance(device_filter=told))
    assert high_pass_hz(recording) == hz


def test_a_high_pass_is_said_beside_the_warning():
    step = Step("filter", {"high_pass_hz": 0.5})
    facts = Given(judged(picture(II=0.3, III=0.3, aVF=0.3)), steps=(step,))
    assert acute(facts)["57054005"].rule.endswith("its ST level may be false.")


# ---- whole recordings ---------------------------------------------------------------------------

LONG = (("normal", 40.0), ("inferior-stemi", 30.0), ("normal", 40.0))
URGENT = {
    "anterior-stemi": "57054005",
    "inferior-stemi": "57054005",
    "lateral-stemi": "57054005",
    "rbbb+anterior-stemi": "57054005",
    "mobitz-1+inferior-stemi": "57054005",
    "complete-av-block-junctional+inferior-stemi": "57054005",
}
CALM = (
    "normal",
    "lbbb",
    "rbbb",
    "lvh-strain",
    "paced-ventricular",
    "brugada",
    "hyperkalaemia",
    "wpw",
)


def facts_of(case, noise="usual"):
    recording = simulate(case, seed=21, noise=noise).recording
    return Facts(Study(replace(recording, patient=MAN)))


@pytest.mark.parametrize("noise", ["usual", 15.0])
@pytest.mark.parametrize("case", URGENT)
def test_simulated_infarctions_are_warned_of(case, noise):
    assert URGENT[case] in acute(facts_of(case, noise))


@pytest.mark.parametrize("case", CALM)
def test_what_is_no_infarction_is_not_warned_of(case):
    assert not [call for call in acute(facts_of(case)).values() if call.urgent]


def test_an_infarction_within_a_long_recording():
    parts = [simulate(case, seed=21, duration_s=s).recording for case, s in LONG]
    joined = replace(join_recordings(parts), patient=MAN)
    found = acute(Facts(Study(joined)))["57054005"]
    (span,) = found.spans
    assert 35.0 <= span[0] <= 50.0
    assert 55.0 <= span[1] <= 75.0
    assert "inferior" in found.printed


def test_a_long_normal_recording():
    recording = replace(simulate("normal", seed=21, duration_s=60.0).recording, patient=MAN)
    facts = Facts(Study(recording))
    assert len(facts.st_stretches) == 6
    assert not acute(facts)


def test_a_recording_without_beats():
    recording = replace(simulate("normal", seed=1, duration_s=10).recording, patient=MAN)
    flat = recording.changed(np.zeros_like(recording.signal), Step("flat", {}))
    assert not acute(Facts(Study(flat)))
    assert draw_picture(Study(flat).measured, MAN, is_paced=False).waves == {}
