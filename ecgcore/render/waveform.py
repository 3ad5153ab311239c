"""The gain curves of a disease under its paper: rule, learned, and where they part."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgcore.render.charts import FAINT, LINE, draw_line, make_layout
from ecgcore.render.palette import LIGHT

# Points of a curve on the page; finer than the eye sees.
_POINTS = 900
_ABOVE, _BELOW = LIGHT.caliper, LIGHT.overlay[3]
_CURVES_PX, _STRIP_PX = 118, 96
Floats = NDArray[np.float32]


def curve_figure(
    by_rule: Floats, learned: Floats | None, fs_hz: float, *, start_s: float, seconds: float
) -> dict[str, Any]:
    """Return both gain curves and, below them, learned less rule.

    Parameters
    ----------
    by_rule, learned : arrays, shape (n_samples,)
        From 0 to 1; None where nothing was learned: then there is the rule alone.
    fs_hz : float
    start_s, seconds : float
        The stretch that the paper shows.
    """
    at = np.linspace(start_s, start_s + seconds, _POINTS)
    rule = _resample_at(by_rule, fs_hz, at)
    data = [
        draw_line(at.tolist(), rule.tolist(), FAINT if learned is not None else LINE, width=1.4)
    ]
    layout = make_layout(_CURVES_PX + 44)
    layout["margin"] = {"l": 44, "r": 14, "t": 4, "b": 34}
    layout["xaxis"] |= {"range": [start_s, start_s + seconds], "ticksuffix": " s", "nticks": 11}
    layout["yaxis"] |= {"range": [-0.04, 1.06], "tickvals": [0, 0.5, 1]}
    if learned is None:
        return {"data": data, "layout": layout}
    shown = _resample_at(learned, fs_hz, at)
    data.append(draw_line(at.tolist(), shown.tolist(), LINE, width=1.8))
    off = shown - rule
    data += [
        _draw_filled(at, np.maximum(off, 0), _ABOVE),
        _draw_filled(at, np.minimum(off, 0), _BELOW),
    ]
    layout["height"] = _CURVES_PX + _STRIP_PX + 44
    layout["yaxis"] |= {"domain": [0.5, 1.0]}
    layout["yaxis2"] = make_layout(0)["yaxis"] | {
        "domain": [0.0, 0.42],
        "range": [-1.05, 1.05],
        "tickvals": [-1, 0, 1],
        "ticktext": ["−1", "0", "+1"],
        "zeroline": True,
        "zerolinecolor": FAINT,
        "anchor": "x",
    }
    layout["xaxis"] |= {"anchor": "y2"}
    return {"data": data, "layout": layout}


def _resample_at(curve: Floats, fs_hz: float, at: NDArray[np.float64]) -> NDArray[np.float64]:
    own = np.arange(curve.size) / fs_hz
    return np.round(np.interp(at, own, curve, left=np.nan, right=np.nan), 4)


def _draw_filled(
    at: NDArray[np.float64], values: NDArray[np.float64], color: str
) -> dict[str, Any]:
    made = draw_line(at.tolist(), np.nan_to_num(values).tolist(), color, width=0.6)
    return made | {"yaxis": "y2", "fill": "tozeroy", "fillcolor": color}
