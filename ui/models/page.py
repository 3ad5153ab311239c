"""The page Models: one view at a time, its name in the address."""

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from ui.desk.explain import show_explanations
from ui.desk.lead_names import ask_if_unknown
from ui.desk.quiz import may_show_answer
from ui.models.card import show_model_card
from ui.models.population import show_population
from ui.models.single_lead import show_single_lead
from ui.page import say_no_case
from ui.state import OpenCase, open_case

_PARAMETER = "view"
_KEY = "models_view"


@dataclass(frozen=True)
class View:
    """One view: of models alone, or of the open case."""

    label: str
    show: Callable[[], None] | None = None
    of_case: Callable[[OpenCase], None] | None = None


VIEWS = {
    "cards": View("Cards", show_model_card),
    "population": View("Population", show_population),
    "single-lead": View("Single-lead study", of_case=show_single_lead),
    "methods": View("Method comparison", of_case=show_explanations),
}


def show_models() -> None:
    """Show the chosen view."""
    wanted = st.query_params.get(_PARAMETER, "")
    if wanted in VIEWS and st.session_state.get(_KEY) is None:
        st.session_state[_KEY] = wanted
    name = st.segmented_control(
        "View",
        list(VIEWS),
        default=None if _KEY in st.session_state else "cards",
        required=True,
        format_func=lambda one: VIEWS[one].label,
        key=_KEY,
        label_visibility="collapsed",
    )
    name = name or "cards"
    st.query_params[_PARAMETER] = name
    view = VIEWS[name]
    if view.show is not None:
        view.show()
    elif view.of_case is not None:
        _show_of_case(view.of_case)


def _show_of_case(show: Callable[[OpenCase], None]) -> None:
    case = open_case()
    if case is None:
        say_no_case()
    elif may_show_answer(case):
        ask_if_unknown(case)
        show(case)
