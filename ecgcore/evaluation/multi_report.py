"""Every figure of a network of several tasks on one split, its records read once."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from ecgcore.datasets.index import TWELVE_LEAD
from ecgcore.evaluation.asked import ask_reads, on_one_lead
from ecgcore.evaluation.bootstrap import N_BOOT
from ecgcore.evaluation.conformal import measure_sets
from ecgcore.evaluation.metrics import measurable
from ecgcore.evaluation.model_report import Predicted, card_metrics, targets_of
from ecgcore.evaluation.operating import measure_points
from ecgcore.evaluation.outliers import outlier_figures
from ecgcore.evaluation.report import evaluate_predictions
from ecgcore.evaluation.side_report import (
    HAND,
    LEAD_ONE,
    Asked,
    ask_split,
    handheld_figures,
    lead_one_figures,
    ptbxl_only,
    side_figures,
    superclass_figures,
)
from ecgcore.evaluation.single_leads import lead_figures
from ecgcore.inference import LoadedModel
from ecgcore.inference.findings import combine_windows, conclude
from ecgcore.statements import CORE_CODES

Array = NDArray[np.float64]


def predicted_of(model: LoadedModel, asked: Asked) -> Predicted:
    """Return what the model says of labelled records, as prediction puts it."""
    made = [
        conclude(model, read.reading, read.fresh_limits(), said.heard)
        for read, said in zip(asked.reads, asked.said, strict=True)
    ]
    return Predicted(
        entries=asked.entries,
        targets=targets_of(asked.entries, model.card.codes),
        probabilities=np.array([[f.probability for f in p.findings] for p in made]),
        assessed=np.array([[f.finding is not None for f in p.findings] for p in made]),
    )


def multi_figures(
    model: LoadedModel,
    split: str,
    *,
    others: Mapping[str, nn.Module] | None = None,
    report: Callable[[str], None] = lambda _words: None,
    n_boot: int = N_BOOT,
) -> dict[str, Any]:
    """Return the card's figures and those of all tasks.

    Parameters
    ----------
    split : str
        ``"val"`` or ``"test"``.
    others : mapping of str to nn.Module
        Further networks of the recipe, for the ensemble and for figures by seed.
    report : callable
        Called with the name of each part before it begins.

    Returns
    -------
    dict
        As :func:`ecgcore.evaluation.model_report.card_metrics`, with ``sides``
        (:func:`ecgcore.evaluation.side_report.side_figures`), ``single_leads``, ``outliers``,
        ``operating_points``, ``conformal`` and ``seeds``.
    """
    others = others or {}
    report("reading")
    asked = ask_split(model, split, lambda n, all_: _read(report, n, all_))
    twelve = asked[TWELVE_LEAD]
    predicted = predicted_of(model, twelve)
    report("statements")
    figures = card_metrics(model, predicted, n_boot=n_boot)
    made = model.card.out_of_fold
    figures["operating_points"] = measure_points(
        made.get("operating_points", {}),
        predicted.targets,
        predicted.probabilities,
        groups=twelve.groups,
        codes=model.card.codes,
        n_boot=n_boot,
    )
    if "conformal" in made:
        figures["conformal"] = measure_sets(
            made["conformal"], predicted.targets, predicted.probabilities, model.card.codes
        )
    report("single leads")
    figures["single_leads"] = _single_leads(model, twelve, predicted.targets, n_boot)
    figures["sides"] = side_figures(model, split, asked, report=report, n_boot=n_boot)
    report("outliers")
    figures["outliers"] = outlier_figures(
        model,
        split,
        asked,
        others=list(others.values()),
        scale=model.card.abstention.get("scale"),
        n_boot=n_boot,
    )
    report("further seeds")
    figures["seeds"] = {
        name: seed_figures(model, network, asked, n_boot=n_boot)
        for name, network in {"final-0": model.network, **others}.items()
    }
    return figures


def _read(report: Callable[[str], None], done: int, total: int) -> None:
    if done % 200 == 0 or done == total:
        report(f"read {done} of {total}")


def _single_leads(model: LoadedModel, asked: Asked, targets: Array, n_boot: int) -> dict[str, Any]:
    codes = model.card.codes
    logits = {}
    for row, lead in enumerate(model.card.input.leads):
        said = on_one_lead(model.network, asked.reads, row)
        missing = np.full(len(codes), np.nan)
        logits[lead] = np.stack(
            [missing if s is None else combine_windows(s.logits, codes) for s in said]
        )
    every = np.stack([combine_windows(each.logits, codes) for each in asked.said])
    return lead_figures(
        model.card.codes,
        targets,
        every,
        logits,
        groups=asked.groups,
        cuts=[rule.cut for rule in model.card.labels],
        n_boot=n_boot,
    )


def seed_figures(
    model: LoadedModel, network: nn.Module, asked: Mapping[str, Asked], *, n_boot: int = N_BOOT
) -> dict[str, Any]:
    """Return a few figures of another network of the recipe, with the released one's rules."""
    same = {
        name: replace(found, said=tuple(ask_reads(network, found.reads)))
        for name, found in asked.items()
    }
    twelve = same[TWELVE_LEAD]
    columns = [model.card.codes.index(code) for code in CORE_CODES]
    targets = targets_of(twelve.entries, model.card.codes)
    probabilities = twelve.probabilities(model)
    thresholds = [rule.threshold for rule in model.card.labels]

    def figures(at: list[int]) -> dict[str, Any]:
        return evaluate_predictions(
            targets[:, at],
            probabilities[:, at],
            thresholds=[thresholds[j] for j in at],
            groups=twelve.groups,
            codes=[model.card.codes[j] for j in at],
            n_boot=n_boot,
        )

    nine = figures(columns)
    hand = handheld_figures(model, same[HAND], n_boot=n_boot)
    return {
        "nine": {name: nine["mean"][name] for name in ("auc", "f1", "ece")},
        "classes": {
            c: {name: each[name] for name in ("auc", "f1")} for c, each in nine["classes"].items()
        },
        "all": {name: figures(measurable(targets))["mean"][name] for name in ("auc", "f1")},
        "lead_one": lead_one_figures(model, same[LEAD_ONE], n_boot=n_boot)["mean"]["auc"],
        "handheld_f1": hand["f1"]["mean of N, A, O"],
        "superclasses": superclass_figures(ptbxl_only(twelve), n_boot=n_boot)["macro_auc"],
    }
