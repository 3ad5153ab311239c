"""The anomaly detection benchmark on PTB-XL, rebuilt from its description.

Published (ECGAD; Jiang et al., arXiv 2308.01639): normal records of folds 1 to 9 to learn from,
fold 10 to measure on, NORM against every other super-class, records without one left out; 8,167
to learn from, 912 normal and 1,248 abnormal.  There the super-class "listed first" decides, from a
set without an order, so that a record with NORM and something else may stand on either side.

Here the order is that of the statements in the table.  ``loose`` takes the super-class named
first; ``strict`` takes as normal what has NORM with a likelihood of 50 or more and no other
super-class, as abnormal what has no NORM, and leaves the rest out.  Fold 9 is not learned from:
the epoch is chosen on it, never on fold 10.
"""

import ast
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ecgcore.checks import check_option
from ecgcore.datasets import public_ptbxl
from ecgcore.datasets.entry import Entry
from ecgcore.datasets.files import read_rows

NORM = "NORM"
NORMS = ("strict", "loose")
MIN_LIKELIHOOD = 50.0
SELECT_FOLD, TEST_FOLD = 9, 10


@dataclass(frozen=True, eq=False)
class DetectionBenchmark:
    """Records of the benchmark.

    Attributes
    ----------
    train : tuple of Entry
        Normal, folds 1 to 8.
    select, test : tuple of Entry
        Folds 9 and 10.
    select_abnormal, test_abnormal : arrays, shape (n,)
        1 abnormal, 0 normal.
    left_out : int
        Records of no super-class, or (strict) neither clearly normal nor abnormal.
    """

    train: tuple[Entry, ...]
    select: tuple[Entry, ...]
    test: tuple[Entry, ...]
    select_abnormal: NDArray[np.float64]
    test_abnormal: NDArray[np.float64]
    left_out: int


def detection_benchmark(folder: Path, *, norm: str = "strict") -> DetectionBenchmark:
    """Return the benchmark's records.

    Parameters
    ----------
    folder : Path
        PTB-XL, as for :func:`ecgcore.datasets.public_ptbxl.index`.
    norm : str
        ``"strict"`` or ``"loose"``.

    Raises
    ------
    DatasetError
        If a table is missing or not as PTB-XL's.
    InvalidArgumentError
        If ``norm`` is another word.
    """
    check_option("norm", norm, NORMS)
    found = public_ptbxl.index(folder, source_hz=500)
    classes = public_ptbxl.statement_classes(folder)["superdiagnostic"]
    rows = read_rows(folder / public_ptbxl.DATABASE, ("scp_codes",))
    label = np.array([_label(row["scp_codes"], classes, norm) for row in rows])
    known, folds = np.isfinite(label), found.folds

    def of(where: NDArray[np.bool_]) -> tuple[Entry, ...]:
        return tuple(found.entries[i] for i in np.flatnonzero(where))

    select, test = known & (folds == SELECT_FOLD), known & (folds == TEST_FOLD)
    return DetectionBenchmark(
        train=of((label == 0) & (folds < SELECT_FOLD)),
        select=of(select),
        test=of(test),
        select_abnormal=label[select],
        test_abnormal=label[test],
        left_out=int((~known).sum()),
    )


def _label(text: str, classes: public_ptbxl.Classes, norm: str) -> float:
    """Return 0 normal, 1 abnormal, NaN left out."""
    coded: dict[str, float] = ast.literal_eval(text)
    named = [classes[code] for code in coded if code in classes]
    if not named:
        return float("nan")
    if norm == "loose":
        return float(named[0] != NORM)
    if NORM not in named:
        return 1.0
    sure = float(coded.get(NORM, 0.0)) >= MIN_LIKELIHOOD
    return 0.0 if sure and set(named) == {NORM} else float("nan")
