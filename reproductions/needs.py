"""Libraries that only the comparisons need."""

import importlib
from typing import Any

from ecgcore.errors import InvalidArgumentError


def load_library(name: str, *, advice: str = "") -> Any:
    """Return a library that ``reproductions/requirements.txt`` names.

    Raises
    ------
    InvalidArgumentError
        If it cannot be loaded.
    """
    try:
        return importlib.import_module(name)
    except (ImportError, OSError) as error:
        raise InvalidArgumentError(
            f"{name} cannot be loaded ({error}); install reproductions/requirements.txt{advice}."
        ) from None
