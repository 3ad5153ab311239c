"""From a study to a network's findings and to what is reported, which say one thing."""

from dataclasses import replace

from ecgcore.inference import LoadedModel
from ecgcore.interpret.decide import hear_network
from ecgcore.interpret.interpret import Ruled, interpret
from ecgcore.interpret.reconcile import reconcile
from ecgcore.results import Interpretation, Prediction
from ecgcore.study import Study
from ecgcore.turns import Priority, turn


def assess(
    model: LoadedModel, study: Study, *, windows: bool = False, ruled: Ruled | None = None
) -> Prediction:
    """Return a model's findings, reconciled with what is measured and reported of the recording.

    Parameters
    ----------
    model : LoadedModel
    study : Study
        Of the recording, with the leads that are to be used and the reader's marks.
    windows : bool
        Also give the findings of each 10 s window.
    ruled : Ruled, optional
        What the rules say of this study, where they were applied already.

    Raises
    ------
    CannotAssessError
        As :func:`ecgcore.inference.predict`.
    ModelError
        If the anomaly model is needed and cannot be loaded.
    """
    return assess_and_report(model, study, windows=windows, ruled=ruled)[0]


@turn(Priority.FINDINGS)
def assess_and_report(
    model: LoadedModel, study: Study, *, windows: bool = False, ruled: Ruled | None = None
) -> tuple[Prediction, Interpretation]:
    """Return a model's findings, and what is reported with their support; as :func:`assess`."""
    heard = hear_network(model, study, windows=windows)
    reported = interpret(study, model, prediction=heard, ruled=ruled)
    found = reconcile(heard, study, reported)
    return (found if windows else replace(found, windows=())), reported
