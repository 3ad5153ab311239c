"""Which of Streamlit's own addresses are open: those that a page needs."""

from starlette.types import ASGIApp, Receive, Scope, Send

from ui.serving.asgi import inner_path, refuse

CORE = "/_stcore/"
_OPEN = frozenset({"health", "host-config", "stream"})
_OPEN_FOLDERS = ("upload_file/", "bidi-components/")


class Doors:
    """The layer that closes Streamlit's addresses that no page asks for.

    What is not named here stays closed, also what a later Streamlit adds: today the metrics of
    sessions and memory, the script's health check and the addresses for agents.
    """

    def __init__(self, app: ASGIApp, base: str = "") -> None:
        self.app = app
        self._base = base

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or say that nothing is there."""
        if scope["type"] in {"http", "websocket"} and self._closed(scope):
            await refuse(scope, receive, send, 404, "Not found.")
            return
        await self.app(scope, receive, send)

    def _closed(self, scope: Scope) -> bool:
        path = inner_path(scope, self._base)
        if not path.startswith(CORE):
            return False
        rest = path.removeprefix(CORE)
        return rest not in _OPEN and not rest.startswith(_OPEN_FOLDERS)
