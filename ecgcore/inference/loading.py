"""Finding and loading model folders: the card first, then weights that match its digest."""

import hashlib
import threading
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import nn

from ecgcore.errors import InvalidArgumentError, ModelError
from ecgcore.inference.card import STATEMENTS, WEIGHTS_FILE, ModelCard, read_card
from ecgcore.inference.distance import DISTANCE, Usual, load_usual
from ecgcore.inference.shelf import DEFAULT_MODEL, model_folder
from ecgcore.models import build

_LOADING = threading.Lock()


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


def load_model(
    name_or_folder: str | Path = DEFAULT_MODEL, *, task: str = STATEMENTS
) -> LoadedModel:
    """Load a model.

    Parameters
    ----------
    name_or_folder : str or Path
        A name from :func:`ecgcore.inference.available_models`, or the path of a model folder.
        A string without a path separator is always a name.
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


@cache
def _shared(folder: Path, task: str) -> LoadedModel:
    return load_model(folder, task=task)


def shared_model(name: str = DEFAULT_MODEL, *, task: str = STATEMENTS) -> LoadedModel:
    """Return a model that everybody in this process shares, loaded once; as :func:`load_model`."""
    # Two threads that ask at once would load it twice.
    with _LOADING:
        return _shared(model_folder(name), task)


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
