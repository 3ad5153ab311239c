"""What all readers share: their options, the bytes they may read, and their draft."""

import errno
import hashlib
import os
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ecgcore.errors import (
    EcgError,
    InvalidArgumentError,
    ReadError,
    TooLargeError,
    explain_shortage,
)
from ecgcore.recording import MAX_FS_HZ, Patient, Provenance
from ecgcore.units import MV, is_normalised, is_voltage

MIB = 2**20
HEAD_BYTES = 65_536


@dataclass(frozen=True)
class ReadOptions:
    """What the caller can tell a reader, and how much it may read.

    Attributes
    ----------
    fs_hz : float or None
        Sampling rate, used only where the file does not tell it.
    unit : str or None
        Unit of the samples (``"mV"``, ``"uV"``, ``"V"``, ``"nV"`` or ``"NU"``), used only where
        the file does not tell it.
    lead_names : tuple of str or None
        Names of the file's channels in their order; ``""`` or ``"-"`` leaves a channel out.  Or
        pairs of a channel's own name and the lead that it is: ``"ECG=II"``.
    keep_identity : bool
        Keep name and identifier of the patient; otherwise only age and sex are kept.
    skip_unlikely : bool
        Of one file too, say that it shows no ECG, as is said of one among several, instead of
        asking for what it lacks.
    max_bytes : int
        Largest total size of the files read.
    max_expanded_bytes : int
        Largest total size that an archive may expand to.
    max_samples : int
        Largest number of samples, all channels together (a compressed file can hold very many).

    Raises
    ------
    InvalidArgumentError
        For a rate or a unit that cannot be.
    """

    fs_hz: float | None = None
    unit: str | None = None
    lead_names: tuple[str, ...] | None = None
    keep_identity: bool = False
    skip_unlikely: bool = False
    max_bytes: int = 200 * MIB
    max_expanded_bytes: int = 200 * MIB
    max_samples: int = 100_000_000

    def __post_init__(self) -> None:
        if self.fs_hz is not None and not 0 < self.fs_hz <= MAX_FS_HZ:
            raise InvalidArgumentError(
                f"The sampling rate is {self.fs_hz} Hz; it must be above 0, up to {MAX_FS_HZ:g}."
            )
        if self.unit is not None and not (is_voltage(self.unit) or is_normalised(self.unit)):
            raise InvalidArgumentError(
                f"The unit is {self.unit!r}; possible units are V, mV, uV, nV and NU."
            )


class Source:
    """A file to be read, with the files beside it; counts and hashes what is taken.

    Parameters
    ----------
    name : str
        The file's own name, for messages and for what only a name can tell.
    options : ReadOptions
    files : mapping of str to bytes, optional
        The files in memory, by plain name.
    folder : pathlib.Path, optional
        Where the files lie, if not in memory.

    Raises
    ------
    TooLargeError
        When more than ``options.max_bytes`` would be taken.
    """

    def __init__(
        self,
        name: str,
        options: ReadOptions,
        *,
        files: Mapping[str, bytes] | None = None,
        folder: Path | None = None,
    ) -> None:
        self.name = name
        self._options = options
        self._files = files or {}
        self._folder = folder
        self._taken: dict[str, bytes] = {}
        self.data = self.take(name)

    @property
    def head(self) -> bytes:
        """The first bytes, by which the format is recognised."""
        return self.data[:HEAD_BYTES]

    @property
    def sha256(self) -> str:
        """Digest over the bytes of all files taken, in sorted name order."""
        digest = hashlib.sha256()
        for name in sorted(self._taken):
            digest.update(self._taken[name])
        return digest.hexdigest()

    def take(self, name: str) -> bytes:
        """Return the bytes of the main file or of one beside it.

        Parameters
        ----------
        name : str
            A plain file name; one with a path in it is never followed.

        Raises
        ------
        ReadError
            If there is no such file, or it cannot be read.
        """
        if name not in self._taken:
            # What a user's own file is called calls for nothing.
            if name != self.name and not is_plain_name(name):
                raise ReadError(
                    f"The file refers to {clean_text(name)}; only files in the same folder "
                    "are read."
                )
            room = self._options.max_bytes - sum(len(data) for data in self._taken.values())
            in_folder = self._folder is not None
            data = self._from_folder(name, room) if in_folder else self._from_memory(name)
            if len(data) > room:
                raise refuse_size(self._options.max_bytes)
            self._taken[name] = data
        return self._taken[name]

    def beside(self, name: str) -> str | None:
        """Return the name under which a file lies here (other case of letters allowed)."""
        if not is_plain_name(name):
            return None
        if name in self._files or (self._folder and (self._folder / name).is_file()):
            return name
        same = [other for other in sorted(self._names()) if other.lower() == name.lower()]
        return same[0] if same else None

    def _names(self) -> list[str]:
        try:
            return [p.name for p in self._folder.iterdir()] if self._folder else list(self._files)
        except OSError:
            return []  # a folder that may be entered but not listed

    def _from_memory(self, name: str) -> bytes:
        if name not in self._files:
            raise ReadError(f"{clean_text(name)} is missing; add it to {clean_text(self.name)}.")
        return bytes(self._files[name])

    def _from_folder(self, name: str, room: int) -> bytes:
        path = (self._folder or Path()) / name
        try:
            if not path.is_file():
                if name == self.name:
                    raise ReadError("There is no such file.")
                raise ReadError(
                    f"{clean_text(name)} is missing; it must lie beside {clean_text(self.name)}."
                )
            if path.stat().st_size > room:
                raise refuse_size(self._options.max_bytes)
            return read_first_bytes(path, room + 1)
        except OSError as error:
            lacking = explain_shortage(error)
            if lacking is not None:
                raise lacking from error
            reason = error.strerror or "it is not accessible"
            raise ReadError(f"{clean_text(name)} cannot be opened: {reason.lower()}.") from error


def read_first_bytes(path: Path, n_bytes: int) -> bytes:
    """Return what a file begins with; one that has nothing to give yet is an error and no wait.

    A pipe put there after the name was checked, or a file of the kernel's, would hang otherwise.

    Raises
    ------
    OSError
    """
    with open(path, "rb", opener=_open_without_waiting) as file:
        content: bytes | None = file.read(n_bytes)
    if content is None:
        raise BlockingIOError(errno.EAGAIN, "it has no content yet")
    return content


def _open_without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)


def is_plain_name(name: str) -> bool:
    """Return whether ``name`` is a file name without any path, drive, address or null byte."""
    return bool(name) and name not in (".", "..") and not set(name) & set('/\\:\x00\n\r*?"<>|')


def refuse_size(limit_bytes: int) -> TooLargeError:
    """Return the error for input above the limit."""
    return TooLargeError(
        f"The input is larger than {limit_bytes / MIB:.0f} MB, the most that is read; "
        "choose a shorter recording or cut out a part."
    )


def refuse_memory() -> TooLargeError:
    """Return the error for a file whose reading takes more memory than there is."""
    return TooLargeError(
        "Reading this file needs more memory than is allowed; choose a shorter recording or cut "
        "out a part out of it."
    )


def clean_text(text: str, limit: int = 60) -> str:
    """Return text from a file as it may be shown: printable, on one line, of limited length."""
    clean = "".join(c if c.isprintable() else " " for c in text)
    clean = " ".join(clean.split())
    return clean if len(clean) <= limit else clean[: limit - 1] + "…"


@dataclass
class Draft:
    """What a reader has found; :func:`ecgcore.readers.assemble.assemble_draft` makes the recording.

    Attributes
    ----------
    names : list of str
        As the file writes them, one a row.
    signal : array of float32, shape (n_leads, n_samples)
        In ``unit``.
    fs_hz : float
    unit : str
        ``"mV"`` or ``"NU"``.
    provenance : Provenance
        Without its digest.
    start : datetime or None
    patient : Patient
    notes : list of str
    derived : tuple of str
        Leads that the file itself says were computed from others.
    """

    names: list[str]
    signal: NDArray[np.float32]
    fs_hz: float
    unit: str
    provenance: Provenance
    start: datetime | None = None
    patient: Patient = field(default_factory=Patient)
    notes: list[str] = field(default_factory=list)
    derived: tuple[str, ...] = ()


# Recording warnings swaps state that all threads share; one reader at a time may do it.
_WARNINGS_LOCK = threading.RLock()


@contextmanager
def guard_library(sentence: str) -> Iterator[list[str]]:
    """Run a format's library: its exceptions become ``sentence``, its warnings are handed over.

    Libraries raise whatever hostile bytes happen to hit; only here is every exception taken, and
    each becomes a :class:`~ecgcore.errors.ReadError` that keeps it as its cause.  Memory that does
    not suffice is no damage of the file, and stays a MemoryError; nor is a full disk, which is
    told as a :class:`~ecgcore.errors.ResourceError`.

    Parameters
    ----------
    sentence : str
        For the user, if the library fails.

    Yields
    ------
    list of str
        The warnings' texts, complete after the block.
    """
    texts: list[str] = []
    with _WARNINGS_LOCK, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            yield texts
        except (EcgError, MemoryError):
            raise
        except Exception as error:
            if "out of memory" in str(error).lower():  # as pandas words it
                raise MemoryError from error
            lacking = explain_shortage(error)
            if lacking is not None:
                raise lacking from error
            raise ReadError(sentence) from error
        finally:
            texts.extend(str(warning.message) for warning in caught)


_T = TypeVar("_T")


def take_if_readable(take: Callable[[], _T]) -> _T | None:
    """Return what ``take`` returns, or None where a library cannot read it.

    For what a recording can do without (a date, a device's name) and a file may hold in any form.
    """
    try:
        with guard_library("It cannot be read."):
            return take()
    except ReadError:
        return None


@contextmanager
def guard_writing(path: str | Path) -> Iterator[None]:
    """Write something: what the system refuses becomes one sentence about ``path``.

    Raises
    ------
    EcgError
    """
    try:
        yield
    except OSError as error:
        reason = (error.strerror or "no access").lower()
        raise EcgError(f"{clean_text(str(path), 200)} cannot be written to: {reason}.") from error


def require_voltage(unit: str, format_name: str) -> None:
    """Refuse to write normalised units into a format that knows voltages only.

    Raises
    ------
    InvalidArgumentError
    """
    if unit != MV:
        raise InvalidArgumentError(
            f"The recording is in {unit}; {format_name} needs a voltage, so save it as WFDB or CSV."
        )
