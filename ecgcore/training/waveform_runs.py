"""Trains every variant of every disease of a recipe, and keeps each finished network."""

import json
from collections.abc import Callable
from pathlib import Path

import safetensors.torch
import torch

from ecgcore.errors import ModelError
from ecgcore.models.danet import DANet
from ecgcore.training.waveform_bench import Shelves, Stock, bench_of
from ecgcore.training.waveform_loop import BEAT_OF, LEARNED, VARIANTS, fit_variants
from ecgcore.training.waveform_recipe import WaveformRecipe


def variants_of(disease: str) -> tuple[str, ...]:
    """Return the variants that a disease is trained in: "focus" only for premature beats."""
    return tuple(v for v in VARIANTS if v != "focus" or disease in BEAT_OF)


def kept_path(keep: Path, disease: str, seed: int, variant: str) -> Path:
    """Return where a finished network is kept."""
    return keep / f"{disease}-{seed}-{variant}.safetensors"


def fit_disease(
    recipe: WaveformRecipe,
    disease: str,
    seed: int,
    *,
    stock: Stock,
    shelves: Shelves,
    keep: Path,
    deadline: float | None = None,
    tell: Callable[[str], None] = lambda _text: None,
) -> None:
    """Train the variants of a disease with one seed, unless all are kept already."""
    if all(kept_path(keep, disease, seed, v).is_file() for v in variants_of(disease)):
        return
    bench = bench_of(recipe, disease, stock, shelves)
    if deadline is not None:
        bench.deadline = deadline
    keep.mkdir(parents=True, exist_ok=True)

    def done(variant: str, network: DANet) -> None:
        tensors = {k: v.detach().cpu().contiguous() for k, v in network.state_dict().items()}
        safetensors.torch.save_file(tensors, kept_path(keep, disease, seed, variant))
        tell(f"{disease} seed {seed}: {variant} is ready")

    fit_variants(bench, seed, done)
    losses = json.dumps(bench.losses, indent=1) + "\n"
    (keep / f"{disease}-{seed}.json").write_text(losses, encoding="utf-8")


def kept_network(
    recipe: WaveformRecipe, keep: Path, disease: str, seed: int, variant: str
) -> DANet:
    """Return a finished network, in evaluation mode.

    Raises
    ------
    ModelError
        If it is not kept, or does not fit the recipe.
    """
    path = kept_path(keep, disease, seed, variant)
    arguments = dict(recipe.network)
    if variant not in LEARNED:
        arguments["curve_widths"] = ()
    network = DANet(**arguments)
    try:
        tensors = safetensors.torch.load_file(path)
        network.load_state_dict({k: _whole(v) for k, v in tensors.items()})
    except FileNotFoundError:
        raise ModelError(f"There is no trained network {path.name} in {keep}.") from None
    except RuntimeError as error:
        detail = " ".join(str(error).split())[:200]
        raise ModelError(f"{path.name} does not fit the recipe: {detail}") from None
    return network.requires_grad_(False).eval()


def _whole(tensor: torch.Tensor) -> torch.Tensor:
    """Return a tensor that was kept in half precision as it is computed with."""
    return tensor.float() if tensor.is_floating_point() else tensor
