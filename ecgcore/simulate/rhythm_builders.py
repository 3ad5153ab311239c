"""From named parameters to cases of disturbed rhythm.

What a parameter is called here can be asked for (``simulate --set``), as a figure or as a range;
what is not asked for each seed draws from the range that stands here.  A range on both sides of a
limit that names the rhythm is refused.  Parameters ``*_bpm`` are a minute, ``*_s`` seconds,
``*_mv`` millivolts from peak to peak.
"""

from typing import Any

from ecgcore.errors import InvalidArgumentError
from ecgcore.simulate import changes, library
from ecgcore.simulate import rhythm_shapes as shapes
from ecgcore.simulate.foci import (
    AtrialFocus,
    Block,
    Fibrillating,
    Focus,
    Junction,
    Reentry,
    Twisting,
)
from ecgcore.simulate.pacers import Pacer
from ecgcore.simulate.planning import (
    NORMAL,
    OWN,
    SINUS,
    STRETCHES,
    SUPRAVENTRICULAR,
    VENTRICULAR,
    Ectopy,
    Rhythm,
    Stretch,
)
from ecgcore.simulate.spec import CaseSpec
from ecgcore.simulate.stretches import Amount, Disorder, Distort, Pause, Silence, Sinus

# Three beats and more at over 100 a minute are a tachycardia (Al-Khatib et al., Circulation
# 138:e272, 2018); slower than 50 a ventricular rhythm is no longer called accelerated.
VT_FROM_BPM, ACCELERATED_FROM_BPM = 100.0, 50.0
# Accelerated rhythms are described up to 110 or 120: here a record cannot tell.
_VT_SURE_BPM = 120.0
# A pause of 3 s is an indication in itself (Kusumoto 2019); one of 6 s is called asystole (Moya et
# al., Eur Heart J 30:2631, 2009).
PAUSE_S, ASYSTOLE_S = 3.0, 6.0

VT, UNSUSTAINED, POLYMORPHIC, TORSADES = "164895002", "AHA71", "AHA72", "AHA73"
VF, V_FLUTTER, ASYSTOLE, AIVR, IVR = (
    "164896001",
    "111288001",
    "397829000",
    "61277005",
    "49260003",
)
ARREST, EXIT_BLOCK, DISSOCIATION, FUSION, ARTIFACT = (
    "5609005",
    "AHA25",
    "50799005",
    "13640000",
    "251143007",
)
_ORIGINS = {
    "outflow": (library.PVC_OUTFLOW.name,),
    "left": (library.PVC_LEFT.name, shapes.VT_LATERAL.name),
    "apex": (library.PVC_APEX.name,),
    "scar": (shapes.VT_SCAR.name,),
}
_ORIGINS[""] = tuple(name for names in _ORIGINS.values() for name in names)
_MULTIFOCAL_P = (
    library.P_SINUS.name,
    library.P_ECTOPIC.name,
    library.P_HIGH.name,
    shapes.P_LEFT_FOCUS.name,
)
_LEAD_IN_S = (2.0, 3.4)
_RESTING_BPM = (58.0, 92.0)


def _make(
    stretches: tuple[Stretch, ...],
    *labels: str,
    urgent: tuple[str, ...] | None = None,
    uncertain: tuple[str, ...] = (),
    **more: Any,
) -> CaseSpec:
    rhythm = Rhythm(STRETCHES, sinus_arrhythmia=0.025, stretches=stretches)
    return CaseSpec("", labels=labels, uncertain=uncertain, rhythm=rhythm, urgent=urgent, **more)


def _reaches(name: str, amount: Amount, limit: float) -> bool:
    """Return whether a figure or range lies above a limit that names the rhythm."""
    low, high = amount if isinstance(amount, tuple) else (amount, amount)
    if low < limit < high:
        raise InvalidArgumentError(
            f"{name} is {amount!r}, a range on both sides of {limit:g}, where the rhythm has "
            "another name; ask for one side."
        )
    return low >= limit


def _choose_origin(origin: str) -> tuple[str, ...]:
    if origin not in _ORIGINS:
        possible = ", ".join(name for name in _ORIGINS if name)
        raise InvalidArgumentError(f"origin is {origin!r}; possible origins are {possible}.")
    return _ORIGINS[origin]


# --- ventricular rhythms -------------------------------------------------------------------------


def _name_ventricular(rate_bpm: Amount) -> tuple[str, tuple[str, ...]]:
    """Return the code of a ventricular rhythm, and codes that its rate cannot tell."""
    if not _reaches("rate_bpm", rate_bpm, VT_FROM_BPM):
        accelerated = _reaches("rate_bpm", rate_bpm, ACCELERATED_FROM_BPM)
        return (AIVR, ()) if accelerated else (IVR, ())
    low = rate_bpm[0] if isinstance(rate_bpm, tuple) else rate_bpm
    return VT, (AIVR,) if low < _VT_SURE_BPM else ()


def ventricular_rhythm(
    *,
    rate_bpm: Amount = (130.0, 210.0),
    origin: str = "",
    sinus_bpm: Amount = (62.0, 96.0),
    capture_share: float = 0.25,
    labels: tuple[str, ...] = (),
) -> CaseSpec:
    """Make a regular ventricular rhythm throughout; its rate names it."""
    code, uncertain = _name_ventricular(rate_bpm)
    focus = Focus(
        code=code,
        rate_bpm=rate_bpm,
        shapes=_choose_origin(origin),
        sinus_bpm=sinus_bpm,
        capture_share=capture_share,
        shows=("capture", "fusion") if FUSION in labels else (),
    )
    return _make((focus,), code, *labels, uncertain=uncertain)


def ventricular_run(
    *,
    beats: int = 5,
    rate_bpm: Amount = (130.0, 190.0),
    origin: str = "",
    sinus_bpm: Amount = _RESTING_BPM,
    start_s: Amount = (2.6, 4.0),
    coupling_s: Amount = (0.40, 0.52),
) -> CaseSpec:
    """Make a run of ventricular beats within sinus rhythm."""
    if beats < 3:
        raise InvalidArgumentError(f"beats is {beats}; a run has 3 or more.")
    code, uncertain = _name_ventricular(rate_bpm)
    run = Focus(
        code=code,
        rate_bpm=rate_bpm,
        shapes=_choose_origin(origin),
        beats=int(beats),
        coupling_s=coupling_s,
        jitter_share=0.03,
    )
    parts = (Sinus(rate_bpm=sinus_bpm, length_s=start_s), run, Sinus())
    more = (UNSUSTAINED,) if code == VT else ()
    return _make(parts, code, *more, urgent=(VT,) if code == VT else (), uncertain=uncertain)


def ventricular_episode(
    *,
    length_s: Amount = (32.0, 45.0),
    rate_bpm: Amount = (130.0, 200.0),
    origin: str = "",
    sinus_bpm: Amount = _RESTING_BPM,
    start_s: Amount = (20.0, 40.0),
) -> CaseSpec:
    """Make an episode of ventricular tachycardia within a long record."""
    code, uncertain = _name_ventricular(rate_bpm)
    focus = Focus(
        code=code,
        rate_bpm=rate_bpm,
        shapes=_choose_origin(origin),
        length_s=length_s,
        coupling_s=(0.40, 0.52),
        capture_share=0.2,
    )
    parts = (Sinus(rate_bpm=sinus_bpm, length_s=start_s), focus, Sinus())
    return _make(parts, code, uncertain=uncertain, duration_s=120.0)


def polymorphic_tachycardia(
    *,
    rate_bpm: Amount = (210.0, 270.0),
    sinus_bpm: Amount = (66.0, 96.0),
    start_s: Amount = _LEAD_IN_S,
    coupling_s: Amount = (0.30, 0.36),
) -> CaseSpec:
    """Make a polymorphic tachycardia at a normal QT, begun by a beat on T."""
    turning = Twisting(
        code=POLYMORPHIC,
        rate_bpm=rate_bpm,
        shapes=(library.PVC_OUTFLOW.name, library.PVC_LEFT.name, shapes.VT_SCAR.name),
        turn_deg=(10.0, 60.0),
        steady=False,
        jitter_share=0.10,
        coupling_s=coupling_s,
    )
    return _make((Sinus(rate_bpm=sinus_bpm, length_s=start_s), turning), POLYMORPHIC)


def torsades(
    *,
    rate_bpm: Amount = (200.0, 250.0),
    sinus_bpm: Amount = (50.0, 64.0),
    start_s: Amount = (2.2, 3.4),
    pause_s: Amount = (1.15, 1.6),
    coupling_s: Amount = (0.50, 0.58),
    qtc_ms: float = 560.0,
    beats: int = 0,
) -> CaseSpec:
    """Make a torsade: a long QT, an early beat, a pause, and an early beat on the T after it."""
    early = Focus(
        code="SR",
        rate_bpm=60.0,
        shapes=(library.PVC_LEFT.name,),
        beats=1,
        coupling_s=(0.54, 0.62),
        origin="premature",
    )
    turning = Twisting(
        code=TORSADES,
        rate_bpm=rate_bpm,
        shapes=(shapes.TORSADES.name,),
        coupling_s=coupling_s,
        beats=int(beats),
    )
    parts = (
        Sinus(rate_bpm=sinus_bpm, length_s=start_s),
        early,
        Pause(code="SR", pause_s=pause_s),
        Sinus(beats=1),
        turning,
        Sinus(),
    )
    return _make(
        parts,
        TORSADES,
        "LNGQT",
        urgent=(TORSADES,),
        ventricular=changes.long_qt(library.NORMAL),
        qtc_ms=qtc_ms,
        duration_s=12.0,
    )


def fibrillation(*, kind: str = "coarse", size_mv: Amount = (0.7, 1.5)) -> CaseSpec:
    """Make ventricular fibrillation throughout."""
    return _make((Disorder(kind=kind, size_mv=size_mv),), VF)


def fibrillation_onset(
    *,
    start_s: Amount = _LEAD_IN_S,
    sinus_bpm: Amount = (66.0, 98.0),
    size_mv: Amount = (0.8, 1.5),
) -> CaseSpec:
    """Make fibrillation that a beat on T begins."""
    return _make((*_begin_on_t(start_s, sinus_bpm), Disorder(size_mv=size_mv, coupling_s=0.2)), VF)


def _begin_on_t(start_s: Amount, sinus_bpm: Amount) -> tuple[Stretch, ...]:
    early = Focus(
        code=VF,
        rate_bpm=60.0,
        shapes=(library.PVC_APEX.name, library.PVC_LEFT.name),
        beats=1,
        coupling_s=(0.29, 0.34),
        origin="premature",
    )
    return Sinus(rate_bpm=sinus_bpm, length_s=start_s), early


def ventricular_flutter(
    *, rate_bpm: Amount = (240.0, 300.0), size_mv: Amount = (1.2, 2.0)
) -> CaseSpec:
    """Make ventricular flutter throughout."""
    part = Disorder(code=V_FLUTTER, kind="flutter", rate_bpm=rate_bpm, size_mv=size_mv)
    return _make((part,), V_FLUTTER)


# --- arrest, and what resembles it ---------------------------------------------------------------


def asystole() -> CaseSpec:
    """Make a line without waves from the start."""
    return _make((Silence(),), ASYSTOLE)


def asystole_after_sinus(
    *, start_s: Amount = (2.4, 3.4), sinus_bpm: Amount = (40.0, 62.0)
) -> CaseSpec:
    """Make asystole after a few sinus beats."""
    return _make((Sinus(rate_bpm=sinus_bpm, length_s=start_s), Silence()), ASYSTOLE)


def asystole_after_fibrillation(
    *, start_s: Amount = (3.0, 4.0), size_mv: Amount = (0.25, 0.6)
) -> CaseSpec:
    """Make fibrillation that dies away into asystole."""
    part = Disorder(kind="fine", size_mv=size_mv, length_s=start_s)
    return _make((part, Silence()), ASYSTOLE, VF)


def standstill(*, atrial_bpm: Amount = (60.0, 100.0)) -> CaseSpec:
    """Make P waves alone, from the start."""
    return _make((Silence(p_waves=True, rate_bpm=atrial_bpm),), ASYSTOLE)


def standstill_after_sinus(
    *, start_s: Amount = (2.4, 3.4), sinus_bpm: Amount = (62.0, 92.0), shape: str = "rbbb"
) -> CaseSpec:
    """Make P waves alone after sinus rhythm with a bundle branch block."""
    own = {"rbbb": library.RBBB, "lbbb": library.LBBB, "": library.NORMAL}[shape]
    labels = {"rbbb": ("RBBB",), "lbbb": ("LBBB",), "": ()}[shape]
    parts = (Sinus(rate_bpm=sinus_bpm, length_s=start_s), Silence(p_waves=True))
    return _make(parts, ASYSTOLE, *labels, ventricular=own)


def leads_lost(
    *,
    start_s: Amount = (2.4, 4.0),
    sinus_bpm: Amount = _RESTING_BPM,
    electrodes: tuple[str, ...] = ("RA", "LA", "LL", "C1", "C2", "C3", "C4", "C5", "C6"),
) -> CaseSpec:
    """Make sinus rhythm in which electrodes come off: a line without waves."""
    off = Distort(kind="off", start_s=start_s, electrodes=electrodes)
    return _make((off, Sinus(rate_bpm=sinus_bpm)))


# --- pauses and sinus node -----------------------------------------------------------------------


def sinus_pause(
    *,
    pause_s: Amount = (3.1, 3.9),
    sinus_bpm: Amount = (56.0, 82.0),
    start_s: Amount = (2.2, 3.6),
    escape: bool = False,
) -> CaseSpec:
    """Make a sinus arrest; its length decides whether it is urgent."""
    long, longest = _reaches("pause_s", pause_s, PAUSE_S), _reaches("pause_s", pause_s, ASYSTOLE_S)
    parts = (
        Sinus(rate_bpm=sinus_bpm, length_s=start_s),
        Pause(pause_s=pause_s, escape=bool(escape)),
        Sinus(),
    )
    more = (ASYSTOLE,) if longest else ()
    urgent = (*more, ARREST) if long else ()
    return _make(parts, ARREST, *more, urgent=urgent, duration_s=15.0 if longest else 10.0)


def exit_block(
    *, sinus_bpm: Amount = (66.0, 88.0), start_s: Amount = (2.2, 3.6), cycles: int = 2
) -> CaseSpec:
    """Make a sinoatrial exit block: the pause is a multiple of the sinus cycle."""
    pause = Pause(code=EXIT_BLOCK, cycles=int(cycles))
    parts = (Sinus(rate_bpm=sinus_bpm, length_s=start_s), pause, Sinus())
    return _make(parts, EXIT_BLOCK)


def paroxysmal_block(
    *, pause_s: Amount = (3.4, 5.2), sinus_bpm: Amount = (72.0, 96.0), start_s: Amount = (2.2, 3.2)
) -> CaseSpec:
    """Make several P waves in a row that are not conducted, and an escape."""
    parts = (
        Sinus(rate_bpm=sinus_bpm, length_s=start_s),
        Pause(code="AHA87", pause_s=pause_s, p_waves=True, escape=True),
        Sinus(),
    )
    return _make(parts, "AHA87")


def slow_sinus(*, rate_bpm: Amount = (34.0, 44.0)) -> CaseSpec:
    """Make a slow sinus rhythm without block."""
    return _make((Sinus(code="SBRAD", rate_bpm=rate_bpm, pr_s=(0.16, 0.19)),), "SBRAD")


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


# --- AV block and dissociation -------------------------------------------------------------------


def two_to_one(*, atrial_bpm: Amount = (70.0, 96.0)) -> CaseSpec:
    """Make 2:1 AV block: Mobitz I and II cannot be told apart."""
    part = Block(code="AHA85", rate_bpm=atrial_bpm, pr_s=(0.15, 0.22))
    return _make((part,), "2AVB", "AHA85", uncertain=("426183003", "54016002"))


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
    return _make((part,), "AHA87", uncertain=("2AVB",))


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
    return _make((part,), "3AVB", uncertain=(DISSOCIATION,))


def fibrillation_with_block(*, escape_bpm: Amount = (34.0, 52.0), wide: bool = False) -> CaseSpec:
    """Make atrial fibrillation with complete AV block: a slow, regular escape."""
    part = Fibrillating(
        rate_bpm=escape_bpm,
        shapes=(library.ESCAPE.name,) if wide else (OWN,),
        kind=VENTRICULAR if wide else NORMAL,
        origin="escape",
        size=(0.8, 1.4),
    )
    return _make((part,), "AF", "3AVB")


def dissociation(
    *, rate_bpm: Amount = (66.0, 84.0), sinus_bpm: Amount = (54.0, 64.0), capture_share: float = 0.9
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
    return _make((part,), DISSOCIATION, "426664006")


# --- supraventricular rhythms --------------------------------------------------------------------


def junctional(*, rate_bpm: Amount = (41.0, 58.0), retrograde: str = "") -> CaseSpec:
    """Make a rhythm of the AV junction; its rate names it."""
    fast = _reaches("rate_bpm", rate_bpm, 100.0)
    accelerated = _reaches("rate_bpm", rate_bpm, 60.0)
    code = "426648003" if fast else "426664006" if accelerated else "29320008"
    return _make((Junction(code=code, rate_bpm=rate_bpm, retrograde=retrograde),), code)


def ectopic_atrial(*, rate_bpm: Amount = (62.0, 96.0), ratio: int = 1) -> CaseSpec:
    """Make a rhythm of one atrial focus; its rate names it."""
    code = "713422000" if _reaches("rate_bpm", rate_bpm, 100.0) else "106068003"
    p_shapes = (library.P_ECTOPIC.name, shapes.P_LOW.name, shapes.P_LEFT_FOCUS.name)
    pr_s = (0.10, 0.13) if code == "713422000" else (0.12, 0.16)
    part = AtrialFocus(code=code, rate_bpm=rate_bpm, p_shapes=p_shapes, ratio=int(ratio), pr_s=pr_s)
    return _make((part,), code)


def multifocal(*, rate_bpm: Amount = (106.0, 138.0)) -> CaseSpec:
    """Make a rhythm of several atrial foci; its rate names it."""
    code = "AHA53" if _reaches("rate_bpm", rate_bpm, 100.0) else "AHA35"
    part = AtrialFocus(
        code=code,
        rate_bpm=rate_bpm,
        p_shapes=_MULTIFOCAL_P,
        wandering=True,
        jitter_share=0.17,
        pr_s=(0.12, 0.20),
    )
    return _make((part,), code, uncertain=("PAC", "AF"))


def svt(*, rate_bpm: Amount = (150.0, 215.0), shape: str = "") -> CaseSpec:
    """Make a re-entrant tachycardia throughout, with a bundle branch block or without."""
    name, labels, uncertain = _choose_aberrancy(shape)
    return _make((Reentry(rate_bpm=rate_bpm, shape=name),), "SVTAC", *labels, uncertain=uncertain)


def _choose_aberrancy(shape: str) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    table = {
        "": (OWN, (), ("PAC", "STD")),
        "rbbb": (library.RBBB.name, ("RBBB", "AHA100"), ("PAC", "STD", VT)),
        "lbbb": (library.LBBB.name, ("LBBB", "AHA100"), ("PAC", "STD", "STE", VT)),
    }
    if shape not in table:
        raise InvalidArgumentError(f"shape is {shape!r}; possible are rbbb, lbbb, and none.")
    return table[shape]


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
    return _make(parts, "PSVT", *labels, uncertain=uncertain)


def preexcited_fibrillation(*, rate_bpm: Amount = (175.0, 245.0)) -> CaseSpec:
    """Make atrial fibrillation that an accessory pathway conducts."""
    names = tuple(shapes.name_blend(shapes.PREEXCITED.name, x) for x in (0.35, 0.6, 0.8, 1, 1, 1))
    part = Fibrillating(rate_bpm=rate_bpm, irregularity=0.22, shapes=names, shortest_s=0.19)
    return _make(
        (part,),
        "AF",
        "WPW",
        urgent=("AF", "WPW"),
        uncertain=("LBBB", "RBBB", "STD", "STE"),
        ventricular=library.WPW,
    )


def fast_fibrillation(*, rate_bpm: Amount = (125.0, 165.0), shape: str = "lbbb") -> CaseSpec:
    """Make fast atrial fibrillation with a bundle branch block: irregular and broad."""
    own = {"lbbb": library.LBBB, "rbbb": library.RBBB, "": library.NORMAL}[shape]
    part = Fibrillating(rate_bpm=rate_bpm, irregularity=0.18, shortest_s=0.31)
    labels = (shape.upper(),) if shape else ()
    return _make((part,), "AF", *labels, ventricular=own, uncertain=("STD", "STE"))


# --- pacemakers ----------------------------------------------------------------------------------

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
    return _make((part,), *labels, uncertain=(*_PACED_UNSURE, "3AVB"))


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
    return _make((part,), "PACE", "251268003", "AHA185", uncertain=_PACED_UNSURE)


def lost_ventricular_sensing(
    *, rate_bpm: Amount = (56.0, 66.0), sinus_bpm: Amount = (70.0, 86.0)
) -> CaseSpec:
    """Make stimuli of the ventricle that disregard its own beats."""
    part = Pacer(rate_bpm=rate_bpm, sinus_bpm=sinus_bpm, senses=False, conducts=True)
    return _make((part,), "PACE", "251266004", "AHA188", uncertain=_PACED_UNSURE)


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
    return _make((part,), "PACE", "251268003", "AHA187", uncertain=_PACED_UNSURE)


def pacing_on_demand(
    *,
    rate_bpm: Amount = (58.0, 62.0),
    sinus_bpm: Amount = (64.0, 72.0),
    pause_s: Amount = (2.4, 3.2),
) -> CaseSpec:
    """Make a sinus rhythm with an arrest that a pacemaker bridges, as it should."""
    own = Pacer(rate_bpm=rate_bpm, sinus_bpm=sinus_bpm, conducts=True, length_s=(2.6, 3.6))
    bridge = Pacer(rate_bpm=rate_bpm, sinus_bpm=None, length_s=pause_s)
    again = Pacer(rate_bpm=rate_bpm, sinus_bpm=sinus_bpm, conducts=True)
    return _make((own, bridge, again), "PACE", "251266004", uncertain=_PACED_UNSURE)


# --- artifacts -----------------------------------------------------------------------------------


def motion(
    *,
    kind: str = "regular",
    rate_bpm: Amount = (190.0, 280.0),
    size_mv: Amount = (0.7, 1.3),
    start_s: Amount = (1.2, 2.4),
    length_s: Amount = (5.0, 6.5),
    sinus_bpm: Amount = (64.0, 92.0),
) -> CaseSpec:
    """Make sinus rhythm under an electrode that moves."""
    shaken = Distort(
        kind=kind, rate_bpm=rate_bpm, size_mv=size_mv, start_s=start_s, length_s=length_s
    )
    return _make((shaken, Sinus(rate_bpm=sinus_bpm)), ARTIFACT)
