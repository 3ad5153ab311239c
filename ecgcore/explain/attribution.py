"""One verb: explain a statement of a model on a recording, in the recording's own shape."""

from ecgcore.explain.explainer import Explainer
from ecgcore.inference.loading import LoadedModel
from ecgcore.recording import Recording
from ecgcore.results import Attribution


def explain(
    model: LoadedModel,
    recording: Recording,
    label: str,
    method: str = "gradcam",
    *,
    leads: tuple[str, ...] | None = None,
    windows: str = "all",
) -> Attribution:
    """Return where a model looked for one statement.

    Parameters
    ----------
    model : LoadedModel
    recording : Recording
    label : str
        A code of the model's labels.
    method : str
        A key of :data:`ecgcore.explain.METHODS`.
    leads : tuple of str, optional
        Use only these leads of the recording; as in :func:`ecgcore.inference.predict`.
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
    return Explainer(model, recording, leads).explain(label, method, windows=windows)
