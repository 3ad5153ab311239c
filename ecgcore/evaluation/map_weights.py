"""Whether maps depend on the learned weights, and whether they are stable across trainings.

- Weight randomisation (Adebayo et al., NeurIPS 2018): maps of the same record with the weights
  drawn anew, from the last layers down; the rank correlation with the real map must fall to 0.
- Seed agreement (Arends et al., Eur Heart J Digit Health 2026): rank correlation with the maps of
  networks of the same recipe and another seed.

Both on blocks of 200 ms of single leads (whole leads for lead Shapley values), signed where the
method is signed.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.torch
import torch
from numpy.typing import NDArray
from torch import nn

from ecgcore.errors import ModelError
from ecgcore.evaluation.map_figures import Rows
from ecgcore.evaluation.map_records import Trial
from ecgcore.explain import METHODS, Explainer
from ecgcore.explain.background import Background, background_of
from ecgcore.explain.checks import blocks_of, rank_correlation
from ecgcore.explain.references import References
from ecgcore.inference import LoadedModel
from ecgcore.models import build
from ecgcore.study import Study

# Last layers first: what is drawn anew at each stage, beside all of the stages before it.
STAGES: dict[str, tuple[tuple[str, ...], ...]] = {
    "lead_set": (("head", "attention"), ("trunk",), ("mix", "pooled_norm"), ("encoder",)),
    "lead_attention": (
        ("query", "own", "top", "last_norm", "time"),
        ("trunk",),
        ("mixer", "pooled_norm"),
        ("encoder",),
    ),
}
ALL = "all"
SEEDS = "seeds"


def randomise_weights(model: LoadedModel, *, seed: int) -> dict[str, LoadedModel]:
    """Return the model with its weights drawn anew, stage by stage; the last stage is "all"."""
    torch.manual_seed(seed)
    blank = build(model.card.architecture, model.card.arguments)
    fresh, trained = blank.state_dict(), model.network.state_dict()
    stages = STAGES.get(model.card.architecture, ())
    out: dict[str, LoadedModel] = {}
    drawn: tuple[str, ...] = ()
    for number, stage in enumerate(stages[:-1], start=1):
        drawn = (*drawn, *stage)
        mixed = {k: fresh[k] if k.split(".")[0] in drawn else v for k, v in trained.items()}
        out[f"last {number}"] = _with(model, mixed)
    out[ALL] = _with(model, fresh)
    return out


def with_weights(model: LoadedModel, path: Path, prefix: str = "") -> LoadedModel:
    """Return another network of the same recipe, read from a safetensors file.

    Raises
    ------
    ModelError
        If the weights do not fit.
    """
    tensors = safetensors.torch.load_file(path)
    held = {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
    try:
        return _with(model, {k: v.float() if v.is_floating_point() else v for k, v in held.items()})
    except RuntimeError as error:
        detail = " ".join(str(error).split())[:160]
        raise ModelError(f"{path.name}: these weights do not fit {model.name}: {detail}") from None


def _with(model: LoadedModel, state: Mapping[str, Any]) -> LoadedModel:
    network: nn.Module = build(model.card.architecture, model.card.arguments)
    network.load_state_dict(dict(state), strict=True)
    network.requires_grad_(False)
    return LoadedModel(model.card, network.to(model.device).eval())


def variant_rows(
    model: LoadedModel,
    others: Mapping[str, LoadedModel],
    trials: Iterable[Trial],
    methods: Sequence[str],
    *,
    report: Callable[[int], None] = lambda _n: None,
) -> Rows:
    """Return the rank correlation of each method's map with that of every other network.

    Parameters
    ----------
    others : mapping of str to LoadedModel
        What each is called -> the network.  Names that begin with :data:`SEEDS` are joined.
    """
    rows, references = Rows(), background_of(model).references
    for number, trial in enumerate(trials):
        own = _rank_values(model, trial, methods, references)
        for stage, other in others.items():
            theirs = _rank_values(other, trial, methods, references)
            rows.values += [
                {
                    "code": trial.code,
                    "group": trial.group,
                    "trial": (number, stage),
                    "method": name,
                    stage.split(" ")[0] if stage.startswith(SEEDS) else stage: rank_correlation(
                        own[name], theirs[name]
                    ),
                }
                for name in methods
            ]
        report(number)
    return rows


def _rank_values(
    model: LoadedModel, trial: Trial, methods: Sequence[str], references: References
) -> dict[str, NDArray[np.float64]]:
    """Return what is ranked of each method's map; of a long recording, its first window's."""
    # Every network is compared with the same references, and with no lead as they answer it.
    explainer = Explainer(model, Study(trial.recording), background=Background(references, {}, {}))
    output = explainer.output(trial.code)
    # The same stretch for every network, whatever each says of it.
    window = explainer.reading.pieces[0]
    case = explainer.case(output, window)
    blocks = blocks_of(case)
    out: dict[str, NDArray[np.float64]] = {}
    for name in methods:
        entry, found = METHODS[name], explainer.map(name, output, window)
        if found.leads is not None:
            out[name] = found.leads.values
            continue
        values = found.on_samples(case.x.shape[2]) * case.there
        out[name] = blocks.score(entry.order(values))
    return out
