"""Recipes of classifiers: one table of statements, or statements with further tasks."""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Any

from torch import Tensor

from ecgcore.checks import Within, check_option, check_range
from ecgcore.datasets.simulated import SimulationPart
from ecgcore.errors import InvalidArgumentError
from ecgcore.inference.card import InputContract
from ecgcore.models import ARCHITECTURES
from ecgcore.statements import CORE_CODES, NETWORK_CODES, statement
from ecgcore.training.batches import Augmentation, Draws, TasksPart
from ecgcore.training.recipe import (
    BatchSize,
    Datasets,
    Epochs,
    ModelPart,
    Rate,
    Share,
    Splits,
    TextPart,
    read_recipe,
)
from ecgcore.training.trainer import Dice

# One network for nine statements, and one for twenty with beats, waves and intervals.
STATEMENTS, DIAGNOSTIC = "statements", "diagnostic"


@dataclass(frozen=True)
class DataPart:
    """Which data sets, and which of their splits are learned from.

    Attributes
    ----------
    datasets, learn, cross_validate : tuple of str
    folds : int
        Patient-wise folds for the out-of-fold predictions.
    """

    datasets: Datasets
    learn: Splits
    cross_validate: Splits
    folds: Annotated[int, Within(2, 20)]

    def check(self) -> None:
        """Raise where there is nothing to learn from."""
        if not self.datasets or not self.learn or not self.cross_validate:
            raise InvalidArgumentError(
                "[data] of the recipe names no data set or split to learn from."
            )


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

    epochs: Epochs
    batch_size: BatchSize
    learning_rate: Rate
    weight_decay: Share
    warm_up: Annotated[float, Within(0.01, 0.9)]
    averaging: Annotated[float, Within(0, 0.9999)]


@dataclass(frozen=True)
class Recipe:
    """Everything that decides how a classifier is made."""

    name: str
    version: str
    seed: int
    model: ModelPart
    data: DataPart
    training: TrainingPart
    text: TextPart
    task: str = STATEMENTS
    input: InputContract = field(default_factory=InputContract)
    augmentation: Augmentation = field(default_factory=Augmentation)
    simulation: SimulationPart = field(default_factory=SimulationPart)
    tasks: TasksPart = field(default_factory=TasksPart)

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

    def draws(self, seed: int, noise: Tensor) -> Draws:
        """Return the random choices of a training at the beginning of a seed, by the noise."""
        return Draws(
            **vars(Dice.seeded(seed, noise.device)),
            augmentation=self.augmentation,
            tasks=self.tasks,
            fs_hz=self.input.fs_hz,
            noise=noise,
        )

    @property
    def codes(self) -> tuple[str, ...]:
        """The statements: the nine, or all."""
        return NETWORK_CODES if self.task == DIAGNOSTIC else CORE_CODES

    @property
    def min_leads(self) -> dict[str, float]:
        """The number of leads below which no finding is given, of each statement."""
        return {code: float(statement(code).min_leads) for code in self.codes}

    def check(self) -> None:
        """Raise where parts do not fit one another."""
        check_option("task", self.task, (STATEMENTS, DIAGNOSTIC))
        check_option("model.architecture", self.model.architecture, ARCHITECTURES)
        n_labels = self.model.arguments.get("n_labels", len(self.codes))
        if n_labels != len(self.codes):
            raise InvalidArgumentError(f"model.arguments.n_labels must be {len(self.codes)}.")
        crop = self.augmentation
        check_range("augmentation.crop_s", crop.crop_s, self.input.min_s, self.input.whole_s, "s")
        check_range("augmentation.min_crop_s", crop.min_crop_s, 1, crop.crop_s, "s")


def read_classifier_recipe(path: Path) -> Recipe:
    """Read a classifier's recipe; errors as :func:`ecgcore.training.recipe.read_recipe`."""
    return read_recipe(path, Recipe)
