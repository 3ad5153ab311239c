"""Reading uploads: in a process of its own, once for each set of files and options."""

import hashlib
from collections.abc import Mapping

import streamlit as st

from ecgcore.errors import EcgError
from ecgcore.readers import ReadOptions
from ecgcore.readers.isolated import IsolatedReader
from ecgcore.recording import Recording

Read = list[tuple[str, Recording | EcgError]]
_LAST = "last_upload"


@st.cache_resource(show_spinner=False)
def reader() -> IsolatedReader:
    """Return the reading process of this server; it takes one upload at a time."""
    return IsolatedReader()


def read_uploads(files: Mapping[str, bytes], options: ReadOptions) -> Read:
    """Return every recording among the files, or why it cannot be read.

    The last result of a session is kept, so that a click elsewhere on the page reads nothing anew.
    """
    digest = hashlib.sha256(repr(options).encode())
    for name in sorted(files):
        digest.update(name.encode(errors="replace") + hashlib.sha256(files[name]).digest())
    key = digest.hexdigest()
    kept = st.session_state.get(_LAST)
    if kept is None or kept[0] != key:
        with st.spinner("Reading …"):
            kept = (key, reader().read_many(files, options))
        st.session_state[_LAST] = kept
    found: Read = kept[1]
    return found
