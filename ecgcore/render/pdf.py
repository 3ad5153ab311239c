"""The sheet as PDF pages whose millimetres are millimetres when printed at 100 %."""

import textwrap
from io import BytesIO
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.collections import LineCollection
from matplotlib.colors import LinearSegmentedColormap, to_rgba
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from numpy.typing import NDArray

from ecgcore.origin import SOFTWARE
from ecgcore.recording import Recording
from ecgcore.render.coloured import cut_coloured_pieces
from ecgcore.render.figure import vertical_scale
from ecgcore.render.lead_labels import cut_cell_samples, place_labels
from ecgcore.render.overlay import Overlay, make_heat_rows
from ecgcore.render.palette import LIGHT
from ecgcore.render.paper import PULSE_MV, PULSE_S, Sheet, paginate
from ecgcore.units import MV

_MM_PER_INCH = 25.4
_A4_MM = (297.0, 210.0)
# Twelve rows fill the page up to the narrower border, on which only grid stands.
_BORDER_MM, _LEAST_BORDER_MM = 8.0, 2.5
_LINE_MM, _LINE_LETTERS, _LINES_A_PAGE = 5.0, 150, 32
_LINE_PT = 0.6
# A coloured stretch of trace is three times as wide, as on screen.
_COLOURED_PT = 3 * _LINE_PT
_FONT_PT = 8.0
# What lies over what, as on screen: by itself matplotlib draws these lines over traces and shading.
_GRID, _SHADING, _TRACE, _COLOURS = 0.0, 1.0, 2.0, 3.0


def pdf(
    recording: Recording,
    sheet: Sheet,
    *,
    header: tuple[str, ...] = (),
    footer: tuple[str, ...] = (),
    lines: tuple[str, ...] = (),
    urgent: tuple[str, ...] = (),
    overlay: Overlay | None = None,
) -> bytes:
    """Return a vector PDF of the sheet: A4 landscape, on as many pages as its rows need.

    Never scaled: a sheet wider than A4 gets a wider page, a higher one is continued on the next,
    with header, footer and ``page n of m`` on each.

    Parameters
    ----------
    recording, sheet, header, footer, overlay
        As for :func:`ecgcore.render.figure.figure`.
    lines : tuple of str
        Printed below the last row, or on a page of their own where there is no room: the reader's
        verdicts, for example.
    urgent : tuple of str
        Printed in red before ``lines``, and the first of them above the traces of every page.

    Returns
    -------
    bytes

    Examples
    --------
    >>> from ecgcore.render.paper import PaperSettings, lay_out
    >>> from ecgcore.simulate import simulate
    >>> recording = simulate("normal").recording
    >>> sheet = lay_out(recording.leads, recording.duration_s, PaperSettings())
    >>> pdf(recording, sheet, header=("A simulated ECG",))[:5]
    b'%PDF-'
    """
    out = BytesIO()
    # No creation date: the same sheet gives the same bytes.
    metadata = {"CreationDate": None, "Title": "ECG", "Creator": SOFTWARE}
    pages = page_figures(
        recording,
        sheet,
        header=header,
        footer=footer,
        lines=lines,
        urgent=urgent,
        overlay=overlay,
    )
    with PdfPages(out, metadata=metadata) as document:
        for page in pages:
            document.savefig(page)
    return out.getvalue()


def page_figures(
    recording: Recording,
    sheet: Sheet,
    *,
    header: tuple[str, ...] = (),
    footer: tuple[str, ...] = (),
    lines: tuple[str, ...] = (),
    urgent: tuple[str, ...] = (),
    overlay: Overlay | None = None,
) -> list[Figure]:
    """Return the pages of :func:`pdf`, with the same arguments, as matplotlib figures."""
    sheets = paginate(sheet, _A4_MM[1] - 2 * _LEAST_BORDER_MM)
    below, own_pages = _share_lines(urgent, lines, _bottom_mm(sheets[-1]) - _LEAST_BORDER_MM)
    n_pages = len(sheets) + len(own_pages)
    listed_on = len(sheets) + bool(own_pages)
    pages = []
    for number, part in enumerate(sheets, start=1):
        page = _make_blank_page(sheet)
        axes = _make_sheet_axes(page, part)
        _draw_grid(axes, part)
        if overlay is not None and overlay.style == "heat":
            _draw_heat(axes, overlay, part)
        _draw_traces(axes, recording, part)
        if overlay is not None and overlay.style == "trace":
            _draw_coloured(axes, recording, overlay, part)
        _draw_words(axes, recording, part, header, _number_page(footer, number, n_pages))
        _warn(axes, part, len(header), _shorten_urgent(urgent, listed_on))
        if part is sheets[-1]:
            _print_lines(page, below, _left_mm(part), _bottom_mm(part))
        pages.append(page)
    for number, group in enumerate(own_pages, start=len(sheets) + 1):
        page = _make_blank_page(sheet)
        foot = _number_page(footer, number, n_pages)
        text = [*map(_in_ink, (*header, "")), *group, *map(_in_ink, ("", *foot))]
        _print_lines(page, text, _left_mm(sheet), _A4_MM[1] - _BORDER_MM)
        pages.append(page)
    return pages


class _Line(NamedTuple):
    """A line of text and its colour."""

    text: str
    color: str


def _in_ink(text: str) -> _Line:
    return _Line(text, LIGHT.ink)


def _share_lines(
    urgent: tuple[str, ...], lines: tuple[str, ...], room_mm: float
) -> tuple[list[_Line], list[list[_Line]]]:
    """Return the lines that stand below the sheet, and those that need pages of their own."""
    coloured = [*(_Line(text, LIGHT.alarm) for text in urgent), *map(_in_ink, lines)]
    wrapped = [
        _Line(part, color)
        for text, color in coloured
        for part in textwrap.wrap(text, _LINE_LETTERS)
    ]
    if _LINE_MM * len(wrapped) <= room_mm:
        return wrapped, []
    pages = [wrapped[i : i + _LINES_A_PAGE] for i in range(0, len(wrapped), _LINES_A_PAGE)]
    return [], pages


def _number_page(footer: tuple[str, ...], number: int, n_pages: int) -> tuple[str, ...]:
    """Return the footer with its page."""
    page = f"page {number} of {n_pages}"
    return (*footer[:-1], f"{footer[-1]}   {page}") if footer else (page,)


def _page_width_mm(sheet: Sheet) -> float:
    return max(_A4_MM[0], sheet.width_mm + 2 * _BORDER_MM)


def _left_mm(sheet: Sheet) -> float:
    return (_page_width_mm(sheet) - sheet.width_mm) / 2


def _bottom_mm(sheet: Sheet) -> float:
    border_mm = min(_BORDER_MM, (_A4_MM[1] - sheet.height_mm) / 2)
    return _A4_MM[1] - border_mm - sheet.height_mm


def _make_blank_page(sheet: Sheet) -> Figure:
    return Figure(figsize=(_page_width_mm(sheet) / _MM_PER_INCH, _A4_MM[1] / _MM_PER_INCH))


def _make_sheet_axes(page: Figure, sheet: Sheet) -> Axes:
    """Return axes in millimetres of paper."""
    width, height = _page_width_mm(sheet), _A4_MM[1]
    axes = page.add_axes(
        (
            _left_mm(sheet) / width,
            _bottom_mm(sheet) / height,
            sheet.width_mm / width,
            sheet.height_mm / height,
        )
    )
    axes.set_xlim(0, sheet.width_mm)
    axes.set_ylim(0, sheet.height_mm)
    axes.axis("off")
    return axes


def _print_lines(page: Figure, lines: list[_Line], left_mm: float, top_mm: float) -> None:
    width_mm, height_mm = (inches * _MM_PER_INCH for inches in page.get_size_inches())
    for index, line in enumerate(lines, start=1):
        y = (top_mm - _LINE_MM * index) / height_mm
        page.text(
            left_mm / width_mm, y, _escape(line.text), fontsize=_FONT_PT + 1, color=line.color
        )


def _escape(text: str) -> str:
    # matplotlib reads what stands between two dollar signs as mathematics.
    return text.replace("$", r"\$")


def _draw_grid(axes: Axes, sheet: Sheet) -> None:
    for step, color, width in ((1, LIGHT.grid_minor, 0.25), (5, LIGHT.grid_major, 0.5)):
        xs = np.arange(0, sheet.width_mm + 0.5, step)
        ys = np.arange(0, sheet.height_mm + 0.5, step)
        segments = [[(x, 0), (x, sheet.height_mm)] for x in xs]
        segments += [[(0, y), (sheet.width_mm, y)] for y in ys]
        lines = LineCollection(segments, colors=color, linewidths=width, zorder=_GRID)
        axes.add_collection(lines)


def _draw_heat(axes: Axes, overlay: Overlay, sheet: Sheet) -> None:
    z, x_mm, y_mm = make_heat_rows(overlay, sheet)
    clear = (*to_rgba(LIGHT.overlay[0])[:3], 0.0)
    stops = [(0.0, clear), (0.08, clear)]
    steps = np.linspace(0.16, 1.0, len(LIGHT.overlay))
    # The opacity is part of the colours: matplotlib's own alpha would tint what is transparent.
    shades = [to_rgba(color, overlay.opacity) for color in LIGHT.overlay]
    stops += [(float(s), shade) for s, shade in zip(steps, shades, strict=True)]
    colors = LinearSegmentedColormap.from_list("overlay", stops)
    axes.pcolormesh(x_mm, y_mm, z, cmap=colors, vmin=0, vmax=1, rasterized=True, zorder=_SHADING)


def _draw_traces(axes: Axes, recording: Recording, sheet: Sheet) -> None:
    scale = vertical_scale(recording, sheet)
    style: dict[str, Any] = {"color": LIGHT.ink, "linewidth": _LINE_PT}
    for cell in sheet.cells:
        first, samples = cut_cell_samples(recording, cell)
        x0 = sheet.x_mm(cell, first / recording.fs_hz)
        x = x0 + np.arange(samples.size) * sheet.settings.mm_per_s / recording.fs_hz
        axes.add_patch(_make_full_path(x, cell.baseline_mm + samples * scale))
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


def _draw_coloured(axes: Axes, recording: Recording, overlay: Overlay, sheet: Sheet) -> None:
    scale = vertical_scale(recording, sheet)
    for level, parts in cut_coloured_pieces(recording, overlay, sheet, scale).items():
        segments = [np.column_stack(part) for part in parts]
        color = to_rgba(LIGHT.overlay[level], overlay.opacity)
        axes.add_collection(
            LineCollection(segments, colors=[color], linewidths=_COLOURED_PT, zorder=_COLOURS)
        )


def _shorten_urgent(urgent: tuple[str, ...], listed_on: int) -> str:
    """Return one line for the top of every page: what is urgent may be listed pages away."""
    if not urgent:
        return ""
    more = f" (and {len(urgent) - 1} more: page {listed_on})" if len(urgent) > 1 else ""
    return textwrap.shorten(urgent[0], _LINE_LETTERS - len(more), placeholder=" …") + more


def _warn(axes: Axes, sheet: Sheet, n_header: int, words: str) -> None:
    y_mm = sheet.height_mm - 5.0 - 4.8 * n_header
    axes.text(2, y_mm, _escape(words), fontsize=_FONT_PT, va="baseline", color=LIGHT.alarm)


def _make_full_path(x: NDArray[Any], y: NDArray[Any]) -> PathPatch:
    """Return a trace with all its samples: matplotlib's own lines leave out what is not seen."""
    path = Path(np.column_stack((x, y)))
    path.should_simplify = False
    return PathPatch(
        path,
        fill=False,
        zorder=_TRACE,
        edgecolor=LIGHT.ink,
        linewidth=_LINE_PT,
        joinstyle="round",
        capstyle="projecting",
    )


def _draw_words(
    axes: Axes,
    recording: Recording,
    sheet: Sheet,
    header: tuple[str, ...],
    footer: tuple[str, ...],
) -> None:
    for label in place_labels(recording, sheet, vertical_scale(recording, sheet)):
        axes.text(
            label.x_mm, label.y_mm, _escape(label.text), fontsize=_FONT_PT + 1, va="center_baseline"
        )
    for index, line in enumerate(header):
        axes.text(
            2, sheet.height_mm - 5.0 - 4.8 * index, _escape(line), fontsize=_FONT_PT, va="baseline"
        )
    for index, line in enumerate(reversed(sheet.remarks)):
        axes.text(2, 8.0 + 5.0 * index, _escape(line), fontsize=_FONT_PT)
    for index, line in enumerate(footer):
        axes.text(2, 3.0 - 4.2 * index, _escape(line), fontsize=_FONT_PT - 1, color=LIGHT.faint)
