"""What is laid over a sheet: shading, and each lead's share as a bar beside its name.

A layer is drawn apart from the sheet, so that a reader goes from one to another without the trace
being drawn or sent again.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from ecgcore.recording import Recording
from ecgcore.render.figure import draw_coloured, draw_heat, encode_array, vertical_scale
from ecgcore.render.lead_labels import LETTER_MM, place_labels
from ecgcore.render.overlay import Overlay
from ecgcore.render.palette import LIGHT, Palette
from ecgcore.render.paper import Sheet

# The longest bar, the least that is seen, and its distance from the lead's name.
_LONGEST_MM, _SHORTEST_MM, _GAP_MM = 14.0, 0.6, 1.5
_BAR_PX = 5


def draw_layer(
    recording: Recording,
    sheet: Sheet,
    overlay: Overlay | None,
    *,
    shares: Mapping[str, float] | None = None,
    palette: Palette = LIGHT,
) -> list[dict[str, Any]]:
    """Return the traces of a layer, as plotly.js takes them.

    Parameters
    ----------
    recording : Recording
        As it is drawn on the sheet.
    sheet : Sheet
    overlay : Overlay or None
        What is shaded or coloured.
    shares : mapping of str to float, optional
        Lead to its part; the largest magnitude has the longest bar, and what is against has a bar
        of its own colour.
    palette : Palette
    """
    mm_per_unit = vertical_scale(recording, sheet)
    traces: list[dict[str, Any]] = []
    if overlay is not None and overlay.style == "heat":
        traces.append(draw_heat(overlay, sheet, palette))
    elif overlay is not None and overlay.style == "trace":
        traces += draw_coloured(recording, overlay, sheet, mm_per_unit, palette)
    if shares:
        traces += _draw_bars(recording, sheet, shares, mm_per_unit, palette)
    return traces


def _draw_bars(
    recording: Recording,
    sheet: Sheet,
    shares: Mapping[str, float],
    mm_per_unit: float,
    palette: Palette,
) -> list[dict[str, Any]]:
    longest = max(abs(share) for share in shares.values())
    if longest <= 0:
        return []
    bars: dict[bool, list[tuple[float, float, float]]] = {True: [], False: []}
    for cell, label in zip(sheet.cells, place_labels(recording, sheet, mm_per_unit), strict=True):
        share = shares.get(cell.lead, 0.0)
        length = _LONGEST_MM * abs(share) / longest
        if length >= _SHORTEST_MM:
            left = label.x_mm + LETTER_MM * len(label.text) + _GAP_MM
            bars[share > 0].append((left, left + length, label.y_mm))
    return [_draw_bar_lines(some, positive, palette) for positive, some in bars.items() if some]


def _draw_bar_lines(
    bars: list[tuple[float, float, float]], positive: bool, palette: Palette
) -> dict[str, Any]:
    x = np.array([edge for left, right, _ in bars for edge in (left, right, np.nan)])
    y = np.array([height for _, _, at in bars for height in (at, at, np.nan)]) * 100
    return {
        "type": "scatter",
        "mode": "lines",
        "x": encode_array(x, "f4"),
        "y": encode_array(y, "f4"),
        "line": {"color": palette.overlay[4] if positive else palette.caliper, "width": _BAR_PX},
        "hoverinfo": "skip",
        "meta": {"role": "bar" if positive else "bar against"},
    }
