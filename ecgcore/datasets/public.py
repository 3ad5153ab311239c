"""The public sets in full, by name, from the user's folder."""

import os
from collections.abc import Callable
from pathlib import Path

from ecgcore.checks import check_option
from ecgcore.datasets import public_challenge, public_ptbxl
from ecgcore.datasets.packing import PackParameters
from ecgcore.datasets.public_index import N_FOLDS, PublicIndex
from ecgcore.datasets.sharded import ShardedSet
from ecgcore.datasets.shards import pack_shards
from ecgcore.errors import DatasetError, InvalidArgumentError

FULL_DATA = "ECG_FULL_DATA"
PUBLIC_SETS = (public_ptbxl.NAME, *public_challenge.SETS)
# Folders of this name or below it, in the order tried.
_PTBXL_FOLDERS = ("ptbxl", "ptb-xl")
# The challenge's download has its sets in a folder of this name.
_TRAINING = "training"


def public_index(
    name: str,
    folder: Path | None = None,
    *,
    source_hz: int = 500,
    seed: int = 0,
    test_fold: int = N_FOLDS,
) -> PublicIndex:
    """Return the records, folds and label tables of a public set.

    Parameters
    ----------
    name : str
        One of ``PUBLIC_SETS``.
    folder : Path, optional
        Where the set lies; default a folder of its name in ``ECG_FULL_DATA``.
    source_hz : int
        PTB-XL only: 500 or 100, which copy of the signals.
    seed : int
        Of the folds, where none are published.
    test_fold : int
        1 to 10; the one before it is for validation.

    Raises
    ------
    DatasetError
        If the folder is not there or not laid out as the set is published.
    InvalidArgumentError
        If a name or value is not possible.
    """
    check_option("the data set", name, PUBLIC_SETS)
    if name == public_ptbxl.NAME:
        place = _place(name, folder, _ptbxl_folder)
        return public_ptbxl.index(place, source_hz=source_hz, test_fold=test_fold)
    if source_hz != 500:
        raise InvalidArgumentError(f"{name} is published at 500 Hz; source_hz is {source_hz}.")
    challenge_set = public_challenge.SETS[name]

    def holds(place: Path) -> Path | None:
        return place if any((place / f).is_dir() for f in challenge_set.folders) else None

    found = _place(name, folder, holds)
    return public_challenge.index(found, challenge_set, seed=seed, test_fold=test_fold)


def open_public(
    name: str,
    folder: Path | None = None,
    *,
    parameters: PackParameters | None = None,
    source_hz: int = 500,
    seed: int = 0,
    test_fold: int = N_FOLDS,
    cache: Path | None = None,
    workers: int = 2,
    progress: bool = True,
) -> ShardedSet:
    """Return a public set, packed on the first call and then taken from the cache.

    Other arguments are those of :func:`public_index` and
    :func:`ecgcore.datasets.shards.pack_shards`, which also say what is raised.

    Parameters
    ----------
    name : str
    folder : Path, optional
    parameters : PackParameters, optional
        Default 100 Hz, 0.5 to 40 Hz, full length.
    """
    found = public_index(name, folder, source_hz=source_hz, seed=seed, test_fold=test_fold)
    return pack_shards(
        found, parameters or PackParameters(), cache=cache, workers=workers, progress=progress
    )


def _place(name: str, folder: Path | None, holds: Callable[[Path], Path | None]) -> Path:
    if folder is not None:
        if not folder.is_dir():
            raise DatasetError(f"{name}: the folder {str(folder)!r} does not exist.")
        return holds(folder) or folder
    named = os.environ.get(FULL_DATA)
    for place in (Path(named), Path(named) / _TRAINING) if named else ():
        found = holds(place)
        if found is not None:
            return found
    raise DatasetError(
        f"{name}: no folder is given, and there is none in {FULL_DATA} "
        f"({named or 'not set'}); name the folder that holds the set."
    )


def _ptbxl_folder(place: Path) -> Path | None:
    candidates = (place, *(place / name for name in _PTBXL_FOLDERS))
    return next((p for p in candidates if (p / public_ptbxl.DATABASE).is_file()), None)
