"""Recipes of the published system (``task = "reference"``): a network or four feature models."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ecgcore.checks import in_range, one_of
from ecgcore.datasets import DATASETS
from ecgcore.errors import InvalidArgumentError
from ecgcore.training.recipe_file import fitting, read_toml, says

TASK = "reference"
CPSC2018, SPLITS = "cpsc2018", "splits"
RESNET34, FEATURES = "resnet34", "features"
FEATURE_MODELS = ("logistic_regression", "random_forest", "lightgbm", "mlp")
_TOP = ("task", "name", "seeds", "kind", "models", "arguments", "data", "training", "notes")


@dataclass(frozen=True)
class ReferenceData:
    """What is learned from and measured on.

    Attributes
    ----------
    source : str
        ``"cpsc2018"``: the full set, in ten folds drawn for each seed; ``"splits"``: the project's
        fixed train, val and test.
    folder : str
        Of CPSC 2018; empty: where :func:`ecgcore.datasets.public.open_public` finds it.
    datasets : tuple of str
        Of the fixed splits.
    folds : tuple of int
        Which of the ten rotations are run.
    """

    source: str
    folder: str = ""
    datasets: tuple[str, ...] = ()
    folds: tuple[int, ...] = tuple(range(10))


@dataclass(frozen=True)
class ReferenceTraining:
    """How the network is trained; the defaults are the published ones.

    Attributes
    ----------
    epochs, batch_size : int
    learning_rate : float
        Of Adam, constant.
    longest_s, shortest_s : float
        Longer records keep their end; shorter ones are padded with zeros on the left.
    gain_sd : float
        Each lead's random gain is normal around 1.
    offset_steps : int
        Each lead's random offset is -N to N - 1 thousandths of a millivolt.
    apply_above : float
        Gain and offset are each applied where a standard normal draw exceeds this.
    """

    epochs: int = 40
    batch_size: int = 32
    learning_rate: float = 1e-4
    longest_s: float = 30.0
    shortest_s: float = 30.0
    gain_sd: float = 0.1
    offset_steps: int = 20
    apply_above: float = 0.5


@dataclass(frozen=True)
class ReferenceRecipe:
    """Everything that decides a reference's figures.

    Attributes
    ----------
    kind : str
        ``"resnet34"`` or ``"features"``.
    seeds : tuple of int
    models : tuple of str
        Of the feature models, which.
    arguments : mapping
        Of the network.
    notes : tuple of str
        Where this recipe departs from the published work; printed with its figures.
    """

    name: str
    seeds: tuple[int, ...]
    kind: str
    data: ReferenceData
    training: ReferenceTraining
    models: tuple[str, ...] = FEATURE_MODELS
    arguments: Mapping[str, Any] | None = None
    notes: tuple[str, ...] = ()

    def plain(self) -> dict[str, Any]:
        """Return what decides a run apart from its seed, its fold and its length."""
        training = asdict(self.training)
        del training["epochs"]
        data = {"source": self.data.source, "datasets": list(self.data.datasets)}
        network = {"arguments": dict(self.arguments or {}), "training": training}
        return {"kind": self.kind, "data": data} | (network if self.kind == RESNET34 else {})


def is_reference_recipe(path: Path) -> bool:
    """Return whether a recipe file says that it makes a reference."""
    return says(path, "task", TASK)


def read_reference_recipe(path: Path) -> ReferenceRecipe:
    """Read a reference's recipe.

    Raises
    ------
    InvalidArgumentError
        If the file is missing or no TOML, or an entry is missing, unknown or out of range.
    """
    raw = read_toml(path, _TOP)
    with fitting(path):
        recipe = _recipe(raw)
    _check(recipe)
    return recipe


def _recipe(raw: Mapping[str, Any]) -> ReferenceRecipe:
    data: dict[str, Any] = {
        k: tuple(v) if isinstance(v, list) else v for k, v in raw["data"].items()
    }
    return ReferenceRecipe(
        name=str(raw["name"]),
        seeds=tuple(int(seed) for seed in raw["seeds"]),
        kind=str(raw["kind"]),
        data=ReferenceData(**data),
        training=ReferenceTraining(**raw.get("training", {})),
        models=tuple(raw.get("models", FEATURE_MODELS)),
        arguments=dict(raw.get("arguments", {})),
        notes=tuple(str(note) for note in raw.get("notes", ())),
    )


def _check(recipe: ReferenceRecipe) -> None:
    one_of("kind", recipe.kind, (RESNET34, FEATURES))
    one_of("data.source", recipe.data.source, (CPSC2018, SPLITS))
    for name in recipe.data.datasets:
        one_of("data.datasets", name, DATASETS)
    for name in recipe.models:
        one_of("models", name, FEATURE_MODELS)
    for fold in recipe.data.folds:
        in_range("data.folds", fold, 0, 9)
    for seed in recipe.seeds:
        in_range("seeds", seed, 0, 2**31 - 1)
    if not recipe.seeds or (recipe.data.source == SPLITS) != bool(recipe.data.datasets):
        raise InvalidArgumentError(
            "The recipe must name a seed, and data sets exactly where the fixed splits are used."
        )
    part = recipe.training
    for name in ("epochs", "batch_size", "offset_steps"):
        if type(getattr(part, name)) is not int:
            raise InvalidArgumentError(f"training.{name} must be a whole number.")
    in_range("training.epochs", part.epochs, 1, 10_000)
    in_range("training.batch_size", part.batch_size, 2, 4096)
    in_range("training.learning_rate", part.learning_rate, 1e-7, 1)
    in_range("training.longest_s", part.longest_s, 1, 120, "s")
    in_range("training.shortest_s", part.shortest_s, 1, part.longest_s, "s")
    in_range("training.gain_sd", part.gain_sd, 0, 1)
    in_range("training.offset_steps", part.offset_steps, 1, 1000)
    in_range("training.apply_above", part.apply_above, -10, 10)
