"""Atrial enlargement and ventricular hypertrophy by named criteria.

Criteria: Hancock et al., AHA/ACCF/HRS 2009 Part V (Circulation 119:e251), with the sources named
there: Sokolow and Lyon (1949), Casale et al. (Cornell, 1987), Dahlof et al. (product, 1997), Morris
et al. (P terminal force, 1964), Myers et al. (right ventricle, 1948).
"""

from collections.abc import Callable, Iterable, Iterator

from ecgcore.interpret.facts import Facts
from ecgcore.interpret.rules.conduction import (
    ECTOPIC_P,
    bundle_block,
    fascicular_block,
    is_preexcited,
)
from ecgcore.measure.hypertrophy import CORNELL_MV, SOKOLOW_MV, SOKOLOW_YEARS
from ecgcore.results.interpreted import Against, Call, Evidence, Ruling, Unable

NOT_IN_MV = "Amplitude not calibrated: voltage criteria were not assessed."
CHILD = "Not assessed under 18 years."
# mV ms; in women 0.6 mV are added.
PRODUCT_MV_MS, WOMENS_MV = 244.0, 0.6
# Morris: -0.04, which 9 % of PTB-XL's normal ECGs reach.
P_TERMINAL_MM_S = -0.06
LONG_P_MS = 120.0
P_PEAKS_MS = 40.0
TALL_P_MV, TALL_P_V1_MV = 0.25, 0.15
R_V1_MV, R_V1_S_V6_MV, TALL_R_V1_MV = 0.5, 1.05, 0.7
RIGHT_DEG = 90.0
LARGE_MV = 4.5
STRAIN_T_MV = -0.1
NOT_SAID = "The complexes are paced, or bundle branch block or preexcitation alters them."


# ---- atria -----------------------------------------------------------------------------------


def judge_left_atrium(facts: Facts) -> Iterator[Ruling]:
    """Left atrial enlargement: a long P, with a terminal force in V1 or two peaks."""
    if not _has_sinus_p(facts):
        return
    if facts.is_child:
        yield Unable(code="LAO/LAE", reason=CHILD)
        return
    duration = facts.value("p_duration")
    one, two = facts.p_shapes.get("V1"), facts.p_shapes.get("II")
    if duration is None or duration < LONG_P_MS:
        return
    evidence = [_ms("P duration", duration, f">= {LONG_P_MS:.0f}")]
    if one is not None and one.terminal_mm_s <= P_TERMINAL_MM_S:
        force = round(one.terminal_mm_s, 3)
        evidence.append(Evidence(name="P terminal force in V1", value=force, unit="mm s",
                                 limit=f"<= {P_TERMINAL_MM_S}"))  # fmt: skip
    if two is not None and two.peaks_apart_ms >= P_PEAKS_MS:
        evidence.append(_ms("P peaks apart in II", two.peaks_apart_ms, f">= {P_PEAKS_MS:.0f}"))
    if len(evidence) > 1:
        yield Call(code="LAO/LAE", evidence=tuple(evidence), leads=("II", "V1"))


def judge_right_atrium(facts: Facts) -> Iterator[Ruling]:
    """Right atrial enlargement: a tall P in an inferior lead, or at its start in V1."""
    if not _has_sinus_p(facts):
        return
    if facts.is_child:
        yield Unable(code="RAO/RAE", reason=CHILD)
        return
    tops = {n: facts.p_shapes[n].top for n in ("II", "III", "aVF") if n in facts.p_shapes}
    evidence = [_mv(f"P in {n}", v, f"> {TALL_P_MV}") for n, v in tops.items() if v > TALL_P_MV]
    one = facts.p_shapes.get("V1")
    if one is not None and one.initial > TALL_P_V1_MV and not facts.is_reversed:
        evidence.append(_mv("start of P in V1", one.initial, f"> {TALL_P_V1_MV}"))
    if evidence:
        yield Call(code="RAO/RAE", evidence=tuple(evidence))


def _has_sinus_p(facts: Facts) -> bool:
    paced = facts.is_paced or facts.has_rhythm("PACE")
    return bool(facts.p_shapes) and facts.in_mv and not paced and not facts.has_rhythm(*ECTOPIC_P)


# ---- left ventricle --------------------------------------------------------------------------


def voltage_evidence(facts: Facts) -> tuple[Evidence, ...]:
    """Return the voltage criteria of the left ventricle that are met."""
    found = []
    one, three, avl = (facts.qrs_shape(n) for n in ("V1", "V3", "aVL"))
    lateral = [s for s in map(facts.qrs_shape, ("V5", "V6")) if s is not None]
    age = facts.patient.age_years
    if one is not None and lateral and (age is None or age >= SOKOLOW_YEARS):
        value = one.depth + max(shape.top for shape in lateral)
        if value >= SOKOLOW_MV:
            found.append(_mv("Sokolow-Lyon, S in V1 and R in V5 or V6", value, f">= {SOKOLOW_MV}"))
    # R in aVL says nothing beside left anterior fascicular block (Part V).
    if three is not None and avl is not None and fascicular_block(facts) != "LAFB":
        value, limit = three.depth + avl.top, cornell_limit(facts)
        if value > limit:
            unknown = "" if facts.patient.sex else " (sex unknown: the lower limit)"
            found.append(_mv("Cornell, R in aVL and S in V3", value, f"> {limit}{unknown}"))
    return tuple(found)


def cornell_limit(facts: Facts) -> float:
    """Return the limit of R in aVL and S in V3 in mV; the lower one where the sex is unknown."""
    return CORNELL_MV.get(facts.patient.sex or "", min(CORNELL_MV.values()))


def _product(facts: Facts) -> tuple[Evidence, ...]:
    """Return the Cornell product, where it is met: it does not add to the Cornell voltage."""
    three, avl, qrs = facts.qrs_shape("V3"), facts.qrs_shape("aVL"), facts.value("qrs")
    if three is None or avl is None or qrs is None:
        return ()
    more = WOMENS_MV if facts.patient.sex == "female" else 0.0
    product = (three.depth + avl.top + more) * qrs
    limit = f"> {PRODUCT_MV_MS:.0f}"
    one = Evidence(name="Cornell product", value=round(product), unit="mV ms", limit=limit)
    return (one,) if product > PRODUCT_MV_MS else ()


def _support(facts: Facts) -> tuple[Evidence, ...]:
    """Return what beside voltage speaks for hypertrophy: strain, the left atrium."""
    strained = [n for n in ("V6", "V5", "I") if _is_strained(facts, n)][:1]
    strain = [_mv(f"T in {n}", facts.t_shapes[n].height, f"<= {STRAIN_T_MV}") for n in strained]
    atrium = [call for call in judge_left_atrium(facts) if isinstance(call, Call)]
    return (*strain, *(one for call in atrium for one in call.evidence))


def _is_strained(facts: Facts, lead: str) -> bool:
    shape = facts.qrs_shape(lead)
    if shape is None or lead not in facts.t_shapes:
        return False
    return shape.top > shape.depth and facts.t_shapes[lead].height <= STRAIN_T_MV


def judge_left_ventricle(facts: Facts) -> Iterator[Ruling]:
    """Left ventricular hypertrophy, or its voltage criteria alone; with the right one, both."""
    if not facts.in_mv or not facts.qrs_shapes:
        yield from (Unable(code=code, reason=NOT_IN_MV) for code in ("LVH", "VCLVH"))
        return
    if facts.is_child:
        yield Unable(code="LVH", reason=CHILD)
        return
    if facts.is_paced or is_preexcited(facts) or bundle_block(facts) in ("LBBB", "RBBB"):
        yield Against(code="LVH", reason=NOT_SAID)
        return
    voltage = voltage_evidence(facts)
    right = right_evidence(facts)
    both = _both_evidence(facts)
    if (voltage and right) or both:
        yield Call(code="AHA144", evidence=(*voltage, *right, *both))
    elif voltage:
        support = _support(facts)
        whole = bool(support) or len(voltage) > 1
        evidence = (*voltage, *_product(facts), *support)
        # Voltage alone says little about younger adults.
        if whole or (facts.patient.age_years or SOKOLOW_YEARS) >= SOKOLOW_YEARS:
            yield Call(code="LVH" if whole else "VCLVH", evidence=evidence)


def _both_evidence(facts: Facts) -> tuple[Evidence, ...]:
    """Return tall R and deep S in V2 to V4 (Katz and Wachtel) with a tall R in V1."""
    one = facts.qrs_shape("V1")
    middle = {n: s for n in ("V2", "V3", "V4") if (s := facts.qrs_shape(n)) is not None}
    large = [n for n, s in middle.items() if s.span > LARGE_MV and min(s.top, s.depth) > 1.0]
    if one is None or one.top < TALL_R_V1_MV or not large:
        return ()
    spans = [_mv(f"R and S in {n}", middle[n].span, f"> {LARGE_MV}") for n in large]
    return (*spans, _mv("R in V1", one.top, f">= {TALL_R_V1_MV}"))


# ---- right ventricle -------------------------------------------------------------------------


def right_evidence(facts: Facts) -> tuple[Evidence, ...]:
    """Return what speaks for right ventricular hypertrophy: V1 with a right axis."""
    one, six, axis = facts.qrs_shape("V1"), facts.qrs_shape("V6"), facts.value("qrs_axis")
    if one is None or axis is None or not _is_right(axis):
        return ()
    found = []
    if one.top >= R_V1_MV and one.top > one.depth:
        ratio = "" if one.depth == 0 else round(one.top / one.depth, 1)
        found.append(Evidence(name="R/S in V1", value=ratio or "R alone", limit="> 1"))
    if one.top > TALL_R_V1_MV:
        found.append(_mv("R in V1", one.top, f"> {TALL_R_V1_MV}"))
    total = one.top + (six.depth if six is not None else 0.0)
    if six is not None and total > R_V1_S_V6_MV and one.top >= R_V1_MV:
        found.append(_mv("R in V1 and S in V6", total, f"> {R_V1_S_V6_MV}"))
    if not found:
        return ()
    return (*found, Evidence(name="QRS axis", value=round(axis), unit="°", limit="> 90"))


def _is_right(axis: float) -> bool:
    return axis > RIGHT_DEG or axis < -150


def judge_right_ventricle(facts: Facts) -> Iterator[Ruling]:
    """Right ventricular hypertrophy, where the left one has no voltage."""
    if (
        not facts.in_mv
        or facts.is_paced
        or is_preexcited(facts)
        or facts.is_reversed
        or facts.is_mirrored
    ):
        return
    if facts.is_child:
        yield Unable(code="RVH", reason=CHILD)
        return
    if bundle_block(facts) in ("LBBB", "RBBB") or voltage_evidence(facts):
        return
    evidence = right_evidence(facts)
    if evidence:
        yield Call(code="RVH", evidence=evidence, leads=("V1",))


def _ms(name: str, value: float, limit: str) -> Evidence:
    return Evidence(name=name, value=round(value), unit="ms", limit=limit)


def _mv(name: str, value: float, limit: str) -> Evidence:
    return Evidence(name=name, value=round(value, 2), unit="mV", limit=limit)


RULES: tuple[Callable[[Facts], Iterable[Ruling]], ...] = (
    judge_left_atrium,
    judge_right_atrium,
    judge_left_ventricle,
    judge_right_ventricle,
)
