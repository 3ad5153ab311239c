"""Attribution on the beat of a population: twelve small beats, and the signed map beside them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgcore.errors import InvalidArgumentError
from ecgcore.render import charts
from ecgcore.render.palette import LIGHT

Array = NDArray[np.float64]

# As on paper: limb leads, augmented leads, V1 to V3, V4 to V6.
_ROWS, _COLUMNS = 3, 4
_GAP_S = 0.08
# A mean beat in standard deviations of its lead: most QRS complexes reach five.
_ROW_HIGH = 10.0
_HEIGHT_PX = 430
# Orange against, blue for: apart in all common colour deficiencies (Okabe and Ito 2008).
SIGNED = (
    (0.0, "rgba(179,89,0,1)"),
    (0.5, "rgba(179,89,0,0)"),
    (0.5, "rgba(8,69,138,0)"),
    (1.0, "rgba(8,69,138,1)"),
)


def beat_figure(
    times_ms: Sequence[int], size: Array, shape: Array | None, leads: Sequence[str]
) -> dict[str, Any]:
    """Return twelve mean beats with the size of the attribution shaded behind each.

    Parameters
    ----------
    times_ms : sequence of int
        From R.
    size : array, shape (12, n_times)
        Zero or above; the darkest colour is its largest value. NaN where there is none.
    shape : array, shape (12, n_times), or None
        The beat in standard deviations of each lead; None draws the shading alone.
    leads : sequence of str
        Names of the rows, four columns of three.

    Raises
    ------
    InvalidArgumentError
        If there are not twelve leads or the shapes do not fit.
    """
    _check(size, times_ms, leads)
    seconds = np.asarray(times_ms) / 1000
    step = float(seconds[1] - seconds[0])
    offset = seconds[-1] - seconds[0] + step + _GAP_S
    data = [_draw_shading(size, seconds, step)]
    texts = []
    for number, lead in enumerate(leads):
        x0, base = (number // _ROWS) * offset, -(number % _ROWS) * _ROW_HIGH
        texts.append((x0 + float(seconds[0]) + 0.01, base + 0.42 * _ROW_HIGH, lead))
        if shape is not None:
            row = shape[number]
            data.append(
                charts.draw_line(
                    [float(v) for v in x0 + seconds],
                    [None if not np.isfinite(v) else float(v) + base - 1.0 for v in row],
                    LIGHT.ink,
                    width=1.4,
                )
            )
    data.append(charts.place_words(texts))
    layout = charts.make_layout(_HEIGHT_PX)
    layout["xaxis"] |= {
        "range": [float(seconds[0]), 3 * offset + float(seconds[-1]) + step],
        "tickvals": [column * offset for column in range(_COLUMNS)],
        "ticktext": ["R"] * _COLUMNS,
    }
    layout["yaxis"] |= {
        "range": [-2.5 * _ROW_HIGH - 0.1, 0.5 * _ROW_HIGH + 0.1],
        "showgrid": False,
        "showticklabels": False,
    }
    layout["margin"] |= {"l": 4, "r": 4, "b": 26}
    return {"data": data, "layout": layout}


def signed_figure(times_ms: Sequence[int], signed: Array, leads: Sequence[str]) -> dict[str, Any]:
    """Return the signed map, one row a lead: blue speaks for the statement, orange against.

    Parameters
    ----------
    times_ms : sequence of int
    signed : array, shape (12, n_times)
    leads : sequence of str

    Raises
    ------
    InvalidArgumentError
        If the shapes do not fit.
    """
    _check(signed, times_ms, leads)
    top = float(np.nanmax(np.abs(signed), initial=1e-9))
    heat = {
        "type": "heatmap",
        "z": _to_lists(signed),
        "x": list(times_ms),
        "y": list(range(len(leads))),
        "zmin": -top,
        "zmax": top,
        "colorscale": [list(stop) for stop in SIGNED],
        "showscale": False,
        "ygap": 2,
        "hovertemplate": "%{x} ms<extra></extra>",
    }
    layout = charts.make_layout(_HEIGHT_PX)
    layout["xaxis"] |= {
        "title": {"text": "ms from R", "font": {"size": 12}, "standoff": 6},
        "dtick": 100,
        "showgrid": False,
    }
    layout["yaxis"] |= {
        "tickvals": list(range(len(leads))),
        "ticktext": list(leads),
        "range": [len(leads) - 0.5, -0.5],
        "showgrid": False,
        "automargin": True,
    }
    layout["shapes"] = [charts.draw_upright(0.0)]
    layout["margin"] |= {"l": 40}
    return {"data": [heat], "layout": layout}


def _check(values: Array, times_ms: Sequence[int], leads: Sequence[str]) -> None:
    if len(leads) != _ROWS * _COLUMNS or values.shape != (len(leads), len(times_ms)):
        raise InvalidArgumentError(
            f"The map has shape {values.shape} for {len(leads)} leads and {len(times_ms)} times; "
            "twelve leads with one value a time are needed."
        )


def _draw_shading(size: Array, seconds: Array, step: float) -> dict[str, Any]:
    n_gap = round(_GAP_S / step)
    blank = np.full((_ROWS, n_gap), np.nan)
    columns = []
    for column in range(_COLUMNS):
        # Rows of a heat map count upwards.
        part = size[column * _ROWS : (column + 1) * _ROWS][::-1]
        columns += [part, blank]
    z = np.concatenate(columns[:-1], axis=1)
    top = float(np.nanmax(z, initial=1e-9))
    return {
        "type": "heatmap",
        "z": _to_lists(z),
        "x0": float(seconds[0]),
        "dx": step,
        "y": [(row - _ROWS + 1) * _ROW_HIGH for row in range(_ROWS)],
        "zmin": 0.0,
        "zmax": top,
        "ygap": 8,
        "colorscale": [[0.0, "rgba(33,113,181,0)"], [1.0, "rgba(33,113,181,0.75)"]],
        "showscale": False,
        "hoverinfo": "skip",
    }


def _to_lists(values: Array) -> list[list[float | None]]:
    return [[float(v) if np.isfinite(v) else None for v in row] for row in values]
