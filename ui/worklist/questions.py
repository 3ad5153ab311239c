"""Questions about what a file does not tell: rate, unit, leads.  Nothing is guessed."""

from collections.abc import Mapping

import streamlit as st

from ecgcore.leads import STANDARD_12
from ui.words import plain
from ui.worklist.uploads import Entry, Uploads

_UNITS = {
    "mV": "mV",
    "uV": "µV",
    "V": "V",
    "NU": "normalised (voltage lost)",
}
_NEEDS = {"fs_hz": "sampling rate", "unit": "unit", "lead_names": "lead names"}


def ask_missing(found: Uploads) -> None:
    """Ask what the first file that asks does not tell; the answer is for it, or for all alike."""
    asking = [entry for entry in found.entries if entry.asks]
    if not asking:
        return
    entry = asking[0]
    alike = [other for other in asking if other.asks == entry.asks]
    with st.form(f"missing_{entry.key}", border=True):
        # Plain text: what a file is called or says is never Markdown.
        st.text(_make_question(entry, found.labels()[entry.key]))
        st.caption(plain(str(entry.error)))
        with st.container(horizontal=True, vertical_alignment="bottom"):
            told = _take_answers(entry)
        everywhere = len(alike) > 1 and st.checkbox(
            f"Apply to all {len(alike)} files with the same question", key=f"all_{entry.key}"
        )
        if entry.complaint:
            st.text(f"Not possible: {entry.complaint}")
        answered = st.form_submit_button("Read with these values", type="primary")
    if answered:
        # Outside the form: where reading takes long, it offers Cancel, which no form may hold.
        found.answer(alike if everywhere else [entry], told)
        st.rerun()


def describe_needs(entry: Entry) -> str:
    """Return what a file does not tell, in words: "sampling rate and unit"."""
    words = [_NEEDS.get(name, name) for name in entry.asks]
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


def _make_question(entry: Entry, label: str) -> str:
    if entry.asks == ("unit",):
        return f"Which unit are the samples of {label} in?"
    if entry.asks == ("lead_names",):
        return f"Which leads does {label} hold?"
    verb = "is" if len(entry.asks) == 1 else "are"
    return f"What {verb} the {describe_needs(entry)} of {label}?"


def _take_answers(entry: Entry) -> Mapping[str, object]:
    """Show the fields of a question; return those that are filled in."""
    told: dict[str, object] = {}
    if "fs_hz" in entry.asks:
        told["fs_hz"] = st.number_input(
            "Sampling rate (Hz)",
            min_value=1.0,
            value=None,
            step=1.0,
            key=f"fs_{entry.key}",
            width=220,
        )
    if "unit" in entry.asks:
        told["unit"] = st.selectbox(
            "Unit of the samples",
            list(_UNITS),
            index=None,
            format_func=_UNITS.__getitem__,
            key=f"unit_{entry.key}",
            width=280,
        )
    if "lead_names" in entry.asks:
        leads = st.text_input(
            "Leads in the file's order, separated by commas",
            placeholder=", ".join(STANDARD_12[:3]) + ", …",
            key=f"leads_{entry.key}",
            width=420,
        )
        told["lead_names"] = tuple(part.strip() for part in leads.split(",")) if leads else None
    return {name: value for name, value in told.items() if value}
