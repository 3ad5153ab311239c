"""Synthetic signals and a tiny untrained model, for tests that need no recordings."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.torch
import torch
from numpy.typing import NDArray

from ecgcore.evaluation import evaluate_predictions, standard_subgroups
from ecgcore.evaluation.curves import curve_points
from ecgcore.inference import (
    InputContract,
    LabelRule,
    LoadedModel,
    ModelCard,
    load_model,
    read_card,
)
from ecgcore.leads import STANDARD_12
from ecgcore.models import build
from ecgcore.recording import Patient, Recording
from ecgcore.statements import CORE_CODES

MIN_LEADS = {"SNR": 8, "STD": 8, "STE": 8, "PVC": 2}
TINY = {"n_labels": 9, "encoder": [4, 6], "mixed": 8, "trunk": [8], "kernel": 5}


def beats(
    seconds: float, fs_hz: float, *, rate_bpm: float = 70, n_leads: int = 12, seed: int = 0
) -> NDArray[np.float32]:
    """Return (n_leads, n_samples) mV: P, QRS and T as bells, another size in each lead."""
    rng = np.random.default_rng(seed)
    t = np.arange(round(seconds * fs_hz)) / fs_hz
    sizes = rng.uniform(0.3, 1.5, (n_leads, 1)) * rng.choice([-1, 1], (n_leads, 1))
    one = np.zeros_like(t)
    for r in np.arange(0.4, seconds, 60 / rate_bpm):
        for shift, width, height in ((-0.16, 0.02, 0.15), (0, 0.012, 1.0), (0.28, 0.05, 0.3)):
            one += height * np.exp(-0.5 * ((t - r - shift) / width) ** 2)
    return (sizes * one + 0.01 * rng.standard_normal((n_leads, t.size))).astype(np.float32)


def recording(
    seconds: float = 10,
    fs_hz: float = 500,
    *,
    leads: tuple[str, ...] = STANDARD_12,
    age_years: float | None = 50,
    **options: float,
) -> Recording:
    return Recording(
        beats(seconds, fs_hz, n_leads=len(leads), **options),
        fs_hz,
        leads,
        patient=Patient(age_years, "female"),
    )


def tiny_card(**changes: object) -> ModelCard:
    card = ModelCard(
        name="tiny",
        version="1",
        created="2026-01-01",
        architecture="lead_set",
        arguments=TINY,
        input=InputContract(),
        labels=tuple(
            LabelRule(code, 0.5, 1.0, 0.0, code != "STE", 40, MIN_LEADS.get(code, 3))
            for code in CORE_CODES
        ),
        threshold_rule="none",
        calibration_rule="none",
        data=(),
        split="none",
        intended_use="tests",
        limits=("knows nothing",),
        weights_sha256="",
    )
    return replace(card, **changes)


def write_tiny_model(
    folder: Path, *, seed: int = 3, architecture: str = "lead_set", **changes: object
) -> Path:
    """Write a model folder with random weights; its statistics are those of real input."""
    torch.manual_seed(seed)
    network = build(architecture, TINY)
    # One architecture keeps statistics by the number of leads.
    numbers = (12,) if architecture == "lead_set" else (1, 4, 8, 12)
    with torch.no_grad():
        for _ in range(20):
            for n_leads in numbers:
                network(torch.randn(8, n_leads, 500))
    content = safetensors.torch.save(network.state_dict())
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    given = {"weights_sha256": digest, "architecture": architecture, **changes}
    card = tiny_card(**given)
    (folder / "card.json").write_text(card.to_json(), encoding="utf-8")
    return folder


def tiny_model(folder: Path) -> LoadedModel:
    return load_model(write_tiny_model(folder))


def tiny_attention_model(folder: Path) -> LoadedModel:
    contract = InputContract(sees_voltage=True)
    return load_model(write_tiny_model(folder, architecture="lead_attention", input=contract))


def card_metrics_made() -> dict[str, Any]:
    """Return a card's figures of 120 made predictions, as ``evaluate`` writes them."""
    rng = np.random.default_rng(4)
    y = (rng.random((120, 9)) < 0.35).astype(float)
    y[:, 8] = np.arange(120) < 6
    p = 1 / (1 + np.exp(-(rng.normal(size=y.shape) + 3 * y - 1.5)))
    groups = [f"p{i}" for i in range(120)]
    figures = evaluate_predictions(
        y,
        p,
        thresholds=[0.5] * 9,
        groups=groups,
        codes=CORE_CODES,
        subgroups=standard_subgroups(
            datasets=["made"] * 120,
            sexes=["female", "male"] * 60,
            ages=np.linspace(20, 90, 120),
            has_voltage=[True] * 120,
        ),
        n_boot=20,
    )
    curves = {c: curve_points(y[:, j], p[:, j], 0.5) for j, c in enumerate(CORE_CODES)}
    return figures | {"curves": curves}


def population_made(folder: Path, **changes: object) -> None:
    """Write made population figures beside a card: SNR passes its check, AF fails, STE is rare."""
    card = read_card(folder)
    between = {"low": 0.05, "high": 0.2}
    area = {"value": 0.8, "low": 0.7, "high": 0.9}
    one = {
        "n_flagged": 9,
        "n": 9,
        "n_positive": 7,
        "share": [{"value": 1 / 12} | between] * 12,
        "signed": [1.0, -2.0] * 6,
        "completeness": {"expected": 2.0, "mean_gap": 0.1},
        "check": {"leads": ["I", "II", "V1"], "drop": 1.0, "at_random": 0.2, "passed": True},
        "beat": {
            "n_patients": 9,
            "size": [[50] * 81] * 12,
            "signed": [[-50] * 81] * 11 + [[None] * 81],
            "shape": [[0.5] * 81] * 12,
            "source": "simulated",
        },
    }
    alone = {"n": 9, "mean_auc": area, "classes": dict.fromkeys(card.codes, area)}
    more = {"difference": area, "among_best": 0.25}
    leads = {
        lead: alone
        | more
        | {"mean_auc": area | {"value": 0.85 if lead in STANDARD_12[6:9] else 0.8}}
        for lead in STANDARD_12
    }
    found = {
        "schema": 1,
        "model": card.full_name,
        "weights_sha256": card.weights_sha256,
        "split": "test",
        "n": 30,
        "n_patients": 29,
        "leads": list(STANDARD_12),
        "how": {"method": "made"},
        "times_ms": list(range(-300, 501, 10)),
        "classes": {
            "SNR": one,
            "AF": one | {"check": one["check"] | {"passed": False}},
            "STE": {"n_flagged": 2},
        },
        "average": {"share": one["share"]},
        "single_leads": {"all": alone, "leads": leads},
    }
    (folder / "population.json").write_text(json.dumps(found | changes), encoding="utf-8")
