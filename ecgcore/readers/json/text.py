"""JSON as its readers load it: any usual encoding, bounded, one sentence where it is damaged."""

import json
from typing import Any

from ecgcore.errors import TooLargeError
from ecgcore.readers.base import MIB, guard_library
from ecgcore.readers.xml.parse import decode

MAX_BYTES = 48 * MIB


def load_json(data: bytes, notes: list[str]) -> Any:
    """Return the content of a JSON file.

    Parameters
    ----------
    data : bytes
    notes : list of str
        Gets a sentence for what had to be repaired in its text.

    Raises
    ------
    TooLargeError
        Above :data:`MAX_BYTES`.
    ReadError
        If it is no JSON.
    """
    if len(data) > MAX_BYTES:
        raise TooLargeError(
            f"The JSON is larger than {MAX_BYTES / MIB:.0f} MB, the most that is read."
        )
    text = decode(data, notes)
    with guard_library("The file is not valid JSON: it is damaged, cut off or too deeply nested."):
        return json.loads(text.removeprefix("\ufeff").rstrip("\x00"))
