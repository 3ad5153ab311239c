"""From the waves of each lead to one set of waves for the heart.

A wave begins when the first part of the heart is activated and ends with the last, and no single
lead sees both: the consensus onset is the earliest, the offset the latest *credible* one.  The
very first of twelve onsets is an extreme of twelve errors, so a robust order statistic stands for
it: the 20 % quantile of the leads' onsets and the 80 % quantile of their offsets (with one lead,
that lead's own), after leads far from the median were left out.  The same definition is applied
to the marks of cardiologists when the two are compared.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgcore.results import FIDUCIALS
from ecgcore.signal.quantiles import quantile

Array = NDArray[np.float64]

ONSET_QUANTILE = 0.2
OFFSET_QUANTILE = 0.8


@dataclass(frozen=True)
class WaveRule:
    """When leads agree on a wave.

    Attributes
    ----------
    names : tuple of str
        Onset, peak, offset.
    share : float
        The wave is there if at least this part of the leads shows it (one lead always can).
    limit_s : float
        A lead whose onset or offset is farther than this from the median is left out.
    """

    names: tuple[str, str, str]
    share: float
    limit_s: float


WAVES: Mapping[str, WaveRule] = {
    "P": WaveRule(("p_onset", "p_peak", "p_offset"), 0.34, 0.060),
    "QRS": WaveRule(("qrs_onset", "r_peak", "qrs_offset"), 0.0, 0.045),
    "T": WaveRule(("t_onset", "t_peak", "t_offset"), 0.25, 0.090),
}


def consensus(waves: Array, r_s: Array) -> Array:
    """Return one set of fiducials from those of the leads.

    Parameters
    ----------
    waves : array, shape (n_leads, 9, n_beats)
        Seconds, rows as ``FIDUCIALS``; NaN where a lead shows no such wave.
    r_s : array, shape (n_beats,)
        The beats; ``r_peak`` of the result is the leads' median, or this where no lead has one.

    Returns
    -------
    array, shape (9, n_beats)
    """
    n_leads, _, n_beats = waves.shape
    out = np.full((len(FIDUCIALS), n_beats), np.nan)
    for rule in WAVES.values():
        onset, peak, offset = (waves[:, FIDUCIALS.index(name)] for name in rule.names)
        onset, offset = _without_outliers(onset, offset, rule.limit_s)
        enough = np.isfinite(onset).sum(axis=0) >= max(1, np.ceil(rule.share * n_leads))
        peak = np.where(np.isfinite(onset), peak, np.nan)
        for name, values, q in zip(
            rule.names, (onset, peak, offset), (ONSET_QUANTILE, 0.5, OFFSET_QUANTILE), strict=True
        ):
            out[FIDUCIALS.index(name)] = np.where(enough, quantile(values, q), np.nan)
    peak_row = FIDUCIALS.index("r_peak")
    out[peak_row] = np.where(np.isfinite(out[peak_row]), out[peak_row], r_s)
    return out


def _without_outliers(onset: Array, offset: Array, limit_s: float) -> tuple[Array, Array]:
    far = np.abs(onset - quantile(onset, 0.5)) > limit_s
    far |= np.abs(offset - quantile(offset, 0.5)) > limit_s
    # With two leads the median lies between them: neither is the outlier.
    far &= np.isfinite(onset).sum(axis=0) > 2
    return np.where(far, np.nan, onset), np.where(far, np.nan, offset)
