"""The network's findings corrected by what was measured and reported of the same recording."""

from dataclasses import replace

from ecgcore.inference.abstain import NORMAL
from ecgcore.interpret.text import NO_VOLTAGE
from ecgcore.recording import Patient
from ecgcore.results import Finding, Interpretation, Prediction, StDeviation
from ecgcore.statements import statement
from ecgcore.study import Study
from ecgcore.units import MV

ST_ELEVATION = "STE"
# So many reasons are named; the rest is counted.
MAX_NAMED = 4


def reconcile(prediction: Prediction, study: Study, reported: Interpretation) -> Prediction:
    """Withhold "Normal ECG" where it is not reported, and flag ST elevation that was measured.

    Parameters
    ----------
    prediction : Prediction
        The network's own.
    study : Study
    reported : Interpretation
        With the same network.

    Returns
    -------
    Prediction
        Probabilities are unchanged.  "Normal ECG" that was flagged is False where something
        abnormal was found, None where something could not be assessed, each with its reasons;
        where the amplitude is not calibrated it says what was left out.
    """
    patient = study.recording.patient
    prediction = _add_measured_st(prediction, study.measured.st, patient)
    normal = prediction.finding(NORMAL)
    if normal is None or not normal.finding:
        return prediction
    if not reported.normal:
        return _replace_finding(prediction, _withhold(normal, reported))
    if study.recording.unit != MV:
        return _replace_finding(prediction, _add_words(normal, NO_VOLTAGE))
    return prediction


def _withhold(normal: Finding, reported: Interpretation) -> Finding:
    reasons = reported.normal_reasons
    named = "; ".join(reasons[:MAX_NAMED])
    more = f"; and {len(reasons) - MAX_NAMED} more" if len(reasons) > MAX_NAMED else ""
    return replace(_add_words(normal, f"Withheld: {named}{more}."), finding=reported.normal)


def _add_words(finding: Finding, words: str) -> Finding:
    return replace(finding, calibrated=False, reason=f"{words} {finding.reason}".strip())


def _add_measured_st(prediction: Prediction, st: StDeviation, patient: Patient) -> Prediction:
    finding = prediction.finding(ST_ELEVATION)
    not_at_this_age = statement(ST_ELEVATION).check_age(patient.age_years)
    if finding is None or not st.elevation_in or not_at_this_age:
        return prediction
    words = f"Measured: ST elevation in {', '.join(st.elevation_in)}."
    if finding.finding is None:  # it was measured although the network could not assess it
        finding = replace(finding, reason="")
    return _replace_finding(prediction, replace(_add_words(finding, words), finding=True))


def _replace_finding(prediction: Prediction, finding: Finding) -> Prediction:
    findings = tuple(finding if f.code == finding.code else f for f in prediction.findings)
    return replace(prediction, findings=findings)
