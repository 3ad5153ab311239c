"""What a card says of out-of-fold logits: on all leads, on fewer, and how far they hold."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ecgcore.datasets import PackedSet
from ecgcore.evaluation import (
    CalibrationSet,
    at_threshold,
    calibration_error,
    evaluate_predictions,
    roc_auc,
)
from ecgcore.evaluation.calibration import held_out_probabilities
from ecgcore.evaluation.conformal import conformal_sets
from ecgcore.evaluation.curves import curve_points
from ecgcore.evaluation.operating import operating_points
from ecgcore.inference.card import InputContract, LabelRule
from ecgcore.inference.runner import prepared_logits
from ecgcore.inference.windows import BATCH
from ecgcore.leads import INDEPENDENT_8, LIMB_6, STANDARD_12
from ecgcore.models import standardise, voltage_scale, with_scale

ALL_LEADS = "12 leads"
LEAD_SETS: dict[str, tuple[str, ...]] = {
    ALL_LEADS: STANDARD_12,
    "8 leads": INDEPENDENT_8,
    "6 limb leads": LIMB_6,
    "I, II, V1": ("I", "II", "V1"),
    "I, II": ("I", "II"),
    "II, V1": ("II", "V1"),
    "I": ("I",),
    "II": ("II",),
}
FIGURES = ("auc", "ece", "sensitivity", "specificity")


def network_logits_by_leads(
    network: nn.Module, data: PackedSet, rows: NDArray[np.int64], contract: InputContract
) -> dict[str, NDArray[np.float64]]:
    """Return logits, shape (n, n_labels), for each of :data:`LEAD_SETS`.

    A record in which none of a set's leads is present gets NaN.
    """
    n_labels: int = network.n_labels  # type: ignore[assignment]
    found = {name: np.full((rows.size, n_labels), np.nan) for name in LEAD_SETS}
    index = {name: [STANDARD_12.index(n) for n in leads] for name, leads in LEAD_SETS.items()}
    for places in _alike(data, rows, contract):
        signals = np.stack([data.signal(int(rows[i])) for i in places])
        in_mv = data.has_voltage[rows[places]]
        for name, leads in index.items():
            if len(places) > 1:
                found[name][places] = _whole_logits(network, signals[:, leads], leads, in_mv)
                continue
            kept = np.full_like(signals[0], np.nan)
            kept[leads] = signals[0, leads]
            if np.isfinite(kept).any():
                found[name][places[0]] = prepared_logits(
                    network, kept, contract, in_mv=bool(in_mv[0])
                )
    return found


def _alike(
    data: PackedSet, rows: NDArray[np.int64], contract: InputContract
) -> Iterator[list[int]]:
    """Yield places in ``rows`` that can go through a network together.

    Complete recordings of one length, read as a whole, up to :data:`BATCH`; any other by itself.
    """
    waiting: dict[int, list[int]] = {}
    for place, row in enumerate(rows):
        signal = data.signal(int(row))
        n = signal.shape[1]
        if n > contract.whole_s * contract.fs_hz or not np.isfinite(signal).all():
            yield [place]
            continue
        together = waiting.setdefault(n, [])
        together.append(place)
        if len(together) == BATCH:
            yield waiting.pop(n)
    yield from waiting.values()


def _whole_logits(
    network: nn.Module,
    signals: NDArray[np.float32],
    leads: list[int],
    in_mv: NDArray[np.bool_],
) -> NDArray[np.float64]:
    x = torch.from_numpy(signals)
    present = torch.ones_like(x, dtype=torch.bool)
    lost = torch.from_numpy(~in_mv)[:, None]
    scale = voltage_scale(x, present).masked_fill(lost, torch.nan)
    with torch.inference_mode():
        bound = with_scale(network, scale)
        logits = bound(standardise(x, present), present, torch.tensor(leads))
    return np.asarray(logits.cpu().numpy(), dtype=np.float64)


def few_lead_figures(
    codes: Sequence[str],
    targets: NDArray[np.float32],
    logits: Mapping[str, NDArray[np.float64]],
    calibration: CalibrationSet,
    thresholds: Sequence[float],
) -> dict[str, dict[str, dict[str, float | None]]]:
    """Return how the statements fare on fewer leads, with the rules made on twelve.

    Returns
    -------
    dict
        {"auc", "ece", "sensitivity" or "specificity": {set of leads: {code: value or None}}}
    """
    out: dict[str, dict[str, dict[str, float | None]]] = {name: {} for name in FIGURES}
    for name, values in logits.items():
        run = np.isfinite(values).all(axis=1)
        y, p = targets[run], calibration.apply(values[run])
        found = [_figures(y[:, j], p[:, j], limit) for j, limit in enumerate(thresholds)]
        for figure in FIGURES:
            out[figure][name] = _by_code(codes, [each[figure] for each in found])
    return out


def _figures(
    targets: NDArray[np.float32], probabilities: NDArray[np.float64], threshold: float
) -> dict[str, float]:
    flagged = at_threshold(targets, probabilities, threshold)
    return {
        "auc": roc_auc(targets, probabilities),
        "ece": calibration_error(targets, probabilities),
        "sensitivity": flagged["sensitivity"],
        "specificity": flagged["specificity"],
    }


def _by_code(codes: Sequence[str], values: Sequence[float]) -> dict[str, float | None]:
    return {c: float(v) if np.isfinite(v) else None for c, v in zip(codes, values, strict=True)}


def out_of_fold_figures(
    logits: Mapping[str, NDArray[np.float64]],
    rules: tuple[LabelRule, ...],
    calibration: CalibrationSet,
    targets: NDArray[np.float32],
    groups: NDArray[np.str_],
) -> dict[str, Any]:
    """Return what a card says of the out-of-fold logits, for each set of leads."""
    thresholds = [rule.threshold for rule in rules]
    codes = [rule.code for rule in rules]
    figures = evaluate_predictions(
        targets,
        calibration.apply(logits[ALL_LEADS]),
        thresholds=thresholds,
        groups=groups,
        codes=codes,
    )
    figures["how"]["note"] = "thresholds and calibration were made on these records: flattering"
    few = few_lead_figures(codes, targets, logits, calibration, thresholds)
    return figures | {"few_leads": few}


def trust_figures(
    targets: NDArray[np.float32],
    logits: NDArray[np.float64],
    calibration: CalibrationSet,
    rules: Sequence[LabelRule],
    groups: NDArray[np.str_],
) -> dict[str, Any]:
    """Return what a card says of how far its probabilities hold, from out-of-fold logits.

    Returns
    -------
    dict
        ``curves``: as of test, with a calibration that never saw the record; ``held_out_ece``:
        the same in one figure, by statement and ``mean`` over those that are calibrated;
        ``operating_points``; ``conformal``.
    """
    codes = [rule.code for rule in rules]
    honest = held_out_probabilities(targets, logits, calibration.form, groups=groups)
    errors = {c: calibration_error(targets[:, j], honest[:, j]) for j, c in enumerate(codes)}
    known = [errors[rule.code] for rule in rules if rule.calibrated]
    final = calibration.apply(logits)
    return {
        "curves": {
            rule.code: curve_points(targets[:, j], honest[:, j], rule.threshold)
            for j, rule in enumerate(rules)
        },
        "held_out_ece": {**errors, "mean": float(np.mean(known)) if known else None},
        "operating_points": operating_points(targets, final, codes),
        "conformal": conformal_sets(targets, final, groups=groups, codes=codes),
    }
