"""The sheet on paper: all that the page shows, taken when the button is drawn.

Streamlit makes a deferred download without the session, where ``st.session_state`` holds nothing
but defaults.  So a printout is frozen while the page runs, and only drawn as PDF at the click.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

import streamlit as st

from ecgcore.explain import verdict as light_of
from ecgcore.inference.card import ModelCard
from ecgcore.origin import SOFTWARE
from ecgcore.recording import Recording, describe_age
from ecgcore.render.overlay import Overlay
from ecgcore.render.paper import PaperSettings, Sheet, lay_out
from ecgcore.render.pdf import pdf
from ecgcore.results import Attribution, Prediction, RhythmAlarm
from ecgcore.signal.quality_words import lost_lead
from ecgcore.statements import statement, table_digest
from ecgcore.units import MV, clock
from ui import settings
from ui.findings import ordered, value
from ui.shell import REMINDER
from ui.state import OpenCase
from ui.viewer import Legend

# More alarms of one kind stand in one line, with so many of their times.
_MOST_ALARMS, _MOST_TIMES = 2, 8
# So much of a digest tells two files or tables apart on one sheet of paper.
_SHORT_DIGEST = 16
_OVERLAY_WORDS = {"heat": "Shading", "trace": "Coloured trace"}


@dataclass(frozen=True, eq=False)
class ShownMap:
    """The map that is on the screen: how it is drawn, what its legend says, what was computed."""

    overlay: Overlay
    legend: Legend
    attribution: Attribution


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


def pdf_button(printout: Printout, *, named: bool) -> None:
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


def name_toggle(case: OpenCase) -> bool:
    """Return whether the file's name is printed, which can be a patient's: only if asked for."""
    if case.demo is not None:
        return False
    return st.toggle(
        "Print the file's name",
        value=False,
        # Asked for anew with each case.
        key=f"print_name_{case.case_id}",
        help="A file's name can hold a patient's. Without it, the digest of the file says which "
        "ECG this is.",
    )


def take_printout(
    case: OpenCase,
    chosen: PaperSettings,
    prediction: Prediction | str,
    *,
    card: ModelCard | None,
    alarms: tuple[RhythmAlarm, ...],
    shown: ShownMap | None = None,
    vitals: str = "",
    remarks: tuple[str, ...] = (),
    named: bool = False,
) -> Printout:
    """Freeze what is on the screen; called while the page runs.

    Parameters
    ----------
    case : OpenCase
    chosen : PaperSettings
    prediction : Prediction or str
        What the model said, or why it says nothing.
    card : ModelCard or None
        Of the model that was asked; None where none is installed.
    alarms : tuple of RhythmAlarm
        Those that stand above the paper.
    shown : ShownMap or None
    vitals : str
        The line of measurements above the paper; empty where it is not shown.
    remarks : tuple of str
        What else the page says of the recording.
    named : bool
        Whether the file's name is printed.
    """
    recording = settings.drawn_recording(case)
    sheet = lay_out(recording.leads, recording.duration_s, chosen, start_s=case.start_s)
    return Printout(
        recording,
        sheet,
        header=header_lines(case, chosen, named=named or case.demo is not None),
        footer=_printed_footer(recording, case.start_s, sheet.seconds),
        lines=(
            *((vitals,) if vitals else ()),
            *report_lines(prediction, case.verdicts),
            *remarks,
            *map_lines(shown),
            *origin_lines(recording, card),
        ),
        urgent=alarm_lines(alarms),
        overlay=None if shown is None else shown.overlay,
        now=utc_now,
        zone=find_zone(st.context.timezone),
    )


def find_zone(name: str | None) -> tzinfo:
    """Return the time zone that a browser names, or UTC where there is none of that name."""
    try:
        return ZoneInfo(name) if name else UTC
    except (KeyError, ValueError, OSError):  # a browser may tell anything
        return UTC


# ---- words ---------------------------------------------------------------------------------


def alarm_lines(alarms: tuple[RhythmAlarm, ...]) -> tuple[str, ...]:
    """Return what is said of alarms: each by itself, many of one kind together."""
    lines = []
    for kind in dict.fromkeys(alarm.kind for alarm in alarms):
        same = [alarm for alarm in alarms if alarm.kind == kind]
        if len(same) <= _MOST_ALARMS:
            spans = [f"{clock(a.start_s)} to {clock(a.end_s)}" for a in same]
            lines += [f"{a.words.rstrip('.')} ({s})." for a, s in zip(same, spans, strict=True)]
            continue
        longest = max(same, key=lambda alarm: alarm.end_s - alarm.start_s)
        at = ", ".join(clock(alarm.start_s) for alarm in same[:_MOST_TIMES])
        more = ", …" if len(same) > _MOST_TIMES else ""
        lines.append(f"{longest.words.rstrip('.')}; {len(same)} times, from {at}{more}.")
    return tuple(lines)


def report_lines(prediction: Prediction | str, verdicts: Mapping[str, str]) -> tuple[str, ...]:
    """Return the findings as they are printed: the reader's word first, then the model's."""
    lines = []
    for word in ("confirmed", "dismissed"):
        said = [statement(code).term for code, verdict in verdicts.items() if verdict == word]
        if said:
            lines.append(f"Reader {word}: {', '.join(said)}")
    if isinstance(prediction, str):
        return (*lines, prediction)
    found = ordered(prediction.findings)
    if prediction.abstained:
        lines.append(f"The model abstains: {prediction.abstain_reason}")
    flagged = [
        f"{f.name} ({value(f)})" if f.calibrated else f.name
        for f in found
        if f.finding and f.code not in verdicts
    ]
    if flagged:
        lines.append(f"Suggested by {prediction.model}, not yet judged: {', '.join(flagged)}")
    lines += unassessed_lines(prediction)
    unknown = [f.name for f in found if f.finding is None and f.code not in verdicts]
    if unknown and not prediction.abstained:
        lines.append(f"Cannot be assessed: {', '.join(unknown)}")
    lines += [lost_lead(lead) for lead in prediction.quality.bad_leads]
    return (*lines, "Not flagged does not mean absent.")


def unassessed_lines(prediction: Prediction) -> list[str]:
    """Return one line for each stretch about which the model says nothing."""
    return [
        f"Not assessed, {clock(part.start_s)} to {clock(part.end_s)}: {part.reason}"
        for part in prediction.not_assessed
    ]


def map_lines(shown: ShownMap | None) -> tuple[str, ...]:
    """Return what the colours mean, and how far they can be trusted."""
    if shown is None:
        return ()
    kind = _OVERLAY_WORDS[shown.overlay.style]
    legend = f"{shown.legend.label} (light: {shown.legend.low}, dark: {shown.legend.high})"
    light = light_of(shown.attribution.self_check)
    return (f"{kind}: {legend}. {light.words}",)


def origin_lines(recording: Recording, card: ModelCard | None) -> tuple[str, ...]:
    """Return from what and by what a sheet was made."""
    provenance = recording.provenance
    kind = "simulated ECG" if provenance.simulated else provenance.format
    source = f"Source: {kind or 'no file'}"
    if provenance.sha256:
        source += f", SHA-256 {provenance.sha256}"
    software = f"{SOFTWARE}   statement table SHA-256 {table_digest()[:_SHORT_DIGEST]}"
    if card is None:
        return source, f"Software: {software}"
    return (
        source,
        f"Model: {card.full_name}, SHA-256 of its weights {card.weights_sha256}",
        f"Software: {software}",
    )


def header_lines(case: OpenCase, chosen: PaperSettings, *, named: bool = True) -> tuple[str, ...]:
    """Return who this is and how it is drawn, as printed on the sheet.

    Parameters
    ----------
    case : OpenCase
    chosen : PaperSettings
    named : bool
        Whether the case's title stands first: of an upload it is the file's name.
    """
    recording = case.recording
    patient = recording.patient
    parts = [case.title] if named else []
    if patient.age_years is not None:
        parts.append(describe_age(patient.age_years))
    if patient.sex:
        parts.append(patient.sex)
    if patient.pacemaker:
        parts.append("pacemaker")
    if patient.indication:
        parts.append(patient.indication)
    if recording.start is not None:
        parts.append(recording.start.strftime("%Y-%m-%d %H:%M"))
    gain = (
        f"{chosen.mm_per_mv:g} mm/mV"
        if recording.unit == MV
        else "voltage not known: drawn without a scale"
    )
    drawn = [f"{chosen.mm_per_s:g} mm/s", gain, f"filter: {settings.filter_words()}"]
    device = recording.provenance.device_filter
    drawn.append(f"device filter: {device}" if device else "device filter not stated in the file")
    return "   ".join(parts) or "Patient not stated", "   ".join(drawn)


def footer_lines(recording: Recording, start_s: float, seconds: float) -> tuple[str, ...]:
    """Return the standing words under the sheet."""
    parts = [f"{clock(start_s)} to {clock(start_s + seconds)} of {clock(recording.duration_s)}"]
    parts.append(f"{recording.fs_hz:g} Hz")
    if recording.provenance.simulated:
        parts.insert(0, "SIMULATED ECG")
    parts.append(REMINDER)
    return ("   ".join(parts),)


def _printed_footer(recording: Recording, start_s: float, seconds: float) -> tuple[str, ...]:
    """Return the footer with a mark of the source, by which pages that fell apart are sorted."""
    (line,) = footer_lines(recording, start_s, seconds)
    digest = recording.provenance.sha256[:_SHORT_DIGEST]
    return (f"{line}   source {digest}" if digest else line,)
