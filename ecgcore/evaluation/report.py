"""The metrics of a model card, by statement and by subgroup, and their table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ecgcore.errors import InvalidArgumentError
from ecgcore.evaluation import weighted
from ecgcore.evaluation.arrays import Floats, check_names, check_pair, check_probabilities
from ecgcore.evaluation.bootstrap import N_BOOT, Interval, from_resamples, patient_weights
from ecgcore.evaluation.metrics import class_auc, known_columns, mean_of_defined, measurable

FIGURES = ("auc", "average_precision", "f1", "sensitivity", "specificity", "ppv", "ece", "brier")
HOW = {
    "interval": "95 % percentile interval, patients resampled with replacement",
    "mean": "over the statements with at least one positive and one negative record",
    "ece": f"{weighted.ECE_BINS} bins of equal size; resampling raises it, its interval with it",
    "flagged": "probability at the threshold or above",
    "coverage": "every record whose labels decide the statement, without abstention",
}
UNKNOWN = "unknown"


def evaluate_predictions(
    targets: ArrayLike,
    probabilities: ArrayLike,
    *,
    thresholds: Sequence[float],
    groups: ArrayLike,
    codes: Sequence[str],
    subgroups: Mapping[str, ArrayLike] | None = None,
    n_boot: int = N_BOOT,
    seed: int = 0,
) -> dict[str, Any]:
    """Return every figure of a model card, ready for JSON.

    Parameters
    ----------
    targets : array, shape (n, n_statements)
        1, 0 or NaN (left out).
    probabilities : array, shape (n, n_statements)
    thresholds : sequence of float
        One a statement, chosen on other records.
    groups : array of str, shape (n,)
        Patients.
    codes : sequence of str
        The statements.
    subgroups : mapping of str to array of str, shape (n,), optional
        For example from :func:`standard_subgroups`; ``""`` is counted as unknown.
    n_boot, seed : int

    Returns
    -------
    dict
        ``n``, ``n_patients``, ``n_boot``, ``how``; ``classes``: {code: {``n``, ``n_positive``,
        ``threshold`` and each of ``FIGURES``}}; ``mean``: {``codes`` and each of ``FIGURES``};
        ``subgroups``: {name: {value: {``n``, ``n_patients``, ``mean_auc``, ``classes``}}}.
        Every figure is {``value``, ``low``, ``high``}, null where undefined.

    Raises
    ------
    InvalidArgumentError
        If shapes do not fit or a probability is not from 0 to 1.
    """
    y, p = check_pair(targets, probabilities, ndim=2)
    check_probabilities(p)
    limits = _check_columns(y, thresholds, codes)
    names = check_names("groups", groups, len(y))
    weights = patient_weights(names, n_boot=n_boot, seed=seed)
    # Row 0 is the sample itself, the others are resamples of it.
    rows = np.concatenate([np.ones((1, len(y))), weights])
    sample = _Sample(y, p, rows, names, limits, codes)
    found = [_figures(y[:, j], p[:, j], rows, limits[j]) for j in range(len(codes))]
    return {
        "n": len(y),
        "n_patients": len(np.unique(names)),
        "n_boot": int(n_boot),
        "how": dict(HOW),
        "mean": _mean(found, measurable(y), codes, rows.shape[0]),
        "classes": {
            code: _counts(y[:, j]) | {"threshold": limits[j]} | _intervals(found[j])
            for j, code in enumerate(codes)
        },
        "subgroups": {
            name: _subgroup(check_names(name, values, len(y)), sample)
            for name, values in (subgroups or {}).items()
        },
    }


def standard_subgroups(
    *, datasets: ArrayLike, sexes: ArrayLike, ages: ArrayLike, has_voltage: ArrayLike
) -> dict[str, NDArray[np.str_]]:
    """Return the subgroups every card reports: by data set, sex, age band and unit.

    Parameters
    ----------
    datasets, sexes : arrays of str, shape (n,)
        ``""`` where the sex is unknown.
    ages : array of float, shape (n,)
        Years, NaN where unknown.
    has_voltage : array of bool, shape (n,)
    """
    return {
        "dataset": np.asarray(datasets, dtype=str),
        "sex": np.asarray(sexes, dtype=str),
        "age": age_bands(ages),
        "unit": np.where(np.asarray(has_voltage, dtype=bool), "voltage known", "voltage lost"),
    }


def age_bands(ages: ArrayLike) -> NDArray[np.str_]:
    """Return ``"<40"``, ``"40-64"``, ``"65+"``, or ``""`` where the age (years) is NaN."""
    years = np.asarray(ages, dtype=np.float64)
    return np.select([years < 40, years < 65, years >= 65], ["<40", "40-64", "65+"], default="")


def metrics_table(report: Mapping[str, Any]) -> str:
    """Return the figures by statement as a Markdown table, the mean in the last row."""
    columns = ("auc", "f1", "sensitivity", "specificity", "ppv", "ece")
    head = ("Statement", "Records", "Positive", "AUC", "F1", "Sensitivity", "Specificity", "PPV")
    lines = [_row((*head, "Calibration error")), _row(["---"] * (len(head) + 1))]
    for code, figures in report["classes"].items():
        counts = (code, str(figures["n"]), str(figures["n_positive"]))
        lines.append(_row((*counts, *(_words(figures[name]) for name in columns))))
    mean = [_words(report["mean"][name]) for name in columns]
    lines.append(_row((f"mean of {len(report['mean']['codes'])}", str(report["n"]), "", *mean)))
    return "\n".join(lines) + "\n"


def subgroup_table(report: Mapping[str, Any]) -> str:
    """Return the mean AUC by subgroup as a Markdown table."""
    lines = [_row(("Subgroup", "", "Records", "Statements", "Mean AUC")), _row(["---"] * 5)]
    for name, values in report["subgroups"].items():
        for value, figures in values.items():
            measured = str(len(figures["mean_auc_codes"]))
            words = _words(figures["mean_auc"])
            lines.append(_row((name, value, str(figures["n"]), measured, words)))
    return "\n".join(lines) + "\n"


def _check_columns(y: Floats, thresholds: Sequence[float], codes: Sequence[str]) -> list[float]:
    limits = [float(value) for value in thresholds]
    if len(limits) != y.shape[1] or len(codes) != y.shape[1]:
        raise InvalidArgumentError(
            f"There are {y.shape[1]} columns of targets, {len(limits)} thresholds and "
            f"{len(codes)} codes; as many of each are needed."
        )
    if not np.isfinite(limits).all():
        raise InvalidArgumentError("A threshold is not finite.")
    return limits


def _figures(y: Floats, p: Floats, rows: Floats, threshold: float) -> dict[str, Floats]:
    truth, probability, w = known_columns(y, p, rows)
    return {
        "auc": weighted.roc_auc(truth, probability, w),
        "average_precision": weighted.average_precision(truth, probability, w),
        **weighted.at_threshold(truth, probability, w, threshold),
        "ece": weighted.calibration_error(truth, probability, w),
        "brier": weighted.brier(truth, probability, w),
    }


def _interval(values: Floats) -> Interval:
    return from_resamples(float(values[0]), values[1:])


def _intervals(figures: Mapping[str, Floats]) -> dict[str, Any]:
    return {name: _interval(figures[name]).as_dict() for name in FIGURES}


def _counts(y: Floats) -> dict[str, Any]:
    return {"n": int((~np.isnan(y)).sum()), "n_positive": int((y == 1).sum())}


def _mean(
    found: list[dict[str, Floats]], columns: list[int], codes: Sequence[str], n_rows: int
) -> dict[str, Any]:
    means = {name: mean_of_defined([found[j][name] for j in columns], n_rows) for name in FIGURES}
    return {"codes": [codes[j] for j in columns]} | _intervals(means)


@dataclass(frozen=True, eq=False)
class _Sample:
    """Records with everything that is needed to measure a part of them.

    ``rows`` (1 + n_boot, n) weights them: first the sample itself, then its resamples.
    """

    y: Floats
    p: Floats
    rows: Floats
    groups: NDArray[np.str_]
    limits: list[float]
    codes: Sequence[str]

    def where(self, inside: NDArray[np.bool_]) -> "_Sample":
        return replace(
            self,
            y=self.y[inside],
            p=self.p[inside],
            rows=self.rows[:, inside],
            groups=self.groups[inside],
        )


def _subgroup(values: NDArray[np.str_], sample: _Sample) -> dict[str, Any]:
    return {
        str(value) or UNKNOWN: _part(sample.where(values == value)) for value in np.unique(values)
    }


def _part(sample: _Sample) -> dict[str, Any]:
    columns = measurable(sample.y)
    areas = {j: class_auc(sample.y[:, j], sample.p[:, j], sample.rows) for j in columns}
    mean = mean_of_defined(list(areas.values()), sample.rows.shape[0])
    classes: dict[str, Any] = {}
    for j, code in enumerate(sample.codes):
        y, p, rows = known_columns(sample.y[:, j], sample.p[:, j], sample.rows)
        flagged = weighted.at_threshold(y, p, rows, sample.limits[j])
        area = _interval(areas[j]) if j in areas else Interval(None)
        classes[code] = _counts(sample.y[:, j]) | {
            "auc": area.as_dict(),
            "sensitivity": _interval(flagged["sensitivity"]).as_dict(),
            "specificity": _interval(flagged["specificity"]).as_dict(),
        }
    return {
        "n": len(sample.y),
        "n_patients": len(np.unique(sample.groups)),
        "mean_auc": _interval(mean).as_dict(),
        "mean_auc_codes": [sample.codes[j] for j in columns],
        "classes": classes,
    }


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _words(figure: Mapping[str, float | None]) -> str:
    if figure["value"] is None:
        return "-"
    value = f"{figure['value']:.3f}"
    if figure["low"] is None or figure["high"] is None:
        return value
    return f"{value} ({figure['low']:.3f} to {figure['high']:.3f})"
