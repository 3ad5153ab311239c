"""A model's findings on a recording: every probability, and a word only where it can stand."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import softmax
from torch import nn

from ecgcore import results
from ecgcore.inference.abstain import (
    NO_SAMPLES,
    NORMAL,
    POOR_QUALITY,
    Limits,
    limits_of,
    outside_scope,
)
from ecgcore.inference.card import InputContract, LabelRule
from ecgcore.inference.loading import LoadedModel
from ecgcore.inference.prepare import (
    ModelInput,
    Window,
    all_windows,
    model_input,
    model_leads,
    pieces_of,
    windows_of,
)
from ecgcore.inference.wave_gain import coded_gain
from ecgcore.models import HANDHELD, LeadAttentionNet
from ecgcore.recording import Recording
from ecgcore.signal.quality import Graded, grade
from ecgcore.statements import statement
from ecgcore.turns import Priority, pause, turn
from ecgcore.units import format_clock

# Windows that go through the network together: bounds memory on long recordings.
BATCH = 32
# Of the windows in which a finding was flagged, so many are named.
MAX_NAMED = 6
# Less of what is not to be read does not spoil a window.
MIN_UNREAD_S = 1.0


@dataclass(frozen=True, eq=False)
class Reading:
    """What a model makes of a recording, before it is put into words.

    Attributes
    ----------
    given : ModelInput
    lead_names : dict of str to str
        The recording's name of each lead used -> the model's name.
    pieces : list of Window
        One, or the windows of a long recording.
    quality : results.Quality
    unreadable : float
        How unreadable the sheet is (log odds); above 0 where it is not acceptable.
    """

    given: ModelInput
    lead_names: dict[str, str]
    pieces: list[Window]
    quality: results.Quality
    unreadable: float

    @property
    def is_readable(self) -> bool:
        """Whether a lead of readable quality is among those used."""
        return any(name not in self.quality.bad_leads for name in self.lead_names)


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
    >>> [finding.name for finding in found.findings if finding.finding]
    ['Premature ventricular complex']
    """
    reading = read_for(model, recording, leads=leads)
    limits = limits_of(recording, reading.given, reading.lead_names, reading.quality, model.card)
    heard = piece_outputs(model, reading.given, reading.pieces)
    return conclude(model, reading, limits, heard, windows=windows, unread=unread)


class Heard(NamedTuple):
    """What a network said of a recording, piece by piece.

    Attributes
    ----------
    logits : array, shape (n_pieces, n_labels)
    features : array, shape (n_pieces, d), or None
        None where the network names none.
    handheld : array, shape (n_pieces, 4), or None
        Logits of the classes of hand-held recordings.
    """

    logits: NDArray[np.float64]
    features: NDArray[np.float64] | None = None
    handheld: NDArray[np.float64] | None = None


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
    refused = refused_pieces(model, reading.given, heard, reading.pieces, unread)
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


def refused_pieces(
    model: LoadedModel,
    given: ModelInput,
    heard: Heard,
    pieces: Sequence[Window],
    unread: Sequence[results.NotAssessed] = (),
) -> tuple[str, ...]:
    """Return for each piece why nothing is said about it, or an empty string."""
    reasons = [_why_unread(piece, given.fs_hz, unread) for piece in pieces]
    if model.distance is not None and heard.features is not None:
        strange = model.distance.judge_windows(heard.features, heard.logits, given.leads_present)
        for i, each in enumerate(strange):
            reasons[i] = reasons[i] or (outside_scope(each) if each.too_strange else "")
    if len(given.leads) == 1 and heard.handheld is not None:
        bias = model.card.sides.get("handheld_bias")
        for i, row in enumerate(heard.handheld):
            noisy = handheld_shares(row[None], bias).argmax() == HANDHELD.index("~")
            reasons[i] = reasons[i] or (POOR_QUALITY if noisy else "")
    return tuple(reasons)


def _why_unread(piece: Window, fs_hz: float, unread: Sequence[results.NotAssessed]) -> str:
    for part in unread:
        both = min(piece.stop / fs_hz, part.end_s) - max(piece.start / fs_hz, part.start_s)
        if both >= MIN_UNREAD_S:
            return part.reason
    return ""


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


def read_for(
    model: LoadedModel,
    recording: Recording,
    *,
    leads: tuple[str, ...] | None = None,
    graded: Graded | None = None,
) -> Reading:
    """Choose leads, leave out the unreadable ones, and prepare samples and windows.

    Where no lead is readable all are used: the probabilities are still stated, no finding is.

    Parameters
    ----------
    graded : Graded, optional
        The recording's quality, where it is known.

    Raises
    ------
    CannotAssessError
        As :func:`predict`.
    """
    return read_by(model.card.input, recording, leads=leads, graded=graded or grade(recording))


def read_by(
    contract: InputContract, recording: Recording, *, leads: tuple[str, ...] | None, graded: Graded
) -> Reading:
    """Do the same by what a network takes; arguments as :func:`read_for`."""
    names = model_leads(recording, contract, leads)
    readable = {k: v for k, v in names.items() if k not in graded.quality.bad_leads}
    used = readable or names
    given = model_input(graded.readable(recording), contract, used)
    return Reading(given, used, pieces_of(given, contract), graded.quality, graded.sheet)


def handheld_shares(
    logits: NDArray[np.float64], bias: Sequence[float] | None = None
) -> NDArray[np.float64]:
    """Return how likely each hand-held class is, (n_pieces, 4) -> (4,): the mean of the pieces."""
    shifted = logits + (np.zeros(len(HANDHELD)) if bias is None else np.asarray(bias))
    return np.asarray(softmax(shifted, axis=1).mean(axis=0))


def piece_outputs(model: LoadedModel, given: ModelInput, pieces: list[Window]) -> Heard:
    """Return what a model's network says of each piece."""
    with turn(Priority.FINDINGS):
        return network_outputs(model.network, given, pieces)


def network_logits(
    network: nn.Module, given: ModelInput, pieces: list[Window]
) -> NDArray[np.float64]:
    """Return logits, shape (n_pieces, n_labels), of a network."""
    return network_outputs(network, given, pieces).logits


def network_outputs(network: nn.Module, given: ModelInput, pieces: list[Window]) -> Heard:
    """Return all that a network says of each piece."""
    device = next(network.parameters()).device
    rows: dict[str, list[NDArray[np.float64]]] = {}
    with torch.inference_mode():
        for start in range(0, len(pieces), BATCH):
            pause()
            some = pieces[start : start + BATCH]
            x, present = (t.to(device) for t in given.batch(some))
            if isinstance(network, LeadAttentionNet):
                out = network.outputs(x, present, given.index, given.scales(some).to(device))
                found = {
                    "logits": out.statements, "features": out.features, "handheld": out.handheld,
                }  # fmt: skip
            else:
                found = {
                    "logits": network(x, present, given.index, **coded_gain(network, given, some))
                }
            for name, values in found.items():
                rows.setdefault(name, []).append(values.cpu().numpy().astype(np.float64))
    return Heard(**{name: np.concatenate(each) for name, each in rows.items()})


def prepared_logits(
    network: nn.Module,
    samples: NDArray[np.float32],
    contract: InputContract,
    *,
    in_mv: bool = False,
) -> NDArray[np.float64]:
    """Return the logits of a prepared recording, shape (n_labels,).

    Parameters
    ----------
    samples : array, shape (len(contract.leads), n_samples)
        As :func:`ecgcore.signal.prepare.prepare` returns them, NaN where absent.
    in_mv : bool
        Whether they are in millivolts.

    Returns
    -------
    array, shape (n_labels,)
        The highest of all windows where the recording is long, whatever the statement: for
        training and benchmarks; :func:`combine_windows` is what prediction uses.
    """
    given = prepared_input(samples, contract, in_mv=in_mv)
    logits: NDArray[np.float64] = network_logits(network, given, pieces_of(given, contract))
    return np.asarray(logits.max(axis=0))


def prepared_input(
    samples: NDArray[np.float32], contract: InputContract, *, in_mv: bool
) -> ModelInput:
    """Return the leads that are there of a prepared recording; as :func:`prepared_logits`."""
    rows = np.flatnonzero(np.isfinite(samples).any(axis=1))
    kept = samples[rows]
    return ModelInput(
        x=torch.from_numpy(np.nan_to_num(kept, nan=0.0)),
        present=torch.from_numpy(np.isfinite(kept)),
        index=torch.from_numpy(rows),
        leads=tuple(contract.leads[i] for i in rows),
        fs_hz=contract.fs_hz,
        in_mv=in_mv,
    )


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
        heard = piece_outputs(model, given, each)
    refused = refused_pieces(model, given, heard, each, unread)
    rate = given.fs_hz
    return tuple(
        results.Window(w.start / rate, w.stop / rate, _findings(model, row, limits, refused=why))
        for w, row, why in zip(each, heard.logits, refused, strict=True)
    )
