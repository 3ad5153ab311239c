"""Heart rate, RR statistics, PR, QRS, QT and the four QTc, each with its uncertainty or reason."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgcore.measure.beat_types import BeatTypes
from ecgcore.measure.conduction import OF_P
from ecgcore.measure.rhythm import BEATWISE
from ecgcore.results import Fiducials, Measurement
from ecgcore.signal.quantiles import median

Array = NDArray[np.float64]

MIN_BEATS = 2
# QTc is a mean over beats from so many.
MIN_BEATWISE = 3
WIDE_QRS_MS = 120.0
BAZETT_BPM = (60.0, 100.0)
# What more beats do not make smaller: with the rest, 95 % intervals hold 98, 96 and 99 % of the
# cardiologists' marks on LUDB train and val (benchmarks/measure.py), whose train the delineator
# knows; val alone, 92, 93 and 100 % of 13 and 15 records.
SYSTEMATIC_MS = {"pr": 4.5, "qrs": 7.0, "qt": 7.0, "p_duration": 5.0}
R_PEAK_MS = 3.0
# A beat that is none, or one that was missed beside it, shifts the rate by its share.  On pieces
# of MIT-BIH DS1 with noise the error lies within this many times the share of doubtful beats in
# 19 of 20.
DOUBT = 1.5
# No rate is given whose uncertainty exceeds this part of it.
MAX_RATE_ERROR = 0.25
UNSURE_BEATS = "QRS complexes cannot be distinguished reliably from noise."
# How far RR intervals that nobody saw may differ from those seen, as a part of their mean: sinus
# rhythm at rest varies by about this much (Task Force of the ESC and NASPE, 1996).
UNSEEN_SPREAD = 0.05
# An interval that differs between the two delineators by D: this part is added to the variance.
DISAGREEMENT_SHARE = {"pr": 0.5, "qrs": 0.35, "qt": 0.5, "p_duration": 0.35}
# But no more than this: the second delineator loses broad complexes and flat P waves.  Where the
# two differed by more than 40 ms, the root mean square error on LUDB train and val was 12 ms in
# QRS (19 records) and 3 ms in PR (6).
MOST_DISAGREEMENT_MS = {"pr": 30.0, "qrs": 14.0, "qt": np.inf, "p_duration": 14.0}
# (onset, offset) of each interval.
SPANS = {
    "pr": ("p_onset", "qrs_onset"),
    "qrs": ("qrs_onset", "qrs_offset"),
    "qt": ("qrs_onset", "t_offset"),
    "p_duration": ("p_onset", "p_offset"),
}
# What an interval of a human heart can be (ms): outside, a wave was mistaken.
POSSIBLE_MS = {
    "pr": (60.0, 500.0),
    "qrs": (40.0, 260.0),
    "qt": (180.0, 800.0),
    "p_duration": (30.0, 240.0),
}
METHODS = {
    "pr": "onset of P to onset of QRS",
    "qrs": "onset to offset of QRS",
    "qt": "onset of QRS to offset of T",
    "p_duration": "onset to offset of P",
}
JT_METHODS = {
    "jt": "QT less QRS",
    "jtc_fridericia": "QTc Fridericia less QRS: how long repolarisation lasts where QRS is wide",
}
QTC_FORMULAS = {
    "qtc_bazett": "Bazett: QT/√RR",
    "qtc_fridericia": "Fridericia: QT/∛RR",
    "qtc_framingham": "Framingham: QT + 154 (1 − RR)",
    "qtc_hodges": "Hodges: QT + 1.75 (rate − 60)",
}


@dataclass(frozen=True, eq=False)
class Rhythm:
    """What the intervals are made from.

    Attributes
    ----------
    beats : Fiducials
        The consensus.
    rr_s : array, shape (n_beats,)
        RR before each beat, NaN where it is not known.
    kinds : BeatTypes
    leads : str
        Which leads the consensus is of, in words.
    other : Fiducials or None
        The consensus of the second delineator for the same beats: the check.
    delineator : str
    rate_reason : str
        Why there is no rate, or empty.
    """

    beats: Fiducials
    rr_s: Array
    kinds: BeatTypes
    leads: str
    other: Fiducials | None
    delineator: str
    rate_reason: str = ""


def qtc_ms(formula: str, qt_ms: Array | float, rr_s: Array | float) -> Array | float:
    """Return QTc in ms.

    Parameters
    ----------
    formula : str
        A key of ``QTC_FORMULAS``.
    qt_ms, rr_s : array or float

    Notes
    -----
    Bazett, Heart 7:353 (1920); Fridericia, Acta Med Scand 53:469 (1920); Sagie et al.
    (Framingham), Am J Cardiol 70:797 (1992); Hodges et al., J Am Coll Cardiol 1:694 (1983).
    """
    if formula == "qtc_bazett":
        return qt_ms / np.sqrt(rr_s)
    if formula == "qtc_fridericia":
        return qt_ms / np.cbrt(rr_s)
    if formula == "qtc_framingham":
        return qt_ms + 154.0 * (1.0 - rr_s)
    return qt_ms + 1.75 * (60.0 / rr_s - 60.0)


def rate_measurements(
    rr_s: Array, absent_share: float = 0.0, confidence: Array | None = None
) -> list[Measurement]:
    """Return ``heart_rate`` (bpm), ``rr_mean`` and ``rr_sd`` (ms) over all RR intervals.

    Parameters
    ----------
    rr_s : array, shape (n_beats,)
        RR before each beat; NaN for the first and over absent signal.
    absent_share : float
        The part of the recording in which no lead was read, 0 to 1: the more, the less is known
        of the rate.
    confidence : array, shape (n_beats,), optional
        How likely each beat is one (:func:`ecgcore.signal.confidence.beat_confidence`): a rate that
        may be off by more than a quarter is withheld.
    """
    rr_ms = rr_s[np.isfinite(rr_s)] * 1e3
    method = "RR intervals between all beats"
    if absent_share > 0:
        method += f"; {100 * absent_share:.0f} % of the time no lead is read"
    if rr_ms.size < 1:
        return _no_rates(method, _no_rr(rr_s.size))
    mean = float(rr_ms.mean())
    doubt = 0.0 if confidence is None else DOUBT * float(np.mean(1.0 - confidence))
    mean_error = float(np.hypot(_rr_mean_error(rr_s, absent_share), doubt * mean))
    if doubt > 0 and mean_error > MAX_RATE_ERROR * mean:
        return _no_rates(method, UNSURE_BEATS)
    out = [
        Measurement("heart_rate", 6e4 / mean, "bpm", 6e4 / mean**2 * mean_error, method),
        Measurement("rr_mean", mean, "ms", mean_error, method),
    ]
    if rr_ms.size < 2:
        reason = "Only one RR interval; two are needed."
        return [*out, Measurement("rr_sd", None, "ms", method=method, reason=reason)]
    spread = float(rr_ms.std(ddof=1))
    error = float(np.hypot(spread / np.sqrt(2 * (rr_ms.size - 1)), R_PEAK_MS / np.sqrt(rr_ms.size)))
    error = float(np.hypot(error, doubt * mean))
    return [*out, Measurement("rr_sd", spread, "ms", error, method)]


def _no_rates(method: str, reason: str) -> list[Measurement]:
    return [
        Measurement(name, None, unit, method=method, reason=reason)
        for name, unit in (("heart_rate", "bpm"), ("rr_mean", "ms"), ("rr_sd", "ms"))
    ]


def _rr_mean_error(rr_s: Array, absent_share: float) -> float:
    """Return the standard deviation of the mean RR interval in ms."""
    known = np.isfinite(rr_s)
    rr_ms = rr_s[known] * 1e3
    # Of beats that follow one another only the first and the last peak count in the sum.
    runs = int((known & ~np.concatenate(([False], known[:-1]))).sum())
    peaks = R_PEAK_MS * np.sqrt(2 * runs) / rr_ms.size
    usual = UNSEEN_SPREAD * rr_ms.mean()
    spread = usual if rr_ms.size < 2 else max(usual, rr_ms.std(ddof=1))
    unseen = 1.0 if rr_ms.size < 2 else absent_share
    return float(np.hypot(peaks, spread * np.sqrt(unseen / rr_ms.size)))


def _no_rr(n_beats: int) -> str:
    if n_beats < 2:
        found = "Only 1 beat found" if n_beats else "No beat was found"
        return f"{found}; two are needed."
    return "No two consecutive beats without absent or unreadable signal between them."


def interval_measurements(rhythm: Rhythm) -> list[Measurement]:
    """Return ``pr``, ``qrs``, ``qt`` and the four ``qtc_...`` in ms."""
    out = {name: _interval(rhythm, name) for name in SPANS}
    if rhythm.kinds.p_reason:
        out |= {n: _none(n, rhythm.kinds.p_reason) for n in OF_P if out[n].value is None}
    return [*out.values(), *_qtc(rhythm, out["qt"], out["qrs"])]


def with_jt(given: Iterable[Measurement]) -> list[Measurement]:
    """Return measurements with ``jt`` and ``jtc_fridericia`` made from QT, QTc and QRS.

    Parameters
    ----------
    given : iterable of Measurement
        With one name each, after those too uncertain have lost their value.
    """
    rows = [m for m in given if m.name not in JT_METHODS]
    found = {m.name: m for m in rows}
    made = (("jt", "qt"), ("jtc_fridericia", "qtc_fridericia"))
    new = [_jt(name, found[whole], found["qrs"]) for name, whole in made if whole in found]
    after = next((at for at, m in enumerate(rows) if m.name.endswith("_axis")), len(rows))
    return [*rows[:after], *new, *rows[after:]]


def _jt(name: str, whole: Measurement, qrs: Measurement) -> Measurement:
    if whole.value is None or qrs.value is None:
        return _none(name, whole.reason or qrs.reason)
    error = float(np.hypot(whole.uncertainty or 0.0, qrs.uncertainty or 0.0))
    edited_by = whole.edited_by or qrs.edited_by
    return Measurement(
        name,
        whole.value - qrs.value,
        "ms",
        error,
        JT_METHODS[name],
        whole.lead,
        edited_by=edited_by,
    )


def span_ms(beats: Fiducials, name: str) -> Array:
    """Return an interval of every beat in ms; NaN where it is missing or impossible."""
    onset, offset = SPANS[name]
    value = 1e3 * (getattr(beats, offset) - getattr(beats, onset))
    low, high = POSSIBLE_MS[name]
    return np.where((value >= low) & (value <= high), value, np.nan)


def _interval(rhythm: Rhythm, name: str) -> Measurement:
    chosen = rhythm.kinds.dominant
    if name in OF_P and rhythm.kinds.p_reason:
        return _none(name, rhythm.kinds.p_reason)
    every = span_ms(rhythm.beats, name)[chosen]
    known = every[np.isfinite(every)]
    if known.size < min(MIN_BEATS, max(1, chosen.sum())) or known.size == 0:
        return _none(name, _why_missing(name, rhythm, chosen))
    value = float(median(known))
    spread = 1.4826 * float(median(np.abs(known - value)))
    error = np.hypot(spread / np.sqrt(known.size), SYSTEMATIC_MS[name])
    apart = _disagreement(rhythm, name, value)
    doubt = min(DISAGREEMENT_SHARE[name] * apart, MOST_DISAGREEMENT_MS[name])
    error = float(np.hypot(error, doubt))
    method = (
        f"{METHODS[name]}, median of {known.size} beats of dominant QRS morphology; consensus of "
        f"{rhythm.leads}; {rhythm.delineator}"
    )
    if apart > 2 * SYSTEMATIC_MS[name]:
        method += f"; the second delineator differs by {apart:.0f} ms"
    return Measurement(name, value, "ms", error, method)


def _disagreement(rhythm: Rhythm, name: str, value: float) -> float:
    if rhythm.other is None:
        return 0.0
    theirs = span_ms(rhythm.other, name)[rhythm.kinds.dominant]
    known = theirs[np.isfinite(theirs)]
    return abs(float(median(known)) - value) if known.size else 0.0


def _why_missing(name: str, rhythm: Rhythm, chosen: NDArray[np.bool_]) -> str:
    n = int(chosen.sum())
    if n == 0:
        return "No dominant QRS morphology was found."
    wave, point = {
        "pr": ("P wave", "p_onset"),
        "qrs": ("QRS complex", "qrs_onset"),
        "qt": ("end of the T wave", "t_offset"),
        "p_duration": ("P wave", "p_offset"),
    }[name]
    seen = int(np.isfinite(getattr(rhythm.beats, point)[chosen]).sum())
    if name == "qt" and seen < min(MIN_BEATS, n):
        return (
            "T end indeterminate: the T wave is too flat, fuses with the next P wave, or ends "
            "outside the recording."
        )
    return f"A {wave} was found in {seen} of {n} beats; {min(MIN_BEATS, n)} are needed."


def _none(name: str, reason: str) -> Measurement:
    return Measurement(name, None, "ms", method=(METHODS | JT_METHODS).get(name, ""), reason=reason)


def _qtc(rhythm: Rhythm, qt: Measurement, qrs: Measurement) -> list[Measurement]:
    rr_s = rhythm.rr_s[np.isfinite(rhythm.rr_s)]
    if qt.value is None or rr_s.size == 0 or rhythm.rate_reason:
        why = qt.reason or rhythm.rate_reason or _no_rr(rhythm.beats.n_beats)
        return [
            Measurement(name, None, "ms", method=words, reason=why)
            for name, words in QTC_FORMULAS.items()
        ]
    beatwise = rhythm.kinds.rhythm in BEATWISE
    return [_one_qtc(rhythm, name, qt, qrs, rr_s, beatwise=beatwise) for name in QTC_FORMULAS]


def corrected_qt_ms(
    formula: str,
    qt_ms: float,
    beats: Fiducials,
    rr_s: Array,
    counted: NDArray[np.bool_],
    *,
    beatwise: bool,
) -> tuple[float, int]:
    """Return QTc, and over how many beats it is the mean; 0 where it is that of the mean RR.

    Parameters
    ----------
    formula : str
        A key of ``QTC_FORMULAS``.
    qt_ms : float
        The recording's QT.
    beats : Fiducials
    rr_s : array, shape (n_beats,)
        RR before each beat; one at least is known.
    counted : array of bool, shape (n_beats,)
        The beats that intervals are made from.
    beatwise : bool
        Whether each beat is corrected by its own RR, where three beats at least can be.
    """
    if beatwise:
        qt = span_ms(beats, "qt")
        usable = counted & np.isfinite(qt) & np.isfinite(rr_s)
        if usable.sum() >= MIN_BEATWISE:
            each = np.asarray(qtc_ms(formula, qt[usable], rr_s[usable]))
            return float(each.mean()), int(usable.sum())
    return float(qtc_ms(formula, qt_ms, float(np.nanmean(rr_s)))), 0


def _one_qtc(
    rhythm: Rhythm, name: str, qt: Measurement, qrs: Measurement, rr_s: Array, *, beatwise: bool
) -> Measurement:
    words = QTC_FORMULAS[name]
    mean_rr = float(rr_s.mean())
    qt_ms = float(qt.value or 0)
    value, count = corrected_qt_ms(
        name, qt_ms, rhythm.beats, rhythm.rr_s, rhythm.kinds.dominant, beatwise=beatwise
    )
    if count:
        words += f"; mean over {count} beats, each with its preceding RR"
    gain = float(qtc_ms(name, qt_ms + 1.0, mean_rr)) - float(qtc_ms(name, qt_ms, mean_rr))
    error = abs(gain) * float(qt.uncertainty or 0.0)
    if qrs.value is not None and qrs.value >= WIDE_QRS_MS:
        words += "; confounded by wide QRS, consider JT"
    rate = 60.0 / mean_rr
    if name == "qtc_bazett" and not BAZETT_BPM[0] <= rate <= BAZETT_BPM[1]:
        side = "over" if rate > BAZETT_BPM[1] else "under"
        words += f"; Bazett {side}corrects at {rate:.0f} bpm"
    return Measurement(name, value, "ms", error, f"{words}; {qt.method}")
