"""Values of leads, drawn where the leads look from: the frontal circle and the chest.

Frontal plane: the hexaxial system, I at 0°, clockwise (AHA/ACC/HRS 2007 Part I).  Chest: a section
of the thorax seen from above, the sternum at the foot of the picture, V1 to V6 around it.
"""

from collections.abc import Collection, Mapping
from math import cos, pi, radians, sin
from typing import Any

from ecgcore.render import charts
from ecgcore.render.palette import LIGHT

FRONTAL_DEG = {"I": 0, "II": 60, "III": 120, "aVF": 90, "aVL": -30, "aVR": -150}
CHEST_DEG = {"V1": 118, "V2": 96, "V3": 74, "V4": 52, "V5": 24, "V6": 0}
FOR = LIGHT.overlay[4]
AGAINST = LIGHT.caliper
_INNER, _LONGEST = 0.34, 0.66
_LABEL_AT = 1.2
_HEIGHT_PX = 360
_BAR_PX = 17
# What is seen, in x and y: the chest leads look forward and to the left only.
_FRONTAL = ((-1.45, 1.5), (-1.35, 0.95))
_CHEST = ((-0.95, 1.6), (-1.3, 0.5))
# Of the chest, wider than deep.
_DEPTH = 0.86


def frontal_figure(
    values: Mapping[str, float], *, top: float, follow: Collection[str] = ()
) -> dict[str, Any]:
    """Return the limb leads' values on the hexaxial circle.

    Parameters
    ----------
    values : mapping of str to float
    top : float
        The value of the longest bar, above zero; the same for both pictures.
    follow : collection of str
        Leads that hold no value of their own: drawn as a faint direction.
    """
    data = [_draw_ring(1.0)]
    for lead, angle in FRONTAL_DEG.items():
        if lead in values or lead in follow:
            data.append(_draw_spoke(angle, 1.0))
    return _make_figure(data, FRONTAL_DEG, values, top, follow, seen=_FRONTAL)


def chest_figure(values: Mapping[str, float], *, top: float) -> dict[str, Any]:
    """Return the chest leads' values around the thorax; arguments as :func:`frontal_figure`."""
    data = [_draw_ring(_DEPTH), _draw_ring(_DEPTH, 0.18, at=(-0.02, -0.2))]
    data += [_draw_spoke(CHEST_DEG[lead], _DEPTH) for lead in CHEST_DEG if lead in values]
    return _make_figure(data, CHEST_DEG, values, top, (), seen=_CHEST)


def _make_figure(
    data: list[dict[str, Any]],
    angles: Mapping[str, float],
    values: Mapping[str, float],
    top: float,
    follow: Collection[str],
    *,
    seen: tuple[tuple[float, float], tuple[float, float]],
) -> dict[str, Any]:
    depth = 1.0 if seen is _FRONTAL else _DEPTH
    labels = []
    for lead, angle in angles.items():
        if lead in values:
            data.append(_draw_bar(lead, angle, values[lead], top, depth))
            labels.append((angle, f"<b>{lead}</b> {values[lead]:+.2f}", LIGHT.ink))
        elif lead in follow:
            labels.append((angle, lead, LIGHT.faint))
    data += [_draw_label(angle, text, color, depth) for angle, text, color in labels]
    layout = charts.make_layout(_HEIGHT_PX)
    layout["margin"] = {"l": 4, "r": 4, "t": 4, "b": 4}
    for axis in ("xaxis", "yaxis"):
        layout[axis] |= {
            "range": list(seen[axis == "yaxis"]),
            "showgrid": False,
            "showticklabels": False,
        }
    layout["yaxis"] |= {"scaleanchor": "x", "scaleratio": 1}
    return {"data": data, "layout": layout}


def _place_point(angle_deg: float, radius: float, depth: float) -> tuple[float, float]:
    angle = radians(angle_deg)
    # Clockwise, as ECG angles run.
    return radius * cos(angle), -radius * sin(angle) * depth


def _draw_ring(
    depth: float, radius: float = _INNER, at: tuple[float, float] = (0.0, 0.0)
) -> dict[str, Any]:
    turn = [2 * pi * i / 72 for i in range(73)]
    x = [at[0] + radius * cos(a) for a in turn]
    y = [at[1] * depth + radius * sin(a) * depth for a in turn]
    return charts.draw_line(x, y, LIGHT.grid_major, width=1.5)


def _draw_spoke(angle: float, depth: float) -> dict[str, Any]:
    near, far = (_place_point(angle, r, depth) for r in (_INNER, _INNER + _LONGEST))
    return charts.draw_line([near[0], far[0]], [near[1], far[1]], LIGHT.grid_minor, width=_BAR_PX)


def _draw_bar(lead: str, angle: float, value: float, top: float, depth: float) -> dict[str, Any]:
    length = _LONGEST * min(1.0, abs(value) / top)
    near, far = (_place_point(angle, r, depth) for r in (_INNER, _INNER + max(length, 0.004)))
    bar = charts.draw_line(
        [near[0], far[0]], [near[1], far[1]], FOR if value >= 0 else AGAINST, width=_BAR_PX
    )
    return bar | {
        "hoverinfo": "text",
        "text": f"{lead} {value:+.2f}",
        "meta": {"role": "bar", "lead": lead, "value": value},
    }


def _draw_label(angle: float, text: str, color: str, depth: float) -> dict[str, Any]:
    x, y = _place_point(angle, _LABEL_AT, depth)
    return {
        "type": "scatter",
        "mode": "text",
        "x": [x],
        "y": [y],
        "text": [text],
        "textfont": {"size": 13, "color": color},
        "hoverinfo": "skip",
        "cliponaxis": False,
    }
