"""Electrocardiograms with known truth: for teaching, for tests, and as training data."""

from ecgcore.simulate.cases import DEMONSTRATION_CASES, DemoCase, demonstration_case
from ecgcore.simulate.engine import Simulation, simulate
from ecgcore.simulate.noise import Noise
from ecgcore.simulate.spec import CASES, CaseSpec
from ecgcore.simulate.truth import TrueBeat, Truth

__all__ = [
    "CASES",
    "DEMONSTRATION_CASES",
    "CaseSpec",
    "DemoCase",
    "Noise",
    "Simulation",
    "TrueBeat",
    "Truth",
    "demonstration_case",
    "simulate",
]
