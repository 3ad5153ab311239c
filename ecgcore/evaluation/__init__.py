"""Masked metrics, intervals by patient, thresholds, calibration and the card's report."""

from ecgcore.evaluation.bootstrap import (
    Interval,
    interval,
    mean_auc_difference,
    mean_auc_interval,
    patient_weights,
)
from ecgcore.evaluation.calibration import (
    MIN_POSITIVES,
    Calibration,
    CalibrationSet,
    fit_calibration,
    to_logits,
)
from ecgcore.evaluation.metrics import (
    at_threshold,
    average_precision,
    brier,
    calibration_error,
    mean_auc,
    measurable,
    roc_auc,
)
from ecgcore.evaluation.report import (
    age_bands,
    evaluate_predictions,
    metrics_table,
    standard_subgroups,
    subgroup_table,
)
from ecgcore.evaluation.thresholds import (
    Threshold,
    best_f1,
    for_sensitivity,
    for_specificity,
    within_false_alarms,
)

__all__ = [
    "MIN_POSITIVES",
    "Calibration",
    "CalibrationSet",
    "Interval",
    "Threshold",
    "age_bands",
    "at_threshold",
    "average_precision",
    "best_f1",
    "brier",
    "calibration_error",
    "evaluate_predictions",
    "fit_calibration",
    "for_sensitivity",
    "for_specificity",
    "interval",
    "mean_auc",
    "mean_auc_difference",
    "mean_auc_interval",
    "measurable",
    "metrics_table",
    "patient_weights",
    "roc_auc",
    "standard_subgroups",
    "subgroup_table",
    "to_logits",
    "within_false_alarms",
]
