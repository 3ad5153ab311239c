"""Paper geometry: where every lead, pulse and word stands on the sheet, in millimetres.

The sheet's origin is its lower left corner; x grows to the right with time, y grows upwards with
voltage.  Nothing here knows of pixels, plotly or PDF: the figure and the PDF draw the same sheet.
"""

from dataclasses import dataclass
from math import ceil

from ecgcore.checks import in_range, one_of
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
_HEADER_MM = 15.0
_FOOTER_MM = 10.0
_PULSE_X_MM = 5.0
_ROW_MM = 30.0
_DENSE_ROW_MM = {5: 25.0, 6: 25.0, 12: 15.0}
_MAX_ROWS = 12
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
        one_of("layout", self.layout, LAYOUTS)
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
        Where each calibration pulse starts.
    """

    settings: PaperSettings
    width_mm: float
    height_mm: float
    start_s: float
    seconds: float
    cells: tuple[Cell, ...]
    pulses: tuple[tuple[float, float], ...]
    header_mm: float = _HEADER_MM
    footer_mm: float = _FOOTER_MM

    def x_mm(self, cell: Cell, time_s: float) -> float:
        """Return where ``time_s`` of the recording stands in ``cell``."""
        return cell.x_mm + (time_s - cell.start_s) * self.settings.mm_per_s


def layouts_for(leads: tuple[str, ...]) -> tuple[str, ...]:
    """Return the layouts that suit these leads, the default first."""
    if set(STANDARD_12) <= set(leads):
        return tuple(LAYOUTS)
    if len(leads) == 1:
        return ("wrapped",)
    return ("stacked", "wrapped")


def window_seconds(settings: PaperSettings, duration_s: float) -> float:
    """Return how much of a recording one sheet shows.

    10 s; 20 s at 12.5 mm/s, which is the same width of paper; six rows of that where one lead is
    wrapped.  Never more than the recording.
    """
    row_s = _row_seconds(settings)
    seconds = row_s * _WRAPPED_ROWS if settings.layout == "wrapped" else row_s
    return min(seconds, duration_s)


def lay_out(
    leads: tuple[str, ...], duration_s: float, settings: PaperSettings, *, start_s: float = 0.0
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

    Returns
    -------
    Sheet
        In 3x4 and 6x2 the columns are continuous in time, with each other and with the rhythm
        strip below (AHA/ACC/HRS 2007 Part I asks for simultaneous leads aligned in time).

    Raises
    ------
    InvalidArgumentError
        If the layout does not suit the leads.
    """
    in_range("start_s", start_s, 0.0, duration_s, "s")
    one_of("layout", settings.layout, layouts_for(leads))
    seconds = min(window_seconds(settings, duration_s), duration_s - start_s)
    rows = _rows(leads, settings, start_s, seconds)
    height_row = _DENSE_ROW_MM.get(len(rows), _ROW_MM if len(rows) < 5 else 20.0)
    height = ceil(_HEADER_MM + len(rows) * height_row + _FOOTER_MM)
    longest_s = max(row[-1][2] - row[0][1] for row in rows)
    width = ceil(_LEFT_MM + round(longest_s * settings.mm_per_s, 6) + _RIGHT_MM)
    cells: list[Cell] = []
    pulses: list[tuple[float, float]] = []
    for index, row in enumerate(rows):
        top = height - _HEADER_MM - index * height_row
        baseline = top - 5 * round(height_row * 0.55 / 5)
        pulses.append((_PULSE_X_MM, baseline))
        x = _LEFT_MM
        for column, (name, start, end) in enumerate(row):
            lead, sign = (name[1:], -1) if name.startswith("-") else (name, 1)
            cells.append(
                Cell(
                    lead, name.replace("-", "−"), sign, index, column, x, baseline,
                    start, end, top - height_row, top,
                )
            )  # fmt: skip
            x += (end - start) * settings.mm_per_s
    return Sheet(
        settings, float(width), float(height), start_s, seconds, tuple(cells), tuple(pulses)
    )


def lay_out_beat(leads: tuple[str, ...], seconds: float, settings: PaperSettings) -> Sheet:
    """Place one beat of every lead side by side, four to a row, for a median beat.

    Parameters
    ----------
    leads : tuple of str
        At most twelve are placed, reading down the columns as in 3x4.
    seconds : float
        Length of the beat, above 0.
    settings : PaperSettings
        Speed and gain; the layout is not used.
    """
    in_range("seconds", seconds, 1e-3, 5.0, "s")
    placed = leads[:_MAX_ROWS]
    n_rows = min(3, len(placed))
    step = 5 * ceil((seconds * settings.mm_per_s + 5) / 5)
    n_columns = ceil(len(placed) / n_rows)
    height = _HEADER_MM + n_rows * _ROW_MM + _FOOTER_MM
    cells, pulses = [], []
    for index, lead in enumerate(placed):
        column, row = divmod(index, n_rows)
        top = height - _HEADER_MM - row * _ROW_MM
        base = top - 5 * round(_ROW_MM * 0.55 / 5)
        x = _LEFT_MM + column * step
        bottom = top - _ROW_MM
        cells.append(Cell(lead, lead, 1, row, column, x, base, 0.0, seconds, bottom, top))
        if column == 0:
            pulses.append((_PULSE_X_MM, base))
    width = _LEFT_MM + n_columns * step + _RIGHT_MM
    return Sheet(settings, float(width), height, 0.0, seconds, tuple(cells), tuple(pulses))


_Segment = tuple[str, float, float]


def _rows(
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
        return [[(lead, start_s, end_s)] for lead in leads[:_MAX_ROWS]]
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
    if n_rows == 3:
        rhythm = settings.rhythm_lead if settings.rhythm_lead in leads else "II"
        rows.append([(rhythm, start_s, end_s)])
    return rows


def _row_seconds(settings: PaperSettings) -> float:
    return _SECONDS_A_SHEET * (2.0 if settings.mm_per_s < 25.0 else 1.0)
