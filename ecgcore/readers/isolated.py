"""Reading uploads in a separate, reused process with limits on memory and time.

A file that hangs, crashes or fills the memory costs one message: the process is replaced and
nothing else is lost.  Files go in and recordings come out as plain bytes over a pipe.
"""

import gc
import importlib
import json
import os
import resource
import select
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import IO

from ecgcore.errors import EcgError, ReadError
from ecgcore.readers.base import ReadOptions, no_memory, too_large
from ecgcore.readers.wire import LENGTH_BYTES, pack, unpacked
from ecgcore.recording import Recording

Result = list[tuple[str, Recording | EcgError]]
ReadMany = Callable[..., Result]

MAX_SECONDS = 20.0
MAX_MEMORY_BYTES = 2**30
# Arrow's own allocator takes 1 GiB of addresses at once, which is all there is.
PLAIN_MEMORY = {"ARROW_DEFAULT_MEMORY_POOL": "system"}
# Set in the worker: a reader whose library may end the process need not start another one.
IN_WORKER = "ECGCORE_IN_WORKER"
_START_SECONDS = 60.0
_READ_MANY = "ecgcore.readers.opening:read_many"
_END = b""
_MODULE = "ecgcore.readers.isolated"
_PACKAGE_PARENT = Path(__file__).resolve().parents[2]


class IsolatedReader:
    """One worker process that reads files, one request at a time.

    Parameters
    ----------
    max_seconds : float
        For one request; the worker is replaced when it takes longer.
    max_memory_bytes : int
        What a request may take beyond what the idle worker has.
    function : str
        ``module:function`` that the worker calls, as :func:`ecgcore.readers.read_many`.
    """

    def __init__(
        self,
        *,
        max_seconds: float = MAX_SECONDS,
        max_memory_bytes: int = MAX_MEMORY_BYTES,
        function: str = _READ_MANY,
    ) -> None:
        self._max_seconds = max_seconds
        self._max_memory = max_memory_bytes
        self._function = function
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._folder = ""

    def start(self) -> None:
        """Start the worker, if it is not running, and wait until it is ready."""
        with self._lock:
            self._ensure()

    def close(self) -> None:
        """End the worker."""
        with self._lock:
            self._stop()

    def read_many(self, files: Mapping[str, bytes], options: ReadOptions) -> Result:
        """Read every recording among files, as :func:`ecgcore.readers.read_many`.

        Returns
        -------
        list of (str, Recording or EcgError)
            One entry with an error where the worker broke a limit or ended.
        """
        if sum(map(len, files.values())) > options.max_bytes:
            return [(_name(files), too_large(options.max_bytes))]
        with self._lock:
            try:
                results = list(self._asked(self._ensure(), files, options))
                if any(str(error) == str(no_memory()) for _, error in results):
                    self._stop()  # what it could not free would be missing for the next file
                return results
            except (EOFError, OSError):
                self._stop()
                return [(_name(files), ReadError(_CRASHED + _one_by_one(files)))]
            except _SlowError:
                self._stop()
                message = _SLOW.format(seconds=self._max_seconds)
                return [(_name(files), ReadError(message + _one_by_one(files)))]
            except EcgError as error:
                self._stop()
                return [(_name(files), error)]

    def _asked(
        self, process: "subprocess.Popen[bytes]", files: Mapping[str, bytes], options: ReadOptions
    ) -> Iterator[tuple[str, Recording | EcgError]]:
        request, answer = _pipes(process)
        _send(request, json.dumps({"options": asdict(options), "names": list(files)}).encode())
        for content in files.values():
            _send(request, content)
        deadline = time.monotonic() + self._max_seconds
        while (name := _receive(answer, deadline)) != _END:
            yield name.decode(errors="replace"), unpacked(_receive(answer, deadline))

    def _ensure(self) -> "subprocess.Popen[bytes]":
        if self._process is not None and self._process.poll() is None:
            return self._process
        self._stop()
        # What a reader writes for a library to read goes when the worker goes, however it ends.
        self._folder = tempfile.mkdtemp(prefix="ecgcore-worker-")
        # A plain child, not multiprocessing: that would run the app's script again in the child.
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [
                sys.executable,
                "-m",
                "ecgcore.readers.isolated",
                self._function,
                str(self._max_memory),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=_PACKAGE_PARENT,
            env={**os.environ, "TMPDIR": self._folder, IN_WORKER: "1", **PLAIN_MEMORY},
        )
        try:
            _receive(_pipes(self._process)[1], time.monotonic() + _START_SECONDS)
        except (EOFError, OSError, _SlowError):
            self._stop()
            raise ReadError("The reading process did not start; try again in a moment.") from None
        return self._process

    def _stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            with self._process:  # closes the pipes and waits
                pass
        self._process = None
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = ""


def _pipes(process: "subprocess.Popen[bytes]") -> tuple[IO[bytes], IO[bytes]]:
    if process.stdin is None or process.stdout is None:
        raise EOFError
    return process.stdin, process.stdout


def _send(stream: IO[bytes], *parts: bytes | memoryview) -> None:
    """Send one message in parts: no copy of a long recording is made for it."""
    stream.write(sum(map(len, parts)).to_bytes(LENGTH_BYTES, "little"))
    for part in parts:
        stream.write(part)
    stream.flush()


def _receive(stream: IO[bytes], deadline: float) -> bytearray:
    length = int.from_bytes(_exactly(stream, LENGTH_BYTES, deadline), "little")
    return _exactly(stream, length, deadline)


def _exactly(stream: IO[bytes], n_bytes: int, deadline: float) -> bytearray:
    parts = bytearray()
    # Straight from the descriptor: what a buffered stream holds back, select would not see.
    descriptor = stream.fileno()
    while len(parts) < n_bytes:
        ready, _, _ = select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            raise _SlowError
        part = os.read(descriptor, min(n_bytes - len(parts), 2**20))
        if not part:
            raise EOFError
        parts += part
    return parts


def _take(stream: IO[bytes]) -> bytes:
    """Return one message, however long it takes; into memory of its size, and no more."""
    length = int.from_bytes(_whole(stream.read(LENGTH_BYTES), LENGTH_BYTES), "little")
    return _whole(stream.read(length), length)


def _whole(content: bytes, n_bytes: int) -> bytes:
    if len(content) < n_bytes:
        raise EOFError
    return content


class _SlowError(Exception):
    """The worker did not answer in time (TimeoutError would be an OSError, as a crash is)."""


_CRASHED = (
    "Reading this file ended the reading process (it needs too much memory, or it is damaged in a "
    "way that no reader survives); export the recording again or as another format."
)
_SLOW = "Reading took longer than {seconds:g} s and was stopped; give a shorter recording."


def _name(files: Mapping[str, bytes]) -> str:
    """Return the file's name; of several it is not known which one broke a limit."""
    return min(files, default="") if len(files) < 2 else f"{len(files)} files"


def _one_by_one(files: Mapping[str, bytes]) -> str:
    more = " These files were given together: give one recording at a time to find which one it is."
    return more if len(files) > 1 else ""


def serve(function: str, max_memory_bytes: int) -> None:
    """Answer requests until the pipe closes; runs in the worker."""
    module, _, name = function.partition(":")
    read_many: ReadMany = getattr(importlib.import_module(module), name)
    request = os.fdopen(os.dup(0), "rb")
    answer = os.fdopen(os.dup(1), "wb")
    # What a library prints must not get between the messages.
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)
    os.dup2(nowhere, 1)
    _limit_memory(max_memory_bytes)
    gc.freeze()  # the libraries stay; what a request leaves behind is soon found
    _send(answer, b"ready")
    while True:
        try:
            _answer(request, answer, read_many)
            gc.collect()
        except (EOFError, BrokenPipeError):
            return


def _answer(request: IO[bytes], answer: IO[bytes], read_many: ReadMany) -> None:
    asked = json.loads(_take(request))
    given = asked["options"]
    if given["lead_names"] is not None:
        given["lead_names"] = tuple(given["lead_names"])
    files = {name: _take(request) for name in asked["names"]}
    try:
        results = read_many(files, options=ReadOptions(**given))
    except MemoryError:
        results = [(_name(files), no_memory())]
    except EcgError as error:
        results = [(_name(files), error)]
    del files
    for name, result in results:
        # An empty message ends the answer: a name is never sent as one.
        _send(answer, name.encode(errors="replace") or b" ")
        _send(answer, *pack(result))
    _send(answer, _END)


def _limit_memory(more_bytes: int) -> None:
    """Allow ``more_bytes`` of address space beyond what the libraries have taken already."""
    page = os.sysconf("SC_PAGE_SIZE")
    with open("/proc/self/statm", encoding="ascii") as statm:  # noqa: PTH123 - not a user's path
        taken = int(statm.read().split()[0]) * page
    resource.setrlimit(resource.RLIMIT_AS, (taken + more_bytes, taken + more_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]))
