"""What the layers share: short answers, headers and paths of a request."""

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send


def inner_path(scope: Scope, base: str) -> str:
    """Return a request's path within the app, which may lie under a base path."""
    path = str(scope.get("path", ""))
    prefix = f"/{base}/"
    return path[len(prefix) - 1 :] if base and path.startswith(prefix) else path


def header_values(scope: Scope, name: str) -> list[str]:
    """Return every value of a header, in the order sent."""
    return Headers(scope=scope).getlist(name)


async def refuse(scope: Scope, receive: Receive, send: Send, status: int, words: str) -> None:
    """Answer with one sentence; a socket is closed before it is accepted."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008, "reason": ""})
        return
    await PlainTextResponse(f"{words}\n", status_code=status)(scope, receive, send)
