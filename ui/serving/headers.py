"""What every answer tells the browser not to do."""

import base64
import hashlib
import re
from functools import cache
from pathlib import Path

import streamlit as st
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ui.serving.asgi import header_values, inner_path

MEDIA = "/media/"
_INLINE = re.compile(r"<script(?:\s[^>]*)?>(.+?)</script>", re.DOTALL)
_OFF = ("camera", "display-capture", "geolocation", "microphone", "midi", "payment", "usb")
_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": ", ".join(f"{feature}=()" for feature in _OFF),
}
# Streamlit's own page counts in 64 bits with it; no text becomes a script by it.
_WASM = "'wasm-unsafe-eval'"
# A file of a session is never kept in a shared or a disk cache, and never runs as a page.
_FILE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox"


@cache
def inline_hashes() -> tuple[str, ...]:
    """Return the hashes of the scripts that stand in Streamlit's own page."""
    page = Path(st.__file__).parent / "static" / "index.html"
    scripts = _INLINE.findall(page.read_text(encoding="utf-8"))
    digests = (hashlib.sha256(script.encode()).digest() for script in scripts)
    return tuple(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)


def content_policy(host: str) -> str:
    """Return the page's content policy: nothing from elsewhere, no script but Streamlit's files.

    Components are scripts that Python sends; Streamlit loads them by ``blob:`` addresses. Styles
    stand in the page by Streamlit's way of making them.
    """
    # Older Safari does not count the socket of the page's own host as 'self'.
    socket = f" ws://{host} wss://{host}" if host else ""
    rules = {
        "default-src": "'none'",
        "script-src": " ".join(("'self'", "blob:", _WASM, *inline_hashes())),
        "style-src": "'self' 'unsafe-inline'",
        "img-src": "'self' data: blob:",
        "font-src": "'self' data:",
        "media-src": "'self' blob:",
        "connect-src": f"'self'{socket}",
        "worker-src": "'self' blob:",
        "manifest-src": "'self'",
        "base-uri": "'self'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())


class SecurityHeaders:
    """The layer that puts these headers on every answer, refusals among them."""

    def __init__(self, app: ASGIApp, base: str = "") -> None:
        self.app = app
        self._base = base

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and add to the answer's headers."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        media = inner_path(scope, self._base).startswith(MEDIA)
        policy = _FILE_POLICY if media else content_policy(_plain_host(scope))

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(_ALWAYS)
                headers["Content-Security-Policy"] = policy
                if media:
                    headers["Cache-Control"] = "private, no-store"
            await send(message)

        await self.app(scope, receive, with_headers)


def _plain_host(scope: Scope) -> str:
    """Return the Host header where it can stand in a policy."""
    hosts = header_values(scope, "host")
    return hosts[0] if len(hosts) == 1 and re.fullmatch(r"[\w.\-\[\]:]+", hosts[0]) else ""
