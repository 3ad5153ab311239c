"""The reader's settings, kept from one visit to the next."""

import streamlit as st

from ui.desk.settings import export_settings, import_settings
from ui.keeping import load_settings, save_settings

_TAKEN, _SAVED = "settings_taken", "settings_saved"


def take_settings() -> None:
    """Take the settings of the last visit, once a session."""
    if not st.session_state.get(_TAKEN):
        st.session_state[_TAKEN] = True
        import_settings(load_settings())
        st.session_state[_SAVED] = export_settings()


def keep_settings() -> None:
    """Save the settings where the reader has changed one."""
    now = export_settings()
    if st.session_state.get(_SAVED) not in (None, now):
        save_settings(now)
    st.session_state[_SAVED] = now
