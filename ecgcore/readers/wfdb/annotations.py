"""Writing annotations as a WFDB annotation file."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import wfdb

from ecgcore.errors import InvalidArgumentError
from ecgcore.readers.base import guard_writing

Annotation = tuple[int, str, str]


def write_annotations(
    annotations: Sequence[Annotation],
    folder: str | Path,
    name: str,
    *,
    fs_hz: float,
    extension: str = "atr",
) -> Path:
    """Write ``NAME.atr`` beside a record; return its path.

    Parameters
    ----------
    annotations : sequence of (int, str, str)
        Sample, WFDB symbol, and a note or an empty text; in any order.
    folder : str or pathlib.Path
        There already.
    name : str
        Record name.
    fs_hz : float
    extension : str
        Letters only.

    Raises
    ------
    InvalidArgumentError
        If there is nothing to write, or a sample is negative.
    EcgError
        If the file cannot be written.
    """
    if not annotations:
        raise InvalidArgumentError("There are no annotations to write.")
    ordered = sorted(annotations, key=lambda row: row[0])
    if ordered[0][0] < 0:
        raise InvalidArgumentError(
            f"An annotation stands at sample {ordered[0][0]}; 0 or later is possible."
        )
    with guard_writing(folder):
        wfdb.wrann(
            name,
            extension,
            sample=np.array([row[0] for row in ordered]),
            symbol=[row[1] for row in ordered],
            aux_note=[row[2] for row in ordered],
            fs=fs_hz,
            write_dir=str(folder),
        )
    return Path(folder) / f"{name}.{extension}"
