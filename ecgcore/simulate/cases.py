"""Curated demonstration cases: simulated, with a history and what to see.

No case is a person's recording.  Seeds are fixed, so that a case looks the same everywhere.
"""

from dataclasses import dataclass, replace

from ecgcore.errors import InvalidArgumentError
from ecgcore.recording import Patient
from ecgcore.simulate.cases_table import find_case
from ecgcore.simulate.engine import Simulation, simulate
from ecgcore.simulate.spec import CaseSpec


@dataclass(frozen=True)
class DemoCase:
    """One demonstration case.

    Attributes
    ----------
    key : str
    title : str
    history : str
        Age, sex and complaint in one line; invented.
    what_to_see : str
        What a textbook would point at.
    difficulty : int
        1 (seen at a glance) to 3.
    spec : CaseSpec
    seed : int
    teaches : tuple of str
        Codes of the statements to be found.
    """

    key: str
    title: str
    history: str
    what_to_see: str
    difficulty: int
    spec: CaseSpec
    seed: int
    teaches: tuple[str, ...]


def _make_demo(
    key: str,
    title: str,
    history: str,
    what_to_see: str,
    *,
    difficulty: int,
    seed: int,
    patient: Patient | None = None,
    **parameters: float,
) -> DemoCase:
    spec = find_case(key, **parameters)
    spec = spec if patient is None else replace(spec, patient=patient)
    return DemoCase(key, title, history, what_to_see, difficulty, spec, seed, spec.labels)


_RHYTHM = (
    _make_demo(
        "normal",
        "Normal ECG",
        "Woman, 44 years. Pre-operative ECG, asymptomatic.",
        "Upright P before every QRS in I and II, PR 160 ms, narrow QRS, normal R-wave progression "
        "from V1 to V4, upright T in I, II and V2 to V6.",
        difficulty=1,
        seed=5,
    ),
    _make_demo(
        "sinus-bradycardia",
        "Sinus bradycardia",
        "Man, 29 years. Endurance athlete, routine examination.",
        "A normal P before every QRS; rate below 50/min, varying with respiration. Waves and "
        "intervals are otherwise normal.",
        difficulty=1,
        seed=4,
    ),
    _make_demo(
        "sinus-tachycardia",
        "Sinus tachycardia",
        "Woman, 33 years. Fever and palpitations since yesterday.",
        "Regular narrow QRS at about 118/min, each preceded by an upright P in II, close to the T "
        "wave before it.",
        difficulty=1,
        seed=3,
    ),
    _make_demo(
        "pac",
        "Premature atrial complexes",
        "Woman, 52 years. Skipped beats, drinks a lot of coffee.",
        "Two premature narrow QRS complexes, each after a premature P of different shape "
        "(negative in II), followed by a pause shorter than two sinus cycles.",
        difficulty=3,
        seed=56,
    ),
    _make_demo(
        "pvc",
        "Premature ventricular complexes",
        "Man, 47 years. Skipped beats in the evening.",
        "Two premature wide QRS complexes without a preceding P, with discordant T, each followed "
        "by a full compensatory pause.",
        difficulty=1,
        seed=107,
    ),
    _make_demo(
        "atrial-fibrillation",
        "Atrial fibrillation",
        "Man, 74 years. Irregular pulse and exertional dyspnea for two weeks.",
        "No P waves; fine fibrillatory waves, best seen in V1 and II; irregularly irregular QRS "
        "complexes.",
        difficulty=1,
        seed=15,
    ),
    _make_demo(
        "atrial-flutter",
        "Atrial flutter",
        "Man, 66 years. Palpitations since this morning.",
        "Continuous sawtooth flutter waves at about 290/min, negative in II, III and aVF, small "
        "and upright in V1; mostly 4:1 conduction, at times 2:1.",
        difficulty=2,
        seed=23,
    ),
    _make_demo(
        "svt",
        "Supraventricular tachycardia",
        "Woman, 31 years. Sudden rapid heartbeat for half an hour, otherwise healthy.",
        "Regular narrow QRS at about 178/min without a preceding P; a small pseudo r' in V1 and a "
        "pseudo S in II and III at the end of the QRS.",
        difficulty=2,
        seed=24,
    ),
    _make_demo(
        "vt",
        "Ventricular tachycardia",
        "Man, 58 years. Anterior infarction two years ago; palpitations and dizziness, conscious.",
        "Regular QRS of about 170 ms at 164/min, without a P at a constant distance; P waves "
        "march through at their own rate, and one narrow capture beat interrupts the tachycardia.",
        difficulty=2,
        seed=46,
        patient=Patient(58, "male"),
        rate_bpm=164.0,
    ),
    _make_demo(
        "torsades",
        "Torsades de pointes",
        "Woman, 48 years. Syncope; takes sotalol and has had diarrhea for days.",
        "Long QT in the sinus beats; a premature complex and a pause, then polymorphic QRS at "
        "over 200/min whose points turn around the baseline.",
        difficulty=2,
        seed=43,
        patient=Patient(48, "female"),
    ),
    _make_demo(
        "vf-coarse",
        "Ventricular fibrillation",
        "Man, 62 years. Collapsed in the emergency department, no pulse.",
        "Waves of changing size and form at 4 to 7 a second in every lead, without P, QRS or T.",
        difficulty=1,
        seed=42,
        patient=Patient(62, "male"),
    ),
    _make_demo(
        "standstill-after-sinus",
        "Ventricular standstill",
        "Woman, 84 years. Repeated syncope, now unresponsive on the monitor.",
        "Three sinus beats with right bundle branch block, then P waves alone at an unchanged "
        "rate: no QRS complex follows.",
        difficulty=2,
        seed=44,
        patient=Patient(84, "female"),
    ),
    _make_demo(
        "hand-held-af",
        "Hand-held device: atrial fibrillation",
        "Woman, 70 years. Recorded lead I herself during palpitations.",
        "One lead, 30 seconds: irregularly irregular QRS complexes without P waves. Wave shapes "
        "in a single hand-held lead cannot be interpreted further.",
        difficulty=2,
        seed=17,
    ),
    _make_demo(
        "holter-pvc",
        "Long-term strip: ventricular ectopy",
        "Woman, 58 years. Palpitations at rest; 30 minutes of a Holter recording.",
        "Sinus rhythm of varying rate with about three PVCs a minute, mostly isolated; some "
        "couplets, short runs of bigeminy and one run of four. Two monitoring leads only.",
        difficulty=2,
        seed=18,
    ),
)
_CONDUCTION = (
    _make_demo(
        "first-degree-av-block",
        "First-degree AV block",
        "Woman, 71 years. Takes a beta blocker, asymptomatic.",
        "Every P is conducted; the PR interval is almost seven small squares (about 270 ms) and "
        "constant.",
        difficulty=2,
        seed=6,
    ),
    _make_demo(
        "mobitz-1",
        "Second-degree AV block, Mobitz I",
        "Man, 24 years. Rower, ECG before knee surgery.",
        "The PR interval lengthens from beat to beat, most in the second beat of each group, "
        "until a P is not conducted; the first PR after the pause is the shortest.",
        difficulty=2,
        seed=22,
    ),
    _make_demo(
        "mobitz-2",
        "Second-degree AV block, Mobitz II",
        "Man, 77 years. Dizziness when climbing stairs, a pulse that misses beats.",
        "Every third P is not conducted; the PR interval of the conducted beats is the same "
        "before and after the pause, which is two sinus cycles long.",
        difficulty=2,
        seed=45,
        patient=Patient(77, "male"),
    ),
    _make_demo(
        "complete-av-block",
        "Complete AV block",
        "Woman, 81 years. Two syncopes this week.",
        "P waves at about 82/min and wide QRS complexes at about 36/min, both regular and "
        "unrelated: complete AV block with ventricular escape rhythm.",
        difficulty=2,
        seed=21,
    ),
    _make_demo(
        "rbbb",
        "Right bundle branch block",
        "Man, 63 years. Insurance examination.",
        "QRS over 120 ms; rsR' in V1 with an inverted T; broad, slurred S in I, V5 and V6.",
        difficulty=1,
        seed=9,
    ),
    _make_demo(
        "lbbb",
        "Left bundle branch block",
        "Woman, 69 years. Hypertension, exertional dyspnea.",
        "QRS over 140 ms; broad notched R in I, aVL, V5 and V6 without q; deep broad S in V1 to "
        "V3; discordant ST and T.",
        difficulty=1,
        seed=8,
    ),
    _make_demo(
        "bifascicular-block",
        "Bifascicular block with first-degree AV block",
        "Man, 76 years. Occasional dizziness.",
        "Right bundle branch block (rsR' in V1, broad S in I and V6), left axis deviation beyond "
        "-45 degrees with rS in II, III and aVF, and a PR of about 260 ms.",
        difficulty=3,
        seed=31,
    ),
    _make_demo(
        "wpw",
        "Pre-excitation (WPW pattern)",
        "Woman, 23 years. Episodes of rapid heartbeat since school age.",
        "PR below 120 ms and a delta wave at the onset of each QRS, positive in I, II and V2 to "
        "V6; QRS about 130 ms, discordant T.",
        difficulty=2,
        seed=23,
    ),
    _make_demo(
        "paced-ventricular",
        "Ventricular pacing",
        "Man, 78 years. Pacemaker for seven years, routine check.",
        "A pacing spike before every QRS, about 150 ms after each P; wide QRS of left bundle "
        "branch block pattern, negative in II, III and aVF, discordant T.",
        difficulty=1,
        seed=27,
    ),
    _make_demo(
        "failure-to-capture-ventricular",
        "Failure to capture",
        "Woman, 80 years. Pacemaker for three years, syncope this morning.",
        "Pacing spikes at a regular rate, several without a QRS complex after them; wide escape "
        "beats without a spike end the pauses.",
        difficulty=2,
        seed=46,
        patient=Patient(80, "female"),
    ),
)
_ISCHEMIA = (
    _make_demo(
        "st-depression",
        "ST depression",
        "Man, 67 years. Exertional chest tightness; end of an exercise test.",
        "Horizontal ST depression of 0.1 to 0.25 mV in V3 to V6 and about 0.1 mV in I and II, "
        "with ST elevation in aVR.",
        difficulty=2,
        seed=13,
    ),
    _make_demo(
        "inferior-stemi",
        "Inferior ST elevation infarction",
        "Man, 61 years. Chest pain and cold sweat for 90 minutes.",
        "ST elevation in II, III and aVF, greater in III than in II, with an early Q wave in III; "
        "reciprocal ST depression in aVL and I.",
        difficulty=2,
        seed=14,
    ),
    _make_demo(
        "anterior-stemi",
        "Anterior ST elevation infarction",
        "Man, 57 years. Crushing chest pain for two hours.",
        "ST elevation in V1 to V5, greatest in V2 to V4, merging with a tall T; loss of r in V1 "
        "and V2; slight reciprocal ST depression in III and aVF.",
        difficulty=1,
        seed=15,
    ),
    _make_demo(
        "posterior-infarct",
        "Acute posterior infarction",
        "Man, 59 years. Chest pain for an hour, radiating to the back.",
        "Horizontal ST depression in V1 to V4, deepest in V2 and V3, with a tall broad R and an "
        "upright T: record V7 to V9.",
        difficulty=3,
        seed=47,
        patient=Patient(59, "male"),
    ),
    _make_demo(
        "de-winter",
        "De Winter pattern",
        "Man, 46 years. Heavy smoker, chest pain for 30 minutes.",
        "J point 0.1 to 0.3 mV below the baseline in V2 to V5, ST rising steeply into tall "
        "symmetric T; slight ST elevation in aVR: occlusion of the left anterior descending "
        "artery.",
        difficulty=3,
        seed=48,
        patient=Patient(46, "male"),
    ),
    _make_demo(
        "wellens-a",
        "Wellens pattern, type A",
        "Woman, 53 years. Chest pain at rest last night, none now.",
        "T in V2 and V3 rises and then falls steeply below the baseline; ST is hardly elevated, R "
        "waves are preserved: critical stenosis of the left anterior descending artery.",
        difficulty=3,
        seed=49,
        patient=Patient(53, "female"),
    ),
    _make_demo(
        "lbbb-concordant-elevation",
        "LBBB with concordant ST elevation",
        "Woman, 71 years. Left bundle branch block known for years; chest pain since this morning.",
        "Left bundle branch block, but ST is elevated by 0.1 mV or more in I, II and V4 to V6, "
        "where QRS is upright: modified Sgarbossa criteria are met.",
        difficulty=3,
        seed=50,
        patient=Patient(71, "female"),
    ),
    _make_demo(
        "old-inferior-infarct",
        "Old inferior infarction",
        "Man, 70 years. Chest pain four years ago, now exertional dyspnea.",
        "Broad Q waves in III and aVF, smaller in II, with T inversion and an isoelectric ST "
        "segment.",
        difficulty=2,
        seed=28,
    ),
)
_OTHER = (
    _make_demo(
        "lvh-strain",
        "Left ventricular hypertrophy with strain",
        "Man, 64 years. Hypertension for 20 years, systolic murmur.",
        "SV1 + RV5 over 3.5 mV; downsloping ST depression with asymmetric T inversion in V5, V6 "
        "and I; broad P.",
        difficulty=2,
        seed=1,
    ),
    _make_demo(
        "pericarditis",
        "Acute pericarditis",
        "Man, 27 years. Sharp chest pain, worse lying down, after a cold.",
        "Concave ST elevation in I, II and V3 to V6 without reciprocal depression but in aVR; PR "
        "depression in II, PR elevation in aVR.",
        difficulty=2,
        seed=52,
        patient=Patient(27, "male"),
    ),
    _make_demo(
        "hyperkalaemia",
        "Hyperkalemia",
        "Woman, 66 years. Chronic kidney disease, weakness since yesterday.",
        "Tall, peaked T waves with a narrow base, most marked in V2 to V4, and flattened P waves.",
        difficulty=2,
        seed=26,
    ),
    _make_demo(
        "hyperkalaemia-severe",
        "Severe hyperkalemia with wide QRS",
        "Man, 69 years. Missed two dialysis sessions, too weak to stand.",
        "No P waves; QRS of about 190 ms in every lead that runs without an ST segment into a "
        "tall T.",
        difficulty=2,
        seed=51,
        patient=Patient(69, "male"),
    ),
    _make_demo(
        "long-qt",
        "Long QT interval",
        "Woman, 19 years. Fainted when an alarm clock rang.",
        "At a normal rate the T wave ends far beyond half of the RR interval: QT about 500 ms, "
        "QTc about 530 ms.",
        difficulty=3,
        seed=29,
    ),
    _make_demo(
        "brugada",
        "Brugada type 1 pattern",
        "Man, 38 years. Sudden death of a brother at night; asymptomatic.",
        "J-point elevation of 0.2 mV or more in V1 and V2 with coved ST segment and negative T; "
        "the other leads are almost unchanged.",
        difficulty=3,
        seed=25,
    ),
    _make_demo(
        "lead-off",
        "Technical: electrode off",
        "Woman, 39 years. Restless, recorded in a hurry.",
        "Flat line in V3 (electrode off); muscle and motion artifact in the other leads. Repeat "
        "the recording before reading it.",
        difficulty=2,
        seed=16,
    ),
    _make_demo(
        "arm-reversal",
        "Technical: arm lead reversal",
        "Man, 50 years. Routine check, asymptomatic.",
        "P, QRS and T all inverted in I, aVR upright, V1 to V6 normal: arm lead reversal, not "
        "dextrocardia.",
        difficulty=3,
        seed=30,
    ),
)
# In the order in which a reader looks for them.
DEMONSTRATION_GROUPS = {
    "Rhythm": _RHYTHM,
    "Conduction": _CONDUCTION,
    "Ischemia and infarction": _ISCHEMIA,
    "Other": _OTHER,
}
DEMONSTRATION_CASES = tuple(demo for group in DEMONSTRATION_GROUPS.values() for demo in group)
# Its number on the page, from 1.
DEMONSTRATION_NUMBERS = {demo.key: n for n, demo in enumerate(DEMONSTRATION_CASES, start=1)}
_BY_KEY = {demo.key: demo for demo in DEMONSTRATION_CASES}


def make_demonstration_case(key: str) -> Simulation:
    """Make the demonstration case called ``key``.

    Raises
    ------
    InvalidArgumentError
        Naming the possible cases.

    Examples
    --------
    >>> make_demonstration_case("pvc").recording.n_leads
    12
    """
    if key not in _BY_KEY:
        raise InvalidArgumentError(
            f"The demonstration case is {key!r}; possible cases are {', '.join(_BY_KEY)}."
        )
    demo = _BY_KEY[key]
    return simulate(demo.spec, seed=demo.seed)
