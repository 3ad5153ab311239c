"""What the person who starts the server decides, read from the environment once."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

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
    data_folder : pathlib.Path
        Where readers' work is kept.
    database_url : str or None
        None: a file in ``data_folder``. It may hold a password.
    data_bytes : int
        Most bytes that ``data_folder`` may hold.
    keep_days : int
        How long after their last visit readers' work is kept, and their browsers' cookie.
    """

    hosts: tuple[str, ...] = ()
    network: bool = False
    session_upload_bytes: int = 400 * _MB
    server_upload_bytes: int = 1500 * _MB
    data_folder: Path = Path(".ecg-data")
    database_url: str | None = field(default=None, repr=False)
    data_bytes: int = 10_000 * _MB
    keep_days: int = 90

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
            session_upload_bytes=_MB * _read_count(environment, "ECG_SESSION_UPLOAD_MB", 400),
            server_upload_bytes=_MB * _read_count(environment, "ECG_SERVER_UPLOAD_MB", 1500),
            data_folder=Path(environment.get("ECG_DATA_DIR", "").strip() or ".ecg-data"),
            database_url=environment.get("DATABASE_URL", "").strip() or None,
            data_bytes=_MB * _read_count(environment, "ECG_DATA_MB", 10_000),
            keep_days=_read_count(environment, "ECG_KEEP_DAYS", 90, "days"),
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


def _read_count(
    environment: Mapping[str, str], name: str, default: int, unit: str = "megabytes"
) -> int:
    text = environment.get(name, "").strip() or str(default)
    if not text.isdecimal() or int(text) < 1:
        raise SystemExit(f"{name} is {text!r}; give a whole number of {unit}, 1 or more.")
    return int(text)
