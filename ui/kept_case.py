"""The open case in the page's address, kept so that a reload finds it as it was left."""

import streamlit as st

from ui.keeping import keep_case, load_case, show_notice
from ui.state import OpenCase, open_case, put_case

_PARAMETER = "case"
# The id that this session wrote into the address last: another one is where the reader went.
_WRITTEN = "case_in_address"


def find_case() -> OpenCase | None:
    """Return the case of the address, loaded where it is not on the desk, else the open one."""
    case = open_case()
    wanted = st.query_params.get(_PARAMETER)
    elsewhere = wanted and wanted != st.session_state.get(_WRITTEN)
    if wanted and elsewhere and (case is None or case.case_id != wanted):
        loaded = load_case(wanted)
        if loaded is None:
            show_notice()
        else:
            put_case(loaded)
            case = loaded
    if case is not None:
        keep_case(case)
        st.session_state[_WRITTEN] = case.case_id
        st.query_params[_PARAMETER] = case.case_id
    return case
