"""Which model reads a recording of one lead: said, and the reader's choice."""

import streamlit as st

from ecgcore.errors import EcgError
from ecgcore.inference import DEFAULT_MODEL, SINGLE_LEAD_MODEL
from ecgcore.inference.choice import choices_for, one_lead_of
from ecgcore.leads import STAND_INS
from ui.state import OpenCase
from ui.words import plain

_KIND = {SINGLE_LEAD_MODEL: "single-lead model", DEFAULT_MODEL: "all-lead model"}


def choose_model(case: OpenCase) -> None:
    """Say which model reads a recording of one lead, and offer the other one."""
    try:
        names = choices_for(case.recording)
    except EcgError:
        return
    if len(names) < 2:
        return
    now = case.model or names[0]
    chosen = st.selectbox(
        "Read by",
        names,
        index=names.index(now) if now in names else 0,
        format_func=lambda name: f"{name}: {_KIND[name]}",
        key=f"read_by_{case.case_id}",
    )
    if chosen != now:
        case.read_by(chosen)
        st.rerun()
    if now == SINGLE_LEAD_MODEL:
        lead = one_lead_of(case.recording) or case.recording.leads[0]
        words = f"One lead, {lead}: only rhythm and beats can be assessed reliably."
        if lead in STAND_INS:
            words += f" {lead} is a monitoring lead: no axis and no ST statement."
        st.caption(plain(words))
