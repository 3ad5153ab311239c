"""Reading uploads: in processes of their own, once for each set of files and options."""

import hashlib
from collections.abc import Mapping

import streamlit as st

from ecgcore.errors import CancelledError, EcgError
from ecgcore.readers import ReadOptions
from ecgcore.readers.answering import join_names
from ecgcore.readers.isolated import (
    decode_answer,
    encode_request,
    explain_failure,
    reading_spec,
    refuse_large,
)
from ecgcore.recording import Recording
from ecgcore.workers import Pool
from ui.running import Errand, forget, run

Read = list[tuple[str, Recording | EcgError]]
# What else the reading processes do: they are warm, and have what it takes.
QUALITY = "ecgcore.signal.answering:answer"
_LAST = "last_upload"
_CANCELLED = "Reading was cancelled."


@st.cache_resource(show_spinner=False)
def reader() -> Pool:
    """Return the reading processes of this server, shared fairly by its sessions."""
    return Pool(reading_spec(also=(QUALITY,)))


def read_uploads(files: Mapping[str, bytes], options: ReadOptions) -> Read:
    """Return every recording among the files, or why it cannot be read.

    The last result of a session is kept, so that a click elsewhere on the page reads nothing anew.
    """
    digest = hashlib.sha256(repr(options).encode())
    for name in sorted(files):
        digest.update(name.encode(errors="replace") + hashlib.sha256(files[name]).digest())
    key = ("reading", digest.hexdigest())
    kept = st.session_state.get(_LAST)
    if kept is not None and kept[0] == key:
        found: Read = kept[1]
        return found
    refused = refuse_large(files, options)
    if refused is not None:
        return refused
    errand = Errand(
        reader(),
        lambda: encode_request(files, options),
        decode_answer,
        lambda error: explain_failure(error, files),
    )
    try:
        found = run(None, key, errand, title="Reading")
    except CancelledError:
        forget(None, key)  # the list of uploads offers to read it again
        return [(join_names(list(files)), CancelledError(_CANCELLED))]
    st.session_state[_LAST] = (key, found)
    return found
