"""Where the recordings and the packed copies of them lie."""

import os
from pathlib import Path

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
