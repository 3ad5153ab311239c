"""Cases of infarction, hypertrophy and artefact; J swept across the guideline's limits."""

from dataclasses import replace

from ecgcore.errors import InvalidArgumentError
from ecgcore.leads import STANDARD_12
from ecgcore.recording import Patient
from ecgcore.simulate.compose import compose_case
from ecgcore.simulate.spec import CaseSpec, Elevation
from ecgcore.simulate.statements_morphology import MORPHOLOGY

# J as a multiple of its limit in the two contiguous leads where it is highest.
SWEEP_TIMES = (0.5, 0.8, 1.2, 2.0)
TERRITORIES = ("anterior", "inferior", "lateral", "high-lateral")
_MAN, _YOUNG_MAN, _WOMAN = Patient(55, "male"), Patient(30, "male"), Patient(60, "female")
_BACK = (*STANDARD_12, "V7", "V8", "V9")
_RIGHT = (*STANDARD_12, "V3R", "V4R")


def set_elevation(spec: CaseSpec, times: float) -> CaseSpec:
    """Return a case whose J stands at a multiple of the guideline's limit in every person drawn.

    Parameters
    ----------
    times : float
        J over its limit at this age and sex (:func:`ecgcore.simulate.elevation.limit_mv`) in the
        two contiguous leads where it is highest; a depressed PR (pericarditis) adds to it.

    Returns
    -------
    CaseSpec
        An infarction below 1 keeps its current of injury, but its labels become uncertain: the
        guideline does not tell it.

    Raises
    ------
    InvalidArgumentError
        If the case has no shift of ST that could be scaled.
    """
    if not spec.ventricular.st:
        raise InvalidArgumentError(f"{spec.name} has no ST elevation that times could set.")
    raised = replace(spec, elevation=Elevation(times))
    if times >= 1 or not {"STE", "57054005"} <= set(spec.labels):
        return raised
    return replace(raised, labels=(), uncertain=(*spec.labels, *spec.uncertain, "SNR"))


def _sweep_stemi(territory: str, times: float, patient: Patient) -> CaseSpec:
    name = f"{territory}-stemi-x{times:g}-{patient.sex}-{patient.age_years:.0f}"
    return set_elevation(compose_case(f"{territory}-stemi", name=name, patient=patient), times)


def _make_cases() -> dict[str, CaseSpec]:
    young, old = Patient(24, "male"), Patient(67, "male")
    given = (
        compose_case("posterior-infarct", patient=Patient(58, "male")),
        compose_case("posterior-infarct", name="posterior-infarct-v7-v9", leads=_BACK),
        compose_case("right-ventricular-infarct", rate_bpm=58, patient=Patient(63, "male")),
        compose_case(
            "right-ventricular-infarct", name="right-ventricular-infarct-v4r", leads=_RIGHT
        ),
        compose_case("de-winter", rate_bpm=84, patient=Patient(49, "male")),
        compose_case("wellens-a", patient=Patient(56, "male")),
        compose_case("wellens-b", patient=Patient(61, "female")),
        compose_case("left-main", rate_bpm=98, patient=old),
        compose_case("hyperacute-t", rate_bpm=80, patient=Patient(52, "male")),
        compose_case("lv-aneurysm", patient=old),
        compose_case("pericarditis", rate_bpm=94, patient=Patient(31, "male")),
        compose_case("early-repolarisation", rate_bpm=61, patient=Patient(27, "male")),
        compose_case("early-repolarisation-slur", patient=Patient(33, "male")),
        compose_case("sinus-bradycardia", "osborn", name="osborn", patient=old),
        compose_case(
            "sinus-tachycardia", "pulmonary-embolism", name="pulmonary-embolism", rate_bpm=112
        ),
        compose_case(
            "sinus-tachycardia", "electrical-alternans", name="electrical-alternans", rate_bpm=110
        ),
        compose_case("brugada-type-2", patient=Patient(36, "male")),
        compose_case("juvenile-t", patient=Patient(22, "female")),
        compose_case("prominent-u", rate_bpm=61, patient=young),
        compose_case("hypokalaemia", rate_bpm=64, patient=Patient(45, "female")),
        compose_case("lvh-voltage", patient=young),
        compose_case(
            "sinus-bradycardia",
            "early-repolarisation",
            name="athlete",
            rate_bpm=46,
            pr_ms=206.0,
            size=1.2,
            patient=young,
        ),
        compose_case("atrial-fibrillation", "digitalis", rate_bpm=68, patient=old),
    )
    sweeps = [
        _sweep_stemi(territory, times, patient)
        for territory in TERRITORIES
        # Limits differ with age and sex in V2 and V3 alone.
        for patient in ((_MAN, _YOUNG_MAN, _WOMAN) if territory == "anterior" else (_MAN,))
        for times in SWEEP_TIMES
    ]
    cases = {spec.name: spec for spec in (*given, *sweeps)}
    for entry in MORPHOLOGY:
        cases.setdefault(entry.key, compose_case(entry.key))
    return cases


MORPHOLOGY_CASES = _make_cases()
