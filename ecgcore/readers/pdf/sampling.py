"""From lines on the page to evenly spaced samples in mV."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ecgcore.errors import ReadError, TooLargeError
from ecgcore.readers.pdf.page import Points
from ecgcore.readers.pdf.scale import Scale
from ecgcore.readers.pdf.traces import Trace
from ecgcore.readers.pdf.words import Printed

# Where the corners of the lines follow no rate of their own.
FALLBACK_HZ = 500.0
_MAX_OWN_HZ = 4000.0
_MIN_OWN_HZ = 40.0
_WHOLE = 5e-4
_ON_STEP = 0.12
_SAME_LEFT_MM = 2.0
_SHARED_MM, _NEAR_MM = 0.02, 1.0
_SAME_MV = 1e-3
_FEWEST_GAPS, _FEWEST_CORNERS = 10, 30
_SAME_S = 1e-6
_ROUND_STEPS = 0.3


Part = tuple[float, Points]


@dataclass(frozen=True, eq=False)
class Strip:
    """One lead on the page in its own time.

    Attributes
    ----------
    lead : str
    rows : list of list of (start_s, points)
        The lines of each row from left to right: when they begin on the page's own time axis, and
        their points as seconds since then and mV.
    """

    lead: str
    rows: list[list[Part]]

    @property
    def seconds(self) -> float:
        """How much time its lines cover."""
        return sum(float(points[-1, 0]) for row in self.rows for _, points in row)


@dataclass(frozen=True)
class Rate:
    """Samples a second, and whether the lines' own corners have it.

    Attributes
    ----------
    fs_hz : float
    own : bool
        Whether it is the spacing of the corners.
    even : bool
        Whether every sample has a corner: then the corners are counted, not measured.
    """

    fs_hz: float
    own: bool
    even: bool = False


def is_wrapped(groups: Sequence[list[Trace]], leads: Sequence[str]) -> bool:
    """Return whether rows continue one another: every lead equally often, all from one place."""
    count = Counter(leads)
    lefts = [group[0].left_mm for group in groups]
    one_place = float(np.ptp(lefts)) <= _SAME_LEFT_MM
    return one_place and max(count.values()) > 1 and len(set(count.values())) == 1


def place_in_time(
    groups: Sequence[list[Trace]], leads: Sequence[str], scale: Scale, printed: Printed
) -> tuple[list[Strip], list[str]]:
    """Return one strip a lead, and what is to be told.

    Parameters
    ----------
    groups : list of list of Trace
        The lines of each row and lead, from left to right.
    leads : list of str
        One a group.
    scale : Scale
    printed : Printed

    Raises
    ------
    ReadError
        For a lead whose gain is not known.
    """
    wrapped = is_wrapped(groups, leads)
    origin = min(group[0].left_mm for group in groups)
    notes: list[str] = []
    strips: list[Strip] = []
    for lead in dict.fromkeys(leads):
        rows = [group for group, name in zip(groups, leads, strict=True) if name == lead]
        rows.sort(key=lambda group: -group[0].middle_mm)
        if len(rows) > 1 and not wrapped:
            notes.append(f"{lead} is printed {len(rows)} times; the longest strip is used.")
            rows = [max(rows, key=lambda group: sum(t.right_mm - t.left_mm for t in group))]
        mm_per_mv = scale.y_mm * _find_gain(printed, lead)
        mm_per_s = scale.x_mm * (printed.mm_per_s or np.nan)
        zeros = _find_zeros(rows)
        strip = [
            _convert_units(row, zero, origin, mm_per_s, mm_per_mv)
            for row, zero in zip(rows, zeros, strict=True)
        ]
        strips.append(Strip(lead, strip))
    return strips, notes


def _find_gain(printed: Printed, lead: str) -> float:
    gain = printed.gain(lead)
    if gain is None:
        raise ReadError(
            f"The PDF prints one gain for limb and one for chest leads; which of them applies to "
            f"{lead} is not known."
        )
    return gain


def _find_zeros(rows: Sequence[list[Trace]]) -> list[float]:
    """Return the height of 0 mV in each row: the pulse's base, or else the median.

    Of rows without pulses that share their end points the distance is known exactly.
    """
    medians = [float(np.median(np.concatenate([t.points[:, 1] for t in row]))) for row in rows]
    if all(row[0].pulse is None for row in rows) and len(rows) > 2:
        steps = [
            float(above[-1].points[-1, 1] - below[0].points[0, 1])
            for above, below in pairwise(rows)
        ]
        usual = float(np.median(-np.diff(medians)))
        if np.ptp(steps) <= _SHARED_MM and abs(float(np.mean(steps)) - usual) <= _NEAR_MM:
            step = float(np.mean(steps))
            first = float(np.median([m + i * step for i, m in enumerate(medians)]))
            return [first - i * step for i in range(len(rows))]
    return [
        row[0].pulse.base_mm if row[0].pulse is not None else median
        for row, median in zip(rows, medians, strict=True)
    ]


def _convert_units(
    row: Sequence[Trace], zero_mm: float, origin_mm: float, mm_per_s: float, mm_per_mv: float
) -> list[Part]:
    sign = row[0].label.sign if row[0].label is not None else 1
    return [
        (
            (trace.left_mm - origin_mm) / mm_per_s,
            np.column_stack(
                (
                    (trace.points[:, 0] - trace.left_mm) / mm_per_s,
                    sign * (trace.points[:, 1] - zero_mm) / mm_per_mv,
                )
            ),
        )
        for trace in row
    ]


def find_own_rate(strips: Sequence[Strip]) -> Rate:
    """Return the rate that the lines' corners have, or 500 Hz where they are unevenly spaced.

    Corners are evenly spaced, but for the raster of the coordinates; or some were left out on
    straight stretches, and all distances are whole multiples of the smallest.
    """
    lines = [points[:, 0] for strip in strips for row in strip.rows for _, points in row]
    steps = np.concatenate([np.diff(times) for times in lines])
    steps = steps[steps > _SAME_S]
    if steps.size == 0:
        return Rate(FALLBACK_HZ, own=False)
    smallest = float(np.percentile(steps, 3))
    even = _find_even_step(lines, smallest)
    step = even if even is not None else _find_raster(steps, smallest)
    if step is None or not _MIN_OWN_HZ <= 1 / step <= _MAX_OWN_HZ:
        return Rate(FALLBACK_HZ, own=False)
    near = float(round(1 / step))
    fs_hz = near if abs(1 / step / near - 1) <= _WHOLE else round(1 / step, 3)
    return Rate(fs_hz, own=True, even=even is not None)


def _find_even_step(lines: Sequence[NDArray[np.float64]], raster_s: float) -> float | None:
    """Return the step if no corner of any line is off even spacing by more than the raster."""
    long = [times for times in lines if times.size >= _FEWEST_CORNERS]
    if not long:
        return None
    n_steps = sum(times.size - 1 for times in long)
    step = float(sum(times[-1] for times in long) / n_steps)
    for times in long:
        off = np.abs(times - step * np.arange(times.size)).max()
        if off > max(raster_s if raster_s < 0.9 * step else 0.0, 0.1 * step):
            return None
    return step


def _find_raster(steps: NDArray[np.float64], smallest: float) -> float | None:
    """Return the step of which all distances are multiples, or None."""
    step = float(np.median(steps[steps < 1.4 * smallest]))
    for _ in range(3):
        step = float(steps.sum() / max(1.0, np.round(steps / step).sum()))
    off = np.abs(steps / step - np.round(steps / step))
    return step if (off > _ON_STEP).mean() <= 0.02 else None


_Placed = tuple[NDArray[np.int64], NDArray[np.float64]]


def sample_traces(strips: Sequence[Strip], rate: Rate, max_samples: int) -> NDArray[np.float32]:
    """Return the samples, shape (n_leads, n_samples); NaN where the page shows nothing.

    Raises
    ------
    TooLargeError
    """
    shortest = min((points[-1, 0] for s in strips for row in s.rows for _, points in row))
    longest = max(start + points[-1, 0] for s in strips for row in s.rows for start, points in row)
    rows = max(len(strip.rows) for strip in strips)
    if shortest < 0 or (longest * rows * rate.fs_hz + 1) * len(strips) > max_samples:
        raise TooLargeError("The traces of the PDF make more samples than are read.")
    placed = [_place(strip, rate) for strip in strips]
    n_samples = 1 + max(int(at[-1]) for parts in placed for at, _ in parts)
    signal = np.full((len(strips), n_samples), np.nan, dtype=np.float32)
    for row, parts in zip(signal, placed, strict=True):
        for at, values in parts:
            row[at] = values
    return signal


def _place(strip: Strip, rate: Rate) -> list[_Placed]:
    """Return the sample numbers and values of each line; a row begins where the last one ended."""
    out: list[_Placed] = []
    for row in strip.rows:
        parts = [_lie_on_samples(points, rate, start_s * rate.fs_hz) for start_s, points in row]
        if out:
            last_at, last_values = out[-1]
            same = abs(float(parts[0][1][0] - last_values[-1])) <= _SAME_MV
            shared = _shares_ends(strip.rows[0], rate, same_height=same)
            shift = int(last_at[-1]) + (0 if shared else 1) - int(parts[0][0][0])
            parts = [(at + shift, values) for at, values in parts]
        out += parts
    return out


def _shares_ends(first_row: Sequence[Part], rate: Rate, *, same_height: bool) -> bool:
    """Return whether a row ends with the point that begins the next one.

    A row lasts a round time: with its last sample where the ends are shared, without it else.
    """
    start_s, points = first_row[-1]
    steps = round((start_s + float(points[-1, 0]) - first_row[0][0]) * rate.fs_hz)
    round_time = max(1.0, rate.fs_hz / 2)
    with_last, without = (abs(n / round_time - round(n / round_time)) for n in (steps, steps + 1))
    if min(with_last, without) * round_time < _ROUND_STEPS < max(with_last, without) * round_time:
        return with_last < without
    return same_height


def _lie_on_samples(points: Points, rate: Rate, start: float) -> _Placed:
    """Return the samples that a line covers: its own corners, and what lies straight between."""
    corners, heights = start + points[:, 0] * rate.fs_hz, points[:, 1]
    if rate.even:
        at = round(start) + np.arange(len(points), dtype=np.int64)
        return at, heights
    if rate.own:
        corners = np.round(corners)
        # Of several corners at one sample the last: a line straight up ends there.
        keep = np.append(np.diff(corners) > 0, True)
        corners, heights = corners[keep], heights[keep]
    first, last = int(np.ceil(corners[0] - 1e-3)), int(np.floor(corners[-1] + 1e-3))
    at = np.arange(first, max(first, last) + 1, dtype=np.int64)
    return at, np.interp(at, corners, heights)


def find_quantum(values: NDArray[np.float64], smallest: float) -> float | None:
    """Return the step that all values are multiples of, or None if there is none to see.

    Parameters
    ----------
    values : array, shape (n,)
    smallest : float
        What the numbers themselves are exact to.
    """
    gaps = np.diff(np.sort(values))
    gaps = gaps[gaps > smallest]
    if gaps.size < _FEWEST_GAPS:
        return None
    step = float(np.percentile(gaps, 5))
    step = float(np.median(gaps[gaps < 1.5 * step]))
    ratio = gaps / step
    off = np.abs(ratio - np.round(ratio))
    return step if (off <= 0.1).mean() > 0.9 else None
