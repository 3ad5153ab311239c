"""Patterns of infarction, hypertrophy, conduction, electrolytes and artefact.

Beside each dangerous pattern stands what is mistaken for it: `docs/simulation.md` pairs them.
Sources are those of :mod:`ecgcore.simulate.ischaemia` and :mod:`ecgcore.simulate.remodelling`.
"""

from dataclasses import replace
from functools import partial
from typing import Any

from ecgcore.simulate import ischaemia, library, planning, recipes, remodelling
from ecgcore.simulate.recipes import Change
from ecgcore.simulate.spec import CaseSpec, Limits
from ecgcore.simulate.statement import (
    AV,
    CONDUCTION,
    ISCHAEMIA,
    MASS,
    REPOLARISATION,
    TECHNICAL,
    SimulatedStatement,
)
from ecgcore.statements import statement

_ST = ("STD", "STE")
_ACUTE, _OLD = "57054005", "164867002"


# Beside what it stands on nothing else changes the shape of the beat.
_alone = partial(SimulatedStatement, alone=True)


def _set(**fields: Any) -> Change:
    return lambda spec: replace(spec, **fields)


def _short_pr(spec: CaseSpec) -> CaseSpec:
    limits = replace(spec.limits, pr_ms=(96.0, 116.0))
    return replace(spec, rhythm=replace(spec.rhythm, pr_ms=106.0), limits=limits)


def _hyperkalaemia_moderate(spec: CaseSpec) -> CaseSpec:
    rhythm = replace(spec.rhythm, pr_ms=spec.rhythm.pr_ms + 56)
    return replace(
        spec,
        atrial=remodelling.P_FLAT,
        ventricular=remodelling.HYPERKALAEMIA_MODERATE,
        rhythm=rhythm,
        limits=replace(spec.limits, pr_ms=(200.0, 250.0)),
    )


def _hyperkalaemia_sine(spec: CaseSpec) -> CaseSpec:
    lost = library.AtrialShape("lost", ())
    return replace(
        spec,
        atrial=lost,
        ventricular=remodelling.HYPERKALAEMIA_SINE,
        rhythm=replace(spec.rhythm, rate_bpm=92.0, sinus_arrhythmia=0.0),
        qtc_ms=480.0,
        limits=Limits((80.0, 110.0), qtc_ms=(465.0, 500.0)),
    )


def _pericarditis(spec: CaseSpec) -> CaseSpec:
    inflamed = recipes.change_shape(remodelling.pericarditis)(spec)
    return replace(inflamed, atrial=remodelling.P_PERICARDITIS)


def _osborn(spec: CaseSpec) -> CaseSpec:
    # Cold slows everything: the node, the AV node and repolarisation.
    cold = recipes.change_shape(remodelling.osborn)(spec)
    return replace(cold, qtc_ms=475.0, limits=replace(spec.limits, qtc_ms=(450.0, 510.0)))


_ISCHAEMIC = (
    _alone(
        "high-lateral-stemi",
        "High lateral ST elevation infarction",
        ("STE", "LMI", _ACUTE),
        ISCHAEMIA,
        recipes.change_shape(ischaemia.high_lateral_stemi),
        "J of 0.1 mV or more in I and aVL; III and aVF depressed by as much",
        ("STD",),
    ),
    _alone(
        "posterior-infarct",
        "Acute posterior infarction",
        ("STD", "PMI", _ACUTE),
        ISCHAEMIA,
        recipes.change_shape(ischaemia.posterior_infarct),
        "horizontal ST depression in V1 to V4, deepest in V2 or V3, with a tall broad R (R above S "
        "in V2) and an upright T; J of 0.05 mV or more in V7 to V9",
        ("STE", "RVH"),
    ),
    _alone(
        "inferoposterior-stemi",
        "Acute inferoposterior infarction",
        ("STE", "STD", "IMI", "IPMI", _ACUTE),
        ISCHAEMIA,
        recipes.change_shape(ischaemia.inferoposterior_stemi),
        "J of 0.1 mV or more in II, III and aVF with ST depression and a tall R in V2 and V3",
        ("PMI", "RVH"),
    ),
    _alone(
        "right-ventricular-infarct",
        "Inferior infarction with right ventricular involvement",
        ("STE", "IMI", "AHA174", _ACUTE),
        ISCHAEMIA,
        recipes.change_shape(ischaemia.right_ventricular_infarct),
        "inferior elevation, larger in III than in II, with J of 0.1 mV or more in V1 falling to "
        "V3, J of 0.05 mV or more in V4R, and I and aVL depressed",
        ("STD",),
    ),
    _alone(
        "de-winter",
        "de Winter pattern",
        ("STD", "251259000", _ACUTE, "DEWINTER"),
        ISCHAEMIA,
        recipes.change_shape(ischaemia.de_winter),
        "J 0.1 to 0.3 mV low in V2 to V5, ST rising from there into a tall symmetric T; aVR "
        "slightly raised",
        ("STE", "AMI", "14140009", "EL"),
    ),
    _alone(
        "wellens-a",
        "Wellens pattern, type A",
        ("WELLENS", "INVT"),
        ISCHAEMIA,
        recipes.change_shape(ischaemia.wellens_a),
        "T in V2 and V3 rises and then turns steeply below the baseline; J hardly raised, r kept",
        (*_ST, "ISCAN"),
    ),
    _alone(
        "wellens-b",
        "Wellens pattern, type B",
        ("WELLENS", "INVT"),
        ISCHAEMIA,
        recipes.change_shape(ischaemia.wellens_b),
        "T deeply and symmetrically negative in V2 to V4; J at the baseline, r kept",
        (*_ST, "ISCAN"),
    ),
    _alone(
        "left-main",
        "Left main or multivessel ischemia",
        ("STD", "LEFTMAIN"),
        ISCHAEMIA,
        recipes.change_shape(ischaemia.left_main),
        "J of 0.1 mV or more in aVR, depression of 0.1 mV or more in at least six other leads",
        ("STE",),
    ),
    _alone(
        "hyperacute-t",
        statement("HYPERT").term,
        ("251259000", "HYPERT"),
        ISCHAEMIA,
        recipes.change_shape(ischaemia.hyperacute_t),
        "broad symmetric T above R in V2 to V4; J below the limit",
        ("STE", "AMI", _ACUTE, "EL", "14140009"),
    ),
    _alone(
        "old-lateral-infarct",
        "Old lateral infarction",
        ("LMI", _OLD, "QWAVE"),
        ISCHAEMIA,
        recipes.change_shape(ischaemia.old_lateral_infarct),
        "Q of 30 ms and 0.1 mV or more in I and aVL, T flat or negative there, J below threshold",
        _ST,
    ),
    _alone(
        "old-posterior-infarct",
        "Old posterior infarction",
        ("PMI", _OLD),
        ISCHAEMIA,
        recipes.change_shape(ischaemia.old_posterior_infarct),
        "R of 40 ms or more and above S in V2, T upright, ST at the baseline",
        (*_ST, "RVH", "QWAVE"),
    ),
    _alone(
        "lv-aneurysm",
        statement("ANEUR").term,
        ("ANEUR", "AMI", _OLD, "QWAVE"),
        ISCHAEMIA,
        recipes.change_shape(ischaemia.lv_aneurysm),
        "QS in V1 to V3 with J of 0.1 mV or more, T below .36 of QRS, no reciprocal depression",
        (*_ST, "INVT"),
    ),
)


def _make_sgarbossa(
    base: str, codes: tuple[str, ...], words: str
) -> tuple[SimulatedStatement, ...]:
    rows = (
        (
            "concordant-elevation",
            ischaemia.concordant_elevation,
            "J of 0.1 mV or more in a lead with a positive QRS",
        ),
        (
            "concordant-depression",
            ischaemia.concordant_depression,
            "J of -0.1 mV or deeper in V1 to V3 with a negative QRS",
        ),
        (
            "excessive-discordance",
            ischaemia.excessive_discordance,
            "J of 0.1 mV or more against a negative QRS and over a quarter of S (ratio below "
            "-0.25)",
        ),
    )
    short = "lbbb" if base == "lbbb" else "paced"
    return tuple(
        _alone(
            f"{short}-{key}",
            f"Infarction in {words}: {key.replace('-', ' ')}",
            codes,
            ISCHAEMIA,
            recipes.change_any_beat(change),
            f"as {words}, with {criterion}",
            _ST,
            stands_on=base,
        )
        for key, change, criterion in rows
    )


_SGARBOSSA = (
    *_make_sgarbossa("lbbb", (_ACUTE, "AHA173"), "left bundle branch block"),
    *_make_sgarbossa("paced-ventricular", (_ACUTE,), "ventricular pacing"),
)

_ST_AND_T = (
    _alone(
        "pericarditis",
        statement("AHA200").term,
        ("AHA200",),
        ISCHAEMIA,
        _pericarditis,
        "concave elevation in I, II and V3 to V6, II above III, over a quarter of T in V6; PR "
        "depressed in II, raised in aVR; ST depressed in aVR alone (V1 may be flat)",
        (*_ST, "428417006"),
    ),
    _alone(
        "early-repolarisation",
        "Early repolarization, notch at J",
        ("428417006",),
        ISCHAEMIA,
        recipes.change_shape(remodelling.early_repolarisation),
        "notch at the end of R of 0.1 mV or more in II, III, aVF and V4 to V6, concave elevation "
        "in V2 to V5 into a tall T; no reciprocal depression",
        (*_ST, "SNR"),
    ),
    _alone(
        "early-repolarisation-slur",
        "Early repolarization, slur at J",
        ("428417006",),
        ISCHAEMIA,
        recipes.change_shape(remodelling.early_repolarisation_slur),
        "slurred end of R of 0.1 mV or more in the inferior and lateral leads, concave ST",
        (*_ST, "SNR"),
    ),
    _alone(
        "osborn",
        "Osborn waves (hypothermia)",
        ("AHA154",),
        ISCHAEMIA,
        _osborn,
        "hump of 0.2 mV or more at J in II and V3 to V6, long QT; cold slows the sinus node",
        (*_ST, "LNGQT", "428417006"),
    ),
    _alone(
        "brugada-type-2",
        "Brugada type 2 pattern",
        (),
        ISCHAEMIA,
        recipes.change_shape(remodelling.brugada_2),
        "r' of 0.2 mV or more in V2 that slopes into a saddle of 0.05 mV or more, T upright in V2",
        ("418818005", *_ST, "IRBBB", "RBBB", "SNR"),
    ),
    _alone(
        "digitalis",
        statement("DIG").term,
        ("DIG",),
        ISCHAEMIA,
        recipes.qt(remodelling.digitalis, 372.0, 355.0, 385.0),
        "ST scooped below the baseline in I, II and V4 to V6, J near the baseline, T small, "
        "QT short",
        (*_ST, "EL", "NST_", "428750005"),
    ),
    _alone(
        "nonspecific-st-t",
        statement("428750005").term,
        ("428750005",),
        ISCHAEMIA,
        recipes.change_shape(remodelling.nonspecific_st_t),
        "ST depressed by less than 0.1 mV, T below a tenth of R in I, II and V4 to V6",
        (*_ST, "NST_", "NT_", "LOWT", "TAB_"),
    ),
    _alone(
        "juvenile-t",
        "Persistent juvenile T-wave pattern",
        ("INVT",),
        ISCHAEMIA,
        recipes.change_shape(remodelling.juvenile_t),
        "T shallow, asymmetric and negative in V1 to V3, upright from V4 on; ST at the baseline",
        ("SNR", "STD"),
    ),
)
_CONDUCTION_AND_MASS = (
    _alone(
        "lpfb",
        statement("LPFB").term,
        ("LPFB",),
        CONDUCTION,
        recipes.replace_shape(remodelling.LPFB),
        "axis of 90 to 180 degrees, rS in I and aVL, qR in III and aVF, QRS below 120 ms",
        ("47665007",),
    ),
    _alone(
        "ilbbb",
        statement("ILBBB").term,
        ("ILBBB",),
        CONDUCTION,
        recipes.replace_shape(remodelling.ILBBB),
        "QRS of 110 to 119 ms, no q in I, V5 and V6, R there slurred or notched",
        (*_ST, "LBBB", "NST_"),
    ),
    _alone(
        "rvh",
        "Right ventricular hypertrophy with strain",
        ("RVH", "47665007", "370365005"),
        MASS,
        _set(ventricular=remodelling.RVH, atrial=remodelling.P_RIGHT),
        "R in V1 of 0.7 mV or more and above S, deep S in V6, axis above 90 degrees, T negative in "
        "V1 to V3, tall P",
        (*_ST, "RAO/RAE", "INVT"),
    ),
    _alone(
        "biventricular-hypertrophy",
        statement("AHA144").term,
        ("AHA144",),
        MASS,
        _set(ventricular=remodelling.BVH, atrial=remodelling.P_BOTH),
        "R and S in V3 4.5 mV or more together (Katz and Wachtel), R in V1 of 0.7 mV or more, axis "
        "of 60 degrees or more",
        (*_ST, "LVH", "RVH", "370365005", "VCLVH", "47665007", "LAO/LAE", "RAO/RAE"),
    ),
    _alone(
        "lvh-voltage",
        "Left ventricular voltage without strain",
        ("VCLVH",),
        MASS,
        _set(ventricular=remodelling.LVH_VOLTAGE),
        "S in V1 and R in V5 or V6 3.5 mV or more; ST and T normal",
        ("LVH", "SNR", "HVOLT"),
    ),
    _alone(
        "right-atrial-enlargement",
        statement("RAO/RAE").term,
        ("RAO/RAE",),
        MASS,
        _set(atrial=remodelling.P_RIGHT),
        "P above 0.25 mV in II, 0.15 mV or more upright in V1 or V2, below 120 ms",
    ),
    _alone(
        "left-atrial-enlargement",
        statement("LAO/LAE").term,
        ("LAO/LAE",),
        MASS,
        _set(atrial=remodelling.P_LEFT_LARGE),
        "P of 120 ms or more, notched in II; its end in V1 0.1 mV deep and 40 ms long",
    ),
    _alone(
        "poor-r-progression",
        "Poor R-wave progression",
        ("365413008",),
        MASS,
        recipes.change_shape(remodelling.poor_r_progression),
        "r in V3 of 0.3 mV or less without Q; ST and T normal",
        ("SNR", "AMI", "QWAVE"),
    ),
    _alone(
        "low-limb-voltage",
        "Low voltage in the limb leads alone",
        ("LVOLT",),
        MASS,
        recipes.change_shape(remodelling.low_limb_voltage),
        "QRS below 0.5 mV from peak to trough in all limb leads, 1.0 mV or more in V2 and V3",
        ("365413008",),
    ),
    _alone(
        "pulmonary-embolism",
        statement("AHA201").term,
        ("AHA201", "INVT"),
        MASS,
        recipes.change_shape(remodelling.pulmonary_embolism),
        "S in I of 0.15 mV or more, q of 0.1 mV or more and negative T in III, T negative in V1 to "
        "V4, late r in V1; usually with sinus tachycardia",
        (*_ST, "IRBBB", "RBBB", "IMI"),
    ),
    _alone(
        "dextrocardia",
        "Dextrocardia",
        ("AHA230",),
        MASS,
        _set(mirrored=True),
        "P, QRS and T negative in I, aVR and aVL interchanged; R falls from V1 to V6",
        ("SNR", "47665007", "LMI", "QWAVE", "365413008", "AHA10", "251139008"),
    ),
    _alone(
        "electrical-alternans",
        "Electrical alternans with low voltage",
        ("423863005",),
        MASS,
        _set(alternans=0.45, size=0.5),
        "every other QRS smaller by a third or more, low voltage; usually with sinus tachycardia",
        ("LVOLT",),
    ),
)
_ELECTROLYTES = (
    _alone(
        "hyperkalaemia-moderate",
        "Hyperkalemia, moderate",
        ("EL", "14140009"),
        REPOLARISATION,
        _hyperkalaemia_moderate,
        "pointed T, P flat and PR long, QRS of 120 ms or more",
        (*_ST, "IVCD", "LBBB", "RBBB", "IAVB"),
    ),
    _alone(
        "hyperkalaemia-sine",
        "Hyperkalemia, sine wave",
        ("EL", "14140009"),
        REPOLARISATION,
        _hyperkalaemia_sine,
        "no P; QRS of 160 ms or more runs into T as one sine wave",
        (*_ST, "IVCD", "LBBB", "RBBB"),
    ),
    _alone(
        "hypokalaemia",
        "Hypokalemia",
        ("EL", "AHA211", "AHA150"),
        REPOLARISATION,
        recipes.qt(remodelling.hypokalaemia, 410.0, 395.0, 425.0),
        "ST slightly depressed, T flat, U above T in V2 to V4",
        (*_ST, "LNGQT", "LOWT", "NST_", "428750005"),
    ),
    _alone(
        "prominent-u",
        statement("AHA150").term,
        ("AHA150",),
        REPOLARISATION,
        recipes.change_shape(remodelling.prominent_u),
        "U of 0.1 mV or more in V2 and V3, below half of T; ST and T normal, rate slow",
        ("SNR",),
    ),
)
_TECHNICAL = tuple(
    SimulatedStatement(key, title, codes, TECHNICAL, recipes.reverse(name), criterion, unknown)
    for key, title, codes, name, criterion, unknown in (
        (
            "ra-ll-reversal",
            "Technical: right arm and left leg reversed",
            ("AHA10",),
            "RA-LL",
            "I, II and III inverted (I and III also interchanged), aVR and aVF interchanged",
            ("SNR", "IMI", "QWAVE"),
        ),
        (
            "la-ll-reversal",
            "Technical: left arm and left leg reversed",
            ("AHA10",),
            "LA-LL",
            "I and II interchanged, III inverted, aVL and aVF interchanged; "
            "P larger in I than in II",
            ("SNR", "IMI", "LMI", "39732003"),
        ),
        (
            "ra-rl-reversal",
            "Technical: right arm and right leg reversed",
            ("AHA10",),
            "RA-RL",
            "II almost a flat line, I inverted III",
            ("SNR", "LVOLT"),
        ),
        (
            "v1-v2-reversal",
            "Technical: V1 and V2 reversed",
            ("AHA11",),
            "V1-V2",
            "r larger in V1 than in V2; P in V2 as V1 should have it",
            ("SNR", "365413008"),
        ),
        (
            "v1-v3-reversal",
            "Technical: V1 and V3 reversed",
            ("AHA11",),
            "V1-V3",
            "R falls from V1 to V3 and grows suddenly in V4",
            ("SNR", "365413008", "AMI", "ASMI", "QWAVE"),
        ),
        (
            "v1-v2-high",
            "Technical: V1 and V2 too high",
            ("AHA11",),
            "V1-V2 high",
            "P negative in V1 and V2, r small or with r', T lower or negative",
            ("SNR", "IRBBB", "365413008", "AMI", "ASMI", "INVT"),
        ),
    )
)
_ARTEFACT = (
    SimulatedStatement(
        "artefact-wander",
        "Technical: baseline wander imitating ST elevation",
        ("251143007",),
        TECHNICAL,
        _set(noise="wander"),
        "the baseline rises and falls by several mm between beats; no lead has its ST shifted in "
        "every beat",
        ("SNR", *_ST),
    ),
)
_AV = (
    SimulatedStatement(
        "short-pr",
        "Short PR interval without delta wave",
        ("49578007",),
        AV,
        _short_pr,
        "PR below 120 ms, no delta wave, QRS as usual",
        ("SNR", "WPW"),
        needs=(planning.SINUS,),
    ),
)
MORPHOLOGY = (
    *_AV,
    *_CONDUCTION_AND_MASS,
    *_ISCHAEMIC,
    *_SGARBOSSA,
    *_ST_AND_T,
    *_ELECTROLYTES,
    *_TECHNICAL,
    *_ARTEFACT,
)
