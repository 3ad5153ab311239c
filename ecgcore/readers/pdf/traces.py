"""The lines that are ECG traces, and the lead of each."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from ecgcore.errors import ReadError, TooLargeError
from ecgcore.readers.pdf.page import Phrase, Points, Stroke, Style
from ecgcore.readers.pdf.scale import Pulse, cut_pulses, find_pulse
from ecgcore.readers.pdf.words import Label

MIN_POINTS = 30
_MIN_WIDTH_MM = 10.0
_MEETS_MM = 0.003
_BACK_MM = 0.01
_MIN_PIECE = 3
_SHORT = 14
MAX_TRACES, MAX_PIECES, _MAX_PULSES = 64, 2000, 5000
# How far a lead's name may stand from where its trace begins.
_NEAR_X_MM, _NEAR_Y_MM = 22.0, 26.0
_SAME_X_MM, _MOST_Y_MM = 7.0, 6.0
_COLUMN_MM = 8.0
# Part of the distance of two rows by which a trace may be off its place.
_CROSSED, _LEVEL_MM = 0.75, 1.0
_ALIKE_MM = 4.0


@dataclass(frozen=True, eq=False)
class Trace:
    """A trace on the page.

    Attributes
    ----------
    points : array, shape (n_points, 2)
        In mm of the page, x never falling.
    style : tuple
    label : Label or None
    pulse : Pulse or None
        Of its row.
    """

    points: Points
    style: Style
    label: Label | None = None
    pulse: Pulse | None = None

    @property
    def left_mm(self) -> float:
        """Where it begins."""
        return float(self.points[0, 0])

    @property
    def right_mm(self) -> float:
        """Where it ends."""
        return float(self.points[-1, 0])

    @cached_property
    def middle_mm(self) -> float:
        """Height of its median."""
        return float(np.median(self.points[:, 1]))


def find_traces(strokes: Sequence[Stroke]) -> tuple[list[Trace], list[Trace], list[Pulse]]:
    """Return the traces of a page, short pieces drawn alike, and the calibration pulses.

    A trace is a long line whose x never falls.  Lines that begin where the last one ended are one
    line: some printers draw every step on its own.
    """
    lines = join_steps(strokes)
    long = [line for line in lines if _is_trace(line.points)]
    styles = _find_trace_styles(long)
    traces: list[Trace] = []
    pulses: list[Pulse] = []
    for line in long:
        if line.style in styles:
            points, cut = cut_pulses(line.points)
            pulses += cut
            if _is_trace(points):
                traces.append(Trace(points, line.style))
    if len(traces) > MAX_TRACES:
        raise TooLargeError(
            f"A page of the PDF has {len(traces)} lines like traces; up to {MAX_TRACES} are read."
        )
    rest = [s for s in lines if s.style in styles and not _is_trace(s.points)]
    found = [(stroke, find_pulse(stroke.points)) for stroke in rest[:_MAX_PULSES]]
    pulses += [pulse for _, pulse in found if pulse is not None]
    pieces = [Trace(s.points, s.style) for s, pulse in found if pulse is None and _is_piece(s)]
    # So many are no stretches of a trace but lettering or ornament.
    return traces, pieces if len(pieces) <= MAX_PIECES else [], pulses


def join_steps(strokes: Iterable[Stroke]) -> list[Stroke]:
    """Return the lines, short ones joined to the line that ended where they begin."""
    joined: list[tuple[list[Points], Style]] = []
    for stroke in strokes:
        parts, style = joined[-1] if joined else ([], None)
        short = len(stroke.points) <= _SHORT or (len(parts) == 1 and len(parts[0]) <= _SHORT)
        if parts and style == stroke.style and short and _meets(parts[-1], stroke.points):
            parts.append(stroke.points[1:])
        else:
            joined.append(([stroke.points], stroke.style))
    return [Stroke(np.concatenate(p) if len(p) > 1 else p[0], s) for p, s in joined]


def _meets(before: Points, after: Points) -> bool:
    return bool(np.abs(before[-1] - after[0]).max() <= _MEETS_MM)


def _never_falls(points: Points) -> bool:
    return bool((np.diff(points[:, 0]) >= -_BACK_MM).all())


def _is_trace(points: Points) -> bool:
    return (
        len(points) >= MIN_POINTS
        and float(points[-1, 0] - points[0, 0]) >= _MIN_WIDTH_MM
        and _never_falls(points)
    )


def _is_piece(stroke: Stroke) -> bool:
    """Return whether a short line may be a stretch of a trace between absent samples."""
    points = stroke.points
    return len(points) >= _MIN_PIECE and _never_falls(points) and points[-1, 0] > points[0, 0]


def _find_trace_styles(long: Sequence[Stroke]) -> set[Style]:
    """Return the colour and width that most traces have; all, where no one is usual."""
    count = Counter[Style]()
    for line in long:
        count[line.style] += len(line.points)
    if not count:
        return set()
    style, most = count.most_common(1)[0]
    return {style} if 2 * most >= sum(count.values()) else set(count)


# ---- rows drawn as one line


def split_rows(traces: Sequence[Trace], labels: Sequence[Label]) -> list[Trace]:
    """Return the traces, rows that one line draws through several leads cut into equal columns.

    That is so where all traces begin at one place, the names stand in columns at equal distances
    and more leads are named than there are traces.
    """
    columns = _split_columns(labels)
    lefts = [trace.left_mm for trace in traces]
    if len(columns) < 2 or len(labels) <= len(traces) or np.ptp(lefts) > 1.0:
        return list(traces)
    places = np.array([np.mean([label.x_mm for label in column]) for column in columns])
    n_rows = len(columns[1])
    width = float(np.median([t.right_mm - t.left_mm for t in traces])) / len(columns)
    even = np.abs(np.diff(places) - width).max() <= 0.05 * width
    begins = -_NEAR_X_MM <= places[0] - min(lefts) <= 0.5 * width
    if not (even and begins and n_rows <= len(traces)):
        return list(traces)
    ordered = sorted(traces, key=lambda t: -t.middle_mm)
    cut = [part for trace in ordered[:n_rows] for part in _cut(trace, len(columns))]
    return [*cut, *ordered[n_rows:]]


def _split_columns(labels: Sequence[Label]) -> list[list[Label]]:
    columns: list[list[Label]] = []
    for label in sorted(labels, key=lambda found: found.x_mm):
        if columns and label.x_mm - columns[-1][0].x_mm <= _COLUMN_MM:
            columns[-1].append(label)
        else:
            columns.append([label])
    return columns


def _cut(trace: Trace, n_parts: int) -> list[Trace]:
    edges = np.linspace(trace.left_mm, trace.right_mm, n_parts + 1)
    # A point on an edge begins the next part; rounding of the coordinates must not decide.
    at = np.searchsorted(trace.points[:, 0], edges[1:-1] - 0.002)
    return [replace(trace, points=part) for part in np.split(trace.points, at) if len(part) > 1]


# ---- leads


def name_traces(traces: Sequence[Trace], labels: Sequence[Label]) -> list[Trace] | None:
    """Return the traces with the names that stand at their beginnings, or None if it is unclear.

    The names of one page stand all in one place beside their traces: the place that suits most is
    taken, so that a name halfway between two rows goes to the right one.
    """
    if len(labels) > MAX_TRACES:
        return None
    off = _list_offsets(traces, labels)
    in_order = _name_in_columns(traces, labels, off)
    if in_order is not None:
        return [replace(t, label=labels[in_order[i]]) for i, t in enumerate(traces)]
    near = np.abs(off) <= (_NEAR_X_MM, _NEAR_Y_MM)
    places = np.unique(np.round(off[near.all(axis=2)], 3), axis=0)
    if len(places) == 0:
        return list(traces)
    near_y = _find_row_tolerance(traces)
    rated = [(_match(off, place, near_y), place) for place in places]
    rated.sort(key=lambda found: (-len(found[0]), float(np.hypot(*found[1]))))
    best, (_, up) = rated[0]
    rivals = [p for m, p in rated[1:] if len(m) == len(best) and abs(p[1] - up) > 2 * near_y]
    if any(abs(rival[1]) < 1.5 * abs(up) + 1 for rival in rivals):
        return None
    best = _add_leftovers(best, off, near_y)
    best = _add_late_starts(best, off, (float(up), near_y))
    _check_one_lead_each(traces, labels, best, (up, near_y))
    if len(best) < min(len(traces), len(labels)):
        return None  # names and traces are left that belong together somehow
    return [replace(t, label=labels[best[i]] if i in best else None) for i, t in enumerate(traces)]


def _name_in_columns(
    traces: Sequence[Trace], labels: Sequence[Label], off: Points
) -> dict[int, int] | None:
    """Return which label each trace gets from top to bottom, if every column has as many of both.

    The order holds where a lead's offset carries it towards the next row; None where one is so far
    from its place that rows may have crossed.
    """
    of_traces = _name_by_place([(trace.left_mm, trace.middle_mm) for trace in traces])
    of_labels = _name_by_place([(label.x_mm, label.y_mm) for label in labels])
    if [len(column) for column in of_traces] != [len(column) for column in of_labels]:
        return None
    pairs = [
        (i, j)
        for rows, names in zip(of_traces, of_labels, strict=True)
        for i, j in zip(rows, names, strict=True)
    ]
    away = np.array([off[i, j] for i, j in pairs])
    away_y = np.abs(away[:, 1] - np.median(away[:, 1])).max()
    away_x = np.abs(away[:, 0] - np.median(away[:, 0])).max()
    near_x = float(np.abs(away[:, 0]).max()) <= _NEAR_X_MM and away_x <= _SAME_X_MM
    if not near_x or away_y > _CROSSED * _measure_row_distance(labels):
        return None
    return dict(pairs)


def _name_by_place(places: Sequence[tuple[float, float]]) -> list[list[int]]:
    """Return the numbers of the places column by column from the left, each from the top."""
    columns: list[list[int]] = []
    for i in sorted(range(len(places)), key=lambda i: places[i][0]):
        if columns and places[i][0] - places[columns[-1][0]][0] <= _COLUMN_MM:
            columns[-1].append(i)
        else:
            columns.append([i])
    return [sorted(column, key=lambda i: -places[i][1]) for column in columns]


def _measure_row_distance(labels: Sequence[Label]) -> float:
    heights = np.sort([label.y_mm for label in labels])
    gaps = np.diff(heights)
    apart = gaps[gaps > _LEVEL_MM]
    return float(apart.min()) if apart.size else _NEAR_Y_MM


def are_named_otherwise(traces: Sequence[Trace], phrases: Sequence[Phrase]) -> bool:
    """Return whether words stand in one and the same place beside all of several traces."""
    first, *others = sorted(traces, key=lambda t: -t.middle_mm)
    for phrase in phrases:
        x, y = phrase.x_mm - first.left_mm, phrase.y_mm - first.middle_mm
        if abs(x) > _NEAR_X_MM or abs(y) > _NEAR_Y_MM or not others:
            continue
        if all(
            any(
                abs(p.x_mm - t.left_mm - x) <= _ALIKE_MM
                and abs(p.y_mm - t.middle_mm - y) <= _ALIKE_MM
                for p in phrases
            )
            for t in others
        ):
            return True
    return False


def _check_one_lead_each(
    traces: Sequence[Trace],
    labels: Sequence[Label],
    chosen: dict[int, int],
    level: tuple[float, float],
) -> None:
    """Refuse a line along which the name of a further lead stands."""
    up, near_y = level
    for label in (labels[j] for j in set(range(len(labels))) - set(chosen.values())):
        for i, j in chosen.items():
            trace = traces[i]
            along = trace.left_mm + _NEAR_X_MM / 2 < label.x_mm < trace.right_mm - 2
            if along and abs(label.y_mm - trace.middle_mm - up) <= near_y:
                raise ReadError(
                    f"{labels[j].lead} and {label.lead} are drawn as one line in the PDF; where "
                    "one ends and the other begins is not known."
                )


def _list_offsets(traces: Sequence[Trace], labels: Sequence[Label]) -> Points:
    """Return where each label stands beside each trace's beginning, (n_traces, n_labels, 2)."""
    starts = np.array([(trace.left_mm, trace.middle_mm) for trace in traces])
    at = np.array([(label.x_mm, label.y_mm) for label in labels]).reshape(-1, 2)
    return at[np.newaxis] - starts[:, np.newaxis]


def _find_row_tolerance(traces: Sequence[Trace]) -> float:
    """Return how far a name may be off its place: less than half of the distance of two rows."""
    middles = np.sort([trace.middle_mm for trace in traces])
    gaps = np.diff(middles)
    apart = gaps[gaps > 4.0]
    return min(_MOST_Y_MM, 0.4 * float(apart.min())) if apart.size else _MOST_Y_MM


def _match(off: Points, place: Points, near_y: float) -> dict[int, int]:
    """Return which label each trace gets if names stand at ``place``, each at most once."""
    away = np.abs(off - place)
    near = (away[:, :, 0] <= _SAME_X_MM) & (away[:, :, 1] <= near_y)
    pairs = [(float(away[i, j].sum()), int(i), int(j)) for i, j in np.argwhere(near)]
    return _match_one_to_one(pairs)


def _match_one_to_one(pairs: list[tuple[float, int, int]]) -> dict[int, int]:
    chosen: dict[int, int] = {}
    used: set[int] = set()
    for _, i, j in sorted(pairs):
        if i not in chosen and j not in used:
            chosen[i] = j
            used.add(j)
    return chosen


def _add_leftovers(chosen: dict[int, int], off: Points, near_y: float) -> dict[int, int]:
    """Add names that stand elsewhere beside their trace, where only one trace can be meant."""
    near = (np.abs(off[:, :, 0]) <= _NEAR_X_MM) & (np.abs(off[:, :, 1]) <= 2 * near_y)
    near[list(chosen), :] = False
    near[:, list(chosen.values())] = False
    alone = near & (near.sum(axis=0) == 1) & (near.sum(axis=1) == 1)[:, np.newaxis]
    return {**chosen, **{int(i): int(j) for i, j in np.argwhere(alone)}}


def _add_late_starts(
    chosen: dict[int, int], off: Points, level: tuple[float, float]
) -> dict[int, int]:
    """Add names whose trace begins later in the row: its first samples are absent."""
    up, near_y = level
    in_row = np.abs(off[:, :, 1] - up) <= near_y
    added: dict[int, int] = {}
    for j in set(range(off.shape[1])) - set(chosen.values()):
        free = [i for i in range(len(off)) if i not in chosen and in_row[i, j] and off[i, j, 0] < 0]
        if not free:
            continue
        first = max(free, key=lambda i: float(off[i, j, 0]))
        between = in_row[first] & (off[first, :, 0] > off[first, j, 0]) & (off[first, :, 0] <= 0)
        if not between.any():
            added[first] = j
    return {**chosen, **added}


def continue_leads(traces: Sequence[Trace], pieces: Sequence[Trace]) -> list[list[Trace]]:
    """Return the traces by row and lead: what follows a named one in its row belongs to it.

    Parameters
    ----------
    traces : list of Trace
        Named or not.
    pieces : list of Trace
        Short lines drawn alike, such as what stands between absent samples.

    Returns
    -------
    list of list of Trace
        One list a named trace, from left to right; then one list each for what is unnamed.
    """
    named = [[trace] for trace in traces if trace.label is not None]
    alone: list[list[Trace]] = []
    near_y = _find_row_tolerance([group[0] for group in named]) if named else 0.0
    unnamed = [t for t in traces if t.label is None]
    for trace in sorted([*unnamed, *pieces], key=lambda t: t.left_mm):
        owner = _find_owner(trace, named, near_y)
        if owner is not None:
            owner.append(replace(trace, label=owner[0].label))
        elif len(trace.points) >= MIN_POINTS:
            alone.append([trace])
    return [*named, *alone]


def _find_owner(trace: Trace, named: Sequence[list[Trace]], near_y: float) -> list[Trace] | None:
    """Return the named traces that end left of one and in its row, the nearest."""
    ends = [
        (trace.left_mm - group[-1].right_mm, index)
        for index, group in enumerate(named)
        if trace.left_mm >= group[-1].right_mm - _BACK_MM
        and abs(trace.middle_mm - group[0].middle_mm) <= near_y
    ]
    return named[min(ends)[1]] if ends else None


def join_meeting(traces: Sequence[Trace]) -> list[list[Trace]]:
    """Return the traces, those that begin where another one ends together with it."""
    groups: list[list[Trace]] = []
    for trace in sorted(traces, key=lambda t: t.left_mm):
        before = next((g for g in groups if _meets(g[-1].points, trace.points)), None)
        if before is None:
            groups.append([trace])
        else:
            before.append(trace)
    return groups


def add_pulses(groups: list[list[Trace]], pulses: Sequence[Pulse]) -> list[list[Trace]]:
    """Return the traces with the pulse of their row, by which their zero line is known.

    Where there are as many pulses as rows they belong together from top to bottom; else a pulse
    belongs to a row whose median is near its base.
    """
    bases = _merge(sorted((pulse.base_mm for pulse in pulses), reverse=True), 1.0)
    rows = _make_rows(groups)
    out = list(groups)
    by_base = {base: min(pulses, key=lambda p: abs(p.base_mm - base)) for base in bases}
    for number, row in enumerate(rows):
        middle = float(np.median([groups[i][0].middle_mm for i in row]))
        near = [base for base in bases if abs(base - middle) <= 3.0]
        base = bases[number] if len(bases) == len(rows) else (near[0] if len(near) == 1 else None)
        for i in row:
            if base is not None:
                out[i] = [replace(trace, pulse=by_base[base]) for trace in groups[i]]
    return out


def _make_rows(groups: Sequence[list[Trace]]) -> list[list[int]]:
    """Return the groups row by row from the top, by their names' height or their own."""
    raised = [g[0].label.y_mm - g[0].middle_mm for g in groups if g[0].label is not None]
    up = float(np.median(raised)) if raised else 0.0
    heights = [(g[0].label.y_mm - up if g[0].label else g[0].middle_mm) for g in groups]
    order = sorted(range(len(groups)), key=lambda i: -heights[i])
    rows: list[list[int]] = []
    for i in order:
        if rows and heights[rows[-1][0]] - heights[i] <= 3.0:
            rows[-1].append(i)
        else:
            rows.append([i])
    return rows


def _merge(values: Sequence[float], within: float) -> list[float]:
    out: list[float] = []
    for value in values:
        if not out or abs(out[-1] - value) > within:
            out.append(value)
    return out
