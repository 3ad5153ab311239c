"""The overlay of what is unusual: the map, its ranked places, and what was expected there."""

from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from ecgcore.inference.anomaly_shading import ShadingScale
from ecgcore.render.paper import PaperSettings
from ecgcore.render.restored import draw_lead_bars, draw_over_time, restored_figure
from ecgcore.results import AnomalyMap, RestoredTrace
from ecgcore.simulate.cases import make_demonstration_case
from tests.ui.desk_app import (
    LIST,
    VIEWER,
    act,
    heat,
    open_details,
    payloads,
    read,
    recording,
    texts,
    words_of,
)
from ui.desk import anomaly
from ui.desk.anomaly_words import (
    describe_part,
    describe_places,
    describe_score,
    format_ordinal,
    format_percent,
    format_power,
    format_rarity,
)
from ui.desk.paper import Paper
from ui.state import OpenCase


def shown(app: AppTest, case: OpenCase) -> dict[str, dict[str, Any]]:
    case.overlay = "unusual"
    return read(app, case)


def test_map_list_and_threshold_stand_beside_the_paper(app: AppTest) -> None:
    case = OpenCase("x", make_demonstration_case("pvc").recording)
    found = shown(app, case)
    layer = found[VIEWER]["layers"]["unusual"]
    assert heat(layer)
    assert "unusual among normal" in layer["legend"]["label"]
    rows = found[LIST]["rows"]
    assert rows
    said = words_of(open_details(app, "unusual"))
    assert "Trained on normal ECGs only" in said
    assert "With the classifier&#x27;s features" in said
    assert "Restoration error of hidden segments" in said
    assert "Features&#x27; distance from normal ECGs, diagnostic-1" in said
    assert "less unusual, part by part" in said
    assert "nobody told it of any disease" not in said
    assert "10 s of a normal ECG have" in said
    fewer = app.select_slider(key=f"anomaly_threshold_{case.case_id}").set_value(10_000).run()
    assert len(payloads(fewer).get(LIST, {"rows": []})["rows"]) <= len(rows)


def test_a_chosen_place_shows_what_was_expected(app: AppTest) -> None:
    case = OpenCase("x", make_demonstration_case("pvc").recording)
    rows = shown(app, case)[LIST]["rows"]
    found = act(app, "select", LIST, code=rows[0]["code"])
    assert found[LIST]["selected"] == rows[0]["code"]
    assert f"{rows[0]['name'].split()[0]} s" in found[VIEWER]["layers"]["unusual"]["note"]
    open_details(app, "unusual")
    assert any("Recorded and expected" in m.value for m in app.markdown)
    # Keys N and P, on the paper, step through the same places.
    assert act(app, "next_place")[LIST]["selected"] == rows[1]["code"]
    assert act(app, "previous_place")[LIST]["selected"] == rows[0]["code"]


def test_a_flat_recording_is_drawn_and_not_judged(app: AppTest) -> None:
    found = shown(app, OpenCase("flat", recording(signal=np.zeros((12, 5000)))))
    assert "Not assessed" in " ".join(w.value for w in app.warning)
    assert "Not a medical device" in texts(found[VIEWER], "footer")


def test_too_short_a_recording_says_why(app: AppTest) -> None:
    found = shown(app, OpenCase("short", recording(signal=recording().signal[:, :1000])))
    assert any("at least 5 s" in i.value.replace("\\", "") for i in app.info)
    assert "at least 5 s" in found[VIEWER]["layers"]["unusual"]["note"]
    act(app, "next_place")  # nothing to step to


def test_keys_step_through_the_places(monkeypatch: pytest.MonkeyPatch) -> None:
    from ecgcore.inference.anomaly_spans import Place
    from ecgcore.results import AnomalySpan

    places = tuple(
        Place(t, t + 0.3, 0.999, (AnomalySpan("II", t, t + 0.3, 0.999),)) for t in (40.0, 2.0)
    )
    case = OpenCase("x", make_demonstration_case("holter-pvc").recording)
    paper = Paper(case, PaperSettings())
    state: dict[str, Any] = {}
    monkeypatch.setattr(anomaly.st, "session_state", state)
    anomaly.take_act(paper, places, {"name": "next"})
    assert state["anomaly_place"] == "40.000-40.300"
    assert 35 < case.start_s < 40  # the recording was turned to it
    anomaly.take_act(paper, places, {"name": "next"})
    assert state["anomaly_place"] == "2.000-2.300"
    assert case.start_s < 2
    case.start_s = 100.0
    anomaly.take_act(paper, places, {"name": "select", "code": "2.000-2.300"})
    assert state["anomaly_place"] is None  # chosen once more: put away
    assert case.start_s == 100.0


def test_a_score_of_one_is_not_printed_as_all_normals() -> None:
    assert format_percent(0.9886) == "98.9 %"
    assert format_percent(0.9999) == "over 99.9 %"
    assert describe_part("distance:net-1") == "Features' distance from normal ECGs, net-1"


def test_rarity_in_words() -> None:
    assert format_rarity(0.998) == "1 in 500"
    assert format_rarity(1.0) == "rarest"
    found = AnomalyMap(
        np.zeros((1, 2), np.float32), ("I",), 1.0, 0.5, 0.9, false_alarms=((0.9, 4.0), (0.99, 1.0))
    )
    assert anomaly._count_alarms(found, 0.945) == pytest.approx(2.5)
    assert anomaly._count_alarms(found, 0.5) == 4.0


def test_small_figures_hold_gaps_limits_and_escaped_names() -> None:
    row = np.arange(200, dtype=np.float32)[None]
    row[0, 50] = np.nan
    trace = RestoredTrace(row, row, np.ones_like(row), ("II",), 100.0)
    figure = restored_figure(trace, "II", start_s=0.4, end_s=0.8, around_s=1.0, unit="NU")
    assert figure["data"][-1]["y"][50] is None
    assert figure["layout"]["yaxis"]["showticklabels"] is False
    bars = draw_lead_bars({"<b>": 0.999, "V1": None}, 0.95)
    assert bars["data"][0]["y"][0] == "&lt;b&gt;"
    assert bars["data"][0]["x"] == [pytest.approx(3.0, abs=1e-3), 0.0]
    values = np.zeros((2, 1000), np.float32)
    values[1, 500] = 0.999
    time = draw_over_time(values, 10.0, threshold=0.99, shown=(0.0, 10.0))
    assert max(time["data"][0]["y"]) == pytest.approx(3.0, abs=1e-3)


def _map(row: list[float], *, abnormal: bool) -> AnomalyMap:
    values = np.repeat(np.array([row], np.float32), 200, axis=1)
    score = 0.99 if abnormal else 0.5
    return AnomalyMap(values, ("I",), 100.0, score, 0.95, abnormal, map_threshold=0.999)


@pytest.mark.parametrize(
    ("row", "abnormal", "rarity"),
    [
        ([0.5, 0.992, 0.5], True, 100),  # called unusual: what is most unusual is marked
        ([0.5, 0.992, 0.5], False, 1000),
        ([0.5, 0.9995, 0.5], True, 1000),
        ([0.5, 0.6, 0.5], True, 20),
    ],
)
def test_an_unusual_ecg_begins_where_a_place_is_marked(
    row: list[float], abnormal: bool, rarity: int
) -> None:
    assert anomaly._choose_rarity(_map(row, abnormal=abnormal)) == rarity


def test_words_over_the_places_never_contradict_score_or_shading() -> None:
    raised, usual = ShadingScale(3.0, 5.0), ShadingScale(1.0, 3.0)
    unusual, normal = _map([0.5], abnormal=True), _map([0.5], abnormal=False)
    assert "unusual as a whole" in describe_places(unusual, n_places=0, scale=usual)
    assert "does not mean" in describe_places(normal, n_places=0, scale=usual)
    assert "within the normal range" in describe_places(normal, n_places=3, scale=usual)
    words = describe_places(unusual, n_places=3, scale=raised)
    assert "Half of the ECG is rarer than 1 in 1,000" in words
    assert "normal range" not in words
    assert [format_power(p) for p in (1.0, 2.0, 3.6)] == [
        "1 in 10",
        "1 in 100",
        "1 in 4,000",
    ]


def test_a_score_is_said_as_a_percentile() -> None:
    assert describe_score(0.788, abnormal=False) == "Within normal range (79th percentile)"
    assert describe_score(0.996, abnormal=True) == "Unusual (99.6th percentile)"
    assert describe_score(1.0, abnormal=True) == "Unusual (above the 99.9th percentile)"
    assert [format_ordinal(p) for p in (1, 2, 3, 11, 12, 13, 21, 98.9)] == [
        "1st", "2nd", "3rd", "11th", "12th", "13th", "21st", "99th",
    ]  # fmt: skip
