"""Loaded by Python at a watched server's start: writes down what would leave the machine."""

import os
import sys
from pathlib import Path
from typing import Any

_OUTSIDE = os.environ.get("ECG_TEST_OUTSIDE", "")
_BY_NAME = {"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"}
_BY_ADDRESS = {"socket.connect", "socket.sendto", "socket.sendmsg"}


def _target(event: str, args: tuple[Any, ...]) -> str:
    if event in _BY_NAME:
        return str(args[0] or "")
    if event in _BY_ADDRESS:
        # A path is a socket of this machine's own.
        return str(args[1][0]) if isinstance(args[1], tuple) else ""
    return ""


def watch(event: str, args: tuple[Any, ...]) -> None:
    """Note a name that is looked up, or an address that is spoken to, off this machine."""
    target = _target(event, args).strip("b'")
    if target and not target.startswith(("127.", "::1", "localhost", "0.0.0.0")):  # noqa: S104
        with Path(_OUTSIDE).open("a") as out:
            out.write(f"{event} {target}\n")


if _OUTSIDE:
    sys.addaudithook(watch)
