"""MIT-BIH Arrhythmia Database: every beat at its R peak.

Source: Moody and Mark, IEEE Eng Med Biol Mag 20(3):45 (2001).  Records 102, 104, 107 and 217 are
paced and left out, as the AAMI recommends.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import wfdb
from numpy.typing import NDArray

from ecgcore.datasets.entry import SPLITS
from ecgcore.datasets.files import read_rows
from ecgcore.errors import DatasetError
from ecgcore.statements import CORE_CODES

PACED = ("102", "104", "107", "217")
# AAMI EC57 groups of the annotation codes.
GROUPS = {
    **dict.fromkeys("NLRej", "N"),
    **dict.fromkeys("AaJS", "S"),
    **dict.fromkeys("VE", "V"),
    "F": "F",
    **dict.fromkeys("/fQ", "Q"),
}
# Inter-patient split of de Chazal et al., IEEE Trans Biomed Eng 51:1196 (2004).
# fmt: off
DS1 = (
    "101", "106", "108", "109", "112", "114", "115", "116", "118", "119", "122",
    "124", "201", "203", "205", "207", "208", "209", "215", "220", "223", "230",
)
DS2 = (
    "100", "103", "105", "111", "113", "117", "121", "123", "200", "202", "210",
    "212", "213", "214", "219", "221", "222", "228", "231", "232", "233", "234",
)
# fmt: on
UNPACED = tuple(sorted((*DS1, *DS2)))


@dataclass(frozen=True, eq=False)
class MarkedBeats:
    """Beats of one record.

    Attributes
    ----------
    r_s : array, shape (n_beats,)
    groups : tuple of str
        AAMI group of each: N, S, V, F or Q.
    codes : tuple of str
        MIT-BIH's own code of each.
    unmarked_s : tuple of (start, stop)
        Ventricular flutter: no beats are marked within.
    """

    r_s: NDArray[np.float64]
    groups: tuple[str, ...]
    codes: tuple[str, ...]
    unmarked_s: tuple[tuple[float, float], ...]


def record_path(root: Path, record: str) -> Path:
    """Return the path of a record without extension."""
    return Path(root) / "mitdb" / record


def read_beats(root: Path, record: str) -> MarkedBeats:
    """Return a record's reference beats.

    Raises
    ------
    DatasetError
        If its annotations are missing.
    """
    marks = _marks(root, record)
    seconds = np.asarray(marks.sample, dtype=np.float64) / 360.0
    beats = [i for i, code in enumerate(marks.symbol) if code in GROUPS]
    starts = [float(seconds[i]) for i, code in enumerate(marks.symbol) if code == "["]
    stops = [float(seconds[i]) for i, code in enumerate(marks.symbol) if code == "]"]
    return MarkedBeats(
        seconds[beats],
        tuple(GROUPS[marks.symbol[i]] for i in beats),
        tuple(marks.symbol[i] for i in beats),
        tuple(zip(starts, stops, strict=False)),
    )


def read_rhythms(root: Path, record: str) -> list[tuple[float, str]]:
    """Return where each rhythm begins, in seconds, and its note, such as ``"(AFIB"``.

    Raises
    ------
    DatasetError
        If its annotations are missing.
    """
    marks = _marks(root, record)
    return [
        (float(at) / 360.0, note.rstrip("\0"))
        for at, code, note in zip(marks.sample, marks.symbol, marks.aux_note, strict=True)
        if code == "+" and note
    ]


def _marks(root: Path, record: str) -> wfdb.Annotation:
    try:
        return wfdb.rdann(str(record_path(root, record)), "atr")
    except FileNotFoundError:
        raise DatasetError(f"mitdb: the annotations of {record} are missing.") from None


def split_of(root: Path) -> dict[str, str]:
    """Return the split of every record that has one: DS1 is train and val, DS2 test."""
    rows = read_rows(
        Path(root) / "splits" / "single_lead.csv", ("dataset", "record", "group", "split")
    )
    return {
        row["record"]: row["split"]
        for row in rows
        if row["dataset"] == "mitdb" and row["split"] in SPLITS
    }


def window_targets(
    marked: MarkedBeats, rhythms: Sequence[tuple[float, str]], start_s: float, length_s: float
) -> NDArray[np.float32]:
    """Return the nine targets of a stretch of an MIT-BIH record, shape (9,)."""
    inside = (marked.r_s >= start_s) & (marked.r_s < start_s + length_s)
    codes = [c for c, here in zip(marked.codes, inside, strict=True) if here]
    notes = {note for at, note in rhythms if start_s < at < start_s + length_s}
    notes |= {note for at, note in rhythms if at <= start_s and note == _last(rhythms, start_s)}
    out = dict.fromkeys(CORE_CODES, np.nan)
    if codes:
        out["PAC"] = float(any(code in "AaJS" for code in codes))
        out["PVC"] = float("V" in codes)
        out["LBBB"] = _mostly(codes, "L")
        out["RBBB"] = _mostly(codes, "R")
        out["AF"] = np.nan if "(AFL" in notes else float("(AFIB" in notes)
        if "(AFIB" in notes or "(AFL" in notes:
            out["PAC"] = np.nan
    return np.array([out[code] for code in CORE_CODES], dtype=np.float32)


def _last(rhythms: Sequence[tuple[float, str]], at_s: float) -> str:
    before = [note for at, note in rhythms if at <= at_s]
    return before[-1] if before else ""


def _mostly(codes: Sequence[str], code: str) -> float:
    share = sum(c == code for c in codes) / len(codes)
    return 1.0 if share > 0.5 else 0.0 if share == 0 else np.nan
