"""The records of a split as a model reads them, kept with their logits."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray

from ecgcore.datasets import Entry, load_recording
from ecgcore.errors import CannotAssessError, DatasetError
from ecgcore.explain.expected_gradients import Logits
from ecgcore.inference import LoadedModel
from ecgcore.inference.prepare import ModelInput
from ecgcore.inference.runner import Reading, read_for
from ecgcore.inference.windows import Window
from ecgcore.models import with_scale

Array = NDArray[np.float64]
# How a network is asked about one window of one recording.
Caller = Callable[[LoadedModel, ModelInput, Window], Logits]


def plain_call(model: LoadedModel, given: ModelInput, window: Window) -> Logits:
    """Return the network as one of samples alone; the window's voltage is bound to it."""
    bound: Logits = with_scale(model.network, given.scales([window]).to(model.device))
    return bound


@dataclass(frozen=True, eq=False)
class Record:
    """One record of the split as the model reads it; ``logits`` (n_windows, n_labels)."""

    entry: Entry
    reading: Reading
    ask: Callable[[ModelInput, Window], Logits]
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
        ask = partial(call, model)
        rows = [window_logits(ask, reading.given, piece) for piece in reading.pieces]
        records.append(Record(entry, reading, ask, np.stack(rows)))
        report("read", done, len(entries))
    return records


def window_logits(
    ask: Callable[[ModelInput, Window], Logits], given: ModelInput, window: Window
) -> Array:
    """Return a window's logits, shape (n_labels,)."""
    x, present = given.batch([window])
    with torch.inference_mode():
        out = ask(given, window)(x, present, given.index)[0]
    return np.asarray(out.cpu().numpy(), dtype=np.float64)
