"""One person's ventricles and atria as they are drawn, with the bounds of their waves."""

from dataclasses import dataclass

from ecgcore.simulate.shapes import AtrialShape, VentricularBounds, VentricularShape, WaveBounds


@dataclass(frozen=True)
class Heart:
    """One shape as this person has it, and its bounds."""

    shape: VentricularShape
    bounds: VentricularBounds


@dataclass(frozen=True)
class Atria:
    """One P wave as this person has it, and its bounds."""

    shape: AtrialShape
    bounds: WaveBounds
