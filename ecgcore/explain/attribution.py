"""One verb: explain a statement of a model on a recording, in the recording's own shape."""

from ecgcore.explain.explainer import Explainer
from ecgcore.inference.loading import LoadedModel
from ecgcore.results import Attribution
from ecgcore.study import Study


def explain(
    model: LoadedModel,
    study: Study,
    label: str,
    method: str = "gradcam",
    *,
    windows: str = "all",
) -> Attribution:
    """Return where a model looked for one statement.

    Parameters
    ----------
    model : LoadedModel
    study : Study
        Of the recording, with the leads that are to be used.
    label : str
        A code of the model's labels.
    method : str
        A key of :data:`ecgcore.explain.METHODS`.
    windows : str
        Of a recording of over 60 s: ``"all"`` its windows, or the one with the ``"highest"``
        probability.

    Returns
    -------
    Attribution
        On the recording's own leads and samples; zero in leads that were not used and in absent
        samples.  With its checks, of a long recording those of the window with the highest
        probability.

    Raises
    ------
    InvalidArgumentError
        If the method is unknown.
    CannotAssessError
        If the model has no such label, the method cannot be made of its network, or the model
        cannot run on the recording.
    """
    return Explainer(model, study).explain(label, method, windows=windows)
