"""Leads on the body, and attribution over time."""

import numpy as np
import pytest

from ecgcore.render.lead_body import AGAINST, FOR, chest_figure, frontal_figure
from ecgcore.render.strip import BIN_S, strip_figure, sum_over_time, window_figure


def bars(figure):
    return {
        t["meta"]["lead"]: t for t in figure["data"] if (t.get("meta") or {}).get("role") == "bar"
    }


def test_limb_leads_point_where_they_look_from_and_follow_faintly():
    found = frontal_figure({"I": 2.0, "II": -1.0}, top=2.0, follow=("aVF", "aVL"))
    drawn = bars(found)
    assert set(drawn) == {"I", "II"}
    assert drawn["I"]["line"]["color"] == FOR
    assert drawn["II"]["line"]["color"] == AGAINST
    # I at 0 degrees to the right; II at 60 degrees, down and right.
    assert drawn["I"]["y"] == pytest.approx([0, 0])
    assert drawn["II"]["x"][1] > 0 > drawn["II"]["y"][1]
    length = {k: np.hypot(np.diff(t["x"]), np.diff(t["y"]))[0] for k, t in drawn.items()}
    assert length["I"] == pytest.approx(2 * length["II"])
    words = " ".join(t["text"][0] for t in found["data"] if t.get("mode") == "text")
    assert "<b>II</b> -1.00" in words
    assert "aVF" in words


def test_chest_leads_go_round_from_the_sternum_to_the_side():
    drawn = bars(chest_figure({f"V{i}": 1.0 for i in range(1, 7)}, top=1.0))
    x = [drawn[f"V{i}"]["x"][1] for i in range(1, 7)]
    assert x == sorted(x)
    assert drawn["V6"]["y"][1] == pytest.approx(0)
    assert drawn["V2"]["y"][1] < drawn["V5"]["y"][1] < 0


def test_the_strip_adds_the_leads_and_numbers_the_beats():
    values = np.zeros((2, 500), np.float32)
    values[:, 200:210] = 1
    found = sum_over_time(values, 100.0)
    assert found.size == 5 / BIN_S
    assert found.argmax() * BIN_S == pytest.approx(2.0)
    assert found.max() == 1
    figure = strip_figure({"a": found, "b": found}, start_s=10.0, beats_s=[10.4, 11.4])
    assert [t["name"] for t in figure["data"]] == ["a", "b"]
    assert figure["data"][0]["x"][0] == pytest.approx(10 + BIN_S / 2)
    assert [a["text"] for a in figure["layout"]["annotations"]] == ["1", "2"]
    assert not sum_over_time(np.zeros((1, 30), np.float32), 100.0).any()


def test_of_many_beats_some_have_their_number():
    figure = strip_figure({"a": np.ones(600)}, start_s=0.0, beats_s=[0.6 * n for n in range(50)])
    numbers = [note["text"] for note in figure["layout"]["annotations"]]
    assert numbers == [str(n) for n in range(1, 51, 4)]
    assert len(figure["layout"]["shapes"]) == 50
    assert strip_figure({"a": np.ones(600)}, start_s=0.0)["layout"]["annotations"] == []


def test_the_shown_window_is_darker():
    found = window_figure([0.1, 0.9, 0.2], [(0, 10), (10, 20), (20, 30)], shown=1)
    colors = found["data"][0]["marker"]["color"]
    assert colors[0] == colors[2] != colors[1]
