"""Attribution over time as a strip under the paper: one line a method, ticks at the beats."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgcore.render import charts
from ecgcore.render.palette import LIGHT

BIN_S = 0.05
COLORS = (LIGHT.overlay[4], LIGHT.caliper)
_HEIGHT_PX = 150
# Numbers that can be told apart on a phone.
_MOST_NUMBERS = 14


def sum_over_time(values: NDArray[np.float32], fs_hz: float) -> NDArray[np.float64]:
    """Return the sum over leads in bins of 50 ms, the highest being 1.

    Parameters
    ----------
    values : array, shape (n_leads, n_samples)
        Zero or above.
    fs_hz : float
    """
    n_bins = max(1, int(np.ceil(values.shape[1] / fs_hz / BIN_S)))
    edges = np.minimum((np.arange(n_bins) * BIN_S * fs_hz).astype(int), values.shape[1] - 1)
    total = np.add.reduceat(values.sum(axis=0, dtype=np.float64), edges)
    top = float(total.max(initial=0))
    return np.asarray(total / top if top > 0 else total)


def strip_figure(
    rows: Mapping[str, NDArray[np.float64]],
    *,
    start_s: float,
    beats_s: Sequence[float] = (),
) -> dict[str, Any]:
    """Return the strip.

    Parameters
    ----------
    rows : mapping of str to array
        Name of a method -> its values from :func:`sum_over_time`, of one length.
    start_s : float
        Time of the first bin.
    beats_s : sequence of float
        Times of the R peaks, numbered from 1; of many every second, third, ... has its number.
    """
    data: list[dict[str, Any]] = []
    for (name, values), color in zip(rows.items(), COLORS, strict=False):
        times = start_s + BIN_S * (np.arange(values.size) + 0.5)
        made = charts.draw_line(
            [round(float(t), 3) for t in times], values.round(4).tolist(), color
        )
        data.append(
            made
            | {"name": name, "showlegend": True, "line": {"color": color, "width": 1.8}}
            | {"hoverinfo": "x+name"}
        )
    layout = charts.make_layout(_HEIGHT_PX)
    layout["margin"] = {"l": 6, "r": 6, "t": 44, "b": 30}
    layout["showlegend"] = True
    # Above the numbers of the beats.
    layout["legend"] = {"orientation": "h", "x": 0, "y": 1.22, "yanchor": "bottom"}
    layout["legend"]["font"] = {"size": 12}
    layout["yaxis"] |= {"showgrid": False, "showticklabels": False, "range": [-0.02, 1.16]}
    layout["xaxis"] |= {"ticksuffix": " s", "showgrid": False}
    layout["shapes"] = [charts.draw_upright(at) for at in beats_s]
    step = -(-len(beats_s) // _MOST_NUMBERS) or 1
    layout["annotations"] = [
        {
            "x": at,
            "y": 1.0,
            "yref": "paper",
            "yanchor": "bottom",
            "text": str(number),
            "showarrow": False,
            "font": {"size": 11, "color": LIGHT.faint},
        }
        for number, at in list(enumerate(beats_s, start=1))[::step]
    ]
    return {"data": data, "layout": layout}


def window_figure(
    probabilities: Sequence[float],
    bounds_s: Sequence[tuple[float, float]],
    *,
    shown: int,
    numbered: bool = True,
) -> dict[str, Any]:
    """Return the probability of each window of a long recording, the shown one darker.

    Parameters
    ----------
    probabilities : sequence of float
    bounds_s : sequence of tuple of float
        Start and end of each window.
    shown : int
    numbered : bool
        False for a statement without a calibrated probability: heights without numbers.
    """
    colors = [LIGHT.overlay[2]] * len(probabilities)
    colors[shown] = LIGHT.overlay[5]
    bars = {
        "type": "bar",
        "x": [(low + high) / 2 for low, high in bounds_s],
        "y": [round(float(p), 4) for p in probabilities],
        "width": [0.9 * (high - low) for low, high in bounds_s],
        "marker": {"color": colors},
        "hovertemplate": f"%{{x:.0f}} s{': %{y:.0%}' if numbered else ''}<extra></extra>",
    }
    layout = charts.make_layout(_HEIGHT_PX)
    layout["margin"] = {"l": 44, "r": 6, "t": 6, "b": 30}
    layout["yaxis"] |= {"range": [0, 1.02], "tickformat": ".0%", "nticks": 3}
    layout["yaxis"]["showticklabels"] = numbered
    layout["xaxis"] |= {"ticksuffix": " s", "showgrid": False}
    return {"data": [bars], "layout": layout}
