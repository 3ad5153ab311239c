"""What is computed while the reader looks: layers that are drawn without asking the server."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from ecgcore.turns import Priority
from tests.ui.desk_app import VIEWER, act, heat, overlay, payloads, read, simulated
from ui import running
from ui.desk import ahead
from ui.desk.overlays import OVERLAYS
from ui.desk.settings import current_settings

PREPARED = {"why", "leads", "unusual", "attention", "waves"}


@pytest.fixture
def all_ahead(monkeypatch: pytest.MonkeyPatch, nothing_ahead: None) -> None:
    monkeypatch.setattr(ahead, "enabled", True)


@pytest.mark.usefixtures("all_ahead", "one_method")
def test_every_overlay_is_ready_before_it_is_asked_for_and_fits_the_sheet(app: AppTest) -> None:
    case = simulated("pvc", "II", "V1", selected="PVC")
    ready = read(app, case)[VIEWER]
    assert ready["overlay"] == "none"
    assert set(ready["layers"]) == PREPARED
    assert heat(ready["layers"]["why"])
    # Computed ahead and asked for are the same.
    chosen = overlay(app, "why")
    assert chosen["revision"] == ready["layers"]["why"]["revision"]
    act(app, "overlay", id="none")
    # Marks stand at their place on another sheet too.
    faster = act(app, "setting", id="mm_per_s", value="50.0")[VIEWER]
    assert faster["layers"]["waves"]["markers"] != ready["layers"]["waves"]["markers"]


def test_what_is_ready_is_drawn_and_nothing_else_is_computed(
    app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = simulated("pvc", "II", "V1")
    assert read(app, case)[VIEWER]["layers"] == {}
    overlay(app, "waves")
    for name in PREPARED:
        monkeypatch.setitem(OVERLAYS, name, replace(OVERLAYS[name], draw=refuse))
    assert set(act(app, "overlay", id="none")[VIEWER]["layers"]) == {"waves"}


def refuse(*_: object) -> None:
    pytest.fail("it was computed")


def test_what_the_reader_set_beside_an_overlay_stays_with_its_layer(app: AppTest) -> None:
    case = simulated("pvc", "II", "V1", selected="PVC")
    read(app, case)
    first = overlay(app, "unusual")
    act(app, "next_place")
    stepped = payloads(app)[VIEWER]["layers"]["unusual"]
    assert stepped["note"] != first["note"]
    left = act(app, "overlay", id="none")[VIEWER]["layers"]["unusual"]
    assert left["note"] == stepped["note"]


@pytest.mark.usefixtures("all_ahead")
def test_nothing_of_a_long_recording_is_computed_ahead(
    app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ahead, "is_long", lambda _recording: True)
    assert read(app, simulated("pvc", "II"))[VIEWER]["layers"] == {}


def test_another_statement_or_sheet_has_layers_of_its_own() -> None:
    case = simulated("pvc", "II")
    keys = {ahead._key(case, "why")}
    case.selected = "PVC"
    keys.add(ahead._key(case, "why"))
    case.show_failed = "PVC"
    keys.add(ahead._key(case, "why"))
    assert len(keys) == 3
    assert hash(current_settings())


@pytest.mark.usefixtures("all_ahead", "one_method")
def test_what_is_computed_ahead_waits_for_whatever_readers_ask_for(
    app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Priority] = []

    @contextmanager
    def turn(priority: Priority) -> Iterator[None]:
        asked.append(priority)
        yield

    monkeypatch.setattr(running, "turn", turn)
    case = simulated("pvc", "II", "V1", selected="PVC")
    read(app, case)
    assert asked[0] == Priority.FINDINGS
    assert set(asked[1:]) <= {Priority.FINDINGS, Priority.BACKGROUND}
    assert Priority.BACKGROUND in asked
    case.answers.drawings.clear()
    case.answers.anomalies.found = None
    asked.clear()
    monkeypatch.setattr(ahead, "enabled", False)
    overlay(app, "unusual")
    assert Priority.MAPS in asked
