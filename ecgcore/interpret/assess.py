"""From a recording to findings that measurements and windows agree with."""

from dataclasses import replace

from ecgcore.inference import LoadedModel, predict
from ecgcore.inference.anomaly import default_anomaly, find_anomalies
from ecgcore.inference.prepare import model_leads
from ecgcore.interpret.reconcile import reconcile
from ecgcore.measure import measure
from ecgcore.recording import Recording
from ecgcore.results import MeasureResult, NotAssessed, Prediction
from ecgcore.turns import Priority, turn
from ecgcore.units import MV

# A recording of more than so many windows is not normal unless each window is.
WINDOWED = 1.5
# Alarms of stretches without QRS complexes: no statement is read there.
NO_QRS = ("no signal", "asystole", "standstill", "no organised QRS")


@turn(Priority.FINDINGS)
def assess(
    model: LoadedModel,
    recording: Recording,
    *,
    leads: tuple[str, ...] | None = None,
    windows: bool = False,
    measured: MeasureResult | None = None,
) -> Prediction:
    """Return a model's findings, reconciled with what is measured on the recording.

    Parameters
    ----------
    model, recording, leads, windows
        As :func:`ecgcore.inference.predict`.
    measured : MeasureResult, optional
        What was measured on these leads already.

    Raises
    ------
    CannotAssessError
        As :func:`ecgcore.inference.predict`.
    ModelError
        If the anomaly model is needed and cannot be loaded.
    """
    if leads is not None:
        model_leads(recording, model.card.input, leads)
    used = recording if leads is None else recording.select(leads)
    measured = measure(used) if measured is None else measured
    whole = recording.duration_s <= WINDOWED * model.card.input.window_s
    found = predict(
        model,
        recording,
        leads=leads,
        windows=windows or not whole,
        unread=stretches_without_qrs(measured),
    )
    found = reconcile(
        found,
        measured,
        recording.patient,
        in_mv=recording.unit == MV,
        anomaly=lambda: find_anomalies(default_anomaly(), used),
    )
    return found if windows else replace(found, windows=())


def stretches_without_qrs(measured: MeasureResult) -> list[NotAssessed]:
    """Return where no statement is to be read, each stretch with its reason."""
    stretches = [alarm for alarm in measured.alarms if alarm.kind in NO_QRS]
    return [NotAssessed(alarm.start_s, alarm.end_s, alarm.words) for alarm in stretches]
