"""Model cards, safe loading, and prediction.

What needs a network's library is imported when it is first asked for: a command that only lists
models, or reads a card, starts without it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ecgcore.inference.card import DataSource, InputContract, LabelRule, ModelCard, read_card
from ecgcore.inference.choice import choices_for, model_for
from ecgcore.inference.shelf import (
    DEFAULT_MODEL,
    SINGLE_LEAD_MODEL,
    available_models,
    model_folder,
    weights_root,
)

if TYPE_CHECKING:
    from ecgcore.inference.findings import predict
    from ecgcore.inference.loading import LoadedModel, load_model, shared_model
    from ecgcore.inference.threads import use_threads

_WHEN_ASKED = {
    "LoadedModel": "loading",
    "load_model": "loading",
    "predict": "findings",
    "shared_model": "loading",
    "use_threads": "threads",
}

__all__ = [
    "DEFAULT_MODEL",
    "SINGLE_LEAD_MODEL",
    "DataSource",
    "InputContract",
    "LabelRule",
    "LoadedModel",
    "ModelCard",
    "available_models",
    "choices_for",
    "load_model",
    "model_folder",
    "model_for",
    "predict",
    "read_card",
    "shared_model",
    "use_threads",
    "weights_root",
]


def __getattr__(name: str) -> Any:
    if name not in _WHEN_ASKED:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"{__name__}.{_WHEN_ASKED[name]}"), name)
    globals()[name] = found
    return found
