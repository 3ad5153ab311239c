"""Recipes of the published teacher and student (``task = "transfer"``)."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ecgcore.checks import in_range, one_of
from ecgcore.datasets import DATASETS
from ecgcore.errors import InvalidArgumentError
from ecgcore.leads import CHEST_6, LIMB_6, STANDARD_12
from ecgcore.models.xresnet1d import DEPTHS
from ecgcore.training.recipe_file import fitting, read_toml, says
from ecgcore.training.transfer_losses import ContrastSettings, check_contrast

TASK = "transfer"
PTBXL, CPSC2018, SPLITS = "ptbxl", "cpsc_2018", "splits"
SCALINGS = ("dataset", "lead", "none")
WARM_UPS = ("published", "linear")
# Losses of a student, and what else a variant has.
BCE, MKD, CLT, BOTH, VIEWS, START = "bce", "mkd", "clt", "both", "views", "start"
VARIANTS = (BCE, MKD, CLT, BOTH, VIEWS, START)
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

    source: str
    folder: str = ""
    task: str = ""
    datasets: tuple[str, ...] = ()
    seconds: float = 10.0
    fs_hz: float = 100.0
    high_pass_hz: float = 0.0
    low_pass_hz: float = 0.0
    wavelet: bool = False
    scaling: str = "dataset"
    test_fold: int = 10


@dataclass(frozen=True)
class Schedule:
    """How a network is trained; the defaults are the published teacher's, the warm-up mended.

    Attributes
    ----------
    epochs, batch_size : int
    learning_rate, weight_decay : float
        Of Adam.
    warm_up : str
        ``"linear"``: up to the learning rate; ``"published"``: ``warm_up_step`` times the number
        of the epoch, which ends at 15 times the learning rate and then drops.
    warm_up_epochs : int
    warm_up_step : float
    drops : tuple of int
        Epochs from which the rate is a tenth of what it was.
    balanced : bool
        Whether records are drawn evenly over their first label.
    """

    epochs: int = 100
    batch_size: int = 32
    learning_rate: float = 1e-3
    weight_decay: float = 1e-4
    warm_up: str = "linear"
    warm_up_epochs: int = 15
    warm_up_step: float = 1e-3
    drops: tuple[int, ...] = (40, 70)
    balanced: bool = False

    def rate(self, epoch: int) -> float:
        """Return the learning rate of an epoch, counted from 0."""
        if epoch < self.warm_up_epochs:
            if self.warm_up == "published":
                return self.warm_up_step * (epoch + 1)
            return self.learning_rate * (epoch + 1) / self.warm_up_epochs
        return float(self.learning_rate * 0.1 ** sum(epoch >= at for at in self.drops))


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

    alpha: float = 1.0
    beta: float = 0.8
    temperature: float = 1.0
    contrast: ContrastSettings = field(default_factory=ContrastSettings)
    start_epochs: int = 10


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
    leads: tuple[str, ...]
    variants: tuple[str, ...]
    data: TransferData
    network: Mapping[str, Any]
    teacher: Schedule
    student: Schedule
    transfer: Transfer
    more: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

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


_TOP = (
    "task", "name", "seeds", "leads", "variants", "data", "network", "teacher", "student",
    "transfer", "contrast", "more", "notes",
)  # fmt: skip


def is_transfer_recipe(path: Path) -> bool:
    """Return whether a recipe file says that it makes a teacher and students."""
    return says(path, "task", TASK)


def read_transfer_recipe(path: Path) -> TransferRecipe:
    """Read a recipe.

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


def _tuples(raw: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in raw.items()}


def _recipe(raw: Mapping[str, Any]) -> TransferRecipe:
    return TransferRecipe(
        name=str(raw["name"]),
        seeds=tuple(int(seed) for seed in raw["seeds"]),
        leads=tuple(raw["leads"]),
        variants=tuple(raw["variants"]),
        data=TransferData(**_tuples(raw["data"])),
        network=dict(raw["network"]),
        teacher=Schedule(**_tuples(raw.get("teacher", {}))),
        student=Schedule(**_tuples(raw.get("student", {}))),
        transfer=Transfer(
            **raw.get("transfer", {}), contrast=ContrastSettings(**raw.get("contrast", {}))
        ),
        more={lead: tuple(names) for lead, names in raw.get("more", {}).items()},
        notes=tuple(str(note) for note in raw.get("notes", ())),
    )


def _check(recipe: TransferRecipe) -> None:
    _check_data(recipe.data)
    for lead in (*recipe.leads, *recipe.more):
        one_of("leads", lead, STANDARD_12)
    for name in (*recipe.variants, *(v for names in recipe.more.values() for v in names)):
        one_of("variants", name, VARIANTS)
    if not recipe.seeds or not recipe.leads or not recipe.variants:
        raise InvalidArgumentError("The recipe must name a seed, a lead and a variant.")
    for key in recipe.network:
        one_of("an entry of [network]", key, ("depth", "width", "zero_last"))
    if recipe.network.get("depth", 101) not in DEPTHS:
        raise InvalidArgumentError(
            f"network.depth is {recipe.network['depth']!r}; possible values are "
            f"{', '.join(map(str, DEPTHS))}."
        )
    for name, part in (("teacher", recipe.teacher), ("student", recipe.student)):
        _check_schedule(name, part)
    weights = recipe.transfer
    in_range("transfer.alpha", weights.alpha, 0, 1000)
    in_range("transfer.beta", weights.beta, 0, 1000)
    in_range("transfer.temperature", weights.temperature, 0.1, 100)
    in_range("transfer.start_epochs", weights.start_epochs, 1, 10_000)
    check_contrast(weights.contrast)


def _check_data(data: TransferData) -> None:
    one_of("data.source", data.source, (PTBXL, CPSC2018, SPLITS))
    one_of("data.scaling", data.scaling, SCALINGS)
    for name in data.datasets:
        one_of("data.datasets", name, DATASETS)
    if (data.source == SPLITS) != bool(data.datasets) or (data.source == SPLITS) == bool(data.task):
        raise InvalidArgumentError(
            "[data] names data sets where the fixed splits are used, and a task of a set in full."
        )
    in_range("data.seconds", data.seconds, 1, 120, "s")
    in_range("data.fs_hz", data.fs_hz, 50, 1000, "Hz")
    in_range("data.test_fold", data.test_fold, 1, 10)


def _check_schedule(name: str, part: Schedule) -> None:
    one_of(f"{name}.warm_up", part.warm_up, WARM_UPS)
    for entry in ("epochs", "batch_size", "warm_up_epochs"):
        if type(getattr(part, entry)) is not int:
            raise InvalidArgumentError(f"{name}.{entry} must be a whole number.")
    in_range(f"{name}.epochs", part.epochs, 1, 10_000)
    in_range(f"{name}.batch_size", part.batch_size, 2, 4096)
    in_range(f"{name}.learning_rate", part.learning_rate, 1e-7, 1)
    in_range(f"{name}.warm_up_step", part.warm_up_step, 1e-7, 1)
    in_range(f"{name}.warm_up_epochs", part.warm_up_epochs, 0, part.epochs)
