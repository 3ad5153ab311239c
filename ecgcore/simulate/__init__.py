"""Electrocardiograms with known truth: for teaching, for tests, and as training data."""

from ecgcore.simulate.cases import DEMONSTRATION_CASES, DemoCase, demonstration_case
from ecgcore.simulate.cases_table import CASES
from ecgcore.simulate.compose import compose
from ecgcore.simulate.engine import Simulation, simulate
from ecgcore.simulate.noise import Noise
from ecgcore.simulate.person import Variation
from ecgcore.simulate.spec import CaseSpec
from ecgcore.simulate.statements import STATEMENTS, SimulatedStatement
from ecgcore.simulate.truth import TrueBeat, TrueP, Truth

__all__ = [
    "CASES",
    "DEMONSTRATION_CASES",
    "STATEMENTS",
    "CaseSpec",
    "DemoCase",
    "Noise",
    "SimulatedStatement",
    "Simulation",
    "TrueBeat",
    "TrueP",
    "Truth",
    "Variation",
    "compose",
    "demonstration_case",
    "simulate",
]
