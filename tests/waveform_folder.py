"""A small waveform network in a model folder, untrained."""

from pathlib import Path
from typing import Any

import torch

from ecgcore.evaluation.model_folder import save_weights, write_card
from ecgcore.inference.card import WEIGHTS_FILE, LabelRule, ModelCard
from ecgcore.models.danet import DANet
from ecgcore.training.danet.data import CONTRACT

ARGUMENTS: dict[str, Any] = {
    "curve_widths": [4, 6],
    "curve_channels": 3,
    "encoder": [4, 6],
    "mixed": 4,
    "trunk": [6],
    "kernel": 3,
}


def write_waveform_model(root: Path, disease: str, *, aid: bool = True) -> Path:
    """Write a folder ``danet-DISEASE-1`` and return its path."""
    torch.manual_seed(7)
    network = DANet(**{k: tuple(v) if isinstance(v, list) else v for k, v in ARGUMENTS.items()})
    assert network.curve is not None
    torch.nn.init.normal_(network.curve.head.weight)
    folder = root / f"danet-{disease.lower()}-1"
    folder.mkdir()
    facts = {"disease": disease, "variant": "anchor", "seed": 1, "origin": "paper"}
    words = "A gain was shown." if aid else "No gain was shown."
    card = ModelCard(
        name=f"danet-{disease.lower()}",
        version="1",
        created="2026-01-01",
        architecture="danet",
        arguments=ARGUMENTS,
        input=CONTRACT,
        labels=(LabelRule(disease, 0.5, 1.0, 0.0, False, 10, 1.0),),
        threshold_rule="none",
        calibration_rule="None.",
        data=(),
        split="none",
        intended_use="Tests.",
        limits=("Untrained.",),
        weights_sha256=save_weights(network.eval(), folder / WEIGHTS_FILE),
        training={"parameters": 1, "waveform": {**facts, "aid": aid, "aid_words": words}},
    )
    write_card(card, folder)
    return folder
