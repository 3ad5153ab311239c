"""Recipes of anomaly detectors (``task = "anomaly"``): ours, the published one, and the control."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ecgcore.checks import in_range, one_of
from ecgcore.datasets import DATASETS
from ecgcore.errors import InvalidArgumentError
from ecgcore.inference.anomaly_leads import PARTS
from ecgcore.training.mcf_loop import McfTraining
from ecgcore.training.norms_fit import Weights
from ecgcore.training.recipe_file import fitting, read_toml, says
from ecgcore.training.restoration_loop import RestorationTraining

TASK = "anomaly"
RESTORATION, MCF_KIND, AUTOENCODER = "restoration", "mcf", "autoencoder"
KINDS = (RESTORATION, MCF_KIND, AUTOENCODER)
SPLITS, PTBXL = "splits", "ptbxl"
STRICT, LOOSE = "strict", "loose"
_TOP = (
    "task",
    "kind",
    "name",
    "version",
    "seed",
    "arguments",
    "data",
    "training",
    "weights",
    "text",
)


@dataclass(frozen=True)
class AnomalyData:
    """What is learned from.

    Attributes
    ----------
    source : str
        ``"splits"``: the normals of the project's fixed ``train``, chosen on ``val``;
        ``"ptbxl"``: the detection benchmark on PTB-XL in full (the published detector only).
    folder : str
        Of PTB-XL in full; empty: where :func:`ecgcore.datasets.public.public_index` finds it.
    norm : str
        Of the benchmark: ``"strict"`` (nothing but NORM, likelihood 50 and more) or ``"loose"``
        (the super-class named first is NORM).
    leads : int
        Of the published detector: 12, or 1 for recordings of one lead.
    twelve, single : tuple of str
        Data sets of the fixed splits.
    simulated : int
        Simulated normals beside them.
    scored_twelve, scored_single : int
        Normals that the norms are measured on, at most, of each set and split.
    """

    source: str = SPLITS
    folder: str = ""
    norm: str = STRICT
    leads: int = 12
    twelve: tuple[str, ...] = ("ptbxl", "ptbxl_extra", "challenge2021", "ludb", "brugada")
    single: tuple[str, ...] = ("cpsc2018_lead1", "cinc2017")
    simulated: int = 625
    scored_twelve: int = 150
    scored_single: int = 90


@dataclass(frozen=True)
class AnomalyRecipe:
    """Everything that decides how a detector is made.

    Attributes
    ----------
    training : RestorationTraining or McfTraining
    weights : Weights
        Of the parts of map and score; chosen on train and val.
    references : tuple of str
        Model folders whose features are compared with those of normals.
    threshold, map_threshold, map_threshold_few : float
    """

    name: str
    version: str
    seed: int
    kind: str
    arguments: Mapping[str, Any]
    data: AnomalyData
    training: RestorationTraining | McfTraining
    weights: Weights = field(default_factory=lambda: Weights({}, {}))
    references: tuple[str, ...] = ()
    threshold: float = 0.95
    map_threshold: float = 0.995
    map_threshold_few: float = 0.98
    intended_use: str = ""
    limits: tuple[str, ...] = ()


def is_anomaly_recipe(path: Path) -> bool:
    """Return whether a recipe file says that it makes an anomaly detector."""
    return says(path, "task", TASK)


def read_anomaly_recipe(path: Path) -> AnomalyRecipe:
    """Read a detector's recipe.

    Raises
    ------
    InvalidArgumentError
        If the file is missing or no TOML, or an entry is missing, unknown or out of range.
    """
    raw = read_toml(path, _TOP)
    one_of("kind", str(raw.get("kind")), KINDS)
    with fitting(path):
        recipe = _recipe(raw)
    _check(recipe)
    return recipe


def _tuples(raw: Mapping[str, Any]) -> dict[str, Any]:
    return {k: tuple(v) if isinstance(v, list) else v for k, v in raw.items()}


def _recipe(raw: Mapping[str, Any]) -> AnomalyRecipe:
    part = RestorationTraining if raw["kind"] == RESTORATION else McfTraining
    weights = dict(raw.get("weights", {}))
    text = raw.get("text", {})
    return AnomalyRecipe(
        name=str(raw["name"]),
        version=str(raw["version"]),
        seed=int(raw["seed"]),
        kind=str(raw["kind"]),
        arguments=_tuples(raw.get("arguments", {})),
        data=AnomalyData(**_tuples(raw.get("data", {}))),
        training=part(**_tuples(raw.get("training", {}))),
        weights=Weights(*(dict(weights.pop(part, {})) for part in ("maps", "record", "leads"))),
        references=tuple(weights.pop("references", ())),
        **weights,
        intended_use=str(text.get("intended_use", "")),
        limits=tuple(text.get("limits", ())),
    )


def _check(recipe: AnomalyRecipe) -> None:
    data = recipe.data
    one_of("data.source", data.source, (SPLITS, PTBXL))
    one_of("data.norm", data.norm, (STRICT, LOOSE))
    one_of("data.leads", str(data.leads), ("1", "12"))
    for name in (*data.twelve, *data.single):
        one_of("data.twelve and data.single", name, DATASETS)
    in_range("data.simulated", data.simulated, 0, 100_000)
    in_range("weights.threshold", recipe.threshold, 0.5, 1)
    in_range("weights.map_threshold", recipe.map_threshold, 0.5, 1)
    in_range("weights.map_threshold_few", recipe.map_threshold_few, 0.5, 1)
    if recipe.kind == RESTORATION and data.source != SPLITS:
        raise InvalidArgumentError("The restoration network learns from the fixed splits here.")
    if recipe.kind == RESTORATION and not recipe.weights.maps:
        raise InvalidArgumentError("[weights] of the recipe names no part of the map.")
    for name in recipe.weights.leads:
        one_of("weights.leads", name.removesuffix("/few"), PARTS)
