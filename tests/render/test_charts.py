"""Charts of the model card and of the population, judged by the figure's JSON."""

import json

import numpy as np
import pytest

from ecgcore.errors import InvalidArgumentError
from ecgcore.leads import STANDARD_12
from ecgcore.render import beat_map, charts

TIMES_MS = tuple(range(-300, 501, 10))


def test_the_operating_point_stands_on_its_axes() -> None:
    figure = charts.roc_figure({"fpr": [0, 0.1, 1], "tpr": [0, 0.8, 1]}, at=(0.1, 0.8))
    marked = [d for d in figure["data"] if "markers" in d["mode"]]
    assert [(d["x"], d["y"]) for d in marked] == [([0.1], [0.8])]
    flagged_none = charts.precision_figure(
        {"recall": [1.0], "precision": [0.2]}, at=None, share=0.2
    )
    assert not [d for d in flagged_none["data"] if "markers" in d["mode"]]
    json.dumps([figure, flagged_none], allow_nan=False)


def test_reliability_has_its_intervals_and_fits_small_probabilities() -> None:
    bins = {"mean": [0.01, 0.05], "observed": [0.0, 0.1], "low": [0.0, 0.04], "high": [0.1, 0.2]}
    figure = charts.reliability_figure(bins | {"n": [30, 30]})
    points = figure["data"][1]
    assert points["error_y"]["array"] == pytest.approx([0.1, 0.1])
    assert points["error_y"]["arrayminus"] == pytest.approx([0.0, 0.06])
    assert figure["layout"]["xaxis"]["range"][1] == pytest.approx(0.212)


def test_intervals_one_below_the_other_with_words_as_text() -> None:
    rows = [
        charts.Row("<b>Women</b>", 0.9, 0.8, 0.95),
        charts.Row("a data set with a very long name indeed", 0.7),
        charts.Row("all", 0.85, 0.8, 0.9, strong=True),
    ]
    figure = charts.interval_figure(rows, title="AUC", reference=0.85)
    quiet, strong = figure["data"]
    assert quiet["y"] == [0, 1]
    assert quiet["error_x"]["arrayminus"] == pytest.approx([0.1, 0])
    assert strong["y"] == [2]
    axis = figure["layout"]["yaxis"]
    assert axis["ticktext"][0] == "&lt;b&gt;Women&lt;/b&gt;"
    assert "<br>" in axis["ticktext"][1]
    assert axis["range"][0] > axis["range"][1]
    assert figure["layout"]["xaxis"]["range"][0] <= 0.68


def test_beats_and_shading_stand_at_the_same_time_and_lead() -> None:
    size = np.zeros((12, 81))
    size[STANDARD_12.index("V2"), 30] = 100  # at R of V2: third column, second row
    shape = np.zeros((12, 81))
    shape[STANDARD_12.index("V2"), 30] = 5
    figure = beat_map.beat_figure(TIMES_MS, size, shape, STANDARD_12)
    heat, *beats, names = figure["data"]
    z = np.array(heat["z"], dtype=float)
    row, column = np.argwhere(z == 100)[0]
    at_s = heat["x0"] + column * heat["dx"]
    drawn = beats[STANDARD_12.index("V2")]
    assert at_s == pytest.approx(drawn["x"][30])
    assert drawn["y"][30] - drawn["y"][0] == 5
    # The label of the lead stands in the band of the shading.
    label = names["text"].index("V2")
    assert abs(names["y"][label] - heat["y"][row]) < 5
    assert heat["y"][row] == pytest.approx(drawn["y"][0] + 1)
    json.dumps(figure, allow_nan=False)


def test_a_map_without_a_beat_and_with_absent_leads_is_drawn() -> None:
    size = np.full((12, 81), np.nan)
    size[0] = 1
    assert len(beat_map.beat_figure(TIMES_MS, size, None, STANDARD_12)["data"]) == 2
    signed = beat_map.signed_figure(TIMES_MS, -size, STANDARD_12)["data"][0]
    assert signed["zmin"] == -signed["zmax"] == -1
    assert signed["z"][1][0] is None
    with pytest.raises(InvalidArgumentError, match="twelve leads"):
        beat_map.signed_figure(TIMES_MS, size[:11], STANDARD_12)
