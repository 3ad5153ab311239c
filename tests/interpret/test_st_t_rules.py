"""ST-T patterns, and infarction by Q waves, from hand-made leads."""

import pytest

from ecgcore.interpret.rules import infarct, st_t
from ecgcore.interpret.st_picture import (
    depression_score,
)
from ecgcore.interpret.territories import find_reciprocal, name_walls
from tests.interpret.test_st_rules import Given, calls, judged, picture

# ---- ST and T -----------------------------------------------------------------------------------


def test_depression_by_wall():
    shown = judged(picture(V5=-0.05, V6=-0.05))
    assert calls(st_t, shown)["STD"].printed == "ST depression, lateral (V5 0.05, V6 0.05 mV)"
    assert "STD" not in calls(st_t, judged(picture(V5=-0.04, V6=-0.05)))
    assert "ISCLA" in calls(st_t, judged(picture(V5=-0.12, V6=-0.12)))
    assert "INJLA" in calls(st_t, judged(picture(V5=-0.25, V6=-0.25)))


def test_upsloping_depression_counts_from_a_tenth():
    rising = {"j_mv": -0.09, "j80_mv": 0.0}
    assert not judged(picture(V5=rising, V6=rising)).depressed
    rising = {"j_mv": -0.1, "j80_mv": 0.0}
    assert judged(picture(V5=rising, V6=rising)).depressed == ("V5", "V6")


def test_depression_score_is_shared_by_two_leads():
    assert depression_score(picture(V5=-0.2, V6=-0.1)) == pytest.approx(0.1)
    assert depression_score(picture(V5=-0.2, II=-0.1)) <= 0.0
    assert depression_score(picture(V5=-0.2, V6=-0.1, qrs_ms=130.0)) == 0.0


def test_strain_explains_lateral_depression():
    down = {"st": -0.1, "t_mv": -0.3, "r_mv": 2.0}
    shown = judged(picture(V5=down, V6=down, I=down, aVL=down), has_lvh=True)
    found = calls(st_t, shown)
    assert "left" in found["370365005"].printed
    assert not {"STD", "INVT", "ISCLA"} & set(found)
    assert "STD" in calls(st_t, judged(picture(V5=down, V6=down)))


def test_t_inversion_and_wellens():
    inverted = {"t_mv": -0.1}
    assert "INVT" in calls(st_t, judged(picture(V5=inverted, V6=inverted)))
    assert "INVT" not in calls(st_t, judged(picture(V5={"t_mv": -0.09}, V6=inverted)))
    assert "INVT" not in calls(st_t, judged(picture(III=inverted)))
    deep = {"t_mv": -0.4}
    shown = judged(picture(V2=deep, V3=deep, V4=deep))
    assert "type B" in calls(st_t, shown)["WELLENS"].printed
    biphasic = {"t_mv": 0.3, "t_up_mv": 0.3, "t_down_mv": -0.15}
    assert "type A" in calls(st_t, judged(picture(V2=biphasic, V3=biphasic)))["WELLENS"].printed
    assert "WELLENS" not in calls(st_t, judged(picture(V2=biphasic)))


def test_nonspecific_changes():
    low, flat = {"st": -0.04}, {"t_mv": 0.02}
    assert "NST_" in calls(st_t, judged(picture(V5=low, V6=low)))
    assert "NT_" in calls(st_t, judged(picture(V5=flat, V6=flat)))
    assert "428750005" in calls(st_t, judged(picture(V5=low | flat, V6=low | flat)))
    assert not calls(st_t, judged(picture()))


def test_digitalis():
    sag = {"j_mv": -0.04, "j40_mv": -0.08, "j60_mv": -0.1, "j80_mv": -0.09, "t_mv": 0.1}
    shown = judged(picture(V4=sag, V5=sag, V6=sag))
    assert "DIG" in calls(st_t, Given(shown, values={"qtc_fridericia": 380.0}))
    assert "DIG" not in calls(st_t, Given(shown, values={"qtc_fridericia": 450.0}))


# ---- infarct ------------------------------------------------------------------------------------


def q(ms=40.0, mv=-0.3, **more):
    return {"q_mv": mv, "q_ms": ms} | more


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"III": q(30.0), "aVF": q(30.0)}, "IMI"),
        ({"III": q(29.0), "aVF": q(30.0)}, ""),
        ({"III": q(mv=-0.09), "aVF": q()}, ""),
        ({"III": q(), "aVF": q(mv=-0.12)}, ""),
        ({"III": q()}, ""),
        ({"V2": q(20.0), "V3": q(20.0)}, "AMI"),
        ({"V1": q(r_mv=0.0), "V2": q(r_mv=0.0), "V3": q(r_mv=0.0)}, "ASMI"),
        ({"V1": q(r_mv=0.0)}, ""),
        ({"V1": q(r_mv=0.0), "V2": q(r_mv=0.0)}, ""),
        ({"V2": q(), "V3": q(), "V4": q(), "V5": q()}, "ALMI"),
        (dict.fromkeys(("V1", "V2", "V3", "V4", "V5", "V6"), q()), "AHA166"),
        ({"I": q(), "aVL": q()}, "LMI"),
        ({"II": q(), "III": q(), "aVF": q(), "V5": q(), "V6": q()}, "ILMI"),
        ({key: {"r_mv": 1.0, "s_mv": -0.5, "r_ms": 45.0} for key in ("V1", "V2")}, "PMI"),
        ({key: {"r_mv": 1.0, "s_mv": -0.5, "r_ms": 39.0} for key in ("V1", "V2")}, ""),
    ],
)
def test_q_and_r_criteria(changes, code):
    found = set(calls(infarct, judged(picture(**changes))))
    assert found == ({code} if code else set())


def test_the_age_of_an_infarction():
    def said(**more):
        given = {name: q(**more) for name in ("II", "III", "aVF")}
        return calls(infarct, judged(picture(**given)))["IMI"].printed

    assert said().endswith("old or of undetermined age")
    assert said(st=0.2).endswith("possibly acute")
    assert said(st=0.06, t_mv=-0.2).endswith("possibly recent")


@pytest.mark.parametrize(
    ("shape", "values"),
    [
        ({"is_paced": True}, {}),
        ({"qrs_ms": 150.0, "is_lbbb": True}, {}),
        ({"qrs_ms": 115.0}, {"pr": 100.0}),
    ],
)
def test_where_q_waves_say_nothing(shape, values):
    shown = judged(picture(III=q(), aVF=q()), **shape)
    facts = Given(shown, values=values)
    assert not calls(infarct, facts)
    assert {each.code for each in infarct.call_infarct(facts)} == {"AMI", "IMI"}


def test_pulmonary_embolism_needs_another_sign():
    shown = judged(picture(I={"s_mv": -0.4}, III={"q_mv": -0.2, "q_ms": 25.0, "t_mv": -0.1}))
    assert "AHA201" in calls(infarct, Given(shown, values={"heart_rate": 115.0}))
    assert "AHA201" not in calls(infarct, Given(shown, values={"heart_rate": 75.0}))


def test_reciprocal_leads():
    assert find_reciprocal(("anterolateral",), ("II", "III", "V1", "aVR")) == ("II", "III", "V1")
    assert name_walls(("V4", "V5")) == ("anterolateral",)
