"""Who may reach the server: from which machine, under which name, from which page."""

import ipaddress
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send

from ui.serving.asgi import header_values, refuse
from ui.serving.settings import ServerSettings

OWN_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_ALLOW = "set ECG_ALLOW_NETWORK=1 to let anyone who reaches its port use it"
_NOT_FROM_HERE = f"This server has no login and answers its own machine only; {_ALLOW}."
_NOT_THIS_NAME = (
    "This server does not answer to this name; open it as localhost, or start it with the name in "
    "ECG_HOSTS."
)
_NOT_THIS_PAGE = "This request came from another site's page; open the app itself."


def is_loopback(address: str | None) -> bool:
    """Return whether an address is this machine's own; none means every interface."""
    if address is None:
        return False
    name = address.strip().strip("[]").lower()
    if name == "localhost":
        return True
    try:
        parsed = ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(parsed, "ipv4_mapped", None)
    return (mapped or parsed).is_loopback


def refuse_wide_address(address: str | None, settings: ServerSettings) -> None:
    """Stop a start that would listen to the network without having been told so.

    Raises
    ------
    SystemExit
        With one sentence that says what to do.
    """
    if settings.network or is_loopback(address):
        return
    raise SystemExit(
        f"The app has no login and would listen on {address or 'every interface'}: leave out the "
        f"address to serve this machine only, or {_ALLOW}."
    )


def host_name(host: str) -> str | None:
    """Return the name in a Host header in lower case, or None where it is not one."""
    try:
        parts = urlsplit(f"//{host}")
        # Reading the port checks it.
        name, _ = parts.hostname, parts.port
    except ValueError:
        return None
    if not name or parts.netloc != host or "@" in host:
        return None
    return name.rstrip(".")


class Exposure:
    """The layer that refuses other machines, other names and other sites' pages.

    A page on the internet can have its own name answer with this machine's address; its scripts
    would then read the app as their own. The Host header still carries the page's name.
    """

    def __init__(self, app: ASGIApp, settings: ServerSettings) -> None:
        self.app = app
        self._names = OWN_NAMES | set(settings.hosts)
        self._network = settings.network

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] in {"http", "websocket"}:
            found = self._refusal(scope)
            if found is not None:
                await refuse(scope, receive, send, *found)
                return
        await self.app(scope, receive, send)

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        server = scope.get("server")
        if not self._network and server and not is_loopback(server[0]):
            return 403, _NOT_FROM_HERE
        hosts = header_values(scope, "host")
        name = host_name(hosts[0]) if len(hosts) == 1 else None
        if name is None:
            return 400, _NOT_THIS_NAME
        if name not in self._names:
            return 421, _NOT_THIS_NAME
        if _acts(scope) and not _from_own_page(scope, hosts[0]):
            return 403, _NOT_THIS_PAGE
        return None


def _acts(scope: Scope) -> bool:
    return scope["type"] == "websocket" or scope["method"] not in _SAFE_METHODS


def _from_own_page(scope: Scope, host: str) -> bool:
    # Streamlit looks up this machine's outside address where it meets another origin: never there.
    origins = header_values(scope, "origin")
    return all(urlsplit(origin).netloc.lower() == host.lower() for origin in origins)
