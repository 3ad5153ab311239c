"""What a worker gives up before its first request, and how it ends with its parent."""

import contextlib
import ctypes
import os
import resource
import select
import signal
import socket
import sys
import threading
from typing import Any, NoReturn

from ecgcore.workers import seccomp

MAX_FILE_BYTES = 2**29
MAX_OPEN_FILES = 256
# A worker that has calculated for so long is replaced between two requests.
MAX_CPU_S = 3600
# Counted by user, not by process: so many more than run now.
_MORE_TASKS = 512
_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38
_NEW_USER, _NEW_NETWORK = 0x10000000, 0x40000000


def die_with_parent(parent_pid: int, request_fd: int) -> None:
    """End this process when its parent ends, whatever it does then.

    The kernel kills it, in the middle of any calculation, when the thread that started it ends;
    a thread here ends it where the kernel does not, when nobody holds the request's pipe.
    """
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent_pid:
        _end_all()
    threading.Thread(target=_watch, args=(request_fd,), name="lifeline", daemon=True).start()


def _watch(request_fd: int) -> None:
    poll = select.poll()
    poll.register(request_fd, 0)  # a closed pipe is told unasked
    poll.poll()
    _end_all()


def _end_all() -> NoReturn:
    with contextlib.suppress(OSError):
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


def leave_network() -> bool:
    """Move this process, while it has one thread, to a network of its own without any device."""
    if sys.platform != "linux":
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    return bool(libc.unshare(_NEW_USER | _NEW_NETWORK) == 0)


def give_up_rights(max_memory_bytes: int, *, alone: bool) -> str:
    """Limit memory, files, processes and time, and close the network; return how it is closed.

    Parameters
    ----------
    max_memory_bytes : int
        Address space beyond what the libraries have taken already.
    alone : bool
        Whether the process has left the network already.

    Returns
    -------
    str
        ``"seccomp"``, ``"namespace"``, or ``"python"`` where only Python itself refuses.
    """
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_FSIZE, MAX_FILE_BYTES)
    _limit(resource.RLIMIT_NOFILE, MAX_OPEN_FILES)
    _limit(resource.RLIMIT_NPROC, _tasks_of_user() + _MORE_TASKS)
    _limit(resource.RLIMIT_CPU, MAX_CPU_S)
    _limit(resource.RLIMIT_AS, address_space() + max_memory_bytes)
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    if seccomp.install():
        return "seccomp"
    if alone:
        return "namespace"
    _refuse_sockets()
    return "python"


def allow_cpu(seconds: float) -> None:
    """Let the next request calculate for so long; more ends the process."""
    most = int(cpu_s() + seconds) + 1
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    resource.setrlimit(resource.RLIMIT_CPU, (min(most, hard), hard))


def cpu_s() -> float:
    """Return how long this process has calculated."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def address_space() -> int:
    """Return the bytes of address space taken now."""
    with open("/proc/self/statm", encoding="ascii") as statm:  # noqa: PTH123 - not a user's path
        return int(statm.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")


def _limit(what: int, most: int) -> None:
    hard = resource.getrlimit(what)[1]
    allowed = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(what, (allowed, allowed))


def _tasks_of_user() -> int:
    own, count = os.getuid(), 0
    for entry in os.scandir("/proc"):
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and entry.stat().st_uid == own:
                count += len(os.listdir(f"{entry.path}/task"))  # noqa: PTH208 - only counted
    return count


def _prctl(what: int, value: int) -> bool:
    if sys.platform != "linux":
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    return bool(libc.prctl(what, ctypes.c_ulong(value), 0, 0, 0) == 0)


def _refuse_sockets() -> None:
    def refuse(*_args: Any, **_options: Any) -> NoReturn:
        raise PermissionError("a worker has no network")

    for name in ("socket", "socketpair", "create_connection"):
        setattr(socket, name, refuse)
