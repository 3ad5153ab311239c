"""Nothing of a case stays on the pages when the next one is opened."""

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from ecgcore.recording import Recording
from ecgcore.render.paper import list_layouts
from ecgcore.simulate.cases import make_demonstration_case
from tests.ui.desk_app import payloads, walk
from ui.state import OF_A_CASE, PREFERENCES, OpenCase, put_case

TIMEOUT_S = 200
PAGES = ("review", "explain", "measure", "single_lead", "waveform_attention", "anomaly")
# What a reader chooses for any case, and what holds no word of one.
ANY_CASE = (
    "answer_",
    "card_",
    "choose_",
    "lead_",
    "leads_",
    "overlay_",
    "read_by_",
    "row_",
    "show_marks",
)


def case_of(*leads: str) -> OpenCase:
    source = make_demonstration_case("pvc").recording
    rows = source.signal[[i % 12 for i in range(len(leads))], :5000]
    return OpenCase(f"{len(leads)} leads", Recording(rows, source.fs_hz, leads))


TWELVE = make_demonstration_case("pvc").recording.leads


def show(app: AppTest, case: OpenCase, page: str) -> AppTest:
    app.session_state["open_case"] = case
    app.switch_page(f"pages/{page}.py").run(timeout=TIMEOUT_S)
    assert not app.exception
    return app


def chosen(app: AppTest) -> dict[str, Any]:
    return {box.label: box.value for box in app.selectbox}


def test_the_layout_follows_the_leads_from_case_to_case(app: AppTest) -> None:
    app.run()
    fifteen = (*TWELVE, "V7", "V8", "V9")
    for leads in (("I",), TWELVE, ("ECG",), fifteen, TWELVE, ("MLII", "V1"), TWELVE):
        show(app, case_of(*leads), "review")
        sheet = payloads(app)["ecg.viewer"]["figure"]["data"]
        drawn = {t["meta"]["lead"] for t in sheet if t["meta"]["role"] == "trace"}
        assert drawn == set(leads)
        if leads == TWELVE:
            assert chosen(app)["Layout"] == list_layouts(TWELVE)[0]


def test_what_was_chosen_on_a_lead_or_place_is_gone_and_habits_stay(app: AppTest) -> None:
    app.run()
    show(app, case_of(*TWELVE), "review")
    before = {
        "single_lead_lead": "V3",
        "single_lead_statement": "RBBB",
        "failed_map_review_a": True,
        "failed_map_teacher_a": True,
        "explain_failed_left": True,
        "explain_left_PVC": "saliency",
        "explain_lead_view": "Eight leads",
        "anomaly_place": "1.000-1.300",
        "anomaly_lead": "V3",
        "anomaly_threshold": 10_000,
        "waveform_disease": "RBBB",
    }
    habits = {"explain_arrange": "Side by side", "overlay_style": "trace", "overlay_opacity": 80}
    for key, value in (before | habits).items():
        app.session_state[key] = value
    show(app, case_of("I"), "review")
    assert [key for key in before if key in app.session_state] == []
    assert {key: app.session_state[key] for key in habits} == habits


@pytest.mark.parametrize("page", PAGES)
def test_every_widget_is_of_a_case_or_a_habit(app: AppTest, page: str) -> None:
    """A new widget's key begins as its page's do, holds the case, or is listed as a habit."""
    app.run()
    case = case_of("I", "II", "V1")
    show(app, case, page)
    keys = {str(getattr(node, "key", None) or "") for node in walk(app._tree)} - {"", "None"}
    assert keys
    for key in keys:
        known = key.startswith((*OF_A_CASE, *ANY_CASE)) or key in PREFERENCES
        assert known or case.case_id in key, key


@pytest.mark.parametrize("page", PAGES)
def test_pages_go_from_twelve_leads_to_one_and_back(app: AppTest, page: str) -> None:
    app.run()
    first = case_of(*TWELVE)
    first.start_s, first.selected = 3.0, "PVC"
    for case in (first, case_of("I"), case_of(*TWELVE)):
        show(app, case, page)
        viewer = payloads(app).get("ecg.viewer")
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
