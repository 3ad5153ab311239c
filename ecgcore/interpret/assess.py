"""From a study to findings that measurements and windows agree with."""

from dataclasses import replace

from ecgcore.inference import LoadedModel
from ecgcore.inference.anomaly import default_anomaly
from ecgcore.interpret.reconcile import reconcile
from ecgcore.measure.alarms import stretches_without_qrs
from ecgcore.results import Prediction
from ecgcore.study import Study
from ecgcore.turns import Priority, turn
from ecgcore.units import MV

# A recording of more than so many windows is not normal unless each window is.
WINDOWED = 1.5


@turn(Priority.FINDINGS)
def assess(model: LoadedModel, study: Study, *, windows: bool = False) -> Prediction:
    """Return a model's findings, reconciled with what is measured on the recording.

    Parameters
    ----------
    model : LoadedModel
    study : Study
        Of the recording, with the leads that are to be used and the reader's marks.
    windows : bool
        Also give the findings of each 10 s window.

    Raises
    ------
    CannotAssessError
        As :func:`ecgcore.inference.predict`.
    ModelError
        If the anomaly model is needed and cannot be loaded.
    """
    recording = study.recording
    study.reading(model)  # what it cannot read is not measured
    whole = recording.duration_s <= WINDOWED * model.card.input.window_s
    found = study.predict(
        model, windows=windows or not whole, unread=stretches_without_qrs(study.measured)
    )
    found = reconcile(
        found,
        study.measured,
        recording.patient,
        in_mv=recording.unit == MV,
        anomaly=lambda: study.anomaly(default_anomaly()),
    )
    return found if windows else replace(found, windows=())
