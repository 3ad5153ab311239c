"""How many bytes of uploads a session and the whole server hold."""

import asyncio
import re
import time
from collections import defaultdict
from collections.abc import Iterable
from typing import cast

import streamlit as st
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.runtime import exists, get_instance
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import UploadedFile

from ui.serving.asgi import header_values, inner_path, refuse
from ui.serving.settings import ServerSettings

_TOO_LARGE = 413
_PATH = re.compile(r"/_stcore/upload_file/(?P<session>[^/]+)/[^/]+")
_MB = 2**20
_SEEN = "uploads_seen"
_SAID_FOR_S = 60.0
_ASK_AGAIN_S = 0.5
_refused: dict[str, tuple[str, float]] = {}


class _Coming:
    """Bytes that were announced or have come, and are not yet held as a file."""

    def __init__(self) -> None:
        self.by_session: defaultdict[str, int] = defaultdict(int)

    def add(self, session: str, n_bytes: int) -> None:
        self.by_session[session] += n_bytes
        if self.by_session[session] <= 0:
            del self.by_session[session]


class UploadBounds:
    """The layer that counts what is uploaded, and refuses what would be too much.

    Streamlit bounds one file. A session that is closed, and a file that is removed on the page,
    give their bytes back.
    """

    def __init__(self, app: ASGIApp, settings: ServerSettings, base: str = "") -> None:
        self.app = app
        self._settings = settings
        self._base = base
        self._coming = _Coming()
        self._showing: set[asyncio.Task[None]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on while its body is counted, or refuse it."""
        session = self._uploading_session(scope)
        if session is None:
            await self.app(scope, receive, send)
            return
        lengths = header_values(scope, "content-length")
        announced = int(lengths[0]) if lengths and lengths[0].isdecimal() else 0
        words = self._take(session, announced)
        if words is not None:
            await refuse(scope, receive, send, _TOO_LARGE, words)
            return
        taken, come = announced, 0

        async def counted() -> Message:
            nonlocal taken, come
            message = await receive()
            come += len(message.get("body", b""))
            if come > taken:
                too_much = self._take(session, come - taken)
                if too_much is not None:
                    raise HTTPException(_TOO_LARGE, too_much)
                taken = come
            return message

        async def answered(message: Message) -> None:
            nonlocal taken
            if message["type"] == "http.response.start":
                # Held as a file by now, or not at all.
                self._coming.add(session, -taken)
                taken = 0
            await send(message)

        try:
            await self.app(scope, counted, answered)
        finally:
            self._coming.add(session, -taken)

    def _uploading_session(self, scope: Scope) -> str | None:
        if scope["type"] != "http" or scope["method"] != "PUT" or not exists():
            return None
        found = _PATH.fullmatch(inner_path(scope, self._base))
        # Streamlit refuses an upload for a session that is not there before it reads it.
        if found is None or not get_instance().is_active_session(found["session"]):
            return None
        return found["session"]

    def _take(self, session: str, n_bytes: int) -> str | None:
        """Count bytes in; or return why they cannot be taken, and say it on the session's page."""
        words = self._too_much(session, n_bytes)
        if words is None:
            self._coming.add(session, n_bytes)
        else:
            _refused[session] = (words, time.monotonic())
            task = asyncio.create_task(_show_soon(session))
            self._showing.add(task)
            task.add_done_callback(self._showing.discard)
        return words

    def _too_much(self, session: str, n_bytes: int) -> str | None:
        held = held_bytes()
        own = held.get(session, 0) + self._coming.by_session.get(session, 0)
        if own + n_bytes > self._settings.session_upload_bytes:
            most = self._settings.session_upload_bytes // _MB
            return (
                f"Not uploaded: your files would exceed {most} MB together. "
                "Remove files from the list, then add this one again."
            )
        everything = sum(held.values()) + sum(self._coming.by_session.values())
        if everything + n_bytes > self._settings.server_upload_bytes:
            return (
                "Not uploaded: this server has no room for more files. "
                "Try again in a few minutes, or with a smaller file."
            )
        return None


def held_bytes() -> dict[str, int]:
    """Return the bytes of uploads that the server holds, by session."""
    storage = _files().file_storage
    return {
        session: sum(len(file.data) for file in list(files.values()))
        for session, files in list(storage.items())
    }


def _files() -> MemoryUploadedFileManager:
    # Streamlit's only kind; its protocol names neither what is held nor removing.
    return cast(MemoryUploadedFileManager, get_instance().uploaded_file_mgr)


def settle_uploads(files: Iterable[UploadedFile]) -> None:
    """Give back what left the page's list, and say which upload was refused since.

    Streamlit keeps a file whose list was left for another page until the session ends. A file that
    has come and was not listed yet stays.
    """
    context = get_script_run_ctx()
    if context is None or not exists():
        return
    listed = {file.file_id for file in files}
    seen: set[str] = st.session_state.get(_SEEN, set())
    for file_id in seen - listed:
        _files().remove_file(context.session_id, file_id)
    st.session_state[_SEEN] = listed
    words, said_at = _refused.get(context.session_id, ("", 0.0))
    if seen - listed or time.monotonic() - said_at > _SAID_FOR_S:
        _refused.pop(context.session_id, None)
    elif words:
        st.warning(words)


async def _show_soon(session: str) -> None:
    """Run the session's page once more as soon as it rests: the browser only says "error"."""
    while session in _refused:
        found = get_instance().get_app_session(session)
        if found is None:
            return
        if found._scriptrunner is None:
            found.request_rerun(found._client_state)
            return
        await asyncio.sleep(_ASK_AGAIN_S)


def forget_refusals(sessions: Iterable[str]) -> None:
    """Forget what was to be said to sessions that are closed."""
    for session in sessions:
        _refused.pop(session, None)
