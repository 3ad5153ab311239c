"""What was measured of a model once and stands beside it: ``explanations.json``.

It holds aggregates over patients only: mean beats to compare a recording with, the mean logits,
and for each method how far its maps depend on the weights and on the training seed.
"""

import json
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ecgcore.errors import ModelError
from ecgcore.explain.references import References, simulated_references
from ecgcore.inference.loading import LoadedModel
from ecgcore.models import standardise
from ecgcore.results import SelfCheck

FILE = "explanations.json"
SCHEMA = 1
_MOST_MODELS = 8
# Rank correlation with maps of the same network with random weights.
MAX_RANDOMISED = 0.1
_lock = threading.Lock()
_known: OrderedDict[str, "Background"] = OrderedDict()


@dataclass(frozen=True, eq=False)
class Background:
    """What is known of a model's explanations.

    Attributes
    ----------
    references : References
    prior : mapping of str to float
        Label -> mean logit over the training records.
    methods : mapping of str to mapping
        Method -> ``randomisation`` and ``seeds``, each ``{value, low, high, n}`` or None.
    """

    references: References
    prior: Mapping[str, float]
    methods: Mapping[str, Mapping[str, Any]]


def background_of(model: LoadedModel) -> Background:
    """Return what stands beside a model; simulated references where nothing does.

    Raises
    ------
    ModelError
        If the file is damaged or belongs to other weights.
    """
    key = f"{model.folder}|{model.card.weights_sha256}"
    with _lock:
        if key not in _known:
            _known[key] = _read(model)
            while len(_known) > _MOST_MODELS:
                _known.popitem(last=False)
        return _known[key]


def forget() -> None:
    """Read the files anew when they are next needed: one was just written."""
    with _lock:
        _known.clear()


def card_checks(model: LoadedModel, method: str) -> tuple[SelfCheck, ...]:
    """Return what was measured of a method on this model once: nothing where nothing was."""
    known = background_of(model).methods.get(method, {})
    checks = []
    random, seeds = known.get("randomisation"), known.get("seeds")
    if random:
        value = float(random["value"])
        words = (
            f"With random weights instead of the trained ones, this method's maps correlate with "
            f"the real ones by {value:.2f} on average (0: they depend on what was learned); "
            f"{random['n']} maps."
        )
        checks.append(SelfCheck("randomisation", value, abs(value) < MAX_RANDOMISED, words))
    if seeds:
        value = float(seeds["value"])
        words = (
            f"Networks trained anew from other seeds give maps that correlate by {value:.2f} on "
            f"the mean; {seeds['n']} pairs of maps."
        )
        # Of the method, not of this map: stated, without a limit.
        checks.append(SelfCheck("seeds", value, None, words))
    return tuple(checks)


def _read(model: LoadedModel) -> Background:
    path = None if model.folder is None else Path(model.folder) / FILE
    if path is None or not path.is_file():
        return Background(simulated_references(model.card.input), {}, {})
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        if raw["schema"] != SCHEMA or raw["weights_sha256"] != model.card.weights_sha256:
            raise ModelError(
                f"{model.name}: {FILE} belongs to other weights; make it anew with "
                f"`python -m ecgcore explanations {model.name} --write`."
            )
        beats = raw.get("background")
        found = mean_beats(model, beats) if beats else simulated_references(model.card.input)
        return Background(found, raw.get("prior", {}), raw.get("methods", {}))
    except (OSError, json.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        raise ModelError(f"{model.name}: {FILE} cannot be read: {error!r}.") from None


def mean_beats(model: LoadedModel, stored: Mapping[str, Any]) -> References:
    """Return references made of stored mean beats, each repeated over a window.

    Parameters
    ----------
    stored : mapping
        ``beats``: list of mappings with ``values``, hundredths of each lead's standard deviation,
        (n_leads, n) at the model's rate, from one P to the next; ``words``.
    """
    contract = model.card.input
    n_samples = round(contract.window_s * contract.fs_hz)
    rows = []
    for beat in stored["beats"]:
        one = torch.tensor(np.asarray(beat["values"], dtype=np.float32) / 100)
        repeats = -(-n_samples // one.shape[1])
        rows.append(one.repeat(1, repeats)[:, :n_samples])
    x = torch.stack(rows)
    return References(standardise(x, torch.ones_like(x, dtype=torch.bool)), stored["words"])
