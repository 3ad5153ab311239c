"""CPSC 2018 in full: twelve leads, PhysioNet Challenge 2020 layout (not part of the fixed splits).

``NAME.hea`` with a ``Dx:`` comment beside ``NAME.mat`` (or ``.dat``), in one folder or in
sub-folders.  Each record is a person of its own: the set names no patients.

Source: Liu et al., J Med Imaging Health Inform 8:1368 (2018); Perez Alday et al., Physiol Meas
41:124003 (2020).
"""

from pathlib import Path

from ecgcore.datasets.challenge2021 import CLASSES, PRESENT, SINUS_RHYTHM
from ecgcore.datasets.entry import Entry, age_or_none, core_targets
from ecgcore.datasets.files import comment_value, header_comments, sex_or_none
from ecgcore.errors import DatasetError

NAME = "cpsc2018"
CODES = PRESENT | {SINUS_RHYTHM: "SNR"}


def cpsc2018_entries(folder: Path) -> list[Entry]:
    """Return every record below a folder, sorted by name, as multi-hot targets without masks.

    Sinus rhythm is the class "normal" of this set.  Codes outside the nine classes are ignored,
    as in the published work.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    list of Entry
        All of them ``"train"``: what they serve for is the folds' to say.

    Raises
    ------
    DatasetError
        If there is no header, or one names none of the nine classes.
    """
    headers = sorted(Path(folder).rglob("*.hea"), key=lambda path: (path.stem, path))
    if not headers:
        raise DatasetError(
            f"There is no WFDB header below {str(folder)!r}; the CPSC 2018 records in the layout "
            "of PhysioNet Challenge 2020 (NAME.hea, NAME.mat) are needed."
        )
    return [_entry(path.with_suffix("")) for path in headers]


def _entry(path: Path) -> Entry:
    comments = header_comments(path)
    words = [word.strip() for word in comment_value(comments, "Dx").split(",")]
    present = {CLASSES[word] for word in words if word in CLASSES}
    present |= {CODES[word] for word in words if word in CODES}
    if not present:
        raise DatasetError(
            f"{NAME}: the record {path.name} has the diagnoses {', '.join(words)!r}; at least one "
            "of the nine classes is needed."
        )
    return Entry(
        dataset=NAME,
        record=path.name,
        group=path.name,
        split="train",
        path=path,
        targets=core_targets(present, ()),
        age_years=age_or_none(comment_value(comments, "Age")),
        sex=sex_or_none(comment_value(comments, "Sex")),
    )
