"""Asking one layer alone, without a server."""

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from starlette.responses import PlainTextResponse
from starlette.types import Message

Answer = tuple[int, dict[str, str], bytes]


def ask_layer(
    layer: Any,
    headers: list[tuple[bytes, bytes]],
    *,
    path: str = "/",
    method: str = "GET",
    server: tuple[str, int] = ("127.0.0.1", 8501),
    scheme: str = "http",
    **options: Any,
) -> Answer:
    """Return status, headers and body of a layer around an app that answers "inside"."""
    sent: list[Message] = []
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "headers": headers,
        "server": server,
        "scheme": scheme,
    }

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    run_apart(layer(PlainTextResponse("inside"), **options)(scope, receive, send))
    found = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], found, b"".join(one.get("body", b"") for one in sent[1:])


def run_apart(work: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine in a thread: the journeys' browser keeps a loop in the one of the tests."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, work).result()
