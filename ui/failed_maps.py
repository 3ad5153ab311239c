"""Maps that failed a check of their faithfulness: hidden until the reader asks, on every page."""

import streamlit as st

from ecgcore.explain import verdict
from ecgcore.results import Attribution
from ui.state import OpenCase


def may_show(case: OpenCase, attribution: Attribution) -> bool:
    """Return whether a map may be drawn: its checks allow it, or the reader asked for it."""
    return verdict(attribution.self_check).shown or _key(attribution) in case.failed_maps_shown


def offer_failed_map(case: OpenCase, attribution: Attribution, place: str) -> None:
    """Offer to draw a map all the same that failed a check.

    Parameters
    ----------
    place : str
        Where on the page; one map can be offered in two places.
    """
    key = _key(attribution)
    widget = f"failed_map_{place}_{case.case_id}_{'_'.join(key)}"
    st.session_state[widget] = key in case.failed_maps_shown
    st.toggle("Show it anyway", key=widget, on_change=_keep, args=(case, key, widget))


def _keep(case: OpenCase, key: tuple[str, str, str], widget: str) -> None:
    if st.session_state[widget]:
        case.failed_maps_shown.add(key)
    else:
        case.failed_maps_shown.discard(key)


def _key(attribution: Attribution) -> tuple[str, str, str]:
    return attribution.model, attribution.label, attribution.method
