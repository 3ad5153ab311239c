"""The truth as WFDB annotations: symbols of the PhysioBank list, notes of its rhythm list."""

from ecgcore.simulate import planning
from ecgcore.simulate.truth import TrueBeat, Truth

Annotation = tuple[int, str, str]

_RHYTHM_NOTES = {
    "SR": "(N",
    "SBRAD": "(SBR",
    "STACH": "(N",
    "SARRH": "(N",
    "AF": "(AFIB",
    "AFLT": "(AFL",
    "SVTAC": "(SVTA",
    "2AVB": "(BII",
    "3AVB": "(BIII",
    "PACE": "(P",
}


def make_annotations(truth: Truth, fs_hz: float) -> list[Annotation]:
    """Return sample, symbol and note of everything that is known, in order of time.

    Waves as in LUDB: ``(`` onset, ``p``, beat symbol, ``t`` or ``u`` peak, ``)`` offset.  Beats:
    ``N``, ``L`` and ``R`` (bundle branch block), ``A`` (early atrial), ``S`` (supraventricular
    tachycardia), ``V`` (early ventricular), ``E`` and ``j`` (ventricular and junctional escape),
    ``/`` (paced).  ``x`` is a P that is not conducted, ``^`` a stimulus, ``+`` the rhythm.
    """
    found: list[tuple[float, str, str]] = [(0.0, "+", _RHYTHM_NOTES[_find_rhythm(truth)])]
    for beat in truth.beats:
        for symbol, wave in (
            ("p", (beat.p_onset, beat.p_peak, beat.p_offset)),
            (_choose_symbol(beat, truth), (beat.qrs_onset, beat.r_peak, beat.qrs_offset)),
            ("t", (beat.t_onset, beat.t_peak, beat.t_offset)),
            ("u", (beat.u_onset, beat.u_peak, beat.u_offset)),
        ):
            found += _annotate_wave(symbol, wave)
    for p in truth.lone_p:
        symbol = "p" if p.fate in {"dissociated", "retrograde"} else "x"
        found += _annotate_wave(symbol, (p.onset, p.peak, p.offset))
    found += [(spike.time_s, "^", spike.chamber) for spike in truth.spikes]
    return sorted(
        ((round(time_s * fs_hz), symbol, note) for time_s, symbol, note in found),
        key=lambda row: row[0],
    )


def _annotate_wave(
    symbol: str, times: tuple[float | None, float | None, float | None]
) -> list[tuple[float, str, str]]:
    onset, peak, offset = times
    if onset is None or peak is None or offset is None:
        return []
    return [(onset, "(", ""), (peak, symbol, ""), (offset, ")", "")]


def _find_rhythm(truth: Truth) -> str:
    return "PACE" if "PACE" in truth.labels and truth.rhythm != "AF" else truth.rhythm


def _choose_symbol(beat: TrueBeat, truth: Truth) -> str:
    premature = beat.origin == "premature"
    if beat.type == planning.VENTRICULAR:
        return "V" if premature else "E"
    if beat.type == planning.PACED:
        return "/"
    if beat.type == planning.SUPRAVENTRICULAR:
        return "A" if premature else "S"
    if beat.origin == "escape":
        return "j"
    if "LBBB" in truth.labels:
        return "L"
    return "R" if "RBBB" in truth.labels else "N"
