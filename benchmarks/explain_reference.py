"""Deletion and insertion of maps of the published ResNet-34 as it was trained.

Gradient SHAP by shap's own ``GradientExplainer``, with the published 200 draws, and ours, on the
same positive records with the same background: 100 records of ``train``.  Beside removals at random
and of QRS complexes alone.  The network is a checkpoint of
``reproductions configs/zhang_resnet34_splits.toml``.
"""

import importlib
import sys
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import safetensors.torch
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from benchmarks.explain_shap import SHAP_DRAWS
from ecgcore.datasets import Entry, load_recording
from ecgcore.errors import InvalidArgumentError
from ecgcore.evaluation.map_figures import Rows, perturb_case, yardsticks
from ecgcore.evaluation.map_records import Trial, positive_records
from ecgcore.explain import METHODS
from ecgcore.explain.case import Around, Case
from ecgcore.explain.checks import blocks_of
from ecgcore.explain.expected_gradients import expected_gradients
from ecgcore.explain.references import References
from ecgcore.leads import STANDARD_12
from ecgcore.measure import measure
from ecgcore.models import ResNet34
from ecgcore.recording import Recording
from ecgcore.signal.prepare import prepare
from ecgcore.statements import CORE_CODES
from ecgcore.units import MV

FS_HZ, N_SAMPLES = 500.0, 5000
N_BACKGROUND = 100
OUR_DRAWS = 96
OURS, SHAPS = "gradient_shap", "shap"
_SEED = 9


class Asked(nn.Module):
    """The published network as explanations call one: leads that are absent are zero."""

    def __init__(self, network: ResNet34) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor, present: Tensor, _index: Tensor) -> Tensor:
        """Return logits (B, 9) of samples (B, 12, T) in millivolts."""
        out: Tensor = self.network(x * present)
        return out


class OneOutput(nn.Module):
    """One logit of a network, as shap's explainer is asked about one output."""

    def __init__(self, network: ResNet34, output: int) -> None:
        super().__init__()
        self.network, self.output = network, output

    def forward(self, x: Tensor) -> Tensor:
        """Return the logit, shape (B, 1)."""
        out: Tensor = self.network(x)[:, self.output : self.output + 1]
        return out


def trained(checkpoint: Path) -> ResNet34:
    """Return the network of the best epoch.

    Raises
    ------
    InvalidArgumentError
        If there is no such file.
    """
    if not checkpoint.is_file():
        raise InvalidArgumentError(f"{checkpoint}: this run was not finished.")
    network = ResNet34(len(CORE_CODES))
    network.load_state_dict(safetensors.torch.load_file(checkpoint), strict=True)
    return network.eval().requires_grad_(False)


def reference_rows(
    checkpoint: Path, entries: Sequence[Entry], train: Sequence[Entry], *, most: int, seed: int
) -> Rows:
    """Return deletion and insertion of each positive record of 10 s and each method."""
    network = trained(checkpoint)
    background = torch.cat(list(_some(train)))
    rows = Rows()
    for number, (trial, x) in enumerate(_trials(entries, most=most, seed=seed)):
        output = CORE_CODES.index(trial.code)
        case = _case(network, x, output)
        blocks = blocks_of(case)
        scores = yardsticks(case, blocks, seed=_SEED)
        order = METHODS[OURS].order
        scores[OURS] = [blocks.score(order(_ours(case, background)))]
        scores[SHAPS] = [blocks.score(order(_shaps(network, x, background, output)))]
        rows.values += [
            {"code": trial.code, "group": trial.group, "trial": number, "method": name, **found}
            for name, found in perturb_case(case, blocks, scores).items()
        ]
        sys.stderr.write(f"reference {number + 1}: {trial.code}\n")
    return rows


def _some(train: Sequence[Entry]) -> Iterator[Tensor]:
    """Yield the background: records of ``train`` with all leads, 10 s, drawn from a seed."""
    taken = 0
    for place in np.random.default_rng(_SEED).permutation(len(train)):
        x = _input(load_recording(train[place]))
        if x is not None:
            yield x
            taken += 1
        if taken == N_BACKGROUND:
            return


def _trials(entries: Sequence[Entry], *, most: int, seed: int) -> Iterator[tuple[Trial, Tensor]]:
    for trial in positive_records(entries, CORE_CODES, most=most, seed=seed):
        x = _input(trial.recording)
        if x is not None:
            yield trial, x


def _input(recording: Recording) -> Tensor | None:
    """Return the published input (1, 12, 5000) in mV: the last 10 s, or None if they have gaps."""
    if recording.unit != MV or set(STANDARD_12) - set(recording.leads):
        return None
    signal = np.stack([recording.lead(name) for name in STANDARD_12])
    made = prepare(signal, recording.fs_hz, to_fs_hz=FS_HZ, high_pass_hz=None, low_pass_hz=None)
    kept = made[:, -N_SAMPLES:]
    if kept.shape[1] < N_SAMPLES or not np.isfinite(kept).all():
        return None
    return torch.from_numpy(np.ascontiguousarray(kept))[None]


def _case(network: ResNet34, x: Tensor, output: int) -> Case:
    seen = Recording(x[0].numpy(), FS_HZ, STANDARD_12)
    beats = measure(seen, check=False).beats
    around = Around(beats=lambda: beats if beats.consensus.n_beats else None)
    there = torch.ones_like(x, dtype=torch.bool)
    return Case(Asked(network).eval(), x, there, torch.arange(12), output, FS_HZ, around)


def _ours(case: Case, background: Tensor) -> NDArray[np.float32]:
    found = expected_gradients(
        case.network,
        case.x,
        case.present,
        case.index,
        output=case.output,
        references=References(background, "records of train"),
        n_draws=OUR_DRAWS,
        seed=_SEED,
    )
    return found.values


def _shaps(network: ResNet34, x: Tensor, background: Tensor, output: int) -> NDArray[np.float32]:
    shap = importlib.import_module("shap")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        explainer = shap.GradientExplainer(OneOutput(network, output), background)
        values = np.asarray(explainer.shap_values(x, nsamples=SHAP_DRAWS, rseed=1))
    return values.reshape(x.shape[1:]).astype(np.float32)
