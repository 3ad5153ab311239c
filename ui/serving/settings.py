"""What the person who starts the server decides, read from the environment once."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

_MB = 2**20


@dataclass(frozen=True)
class ServerSettings:
    """Reach and bounds of one server.

    Attributes
    ----------
    hosts : tuple of str
        Names under which it answers besides this machine's own; lower case, without port.
    network : bool
        Whether connections from other machines are taken, by whoever reaches the port.
    session_upload_bytes, server_upload_bytes : int
        Most bytes of uploads held for one session, and for all together.
    """

    hosts: tuple[str, ...] = ()
    network: bool = False
    session_upload_bytes: int = 400 * _MB
    server_upload_bytes: int = 1500 * _MB

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "ServerSettings":
        """Return the settings that ``ECG_*`` variables name.

        Raises
        ------
        SystemExit
            If a variable holds something else than it may.
        """
        allow = environment.get("ECG_ALLOW_NETWORK", "").strip()
        if allow not in {"", "0", "1"}:
            raise SystemExit(f"ECG_ALLOW_NETWORK is {allow!r}; set it to 1 or leave it out.")
        return cls(
            hosts=_read_hosts(environment.get("ECG_HOSTS", "")),
            network=allow == "1",
            session_upload_bytes=_read_mb(environment, "ECG_SESSION_UPLOAD_MB", 400),
            server_upload_bytes=_read_mb(environment, "ECG_SERVER_UPLOAD_MB", 1500),
        )


def _read_hosts(listed: str) -> tuple[str, ...]:
    names = tuple(
        name.strip().lower().rstrip(".").strip("[]") for name in listed.split(",") if name.strip()
    )
    for name in names:
        if any(mark in name for mark in "*/:@ ") and name.count(":") < 2:
            raise SystemExit(
                f"ECG_HOSTS holds {name!r}; list plain names without port, such as ecg.example.org."
            )
    return names


def _read_mb(environment: Mapping[str, str], name: str, default: int) -> int:
    text = environment.get(name, "").strip() or str(default)
    if not text.isdecimal() or int(text) < 1:
        raise SystemExit(f"{name} is {text!r}; give a whole number of megabytes, 1 or more.")
    return int(text) * _MB
