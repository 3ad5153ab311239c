"""Ventricular rhythms, arrest, and artifacts that resemble them: from parameters to cases."""

from ecgcore.errors import InvalidArgumentError
from ecgcore.simulate import changes, library
from ecgcore.simulate import rhythm_shapes as shapes
from ecgcore.simulate.case_parts import (
    ACCELERATED_FROM_BPM,
    AIVR,
    ARTIFACT,
    ASYSTOLE,
    FUSION,
    IVR,
    LEAD_IN_S,
    POLYMORPHIC,
    RESTING_BPM,
    TORSADES,
    UNSUSTAINED,
    V_FLUTTER,
    VF,
    VT,
    VT_FROM_BPM,
    VT_SURE_BPM,
    choose_bundle,
    lies_above,
    make_case,
)
from ecgcore.simulate.foci import Focus, Twisting
from ecgcore.simulate.planning import Stretch
from ecgcore.simulate.spec import CaseSpec
from ecgcore.simulate.stretches import Amount, Disorder, Distort, Pause, Silence, Sinus

_ORIGINS = {
    "outflow": (library.PVC_OUTFLOW.name,),
    "left": (library.PVC_LEFT.name, shapes.VT_LATERAL.name),
    "apex": (library.PVC_APEX.name,),
    "scar": (shapes.VT_SCAR.name,),
}
_ORIGINS[""] = tuple(name for names in _ORIGINS.values() for name in names)


def _choose_origin(origin: str) -> tuple[str, ...]:
    if origin not in _ORIGINS:
        possible = ", ".join(name for name in _ORIGINS if name)
        raise InvalidArgumentError(f"origin is {origin!r}; possible origins are {possible}.")
    return _ORIGINS[origin]


# --- ventricular rhythms ------------------------------------------------------------------------


def _name_ventricular(rate_bpm: Amount) -> tuple[str, tuple[str, ...]]:
    """Return the code of a ventricular rhythm, and codes that its rate cannot tell."""
    if not lies_above("rate_bpm", rate_bpm, VT_FROM_BPM):
        accelerated = lies_above("rate_bpm", rate_bpm, ACCELERATED_FROM_BPM)
        return (AIVR, ()) if accelerated else (IVR, ())
    low = rate_bpm[0] if isinstance(rate_bpm, tuple) else rate_bpm
    return VT, (AIVR,) if low < VT_SURE_BPM else ()


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
    return make_case((focus,), code, *labels, uncertain=uncertain)


def ventricular_run(
    *,
    beats: int = 5,
    rate_bpm: Amount = (130.0, 190.0),
    origin: str = "",
    sinus_bpm: Amount = RESTING_BPM,
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
    return make_case(parts, code, *more, urgent=(VT,) if code == VT else (), uncertain=uncertain)


def ventricular_episode(
    *,
    length_s: Amount = (32.0, 45.0),
    rate_bpm: Amount = (130.0, 200.0),
    origin: str = "",
    sinus_bpm: Amount = RESTING_BPM,
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
    return make_case(parts, code, uncertain=uncertain, duration_s=120.0)


def polymorphic_tachycardia(
    *,
    rate_bpm: Amount = (210.0, 270.0),
    sinus_bpm: Amount = (66.0, 96.0),
    start_s: Amount = LEAD_IN_S,
    coupling_s: Amount = (0.30, 0.36),
) -> CaseSpec:
    """Make a polymorphic tachycardia at a normal QT, begun by a beat on T."""
    turning = Twisting(
        code=POLYMORPHIC,
        rate_bpm=rate_bpm,
        shapes=(library.PVC_OUTFLOW.name, library.PVC_LEFT.name, shapes.VT_SCAR.name),
        turn_deg=(8.0, 45.0),
        steady=False,
        jitter_share=0.06,
        coupling_s=coupling_s,
    )
    return make_case((Sinus(rate_bpm=sinus_bpm, length_s=start_s), turning), POLYMORPHIC)


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
    return make_case(
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
    return make_case((Disorder(kind=kind, size_mv=size_mv),), VF)


def fibrillation_onset(
    *,
    start_s: Amount = LEAD_IN_S,
    sinus_bpm: Amount = (66.0, 98.0),
    size_mv: Amount = (0.8, 1.5),
) -> CaseSpec:
    """Make fibrillation that a beat on T begins."""
    return make_case(
        (*_begin_on_t(start_s, sinus_bpm), Disorder(size_mv=size_mv, coupling_s=0.2)), VF
    )


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
    return make_case((part,), V_FLUTTER)


# --- arrest, and what resembles it --------------------------------------------------------------


def asystole() -> CaseSpec:
    """Make a line without waves from the start."""
    return make_case((Silence(),), ASYSTOLE)


def asystole_after_sinus(
    *, start_s: Amount = (2.4, 3.4), sinus_bpm: Amount = (40.0, 62.0)
) -> CaseSpec:
    """Make asystole after a few sinus beats."""
    return make_case((Sinus(rate_bpm=sinus_bpm, length_s=start_s), Silence()), ASYSTOLE)


def asystole_after_fibrillation(
    *, start_s: Amount = (3.0, 4.0), size_mv: Amount = (0.25, 0.6)
) -> CaseSpec:
    """Make fibrillation that dies away into asystole."""
    part = Disorder(kind="fine", size_mv=size_mv, length_s=start_s)
    return make_case((part, Silence()), ASYSTOLE, VF)


def standstill(*, atrial_bpm: Amount = (60.0, 100.0)) -> CaseSpec:
    """Make P waves alone, from the start."""
    return make_case((Silence(p_waves=True, rate_bpm=atrial_bpm),), ASYSTOLE)


def standstill_after_sinus(
    *, start_s: Amount = (2.4, 3.4), sinus_bpm: Amount = (62.0, 92.0), shape: str = "rbbb"
) -> CaseSpec:
    """Make P waves alone after sinus rhythm with a bundle branch block."""
    own, labels = choose_bundle(shape)
    parts = (Sinus(rate_bpm=sinus_bpm, length_s=start_s), Silence(p_waves=True))
    return make_case(parts, ASYSTOLE, *labels, ventricular=own)


def leads_lost(
    *,
    start_s: Amount = (2.4, 4.0),
    sinus_bpm: Amount = RESTING_BPM,
    electrodes: tuple[str, ...] = ("RA", "LA", "LL", "C1", "C2", "C3", "C4", "C5", "C6"),
) -> CaseSpec:
    """Make sinus rhythm in which electrodes come off: a line without waves."""
    off = Distort(kind="off", start_s=start_s, electrodes=electrodes)
    return make_case((off, Sinus(rate_bpm=sinus_bpm)))


# --- artifacts ----------------------------------------------------------------------------------


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
    return make_case((shaken, Sinus(rate_bpm=sinus_bpm)), ARTIFACT)
