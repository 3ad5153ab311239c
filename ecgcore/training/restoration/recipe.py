"""Recipe of the restoration network and of the norms of its score."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from ecgcore.checks import Among, Within
from ecgcore.evaluation.norms import Weights
from ecgcore.training.recipe import BatchSize, Datasets, Rate, Share, TextPart

TASK = "restoration"
TWELVE = ("ptbxl", "ptbxl_extra", "challenge2021", "ludb", "brugada")
SINGLE = ("cpsc2018_lead1", "cinc2017")


@dataclass(frozen=True)
class NormalsData:
    """Which normals are learned from.

    Attributes
    ----------
    twelve, single : tuple of str
        Data sets of the fixed splits.
    simulated : int
        Simulated normals beside them.
    scored_twelve, scored_single : int
        Normals that the norms are measured on, at most, of each set and split.
    """

    twelve: Datasets = TWELVE
    single: Datasets = SINGLE
    simulated: Annotated[int, Within(0, 100_000)] = 625
    scored_twelve: int = 150
    scored_single: int = 90


@dataclass(frozen=True)
class RestorationTraining:
    """How the network is trained.

    Attributes
    ----------
    steps, batch_size : int
        Of 12 leads; a batch of one or two leads holds four times as many records.
    single_every : int
        One batch of one or two leads after so many of twelve.
    lengths : tuple of int
        Samples of a batch, one of them drawn each step.
    learning_rate, weight_decay, warm_up, averaging : float
    seen_weight, unusual_weight, record_weight, attribute_weight : float
        Of the losses beside the one of hidden samples.
    """

    steps: Annotated[int, Within(1, 1_000_000)] = 8000
    batch_size: BatchSize = 32
    single_every: int = 2
    lengths: tuple[int, ...] = (1000, 1000, 768, 512)
    learning_rate: Rate = 2e-3
    weight_decay: Share = 0.05
    warm_up: float = 0.1
    averaging: Share = 0.998
    seen_weight: float = 0.2
    unusual_weight: float = 1.0
    record_weight: float = 0.2
    attribute_weight: float = 0.1


@dataclass(frozen=True)
class RestorationRecipe:
    """Everything that decides how the network and its norms are made.

    Attributes
    ----------
    arguments : mapping
        Of :class:`~ecgcore.models.restoration.RestorationNet`.
    weights : Weights
        Of the parts of map and score; chosen on train and val.
    """

    name: str
    version: str
    seed: int
    arguments: Mapping[str, Any]
    data: NormalsData
    training: RestorationTraining
    weights: Weights
    text: TextPart
    task: Annotated[str, Among((TASK,))] = TASK
