"""Mean beats over many patients, with the attribution along them."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from ecgcore.errors import EcgError
from ecgcore.inference import InputContract
from ecgcore.inference.prepare import model_input, model_leads
from ecgcore.measure import measure
from ecgcore.recording import Recording
from ecgcore.simulate import CASES, STATEMENTS, simulate

Array = NDArray[np.float64]

BEFORE_S, AFTER_S, STEP_S = 0.30, 0.50, 0.01
TIMES_S = np.round(np.arange(-BEFORE_S, AFTER_S + STEP_S / 2, STEP_S), 3)
# A mean beat of fewer persons could resemble one of them.
MIN_PATIENTS = 20
SIMULATED_PERSONS = 12
# A statement about early beats is looked at on early beats; any other on the rest.
EARLY = {"PVC": "ventricular", "PAC": "supraventricular"}


def beat_times(recording: Recording, code: str) -> Array:
    """Return the R peaks (s) of the beats that a statement is about.

    Parameters
    ----------
    recording : Recording
    code : str
        Ventricular beats for PVC, supraventricular ones for PAC; for any other statement all but
        the ventricular ones, or all where there is no other.
    """
    beats = measure(recording, check=False).beats
    types = np.array(beats.types, dtype=str)
    if code in EARLY:
        return np.asarray(beats.consensus.r_peak[types == EARLY[code]])
    others = types != "ventricular"
    return np.asarray(beats.consensus.r_peak[others if others.any() else slice(None)])


def aligned(values: NDArray[np.float32], fs_hz: float, r_s: Array, *, start_s: float = 0) -> Array:
    """Cut a stretch around each R peak.

    Parameters
    ----------
    values : array, shape (n_leads, n_samples)
    fs_hz : float
    r_s : array, shape (n_beats,)
        Seconds from the recording's start.
    start_s : float
        Time of the first sample of ``values``.

    Returns
    -------
    array, shape (n_beats, n_leads, len(TIMES_S))
        From 300 ms before to 500 ms after R; only beats that lie whole in ``values``.
    """
    at = np.round((r_s[:, None] + TIMES_S - start_s) * fs_hz).astype(int)
    whole = (at[:, 0] >= 0) & (at[:, -1] < values.shape[1])
    return np.asarray(values[:, at[whole]].transpose(1, 0, 2), dtype=np.float64)


def mean_of(parts: Iterable[Array]) -> Array:
    """Return the mean over patients, sample by sample, of those that have it; NaN for none."""
    stacked = np.stack(list(parts))
    known = np.isfinite(stacked)
    count = known.sum(axis=0)
    total = np.where(known, stacked, 0).sum(axis=0)
    return np.divide(total, count, out=np.full(count.shape, np.nan), where=count > 0)


def on_all_leads(cut: Array, rows: Sequence[int], n_leads: int) -> Array:
    """Return (n_leads, n_times) with NaN in the leads that are not among ``rows``."""
    out = np.full((n_leads, cut.shape[-1]), np.nan)
    out[list(rows)] = cut
    return out


def simulated_beat(code: str, contract: InputContract) -> Array | None:
    """Return the mean simulated beat of a statement, standardised as the model sees it.

    Returns
    -------
    array, shape (n_leads, n_times), or None
        The mean of the median beats of twelve simulated persons; None where the statement cannot
        be simulated.
    """
    key = next((k for k, s in STATEMENTS.items() if code in s.codes and k in CASES), None)
    if key is None:
        return None
    parts = []
    for seed in range(SIMULATED_PERSONS):
        recording = simulate(key, seed=seed, noise="none", vary=1.0).recording
        try:
            found = standard_beat(recording, code, contract)
        except EcgError:
            continue
        if found is not None:
            parts.append(found)
    return mean_of(parts) if parts else None


def standard_beat(recording: Recording, code: str, contract: InputContract) -> Array | None:
    """Return a recording's median beat in standard deviations of each lead, or None without one."""
    given = model_input(recording, contract, model_leads(recording, contract))
    x = (given.x / given.x.std(dim=1, keepdim=True).clamp(min=1e-3)).numpy()
    cut = aligned(x, given.fs_hz, beat_times(recording, code))
    if cut.shape[0] == 0:
        return None
    return on_all_leads(np.median(cut, axis=0), given.index.tolist(), len(contract.leads))
