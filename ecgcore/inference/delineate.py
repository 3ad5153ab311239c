"""The learned delineator on a recording: probabilities, and the waves of each beat."""

import threading
from collections.abc import Callable, Sequence
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
from ecgcore.inference.windows import Window, cut_windows, run_windows
from ecgcore.models import DelineatorNet, FoldedDelineator, standardise
from ecgcore.signal.prepare import prepare

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
    model: LoadedModel,
    signal: NDArray[np.float32],
    fs_hz: float,
    r_s: NDArray[np.float64],
    *,
    keep: Callable[[NDArray[np.float64]], None] = lambda _probabilities: None,
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
    keep : callable, optional
        Takes the probabilities of :func:`wave_probabilities`.

    Returns
    -------
    array of float64, shape (n_leads, 9, n_beats)
        Seconds; rows as ``FIDUCIALS``; NaN where a lead shows no such wave.
    """
    probabilities, prepared = wave_probabilities(model, signal, fs_hz)
    keep(probabilities)
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
    items = [
        (*each, slice(at, at + BATCH))
        for each in _windows(n, contract.fs_hz, contract.window_s, contract.whole_s)
        for at in range(0, n_leads, BATCH)
    ]

    def read(some: Sequence[tuple[Window, Window, slice]]) -> None:
        for window, used, rows in some:
            whole = slice(window.start, window.stop)
            part, mask = x[rows, whole], present[rows, whole]
            logits = model.network(standardise(part, mask).to(model.device)).cpu()
            likely = torch.where(mask[:, None], logits.softmax(dim=1), out[rows, :, whole])
            first, last = used.start - window.start, used.stop - window.start
            out[rows, :, used.start : used.stop] = likely[..., first:last]

    run_windows(read, items, batch=1)
    return out.numpy().astype(np.float64), x.numpy().astype(np.float64)


def _windows(n: int, fs_hz: float, window_s: float, whole_s: float) -> list[tuple[Window, Window]]:
    """Return each window, and the part of the recording that it is used for."""
    size, half = round(window_s * fs_hz), round(OVERLAP_S * fs_hz / 2)
    windows = cut_windows(n, size, size - 2 * half, whole=int(whole_s * fs_hz))
    firsts = [0, *(window.start + half for window in windows[1:])]
    lasts = [*firsts[1:], n]
    return [
        (window, Window(first, last))
        for window, first, last in zip(windows, firsts, lasts, strict=True)
    ]
