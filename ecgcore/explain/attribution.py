"""One verb: explain a statement of a model on a recording, in the recording's own shape."""

import time
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from ecgcore.checks import one_of
from ecgcore.errors import CannotAssessError
from ecgcore.explain import checks
from ecgcore.explain.case import Case, Method
from ecgcore.explain.gradcam import gradcam
from ecgcore.inference.loading import LoadedModel
from ecgcore.inference.predict import Reading, network_logits, read_for
from ecgcore.inference.prepare import Window, samples_of, to_recording
from ecgcore.models import with_scale
from ecgcore.recording import Recording
from ecgcore.results import Attribution


@dataclass(frozen=True)
class MethodEntry:
    """A method and what it is, in one sentence for the reader."""

    run: Method
    words: str


METHODS: dict[str, MethodEntry] = {
    "gradcam": MethodEntry(
        gradcam,
        "Grad-CAM, lead by lead: what in the encoder's output speaks for the statement "
        "(gradient times activation, not averaged over time).",
    ),
}


def explain(
    model: LoadedModel,
    recording: Recording,
    label: str,
    method: str = "gradcam",
    *,
    leads: tuple[str, ...] | None = None,
) -> Attribution:
    """Return where a model looked for one statement.

    Parameters
    ----------
    model : LoadedModel
    recording : Recording
    label : str
        A code of the model's labels.
    method : str
        A key of :data:`METHODS`.
    leads : tuple of str, optional
        Use only these leads of the recording; as in :func:`ecgcore.inference.predict`.

    Returns
    -------
    Attribution
        On the recording's own leads and samples; zero in leads that were not used, in absent
        samples, and, in a recording of over 60 s, outside the window with the highest
        probability.  With its self-checks.

    Raises
    ------
    InvalidArgumentError
        If the method is unknown.
    CannotAssessError
        If the model has no such label, or cannot run on the recording.
    """
    started = time.perf_counter()
    entry = METHODS[one_of("method", method, METHODS)]
    if label not in model.card.codes:
        raise CannotAssessError(
            f"{model.name} has no label {label!r}; it has {', '.join(model.card.codes)}."
        )
    output = model.card.codes.index(label)
    reading = read_for(model, recording, leads=leads)
    with model.lock:
        window = _highest_window(model, reading, output)
        x, present = (t.to(model.device) for t in reading.given.batch([window]))
        network = with_scale(model.network, reading.given.scales([window]).to(model.device))
        case = Case(network, x, present, reading.given.index.to(model.device), output)
        with torch.enable_grad():
            cam = entry.run(case)
        dense = _to_samples(cam, case.stride, x.shape[2]) * present[0].cpu().numpy()
        check = checks.deletion(case, dense, reading.given.fs_hz)
        step = case.stride
    values = to_recording(cam, window, step, reading.given, recording)
    return Attribution(
        values=values,
        leads=recording.leads,
        fs_hz=recording.fs_hz,
        method=method,
        label=label,
        model=model.name,
        self_check=(check, checks.outside(values, _seen(recording, reading, window))),
        seconds=time.perf_counter() - started,
    )


def _highest_window(model: LoadedModel, reading: Reading, output: int) -> Window:
    if len(reading.pieces) == 1:
        return reading.pieces[0]
    logits = network_logits(model.network, reading.given, reading.pieces)
    return reading.pieces[int(logits[:, output].argmax())]


def _to_samples(cam: NDArray[np.float32], step: int, n_samples: int) -> NDArray[np.float32]:
    at = step * np.arange(cam.shape[1])
    return np.stack([np.interp(np.arange(n_samples), at, row) for row in cam]).astype(np.float32)


def _seen(recording: Recording, reading: Reading, window: Window) -> NDArray[np.bool_]:
    """Return which of the recording's samples went into the model."""
    seen = np.zeros(recording.signal.shape, dtype=bool)
    for name in reading.given.leads:
        seen[recording.leads.index(name), samples_of(window, reading.given, recording)] = True
    return np.asarray(seen & np.isfinite(recording.signal))
