"""Recipe of the single-lead student (``task = "single-lead"``)."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any

from ecgcore.checks import Among, Within, check_option
from ecgcore.errors import InvalidArgumentError
from ecgcore.inference.card import InputContract
from ecgcore.statements import NETWORK_CODES
from ecgcore.training.diagnostic.recipe import Recipe
from ecgcore.training.recipe import BatchSize, Rate, Share, TextPart, build_part, read_toml
from ecgcore.training.transfer_losses import ContrastSettings

TASK = "single-lead"
# The first part alone; or what a student learns by in its second part: labels alone; a teacher's
# answers too; its features alone; both; its answers also for records that have one lead; and no
# training of its own: the mean weights of some of these, which have the same start.
SOUP = "soup"
LOSSES = ("labels", "bce", "mkd", "clt", "mkd+clt", "mkd+own", SOUP)


@dataclass(frozen=True)
class Steps:
    """How a network is trained: AdamW, one cycle, averaged weights.

    Attributes
    ----------
    steps : int
    learning_rate, weight_decay, warm_up, averaging : float
        As in :class:`ecgcore.training.diagnostic.recipe.TrainingPart`.
    twelve, cpsc, cinc, beats, simulated : int
        Records of each kind in a batch.
    long_share : float
        Share of batches of 10 to 30 s, from the single-lead sets alone.
    """

    steps: Annotated[int, Within(2, 1_000_000)]
    learning_rate: Rate = 2e-3
    weight_decay: Share = 0.05
    warm_up: float = 0.2
    averaging: Annotated[float, Within(0, 0.9999)] = 0.99
    twelve: BatchSize = 64
    cpsc: int = 0
    cinc: int = 0
    beats: int = 0
    simulated: int = 0
    long_share: Share = 0.0


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
    temperature: Annotated[float, Within(0.1, 100)] = 2.0


@dataclass(frozen=True)
class SingleRecipe:
    """Everything that decides the students and the model folder.

    Attributes
    ----------
    seeds : tuple of int
        Of the students; the folder holds the one with the highest figure on val.
    losses : tuple of str
        Which students are made with each seed, of ``LOSSES``; the folder holds the loss with the
        highest figure out of fold.
    soup : tuple of str
        Of ``losses``: whose weights the student ``"soup"`` is the mean of.
    base : Recipe
        Of the network of several tasks: its data, folds, augmentation and simulation are used,
        and its networks are the teachers.
    arguments : mapping
        Of :class:`ecgcore.models.LeadAttentionNet`.
    student, second : Steps
        First by labels alone; then, from there, by each of ``losses``.
    """

    name: str
    version: str
    seed: int
    seeds: tuple[int, ...]
    losses: Annotated[tuple[str, ...], Among(LOSSES)]
    base: Recipe
    arguments: Mapping[str, Any]
    student: Steps
    second: Steps
    text: TextPart
    task: Annotated[str, Among((TASK,))] = TASK
    weights: Weights = field(default_factory=Weights)
    contrast: ContrastSettings = field(default_factory=ContrastSettings)
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
            "weights": asdict(self.weights),
            "contrast": asdict(self.contrast),
        }

    def check(self) -> None:
        """Raise where parts do not fit one another."""
        if not self.seeds or not self.losses:
            raise InvalidArgumentError("The recipe needs at least one seed and one loss.")
        if (SOUP in self.losses) != bool(self.soup):
            raise InvalidArgumentError('The loss "soup" and the list "soup" go together.')
        parts = tuple(loss for loss in self.losses if loss not in {"labels", SOUP})
        for name in self.soup:
            check_option("soup", name, parts)
        if self.arguments.get("n_labels") != len(NETWORK_CODES):
            raise InvalidArgumentError(f"n_labels must be {len(NETWORK_CODES)}.")


def read_single_recipe(path: Path) -> SingleRecipe:
    """Read a recipe; ``base`` in it is a file beside it.

    Raises
    ------
    InvalidArgumentError
        If a file is missing or no TOML, or an entry is missing, unknown or out of range.
    """
    raw = read_toml(path)
    if isinstance(raw.get("base"), str):
        raw["base"] = read_toml(Path(path).parent / raw["base"])
    return build_part("", SingleRecipe, raw)
