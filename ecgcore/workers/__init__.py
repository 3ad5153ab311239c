"""Work in processes of its own: bounded, contained, shared fairly among sessions.

A worker calls one function, named ``module:function``, with the messages of a request and sends
its messages back; both are plain bytes.  :class:`Worker` is one process, :class:`Pool` a few of
them behind a queue.
"""

from ecgcore.workers.pool import Pool, Ticket, default_size
from ecgcore.workers.process import (
    Worker,
    WorkerCrashError,
    WorkerError,
    WorkerSlowError,
    WorkerSpec,
    WorkerStartError,
)

__all__ = [
    "Pool",
    "Ticket",
    "Worker",
    "WorkerCrashError",
    "WorkerError",
    "WorkerSlowError",
    "WorkerSpec",
    "WorkerStartError",
    "default_size",
]
