"""One labelled record of a data set, and how a set of words becomes nine targets."""

from collections.abc import Collection
from dataclasses import dataclass
from math import nan
from pathlib import Path

from ecgcore.checks import check_option
from ecgcore.datasets.further import FURTHER_MASKED, SUPERCLASSES_MASKED
from ecgcore.errors import DatasetError, InvalidArgumentError
from ecgcore.statements import CORE_CODES

SPLITS = ("train", "val", "test")
MASKED: tuple[float, ...] = (nan,) * len(CORE_CODES)


@dataclass(frozen=True)
class Annotation:
    """What a data set says about one record.

    Attributes
    ----------
    targets : tuple of float
        One for each of ``CORE_CODES``: 1 present, 0 known absent, NaN where this record cannot
        tell (left out of loss and metrics for that statement).
    age_years : float or None
        "Over 89" is given as 90.
    sex : str or None
        ``"female"``, ``"male"`` or None.
    further, superclasses : tuple of float
        The same for each of ``FURTHER_CODES`` and of ``SUPERCLASSES``.
    """

    targets: tuple[float, ...] = MASKED
    age_years: float | None = None
    sex: str | None = None
    further: tuple[float, ...] = FURTHER_MASKED
    superclasses: tuple[float, ...] = SUPERCLASSES_MASKED


@dataclass(frozen=True)
class Entry:
    """One record with its place in the fixed split, its labels and its file.

    Attributes
    ----------
    dataset, record, group : str
        ``group`` is the patient: never on two sides of a split or fold.
    split : str
        ``"train"``, ``"val"`` or ``"test"``.
    path : Path
        Of the WFDB record, without extension.
    targets, further, superclasses : tuple of float
        As in :class:`Annotation`.
    age_years : float or None
    sex : str or None
    has_voltage : bool
        False where the data set lost the voltage (units NU).
    lead : str or None
        For single-lead sets, the lead's standard name; None for twelve leads.

    Raises
    ------
    InvalidArgumentError
        If the split is unknown or there are not nine targets.
    """

    dataset: str
    record: str
    group: str
    split: str
    path: Path
    targets: tuple[float, ...] = MASKED
    age_years: float | None = None
    sex: str | None = None
    has_voltage: bool = True
    lead: str | None = None
    further: tuple[float, ...] = FURTHER_MASKED
    superclasses: tuple[float, ...] = SUPERCLASSES_MASKED

    def __post_init__(self) -> None:
        check_option("split", self.split, SPLITS)
        if len(self.targets) != len(CORE_CODES):
            raise InvalidArgumentError(
                f"There are {len(self.targets)} targets; {len(CORE_CODES)} are needed."
            )


def core_targets(present: Collection[str], masked: Collection[str]) -> tuple[float, ...]:
    """Return nine targets: 1 if present, else NaN if masked, else 0.

    Parameters
    ----------
    present, masked : collections of str
        Project codes (``CORE_CODES``).  What is present is never masked.
    """
    return tuple(1.0 if code in present else nan if code in masked else 0.0 for code in CORE_CODES)


def age_or_none(text: str) -> float | None:
    """Return an age in years, or None if the text is empty or no possible age.

    PTB-XL writes 300 for patients over 89; here that is 90.
    """
    try:
        age = float(text)
    except ValueError:
        return None
    if age == 300:
        return 90.0
    return age if 0 <= age <= 130 else None


def annotation_of(
    annotations: dict[str, Annotation], dataset: str, record: str, source: str
) -> Annotation:
    """Return the annotation of a record.

    Raises
    ------
    DatasetError
        If ``source``, the label file, has none.
    """
    try:
        return annotations[record]
    except KeyError:
        raise DatasetError(
            f"{dataset}: the record {record!r} of the split has no row in {source}; "
            "the label file and the split must belong together."
        ) from None
