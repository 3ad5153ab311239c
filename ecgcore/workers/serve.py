"""The worker's side: ``python -m ecgcore.workers.serve SPECIFICATION``; started by a Worker."""

import gc
import importlib
import json
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import IO, Any

from ecgcore.workers import seccomp
from ecgcore.workers.containment import (
    MAX_CPU_S,
    address_space,
    allow_cpu,
    cpu_s,
    die_with_parent,
    give_up_rights,
    leave_network,
)
from ecgcore.workers.framing import Parts, send, send_end, take

Handler = Callable[[list[bytes]], Iterable[Parts]]

# A wall clock's second can hold more of the processor's where a library has threads.
_CPU_PER_SECOND = 2.0
# What a request could not free would be missing for the next one.
_MAX_LEFT = 0.25


def serve(specification: dict[str, Any]) -> None:
    """Answer requests until the pipe closes.

    Parameters
    ----------
    specification : dict
        ``functions`` to call, ``preload`` (further functions to import), ``max_seconds``,
        ``max_memory_bytes``, ``niceness`` and the parent's ``pid``.
    """
    alone = not seccomp.is_possible() and leave_network()
    request = os.fdopen(os.dup(0), "rb")
    answer = os.fdopen(os.dup(1), "wb")
    die_with_parent(specification["pid"], request.fileno())
    os.nice(specification["niceness"])
    # What a library prints must not get between the messages.
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)
    os.dup2(nowhere, 1)
    handlers: Mapping[str, Handler] = {name: load(name) for name in specification["functions"]}
    for name in specification["preload"]:
        load(name)
    max_memory = specification["max_memory_bytes"]
    network = give_up_rights(max_memory, alone=alone)
    gc.collect()
    gc.freeze()  # the libraries stay; what a request leaves behind is soon found
    send(answer, json.dumps({"network": network}).encode())
    at_rest = address_space()
    leaving = False
    while not leaving:
        try:
            allow_cpu(_CPU_PER_SECOND * specification["max_seconds"])
            _answer(request, answer, handlers)
            gc.collect()
            leaving = cpu_s() > MAX_CPU_S / 2 or _has_left(at_rest + _MAX_LEFT * max_memory)
            send_end(answer, leaving=leaving)
        except (EOFError, BrokenPipeError):
            return


def _has_left(most_bytes: float) -> bool:
    """Return whether a request left memory, or so many open files that none can be opened."""
    try:
        return address_space() > most_bytes
    except OSError:
        return True


def load(name: str) -> Callable[..., Any]:
    """Return the function called ``module:function``."""
    module, _, function = name.partition(":")
    found: Callable[..., Any] = getattr(importlib.import_module(module), function)
    return found


def _answer(request: IO[bytes], answer: IO[bytes], handlers: Mapping[str, Handler]) -> None:
    handler = handlers[take(request).decode()]
    count = int.from_bytes(take(request), "little")
    for parts in handler([take(request) for _ in range(count)]):
        send(answer, *[memoryview(part) for part in parts])


if __name__ == "__main__":
    serve(json.loads(sys.argv[1]))
