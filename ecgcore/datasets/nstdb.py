"""MIT-BIH Noise Stress Test Database: baseline wander, electrode motion, muscle.

Source: Moody, Muldrow and Mark, Comput Cardiol 11:381 (1984); physionet.org/content/nstdb.
"""

from pathlib import Path

import numpy as np
import wfdb
from numpy.typing import NDArray

from ecgcore.errors import DatasetError

KINDS = ("bw", "em", "ma")


def read_noise(root: Path, kind: str) -> tuple[NDArray[np.float32], float]:
    """Return one kind of noise, shape (2, n_samples) in mV, and its rate in Hz.

    Raises
    ------
    DatasetError
        If the record is missing.
    """
    path = Path(root) / "nstdb" / kind
    try:
        record = wfdb.rdrecord(str(path))
    except FileNotFoundError:
        raise DatasetError(f"nstdb: the record {kind} is missing.") from None
    return np.ascontiguousarray(record.p_signal.T, dtype=np.float32), float(record.fs)
