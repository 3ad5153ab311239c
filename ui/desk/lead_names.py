"""Which lead is it, where a file gives a name that is none?  Nothing is guessed."""

import streamlit as st

from ecgcore.leads import STANDARD_12, canonical_leads
from ui.state import OpenCase
from ui.words import plain

# Leads that a file may leave open; the right chest and the back among them.
_LEAD_CHOICES = (*STANDARD_12, "V3R", "V4R", "V7", "V8", "V9", "MLII", "MCL1", "CM5")
_MAX_ASKED = 12


def find_unknown_leads(case: OpenCase) -> list[str]:
    """Return the leads of a case whose names are no leads' names."""
    leads = case.recording.leads
    # X alone is an axis, and one of Frank's leads only beside Y and Z.
    return [
        lead for lead, known in zip(leads, canonical_leads(leads), strict=True) if known is None
    ]


def ask_leads(case: OpenCase) -> None:
    """Ask one by one which lead it is that the file does not name as one; unknown ones stay."""
    for lead in find_unknown_leads(case)[:_MAX_ASKED]:
        key = f"lead_{case.case_id}_{lead}"
        st.selectbox(
            plain(f"Lead '{lead}' is not recognised. Which lead is it?"),
            [name for name in _LEAD_CHOICES if name not in case.recording.leads],
            index=None,
            placeholder="Unknown: keep the name",
            key=key,
            width=360,
            on_change=_name_lead,
            args=(case, lead, key),
        )
    if case.unnamed is not None:
        st.button("Name the leads again", key=f"leads_{case.case_id}", on_click=case.forget_leads)


def _name_lead(case: OpenCase, lead: str, key: str) -> None:
    chosen = st.session_state.get(key)
    if chosen is not None and lead in case.recording.leads:
        case.name_leads({lead: chosen})


def ask_if_unknown(case: OpenCase) -> None:
    """Ask on a page that reads leads which lead it is, where the file names none that is known."""
    if len(find_unknown_leads(case)) == case.recording.n_leads or case.unnamed is not None:
        with st.container(border=True):
            ask_leads(case)
