"""How large a millimetre of ECG paper is on the page: from the grid and the calibration pulse."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgcore.errors import ReadError
from ecgcore.readers.pdf.page import Points, Stroke, Style
from ecgcore.readers.pdf.words import Printed

PULSE_MV = 1.0
PULSE_S = 0.2
# Lines closer than this are one line; shorter ones are no grid.
_SAME_MM, _LEVEL_MM, _SHORTEST_MM = 0.05, 0.02, 3.0
_MIN_LINES = 9
_EQUAL = 0.02
# Lines of a grid may be off by the raster of the coordinates.
_EVEN = 0.08
# What 1 mm and 5 mm of ECG paper may measure on a page that was printed smaller or larger.
_ONE_MM, _FIVE_MM = (0.5, 1.8), (2.7, 9.0)
_MAX_PULSE_POINTS, _MAX_GRID_POINTS = 14, 8


@dataclass(frozen=True)
class Grid:
    """Squares of the grid: the finest ones, and whether every fifth line is another one."""

    x_mm: float
    y_mm: float
    has_fifth: bool


@dataclass(frozen=True)
class Pulse:
    """A rectangle of 1 mV for 200 ms, in mm of the page."""

    x_mm: float
    base_mm: float
    rise_mm: float
    width_mm: float


@dataclass(frozen=True)
class Scale:
    """Millimetres of the page in one millimetre of ECG paper, and how that is known."""

    x_mm: float
    y_mm: float
    method: str


# ---- the grid


def find_grid(strokes: Sequence[Stroke]) -> Grid | None:
    """Return the grid, or None where the page has no evenly spaced lines in both directions.

    Raises
    ------
    ReadError
        If its squares are not square.
    """
    upright, level = _find_family(strokes, along=1), _find_family(strokes, along=0)
    if upright is None or level is None:
        return None
    (x_mm, x_fifth), (y_mm, y_fifth) = upright, level
    if abs(x_mm / y_mm - 1) > _EQUAL:
        raise ReadError(
            f"The grid's lines are {x_mm:.2f} mm apart across and {y_mm:.2f} mm upwards; they must "
            "be squares for the scale to be known."
        )
    return Grid(x_mm, y_mm, x_fifth and y_fifth)


def _find_family(strokes: Sequence[Stroke], along: int) -> tuple[float, bool] | None:
    """Return the spacing of the lines that run along an axis, and whether every fifth differs."""
    levels, styles = _find_straight_lines(strokes, along)
    every = _measure_spacing(levels, _MIN_LINES)
    if every is None:
        return None
    spacings = (_measure_spacing(levels[styles == style], 4) for style in np.unique(styles))
    has_fifth = any(s is not None and abs(s / every - 5) < 5 * _EQUAL for s in spacings)
    return every, has_fifth


def _find_straight_lines(
    strokes: Sequence[Stroke], along: int
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return where the straight pieces lie that run along an axis, and a number for their style."""
    short = [stroke for stroke in strokes if len(stroke.points) <= _MAX_GRID_POINTS]
    if not short:
        return np.empty(0), np.empty(0, np.int64)
    numbers: dict[Style, int] = {}
    style = np.array([numbers.setdefault(stroke.style, len(numbers)) for stroke in short])
    sizes = np.array([len(stroke.points) for stroke in short])
    points = np.concatenate([stroke.points for stroke in short])
    step = np.abs(np.diff(points, axis=0))
    straight = (step[:, 1 - along] <= _LEVEL_MM) & (step[:, along] >= _SHORTEST_MM)
    straight[np.cumsum(sizes)[:-1] - 1] = False  # from one line's end to the next one's start
    return points[:-1, 1 - along][straight], np.repeat(style, sizes)[:-1][straight]


def _measure_spacing(levels: NDArray[np.float64], at_least: int) -> float | None:
    """Return the distance of evenly spaced lines: of the longest run of equal distances."""
    sorted_levels = np.sort(levels)
    if sorted_levels.size == 0:
        return None
    apart = np.diff(sorted_levels, prepend=-np.inf) > _SAME_MM
    lines = sorted_levels[apart]
    gaps = np.diff(lines)
    if gaps.size + 1 < at_least:
        return None
    usual = float(np.median(gaps))
    even = np.abs(gaps - usual) <= _EVEN * usual
    if even.mean() < 0.6:
        return None
    first, last = _find_longest_run(even)
    if last - first + 1 < at_least:
        return None
    return float((lines[last] - lines[first]) / (last - first))


def _find_longest_run(even: NDArray[np.bool_]) -> tuple[int, int]:
    """Return the first and last line of the longest run of equal gaps."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], even.astype(np.int8), [0]))))
    starts, stops = edges[::2], edges[1::2]
    longest = int(np.argmax(stops - starts))
    return int(starts[longest]), int(stops[longest])


# ---- the calibration pulse


def find_pulse(points: Points) -> Pulse | None:
    """Return the pulse that a short line draws, or None."""
    corners = find_corners(points)
    if not 4 <= len(corners) <= _MAX_PULSE_POINTS or np.allclose(corners[0], corners[-1]):
        return None
    for index in range(len(corners) - 3):
        pulse = _find_pulse_at(corners[index : index + 4])
        if pulse is not None and np.ptp(corners[:, 0]) <= 4 * pulse.width_mm + 4:
            return pulse
    return None


def cut_pulses(points: Points) -> tuple[Points, list[Pulse]]:
    """Return a trace without the pulse that it begins or ends with, and that pulse."""
    found = []
    for backwards in (False, True):
        line = points[::-1] if backwards else points
        corners, index = _take_first_corners(line)
        for start in range(len(corners) - 3):
            pulse = _find_pulse_at(corners[start : start + 4], backwards=backwards)
            if pulse is not None:
                found.append(pulse)
                line = line[index[start + 3] :]
                break
        points = line[::-1] if backwards else line
    return points, found


def _take_first_corners(points: Points) -> tuple[Points, list[int]]:
    """Return the corners with which a line begins, and which points they are."""
    kept = [0]
    for index in range(1, min(len(points) - 1, 400)):
        if _is_corner(points[kept[-1]], points[index], points[index + 1]):
            kept.append(index)
        if len(kept) == 6:
            break
    return points[kept], kept


def find_corners(points: Points) -> Points:
    """Return a line without the points that lie on the straight way between their neighbours."""
    if len(points) > 8 * _MAX_PULSE_POINTS:
        return points[:0]
    kept = [0]
    for index in range(1, len(points) - 1):
        if _is_corner(points[kept[-1]], points[index], points[index + 1]):
            kept.append(index)
    return points[[*kept, len(points) - 1]]


def _is_corner(before: Points, here: Points, after: Points) -> bool:
    inwards, outwards = here - before, after - here
    if not (np.abs(inwards).max() > _LEVEL_MM and np.abs(outwards).max() > _LEVEL_MM):
        return False
    turn = inwards[0] * outwards[1] - inwards[1] * outwards[0]
    return bool(abs(turn) > 0.02 * np.hypot(*inwards) * np.hypot(*outwards))


def _find_pulse_at(corners: Points, *, backwards: bool = False) -> Pulse | None:
    """Return the pulse of four corners: up, along, down to the level where it began."""
    up, along, down = np.diff(corners, axis=0)
    rise, width = float(up[1]), float(-along[0] if backwards else along[0])
    if rise < 2 or width < 1:
        return None
    steep = max(abs(float(up[0])), abs(float(down[0]))) <= 0.15 * width
    flat = abs(float(along[1])) <= 0.02 * rise
    returns = abs(float(down[1]) + rise) <= 0.02 * rise
    if not (steep and flat and returns):
        return None
    first = corners[3] if backwards else corners[0]
    return Pulse(float(first[0]), float(corners[0][1]), rise, width)


# ---- what follows from them


def find_page_scale(printed: Printed, grid: Grid | None, pulses: Sequence[Pulse]) -> Scale:
    """Return the size of a millimetre of ECG paper on the page.

    Raises
    ------
    ReadError
        If neither grid nor pulse tells it, or they contradict one another or the words.
    """
    speed = _find_speed(printed)
    gains = {g for g in (printed.limb_mm_per_mv, printed.chest_mm_per_mv) if g is not None}
    if grid is None:
        return _scale_from_pulses(speed, gains, pulses)
    scale = _scale_from_grid(grid)
    for pulse in pulses:
        rise = pulse.rise_mm / scale.y_mm / PULSE_MV
        if gains and not any(abs(rise / gain - 1) <= 1.5 * _EQUAL for gain in gains):
            said = " and ".join(f"{gain:g}" for gain in sorted(gains))
            raise ReadError(
                f"The calibration pulse is {rise:.3g} mm high on the grid but the PDF prints "
                f"{said} mm/mV; the scale is not known."
            )
    return Scale(scale.x_mm, scale.y_mm, "grid and pulse" if pulses else "grid")


def _find_speed(printed: Printed) -> float:
    missing = [
        word
        for word, value in (("speed", printed.mm_per_s), ("gain", printed.limb_mm_per_mv))
        if value is None
    ]
    if printed.mm_per_s is None or missing:
        raise ReadError(
            f"The PDF does not print its {' and '.join(missing)} (such as 25 mm/s, 10 mm/mV), so "
            "time and voltage are not known; export the recording itself as DICOM, SCP, XML or CSV."
        )
    return printed.mm_per_s


def _scale_from_grid(grid: Grid) -> Scale:
    def within(limits: tuple[float, float]) -> bool:
        return limits[0] <= grid.x_mm <= limits[1]

    if within(_ONE_MM) and (grid.has_fifth or abs(grid.x_mm - 1) < 0.1):
        return Scale(grid.x_mm, grid.y_mm, "grid")
    if within(_FIVE_MM) and (grid.has_fifth or abs(grid.x_mm - 5) < 0.5):
        return Scale(grid.x_mm / 5, grid.y_mm / 5, "grid")
    raise ReadError(
        f"The grid's squares measure {grid.x_mm:.2f} mm on the page; whether they are 1 mm or 5 mm "
        "of ECG paper is unclear."
    )


def _scale_from_pulses(speed: float, gains: set[float], pulses: Sequence[Pulse]) -> Scale:
    """Return the scale by pulses alone, if they are as wide as 200 ms and as high as 1 mV."""
    if not pulses:
        raise ReadError(
            "The PDF has neither a grid of lines nor a calibration pulse, so how large it was "
            "printed is unclear; export the recording itself as DICOM, SCP, XML or CSV."
        )
    units = [
        (p.width_mm / (speed * PULSE_S), p.rise_mm / (gain * PULSE_MV))
        for p in pulses
        for gain in gains
    ]
    square = [(x, y) for x, y in units if abs(x / y - 1) <= 1.5 * _EQUAL]
    if not square or np.ptp([y for _, y in square]) > _EQUAL * square[0][1]:
        raise ReadError(
            "The calibration pulse is not 1 mV for 200 ms at the speed and gain that the PDF "
            "prints, and there is no grid; the scale is not known."
        )
    return Scale(square[0][0], square[0][1], "pulse")
