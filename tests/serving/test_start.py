"""A start asks nobody anything, and an end takes no longer for an open page."""

import os
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from streamlit.runtime.memory_session_storage import MemorySessionStorage
from streamlit.runtime.state import SessionState

from tests.serving.client import WATCH, Visit, served
from ui.serving import reaper


@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0"])  # noqa: S104
def test_a_first_start_asks_no_person_and_no_server(tmp_path: Path, address: str) -> None:
    """`served` fails where anything would have left the machine."""
    home = tmp_path / "home"
    home.mkdir()
    options = ("--server.address", address)
    with served(
        tmp_path / "log.txt", *options, script="app.py", HOME=str(home), ECG_ALLOW_NETWORK="1"
    ) as server:
        # An origin that Streamlit itself would compare with the machine's outside address.
        asked = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec_WebSocket_Version": "13"}
        asked |= {"Sec_WebSocket_Key": "AAAAAAAAAAAAAAAAAAAAAA==", "Origin": "http://evil.example"}
        assert server.ask("/_stcore/stream", **asked)[0] == 403
    said = (tmp_path / "log.txt").read_text()
    assert "URL: http://localhost:" in said
    assert "mail" not in said.lower()
    assert list(home.rglob("*")) == []


def test_the_watch_itself_sees_a_look_up(tmp_path: Path) -> None:
    code = "import socket; s = socket.socket(type=socket.SOCK_DGRAM); s.connect(('192.0.2.1', 1))"
    outside = tmp_path / "outside"
    watched = {"PYTHONPATH": str(WATCH), "ECG_TEST_OUTSIDE": str(outside)}
    subprocess.run([sys.executable, "-c", code], env=os.environ | watched, check=True)
    assert outside.read_text() == "socket.connect 192.0.2.1\n"


def start_without_layers(script: str, port: int) -> list[str]:
    code = "from streamlit.web import bootstrap as b; options = {'server_port': %d}; "
    code += "b.load_config_options(options); b.run('%s', False, [], options)"
    return [sys.executable, "-c", code % (port, script)]


def test_without_its_layers_the_app_says_only_how_to_start_it(tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    with served(log, script="app.py", start=start_without_layers) as server:
        visit = Visit(server, ready=lambda one: one.last.HasField("script_finished"))
        assert visit.warnings == [
            "The server was started without its protection; start it with `make run`."
        ]
        assert visit.n_elements == 1
        visit.close()


def test_a_server_with_an_open_page_ends_when_it_is_told_to(tmp_path: Path) -> None:
    with served(tmp_path / "log.txt") as server:
        visit = Visit(server)
        server.process.terminate()
        server.process.wait(timeout=20)
        visit.close()
    assert server.process.returncode in {0, -15}


def test_expired_sessions_are_shut_down_and_their_files_dropped() -> None:
    shut: list[str] = []

    class Session:
        def __init__(self, name: str) -> None:
            self.id = name
            self.session_state = SessionState()
            self.session_state["uploads"] = bytes(10)

        def shutdown(self) -> None:
            shut.append(self.id)

    storage = MemorySessionStorage(ttl_seconds=0)
    swept: list[int] = []
    runtime = SimpleNamespace(
        _session_mgr=SimpleNamespace(_session_storage=storage),
        media_file_mgr=SimpleNamespace(remove_orphaned_files=lambda: swept.append(1)),
    )
    assert reaper.close_expired(runtime) == []  # type: ignore[arg-type]
    assert swept == []
    storage.save(SimpleNamespace(session=Session("a")))  # type: ignore[arg-type]
    time.sleep(0.001)
    closed = reaper.close_expired(runtime)  # type: ignore[arg-type]
    assert [session.id for session in closed] == shut == ["a"]
    (session,) = closed
    reaper.empty_closed(closed)
    assert session.session_state.filtered_state == {}
    assert session.session_state._new_widget_state.widget_metadata == {}
    assert closed == []
    # A download is marked the first time, and dropped the second.
    assert len(swept) == 2
    reaper.return_memory()
