"""A model's findings on a recording: every probability, and a word only where it can stand."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ecgcore import results
from ecgcore.inference.abstain import (
    NO_SAMPLES,
    NORMAL,
    Limits,
    limits_of,
    refused_pieces,
)
from ecgcore.inference.card import InputContract, LabelRule
from ecgcore.inference.loading import LoadedModel
from ecgcore.inference.prepare import all_windows, windows_of
from ecgcore.inference.runner import Heard, Reading, hear, read_for
from ecgcore.inference.windows import Window
from ecgcore.recording import Recording
from ecgcore.statements import statement
from ecgcore.units import format_clock

# Of the windows in which a finding was flagged, so many are named.
MAX_NAMED = 6


def predict(
    model: LoadedModel,
    recording: Recording,
    *,
    leads: tuple[str, ...] | None = None,
    windows: bool = False,
    unread: Sequence[results.NotAssessed] = (),
) -> results.Prediction:
    """Return a model's findings on a recording.

    Parameters
    ----------
    model : LoadedModel
    recording : Recording
        Of any rate, unit and leads.
    leads : tuple of str, optional
        Use only these leads of the recording.
    windows : bool
        Also give the findings of each 10 s window.
    unread : sequence of results.NotAssessed
        Stretches in which nothing is to be read, such as fibrillating ventricles: windows that
        hold one are left out with its reason.

    Returns
    -------
    results.Prediction
        One finding for each label of the model, in its order.  Every probability is given;
        ``finding`` is None, with its reason, where the statement cannot be assessed on this
        recording.  A recording of over 60 s is read in windows: each statement's probability is
        that of its highest window, of "Normal ECG" that of its lowest.  Windows unlike what the
        model learned from are left out and named in ``not_assessed``; a recording with such a
        window is never called normal.

    Raises
    ------
    CannotAssessError
        If a named lead is missing, no lead is one the model knows, or the recording is too short
        to be run at all.

    Examples
    --------
    >>> from ecgcore.inference import load_model
    >>> from ecgcore.simulate import simulate
    >>> found = predict(load_model(), simulate("pvc", seed=1).recording)
    >>> [finding.code for finding in found.findings if finding.finding]
    ['PVC']
    """
    reading = read_for(model, recording, leads=leads)
    limits = limits_of(recording, reading.given, reading.lead_names, reading.quality, model.card)
    heard = hear(model.network, reading.given, reading.pieces)
    return conclude(model, reading, limits, heard, windows=windows, unread=unread)


def conclude(
    model: LoadedModel,
    reading: Reading,
    limits: Limits,
    heard: Heard,
    *,
    windows: bool = False,
    unread: Sequence[results.NotAssessed] = (),
) -> results.Prediction:
    """Put what a network said into findings.

    Parameters
    ----------
    limits : Limits
        Of the recording; what the network's own outputs forbid is added to it.
    heard : Heard
    windows, unread
        As :func:`predict`.
    """
    codes = model.card.codes
    refused = refused_pieces(model, reading, heard, reading.pieces, unread)
    read = [i for i, reason in enumerate(refused) if not reason]
    if not read:
        limits.refuse(codes, refused[0])
    logits = heard.logits[read] if read else heard.logits
    limits.paced(model.card, logits.max(axis=0))
    each = _windows(model, reading, limits, heard, unread) if windows else ()
    apart = _not_assessed(reading, model.card.input, refused) if read else ()
    if apart:
        limits.block([c for c in codes if c == NORMAL], _in_part(apart))
    findings = _findings(model, combine_windows(logits, codes), limits)
    if len(reading.pieces) > 1:
        at = [reading.pieces[i] for i in read] if read else reading.pieces
        findings = tuple(
            _of_windows(finding, rule, logits[:, j], at, reading.given.fs_hz)
            for j, (finding, rule) in enumerate(zip(findings, model.card.labels, strict=True))
        )
    abstained = all(code in limits.blocked for code in codes)
    return results.Prediction(
        model=model.name,
        leads_used=reading.given.leads,
        findings=findings,
        abstained=abstained,
        abstain_reason=limits.overall_reason(findings) if abstained else "",
        quality=reading.quality,
        windows=each,
        not_assessed=apart,
    )


def combine_windows(logits: NDArray[np.float64], codes: Sequence[str]) -> NDArray[np.float64]:
    """Return what windows say together, (n_windows, n_labels) -> (n_labels,).

    A finding is that of its highest window; a recording is as normal as its least normal window.
    """
    together = logits.max(axis=0)
    lowest = np.array([code == NORMAL for code in codes])
    return np.asarray(np.where(lowest, logits.min(axis=0), together))


def _not_assessed(
    reading: Reading, contract: InputContract, refused: Sequence[str]
) -> tuple[results.NotAssessed, ...]:
    """Return the stretches that were refused or hold too few samples, neighbours joined."""
    if len(refused) == 1:
        return ()
    given = reading.given
    why = dict(zip(reading.pieces, refused, strict=True))
    found: list[results.NotAssessed] = []
    for window in all_windows(given, contract):
        reason = why.get(window, NO_SAMPLES)
        if not reason:
            continue
        start_s, end_s = window.start / given.fs_hz, window.stop / given.fs_hz
        if found and found[-1].end_s >= start_s:
            start_s, reason = found[-1].start_s, found.pop().reason
        found.append(results.NotAssessed(start_s, end_s, reason))
    return tuple(found)


def _in_part(apart: Sequence[results.NotAssessed]) -> str:
    stretches = ", ".join(f"{format_clock(a.start_s)} to {format_clock(a.end_s)}" for a in apart)
    return f"Part of the recording was not assessed: {stretches}."


def _findings(
    model: LoadedModel, logits: NDArray[np.float64], limits: Limits, *, refused: str = ""
) -> tuple[results.Finding, ...]:
    """Return a finding of each statement; ``refused`` is a reason against all of them."""
    found = []
    for rule, logit in zip(model.card.labels, logits, strict=True):
        probability = rule.probability(float(logit))
        seen = limits.found.get(rule.code, "")
        reason = "" if seen else limits.blocked.get(rule.code, refused)
        words = [*([seen] if seen else []), *([reason] if reason else [])]
        found.append(
            results.Finding(
                code=rule.code,
                name=statement(rule.code).term,
                probability=probability,
                calibrated=rule.calibrated and limits.calibrated and not words,
                threshold=rule.threshold,
                finding=None if reason else bool(seen) or probability >= rule.threshold,
                reason=" ".join([*words, *limits.remarks.get(rule.code, ())]),
            )
        )
    return tuple(found)


def _of_windows(
    finding: results.Finding,
    rule: LabelRule,
    logits: NDArray[np.float64],
    windows: Sequence[Window],
    fs_hz: float,
) -> results.Finding:
    """Return the finding of a long recording, with the windows that it rests on."""
    which = "lowest" if rule.code == NORMAL else "highest"
    words = f"The {which} of {len(windows)} windows; the threshold was set for one."
    flagged = [
        w for w, z in zip(windows, logits, strict=True) if rule.probability(z) >= rule.threshold
    ]
    if finding.finding and flagged and rule.code != NORMAL:
        at = ", ".join(format_clock(w.start / fs_hz) for w in flagged[:MAX_NAMED])
        more = f" and {len(flagged) - MAX_NAMED} more" if len(flagged) > MAX_NAMED else ""
        words = f"Flagged in {len(flagged)} of {len(windows)} windows, from {at}{more}. {words}"
    reason = f"{finding.reason} {words}".strip()
    return replace(finding, calibrated=False, reason=reason)


def _windows(
    model: LoadedModel,
    reading: Reading,
    limits: Limits,
    heard: Heard,
    unread: Sequence[results.NotAssessed],
) -> tuple[results.Window, ...]:
    given = reading.given
    each = windows_of(given, model.card.input)
    if each != reading.pieces:
        heard = hear(model.network, given, each)
    refused = refused_pieces(model, reading, heard, each, unread)
    rate = given.fs_hz
    return tuple(
        results.Window(w.start / rate, w.stop / rate, _findings(model, row, limits, refused=why))
        for w, row, why in zip(each, heard.logits, refused, strict=True)
    )
