"""What the tests of every format ask: read these bytes, is it noted, is it the made ECG?"""

import numpy as np
from made_files import FS_HZ, truth_mv

from ecgcore import readers
from ecgcore.leads import STANDARD_12
from ecgcore.readers import ReadOptions
from ecgcore.recording import Recording


def read(data: str | bytes, name: str = "a", **options) -> Recording:
    """Return the one recording of a file."""
    content = data if isinstance(data, bytes) else data.encode()
    return readers.read({name: content}, options=ReadOptions(**options))


def has_note(recording: Recording, text: str) -> bool:
    return any(text in note for note in recording.notes)


def notes_of(data: str | bytes, **options) -> str:
    return " ".join(read(data, **options).notes)


def is_truth(recording: Recording) -> bool:
    same = recording.leads == STANDARD_12 and recording.fs_hz == FS_HZ
    return same and float(np.abs(recording.signal - truth_mv()).max()) < 1e-6


def read_named(name: str, data: bytes, **options) -> Recording:
    return read(data, name, **options)
