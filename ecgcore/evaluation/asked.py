"""Records read once for a model and asked in batches: whole, by single leads, by other networks."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ecgcore.datasets import Entry, load_recording
from ecgcore.errors import CannotAssessError, DatasetError
from ecgcore.inference import LoadedModel
from ecgcore.inference.abstain import Limits, limits_of
from ecgcore.inference.prepare import ModelInput
from ecgcore.inference.runner import Heard, Reading, read_for
from ecgcore.inference.windows import Window
from ecgcore.models.protocol import ask as ask_network
from ecgcore.models.protocol import inputs_of
from ecgcore.recording import Recording

Array = NDArray[np.float64]
Report = Callable[[int, int], None]
BATCH = 32


@dataclass(frozen=True, eq=False)
class Said:
    """What a network said of one recording, piece by piece.

    Attributes
    ----------
    logits : array, shape (n_pieces, n_labels)
    superclasses, handheld, features : arrays, shape (n_pieces, ...), or None
        Logits and features of a network of several tasks.
    """

    logits: Array
    superclasses: Array | None = None
    handheld: Array | None = None
    features: Array | None = None

    @property
    def heard(self) -> Heard:
        """The part that prediction uses."""
        return Heard(self.logits, self.features, self.handheld)


@dataclass(frozen=True, eq=False)
class Read:
    """One recording as a model reads it; the samples of the file are let go.

    Attributes
    ----------
    group : str
        The patient.
    reading : Reading
    limits : Limits
        Without what the network's own outputs forbid.
    """

    group: str
    reading: Reading
    limits: Limits

    def fresh_limits(self) -> Limits:
        """Return limits that may be added to."""
        return Limits(
            dict(self.limits.blocked),
            {code: list(words) for code, words in self.limits.remarks.items()},
            self.limits.calibrated,
            self.limits.everywhere,
        )


def read_one(model: LoadedModel, group: str, recording: Recording) -> Read:
    """Return a recording as a model reads it.

    Raises
    ------
    CannotAssessError
        If the model cannot run on it.
    """
    reading = read_for(model, recording)
    limits = limits_of(recording, reading.given, reading.lead_names, reading.quality, model.card)
    return Read(group, reading, limits)


def read_all(
    model: LoadedModel, entries: Sequence[Entry], report: Report = lambda _done, _total: None
) -> list[Read]:
    """Return every entry as a model reads it.

    Raises
    ------
    DatasetError
        If there are no entries, or one cannot be read or run: none is left out silently.
    """
    if not entries:
        raise DatasetError("There are no records to measure on.")
    found = []
    for done, entry in enumerate(entries, start=1):
        try:
            found.append(read_one(model, entry.group, load_recording(entry)))
        except CannotAssessError as error:
            raise DatasetError(f"{entry.dataset} {entry.record}: {error}") from None
        report(done, len(entries))
    return found


def read_some(
    model: LoadedModel, recordings: Iterable[tuple[str, Recording]]
) -> list[tuple[str, Read | None]]:
    """Return patient and reading of each, None where the model cannot run at all."""
    found: list[tuple[str, Read | None]] = []
    for group, recording in recordings:
        try:
            found.append((group, read_one(model, group, recording)))
        except CannotAssessError:
            found.append((group, None))
    return found


def ask(
    network: nn.Module, inputs: Sequence[tuple[ModelInput, Sequence[Window]]], *, size: int = BATCH
) -> list[Said]:
    """Return what a network says of each input, windows of one kind going through together.

    Parameters
    ----------
    network : nn.Module
        In evaluation mode, used by no other thread.
    inputs : sequence of (ModelInput, windows)
    size : int
        Windows that go through together.
    """
    parts: list[list[dict[str, Array] | None]] = [[None] * len(w) for _, w in inputs]
    for places in _batches(inputs, size):
        given = [(inputs[i][0], inputs[i][1][k]) for i, k in places]
        for (i, k), row in zip(places, _outputs(network, given), strict=True):
            parts[i][k] = row
    return [_join_pieces(part) for part in parts]


def ask_reads(network: nn.Module, reads: Sequence[Read], *, size: int = BATCH) -> list[Said]:
    """Return what a network says of each record as it was read."""
    return ask(network, [(r.reading.given, r.reading.pieces) for r in reads], size=size)


def on_one_lead(
    network: nn.Module, reads: Sequence[Read], row: int, *, size: int = BATCH
) -> list[Said | None]:
    """Return what a network says of each record on one lead alone; None where it is not there.

    Parameters
    ----------
    row : int
        The network's index of the lead.
    """
    out: list[Said | None] = [None] * len(reads)
    places, inputs = [], []
    for i, read in enumerate(reads):
        alone = one_lead(read.reading.given, row)
        if alone is not None:
            places.append(i)
            inputs.append((alone, read.reading.pieces))
    for i, said in zip(places, ask(network, inputs, size=size), strict=True):
        out[i] = said
    return out


def one_lead(given: ModelInput, row: int) -> ModelInput | None:
    """Return an input with one lead alone; None where it is not there."""
    place = np.flatnonzero(given.index.numpy() == row)
    if not place.size:
        return None
    part = slice(int(place[0]), int(place[0]) + 1)
    return replace(
        given,
        x=given.x[part],
        present=given.present[part],
        index=given.index[part],
        leads=given.leads[part],
    )


def _batches(
    inputs: Sequence[tuple[ModelInput, Sequence[Window]]], size: int
) -> Iterator[list[tuple[int, int]]]:
    """Yield (input, window) places of one set of leads and one length."""
    waiting: dict[tuple[object, ...], list[tuple[int, int]]] = {}
    for i, (given, windows) in enumerate(inputs):
        leads = tuple(given.index.tolist())
        for k, window in enumerate(windows):
            key = (leads, window.stop - window.start)
            together = waiting.setdefault(key, [])
            together.append((i, k))
            if len(together) == size:
                yield waiting.pop(key)
    yield from waiting.values()


def _outputs(
    network: nn.Module, given: Sequence[tuple[ModelInput, Window]]
) -> Iterator[dict[str, Array]]:
    device = next(network.parameters()).device
    pairs = [each.batch([window]) for each, window in given]
    x, present = (torch.cat([p[j] for p in pairs]).to(device) for j in (0, 1))
    index = given[0][0].index
    # A mask that is true everywhere changes nothing but the time it takes.
    mask = None if bool(present.all()) else present
    with torch.inference_mode():
        extra = {}
        if inputs_of(network).scale:
            extra["scale"] = torch.cat([e.scales([window]) for e, window in given]).to(device)
        rows = ask_network(network, x, mask, index, **extra)
    kept = (field.name for field in fields(Said) if field.name in rows)
    plain = {name: _numpy(rows[name]) for name in kept}
    for k in range(len(given)):
        yield {name: values[k] for name, values in plain.items()}


def _join_pieces(rows: Sequence[dict[str, Array] | None]) -> Said:
    made = [row for row in rows if row is not None]
    return Said(**{name: np.stack([row[name] for row in made]) for name in made[0]})


def _numpy(values: Tensor) -> Array:
    return np.asarray(values.float().cpu().numpy(), dtype=np.float64)
