"""Sinus node, AV block, supraventricular rhythms and pacemakers: from parameters to cases."""

from ecgcore.simulate import library
from ecgcore.simulate import rhythm_shapes as shapes
from ecgcore.simulate.case_parts import (
    ARREST,
    ASYSTOLE,
    ASYSTOLE_S,
    DISSOCIATION,
    EXIT_BLOCK,
    PAUSE_S,
    VT,
    choose_bundle,
    lies_above,
    make_case,
)
from ecgcore.simulate.foci import AtrialFocus, Block, Fibrillating, Focus, Junction, Reentry
from ecgcore.simulate.pacers import Pacer
from ecgcore.simulate.planning import (
    NORMAL,
    OWN,
    SINUS,
    SUPRAVENTRICULAR,
    VENTRICULAR,
    Ectopy,
    Rhythm,
)
from ecgcore.simulate.spec import CaseSpec
from ecgcore.simulate.stretches import Amount, Pause, Sinus

_MULTIFOCAL_P = (
    library.P_SINUS.name,
    library.P_ECTOPIC.name,
    library.P_HIGH.name,
    shapes.P_LEFT_FOCUS.name,
)


# --- pauses and sinus node ----------------------------------------------------------------------


def sinus_pause(
    *,
    pause_s: Amount = (3.1, 3.9),
    sinus_bpm: Amount = (56.0, 82.0),
    start_s: Amount = (2.2, 3.6),
    escape: bool = False,
) -> CaseSpec:
    """Make a sinus arrest; its length decides whether it is urgent."""
    long, longest = (
        lies_above("pause_s", pause_s, PAUSE_S),
        lies_above("pause_s", pause_s, ASYSTOLE_S),
    )
    parts = (
        Sinus(rate_bpm=sinus_bpm, length_s=start_s),
        Pause(pause_s=pause_s, escape=bool(escape)),
        Sinus(),
    )
    more = (ASYSTOLE,) if longest else ()
    urgent = (*more, ARREST) if long else ()
    return make_case(parts, ARREST, *more, urgent=urgent, duration_s=15.0 if longest else 10.0)


def exit_block(
    *, sinus_bpm: Amount = (66.0, 88.0), start_s: Amount = (2.2, 3.6), cycles: int = 2
) -> CaseSpec:
    """Make a sinoatrial exit block: the pause is a multiple of the sinus cycle."""
    pause = Pause(code=EXIT_BLOCK, cycles=int(cycles))
    parts = (Sinus(rate_bpm=sinus_bpm, length_s=start_s), pause, Sinus())
    return make_case(parts, EXIT_BLOCK)


def paroxysmal_block(
    *, pause_s: Amount = (3.4, 5.2), sinus_bpm: Amount = (72.0, 96.0), start_s: Amount = (2.2, 3.2)
) -> CaseSpec:
    """Make several P waves in a row that are not conducted, and an escape."""
    parts = (
        Sinus(rate_bpm=sinus_bpm, length_s=start_s),
        Pause(code="AHA87", pause_s=pause_s, p_waves=True, escape=True),
        Sinus(),
    )
    return make_case(parts, "AHA87")


def slow_sinus(*, rate_bpm: Amount = (34.0, 44.0)) -> CaseSpec:
    """Make a slow sinus rhythm without block."""
    return make_case((Sinus(code="SBRAD", rate_bpm=rate_bpm, pr_s=(0.16, 0.19)),), "SBRAD")


def blocked_bigeminy(*, rate_bpm: float = 74.0) -> CaseSpec:
    """Make an early P after each beat that is not conducted."""
    early = Ectopy(
        SUPRAVENTRICULAR,
        library.P_HIGH.name,
        every=1,
        repeats=0,
        coupling=0.42,
        blocked=True,
    )
    rhythm = Rhythm(SINUS, rate_bpm, ectopy=(early,))
    return CaseSpec("", ("PAC", "251170000"), rhythm=rhythm)


# --- AV block and dissociation ------------------------------------------------------------------


def two_to_one(*, atrial_bpm: Amount = (70.0, 96.0)) -> CaseSpec:
    """Make 2:1 AV block: Mobitz I and II cannot be told apart."""
    part = Block(code="AHA85", rate_bpm=atrial_bpm, pr_s=(0.15, 0.22))
    return make_case((part,), "2AVB", "AHA85", uncertain=("426183003", "54016002"))


def high_grade(
    *,
    atrial_bpm: Amount = (76.0, 100.0),
    conducted: tuple[int, ...] = (1, 1, 2),
    blocked: tuple[int, ...] = (2, 3),
) -> CaseSpec:
    """Make AV block of two and more P waves in a row."""
    part = Block(
        code="AHA87", rate_bpm=atrial_bpm, pr_s=(0.15, 0.2), conducted=conducted, blocked=blocked
    )
    return make_case((part,), "AHA87", uncertain=("2AVB",))


def complete_block(
    *, escape_bpm: Amount = (26.0, 40.0), atrial_bpm: Amount = (68.0, 100.0), wide: bool = True
) -> CaseSpec:
    """Make complete AV block with an escape from the ventricles or the junction."""
    part = Focus(
        code="3AVB",
        rate_bpm=escape_bpm,
        shapes=(library.ESCAPE.name,) if wide else (OWN,),
        kind=VENTRICULAR if wide else NORMAL,
        origin="escape",
        sinus_bpm=atrial_bpm,
        jitter_share=0.006,
    )
    return make_case((part,), "3AVB", uncertain=(DISSOCIATION,))


def fibrillation_with_block(*, escape_bpm: Amount = (34.0, 52.0), wide: bool = False) -> CaseSpec:
    """Make atrial fibrillation with complete AV block: a slow, regular escape."""
    part = Fibrillating(
        rate_bpm=escape_bpm,
        shapes=(library.ESCAPE.name,) if wide else (OWN,),
        kind=VENTRICULAR if wide else NORMAL,
        origin="escape",
        size=(0.8, 1.4),
    )
    return make_case((part,), "AF", "3AVB")


def dissociation(
    *, rate_bpm: Amount = (66.0, 84.0), sinus_bpm: Amount = (54.0, 64.0), capture_share: float = 0.5
) -> CaseSpec:
    """Make AV dissociation without block: the junction is faster than the sinus node."""
    part = Focus(
        code="426664006",
        rate_bpm=rate_bpm,
        shapes=(OWN,),
        kind=NORMAL,
        sinus_bpm=sinus_bpm,
        capture_share=capture_share,
    )
    return make_case((part,), DISSOCIATION, "426664006")


# --- supraventricular rhythms -------------------------------------------------------------------


def junctional(*, rate_bpm: Amount = (41.0, 58.0), retrograde: str = "") -> CaseSpec:
    """Make a rhythm of the AV junction; its rate names it."""
    fast = lies_above("rate_bpm", rate_bpm, 100.0)
    accelerated = lies_above("rate_bpm", rate_bpm, 60.0)
    code = "426648003" if fast else "426664006" if accelerated else "29320008"
    return make_case((Junction(code=code, rate_bpm=rate_bpm, retrograde=retrograde),), code)


def ectopic_atrial(*, rate_bpm: Amount = (62.0, 96.0), ratio: int = 1) -> CaseSpec:
    """Make a rhythm of one atrial focus; its rate names it."""
    code = "713422000" if lies_above("rate_bpm", rate_bpm, 100.0) else "106068003"
    p_shapes = (library.P_ECTOPIC.name, shapes.P_LOW.name, shapes.P_LEFT_FOCUS.name)
    pr_s = (0.10, 0.13) if code == "713422000" else (0.12, 0.16)
    part = AtrialFocus(code=code, rate_bpm=rate_bpm, p_shapes=p_shapes, ratio=int(ratio), pr_s=pr_s)
    return make_case((part,), code)


def multifocal(*, rate_bpm: Amount = (106.0, 138.0)) -> CaseSpec:
    """Make a rhythm of several atrial foci; its rate names it."""
    code = "AHA53" if lies_above("rate_bpm", rate_bpm, 100.0) else "AHA35"
    part = AtrialFocus(
        code=code,
        rate_bpm=rate_bpm,
        p_shapes=_MULTIFOCAL_P,
        wandering=True,
        jitter_share=0.17,
        pr_s=(0.12, 0.20),
    )
    return make_case((part,), code, uncertain=("PAC", "AF"))


def svt(*, rate_bpm: Amount = (150.0, 215.0), shape: str = "") -> CaseSpec:
    """Make a re-entrant tachycardia throughout, with a bundle branch block or without."""
    name, labels, uncertain = _choose_aberrancy(shape)
    return make_case(
        (Reentry(rate_bpm=rate_bpm, shape=name),), "SVTAC", *labels, uncertain=uncertain
    )


def _choose_aberrancy(shape: str) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """Return a shape's name, its labels, and what cannot be told beside it."""
    own, labels = choose_bundle(shape)
    if not labels:
        return OWN, (), ("PAC", "STD")
    return own.name, (*labels, "AHA100"), ("PAC", "STD", "STE", VT)


def svt_run(
    *,
    rate_bpm: Amount = (150.0, 200.0),
    shape: str = "",
    start_s: Amount = (2.4, 3.4),
    length_s: Amount = (2.4, 3.6),
) -> CaseSpec:
    """Make a run of re-entrant tachycardia that an early atrial beat begins."""
    name, labels, uncertain = _choose_aberrancy(shape)
    parts = (
        Sinus(rate_bpm=(70.0, 94.0), length_s=start_s),
        Reentry(rate_bpm=rate_bpm, shape=name, length_s=length_s),
        Sinus(),
    )
    labels = tuple(code for code in labels if code == "AHA100")
    return make_case(parts, "PSVT", *labels, uncertain=uncertain)


def preexcited_fibrillation(*, rate_bpm: Amount = (175.0, 245.0)) -> CaseSpec:
    """Make atrial fibrillation that an accessory pathway conducts."""
    names = tuple(shapes.name_blend(shapes.PREEXCITED.name, x) for x in (0.35, 0.6, 0.8, 1, 1, 1))
    part = Fibrillating(rate_bpm=rate_bpm, irregularity=0.22, shapes=names, shortest_s=0.19)
    return make_case(
        (part,),
        "AF",
        "WPW",
        urgent=("AF", "WPW"),
        uncertain=("LBBB", "RBBB", "STD", "STE"),
        ventricular=library.WPW,
    )


def fast_fibrillation(*, rate_bpm: Amount = (125.0, 165.0), shape: str = "lbbb") -> CaseSpec:
    """Make fast atrial fibrillation with a bundle branch block: irregular and broad."""
    own, labels = choose_bundle(shape)
    part = Fibrillating(rate_bpm=rate_bpm, irregularity=0.18, shortest_s=0.31)
    return make_case((part,), "AF", *labels, ventricular=own, uncertain=("STD", "STE"))


# --- pacemakers ---------------------------------------------------------------------------------


_PACED_UNSURE = ("LBBB", "STD", "STE")


def lost_ventricular_capture(
    *,
    rate_bpm: Amount = (60.0, 74.0),
    escape_bpm: Amount = (30.0, 38.0),
    captures: tuple[int, ...] = (1, 3, 1, 3),
) -> CaseSpec:
    """Make stimuli of the ventricle that some beats do not follow, in complete block."""
    part = Pacer(rate_bpm=rate_bpm, escape_bpm=escape_bpm, captures=captures)
    labels = ("PACE", "251266004", "AHA186")
    return make_case((part,), *labels, uncertain=(*_PACED_UNSURE, "3AVB"))


def lost_atrial_capture(
    *,
    rate_bpm: Amount = (66.0, 78.0),
    escape_bpm: Amount = (40.0, 50.0),
    captures: tuple[int, ...] = (1, 3, 2, 4),
) -> CaseSpec:
    """Make stimuli of the atrium without P, and a junctional escape."""
    part = Pacer(
        chamber="atrial",
        rate_bpm=rate_bpm,
        sinus_bpm=None,
        captures=captures,
        conducts=True,
        escape_bpm=escape_bpm,
        escape=OWN,
    )
    return make_case((part,), "PACE", "251268003", "AHA185", uncertain=_PACED_UNSURE)


def lost_ventricular_sensing(
    *, rate_bpm: Amount = (56.0, 66.0), sinus_bpm: Amount = (70.0, 86.0)
) -> CaseSpec:
    """Make stimuli of the ventricle that disregard its own beats."""
    part = Pacer(rate_bpm=rate_bpm, sinus_bpm=sinus_bpm, senses=False, conducts=True)
    return make_case((part,), "PACE", "251266004", "AHA188", uncertain=_PACED_UNSURE)


def lost_atrial_sensing(
    *, rate_bpm: Amount = (56.0, 64.0), sinus_bpm: Amount = (68.0, 82.0)
) -> CaseSpec:
    """Make stimuli of the atrium that disregard its own P waves."""
    part = Pacer(
        chamber="atrial",
        rate_bpm=rate_bpm,
        sinus_bpm=sinus_bpm,
        senses=False,
        conducts=True,
        escape=OWN,
    )
    return make_case((part,), "PACE", "251268003", "AHA187", uncertain=_PACED_UNSURE)


def pacing_on_demand(
    *,
    rate_bpm: Amount = (50.0, 58.0),
    sinus_bpm: Amount = (68.0, 82.0),
    pause_s: Amount = (3.2, 4.4),
) -> CaseSpec:
    """Make a sinus rhythm with an arrest that a pacemaker bridges, as it should."""
    part = Pacer(rate_bpm=rate_bpm, sinus_bpm=sinus_bpm, conducts=True, arrest_s=pause_s)
    return make_case((part,), "PACE", "251266004", uncertain=_PACED_UNSURE)
