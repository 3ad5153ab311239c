"""Signal quality: is each lead readable, and is the recording as a whole.

Two parts judge together.  Every lead is cut into windows of one second; a rule looks at each
window and fires where too many windows fail.  The rules follow the causes that Clifford et al.
(Physiol Meas 33:1419, 2012) and Xia et al. (Comput Cardiol 38:441, 2011) list for the CinC
Challenge 2011: flat, saturated, disconnected, noisy.  Limits were set on that challenge's
training half.  Then a learned grade (:mod:`ecgcore.signal.quality_model`) says how unreadable
the lead is as a whole: it finds what no single rule does, and where it is sure that a lead can be
read, a rule is a remark and no refusal.  What is refused always says why.

Where the voltage is lost (unit ``"NU"``) the limits in millivolts are replaced by ratios to the
lead's own QRS complexes.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ecgcore.leads import STANDARD_12
from ecgcore.recording import Recording, Step
from ecgcore.results import Quality
from ecgcore.signal.beats import BeatSearch
from ecgcore.signal.cleaning import (
    MIN_LEFT,
    Limits,
    clean,
    describe,
    find_absent,
    in_order,
    without_leads,
)
from ecgcore.signal.quality_model import MIN_PRESENT, Learned, learned, unjudged
from ecgcore.signal.quality_windows import (
    MAINS_IN_NOISE,
    WINDOW_S,
    Windows,
    around,
    filled,
    find_silence,
    windows_of,
    without_silence,
)
from ecgcore.signal.quantiles import median, quantile
from ecgcore.units import MV

Array = NDArray[np.float64]

# A lead with less than this much signal shows fewer than two beats of a resting heart.
MIN_PRESENT_S = 2.0
# A printed 3x4 sheet holds a quarter of each lead and is read every day; below it is a scrap.
MAX_MISSING_SHARE = 0.8
# Absent samples are worth a remark from here on.
REMARK_MISSING_SHARE = 0.05
# A lead is bad where more windows than this fail one rule: about three beats of a 10 s sheet.
MAX_BAD_SHARE = 0.25
# One excursion off the paper spoils a 10 s sheet; in a long recording it is an incident.
MAX_JUMP_SHARE = 0.05
# The smallest complexes a reader can see are about half a small square: 50 µV.
FLAT_MV = 0.02
# In normalised units a window is flat when it moves less than this part of the lead's own range.
FLAT_RELATIVE = 0.005
# Energy from 5 to 20 Hz is QRS; real low-voltage leads keep 60 µV of it (PTB-XL, 1st percentile).
NO_QRS_MV = 0.04
# How beats stand out between 5 and 20 Hz: peak to peak over median size, and kurtosis.  White and
# brown noise have 8 and 2.8 (99 % below 10.1 and 3.2), an ECG 13 and 4.5 or more (99 %).
NO_QRS_PEAKINESS = 10.0
NO_QRS_KURTOSIS = 3.3
# Flutter waves fill the same band without a gap, but nothing above it: noise above 40 Hz is at
# least this part of what lies between 5 and 20 Hz (white noise: more; brown noise: 0.4).
NO_QRS_FAST_SHARE = 0.25
# No surface ECG reaches 10 mV; an amplifier's rail or an open electrode does.
IMPLAUSIBLE_MV = 10.0
CLIPPED_SHARE = 0.02
# Wander of 4 mV leaves the 40 mm that a row has on paper.
DRIFT_MV = 4.0
DRIFT_RELATIVE = 8.0
# A baseline step between two seconds that is larger than any complex: an electrode moved.
STEP_MV = 2.0
STEP_RELATIVE = 3.0
# One that is over at once and lasts is told from a complex, and masked, from here on.
JUMP_MV = 1.0
JUMP_RELATIVE = 1.5
# Median size of what lies above 40 Hz; 30 µV is a trace a millimetre thick.
NOISE_MV = 0.03
NOISE_RELATIVE = 0.08
# Mains in the trace: a remark from half a small square, bad from two millimetres.
MAINS_REMARK_MV = 0.05
MAINS_BAD_MV = 0.2
MAINS_REMARK_RELATIVE = 0.1
MAINS_BAD_RELATIVE = 0.4
# Below this log odds the learned grade is sure that a lead can be read: on the challenge's
# training half no lead that a rule finds and the readers refused lies below.
SURE_READABLE = -3.5
READABLE = "Noisy but readable."
# The challenge's readers refused most sheets on which one lead of twelve was lost.
MAX_BAD_LEADS_12 = 0


@dataclass(frozen=True)
class _Rule:
    """One thing that can be wrong: what fails it by lead, and how it is said."""

    words: str
    share: Callable[[Windows, bool], Array]
    bad: bool = True
    limit: float = MAX_BAD_SHARE
    final: bool = False


@dataclass(frozen=True, eq=False)
class Graded:
    """A quality with its grades.

    Attributes
    ----------
    quality : Quality
    scores : array, shape (n_leads,)
        How unreadable each lead is as recorded (log odds): above 0 where it is called bad, or
        would be if nothing were masked.
    sheet : float
        The same of all leads together; above 0 where a 12-lead sheet is not acceptable.
    cleaned : array of float32, shape (n_leads, n_samples)
        What can be measured: the samples with NaN in ``quality.masked`` and strong mains filtered
        out; the recording's own array where there is nothing of both.
    """

    quality: Quality
    scores: Array
    sheet: float
    cleaned: NDArray[np.float32]

    def readable(self, recording: Recording) -> Recording:
        """Return the recording as it can be measured; itself where nothing is masked."""
        if self.cleaned is recording.signal:
            return recording
        return recording.changed(self.cleaned, Step("mask", {"n": len(self.quality.masked)}))


def assess(recording: Recording) -> Quality:
    """Say whether each lead, and the recording as a whole, can be read.

    Parameters
    ----------
    recording : Recording
        Of any rate, length, leads and unit.

    Returns
    -------
    Quality
        ``bad_leads`` in the recording's order.  ``reasons`` holds one sentence for each thing
        found, remarks that make no lead bad (mains, some absent samples, noise that still can be
        read through) included.  ``acceptable`` follows the challenge: a full 12-lead sheet with
        a lost lead should be repeated (what remains may still be read: see ``bad_leads``), but not
        for one incident in a lead that can be read otherwise; a strip of fewer leads is
        acceptable while one of them can be read.
    """
    return grade(recording).quality


def grade(
    recording: Recording, *, recorded: Recording | None = None, search: BeatSearch | None = None
) -> Graded:
    """Say the same as :func:`assess`, with how unreadable each lead is.

    Parameters
    ----------
    recording : Recording
    recorded : Recording, optional
        The same before stretches were left out for another reason than their quality: samples
        are said to be missing where they are missing here.
    search : BeatSearch, optional
        Of all leads of ``recording``, so that its beats are looked for once.
    """
    return _graded(recording, recorded or recording, search, learn=True)


def grade_by_rules(recording: Recording) -> Graded:
    """Say what the rules alone say: the measure of what learning adds."""
    return _graded(recording, recording, None, learn=False)


def _graded(
    recording: Recording, recorded: Recording, search: BeatSearch | None, *, learn: bool
) -> Graded:
    whole = _look(recording, search, learn=learn)
    cleaned = clean(recording, whole.windows, _limits(recording, whole.windows))
    left = whole
    if not np.isfinite(cleaned.signal).any():
        left = replace(whole, bad=np.ones_like(whole.bad))
        cleaned = without_leads(cleaned, recording, left.bad)
    elif cleaned.changed.any():
        # What is said of a lead is said of what is left of it.
        step = Step("mask", {"n": len(cleaned.stretches)})
        left = _look(recording.changed(cleaned.signal, step), None, learn=learn, least=MIN_LEFT)
        cleaned = without_leads(cleaned, recording, left.bad)
    masked = in_order([*find_absent(recorded), *cleaned.stretches])
    missing = 1.0 - np.isfinite(recorded.signal).mean(axis=1)
    reasons = _said(
        recording.leads, missing > REMARK_MISSING_SHARE, missing, "samples are missing ({share})."
    )
    names, lost = (
        tuple(name for name, is_so in zip(recording.leads, which, strict=True) if is_so)
        for which in (left.bad, whole.spoils)
    )
    # The sheet as it was recorded: whether it should be repeated is another question than
    # whether something can be measured on it.
    sheet = np.where(whole.spoils, np.maximum(whole.score, 1e-3), np.minimum(whole.score, 0.0))
    return Graded(
        Quality(
            _acceptable(recording.leads, names, lost),
            names,
            (*reasons, *left.reasons, *describe(masked, cleaned.mains_hz, recording.leads)),
            masked,
        ),
        np.where(whole.bad, np.maximum(whole.score, 1e-3), np.minimum(whole.score, 0.0)),
        float(sheet.max()),
        cleaned.signal,
    )


@dataclass(frozen=True, eq=False)
class _Look:
    """What is said of every lead: bad, how much so, whether it spoils a sheet, and why."""

    windows: Windows
    bad: NDArray[np.bool_]
    score: Array
    spoils: NDArray[np.bool_]
    reasons: list[str]


def _look(
    recording: Recording, search: BeatSearch | None, *, learn: bool, least: float = MIN_PRESENT
) -> _Look:
    signal = recording.signal
    present = np.isfinite(signal)
    missing = 1.0 - present.mean(axis=1)
    bad = (missing > MAX_MISSING_SHARE) | (
        present.sum(axis=1) < min(MIN_PRESENT_S * recording.fs_hz, recording.n_samples)
    )
    windows = windows_of(filled(signal, present), present, recording.fs_hz)
    silent = find_silence(windows)
    if not learn:
        scored = unjudged(recording.n_leads)
    elif silent.any():
        scored = _judge_heard(recording, silent, least)
    else:
        scored = learned(recording, windows, least, search)
    windows = without_silence(windows, silent)
    ruled = _by_rules(recording, windows, bad, scored.score)
    unread = (scored.score > 0) & ~ruled.bad
    reasons = ruled.reasons + _by_cause(recording.leads, unread, scored.cause)
    bad = ruled.bad | unread
    # A rule's word counts as just over the cut, where nothing more was learned.
    score = np.nan_to_num(scored.score, nan=SURE_READABLE)
    return _Look(windows, bad, score, bad & ~(ruled.incident & (score <= 0) & learn), reasons)


def _limits(recording: Recording, windows: Windows) -> Limits:
    in_mv = recording.unit == MV
    n = recording.n_leads

    def each(mv: float, relative: float) -> Array:
        limit = np.broadcast_to(_limit(windows, in_mv, mv, relative), (n, 1))[:, 0]
        return np.where(limit > 0, limit, np.inf)

    return Limits(
        jump=each(JUMP_MV, JUMP_RELATIVE),
        beyond=each(IMPLAUSIBLE_MV, np.inf) if in_mv else np.full(n, np.inf),
        mains=each(MAINS_BAD_MV, MAINS_BAD_RELATIVE),
    )


@dataclass(frozen=True, eq=False)
class _Ruled:
    """Which leads are bad by rules, which of them for an incident only, and what was found."""

    bad: NDArray[np.bool_]
    incident: NDArray[np.bool_]
    reasons: list[str]


def _judge_heard(recording: Recording, silent: NDArray[np.bool_], least: float) -> Learned:
    """Judge what is left when silent seconds are cut out: a pause says nothing of the signal."""
    size = max(2, round(WINDOW_S * recording.fs_hz))
    keep = np.ones(recording.n_samples, dtype=bool)
    keep[: silent.size * size] = np.repeat(~silent, size)
    step = Step("cut silence", {"seconds": int(silent.sum())})
    return learned(recording.changed(recording.signal[:, keep], step), None, least)


def _by_rules(
    recording: Recording, windows: Windows, lost: NDArray[np.bool_], score: Array
) -> _Ruled:
    bad, explained = lost.copy(), lost.copy()
    incident = np.zeros_like(lost)
    reasons = []
    for rule in RULES:
        share = rule.share(windows, recording.unit == MV)
        hit = (share > rule.limit) & ~explained
        spared = hit & (score < SURE_READABLE) & (rule.bad and not rule.final)
        reasons += _said(recording.leads, hit & ~spared, share, rule.words)
        reasons += _said(recording.leads, spared, share, f"{rule.words} {READABLE}")
        if rule.bad:
            bad |= hit & ~spared
            # One cause is enough: a lead that is flat is not also said to lack QRS complexes.
            explained |= hit
            incident |= hit & (rule.limit == MAX_JUMP_SHARE)
    return _Ruled(bad, incident, reasons)


def _by_cause(
    leads: tuple[str, ...], unread: NDArray[np.bool_], causes: tuple[str, ...]
) -> list[str]:
    out = []
    for cause in dict.fromkeys(causes):
        hit = unread & np.array([each == cause for each in causes])
        words = f"not readable, mainly because of {cause}."
        out += _said(leads, hit, np.zeros(len(leads)), words)
    return out


def _acceptable(leads: tuple[str, ...], bad_leads: tuple[str, ...], lost: tuple[str, ...]) -> bool:
    if set(STANDARD_12) <= set(leads):
        return len(set(lost) & set(STANDARD_12)) <= MAX_BAD_LEADS_12
    return len(bad_leads) < len(leads)


def _said(leads: tuple[str, ...], hit: NDArray[np.bool_], share: Array, words: str) -> list[str]:
    if not hit.any():
        return []
    names = [name for name, is_hit in zip(leads, hit, strict=True) if is_hit]
    low, high = (round(100 * float(f(share[hit]))) for f in (np.min, np.max))
    text = f"{low} %" if low == high else f"{low} to {high} %"
    subject = "All leads" if len(names) == len(leads) > 1 else ", ".join(names)
    return [f"{subject}: {words.format(share=text)}"]


def _share(failed: NDArray[np.bool_], figures: Array) -> Array:
    known = np.isfinite(figures).sum(axis=1)
    return np.asarray(failed.sum(axis=1) / np.maximum(known, 1), dtype=np.float64)


def _typical(figures: Array) -> Array:
    """Return each lead's median over windows, shape (n_leads, 1); 0 where it has none."""
    return np.nan_to_num(quantile(figures.T, 0.5))[:, None]


def _limit(w: Windows, in_mv: bool, mv: float, relative: float) -> float | Array:
    return mv if in_mv else relative * _typical(w.qrs_span)


def _flat(w: Windows, in_mv: bool) -> Array:
    span = around(w.span)
    whole = np.where(np.isfinite(span), span, 0.0).max(axis=1, keepdims=True)
    limit = FLAT_MV if in_mv else FLAT_RELATIVE * whole
    return _share((span < limit) | (span == 0), span)


def _clipped(w: Windows, in_mv: bool) -> Array:
    at_rail = w.clipped > CLIPPED_SHARE
    return _share(at_rail, w.clipped)


def _implausible(w: Windows, in_mv: bool) -> Array:
    # In normalised units there is no size that could be implausible.
    return _share((w.extreme > IMPLAUSIBLE_MV) & in_mv, w.extreme)


def _drift(w: Windows, in_mv: bool) -> Array:
    mean = np.where(np.isfinite(w.mean), w.mean, 0.0)
    away = np.abs(mean - median(mean, axis=1, keepdims=True))
    return _share(away > np.asarray(_limit(w, in_mv, DRIFT_MV, DRIFT_RELATIVE)) / 2, w.mean)


def _steps(w: Windows, in_mv: bool) -> Array:
    step = np.abs(np.diff(np.where(np.isfinite(w.mean), w.mean, 0.0), axis=1))
    return _share(step > _limit(w, in_mv, STEP_MV, STEP_RELATIVE), w.mean)


def _no_qrs(w: Windows, in_mv: bool) -> Array:
    span = around(w.qrs_span)
    return _share((span < NO_QRS_MV) & in_mv, span)


def _unpeaked(w: Windows, in_mv: bool) -> Array:
    span = _typical(around(w.qrs_span))
    ratio = span / np.maximum(_typical(w.qrs_median), 1e-9)
    broad = (ratio < NO_QRS_PEAKINESS) & (_typical(w.qrs_kurtosis) < NO_QRS_KURTOSIS)
    broad &= _typical(w.noise) > NO_QRS_FAST_SHARE * _typical(w.qrs_median)
    return (broad & (span > 0))[:, 0].astype(np.float64)


def _noisy(w: Windows, in_mv: bool) -> Array:
    return _share(
        w.noise - MAINS_IN_NOISE * w.mains > _limit(w, in_mv, NOISE_MV, NOISE_RELATIVE), w.noise
    )


def _mains_bad(w: Windows, in_mv: bool) -> Array:
    return _share(w.mains > _limit(w, in_mv, MAINS_BAD_MV, MAINS_BAD_RELATIVE), w.mains)


def _mains_remark(w: Windows, in_mv: bool) -> Array:
    over = w.mains > _limit(w, in_mv, MAINS_REMARK_MV, MAINS_REMARK_RELATIVE)
    strong = _mains_bad(w, in_mv) > MAX_BAD_SHARE
    return np.where(strong, 0.0, _share(over, w.mains))


RULES = (
    _Rule("the trace is flat ({share} of the time).", _flat),
    _Rule("saturation ({share} of the time).", _clipped, final=True),
    _Rule(
        "the amplitude is outside the range of an ECG ({share} of the time).",
        _implausible,
        limit=MAX_JUMP_SHARE,
        final=True,
    ),
    _Rule("baseline wander ({share} of the time).", _drift, final=True),
    _Rule(
        "the baseline shifts, as with a loose electrode.", _steps, limit=MAX_JUMP_SHARE, final=True
    ),
    _Rule("no QRS complexes are visible ({share} of the time).", _no_qrs),
    _Rule("muscle artefact obscures small waves ({share} of the time).", _noisy),
    _Rule("AC interference obscures small waves ({share} of the time).", _mains_bad),
    _Rule("QRS complexes cannot be distinguished from noise.", _unpeaked),
    _Rule("AC interference is visible ({share} of the time).", _mains_remark, bad=False),
)
