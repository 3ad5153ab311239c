"""The figures of one record: what it is read as, measured, explained by, and how unusual it is."""

import math
from functools import cache

import numpy as np
from numpy.typing import NDArray

from ecgcore.errors import EcgError
from ecgcore.explain import Explainer, methods_of
from ecgcore.explain.defaults import default_methods
from ecgcore.inference import load_model, model_for
from ecgcore.inference.anomaly import AnomalyModel, load_anomaly
from ecgcore.inference.loading import LoadedModel
from ecgcore.interpret import assess
from ecgcore.recording import Recording
from ecgcore.results import MeasureResult, Prediction
from ecgcore.study import Study

Figures = dict[str, float | None]
# Of a map: the share of each lead, and of each tenth of its length.
_PARTS = 10
_MOST_STATEMENTS = 3
_METHODS = ("gradcam", "attended_cam", "saliency", "attention", "guided_gradcam")


def figures_of(recording: Recording, *, checked: bool) -> Figures:
    """Return every figure that is kept of a recording, by name; None where there is none.

    Parameters
    ----------
    recording : Recording
    checked : bool
        Whether the map that is shown first is made with its checks, which takes seconds.
    """
    study = Study(recording)
    model = network(model_for(recording))
    prediction = assess(model, study)
    return {
        **_measurements(study.measured),
        **_statements(prediction),
        **_explained(model, study, prediction, checked=checked),
        **_anomaly(study),
    }


@cache
def network(name: str) -> LoadedModel:
    """Return a shipped model, loaded once."""
    return load_model(name)


@cache
def anomaly_network() -> AnomalyModel:
    """Return the shipped anomaly model, loaded once."""
    return load_anomaly()


def _measurements(measured: MeasureResult) -> Figures:
    found: Figures = {}
    for one in measured.measurements:
        name = f"measure/{one.name}/{one.lead or 'all'}"
        found[name] = one.value
        found[f"{name}/uncertainty"] = one.uncertainty
    times = measured.beats.consensus.as_array()
    found["measure/beats"] = float(times.shape[1])
    for name, row in zip(("p", "qrs", "t"), (times[0], times[3], times[8]), strict=True):
        found[f"measure/sum of {name} times"] = float(np.nansum(row))
    found["measure/alarms"] = float(len(measured.alarms))
    return found


def _statements(prediction: Prediction) -> Figures:
    said = {True: 1.0, False: 0.0, None: None}
    found: Figures = {"abstains": float(prediction.abstained)}
    for finding in prediction.findings:
        found[f"statement/{finding.code}/probability"] = finding.probability
        found[f"statement/{finding.code}/finding"] = said[finding.finding]
    return found


def _explained(
    model: LoadedModel, study: Study, prediction: Prediction, *, checked: bool
) -> Figures:
    try:
        explainer = Explainer(model, study)
    except EcgError:
        return {}
    found = _maps(model, explainer, prediction)
    return found | _checked_map(explainer, prediction) if checked else found


def _maps(model: LoadedModel, explainer: Explainer, prediction: Prediction) -> Figures:
    """Return maps of the first statements, without their checks, which take longest."""
    found: Figures = {}
    for code in _first_codes(prediction)[:_MOST_STATEMENTS]:
        output = explainer.output(code)
        window = explainer.highest(output)
        leads = explainer.reading.given.leads
        for method in methods_to_keep(model):
            values = explainer.map(method, output, window).values
            found |= _map_figures(f"map/{code}/{method}", np.asarray(values), leads)
    return found


def _checked_map(explainer: Explainer, prediction: Prediction) -> Figures:
    """Return the map that is shown first, on the recording's own leads, with its checks."""
    code = _first_codes(prediction)[0]
    method = default_methods(explainer.model, code)[0]
    made = explainer.explain(code, method, windows="highest")
    name = f"shown/{code}/{method}"
    found = _map_figures(name, made.values, made.leads)
    return found | {f"{name}/{check.name}": check.value for check in made.self_check}


def _first_codes(prediction: Prediction) -> list[str]:
    order = sorted(prediction.findings, key=lambda f: (f.finding is not True, -f.probability))
    return [finding.code for finding in order]


def methods_to_keep(model: LoadedModel) -> tuple[str, ...]:
    """Return three methods that take one pass each, of those that apply to the model."""
    possible = methods_of(model)
    return tuple(m for m in _METHODS if m in possible)[:3]


def _map_figures(name: str, values: NDArray[np.float32], leads: tuple[str, ...]) -> Figures:
    size = np.abs(np.nan_to_num(values)).astype(np.float64)
    total = size.sum() or 1.0
    found: Figures = {
        f"{name}/{lead}": float(row.sum() / total) for lead, row in zip(leads, size, strict=True)
    }
    for number, part in enumerate(np.array_split(size.sum(axis=0), _PARTS), start=1):
        found[f"{name}/tenth {number}"] = float(part.sum() / total)
    return found


def _anomaly(study: Study) -> Figures:
    try:
        found = study.anomaly(anomaly_network())
    except EcgError:
        return {"anomaly/score": None}
    other = found.with_classifier
    return {
        "anomaly/score": found.score,
        "anomaly/with classifier": None if other is None else other.score,
        "anomaly/spans": float(len(found.spans)),
        **{f"anomaly/{lead}": score for lead, score in found.lead_scores.items()},
        **{
            f"anomaly/map/{lead}": float(row.mean(dtype=np.float64))
            for lead, row in zip(found.leads, found.values, strict=True)
        },
    }


def differences(old: Figures, new: Figures, tolerance: float) -> list[str]:
    """Return one line for each figure that went, came, or moved by more than ``tolerance``.

    Above 1 the tolerance is relative.
    """
    lines = []
    for name in sorted(old.keys() | new.keys()):
        before, after = old.get(name, "absent"), new.get(name, "absent")
        if not _same(before, after, tolerance):
            lines.append(f"{name}: {before} -> {after}")
    return lines


def _same(before: float | str | None, after: float | str | None, tolerance: float) -> bool:
    if isinstance(before, float) and isinstance(after, float):
        return math.isclose(before, after, rel_tol=tolerance, abs_tol=tolerance)
    return before == after
