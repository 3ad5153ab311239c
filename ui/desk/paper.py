"""The paper of every page: an open case as the reader has set it, its settings and its turning."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ecgcore.recording import Recording, describe_age
from ecgcore.render.headroom import find_headroom_mm
from ecgcore.render.overlay import Overlay
from ecgcore.render.paper import (
    HEADER_MM,
    PaperSettings,
    Sheet,
    choose_window_seconds,
    lay_out,
)
from ecgcore.units import MV, format_clock
from ui.components.viewer import (
    Legend,
    Markers,
    Overlays,
    Tick,
    compute_envelope,
    draw_paper,
)
from ui.desk.display_filter import describe_filter, filter_for_display
from ui.desk.settings import list_fields, recall_settings, take_setting
from ui.shell import REMINDER
from ui.state import OpenCase

Act = Callable[[dict[str, Any]], None]
# A recording that is longer than a sheet by less than this is not paged.
_TOLERANCE_S = 0.5
# Above the first row of a sheet without a header.
_BARE_MM = 5.0
# A long recording is turned so that this share of the sheet lies before the place.
_BEFORE = 0.3


@dataclass(frozen=True, eq=False)
class Shading:
    """Colours under or on the traces, and what they mean."""

    overlay: Overlay
    legend: Legend


@dataclass(frozen=True, eq=False)
class Paper:
    """An open case on paper.

    Attributes
    ----------
    case : OpenCase
    settings : PaperSettings
        As the reader has set them.
    header : bool
        Whether who and how stands on the sheet; on the desk it stands above.
    """

    case: OpenCase
    settings: PaperSettings
    header: bool = True

    def with_header(self) -> "Paper":
        """Return it as it is printed, with who and how on the sheet."""
        return replace(self, header=True)

    @property
    def seconds(self) -> float:
        """Length of recording on a sheet."""
        return choose_window_seconds(self.settings, self.case.recording.duration_s)

    @property
    def last_start_s(self) -> float:
        """Where the last sheet begins."""
        return max(0.0, self.case.recording.duration_s - self.seconds)

    @property
    def is_paged(self) -> bool:
        """Whether the recording is longer than a sheet."""
        return self.case.recording.duration_s > self.seconds + _TOLERANCE_S

    def lay_out(self) -> Sheet:
        """Return the sheet that is shown."""
        self.case.start_s = min(self.case.start_s, self.last_start_s)
        if self.header:
            return self._lay_out(HEADER_MM)
        sheet = self._lay_out(_BARE_MM)
        needed_mm = find_headroom_mm(filter_for_display(self.case), sheet)
        return sheet if needed_mm <= _BARE_MM else self._lay_out(needed_mm)

    def _lay_out(self, header_mm: float) -> Sheet:
        recording = self.case.recording
        return lay_out(
            recording.leads,
            recording.duration_s,
            self.settings,
            start_s=self.case.start_s,
            header_mm=header_mm,
        )

    def show(
        self,
        key: str,
        *,
        shading: Shading | None = None,
        markers: Markers | None = None,
        overlays: Overlays | None = None,
        ticks: Sequence[Tick] = (),
        beside_px: int = 0,
        can_turn: bool = True,
        tools: bool = True,
        px_per_mm: int | None = None,
        on_act: Act | None = None,
    ) -> None:
        """Show the sheet; a recording that is longer can be turned.

        Parameters
        ----------
        key : str
            Of the widget.
        can_turn : bool
            Whether the page leaves it to the reader where the sheet begins.
        on_act : callable, optional
            Called with whatever else the reader does: a mark is moved, a key is pressed.
        """
        sheet = self.lay_out()

        def take(act: dict[str, Any]) -> None:
            if act["name"] == "navigate":
                self.case.start_s = float(act.get("start_s", 0.0))
            elif act["name"] == "setting":
                take_setting(self.case, str(act.get("id")), str(act.get("value")))
            elif on_act is not None:
                on_act(act)

        draw_paper(
            filter_for_display(self.case),
            sheet,
            key=key,
            case_id=self.case.case_id,
            header=format_header(self.case, self.settings) if self.header else (),
            footer=self._footer(sheet),
            overlay=None if shading is None else shading.overlay,
            legend=None if shading is None else shading.legend,
            overview=self._overview() if can_turn and self.is_paged else None,
            markers=markers,
            overlays=overlays,
            menu=list_fields(self.case) if tools else (),
            ticks=ticks,
            beside_px=beside_px,
            tools=tools,
            px_per_mm=px_per_mm,
            on_act=take,
        )

    def _footer(self, sheet: Sheet) -> tuple[str, ...]:
        footer = format_footer(self.case.recording, sheet)
        if self.header:
            return footer
        return (f"{_describe_drawing(self.case.recording, self.settings)}   {footer[0]}",)

    def shows(self, time_s: float) -> bool:
        """Return whether a time lies on the sheet."""
        first_s = min(self.case.start_s, self.last_start_s)
        return first_s <= time_s <= first_s + self.seconds

    def turn_to(self, time_s: float) -> None:
        """Turn to a time, with some of what went before it."""
        self.case.start_s = min(max(0.0, time_s - _BEFORE * self.seconds), self.last_start_s)

    def _overview(self) -> str:
        recording, lead = self.case.recording, self.settings.rhythm_lead
        lead = lead if lead in recording.leads else recording.leads[0]
        envelopes = self.case.drawn.envelopes
        if lead not in envelopes:
            envelopes[lead] = compute_envelope(recording, lead)
        return envelopes[lead]


def current_paper(case: OpenCase) -> Paper:
    """Return a case's paper, as the reader has set it on whichever page."""
    return Paper(case, recall_settings(case))


def show_still(
    recording: Recording,
    sheet: Sheet,
    key: str,
    *,
    case_id: str,
    header: tuple[str, ...],
    footer: tuple[str, ...],
    shading: Shading | None = None,
    markers: Markers | None = None,
) -> None:
    """Show a sheet of its own without tools: a median beat, one lead, a weighted signal."""
    draw_paper(
        recording,
        sheet,
        key=key,
        case_id=case_id,
        header=header,
        footer=footer,
        overlay=None if shading is None else shading.overlay,
        legend=None if shading is None else shading.legend,
        markers=markers,
        tools=False,
    )


# ---- what is printed on the sheet ----------------------------------------------------------


def format_header(
    case: OpenCase, settings: PaperSettings, *, named: bool = True
) -> tuple[str, ...]:
    """Return who this is and how it is drawn.

    Parameters
    ----------
    case : OpenCase
    settings : PaperSettings
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
    return "   ".join(parts) or "Patient not stated", _describe_drawing(recording, settings)


def _describe_drawing(recording: Recording, settings: PaperSettings) -> str:
    gain = (
        f"{settings.mm_per_mv:g} mm/mV"
        if recording.unit == MV
        else "voltage not known: drawn without a scale"
    )
    device = recording.provenance.device_filter
    drawn = [f"{settings.mm_per_s:g} mm/s", gain, f"filter: {describe_filter()}"]
    drawn.append(f"device filter: {device}" if device else "device filter not stated in the file")
    return "   ".join(drawn)


def format_footer(recording: Recording, sheet: Sheet) -> tuple[str, ...]:
    """Return what stands under every sheet."""
    end_s = sheet.start_s + sheet.seconds
    parts = [
        f"{format_clock(sheet.start_s)} to {format_clock(end_s)} of "
        f"{format_clock(recording.duration_s)}"
    ]
    parts.append(f"{recording.fs_hz:g} Hz")
    if recording.provenance.simulated:
        parts.insert(0, "SIMULATED ECG")
    parts.append(REMINDER)
    return ("   ".join(parts),)
