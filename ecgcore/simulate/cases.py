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


def _demo(
    key: str, title: str, history: str, what_to_see: str, *, difficulty: int, seed: int
) -> DemoCase:
    spec = find_case(key)
    return DemoCase(key, title, history, what_to_see, difficulty, spec, seed, spec.labels)


DEMONSTRATION_CASES = (
    _demo(
        "normal",
        "Normal ECG",
        "Woman, 44 years, check-up before an operation, no complaints.",
        "Upright P before every QRS in I and II, PR 160 ms, narrow QRS, R growing from V1 to V4, "
        "upright T in I, II and V2 to V6.",
        difficulty=1,
        seed=5,
    ),
    _demo(
        "sinus-bradycardia",
        "Sinus bradycardia",
        "Man, 29 years, endurance athlete, routine examination.",
        "A normal P before every QRS and a rate below 50 a minute that changes with breathing; "
        "waves and intervals are otherwise normal.",
        difficulty=1,
        seed=4,
    ),
    _demo(
        "sinus-tachycardia",
        "Sinus tachycardia",
        "Woman, 33 years, fever and palpitations since yesterday.",
        "Regular narrow QRS at about 118 a minute, each after an upright P in II that sits close "
        "behind the T wave before it.",
        difficulty=1,
        seed=3,
    ),
    _demo(
        "atrial-fibrillation",
        "Atrial fibrillation",
        "Man, 74 years, irregular pulse and less breath on stairs for two weeks.",
        "No P waves; fine irregular f-waves, best in V1 and II, and QRS complexes at intervals "
        "that never repeat.",
        difficulty=1,
        seed=0,
    ),
    _demo(
        "atrial-flutter",
        "Atrial flutter",
        "Man, 66 years, palpitations since this morning.",
        "An unbroken sawtooth at about 290 a minute, negative in II, III and aVF, small upright "
        "waves in V1; mostly every fourth wave is conducted, at times every second.",
        difficulty=2,
        seed=2,
    ),
    _demo(
        "first-degree-av-block",
        "First-degree AV block",
        "Woman, 71 years, takes a beta blocker, no complaints.",
        "Every P is conducted, and from the onset of P to the onset of QRS it takes almost "
        "seven small squares (about 270 ms), the same in every beat.",
        difficulty=2,
        seed=6,
    ),
    _demo(
        "lbbb",
        "Left bundle branch block",
        "Woman, 69 years, hypertension, breathless on exertion.",
        "QRS over 140 ms; broad notched R in I, aVL, V5 and V6 without a q; deep broad S in V1 "
        "to V3; ST and T point away from the QRS.",
        difficulty=1,
        seed=8,
    ),
    _demo(
        "rbbb",
        "Right bundle branch block",
        "Man, 63 years, insurance examination.",
        "QRS over 120 ms; rsR' in V1 with an inverted T, and a broad, slurred S in I, V5 and V6.",
        difficulty=1,
        seed=9,
    ),
    _demo(
        "pac",
        "Premature atrial complexes",
        "Woman, 52 years, feels single beats missing, much coffee.",
        "Two early narrow beats after an early P of another shape (negative in II), followed by "
        "a pause that is shorter than two sinus cycles.",
        difficulty=3,
        seed=56,
    ),
    _demo(
        "pvc",
        "Premature ventricular complexes",
        "Man, 47 years, stumbling heartbeat in the evening.",
        "Two early broad beats without a P wave before them, their T against the QRS, each "
        "followed by a full compensatory pause.",
        difficulty=1,
        seed=107,
    ),
    _demo(
        "st-depression",
        "ST depression",
        "Man, 67 years, tight chest when walking fast, now at the end of an exercise test.",
        "Horizontal ST depression of 0.1 to 0.25 mV in V3 to V6 and about 0.1 mV in I and II, with "
        "ST elevation in aVR.",
        difficulty=2,
        seed=13,
    ),
    _demo(
        "inferior-stemi",
        "Inferior ST elevation infarction",
        "Man, 61 years, chest pain and cold sweat for ninety minutes.",
        "ST elevation in II, III and aVF, more in III than in II, with a first Q in III; "
        "reciprocal ST depression in aVL and I.",
        difficulty=2,
        seed=14,
    ),
    _demo(
        "anterior-stemi",
        "Anterior ST elevation infarction",
        "Man, 57 years, crushing chest pain for two hours.",
        "ST elevation in V1 to V5, highest in V2 to V4, running into a tall T; the r of V1 and V2 "
        "is lost; slight reciprocal ST depression in III and aVF.",
        difficulty=1,
        seed=15,
    ),
    _demo(
        "lvh-strain",
        "Left ventricular hypertrophy with strain",
        "Man, 64 years, hypertension for twenty years, a systolic murmur.",
        "S in V1 and R in V5 together over 3.5 mV; down-sloping ST depression with an asymmetric "
        "inverted T in V5, V6 and I; a broad P.",
        difficulty=2,
        seed=1,
    ),
    _demo(
        "lead-off",
        "Technical: an electrode is off",
        "Woman, 39 years, restless, recorded in a hurry.",
        "V3 is a flat line because its electrode is off, and muscle and movement blur the rest: "
        "record again before reading.",
        difficulty=2,
        seed=16,
    ),
    _demo(
        "hand-held-af",
        "Hand-held device: atrial fibrillation",
        "Woman, 70 years, recorded lead I herself during palpitations.",
        "One lead, 30 seconds: the QRS intervals never repeat and no P precedes them; wave "
        "shapes in a single hand-held lead say no more than that.",
        difficulty=2,
        seed=17,
    ),
    _demo(
        "holter-pvc",
        "Long-term strip: ventricular ectopy",
        "Woman, 58 years, 30 minutes from a long-term recording, palpitations at rest.",
        "Sinus rhythm of changing rate with single broad early beats, about three a minute, each "
        "followed by a full pause; two monitoring leads only.",
        difficulty=2,
        seed=18,
    ),
)
_BY_KEY = {demo.key: demo for demo in DEMONSTRATION_CASES}


def demonstration_case(key: str) -> Simulation:
    """Make the demonstration case called ``key``.

    Raises
    ------
    InvalidArgumentError
        Naming the possible cases.
    """
    if key not in _BY_KEY:
        raise InvalidArgumentError(
            f"The demonstration case is {key!r}; possible cases are {', '.join(_BY_KEY)}."
        )
    demo = _BY_KEY[key]
    return simulate(demo.spec, seed=demo.seed)
