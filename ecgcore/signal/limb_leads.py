"""Whether six limb leads belong together: two of them determine the other four.

Einthoven's and Goldberger's equations leave two independent traces in six limb leads, whatever the
gain, and also where each lead was divided by its own size.  Leads that are exchanged with chest
leads, or come from different recordings, do not fit.  Exchanged electrodes do: for these see
:mod:`ecgcore.measure.reversal`.
"""

import numpy as np
from numpy.typing import NDArray

from ecgcore.leads import LIMB_6

# Share of the six leads' variance outside the two strongest directions.  Of 2,704 records of train
# and val one lies above (its limb leads are not from one recording), of the same with their leads
# exchanged at random 95 % do.
LIMIT = 0.01
MIN_S = 2.0


def limb_mismatch(samples: NDArray[np.floating], leads: tuple[str, ...], fs_hz: float) -> float:
    """Return how far six limb leads are from belonging together.

    Parameters
    ----------
    samples : array, shape (n_leads, n_samples)
        Filtered; NaN where absent.
    leads : tuple of str
        Names of the rows.
    fs_hz : float

    Returns
    -------
    float
        From 0 to 0.67; NaN where one of the six is missing or flat, or less than two seconds of all
        six are there together.
    """
    if not set(LIMB_6) <= set(leads):
        return float("nan")
    rows = np.asarray(samples, dtype=np.float64)[[leads.index(name) for name in LIMB_6]]
    rows = rows[:, np.isfinite(rows).all(axis=0)]
    if rows.shape[1] < MIN_S * fs_hz:
        return float("nan")
    rows = rows - rows.mean(axis=1, keepdims=True)
    size = rows.std(axis=1, keepdims=True)
    if size.min() <= 1e-6 * max(float(size.max()), 1e-12):
        return float("nan")
    rows = rows / size
    strongest = np.linalg.eigvalsh(rows @ rows.T / rows.shape[1])[-2:]
    return max(0.0, 1.0 - float(strongest.sum()) / len(LIMB_6))
