"""Saving the open recording in another format, by default without what identifies a person."""

import io
import zipfile

import streamlit as st

from ecgcore.errors import EcgError
from ecgcore.readers.convert import TARGETS, Converted, convert
from ui.state import OpenCase

_NAME = "ecg"
_MIME = {"dicom": "application/dicom", "csv": "text/csv", "edf": "application/octet-stream"}
# Of a zip's members: no date of anybody's.
_NO_DATE = (1980, 1, 1, 0, 0, 0)


def offer_save(case: OpenCase) -> None:
    """Offer the recording as WFDB, DICOM, CSV or EDF+."""
    if st.button("Save recording as …", icon=":material/save_as:", key="save_as"):
        _show_dialog(case)


@st.dialog("Save recording")
def _show_dialog(case: OpenCase) -> None:
    st.caption("The samples as read, without the display filter.")
    to = st.radio(
        "Format",
        list(TARGETS),
        format_func=lambda key: TARGETS[key].title,
        horizontal=True,
        key="save_format",
    )
    anonymised = st.toggle(
        "Remove identity",
        value=True,
        key="save_anonymised",
        help="Removes date and time, the device, free text and lead names that are not standard; "
        "ages over 89 become 90. The patient's name and identifier are never kept.",
    )
    try:
        made = _convert(case, to, anonymised)
    except EcgError as error:
        st.text(str(error))
        return
    _show_lines("Removed", made.removed)
    _show_lines("What changes", made.lost)
    if anonymised:
        st.caption(
            "The ECG itself can still identify a person to someone who has another of their ECGs."
        )
    name, content = _pack(made)
    st.download_button(
        f"Download {TARGETS[to].title}",
        content,
        # Named here: a name from a file never becomes one on a disk.
        file_name=name,
        mime=_MIME.get(to, "application/zip"),
        on_click="ignore",
        type="primary",
        key="save_download",
    )


def _convert(case: OpenCase, to: str, anonymised: bool) -> Converted:
    """Return the converted recording; only the last one of a case is kept."""
    kept = case.drawn.converted
    if kept is None or kept[0] != (to, anonymised):
        with st.spinner("Writing …"):
            made = convert(case.recording, to, _NAME, anonymised=anonymised)
        kept = case.drawn.converted = ((to, anonymised), made)
    return kept[1]


def _show_lines(title: str, sentences: tuple[str, ...]) -> None:
    if sentences:
        st.caption(title)
        # Plain text: a lead's name from a file is never Markdown.
        st.text("\n".join(f"• {sentence}" for sentence in sentences))


def _pack(made: Converted) -> tuple[str, bytes]:
    """Return name and content: the file, or a zip of several."""
    if len(made.files) == 1:
        return next(iter(made.files.items()))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in made.files.items():
            archive.writestr(zipfile.ZipInfo(name, _NO_DATE), content, zipfile.ZIP_DEFLATED)
    return f"{_NAME}.zip", packed.getvalue()
