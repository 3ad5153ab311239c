"""Small plots of the anomaly page: restored beside recorded, leads as bars, long recordings."""

from collections.abc import Mapping
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgcore.errors import InvalidArgumentError
from ecgcore.render.charts import ACCENT, FAINT, INK, LINE, draw_upright, make_layout
from ecgcore.results import RestoredTrace
from ecgcore.units import MV

_BAND = "rgba(134,182,220,0.30)"
_SPAN = "rgba(179,89,0,0.10)"
# Bars begin at the usual: half of the normals have more.
_BAR_PX = 19


def restored_figure(
    trace: RestoredTrace, lead: str, *, start_s: float, end_s: float, around_s: float, unit: str
) -> dict[str, Any]:
    """Return recorded and restored trace around a span, with two standard deviations.

    Parameters
    ----------
    start_s, end_s : float
        Of the span, shaded.
    around_s : float
        Shown on either side.
    unit : str
        Of the recording; without millivolts the axis has no numbers.

    Raises
    ------
    InvalidArgumentError
        If the trace has no such lead.
    """
    if lead not in trace.leads:
        raise InvalidArgumentError(
            f"There is no lead {lead!r} in the map; it has {', '.join(trace.leads)}."
        )
    row = trace.leads.index(lead)
    first = max(0, round((start_s - around_s) * trace.fs_hz))
    last = min(trace.recorded.shape[1], round((end_s + around_s) * trace.fs_hz) + 1)
    at = (np.arange(first, last) / trace.fs_hz).round(3).tolist()
    mean, sd = trace.restored[row, first:last], trace.sd[row, first:last]
    data = [
        _draw_line(at, mean + 2 * sd, "rgba(0,0,0,0)", 0.0),
        _draw_line(at, mean - 2 * sd, "rgba(0,0,0,0)", 0.0)
        | {"fill": "tonexty", "fillcolor": _BAND},
        _draw_line(at, mean, LINE, 1.6) | {"name": "expected"},
        _draw_line(at, trace.recorded[row, first:last], INK, 1.4) | {"name": "recorded"},
    ]
    layout = make_layout(230)
    layout["margin"] = {"l": 52, "r": 10, "t": 6, "b": 40}
    layout["xaxis"] |= {"title": {"text": "Seconds", "font": {"size": 12}}}
    title = "mV, 0.5-40 Hz" if unit == MV else "without a scale"
    layout["yaxis"] |= {"title": {"text": title, "font": {"size": 12}}, "nticks": 5}
    if unit != MV:
        layout["yaxis"] |= {"showticklabels": False}
    layout["shapes"] = [
        {
            "type": "rect", "x0": start_s, "x1": end_s, "yref": "paper", "y0": 0, "y1": 1,
            "fillcolor": _SPAN, "line": {"width": 0}, "layer": "below",
        }
    ]  # fmt: skip
    return {"data": data, "layout": layout}


def _draw_line(
    x: list[float], y: NDArray[np.floating[Any]], color: str, width: float
) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "x": x,
        "y": [float(v) if np.isfinite(v) else None for v in np.asarray(y, dtype=np.float64)],
        "line": {"color": color, "width": width},
        "hoverinfo": "skip",
    }


def draw_lead_bars(scores: Mapping[str, float | None], threshold: float) -> dict[str, Any]:
    """Return how unusual each lead is, one bar a lead, on the scale of the recording's score."""
    names = list(scores)
    heights = [0.0 if v is None else _compute_rarity(v) for v in scores.values()]
    limit = _compute_rarity(threshold)
    colors = [
        FAINT if v is None else ACCENT if _compute_rarity(v) >= limit else LINE
        for v in scores.values()
    ]
    said = ["not assessed" if v is None else f"{100 * v:.1f} %" for v in scores.values()]
    data = [
        {
            "type": "bar",
            "orientation": "h",
            "y": [escape(n, quote=False) for n in names],
            "x": heights,
            "marker": {"color": colors},
            "text": said,
            "textposition": "none",
            "hovertemplate": "%{y}: %{text} if every lead looked like this<extra></extra>",
            "width": 0.62,
        }
    ]
    layout = make_layout(_BAR_PX * len(names) + 52)
    layout["margin"] = {"l": 44, "r": 8, "t": 2, "b": 42}
    layout["yaxis"] |= {"autorange": "reversed", "showgrid": False, "type": "category"}
    layout["xaxis"] |= {
        "range": [0, 4],
        "tickvals": [0, 1, 2, 3, 4],
        "ticktext": ["", "1 in 10", "1 in 100", "1 in 10³", "1 in 10⁴"],
        "tickangle": 0,
    }
    layout["shapes"] = [draw_upright(limit)]
    return {"data": data, "layout": layout}


def _compute_rarity(quantile: float) -> float:
    return float(min(max(-np.log10(max(1.0 - quantile, 1e-4)), 0.0), 4.0))


def draw_over_time(
    values: NDArray[np.float32], fs_hz: float, *, threshold: float, shown: tuple[float, float]
) -> dict[str, Any]:
    """Return the most unusual moment of each stretch of a long recording, time in minutes.

    Parameters
    ----------
    values : array, shape (n_leads, n_samples)
        The map.
    shown : tuple of float
        Start and end (seconds) of the sheet above, shaded.
    """
    top = values.max(axis=0)
    n_bins = int(min(600, max(1, top.size // max(1, round(fs_hz)))))
    edges = np.linspace(0, top.size, n_bins + 1).astype(int)
    highest = np.maximum.reduceat(top, np.minimum(edges[:-1], top.size - 1))
    middle = (edges[:-1] + edges[1:]) / 2 / fs_hz / 60
    data = [
        {
            "type": "scatter",
            "mode": "lines",
            "x": middle.round(4).tolist(),
            "y": [_compute_rarity(float(v)) for v in highest],
            "line": {"color": LINE, "width": 1.0, "shape": "hvh"},
            "fill": "tozeroy",
            "fillcolor": _BAND,
            "hovertemplate": "%{x:.1f} min<extra></extra>",
        }
    ]
    layout = make_layout(130)
    layout["margin"] = {"l": 64, "r": 10, "t": 4, "b": 38}
    layout["xaxis"] |= {"title": {"text": "Minutes", "font": {"size": 12}}}
    layout["yaxis"] |= {
        "range": [0, 4.05],
        "tickvals": [1, 2, 3, 4],
        "ticktext": ["1 in 10", "1 in 100", "1 in 10³", "1 in 10⁴"],
    }
    level = _compute_rarity(threshold)
    layout["shapes"] = [
        {
            "type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": level, "y1": level,
            "line": {"color": ACCENT, "width": 1, "dash": "dot"},
        },
        {
            "type": "rect", "x0": shown[0] / 60, "x1": shown[1] / 60, "yref": "paper", "y0": 0,
            "y1": 1, "fillcolor": _SPAN, "line": {"width": 0}, "layer": "below",
        },
    ]  # fmt: skip
    return {"data": data, "layout": layout}
