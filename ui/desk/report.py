"""The sheet on paper: all that the page shows, taken when the button is drawn.

Streamlit makes a deferred download without the session, where ``st.session_state`` holds nothing
but defaults.  So a printout is frozen while the page runs, and only drawn as PDF at the click.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

import streamlit as st

from ecgcore.inference.card import ModelCard
from ecgcore.recording import Recording
from ecgcore.render.overlay import Overlay
from ecgcore.render.paper import Sheet
from ecgcore.render.pdf import pdf
from ecgcore.results import Interpretation, Prediction
from ui.desk.display_filter import filter_for_display
from ui.desk.interpretation import format_interpretation, format_urgent
from ui.desk.paper import Paper, format_footer, format_header
from ui.desk.report_lines import (
    SHORT_DIGEST,
    describe_origin,
    format_findings,
)
from ui.state import OpenCase


@dataclass(frozen=True, eq=False)
class Printout:
    """What is printed, independent of the session and of the case that it came from.

    Attributes
    ----------
    recording : Recording
        As drawn, through the reader's filter.
    sheet : Sheet
    header, footer, lines, urgent : tuple of str
        As for :func:`ecgcore.render.pdf.pdf`.
    overlay : Overlay or None
    now : callable
        Asked for the time of printing when the PDF is made.
    zone : tzinfo
        The reader's.
    """

    recording: Recording
    sheet: Sheet
    header: tuple[str, ...]
    footer: tuple[str, ...]
    lines: tuple[str, ...]
    urgent: tuple[str, ...]
    overlay: Overlay | None
    now: Callable[[], datetime]
    zone: tzinfo

    def to_pdf(self) -> bytes:
        """Return the PDF; reads nothing but what was frozen, and the clock."""
        printed = self.now().astimezone(self.zone).strftime("%Y-%m-%d %H:%M %Z").strip()
        return pdf(
            self.recording,
            self.sheet,
            header=self.header,
            footer=self.footer,
            lines=(*self.lines, f"Printed {printed}"),
            urgent=self.urgent,
            overlay=self.overlay,
        )


def utc_now() -> datetime:
    """Return the time; what a test puts in its place decides what is printed."""
    return datetime.now(UTC)


def offer_pdf(printout: Printout, *, named: bool) -> None:
    """Offer a printout as PDF, made at the click; the button says where a name is on it."""
    st.download_button(
        "PDF with the file's name" if named else "PDF of this sheet",
        data=printout.to_pdf,
        # Named here: a file's name can be a patient's.
        file_name="ecg.pdf",
        mime="application/pdf",
        on_click="ignore",
        icon=":material/picture_as_pdf:",
    )


def ask_for_name(case: OpenCase) -> bool:
    """Return whether the file's name is printed, which can be a patient's: only if asked for."""
    if case.demo is not None:
        return False
    return st.toggle(
        "Print the file's name",
        value=False,
        # Asked for anew with each case.
        key=f"print_name_{case.case_id}",
        help="A file name may contain a patient's name. Without it, the file's digest identifies "
        "the ECG.",
    )


def take_printout(
    paper: Paper,
    prediction: Prediction | str,
    *,
    card: ModelCard | None,
    found: Interpretation | None,
    overlay: Overlay | None = None,
    overlay_words: tuple[str, ...] = (),
    vitals: str = "",
    remarks: tuple[str, ...] = (),
    named: bool = False,
) -> Printout:
    """Freeze what is on the screen; called while the page runs.

    Parameters
    ----------
    paper : Paper
    prediction : Prediction or str
        What the model said, or why it says nothing.
    card : ModelCard or None
        Of the model that was asked; None where none is installed.
    found : Interpretation or None
        What is reported; None where it is not shown.
    overlay : Overlay or None
        What is shaded on the screen.
    overlay_words : tuple of str
        What the colours mean, and how far they can be trusted.
    vitals : str
        The line of measurements above the paper; empty where it is not shown.
    remarks : tuple of str
        What else the page says of the recording.
    named : bool
        Whether the file's name is printed.
    """
    case, sheet = paper.case, paper.lay_out()
    return Printout(
        filter_for_display(case),
        sheet,
        header=format_header(case, paper.settings, named=named or case.demo is not None),
        footer=_make_footer(case.recording, sheet),
        lines=(
            *((vitals,) if vitals else ()),
            *(() if found is None else format_interpretation(found)),
            *format_findings(prediction, case.verdicts),
            *remarks,
            *overlay_words,
            *describe_origin(case.recording, card),
        ),
        urgent=() if found is None else format_urgent(found),
        overlay=overlay,
        now=utc_now,
        zone=find_zone(st.context.timezone),
    )


def find_zone(name: str | None) -> tzinfo:
    """Return the time zone that a browser names, or UTC where there is none of that name."""
    try:
        return ZoneInfo(name) if name else UTC
    except (KeyError, ValueError, OSError):  # a browser may tell anything
        return UTC


def _make_footer(recording: Recording, sheet: Sheet) -> tuple[str, ...]:
    """Return the footer with a mark of the source, by which pages that fell apart are sorted."""
    (line,) = format_footer(recording, sheet)
    digest = recording.provenance.sha256[:SHORT_DIGEST]
    return (f"{line}   source {digest}" if digest else line,)
