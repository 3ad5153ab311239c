"""Model cards, safe loading, and prediction."""

from ecgcore.inference.card import DataSource, InputContract, LabelRule, ModelCard, read_card
from ecgcore.inference.loading import (
    DEFAULT_MODEL,
    LoadedModel,
    available_models,
    load_model,
    weights_root,
)
from ecgcore.inference.predict import predict
from ecgcore.inference.threads import use_threads

__all__ = [
    "DEFAULT_MODEL",
    "DataSource",
    "InputContract",
    "LabelRule",
    "LoadedModel",
    "ModelCard",
    "available_models",
    "load_model",
    "predict",
    "read_card",
    "use_threads",
    "weights_root",
]
