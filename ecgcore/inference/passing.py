"""What a network was given and said, as plain values that pass from one process to another."""

from collections.abc import Mapping
from typing import Any

import torch

from ecgcore.inference.prepare import ModelInput
from ecgcore.inference.runner import Heard, Reading
from ecgcore.inference.windows import Window


def pack_heard(reading: Reading, heard: Heard) -> dict[str, Any]:
    """Return both as arrays, numbers and text, for :func:`ecgcore.results.wire.encode`."""
    given = reading.given
    return {
        "given": {
            "x": given.x.numpy(),
            "present": given.present.numpy(),
            "index": given.index.numpy(),
            "leads": given.leads,
            "fs_hz": given.fs_hz,
            "in_mv": given.in_mv,
        },
        "lead_names": reading.lead_names,
        "pieces": [(window.start, window.stop) for window in reading.pieces],
        "quality": reading.quality,
        "unreadable": float(reading.unreadable),
        "heard": heard._asdict(),
    }


def unpack_heard(packed: Mapping[str, Any]) -> tuple[Reading, Heard]:
    """Return what :func:`pack_heard` was given."""
    given = dict(packed["given"])
    for name in ("x", "present", "index"):
        given[name] = torch.from_numpy(given[name])
    reading = Reading(
        ModelInput(**given),
        packed["lead_names"],
        [Window(start, stop) for start, stop in packed["pieces"]],
        packed["quality"],
        packed["unreadable"],
    )
    return reading, Heard(**packed["heard"])
