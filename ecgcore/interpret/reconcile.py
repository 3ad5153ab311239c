"""The network's findings corrected by what was measured on the same recording."""

from collections.abc import Callable
from dataclasses import replace

from ecgcore.inference.abstain import NORMAL
from ecgcore.interpret.normal import Objection, anomaly_objection, find_objections
from ecgcore.recording import Patient
from ecgcore.results import AnomalyMap, Finding, MeasureResult, Prediction, StDeviation
from ecgcore.statements import statement

ST_ELEVATION = "STE"
NO_VOLTAGE = "Amplitude not calibrated: axis, ST level and QRS voltage were not assessed."
# So many reasons are named; the rest is counted.
MAX_NAMED = 4


def reconcile(
    prediction: Prediction,
    measured: MeasureResult,
    patient: Patient,
    *,
    in_mv: bool = True,
    anomaly: Callable[[], AnomalyMap] | None = None,
) -> Prediction:
    """Withhold "Normal ECG" where anything disagrees, and flag ST elevation that was measured.

    Parameters
    ----------
    prediction : Prediction
        With its windows, where the recording is longer than one of them.
    measured : MeasureResult
    patient : Patient
    in_mv : bool
        False where the amplitude is not calibrated: axis, ST level and QRS voltage are then left
        out, and a "Normal ECG" says so.
    anomaly : callable, optional
        Makes the recording's anomaly map; only called where nothing else speaks against normal.

    Returns
    -------
    Prediction
        Probabilities are unchanged.  "Normal ECG" that was flagged is False where something
        abnormal was found, None where something could not be assessed, each with its reasons.
    """
    prediction = _add_measured_st(prediction, measured.st, patient)
    normal = prediction.finding(NORMAL)
    if normal is None or not normal.finding:
        return prediction
    found = find_objections(prediction, measured, patient, in_mv=in_mv)
    if not found and anomaly is not None:
        found = anomaly_objection(anomaly())
    if found:
        return _replace_finding(prediction, _withhold(normal, found))
    return prediction if in_mv else _replace_finding(prediction, _note_no_voltage(normal))


def _withhold(normal: Finding, found: tuple[Objection, ...]) -> Finding:
    named = "; ".join(each.words for each in found[:MAX_NAMED])
    more = f"; and {len(found) - MAX_NAMED} more" if len(found) > MAX_NAMED else ""
    contradicted = any(each.contradicts for each in found)
    reason = f"Withheld: {named}{more}. {normal.reason}".strip()
    return replace(normal, finding=False if contradicted else None, calibrated=False, reason=reason)


def _note_no_voltage(normal: Finding) -> Finding:
    return replace(normal, calibrated=False, reason=f"{NO_VOLTAGE} {normal.reason}".strip())


def _add_measured_st(prediction: Prediction, st: StDeviation, patient: Patient) -> Prediction:
    finding = prediction.finding(ST_ELEVATION)
    not_at_this_age = statement(ST_ELEVATION).check_age(patient.age_years)
    if finding is None or not st.elevation_in or not_at_this_age:
        return prediction
    words = f"Measured: ST elevation in {', '.join(st.elevation_in)}."
    # It was measured although the network could not assess it.
    reason = words if finding.finding is None else f"{words} {finding.reason}".strip()
    return _replace_finding(
        prediction, replace(finding, finding=True, calibrated=False, reason=reason)
    )


def _replace_finding(prediction: Prediction, finding: Finding) -> Prediction:
    findings = tuple(finding if f.code == finding.code else f for f in prediction.findings)
    return replace(prediction, findings=findings)
