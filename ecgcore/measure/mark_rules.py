"""Where a wave mark can stand: in its recording, in its beat, and in the order of the waves."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from ecgcore.errors import InvalidArgumentError
from ecgcore.recording import Recording
from ecgcore.results import FIDUCIALS
from ecgcore.signal.rr import absent_spans

Array = NDArray[np.float64]

WORDS = {
    "p_onset": "P onset",
    "p_peak": "P peak",
    "p_offset": "P end",
    "qrs_onset": "QRS onset",
    "r_peak": "R peak",
    "qrs_offset": "QRS end",
    "t_onset": "T onset",
    "t_peak": "T peak",
    "t_offset": "T end",
}
# P may end where QRS begins; all other marks stand apart.
MAY_MEET = {("p_offset", "qrs_onset")}
LEFT = "the mark was not moved."


def refuse_outside(recording: Recording, moved: Iterable[tuple[str, float]]) -> None:
    """Refuse marks outside a recording, or where it has no samples.

    Parameters
    ----------
    recording : Recording
    moved : iterable of (str, float)
        Fiducial names and seconds from the recording's start.

    Raises
    ------
    InvalidArgumentError
        One sentence for the reader.
    """
    absent_s = absent_spans(recording.signal, recording.fs_hz)
    for name, time_s in moved:
        if not 0 <= time_s <= recording.duration_s:
            _refuse(name, "outside the recording")
        if ((absent_s[:, 0] <= time_s) & (time_s <= absent_s[:, 1])).any():
            _refuse(name, "where the recording has no signal")


def refuse_in_other_beat(before: Array, after: Array, moved: Iterable[tuple[int, str]]) -> None:
    """Refuse marks that reach into the QRS complex before or after their beat, or beyond.

    A P wave can lie on the T wave before it, and T can end in the P wave after it.

    Parameters
    ----------
    before, after : array, shape (9, n_beats)
        Seconds, rows as ``FIDUCIALS``: as measured, and with every moved mark.
    moved : iterable of (int, str)
        Beats and fiducial names of the moved marks.

    Raises
    ------
    InvalidArgumentError
        One sentence for the reader.
    """
    for beat, name in moved:
        row = FIDUCIALS.index(name)
        for other, edge, side in ((beat - 1, "qrs_offset", 1), (beat + 1, "qrs_onset", -1)):
            if not 0 <= other < after.shape[1]:
                continue
            # Where QRS has no such edge, its peak.
            limits = after[[FIDUCIALS.index(edge), FIDUCIALS.index("r_peak")], other]
            limit = limits[np.isfinite(limits)][0]
            stood = side * (before[row, beat] - limit) > 0
            if stood and not side * (after[row, beat] - limit) > 0:
                _refuse(name, f"in the QRS complex of beat {other + 1} or beyond it")


def refuse_out_of_order(before: Array, after: Array, moved: Iterable[tuple[int, str]]) -> None:
    """Refuse marks that pass another mark of their beat.

    What was found out of order already does not hold a mark back.  Takes what
    :func:`refuse_in_other_beat` takes, and raises the same.
    """
    for beat, name in moved:
        row = FIDUCIALS.index(name)
        for other_row, other in enumerate(FIDUCIALS):
            if other_row == row or not np.isfinite(after[other_row, beat]):
                continue
            first, second = (other, name) if other_row < row else (name, other)
            if _in_order(before, beat, first, second) and not _in_order(after, beat, first, second):
                side = "before" if first == other else "behind"
                _refuse(name, f"{side} the {WORDS[other]} of its beat")


def _in_order(values: Array, beat: int, first: str, second: str) -> bool:
    early, late = (values[FIDUCIALS.index(name), beat] for name in (first, second))
    return bool(early <= late if (first, second) in MAY_MEET else early < late)


def _refuse(name: str, where: str) -> None:
    raise InvalidArgumentError(f"The {WORDS[name]} cannot lie {where}; {LEFT}")
