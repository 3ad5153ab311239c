"""ST depression and ST-T patterns.

Limits: Thygesen et al., Fourth universal definition, Circulation 138:e618 (2018); Rautaharju et
al., Circulation 119:e241 (2009), Part IV, T amplitude; Hancock et al., 119:e251 (2009), Part V,
strain; Macfarlane et al., J Am Coll Cardiol 66:470 (2015), early repolarization; Adler et al., Eur
Heart J 36:2921 (2015), pericarditis; de Zwaan et al., Am Heart J 103:730 (1982), Wellens.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence

from ecgcore.interpret.facts import Facts
from ecgcore.interpret.rules.st_elevation import (
    de_winter_leads,
    levels,
    posterior_leads,
    sheet_leads,
    why_not,
)
from ecgcore.interpret.st_mimics import (
    BRUGADA,
    EARLY_REPOLARIZATION,
    OCCLUSION,
    PERICARDITIS,
    find_mimic,
    has_early_pattern,
    pr_depressed_leads,
)
from ecgcore.interpret.st_picture import (
    StPicture,
    depression_mv,
    depression_score,
    notched_leads,
)
from ecgcore.interpret.territories import (
    HIGH_LATERAL,
    LOW_LATERAL,
    contiguous,
    count_in,
    join_walls,
    name_walls,
)
from ecgcore.measure.lead_waves import LeadWaves
from ecgcore.results.interpreted import Against, Call, Evidence, Ruling, Unable
from ecgcore.statements import statement

MV = "mV"
STD, STRAIN, INVT, WELLENS = "STD", "370365005", "INVT", "WELLENS"
# Ischemia from 0.1 mV on, subendocardial injury from 0.2 mV, in two contiguous leads.
ISCHEMIA_MV, INJURY_MV = 0.1, 0.2
ISCHEMIA = {
    "anteroseptal": "ISCAS",
    "anterior": "ISCAN",
    "anterolateral": "ISCAL",
    "extensive anterior": "ISCAL",
    "lateral": "ISCLA",
    "high lateral": "ISCLA",
    "inferior": "ISCIN",
    "inferolateral": "ISCIL",
}
INJURY = {
    "anteroseptal": "INJAS",
    "anterior": "INJAS",
    "anterolateral": "INJAL",
    "extensive anterior": "INJAL",
    "lateral": "INJLA",
    "high lateral": "INJLA",
    "inferior": "INJIN",
    "inferolateral": "INJIL",
}
LATERAL = (*HIGH_LATERAL, *LOW_LATERAL)
# T inverted by 0.1 mV where R is prominent or no smaller than S; V2 only beside V3.
INVERTED_MV, PROMINENT_R_MV = -0.1, 0.5
T_LEADS = ("I", "II", "III", "aVL", "aVF", "V2", "V3", "V4", "V5", "V6")
# Wellens: biphasic by 0.1 mV each way, or inverted by 0.2 mV, 0.3 mV in one; ST within 0.1 mV.
BIPHASIC_MV, DEEP_MV, DEEPEST_MV, FLAT_ST_MV = 0.1, -0.2, -0.3, 0.1
# Nonspecific: ST down by less than 0.05 mV in two leads, or T flat where R is prominent.
SLIGHT_ST_MV, FLAT_T_MV, FLAT_T_PART = 0.03, 0.05, 0.05
# Digitalis: a sagging ST before a QT that is not long.
SAG_MV, SHORT_QTC_MS = 0.05, 410.0
# No network's ST depression stands where contiguous leads share less than this.
LEAST_DEPRESSION_MV = -0.02
EXPLAINED = "Strain, or the other side of an ST elevation, explains the depressed leads."
SECONDARY = "ST follows the wide or paced QRS."


def call_depression(facts: Facts) -> Iterator[Ruling]:
    """State ST depression by leads, and ischemia or injury by wall where it is deep."""
    if reason := why_not(facts):
        yield Unable(code=STD, reason=reason)
        return
    picture = facts.st_picture
    if picture.is_wide or picture.is_paced:
        yield Against(code=STD, reason=SECONDARY)
        return
    leads = unexplained_depression(picture)
    if not leads:
        explained = strain_leads(picture) or (picture.elevated and picture.depressed)
        if explained or depression_score(picture) < LEAST_DEPRESSION_MV:
            reason = EXPLAINED if explained else "ST is not depressed in contiguous leads."
            yield Against(code=STD, reason=reason)
        return
    walls = name_walls(leads)
    yield Call(
        code=STD,
        words=f"{statement(STD).term}{_in_walls(walls)} ({_depths(picture, leads)})",
        evidence=tuple(
            Evidence(name=f"ST in {lead}", value=-_depth(picture, lead), unit=MV, limit="<= -0.05")
            for lead in leads
        ),
        leads=leads,
    )
    yield from _ischemia(picture, leads)


def call_strain(facts: Facts) -> Iterator[Ruling]:
    """State the strain pattern where voltage is that of left ventricular hypertrophy."""
    leads = () if why_not(facts) else strain_leads(facts.st_picture)
    side = "right" if facts.st_picture.has_rvh else "left"
    if leads:
        yield Call(
            code=STRAIN,
            words=f"ST-T change due to {side} ventricular hypertrophy (strain)",
            evidence=_st_and_t(facts.st_picture, leads),
            leads=leads,
        )


def call_inversion(facts: Facts) -> Iterator[Ruling]:
    """State T-wave inversion by wall, and Wellens' pattern."""
    if reason := why_not(facts):
        yield Unable(code=INVT, reason=reason)
        return
    picture = facts.st_picture
    acute = picture.elevated and not find_mimic(picture)
    if picture.is_wide or picture.is_paced or acute:
        return
    leads = inverted_leads(picture)
    if leads:
        yield Call(
            code=INVT,
            words=f"{statement(INVT).term}{_in_walls(name_walls(leads))} ({', '.join(leads)})",
            evidence=_t_levels(picture, leads, "<= -0.10"),
            leads=leads,
        )
    if kind := wellens_type(picture):
        yield Call(
            code=WELLENS,
            words=f"Wellens pattern (type {kind}), prompt review: consider critical stenosis of "
            "the left anterior descending artery",
            evidence=_t_levels(picture, ("V2", "V3"), "<= -0.10" if kind == "A" else "<= -0.20"),
            leads=("V2", "V3"),
        )


def call_benign_elevation(facts: Facts) -> Iterator[Ruling]:
    """State early repolarization and pericarditis where they explain what is raised."""
    if why_not(facts):
        return
    picture = facts.st_picture
    mimic = find_mimic(picture)
    raised = levels(picture, picture.elevated, limits=True)
    if mimic == EARLY_REPOLARIZATION or (not picture.elevated and has_early_pattern(picture)):
        notched = notched_leads(picture)
        notches = [("QRS notch", n, picture.wave(n).notch_mv, ">= 0.10") for n in notched]
        yield Call(
            code=EARLY_REPOLARIZATION,
            evidence=(*raised, *_by_lead(notches), *_occlusion(picture)),
            leads=sheet_leads(picture.elevated or notched),
        )
    elif mimic == PERICARDITIS:
        low = pr_depressed_leads(picture)
        words = "Diffuse ST elevation" + (" with PR depression" if low else "")
        segments = [("PR segment", n, picture.wave(n).pr_mv or 0.0, "<= -0.04") for n in low]
        yield Call(
            code=PERICARDITIS,
            words=f"{words}: consider acute pericarditis",
            evidence=(*raised, *_by_lead(segments)),
            leads=sheet_leads(picture.elevated),
        )


def _by_lead(rows: Iterable[tuple[str, str, float, str]]) -> tuple[Evidence, ...]:
    return tuple(
        Evidence(name=f"{name} in {lead}", value=round(value, 3), unit=MV, limit=limit)
        for name, lead, value, limit in rows
    )


def _occlusion(picture: StPicture) -> tuple[Evidence, ...]:
    """Return Smith's formula where V2 to V4 are raised, of which it was made."""
    score = picture.occlusion_score
    if score is None or count_in(picture.elevated, ("V2", "V3", "V4")) < 2:
        return ()
    name = "LAD occlusion score (QTc, QRS V2, R V4, ST V3)"
    return (Evidence(name=name, value=round(score, 1), limit=f"< {OCCLUSION}"),)


def call_nonspecific(facts: Facts) -> Iterator[Ruling]:
    """State slight ST depression and flat T waves where nothing else explains ST and T."""
    picture = facts.st_picture
    if why_not(facts) or picture.is_wide or picture.is_paced or picture.elevated:
        return
    if picture.depressed or strain_leads(picture) or inverted_leads(picture):
        return
    low = contiguous([lead for lead in T_LEADS if _is_slight(picture.wave(lead))])
    flat = contiguous([lead for lead in T_LEADS if _is_flat(picture.wave(lead))])
    if low and flat:
        leads = tuple(dict.fromkeys((*low, *flat)))
        yield Call(code="428750005", evidence=_st_and_t(picture, leads), leads=leads)
    elif flat:
        yield Call(code="NT_", evidence=_t_levels(picture, flat, "< 0.05"), leads=flat)
    elif low:
        yield Call(code="NST_", evidence=_st_and_t(picture, low), leads=low)


def call_digitalis(facts: Facts) -> Iterator[Ruling]:
    """State sagging ST depression before a QT that is not long as a possible digitalis effect."""
    picture = facts.st_picture
    qtc = facts.value("qtc_fridericia")
    if why_not(facts) or picture.is_wide or picture.is_paced or picture.has_lvh or qtc is None:
        return
    leads = contiguous([lead for lead in T_LEADS if _sags(picture.wave(lead))])
    if qtc < SHORT_QTC_MS and len(leads) >= 3:
        yield Call(
            code="DIG",
            words="Sagging ST depression: consider digitalis effect",
            evidence=(
                Evidence(name="QTc (Fridericia)", value=round(qtc), unit="ms", limit="< 410"),
                *_st_and_t(picture, leads),
            ),
            leads=leads,
        )


RULES: tuple[Callable[[Facts], Iterable[Ruling]], ...] = (
    call_depression,
    call_strain,
    call_inversion,
    call_benign_elevation,
    call_nonspecific,
    call_digitalis,
)


def unexplained_depression(picture: StPicture) -> tuple[str, ...]:
    """Return depressed leads that neither an infarction's other side nor strain explains."""
    acute = picture.elevated and not find_mimic(picture)
    if acute or picture.is_wide or picture.is_paced:
        return ()
    if posterior_leads(picture) or de_winter_leads(picture) or find_mimic(picture) == BRUGADA:
        return ()
    strained = strain_leads(picture)
    return contiguous(
        [lead for lead in picture.depressed if lead not in strained and "-" not in lead]
    )


def strain_leads(picture: StPicture) -> tuple[str, ...]:
    """Return the leads with down-sloping ST before an inverted T over a hypertrophic ventricle."""
    if picture.is_wide or picture.is_paced:
        return ()
    if picture.has_rvh:
        walls = ("II", "III", "aVF", "V1", "V2", "V3")
        return contiguous([lead for lead in walls if _is_strained(picture.wave(lead))])
    if not picture.has_lvh:
        return ()
    leads = [lead for lead in LATERAL if _is_strained(picture.wave(lead))]
    return (
        contiguous([*leads, *(["V4"] if _is_strained(picture.wave("V4")) else [])])
        if (count_in(leads, LATERAL) >= 2)
        else ()
    )


def inverted_leads(picture: StPicture) -> tuple[str, ...]:
    """Return the contiguous leads with an inverted T that a normal heart does not have."""
    leads = [lead for lead in T_LEADS if _is_inverted(picture.wave(lead))]
    if picture.is_rbbb:
        leads = [lead for lead in leads if lead not in ("V2", "V3")]
    # T of III and of aVL can be negative beside a T of their neighbour that is.
    found = contiguous(leads)
    strained = strain_leads(picture)
    found = contiguous([lead for lead in found if lead not in strained])
    return () if set(found) <= {"V2", "V3"} and found and not _is_grown(picture) else found


def wellens_type(picture: StPicture) -> str:
    """Return ``"A"`` for a biphasic, ``"B"`` for a deeply inverted T in V2 and V3, or ``""``."""
    waves = [picture.wave(lead) for lead in ("V2", "V3", "V4") if picture.has(lead)]
    if len(waves) < 3 or picture.has_lvh or picture.is_rbbb or picture.elevated:
        return ""
    second, third, _ = waves
    if any(abs(w.st_mv) > FLAT_ST_MV or w.is_qs for w in waves) or third.r_mv < 0.1:
        return ""
    deep = second.t_mv <= DEEP_MV and third.t_mv <= DEEP_MV
    if deep and min(w.t_mv for w in waves) <= DEEPEST_MV:
        return "B"
    both = all(w.t_up_mv >= BIPHASIC_MV and w.t_down_mv <= -BIPHASIC_MV for w in (second, third))
    return "A" if both else ""


def _ischemia(picture: StPicture, leads: Sequence[str]) -> Iterator[Ruling]:
    for limit, codes, words in (
        (INJURY_MV, INJURY, "Consider subendocardial injury, {wall}"),
        (ISCHEMIA_MV, ISCHEMIA, "Consider {wall} ischemia"),
    ):
        deep = contiguous([lead for lead in leads if _depth(picture, lead) >= limit - 5e-4])
        walls = [wall for wall in name_walls(deep) if wall in codes]
        for wall in walls:
            yield Call(
                code=codes[wall],
                words=words.format(wall=wall),
                evidence=levels(picture, deep),
                leads=deep,
            )
        if walls:
            return


def _is_strained(wave: LeadWaves) -> bool:
    falls = wave.j80_mv <= wave.j_mv + 0.01 and wave.j80_mv <= -SLIGHT_ST_MV
    return falls and wave.t_mv < 0 and wave.r_mv > wave.depth_mv


def _is_inverted(wave: LeadWaves) -> bool:
    prominent = wave.r_mv >= PROMINENT_R_MV or wave.r_mv >= wave.depth_mv
    return wave.t_mv <= INVERTED_MV and (prominent or wave.lead in ("V2", "V3", "V4"))


def _is_grown(picture: StPicture) -> bool:
    """Tell whether T of V2 and V3 alone is inverted beyond what young people may have."""
    age = picture.patient.age_years
    return age is not None and age >= 30 and picture.wave("V3").t_mv <= INVERTED_MV


def _is_slight(wave: LeadWaves) -> bool:
    return wave.r_mv >= PROMINENT_R_MV and max(wave.j_mv, wave.j80_mv) <= -SLIGHT_ST_MV


def _is_flat(wave: LeadWaves) -> bool:
    least = max(FLAT_T_MV, FLAT_T_PART * wave.r_mv)
    return (
        wave.r_mv >= PROMINENT_R_MV
        and INVERTED_MV < wave.t_mv < least
        and (wave.t_up_mv < least and wave.lead not in ("III", "aVL"))
    )


def _sags(wave: LeadWaves) -> bool:
    lowest = min(wave.j40_mv, wave.j60_mv, wave.j80_mv)
    return lowest <= -SAG_MV and lowest <= wave.j_mv - 0.02 and wave.r_mv >= PROMINENT_R_MV


def _depth(picture: StPicture, lead: str) -> float:
    return round(depression_mv(picture.wave(lead)), 3)


def _depths(picture: StPicture, leads: Sequence[str]) -> str:
    """Return the leads with their depth: "V4 0.12, V5 0.10 mV"."""
    return ", ".join(f"{lead} {_depth(picture, lead):.2f}" for lead in leads) + " mV"


def _in_walls(walls: Sequence[str]) -> str:
    return f", {join_walls(walls)}" if walls else ""


def _t_levels(picture: StPicture, leads: Sequence[str], limit: str) -> tuple[Evidence, ...]:
    return tuple(
        Evidence(name=f"T in {lead}", value=round(_lowest_t(w), 3), unit=MV, limit=limit)
        for lead, w in ((lead, picture.wave(lead)) for lead in leads)
    )


def _lowest_t(wave: LeadWaves) -> float:
    return wave.t_mv if wave.t_mv < 0 else (wave.t_down_mv or wave.t_mv)


def _st_and_t(picture: StPicture, leads: Sequence[str]) -> tuple[Evidence, ...]:
    return tuple(
        Evidence(name=f"{name} in {lead}", value=round(value, 3), unit=MV)
        for lead in leads
        for name, value in (
            ("J+80", picture.wave(lead).j80_mv),
            ("T", picture.wave(lead).t_mv),
        )
    )
