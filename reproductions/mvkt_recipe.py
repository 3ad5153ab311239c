"""Recipes of the published teacher and students (MVKT-ECG)."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Annotated, Any

from ecgcore.checks import Among, Within, check_option
from ecgcore.errors import InvalidArgumentError
from ecgcore.leads import CHEST_6, LIMB_6, STANDARD_12
from ecgcore.models.xresnet1d import DEPTHS
from ecgcore.training.recipe import Datasets, Epochs
from ecgcore.training.transfer_losses import ContrastSettings
from reproductions.mvkt_train import Schedule

TASK = "mvkt"
PTBXL, CPSC2018, SPLITS = "ptbxl", "cpsc_2018", "splits"
SCALINGS = ("dataset", "lead", "none")
# Losses of a student, and what else a variant has.
BCE, MKD, CLT, BOTH, VIEWS, START = "bce", "mkd", "clt", "both", "views", "start"
Variants = Annotated[tuple[str, ...], Among((BCE, MKD, CLT, BOTH, VIEWS, START))]
# What the teachers of the variant ``views`` see, besides all twelve.
VIEW_LEADS: dict[str, tuple[str, ...]] = {"limb": LIMB_6, "chest": CHEST_6}


@dataclass(frozen=True)
class TransferData:
    """What is learned from.

    Attributes
    ----------
    source : str
        ``"ptbxl"``, ``"cpsc_2018"`` (the sets in full) or ``"splits"`` (the project's own).
    folder : str
        Of a set in full; empty: in ``ECG_FULL_DATA``.
    task : str
        Label table of a set in full.
    datasets : tuple of str
        Of the fixed splits.
    seconds : float
        Length of the input: a longer record's middle, a shorter one repeated.
    fs_hz : float
    high_pass_hz, low_pass_hz : float or None
        0 stands for None in a recipe.
    wavelet : bool
        Whether db6 to level 9 takes away drift and noise, as published for CPSC 2018.
    scaling : str
        ``"dataset"``: one mean and standard deviation over all leads of what is learned from;
        ``"lead"``: each lead of each record by itself; ``"none"``.
    test_fold : int
        1 to 10.
    """

    source: Annotated[str, Among((PTBXL, CPSC2018, SPLITS))]
    folder: str = ""
    task: str = ""
    datasets: Datasets = ()
    seconds: Annotated[float, Within(1, 120, "s")] = 10.0
    fs_hz: Annotated[float, Within(50, 1000, "Hz")] = 100.0
    high_pass_hz: float = 0.0
    low_pass_hz: float = 0.0
    wavelet: bool = False
    scaling: Annotated[str, Among(SCALINGS)] = "dataset"
    test_fold: Annotated[int, Within(1, 10)] = 10

    def check(self) -> None:
        """Raise where source, data sets and task do not fit one another."""
        split = self.source == SPLITS
        if split != bool(self.datasets) or split == bool(self.task):
            raise InvalidArgumentError(
                "[data] names data sets where the fixed splits are used, and a task of a set in "
                "full."
            )


@dataclass(frozen=True)
class Transfer:
    """The weights of the losses: L = BCE + alpha MKD + beta CLT.

    Attributes
    ----------
    alpha, beta, temperature : float
    contrast : ContrastSettings
    start_epochs : int
        Of the self-supervised start.
    """

    alpha: Annotated[float, Within(0, 1000)] = 1.0
    beta: Annotated[float, Within(0, 1000)] = 0.8
    temperature: Annotated[float, Within(0.1, 100)] = 1.0
    contrast: ContrastSettings = field(default_factory=ContrastSettings)
    start_epochs: Epochs = 10


@dataclass(frozen=True)
class TransferRecipe:
    """Everything that decides a teacher, its students and their figures.

    Attributes
    ----------
    seeds : tuple of int
        Of the students; the teacher has the first.
    leads : tuple of str
        A student each.
    variants : tuple of str
        Of ``VARIANTS``.
    network : mapping
        Depth, width and ``zero_last`` of :class:`ecgcore.models.XResNet1d`, for both.
    more : mapping of str to tuple of str
        Lead -> variants that are run on it with the first seed alone.
    notes : tuple of str
        Where this recipe departs from the published work; printed with its figures.
    """

    name: str
    seeds: tuple[int, ...]
    leads: Annotated[tuple[str, ...], Among(STANDARD_12)]
    variants: Variants
    data: TransferData
    network: Mapping[str, Any]
    teacher: Schedule = field(default_factory=Schedule)
    student: Schedule = field(default_factory=Schedule)
    transfer: Transfer = field(default_factory=Transfer)
    more: Mapping[str, Variants] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    task: Annotated[str, Among((TASK,))] = TASK

    def plain(self) -> dict[str, Any]:
        """Return what decides the weights, as JSON can hold it."""
        data = {k: v for k, v in asdict(self.data).items() if k != "folder"}
        return {
            "data": data,
            "network": dict(self.network),
            "teacher": asdict(self.teacher),
            "student": asdict(self.student),
            "transfer": asdict(self.transfer),
        }

    def check(self) -> None:
        """Raise where parts do not fit one another."""
        if not self.seeds or not self.leads or not self.variants:
            raise InvalidArgumentError("The recipe must name a seed, a lead and a variant.")
        for lead in self.more:
            check_option("more", lead, STANDARD_12)
        for key in self.network:
            check_option("an entry of [network]", key, ("depth", "width", "zero_last"))
        depth = self.network.get("depth", 101)
        check_option("network.depth", str(depth), [str(possible) for possible in DEPTHS])
