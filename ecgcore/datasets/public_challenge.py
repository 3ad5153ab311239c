"""Sets of the PhysioNet Challenge 2020/21 in full: CPSC 2018, Georgia, Chapman-Shaoxing, Ningbo.

Each is a folder of WFDB records (``.hea`` with a ``.mat`` or ``.dat`` beside it), directly or in
sub-folders (``g1``, ``g2`` …, or ``01/010`` …), the diagnoses in the header comment ``Dx:``.  No
folds are published: ten are dealt, seeded, patient by patient, with the rare statements shared out
evenly.  The sets name no patients and have one record of each, as far as their authors say;
CPSC 2018 is known to hold a few patients twice, which cannot be told from the files.

Source: Reyna et al., Computing in Cardiology 2021; Zhang et al., iScience 24:102373 (2021) for the
nine classes of CPSC 2018.
"""

import os
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ecgcore.datasets import challenge2021
from ecgcore.datasets.entry import Annotation, age_or_none
from ecgcore.datasets.files import comment_value, header_comments, sex_or_none
from ecgcore.datasets.folds import patient_folds
from ecgcore.datasets.further import from_snomed
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
from ecgcore.statements import CORE_CODES

CPSC_TASK = "cpsc9"


@dataclass(frozen=True)
class ChallengeSet:
    """One set of the challenge.

    Attributes
    ----------
    name : str
    folders : tuple of str
        As the challenge names them.
    published_records : int
        As its page gives them.
    complete : bool
        False where only the nine classes of CPSC 2018 are coded: what else is missing is unknown.
    """

    name: str
    folders: tuple[str, ...]
    published_records: int
    complete: bool = True


SETS = {
    found.name: found
    for found in (
        ChallengeSet("cpsc_2018", ("cpsc_2018",), 6_877, complete=False),
        ChallengeSet("cpsc_2018_extra", ("cpsc_2018_extra",), 3_453),
        ChallengeSet("georgia", ("georgia",), 10_344),
        ChallengeSet("chapman_ningbo", ("chapman_shaoxing", "ningbo"), 45_152),
    )
}


def cpsc_targets(diagnoses: Collection[str]) -> tuple[float, ...]:
    """Return the nine classes of CPSC 2018 as they are coded, nothing masked.

    Other than for the core statements, "normal" is sinus rhythm coded beside anything else too,
    and what is not coded is absent: this is what published figures are about.
    """
    named = {challenge2021.CLASSES.get(code, "") for code in diagnoses}
    named |= {challenge2021.PRESENT.get(code, "") for code in diagnoses}
    if challenge2021.SINUS_RHYTHM in diagnoses:
        named.add("SNR")
    return tuple(float(code in named) for code in CORE_CODES)


def index(
    folder: Path, challenge_set: ChallengeSet, *, seed: int = 0, test_fold: int = N_FOLDS
) -> PublicIndex:
    """Return the records of one set.

    Parameters
    ----------
    folder : Path
        The set's own folder, or one that holds the challenge's folders.
    challenge_set : ChallengeSet
    seed : int
        Decides the folds.
    test_fold : int
        1 to 10.

    Raises
    ------
    DatasetError
        If there are fewer than ten records.
    InvalidArgumentError
        If ``test_fold`` is out of range.
    """
    records = _records(folder, challenge_set)
    found = [_annotation(folder / record, challenge_set) for record in records]
    diagnoses = [codes for codes, _ in found]
    annotations = [annotation for _, annotation in found]
    core = core_task(annotations)
    groups = [record.rsplit("/", 1)[-1] for record in records]
    folds = 1 + patient_folds(groups, core.targets, N_FOLDS, seed=seed)
    splits = splits_of(folds, test_fold=test_fold).tolist()
    tasks = {CORE_TASK: core}
    if challenge_set.name.startswith("cpsc_2018"):
        coded = np.array([cpsc_targets(codes) for codes in diagnoses], dtype=np.float32)
        tasks[CPSC_TASK] = Task(CPSC_TASK, CORE_CODES, coded)
    return PublicIndex(
        name=challenge_set.name,
        folder=folder,
        variant="",
        entries=tuple(
            entry_of(challenge_set.name, folder, record, annotation, group=group, split=split)
            for record, group, split, annotation in zip(
                records, groups, splits, annotations, strict=True
            )
        ),
        folds=folds,
        folds_from=f"dealt with seed {seed}: by patient, statements shared out evenly",
        tasks=tasks,
        published_records=challenge_set.published_records,
    )


def _records(folder: Path, challenge_set: ChallengeSet) -> list[str]:
    """Return the records below a folder, relative to it, in sorted order."""
    inside = [folder / name for name in challenge_set.folders if (folder / name).is_dir()]
    found = sorted(
        (Path(parent) / file).relative_to(folder).with_suffix("").as_posix()
        for place in inside or [folder]
        for parent, _, files in os.walk(place)
        for file in files
        if file.endswith(".hea") and not file.startswith(".")
    )
    if len(found) < N_FOLDS:
        raise DatasetError(
            f"{challenge_set.name}: {len(found)} WFDB headers are below {str(folder)!r}; "
            f"the folder of the set is needed, with at least {N_FOLDS} records."
        )
    return found


def _annotation(path: Path, challenge_set: ChallengeSet) -> tuple[tuple[str, ...], Annotation]:
    """Return the diagnoses of a record, and what they say."""
    comments = header_comments(path)
    age = age_or_none(comment_value(comments, "Age"))
    sex = sex_or_none(comment_value(comments, "Sex"))
    words = comment_value(comments, "Dx").split(",")
    diagnoses = tuple(word.strip() for word in words if word.strip())
    if not diagnoses:
        # Nothing is known then, which is not the same as nothing being there.
        return (), Annotation(age_years=age, sex=sex)
    targets = challenge2021.targets(diagnoses)
    further = from_snomed(diagnoses, complete=challenge_set.complete)
    return diagnoses, Annotation(targets, age, sex, further)
