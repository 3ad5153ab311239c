"""What a network of several tasks says beside the statements: classes, beats, features."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ecgcore.errors import CannotAssessError
from ecgcore.inference.loading import LoadedModel
from ecgcore.inference.prepare import ModelInput, Window, model_input, model_leads, pieces_of
from ecgcore.models import HANDHELD, LeadAttentionNet, Outputs
from ecgcore.recording import Recording
from ecgcore.turns import Priority, pause, turn

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
    given = _given(model, recording)
    bias = model.card.sides.get("handheld_bias")
    with turn(Priority.FINDINGS):
        return network_sides(_network(model), given, pieces_of(given, model.card.input), bias)


def network_sides(
    network: LeadAttentionNet,
    given: ModelInput,
    pieces: list[Window],
    handheld_bias: Sequence[float] | None = None,
) -> Sides:
    """Return the same of a network."""
    add = torch.tensor(handheld_bias or [0.0] * len(HANDHELD))
    found = [
        _outputs(network, given, pieces[i : i + _BATCH]) for i in range(0, len(pieces), _BATCH)
    ]
    superclasses = torch.cat([f.superclasses for f in found]).sigmoid().amax(dim=0)
    handheld = (torch.cat([f.handheld for f in found]).cpu() + add).softmax(dim=1).mean(dim=0)
    features = torch.cat([f.features for f in found]).mean(dim=0)
    return Sides(_numpy(superclasses), _numpy(handheld), _numpy(features))


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
    given = _given(model, recording)
    network = _network(model)
    out = np.full((r_s.size, len(KINDS)), np.nan)
    step_s = network.encoder.stride / given.fs_hz
    with turn(Priority.FINDINGS):
        windows = beat_windows(given)
        for start in range(0, len(windows), _BATCH):
            pause()
            some = windows[start : start + _BATCH]
            share = _outputs(network, given, some).beats.softmax(dim=1).cpu().numpy()
            for window, row in zip(some, share, strict=True):
                low, high = _read_by(window, given)
                beats = np.flatnonzero((r_s >= low) & (r_s < high))
                at_s = r_s[beats] - window.start / given.fs_hz
                out[beats] = _kinds_at(row, np.rint(at_s / step_s).astype(np.int64))
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
    n = given.n_samples
    if n <= size:
        return [Window(0, n)]
    starts = [*range(0, n - size, step), n - size]
    return [Window(s, s + size) for s in starts]


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


def _outputs(network: LeadAttentionNet, given: ModelInput, windows: list[Window]) -> Outputs:
    device = next(network.parameters()).device
    x, present = given.batch(windows)
    scale: Tensor = given.scales(windows).to(device)
    with torch.inference_mode():
        return network.outputs(x.to(device), present.to(device), given.index, scale)


def _given(model: LoadedModel, recording: Recording) -> ModelInput:
    contract = model.card.input
    return model_input(recording, contract, model_leads(recording, contract))


def _network(model: LoadedModel) -> LeadAttentionNet:
    network: nn.Module = model.network
    if not isinstance(network, LeadAttentionNet):
        raise CannotAssessError(f"{model.name} says nothing beside its statements.")
    return network


def _numpy(values: Tensor) -> Array:
    return np.asarray(values.cpu().numpy(), dtype=np.float64)
