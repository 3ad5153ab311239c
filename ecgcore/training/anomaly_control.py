"""The published detector and the plain autoencoder: trained, chosen, measured, from a recipe."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.torch
import torch
from numpy.typing import NDArray

from ecgcore.datasets import Entry, load_recording
from ecgcore.datasets.ecgad import detection_benchmark
from ecgcore.datasets.public import public_index
from ecgcore.errors import ModelError
from ecgcore.evaluation import Interval, interval, patient_weights
from ecgcore.evaluation.metrics import class_auc
from ecgcore.inference.mcf import McfInput, autoencoder_score, mcf_input, mcf_score
from ecgcore.leads import STANDARD_12
from ecgcore.models.mcf import MCF, ConvAutoencoder
from ecgcore.training.anomaly_material import (
    Pools,
    abnormal,
    brugada_or_healthy,
    lead_jobs,
    mcf_inputs,
    single_val_jobs,
    twelve_jobs,
)
from ecgcore.training.anomaly_recipe import AUTOENCODER, PTBXL, AnomalyRecipe
from ecgcore.training.make import save_weights
from ecgcore.training.mcf_loop import McfTraining, fit_mcf, mcf_records
from ecgcore.training.normals import normal_twelve

Inputs = tuple[list[McfInput], list[McfInput], NDArray[np.float64]]


def make_control(recipe: AnomalyRecipe, pools: Pools | None, runs: Path) -> dict[str, Any]:
    """Train a control and keep its weights and figures under ``runs``.

    Parameters
    ----------
    pools : Pools or None
        Of the fixed splits; None for the benchmark on PTB-XL in full.

    Returns
    -------
    dict
        The losses, the validation figure of every epoch, and on the benchmark the figure on fold
        10 with its interval.
    """
    train, val, labels = (
        _benchmark(recipe) if recipe.data.source == PTBXL else _splits(recipe, pools)
    )
    training = recipe.training
    if not isinstance(training, McfTraining):
        raise ModelError(f"{recipe.name} is no recipe of the published detector.")
    fallback = sum(given.fallback for given in (*train, *val))
    sys.stderr.write(f"{recipe.name}: {len(train)} normals, {len(val)} to choose on\n")
    fitted = fit_mcf(
        training,
        mcf_records(train),
        mcf_records(val),
        labels,
        seed=recipe.seed,
        plain=recipe.kind == AUTOENCODER,
        report=_told,
    )
    runs.mkdir(parents=True, exist_ok=True)
    save_weights(fitted.network, runs / "model.safetensors")
    found: dict[str, Any] = {
        "recipe": {"kind": recipe.kind, "data": asdict(recipe.data), "training": asdict(training)},
        "seed": recipe.seed,
        "normals": len(train),
        "fallback_beats": fallback,
        "losses": list(fitted.losses),
        "val_auc": list(fitted.val_auc),
        "best_epoch": fitted.best_epoch,
        "seconds": fitted.seconds,
    }
    if recipe.data.source == PTBXL:
        found["test"] = _benchmark_test(recipe, fitted.network)
    (runs / "figures.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return found


def load_control(runs: Path, *, kind: str, leads: int) -> MCF | ConvAutoencoder:
    """Return a trained control from its folder under ``runs``.

    Raises
    ------
    ModelError
        If it was not trained yet.
    """
    path = runs / "model.safetensors"
    if not path.is_file():
        raise ModelError(
            f"There is no trained control in {runs}; make it with python -m ecgcore train."
        )
    network = ConvAutoencoder(n_leads=leads) if kind == AUTOENCODER else MCF(n_leads=leads)
    tensors = safetensors.torch.load_file(path)
    network.load_state_dict(
        {k: v.float() if v.is_floating_point() else v for k, v in tensors.items()}
    )
    return network.eval().requires_grad_(False)


def _told(epoch: int, loss: float, auc: float) -> None:
    sys.stderr.write(f"epoch {epoch + 1}, loss {loss:.4f}, validation AUC {auc:.4f}\n")
    sys.stderr.flush()


def _splits(recipe: AnomalyRecipe, pools: Pools | None) -> Inputs:
    if pools is None:
        raise ModelError(f"{recipe.name} needs the records of the fixed splits.")
    if recipe.data.leads == 1:
        jobs, labels = single_val_jobs(pools)
        return mcf_inputs(lead_jobs(pools, splits=("train",))), mcf_inputs(jobs), labels
    data = pools.twelve.data
    rows = data.where("val")
    labels = abnormal(data.targets[rows], data.further[rows])
    healthy = brugada_or_healthy(data.datasets[rows], data.further[rows])
    labels = np.where(np.isnan(labels), healthy, labels)
    rows, labels = rows[np.isfinite(labels)], labels[np.isfinite(labels)]
    train = twelve_jobs(pools, normal_twelve(data, "train"))
    return mcf_inputs(train), mcf_inputs(twelve_jobs(pools, rows)), labels


def _place(recipe: AnomalyRecipe) -> Path:
    folder = Path(recipe.data.folder) if recipe.data.folder else None
    return public_index("ptbxl", folder).folder


def _prepared(entry: Entry) -> McfInput:
    recording = load_recording(entry)
    rows = np.stack([recording.lead(name) for name in STANDARD_12])
    return mcf_input(rows, recording.fs_hz)


def _benchmark(recipe: AnomalyRecipe) -> Inputs:
    found = detection_benchmark(_place(recipe), norm=recipe.data.norm)
    train = [_prepared(entry) for entry in found.train]
    return train, [_prepared(entry) for entry in found.select], found.select_abnormal


def _benchmark_test(recipe: AnomalyRecipe, network: torch.nn.Module) -> dict[str, Any]:
    """Measure on fold 10, once, with the chosen network and every beat of every record."""
    found = detection_benchmark(_place(recipe), norm=recipe.data.norm)
    scores = np.array([control_score(network, _prepared(entry))[0] for entry in found.test])
    groups = np.array([entry.group for entry in found.test])
    measured = detection_interval(found.test_abnormal, scores, groups)
    return {
        "auc": measured.as_dict(),
        "normal": int((found.test_abnormal == 0).sum()),
        "abnormal": int((found.test_abnormal == 1).sum()),
        "left_out": found.left_out,
    }


def control_score(network: torch.nn.Module, given: McfInput) -> tuple[float, NDArray[np.float32]]:
    """Return a control's score and map of one recording."""
    if isinstance(network, ConvAutoencoder):
        return autoencoder_score(network, given)
    return mcf_score(network, given)  # type: ignore[arg-type]


def detection_interval(
    labels: NDArray[np.float64], scores: NDArray[np.float64], groups: NDArray[np.str_]
) -> Interval:
    """Return the area under the ROC curve with its interval over patients."""
    return interval(lambda w: class_auc(labels, scores, w), patient_weights(groups))
