"""One reader at a running server, without a browser: Streamlit's own messages over its socket."""

import hashlib
import json
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.Common_pb2 import FileUploaderState, UploadedFileInfo
from streamlit.proto.Element_pb2 import Element
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState, WidgetStates
from websockets.sync.client import connect

VIEWER, RAIL = "ecg.viewer", "ecg.rail"
PATIENCE_S = 600.0


@dataclass
class Run:
    """What one run of a page brought, each element with the time at which it came.

    Attributes
    ----------
    elements : list of tuple of float and Element
    seconds : float
        To the end of the run.
    """

    elements: list[tuple[float, Element]] = field(default_factory=list)
    seconds: float = 0.0

    def components(self, name: str) -> list[tuple[float, dict[str, Any]]]:
        """Return a component's data as often as it came."""
        return [
            (at, json.loads(element.bidi_component.json))
            for at, element in self.elements
            if element.WhichOneof("type") == "bidi_component"
            and element.bidi_component.component_name == name
        ]

    def button(self, label: str) -> str | None:
        """Return a button's name by its label."""
        found = [
            element.button.id
            for _, element in self.elements
            if element.WhichOneof("type") == "button" and element.button.label == label
        ]
        return found[0] if found else None

    def troubles(self) -> list[str]:
        """Return what the page says went wrong."""
        shown = [e for _, e in self.elements]
        return [e.exception.message for e in shown if e.WhichOneof("type") == "exception"] + [
            e.alert.body for e in shown if e.WhichOneof("type") == "alert"
        ]


class Reader:
    """A session at a server.

    Parameters
    ----------
    url : str
        Such as ``http://127.0.0.1:8501``.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        socket = url.replace("http", "ws", 1) + "/_stcore/stream"
        self._socket = connect(
            socket, subprotocols=["streamlit"], max_size=None, proxy=None, ping_timeout=None
        )
        self._pages: dict[str, str] = {}
        self._session = ""
        self._page = ""
        self._files: WidgetState | None = None
        self.last = self.run()

    def close(self) -> None:
        """Leave."""
        self._socket.close()

    def run(self, page: str | None = None, *widgets: WidgetState) -> Run:
        """Let a page run with what was done on it; return what it brought."""
        if page is not None:
            self._page, self._files = self._pages[page], None
        states = [*widgets, *([self._files] if self._files is not None else [])]
        state = ClientState(page_script_hash=self._page, widget_states=WidgetStates(widgets=states))
        began = time.perf_counter()
        self._send(BackMsg(rerun_script=state))
        self.last = self._receive(began)
        return self.last

    def press(self, label: str) -> Run:
        """Press a button that is on the page."""
        name = self.last.button(label)
        if name is None:
            raise RuntimeError(f"There is no button {label!r}: {self.last.troubles()}")
        return self.run(None, WidgetState(id=name, trigger_value=True))

    def upload(self, name: str, content: bytes) -> Run:
        """Upload a file on the worklist, where it is read."""
        self.run("worklist")
        uploader = next(
            e.file_uploader.id
            for _, e in self.last.elements
            if e.WhichOneof("type") == "file_uploader"
        )
        request = BackMsg()
        request.file_urls_request.request_id = "files"
        request.file_urls_request.file_names.append(name)
        request.file_urls_request.session_id = self._session
        self._send(request)
        urls = self._wait(lambda message: message.WhichOneof("type") == "file_urls_response")
        place = urls.file_urls_response.file_urls[0]
        boundary = "----------a-benchmark"
        part = f'Content-Disposition: form-data; name="file"; filename="{name}"'
        body = (
            f"--{boundary}\r\n{part}\r\n\r\n".encode()
            + content
            + f"\r\n--{boundary}--\r\n".encode()
        )
        put = urllib.request.Request(  # noqa: S310 - our own server
            urljoin(self.url, place.upload_url),
            data=body,
            method="PUT",
            headers={"Content-Type": f"multipart/form-data; boundary={boundary}"},
        )
        with urllib.request.urlopen(put, timeout=PATIENCE_S):  # noqa: S310
            pass
        info = UploadedFileInfo(
            file_id=place.file_id, name=name, size=len(content), file_urls=place
        )
        self._files = WidgetState(
            id=uploader, file_uploader_state_value=FileUploaderState(uploaded_file_info=[info])
        )
        return self.run()

    def _send(self, message: BackMsg) -> None:
        self._socket.send(message.SerializeToString())

    def _wait(self, wanted: Callable[[ForwardMsg], bool]) -> ForwardMsg:
        while True:
            message = ForwardMsg()
            message.ParseFromString(self._socket.recv(timeout=PATIENCE_S))
            self._note(message)
            if wanted(message):
                return message

    def _receive(self, began: float) -> Run:
        run = Run()
        while True:
            message = self._wait(lambda _message: True)
            kind = message.WhichOneof("type")
            now = time.perf_counter() - began
            if kind == "delta" and message.delta.WhichOneof("type") == "new_element":
                run.elements.append((now, message.delta.new_element))
            elif kind == "script_finished" and message.script_finished in (
                ForwardMsg.FINISHED_SUCCESSFULLY,
                ForwardMsg.FINISHED_WITH_COMPILE_ERROR,
            ):
                run.seconds = now
                return run

    def _note(self, message: ForwardMsg) -> None:
        if message.WhichOneof("type") == "new_session":
            self._session = message.new_session.initialize.session_id or self._session
        elif message.WhichOneof("type") == "navigation":
            self._page = message.navigation.page_script_hash
            for page in message.navigation.app_pages:
                name = "worklist" if page.is_default else page.url_pathname
                self._pages[name] = page.page_script_hash


def digest_of(data: object) -> str:
    """Return a short digest of what a page drew."""
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()[:16]
