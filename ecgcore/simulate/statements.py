"""What can be simulated, each with its codes and criterion, and how statements are put together.

Criteria: Surawicz et al., Circulation 119:e235 (2009), conduction; Wagner et al., 119:e262,
ischaemia; Hancock et al., 119:e251, hypertrophy; Rautaharju et al., 119:e241, ST, T and QT;
Strauss et al., Am J Cardiol 107:927 (2011), strict left bundle branch block; Kusumoto et al.,
Circulation 140:e382 (2019), AV block; Thygesen et al., Circulation 138:e618 (2018), infarction.
"""

from dataclasses import replace

from ecgcore.simulate import changes, library, planning, recipes
from ecgcore.simulate.planning import Ectopy, Rhythm
from ecgcore.simulate.spec import Limits
from ecgcore.simulate.statement import (
    AV,
    CONDUCTION,
    ECTOPY,
    ISCHAEMIA,
    MASS,
    REPOLARISATION,
    RHYTHM,
    TECHNICAL,
    SimulatedStatement,
)
from ecgcore.simulate.statements_morphology import MORPHOLOGY
from ecgcore.statements import statement

_SINUS_ONLY = (planning.SINUS,)
_REPOLARISATION = ("STD", "STE")
_PAC = Ectopy(planning.SUPRAVENTRICULAR, library.P_ECTOPIC.name, count=2, coupling=0.66)
_PVC = Ectopy(planning.VENTRICULAR, library.PVC_OUTFLOW.name, count=2, coupling=0.60)
_FOCI = (library.PVC_LEFT.name, library.PVC_APEX.name)

_TABLE = (
    # --- rhythm ---------------------------------------------------------------------------
    SimulatedStatement(
        "normal",
        "Normal ECG, sinus rhythm",
        ("SNR",),
        RHYTHM,
        recipes.sinus(68, 61, 98, 160),
        "P upright in I and II before every QRS, 60 to 100 a minute, PR 120 to 200 ms, QRS below "
        "110 ms, R growing from V1 to V4, T upright in I, II and V3 to V6, ST at the baseline",
    ),
    SimulatedStatement(
        "sinus-bradycardia",
        statement("SBRAD").term,
        ("SBRAD",),
        RHYTHM,
        recipes.sinus(46, 38, 56, 172),
        "sinus P before every QRS, below 60 a minute",
        ("SNR",),
    ),
    SimulatedStatement(
        "sinus-tachycardia",
        statement("STACH").term,
        ("STACH",),
        RHYTHM,
        recipes.sinus(118, 104, 145, 138),
        "sinus P before every QRS, above 100 a minute",
        ("SNR",),
    ),
    SimulatedStatement(
        "sinus-arrhythmia",
        statement("SARRH").term,
        ("SARRH",),
        RHYTHM,
        recipes.sinus(72, 62, 88, 150, sinus_arrhythmia=0.19),
        "sinus P of constant morphology and PR; RR varies with respiration, longest minus "
        "shortest more than 120 ms",
        ("SNR",),
    ),
    SimulatedStatement(
        "atrial-fibrillation",
        statement("AF").term,
        ("AF",),
        RHYTHM,
        recipes.change_rhythm(Rhythm(planning.FIBRILLATION, 92.0), Limits((52.0, 150.0))),
        "no P waves; fibrillatory waves of 4 to 8 Hz; irregularly irregular RR",
    ),
    SimulatedStatement(
        "atrial-flutter",
        "Atrial flutter, variable conduction",
        ("AFLT",),
        RHYTHM,
        recipes.flutter((4, 4, 4, 2)),
        "unbroken sawtooth of 250 to 340 a minute, negative in II, III and aVF; QRS after every "
        "second to fourth wave",
        ("AF",),
    ),
    SimulatedStatement(
        "atrial-flutter-2to1",
        "Atrial flutter, 2:1",
        ("AFLT",),
        RHYTHM,
        recipes.flutter((2,)),
        "as atrial flutter; QRS after every second wave, about 150 a minute",
        ("AF",),
    ),
    SimulatedStatement(
        "atrial-flutter-3to1",
        "Atrial flutter, 3:1",
        ("AFLT",),
        RHYTHM,
        recipes.flutter((3,)),
        "as atrial flutter; QRS after every third wave",
        ("AF",),
    ),
    SimulatedStatement(
        "atrial-flutter-4to1",
        "Atrial flutter, 4:1",
        ("AFLT",),
        RHYTHM,
        recipes.flutter((4,)),
        "as atrial flutter; QRS after every fourth wave, about 75 a minute",
        ("AF",),
    ),
    SimulatedStatement(
        "svt",
        statement("SVTAC").term,
        ("SVTAC",),
        RHYTHM,
        recipes.change_rhythm(
            Rhythm(planning.REENTRY, 178.0, sinus_arrhythmia=0.0), Limits(rate_bpm=(150.0, 215.0))
        ),
        "regular narrow QRS of 150 to 220 a minute; no P before it, a retrograde P at its end "
        "(pseudo r' in V1, pseudo S in II)",
        ("PAC", "STD"),
    ),
    SimulatedStatement(
        "mobitz-1",
        "Second-degree AV block, Mobitz I",
        ("2AVB", "54016002"),
        RHYTHM,
        recipes.block(planning.MOBITZ_1, rate_bpm=78.0, pr_ms=172.0, ratios=(4, 4, 5)),
        "PR lengthens until a P is not conducted; the increment is largest at first, the PR "
        "after the pause is the shortest",
        ("IAVB",),
    ),
    SimulatedStatement(
        "mobitz-2",
        "Second-degree AV block, Mobitz II",
        ("2AVB", "426183003"),
        RHYTHM,
        recipes.block(planning.MOBITZ_2, rate_bpm=74.0, pr_ms=164.0, ratios=(3, 4, 4)),
        "constant PR before and after a nonconducted P; the pause is two sinus cycles",
    ),
    SimulatedStatement(
        "complete-av-block",
        "Complete AV block, ventricular escape",
        ("3AVB",),
        RHYTHM,
        recipes.block(planning.COMPLETE_BLOCK, rate_bpm=82.0, escape_bpm=36.0),
        "P and QRS independent, each regular; broad escape of 20 to 40 a minute",
        ("LBBB", "RBBB", "PVC", "STD", "STE", "IAVB"),
        whole=True,
    ),
    SimulatedStatement(
        "complete-av-block-junctional",
        "Complete AV block, junctional escape",
        ("3AVB",),
        RHYTHM,
        recipes.block(planning.COMPLETE_BLOCK, rate_bpm=84.0, escape_bpm=46.0),
        "P and QRS independent, each regular; narrow escape of 40 to 60 a minute",
        ("IAVB",),
    ),
    SimulatedStatement(
        "paced-atrial",
        "Atrial pacing",
        ("PACE", "251268003"),
        RHYTHM,
        recipes.pacemaker("atrial", 72.0, 190.0),
        "a spike before every P, the QRS conducted",
        ("IAVB", "LBBB", "STD", "STE"),
    ),
    SimulatedStatement(
        "paced-ventricular",
        "Ventricular pacing",
        ("PACE", "251266004"),
        RHYTHM,
        recipes.pacemaker("ventricular", 70.0, 150.0),
        "a spike before every QRS; QRS like a left bundle branch block, axis superior, T "
        "discordant",
        ("LBBB", "STD", "STE"),
        whole=True,
    ),
    SimulatedStatement(
        "paced-dual",
        "Pacing of both chambers",
        ("PACE", "251268003", "251266004"),
        RHYTHM,
        recipes.pacemaker("both", 70.0, 160.0),
        "a spike before every P and one before every QRS, QRS as in ventricular pacing",
        ("LBBB", "STD", "STE"),
        whole=True,
    ),
    SimulatedStatement(
        "paced-af",
        "Atrial fibrillation with ventricular pacing",
        ("AF", "PACE", "251266004"),
        RHYTHM,
        recipes.change_rhythm(
            Rhythm(planning.FIBRILLATION, 70.0, chambers="ventricular"), Limits((58.0, 90.0))
        ),
        "f-waves, a spike before every QRS, RR constant",
        ("LBBB", "STD", "STE"),
        whole=True,
    ),
    # --- AV conduction --------------------------------------------------------------------
    SimulatedStatement(
        "first-degree-av-block",
        statement("IAVB").term,
        ("IAVB",),
        AV,
        recipes.first_degree,
        "PR above 200 ms and constant, every P conducted",
        needs=_SINUS_ONLY,
    ),
    # --- ventricular conduction -----------------------------------------------------------
    SimulatedStatement(
        "lbbb",
        statement("LBBB").term,
        ("LBBB",),
        CONDUCTION,
        recipes.replace_shape(library.LBBB),
        "QRS of 120 ms or more (strict: 140 in men, 130 in women); broad notched R in I, aVL, V5 "
        "and V6 without q, R peak beyond 60 ms in V5 and V6; ST and T against QRS",
        _REPOLARISATION,
        whole=True,
    ),
    SimulatedStatement(
        "rbbb",
        statement("RBBB").term,
        ("RBBB",),
        CONDUCTION,
        recipes.replace_shape(library.RBBB),
        "QRS of 120 ms or more; rsR' in V1; S wider than R or above 40 ms in I and V6",
    ),
    SimulatedStatement(
        "irbbb",
        statement("IRBBB").term,
        ("IRBBB",),
        CONDUCTION,
        recipes.replace_shape(library.IRBBB),
        "as right bundle branch block with QRS of 100 to 119 ms (rSr' in V1)",
        ("RBBB", "SNR"),
    ),
    SimulatedStatement(
        "lafb",
        statement("LAFB").term,
        ("LAFB",),
        CONDUCTION,
        recipes.lafb,
        "axis of -45 to -90 degrees, qR in aVL with R peak at 45 ms or later, rS in II, III and "
        "aVF, QRS below 120 ms (alone)",
    ),
    SimulatedStatement(
        "wpw",
        "Pre-excitation (WPW)",
        ("WPW",),
        CONDUCTION,
        recipes.wpw,
        "PR below 120 ms, delta wave of one direction in every beat, QRS of 110 ms or more, P to "
        "J as without it, T against the delta wave",
        ("LBBB", "RBBB", *_REPOLARISATION),
        whole=True,
        needs=_SINUS_ONLY,
    ),
    # --- voltage --------------------------------------------------------------------------
    SimulatedStatement(
        "lvh-strain",
        "Left ventricular hypertrophy with strain",
        ("LVH", "370365005"),
        MASS,
        recipes.lvh,
        "S in V1 and R in V5 or V6 3.5 mV or more (Sokolow and Lyon); ST falling into an "
        "asymmetric negative T in V5, V6 and I",
        _REPOLARISATION,
        whole=True,
    ),
    SimulatedStatement(
        "low-voltage",
        statement("LVOLT").term,
        ("LVOLT",),
        MASS,
        recipes.low_voltage,
        "QRS below 0.5 mV from peak to trough in all limb leads and below 1.0 mV in V1 to V6",
    ),
    # --- ischaemia and ST -----------------------------------------------------------------
    SimulatedStatement(
        "st-depression",
        statement("STD").term,
        ("STD",),
        ISCHAEMIA,
        recipes.change_shape(changes.st_depression),
        "horizontal, 0.1 mV or more in V4 to V6; elevation in aVR",
    ),
    SimulatedStatement(
        "inferior-stemi",
        "Inferior ST elevation infarction",
        ("STE", "IMI", "57054005"),
        ISCHAEMIA,
        recipes.change_shape(changes.inferior_stemi),
        "J of 0.1 mV or more in II, III and aVF; aVL depressed",
        ("STD",),
    ),
    SimulatedStatement(
        "anterior-stemi",
        "Anterior ST elevation infarction",
        ("STE", "AMI", "57054005"),
        ISCHAEMIA,
        recipes.change_shape(changes.anterior_stemi),
        "J of 0.2 mV or more in V2 and V3 and 0.1 mV or more in V4; III and aVF depressed",
        ("STD",),
    ),
    SimulatedStatement(
        "lateral-stemi",
        "Lateral ST elevation infarction",
        ("STE", "LMI", "57054005"),
        ISCHAEMIA,
        recipes.change_shape(changes.lateral_stemi),
        "J of 0.1 mV or more in I, aVL, V5 and V6; III and aVF depressed",
        ("STD",),
    ),
    SimulatedStatement(
        "old-inferior-infarct",
        "Old inferior infarction",
        ("IMI", "164867002", "QWAVE"),
        ISCHAEMIA,
        recipes.change_shape(changes.old_inferior_infarct),
        "Q of 30 ms and 0.1 mV or more in II, III and aVF, T negative there, J below threshold",
        _REPOLARISATION,
    ),
    SimulatedStatement(
        "old-anterior-infarct",
        "Old anterior infarction",
        ("AMI", "164867002", "QWAVE"),
        ISCHAEMIA,
        recipes.change_shape(changes.old_anterior_infarct),
        "QS or Q of 20 ms or more in V2 and V3, T negative there, J below threshold",
        _REPOLARISATION,
    ),
    SimulatedStatement(
        "t-inversion",
        statement("INVT").term,
        ("INVT",),
        ISCHAEMIA,
        recipes.change_shape(changes.t_inversion),
        "T of -0.1 mV or deeper in V3 to V6, symmetric; J at the baseline",
        ("STD",),
    ),
    SimulatedStatement(
        "brugada",
        "Brugada type 1 pattern",
        ("418818005",),
        ISCHAEMIA,
        recipes.change_shape(changes.brugada),
        "J of 0.2 mV or more in V1 and V2, ST falling without a saddle into a negative T",
        ("STE", "STD", "RBBB"),
    ),
    # --- QT and electrolytes --------------------------------------------------------------
    SimulatedStatement(
        "long-qt",
        "Long QT interval",
        ("LNGQT",),
        REPOLARISATION,
        recipes.qt(changes.long_qt, 530.0, 500.0, 580.0),
        "prolonged QT: QTc 480 ms or more at a normal rate",
    ),
    SimulatedStatement(
        "short-qt",
        statement("77867006").term,
        ("77867006",),
        REPOLARISATION,
        recipes.qt(changes.short_qt, 315.0, 300.0, 328.0),
        "QTc of 340 ms or less; hardly any ST, T tall and narrow",
    ),
    SimulatedStatement(
        "hyperkalaemia",
        "Hyperkalemia",
        ("EL", "14140009"),
        REPOLARISATION,
        recipes.hyperkalaemia,
        "narrow, pointed T, above half of R in V3 or V4; P flat",
        _REPOLARISATION,
    ),
    SimulatedStatement(
        "hyperkalaemia-severe",
        "Hyperkalaemia, severe",
        ("EL", "14140009"),
        REPOLARISATION,
        recipes.severe_hyperkalaemia,
        "no P, QRS of 140 ms or more that runs into a tall T",
        ("LBBB", "RBBB", *_REPOLARISATION),
        whole=True,
        needs=_SINUS_ONLY,
    ),
    # --- ectopy ---------------------------------------------------------------------------
    SimulatedStatement(
        "pac",
        "Premature atrial complexes",
        ("PAC",),
        ECTOPY,
        recipes.ectopy(_PAC),
        "premature P of different morphology (negative in II), QRS unchanged, pause shorter "
        "than two sinus cycles",
        needs=_SINUS_ONLY,
    ),
    SimulatedStatement(
        "pac-hidden",
        "Premature atrial complexes hidden in the T wave",
        ("PAC",),
        ECTOPY,
        recipes.ectopy(replace(_PAC, shape=library.P_HIGH.name, coupling=0.50)),
        "as premature atrial complexes; the P is superimposed on the preceding T",
        needs=_SINUS_ONLY,
    ),
    SimulatedStatement(
        "pac-blocked",
        "Blocked premature atrial complexes",
        ("PAC", "251170000"),
        ECTOPY,
        recipes.ectopy(replace(_PAC, shape=library.P_HIGH.name, coupling=0.46, blocked=True)),
        "premature P on the preceding T, not conducted, pause shorter than two sinus cycles",
        needs=_SINUS_ONLY,
    ),
    SimulatedStatement(
        "pvc",
        "Premature ventricular complexes",
        ("PVC",),
        ECTOPY,
        recipes.ectopy(_PVC),
        "premature QRS of 120 ms or more without a preceding P, discordant T, compensatory pause",
        needs=(planning.SINUS, planning.FIBRILLATION),
    ),
    SimulatedStatement(
        "pvc-multifocal",
        "Premature ventricular complexes of several foci",
        ("PVC",),
        ECTOPY,
        recipes.ectopy(replace(_PVC, count=3, others=_FOCI)),
        "as premature ventricular complexes, of more than one morphology",
        needs=(planning.SINUS, planning.FIBRILLATION),
    ),
    SimulatedStatement(
        "pvc-couplets",
        "Paired premature ventricular complexes",
        ("PVC", "251182009"),
        ECTOPY,
        recipes.ectopy(replace(_PVC, in_a_row=2)),
        "two premature ventricular complexes in a row",
        needs=_SINUS_ONLY,
    ),
    SimulatedStatement(
        "pvc-bigeminy",
        statement("11157007").term,
        ("PVC", "BIGU", "11157007"),
        ECTOPY,
        recipes.ectopy(replace(_PVC, count=0, every=1, repeats=0, coupling=0.56)),
        "each sinus beat is followed by a premature ventricular complex",
        ("PAC",),
        needs=_SINUS_ONLY,
    ),
    # --- technical ------------------------------------------------------------------------
    SimulatedStatement(
        "arm-reversal",
        "Technical: arm lead reversal",
        ("251139008",),
        TECHNICAL,
        recipes.reverse("arms"),
        "I inverted, II and III interchanged, aVR and aVL interchanged, aVF and V1 to V6 unchanged",
        ("SNR",),
    ),
    SimulatedStatement(
        "lead-off",
        "Technical: electrode off",
        (),
        TECHNICAL,
        recipes.lead_off,
        "flat line in one chest lead; muscle and motion artefact in the others",
    ),
)
# What training composes records of; further statements do not enter it by themselves.
TRAINING_STATEMENTS = {entry.key: entry for entry in _TABLE}
STATEMENTS = TRAINING_STATEMENTS | {entry.key: entry for entry in MORPHOLOGY}
