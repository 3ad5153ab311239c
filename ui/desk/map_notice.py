"""Where a map lies in a recording that is longer than a sheet: the paper turns there."""

import numpy as np
from scipy import ndimage

from ecgcore.results import Attribution
from ecgcore.statements import statement
from ecgcore.units import format_clock
from ui.desk.paper import Paper

# Attribution is spread over a beat: the centre is where it is densest in so long a stretch.
_BEAT_S = 0.4


def turn_to(paper: Paper, code: str, at_s: float | None) -> None:
    """Turn a long recording to where a statement's evidence lies, once after it was chosen."""
    case = paper.case
    if case.turned_to == code:
        return
    case.turned_to = code
    if at_s is not None and not paper.shows(at_s):
        paper.turn_to(at_s)


def describe_absence(paper: Paper, attribution: Attribution) -> str:
    """Return why the sheet shows nothing of a map; empty if it does."""
    name, at_s = statement(attribution.label).term, find_densest_s(attribution)
    if at_s is None:
        return f"{name}: nothing in this recording supports it."
    if not paper.shows(at_s):
        return f"{name}: the map is at {format_clock(at_s)}. Press 2 to go there."
    return ""


def find_densest_s(attribution: Attribution) -> float | None:
    """Return the time around which most speaks for the statement; None where nothing does."""
    over_time = np.maximum(np.nan_to_num(attribution.values), 0).sum(axis=0)
    if not over_time.any():
        return None
    width = max(1, round(_BEAT_S * attribution.fs_hz))
    dense = ndimage.uniform_filter1d(over_time, width, mode="constant")
    return float(np.argmax(dense)) / attribution.fs_hz
