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
    "PSVT": "(SVTA",
    "164895002": "(VT",
    "AHA72": "(VT",
    "AHA73": "(VT",
    "164896001": "(VF",
    "111288001": "(VFL",
    "61277005": "(IVR",
    "49260003": "(IVR",
    "29320008": "(NOD",
    "426664006": "(NOD",
    "426648003": "(NOD",
    "713422000": "(SVTA",
    "106068003": "(AT",
    "AHA35": "(AT",
    "AHA53": "(AT",
    "AHA85": "(BII",
    "AHA87": "(BII",
    "397829000": "(ASYS",
    "5609005": "(ARR",
    "AHA25": "(SAB",
}


def make_annotations(truth: Truth, fs_hz: float) -> list[Annotation]:
    """Return sample, symbol and note of everything that is known, in order of time.

    Waves as in LUDB: ``(`` onset, ``p``, beat symbol, ``t`` or ``u`` peak, ``)`` offset.  Beats:
    ``N``, ``L`` and ``R`` (bundle branch block), ``A`` (early atrial), ``S`` (supraventricular
    tachycardia), ``V`` (early ventricular, or of a ventricular focus), ``F`` (fusion), ``E`` and
    ``j`` (ventricular and junctional escape), ``/`` (paced).  ``x`` is a P that is not conducted,
    ``^`` a stimulus, ``+`` the rhythm.
    """
    found: list[tuple[float, str, str]] = [
        (span.start_s, "+", _RHYTHM_NOTES[_find_rhythm(truth, span.code)]) for span in truth.rhythms
    ]
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


def _find_rhythm(truth: Truth, code: str) -> str:
    return "PACE" if "PACE" in truth.labels and code != "AF" else code


def _choose_symbol(beat: TrueBeat, truth: Truth) -> str:
    premature = beat.origin == "premature"
    if beat.type == planning.VENTRICULAR:
        return {"escape": "E", "fusion": "F"}.get(beat.origin, "V")
    if beat.type == planning.PACED:
        return "/"
    if beat.type == planning.SUPRAVENTRICULAR:
        return "A" if premature else "S"
    if beat.origin == "escape":
        return "j"
    if "LBBB" in truth.labels:
        return "L"
    return "R" if "RBBB" in truth.labels else "N"
