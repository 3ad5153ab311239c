"""What a page may ask of the server over its socket."""

from google.protobuf.message import DecodeError
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.proto.BackMsg_pb2 import BackMsg

# A developer's menu asks for it; here it would make all readers wait for networks to be loaded.
_DROPPED = frozenset({"clear_cache"})


class Messages:
    """The layer that drops what no page of this app asks for, and what would touch all readers."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a socket's messages on, but for those."""
        if scope["type"] != "websocket":
            await self.app(scope, receive, send)
            return

        async def wanted() -> Message:
            while True:
                message = await receive()
                if not is_dropped(message):
                    return message

        await self.app(scope, wanted, send)


def is_dropped(message: Message) -> bool:
    """Return whether a message of a socket goes no further."""
    content = message.get("bytes")
    if message["type"] != "websocket.receive" or not content:
        return False
    asked = BackMsg()
    try:
        asked.ParseFromString(content)
    except DecodeError:
        return False  # Streamlit answers what is no message
    return asked.WhichOneof("type") in _DROPPED
