"""The published detector and the plain autoencoder: trained, chosen and measured from a recipe."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import safetensors.torch
import torch
from numpy.typing import NDArray

from ecgcore.checks import Among
from ecgcore.datasets import Entry, load_recording
from ecgcore.datasets.ecgad import detection_benchmark
from ecgcore.datasets.normals import (
    BRUGADA,
    SNR,
    normal_single,
    normal_twelve,
    normal_windows,
)
from ecgcore.datasets.public import public_index
from ecgcore.errors import ModelError
from ecgcore.evaluation import Interval, interval, patient_weights
from ecgcore.evaluation.metrics import class_auc
from ecgcore.inference.mcf import McfInput, autoencoder_score, mcf_input, mcf_score
from ecgcore.leads import STANDARD_12
from ecgcore.models.mcf import MCF, ConvAutoencoder
from ecgcore.training.recipe import Datasets
from ecgcore.training.restoration.material import Pools
from ecgcore.training.restoration.recipe import SINGLE, TWELVE, NormalsData
from ecgcore.training.restoration.release import read_pools
from ecgcore.training.trainer import Keep
from reproductions.mcf_train import McfTraining, fit_mcf, mcf_records

TASK = "detector"
DETECTOR, AUTOENCODER = "mcf", "autoencoder"
SPLITS, PTBXL = "splits", "ptbxl"
NETWORK = "model"
LEAD_II = STANDARD_12.index("II")
Job = tuple[NDArray[np.float32], NDArray[np.float64] | None]
Inputs = tuple[list[McfInput], list[McfInput], NDArray[np.float64]]


@dataclass(frozen=True)
class DetectorData:
    """What is learned from.

    Attributes
    ----------
    source : str
        ``"splits"``: the normals of the project's fixed ``train``, chosen on ``val``;
        ``"ptbxl"``: the detection benchmark on PTB-XL in full.
    folder : str
        Of PTB-XL in full; empty: where :func:`ecgcore.datasets.public.public_index` finds it.
    norm : str
        Of the benchmark: ``"strict"`` (nothing but NORM, likelihood 50 and more) or ``"loose"``
        (the super-class named first is NORM).
    leads : int
        12, or 1 for recordings of one lead.
    twelve, single : tuple of str
        Data sets of the fixed splits.
    """

    source: Annotated[str, Among((SPLITS, PTBXL))] = SPLITS
    folder: str = ""
    norm: Annotated[str, Among(("strict", "loose"))] = "strict"
    leads: Annotated[int, Among((1, 12))] = 12
    twelve: Datasets = TWELVE
    single: Datasets = SINGLE


@dataclass(frozen=True)
class DetectorRecipe:
    """Everything that decides how a detector is made; ``kind``: the published one, or plain."""

    name: str
    version: str
    seed: int
    kind: Annotated[str, Among((DETECTOR, AUTOENCODER))]
    data: DetectorData
    training: McfTraining = field(default_factory=McfTraining)
    task: Annotated[str, Among((TASK,))] = TASK


def make_detector(recipe: DetectorRecipe, runs: Path) -> dict[str, Any]:
    """Train a detector; keep its weights and figures under ``runs``.

    Returns
    -------
    dict
        The losses, the validation figure of every epoch, and on the benchmark the figure on fold
        10 with its interval.
    """
    train, val, labels = (_benchmark if recipe.data.source == PTBXL else _splits)(recipe)
    sys.stderr.write(f"{recipe.name}: {len(train)} normals, {len(val)} to choose on\n")
    fitted = fit_mcf(
        recipe.training,
        mcf_records(train),
        mcf_records(val),
        labels,
        seed=recipe.seed,
        plain=recipe.kind == AUTOENCODER,
        keep=Keep.of(runs, NETWORK, recipe, len(train), len(val), labels.tolist()),
    )
    found: dict[str, Any] = {
        "recipe": asdict(recipe),
        "seed": recipe.seed,
        "normals": len(train),
        "fallback_beats": sum(given.fallback for given in (*train, *val)),
        "losses": list(fitted.losses),
        "val_auc": [each["figure"] for each in fitted.rounds],
        "best_epoch": fitted.best,
        "seconds": fitted.seconds,
    }
    if recipe.data.source == PTBXL:
        found["test"] = _benchmark_test(recipe, fitted.network)
    (runs / "figures.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return found


def load_detector(runs: Path, *, kind: str, leads: int) -> MCF | ConvAutoencoder:
    """Return a trained detector from its folder under ``runs``.

    Raises
    ------
    ModelError
        If it was not trained yet.
    """
    path = runs / f"{NETWORK}.safetensors"
    if not path.is_file():
        raise ModelError(
            f"There is no trained detector in {runs}; make it with python -m reproductions."
        )
    network = ConvAutoencoder(n_leads=leads) if kind == AUTOENCODER else MCF(n_leads=leads)
    tensors = safetensors.torch.load_file(path)
    network.load_state_dict(
        {k: v.float() if v.is_floating_point() else v for k, v in tensors.items()}
    )
    return network.eval().requires_grad_(False)


def mcf_inputs(
    jobs: Sequence[Job],
) -> list[McfInput]:
    """Return recordings at 100 Hz, each with its R peaks or None, as the published detector's."""
    return [mcf_input(signal, 100.0, r_s) for signal, r_s in jobs]


def twelve_jobs(pools: Pools, rows: NDArray[np.int64]) -> list[Job]:
    """Return the samples of twelve-lead records, for :func:`mcf_inputs`."""
    return [(pools.twelve.data.signal(int(row)), None) for row in rows]


def lead_jobs(pools: Pools, *, splits: tuple[str, ...]) -> list[Job]:
    """Return one lead of every normal: lead II of the twelve, and each lead of the others."""
    jobs: list[Job] = []
    for pool, rows in (
        (pools.twelve, normal_twelve(pools.twelve.data, *splits)),
        (pools.single, normal_single(pools.single, *splits)),
        (pools.beats, normal_windows(pools.beats, *splits)),
    ):
        for row in rows:
            signal = pool.data.signal(int(row))[:, :1000]
            there = np.flatnonzero(np.isfinite(signal).any(axis=1))
            for lead in (LEAD_II,) if pool is pools.twelve else there.tolist():
                if np.isfinite(signal[lead]).any() and signal.shape[1] > 500:
                    jobs.append((signal[[lead]], None))
    return jobs


def single_val_jobs(
    pools: Pools,
) -> tuple[list[Job], NDArray[np.float64]]:
    """Return single-lead validation records of cinc2017, and whether each is abnormal."""
    data = pools.single.data
    rows = data.where("val")
    rows = rows[(data.datasets[rows] == "cinc2017") & (pools.single.handheld[rows] < 3)]
    jobs: list[Job] = []
    labels = []
    for row in rows:
        signal = data.signal(int(row))[:, :1000]
        there = np.flatnonzero(np.isfinite(signal).any(axis=1))
        jobs.append((signal[there[:1]], None))
        labels.append(float(pools.single.handheld[row] != 0))
    return jobs, np.array(labels)


def _splits(recipe: DetectorRecipe) -> Inputs:
    data = recipe.data
    pools = read_pools(NormalsData(twelve=data.twelve, single=data.single))
    if data.leads == 1:
        jobs, labels = single_val_jobs(pools)
        return mcf_inputs(lead_jobs(pools, splits=("train",))), mcf_inputs(jobs), labels
    twelve = pools.twelve.data
    rows = twelve.where("val")
    labels = mark_abnormal(twelve.targets[rows], twelve.further[rows])
    healthy = brugada_or_healthy(twelve.datasets[rows], twelve.further[rows])
    labels = np.where(np.isnan(labels), healthy, labels)
    rows, labels = rows[np.isfinite(labels)], labels[np.isfinite(labels)]
    train = twelve_jobs(pools, normal_twelve(twelve, "train"))
    return mcf_inputs(train), mcf_inputs(twelve_jobs(pools, rows)), labels


def _place(recipe: DetectorRecipe) -> Path:
    folder = Path(recipe.data.folder) if recipe.data.folder else None
    return public_index("ptbxl", folder).folder


def _prepared(entry: Entry) -> McfInput:
    recording = load_recording(entry)
    rows = np.stack([recording.lead(name) for name in STANDARD_12])
    return mcf_input(rows, recording.fs_hz)


def _benchmark(recipe: DetectorRecipe) -> Inputs:
    found = detection_benchmark(_place(recipe), norm=recipe.data.norm)
    train = [_prepared(entry) for entry in found.train]
    return train, [_prepared(entry) for entry in found.select], found.select_abnormal


def _benchmark_test(recipe: DetectorRecipe, network: torch.nn.Module) -> dict[str, Any]:
    """Measure on fold 10, once, with the chosen network and every beat of every record."""
    found = detection_benchmark(_place(recipe), norm=recipe.data.norm)
    scores = np.array([detector_score(network, _prepared(entry))[0] for entry in found.test])
    groups = np.array([entry.group for entry in found.test])
    measured = detection_interval(found.test_abnormal, scores, groups)
    return {
        "auc": measured.as_dict(),
        "normal": int((found.test_abnormal == 0).sum()),
        "abnormal": int((found.test_abnormal == 1).sum()),
        "left_out": found.left_out,
    }


def detector_score(network: torch.nn.Module, given: McfInput) -> tuple[float, NDArray[np.float32]]:
    """Return a detector's score and map of one recording."""
    if isinstance(network, ConvAutoencoder):
        return autoencoder_score(network, given)
    return mcf_score(network, given)  # type: ignore[arg-type]


def detection_interval(
    labels: NDArray[np.float64], scores: NDArray[np.float64], groups: NDArray[np.str_]
) -> Interval:
    """Return the area under the ROC curve with its interval over patients."""
    return interval(lambda w: class_auc(labels, scores, w), patient_weights(groups))


def mark_abnormal(
    targets: NDArray[np.float32], further: NDArray[np.float32]
) -> NDArray[np.float64]:
    """Return 0 for a strictly normal ECG, 1 where any statement is made, NaN where neither.

    Parameters
    ----------
    targets, further : arrays, shape (n, 9) and (n, 11)
        As in :class:`~ecgcore.datasets.PackedSet`.
    """
    stated = (np.delete(targets, SNR, axis=1) == 1).any(axis=1) | (further == 1).any(axis=1)
    out = np.full(len(targets), np.nan)
    out[targets[:, SNR] == 1] = 0.0
    out[(targets[:, SNR] == 0) | stated] = 1.0
    return out


def brugada_or_healthy(
    datasets: NDArray[np.str_], further: NDArray[np.float32]
) -> NDArray[np.float64]:
    """Return 1 for a record of Brugada-HUCA with the pattern or diagnosis, 0 for a healthy one."""
    out = np.where(datasets == "brugada", further[:, BRUGADA], np.nan)
    return np.asarray(out, dtype=np.float64)
