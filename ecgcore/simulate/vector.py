"""The heart vector: timed components in three dimensions, and their projection onto leads.

Axes are Frank's: x to the left, y to the feet, z to the back; units are millivolts.

Sources
-------
McSharry et al., IEEE Trans Biomed Eng 50:289 (2003): waves as timed Gaussians.
Sameni et al., EURASIP J Adv Signal Process 2007:43407: the same in three dimensions.
Dower et al., J Electrocardiol 13:43 (1980): eight leads from the Frank vector.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import erf

from ecgcore.leads import STANDARD_12

Array = NDArray[np.float64]

# Rows as in INDEPENDENT_8: I, II, V1 to V6; columns x, y, z (Dower 1980).
DOWER = np.array(
    [
        [0.632, -0.235, 0.059],
        [0.235, 1.066, -0.132],
        [-0.515, 0.157, -0.917],
        [0.044, 0.164, -1.387],
        [0.882, 0.098, -1.277],
        [1.213, 0.127, -0.601],
        [1.125, 0.127, -0.086],
        [0.831, 0.076, 0.230],
    ]
)
# Posterior and right-sided leads as the same vector's views: directions go on around the chest in
# the fifth interspace, sizes fall with the distance from the heart.
FURTHER_LEADS = {
    "V7": (0.60, 0.06, 0.42),
    "V8": (0.36, 0.05, 0.55),
    "V9": (0.14, 0.05, 0.60),
    "V3R": (-0.62, 0.17, -0.55),
    "V4R": (-0.66, 0.19, -0.30),
}
# From the eight leads, so that they share their noise and their heart's position.
_FURTHER = np.array(list(FURTHER_LEADS.values())) @ np.linalg.pinv(DOWER)
GAUSS = "gauss"
PLATEAU = "plateau"
# Beyond this many standard deviations a Gaussian of 2 mV is below a tenth of a microvolt.
REACH_SD = 4.6


@dataclass(frozen=True)
class Component:
    """One timed part of a wave.

    Attributes
    ----------
    at_ms : float
        Peak of a Gaussian; middle of the rise of a plateau.
    rise_ms, fall_ms : float
        Standard deviation before and after the peak (or of the rise and the fall).
    vector_mv : tuple of float
        Size along x (left), y (feet), z (back).
    hold_ms : float
        Plateau only: from the middle of its rise to where it begins to fall.
    shape : str
        ``GAUSS`` or ``PLATEAU``.
    """

    at_ms: float
    rise_ms: float
    fall_ms: float
    vector_mv: tuple[float, float, float]
    hold_ms: float = 0.0
    shape: str = GAUSS

    @property
    def start_ms(self) -> float:
        """Where it begins to be visible."""
        return self.at_ms - REACH_SD * self.rise_ms

    @property
    def end_ms(self) -> float:
        """Where it is no longer visible."""
        return self.at_ms + self.hold_ms + REACH_SD * self.fall_ms

    def stretched(self, origin_ms: float, factor: float) -> "Component":
        """Return the component with time stretched around ``origin_ms``."""
        return Component(
            origin_ms + factor * (self.at_ms - origin_ms),
            factor * self.rise_ms if self.shape == GAUSS else self.rise_ms,
            factor * self.fall_ms,
            self.vector_mv,
            factor * self.hold_ms,
            self.shape,
        )


def kernel(
    shape: str,
    since_ms: Array,
    rise_ms: Array | float,
    fall_ms: Array | float,
    hold_ms: Array | float,
) -> Array:
    """Return a component's course, height 1, at times since its ``at_ms``."""
    if shape == GAUSS:
        width = np.where(since_ms < 0, rise_ms, fall_ms)
        return np.asarray(np.exp(-0.5 * (since_ms / width) ** 2))
    up = 0.5 * (1 + erf(since_ms / (np.sqrt(2) * rise_ms)))
    late = np.maximum(since_ms - hold_ms, 0.0)
    return np.asarray(up * np.exp(-0.5 * (late / fall_ms) ** 2))


def compute_course(components: tuple[Component, ...], at_ms: Array) -> Array:
    """Return the vector of some components over time, shape (3, n_times), in mV."""
    if not components:
        return np.zeros((3, at_ms.size))
    values = [
        kernel(part.shape, at_ms - part.at_ms, part.rise_ms, part.fall_ms, part.hold_ms)
        for part in components
    ]
    return np.asarray(np.array([part.vector_mv for part in components]).T @ np.stack(values))


def add_component(
    heart: Array,
    fs_hz: float,
    part: Component,
    *,
    anchors_s: Array,
    stretch: Array,
    origin_ms: float,
    turn: Array,
) -> None:
    """Add one component of many beats to the heart vector, in place.

    Parameters
    ----------
    heart : array, shape (3, n_samples)
    part : Component
        Timed from each beat's anchor.
    anchors_s : array, shape (n_beats,)
    stretch : array, shape (n_beats,)
        Factor of time after ``origin_ms``.
    turn : array, shape (n_beats, 3, 3)
        Rotation and size of each beat.
    """
    plateau = part.shape == PLATEAU
    at_ms = 1e3 * anchors_s + origin_ms + stretch * (part.at_ms - origin_ms)
    rise = part.rise_ms * (np.ones_like(stretch) if plateau else stretch)
    fall, hold = part.fall_ms * stretch, part.hold_ms * stretch
    before = int(np.ceil(REACH_SD * rise.max() * fs_hz / 1e3)) + 1
    after = int(np.ceil((hold.max() + REACH_SD * fall.max()) * fs_hz / 1e3)) + 1
    index = np.round(at_ms * fs_hz / 1e3).astype(np.int64)[:, None] + np.arange(-before, after + 1)
    since = index * (1e3 / fs_hz) - at_ms[:, None]
    values = kernel(part.shape, since, rise[:, None], fall[:, None], hold[:, None])
    vectors = turn @ np.asarray(part.vector_mv)
    inside = (index >= 0) & (index < heart.shape[1])
    where = index[inside]
    for axis in range(3):
        weights = (values * vectors[:, axis, None])[inside]
        heart[axis] += np.bincount(where, weights=weights, minlength=heart.shape[1])


def make_rotation(frontal_deg: Array | float, horizontal_deg: Array | float) -> Array:
    """Return rotations, shape (..., 3, 3), of the heart within the frontal and horizontal plane.

    A positive frontal angle turns the axis towards the feet (to the right on the hexaxial
    circle, positive degrees); a positive horizontal angle turns the heart to the back.
    """
    f, h = np.broadcast_arrays(np.radians(frontal_deg), np.radians(horizontal_deg))
    zero, one = np.zeros_like(f), np.ones_like(f)
    frontal = _stack_matrix(
        [[np.cos(f), -np.sin(f), zero], [np.sin(f), np.cos(f), zero], [zero, zero, one]]
    )
    horizontal = _stack_matrix(
        [[np.cos(h), zero, -np.sin(h)], [zero, one, zero], [np.sin(h), zero, np.cos(h)]]
    )
    return np.asarray(horizontal @ frontal)


def _stack_matrix(rows: list[list[Array]]) -> Array:
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)


def derive_twelve(independent: Array) -> Array:
    """Return the twelve standard leads from the eight independent ones.

    Parameters
    ----------
    independent : array, shape (8, n_samples)
        Rows as in :data:`ecgcore.leads.INDEPENDENT_8`.

    Returns
    -------
    array of float32, shape (12, n_samples)
        Derived in float32 from float32, so that Einthoven and Goldberger hold in the stored
        samples to the last bit of rounding.
    """
    kept = independent.astype(np.float32)
    one, two = kept[0], kept[1]
    half = np.float32(0.5)
    limbs = [one, two, two - one, -(one + two) * half, one - two * half, two - one * half]
    return np.concatenate([np.stack(limbs), kept[2:]]).astype(np.float32)


def derive_rows(independent: Array) -> dict[str, NDArray[np.float32]]:
    """Return every lead that can be recorded, by its name, from the eight independent ones."""
    rows = dict(zip(STANDARD_12, derive_twelve(independent), strict=True))
    # The monitor's second lead sees what lead II sees, from electrodes on the trunk.
    rows["MLII"] = rows["II"] * np.float32(0.95)
    further = (_FURTHER @ independent).astype(np.float32)
    return rows | dict(zip(FURTHER_LEADS, further, strict=True))


def derive_limbs(independent: Array) -> Array:
    """Return III, aVR, aVL and aVF, shape (4, n_samples), from the independent leads."""
    one, two = independent[0], independent[1]
    return np.stack([two - one, -(one + two) / 2, one - two / 2, two - one / 2])


def frontal_axis_deg(heart: Array, matrix: Array = DOWER) -> float:
    """Return the frontal axis, -180 to 180 degrees, from the net area in I and aVF.

    aVF is Goldberger's and 2/sqrt(3) short of the bipolar scale of lead I.
    """
    lead_one, lead_two = (matrix[:2] @ heart).sum(axis=1)
    return float(np.degrees(np.arctan2((lead_two - lead_one / 2) * 2 / np.sqrt(3), lead_one)))
