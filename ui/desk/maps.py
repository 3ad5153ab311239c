"""A map of where a model looked: its shading, its checks, and whether it may be shown.

A map that failed a check of its faithfulness is hidden until the reader asks for it, on every page.
"""

from typing import Literal

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from ecgcore.explain import METHODS, rate_faithfulness
from ecgcore.render.overlay import STYLES, Overlay
from ecgcore.results import Attribution
from ecgcore.statements import statement
from ui.components.viewer import Legend
from ui.desk.paper import Shading
from ui.state import OpenCase
from ui.words import plain

STYLE_LABELS = {"heat": "Shading", "trace": "Trace", "none": "None"}
_OPACITY = 0.6


def shade_map(
    attribution: Attribution,
    words: str,
    *,
    style: str = "heat",
    sign: str = "for",
    opacity: float = _OPACITY,
) -> Shading | None:
    """Return how a map is drawn, or None where the reader wants nothing drawn.

    Parameters
    ----------
    attribution : Attribution
    words : str
        What the legend says first, such as "Where the model looked for".
    style : str
        A key of :data:`ecgcore.render.overlay.STYLES`.
    sign : str
        ``"for"``, ``"against"`` or ``"size"``.
    """
    if style not in STYLES or style == "none":
        return None
    name = statement(attribution.label).term
    method = METHODS[attribution.method].name
    values = take_sign(attribution, sign)
    return Shading(
        Overlay(values, attribution.leads, attribution.fs_hz, style, opacity),
        Legend(f"{words} “{name}” ({method})", "low", "high attribution"),
    )


def take_sign(attribution: Attribution, sign: str) -> NDArray[np.float32]:
    """Return what of a map is for a statement, against it, or both; zero or above."""
    if sign == "size" and attribution.signed:
        return np.abs(attribution.values)
    against = sign == "against" and attribution.signed
    return np.maximum(-attribution.values if against else attribution.values, 0)


def choose_style(key: str, *, label: Literal["visible", "collapsed"] = "visible") -> str:
    """Offer how a map is drawn; return a key of :data:`ecgcore.render.overlay.STYLES`."""
    return st.segmented_control(
        "Overlay",
        list(STYLES),
        default="heat",
        required=True,
        format_func=STYLE_LABELS.__getitem__,
        key=key,
        label_visibility=label,
    )


def show_checks(attribution: Attribution, *, more: str = "") -> None:
    """Show each check of a map, folded."""
    with st.expander("Checks"):
        for check in attribution.self_check:
            sign = {True: "✓", False: "✗", None: "·"}[check.passed]
            st.caption(plain(f"{sign} {check.words or check.name}"))
        if more:
            st.caption(more)


def may_show(case: OpenCase, attribution: Attribution) -> bool:
    """Return whether a map may be drawn: its checks allow it, or the reader asked for it."""
    passed = rate_faithfulness(attribution.self_check).shown
    asked = _key_of(attribution) in case.failed_maps_shown
    return passed or asked or case.show_failed == attribution.label


def offer_failed_map(case: OpenCase, attribution: Attribution, place: str) -> None:
    """Offer to draw a map all the same that failed a check.

    Parameters
    ----------
    place : str
        Where on the page; one map can be offered in two places.
    """
    key = _key_of(attribution)
    widget = f"failed_map_{place}_{case.case_id}_{'_'.join(key)}"
    st.session_state[widget] = key in case.failed_maps_shown
    st.toggle("Show anyway", key=widget, on_change=_keep, args=(case, key, widget))


def _keep(case: OpenCase, key: tuple[str, str, str], widget: str) -> None:
    if st.session_state[widget]:
        case.failed_maps_shown.add(key)
    else:
        case.failed_maps_shown.discard(key)


def _key_of(attribution: Attribution) -> tuple[str, str, str]:
    return attribution.model, attribution.label, attribution.method
