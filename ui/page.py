"""How every page begins: through the entry point, and with the open case where it needs one."""

from collections.abc import Callable

import streamlit as st

from ui.desk.lead_names import ask_if_unknown
from ui.desk.quiz import may_show_answer
from ui.kept_case import find_case
from ui.shell import enter_through_app
from ui.state import OpenCase, Queue


def show_page(page: str, *parts: Callable[[], None]) -> None:
    """Show a page that needs no open case.

    Parameters
    ----------
    page : str
        The script's own path, such as ``pages/worklist.py``.
    parts : callable
        What the page shows, in order.
    """
    enter_through_app(page)
    for show in parts:
        show()


def show_case_page(
    page: str,
    show: Callable[[OpenCase], None],
    *,
    find_queue: Callable[[OpenCase], Queue | None],
    tells_answer: bool = True,
) -> None:
    """Show a page of the open case, or say how to open one.

    Parameters
    ----------
    page : str
        The script's own path, such as ``pages/read.py``.
    show : callable
        Shows the page for a case.
    find_queue : callable
        Finds the cases that a case came with.
    tells_answer : bool
        Whether in quiz mode the page waits until the reader asks for the answer.
    """
    enter_through_app(page)
    case = find_case()
    if case is None:
        say_no_case()
    elif not tells_answer or may_show_answer(case):
        ask_if_unknown(case)
        case.queue = find_queue(case)
        show(case)


def say_no_case() -> None:
    """Say that no case is open, and where one is."""
    st.info("No ECG is open. Drop a file or choose a demonstration case first.")
    st.page_link("pages/worklist.py", label="Worklist")
