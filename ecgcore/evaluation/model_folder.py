"""Model folders: weights, card, README and licence, written together."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import safetensors.torch
from torch import nn

from ecgcore.datasets.access import read_accesses
from ecgcore.errors import ModelError
from ecgcore.evaluation.readme import readme
from ecgcore.inference.card import CARD_FILE, README_FILE, WEIGHTS_FILE, DataSource, ModelCard

LICENCE_FILE = "LICENSE"
ACCESS_KEYS = ("date", "commit", "command", "measured", "decided")
# Name -> title and licence, as the data sets' own pages state them.
TITLES = {
    "ptbxl": ("PTB-XL (ecg_id 1-500)", "CC BY 4.0"),
    "ptbxl_extra": ("PTB-XL (further records, mostly without voltage)", "CC BY 4.0"),
    "challenge2021": ("PhysioNet Challenge 2020/21 training records", "CC BY 4.0"),
    "ludb": ("LUDB 1.0.1", "ODC-By"),
    "brugada": ("Brugada-HUCA", "CC BY-SA 4.0"),
    "cpsc2018_lead1": ("CPSC 2018, lead I", "CC BY 4.0"),
    "cinc2017": ("CinC Challenge 2017", "ODC-By"),
    "mitdb": ("MIT-BIH Arrhythmia, training half", "ODC-By"),
    "nstdb": ("MIT-BIH Noise Stress Test (added noise)", "ODC-By"),
    "simulated": ("This project's simulator", "MIT"),
}
_SHARE_ALIKE = "CC BY-SA 4.0"
_OWN = "MIT"
_LICENCE = """\
The weights in this folder ({name}), and the figures beside them, are under
Creative Commons Attribution-ShareAlike 4.0 International (CC BY-SA 4.0):
https://creativecommons.org/licenses/by-sa/4.0/legalcode

They were made by this project's code (MIT licence) and learned from recordings
that are published under that licence:
{alike}

Whether weights are adapted material of what they learned from is not settled.
They are passed on as if they were: you may use, change and share them, also
commercially, if you credit this project and the data sets named here, say what
you changed, and share what you make of them under the same licence.

They also learned from:
{others}

They come without any warranty. No author of a data set endorses them.
"""


def save_weights(network: nn.Module, path: Path) -> str:
    """Write a network's weights; return the SHA-256 of the file.

    Raises
    ------
    ModelError
        If a weight is not finite.
    """
    tensors = {k: v.detach().cpu().contiguous() for k, v in network.state_dict().items()}
    if not all(bool(t.isfinite().all()) for t in tensors.values()):
        raise ModelError("Training did not converge: a weight is not finite.")
    content = safetensors.torch.save(tensors)
    path.write_bytes(content)
    return hashlib.sha256(content).hexdigest()


def release_network(
    network: nn.Module, folder: Path, recipe: Any = None, **parts: Any
) -> ModelCard:
    """Write a model folder: the weights, and a card made of ``parts``.

    Parameters
    ----------
    recipe : optional
        Gives name, version, intended use and limits.
    **parts
        Of :class:`~ecgcore.inference.card.ModelCard`, without the date, the digest of the weights
        and the number of parameters.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if recipe is not None:
        parts |= {"name": recipe.name, "version": recipe.version, **vars(recipe.text)}
    size = sum(p.numel() for p in network.parameters())
    # As JSON has it: a card compares equal after writing and reading.
    parts["training"] = json.loads(json.dumps({**parts["training"], "parameters": size}))
    parts["arguments"] = json.loads(json.dumps(dict(parts["arguments"])))
    card = ModelCard(
        created=datetime.now(UTC).date().isoformat(),
        weights_sha256=save_weights(network, folder / WEIGHTS_FILE),
        **parts,
    )
    write_card(card, folder)
    return card


def write_card(card: ModelCard, folder: Path) -> None:
    """Write ``card.json``, README and LICENSE, with every access to test in the log."""
    card = with_accesses(card)
    (folder / CARD_FILE).write_text(card.to_json(), encoding="utf-8")
    (folder / README_FILE).write_text(readme(card), encoding="utf-8")
    write_licence(card, folder)


def list_sources(records: Mapping[str, int], what: str = "") -> tuple[DataSource, ...]:
    """Return data sets by name with their titles and how many records of each were learned from.

    Parameters
    ----------
    what : str
        Which records of them, in a word.
    """
    found = []
    for name, count in records.items():
        title, licence = TITLES.get(name, (name, "see the data set's page"))
        found.append(DataSource(name, f"{title}: {what}" if what else title, licence, count))
    return tuple(found)


def with_accesses(card: ModelCard) -> ModelCard:
    """Return a card whose figures name every time that its model was measured on test.

    The log's lines that name the model (``NAME-VERSION``, several with commas) are taken, the
    oldest first.  A card without figures stays as it is.
    """
    if not card.metrics:
        return card
    found = [
        {key: row[key] for key in ACCESS_KEYS}
        for row in read_accesses()
        if card.full_name in row["model"].split(", ")
    ]
    return replace(card, metrics={**card.metrics, "accesses": found}) if found else card


def weights_licence(card: ModelCard) -> str:
    """Return the licence of the weights: that of data which must be shared alike, or MIT."""
    shared = any(source.licence == _SHARE_ALIKE for source in card.data)
    return _SHARE_ALIKE if shared else _OWN


def write_licence(card: ModelCard, folder: Path) -> None:
    """Write the folder's LICENSE; without one the project's own holds.

    Raises
    ------
    OSError
        If the folder cannot be written.
    """
    path = folder / LICENCE_FILE
    if weights_licence(card) == _OWN:
        path.unlink(missing_ok=True)
        return
    path.write_text(licence_text(card), encoding="utf-8")


def licence_text(card: ModelCard) -> str:
    """Return the notice of weights that learned from data which must be shared alike."""
    alike = [f"  {s.title}: {s.licence}" for s in card.data if s.licence == _SHARE_ALIKE]
    others = [f"  {s.title}: {s.licence}" for s in card.data if s.licence != _SHARE_ALIKE]
    return _LICENCE.format(name=card.full_name, alike="\n".join(alike), others="\n".join(others))
