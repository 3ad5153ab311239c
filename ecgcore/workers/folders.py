"""A temporary folder for each worker, gone with it; what a killed server left is swept."""

import contextlib
import fcntl
import os
import re
import shutil
import stat
import tempfile
import threading
import time
from pathlib import Path

PREFIX = "ecgcore-worker-"
_STALE = re.compile(rf"{PREFIX}(\d+)-\w+")
# Between making and locking a folder nobody else may take it for a left one.
_YOUNG_S = 60.0
_SWEPT = threading.Event()


class WorkerFolder:
    """A private folder, held by a lock that ends with this process, however it ends.

    Raises
    ------
    OSError
        Where it cannot be made.
    """

    def __init__(self) -> None:
        if not _SWEPT.is_set():
            _SWEPT.set()
            sweep()
        self.path = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))
        self._lock = -1
        try:
            self._lock = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self.remove()
            raise

    def remove(self) -> None:
        """Remove the folder and all that is in it."""
        shutil.rmtree(self.path, ignore_errors=True)
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1


def sweep(folder: Path | None = None) -> int:
    """Remove the folders of servers that are gone; return how many.

    Only what is a folder of this user, named after a process that is not there, not young, and
    that no process holds a lock on: one from another container may have any number.
    """
    root = Path(tempfile.gettempdir()) if folder is None else folder
    removed = 0
    with contextlib.suppress(OSError), os.scandir(root) as entries:
        for entry in entries:
            match = _STALE.fullmatch(entry.name)
            if match and not _is_alive(int(match[1])) and _is_left(entry.path):
                shutil.rmtree(entry.path, ignore_errors=True)
                removed += 1
    return removed


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True
    return True


def _is_left(path: str) -> bool:
    try:
        found = os.lstat(path)
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
            return False
        if time.time() - found.st_mtime < _YOUNG_S:
            return False
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return True
