"""A training recipe: one TOML file, read into typed parts with every name checked."""

from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

from ecgcore.checks import in_range, one_of
from ecgcore.datasets import DATASETS
from ecgcore.datasets.entry import SPLITS
from ecgcore.errors import InvalidArgumentError
from ecgcore.inference.card import InputContract
from ecgcore.models import ARCHITECTURES
from ecgcore.statements import NETWORK_CODES, statement
from ecgcore.training.augmentation import Augmentation
from ecgcore.training.multi_batch import TasksPart
from ecgcore.training.recipe_file import read_toml
from ecgcore.training.simulated import SimulationPart, check_simulation

_Part = TypeVar("_Part")


@dataclass(frozen=True)
class ModelPart:
    """Architecture (a key of ``ecgcore.models.ARCHITECTURES``) and its arguments."""

    architecture: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True)
class DataPart:
    """Which data sets, and which of their splits are learned from.

    Attributes
    ----------
    datasets, learn, cross_validate : tuple of str
    folds : int
        Patient-wise folds for the out-of-fold predictions.
    """

    datasets: tuple[str, ...]
    learn: tuple[str, ...]
    cross_validate: tuple[str, ...]
    folds: int


@dataclass(frozen=True)
class TrainingPart:
    """AdamW with a one-cycle rate and averaged weights.

    Attributes
    ----------
    epochs, batch_size : int
    learning_rate, weight_decay : float
    warm_up : float
        Share of the steps until the highest rate.
    averaging : float
        Decay of the running average of the weights, each step.
    """

    epochs: int
    batch_size: int
    learning_rate: float
    weight_decay: float
    warm_up: float
    averaging: float


@dataclass(frozen=True)
class TextPart:
    """What the card says in words."""

    intended_use: str
    limits: tuple[str, ...]


@dataclass(frozen=True)
class Recipe:
    """Everything that decides how a model is made."""

    name: str
    version: str
    seed: int
    model: ModelPart
    input: InputContract
    data: DataPart
    training: TrainingPart
    augmentation: Augmentation
    text: TextPart
    simulation: SimulationPart = field(default_factory=SimulationPart)
    tasks: TasksPart = field(default_factory=TasksPart)

    @property
    def min_leads(self) -> dict[str, float]:
        """The number of leads below which no finding is given, of each statement."""
        return {code: float(statement(code).min_leads) for code in NETWORK_CODES}

    def plain(self) -> dict[str, Any]:
        """Return the parts that decide the weights, as JSON can hold them."""
        parts = {
            "seed": self.seed,
            "data": asdict(self.data),
            "training": asdict(self.training),
            "augmentation": asdict(self.augmentation),
        }
        if self.simulation.share:
            parts["simulation"] = self.simulation.plain()
        if self.tasks.single_batch:
            parts["tasks"] = asdict(self.tasks)
        return parts


_PARTS: dict[str, type[Any]] = {
    "model": ModelPart,
    "input": InputContract,
    "data": DataPart,
    "training": TrainingPart,
    "augmentation": Augmentation,
    "text": TextPart,
    "simulation": SimulationPart,
    "tasks": TasksPart,
}


def read_recipe(path: Path) -> Recipe:
    """Read a recipe.

    Raises
    ------
    InvalidArgumentError
        If the file is missing or no TOML, an entry is missing, unknown or of the wrong type, or
        a value is out of range.
    """
    raw = read_toml(path)
    top = {"name", "version", "seed", *_PARTS}
    for key in raw:
        one_of("an entry of the recipe", key, top)
    missing = sorted(top - {"input", "augmentation", "simulation", "tasks"} - raw.keys())
    if missing:
        raise InvalidArgumentError(f"The recipe has no entry {missing[0]!r}.")
    parts = {name: _part(name, cls, raw.get(name, {})) for name, cls in _PARTS.items()}
    identity = (str(raw["name"]), str(raw["version"]), int(raw["seed"]))
    recipe = Recipe(*identity, **parts)
    _check(recipe)
    return recipe


def _part(section: str, cls: type[_Part], raw: Any) -> _Part:
    if not isinstance(raw, dict):
        raise InvalidArgumentError(f"[{section}] of the recipe must be a table.")
    known = {f.name: f for f in fields(cls)}  # type: ignore[arg-type]
    for key in raw:
        one_of(f"an entry of [{section}]", key, known)
    for name, part in known.items():
        if name not in raw and part.default is MISSING and part.default_factory is MISSING:
            raise InvalidArgumentError(f"[{section}] of the recipe has no entry {name!r}.")
    values = {}
    for key, value in raw.items():
        values[key] = _typed(f"{section}.{key}", str(known[key].type), value)
    return cls(**values)


_ITEMS: dict[str, tuple[Any, str]] = {
    "str": (str, "texts"),
    "int": (int, "whole numbers"),
    "float": ((int, float), "numbers"),
}


def _typed(name: str, wanted: str, value: Any) -> Any:
    """Return a value as the dataclass wants it; TOML knows integers, floats, strings, lists."""
    if "tuple" in wanted:
        kind, words = _ITEMS[next(word for word in _ITEMS if word in wanted)]
        if not isinstance(value, list) or not all(isinstance(v, kind) for v in value):
            raise InvalidArgumentError(f"{name} must be a list of {words}.")
        return tuple(value)
    if "float" in wanted and isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    kinds = {"int": int, "str": str, "bool": bool}
    for word, kind in kinds.items():
        if f"'{word}'" in wanted and type(value) is not kind:
            raise InvalidArgumentError(f"{name} is {value!r}; it must be of type {word}.")
    if "float" in wanted:
        raise InvalidArgumentError(f"{name} is {value!r}; it must be a number.")
    return value


def _check(recipe: Recipe) -> None:
    one_of("model.architecture", recipe.model.architecture, ARCHITECTURES)
    for name in recipe.data.datasets:
        one_of("data.datasets", name, DATASETS)
    learnable = [split for split in SPLITS if split != "test"]
    for split in (*recipe.data.learn, *recipe.data.cross_validate):
        one_of("data.learn and data.cross_validate", split, learnable)
    if not recipe.data.datasets or not recipe.data.learn or not recipe.data.cross_validate:
        raise InvalidArgumentError("[data] of the recipe names nothing to learn from.")
    in_range("data.folds", recipe.data.folds, 2, 20)
    in_range("training.epochs", recipe.training.epochs, 1, 10_000)
    in_range("training.batch_size", recipe.training.batch_size, 2, 4096)
    in_range("training.learning_rate", recipe.training.learning_rate, 1e-7, 1)
    in_range("training.weight_decay", recipe.training.weight_decay, 0, 1)
    in_range("training.warm_up", recipe.training.warm_up, 0.01, 0.9)
    in_range("training.averaging", recipe.training.averaging, 0, 0.9999)
    crop = recipe.augmentation
    in_range("augmentation.crop_s", crop.crop_s, recipe.input.min_s, recipe.input.whole_s, "s")
    in_range("augmentation.min_crop_s", crop.min_crop_s, 1, crop.crop_s, "s")
    check_simulation(recipe.simulation)
