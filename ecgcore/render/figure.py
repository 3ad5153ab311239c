"""The sheet as a plotly figure.

One pair of axes in paper coordinates: x in millimetres, y in hundredths of a millimetre, so that
a trace travels as 16-bit integers (0.01 mm is 1 µV at 10 mm/mV) and the grid is the axes' own
grid: 5 mm major, 1 mm minor.  Every trace names its role in ``meta``; the viewer recolours and
resizes by role.  Text from files is escaped: plotly reads a subset of HTML.
"""

import base64
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgcore.recording import Recording
from ecgcore.render.coloured import cut_coloured_pieces
from ecgcore.render.extremes import thin_trace
from ecgcore.render.lead_labels import Label, cut_cell_samples, place_labels
from ecgcore.render.overlay import Overlay, make_heat_rows
from ecgcore.render.palette import LIGHT, Palette
from ecgcore.render.paper import PULSE_MV, PULSE_S, Cell, Sheet
from ecgcore.units import MV

Y_PER_MM = 100
_INT16_MAX = 32767
# Where the voltage is lost, a typical lead is drawn this high: readable, and printed as no scale.
_NU_HEIGHT_MM = 12.0
_LABEL_PX = 13
_TEXT_PX = 12
_TRACE_PX = 1.25


def figure(
    recording: Recording,
    sheet: Sheet,
    *,
    header: tuple[str, ...] = (),
    footer: tuple[str, ...] = (),
    overlay: Overlay | None = None,
    palette: Palette = LIGHT,
) -> dict[str, Any]:
    """Return the plotly figure of a sheet.

    Parameters
    ----------
    recording : Recording
        What is drawn: the file's samples, or these through the filter the reader chose.
    sheet : Sheet
        Laid out for this recording's leads and length.
    header, footer : tuple of str
        Lines printed above and below; any text, escaped here.
    overlay : Overlay or None

    Returns
    -------
    dict
        ``{"data": [...], "layout": {...}}`` as plotly.js takes it, arrays base64-encoded.

    Examples
    --------
    >>> from ecgcore.render.paper import PaperSettings, lay_out
    >>> from ecgcore.simulate import simulate
    >>> recording = simulate("normal").recording
    >>> sheet = lay_out(recording.leads, recording.duration_s, PaperSettings())
    >>> sorted(figure(recording, sheet))
    ['data', 'layout']
    """
    mm_per_unit = vertical_scale(recording, sheet)
    data: list[dict[str, Any]] = []
    if overlay is not None and overlay.style == "heat" and overlay.opacity > 0:
        data.append(draw_heat(overlay, sheet, palette))
    data.append(_draw_marks(sheet, palette))
    if recording.unit == MV:
        data.append(_draw_pulses(sheet, palette))
    data.extend(_draw_trace(recording, cell, sheet, mm_per_unit, palette) for cell in sheet.cells)
    if overlay is not None and overlay.style == "trace" and overlay.opacity > 0:
        data.extend(draw_coloured(recording, overlay, sheet, mm_per_unit, palette))
    data.append(_draw_labels(place_labels(recording, sheet, mm_per_unit), palette))
    data.extend(_draw_texts(sheet, header, footer, palette))
    return {"data": data, "layout": _make_layout(sheet, palette)}


def vertical_scale(recording: Recording, sheet: Sheet) -> float:
    """Return millimetres of paper for one unit of the recording.

    The chosen gain in mm/mV; where the voltage is lost, a scale common to all leads that draws a
    typical one 12 mm high.
    """
    if recording.unit == MV:
        return sheet.settings.mm_per_mv
    known = recording.signal[np.isfinite(recording.signal).any(axis=1)]
    spans = np.nanquantile(known, 0.995, axis=1) - np.nanquantile(known, 0.005, axis=1)
    typical = float(np.median(spans))
    gain = sheet.settings.mm_per_mv / 10.0
    return gain * _NU_HEIGHT_MM / typical if typical > 0 else gain


def encode_array(values: NDArray[Any], dtype: str) -> dict[str, str]:
    """Return an array as plotly.js takes it; ``dtype`` is ``"i2"`` or ``"f4"``."""
    array = np.ascontiguousarray(values, dtype={"i2": "<i2", "f4": "<f4"}[dtype])
    return {"dtype": dtype, "bdata": base64.b64encode(array.tobytes()).decode("ascii")}


def _encode_heights(values_mm: NDArray[np.floating[Any]]) -> dict[str, str]:
    """Encode heights in mm; integers unless a sample is absent or off any paper."""
    scaled_y = values_mm * Y_PER_MM
    if np.isfinite(scaled_y).all() and np.abs(scaled_y).max(initial=0) <= _INT16_MAX:
        return encode_array(np.round(scaled_y), "i2")
    return encode_array(scaled_y, "f4")


def _draw_trace(
    recording: Recording, cell: Cell, sheet: Sheet, mm_per_unit: float, palette: Palette
) -> dict[str, Any]:
    first, recorded = cut_cell_samples(recording, cell)
    samples, fs_hz = thin_trace(recorded, recording.fs_hz)
    return {
        "type": "scatter",
        "mode": "lines",
        "x0": sheet.x_mm(cell, first / recording.fs_hz),
        "dx": sheet.settings.mm_per_s / fs_hz,
        "y": _encode_heights(cell.baseline_mm + samples.astype(np.float64) * mm_per_unit),
        # Plotly leaves out points that it takes for needless: a spike of one sample stays.
        "line": {"color": palette.ink, "width": _TRACE_PX, "simplify": False},
        "hoverinfo": "skip",
        "meta": {"role": "trace", "lead": cell.lead},
    }


def draw_heat(overlay: Overlay, sheet: Sheet, palette: Palette) -> dict[str, Any]:
    """Return a map as shading under all leads of a sheet."""
    z, x_edges, y_edges = make_heat_rows(overlay, sheet)
    return {
        "type": "heatmap",
        "z": encode_array(z.ravel(), "f4") | {"shape": f"{z.shape[0]}, {z.shape[1]}"},
        "x0": float(x_edges[0] + (x_edges[1] - x_edges[0]) / 2),
        "dx": float(x_edges[1] - x_edges[0]),
        "y": [float(v) * Y_PER_MM for v in y_edges],
        "zmin": 0.0,
        "zmax": 1.0,
        "opacity": overlay.opacity,
        "showscale": False,
        "hoverinfo": "skip",
        "colorscale": colorscale(palette),
        "meta": {"role": "heat"},
    }


def colorscale(palette: Palette) -> list[list[float | str]]:
    """Return the overlay's colour scale: transparent at 0, then the palette's steps."""
    first = palette.overlay[0]
    stops: list[list[float | str]] = [[0.0, f"{first}00"], [0.08, f"{first}00"]]
    steps = np.linspace(0.16, 1.0, len(palette.overlay))
    for step, color in zip(steps, palette.overlay, strict=True):
        stops.append([float(step), color])
    return stops


def draw_coloured(
    recording: Recording, overlay: Overlay, sheet: Sheet, mm_per_unit: float, palette: Palette
) -> list[dict[str, Any]]:
    """Return a map as coloured stretches of the traces, a trace a level."""
    gap = np.array([np.nan])
    out = []
    for level, parts in cut_coloured_pieces(recording, overlay, sheet, mm_per_unit).items():
        xs = np.concatenate([np.concatenate((px, gap)) for px, _ in parts])
        ys = np.concatenate([np.concatenate((py, gap)) for _, py in parts]) * Y_PER_MM
        out.append(_draw_level(xs, ys, level, overlay.opacity, palette))
    return out


def _draw_level(
    x: NDArray[np.float64], y: NDArray[np.float64], level: int, opacity: float, palette: Palette
) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "x": encode_array(x, "f4"),
        "y": encode_array(y, "f4"),
        "opacity": opacity,
        "line": {"color": palette.overlay[level], "width": _TRACE_PX * 3},
        "hoverinfo": "skip",
        "meta": {"role": "level", "level": level},
    }


def _draw_pulses(sheet: Sheet, palette: Palette) -> dict[str, Any]:
    """Draw the 1 mV, 200 ms pulse, with 2 mm of base line on either side."""
    width = PULSE_S * sheet.settings.mm_per_s
    height = PULSE_MV * sheet.settings.mm_per_mv
    x: list[float] = []
    y: list[float] = []
    for left, base in sheet.pulses:
        x += [left - 1, left, left, left + width, left + width, left + width + 1, np.nan]
        y += [base, base, base + height, base + height, base, base, np.nan]
    return _draw_lines(np.array(x), np.array(y), palette.ink, "pulse")


def _draw_marks(sheet: Sheet, palette: Palette) -> dict[str, Any]:
    """Draw short marks at the row's edges where one lead ends and the next begins."""
    x: list[float] = []
    y: list[float] = []
    for cell in sheet.cells:
        if cell.column > 0:
            x += [cell.x_mm] * 2 + [np.nan] + [cell.x_mm] * 2 + [np.nan]
            y += [cell.top_mm - 1, cell.top_mm - 4, np.nan]
            y += [cell.bottom_mm + 4, cell.bottom_mm + 1, np.nan]
    return _draw_lines(np.array(x), np.array(y), palette.faint, "mark")


def _draw_lines(
    x_mm: NDArray[np.float64], y_mm: NDArray[np.float64], color: str, role: str
) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "x": encode_array(x_mm, "f4"),
        "y": encode_array(y_mm * Y_PER_MM, "f4"),
        "line": {"color": color, "width": _TRACE_PX},
        "hoverinfo": "skip",
        "meta": {"role": role},
    }


def _draw_text(
    items: list[tuple[float, float, str]], size: int, color: str, role: str, position: str
) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "text",
        "x": [x for x, _, _ in items],
        "y": [y * Y_PER_MM for _, y, _ in items],
        "text": [escape(text, quote=False) for _, _, text in items],
        "textposition": position,
        "textfont": {"size": size, "color": color},
        "hoverinfo": "skip",
        "cliponaxis": False,
        "meta": {"role": role, "size": size},
    }


def _draw_labels(labels: list[Label], palette: Palette) -> dict[str, Any]:
    items = [(label.x_mm, label.y_mm, label.text) for label in labels]
    return _draw_text(items, _LABEL_PX, palette.ink, "label", "middle right")


def _draw_texts(
    sheet: Sheet, header: tuple[str, ...], footer: tuple[str, ...], palette: Palette
) -> list[dict[str, Any]]:
    top = [(2.0, sheet.height_mm - 4.0 - 4.8 * i, line) for i, line in enumerate(header)]
    bottom = [(2.0, 4.0 - 4.2 * i, line) for i, line in enumerate(footer)]
    n_remarks = len(sheet.remarks)
    remarks = [(2.0, 9.0 + 5.0 * (n_remarks - 1 - i), r) for i, r in enumerate(sheet.remarks)]
    out = []
    if remarks:
        out.append(_draw_text(remarks, _TEXT_PX, palette.ink, "remark", "middle right"))
    if top:
        out.append(_draw_text(top, _TEXT_PX, palette.ink, "header", "middle right"))
    if bottom:
        out.append(_draw_text(bottom, _TEXT_PX - 1, palette.faint, "footer", "middle right"))
    return out


def _make_layout(sheet: Sheet, palette: Palette) -> dict[str, Any]:
    def axis(length_mm: float, per_mm: int) -> dict[str, Any]:
        return {
            "range": [0, length_mm * per_mm],
            "fixedrange": True,
            "tick0": 0,
            "dtick": 5 * per_mm,
            "ticks": "",
            "showticklabels": False,
            "zeroline": False,
            "showline": False,
            "gridcolor": palette.grid_major,
            "gridwidth": 1,
            "minor": {
                "tick0": 0,
                "dtick": per_mm,
                "showgrid": True,
                "gridcolor": palette.grid_minor,
                "gridwidth": 1,
            },
        }

    return {
        "margin": {"l": 0, "r": 0, "t": 0, "b": 0, "pad": 0},
        "paper_bgcolor": palette.paper,
        "plot_bgcolor": palette.paper,
        "showlegend": False,
        "dragmode": False,
        "hovermode": False,
        "font": {"family": "Source Sans, Source Sans Pro, sans-serif"},
        "xaxis": axis(sheet.width_mm, 1),
        "yaxis": axis(sheet.height_mm, Y_PER_MM),
    }
