"""What the out-of-fold networks do on fewer leads: the ground for what is said on them."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from torch import nn

from ecgcore.datasets import PackedSet
from ecgcore.evaluation import CalibrationSet, at_threshold, calibration_error, roc_auc
from ecgcore.inference.card import InputContract
from ecgcore.inference.predict import prepared_logits
from ecgcore.leads import INDEPENDENT_8, LIMB_6, STANDARD_12

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
    found: dict[str, list[NDArray[np.float64]]] = {name: [] for name in LEAD_SETS}
    for row in rows:
        signal = data.signal(int(row))
        for name, leads in LEAD_SETS.items():
            kept = np.full_like(signal, np.nan)
            index = [STANDARD_12.index(lead) for lead in leads]
            kept[index] = signal[index]
            if np.isfinite(kept).any():
                found[name].append(prepared_logits(network, kept, contract))
            else:
                found[name].append(np.full(data.targets.shape[1], np.nan))
    return {name: np.stack(each) for name, each in found.items()}


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
            out[figure][name] = _named(codes, [each[figure] for each in found])
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


def _named(codes: Sequence[str], values: Sequence[float]) -> dict[str, float | None]:
    return {c: float(v) if np.isfinite(v) else None for c, v in zip(codes, values, strict=True)}
