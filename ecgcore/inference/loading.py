"""Finding and loading model folders: the card first, then weights that match its digest."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import nn

from ecgcore.errors import InvalidArgumentError, ModelError
from ecgcore.inference.card import CARD_FILE, STATEMENTS, WEIGHTS_FILE, ModelCard, read_card
from ecgcore.inference.distance import DISTANCE, Usual, load_usual
from ecgcore.models import build

PROJECT_ROOT = Path(__file__).resolve().parents[2]
DEFAULT_MODEL = "diagnostic-1"
_NO_MODELS = (
    "there are none: set ECG_WEIGHTS to the folder of models (weights in the project's repository)."
)


@dataclass(frozen=True, eq=False)
class LoadedModel:
    """A network in evaluation mode with its card.

    Threads share it: whoever sets hooks sets them on a copy of its own
    (:func:`ecgcore.models.own_copy`).  On a network that two threads use at once they give silently
    wrong maps.

    Attributes
    ----------
    card : ModelCard
    network : nn.Module
        Its parameters take no gradients.
    distance : Usual or None
        How strange a recording may be to it.
    folder : Path or None
        Where it was loaded from.
    """

    card: ModelCard
    network: nn.Module
    distance: Usual | None = None
    folder: Path | None = None

    @property
    def name(self) -> str:
        """Name and version."""
        return self.card.full_name

    @property
    def device(self) -> torch.device:
        """Where the weights lie."""
        return next(self.network.parameters()).device


def weights_root() -> Path:
    """Return the folder of model folders.

    ``ECG_WEIGHTS``, or ``weights`` in the package where it is installed, or in the project.
    """
    named = os.environ.get("ECG_WEIGHTS")
    if named:
        return Path(named)
    installed = Path(__file__).resolve().parents[1] / "weights"
    return installed if installed.is_dir() else PROJECT_ROOT / "weights"


def available_models(task: str = STATEMENTS) -> list[str]:
    """Return the names of the model folders for this task, sorted.

    A folder whose card cannot be read is named with the statements: loading it says why.
    """
    root = weights_root()
    if not root.is_dir():
        return []
    folders = [path.parent for path in root.glob(f"*/{CARD_FILE}")]
    return sorted(folder.name for folder in folders if _task_of(folder) == task)


def _task_of(folder: Path) -> str:
    try:
        return read_card(folder).task
    except ModelError:
        return STATEMENTS


def load_model(
    name_or_folder: str | Path = DEFAULT_MODEL, *, task: str = STATEMENTS
) -> LoadedModel:
    """Load a model.

    Parameters
    ----------
    name_or_folder : str or Path
        A name from :func:`available_models`, or the path of a model folder.  A string without
        a path separator is always a name.
    task : str
        What it is needed for: one of :data:`ecgcore.inference.card.TASKS`.

    Returns
    -------
    LoadedModel
        On the GPU if there is one.

    Raises
    ------
    ModelError
        If there is no such model, no card, it is made for another task, or the weights (or the
        file of distances) are missing, altered (their SHA-256 is not the card's) or do not fit
        the architecture exactly.

    Examples
    --------
    >>> model = load_model("diagnostic-1")
    >>> model.name, len(model.card.labels)
    ('diagnostic-1', 20)
    """
    folder = model_folder(name_or_folder)
    card = read_card(folder)
    if card.task != task:
        raise ModelError(f"{folder.name} is a model of {card.task}; one of {task} is needed.")
    network = _filled_network(folder, card)
    network.requires_grad_(False)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    score = str(card.abstention.get("score", DISTANCE))
    usual = load_usual(folder, card.distance_sha256, score)
    return LoadedModel(card, network.to(device).eval(), usual, folder)


def model_folder(name_or_folder: str | Path) -> Path:
    """Return the folder of a model that is named as for :func:`load_model`.

    Raises
    ------
    ModelError
        If there is none.
    """
    if isinstance(name_or_folder, str) and Path(name_or_folder).name == name_or_folder:
        folder = weights_root() / name_or_folder
        # Without a separator only ".." could lead out of the folder of models.
        if name_or_folder in ("", ".", "..") or not folder.is_dir():
            possible = ", ".join(available_models())
            raise ModelError(
                f"There is no model {name_or_folder!r}; "
                + (f"there are: {possible}." if possible else _NO_MODELS)
            )
        return folder
    folder = Path(name_or_folder)
    if not folder.is_dir():
        raise ModelError(f"There is no model folder {str(folder)!r}.")
    return folder


def _filled_network(folder: Path, card: ModelCard) -> nn.Module:
    try:
        content = (folder / WEIGHTS_FILE).read_bytes()
    except OSError:
        raise ModelError(f"{folder.name}: the file {WEIGHTS_FILE} is missing.") from None
    # The bytes that were checked are the bytes that are used.
    if hashlib.sha256(content).hexdigest() != card.weights_sha256:
        raise ModelError(
            f"{folder.name}: {WEIGHTS_FILE} is not the file that the card describes "
            "(its SHA-256 differs); restore the original."
        )
    try:
        tensors = safetensors.torch.load(content)
    except (SafetensorError, ValueError) as error:
        raise ModelError(f"{folder.name}: {WEIGHTS_FILE} cannot be read: {error}.") from None
    try:
        network = build(card.architecture, card.arguments)
        network.load_state_dict(tensors, strict=True)
    except InvalidArgumentError as error:
        raise ModelError(f"{folder.name}: {error}") from None
    except RuntimeError as error:
        detail = " ".join(str(error).split())[:200]
        raise ModelError(
            f"{folder.name}: the weights do not fit the architecture {card.architecture}: {detail}"
        ) from None
    outputs = getattr(network, "n_labels", len(card.labels))
    if outputs != len(card.labels):
        raise ModelError(
            f"{folder.name}: the card names {len(card.labels)} labels, the network has {outputs}."
        )
    return network
