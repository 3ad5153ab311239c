"""The desk through Streamlit's own test harness, judged by what its components are given."""

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from ecgcore.simulate.cases import DEMONSTRATION_CASES
from tests.ui.desk_app import (
    MODELS,
    RAIL,
    READ,
    VIEWER,
    act,
    drawn_leads,
    overlay,
    payloads,
    read,
    recording,
    study,
    texts,
    words_of,
)
from ui import addresses
from ui.state import OpenCase


def test_the_worklist_lists_every_demonstration_case(app: AppTest) -> None:
    assert not app.exception
    buttons = [b for b in app.button if b.label == "Read"]
    assert len(buttons) == len(DEMONSTRATION_CASES) >= 9


@pytest.mark.parametrize("view", ["", "single-lead", "methods"])
def test_without_a_case_a_page_says_what_to_do(app: AppTest, view: str) -> None:
    if view:
        study(app, view)
    else:
        app.switch_page(READ).run()
    assert "No ECG is open" in app.info[0].value


def test_the_devices_own_filter_is_printed_as_text(app: AppTest) -> None:
    viewer = read(app, OpenCase("x<i>y", recording()))[VIEWER]
    assert "device filter: &lt;b&gt;0.05-150 Hz&lt;/b&gt;" in texts(viewer, "footer")
    words = words_of(app)
    assert "x&lt;i&gt;y" in words
    assert "<b>55 years female</b>" in words


def test_lost_voltage_is_said_on_the_sheet(app: AppTest) -> None:
    viewer = read(app, OpenCase("x", recording(unit="NU")))[VIEWER]
    assert "voltage not known" in texts(viewer, "footer")
    assert viewer["sheet"]["mm_per_mv"] is None


def test_a_flat_or_very_short_recording_gets_a_sentence_not_a_crash(app: AppTest) -> None:
    for case in (
        OpenCase("flat", recording(signal=np.zeros((12, 5000)))),
        OpenCase("one", recording(signal=np.zeros((12, 1)))),
    ):
        found = read(app, case)
        assert drawn_leads(found[VIEWER]) == set(case.recording.leads)
        assert app.info or app.warning
        for name in ("why", "leads", "unusual", "attention", "waves"):
            layer = overlay(app, name)
            assert layer["note"] or layer["legend"]
            assert "step through" not in layer["note"]


# ---- the menu of the paper -----------------------------------------------------------------


def shown(app: AppTest) -> dict[str, str]:
    """Return each setting of the menu as it is set."""
    return {field["id"]: field["value"] for field in payloads(app)[VIEWER]["menu"]}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("layout", "12x1"),
        ("rhythm_lead", "V1"),
        ("mm_per_s", "50.0"),
        ("mm_per_mv", "20.0"),
        ("filter", "monitor"),
        ("mains", "50"),
        ("style", "trace"),
    ],
)
def test_each_field_is_set_in_the_menu_and_stays(app: AppTest, field: str, value: str) -> None:
    read(app, OpenCase("x", recording()))
    before = shown(app)
    assert value != before[field]
    act(app, "setting", id=field, value=value)
    after = shown(app)
    assert after[field] == value
    rest = after.keys() & before.keys() - {field}
    assert {name: after[name] for name in rest} == {name: before[name] for name in rest}
    # For the next case as well.
    read(app, OpenCase("y", recording()))
    assert shown(app)[field] == value


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("layout", "7x7"),
        ("rhythm_lead", "V9"),
        ("mm_per_s", "1e9"),
        ("mm_per_mv", "nan"),
        ("filter", "<b>"),
        ("mains", "55"),
        ("style", "none"),
        ("header_mm", "0"),
    ],
)
def test_a_value_that_is_not_offered_changes_nothing(app: AppTest, field: str, value: str) -> None:
    before = read(app, OpenCase("x", recording()))[VIEWER]
    after = act(app, "setting", id=field, value=value)[VIEWER]
    assert after["menu"] == before["menu"]
    assert after["revision"] == before["revision"]


def test_a_filter_changes_the_drawing_and_not_the_statements(app: AppTest) -> None:
    before = read(app, OpenCase("x", recording()))
    after = act(app, "setting", id="filter", value="monitor")
    assert after[VIEWER]["revision"] != before[VIEWER]["revision"]
    assert "0.05-40 Hz" in texts(after[VIEWER], "footer")
    assert after[RAIL]["rows"] == before[RAIL]["rows"]


@pytest.mark.parametrize("layout", ["6x2", "12x1-cabrera", "stacked", "wrapped"])
def test_every_layout_can_be_chosen(app: AppTest, layout: str) -> None:
    read(app, OpenCase("x", recording()))
    viewer = act(app, "setting", id="layout", value=layout)[VIEWER]
    assert len(drawn_leads(viewer)) == (1 if layout == "wrapped" else 12)


# ---- former addresses ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("review", "waves"),  # no overlay is asked for: the reader's own stays
        ("explain", "why"),
        ("measure", "waves"),
        ("anomaly", "unusual"),
        ("waveform_attention", "attention"),
    ],
)
def test_a_former_address_of_a_case_leads_to_its_overlay(
    app: AppTest, path: str, name: str
) -> None:
    case = OpenCase("x", recording(), overlay="waves")
    app.session_state["open_case"] = case
    visit(app, path)
    assert case.overlay == name
    assert payloads(app)[VIEWER]["overlay"] == name


@pytest.mark.parametrize(
    ("path", "view"),
    [("single_lead", "single-lead"), ("model_card", "cards"), ("population", "population")],
)
def test_a_former_address_of_models_leads_to_its_view(app: AppTest, path: str, view: str) -> None:
    visit(app, path)
    (chosen,) = [group for group in app.button_group if group.key == "models_view"]
    assert chosen.value == view
    assert app.query_params["view"] == view


def test_every_former_address_leads_on(app: AppTest) -> None:
    assert visit(app, "open").file_uploader
    former = set(addresses._FORMER)
    assert former == {
        "open", "review", "explain", "measure", "anomaly", "waveform_attention", "single_lead",
        "model_card", "population",
    }  # fmt: skip
    assert visit(app, "review").info[0].value.startswith("No ECG is open")


def visit(app: AppTest, path: str) -> AppTest:
    """Open the app at an address."""
    found = {info.get("url_pathname"): key for key, info in app._registered_pages.items()}
    app._page_hash = found[path]
    app.run()
    assert not app.exception
    return app


def test_a_view_of_models_is_in_its_address(app: AppTest) -> None:
    app.query_params["view"] = "population"
    app.switch_page(MODELS).run()
    assert "view" in app.query_params
    assert not app.exception
