"""Waves, intervals, axes, amplitudes, ST, voltage criteria, beat types and variability."""

from ecgcore.measure.measuring import measure
from ecgcore.measure.reference import ReferenceRange, reference_range

__all__ = ["ReferenceRange", "measure", "reference_range"]
