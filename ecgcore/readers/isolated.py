"""Reading files in separate, reused processes with limits on memory and time.

A file that hangs, crashes or fills the memory costs one message: the process is replaced and
nothing else is lost.  Files go in and recordings come out as plain bytes over a pipe; what the
process may not do is in :mod:`ecgcore.workers`.
"""

import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from ecgcore.errors import EcgError, ReadError
from ecgcore.readers.answering import Result, join_names
from ecgcore.readers.base import ReadOptions, refuse_memory, refuse_size
from ecgcore.wire import unpack
from ecgcore.workers import (
    Worker,
    WorkerError,
    WorkerSlowError,
    WorkerSpec,
    WorkerStartError,
)
from ecgcore.workers.framing import Parts

MAX_SECONDS = 20.0
MAX_MEMORY_BYTES = 2**30
# Arrow's own allocator takes 1 GiB of addresses at once, which is all there is.
PLAIN_MEMORY = {"ARROW_DEFAULT_MEMORY_POOL": "system"}
# Set in the worker: a reader whose library may end the process need not start another one.
IN_WORKER = "ECGCORE_IN_WORKER"
READ_MANY = "ecgcore.readers.opening:read_many"
_ANSWER = "ecgcore.readers.answering:answer"


# What is on the pages already goes first.
_NICENESS = 5


def reading_spec(
    *,
    max_seconds: float = MAX_SECONDS,
    max_memory_bytes: int = MAX_MEMORY_BYTES,
    function: str = READ_MANY,
    also: tuple[str, ...] = (),
) -> WorkerSpec:
    """Return what a reading worker calls, and its limits.

    Parameters
    ----------
    max_seconds : float
        For one request; the worker is replaced when it takes longer.
    max_memory_bytes : int
        What a request may take beyond what the idle worker has.
    function : str
        ``module:function`` that the worker calls, as :func:`ecgcore.readers.read_many`.
    also : tuple of str
        What else the worker may be asked for.
    """
    return WorkerSpec(
        (_ANSWER, *also),
        (function,),
        max_seconds=max_seconds,
        max_memory_bytes=max_memory_bytes,
        environment={IN_WORKER: "1", **PLAIN_MEMORY},
        niceness=_NICENESS,
    )


def encode_request(
    files: Mapping[str, bytes], options: ReadOptions, *, function: str = READ_MANY
) -> list[Parts]:
    """Return a request as messages, without a copy of any file."""
    head = {"function": function, "options": asdict(options), "names": list(files)}
    return [(json.dumps(head).encode(),), *((content,) for content in files.values())]


def decode_answer(messages: Sequence[bytearray]) -> Result:
    """Return what a worker found; one message after the other is let go."""
    left = list(reversed(messages))
    results: Result = []
    while len(left) >= 2:
        name = left.pop().decode(errors="replace")
        results.append((name, unpack(left.pop())))
    return results


def refuse_large(files: Mapping[str, bytes], options: ReadOptions) -> Result | None:
    """Return the error for more than may be read, before anything is sent; None if it is less."""
    if sum(map(len, files.values())) > options.max_bytes:
        return [(join_names(list(files)), refuse_size(options.max_bytes))]
    return None


def explain_failure(
    error: WorkerError | EcgError, files: Mapping[str, bytes], max_seconds: float = MAX_SECONDS
) -> Result:
    """Return what a reader is told where the worker gave no answer."""
    name = join_names(list(files))
    if isinstance(error, EcgError):
        return [(name, error)]
    if isinstance(error, WorkerStartError):
        return [(name, ReadError(NOT_STARTED))]
    words = _CRASHED
    if isinstance(error, WorkerSlowError):
        words = _SLOW.format(seconds=max_seconds)
    return [(name, ReadError(words + (_ONE_BY_ONE if len(files) > 1 else "")))]


class IsolatedReader:
    """One worker process that reads files, one request at a time.

    Parameters
    ----------
    max_seconds, max_memory_bytes, function
        As in :func:`reading_spec`.
    """

    def __init__(
        self,
        *,
        max_seconds: float = MAX_SECONDS,
        max_memory_bytes: int = MAX_MEMORY_BYTES,
        function: str = READ_MANY,
    ) -> None:
        self._function = function
        self._lock = threading.Lock()
        self._worker = Worker(
            reading_spec(
                max_seconds=max_seconds, max_memory_bytes=max_memory_bytes, function=function
            )
        )

    def start(self) -> None:
        """Start the worker, if it is not running, and wait until it is ready.

        Raises
        ------
        EcgError
        """
        with self._lock:
            try:
                self._worker.start()
            except WorkerError:
                raise ReadError(NOT_STARTED) from None

    def close(self) -> None:
        """End the worker."""
        with self._lock:
            self._worker.stop()

    def read_many(self, files: Mapping[str, bytes], options: ReadOptions) -> Result:
        """Read every recording among files, as :func:`ecgcore.readers.read_many`.

        Returns
        -------
        list of (str, Recording or EcgError)
            One entry with an error where the worker broke a limit or ended.
        """
        refused = refuse_large(files, options)
        if refused is not None:
            return refused
        with self._lock:
            try:
                request = encode_request(files, options, function=self._function)
                results = decode_answer(self._worker.ask(request))
            except (WorkerError, EcgError) as error:
                return explain_failure(error, files, self._worker.spec.max_seconds)
            if any(str(error) == str(refuse_memory()) for _, error in results):
                self._worker.stop()  # what it could not free would be missing for the next file
            return results


NOT_STARTED = "The reading process did not start; try again in a moment."
_CRASHED = (
    "Reading this file ended the reading process (it needs too much memory, or it is damaged in a "
    "way that no reader survives); export the recording again or as another format."
)
_SLOW = "Reading took longer than {seconds:g} s and was stopped; choose a shorter recording."
_ONE_BY_ONE = (
    " These files were given together: read one recording at a time to find which one it is."
)
