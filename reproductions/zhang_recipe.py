"""Recipes of Zhang et al.: a network or four feature models."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Annotated, Any

from ecgcore.checks import Among, Within
from ecgcore.errors import InvalidArgumentError
from ecgcore.training.recipe import Datasets, Seeds
from reproductions.zhang_train import RESNET34, ResNet34Training

TASK = "zhang"
CPSC2018, SPLITS = "cpsc2018", "splits"
FEATURES = "features"
FEATURE_MODELS = ("logistic_regression", "random_forest", "lightgbm", "mlp")


@dataclass(frozen=True)
class ZhangData:
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

    source: Annotated[str, Among((CPSC2018, SPLITS))]
    folder: str = ""
    datasets: Datasets = ()
    folds: Annotated[tuple[int, ...], Within(0, 9)] = tuple(range(10))


@dataclass(frozen=True)
class ZhangRecipe:
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
    seeds: Seeds
    kind: Annotated[str, Among((RESNET34, FEATURES))]
    data: ZhangData
    training: ResNet34Training = field(default_factory=ResNet34Training)
    models: Annotated[tuple[str, ...], Among(FEATURE_MODELS)] = FEATURE_MODELS
    arguments: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    task: Annotated[str, Among((TASK,))] = TASK

    def plain(self) -> dict[str, Any]:
        """Return what decides a run apart from its seed, its fold and its length."""
        training = asdict(self.training)
        del training["epochs"]
        data = {"source": self.data.source, "datasets": list(self.data.datasets)}
        network = {"arguments": dict(self.arguments), "training": training}
        return {"kind": self.kind, "data": data} | (network if self.kind == RESNET34 else {})

    def check(self) -> None:
        """Raise where parts do not fit one another."""
        if not self.seeds or (self.data.source == SPLITS) != bool(self.data.datasets):
            raise InvalidArgumentError(
                "The recipe must name a seed, and data sets exactly where the fixed splits are "
                "used."
            )
