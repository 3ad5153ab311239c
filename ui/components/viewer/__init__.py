"""The paper viewer: draws a recording on a sheet and hands the reader's actions back."""

import base64
import hashlib
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
    markers: Markers | None = None,
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
        A new one puts the calipers away and scrolls back to the start; zoom stays.
    markers : Markers or None
        Marks the reader can drag, and words.
    tools : bool
        Whether the row of tools is shown.
    px_per_mm : int or None
        Zoom to begin with, pixels a millimetre; the reader's own zoom stays.
    overview : str or None
        Envelope of a recording longer than the sheet, from :func:`envelope`.
    on_act : callable or None
        Called with what the reader does: ``{"name": "navigate", "start_s": ...}``,
        ``{"name": "move", "id": ..., "x_mm": ...}``, or
        ``{"name": "next" | "previous" | "confirm" | "dismiss"}``.
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
        "overview": {"envelope": overview, "duration_s": recording.duration_s}
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
