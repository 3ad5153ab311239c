"""Opening a case: uploaded files, each with its outcome in one compact list."""

import io
from collections.abc import Sequence

import streamlit as st

from ecgcore.errors import CancelledError
from ecgcore.readers import FORMATS
from ecgcore.readers.base import MIB, ReadOptions
from ecgcore.recording import Recording
from ecgcore.results import Quality
from ui.analysis import quality_of
from ui.desk.lead_names import ask_leads
from ui.serving.uploads import settle_uploads
from ui.state import OpenCase, put_case
from ui.worklist.questions import ask_missing, describe_needs
from ui.worklist.uploads import (
    MAX_BYTES,
    MAX_ENTRIES,
    Entry,
    Given,
    Upload,
    Uploads,
    count_outcomes,
    current_uploads,
    describe_recording,
)

_LIMIT_MB = ReadOptions.max_bytes // MIB
_ACCEPTS = (
    "One or several recordings. WFDB: header and signal files together, or zipped. Up to "
    f"{_LIMIT_MB} MB per file, {ReadOptions.max_expanded_bytes // MIB} MB unzipped. "
    "Patient names are not kept."
)
_REVIEW = "pages/read.py"
_UPLOADER = "uploader"
# A longer list scrolls by itself, and leaves the demonstration cases on the page.
_MOST_ROWS, _LIST_PX = 12, 520
_MOST_NAMES = 5


def show_upload() -> None:
    """Take files, say of each what became of it, and offer to review."""
    st.subheader("Open an ECG")
    found = current_uploads()
    round_ = st.session_state.setdefault("uploader_round", 0)
    files = st.file_uploader(
        "Drop files here",
        accept_multiple_files=True,
        key=f"{_UPLOADER}_{round_}",
        on_change=_drop_missing,
        args=(found, f"{_UPLOADER}_{round_}"),
    )
    settle_uploads(files)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(_ACCEPTS)
        with st.popover("Supported formats"):
            st.markdown("\n".join(f"- {entry.description}" for entry in FORMATS))
            st.caption(
                "Recognised by content, not by file name. Scans and photographs cannot be read."
            )
    new = [file for file in files or () if file.file_id not in found.seen]
    if new or found.unread:
        _take_in(found, [Given(file.file_id, file.name, file.getvalue()) for file in new])
    # Last: where the reader does something meanwhile, the next run takes in what is left.
    found.seen = {file.file_id for file in files or ()}
    if found.items:
        _show_list(found)


def _drop_missing(found: Uploads, key: str) -> None:
    found.drop_missing({file.file_id for file in st.session_state.get(key) or ()})


def _take_in(found: Uploads, new: Sequence[Given]) -> None:
    bar = st.empty()

    def report(number: int, count: int) -> None:
        if count > 1:
            bar.progress(number / count, f"Reading {number + 1} of {count} …")

    found.take_in(new, report)
    bar.empty()
    # What was given last is what the reader wants to see, be it for the second time.
    given = [item for item in found.items if any(one in new for one in item.given)]
    fresh = [e.key for item in given for e in item.entries if e.case is not None]
    if fresh:
        found.chosen = fresh[0]


def _list_opened(found: Uploads) -> list[str]:
    return [entry.key for entry in found.entries if entry.case is not None]


# ---- the list ------------------------------------------------------------------------------


def _show_list(found: Uploads) -> None:
    entries = found.entries
    _choose_one(found)
    if len(entries) > 1 or any(item.parts or item.again for item in found.items):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{count_outcomes(entries)}**", width="content")
            st.button("Clear the list", type="tertiary", on_click=_clear, args=(found,))
    if found.gone:
        _say_gone(found.gone)
    ask_missing(found)
    labels = found.labels()
    long = len(entries) > _MOST_ROWS
    with st.container(height=_LIST_PX if long else "content", border=long, gap="xxsmall"):
        for item in found.items:
            for entry in item.entries:
                _show_row(found, item, entry, labels[entry.key])
            _say_parts(item)


def _choose_one(found: Uploads) -> None:
    """Show the details of what was opened first, where the reader has chosen nothing."""
    opened = _list_opened(found)
    if found.chosen not in opened:
        found.chosen = opened[0] if opened else ""


def _clear(found: Uploads) -> None:
    found.items, found.gone = [], []
    # A new uploader is an empty one.
    st.session_state["uploader_round"] += 1


def _say_gone(gone: Sequence[str]) -> None:
    names = ", ".join(gone[:_MOST_NAMES]) + (" …" if len(gone) > _MOST_NAMES else "")
    st.text(
        f"The list holds {MAX_ENTRIES} entries and {MAX_BYTES // MIB} MB. Removed, oldest first: "
        f"{names}. Upload them again to read them."
    )


def _show_row(found: Uploads, item: Upload, entry: Entry, label: str) -> None:
    """Show one outcome in one line; the chosen recording in a box with its details."""
    if entry.case is not None and found.chosen == entry.key:
        _show_details(entry.case, label)
    elif entry.case is not None:
        with _open_line(entry):
            st.text(f"✓ {label}: {describe_recording(entry.case.recording)}", width="stretch")
            st.button(
                "Details", key=f"details_{entry.key}", on_click=_choose, args=(found, entry.key),
                type="tertiary",
            )  # fmt: skip
            if st.button("Read", key=f"review_{entry.key}", type="tertiary"):
                _choose(found, entry.key)
                _review(entry.case, label)
    elif entry.asks:
        with _open_line(entry):
            st.text(f"? {label}: {describe_needs(entry)} needed", width="stretch")
    else:
        _show_refused(item, entry, label)


def _open_line(entry: Entry):  # type: ignore[no-untyped-def]
    return st.container(horizontal=True, vertical_alignment="center", key=f"file_{entry.key}")


def _choose(found: Uploads, key: str) -> None:
    found.chosen = key


def _show_refused(item: Upload, entry: Entry, label: str) -> None:
    """Say why a file was not read; it stays, and can be had again."""
    # Plain text: what a file is called or says is never Markdown.
    reason, formats, _ = str(entry.error).partition("; possible are ")
    # Which formats there are stands above, under "Supported formats".
    reason += "." if formats else ""
    content = next(iter(item.files.values()))
    with _open_line(entry):
        st.text(f"✗ {reason if label in reason else f'{label}: {reason}'}", width="stretch")
        if isinstance(entry.error, CancelledError):
            st.button("Read again", key=f"again_{entry.key}", on_click=item.forget)
        if content and len(item.files) == 1:
            st.download_button(
                "Download the file",
                # Made at the click, from these bytes alone.
                io.BytesIO(content).getvalue,
                # Named here: a name from a file never becomes one on a disk.
                file_name="unread.bin",
                mime="application/octet-stream",
                key=f"back_{entry.key}",
                on_click="ignore",
                type="tertiary",
            )


def _say_parts(item: Upload) -> None:
    """Say where files belong that are no recording themselves, and what was given twice."""
    if not item.entries:
        return  # not read yet
    records = ", ".join(entry.name for entry in item.entries)
    lines = [f"↳ {name}: belongs to {records}" for name in item.parts]
    for name in item.again:
        first = item.entries[0].name
        lines.append(f"= {name}: the same file " + ("again" if name == first else f"as {first}"))
    if lines:
        st.text("\n".join(lines))


# ---- one recording -------------------------------------------------------------------------


def _review(case: OpenCase, title: str) -> None:
    case.title = title
    put_case(case)
    st.switch_page(_REVIEW)


def _show_details(case: OpenCase, label: str) -> None:
    recording = case.recording
    with st.container(border=True):
        left, right = st.columns([3, 1], vertical_alignment="center")
        left.text(f"✓ {label}: {describe_recording(recording)}")
        if right.button("Read this ECG", type="primary", width="stretch"):
            _review(case, label)
        ask_leads(case)
        quality = case.drawn.quality = case.drawn.quality or quality_of(case)
        st.text(describe_quality(quality, recording))
        if quality.reasons:
            _show_lines("Signal quality", quality.reasons)
        if recording.notes:
            _show_lines("Notes on reading the file", recording.notes)
        statements = recording.provenance.machine_statements
        if statements:
            _show_lines("Statements of the recording device", statements)


def _show_lines(title: str, lines: Sequence[str]) -> None:
    # st.text: what a file says is shown as text, never as Markdown or HTML.
    st.caption(title)
    st.text("\n".join(f"• {line}" for line in lines))


def describe_quality(quality: Quality, recording: Recording) -> str:
    """Return the quality at a glance, in one sentence."""
    bad = quality.bad_leads
    if not quality.acceptable and 2 * len(bad) >= recording.n_leads:
        return "Poor data quality: repeat the ECG."
    if bad:
        return f"Signal quality: {', '.join(bad)} not readable; other leads adequate."
    if quality.masked or not quality.acceptable:
        return "Signal quality: all leads readable, except as listed below."
    if recording.n_leads == 1:
        return "Signal quality: good."
    return f"Signal quality: good in all {recording.n_leads} leads."
