"""Old and recent infarction by territory: Q and R criteria.

Thygesen et al., Fourth universal definition, Circulation 138:e618 (2018), table of Q and R waves;
aneurysm, Klein et al., Am J Emerg Med 33:786 (2015); pulmonary embolism, Konstantinides et al., Eur
Heart J 41:543 (2020).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence

from ecgcore.interpret.facts import Facts
from ecgcore.interpret.rules.st_elevation import acute_walls, levels, why_not
from ecgcore.interpret.st_mimics import ANEURYSM, find_mimic
from ecgcore.interpret.st_picture import StPicture
from ecgcore.interpret.territories import (
    CHEST,
    HIGH_LATERAL,
    INFERIOR,
    LOW_LATERAL,
    RIGHT,
    count_in,
)
from ecgcore.measure.lead_waves import LeadWaves
from ecgcore.results.interpreted import Call, Evidence, Ruling, Unable
from ecgcore.statements import statement

MV, MS = "mV", "ms"
# Q of 30 ms and 0.1 mV in two leads of a group; 20 ms in V2 and V3.
Q_MS, Q_MV, FRONT_Q_MS = 30.0, 0.1, 20.0
FRONT, LATERAL = ("V1", "V2", "V3", "V4"), (*HIGH_LATERAL, *LOW_LATERAL)
# Against normal inferior Q waves, which are long and small: a quarter of R.
Q_PART = 0.25
# R of 40 ms in V1 and V2, larger than S, with upright T; the axis not that of RVH.
R_MS, R_TO_S, UPRIGHT_MV, MOST_AXIS_DEG = 40.0, 1.2, 0.1, 110.0
INVERTED_T_MV, RAISED_MV = -0.1, 0.05
SHORT_PR_MS, DELTA_QRS_MS = 120.0, 110.0
# S1Q3T3: each of 0.15 mV, beside another sign of right ventricular load.
S1_MV, FAST_BPM = 0.15, 100.0
PREEXCITED = "Pre-excitation imitates Q waves."
REVERSED = "Not assessed: suspected lead reversal or dextrocardia."
BLOCKED = "Q waves are not judged in left bundle branch block or ventricular pacing."
# Extensive: of V1 to V6.
EXTENSIVE_LEADS = 5


def call_infarct(facts: Facts) -> Iterator[Ruling]:
    """State infarction by its Q waves, with its territory and what ST and T say of its age."""
    if why_not(facts):
        return
    picture = facts.st_picture
    if reason := _cannot_judge(facts, picture):
        yield from (Unable(code=code, reason=reason) for code in ("AMI", "IMI"))
        return
    found = q_leads(picture)
    posterior = _is_posterior(facts, picture)
    inferior = [lead for lead in INFERIOR if lead in found]
    front = [lead for lead in CHEST[:4] if lead in found]
    lateral = [lead for lead in LATERAL if lead in found]
    if len(front) >= 2:
        yield _call(picture, _front_code(front, lateral), (*front, *lateral))
    elif len(lateral) >= 2 and len(inferior) < 2 and not picture.has_rvh:
        yield _call(picture, "LMI", lateral)
    if len(inferior) >= 2:
        beside = lateral if len(front) < 2 and count_in(lateral, LOW_LATERAL) == 2 else []
        code = "ILMI" if beside else "IPMI" if posterior else "IMI"
        yield _call(picture, code, (*inferior, *beside))
    elif posterior:
        yield _call(picture, "PMI", ("V1", "V2"))


def call_aneurysm(facts: Facts) -> Iterator[Ruling]:
    """State a raised ST over old Q waves with small T waves."""
    if why_not(facts) or find_mimic(facts.st_picture) != ANEURYSM:
        return
    picture = facts.st_picture
    ratios = [
        Evidence(
            name=f"T/QRS in {lead}",
            value=round(max(0.0, picture.wave(lead).t_mv) / picture.wave(lead).qrs_mv, 2),
            limit="< 0.36",
        )
        for lead in FRONT
        if picture.has(lead) and picture.wave(lead).qrs_mv > 0
    ]
    yield Call(
        code=ANEURYSM,
        words="ST elevation over Q waves with small T waves: consider left ventricular aneurysm",
        evidence=(*levels(picture, picture.elevated, limits=True), *ratios),
        leads=picture.elevated,
    )


def call_right_ventricle(facts: Facts) -> Iterator[Ruling]:
    """State right ventricular infarction beside an acute inferior one."""
    if why_not(facts):
        return
    picture = facts.st_picture
    walls = () if find_mimic(picture) or picture.like_lbbb else acute_walls(picture)
    if "right ventricular" in walls:
        leads = [lead for lead in (*RIGHT, "V1") if picture.wave(lead).j_mv >= RAISED_MV]
        yield Call(
            code="AHA174",
            words="Right ventricular infarction, possibly acute",
            evidence=levels(picture, leads, limits=True),
            leads=tuple(leads),
        )


def call_embolism(facts: Facts) -> Iterator[Ruling]:
    """State S1Q3T3 beside another sign of right ventricular load."""
    picture = facts.st_picture
    if why_not(facts) or picture.is_wide or picture.is_paced or not picture.has("I", "III"):
        return
    first, third = picture.wave("I"), picture.wave("III")
    pattern = first.s_mv <= -S1_MV and third.q_mv <= -S1_MV and third.t_mv <= -0.05
    rate = facts.value("heart_rate") or 0.0
    inverted = [lead for lead in FRONT if picture.wave(lead).t_mv <= INVERTED_T_MV]
    loaded = rate > FAST_BPM or len(inverted) >= 3 or picture.is_rbbb
    if not (pattern and loaded) or third.is_qs:
        return
    yield Call(
        code="AHA201",
        words="S1Q3T3 pattern: consider acute pulmonary embolism",
        evidence=(
            Evidence(name="S in I", value=round(first.s_mv, 3), unit=MV, limit="<= -0.15"),
            Evidence(name="Q in III", value=round(third.q_mv, 3), unit=MV, limit="<= -0.15"),
            Evidence(name="T in III", value=round(third.t_mv, 3), unit=MV, limit="< 0"),
        ),
        leads=("I", "III"),
    )


RULES: tuple[Callable[[Facts], Iterable[Ruling]], ...] = (
    call_infarct,
    call_aneurysm,
    call_right_ventricle,
    call_embolism,
)


def q_leads(picture: StPicture) -> tuple[str, ...]:
    """Return the leads whose Q wave is one of infarction, where a neighbour has it too."""
    found = {lead for lead in (*FRONT, *LATERAL) if _has_q(picture.wave(lead))}
    # V1 alone has a QS in many normal hearts; V2 and V3 count from 20 ms on.
    front = {lead for lead in ("V2", "V3") if _has_front_q(picture.wave(lead))}
    found = (found - {"V2", "V3"}) | front
    if not {"V2", "V3"} <= found and not {"V3", "V4"} <= found:
        found -= {"V1", "V2", "V3"}
    inferior = {lead for lead in INFERIOR if _has_q(picture.wave(lead))}
    # A Q of III alone, and one of III and aVF that is small against R, is common.
    if len(inferior) >= 2 and not _is_deep(picture.wave("aVF")):
        inferior = set()
    return tuple(lead for lead in (*INFERIOR, *FRONT, *LATERAL) if lead in found | inferior)


def _has_q(wave: LeadWaves) -> bool:
    return wave.q_mv <= -Q_MV and (wave.is_qs or wave.q_ms >= Q_MS)


def _has_front_q(wave: LeadWaves) -> bool:
    return wave.q_mv <= -Q_MV and (wave.is_qs or wave.q_ms >= FRONT_Q_MS)


def _is_deep(wave: LeadWaves) -> bool:
    return wave.is_qs or -wave.q_mv >= Q_PART * wave.r_mv


def _cannot_judge(facts: Facts, picture: StPicture) -> str:
    if picture.like_lbbb:
        return BLOCKED
    pr = facts.value("pr")
    if facts.measured.reversal is not None or _is_mirrored(facts, picture):
        return REVERSED
    early = pr is not None and pr < SHORT_PR_MS and picture.qrs_ms >= DELTA_QRS_MS
    return PREEXCITED if early else ""


def _is_mirrored(facts: Facts, picture: StPicture) -> bool:
    """Tell whether P and QRS of I are both turned over: reversed arms or dextrocardia."""
    first = picture.wave("I")
    return (facts.amplitude("I", "P") or 0.0) < 0 and first.depth_mv > first.r_mv


def _is_posterior(facts: Facts, picture: StPicture) -> bool:
    axis = facts.value("qrs_axis")
    if picture.is_wide or picture.has_rvh or (axis is not None and axis > MOST_AXIS_DEG):
        return False
    waves = [picture.wave(lead) for lead in ("V1", "V2") if picture.has(lead)]
    return len(waves) == 2 and all(
        w.r_ms >= R_MS and w.r_mv > R_TO_S * w.depth_mv and w.t_mv >= UPRIGHT_MV and w.q_mv == 0
        for w in waves
    )


def _front_code(front: Sequence[str], lateral: Sequence[str]) -> str:
    if "V1" in front and len(front) + count_in(lateral, LOW_LATERAL) >= EXTENSIVE_LEADS:
        return "AHA166"
    if lateral:
        return "ALMI"
    return "ASMI" if "V1" in front else "AMI"


def _call(picture: StPicture, code: str, leads: Sequence[str]) -> Call:
    return Call(
        code=code,
        words=f"{statement(code).term}, {_age(picture, leads)}",
        evidence=tuple(each for lead in leads for each in _evidence(picture.wave(lead))),
        leads=tuple(leads),
    )


def _age(picture: StPicture, leads: Sequence[str]) -> str:
    """Return the infarction's age as ST and T of its leads tell it."""
    if count_in(picture.elevated, leads) >= 2 and find_mimic(picture) != ANEURYSM:
        return "possibly acute"
    waves = [picture.wave(lead) for lead in leads]
    inverted = sum(wave.t_mv <= INVERTED_T_MV for wave in waves)
    raised = sum(wave.st_mv >= RAISED_MV for wave in waves)
    if inverted >= 2 and raised >= 2:
        return "possibly recent"
    return "old or of undetermined age"


def _evidence(wave: LeadWaves) -> Iterator[Evidence]:
    if wave.q_mv == 0:
        yield Evidence(name=f"R in {wave.lead}", value=round(wave.r_ms), unit=MS, limit=">= 40")
        return
    front = wave.lead in ("V2", "V3")
    limit = "QS" if wave.is_qs else f">= {FRONT_Q_MS if front else Q_MS:.0f}"
    yield Evidence(name=f"Q in {wave.lead}", value=round(wave.q_ms), unit=MS, limit=limit)
    yield Evidence(name=f"Q in {wave.lead}", value=round(wave.q_mv, 3), unit=MV, limit="<= -0.10")
