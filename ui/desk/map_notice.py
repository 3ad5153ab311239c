"""What stands above the paper when the chosen finding's map is not on the part that is shown."""

from dataclasses import dataclass

import numpy as np
import streamlit as st
from scipy import ndimage

from ecgcore.results import Attribution
from ecgcore.statements import statement
from ecgcore.units import format_clock
from ui.desk.maps import may_show, offer_failed_map
from ui.desk.paper import Paper
from ui.state import OpenCase
from ui.words import plain

# Attribution is spread over a beat: the centre is where it is densest in so long a stretch.
_BEAT_S = 0.4


@dataclass(frozen=True)
class MapNotice:
    """Why nothing of a map is seen on the sheet.

    Attributes
    ----------
    words : str
    failed : bool
        Whether the map is hidden for a failed check, and can be shown all the same.
    go_to_s : float or None
        Where the map lies in the recording.
    """

    words: str
    failed: bool = False
    go_to_s: float | None = None


def find_notice(
    paper: Paper, attribution: Attribution | str | None, *, style: str
) -> MapNotice | None:
    """Return why the sheet shows nothing of the chosen finding's map; None if it does.

    Parameters
    ----------
    paper : Paper
    attribution : Attribution, str or None
        The map, why there is none, or None where no finding is chosen.
    style : str
        A key of :data:`ecgcore.render.overlay.STYLES`.
    """
    if attribution is None:
        return None
    if isinstance(attribution, str):
        return MapNotice(f"No map: {attribution}")
    return _check_sheet(paper, attribution, style)


def _check_sheet(paper: Paper, attribution: Attribution, style: str) -> MapNotice | None:
    name = statement(attribution.label).term
    if not may_show(paper.case, attribution):
        words = f"{name}: the map failed a faithfulness check and is hidden."
        return MapNotice(words, failed=True)
    at_s = find_densest_s(attribution)
    if at_s is None:
        return MapNotice(f"{name}: nothing in this recording supports it.")
    if style == "none":
        return MapNotice(f"{name}: the overlay is off.")
    if not paper.shows(at_s):
        return MapNotice(f"{name}: the map is at {format_clock(at_s)}.", go_to_s=at_s)
    return None


def show_notice(case: OpenCase, notice: MapNotice | None, attribution: object) -> None:
    """Show a notice in one line above the paper, with what can be done about it."""
    if notice is None:
        return
    with st.container(horizontal=True, vertical_alignment="center", key="map_notice"):
        st.markdown(plain(notice.words), width="content")
        if notice.failed and isinstance(attribution, Attribution):
            offer_failed_map(case, attribution, "review")
        if notice.go_to_s is not None:
            st.button("Go there", key="map_go", on_click=_ask_to_turn, args=(case,))


def turn_to_map(paper: Paper, attribution: Attribution | str | None) -> None:
    """Turn a long recording to the map of a finding that was just chosen, once."""
    case = paper.case
    if not isinstance(attribution, Attribution) or case.turned_to == attribution.label:
        return
    case.turned_to = attribution.label
    at_s = find_densest_s(attribution)
    if at_s is not None and not paper.shows(at_s):
        paper.turn_to(at_s)


def find_densest_s(attribution: Attribution) -> float | None:
    """Return the time around which most speaks for the statement; None where nothing does."""
    over_time = np.maximum(np.nan_to_num(attribution.values), 0).sum(axis=0)
    if not over_time.any():
        return None
    width = max(1, round(_BEAT_S * attribution.fs_hz))
    dense = ndimage.uniform_filter1d(over_time, width, mode="constant")
    return float(np.argmax(dense)) / attribution.fs_hz


def _ask_to_turn(case: OpenCase) -> None:
    case.turned_to = None
