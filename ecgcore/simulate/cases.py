"""Curated demonstration cases: simulated, with a history and what to see.

No case is a person's recording.  Seeds are fixed, so that a case looks the same everywhere.
"""

from dataclasses import dataclass

from ecgcore.errors import InvalidArgumentError
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
    key: str, title: str, history: str, what_to_see: str, *, difficulty: int, seed: int
) -> DemoCase:
    spec = find_case(key)
    return DemoCase(key, title, history, what_to_see, difficulty, spec, seed, spec.labels)


DEMONSTRATION_CASES = (
    _make_demo(
        "normal",
        "Normal ECG",
        "Woman, 44 years, check-up before an operation, no complaints.",
        "Upright P before every QRS in I and II, PR 160 ms, narrow QRS, R growing from V1 to V4, "
        "upright T in I, II and V2 to V6.",
        difficulty=1,
        seed=5,
    ),
    _make_demo(
        "sinus-bradycardia",
        "Sinus bradycardia",
        "Man, 29 years, endurance athlete, routine examination.",
        "A normal P before every QRS and a rate below 50 a minute that changes with breathing; "
        "waves and intervals are otherwise normal.",
        difficulty=1,
        seed=4,
    ),
    _make_demo(
        "sinus-tachycardia",
        "Sinus tachycardia",
        "Woman, 33 years, fever and palpitations since yesterday.",
        "Regular narrow QRS at about 118 a minute, each after an upright P in II that sits close "
        "behind the T wave before it.",
        difficulty=1,
        seed=3,
    ),
    _make_demo(
        "atrial-fibrillation",
        "Atrial fibrillation",
        "Man, 74 years, irregular pulse and less breath on stairs for two weeks.",
        "No P waves; fine irregular f-waves, best in V1 and II, and QRS complexes at intervals "
        "that never repeat.",
        difficulty=1,
        seed=15,
    ),
    _make_demo(
        "atrial-flutter",
        "Atrial flutter",
        "Man, 66 years, palpitations since this morning.",
        "An unbroken sawtooth at about 290 a minute, negative in II, III and aVF, small upright "
        "waves in V1; mostly every fourth wave is conducted, at times every second.",
        difficulty=2,
        seed=23,
    ),
    _make_demo(
        "first-degree-av-block",
        "First-degree AV block",
        "Woman, 71 years, takes a beta blocker, no complaints.",
        "Every P is conducted, and from the onset of P to the onset of QRS it takes almost "
        "seven small squares (about 270 ms), the same in every beat.",
        difficulty=2,
        seed=6,
    ),
    _make_demo(
        "lbbb",
        "Left bundle branch block",
        "Woman, 69 years, hypertension, breathless on exertion.",
        "QRS over 140 ms; broad notched R in I, aVL, V5 and V6 without a q; deep broad S in V1 "
        "to V3; ST and T point away from the QRS.",
        difficulty=1,
        seed=8,
    ),
    _make_demo(
        "rbbb",
        "Right bundle branch block",
        "Man, 63 years, insurance examination.",
        "QRS over 120 ms; rsR' in V1 with an inverted T, and a broad, slurred S in I, V5 and V6.",
        difficulty=1,
        seed=9,
    ),
    _make_demo(
        "pac",
        "Premature atrial complexes",
        "Woman, 52 years, feels single beats missing, much coffee.",
        "Two early narrow beats after an early P of another shape (negative in II), followed by "
        "a pause that is shorter than two sinus cycles.",
        difficulty=3,
        seed=56,
    ),
    _make_demo(
        "pvc",
        "Premature ventricular complexes",
        "Man, 47 years, stumbling heartbeat in the evening.",
        "Two early broad beats without a P wave before them, their T against the QRS, each "
        "followed by a full compensatory pause.",
        difficulty=1,
        seed=107,
    ),
    _make_demo(
        "st-depression",
        "ST depression",
        "Man, 67 years, tight chest when walking fast, now at the end of an exercise test.",
        "Horizontal ST depression of 0.1 to 0.25 mV in V3 to V6 and about 0.1 mV in I and II, with "
        "ST elevation in aVR.",
        difficulty=2,
        seed=13,
    ),
    _make_demo(
        "inferior-stemi",
        "Inferior ST elevation infarction",
        "Man, 61 years, chest pain and cold sweat for ninety minutes.",
        "ST elevation in II, III and aVF, more in III than in II, with a first Q in III; "
        "reciprocal ST depression in aVL and I.",
        difficulty=2,
        seed=14,
    ),
    _make_demo(
        "anterior-stemi",
        "Anterior ST elevation infarction",
        "Man, 57 years, crushing chest pain for two hours.",
        "ST elevation in V1 to V5, highest in V2 to V4, running into a tall T; the r of V1 and V2 "
        "is lost; slight reciprocal ST depression in III and aVF.",
        difficulty=1,
        seed=15,
    ),
    _make_demo(
        "lvh-strain",
        "Left ventricular hypertrophy with strain",
        "Man, 64 years, hypertension for twenty years, a systolic murmur.",
        "S in V1 and R in V5 together over 3.5 mV; down-sloping ST depression with an asymmetric "
        "inverted T in V5, V6 and I; a broad P.",
        difficulty=2,
        seed=1,
    ),
    _make_demo(
        "lead-off",
        "Technical: an electrode is off",
        "Woman, 39 years, restless, recorded in a hurry.",
        "V3 is a flat line because its electrode is off, and muscle and movement blur the rest: "
        "record again before reading.",
        difficulty=2,
        seed=16,
    ),
    _make_demo(
        "hand-held-af",
        "Hand-held device: atrial fibrillation",
        "Woman, 70 years, recorded lead I herself during palpitations.",
        "One lead, 30 seconds: the QRS intervals never repeat and no P precedes them; wave "
        "shapes in a single hand-held lead say no more than that.",
        difficulty=2,
        seed=17,
    ),
    _make_demo(
        "holter-pvc",
        "Long-term strip: ventricular ectopy",
        "Woman, 58 years, 30 minutes from a long-term recording, palpitations at rest.",
        "Sinus rhythm of changing rate with broad early beats, about three a minute, mostly "
        "single; some couplets, short spells of bigeminy and one run of four; two monitoring "
        "leads only.",
        difficulty=2,
        seed=18,
    ),
    _make_demo(
        "complete-av-block",
        "Complete AV block",
        "Woman, 81 years, fainted twice this week.",
        "P waves at about 82 and broad QRS complexes at about 36 a minute, each regular and "
        "neither following the other: ventricular escape rhythm.",
        difficulty=2,
        seed=21,
    ),
    _make_demo(
        "mobitz-1",
        "Second-degree AV block, Mobitz I",
        "Man, 24 years, rower, recorded before an operation on the knee.",
        "PR grows from beat to beat, most in the second beat of each group, until a P is not "
        "conducted; the first PR after the pause is the shortest.",
        difficulty=2,
        seed=22,
    ),
    _make_demo(
        "wpw",
        "Pre-excitation (WPW pattern)",
        "Woman, 23 years, attacks of racing heart since school.",
        "PR below 120 ms and a delta wave at the start of each QRS, upright in I, II and V2 to V6; "
        "QRS about 130 ms, T against the QRS.",
        difficulty=2,
        seed=23,
    ),
    _make_demo(
        "svt",
        "Supraventricular tachycardia",
        "Woman, 31 years, sudden racing heart for half an hour, otherwise healthy.",
        "Regular narrow QRS at about 178 a minute, no P before them; a small pseudo r' in V1 and "
        "a pseudo S in II and III just behind the QRS.",
        difficulty=2,
        seed=24,
    ),
    _make_demo(
        "brugada",
        "Brugada type 1 pattern",
        "Man, 38 years, a brother died suddenly at night, no complaints.",
        "J point raised by 0.2 mV or more in V1 and V2, ST coved downwards into a negative T, "
        "hardly any change elsewhere.",
        difficulty=3,
        seed=25,
    ),
    _make_demo(
        "hyperkalaemia",
        "Hyperkalaemia",
        "Woman, 66 years, chronic kidney disease, weak since yesterday.",
        "Tall T waves with a narrow base and a pointed top, best in V2 to V4, and flat P waves.",
        difficulty=2,
        seed=26,
    ),
    _make_demo(
        "paced-ventricular",
        "Ventricular pacing",
        "Man, 78 years, pacemaker for seven years, check-up.",
        "A spike before every QRS, about 150 ms behind each P; QRS broad as in left bundle branch "
        "block, negative in II, III and aVF, T against it.",
        difficulty=1,
        seed=27,
    ),
    _make_demo(
        "old-inferior-infarct",
        "Old inferior infarction",
        "Man, 70 years, chest pain four years ago, now breathless on stairs.",
        "Broad Q waves in III and aVF, smaller in II, with a negative T and the ST segment at the "
        "baseline.",
        difficulty=2,
        seed=28,
    ),
    _make_demo(
        "long-qt",
        "Long QT interval",
        "Woman, 19 years, fainted when an alarm clock rang.",
        "At an ordinary rate T ends far beyond half of the RR interval: QT about 500 ms, QTc about "
        "530 ms.",
        difficulty=3,
        seed=29,
    ),
    _make_demo(
        "arm-reversal",
        "Technical: arm leads reversed",
        "Man, 50 years, check-up, no complaints.",
        "P, QRS and T all inverted in I, aVR upright; V1 to V6 are normal, so the heart is not "
        "mirrored: the arm cables are exchanged.",
        difficulty=3,
        seed=30,
    ),
    _make_demo(
        "bifascicular-block",
        "Bifascicular block with first-degree AV block",
        "Man, 76 years, dizzy at times.",
        "Right bundle branch block (rsR' in V1, broad S in I and V6), left axis beyond -45 degrees "
        "with rS in II, III and aVF, and a PR of about 260 ms.",
        difficulty=3,
        seed=31,
    ),
)
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
