"""One worker process: started bare, asked with a deadline, ended with all that it started."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from ecgcore.errors import ResourceError, explain_shortage, say_lack
from ecgcore.workers.folders import WorkerFolder
from ecgcore.workers.framing import Channel, DeadlineError, Parts

START_SECONDS = 60.0
MAX_MESSAGE_BYTES = 2**30
_PROJECT = Path(__file__).resolve().parents[2]
_MODULE = "ecgcore.workers.serve"
# What Python, its libraries and texts need; nothing else of the server's reaches a worker.
_INHERITED = (
    "PATH", "PYTHONPATH", "PYTHONHOME", "PYTHONUTF8", "PYTHONDONTWRITEBYTECODE", "VIRTUAL_ENV",
    "LD_LIBRARY_PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ",
)  # fmt: skip
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
_KILLED = "the system ended the process, most likely because memory ran out"


class WorkerError(Exception):
    """A worker gave no answer; the words for a reader are the caller's."""


class WorkerCrashError(WorkerError):
    """The process ended."""


class WorkerSlowError(WorkerError):
    """The request took longer than it may."""


class WorkerStartError(WorkerError):
    """The process did not become ready."""


@dataclass(frozen=True)
class WorkerSpec:
    """What a worker calls, and its limits.

    Attributes
    ----------
    functions : tuple of str
        ``module:function``; called with the messages of a request (a list of bytes), each yields
        the messages of the answer, in parts, none of them empty.  A request names one of them.
    preload : tuple of str
        Further functions, whose modules are imported before the first request.
    max_seconds : float
        For one request.
    max_memory_bytes : int
        What a request may take beyond what the idle worker has.
    environment : mapping of str to str
        Beside the few variables that every worker has.
    niceness : int
        How far the process stands back behind others, 0 to 19.
    """

    functions: tuple[str, ...]
    preload: tuple[str, ...] = ()
    max_seconds: float = 20.0
    max_memory_bytes: int = 2**30
    environment: Mapping[str, str] = field(default_factory=dict)
    niceness: int = 0


class Worker:
    """One process; for one thread at a time."""

    def __init__(self, spec: WorkerSpec) -> None:
        self.spec = spec
        self.network = ""
        self._process: subprocess.Popen[bytes] | None = None
        self._folder: WorkerFolder | None = None

    @property
    def pid(self) -> int | None:
        """Number of the process, or None where none runs."""
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """Start the process, if it is not running, and wait until it is ready.

        Raises
        ------
        ResourceError
            Where the machine lacks what it takes.
        WorkerStartError
            Where it did not become ready.
        """
        if self._process is not None and self._process.poll() is None:
            return
        self.stop()
        try:
            self._folder = WorkerFolder()
            self._process = _starter(os.getpid()).submit(self._popen).result()
        except OSError as error:
            self.stop()
            raise explain_shortage(error, own_folder=True) or say_lack(_KILLED) from error
        channel = self._channel(START_SECONDS, _nothing)
        try:
            (ready,) = self._guarded(lambda: [channel.receive()])
        except WorkerError as error:
            self.stop()
            raise WorkerStartError from error
        except ResourceError:
            self.stop()
            raise
        self.network = json.loads(ready)["network"]

    def ask(
        self,
        request: Sequence[Parts],
        *,
        function: str = "",
        on_tick: Callable[[], None] | None = None,
    ) -> list[bytearray]:
        """Send a request, each message in parts; return the messages of the answer.

        Whatever is raised, the process is gone then.

        Parameters
        ----------
        request : sequence of messages, each in parts
        function : str
            One of the specification's; default the first.
        on_tick : callable, optional
            Called now and then while waiting; what it raises ends the request.

        Raises
        ------
        ResourceError, WorkerCrashError, WorkerSlowError, WorkerStartError
        """
        self.start()
        channel = self._channel(self.spec.max_seconds, on_tick or _nothing)

        def exchange() -> list[bytearray]:
            channel.send([(function or self.spec.functions[0]).encode()])
            channel.send([len(request).to_bytes(4, "little")])
            for parts in request:
                channel.send(parts)
            return list(channel.answer())

        try:
            answer = self._guarded(exchange)
        except BaseException:
            self.stop()
            raise
        if channel.leaving:
            self.stop()
        return answer

    @contextlib.contextmanager
    def halted(self) -> Iterator[None]:
        """Let the process stand still meanwhile, wherever it is."""
        self._signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._signal(signal.SIGCONT)

    def _signal(self, number: int) -> None:
        # One that has ended and was not waited for keeps its number.
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(OSError):
                os.killpg(self._process.pid, number)

    def stop(self) -> None:
        """End the process and everything that it started, and remove its folder."""
        if self._process is not None:
            with contextlib.suppress(OSError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.kill()
            with contextlib.suppress(OSError), self._process:  # closes the pipes and waits
                pass
        self._process = None
        if self._folder is not None:
            self._folder.remove()
            self._folder = None

    def _guarded(self, exchange: Callable[[], list[bytearray]]) -> list[bytearray]:
        try:
            return exchange()
        except DeadlineError:
            raise WorkerSlowError from None
        except (EOFError, OSError) as error:
            raise self._ended() from error

    def _ended(self) -> WorkerError | ResourceError:
        """Return what it means that the process is gone."""
        if self._process is None:
            return WorkerCrashError()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=1.0)
        if self._process.returncode == -signal.SIGXCPU:
            return WorkerSlowError()
        if self._process.returncode == -signal.SIGKILL:
            return say_lack(_KILLED)
        return WorkerCrashError()

    def _channel(self, seconds: float, on_tick: Callable[[], None]) -> Channel:
        if self._process is None or self._process.stdin is None or self._process.stdout is None:
            raise WorkerCrashError
        return Channel(
            self._process.stdin.fileno(),
            self._process.stdout.fileno(),
            time.monotonic() + seconds,
            on_tick=on_tick,
            max_bytes=MAX_MESSAGE_BYTES,
        )

    def _popen(self) -> "subprocess.Popen[bytes]":
        spec = self.spec
        given = {
            "functions": spec.functions,
            "preload": spec.preload,
            "max_seconds": spec.max_seconds,
            "max_memory_bytes": spec.max_memory_bytes,
            "niceness": spec.niceness,
            "pid": os.getpid(),
        }
        home = str(self._folder.path) if self._folder is not None else ""
        kept = {name: os.environ[name] for name in _INHERITED if name in os.environ}
        # A plain child, not multiprocessing: that would run the app's script again in the child.
        return subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-m", _MODULE, json.dumps(given)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=_PROJECT,
            env={**kept, **_ONE_THREAD, "TMPDIR": home, "HOME": home, **spec.environment},
            start_new_session=True,
            bufsize=0,
        )


@cache
def _starter(pid: int) -> ThreadPoolExecutor:
    """Return the thread that starts the workers of one process, to the end of that process.

    The kernel ends a worker when the thread that started it ends.
    """
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"worker-starter-{pid}")


def _nothing() -> None:
    """Nothing is to be looked at while waiting."""
