"""Facts of simulated records, and facts with other values than were measured."""

from dataclasses import replace
from functools import cache

import numpy as np

from ecgcore.interpret.facts import Facts
from ecgcore.recording import Patient
from ecgcore.results.interpreted import Call, Episode
from ecgcore.simulate import simulate
from ecgcore.study import Study

MAN, WOMAN = Patient(61.0, "male"), Patient(61.0, "female")


@cache
def study_of(case: str, seed: int = 900) -> Study:
    """Return a simulated record's study, measured once."""
    return Study(simulate(case, seed=seed).recording)


def facts_of(
    case: str,
    *,
    patient: Patient | None = None,
    rhythms: tuple[str, ...] = (),
    scale: dict[str, float] | None = None,
    seed: int = 900,
    **values: float | None,
) -> Facts:
    """Return facts of a simulated record.

    Parameters
    ----------
    case : str
    patient : Patient, optional
        In place of the simulated one.
    rhythms : tuple of str
        Codes of the rhythms that it is said to have.
    scale : dict, optional
        Lead -> factor of its median beat.
    values
        Measurements by name, in place of what was measured; None: not measured.
    """
    study = study_of(case, seed)
    measured = study.measured
    rows = [
        replace(m, value=values[m.name], reason="" if values[m.name] is not None else "by hand")
        if m.name in values
        else m
        for m in measured.measurements
    ]
    measured = replace(measured, measurements=tuple(rows))
    if scale and measured.median_beat is not None:
        beat = measured.median_beat
        factors = np.array([scale.get(name, 1.0) for name in beat.leads], dtype=np.float32)
        measured = replace(
            measured, median_beat=replace(beat, values=beat.values * factors[:, None])
        )
    study = study.with_measured(measured)
    if patient is not None:
        study = study.with_patient(patient).with_measured(measured)
    facts = Facts(study)
    if rhythms:
        stop = facts.recording.duration_s
        facts.__dict__["rhythms"] = tuple(
            Episode(code=code, start_s=0.0, stop_s=stop) for code in rhythms
        )
    return facts


def calls(rule, facts: Facts) -> dict[str, Call]:
    """Return what a rule states, by code."""
    return {each.code: each for each in rule(facts) if isinstance(each, Call)}


def codes(rule, facts: Facts) -> set[str]:
    """Return the codes that a rule states."""
    return set(calls(rule, facts))
