"""ST elevation infarction and its equivalents; each warning with its rule and values.

Thygesen et al., Fourth universal definition, Circulation 138:e618 (2018); Byrne et al., ESC 2023,
Eur Heart J 44:3720; Smith et al., Ann Emerg Med 60:766 (2012); de Winter et al., N Engl J Med
359:2071 (2008).  A warning orders the reading; whether a shift is new is for the reader.
"""

import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from ecgcore.interpret.facts import Facts
from ecgcore.interpret.st_mimics import find_mimic, has_early_pattern
from ecgcore.interpret.st_picture import (
    NEAR_MV,
    VERY_WIDE_MS,
    StPicture,
    depression_mv,
    is_elevated,
)
from ecgcore.interpret.territories import (
    MINUS_AVR,
    contiguous,
    find_reciprocal,
    join_walls,
    name_walls,
)
from ecgcore.measure.lead_waves import LeadWaves
from ecgcore.recording import Recording
from ecgcore.results.interpreted import Against, Call, Evidence, Ruling, Unable

STEMI, STE, SGARBOSSA = "57054005", "STE", "AHA173"
DE_WINTER, LEFT_MAIN, HYPERACUTE = "DEWINTER", "LEFTMAIN", "HYPERT"
MV = "mV"
# Modified Sgarbossa: concordant by 0.1 mV, discordant by a quarter of S and 0.1 mV.
SGARBOSSA_MV, SGARBOSSA_RATIO, LONE_RATIO_MV, LONE_S_MV = 0.1, -0.25, 0.15, 0.5
# QRS has a direction where one deflection is so much larger than the other.
MAIN_PART = 1.5
RATIO = "Discordant ST/S ratio of -0.25 or less"
# Posterior: depressed by 0.05 mV, deepest in front, T upright.
POSTERIOR_MV, FRONT = 0.05, ("V1", "V2", "V3", "V4")
UPRIGHT_T_MV = 0.1
# De Winter: up-sloping from 0.1 mV below in precordial leads into a tall T, in small complexes tall
# against these.
DE_WINTER_MV, TALL_T_MV, LESS_TALL_T_MV, RISE_MV = 0.1, 0.5, 0.4, 0.05
# Left main: aVR raised by 0.1 mV, six other leads depressed by as much, less the error of J.
AVR_MV, DEPRESSED_LEADS, DIFFUSE_MV = 0.1, 6, 0.1
# Hyperacute: T taller than so much of QRS, and broad.
HYPERACUTE_PART, HYPERACUTE_MV, BROAD_MS = 0.75, 0.6, 80.0
# Or large against QRS: height times width (100 ms at 60/min, by the root of RR) over QRS; chosen on
# records labelled only normal, of which 1 in 273 reaches it; in QRS of 0.5 mV and more.
AREA_MV, AREA_PART, AREA_MS, AREA_QRS_MV = 0.45, 0.72, 100.0, 0.5
# The same where ST has straightened: so much of the height of T is reached at J + 80 ms.
STRAIGHT_PART, STRAIGHT_AREA_PART = 0.36, 0.60
# T of de Winter's pattern in small complexes: so much of QRS.
TALL_T_PART = 0.5
RIGHT_MV = 0.1
# In flutter ST counts from so much of the limit on, all the way to J + 80 ms.
FLUTTER_PART = 1.5
# What V4 may be deeper by in a posterior infarction.
TOLERANCE_MV = 0.02
HIGH_PASS_HZ = 0.5
NO_VOLTAGE = "Not assessed: the amplitude is not calibrated."
CHILD = "Not assessed under 18 years."
NO_BEAT = "Not assessed: no median beat with QRS onset and end."
SINE_QRS_MS, AV_BLOCK = 210.0, ("3AVB", "AHA87")
SINE = "Not assessed: QRS of 210 ms or more merges with ST."
FLUTTER = "Not assessed: flutter waves move the ST level."
FILTERED = "The recording was high-pass filtered at {hz:g} Hz: its ST level may be false."


def call_elevation(facts: Facts) -> Iterator[Ruling]:
    """State ST elevation infarction by its walls, or ST elevation that something else explains."""
    if reason := why_not(facts):
        yield Unable(code=STEMI, reason=reason)
        return
    picture = facts.st_picture
    if picture.like_lbbb:
        return
    if _is_sine(facts, picture):
        yield Unable(code=STEMI, reason=SINE)
        return
    if _is_flutter(facts) and not _is_marked(picture):
        yield Unable(code=STEMI, reason=FLUTTER)
        return
    call = _warn(facts, picture) or _warn_of_stretch(facts)
    if call is not None:
        yield call
        return
    if picture.noisy:
        yield Unable(code=STEMI, reason=f"Noise hides ST shifts in {', '.join(picture.noisy)}.")
    if picture.elevated:
        yield Call(
            code=STE,
            evidence=levels(picture, picture.elevated, limits=True),
            leads=sheet_leads(picture.elevated),
        )
    else:
        yield Against(code=STE, reason="No contiguous leads reach the limits.")


def call_sgarbossa(facts: Facts) -> Iterator[Ruling]:
    """State infarction in left bundle branch block or pacing by the modified Sgarbossa rule."""
    picture = facts.st_picture
    if why_not(facts) or not picture.like_lbbb or _is_sine(facts, picture):
        return
    found = _sgarbossa(picture)
    if not found:
        return
    place = "ventricular pacing" if picture.is_paced else "left bundle branch block"
    criteria = "; ".join(dict.fromkeys(criterion for criterion, _, _ in found))
    values = ", ".join(words for _, _, words in found)
    leads = tuple(dict.fromkeys(lead for _, lead, _ in found))
    yield Call(
        code=SGARBOSSA,
        words=f"Consider acute infarction in {place} (modified Sgarbossa criteria)",
        rule=f"{criteria}: {values}.{_doubt(facts)}",
        evidence=levels(picture, leads),
        leads=leads,
        urgent=True,
    )


def call_de_winter(facts: Facts) -> Iterator[Ruling]:
    """State up-sloping ST depression into tall T waves in the chest leads."""
    picture = facts.st_picture
    leads = () if why_not(facts) else de_winter_leads(picture)
    if not leads:
        return
    values = ", ".join(
        f"{lead} {picture.wave(lead).j_mv:.2f} mV at J, T {picture.wave(lead).t_mv:.1f} mV"
        for lead in leads
    )
    yield Call(
        code=DE_WINTER,
        words="Consider acute anterior infarction (de Winter pattern)",
        rule=f"ST up-sloping from 0.1 mV or more below into tall T waves: {values}.{_doubt(facts)}",
        evidence=(*levels(picture, leads), *_t_heights(picture, leads)),
        leads=leads,
        urgent=True,
    )


def call_left_main(facts: Facts) -> Iterator[Ruling]:
    """State ST elevation in aVR with depression in six or more leads."""
    picture = facts.st_picture
    if why_not(facts) or picture.is_wide or picture.is_paced or picture.elevated:
        return
    if _is_flutter(facts) or de_winter_leads(picture):
        return
    right = picture.wave("aVR").j_mv
    leads = tuple(
        lead
        for lead, wave in picture.waves.items()
        if "aVR" not in lead
        and depression_mv(wave) >= DIFFUSE_MV - NEAR_MV
        and max(wave.j_mv, wave.j80_mv) <= -POSTERIOR_MV
    )
    if right < AVR_MV - 5e-4 or len(leads) < DEPRESSED_LEADS:
        return
    yield Call(
        code=LEFT_MAIN,
        words="Diffuse ST depression with ST elevation in aVR: consider left main or multivessel "
        "ischemia",
        rule=f"aVR {right:.2f} mV at J (limit {AVR_MV:.2f}); depressed in {len(leads)} leads: "
        f"{_depths(picture, leads)}.{_doubt(facts)}",
        evidence=(
            Evidence(name="J in aVR", value=round(right, 3), unit=MV, limit=">= 0.10"),
            *levels(picture, leads),
        ),
        leads=("aVR", *leads),
        urgent=True,
    )


def call_hyperacute(facts: Facts) -> Iterator[Ruling]:
    """State broad T waves that are tall against QRS, before ST is raised."""
    picture = facts.st_picture
    if why_not(facts) or picture.is_wide or picture.is_paced or picture.elevated:
        return
    # T of early repolarization is tall too.
    if has_early_pattern(picture) and not picture.depressed:
        return
    rate = facts.value("heart_rate") or 60.0
    chest = ("V2", "V3", "V4", "V5", "V6")
    both = (
        contiguous([lead for lead in group if _is_hyperacute(picture.wave(lead), rate)])
        for group in (chest, ("II", "III", "aVF"))
    )
    leads = tuple(lead for group in both for lead in group)
    if not leads or any(_is_de_winter(picture.wave(lead)) for lead in leads):
        return
    values = ", ".join(
        f"{lead} T {picture.wave(lead).t_mv:.1f} mV, QRS {picture.wave(lead).qrs_mv:.1f} mV"
        for lead in leads
    )
    yield Call(
        code=HYPERACUTE,
        words="Tall broad T waves: consider hyperacute T waves of an early infarction",
        rule=f"T tall against QRS and broad: {values}.",
        evidence=_t_heights(picture, leads),
        leads=leads,
        urgent=True,
    )


RULES: tuple[Callable[[Facts], Iterable[Ruling]], ...] = (
    call_elevation,
    call_sgarbossa,
    call_de_winter,
    call_left_main,
    call_hyperacute,
)


# ---- what the other chapters ask ----------------------------------------------------------------


def why_not(facts: Facts) -> str:
    """Return why ST is not assessed at all, or ``""``."""
    if not facts.in_mv:
        return NO_VOLTAGE
    if facts.is_child:
        return CHILD
    return "" if facts.st_picture.waves else NO_BEAT


def posterior_leads(picture: StPicture) -> tuple[str, ...]:
    """Return the leads in which ST is depressed as opposite a posterior infarction."""
    if picture.is_wide or picture.is_paced:
        return ()
    waves = {lead: picture.wave(lead) for lead in FRONT if picture.has(lead)}
    stay = [lead for lead, wave in waves.items() if wave.j40_mv <= -POSTERIOR_MV + 5e-4]
    leads = contiguous([lead for lead in stay if lead in picture.depressed])
    deepest = max(depression_mv(picture.wave(lead)) for lead in FRONT[:3])
    beside = max(depression_mv(picture.wave(lead)) for lead in ("V5", "V6", "II", "aVF"))
    beside = max(beside, depression_mv(picture.wave("V4")) - TOLERANCE_MV)
    upright = [lead for lead in leads if waves[lead].t_up_mv >= UPRIGHT_T_MV]
    tall = [lead for lead in ("V1", "V2", "V3") if _is_tall(picture.wave(lead))]
    is_up_sloping = bool(de_winter_leads(picture))
    enough = len(leads) >= 2 and len(upright) >= 2 and bool(tall)
    elsewhere = [lead for lead in picture.depressed if lead not in (*FRONT, MINUS_AVR)]
    if deepest <= beside or is_up_sloping or len(elsewhere) >= 4:
        return ()
    return leads if enough else ()


def de_winter_leads(picture: StPicture) -> tuple[str, ...]:
    """Return the chest leads of de Winter's pattern: two and more, where none is raised."""
    # QRS that runs up into T is measured too wide.
    wide = picture.is_wide and (
        picture.is_lbbb or picture.is_rbbb or picture.qrs_ms >= VERY_WIDE_MS
    )
    if wide or picture.is_paced or set(picture.elevated) & {*FRONT, "V5", "V6"}:
        return ()
    leads = [lead for lead in (*FRONT, "V5", "V6") if _is_de_winter(picture.wave(lead))]
    return contiguous(leads)


def acute_walls(picture: StPicture, front: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the walls whose leads are raised; with the chest leads opposite the posterior one."""
    walls = name_walls(picture.elevated)
    if front and "posterior" not in walls and not set(front) & set(picture.elevated):
        walls = (*walls, "posterior")
    return (*walls, "right ventricular") if _is_right_ventricular(picture, walls) else walls


def levels(
    picture: StPicture, leads: Sequence[str], *, limits: bool = False
) -> tuple[Evidence, ...]:
    """Return J of the leads as evidence, with the limit of elevation."""
    return tuple(
        Evidence(
            name=f"J in {lead}",
            value=round(picture.wave(lead).j_mv, 3),
            unit=MV,
            limit=f">= {picture.limit_mv(lead):.2f}" if limits else "",
        )
        for lead in leads
    )


def sheet_leads(leads: Sequence[str]) -> tuple[str, ...]:
    """Return leads as they stand on the sheet: aVR for aVR turned over."""
    return tuple(lead.removeprefix("-") for lead in leads)


def high_pass_hz(recording: Recording) -> float | None:
    """Return the corner of a high-pass that the recording went through, where it is told."""
    told = recording.provenance.device_filter
    found = [float(value) for corner in _CORNERS for value in corner.findall(told)]
    for step in recording.provenance.steps:
        value = step.parameters.get("high_pass_hz")
        found += [float(value)] if isinstance(value, int | float) else []
    return max(found, default=None)


# ---- parts --------------------------------------------------------------------------------------

_NUMBER = r"(\d+(?:\.\d+)?)"
_CORNERS = (
    re.compile(rf"(?:from|high[- ]?pass|HP)\D{{0,12}}{_NUMBER}", re.IGNORECASE),
    re.compile(rf"{_NUMBER} ?(?:Hz)? ?(?:-|to) ?\d", re.IGNORECASE),
)


def _is_sine(facts: Facts, picture: StPicture) -> bool:
    """Tell whether QRS runs into T; a wide escape of AV block is read nevertheless."""
    wide = picture.qrs_ms >= SINE_QRS_MS and not picture.is_paced
    return wide and not facts.has_rhythm(*AV_BLOCK)


def _is_flutter(facts: Facts) -> bool:
    return facts.has_rhythm("AFLT")


def _is_marked(picture: StPicture) -> bool:
    """Tell whether ST is raised from J to J + 80 ms by more than flutter waves bring."""
    waves = [picture.wave(lead) for lead in picture.elevated]
    lowest = {w.lead: min(w.j_mv, w.j40_mv, w.j60_mv, w.j80_mv) for w in waves}
    high = [lead for lead, mv in lowest.items() if mv >= FLUTTER_PART * picture.limit_mv(lead)]
    return bool(contiguous(high))


def _warn(facts: Facts, picture: StPicture) -> Call | None:
    """Return the warning of a picture, or None."""
    front = posterior_leads(picture)
    if picture.elevated and not find_mimic(picture):
        return _infarction(facts, picture, front)
    return _posterior(facts, picture, front) if front and not picture.elevated else None


def _warn_of_stretch(facts: Facts) -> Call | None:
    """Return the warning of stretches, two in a row and more, of a long recording."""
    found = []
    for stretch in facts.st_stretches:
        judged = not (stretch.picture.like_lbbb or _is_sine(facts, stretch.picture))
        call = _warn(facts, stretch.picture) if judged and not _is_flutter(facts) else None
        found.append((stretch.start_s, stretch.stop_s, call))
    runs = [
        (start_s, stop_s, call)
        for (start_s, _, call), (_, stop_s, after) in pairwise(found)
        if call is not None and after is not None
    ]
    if not runs:
        return None
    worst = max((call for *_, call in runs), key=lambda call: len(call.leads))
    return replace(worst, spans=_join_spans([(start_s, stop_s) for start_s, stop_s, _ in runs]))


def _join_spans(spans: Sequence[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    out = [spans[0]]
    for start_s, stop_s in spans[1:]:
        if start_s <= out[-1][1]:
            out[-1] = (out[-1][0], stop_s)
        else:
            out.append((start_s, stop_s))
    return tuple(out)


def _infarction(facts: Facts, picture: StPicture, front: Sequence[str]) -> Call:
    leads, walls = picture.elevated, acute_walls(picture, front)
    reciprocal = find_reciprocal(walls, [d for d in picture.depressed if d not in leads])
    rule = f"{_values(picture, leads)} at J ({_limit_words(picture, leads)})"
    rule += f"; reciprocal {', '.join(sheet_leads(reciprocal))}" if reciprocal else ""
    if any(picture.wave(n).j_mv < picture.limit_mv(n) - 5e-4 for n in leads):
        rule += "; within 0.01 mV of the limit"
    if picture.is_wide:
        rule += "; QRS wide: leads whose ST only follows QRS are left out"
    return Call(
        code=STEMI,
        words=f"Consider acute {join_walls(walls)} infarction (STEMI)",
        rule=f"{rule}.{_doubt(facts)}",
        evidence=(*levels(picture, leads, limits=True), *levels(picture, reciprocal)),
        leads=sheet_leads(leads),
        urgent=True,
    )


def _posterior(facts: Facts, picture: StPicture, front: Sequence[str]) -> Call:
    rule = f"ST depression {_values(picture, front)} with upright T and tall R, deepest in front"
    return Call(
        code=STEMI,
        words="Consider acute posterior infarction (STEMI equivalent): record V7 to V9",
        rule=f"{rule}.{_doubt(facts)}",
        evidence=levels(picture, front),
        leads=tuple(front),
        urgent=True,
    )


def _is_right_ventricular(picture: StPicture, walls: Sequence[str]) -> bool:
    """Tell whether V1 and III point to the right ventricle in an inferior infarction."""
    first, second = picture.wave("V1"), picture.wave("V2")
    inferior = any("infer" in wall for wall in walls) and "right ventricular" not in walls
    greater = picture.wave("III").j_mv > picture.wave("II").j_mv
    return (
        inferior and greater and is_elevated(picture, "V1", RIGHT_MV) and (first.j_mv > second.j_mv)
    )


def _sgarbossa(picture: StPicture) -> list[tuple[str, str, str]]:
    """Return (criterion, lead, words) of each lead that meets one.

    One lead whose S is small, as in the transition zone, is not enough for the ratio.
    """
    found = list(_sgarbossa_leads(picture))
    by_ratio = [lead for criterion, lead, _ in found if criterion == RATIO]
    alone = picture.wave(by_ratio[0]) if len(by_ratio) == 1 else None
    if alone and (alone.j_mv < LONE_RATIO_MV or alone.depth_mv < LONE_S_MV):
        return [each for each in found if each[0] != RATIO]
    return found


def _sgarbossa_leads(picture: StPicture) -> Iterator[tuple[str, str, str]]:
    for lead, wave in picture.waves.items():
        if lead in ("aVR", MINUS_AVR) or abs(wave.st_mv) < SGARBOSSA_MV - 5e-4:
            continue
        words = f"{lead} {wave.j_mv:+.2f} mV"
        if wave.j_mv > 0 and wave.r_mv >= MAIN_PART * wave.depth_mv:
            yield "Concordant ST elevation of 0.10 mV or more", lead, words
        elif wave.j_mv < 0 and wave.depth_mv >= MAIN_PART * wave.r_mv and lead in FRONT[:3]:
            yield "Concordant ST depression of 0.10 mV or more in V1 to V3", lead, words
        elif wave.j_mv > 0 and wave.depth_mv > wave.r_mv:
            ratio = -wave.j_mv / wave.depth_mv
            if ratio <= SGARBOSSA_RATIO + 1e-3:
                yield RATIO, lead, f"{words}, ratio {ratio:.2f}"


def _is_de_winter(wave: LeadWaves) -> bool:
    rises = wave.j80_mv - wave.j_mv >= RISE_MV
    below = wave.j_mv <= -DE_WINTER_MV + 5e-4 and wave.j40_mv <= -POSTERIOR_MV
    tall = wave.t_mv >= TALL_T_MV or wave.t_mv >= max(LESS_TALL_T_MV, TALL_T_PART * wave.qrs_mv)
    return below and rises and tall


def _is_hyperacute(wave: LeadWaves, rate_bpm: float) -> bool:
    """Tell whether T is very tall against QRS and broad, or tall and broad by its area."""
    very = wave.t_mv >= max(HYPERACUTE_MV, HYPERACUTE_PART * wave.qrs_mv)
    width = wave.t_width_ms / AREA_MS * math.sqrt(rate_bpm / 60.0)
    straight = wave.j80_mv >= STRAIGHT_PART * wave.t_mv
    part = STRAIGHT_AREA_PART if straight else AREA_PART
    seen = wave.t_mv >= AREA_MV and wave.qrs_mv >= AREA_QRS_MV
    large = seen and wave.t_mv * width >= part * wave.qrs_mv
    return (very and wave.t_width_ms >= BROAD_MS) or large


def _is_tall(wave: LeadWaves) -> bool:
    return wave.r_mv >= wave.depth_mv and wave.r_mv > 0


def _t_heights(picture: StPicture, leads: Sequence[str]) -> tuple[Evidence, ...]:
    return tuple(
        Evidence(name=f"T in {lead}", value=round(picture.wave(lead).t_mv, 3), unit=MV)
        for lead in leads
    )


def _values(picture: StPicture, leads: Sequence[str]) -> str:
    """Return the leads with J: "V2 0.28, V3 0.31 mV"."""
    return ", ".join(f"{lead} {picture.wave(lead).j_mv:.2f}" for lead in leads) + " mV"


def _depths(picture: StPicture, leads: Sequence[str]) -> str:
    """Return the leads with the deepest point of ST: "V4 -0.12, V5 -0.15 mV"."""
    return ", ".join(f"{n} -{depression_mv(picture.wave(n)):.2f}" for n in leads) + " mV"


def _limit_words(picture: StPicture, leads: Sequence[str]) -> str:
    """Return the limits that hold: "limit 0.20 in V2-V3 in a man of 40 or older, else 0.10"."""
    special = [lead for lead in leads if picture.limit_mv(lead) != SGARBOSSA_MV]
    if not special:
        return "limit 0.10"
    age, sex = picture.patient.age_years, picture.patient.sex
    young = 30 if special[0].endswith("R") else 40
    if sex is None or (sex == "male" and age is None):
        who = "lowest adult limit, age or sex unknown"
    elif sex == "female":
        who = "in a woman"
    else:
        who = f"in a man {'under' if (age or 0) < young else 'of'} {young}"
        who += "" if (age or 0) < young else " or older"
    words = f"limit {picture.limit_mv(special[0]):.2f} {who}"
    return words if len(special) == len(leads) else f"{words} in {', '.join(special)}, else 0.10"


def _doubt(facts: Facts) -> str:
    """Return what speaks against the ST level itself, as further sentences."""
    hz = high_pass_hz(facts.recording)
    return f" {FILTERED.format(hz=hz)}" if hz is not None and hz >= HIGH_PASS_HZ else ""
