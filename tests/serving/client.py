"""A served app and a browser's part of talking to it, without a browser."""

import http.client
import os
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.cookies import SimpleCookie
from pathlib import Path

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.DownloadButton_pb2 import DownloadButton
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection, connect

ROOT = Path(__file__).resolve().parents[2]
WATCH = Path(__file__).with_name("watch")
TINY = "tests/serving/tiny/app.py"
WAIT_S = 60.0
Reply = tuple[int, http.client.HTTPMessage, bytes]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def command(script: str, port: int, *options: str) -> list[str]:
    start = [sys.executable, "-m", "streamlit", "run", script, "--server.port", str(port)]
    return [*start, *options]


@contextmanager
def served(
    log: Path,
    *options: str,
    script: str = TINY,
    start: Callable[..., list[str]] = command,
    **environment: str,
) -> Iterator["Server"]:
    """Start an app on a free port.

    What it prints goes to a file and must hold no traceback; nothing of it may reach outside, and
    nothing may have asked for a session where there was none: what asks so gets defaults in place
    of what the reader chose.
    """
    port = free_port()
    outside = log.with_suffix(".outside")
    watched = {"PYTHONPATH": f"{WATCH}{os.pathsep}{ROOT}", "ECG_TEST_OUTSIDE": str(outside)}
    with log.open("w") as out:
        process = subprocess.Popen(
            start(script, port, *options),
            cwd=ROOT,
            env=os.environ | watched | environment,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
        server = Server(port, process)
        try:
            eventually(server.is_healthy)
            yield server
        finally:
            process.terminate()
            process.wait(timeout=20)
    for trouble in ("Traceback", "missing ScriptRunContext"):
        assert trouble not in log.read_text(), log.read_text()[-3000:]
    assert not outside.exists(), outside.read_text()


def eventually(holds: Callable[[], bool]) -> None:
    """Wait until something holds; a busy machine takes its time."""
    end = time.monotonic() + WAIT_S
    while not holds():
        if time.monotonic() > end:
            pytest.fail(f"{holds} did not hold within {WAIT_S:g} s")
        time.sleep(0.1)


class Server:
    """An app that listens on this machine."""

    def __init__(self, port: int, process: subprocess.Popen[bytes]) -> None:
        self.port = port
        self.process = process

    def ask(
        self,
        path: str,
        method: str = "GET",
        body: bytes | None = None,
        **headers: str,
    ) -> Reply:
        """Return status, headers and body; `sec_fetch_site` names the header Sec-Fetch-Site."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            connection.request(method, path, body, named)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def is_healthy(self) -> bool:
        assert self.process.poll() is None, "the app ended"
        try:
            return self.ask("/_stcore/health")[0] == 200
        except OSError:
            return False


class Visit:
    """One browser's tab: its cookies, its socket, and what the app sent it."""

    def __init__(
        self,
        server: Server,
        ready: Callable[["Visit"], bool] = lambda visit: "Later" in visit.buttons,
    ) -> None:
        self.server = server
        cookies: SimpleCookie = SimpleCookie()
        for line in server.ask("/_stcore/health")[1].get_all("set-cookie") or []:
            cookies.load(line)
        self.cookie = "; ".join(f"{name}={one.coded_value}" for name, one in cookies.items())
        self.xsrf = cookies["_streamlit_xsrf"].value
        self._open = ExitStack()
        self.socket: ClientConnection = self._open.enter_context(
            connect(
                f"ws://127.0.0.1:{server.port}/_stcore/stream",
                origin=f"http://127.0.0.1:{server.port}",
                additional_headers={"Cookie": self.cookie},
                subprotocols=["streamlit", self.xsrf],
                max_size=None,
                max_queue=None,
            )
        )
        self.session = ""
        self.buttons: dict[str, DownloadButton] = {}
        self.last = ForwardMsg()
        self.warnings: list[str] = []
        self.n_elements = 0
        self._send(BackMsg(rerun_script={}))
        self.read_until(lambda: ready(self))

    def _send(self, message: BackMsg) -> None:
        self.socket.send(message.SerializeToString())

    def read_until(self, holds: Callable[[], bool]) -> None:
        """Take messages from the app until something holds."""
        while not holds():
            message = ForwardMsg()
            message.ParseFromString(self.socket.recv(timeout=WAIT_S))
            self.last = message
            kind = message.WhichOneof("type")
            if kind == "new_session":
                self.session = message.new_session.initialize.session_id or self.session
            elif kind == "delta" and message.delta.HasField("new_element"):
                element = message.delta.new_element
                self.n_elements += 1
                if element.HasField("download_button"):
                    self.buttons[element.download_button.label] = element.download_button
                if element.HasField("alert"):
                    self.warnings.append(element.alert.body)

    def later(self) -> str:
        """Ask for the deferred file; return its address."""
        request = BackMsg()
        request.backend_operation_request.request_id = "1"
        request.backend_operation_request.session_id = self.session
        request.backend_operation_request.deferred_file.file_id = self.buttons[
            "Later"
        ].deferred_file_id
        self._send(request)
        self.read_until(lambda: self.last.HasField("backend_operation_response"))
        return str(self.last.backend_operation_response.deferred_file.url)

    def now(self) -> str:
        """Return the address of the file that was made at once."""
        return str(self.buttons["Now"].url)

    def fetch(self, path: str, **headers: str) -> Reply:
        return self.server.ask(path, Cookie=self.cookie, **headers)

    def put(self, n_bytes: int, file_id: str = "", **headers: str) -> Reply:
        """Upload a file of so many bytes."""
        mark = "ecgboundary"
        head = (
            f'--{mark}\r\nContent-Disposition: form-data; name="f"; filename="a.bin"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        )
        body = head.encode() + bytes(n_bytes) + f"\r\n--{mark}--\r\n".encode()
        return self.server.ask(
            self.file_address(file_id or str(uuid.uuid4())),
            "PUT",
            body,
            Cookie=self.cookie,
            X_Xsrftoken=self.xsrf,
            Content_Type=f"multipart/form-data; boundary={mark}",
            **headers,
        )

    def remove(self, file_id: str) -> int:
        return self.server.ask(
            self.file_address(file_id), "DELETE", Cookie=self.cookie, X_Xsrftoken=self.xsrf
        )[0]

    def file_address(self, file_id: str) -> str:
        return f"/_stcore/upload_file/{self.session}/{file_id}"

    def close(self) -> None:
        self._open.close()
