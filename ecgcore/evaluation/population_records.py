"""The records of a split as a model reads them, kept with their logits."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray

from ecgcore.datasets import Entry, load_recording
from ecgcore.errors import CannotAssessError, DatasetError
from ecgcore.explain.expected_gradients import Logits
from ecgcore.inference import LoadedModel
from ecgcore.inference.predict import Reading, read_for
from ecgcore.inference.prepare import ModelInput, Window

Array = NDArray[np.float64]
# How a model's network is asked about one recording; a network that takes more than samples
# closes over what belongs to this recording.
Caller = Callable[[LoadedModel, ModelInput], Logits]


def plain_call(model: LoadedModel, _given: ModelInput) -> Logits:
    """Return the network's own call."""
    network: Logits = model.network
    return network


@dataclass(frozen=True, eq=False)
class Record:
    """One record of the split as the model reads it."""

    entry: Entry
    reading: Reading
    call: Logits
    logits: Array = field(repr=False)

    def piece(self, output: int) -> Window:
        """Return the window in which a statement's logit is highest."""
        return self.reading.pieces[int(self.logits[:, output].argmax())]


def read_records(
    model: LoadedModel,
    entries: Sequence[Entry],
    *,
    call: Caller = plain_call,
    report: Callable[[str, int, int], None] = lambda _what, _done, _total: None,
) -> list[Record]:
    """Return every entry as the model reads it, with its logits (n_windows, n_labels).

    Raises
    ------
    DatasetError
        If there are no entries, or a record cannot be read or run.
    """
    if not entries:
        raise DatasetError("There are no records to look at.")
    records = []
    for done, entry in enumerate(entries, start=1):
        try:
            reading = read_for(model, load_recording(entry))
        except CannotAssessError as error:
            raise DatasetError(f"{entry.dataset} {entry.record}: {error}") from None
        logits = call(model, reading.given)
        with torch.inference_mode():
            rows = [_logits(logits, reading.given, piece) for piece in reading.pieces]
        records.append(Record(entry, reading, logits, np.concatenate(rows)))
        report("read", done, len(entries))
    return records


def _logits(call: Logits, given: ModelInput, piece: Window) -> Array:
    x, present = given.batch([piece])
    return np.asarray(call(x, present, given.index).numpy(), dtype=np.float64)
