"""Model cards, safe loading, and prediction."""

from ecgcore.inference.card import DataSource, InputContract, LabelRule, ModelCard, read_card
from ecgcore.inference.choice import choices_for, model_for
from ecgcore.inference.loading import LoadedModel, load_model
from ecgcore.inference.predict import predict
from ecgcore.inference.shelf import (
    DEFAULT_MODEL,
    SINGLE_LEAD_MODEL,
    available_models,
    weights_root,
)
from ecgcore.inference.threads import use_threads

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
    "model_for",
    "predict",
    "read_card",
    "use_threads",
    "weights_root",
]
