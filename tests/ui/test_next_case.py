"""Nothing of a case stays on the pages when the next one is opened."""

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from ecgcore.recording import Recording
from ecgcore.render.paper import list_layouts
from ecgcore.simulate.cases import make_demonstration_case
from tests.ui.desk_app import RAIL, VIEWER, act, drawn_leads, payloads, read, study, walk
from ui.desk.overlays import OVERLAYS
from ui.state import OF_A_CASE, PREFERENCES, OpenCase, put_case

PLACES = (*OVERLAYS, "methods", "single-lead")
# What a reader chooses for any case, and what holds no word of one.
ANY_CASE = (
    "answer_",
    "desk_details_",
    "desk_foot",
    "desk_head",
    "desk_left",
    "desk_panel",
    "desk_paper",
    "desk_rail",
    "desk_statements",
    "desk_values",
    "lead_",
    "leads_",
    "models_view",
    "print_name_",
    "read_by_",
    "row_",
)


def case_of(*leads: str) -> OpenCase:
    source = make_demonstration_case("pvc").recording
    rows = source.signal[[i % 12 for i in range(len(leads))], :5000]
    return OpenCase(f"{len(leads)} leads", Recording(rows, source.fs_hz, leads))


TWELVE = make_demonstration_case("pvc").recording.leads


def show(app: AppTest, case: OpenCase, place: str = "none") -> AppTest:
    if place in OVERLAYS:
        case.overlay = place
        read(app, case)
        return app
    return study(app, place, case)


def test_the_layout_follows_the_leads_from_case_to_case(app: AppTest) -> None:
    fifteen = (*TWELVE, "V7", "V8", "V9")
    for leads in (("I",), TWELVE, ("ECG",), fifteen, TWELVE, ("MLII", "V1"), TWELVE):
        viewer = read(app, case_of(*leads))[VIEWER]
        assert drawn_leads(viewer) == set(leads)
        layout = next(field for field in viewer["menu"] if field["id"] == "layout")
        if leads == TWELVE:
            assert layout["value"] == list_layouts(TWELVE)[0]


def test_what_was_chosen_on_a_lead_or_place_is_gone_and_habits_stay(app: AppTest) -> None:
    show(app, case_of(*TWELVE))
    before = {
        "single_lead_lead": "V3",
        "single_lead_statement": "RBBB",
        "failed_map_desk_a": True,
        "failed_map_teacher_a": True,
        "explain_failed_left": True,
        "explain_left_PVC": "saliency",
        "explain_lead_view": "Eight leads",
        "anomaly_place": "1.000-1.300",
        "anomaly_lead": "V3",
        "anomaly_threshold": 10_000,
        "attention_disease_a": "RBBB",
        "attention_unproven_a": True,
        "why_method_a": "gradcam",
        "desk_events_kind_a": "run",
    }
    habits = {"explain_arrange": "Side by side", "map_style": "trace", "attention_curve": "Rule"}
    for key, value in (before | habits).items():
        app.session_state[key] = value
    show(app, case_of("I"))
    assert [key for key in before if key in app.session_state] == []
    assert {key: app.session_state[key] for key in habits} == habits


@pytest.mark.usefixtures("one_method")
@pytest.mark.parametrize("place", PLACES)
def test_every_widget_is_of_a_case_or_a_habit(app: AppTest, place: str) -> None:
    """A new widget's key begins as its page's do, holds the case, or is listed as a habit."""
    case = case_of("I", "II", "V1")
    show(app, case, place)
    keys = {str(getattr(node, "key", None) or "") for node in walk(app._tree)} - {
        "",
        "None",
        "desk",
    }
    assert keys
    for key in keys:
        known = key.startswith((*OF_A_CASE, *ANY_CASE)) or key in PREFERENCES
        assert known or case.case_id in key, key


@pytest.mark.usefixtures("one_method")
@pytest.mark.parametrize("place", PLACES)
def test_places_go_from_many_leads_to_one_and_back(app: AppTest, place: str) -> None:
    # Where every lead is a computation of its own, three are many.
    many = TWELVE if place in OVERLAYS and place != "leads" else ("I", "II", "V1")
    first = case_of(*many)
    first.start_s, first.selected = 3.0, "PVC"
    for case in (first, case_of("I"), case_of(*many)):
        show(app, case, place)
        viewer = payloads(app).get(VIEWER)
        if viewer is not None:
            assert case.case_id in viewer["case_id"]


def test_the_former_case_gives_back_what_was_computed_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import ui.state

    state: dict[str, Any] = {}
    monkeypatch.setattr(ui.state.st, "session_state", state)
    first, second = case_of("I"), case_of("II")
    put_case(first)
    first.drawn.envelopes["I"] = "something large"
    first.verdicts["AF"] = "confirmed"
    put_case(first)
    assert first.drawn.envelopes
    put_case(second)
    assert not first.drawn.envelopes
    assert first.verdicts == {"AF": "confirmed"}


def test_no_desk_of_another_case_is_left(app: AppTest) -> None:
    """Overlay, statement, method, event, comment and what was added are the case's own."""
    first = case_of(*TWELVE)
    read(app, first)
    first.selected, first.method, first.event = "PVC", "gradcam", 3
    first.show_failed, first.start_s = "PVC", 1.0
    act(app, "overlay", id="waves")
    act(app, "comment", RAIL, text="of the first")
    act(app, "add", RAIL, code="LVH")
    found = read(app, case_of(*TWELVE))
    assert found[VIEWER]["overlay"] == "none"
    assert found[RAIL]["selected"] is None
    assert found[RAIL]["comment"] == ""
    assert "LVH" not in {row["code"] for row in found[RAIL]["rows"] if row["how"] == "reader"}
    assert found[VIEWER]["layers"] == {}
    # Back to the first: all of it is as it was left.
    back = read(app, first)
    assert back[VIEWER]["overlay"] == "waves"
    assert (back[RAIL]["selected"], back[RAIL]["comment"]) == ("LVH", "of the first")


def test_leads_that_are_named_anew_have_no_place_event_or_map_of_before() -> None:
    case = case_of("a", "b")
    case.selected, case.event, case.show_failed, case.turned_to = "PVC", 2, "PVC", "PVC"
    case.name_leads({"a": "I"})
    assert (case.selected, case.event, case.show_failed, case.turned_to) == (None,) * 4
