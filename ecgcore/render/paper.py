"""Paper geometry: where every lead, pulse and word stands on the sheet, in millimetres.

The sheet's origin is its lower left corner; x grows to the right with time, y grows upwards with
voltage.  Nothing here knows of pixels, plotly or PDF: the figure and the PDF draw the same sheet.
"""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import ceil, floor

from ecgcore.checks import check_option, check_range
from ecgcore.errors import InvalidArgumentError
from ecgcore.leads import CABRERA_12, STANDARD_12

SPEEDS_MM_PER_S = (12.5, 25.0, 50.0)
GAINS_MM_PER_MV = (5.0, 10.0, 20.0)
PULSE_MV = 1.0
PULSE_S = 0.2

LAYOUTS = {
    "3x4": "3 × 4 with rhythm strip",
    "3x4-cabrera": "3 × 4 Cabrera (−aVR)",
    "6x2": "6 × 2",
    "6x2-cabrera": "6 × 2 Cabrera (−aVR)",
    "12x1": "12 × 1",
    "12x1-cabrera": "12 × 1 Cabrera (−aVR)",
    "stacked": "All leads, one row each",
    "wrapped": "One lead over rows",
}

# All multiples of 5 mm, so that traces begin and base lines run on the grid's heavy lines.
_LEFT_MM = 15.0
_RIGHT_MM = 5.0
HEADER_MM = 15.0
_FOOTER_MM = 10.0
_PULSE_X_MM = 5.0
_BEAT_ROW_MM = 30.0
# More rows than the number before a height are drawn less high.
_ROW_HEIGHTS = ((4, 30.0), (6, 25.0), (9, 20.0))
_DENSE_ROW_MM = 15.0
_REMARK_MM = 5.0
# Of a remark's letters, as figure and PDF print them.
_LETTER_MM = 1.6
_BEAT_ROWS, _BEAT_COLUMNS = 3, 4
_WRAPPED_ROWS = 6
_SECONDS_A_SHEET = 10.0


@dataclass(frozen=True)
class PaperSettings:
    """What the reader chose.

    Attributes
    ----------
    layout : str
        A key of :data:`LAYOUTS`.
    mm_per_s : float
        12.5, 25 or 50.
    mm_per_mv : float
        5, 10 or 20.
    rhythm_lead : str
        Lead of the rhythm strip under 3x4, or the lead that is wrapped over rows.
    """

    layout: str = "3x4"
    mm_per_s: float = 25.0
    mm_per_mv: float = 10.0
    rhythm_lead: str = "II"

    def __post_init__(self) -> None:
        check_option("layout", self.layout, LAYOUTS)
        for name, allowed in (("mm_per_s", SPEEDS_MM_PER_S), ("mm_per_mv", GAINS_MM_PER_MV)):
            if getattr(self, name) not in allowed:
                possible = ", ".join(f"{v:g}" for v in allowed)
                raise InvalidArgumentError(
                    f"{name} is {getattr(self, name)!r}; possible values are {possible}."
                )


@dataclass(frozen=True)
class Cell:
    """A stretch of one lead on the sheet.

    Attributes
    ----------
    lead : str
        Name of the recorded lead.
    label : str
        What is printed; ``-aVR`` for an inverted aVR.
    sign : int
        1, or -1 where the lead is drawn inverted.
    row, column : int
    x_mm, baseline_mm : float
        Where ``start_s`` and 0 mV stand.
    start_s, end_s : float
        The part of the recording shown, in its own time.
    bottom_mm, top_mm : float
        Edges of the row's band.
    """

    lead: str
    label: str
    sign: int
    row: int
    column: int
    x_mm: float
    baseline_mm: float
    start_s: float
    end_s: float
    bottom_mm: float
    top_mm: float


@dataclass(frozen=True)
class Sheet:
    """A laid out sheet of paper.

    Attributes
    ----------
    width_mm, height_mm : float
        Multiples of 1 mm.
    cells : tuple of Cell
    pulses : tuple of (x_mm, baseline_mm)
        Where each calibration pulse starts, one a row.
    not_shown : tuple of str
        Leads of the recording that this layout leaves out.
    remarks : tuple of str
        Lines printed above the footer: which leads are not shown.
    """

    settings: PaperSettings
    width_mm: float
    height_mm: float
    start_s: float
    seconds: float
    cells: tuple[Cell, ...]
    pulses: tuple[tuple[float, float], ...]
    not_shown: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    header_mm: float = HEADER_MM
    footer_mm: float = _FOOTER_MM

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return max(cell.row for cell in self.cells) + 1

    def x_mm(self, cell: Cell, time_s: float) -> float:
        """Return where ``time_s`` of the recording stands in ``cell``."""
        return cell.x_mm + (time_s - cell.start_s) * self.settings.mm_per_s


def list_layouts(leads: tuple[str, ...]) -> tuple[str, ...]:
    """Return the layouts that suit these leads, the default first."""
    if set(STANDARD_12) <= set(leads):
        return tuple(LAYOUTS)
    if len(leads) == 1:
        return ("wrapped",)
    return ("stacked", "wrapped")


def choose_window_seconds(settings: PaperSettings, duration_s: float) -> float:
    """Return how much of a recording one sheet shows.

    10 s; 20 s at 12.5 mm/s, which is the same width of paper; six rows of that where one lead is
    wrapped.  Never more than the recording.
    """
    row_s = _row_seconds(settings)
    seconds = row_s * _WRAPPED_ROWS if settings.layout == "wrapped" else row_s
    return min(seconds, duration_s)


def lay_out(
    leads: tuple[str, ...],
    duration_s: float,
    settings: PaperSettings,
    *,
    start_s: float = 0.0,
    header_mm: float = HEADER_MM,
) -> Sheet:
    """Place the leads of a recording on paper.

    Parameters
    ----------
    leads : tuple of str
        Of the recording.
    duration_s : float
        Of the recording, above 0.
    settings : PaperSettings
    start_s : float
        Where the sheet begins; from 0 to ``duration_s``.
    header_mm : float
        Room above the first row; a multiple of 5, so that rows stay on the grid's heavy lines.

    Returns
    -------
    Sheet
        In 3x4 and 6x2 the columns are continuous in time, with each other and with the rhythm
        strip below (AHA/ACC/HRS 2007 Part I asks for simultaneous leads aligned in time).  Leads
        beside the twelve (V3R, V7, Frank leads, ...) follow in further rows.  What a layout of
        one lead leaves out is named in the sheet's remarks.

    Raises
    ------
    InvalidArgumentError
        If the layout does not suit the leads.

    Examples
    --------
    >>> from ecgcore.leads import STANDARD_12
    >>> sheet = lay_out(STANDARD_12, 10.0, PaperSettings())
    >>> len(sheet.cells)
    13
    """
    check_range("start_s", start_s, 0.0, duration_s, "s")
    check_option("layout", settings.layout, list_layouts(leads))
    seconds = min(choose_window_seconds(settings, duration_s), duration_s - start_s)
    rows = _make_rows(leads, settings, start_s, seconds)
    row_mm = next((mm for most, mm in _ROW_HEIGHTS if len(rows) <= most), _DENSE_ROW_MM)
    longest_s = max(row[-1][2] - row[0][1] for row in rows)
    width = float(ceil(_LEFT_MM + round(longest_s * settings.mm_per_s, 6) + _RIGHT_MM))
    drawn = {name.removeprefix("-") for row in rows for name, _, _ in row}
    not_shown = tuple(lead for lead in leads if lead not in drawn)
    remarks = _write_remarks(not_shown, width)
    footer = _FOOTER_MM + _REMARK_MM * len(remarks)
    height = header_mm + len(rows) * row_mm + footer
    cells: list[Cell] = []
    pulses: list[tuple[float, float]] = []
    for index, row in enumerate(rows):
        top = height - header_mm - index * row_mm
        baseline = _place_baseline(top, row_mm)
        pulses.append((_PULSE_X_MM, baseline))
        x = _LEFT_MM
        for column, (name, start, end) in enumerate(row):
            lead, sign = (name[1:], -1) if name.startswith("-") else (name, 1)
            label = f"−{lead}" if sign < 0 else lead
            cells.append(
                Cell(lead, label, sign, index, column, x, baseline, start, end, top - row_mm, top)
            )
            x += (end - start) * settings.mm_per_s
    return Sheet(
        settings, width, height, start_s, seconds, tuple(cells), tuple(pulses), not_shown, remarks,
        header_mm=header_mm, footer_mm=footer,
    )  # fmt: skip


def _place_baseline(top_mm: float, row_mm: float) -> float:
    return top_mm - 5 * round(row_mm * 0.55 / 5)


def _write_remarks(not_shown: Sequence[str], width_mm: float) -> tuple[str, ...]:
    if not not_shown:
        return ()
    words = f"Not shown: {', '.join(not_shown)}. “{LAYOUTS['stacked']}” shows them."
    return tuple(textwrap.wrap(words, max(20, int((width_mm - 4) / _LETTER_MM))))


def paginate(sheet: Sheet, height_mm: float) -> tuple[Sheet, ...]:
    """Return the sheet as pages of whole rows, each at most ``height_mm`` high.

    The scale stays; header, footer and remarks have their room on every page, and the rows are
    shared evenly.  A sheet that fits is returned as it is.

    Parameters
    ----------
    sheet : Sheet
    height_mm : float
        Room on a page; a page has one row where even that does not fit.
    """
    row_mm = sheet.cells[0].top_mm - sheet.cells[0].bottom_mm
    around_mm = sheet.header_mm + sheet.footer_mm
    most = max(1, floor((height_mm - around_mm) / row_mm))
    n_pages = ceil(sheet.n_rows / most)
    if n_pages == 1:
        return (sheet,)
    edges = [round(page * sheet.n_rows / n_pages) for page in range(n_pages + 1)]
    return tuple(
        _cut_page(sheet, first, last, around_mm + (last - first) * row_mm)
        for first, last in pairwise(edges)
    )


def _cut_page(sheet: Sheet, first: int, last: int, height_mm: float) -> Sheet:
    """Return rows ``first`` to ``last`` (not included) on a sheet of their own."""
    row_mm = sheet.cells[0].top_mm - sheet.cells[0].bottom_mm
    down_mm = sheet.height_mm - first * row_mm - height_mm
    cells = tuple(
        replace(
            cell,
            row=cell.row - first,
            baseline_mm=cell.baseline_mm - down_mm,
            bottom_mm=cell.bottom_mm - down_mm,
            top_mm=cell.top_mm - down_mm,
        )
        for cell in sheet.cells
        if first <= cell.row < last
    )
    pulses = tuple((x, base - down_mm) for x, base in sheet.pulses[first:last])
    return replace(sheet, height_mm=height_mm, cells=cells, pulses=pulses)


def lay_out_beat(leads: tuple[str, ...], seconds: float, settings: PaperSettings) -> Sheet:
    """Place one beat of every lead side by side, four to a row, for a median beat.

    Parameters
    ----------
    leads : tuple of str
        All are placed, reading down the columns as in 3x4; those beside the twelve in further rows.
    seconds : float
        Length of the beat, above 0.
    settings : PaperSettings
        Speed and gain; the layout is not used.
    """
    check_range("seconds", seconds, 1e-3, 5.0, "s")
    places = _place_beats(leads)
    n_rows = 1 + max(row for row, _ in places.values())
    n_columns = 1 + max(column for _, column in places.values())
    step = 5 * ceil((seconds * settings.mm_per_s + 5) / 5)
    height = HEADER_MM + n_rows * _BEAT_ROW_MM + _FOOTER_MM
    tops = [height - HEADER_MM - row * _BEAT_ROW_MM for row in range(n_rows)]
    cells = []
    for lead, (row, column) in places.items():
        top = tops[row]
        x = _LEFT_MM + column * step
        base = _place_baseline(top, _BEAT_ROW_MM)
        cells.append(
            Cell(lead, lead, 1, row, column, x, base, 0.0, seconds, top - _BEAT_ROW_MM, top)
        )
    pulses = tuple((_PULSE_X_MM, _place_baseline(top, _BEAT_ROW_MM)) for top in tops)
    width = _LEFT_MM + n_columns * step + _RIGHT_MM
    return Sheet(settings, float(width), height, 0.0, seconds, tuple(cells), pulses)


def _place_beats(leads: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Return each lead's (row, column): the twelve in their order, then the others below them."""
    twelve = list(STANDARD_12) if set(STANDARD_12) <= set(leads) else []
    places: dict[str, tuple[int, int]] = {}
    for group in (twelve, [lead for lead in leads if lead not in twelve]):
        above = 1 + max((row for row, _ in places.values()), default=-1)
        fewest = 1 if twelve else min(_BEAT_ROWS, len(group))
        n_rows = max(fewest, ceil(len(group) / _BEAT_COLUMNS))
        for index, lead in enumerate(group):
            column, row = divmod(index, n_rows)
            places[lead] = (above + row, column)
    return places


_Segment = tuple[str, float, float]


def _make_rows(
    leads: tuple[str, ...], settings: PaperSettings, start_s: float, seconds: float
) -> list[list[_Segment]]:
    end_s = start_s + seconds
    if settings.layout == "wrapped":
        lead = settings.rhythm_lead if settings.rhythm_lead in leads else leads[0]
        row_s = _row_seconds(settings)
        n_rows = max(1, ceil(round(seconds / row_s, 6)))
        return [
            [(lead, start_s + i * row_s, min(start_s + (i + 1) * row_s, end_s))]
            for i in range(n_rows)
        ]
    if settings.layout == "stacked":
        return [[(lead, start_s, end_s)] for lead in leads]
    order = CABRERA_12 if settings.layout.endswith("cabrera") else STANDARD_12
    n_rows = int(settings.layout.split("x", 1)[0])
    n_columns = 12 // n_rows
    step = seconds / n_columns
    rows = [
        [
            (order[column * n_rows + row], start_s + column * step, start_s + (column + 1) * step)
            for column in range(n_columns)
        ]
        for row in range(n_rows)
    ]
    rows += _add_further_rows([n for n in leads if n not in STANDARD_12], n_columns, start_s, step)
    if n_rows == 3:
        rhythm = settings.rhythm_lead if settings.rhythm_lead in leads else "II"
        rows.append([(rhythm, start_s, end_s)])
    return rows


def _add_further_rows(
    leads: Sequence[str], n_columns: int, start_s: float, step_s: float
) -> list[list[_Segment]]:
    """Return rows of the leads beside the twelve, down the columns of those above.

    A row with fewer leads than columns gives some of them the room of several.
    """
    n_rows = ceil(len(leads) / n_columns)
    rows = []
    for index in range(n_rows):
        names = leads[index::n_rows]
        edges = [start_s + step_s * (i * n_columns // len(names)) for i in range(len(names) + 1)]
        rows.append(list(zip(names, edges, edges[1:], strict=False)))
    return rows


def _row_seconds(settings: PaperSettings) -> float:
    return _SECONDS_A_SHEET * (2.0 if settings.mm_per_s < 25.0 else 1.0)
