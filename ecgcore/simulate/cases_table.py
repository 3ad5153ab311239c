"""The named cases: every statement alone, and sensible combinations."""

from dataclasses import fields, replace
from typing import Any

from ecgcore.errors import InvalidArgumentError
from ecgcore.recording import Patient
from ecgcore.simulate import library, planning
from ecgcore.simulate.cases_morphology import MORPHOLOGY_CASES, set_elevation
from ecgcore.simulate.cases_rhythm import RHYTHM_CASES, make_rhythm_case
from ecgcore.simulate.compose import compose_case
from ecgcore.simulate.planning import Ectopy, Rhythm
from ecgcore.simulate.spec import CaseSpec
from ecgcore.simulate.statements import STATEMENTS, TRAINING_STATEMENTS

_HOLTER_RHYTHM = Rhythm(
    planning.SINUS,
    72.0,
    slow_change=0.12,
    ectopy=(
        Ectopy(planning.VENTRICULAR, library.PVC_OUTFLOW.name, per_minute=2.2, coupling=0.58),
        Ectopy(
            planning.VENTRICULAR,
            library.PVC_OUTFLOW.name,
            per_minute=0.2,
            coupling=0.58,
            in_a_row=2,
        ),
        Ectopy(
            planning.VENTRICULAR,
            library.PVC_OUTFLOW.name,
            per_minute=0.1,
            coupling=0.57,
            every=1,
            repeats=5,
        ),
        Ectopy(planning.VENTRICULAR, library.PVC_OUTFLOW.name, count=1, coupling=0.60, in_a_row=4),
        Ectopy(planning.SUPRAVENTRICULAR, library.P_ECTOPIC.name, per_minute=0.2),
    ),
)

# The cases of the app, in the order of its page.
_APP = (
    compose_case("normal", patient=Patient(44, "female")),
    compose_case("sinus-bradycardia", patient=Patient(29, "male")),
    compose_case("sinus-tachycardia", patient=Patient(33, "female")),
    compose_case("atrial-fibrillation", patient=Patient(74, "male")),
    compose_case("atrial-flutter", size=0.85, patient=Patient(66, "male")),
    compose_case("first-degree-av-block", rate_bpm=64, pr_ms=272, patient=Patient(71, "female")),
    compose_case("lbbb", rate_bpm=74, pr_ms=172, patient=Patient(69, "female")),
    compose_case("rbbb", rate_bpm=70, patient=Patient(63, "male")),
    compose_case("pac", rate_bpm=72, patient=Patient(52, "female")),
    compose_case("pvc", rate_bpm=70, patient=Patient(47, "male")),
    compose_case("st-depression", rate_bpm=88, pr_ms=154, patient=Patient(67, "male")),
    compose_case("inferior-stemi", rate_bpm=66, pr_ms=176, patient=Patient(61, "male")),
    compose_case("anterior-stemi", rate_bpm=92, pr_ms=152, patient=Patient(57, "male")),
    compose_case("lvh-strain", rate_bpm=72, pr_ms=170, patient=Patient(64, "male")),
    compose_case("lead-off", rate_bpm=78, patient=Patient(39, "female")),
    compose_case(
        "atrial-fibrillation",
        name="hand-held-af",
        rate_bpm=104.0,
        leads=("I",),
        noise="hand-held",
        fs_hz=300.0,
        duration_s=30.0,
        patient=Patient(70, "female"),
    ),
    replace(
        compose_case("pvc", "pvc-couplets", name="holter-pvc"),
        labels=("PVC", "251182009"),
        uncertain=("PAC",),
        rhythm=_HOLTER_RHYTHM,
        leads=("MLII", "V1"),
        noise="monitor",
        fs_hz=250.0,
        duration_s=1800.0,
        patient=Patient(58, "female"),
    ),
    compose_case("complete-av-block", pr_ms=160.0, patient=Patient(81, "female")),
    compose_case("mobitz-1", patient=Patient(24, "male")),
    compose_case("wpw", patient=Patient(23, "female")),
    compose_case("svt", patient=Patient(31, "female")),
    compose_case("brugada", patient=Patient(38, "male")),
    compose_case("hyperkalaemia", patient=Patient(66, "female")),
    compose_case("paced-ventricular", patient=Patient(78, "male")),
    compose_case("old-inferior-infarct", patient=Patient(70, "male")),
    compose_case("long-qt", patient=Patient(19, "female")),
    compose_case("arm-reversal", patient=Patient(50, "male")),
    compose_case(
        "rbbb",
        "lafb",
        "first-degree-av-block",
        name="bifascicular-block",
        patient=Patient(76, "male"),
    ),
)
COMBINATIONS = (
    ("atrial-fibrillation", "lbbb"),
    ("atrial-fibrillation", "rbbb"),
    ("atrial-fibrillation", "pvc"),
    ("atrial-fibrillation", "st-depression"),
    ("atrial-fibrillation", "inferior-stemi"),
    ("atrial-flutter-2to1", "rbbb"),
    ("first-degree-av-block", "rbbb"),
    ("first-degree-av-block", "lbbb"),
    ("first-degree-av-block", "inferior-stemi"),
    ("rbbb", "lafb"),
    ("rbbb", "anterior-stemi"),
    ("rbbb", "pvc"),
    ("mobitz-2", "rbbb"),
    ("mobitz-1", "inferior-stemi"),
    ("complete-av-block-junctional", "inferior-stemi"),
    ("old-inferior-infarct", "pvc"),
    ("old-anterior-infarct", "pvc-multifocal"),
    ("old-anterior-infarct", "lafb"),
    ("lvh-strain", "atrial-fibrillation"),
    ("lvh-strain", "first-degree-av-block"),
    ("sinus-bradycardia", "long-qt"),
    ("sinus-bradycardia", "first-degree-av-block"),
    ("sinus-tachycardia", "st-depression"),
    ("sinus-tachycardia", "low-voltage"),
    ("pac", "pvc"),
    ("low-voltage", "atrial-fibrillation"),
)


def _make_table() -> dict[str, CaseSpec]:
    cases = {spec.name: spec for spec in _APP}
    for key in TRAINING_STATEMENTS:
        cases.setdefault(key, compose_case(key))
    for keys in COMBINATIONS:
        cases.setdefault("+".join(keys), compose_case(*keys))
    return cases


# What training draws from where a recipe says "every case": a new case does not enter it by itself.
TRAINING_CASES = _make_table()
CASES = TRAINING_CASES | RHYTHM_CASES | MORPHOLOGY_CASES


def find_case(name: str, **parameters: Any) -> CaseSpec:
    """Return the case called ``name``: one of the table, or statements joined by ``+``.

    Parameters
    ----------
    name : str
    **parameters
        Of the rhythm: those of the case's function in
        :mod:`ecgcore.simulate.cases_rhythm`, or fields of :class:`Rhythm`.  ``times``: J as a
        multiple of the guideline's limit (:func:`ecgcore.simulate.cases_morphology.set_elevation`).

    Raises
    ------
    InvalidArgumentError
        Naming the possible cases or parameters, or what cannot stand together.

    Examples
    --------
    >>> find_case("sinus-pause-3s", pause_s=2.9).urgent
    ()
    """
    if parameters and name in RHYTHM_CASES:
        return make_rhythm_case(name, **parameters)
    spec = _find_case(name)
    if "times" in parameters:
        spec = set_elevation(spec, float(parameters.pop("times")))
    of_rhythm = {field.name for field in fields(Rhythm)} - {"name", "ectopy", "stretches"}
    possible = of_rhythm | {"times"}
    if not set(parameters) <= possible:
        unknown = ", ".join(sorted(set(parameters) - possible))
        raise InvalidArgumentError(
            f"{name} has no parameter {unknown}; possible are {', '.join(sorted(possible))}."
        )
    return replace(spec, rhythm=replace(spec.rhythm, **parameters)) if parameters else spec


def _find_case(name: str) -> CaseSpec:
    if name in CASES:
        return CASES[name]
    keys = name.split("+")
    if len(keys) > 1 and all(key in STATEMENTS for key in keys):
        return compose_case(*keys)
    raise InvalidArgumentError(
        f"The case is {name!r}; possible cases are {', '.join(CASES)}, and statements joined by +."
    )
