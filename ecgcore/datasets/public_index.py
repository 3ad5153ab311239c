"""What a public data set in full consists of: its records, folds, and label tables."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ecgcore.checks import check_range
from ecgcore.datasets.entry import Annotation, Entry
from ecgcore.errors import InvalidArgumentError
from ecgcore.statements import CORE_CODES

N_FOLDS = 10
CORE_TASK = "core"


@dataclass(frozen=True, eq=False)
class Task:
    """One table of labels.

    Attributes
    ----------
    name : str
    codes : tuple of str
        The columns.
    targets : array of float32, shape (n, n_codes)
        1, 0 or NaN (left out of loss and metrics).  A row of NaN is no part of the task.
    """

    name: str
    codes: tuple[str, ...]
    targets: NDArray[np.float32]

    def __post_init__(self) -> None:
        if self.targets.ndim != 2 or self.targets.shape[1] != len(self.codes):
            raise InvalidArgumentError(
                f"The targets of {self.name} have shape {self.targets.shape}; "
                f"(n, {len(self.codes)}) is needed."
            )

    def rows(self) -> NDArray[np.int64]:
        """Return the rows that belong to the task: at least one known target."""
        return np.flatnonzero(~np.isnan(self.targets).all(axis=1))

    def take(self, rows: NDArray[np.int64]) -> "Task":
        """Return the same table of these rows."""
        return replace(self, targets=self.targets[rows])


@dataclass(frozen=True, eq=False)
class PublicIndex:
    """The records of a public data set, in a fixed order.

    Attributes
    ----------
    name : str
    folder : Path
        What the records' names are relative to.
    variant : str
        Which of several copies of the signals, for example ``"records500"``; else ``""``.
    entries : tuple of Entry
        With the nine core statements as targets.
    folds : array of int64, shape (n,)
        1 to 10.
    folds_from : str
        Where the folds come from, in words.
    tasks : mapping of str to Task
        Always with ``"core"``.
    published_records : int
        How many there are in the whole set, to tell a part from the whole.
    """

    name: str
    folder: Path
    variant: str
    entries: tuple[Entry, ...]
    folds: NDArray[np.int64]
    folds_from: str
    tasks: Mapping[str, Task]
    published_records: int

    def __len__(self) -> int:
        return len(self.entries)


def splits_of(folds: NDArray[np.int64], *, test_fold: int = N_FOLDS) -> NDArray[np.str_]:
    """Return ``"train"``, ``"val"`` or ``"test"`` for each record.

    Parameters
    ----------
    folds : array of int64, shape (n,)
        1 to 10.
    test_fold : int
        The one before it (10 before 1) is for validation, the other eight for training.

    Raises
    ------
    InvalidArgumentError
        If ``test_fold`` is not from 1 to 10.
    """
    check_range("test_fold", test_fold, 1, N_FOLDS)
    val_fold = (test_fold - 2) % N_FOLDS + 1
    return np.select([folds == test_fold, folds == val_fold], ["test", "val"], default="train")


def entry_of(
    dataset: str, folder: Path, record: str, annotation: Annotation, *, group: str, split: str
) -> Entry:
    """Return the entry of a 12-lead record in millivolts with everything its annotation says."""
    known = {f.name: getattr(annotation, f.name) for f in fields(annotation)}
    path = folder / record
    return Entry(dataset=dataset, record=record, group=group, split=split, path=path, **known)


def core_task(annotations: list[Annotation]) -> Task:
    """Return the table of the nine core statements."""
    targets = np.array([a.targets for a in annotations], dtype=np.float32)
    return Task(CORE_TASK, CORE_CODES, targets.reshape(-1, len(CORE_CODES)))
