"""Choices on ``val`` for a trained network of several tasks.

Which out-of-distribution score decides on abstention, and the biases of the classes of hand-held
recordings and of the beat classes.  All measured through prediction as users meet it.
"""

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.torch
from numpy.typing import NDArray
from torch import nn

from ecgcore.evaluation.beat_kinds import CLASSES, Counts
from ecgcore.evaluation.model_folder import write_card
from ecgcore.evaluation.outliers import (
    DISAGREEMENT,
    WITH_QUALITY,
    best_score,
    outlier_figures,
)
from ecgcore.evaluation.side_report import (
    HAND,
    LEAD_ONE,
    Asked,
    BeatTable,
    ask_entries,
    ask_split,
    beat_tables,
    handheld_shares,
    handheld_truth,
    single_entries,
)
from ecgcore.inference import LoadedModel, ModelCard
from ecgcore.inference.distance import SCORES
from ecgcore.models import HANDHELD, build

Array = NDArray[np.float64]
CHOSEN_ON = "val"
HAND_STEPS = np.linspace(-1.5, 1.5, 13)
BEAT_STEPS = np.linspace(-3.0, 3.0, 25)
# A larger bias must earn this much F1 for each squared unit: few records decide.
BIAS_COST = 0.002
_N_BOOT = 200


def kept_networks(folder: Path, card: ModelCard) -> dict[str, nn.Module]:
    """Return the further final networks of a recipe that its folder of runs keeps, by name.

    Parameters
    ----------
    folder : Path
        Holds ``final-1.safetensors`` and so on; ``final-0`` is the released one.
    """
    found = {}
    for path in sorted(Path(folder).glob("final-*.safetensors")):
        if path.stem != "final-0":
            network = build(card.architecture, card.arguments)
            network.load_state_dict(safetensors.torch.load_file(path), strict=True)
            found[path.stem] = network.requires_grad_(False).eval()
    return found


@dataclass(frozen=True, eq=False)
class Choices:
    """What goes into a card's ``abstention`` and ``sides``."""

    abstention: dict[str, Any]
    sides: dict[str, Any]


def choose(model: LoadedModel, others: Sequence[nn.Module]) -> Choices:
    """Choose on ``val``.

    Parameters
    ----------
    model : LoadedModel
        With its distance; its card's own choices are not used.
    others : sequence of nn.Module
        Further networks of the recipe, to compare their disagreement.
    """
    return _choose_on(model, lambda plain: ask_split(plain, CHOSEN_ON), others)


def choose_single(model: LoadedModel) -> Choices:
    """Choose on ``val`` for a model of one lead, with its distance."""

    def asked(plain: LoadedModel) -> dict[str, Asked]:
        names = (LEAD_ONE, HAND)
        return {name: ask_entries(plain, single_entries(name, CHOSEN_ON)) for name in names}

    return _choose_on(model, asked, ())


def write_choices(card: ModelCard, folder: Path, chosen: Choices) -> ModelCard:
    """Write a folder's card with what was chosen; return it."""
    card = replace(card, abstention=chosen.abstention, sides=chosen.sides)
    write_card(card, folder)
    return card


def _choose_on(
    model: LoadedModel,
    ask: Callable[[LoadedModel], Mapping[str, Asked]],
    others: Sequence[nn.Module],
) -> Choices:
    plain = replace(model, card=replace(model.card, sides={}, abstention={}))
    asked = ask(plain)
    figures = outlier_figures(plain, CHOSEN_ON, asked, others=others, n_boot=_N_BOOT)
    score = best_score(figures, SCORES)
    hand = handheld_bias(asked[HAND])
    beat = beat_bias(beat_tables(plain, CHOSEN_ON))
    return Choices(
        {
            "score": score,
            "rule": _score_words(figures, score),
            "scale": figures["scale"],
            CHOSEN_ON: {k: figures[k] for k in ("outliers", "insiders")},
        },
        {
            "handheld_bias": hand,
            "beat_bias": beat,
            "rule": (
                "added to the logits of the classes of hand-held recordings (N, A, O, ~) and of "
                f"the kinds of beats; chosen on {CHOSEN_ON} for the highest mean F1 (N, A and O; "
                "supraventricular and ventricular), small ones preferred"
            ),
        },
    )


def _score_words(figures: Mapping[str, Any], score: str) -> str:
    areas = [kind["auroc"] for kind in figures["outliers"].values() if kind["auroc"]]
    names = [n for n in (*SCORES, DISAGREEMENT) if f"{n}{WITH_QUALITY}" in areas[0]]
    means = {
        n: float(np.mean([each[f"{n}{WITH_QUALITY}"]["value"] for each in areas])) for n in names
    }
    told = ", ".join(f"{name} {value:.3f}" for name, value in means.items())
    return (
        f"{score}, together with signal quality: of the scores that one network alone can give, "
        f"the one with the highest mean AUROC over the kinds of outliers on {CHOSEN_ON} ({told}). "
        f"The limit keeps 99 % of the usual records of {CHOSEN_ON}."
    )


def handheld_bias(asked: Asked) -> list[float]:
    """Return the bias of each hand-held class for the highest mean F1 of N, A and O."""
    truth = handheld_truth(asked.entries)
    logarithms = np.log(np.maximum(handheld_shares(asked), 1e-12))

    def value(bias: Array) -> float:
        said = (logarithms + bias).argmax(axis=1)
        each = [_f1(truth == j, said == j) for j in range(len(HANDHELD) - 1)]
        return float(np.mean(each))

    return _best(value, len(HANDHELD), HAND_STEPS)


def beat_bias(tables: Mapping[str, BeatTable]) -> list[float]:
    """Return the bias of each kind of beat for the highest mean F1 of S and V, beats pooled."""

    def value(bias: Array) -> float:
        total = sum((table.counts(bias.tolist()) for table in tables.values()), Counts.none())
        found = [total.figures(kind)["f1"] for kind in CLASSES]
        return float(np.nan_to_num(found).mean())

    return _best(value, 1 + len(CLASSES), BEAT_STEPS)


def _best(value: Callable[[Array], float], size: int, steps: Array) -> list[float]:
    """Return the best bias over a grid; that of the first class is 0."""
    best, found = -np.inf, np.zeros(size)
    for rest in itertools.product(steps, repeat=size - 1):
        bias = np.array([0.0, *rest])
        reached = value(bias) - BIAS_COST * float(np.square(bias).sum())
        if reached > best:
            best, found = reached, bias
    return [float(b) for b in found]


def _f1(truth: NDArray[np.bool_], said: NDArray[np.bool_]) -> float:
    both = int((truth & said).sum())
    either = int(truth.sum() + said.sum())
    return 2 * both / either if either else 0.0
