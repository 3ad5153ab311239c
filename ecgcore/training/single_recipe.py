"""Recipe of the single-lead student (``task = "single-lead"``)."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from ecgcore.checks import in_range, one_of
from ecgcore.errors import InvalidArgumentError
from ecgcore.inference.card import InputContract
from ecgcore.statements import NETWORK_CODES
from ecgcore.training.recipe import Recipe, TextPart, read_recipe
from ecgcore.training.recipe_file import fitting, read_toml, says
from ecgcore.training.transfer_losses import ContrastSettings, check_contrast

TASK = "single-lead"
# The first part alone; or what a student learns by in its second part: labels alone; a teacher's
# answers too; its features alone; both; its answers also for records that have one lead; and no
# training of its own: the mean weights of some of these, which have the same start.
SOUP = "soup"
LOSSES = ("labels", "bce", "mkd", "clt", "mkd+clt", "mkd+own", SOUP)
VIEW_NAMES = ("12 leads", "limb leads", "chest leads")
# Which records thresholds and calibration come from.
FOLDS, VAL = "folds", "val"


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
    long_share : float
        Share of batches of 10 to 30 s, from the single-lead sets alone.
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
    long_share: float = 0.0


@dataclass(frozen=True)
class Weights:
    """Of the losses; each is a mean over what its records can tell.

    Attributes
    ----------
    twelve, cpsc, cinc, beats, simulated : float
        Of the statements' cross-entropy on each kind of record.
    superclass, handheld, beat_kinds, waves, intervals : float
        Of the other outputs.
    alpha, beta : float
        Of MKD and CLT, where a teacher is.
    temperature : float
    """

    twelve: float = 1.0
    cpsc: float = 1.0
    cinc: float = 0.5
    beats: float = 0.3
    simulated: float = 0.3
    superclass: float = 0.15
    handheld: float = 0.3
    beat_kinds: float = 0.2
    waves: float = 0.05
    intervals: float = 0.1
    alpha: float = 0.25
    beta: float = 0.02
    temperature: float = 2.0


@dataclass(frozen=True)
class SingleRecipe:
    """Everything that decides the students and the model folder.

    Attributes
    ----------
    seeds : tuple of int
        Of the students; the folder holds the one with the highest figure on val.
    losses : tuple of str
        Which students are made with each seed, of ``LOSSES``; the folder holds the loss with the
        highest figure out of fold, or, where no folds are made, on val.
    soup : tuple of str
        Of ``losses``: whose weights the student ``"soup"`` is the mean of.
    base : Recipe
        Of the network of several tasks: its data, folds, augmentation and simulation are used,
        and its networks are the teachers.
    arguments : mapping
        Of :class:`ecgcore.models.LeadAttentionNet`.
    student, second : Steps
        First by labels alone; then, from there, by each of ``losses``.
    views : tuple of str
        From which leads the teacher is asked, of :data:`ecgcore.training.single_fit.VIEWS`; the
        mean probability counts.
    calibrate : str
        ``"folds"``: thresholds and calibration from students that never saw a fold's patients;
        ``"val"``: from the student itself, on val.
    """

    name: str
    version: str
    seed: int
    seeds: tuple[int, ...]
    losses: tuple[str, ...]
    base: Recipe
    arguments: Mapping[str, Any]
    student: Steps
    second: Steps
    views: tuple[str, ...]
    calibrate: str
    weights: Weights
    contrast: ContrastSettings
    text: TextPart
    soup: tuple[str, ...] = ()

    @property
    def input(self) -> InputContract:
        """The input contract of the student."""
        return replace(self.base.input, min_leads_calibrated=1.0, max_leads=1)

    def plain(self) -> dict[str, Any]:
        """Return what decides the weights, as JSON can hold it."""
        return {
            "base": self.base.plain(),
            "seed": self.seed,
            "arguments": dict(self.arguments),
            "student": asdict(self.student),
            "second": asdict(self.second),
            "views": list(self.views),
            "weights": asdict(self.weights),
            "contrast": asdict(self.contrast),
        }


_TOP = (
    "task", "name", "version", "seed", "seeds", "losses", "base", "arguments", "student", "second",
    "views", "calibrate", "weights", "contrast", "text", "soup",
)  # fmt: skip


def is_single_recipe(path: Path) -> bool:
    """Return whether a recipe file says that it makes a single-lead student."""
    return says(path, "task", TASK)


def read_single_recipe(path: Path) -> SingleRecipe:
    """Read a recipe; ``base`` in it is a file beside it.

    Raises
    ------
    InvalidArgumentError
        If a file is missing or no TOML, or an entry is missing, unknown or out of range.
    """
    raw = read_toml(path, _TOP)
    with fitting(path):
        recipe = _recipe(raw, Path(path).parent)
    _check(recipe)
    return recipe


def _recipe(raw: Mapping[str, Any], folder: Path) -> SingleRecipe:
    return SingleRecipe(
        name=str(raw["name"]),
        version=str(raw["version"]),
        seed=int(raw["seed"]),
        seeds=tuple(int(seed) for seed in raw["seeds"]),
        losses=tuple(raw["losses"]),
        base=read_recipe(folder / str(raw["base"])),
        arguments=dict(raw["arguments"]),
        student=Steps(**raw["student"]),
        second=Steps(**raw["second"]),
        views=tuple(raw.get("views", ("12 leads",))),
        calibrate=str(raw["calibrate"]),
        weights=Weights(**raw.get("weights", {})),
        contrast=ContrastSettings(**raw.get("contrast", {})),
        text=TextPart(raw["text"]["intended_use"], tuple(raw["text"]["limits"])),
        soup=tuple(raw.get("soup", ())),
    )


def _check(recipe: SingleRecipe) -> None:
    if not recipe.seeds or not recipe.losses:
        raise InvalidArgumentError("The recipe must name a seed and a loss.")
    for name in recipe.losses:
        one_of("losses", name, LOSSES)
    if (SOUP in recipe.losses) != bool(recipe.soup):
        raise InvalidArgumentError('The loss "soup" and the list "soup" go together.')
    for name in recipe.soup:
        one_of("soup", name, tuple(loss for loss in recipe.losses if loss not in {"labels", SOUP}))
    one_of("calibrate", recipe.calibrate, (FOLDS, VAL))
    if recipe.arguments.get("n_labels") != len(NETWORK_CODES):
        raise InvalidArgumentError(f"n_labels must be {len(NETWORK_CODES)}.")
    for name, part in (("student", recipe.student), ("second", recipe.second)):
        in_range(f"{name}.steps", part.steps, 2, 1_000_000)
        in_range(f"{name}.learning_rate", part.learning_rate, 1e-7, 1)
        in_range(f"{name}.averaging", part.averaging, 0, 0.9999)
        in_range(f"{name}.twelve", part.twelve, 2, 4096)
        in_range(f"{name}.long_share", part.long_share, 0, 1)
    for name in recipe.views:
        one_of("views", name, VIEW_NAMES)
    in_range("weights.temperature", recipe.weights.temperature, 0.1, 100)
    check_contrast(recipe.contrast)
