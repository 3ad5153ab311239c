"""Whose a file at ``/media/`` is: it is given to the browser of a session that is there."""

import hmac
import re
import secrets
import threading
from collections import defaultdict
from pathlib import PurePosixPath
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.runtime import exists, get_instance
from streamlit.runtime.media_file_manager import MediaFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx

from ui.serving.asgi import header_values, inner_path, refuse
from ui.serving.doors import CORE
from ui.serving.headers import MEDIA

COOKIE = "ecg_visit"
_BYTES, _DAY_S = 32, 86_400
# What token_urlsafe makes of so many bytes.
_VISIT = re.compile(r"[A-Za-z0-9_-]{43}")
# The page asks for its health before it opens its socket, from its own script: a cookie for its
# own site alone is sent there, which it is not when a link on another site opens the page.
_SETS_COOKIE = f"{CORE}health"
_OWN_FETCH = frozenset({"same-origin", "none"})


class MediaOwners:
    """Which sessions were given which file; two may have made the very same one."""

    def __init__(self) -> None:
        self._owners: defaultdict[str, set[str]] = defaultdict(set)
        self._lock = threading.Lock()
        self.watching = False

    def watch(self, manager: MediaFileManager) -> None:
        """Note from now on for which session a manager adds a file or makes a deferred one."""
        self.watching = True
        add, execute = manager.add, manager.execute_deferred

        def add_owned(*args: Any, **options: Any) -> str:
            address = add(*args, **options)
            context = get_script_run_ctx()
            if context is not None:
                self._note(address, context.session_id)
            return address

        def execute_owned(file_id: str) -> str:
            # The function of a deferred download runs outside of its session.
            entry = manager._deferred_callables.get(file_id)
            address = execute(file_id)
            if entry is not None:
                self._note(address, entry["session_id"])
            return address

        manager.add, manager.execute_deferred = add_owned, execute_owned  # type: ignore[method-assign]

    def _note(self, address: str, session_id: str) -> None:
        with self._lock:
            self._owners[PurePosixPath(address).stem].add(session_id)

    def sessions(self, path: str) -> frozenset[str]:
        """Return the sessions that were given the file at this path."""
        with self._lock:
            return frozenset(self._owners.get(PurePosixPath(path).stem, ()))

    def forget_closed(self) -> None:
        """Forget the sessions that have no browser any more; one that comes back draws anew."""
        runtime = get_instance()
        with self._lock:
            for file_id, sessions in list(self._owners.items()):
                sessions -= {one for one in sessions if runtime.get_client(one) is None}
                if not sessions:
                    del self._owners[file_id]


class VisitCookie:
    """The layer that knows a browser again by a cookie, and gives a file to its session alone.

    Streamlit makes a file's address from its content and gives it to whoever asks. Here the cookie
    must be the one with which the socket of one of the file's sessions was opened, and that socket
    must still be open. By the same cookie a reader's kept work is found again (:mod:`ui.keeping`);
    it lasts ``keep_days`` from the last visit.
    """

    def __init__(
        self, app: ASGIApp, owners: MediaOwners, base: str = "", keep_days: int = 90
    ) -> None:
        self.app = app
        self._owners = owners
        self._base = base
        self._keep_s = keep_days * _DAY_S

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, set or prolong the cookie, or say that nothing is there."""
        path = inner_path(scope, self._base)
        if scope["type"] != "http":
            await self.app(scope, receive, send)
        elif path.startswith(MEDIA) and not self._may_have(scope, path):
            await refuse(scope, receive, send, 404, "File not found.")
        elif path == _SETS_COOKIE and _own_fetch(scope):
            await self.app(scope, receive, self._setting_cookie(scope, send))
        else:
            await self.app(scope, receive, send)

    def _may_have(self, scope: Scope, path: str) -> bool:
        visit = _visit(scope)
        if visit is None or not _own_fetch(scope) or not exists():
            return False
        cookies = (_cookie_of(session) for session in self._owners.sessions(path))
        return any(cookie and hmac.compare_digest(cookie, visit) for cookie in cookies)

    def _setting_cookie(self, scope: Scope, send: Send) -> Send:
        visit = _visit(scope) or secrets.token_urlsafe(_BYTES)
        secure = "; Secure" if scope.get("scheme") == "https" else ""
        kept = f"Path=/{self._base}; Max-Age={self._keep_s}; HttpOnly; SameSite=Strict{secure}"

        async def with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).append("Set-Cookie", f"{COOKIE}={visit}; {kept}")
            await send(message)

        return with_cookie


def _visit(scope: Scope) -> str | None:
    for line in header_values(scope, "cookie"):
        visit = cookie_parser(line).get(COOKIE)
        if visit and _VISIT.fullmatch(visit):
            return visit
    return None


def _own_fetch(scope: Scope) -> bool:
    # Another program's page on another port of this machine shares the cookie.
    return all(site in _OWN_FETCH for site in header_values(scope, "sec-fetch-site"))


def _cookie_of(session_id: str) -> str | None:
    """Return the cookie with which a session's socket was opened, or None once it is closed."""
    client = get_instance().get_client(session_id)
    context = None if client is None else client.client_context
    cookie = None if context is None else context.cookies.get(COOKIE)
    return cookie if cookie and cookie.isascii() else None
