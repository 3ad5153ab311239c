"""A model's findings on a recording: every probability, and a word only where it can stand."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import softmax
from torch import nn

from ecgcore import results
from ecgcore.inference.abstain import Limits, limits_of
from ecgcore.inference.card import InputContract
from ecgcore.inference.loading import LoadedModel
from ecgcore.inference.prepare import (
    ModelInput,
    Window,
    model_input,
    model_leads,
    pieces_of,
    windows_of,
)
from ecgcore.inference.wave_gain import coded_gain
from ecgcore.labels import statement
from ecgcore.models import HANDHELD, LeadAttentionNet
from ecgcore.recording import Recording
from ecgcore.signal.quality import grade

# Windows that go through the network together: bounds memory on long recordings.
BATCH = 32


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


def predict(
    model: LoadedModel,
    recording: Recording,
    *,
    leads: tuple[str, ...] | None = None,
    windows: bool = False,
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

    Returns
    -------
    results.Prediction
        One finding for each label of the model, in its order.  Every probability is given;
        ``finding`` is None, with its reason, where the statement cannot be assessed on this
        recording.  A recording of over 60 s is read in windows, and each statement's probability
        is that of its highest window.

    Raises
    ------
    CannotAssessError
        If a named lead is missing, no lead is one the model knows, or the recording is too short
        to be run at all.
    """
    reading = read_for(model, recording, leads=leads)
    limits = limits_of(recording, reading.given, reading.lead_names, reading.quality, model.card)
    heard = piece_outputs(model, reading.given, reading.pieces)
    return conclude(model, reading, limits, heard, windows=windows)


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
) -> results.Prediction:
    """Put what a network said into findings.

    Parameters
    ----------
    limits : Limits
        Of the recording; what the network's own outputs forbid is added to it.
    heard : Heard
    windows : bool
        As :func:`predict`.
    """
    logits, codes = heard.logits, model.card.codes
    present = reading.given.leads_present
    if model.distance is not None and heard.features is not None:
        limits.far(codes, model.distance.judge(heard.features, logits, present))
    if len(reading.given.leads) == 1 and heard.handheld is not None:
        bias = model.card.sides.get("handheld_bias")
        if handheld_shares(heard.handheld, bias).argmax() == HANDHELD.index("~"):
            limits.noise(codes)
    limits.paced(model.card, logits.max(axis=0))
    findings = _findings(model, logits.max(axis=0), limits, len(reading.pieces))
    each: tuple[results.Window, ...] = ()
    if windows:
        each = _windows(model, reading, limits, logits)
    abstained = all(finding.finding is None for finding in findings)
    return results.Prediction(
        model=model.name,
        leads_used=reading.given.leads,
        findings=findings,
        abstained=abstained,
        abstain_reason=limits.overall_reason(findings) if abstained else "",
        quality=reading.quality,
        windows=each,
    )


def read_for(
    model: LoadedModel, recording: Recording, *, leads: tuple[str, ...] | None = None
) -> Reading:
    """Choose leads, leave out the unreadable ones, and prepare samples and windows.

    Where no lead is readable all are used: the probabilities are still stated, no finding is.

    Raises
    ------
    CannotAssessError
        As :func:`predict`.
    """
    contract = model.card.input
    names = model_leads(recording, contract, leads)
    graded = grade(recording)
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
    """Return what a network says of each piece, under the model's lock."""
    with model.lock:
        return network_outputs(model.network, given, pieces)


def network_logits(
    network: nn.Module, given: ModelInput, pieces: list[Window]
) -> NDArray[np.float64]:
    """Return logits, shape (n_pieces, n_labels), of a network that no other thread uses."""
    return network_outputs(network, given, pieces).logits


def network_outputs(network: nn.Module, given: ModelInput, pieces: list[Window]) -> Heard:
    """Return the same of a network that no other thread uses."""
    device = next(network.parameters()).device
    rows: dict[str, list[NDArray[np.float64]]] = {}
    with torch.inference_mode():
        for start in range(0, len(pieces), BATCH):
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
        The highest of all windows where the recording is long.
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
    model: LoadedModel, logits: NDArray[np.float64], limits: Limits, n_pieces: int
) -> tuple[results.Finding, ...]:
    found = []
    for rule, logit in zip(model.card.labels, logits, strict=True):
        probability = rule.probability(float(logit))
        reason = limits.blocked.get(rule.code, "")
        remarks = list(limits.remarks.get(rule.code, ()))
        if n_pieces > 1:
            remarks.append(
                f"The highest of {n_pieces} windows of {model.card.input.window_s:g} s; "
                "the threshold was set for one."
            )
        found.append(
            results.Finding(
                code=rule.code,
                name=statement(rule.code).name,
                probability=probability,
                calibrated=rule.calibrated and limits.calibrated and n_pieces == 1 and not reason,
                threshold=rule.threshold,
                finding=None if reason else probability >= rule.threshold,
                reason=" ".join([reason, *remarks] if reason else remarks),
            )
        )
    return tuple(found)


def _windows(
    model: LoadedModel, reading: Reading, limits: Limits, logits: NDArray[np.float64]
) -> tuple[results.Window, ...]:
    given = reading.given
    each = windows_of(given, model.card.input)
    if each != reading.pieces:
        logits = piece_outputs(model, given, each).logits
    rate = given.fs_hz
    return tuple(
        results.Window(w.start / rate, w.stop / rate, _findings(model, row, limits, 1))
        for w, row in zip(each, logits, strict=True)
    )
