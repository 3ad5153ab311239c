"""Started in the attacked server: notes, and stops, whatever would leave this machine."""

import os
import socket
import sys
from typing import Any

_LOG = os.environ.get("ATTEMPTS_OUTSIDE", "")
_HERE = {None, "", "localhost", "127.0.0.1", "::1", "0.0.0.0", "::", socket.gethostname()}  # noqa: S104


def _host(event: str, arguments: tuple[Any, ...]) -> Any:
    if event in ("socket.getaddrinfo", "socket.gethostbyname"):
        return arguments[0]
    # A datagram socket that is only connected sends nothing.
    if event == "socket.connect" and arguments[0].type & socket.SOCK_STREAM:
        return arguments[1][0] if isinstance(arguments[1], tuple) else None
    return None


def _note(event: str, arguments: tuple[Any, ...]) -> None:
    host = _host(event, arguments)
    host = host.decode(errors="replace") if isinstance(host, bytes) else host
    if host in _HERE:
        return
    with open(_LOG, "a", encoding="utf-8") as log:  # noqa: PTH123 - nothing more is imported here
        log.write(f"{event} {host}\n")
    raise OSError(f"{host} is outside of this machine")


if _LOG:
    sys.addaudithook(_note)
