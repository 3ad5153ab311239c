"""PTB-XL in full: all records, the published folds and the benchmark's label tables.

The six tables are those of the benchmark: all 71 statements; the 44 diagnostic ones, and the same
gathered into 23 sub-classes and 5 super-classes; 19 about form; 12 about rhythm.  A statement
counts when it is coded, whatever its likelihood; a record without any statement of a table is no
part of that task.  Columns are in alphabetical order.

Source: Strodthoff, Wagner, Schaeffter and Samek, "Deep Learning for ECG Analysis: Benchmarks and
Insights from PTB-XL", arXiv 2004.13701 (2020); Wagner et al., Scientific Data 7:154 (2020).
"""

import ast
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import numpy as np

from ecgcore.checks import check_option
from ecgcore.datasets import ptbxl
from ecgcore.datasets.files import read_rows
from ecgcore.datasets.public_index import (
    CORE_TASK,
    N_FOLDS,
    PublicIndex,
    Task,
    core_task,
    entry_of,
    splits_of,
)
from ecgcore.errors import DatasetError

NAME = "ptbxl"
DATABASE = "ptbxl_database.csv"
STATEMENTS = "scp_statements.csv"
# Version 1.0.3; the benchmark's own version 1.0.1 had 38 more, since withdrawn as duplicates.
PUBLISHED_RECORDS = 21_799
# The rate of the copy of the signals -> its column in the database.
SOURCES = {500: "filename_hr", 100: "filename_lr"}
TASKS = ("all", "diagnostic", "subdiagnostic", "superdiagnostic", "form", "rhythm")
_COLUMNS = ("", "diagnostic", "form", "rhythm", "diagnostic_class", "diagnostic_subclass")

# Statement -> the class that it counts for.
Classes = Mapping[str, str]


def statement_classes(folder: Path) -> dict[str, Classes]:
    """Return, for each of ``TASKS``, which statement counts for which class.

    Raises
    ------
    DatasetError
        If ``scp_statements.csv`` is missing or lacks a column.
    """
    rows = read_rows(folder / STATEMENTS, _COLUMNS)
    diagnostic = [row for row in rows if _is_one(row["diagnostic"])]
    return {
        "all": {row[""]: row[""] for row in rows},
        "diagnostic": {row[""]: row[""] for row in diagnostic},
        "subdiagnostic": _gather_records(diagnostic, "diagnostic_subclass"),
        "superdiagnostic": _gather_records(diagnostic, "diagnostic_class"),
        "form": {row[""]: row[""] for row in rows if _is_one(row["form"])},
        "rhythm": {row[""]: row[""] for row in rows if _is_one(row["rhythm"])},
    }


def task_table(name: str, classes: Classes, coded: Sequence[Collection[str]]) -> Task:
    """Return the table of one task.

    Parameters
    ----------
    name : str
    classes : mapping of str to str
        Statement -> class.
    coded : sequence of collections of str
        The statements of each record.
    """
    columns = {code: j for j, code in enumerate(sorted(set(classes.values())))}
    targets = np.full((len(coded), len(columns)), np.nan, dtype=np.float32)
    for row, statements in zip(targets, coded, strict=True):
        present = [columns[classes[code]] for code in statements if code in classes]
        if present:
            row[:] = 0
            row[present] = 1
    return Task(name, tuple(columns), targets)


def index(folder: Path, *, source_hz: int = 500, test_fold: int = N_FOLDS) -> PublicIndex:
    """Return the records of PTB-XL.

    Parameters
    ----------
    folder : Path
        With ``ptbxl_database.csv``, ``scp_statements.csv`` and ``records500`` or ``records100``.
    source_hz : int
        500, or 100 for the copy that PTB-XL's authors resampled (the benchmark's).
    test_fold : int
        10 is the published one; then 9 is for validation.

    Raises
    ------
    DatasetError
        If a table is missing or not as PTB-XL's, or the two do not belong together.
    InvalidArgumentError
        If ``source_hz`` or ``test_fold`` is out of range.
    """
    column = SOURCES[int(check_option("source_hz", str(source_hz), [str(hz) for hz in SOURCES]))]
    rows = read_rows(folder / DATABASE, ("patient_id", "scp_codes", "strat_fold", column))
    if not rows:
        raise DatasetError(f"{DATABASE} has no rows; PTB-XL's table of records is needed.")
    records = [row[column] for row in rows]
    groups = [_patient(row["patient_id"]) for row in rows]
    classes = statement_classes(folder)
    coded = [_read_codes(row["scp_codes"], classes["all"]) for row in rows]
    folds = np.array([_fold(row["strat_fold"]) for row in rows], dtype=np.int64)
    annotations = ptbxl.annotate(folder, records)
    splits = splits_of(folds, test_fold=test_fold).tolist()
    return PublicIndex(
        name=NAME,
        folder=folder,
        variant=f"records{source_hz}",
        entries=tuple(
            entry_of(NAME, folder, record, annotation, group=group, split=split)
            for record, annotation, group, split in zip(
                records, annotations, groups, splits, strict=True
            )
        ),
        folds=folds,
        folds_from="published (strat_fold)",
        tasks={CORE_TASK: core_task(annotations)}
        | {name: task_table(name, classes[name], coded) for name in TASKS},
        published_records=PUBLISHED_RECORDS,
    )


def _is_one(text: str) -> bool:
    return text.strip() in ("1", "1.0")


def _gather_records(rows: list[dict[str, str]], column: str) -> Classes:
    return {row[""]: row[column] for row in rows if row[column]}


def _read_codes(text: str, known: Collection[str]) -> list[str]:
    # ptbxl.annotate has its own sentence for a column that is no such dict.
    try:
        codes = [str(code) for code in ast.literal_eval(text)]
    except (ValueError, SyntaxError, TypeError):
        raise DatasetError(
            f"{DATABASE}: scp_codes {text[:40]!r} are no statements with likelihoods in braces."
        ) from None
    for code in codes:
        if code not in known:
            raise DatasetError(
                f"{DATABASE} has the statement {code!r}, which {STATEMENTS} does not know; "
                "both files must be of the same version."
            )
    return codes


def _fold(text: str) -> int:
    try:
        fold = int(float(text))
    except ValueError:
        fold = 0
    if not 1 <= fold <= N_FOLDS:
        raise DatasetError(f"{DATABASE}: strat_fold is {text!r}; a number from 1 to 10 is needed.")
    return fold


def _patient(text: str) -> str:
    # The column holds floats ("15709.0"); the name is that of the project's split files.
    return f"ptbxl-patient-{text.strip().removesuffix('.0')}"
