"""Electrocardiograms with known truth: for teaching, for tests, and as training data."""

from ecgcore.simulate.batch import BEAT_CLASSES, WAVE_CLASSES, Batch, make_batch
from ecgcore.simulate.cases import (
    DEMONSTRATION_CASES,
    DEMONSTRATION_GROUPS,
    DemoCase,
    make_demonstration_case,
)
from ecgcore.simulate.cases_table import CASES, TRAINING_CASES
from ecgcore.simulate.compose import compose_case
from ecgcore.simulate.engine import Simulation, simulate
from ecgcore.simulate.noise import Noise
from ecgcore.simulate.person import Variation
from ecgcore.simulate.spec import CaseSpec
from ecgcore.simulate.statements import STATEMENTS, SimulatedStatement
from ecgcore.simulate.truth import TrueBeat, TrueP, Truth

__all__ = [
    "BEAT_CLASSES",
    "CASES",
    "DEMONSTRATION_CASES",
    "DEMONSTRATION_GROUPS",
    "STATEMENTS",
    "TRAINING_CASES",
    "WAVE_CLASSES",
    "Batch",
    "CaseSpec",
    "DemoCase",
    "Noise",
    "SimulatedStatement",
    "Simulation",
    "TrueBeat",
    "TrueP",
    "Truth",
    "Variation",
    "compose_case",
    "make_batch",
    "make_demonstration_case",
    "simulate",
]
