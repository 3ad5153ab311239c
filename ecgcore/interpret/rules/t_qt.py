"""T waves, QT and electrolytes, Brugada pattern, Osborn wave.

QT: Rautaharju et al., AHA/ACCF/HRS 2009 Part IV (Circulation 119:e241), by Fridericia whatever
formula is shown; from QRS 120 ms on by JT.  Short QT: Gollob et al., JACC 57:802 (2011).
Electrolytes: Surawicz and Knilans, Chou's Electrocardiography, 6th ed., chapter 22.
"""

from collections.abc import Callable, Iterable, Iterator

import numpy as np

from ecgcore.interpret.facts import Facts
from ecgcore.interpret.rules.conduction import OF_VENTRICLES, WITHOUT_CONDUCTION, bundle_block
from ecgcore.measure.median_beat import index_of
from ecgcore.measure.rhythm import NORMAL_RHYTHMS, REGULAR
from ecgcore.results.interpreted import Call, Evidence, Ruling, Unable

LONG_MS = {"male": 450.0, "female": 460.0}
URGENT_MS = 500.0
SHORT_MS = 350.0
# With a wide QRS: QTc less QRS against the same limit less a QRS of 100 ms.
WIDE_MS, USUAL_QRS_MS = 120.0, 100.0
CHILD = "Not assessed under 18 years."
NO_QT = "QT was not measured."
# A QT this long beside RR has no end that can be seen.
MOST_OF_RR = 0.95


# ---- QT --------------------------------------------------------------------------------------


def judge_qt(facts: Facts) -> Iterator[Ruling]:
    """Prolonged QT, urgent from 500 ms on, and short QT."""
    qrs, child, rhythm = facts.value("qrs"), facts.is_child, facts.measured.rhythm
    wide = facts.is_paced or (qrs is not None and qrs >= WIDE_MS)
    name = "jtc_fridericia" if wide else "qtc_fridericia"
    found = facts.measurement(name)
    if facts.has_rhythm(*OF_VENTRICLES):
        return
    if found is None or found.value is None:
        yield Unable(code="LNGQT", reason=found.reason if found else NO_QT)
        return
    qt, rr = facts.value("qt"), facts.value("rr_mean")
    if qt is not None and rr is not None and qt > MOST_OF_RR * rr:
        yield Unable(code="LNGQT", reason="T runs into the next complex.")
        return
    less = USUAL_QRS_MS if wide else 0.0
    limit = _long_limit(facts)
    if limit is None:
        yield Unable(code="LNGQT", reason=facts.no_child_table)
        return
    printed = "JTc (Fridericia)" if wide else "QTc (Fridericia)"
    value = found.value
    if value >= limit - less:
        urgent = value > URGENT_MS - less
        edge = f"> {URGENT_MS - less:.0f}" if urgent else f">= {limit - less:.0f}"
        note = "" if facts.patient.sex else " (sex unknown: the lower limit)"
        evidence = [Evidence(name=printed, value=round(value), unit="ms", limit=edge + note)]
        if wide and qrs is not None:
            evidence.append(Evidence(name="QRS", value=round(qrs), unit="ms"))
        rule = f"{printed} {value:.0f} ms (limit {URGENT_MS - less:.0f})."
        yield Call(
            code="LNGQT", evidence=tuple(evidence), urgent=urgent, rule=rule if urgent else ""
        )
    elif value < SHORT_MS and not wide and not child and rhythm in NORMAL_RHYTHMS:
        short = Evidence(name=printed, value=round(value), unit="ms", limit=f"< {SHORT_MS:.0f}")
        yield Call(code="77867006", evidence=(short,))


def _long_limit(facts: Facts) -> float | None:
    """Return the limit of QTc in ms: of the sex, or the lower one; children have one of 460."""
    if facts.is_child:
        age = facts.patient.age_years or 0.0
        return LONG_MS["female"] if age >= 1.0 else None
    return LONG_MS.get(facts.patient.sex or "", min(LONG_MS.values()))


# ---- hyperkalemia ------------------------------------------------------------------------------

CHEST_T = ("II", "V2", "V3", "V4", "V5")
# Tented: tall for its width, narrow, and as steep down as up, in two of these leads.
PEAKED_MV, PEAKED_WIDTH_MS, PEAKED_MV_PER_100_MS = 0.6, 85.0, 1.15
SYMMETRIC = (0.42, 0.58)
# With a wide QRS: T as tall as this part of QRS, and symmetric, in so many leads; a T of right
# bundle branch block is tall too, but in fewer leads or broader.
TALL_PART, TALL_MV, ALMOST_SYMMETRIC = 0.3, 0.25, (0.36, 0.64)
LEADS_NEEDED, WIDE_LEADS, LEADS_WITH_BLOCK = 2, 3, 4
# Up to this QRS (in right bundle branch block the second), with P, it is narrow.
SINE_QRS_MS, VERY_WIDE_MS, NARROW_MS = 170.0, 190.0, 100.0
# QRS is upright too in so many of them: not so in ventricular rhythms or left bundle branch block.
CONCORDANT_PART, CONCORDANT_LEADS = 0.75, 2
PEAKED_QTC_MS = 360.0


def peaked_leads(facts: Facts) -> tuple[str, ...]:
    """Return the leads with a tall, narrow, symmetric T."""
    return tuple(name for name in CHEST_T if _is_peaked(facts, name))


def _is_peaked(facts: Facts, lead: str) -> bool:
    t = facts.t_shapes.get(lead)
    if t is None or t.height < PEAKED_MV or not _lies_in(t.rise_part, SYMMETRIC):
        return False
    return t.width_ms <= PEAKED_WIDTH_MS and 100 * t.height / t.width_ms >= PEAKED_MV_PER_100_MS


def _lies_in(value: float, limits: tuple[float, float]) -> bool:
    return limits[0] <= value <= limits[1]


def tall_leads(facts: Facts) -> tuple[str, ...]:
    """Return the leads with a symmetric upright T that is tall beside a wide QRS."""
    return tuple(name for name in CHEST_T if _is_tall(facts, name))


def _is_tall(facts: Facts, lead: str) -> bool:
    t, qrs = facts.t_shapes.get(lead), facts.qrs_shape(lead)
    if t is None or qrs is None or not _lies_in(t.rise_part, ALMOST_SYMMETRIC):
        return False
    return t.height >= max(TALL_MV, TALL_PART * qrs.span)


def judge_hyperkalemia(facts: Facts) -> Iterator[Ruling]:
    """Peaked T; with a wide QRS it cannot wait."""
    if not facts.in_mv or facts.is_paced:
        return
    qrs, qtc = facts.value("qrs"), facts.value("qtc_fridericia")
    peaked = peaked_leads(facts)
    if qrs is None:
        return
    if qrs < WIDE_MS:
        # A short QT has a narrow T of its own.
        if len(peaked) >= LEADS_NEEDED and qtc is not None and qtc >= PEAKED_QTC_MS:
            yield _hyperkalemia(facts, peaked, qrs=None)
        return
    leads = _wide_leads(facts, qrs)
    steady = facts.measured.rhythm.startswith((*NORMAL_RHYTHMS, REGULAR))
    if leads and steady and _is_concordant(facts, leads):
        yield _hyperkalemia(facts, leads, qrs=qrs)


def _wide_leads(facts: Facts, qrs: float) -> tuple[str, ...]:
    """Return the leads with the T of hyperkalemia beside a wide QRS, where there are enough."""
    leads = tall_leads(facts)
    right = bundle_block(facts) == "RBBB"
    needed = LEADS_WITH_BLOCK if right else WIDE_LEADS
    if facts.value("pr") is not None and qrs < (VERY_WIDE_MS if right else SINE_QRS_MS):
        leads = tuple(n for n in leads if facts.t_shapes[n].width_ms <= NARROW_MS)
    return leads if len(leads) >= needed else ()


def _is_concordant(facts: Facts, leads: tuple[str, ...]) -> bool:
    """Tell whether T is tall where QRS is upright too."""
    shapes = [facts.qrs_shapes[name] for name in leads if name in facts.qrs_shapes]
    upright = [shape for shape in shapes if shape.top >= CONCORDANT_PART * shape.depth]
    return len(upright) >= CONCORDANT_LEADS


def _hyperkalemia(facts: Facts, leads: tuple[str, ...], *, qrs: float | None) -> Call:
    each = [(name, facts.t_shapes[name]) for name in leads]
    evidence = [Evidence(name=f"T in {n}", value=round(t.height, 2), unit="mV") for n, t in each]
    evidence += [
        Evidence(name=f"width of T in {n}", value=round(t.width_ms), unit="ms",
                 limit=f"<= {PEAKED_WIDTH_MS:.0f}")
        for n, t in each[:1]
    ]  # fmt: skip
    if qrs is None:
        return Call(code="14140009", evidence=tuple(evidence), leads=leads,
                    words="Peaked T waves: consider hyperkalemia")  # fmt: skip
    tall = ", ".join(f"{t.height:.1f} mV in {n}" for n, t in each)
    rule = f"QRS {qrs:.0f} ms (limit {WIDE_MS:.0f}) with peaked T ({tall})."
    wide = Evidence(name="QRS", value=round(qrs), unit="ms", limit=f">= {WIDE_MS:.0f}")
    return Call(
        code="14140009", evidence=(wide, *evidence), leads=leads, urgent=True, rule=rule,
        words="Wide QRS with peaked T waves: consider severe hyperkalemia",
    )  # fmt: skip


# ---- U and T -----------------------------------------------------------------------------------

U_MV, U_LEADS = 0.1, ("V2", "V3", "V4")
FLAT_T_MV = 0.1
FLAT_T_PART = 0.1
FLAT_LEADS = ("I", "II", "V4", "V5", "V6")
TALL_T_MV = {"limb": 0.5, "chest": 1.0}
RAISED_MV = 0.1


def judge_u(facts: Facts) -> Iterator[Ruling]:
    """Prominent U waves, and with a flat T what suggests hypokalemia."""
    if not facts.in_mv:
        return
    conducted = facts.value("pr") is not None and not facts.has_rhythm(*WITHOUT_CONDUCTION)
    if not conducted or facts.measured.rhythm not in NORMAL_RHYTHMS:
        return  # a P or flutter wave after T looks like U
    shapes = [(n, facts.t_shapes[n]) for n in (*U_LEADS, "II", "V5") if n in facts.t_shapes]
    high = [(n, t) for n, t in shapes if (t.u or 0.0) >= U_MV]
    if not any(n in U_LEADS for n, _ in high):
        return
    evidence = tuple(
        Evidence(name=f"U in {n}", value=round(t.u or 0.0, 2), unit="mV", limit=f">= {U_MV}")
        for n, t in high
    )
    leads = tuple(n for n, _ in high)
    if all((t.u or 0.0) >= abs(t.height) for _, t in high):
        yield Call(code="AHA211", evidence=evidence, leads=leads)
    yield Call(code="AHA150", evidence=evidence, leads=leads)


def judge_t_amplitude(facts: Facts) -> Iterator[Ruling]:
    """Low-amplitude T waves, and high ones that are not peaked."""
    qrs = facts.value("qrs")
    if not facts.in_mv or facts.is_paced or qrs is None or qrs >= WIDE_MS:
        return
    upright = [n for n in FLAT_LEADS if n in facts.t_shapes and _has_r(facts, n)]
    flat = [n for n in upright if _is_flat(facts, n)]
    if len(flat) >= 3 and len(flat) >= len(upright) - 1:
        yield Call(code="LOWT", evidence=_t_evidence(facts, flat, "< 10 % of R"), leads=tuple(flat))
    high = [n for n, t in facts.t_shapes.items() if t.height > TALL_T_MV[_side(n)]]
    high = [n for n in high if abs(facts.amplitude(n, "J") or 0.0) < RAISED_MV]
    if len(high) >= 2 and len(peaked_leads(facts)) < LEADS_NEEDED:
        evidence = _t_evidence(facts, high, "> 0.5 limb, > 1.0 chest")
        yield Call(code="251259000", evidence=evidence, leads=tuple(high))


def _side(lead: str) -> str:
    return "chest" if lead.startswith("V") else "limb"


def _has_r(facts: Facts, lead: str) -> bool:
    shape = facts.qrs_shape(lead)
    return shape is not None and shape.top >= max(0.3, shape.depth)


def _is_flat(facts: Facts, lead: str) -> bool:
    t, shape = facts.t_shapes[lead], facts.qrs_shape(lead)
    return shape is not None and abs(t.height) < min(FLAT_T_MV, FLAT_T_PART * shape.top)


def _t_evidence(facts: Facts, leads: Iterable[str], limit: str) -> tuple[Evidence, ...]:
    return tuple(
        Evidence(name=f"T in {n}", value=round(facts.t_shapes[n].height, 2), unit="mV", limit=limit)
        for n in leads
    )


# ---- Brugada, Osborn ---------------------------------------------------------------------------

BRUGADA_MV, COVED_LATER_MV, COVED_T_MV = 0.2, 0.1, -0.1
# Type 2: r' falls slowly into a saddle (0.14 mV in 40 ms: its triangle is 140 ms wide 0.5 mV below
# the peak).
SADDLE_MV, SADDLE_FALL_MV, SADDLE_STEEP_MV = 0.05, 0.1, 0.14
NEAR_J_S = 0.04
OSBORN_MV, OSBORN_SURE_MV, OSBORN_NEEDED, OSBORN_BPM = 0.2, 0.3, 3, 60.0


def judge_brugada(facts: Facts) -> Iterator[Ruling]:
    """Brugada type 1 (coved) and type 2 (saddleback) pattern in V1 or V2."""
    if not facts.in_mv or facts.is_paced:
        return
    if facts.is_child:
        yield Unable(code="418818005", reason=CHILD)
        return
    for kind, holds in (("type 1", _is_coved), ("type 2", _is_saddle)):
        found = {n: course for n in ("V1", "V2") if (course := holds(facts, n))}
        if not found:
            continue
        evidence = tuple(
            Evidence(name=f"{what} in {name}", value=round(value, 2), unit="mV", limit=limit)
            for name, course in found.items()
            for what, value, limit in (
                ("J", course[0], f">= {BRUGADA_MV}"), ("ST 80 ms later", course[2], ""),
                ("T", course[3], ""),
            )
        )  # fmt: skip
        shape = "coved), prompt review" if kind == "type 1" else "saddleback: consider)"
        yield Call(code="418818005", evidence=evidence, leads=tuple(found),
                   words=f"Brugada pattern, {kind} ({shape}")  # fmt: skip
        return


Course = tuple[float, float, float, float]


def _st_course(facts: Facts, lead: str) -> Course | None:
    """Return the highest point at J, 40 and 80 ms later, and T, all in mV."""
    beat, t = facts.measured.median_beat, facts.t_shapes.get(lead)
    if beat is None or t is None:
        return None
    row = beat.values[beat.leads.index(lead)].astype(np.float64)
    j_s = beat.consensus["qrs_offset"]
    first, last = index_of(beat, j_s - NEAR_J_S), index_of(beat, j_s + NEAR_J_S)
    top = first + int(row[first : last + 1].argmax())
    later = [min(row.size - 1, top + round(s * beat.fs_hz)) for s in (0.04, 0.08)]
    return float(row[top]), float(row[later[0]]), float(row[later[1]]), t.height


def _is_coved(facts: Facts, lead: str) -> Course | None:
    course = _st_course(facts, lead)
    if course is None or bundle_block(facts) == "RBBB":
        return None
    top, middle, late, t = course
    high = top >= BRUGADA_MV and middle >= COVED_LATER_MV
    return course if high and top > middle > late and t <= COVED_T_MV else None


def _is_saddle(facts: Facts, lead: str) -> Course | None:
    course, shape = _st_course(facts, lead), facts.qrs_shape(lead)
    if course is None or shape is None or shape.r_prime is None:
        return None
    top, middle, late, t = course
    low = min(middle, late)
    falls = top >= BRUGADA_MV and low >= SADDLE_MV and top - low >= SADDLE_FALL_MV
    slow = top - middle <= SADDLE_STEEP_MV
    return course if falls and slow and t > low + SADDLE_FALL_MV else None


def judge_osborn(facts: Facts) -> Iterator[Ruling]:
    """Osborn waves: a hump of 0.2 mV and more at J, in three leads and a slow rhythm."""
    if not facts.in_mv or facts.is_paced or bundle_block(facts):
        return
    heights = {name: mv for name, mv in facts.j_humps.items() if mv >= OSBORN_MV}
    rate = facts.value("heart_rate")
    if len(heights) < OSBORN_NEEDED or rate is None or rate >= OSBORN_BPM:
        return
    # A healthy, slow heart has smaller ones with a normal QT.
    qtc = facts.value("qtc_fridericia") or 0.0
    if qtc < LONG_MS["male"] and max(heights.values()) < OSBORN_SURE_MV:
        return
    evidence = tuple(
        Evidence(name=f"hump at J in {n}", value=round(mv, 2), unit="mV", limit=f">= {OSBORN_MV}")
        for n, mv in heights.items()
    )
    yield Call(code="AHA154", evidence=evidence, leads=tuple(heights))


RULES: tuple[Callable[[Facts], Iterable[Ruling]], ...] = (
    judge_qt,
    judge_hyperkalemia,
    judge_u,
    judge_t_amplitude,
    judge_brugada,
    judge_osborn,
)
