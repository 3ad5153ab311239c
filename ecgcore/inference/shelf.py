"""The model folders of this computer, by name: nothing is loaded."""

import os
from pathlib import Path

from ecgcore.errors import ModelError
from ecgcore.inference.card import CARD_FILE, STATEMENTS, read_card

PROJECT_ROOT = Path(__file__).resolve().parents[2]
DEFAULT_MODEL = "diagnostic-1"
SINGLE_LEAD_MODEL = "single-lead-1"
DEFAULT_ANOMALY = "restoration-1"
DEFAULT_DELINEATOR = "delineator-1"
_NO_MODELS = (
    "there are none: set ECG_WEIGHTS to the folder of models (weights in the project's repository)."
)


def weights_root() -> Path:
    """Return the folder of model folders.

    ``ECG_WEIGHTS``, or ``weights`` in the package where it is installed, or in the project.
    """
    named = os.environ.get("ECG_WEIGHTS")
    if named:
        return Path(named)
    installed = Path(__file__).resolve().parents[1] / "weights"
    return installed if installed.is_dir() else PROJECT_ROOT / "weights"


def available_models(task: str = STATEMENTS) -> list[str]:
    """Return the names of the model folders for this task, sorted.

    A folder whose card cannot be read is named with the statements: loading it says why.
    """
    root = weights_root()
    if not root.is_dir():
        return []
    folders = [path.parent for path in root.glob(f"*/{CARD_FILE}")]
    return sorted(folder.name for folder in folders if _task_of(folder) == task)


def _task_of(folder: Path) -> str:
    try:
        return read_card(folder).task
    except ModelError:
        return STATEMENTS


def model_folder(name_or_folder: str | Path) -> Path:
    """Return the folder of a model that is named as for :func:`ecgcore.inference.load_model`.

    Raises
    ------
    ModelError
        If there is none.
    """
    if isinstance(name_or_folder, str) and Path(name_or_folder).name == name_or_folder:
        folder = weights_root() / name_or_folder
        # Without a separator only ".." could lead out of the folder of models.
        if name_or_folder in ("", ".", "..") or not folder.is_dir():
            possible = ", ".join(available_models())
            raise ModelError(
                f"There is no model {name_or_folder!r}; "
                + (f"there are: {possible}." if possible else _NO_MODELS)
            )
        return folder
    folder = Path(name_or_folder)
    if not folder.is_dir():
        raise ModelError(f"There is no model folder {str(folder)!r}.")
    return folder
