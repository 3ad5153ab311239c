"""The cases of this browser that were kept: go on where the reader left, or discard."""

import streamlit as st

from ecgcore.reviews import Case
from ui.desk.report import find_zone
from ui.keeping import forget_case, list_cases, load_case, show_notice
from ui.state import OpenCase, open_case, put_case

_READ = "pages/read.py"
# Older ones are found again by the search of a later version.
_MOST = 12


def show_kept_cases() -> None:
    """Show the newest kept cases, each with what can be done."""
    cases = list_cases()
    show_notice()
    if not cases:
        return
    st.subheader("Continue reading", anchor=False)
    for case in cases[:_MOST]:
        _show_row(case, open_case())
    if len(cases) > _MOST:
        st.caption(f"The newest {_MOST} of {len(cases)} cases.")


def _show_row(case: Case, opened: OpenCase | None) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key=f"kept_{case.id}"):
        # Plain text: a title is never Markdown.
        opened_at = case.created_at.astimezone(find_zone(st.context.timezone))
        st.text(f"{case.title}, opened {opened_at:%Y-%m-%d %H:%M}", width="stretch")
        if st.button("Read", key=f"kept_read_{case.id}", type="tertiary"):
            if opened is None or opened.case_id != case.id:
                found = load_case(case.id)
                if found is None:
                    show_notice()
                    return
                put_case(found)
            st.switch_page(_READ)
        st.button(
            "Discard",
            key=f"kept_discard_{case.id}",
            type="tertiary",
            on_click=_discard,
            args=(case.id,),
        )


def _discard(case_id: str) -> None:
    forget_case(case_id)
