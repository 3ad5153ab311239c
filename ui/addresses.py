"""The addresses that pages had before the desk: each leads to where its work is done now."""

from functools import partial

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from ui.state import open_case

WORKLIST, READ, MODELS = "pages/worklist.py", "pages/read.py", "pages/models.py"
# Address to page and overlay, or page and view.
_FORMER = {
    "open": (WORKLIST, ""),
    "review": (READ, ""),
    "explain": (READ, "why"),
    "measure": (READ, "waves"),
    "anomaly": (READ, "unusual"),
    "waveform_attention": (READ, "attention"),
    "single_lead": (MODELS, "single-lead"),
    "model_card": (MODELS, "cards"),
    "population": (MODELS, "population"),
}


def former_pages() -> list[StreamlitPage]:
    """Return a page, in no menu, for each former address."""
    return [
        st.Page(
            partial(_lead_on, page, what), title="ECG review", url_path=path, visibility="hidden"
        )
        for path, (page, what) in _FORMER.items()
    ]


def _lead_on(page: str, what: str) -> None:
    if page == MODELS:
        st.switch_page(page, query_params={"view": what})
    case = open_case()
    if case is not None and what:
        case.overlay = what
    st.switch_page(page)
