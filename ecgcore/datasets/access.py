"""The log of every measurement on the test split: ``results/test_access.csv``.

A figure on test is worth what was left undone after earlier ones: the log says how often a split
was looked at, by what, and what was decided afterwards.  Commands write the line themselves; what
was decided is filled in by hand before the line is committed.
"""

import csv
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from ecgcore.datasets.places import PROJECT_ROOT

COLUMNS = ("date", "commit", "command", "model", "measured", "decided")
TO_FILL = "to be filled in"
TEST = "test"


def access_log() -> Path:
    """Return the log: ``ECG_TEST_ACCESS``, or ``results/test_access.csv`` in the project."""
    named = os.environ.get("ECG_TEST_ACCESS")
    return Path(named) if named else PROJECT_ROOT / "results" / "test_access.csv"


def log_test_access(command: str, *, model: str, measured: str) -> None:
    """Add a line to the log, and say so on standard error.

    Every command that measures on the test split calls this before it reads the first record:
    a run that is stopped halfway has looked at test as well.

    Parameters
    ----------
    command : str
        As it is typed, without folders of this machine.
    model : str
        Which model or method.
    measured : str
        What, and on which records.
    """
    row = (datetime.now(UTC).date().isoformat(), _commit(), command, model, measured, TO_FILL)
    path = access_log()
    if path.parent.is_dir():
        new = not path.is_file()
        with path.open("a", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerows([COLUMNS, row] if new else [row])
        sys.stderr.write(f"The test split is read: a line was added to {path.name}.\n")
    else:
        sys.stderr.write(f"The test split is read; for the log: {'; '.join(row)}\n")


def read_accesses() -> list[dict[str, str]]:
    """Return the lines of the log, the oldest first; none where there is no log."""
    path = access_log()
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def _commit() -> str:
    """Return the short name of the commit that is checked out, or a dash outside of git."""
    git = shutil.which("git")
    if git is None:
        return "-"
    found = subprocess.run(  # noqa: S603 - a fixed command
        [git, "-C", str(PROJECT_ROOT), "rev-parse", "--short=7", "HEAD"],
        capture_output=True,
        text=True,
        check=False,
    )
    return found.stdout.strip() or "-"
