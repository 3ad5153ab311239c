"""What a page may ask of the server over its socket."""

from collections.abc import Iterator

import pytest
from starlette.types import Message, Receive, Scope, Send
from streamlit.proto.BackMsg_pb2 import BackMsg

from tests.serving.asking import run_apart
from ui.serving.messages import Messages, is_dropped


def sent(**asked: object) -> Message:
    return {"type": "websocket.receive", "bytes": BackMsg(**asked).SerializeToString()}


def passed_on(scope: Scope, messages: list[Message]) -> list[Message]:
    coming: Iterator[Message] = iter(messages)
    found: list[Message] = []

    async def app(_scope: Scope, receive: Receive, _send: Send) -> None:
        while not found or found[-1]["type"] != "websocket.disconnect":
            found.append(await receive())

    async def receive() -> Message:
        return next(coming)

    async def send(_message: Message) -> None:
        raise AssertionError

    run_apart(Messages(app)(scope, receive, send))
    return found


def test_nobody_empties_the_caches_of_all() -> None:
    end = {"type": "websocket.disconnect"}
    rerun, clear = sent(rerun_script={}), sent(clear_cache=True)
    assert passed_on({"type": "websocket"}, [rerun, clear, clear, rerun, end]) == [
        rerun,
        rerun,
        end,
    ]


@pytest.mark.parametrize(
    "message",
    [
        {"type": "websocket.connect"},
        {"type": "websocket.receive", "text": "a"},
        {"type": "websocket.receive", "bytes": b"\xff\xff\xff"},
        sent(stop_script=True),
    ],
)
def test_everything_else_is_streamlits_to_answer(message: Message) -> None:
    assert not is_dropped(message)
