"""LUDB: the waves that cardiologists marked in every lead.

Source: Kalyakulina et al., LUDB, IEEE Access 8:186181 (2020).  Marks cover the middle of each
record only: beats at both ends are not marked, and a mark that is not there says nothing there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import wfdb

from ecgcore.errors import DatasetError
from ecgcore.leads import STANDARD_12

KIND_OF = {"p": "P", "N": "QRS", "t": "T"}


@dataclass(frozen=True)
class MarkedWave:
    """One wave in one lead, in seconds; ``kind`` is ``"P"``, ``"QRS"`` or ``"T"``."""

    kind: str
    onset_s: float
    peak_s: float
    offset_s: float


@dataclass(frozen=True)
class MarkedLead:
    """All marked waves of one lead in order, and the span within which all were marked."""

    waves: tuple[MarkedWave, ...]
    first_s: float
    last_s: float


def read_marks(path: Path) -> dict[str, MarkedLead]:
    """Return the marked waves of a record, by standard lead name.

    Parameters
    ----------
    path : Path
        Of the WFDB record, without extension.

    Raises
    ------
    DatasetError
        If a lead's annotation file is missing or holds no wave.
    """
    return {lead: _lead(path, lead) for lead in STANDARD_12}


def _lead(path: Path, lead: str) -> MarkedLead:
    try:
        marks = wfdb.rdann(str(path), lead.lower())
    except FileNotFoundError:
        raise DatasetError(f"ludb: {path.name}.{lead.lower()}, its marks, is missing.") from None
    seconds = [float(sample) / float(marks.fs) for sample in marks.sample]
    waves = _waves(seconds, marks.symbol)
    if not waves:
        raise DatasetError(f"ludb: {path.name}.{lead.lower()} holds no marked wave.")
    return MarkedLead(waves, min(w.onset_s for w in waves), max(w.offset_s for w in waves))


def _waves(seconds: Sequence[float], symbols: Sequence[str]) -> tuple[MarkedWave, ...]:
    """Return what stands between one closing bracket and the next.

    In narrow waves the peak can stand before the opening bracket; a group without its bracket
    or with two peaks is no whole wave and is left out.
    """
    out: list[MarkedWave] = []
    onset: list[float] = []
    peak: list[tuple[float, str]] = []
    for at, symbol in zip(seconds, symbols, strict=True):
        if symbol == "(":
            onset.append(at)
        elif symbol in KIND_OF:
            peak.append((at, KIND_OF[symbol]))
        elif symbol == ")":
            if len(onset) == 1 and len(peak) == 1 and onset[0] < at:
                out.append(MarkedWave(peak[0][1], onset[0], peak[0][0], at))
            onset, peak = [], []
    return tuple(out)
