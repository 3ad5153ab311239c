"""What a network of several tasks says beside the statements: classes, beats, features."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from ecgcore.errors import CannotAssessError
from ecgcore.inference.abstain import handheld_shares
from ecgcore.inference.loading import LoadedModel
from ecgcore.inference.prepare import ModelInput, model_input, model_leads, pieces_of
from ecgcore.inference.runner import hear, make_call
from ecgcore.inference.windows import Window, cut_windows, run_windows
from ecgcore.models.protocol import side_names
from ecgcore.recording import Recording

Array = NDArray[np.float64]
# Beats of long recordings are read in windows of 20 s, each for the 10 s in its middle.
BEAT_WINDOW_S = 20.0
BEAT_STEP_S = 10.0
_BATCH = 16
KINDS = ("normal", "supraventricular", "ventricular")


@dataclass(frozen=True, eq=False)
class Sides:
    """Outputs beside the statements, over the pieces a recording is read in.

    Attributes
    ----------
    superclasses : array, shape (5,)
        Probabilities of ``ecgcore.statements.SUPERCLASSES``, not calibrated; the highest piece.
    handheld : array, shape (4,)
        Shares of ``ecgcore.models.HANDHELD``, 1 in sum; the mean of the pieces.  The largest is
        the class: the card's bias, chosen on records of ``val``, is in them.
    features : array, shape (n_features,)
        What stands before the last layer; the mean of the pieces.
    """

    superclasses: Array
    handheld: Array
    features: Array


def sides_of(model: LoadedModel, recording: Recording) -> Sides:
    """Return what the model says of a recording beside the statements.

    Raises
    ------
    CannotAssessError
        If the model has no such outputs, or cannot run on the recording.
    """
    _refuse_without(model, "superclasses")
    given = _given(model, recording)
    heard = hear(model.network, given, pieces_of(given, model.card.input))
    superclasses, handheld = np.asarray(heard.superclasses), np.asarray(heard.handheld)
    return Sides(
        expit(superclasses).max(axis=0),
        handheld_shares(handheld, model.card.sides.get("handheld_bias")),
        heard.feature_rows().mean(axis=0),
    )


def beat_shares(model: LoadedModel, recording: Recording, r_s: Array) -> Array:
    """Return how likely each beat is normal, supraventricular or ventricular.

    Parameters
    ----------
    r_s : array, shape (n_beats,)
        R peaks, seconds from the start.

    Returns
    -------
    array, shape (n_beats, 3)
        Columns as :data:`KINDS`, 1 in sum, not calibrated; NaN before the recording begins.  The
        largest is the kind: the card's bias, chosen on records of ``val``, is in them.

    Raises
    ------
    CannotAssessError
        If the model has no such output, or cannot run on the recording.
    """
    _refuse_without(model, "beats")
    given = _given(model, recording)
    call = make_call(model.network, given)
    out = np.full((r_s.size, len(KINDS)), np.nan)
    step_s = int(model.network.gradcam_stride) / given.fs_hz  # type: ignore[arg-type]

    def read(some: Sequence[Window]) -> None:
        share = call(some)["beats"].softmax(dim=1).cpu().numpy()
        for window, row in zip(some, share, strict=True):
            low, high = _read_by(window, given)
            beats = np.flatnonzero((r_s >= low) & (r_s < high))
            at_s = r_s[beats] - window.start / given.fs_hz
            out[beats] = _kinds_at(row, np.rint(at_s / step_s).astype(np.int64))

    run_windows(read, beat_windows(given), batch=_BATCH)
    return biased(out, model.card.sides.get("beat_bias"))


def biased(shares: Array, bias: Sequence[float] | None) -> Array:
    """Return shares (n, k), 1 in sum, with a bias added to their logarithms."""
    if bias is None:
        return shares
    weighed = shares * np.exp(np.asarray(bias, dtype=np.float64))
    return np.asarray(weighed / weighed.sum(axis=1, keepdims=True))


def beat_windows(given: ModelInput) -> list[Window]:
    """Return windows of 20 s, 10 s apart, the last one at the end; or the whole, if shorter."""
    size, step = (round(s * given.fs_hz) for s in (BEAT_WINDOW_S, BEAT_STEP_S))
    return cut_windows(given.n_samples, size, step)


def _read_by(window: Window, given: ModelInput) -> tuple[float, float]:
    """Return the seconds for which a window is read: its middle, and what lies at both ends."""
    margin = (BEAT_WINDOW_S - BEAT_STEP_S) / 2
    first, last = window.start / given.fs_hz, window.stop / given.fs_hz
    low = first + margin if window.start else first
    return low, last - margin if window.stop < given.n_samples else np.inf


def _kinds_at(share: NDArray[np.float32], columns: NDArray[np.int64]) -> Array:
    """Return the kinds' shares around some columns of (4, T'), shape (n, 3), 1 in sum."""
    last = share.shape[1] - 1
    around = [share[1:, np.clip(columns + k, 0, last)] for k in (-1, 0, 1)]
    kinds = np.sum(around, axis=0, dtype=np.float64).T
    return np.asarray(kinds / kinds.sum(axis=1, keepdims=True))


def _given(model: LoadedModel, recording: Recording) -> ModelInput:
    contract = model.card.input
    return model_input(recording, contract, model_leads(recording, contract))


def _refuse_without(model: LoadedModel, side: str) -> None:
    if side not in side_names(model.network):
        raise CannotAssessError(f"{model.name} says nothing beside its statements.")
