"""Where the recordings and the packed copies of them lie."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgcore.errors import DatasetError

PROJECT_ROOT = Path(__file__).resolve().parents[2]


def data_root() -> Path:
    """Return the folder of recordings: ``ECG_DATA``, or ``../shared/data`` beside the project.

    Raises
    ------
    DatasetError
        If it holds no ``splits`` folder.
    """
    named = os.environ.get("ECG_DATA")
    folder = Path(named) if named else PROJECT_ROOT.parent / "shared" / "data"
    if not (folder / "splits").is_dir():
        raise DatasetError(
            f"The folder of recordings {str(folder)!r} has no folder splits; "
            "set the environment variable ECG_DATA to the folder that holds it."
        )
    return folder.resolve()


def cache_root() -> Path:
    """Return the folder of packed recordings: ``ECG_CACHE``, or ``.cache`` in the project.

    It need not exist yet.
    """
    named = os.environ.get("ECG_CACHE")
    return Path(named) if named else PROJECT_ROOT / ".cache"


def cache_arrays(
    name: str, make: Callable[[], Mapping[str, NDArray[Any]]], folder: Path | None = None
) -> dict[str, NDArray[Any]]:
    """Return arrays that are made once and then taken from a cache.

    Parameters
    ----------
    name : str
        Of the file, without its suffix; it holds a digest of everything that decides the arrays.
    make : callable
        Called where there is no such file.
    folder : Path, optional
        :func:`cache_root` if not given.
    """
    path = (cache_root() if folder is None else folder) / f"{name}.npz"
    if not path.is_file():
        made = make()
        path.parent.mkdir(parents=True, exist_ok=True)
        # Two runs may make the same at once: whole files only, the last one stays.
        unfinished = path.with_name(f"{name}-{os.getpid()}.npz")
        np.savez(unfinished, allow_pickle=False, **made)
        unfinished.replace(path)
    with np.load(path, allow_pickle=False) as kept:
        return {key: kept[key] for key in kept.files}
