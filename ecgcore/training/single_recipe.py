"""Recipe of the single-lead student (``task = "single-lead"``)."""

import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ecgcore.checks import in_range, one_of
from ecgcore.datasets import DATASETS
from ecgcore.datasets.entry import SPLITS
from ecgcore.errors import InvalidArgumentError
from ecgcore.inference.card import InputContract
from ecgcore.labels import STATEMENT_CODES
from ecgcore.training.simulated import SimulationPart, check_simulation
from ecgcore.training.strips import Disturbing
from ecgcore.training.transfer_losses import ContrastSettings, check_contrast

TASK = "single-lead"
# Which losses a student learns by.
LOSSES = ("bce", "mkd", "mkd+clt")


@dataclass(frozen=True)
class SingleData:
    """What is learned from.

    Attributes
    ----------
    datasets, single_lead : tuple of str
        Twelve-lead sets, whose every lead is a student's record with a teacher; sets of one lead.
    learn, cross_validate : tuple of str
    folds : int
    """

    datasets: tuple[str, ...]
    single_lead: tuple[str, ...]
    learn: tuple[str, ...] = ("train",)
    cross_validate: tuple[str, ...] = ("train", "val")
    folds: int = 3


@dataclass(frozen=True)
class Steps:
    """How a network is trained: AdamW, one cycle, averaged weights.

    Attributes
    ----------
    steps : int
    learning_rate, weight_decay, warm_up, averaging : float
        As in :class:`ecgcore.training.recipe.TrainingPart`.
    twelve, cpsc, cinc, beats, simulated : int
        Records of each kind in a batch.
    short_share, long_share : float
        Share of batches of 5 to 10 s, and of 10 to 30 s (single-lead sets alone); others 10 s.
    """

    steps: int
    learning_rate: float = 2e-3
    weight_decay: float = 0.05
    warm_up: float = 0.2
    averaging: float = 0.99
    twelve: int = 64
    cpsc: int = 0
    cinc: int = 0
    beats: int = 0
    simulated: int = 0
    short_share: float = 0.3
    long_share: float = 0.0


@dataclass(frozen=True)
class Weights:
    """Of the losses; each is a mean over what its records can tell.

    Attributes
    ----------
    twelve, cpsc, cinc, beats_statements, simulated : float
        Of the statements' cross-entropy on each kind of record.
    superclass, handheld, beats, waves : float
        Of the other outputs.
    alpha, beta : float
        Of MKD and CLT, where a teacher is.
    temperature : float
    """

    twelve: float = 1.0
    cpsc: float = 1.0
    cinc: float = 0.5
    beats_statements: float = 0.3
    simulated: float = 0.3
    superclass: float = 0.15
    handheld: float = 0.3
    beats: float = 0.15
    waves: float = 0.05
    alpha: float = 0.25
    beta: float = 0.02
    temperature: float = 2.0


@dataclass(frozen=True)
class SingleRecipe:
    """Everything that decides the teachers, the students and the model folder.

    Attributes
    ----------
    seeds : tuple of int
        Of the students on all that is learned from; the folder holds one.
    losses : tuple of str
        Which students are made with each seed, of ``LOSSES``; the last one is released.
    teacher_arguments, student_arguments : mapping
        Of :class:`ecgcore.models.LeadAttentionNet`.
    """

    name: str
    version: str
    seed: int
    seeds: tuple[int, ...]
    losses: tuple[str, ...]
    data: SingleData
    teacher_arguments: Mapping[str, Any]
    student_arguments: Mapping[str, Any]
    teacher: Steps
    student: Steps
    weights: Weights
    intended_use: str
    limits: tuple[str, ...]
    min_leads: float = 1.0
    input: InputContract = field(default_factory=InputContract)
    simulation: SimulationPart = field(default_factory=SimulationPart)
    disturbing: Disturbing = field(default_factory=Disturbing)
    contrast: ContrastSettings = field(default_factory=ContrastSettings)

    def plain(self) -> dict[str, Any]:
        """Return what decides the weights, as JSON can hold it."""
        return {
            "data": asdict(self.data),
            "teacher": {"arguments": dict(self.teacher_arguments), **asdict(self.teacher)},
            "student": {"arguments": dict(self.student_arguments), **asdict(self.student)},
            "weights": asdict(self.weights),
            "simulation": self.simulation.plain(),
            "disturbing": asdict(self.disturbing),
            "contrast": asdict(self.contrast),
        }


_PARTS: dict[str, type[Any]] = {
    "data": SingleData,
    "teacher": Steps,
    "student": Steps,
    "weights": Weights,
    "input": InputContract,
    "simulation": SimulationPart,
    "disturbing": Disturbing,
    "contrast": ContrastSettings,
}
_TOP = (
    "task", "name", "version", "seed", "seeds", "losses", "teacher_arguments",
    "student_arguments", "text", *_PARTS,
)  # fmt: skip


def is_single_recipe(path: Path) -> bool:
    """Return whether a recipe file says that it makes a single-lead student."""
    try:
        return tomllib.loads(Path(path).read_text(encoding="utf-8")).get("task") == TASK
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return False


def read_single_recipe(path: Path) -> SingleRecipe:
    """Read a recipe.

    Raises
    ------
    InvalidArgumentError
        If the file is missing or no TOML, or an entry is missing, unknown or out of range.
    """
    try:
        raw = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InvalidArgumentError(f"The recipe {path} cannot be read: {error}.") from None
    for key in raw:
        one_of("an entry of the recipe", key, _TOP)
    try:
        recipe = _recipe(raw)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise InvalidArgumentError(f"The recipe {path} does not fit: {error}.") from None
    _check(recipe)
    return recipe


def _recipe(raw: Mapping[str, Any]) -> SingleRecipe:
    parts: dict[str, Any] = {}
    for name, cls in _PARTS.items():
        given = {
            key: tuple(value) if isinstance(value, list) else value
            for key, value in raw.get(name, {}).items()
        }
        parts[name] = cls(**given)
    return SingleRecipe(
        name=str(raw["name"]),
        version=str(raw["version"]),
        seed=int(raw["seed"]),
        seeds=tuple(int(seed) for seed in raw["seeds"]),
        losses=tuple(raw["losses"]),
        teacher_arguments=dict(raw["teacher_arguments"]),
        student_arguments=dict(raw["student_arguments"]),
        intended_use=str(raw["text"]["intended_use"]),
        limits=tuple(str(line) for line in raw["text"]["limits"]),
        **parts,
    )


def _check(recipe: SingleRecipe) -> None:
    data = recipe.data
    for name in (*data.datasets, *data.single_lead):
        one_of("data sets", name, DATASETS)
    learnable = [split for split in SPLITS if split != "test"]
    for split in (*data.learn, *data.cross_validate):
        one_of("data.learn and data.cross_validate", split, learnable)
    if not data.datasets or not recipe.seeds or not recipe.losses:
        raise InvalidArgumentError("The recipe must name data sets, a seed and a loss.")
    for name in recipe.losses:
        one_of("losses", name, LOSSES)
    in_range("data.folds", data.folds, 2, 20)
    for arguments in (recipe.teacher_arguments, recipe.student_arguments):
        if arguments.get("n_labels") != len(STATEMENT_CODES):
            raise InvalidArgumentError(f"n_labels must be {len(STATEMENT_CODES)}.")
    for name, part in (("teacher", recipe.teacher), ("student", recipe.student)):
        in_range(f"{name}.steps", part.steps, 2, 1_000_000)
        in_range(f"{name}.learning_rate", part.learning_rate, 1e-7, 1)
        in_range(f"{name}.averaging", part.averaging, 0, 0.9999)
        in_range(f"{name}.twelve", part.twelve, 2, 4096)
        in_range(f"{name}.short_share + long_share", part.short_share + part.long_share, 0, 1)
    in_range("weights.temperature", recipe.weights.temperature, 0.1, 100)
    check_simulation(recipe.simulation)
    check_contrast(recipe.contrast)
