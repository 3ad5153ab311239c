"""CinC Challenge 2011: twelve-lead sheets with readers' verdicts on their quality.

Source: Silva, Moody and Celi, Comput Cardiol 38:273 (2011), set A, by the authors' own halves.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ecgcore.checks import check_option
from ecgcore.datasets.files import read_rows
from ecgcore.leads import STANDARD_12
from ecgcore.readers import read
from ecgcore.recording import Recording

HALVES = ("training", "testing")


@dataclass(frozen=True, eq=False)
class Judged:
    """A 12-lead recording with its readers' verdicts.

    Attributes
    ----------
    recording : Recording
    unacceptable : bool
    bad : dict of str to bool
        By lead.
    """

    recording: Recording
    unacceptable: bool
    bad: dict[str, bool]


def read_judged(root: Path, half: str) -> Iterator[Judged]:
    """Return the recordings of one half of the challenge, in the table's order.

    Raises
    ------
    InvalidArgumentError
        If ``half`` is not ``"training"`` or ``"testing"``.
    DatasetError
        If the table is missing or not laid out as expected.
    """
    check_option("half", half, HALVES)
    folder = Path(root) / "cinc2011"
    columns = ("record", "set", "quality", *(f"bad_{name}" for name in STANDARD_12))
    for row in read_rows(folder / "REFERENCE.csv", columns):
        if row["set"] == half:
            yield Judged(
                read(folder / f"{row['record']}.hea"),
                row["quality"] == "unacceptable",
                {name: row[f"bad_{name}"] == "1" for name in STANDARD_12},
            )
