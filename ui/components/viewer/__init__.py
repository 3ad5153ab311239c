"""The paper viewer: draws a recording on a sheet and hands the reader's actions back."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ecgcore.recording import Recording
from ecgcore.render.figure import figure
from ecgcore.render.overlay import Overlay
from ecgcore.render.palette import list_palettes
from ecgcore.render.paper import Sheet
from ecgcore.units import MV
from ui.components import VIEWER, Act, mount

_OVERVIEW_BINS = 1200


@dataclass(frozen=True)
class Legend:
    """What the colours of the overlay mean."""

    label: str
    low: str
    high: str


@dataclass(frozen=True)
class MarkLine:
    """A mark that the reader can drag along its row.

    Attributes
    ----------
    id : str
        Comes back with the move.
    x_mm, low_mm, high_mm : float
        In paper coordinates.
    kind : str
        ``"p"``, ``"qrs"`` or ``"t"``.
    label : str
    edited : bool
        Whether the reader has moved it.
    """

    id: str
    x_mm: float
    low_mm: float
    high_mm: float
    kind: str
    label: str
    edited: bool = False


@dataclass(frozen=True)
class MarkWord:
    """A word on the paper, such as a beat's type."""

    x_mm: float
    y_mm: float
    text: str
    kind: str = ""


@dataclass(frozen=True)
class Markers:
    """Everything that is marked on a sheet.

    Attributes
    ----------
    lines : tuple of MarkLine
    words : tuple of MarkWord
    refused : int
        How many moves were refused so far.  The browser hears of a sheet only when something in it
        changes: this does, and every mark is drawn again where it stands.
    """

    lines: tuple[MarkLine, ...] = ()
    words: tuple[MarkWord, ...] = ()
    refused: int = 0


@dataclass(frozen=True, eq=False)
class Layer:
    """What is laid over the trace by one choice of overlay.

    Attributes
    ----------
    traces : tuple of dict
        As :func:`ecgcore.render.layer.draw_layer` returns them.
    legend : Legend or None
    markers : Markers or None
    note : str
        One line under the paper.
    warning : bool
        Whether the line warns.
    """

    traces: tuple[dict[str, Any], ...] = ()
    legend: Legend | None = None
    markers: Markers | None = None
    note: str = ""
    warning: bool = False

    def as_data(self) -> dict[str, Any]:
        """Return it as the browser takes it, with a name of its own for what it holds."""
        data = {
            "traces": self.traces,
            "legend": asdict(self.legend) if self.legend else None,
            "markers": asdict(self.markers) if self.markers else None,
            "note": self.note,
            "warning": self.warning,
        }
        return {**data, "revision": _digest_figure(data)}


@dataclass(frozen=True)
class Choice:
    """One of the overlays that a reader can choose: by its key, or its name."""

    id: str
    key: str
    label: str
    title: str


@dataclass(frozen=True)
class Field:
    """A setting in the menu of the paper."""

    id: str
    label: str
    options: tuple[tuple[str, str], ...]
    value: str


@dataclass(frozen=True)
class Tick:
    """An event on the overview of a long recording."""

    start_s: float
    stop_s: float
    kind: str


@dataclass(frozen=True, eq=False)
class Overlays:
    """The overlays of a sheet: which can be chosen, which is, and those that are ready."""

    choices: tuple[Choice, ...]
    chosen: str
    layers: Mapping[str, Layer]


def draw_paper(
    recording: Recording,
    sheet: Sheet,
    *,
    key: str,
    case_id: str,
    header: tuple[str, ...],
    footer: tuple[str, ...],
    overlay: Overlay | None = None,
    legend: Legend | None = None,
    overview: str | None = None,
    ticks: Sequence[Tick] = (),
    beside_px: int = 0,
    markers: Markers | None = None,
    overlays: Overlays | None = None,
    menu: Sequence[Field] = (),
    tools: bool = True,
    px_per_mm: int | None = None,
    on_act: Act | None = None,
) -> None:
    """Show a sheet.

    Parameters
    ----------
    recording : Recording
        As it is drawn: the file's samples or these through the chosen filter.
    case_id : str
        A new one puts the calipers away, scrolls back to the start and fits the paper to its room.
    markers : Markers or None
        Marks the reader can drag, and words.
    overlays : Overlays or None
        Where the reader chooses among several; what is ready is drawn without asking here.
    menu : sequence of Field
        Settings that the reader finds behind the toolbar's menu.
    tools : bool
        Whether the row of tools is shown.
    px_per_mm : int or None
        Zoom to begin with, pixels a millimetre; by default the paper fits its room.
    overview : str or None
        Envelope of a recording longer than the sheet, from :func:`compute_envelope`.
    ticks : sequence of Tick
        Events on the overview.
    beside_px : int
        Room that the paper leaves beside it where it fits itself to its page.
    on_act : callable or None
        Called with what the reader does: ``{"name": "navigate", "start_s": ...}``,
        ``{"name": "move", "id": ..., "x_mm": ...}``, ``{"name": "overlay", "id": ...}``,
        ``{"name": "setting", "id": ..., "value": ...}``, or a name alone: ``next``, ``previous``,
        ``confirm``, ``dismiss``, ``show_anyway``, ``next_place``, ``previous_place``,
        ``next_case``, ``previous_case``.
    """
    drawn = figure(recording, sheet, header=header, footer=footer, overlay=overlay)
    data = {
        "case_id": case_id,
        "figure": drawn,
        "revision": _digest_figure(drawn),
        "palettes": list_palettes(),
        "legend": asdict(legend) if legend else None,
        "sheet": {
            "width_mm": sheet.width_mm,
            "height_mm": sheet.height_mm,
            "start_s": sheet.start_s,
            "seconds": sheet.seconds,
            "mm_per_s": sheet.settings.mm_per_s,
            "mm_per_mv": sheet.settings.mm_per_mv if recording.unit == MV else None,
        },
        "tools": tools,
        "px_per_mm": px_per_mm,
        "markers": asdict(markers) if markers else None,
        "choices": [asdict(choice) for choice in overlays.choices] if overlays else [],
        "overlay": overlays.chosen if overlays else None,
        "layers": {id_: layer.as_data() for id_, layer in overlays.layers.items()}
        if overlays
        else {},
        "menu": [asdict(field) for field in menu],
        "beside_px": beside_px,
        "overview": {
            "envelope": overview,
            "duration_s": recording.duration_s,
            "ticks": [[tick.start_s, tick.stop_s, tick.kind] for tick in ticks],
        }
        if overview
        else None,
    }
    mount(VIEWER, data, key=key, on_act=on_act)


def compute_envelope(recording: Recording, lead: str) -> str:
    """Return minimum and maximum of one lead in 1,200 bins, a byte each, base64.

    Scaled to the 0.1 to 99.9 % range, so that one artefact does not flatten the rest.
    """
    row = recording.lead(lead)
    edges = np.linspace(0, row.size, _OVERVIEW_BINS + 1).astype(int)
    filled = np.nan_to_num(row, nan=float(np.nanmedian(row)))
    starts = np.minimum(edges[:-1], row.size - 1)
    low = np.minimum.reduceat(filled, starts)
    high = np.maximum.reduceat(filled, starts)
    floor, ceiling = np.quantile(filled, [0.001, 0.999])
    span = max(float(ceiling - floor), 1e-6) * 1.2
    pairs = np.stack([low, high], axis=1)
    scaled = np.clip((pairs - floor + span * 0.08) / span, 0, 1) * 255
    return base64.b64encode(scaled.astype(np.uint8).tobytes()).decode("ascii")


def _digest_figure(drawn: dict[str, Any]) -> str:
    digest = hashlib.blake2b(digest_size=12)
    digest.update(repr(drawn).encode())
    return digest.hexdigest()
