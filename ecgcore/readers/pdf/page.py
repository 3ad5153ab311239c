"""What is drawn on one page, in millimetres, with the words upright."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
Style = tuple[int, int, int, float]


@dataclass(frozen=True, eq=False)
class Stroke:
    """A drawn line.

    Attributes
    ----------
    points : array, shape (n_points, 2)
        x to the right and y upwards, in mm.
    style : tuple
        Red, green and blue (0 to 255) and the width in points.
    """

    points: Points
    style: Style


@dataclass(frozen=True)
class Phrase:
    """Words that stand together; ``x_mm`` and ``y_mm`` are where their base line begins."""

    text: str
    x_mm: float
    y_mm: float


@dataclass(frozen=True, eq=False)
class Page:
    """One page.

    Attributes
    ----------
    number : int
        From 1.
    strokes : list of Stroke
        In the order drawn.
    phrases : list of Phrase
    picture_share : float
        Part of the page that pictures cover, up to 1.
    """

    number: int
    strokes: list[Stroke]
    phrases: list[Phrase]
    picture_share: float
