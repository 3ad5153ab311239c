"""The rules of the statements, a chapter a module: facts in, statements out."""

from collections.abc import Callable, Iterable

from ecgcore.interpret.facts import Facts
from ecgcore.interpret.rules import (
    axis_voltage,
    conduction,
    ectopy,
    hypertrophy,
    infarct,
    pacing,
    rhythm,
    st_elevation,
    st_t,
    t_qt,
    technical,
)
from ecgcore.results.interpreted import Ruling

Rule = Callable[[Facts], Iterable[Ruling]]
# In the order of a report; each chapter lists its own rules.
RULES: tuple[Rule, ...] = (
    *rhythm.RULES,
    *ectopy.RULES,
    *pacing.RULES,
    *conduction.RULES,
    *st_elevation.RULES,
    *infarct.RULES,
    *st_t.RULES,
    *hypertrophy.RULES,
    *axis_voltage.RULES,
    *t_qt.RULES,
    *technical.RULES,
)
