"""Small plots of a model card: curves, calibration, and figures with their intervals.

Every function returns a plotly figure as a plain dictionary, without a background: the page's own
shows through, and a dark room inverts the drawing as a whole.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from math import floor
from textwrap import wrap
from typing import Any

from ecgcore.render.palette import LIGHT

LINE = LIGHT.overlay[4]
SHADE = LIGHT.overlay[1]
ACCENT = LIGHT.caliper
INK = LIGHT.ink
FAINT = LIGHT.faint
GRID = "#8883"
FONT = "Source Sans, Source Sans Pro, sans-serif"
_CLEAR = "rgba(0,0,0,0)"
_HEIGHT_PX = 290
_ROW_PX = 26
# Longer labels are broken: on a telephone they would leave no room for the figures.
LABEL_CHARACTERS = 32


@dataclass(frozen=True)
class Row:
    """One figure with its interval, for :func:`interval_figure`.

    ``low`` and ``high`` are None where there is no interval; ``strong`` rows are drawn darker.
    """

    label: str
    value: float
    low: float | None = None
    high: float | None = None
    strong: bool = False


def roc_figure(curve: Mapping[str, Sequence[float]], *, at: tuple[float, float]) -> dict[str, Any]:
    """Return a ROC curve.

    Parameters
    ----------
    curve : mapping
        ``fpr`` and ``tpr``.
    at : tuple of float
        False alarm rate and sensitivity at the threshold.
    """
    data = [
        draw_line([0, 1], [0, 1], FAINT, dash="dot", width=1),
        draw_line(curve["fpr"], curve["tpr"], LINE, fill=True),
        _mark_point(at, "threshold"),
    ]
    return {
        "data": data,
        "layout": _make_square_layout("False alarms (1 − specificity)", "Sensitivity"),
    }


def precision_figure(
    curve: Mapping[str, Sequence[float]], *, at: tuple[float, float] | None, share: float
) -> dict[str, Any]:
    """Return a precision-recall curve.

    Parameters
    ----------
    curve : mapping
        ``recall`` and ``precision``.
    at : tuple of float or None
        Sensitivity and positive predictive value at the threshold; None where nothing is flagged.
    share : float
        Of positive records: what chance would give.
    """
    data = [
        draw_line([0, 1], [share, share], FAINT, dash="dot", width=1),
        draw_line(curve["recall"], curve["precision"], LINE, fill=True),
    ]
    if at is not None:
        data.append(_mark_point(at, "threshold"))
    return {"data": data, "layout": _make_square_layout("Sensitivity", "Positive predictive value")}


def reliability_figure(bins: Mapping[str, Sequence[float]]) -> dict[str, Any]:
    """Return observed against predicted share, with 95 % intervals.

    Parameters
    ----------
    bins : mapping
        ``mean``, ``observed``, ``low``, ``high`` and ``n``, one of each a bin.
    """
    top = min(1.0, 1.06 * max([0.1, *bins["mean"], *bins["high"]]))
    above = [h - o for o, h in zip(bins["observed"], bins["high"], strict=True)]
    below = [o - w for o, w in zip(bins["observed"], bins["low"], strict=True)]
    points = {
        "type": "scatter",
        "mode": "lines+markers",
        "x": list(bins["mean"]),
        "y": list(bins["observed"]),
        "error_y": {
            "array": above,
            "arrayminus": below,
            "color": LIGHT.overlay[2],
            "thickness": 1.2,
            "width": 0,
        },
        "line": {"color": LINE, "width": 1.6},
        "marker": {"size": 6, "color": LINE},
        "customdata": list(bins["n"]),
        "hovertemplate": "predicted %{x:.0%}, observed %{y:.0%}, %{customdata} records"
        "<extra></extra>",
    }
    layout = _make_square_layout("Predicted probability", "Observed share")
    for axis in ("xaxis", "yaxis"):
        layout[axis] |= {"range": [-0.02 * top, top], "tickformat": ".0%"}
    return {
        "data": [draw_line([0, top], [0, top], FAINT, dash="dot", width=1), points],
        "layout": layout,
    }


def interval_figure(
    rows: Sequence[Row], *, title: str, reference: float | None = None
) -> dict[str, Any]:
    """Return figures with their intervals, one below the other.

    Parameters
    ----------
    rows : sequence of Row
        From the top.
    title : str
        Of the horizontal axis.
    reference : float, optional
        Drawn as a dotted line from top to bottom.
    """
    lows = [r.value if r.low is None else r.low for r in rows]
    start = floor(10 * (min(lows) - 0.02)) / 10
    labels = [wrap(row.label, LABEL_CHARACTERS) for row in rows]
    height = len(rows) * max([_ROW_PX, *(15 * len(lines) + 4 for lines in labels)])
    data: list[dict[str, Any]] = [_draw_whiskers(rows, strong) for strong in (False, True)]
    layout = make_layout(height + 58)
    layout["xaxis"] |= {"title": {"text": title, "font": {"size": 12}}, "range": [start, 1.005]}
    layout["yaxis"] |= {
        "range": [len(rows) - 0.4, -0.6],
        "tickvals": list(range(len(rows))),
        "ticktext": ["<br>".join(escape(part, quote=False) for part in lines) for lines in labels],
        "showgrid": False,
        "automargin": True,
    }
    if reference is not None:
        layout["shapes"] = [draw_upright(reference)]
    return {"data": [d for d in data if d["y"]], "layout": layout}


def _draw_whiskers(rows: Sequence[Row], strong: bool) -> dict[str, Any]:
    kept = [(i, r) for i, r in enumerate(rows) if r.strong == strong]
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [r.value for _, r in kept],
        "y": [i for i, _ in kept],
        "error_x": {
            "array": [0 if r.high is None else r.high - r.value for _, r in kept],
            "arrayminus": [0 if r.low is None else r.value - r.low for _, r in kept],
            "color": INK if strong else LIGHT.overlay[3],
            "thickness": 1.6,
            "width": 0,
        },
        "marker": {"size": 8, "color": INK if strong else LINE},
        "hovertemplate": "%{x:.3f}<extra></extra>",
    }


def draw_line(
    x: Sequence[float],
    y: Sequence[float | None],
    color: str,
    *,
    dash: str = "solid",
    width: float = 2,
    fill: bool = False,
) -> dict[str, Any]:
    """Return a line; None in ``y`` is a gap; ``fill`` shades what lies below."""
    made: dict[str, Any] = {
        "type": "scatter",
        "mode": "lines",
        "x": list(x),
        "y": list(y),
        "line": {"color": color, "width": width, "dash": dash},
    }
    if fill:
        return made | {
            "fill": "tozeroy",
            "fillcolor": "rgba(134,182,220,0.14)",
            "hovertemplate": "%{x:.2f}, %{y:.2f}<extra></extra>",
        }
    return made | {"hoverinfo": "skip"}


def _mark_point(at: tuple[float, float], text: str) -> dict[str, Any]:
    right = at[0] < 0.6
    return {
        "type": "scatter",
        "mode": "markers+text",
        "x": [at[0]],
        "y": [at[1]],
        "text": [text],
        "textposition": ("bottom " if at[1] > 0.2 else "top ") + ("right" if right else "left"),
        "textfont": {"size": 12, "color": ACCENT},
        "marker": {"size": 11, "color": ACCENT},
        "cliponaxis": False,
        "hovertemplate": "%{x:.2f}, %{y:.2f}<extra></extra>",
    }


def draw_upright(at: float) -> dict[str, Any]:
    """Return a dotted line from the bottom to the top of the plot."""
    return {
        "type": "line",
        "x0": at,
        "x1": at,
        "yref": "paper",
        "y0": 0,
        "y1": 1,
        "line": {"color": FAINT, "width": 1, "dash": "dot"},
    }


def place_words(items: Sequence[tuple[float, float, str]]) -> dict[str, Any]:
    """Return words at places (x, y, text), each beginning at its place."""
    return {
        "type": "scatter",
        "mode": "text",
        "x": [x for x, _, _ in items],
        "y": [y for _, y, _ in items],
        "text": [escape(text, quote=False) for _, _, text in items],
        "textposition": "middle right",
        "textfont": {"size": 13, "color": INK},
        "hoverinfo": "skip",
        "cliponaxis": False,
    }


def make_layout(height: int) -> dict[str, Any]:
    """Return the layout that all share: no background, no tools, quiet grid."""
    axis = {
        "gridcolor": GRID,
        "zeroline": False,
        "fixedrange": True,
        "ticks": "",
        "tickfont": {"size": 12, "color": FAINT},
    }
    return {
        "height": height,
        "showlegend": False,
        "dragmode": False,
        "margin": {"l": 52, "r": 14, "t": 8, "b": 46},
        "paper_bgcolor": _CLEAR,
        "plot_bgcolor": _CLEAR,
        "font": {"family": FONT, "color": INK, "size": 13},
        "hoverlabel": {"font": {"family": FONT}},
        "xaxis": dict(axis),
        "yaxis": dict(axis),
    }


def _make_square_layout(x: str, y: str) -> dict[str, Any]:
    layout = make_layout(_HEIGHT_PX)
    for axis, title in (("xaxis", x), ("yaxis", y)):
        layout[axis] |= {
            "title": {"text": title, "font": {"size": 12}, "standoff": 8},
            "range": [-0.02, 1.02],
            "nticks": 6,
        }
    return layout
