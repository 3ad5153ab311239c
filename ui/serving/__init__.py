"""The server around the app: who may reach it, what it answers and how much it holds.

Streamlit serves the app; every request and every socket passes these layers first. `app.py` hands
them to Streamlit's own ASGI application; docs/serving.md says what each of them is for.
"""

import logging
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import streamlit as st
from starlette.middleware import Middleware
from streamlit import config
from streamlit.runtime import Runtime, get_instance

from ui.serving.doors import Doors
from ui.serving.exposure import Exposure, is_loopback, refuse_wide_address
from ui.serving.headers import SecurityHeaders
from ui.serving.media import MediaOwners, VisitCookie
from ui.serving.messages import Messages
from ui.serving.reaper import reaping
from ui.serving.settings import ServerSettings
from ui.serving.uploads import UploadBounds

_LOG = logging.getLogger(__name__)
# A thread that measures waits for Python's lock hundreds of times, for so long each time beside one
# that explains.
_SWITCH_S = 0.0002
_owners = MediaOwners()


def layers() -> list[Middleware]:
    """Return the layers around the app, outermost first.

    Raises
    ------
    SystemExit
        If the server would listen to the network without having been told so, or a setting is
        not understood.
    """
    settings = ServerSettings.from_environment()
    address = config.get_option("server.address")
    refuse_wide_address(address, settings)
    if not is_loopback(address):
        _LOG.warning("No login: anyone who reaches %s at this port can use the app.", address)
    base = str(config.get_option("server.baseUrlPath") or "").strip("/")
    return [
        Middleware(SecurityHeaders, base=base),
        Middleware(Exposure, settings=settings),
        Middleware(Doors, base=base),
        Middleware(VisitCookie, base=base, owners=_owners, keep_days=settings.keep_days),
        Middleware(UploadBounds, base=base, settings=settings),
        Middleware(Messages),
    ]


def require_layers() -> None:
    """Stop a visit on a server that was started without these layers."""
    # A test of the pages puts an imitation in its place.
    if type(get_instance()) is Runtime and not _owners.watching:
        st.error("The server was started without its protection; start it with `make run`.")
        st.stop()


@asynccontextmanager
async def lifespan(_app: st.App) -> AsyncIterator[None]:
    """Note whose media files are whose, and close sessions that nobody comes back to."""
    runtime = get_instance()
    sys.setswitchinterval(_SWITCH_S)
    _owners.watch(runtime.media_file_mgr)
    async with reaping(runtime, _owners):
        yield
