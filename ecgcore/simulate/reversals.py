"""What exchanged cables and misplaced electrodes make of the eight independent leads.

Each is a matrix, shape (8, 8), from the leads as they should be (rows of
:data:`ecgcore.leads.INDEPENDENT_8`) to the leads as they were recorded.  Among RA, LA and LL
Wilson's terminal stays as it is, and with it V1 to V6 (Batchvarov et al., Europace 9:1081, 2007).
"""

import numpy as np

from ecgcore.leads import INDEPENDENT_8
from ecgcore.simulate.vector import Array


def _make_matrix(rows: dict[str, dict[str, float]]) -> Array:
    """Return the identity with some rows replaced, given as shares of the right leads."""
    matrix = np.eye(8)
    for name, shares in rows.items():
        matrix[INDEPENDENT_8.index(name)] = [shares.get(lead, 0.0) for lead in INDEPENDENT_8]
    return matrix


def _lift_chest(lead: str, share: float) -> dict[str, float]:
    """Return a chest lead from a higher place: less of what points to the feet, as aVF sees it."""
    return {lead: 0.9, "II": -share, "I": share / 2}


REVERSALS = {
    "arms": _make_matrix({"I": {"I": -1.0}, "II": {"II": 1.0, "I": -1.0}}),
    # RA and LL: I = -III, II = -II, aVR and aVF exchanged.
    "RA-LL": _make_matrix({"I": {"I": 1.0, "II": -1.0}, "II": {"II": -1.0}}),
    # LA and LL: I and II exchanged, III inverted.
    "LA-LL": _make_matrix({"I": {"II": 1.0}, "II": {"I": 1.0}}),
    # RA and RL: both legs give almost one potential, so II is almost flat; V1 to V6 lose a third
    # of II, as the terminal holds a leg instead of the right arm.
    "RA-RL": _make_matrix(
        {
            "I": {"I": 1.0, "II": -1.0},
            "II": {"II": 0.03},
            **{name: {name: 1.0, "II": -1 / 3} for name in INDEPENDENT_8[2:]},
        }
    ),
    "V1-V2": _make_matrix({"V1": {"V2": 1.0}, "V2": {"V1": 1.0}}),
    "V1-V3": _make_matrix({"V1": {"V3": 1.0}, "V3": {"V1": 1.0}}),
    # V1 and V2 one or two spaces too high: P negative in V1, rSr' or no r (Garcia-Niebla et al.,
    # Rev Esp Cardiol 62:594, 2009).
    "V1-V2 high": _make_matrix({"V1": _lift_chest("V1", 0.32), "V2": _lift_chest("V2", 0.36)}),
}
