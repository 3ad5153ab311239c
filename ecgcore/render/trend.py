"""Intervals over the time of a long recording, one small plot a measurement."""

from typing import Any

import numpy as np

from ecgcore.render.palette import LIGHT
from ecgcore.results import Trend

_ROWS = {
    "heart_rate": "Heart rate (/min)",
    "pr": "PR (ms)",
    "qrs": "QRS (ms)",
    "qt": "QT (ms)",
    "qtc_fridericia": "QTc Fridericia (ms)",
}
_ROW_PX = 110


def trend_figure(trend: Trend) -> dict[str, Any]:
    """Return a plotly figure: one row a measurement, time in minutes, gaps where none was made."""
    names = [name for name in _ROWS if np.isfinite(trend.values[name]).any()]
    data, layout = [], _make_layout(len(names))
    for index, name in enumerate(names):
        suffix = "" if index == 0 else str(index + 1)
        values = trend.values[name]
        data.append(
            {
                "type": "scatter",
                "mode": "lines+markers",
                "x": [float(t) / 60 for t in trend.time_s],
                "y": [float(v) if np.isfinite(v) else None for v in values],
                "yaxis": f"y{suffix}",
                "line": {"color": LIGHT.overlay[4], "width": 1.3},
                "marker": {"size": 3},
                "hovertemplate": "%{x:.1f} min: %{y:.0f}<extra></extra>",
            }
        )
        top = 1 - index / len(names)
        layout[f"yaxis{suffix}"] = {
            "domain": [top - 0.86 / len(names), top],
            "title": {"text": _ROWS[name], "font": {"size": 11}},
            "nticks": 4,
            "zeroline": False,
            "gridcolor": "#eceef1",
        }
    return {"data": data, "layout": layout}


def _make_layout(n_rows: int) -> dict[str, Any]:
    return {
        "height": _ROW_PX * max(n_rows, 1) + 50,
        "showlegend": False,
        "margin": {"l": 70, "r": 10, "t": 10, "b": 40},
        "paper_bgcolor": "#ffffff",
        "plot_bgcolor": "#ffffff",
        "xaxis": {
            "title": {"text": "Minutes"},
            "anchor": "y" if n_rows <= 1 else f"y{n_rows}",
            "gridcolor": "#eceef1",
            "zeroline": False,
        },
    }
