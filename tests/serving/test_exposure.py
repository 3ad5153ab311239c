"""Who is answered: this machine, under its names, from the app's own page."""

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.serving.asking import ask_layer
from tests.serving.client import ROOT, TINY, Server, command, free_port
from ui.serving.exposure import Exposure, is_loopback, refuse_wide_address
from ui.serving.settings import ServerSettings

PATHS = ("/", "/review", "/_stcore/health", "/_stcore/host-config", "/media/a.pdf", "/static/a.js")
EVERYWHERE = "0.0.0.0"  # noqa: S104
FOREIGN = (
    "evil.example",
    "evil.example:8501",
    "127.0.0.1.evil.example",
    "localhost.evil",
    "a@localhost",
)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("host", FOREIGN)
def test_a_rebinding_name_is_answered_nothing(server: Server, path: str, host: str) -> None:
    status, _, body = server.ask(path, Host=host)
    assert status in {400, 421}
    assert b"does not answer to this name" in body


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1", "[::1]", "localhost."])
def test_this_machines_names_are_answered(server: Server, host: str) -> None:
    assert server.ask("/_stcore/health", Host=host)[0] == 200


@pytest.mark.parametrize("host", ["", "localhost/x", "[", "localhost:port"])
def test_what_is_no_name_is_refused(server: Server, host: str) -> None:
    assert server.ask("/", Host=host)[0] == 400


def handshake(server: Server, **headers: str) -> int:
    """Ask for a socket; return the status."""
    asked = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec_WebSocket_Version": "13"}
    asked["Sec_WebSocket_Key"] = "AAAAAAAAAAAAAAAAAAAAAA=="
    return server.ask("/_stcore/stream", **asked, **headers)[0]


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("evil.example", "http://evil.example"),
        ("127.0.0.1", "http://evil.example"),
        ("127.0.0.1", "http://localhost:3000"),
        ("127.0.0.1", "http://127.0.0.1:3000"),
        ("127.0.0.1", "null"),
    ],
)
def test_the_socket_opens_for_the_own_page_alone(server: Server, host: str, origin: str) -> None:
    assert handshake(server, Host=host, Origin=origin) == 403
    assert handshake(server, Host="localhost:1", Origin="http://localhost:1") == 101


def test_another_page_neither_uploads_nor_removes(server: Server) -> None:
    for method in ("PUT", "DELETE", "POST"):
        status, _, body = server.ask(
            "/_stcore/upload_file/a/b", method, Origin="http://localhost:3000"
        )
        assert status == 403
        assert b"another site" in body


def test_two_host_headers_are_refused() -> None:
    headers = [(b"host", b"localhost"), (b"host", b"evil.example")]
    assert ask_layer(Exposure, headers, settings=ServerSettings())[0] == 400


@pytest.mark.parametrize(
    ("settings", "local", "status"),
    [
        (ServerSettings(), "127.0.0.1", 200),
        (ServerSettings(), "192.168.1.4", 403),
        (ServerSettings(network=True), "192.168.1.4", 200),
    ],
)
def test_a_connection_from_the_network_needs_the_flag(
    settings: ServerSettings, local: str, status: int
) -> None:
    """Also where another program than Streamlit's own listens."""
    found = ask_layer(Exposure, [(b"host", b"localhost")], server=(local, 8501), settings=settings)
    assert found[0] == status


def test_a_name_that_was_named_is_answered() -> None:
    settings = ServerSettings.from_environment({"ECG_HOSTS": "ECG.example.org, other.example."})
    for host, status in ((b"ecg.example.org", 200), (b"other.example:443", 200), (b"x.org", 421)):
        assert ask_layer(Exposure, [(b"host", host)], settings=settings)[0] == status


@pytest.mark.parametrize(
    ("address", "own"),
    [
        ("127.0.0.1", True),
        ("127.8.0.1", True),
        ("localhost", True),
        ("::1", True),
        ("[::1]", True),
        ("::ffff:127.0.0.1", True),
        (None, False),
        ("", False),
        (EVERYWHERE, False),
        ("::", False),
        ("192.168.1.4", False),
        ("localhost.example.org", False),
    ],
)
def test_what_is_this_machine(address: str | None, own: bool) -> None:
    assert is_loopback(address) is own
    if own:
        refuse_wide_address(address, ServerSettings())
        return
    refuse_wide_address(address, ServerSettings(network=True))
    with pytest.raises(SystemExit, match="ECG_ALLOW_NETWORK=1"):
        refuse_wide_address(address, ServerSettings())


@pytest.mark.parametrize("script", ["app.py", TINY])
def test_a_start_on_every_interface_is_refused_in_one_sentence(script: str) -> None:
    options = ("--server.address", EVERYWHERE)
    done = subprocess.run(
        command(script, free_port(), *options),
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1
    said = done.stderr.strip().splitlines()
    assert len(said) == 1
    assert said[0].startswith("The app has no login and would listen on 0.0.0.0")
    assert "ECG_ALLOW_NETWORK=1" in said[0]


@pytest.mark.parametrize(
    "wrong",
    [
        {"ECG_ALLOW_NETWORK": "yes"},
        {"ECG_HOSTS": "*"},
        {"ECG_HOSTS": "http://ecg.example.org"},
        {"ECG_HOSTS": "ecg.example.org:8501"},
        {"ECG_SESSION_UPLOAD_MB": "0"},
        {"ECG_SERVER_UPLOAD_MB": "1.5"},
        {"ECG_DATA_MB": "-1"},
        {"ECG_KEEP_DAYS": "0"},
    ],
)
def test_a_setting_that_is_not_understood_stops_the_start(wrong: dict[str, str]) -> None:
    with pytest.raises(SystemExit, match=next(iter(wrong))):
        ServerSettings.from_environment(wrong)


def test_where_work_is_kept_is_set_and_a_password_is_not_printed() -> None:
    assert ServerSettings.from_environment({}) == ServerSettings()
    url = "postgresql://ecg:secret@db/ecg"
    given = {"ECG_DATA_DIR": "/srv/ecg", "DATABASE_URL": url, "ECG_DATA_MB": "5"}
    settings = ServerSettings.from_environment(given | {"ECG_KEEP_DAYS": "7"})
    assert (settings.data_folder, settings.database_url) == (Path("/srv/ecg"), url)
    assert (settings.data_bytes, settings.keep_days) == (5 * 2**20, 7)
    assert "secret" not in repr(settings)


def test_make_run_is_told_where_to_listen() -> None:
    def printed(*words: str) -> str:
        made = subprocess.run(
            ["make", "--dry-run", "--always-make", "run", *words],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        return made.stdout

    assert "--server.port 8599" in printed("PORT=8599")
    assert "--server.address" not in printed()
    assert "--server.address 0.0.0.0" in printed("ADDRESS=0.0.0.0")


def test_the_settings_of_the_folder_keep_to_this_machine() -> None:
    import tomllib

    settings: dict[str, Any] = tomllib.loads((Path(ROOT) / ".streamlit/config.toml").read_text())
    assert settings["server"]["address"] == "127.0.0.1"
    assert settings["server"]["headless"] is True
    assert settings["server"]["enableXsrfProtection"] is True
    assert settings["browser"] == {"serverAddress": "localhost", "gatherUsageStats": False}
