"""The six overlays of the desk: each is chosen on the paper, drawn, explained and let go."""

import json
import re
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from ecgcore.explain import METHODS
from ecgcore.explain.faithfulness import RED, Faithfulness
from ecgcore.recording import Recording
from ecgcore.results import Call, Evidence, Interpretation
from tests.ui.desk_app import (
    RAIL,
    VIEWER,
    act,
    heat,
    html_of,
    open_details,
    overlay,
    payloads,
    read,
    simulated,
    words_of,
)
from ui.desk.desk import Desk
from ui.desk.overlays import CHOICES, OVERLAYS, leads, why
from ui.desk.paper import Paper
from ui.desk.settings import PaperSettings
from ui.state import OpenCase

LEADS = ("I", "II", "V1", "V6")
RED_WORDS = "Not faithful to the model: made for this test."


@pytest.fixture
def all_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every map fails a check that decides."""
    red = Faithfulness(RED, RED_WORDS)
    for module in ("maps", "overlays.why", "overlays.leads", "explain_leads", "report_lines"):
        monkeypatch.setattr(f"ui.desk.{module}.rate_faithfulness", lambda _checks: red)


def has_bars(layer: dict[str, Any]) -> bool:
    return any(trace["meta"]["role"] == "bar" for trace in layer["traces"])


def test_each_overlay_has_a_key_of_its_own_and_none_is_the_first() -> None:
    assert [choice.key for choice in CHOICES] == ["1", "2", "3", "4", "5", "6"]
    assert CHOICES[0].id == "none"
    assert all(f"({choice.key})" in choice.title for choice in CHOICES)
    assert list(OVERLAYS) == [choice.id for choice in CHOICES]


@pytest.mark.usefixtures("one_method")
def test_every_overlay_is_chosen_on_the_paper_and_only_it_is_drawn(app: AppTest) -> None:
    case = simulated("pvc", "II", "V1", selected="PVC")
    viewer = read(app, case)[VIEWER]
    assert [choice["id"] for choice in viewer["choices"]] == list(OVERLAYS)
    assert viewer["overlay"] == "none"
    sheet = viewer["revision"]
    drawn = {name: overlay(app, name) for name in OVERLAYS if name != "none"}
    assert len({layer["revision"] for layer in drawn.values()}) == len(drawn)
    for name in ("why", "leads", "unusual", "attention"):
        assert heat(drawn[name]), name
        assert drawn[name]["legend"]["label"], name
    assert "entricular premature complex" in drawn["why"]["legend"]["label"]
    assert "unusual among normal" in drawn["unusual"]["legend"]["label"]
    assert drawn["attention"]["legend"]["label"].startswith("Rule gain for")
    assert drawn["waves"]["markers"]["lines"]
    assert has_bars(drawn["leads"])
    # The sheet itself stays as it is: zoom, scroll and caliper are kept.
    assert act(app, "overlay", id="none")[VIEWER]["revision"] == sheet
    act(app, "overlay", id="<b>")
    assert case.overlay == "none"


@pytest.mark.usefixtures("one_method")
def test_a_chosen_statement_puts_its_own_map_under_the_trace(app: AppTest) -> None:
    case = simulated("rbbb", *LEADS, overlay="why")
    first = read(app, case)[VIEWER]["layers"]["why"]
    assert first["legend"]["label"] == (
        "Where the model looked for “Right bundle branch block” (Grad-CAM)"
    )
    assert "Right bundle branch block" in " ".join(c.value for c in app.caption)
    assert re.search(r"ecg-light\">[✓!] Grad-CAM: ", " ".join(html_of(app)))
    act(app, "select", RAIL, code="SR")
    second = payloads(app)[VIEWER]["layers"]["why"]
    assert second["revision"] != first["revision"]
    assert "Sinus rhythm" in second["legend"]["label"] + second["note"]


@pytest.mark.usefixtures("one_method")
def test_another_method_is_one_choice_away(app: AppTest) -> None:
    case = simulated("pvc", "II", overlay="why", selected="PVC")
    read(app, case)
    menu = next(box for box in app.selectbox if box.label == "Method")
    assert menu.options[0] == "Best checked"
    before = payloads(app)[VIEWER]["layers"]["why"]
    menu.set_value("hirescam").run()
    assert not app.exception
    after = payloads(app)[VIEWER]["layers"]["why"]
    assert case.method == "hirescam"
    assert after["legend"]["label"].endswith(f"({METHODS['hirescam'].name})")
    assert after["revision"] != before["revision"]
    assert "Over time" not in words_of(app)  # computed when it is opened
    assert "Over time" in words_of(open_details(app, "why"))


@pytest.mark.usefixtures("all_fail", "one_method")
def test_a_map_that_fails_gives_way_to_the_evidence_until_key_a(app: AppTest) -> None:
    case = simulated("rbbb", *LEADS, overlay="why", selected="RBBB")
    layer = read(app, case)[VIEWER]["layers"]["why"]
    assert layer["legend"]["label"].startswith("Measured evidence for")
    assert "The map failed a faithfulness check" in layer["note"]
    assert "Press A to show it" in layer["note"]
    assert not layer["warning"]
    assert "of what supports" not in words_of(app)
    shown = act(app, "show_anyway")[VIEWER]["layers"]["why"]
    assert shown["legend"]["label"].startswith("Failed its check: attribution for")
    assert shown["warning"]
    assert shown["note"].startswith("This map is not reliable.")
    again = act(app, "show_anyway")[VIEWER]["layers"]["why"]
    assert again["revision"] == layer["revision"]


@pytest.mark.usefixtures("all_fail", "one_method")
def test_key_a_is_for_the_statement_that_is_explained_chosen_or_not(app: AppTest) -> None:
    case = simulated("rbbb", *LEADS, overlay="why")
    read(app, case)
    layer = act(app, "show_anyway")[VIEWER]["layers"]["why"]
    assert layer["warning"]
    other = act(app, "select", RAIL, code="AF")[VIEWER]["layers"]["why"]
    assert not other["warning"]
    case.read_by("diagnostic-1")
    assert case.show_failed is None


@pytest.mark.usefixtures("all_fail")
def test_lead_values_that_fail_are_hidden_until_key_a(app: AppTest) -> None:
    case = simulated("pvc", "II", "V1", overlay="leads", selected="PVC")
    layer = read(app, case)[VIEWER]["layers"]["leads"]
    assert layer["traces"] == []
    assert layer["note"].startswith("Lead values are hidden")
    shown = act(app, "show_anyway")[VIEWER]["layers"]["leads"]
    assert has_bars(shown)
    assert re.search(r"\(Shapley value, logit\): (II|V1) \+\d", shown["legend"]["label"])
    assert shown["warning"]
    assert shown["note"].startswith("Not reliable")
    toggles = [toggle for toggle in app.toggle if toggle.label == "Show anyway"]
    assert toggles


def test_a_single_lead_has_no_lead_importance_and_says_so(app: AppTest) -> None:
    layer = read(app, simulated("atrial-fibrillation", "II", overlay="leads"))[VIEWER]["layers"]
    assert layer["leads"]["note"] == "Lead importance does not apply to a single lead."
    assert layer["leads"]["traces"] == []


def test_what_no_network_knows_is_shown_by_its_evidence(app: AppTest) -> None:
    case = simulated("rbbb", *LEADS, overlay="why", selected="SR")
    found = read(app, case)
    assert "SR" in {row["code"] for row in found[RAIL]["rows"]}
    layer = found[VIEWER]["layers"]["why"]
    assert layer["note"] or layer["legend"]["label"].startswith("Measured evidence")
    assert not [box for box in app.selectbox if box.label == "Method"]
    leads_layer = overlay(app, "leads")
    assert leads_layer["note"].endswith("the network does not assess it.")


# ---- without a page ------------------------------------------------------------------------


def make_desk(*calls: Call, **given: Any) -> Desk:
    case = OpenCase("x", Recording(np.zeros((2, 5000)), 500.0, ("I", "V1")), **given)
    found = Interpretation(statements=calls, urgent=tuple(c for c in calls if c.urgent))
    return Desk(Paper(case, PaperSettings("stacked")), found, "No model is installed.")


def call_of(code: str, decided_by: str = "measurement", **given: Any) -> Call:
    return Call(code=code, decided_by=decided_by, **given)


def test_the_first_of_note_is_urgent_or_what_the_network_supports() -> None:
    assert make_desk().explained is None
    rhythm, block = call_of("SR"), call_of("RBBB", "both")
    assert make_desk(rhythm).explained == "SR"
    assert make_desk(rhythm, block).explained == "RBBB"
    assert make_desk(rhythm, replace(rhythm, urgent=True), block).explained == "SR"
    assert make_desk(rhythm, block, selected="AF").explained == "AF"


def test_without_anything_to_explain_the_overlays_ask_for_a_statement() -> None:
    assert why.draw(make_desk()).note == "Choose a statement."
    assert "needs a statement that the network assesses" in leads.draw(make_desk()).note


RBBB = SimpleNamespace(finding=True)


def test_lead_importance_is_of_what_the_network_assesses_unless_the_reader_chose() -> None:
    urgent = call_of("57054005")
    said = SimpleNamespace(finding=lambda code: RBBB if code == "RBBB" else None)
    open_desk = make_desk(replace(urgent, urgent=True), call_of("RBBB"))
    desk = replace(open_desk, prediction=said)
    assert (desk.explained, desk.heard) == ("57054005", "RBBB")
    chosen = make_desk(urgent, call_of("RBBB"), selected="57054005")
    assert replace(chosen, prediction=said).heard is None


def test_a_statement_that_is_not_stated_has_no_evidence() -> None:
    drawing = why.draw(make_desk(selected="RBBB"))
    assert drawing.overlay is None
    assert drawing.note.endswith("is not stated; there is no evidence to show.")


def test_evidence_of_the_whole_recording_is_a_line_alone() -> None:
    rate = call_of("STACH", evidence=(Evidence(name="Ventricular rate", value=130.0, unit="/min"),))
    drawing = why.draw(make_desk(rate))
    assert drawing.overlay is None
    assert "Ventricular rate" in drawing.note


def test_a_layer_goes_to_the_browser_as_json() -> None:
    desk = make_desk(call_of("PVC", spans=((1.0, 2.0),)))
    drawing = why.draw(desk)
    assert drawing.overlay is not None
    data = drawing.lay_over(desk.paper).as_data()
    assert json.loads(json.dumps(data))["revision"]
