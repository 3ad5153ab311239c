"""PR, bundle branches, fascicles, pre-excitation.

Criteria: Surawicz et al., AHA/ACCF/HRS 2009 Part III (Circulation 119:e235), measured on the median
beat; PR: Kusumoto et al., ACC/AHA/HRS 2018 (Circulation 140:e382), children: Rijnbeek (2001).
"""

from collections.abc import Callable, Iterable, Iterator

from ecgcore.interpret.facts import Facts
from ecgcore.measure.axes import axis_until
from ecgcore.measure.qrs_shape import QrsShape
from ecgcore.measure.reference import reference_range
from ecgcore.recording import Patient
from ecgcore.results.interpreted import Against, Call, Evidence, Ruling, Unable

NOT_CONDUCTED = "No P wave is conducted to each QRS complex."
VENTRICULAR_RHYTHM = "The complexes are paced or may be of ventricular origin."
UNDETERMINED = "origin not determined"
# First-degree block is no word for these rhythms, whatever lies before QRS.
WITHOUT_CONDUCTION = (
    "AF", "AFLT", "397829000", "164895002", "164896001", "111288001", "49260003", "61277005",
    "81898007", "29320008", "426664006", "426648003", "SVTAC", "AHA76", "2AVB", "3AVB", "AHA86",
    "AHA87", "233917008", "50799005", "251266004",
)  # fmt: skip
OF_VENTRICLES = (
    "164895002", "164896001", "111288001", "49260003", "61277005", "81898007", "AHA65", "AHA76",
)  # fmt: skip
ADULT_PR_MS = (120.0, 200.0)
# Part III: adults; 8 to 16 years; 4 to 8; under 4.  QRS of an incomplete block, and of a complete.
WIDTHS_MS = ((16.0, 110.0, 120.0), (8.0, 90.0, 100.0), (4.0, 86.0, 100.0), (0.0, 80.0, 90.0))
UNSPECIFIED_MS = 120.0
# An incomplete block by its shape up to so much more: readers' QRS differ by as much.
QRS_ERROR_MS = 15.0
# A retrograde P at the end of QRS looks like r' and S in these rhythms.
RETROGRADE = ("29320008", "426664006", "426648003", "SVTAC")
# A short PR is no word for a P that does not come from the sinus node.
ECTOPIC_P = (*RETROGRADE, "106068003", "713422000", "AHA53", "195101003")
# J waves in so many leads widen QRS: no bundle does.
# III and V3 are left out: R' of right bundle branch block is seen there.
HUMP_MV, HUMPS_NEEDED, HUMP_LEADS = 0.1, 3, ("II", "aVF", "V4", "V5", "V6")
# LBBB: R peak in V5, V6 or I after 60 ms; what is left of r in V1.
LATE_PEAK_MS = 60.0
SMALL_R_PART = 0.5
# R of I or V6 is broad: of an incomplete block, and of a complete one (train and val of PTB-XL:
# 92 ms and more in 69 of 70 blocks, in 12 of 42 other wide QRS with a late R peak).
BROAD_R_MS = (70.0, 92.0)
# RBBB: S in I or V6 over 40 ms or longer than R; R peak in V1 after 50 ms.
WIDE_S_MS = 40.0
V1_PEAK_MS = 50.0
# R' of an incomplete block, as a part of V1 from peak to trough, and in mV.
R_PRIME_PART, R_PRIME_MV = 0.12, 0.10
LEFT_ANTERIOR_DEG = (-90.0, -45.0)
# No left axis deviation: no network's left anterior fascicular block stands.
NOT_LEFT_DEG = (-30.0, 90.0)
# 45 ms, less the error of QRS onset.
AVL_PEAK_MS = 42.0
# The unblocked part of QRS, by which fascicles are judged beside right bundle branch block.
FIRST_PART_MS = 80.0
SMALL_Q_PART = 0.02


def axis_words(degrees: float) -> str:
    """Return an axis as it stands in a sentence."""
    return f"{degrees:.0f}°"


# ---- PR ------------------------------------------------------------------------------------


def pr_limits(patient: Patient) -> tuple[float, float] | None:
    """Return the shortest and longest normal PR in ms; None for a child without a table."""
    age = patient.age_years
    if age is None:
        return ADULT_PR_MS
    sexes = (patient.sex,) if patient.sex else ("male", "female")
    found = [reference_range("pr", Patient(age, sex)) for sex in sexes]
    lows = [each.low for each in found if each is not None and each.low is not None]
    highs = [each.high for each in found if each is not None and each.high is not None]
    return (max(lows), min(highs)) if lows and highs else None


def judge_pr(facts: Facts) -> Iterator[Ruling]:
    """First-degree AV block, and a short PR interval, where each P is conducted."""
    found = facts.measurement("pr")
    if found is None or found.value is None:
        yield Against(code="IAVB", reason=found.reason if found else NOT_CONDUCTED)
        return
    if facts.has_rhythm(*WITHOUT_CONDUCTION):
        yield Against(code="IAVB", reason=NOT_CONDUCTED)
        return
    limits = pr_limits(facts.patient)
    if limits is None:
        yield from (Unable(code=c, reason=facts.no_child_table) for c in ("IAVB", "49578007"))
    elif round(found.value) > limits[1]:
        yield Call(code="IAVB", evidence=(_pr(found.value, f"> {limits[1]:.0f}"),))
    elif round(found.value) < limits[0] and not _explains_short_pr(facts):
        yield Call(code="49578007", evidence=(_pr(found.value, f"< {limits[0]:.0f}"),))


def _explains_short_pr(facts: Facts) -> bool:
    return is_preexcited(facts) or facts.has_rhythm(*ECTOPIC_P)


def _pr(value: float, limit: str) -> Evidence:
    return Evidence(name="PR", value=round(value), unit="ms", limit=limit)


def _short_pr(facts: Facts) -> Evidence:
    """Return the short PR, without a number where the onset of a delta wave is too uncertain."""
    found = facts.measured.measurement("pr")
    if found is None or found.value is None:
        return Evidence(name="PR", value="short", limit="< 120 ms")
    return _pr(found.value, "< 120")


def is_ventricular(facts: Facts) -> bool:
    """Tell whether the complexes are paced or of ventricular origin: no bundle shapes them."""
    escape = any("ventricular escape" in episode.words for episode in facts.rhythms)
    known = any(
        episode.code in OF_VENTRICLES and UNDETERMINED not in episode.words
        for episode in facts.rhythms
    )
    return facts.is_paced or escape or known


# ---- bundle branches -------------------------------------------------------------------------


def widths_ms(age_years: float | None) -> tuple[float, float]:
    """Return the QRS durations from which a block may be incomplete, and complete."""
    age = 120.0 if age_years is None else age_years
    return next((low, high) for start, low, high in WIDTHS_MS if age >= start)


def is_left_shape(facts: Facts, *, complete: bool = True) -> bool:
    """Tell whether QRS has the shape of left bundle branch block."""
    first = facts.qrs_shape("V1") or facts.qrs_shape("V2")
    one, six = facts.qrs_shape("I"), facts.qrs_shape("V6") or facts.qrs_shape("V5")
    lateral = [shape for shape in (one, six) if shape is not None]
    if first is None or not _is_rs(first) or not lateral:
        return False
    if any(_has_q(shape) for shape in lateral) or _is_rs(lateral[-1]):
        return False
    tall = [shape.tallest for shape in lateral if shape.tallest is not None]
    late = any(r.peak_ms > LATE_PEAK_MS for r in tall)
    return late and any(r.duration_ms >= BROAD_R_MS[complete] for r in tall)


def _is_rs(one: QrsShape) -> bool:
    """Tell whether a lead is rS or QS: no R at the end of QRS."""
    last = one.waves[-1] if one.waves else None
    ends_up = last is not None and last.height > 0 and last.height > 0.2 * one.span
    return one.depth > 0 and one.top < SMALL_R_PART * one.depth and not ends_up


def _has_q(shape: QrsShape) -> bool:
    q = shape.q
    return q is not None and shape.r is not None and -q.height > 0.1 * shape.top


def is_right_shape(facts: Facts, *, complete: bool = True) -> bool:
    """Tell whether QRS has the shape of right bundle branch block."""
    chest = [s for s in map(facts.qrs_shape, ("V1", "V2")) if s is not None]
    lateral = [s for s in map(facts.qrs_shape, ("I", "V6")) if s is not None]
    if not chest or not lateral:
        return False
    ends_up = any(_ends_right(s, complete=complete, in_mv=facts.in_mv) for s in chest)
    wide = [_has_wide_s(s) for s in lateral]
    return ends_up and (any(wide) if complete else True)


def _ends_right(one: QrsShape, *, complete: bool, in_mv: bool) -> bool:
    """Tell whether a right precordial lead ends with R', or with one broad, late R."""
    last = next((wave for wave in reversed(one.waves) if wave.height > 0), None)
    if last is None or last.peak_ms <= V1_PEAK_MS:
        return False
    if last.height < R_PRIME_PART * one.span or (in_mv and last.height < R_PRIME_MV):
        return False
    after = one.waves[one.waves.index(last) + 1 :]
    if any(-wave.height > last.height for wave in after):
        return False
    later = last.peak_ms > one.qrs_ms / 2
    if one.r_prime is None and not complete:
        return False  # R after a Q alone is infarction's
    single = one.r_prime is None and one.q is None
    return later and (not single or one.depth < one.top / 2)


def _has_wide_s(shape: QrsShape) -> bool:
    s, r = shape.terminal_s, shape.tallest
    if s is None or r is None:
        return False
    return s.duration_ms > WIDE_S_MS or s.duration_ms > r.duration_ms


def judge_bundles(facts: Facts) -> Iterator[Ruling]:
    """Left and right bundle branch block, complete and incomplete, and other wide QRS."""
    qrs_ms = facts.value("qrs")
    if is_ventricular(facts):
        for code in ("LBBB", "RBBB", "IRBBB", "ILBBB", "IVCD", "LAFB", "LPFB", "WPW"):
            yield Against(code=code, reason=VENTRICULAR_RHYTHM)
        return
    if qrs_ms is None:
        return
    incomplete, complete = widths_ms(facts.patient.age_years)
    if qrs_ms < complete:
        yield from (
            Against(code=code, reason=f"QRS {qrs_ms:.0f} ms (limit {complete:.0f}).")
            for code in ("LBBB", "RBBB")
            if qrs_ms < incomplete
        )
    if is_preexcited(facts) or ends_with_hump(facts):
        return
    code = bundle_block(facts)
    if code:
        yield Call(code=code, evidence=_bundle_evidence(facts, code), leads=("V1", "I", "V6"))
    elif _lasts(facts, complete) and not facts.has_rhythm(*RETROGRADE):
        limit = f">= {complete:.0f}"
        yield Call(code="IVCD", evidence=(_qrs(qrs_ms, limit),))


def _lasts(facts: Facts, complete: float) -> bool:
    """Tell whether QRS is wide, and waves are seen until about then in some lead."""
    ends = [shape.waves[-1].stop_ms for shape in facts.qrs_shapes.values() if shape.waves]
    seen = max(ends, default=0.0) >= complete - QRS_ERROR_MS
    return (facts.value("qrs") or 0.0) >= complete and seen


def bundle_block(facts: Facts) -> str:
    """Return the code of the bundle branch block, or an empty string."""
    qrs_ms = facts.value("qrs")
    if qrs_ms is None or ends_with_hump(facts):
        return ""
    incomplete, complete = widths_ms(facts.patient.age_years)
    retrograde = facts.has_rhythm(*RETROGRADE)
    if qrs_ms >= complete:
        if is_right_shape(facts) and not retrograde:
            return "RBBB"
        if is_left_shape(facts):
            return "LBBB"
    if not incomplete - 10 <= qrs_ms < complete + QRS_ERROR_MS:
        return ""
    if is_right_shape(facts, complete=False) and not retrograde:
        return "IRBBB"
    return "ILBBB" if qrs_ms >= incomplete and is_left_shape(facts, complete=False) else ""


def _qrs(value: float, limit: str) -> Evidence:
    return Evidence(name="QRS", value=round(value), unit="ms", limit=limit)


def _bundle_evidence(facts: Facts, code: str) -> tuple[Evidence, ...]:
    incomplete, complete = widths_ms(facts.patient.age_years)
    whole = code in ("LBBB", "RBBB")
    limit = f">= {complete:.0f}" if whole else f"{incomplete:.0f} to {complete - 1:.0f}"
    out = [_qrs(facts.value("qrs") or 0.0, limit)]
    for lead in ("V1", "I", "V6"):
        shape = facts.qrs_shape(lead)
        if shape is not None:
            out.append(Evidence(name=f"QRS in {lead}", value=shape.letters))
    if "RBBB" in code:
        out += _widest_s(facts)
    lateral = facts.qrs_shape("V6")
    if "LBBB" in code and lateral is not None and lateral.tallest is not None:
        value = round(lateral.tallest.peak_ms)
        out.append(Evidence(name="R peak time in V6", value=value, unit="ms", limit="> 60"))
    return tuple(out)


def _widest_s(facts: Facts) -> list[Evidence]:
    """Return the S of I and V6 that lasts longest."""
    shapes = [shape for shape in map(facts.qrs_shape, ("I", "V6")) if shape is not None]
    found = [(s.terminal_s.duration_ms, s.lead) for s in shapes if s.terminal_s is not None]
    limit = f"> {WIDE_S_MS:.0f}, or longer than R"
    return [
        Evidence(name=f"S in {lead}", value=round(value), unit="ms", limit=limit)
        for value, lead in sorted(found)[-1:]
    ]


def ends_with_hump(facts: Facts) -> bool:
    """Tell whether J waves, as in early repolarization and hypothermia, make QRS look wide."""
    return sum(facts.j_humps.get(name, 0.0) >= HUMP_MV for name in HUMP_LEADS) >= HUMPS_NEEDED


# ---- fascicles -------------------------------------------------------------------------------


def fascicle_axis(facts: Facts) -> float | None:
    """Return the axis that fascicles are judged by: of the first 80 ms beside RBBB."""
    if bundle_block(facts) != "RBBB":
        return facts.value("qrs_axis")
    beat = facts.measured.median_beat
    if beat is None or not facts.in_mv:
        return None
    return axis_until(beat, FIRST_PART_MS, facts.leads)


def judge_fascicles(facts: Facts) -> Iterator[Ruling]:
    """Left anterior and posterior fascicular block, alone or beside right bundle branch block."""
    code = fascicular_block(facts)
    if not code:
        yield from _against_anterior(facts)
        return
    axis = fascicle_axis(facts) or 0.0
    limit = "-90 to -45" if code == "LAFB" else "> 90"
    evidence = [Evidence(name="QRS axis", value=round(axis), unit="°", limit=limit)]
    lead = "aVL" if code == "LAFB" else "aVF"
    for name in (lead, "III"):
        shape = facts.qrs_shape(name)
        if shape is not None:
            evidence.append(Evidence(name=f"QRS in {name}", value=shape.letters))
    yield Call(code=code, evidence=tuple(evidence), leads=("I", "aVL", "II", "III", "aVF"))
    if bundle_block(facts) == "RBBB":
        yield Call(code="445481009", evidence=tuple(evidence), words=_bifascicular(code))


def _against_anterior(facts: Facts) -> Iterator[Against]:
    """Exclude left anterior fascicular block where there is no left axis deviation."""
    axis = fascicle_axis(facts)
    if axis is not None and NOT_LEFT_DEG[0] < axis <= NOT_LEFT_DEG[1]:
        yield Against(code="LAFB", reason=f"QRS axis {axis_words(axis)}.")


def _bifascicular(code: str) -> str:
    side = "left anterior" if code == "LAFB" else "left posterior"
    return f"Bifascicular block (right bundle branch block and {side} fascicular block)"


def fascicular_block(facts: Facts) -> str:
    """Return the code of the fascicular block, or an empty string."""
    axis, qrs_ms = fascicle_axis(facts), facts.value("qrs")
    beside = bundle_block(facts)
    barred = facts.is_child or is_ventricular(facts)
    if axis is None or qrs_ms is None or barred or beside in ("LBBB", "ILBBB"):
        return ""
    if is_preexcited(facts) or (beside != "RBBB" and qrs_ms >= UNSPECIFIED_MS):
        return ""
    if LEFT_ANTERIOR_DEG[0] <= round(axis) <= LEFT_ANTERIOR_DEG[1] and _is_anterior(facts):
        return "LAFB"
    return "LPFB" if 90 < axis <= 180 and _is_posterior(facts) else ""


def _is_anterior(facts: Facts) -> bool:
    """Tell whether aVL is qR with a late peak and the inferior leads are rS."""
    avl, three = facts.qrs_shape("aVL"), facts.qrs_shape("III")
    if avl is None or three is None or avl.tallest is None:
        return False
    late = avl.tallest.peak_ms >= AVL_PEAK_MS
    return avl.q is not None and late and three.q is None and three.depth > three.top


def _is_posterior(facts: Facts) -> bool:
    """Tell whether I and aVL are rS and the inferior leads qR, with no other cause at hand."""
    shapes = {lead: facts.qrs_shape(lead) for lead in ("I", "aVL", "III", "aVF")}
    if any(shape is None for shape in shapes.values()):
        return False
    high = all(_is_small_r_deep_s(shapes[lead]) for lead in ("I", "aVL"))
    low = all(_is_small_q_tall_r(shapes[lead]) for lead in ("III", "aVF"))
    one = facts.qrs_shape("V1")
    rvh = one is not None and one.top > one.depth and bundle_block(facts) != "RBBB"
    return high and low and not rvh


def _is_small_r_deep_s(shape: QrsShape | None) -> bool:
    return shape is not None and shape.q is None and shape.depth > shape.top > 0


def _is_small_q_tall_r(shape: QrsShape | None) -> bool:
    if shape is None or shape.q is None:
        return False
    return shape.top > shape.depth and -shape.q.height >= SMALL_Q_PART * shape.top


# ---- pre-excitation ----------------------------------------------------------------------------

PREEXCITED_PR_MS = 120.0
PREEXCITED_QRS_MS = 110.0
# The slow start of QRS: until its steepness reaches half of its greatest.
DELTA_MS = 40.0
# A delta wave this long is one although P and QRS onset are farther apart.
LONG_DELTA_MS, LONG_DELTA_PR_MS = 44.0, 150.0


def is_preexcited(facts: Facts) -> bool:
    """Tell whether a short PR leads into a delta wave and a wide QRS."""
    pr, qrs = facts.p_to_qrs_ms, facts.value("qrs")
    start = facts.slow_start_ms
    if pr is None or qrs is None or start is None or facts.is_paced:
        return False
    least = DELTA_MS if facts.value("pr") is not None else LONG_DELTA_MS
    short = pr < PREEXCITED_PR_MS and start.half >= least
    long = pr < LONG_DELTA_PR_MS and start.third >= LONG_DELTA_MS
    return qrs >= PREEXCITED_QRS_MS and (short or long) and not facts.has_rhythm(*OF_VENTRICLES)


def judge_preexcitation(facts: Facts) -> Iterator[Ruling]:
    """Ventricular pre-excitation."""
    if not is_preexcited(facts):
        return
    start = facts.slow_start_ms
    delta = None if start is None else round(start.half)
    yield Call(
        code="WPW",
        evidence=(
            _short_pr(facts),
            _qrs(facts.value("qrs") or 0.0, ">= 110"),
            Evidence(name="delta wave", value=delta, unit="ms", limit=f">= {DELTA_MS:.0f}"),
        ),
    )


RULES: tuple[Callable[[Facts], Iterable[Ruling]], ...] = (
    judge_pr,
    judge_bundles,
    judge_fascicles,
    judge_preexcitation,
)
