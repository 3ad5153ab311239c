"""How tests read a case: open it, look at what each component was given, act in one."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from streamlit.components.v2.bidi_component.main import _make_trigger_id
from streamlit.testing.v1 import AppTest

from ecgcore.recording import Patient, Provenance, Recording
from ecgcore.simulate.cases import DEMONSTRATION_CASES, make_demonstration_case
from ui.state import OpenCase

ROOT = Path(__file__).resolve().parents[2]
# Maps and their checks take seconds, on a busy machine a minute.
TIMEOUT_S = 200
WORKLIST, READ, MODELS = "pages/worklist.py", "pages/read.py", "pages/models.py"
VIEWER, RAIL, STRIP, LIST = "ecg.viewer", "ecg.rail", "ecg.strip", "ecg.places"

Payload = dict[str, Any]


def walk(node: Any) -> Iterator[Any]:
    """Yield every node of a page."""
    yield node
    for child in getattr(node, "children", {}).values():
        yield from walk(child)


def components(app: AppTest, name: str) -> list[Any]:
    """Return the messages of all components of a name."""
    protos = [getattr(node, "proto", None) for node in walk(app._tree)]
    return [proto for proto in protos if getattr(proto, "component_name", "") == name]


def payloads(app: AppTest) -> dict[str, Payload]:
    """Return what each component was given, by its name; the first of each on the page."""
    found: dict[str, Payload] = {}
    for node in walk(app._tree):
        proto = getattr(node, "proto", None)
        if proto is not None and hasattr(proto, "component_name"):
            found.setdefault(proto.component_name, json.loads(proto.json))
    return found


def viewers(app: AppTest) -> list[Payload]:
    """Return what every paper on the page was given."""
    return [json.loads(proto.json) for proto in components(app, VIEWER)]


def read(app: AppTest, case: OpenCase) -> dict[str, Payload]:
    """Put a case on the desk."""
    app.session_state["open_case"] = case
    app.switch_page(READ).run()
    assert not app.exception
    return payloads(app)


def study(app: AppTest, view: str, case: OpenCase | None = None) -> AppTest:
    """Open a view of page Models, with a case where it needs one."""
    if case is not None:
        app.session_state["open_case"] = case
    app.session_state["models_view"] = view
    app.switch_page(MODELS).run()
    assert not app.exception
    return app


def act(app: AppTest, name: str, component: str = VIEWER, **given: object) -> dict[str, Payload]:
    """Do in a component what its script reports as ``name``; return the page that follows."""
    states = app._tree.get_widget_states()
    state = states.widgets.add()
    state.id = _make_trigger_id(components(app, component)[0].id, "events")
    state.json_trigger_value = json.dumps([{"event": "act", "value": {"name": name, **given}}])
    app._run(states)
    assert not app.exception
    return payloads(app)


def overlay(app: AppTest, name: str) -> Payload:
    """Choose an overlay; return the layer that is drawn."""
    viewer = act(app, "overlay", id=name)[VIEWER]
    assert viewer["overlay"] == name
    layer: Payload = viewer["layers"][name]
    return layer


def open_details(app: AppTest, name: str) -> AppTest:
    """Open what an overlay shows under the paper."""
    app.session_state[f"desk_details_{name}"] = True
    app.run()
    assert not app.exception
    return app


def heat(layer: Payload) -> list[Payload]:
    """Return the shading of a layer."""
    return [trace for trace in layer["traces"] if trace["meta"]["role"] == "heat"]


def drawn_leads(viewer: Payload) -> set[str]:
    """Return the leads whose trace is on a sheet."""
    return {t["meta"]["lead"] for t in viewer["figure"]["data"] if t["meta"]["role"] == "trace"}


def texts(viewer: Payload, role: str) -> str:
    """Return what stands on a sheet as header, footer or remark."""
    data = viewer["figure"]["data"]
    return " ".join(" ".join(t["text"]) for t in data if t["meta"]["role"] == role)


def words_of(app: AppTest) -> str:
    """Return all words of a page outside its components."""
    boxes = [*app.markdown, *app.caption, *app.info, *app.warning, *app.error, *app.subheader]
    return " ".join([*(box.value for box in boxes), *html_of(app)]).replace("\\", "")


def html_of(app: AppTest) -> list[str]:
    """Return the blocks of HTML of a page."""
    return [node.proto.body for node in app.get("html")]


def everything(app: AppTest) -> str:
    """Return all that a page sends to the browser."""
    nodes = (getattr(node, "proto", None) for node in walk(app._tree))
    return " ".join(str(proto) for proto in nodes if proto is not None).lower()


def press(app: AppTest, label: str) -> AppTest:
    """Press the first button of a label."""
    next(button for button in app.button if button.label == label).click().run()
    assert not app.exception
    return app


def demo(key: str) -> OpenCase:
    """Return a demonstration case as the worklist opens it."""
    number, known = next((n, c) for n, c in enumerate(DEMONSTRATION_CASES, 1) if c.key == key)
    return OpenCase(f"Case {number}", make_demonstration_case(key).recording, known)


def simulated(key: str, *leads: str, **given: Any) -> OpenCase:
    """Return a simulated ECG as if it had been uploaded, with all of its leads or some."""
    recording = make_demonstration_case(key).recording
    return OpenCase("x", recording.select(leads) if leads else recording, **given)


def recording(**changes: Any) -> Recording:
    """Return a normal ECG of a patient, as from a file."""
    rng = np.random.default_rng(5)
    source = make_demonstration_case("normal").recording
    parts: dict[str, Any] = {
        "signal": source.signal + rng.normal(0, 1e-4, source.signal.shape),
        "fs_hz": source.fs_hz,
        "leads": source.leads,
        "provenance": Provenance(format="test", device_filter="<b>0.05-150 Hz</b>"),
        "patient": Patient(age_years=55.0, sex="female"),
    }
    return Recording(**(parts | changes))
