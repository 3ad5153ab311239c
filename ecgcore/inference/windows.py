"""Windows of a recording: how they are cut, and how a network runs over them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import torch

from ecgcore.turns import Priority, pause, turn

# Windows that go through a network together: bounds memory on long recordings.
BATCH = 32
Item = TypeVar("Item")
Found = TypeVar("Found")


@dataclass(frozen=True)
class Window:
    """A stretch of the prepared samples: ``start`` to ``stop`` at the model's rate."""

    start: int
    stop: int


def cut_windows(n: int, size: int, step: int | None = None, *, whole: int = 0) -> list[Window]:
    """Return windows over ``n`` samples, the last one at the end; or one, if there are so few.

    Parameters
    ----------
    n, size : int
        Samples of the recording, and of a window.
    step : int, optional
        From one window's start to the next; default: end to end.
    whole : int
        Up to this many samples are one window.
    """
    if n <= max(size, whole):
        return [Window(0, n)]
    starts = [*range(0, n - size, step or size), n - size]
    return [Window(start, start + size) for start in starts]


def run_windows(
    call: Callable[[Sequence[Item]], Found],
    windows: Sequence[Item],
    *,
    batch: int = BATCH,
    priority: Priority = Priority.FINDINGS,
    report: Callable[[float], None] = lambda _share: None,
) -> list[Found]:
    """Ask about windows, a batch at a time, within one turn.

    Parameters
    ----------
    call : callable
        Is given a batch of windows; what it returns is collected.
    windows : sequence
    batch : int
        Windows that go together; they must be of one length.
    priority : Priority
    report : callable
        Told the share that is done, 0 to 1, after each batch.
    """
    found = []
    with turn(priority), torch.inference_mode():
        for start in range(0, len(windows), batch):
            pause()
            found.append(call(windows[start : start + batch]))
            report(min(1.0, (start + batch) / len(windows)))
    return found
