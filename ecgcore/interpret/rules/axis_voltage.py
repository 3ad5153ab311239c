"""Axis, low and high voltage, R-wave progression, dextrocardia, electrical alternans.

Axis: Surawicz et al., AHA/ACCF/HRS 2009 Part III (Circulation 119:e235), children: Rijnbeek et al.
(2001).  R progression: Zema and Kligfield, J Electrocardiol 12:11 (1979).
"""

from collections.abc import Callable, Iterable, Iterator

import numpy as np

from ecgcore.interpret.facts import Facts
from ecgcore.interpret.rules.conduction import (
    bundle_block,
    fascicle_axis,
    is_preexcited,
)
from ecgcore.interpret.rules.hypertrophy import CHILD, right_evidence
from ecgcore.leads import CHEST_6, LIMB_6
from ecgcore.measure.reference import reference_range
from ecgcore.recording import Patient
from ecgcore.results.interpreted import Call, Evidence, Ruling, Unable

LEFT_DEG, RIGHT_DEG = -30.0, 90.0
# An axis this uncertain has no side.
UNCERTAIN_DEG = 30.0
LOW_LIMB_MV, LOW_CHEST_MV = 0.5, 1.0
LEAST_MV = 0.05
MOST_OF_SIX = 4
# R in V3; where R in V4 is over 0.6 mV, the smaller limit: 4 % of normal ECGs are under 0.3 mV.
R_V3_MV, R_V3_SMALL_MV = 0.3, 0.2
# Alternans: every second complex larger by this part of it, in so many leads, for so many beats.
ALTERNATING_PART = 0.10
ALTERNATING_BEATS, ALTERNATING_LEADS = 8, 3
ALTERNATING_SHARE = 1.0


# ---- axis ------------------------------------------------------------------------------------


def axis_limits(patient: Patient) -> tuple[float, float] | None:
    """Return the normal axis in degrees; None for a child without a table."""
    age = patient.age_years
    if age is None:
        return LEFT_DEG, RIGHT_DEG
    sexes = (patient.sex,) if patient.sex else ("male", "female")
    found = [reference_range("qrs_axis", Patient(age, sex)) for sex in sexes]
    lows = [each.low for each in found if each is not None and each.low is not None]
    highs = [each.high for each in found if each is not None and each.high is not None]
    return (max(lows), min(highs)) if lows and highs else None


def judge_axis(facts: Facts) -> Iterator[Ruling]:
    """Left and right axis deviation, a right superior axis, an indeterminate one."""
    if facts.is_paced or facts.is_mirrored or facts.limb_reversal:
        return
    found = facts.measurement("qrs_axis")
    if found is None or found.value is None:
        if facts.in_mv and found is not None and found.reason.startswith("The net area"):
            yield Call(code="251200008", evidence=(_axis("too small", "has a direction"),))
        return
    axis = found.value
    if (found.uncertainty or 0.0) > UNCERTAIN_DEG:
        yield Call(code="251200008", evidence=(_axis(round(axis), "known to 30°"),))
        return
    limits = axis_limits(facts.patient)
    if limits is None:
        yield from (Unable(code=c, reason=facts.no_child_table) for c in ("39732003", "47665007"))
        return
    code = _axis_code(axis, limits)
    # Right bundle branch block turns the axis by the end of QRS.
    if code in ("47665007", "AHA122") and bundle_block(facts) == "RBBB":
        first = fascicle_axis(facts)
        code, axis = ("", axis) if first is None else (_axis_code(first, limits), first)
    if code:
        words = "> " if code == "47665007" else "< "
        limit = limits[1] if code == "47665007" else limits[0]
        printed = "-180 to -90" if code == "AHA122" else f"{words}{limit:.0f}"
        yield Call(code=code, evidence=(_axis(round(axis), printed),))


def _axis_code(axis: float, limits: tuple[float, float]) -> str:
    low, high = limits
    if -180 <= axis < -90 and low > -90:
        return "AHA122"
    if round(axis) < low:
        return "39732003"
    return "47665007" if round(axis) > high else ""


def _axis(value: float | str, limit: str) -> Evidence:
    return Evidence(name="QRS axis", value=value, unit="°" if value != "too small" else "",
                    limit=limit)  # fmt: skip


# ---- voltage ---------------------------------------------------------------------------------


def judge_low_voltage(facts: Facts) -> Iterator[Ruling]:
    """Low voltage in all limb leads, and in the chest leads too."""
    if not facts.in_mv:
        yield Unable(code="LVOLT", reason="Amplitude not calibrated.")
        return
    limb = _is_low(facts, LIMB_6, LOW_LIMB_MV)
    if facts.is_paced or not limb:
        return
    chest = _is_low(facts, CHEST_6, LOW_CHEST_MV)
    parts = ((LIMB_6, LOW_LIMB_MV, "limb"), (CHEST_6, LOW_CHEST_MV, "chest"))[: 1 + chest]
    evidence = tuple(
        Evidence(name=f"largest QRS of the {name} leads", value=round(_largest(facts, leads), 2),
                 unit="mV", limit=f"< {limit:.1f}")
        for leads, limit, name in parts
    )  # fmt: skip
    yield Call(code="LVOLT", evidence=evidence, words="" if chest else "Low limb-lead voltage")


def _largest(facts: Facts, leads: Iterable[str]) -> float:
    return max(facts.qrs_shapes[name].span for name in leads if name in facts.qrs_shapes)


def _is_low(facts: Facts, leads: tuple[str, ...], limit_mv: float) -> bool:
    spans = [facts.qrs_shapes[name].span for name in leads if name in facts.qrs_shapes]
    return len(spans) >= MOST_OF_SIX and LEAST_MV < max(spans) < limit_mv


def judge_r_progression(facts: Facts) -> Iterator[Ruling]:
    """R does not grow from V1 to V3, and nothing else explains it."""
    shapes = [facts.qrs_shape(name) for name in ("V1", "V2", "V3", "V4")]
    if not facts.in_mv or any(shape is None for shape in shapes):
        return
    if facts.is_child:
        yield Unable(code="365413008", reason=CHILD)
        return
    if _is_explained(facts):
        return
    _, two, three, four = (shape.top for shape in shapes if shape is not None)
    small = three <= R_V3_SMALL_MV or four <= 2 * R_V3_MV
    if three <= R_V3_MV and small and (two <= R_V3_MV or three < two - 0.1):
        evidence = tuple(
            Evidence(name=f"R in {name}", value=round(value, 2), unit="mV", limit=limit)
            for name, value, limit in (
                ("V2", two, ""), ("V3", three, f"<= {R_V3_MV}"), ("V4", four, ""),
            )
        )  # fmt: skip
        yield Call(code="365413008", evidence=evidence, leads=("V1", "V2", "V3", "V4"))


def _is_explained(facts: Facts) -> bool:
    """Tell whether block, pacing, hypertrophy, low voltage or placement explains a small R."""
    two, three = facts.qrs_shape("V2"), facts.qrs_shape("V3")
    if any(shape is not None and shape.q is not None for shape in (two, three)):
        return True  # a Q or QS is infarction's
    chest = facts.measured.reversal is not None or facts.is_mirrored
    block = bundle_block(facts) in ("LBBB", "RBBB") or is_preexcited(facts) or facts.is_paced
    low = _is_low(facts, CHEST_6, LOW_CHEST_MV)
    return chest or block or low or bool(right_evidence(facts))


# ---- dextrocardia ------------------------------------------------------------------------------


def judge_dextrocardia(facts: Facts) -> Iterator[Ruling]:
    """Dextrocardia, as far as leads of the left chest can tell it from lead reversal."""
    if not facts.in_mv or facts.is_paced or not facts.is_mirrored:
        return
    spans = [(name, facts.qrs_shapes[name].span) for name in ("V1", "V6") if name in facts.leads]
    evidence = [
        Evidence(name=f"QRS in {name}", value=round(value, 2), unit="mV") for name, value in spans
    ]
    evidence.append(Evidence(name="P and QRS in I", value="negative", limit="upright"))
    yield Call(code="AHA230", evidence=tuple(evidence), leads=("I", "V1", "V6"))


# ---- alternans -------------------------------------------------------------------------------


def judge_alternans(facts: Facts) -> Iterator[Ruling]:
    """Electrical alternans: every second QRS of one rhythm larger."""
    beats = facts.beats
    kinds = set(beats.types)
    if beats.consensus.n_beats < ALTERNATING_BEATS or kinds - {"normal", "supraventricular"}:
        return
    found = {lead: part for lead in facts.leads if (part := alternating_part(facts, lead))}
    if len(found) < min(ALTERNATING_LEADS, len(facts.leads)):
        return
    lead = max(found, key=lambda name: found[name])
    evidence = Evidence(
        name=f"QRS of every second beat in {lead}", value=round(100 * found[lead]),
        unit="% larger", limit=f">= {100 * ALTERNATING_PART:.0f}",
    )  # fmt: skip
    yield Call(code="423863005", evidence=(evidence,), leads=tuple(found))


def alternating_part(facts: Facts, lead: str) -> float:
    """Return by which part of it every second QRS of a lead is larger; 0 where it is not."""
    spans = facts.qrs_spans(lead)
    if spans.size < ALTERNATING_BEATS or not np.isfinite(spans).all():
        return 0.0
    # Against both neighbours: breathing changes it slowly, alternans each time.
    step = spans[1:-1] - (spans[:-2] + spans[2:]) / 2
    sign = np.sign(step) * (-1.0) ** np.arange(step.size)
    share = max(float((sign > 0).mean()), float((sign < 0).mean()))
    part = abs(float(np.median(step * (-1.0) ** np.arange(step.size)))) / float(np.median(spans))
    return part if share >= ALTERNATING_SHARE and part >= ALTERNATING_PART else 0.0


RULES: tuple[Callable[[Facts], Iterable[Ruling]], ...] = (
    judge_axis,
    judge_low_voltage,
    judge_r_progression,
    judge_dextrocardia,
    judge_alternans,
)
