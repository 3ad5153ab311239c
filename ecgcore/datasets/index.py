"""The table of data sets, and the index of their records in the fixed splits."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from ecgcore.checks import check_option
from ecgcore.datasets import brugada, challenge2021, cinc2017, cpsc2018, ludb, ptbxl
from ecgcore.datasets.entry import SPLITS, Annotation, Entry
from ecgcore.datasets.files import read_rows
from ecgcore.errors import DatasetError

TWELVE_LEAD = "twelve_lead"
SINGLE_LEAD = "single_lead"
KINDS = (TWELVE_LEAD, SINGLE_LEAD)
# Rows of these splits are never used: the same recording twice, or left out by its authors.
LEFT_OUT = ("duplicate", "excluded")


@dataclass(frozen=True)
class Dataset:
    """One public data set.

    Attributes
    ----------
    name : str
        As in the split files; also the name of its folder.
    kind : str
        ``"twelve_lead"`` or ``"single_lead"``.
    annotate : callable
        (folder, records) -> annotations, one a record and in that order.
    lead : str or None
        Of a single-lead set, its lead's standard name.
    normalised : str or None
        Records whose name begins with this have lost their voltage (``""``: all of them).
    """

    name: str
    kind: str
    annotate: Callable[[Path, Sequence[str]], list[Annotation]]
    lead: str | None = None
    normalised: str | None = None

    def has_voltage(self, record: str) -> bool:
        """Return whether this record is in millivolts."""
        return self.normalised is None or not record.startswith(self.normalised)


DATASETS = {
    dataset.name: dataset
    for dataset in (
        Dataset("ptbxl", TWELVE_LEAD, ptbxl.annotate),
        Dataset("ptbxl_extra", TWELVE_LEAD, ptbxl.annotate_extra, normalised="scaled/"),
        Dataset("challenge2021", TWELVE_LEAD, challenge2021.annotate),
        Dataset("ludb", TWELVE_LEAD, ludb.annotate),
        Dataset("brugada", TWELVE_LEAD, brugada.annotate),
        Dataset("cpsc2018_lead1", SINGLE_LEAD, cpsc2018.annotate, lead="I", normalised=""),
        Dataset("cinc2017", SINGLE_LEAD, cinc2017.annotate, lead="I"),
    )
}


def load_index(
    root: Path, *, datasets: Collection[str] | None = None, kind: str = TWELVE_LEAD
) -> list[Entry]:
    """Return the labelled records of a split file, in its order.

    Parameters
    ----------
    root : Path
        As from :func:`ecgcore.datasets.data_root`.
    datasets : collection of str, optional
        Names from ``DATASETS``, all of this ``kind``; default every one of this kind.
    kind : str
        ``"twelve_lead"`` or ``"single_lead"``: which file of ``splits``.

    Returns
    -------
    list of Entry
        Without rows marked duplicate or excluded; a record without a row is not used.

    Raises
    ------
    InvalidArgumentError
        If ``kind`` or a name is unknown, or a data set is of the other kind.
    DatasetError
        If a split or label file is missing or not laid out as expected.
    """
    check_option("kind", kind, KINDS)
    possible = [name for name, dataset in DATASETS.items() if dataset.kind == kind]
    wanted = (
        possible if datasets is None else [check_option("datasets", n, possible) for n in datasets]
    )
    rows = _split_rows(Path(root) / "splits" / f"{kind}.csv")
    by_record: dict[tuple[str, str], Annotation] = {}
    for name in wanted:
        records = [row["record"] for row in rows if row["dataset"] == name]
        found = DATASETS[name].annotate(Path(root) / name, records) if records else []
        by_record |= {(name, r): a for r, a in zip(records, found, strict=True)}
    return [
        _entry(Path(root), row, by_record[row["dataset"], row["record"]])
        for row in rows
        if row["dataset"] in wanted
    ]


def _split_rows(path: Path) -> list[dict[str, str]]:
    rows = read_rows(path, ("dataset", "record", "group", "split"))
    for row in rows:
        if row["split"] not in (*SPLITS, *LEFT_OUT):
            raise DatasetError(
                f"{path.name}: the split of {row['dataset']} {row['record']} is "
                f"{row['split']!r}; possible are {', '.join((*SPLITS, *LEFT_OUT))}."
            )
    return [row for row in rows if row["split"] in SPLITS]


def _entry(root: Path, row: dict[str, str], annotation: Annotation) -> Entry:
    dataset = DATASETS[row["dataset"]]
    return Entry(
        dataset=dataset.name,
        record=row["record"],
        group=row["group"],
        split=row["split"],
        path=root / dataset.name / row["record"],
        targets=annotation.targets,
        age_years=annotation.age_years,
        sex=annotation.sex,
        has_voltage=dataset.has_voltage(row["record"]),
        lead=dataset.lead,
        further=annotation.further,
        superclasses=annotation.superclasses,
    )
