"""Recordings on disk: without identity, each in a file under the SHA-256 of its content."""

import hashlib
import os
import re
import time
import uuid
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np

from ecgcore.errors import ReadError
from ecgcore.recording import Recording
from ecgcore.reviews.errors import StoreError
from ecgcore.wire import pack_files, unpack

_FOLDER = "recordings"
_PART = ".part"
# What was not finished so long ago, nobody finishes any more.
_LEFT_S = 3600.0


class RecordingFiles:
    """The recordings in a data folder.

    Parameters
    ----------
    folder : pathlib.Path
        The data folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder / _FOLDER

    def open(self) -> None:
        """Make the folder, and remove what a process that ended has left unfinished."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        for path in self._folder.glob(f"*{_PART}"):
            with suppress(OSError):
                if path.stat().st_mtime < time.time() - _LEFT_S:
                    path.unlink()

    def write(self, content: bytes) -> Path:
        """Write content under a temporary name, on the disk when this returns."""
        part = self._folder / f"{uuid.uuid4().hex}{_PART}"
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        return part

    def settle(self, part: Path, recording_id: str) -> None:
        """Give what was written its name."""
        path = self.path(recording_id)
        if not path.parent.is_dir():
            path.parent.mkdir(mode=0o700)
            _sync_folder(self._folder)
        part.replace(path)
        _sync_folder(path.parent)

    def read(self, recording_id: str) -> Recording:
        """Return a recording.

        Raises
        ------
        StoreError
            If its file is missing or is not what was written.
        """
        try:
            content = self.path(recording_id).read_bytes()
        except OSError as error:
            raise StoreError(
                "The recording of this case is not in the data folder; upload its file again."
            ) from error
        if hashlib.sha256(content).hexdigest() == recording_id:
            with suppress(ReadError):
                found = unpack(content)
                if isinstance(found, Recording):
                    return found
        raise StoreError("The recording of this case is damaged on disk; upload its file again.")

    def remove(self, recording_id: str) -> None:
        """Remove a recording's file, if it is there."""
        self.path(recording_id).unlink(missing_ok=True)

    def path(self, recording_id: str) -> Path:
        """Return where a recording lies."""
        if not re.fullmatch(r"[0-9a-f]{64}", recording_id):
            raise StoreError("There is no such recording; upload its file again.")
        return self._folder / recording_id[:2] / f"{recording_id}.ecg"


def pack_plain(recording: Recording) -> tuple[str, bytes]:
    """Return a recording's id and content, the same for the same recording.

    Identity that a reader asked to keep is left out; every absent sample is the same NaN.
    """
    signal = np.where(np.isnan(recording.signal), np.float32(np.nan), recording.signal)
    plain = replace(recording, signal=signal, patient=replace(recording.patient, identity={}))
    content = pack_files(plain)
    return hashlib.sha256(content).hexdigest(), content


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
