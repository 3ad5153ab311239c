"""The learned delineator on a recording: probabilities, and the waves of each beat."""

import threading
from dataclasses import replace
from functools import cache
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray

from ecgcore.errors import InvalidArgumentError
from ecgcore.inference.card import WAVES
from ecgcore.inference.loading import LoadedModel, shared_model
from ecgcore.inference.shelf import DEFAULT_DELINEATOR
from ecgcore.inference.wave_segments import beat_waves
from ecgcore.models import DelineatorNet, FoldedDelineator, standardise
from ecgcore.signal.prepare import prepare
from ecgcore.turns import Priority, pause, turn

# Windows of a long lead overlap by this much; the outer half of it is not used.
OVERLAP_S = 2.0
BATCH = 24
_LOADING = threading.Lock()


def default_delineator() -> LoadedModel:
    """Return the committed delineator, loaded once.

    Raises
    ------
    ModelError
        If its folder is missing or altered.
    """
    with _LOADING:
        return _fold(shared_model(DEFAULT_DELINEATOR, task=WAVES))


@cache
def _fold(loaded: LoadedModel) -> LoadedModel:
    return replace(loaded, network=FoldedDelineator(cast(DelineatorNet, loaded.network)))


def delineate(
    model: LoadedModel, signal: NDArray[np.float32], fs_hz: float, r_s: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the waves of every beat in every lead.

    Parameters
    ----------
    model : LoadedModel
        Of the task ``"waves"``.
    signal : array, shape (n_leads, n_samples)
        Any unit; NaN where absent.
    fs_hz : float
    r_s : array, shape (n_beats,)
        Consensus R peaks, seconds, ascending.

    Returns
    -------
    array of float64, shape (n_leads, 9, n_beats)
        Seconds; rows as ``FIDUCIALS``; NaN where a lead shows no such wave.
    """
    probabilities, prepared = wave_probabilities(model, signal, fs_hz)
    beats = np.asarray(r_s, dtype=np.float64)
    return beat_waves(probabilities, prepared, model.card.input.fs_hz, beats)


def wave_probabilities(
    model: LoadedModel, signal: NDArray[np.float32], fs_hz: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return probabilities of none, P, QRS and T at the model's rate.

    Returns
    -------
    probabilities : array, shape (n_leads, 4, n)
        "none" where samples are absent.
    prepared : array, shape (n_leads, n)
        What the network saw, before it was standardised; zero where absent.

    Raises
    ------
    InvalidArgumentError
        If ``signal`` is not two-dimensional.
    """
    if signal.ndim != 2:
        raise InvalidArgumentError(
            f"Samples have {signal.ndim} dimensions; two are needed: leads, then samples."
        )
    contract = model.card.input
    made = prepare(
        signal,
        fs_hz,
        to_fs_hz=contract.fs_hz,
        high_pass_hz=contract.high_pass_hz,
        low_pass_hz=contract.low_pass_hz,
    )
    x = torch.from_numpy(np.nan_to_num(made))
    present = torch.from_numpy(np.isfinite(made))
    n_leads, n = x.shape
    out = torch.zeros((n_leads, 4, n))
    out[:, 0] = 1.0
    with turn(Priority.FINDINGS), torch.inference_mode():
        for start, stop, first, last in _windows(
            n, contract.fs_hz, contract.window_s, contract.whole_s
        ):
            pause()
            for at in range(0, n_leads, BATCH):
                rows = slice(at, at + BATCH)
                part, mask = x[rows, start:stop], present[rows, start:stop]
                logits = model.network(standardise(part, mask).to(model.device)).cpu()
                likely = torch.where(mask[:, None], logits.softmax(dim=1), out[rows, :, start:stop])
                out[rows, :, first:last] = likely[..., first - start : last - start]
    return out.numpy().astype(np.float64), x.numpy().astype(np.float64)


def _windows(
    n: int, fs_hz: float, window_s: float, whole_s: float
) -> list[tuple[int, int, int, int]]:
    """Return (start, stop) of each window and (first, last) of the part of it that is used."""
    size, half = round(window_s * fs_hz), round(OVERLAP_S * fs_hz / 2)
    if n <= whole_s * fs_hz:
        return [(0, n, 0, n)]
    starts = [*range(0, n - size, size - 2 * half), n - size]
    firsts = [0, *(start + half for start in starts[1:])]
    lasts = [*firsts[1:], n]
    return [
        (start, start + size, first, last)
        for start, first, last in zip(starts, firsts, lasts, strict=True)
    ]
