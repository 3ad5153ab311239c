"""Intervals over time: the ladder of a long recording."""

import numpy as np
from numpy.typing import NDArray

from ecgcore.measure.intervals import qtc_ms, span_ms
from ecgcore.results import Beats, Trend

MIN_S = 60.0
STEP_S = 10.0
NAMES = ("heart_rate", "rr_mean", "pr", "qrs", "qt", "qtc_fridericia")


def trend(
    found: Beats,
    counted: NDArray[np.bool_],
    duration_s: float,
    *,
    withheld: tuple[str, ...] = (),
) -> Trend | None:
    """Return medians over stretches of ten seconds; None for recordings under a minute.

    Parameters
    ----------
    found : Beats
    counted : array of bool, shape (n_beats,)
        The beats that intervals are made from.
    duration_s : float
    withheld : tuple of str
        Measurements not stated for the recording: not for its parts either.
    """
    beats = found.consensus
    if duration_s < MIN_S or beats.n_beats < 2:
        return None
    count = int(duration_s // STEP_S)
    values = {name: np.full(count, np.nan) for name in NAMES}
    at = np.minimum((beats.r_peak // STEP_S).astype(int), count - 1)
    rr_ms = found.rr_s * 1e3
    spans = {name: span_ms(beats, name) for name in ("pr", "qrs", "qt")}
    for step in range(count):
        here = at == step
        mean_rr = _middle(rr_ms[here], mean=True)
        values["rr_mean"][step] = mean_rr
        values["heart_rate"][step] = 6e4 / mean_rr
        for name, every in spans.items():
            values[name][step] = _middle(every[here & counted])
        values["qtc_fridericia"][step] = float(
            qtc_ms("qtc_fridericia", float(values["qt"][step]), mean_rr / 1e3)
        )
    for name in set(withheld) & set(values):
        values[name][:] = np.nan
    middle = np.asarray((np.arange(count) + 0.5) * STEP_S, dtype=np.float64)
    return Trend(middle, values)


def _middle(values: np.ndarray, *, mean: bool = False) -> float:
    known = values[np.isfinite(values)]
    if known.size == 0:
        return float("nan")
    return float(known.mean() if mean else np.median(known))
