"""The sheet as a PDF page whose millimetres are millimetres when printed at 100 %."""

from io import BytesIO
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_pdf import FigureCanvasPdf
from matplotlib.collections import LineCollection
from matplotlib.colors import LinearSegmentedColormap, to_rgba
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from numpy.typing import NDArray

from ecgcore.recording import Recording
from ecgcore.render.figure import cell_samples, vertical_scale
from ecgcore.render.overlay import Overlay, heat_rows
from ecgcore.render.palette import LIGHT
from ecgcore.render.paper import PULSE_MV, PULSE_S, Sheet
from ecgcore.units import MV

_MM_PER_INCH = 25.4
_A4_MM = (297.0, 210.0)
_BORDER_MM = 8.0
_LINE_PT = 0.6
_FONT_PT = 8.0


def pdf(
    recording: Recording,
    sheet: Sheet,
    *,
    header: tuple[str, ...] = (),
    footer: tuple[str, ...] = (),
    lines: tuple[str, ...] = (),
    overlay: Overlay | None = None,
) -> bytes:
    """Return a one-page vector PDF of the sheet.

    A4 landscape where the sheet fits, a larger page where it does not; never scaled.

    Parameters
    ----------
    recording, sheet, header, footer, overlay
        As for :func:`ecgcore.render.figure.figure`.
    lines : tuple of str
        Printed below the sheet, one line each: the reader's verdicts, for example.

    Returns
    -------
    bytes
    """
    room_mm = 5.0 * len(lines)
    width = max(_A4_MM[0], sheet.width_mm + 2 * _BORDER_MM)
    height = max(_A4_MM[1], sheet.height_mm + 2 * _BORDER_MM + room_mm)
    page = Figure(figsize=(width / _MM_PER_INCH, height / _MM_PER_INCH))
    left = (width - sheet.width_mm) / 2
    bottom = height - _BORDER_MM - sheet.height_mm
    axes = page.add_axes(
        (left / width, bottom / height, sheet.width_mm / width, sheet.height_mm / height)
    )
    axes.set_xlim(0, sheet.width_mm)
    axes.set_ylim(0, sheet.height_mm)
    axes.axis("off")
    _grid(axes, sheet)
    if overlay is not None and overlay.style != "none":
        _heat(axes, overlay, sheet)
    _traces(axes, recording, sheet)
    _words(axes, sheet, header, footer)
    for index, line in enumerate(lines):
        page.text(
            left / width, (bottom - 5.0 * (index + 1)) / height, _plain(line), fontsize=_FONT_PT + 1
        )
    out = BytesIO()
    # No creation date: the same sheet gives the same bytes.
    FigureCanvasPdf(page).print_pdf(out, metadata={"CreationDate": None, "Title": "ECG"})
    return out.getvalue()


def _plain(text: str) -> str:
    # matplotlib reads what stands between two dollar signs as mathematics.
    return text.replace("$", r"\$")


def _grid(axes: Axes, sheet: Sheet) -> None:
    for step, color, width in ((1, LIGHT.grid_minor, 0.25), (5, LIGHT.grid_major, 0.5)):
        xs = np.arange(0, sheet.width_mm + 0.5, step)
        ys = np.arange(0, sheet.height_mm + 0.5, step)
        segments = [[(x, 0), (x, sheet.height_mm)] for x in xs]
        segments += [[(0, y), (sheet.width_mm, y)] for y in ys]
        axes.add_collection(LineCollection(segments, colors=color, linewidths=width))


def _heat(axes: Axes, overlay: Overlay, sheet: Sheet) -> None:
    z, x_mm, y_mm = heat_rows(overlay, sheet)
    clear = (*to_rgba(LIGHT.overlay[0])[:3], 0.0)
    stops = [(0.0, clear), (0.08, clear)]
    steps = np.linspace(0.16, 1.0, len(LIGHT.overlay))
    # The opacity is part of the colours: matplotlib's own alpha would tint what is transparent.
    shades = [to_rgba(color, overlay.opacity) for color in LIGHT.overlay]
    stops += [(float(s), shade) for s, shade in zip(steps, shades, strict=True)]
    colors = LinearSegmentedColormap.from_list("overlay", stops)
    axes.pcolormesh(x_mm, y_mm, z, cmap=colors, vmin=0, vmax=1, rasterized=True)


def _traces(axes: Axes, recording: Recording, sheet: Sheet) -> None:
    scale = vertical_scale(recording, sheet)
    style: dict[str, Any] = {"color": LIGHT.ink, "linewidth": _LINE_PT}
    for cell in sheet.cells:
        first, samples = cell_samples(recording, cell)
        x0 = sheet.x_mm(cell, first / recording.fs_hz)
        x = x0 + np.arange(samples.size) * sheet.settings.mm_per_s / recording.fs_hz
        axes.add_patch(_every_sample(x, cell.baseline_mm + samples * scale))
        if cell.column > 0:
            low = [cell.bottom_mm + 1, cell.top_mm - 4]
            high = [cell.bottom_mm + 4, cell.top_mm - 1]
            axes.vlines([cell.x_mm] * 2, low, high, colors=LIGHT.faint, linewidth=_LINE_PT)
    if recording.unit == MV:
        width = PULSE_S * sheet.settings.mm_per_s
        rise = PULSE_MV * sheet.settings.mm_per_mv
        for left, base in sheet.pulses:
            right = left + width
            top = base + rise
            xs = [left - 1, left, left, right, right, right + 1]
            axes.plot(xs, [base, base, top, top, base, base], **style)


def _every_sample(x: NDArray[Any], y: NDArray[Any]) -> PathPatch:
    """Return a trace with all its samples: matplotlib's own lines leave out what is not seen."""
    path = Path(np.column_stack((x, y)))
    path.should_simplify = False
    return PathPatch(
        path,
        fill=False,
        edgecolor=LIGHT.ink,
        linewidth=_LINE_PT,
        joinstyle="round",
        capstyle="projecting",
    )


def _words(axes: Axes, sheet: Sheet, header: tuple[str, ...], footer: tuple[str, ...]) -> None:
    for cell in sheet.cells:
        axes.text(cell.x_mm + 0.6, cell.top_mm - 3.4, cell.label, fontsize=_FONT_PT + 1)
    for index, line in enumerate(header):
        axes.text(
            2, sheet.height_mm - 5.0 - 4.8 * index, _plain(line), fontsize=_FONT_PT, va="baseline"
        )
    for index, line in enumerate(footer):
        axes.text(2, 3.0 - 4.2 * index, _plain(line), fontsize=_FONT_PT - 1, color=LIGHT.faint)
