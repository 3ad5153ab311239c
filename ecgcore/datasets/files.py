"""Reading label files: CSV tables and the comments of WFDB headers."""

import csv
from pathlib import Path

from ecgcore.errors import DatasetError


def read_rows(path: Path, columns: tuple[str, ...]) -> list[dict[str, str]]:
    """Return the rows of a CSV table with a header line.

    Raises
    ------
    DatasetError
        If the file is missing, is no text, or lacks one of ``columns``.
    """
    try:
        with path.open(newline="", encoding="utf-8") as stream:
            table = csv.DictReader(stream)
            missing = [name for name in columns if name not in (table.fieldnames or [])]
            rows = list(table)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DatasetError(f"The label file {path.name} cannot be read: {error}.") from None
    if missing:
        raise DatasetError(
            f"The label file {path.name} has no column {missing[0]!r}; "
            f"needed are {', '.join(columns)}."
        )
    return rows


def header_comments(record: Path) -> list[str]:
    """Return the comment lines of a WFDB header, without ``#`` and outer blanks.

    Parameters
    ----------
    record : Path
        Without extension.

    Raises
    ------
    DatasetError
        If there is no header.
    """
    try:
        text = record.with_name(record.name + ".hea").read_text(encoding="utf-8", errors="replace")
    except OSError:
        raise DatasetError(
            f"The header {record.name}.hea of a record in the split is missing; "
            "the data set and the split must belong together."
        ) from None
    return [line.lstrip("# ").strip() for line in text.splitlines() if line.startswith("#")]


def comment_value(comments: list[str], key: str) -> str:
    """Return what follows ``key:`` in the first comment that begins with it; else ``""``."""
    for line in comments:
        if line.lower().startswith(key.lower() + ":"):
            return line[len(key) + 1 :].strip()
    return ""


def sex_or_none(text: str) -> str | None:
    """Return ``"female"`` or ``"male"`` for F, Female, M, Male (any case), else None."""
    return {"f": "female", "female": "female", "m": "male", "male": "male"}.get(
        text.strip().lower()
    )
