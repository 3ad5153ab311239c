"""Pages through Streamlit's own test harness; components are judged by the JSON they are given."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from ecgcore.recording import Patient, Provenance, Recording
from ecgcore.simulate.cases import (
    DEMONSTRATION_CASES,
    DEMONSTRATION_NUMBERS,
    make_demonstration_case,
)
from ui.state import OpenCase

ROOT = Path(__file__).resolve().parents[2]
TIMEOUT_S = 60


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.chdir(ROOT)
    return AppTest.from_file(str(ROOT / "app.py"), default_timeout=TIMEOUT_S)


def payloads(app: AppTest) -> dict[str, dict[str, Any]]:
    """Return what each component was given, by its name; the first of each on the page."""
    found: dict[str, dict[str, Any]] = {}
    for node in _walk(app._tree):
        proto = getattr(node, "proto", None)
        if proto is not None and hasattr(proto, "component_name"):
            found.setdefault(proto.component_name, json.loads(proto.json))
    return found


def _walk(node: Any) -> Iterator[Any]:
    yield node
    for child in getattr(node, "children", {}).values():
        yield from _walk(child)


def review(app: AppTest, case: OpenCase) -> dict[str, dict[str, Any]]:
    app.session_state["open_case"] = case
    app.switch_page("pages/review.py").run()
    assert not app.exception
    return payloads(app)


def demo(index: int) -> OpenCase:
    case = DEMONSTRATION_CASES[index]
    return OpenCase(f"Case {index + 1}", make_demonstration_case(case.key).recording, case)


def texts(viewer: dict[str, Any], role: str) -> str:
    return " ".join(
        " ".join(t["text"]) for t in viewer["figure"]["data"] if t["meta"]["role"] == role
    )


def test_open_lists_every_demonstration_case(app: AppTest) -> None:
    app.run()
    assert not app.exception
    buttons = [b for b in app.button if b.label == "Read"]
    assert len(buttons) == len(DEMONSTRATION_CASES) >= 9


def test_review_without_a_case_says_what_to_do(app: AppTest) -> None:
    app.run()
    app.switch_page("pages/review.py").run()
    assert "No ECG is open" in app.info[0].value


@pytest.mark.parametrize("index", range(len(DEMONSTRATION_CASES)))
def test_every_demonstration_case_is_drawn_with_its_findings(app: AppTest, index: int) -> None:
    app.run()
    case = demo(index)
    found = review(app, case)
    viewer = found["ecg.viewer"]
    assert viewer["case_id"] == case.case_id
    assert "SIMULATED" in texts(viewer, "footer")
    assert "Not a medical device" in texts(viewer, "footer")
    assert f"Case {index + 1}" in texts(viewer, "header")
    assert DEMONSTRATION_CASES[index].title not in texts(viewer, "header")
    assert len(found["ecg.findings"]["rows"]) == 20


def test_a_chosen_finding_puts_its_map_under_the_trace(app: AppTest) -> None:
    app.run()
    case = demo(DEMONSTRATION_NUMBERS["rbbb"] - 1)
    plain = review(app, case)["ecg.viewer"]
    assert not [t for t in plain["figure"]["data"] if t["meta"]["role"] == "heat"]
    case.selected = "RBBB"
    shown = review(app, case)["ecg.viewer"]
    assert [t for t in shown["figure"]["data"] if t["meta"]["role"] == "heat"]
    assert "Right bundle branch block" in shown["legend"]["label"]
    assert shown["revision"] != plain["revision"]


def test_a_readers_word_survives_a_rerun(app: AppTest) -> None:
    app.run()
    case = demo(DEMONSTRATION_NUMBERS["atrial-fibrillation"] - 1)
    case.verdicts["AF"] = "dismissed"
    rows = review(app, case)["ecg.findings"]["rows"]
    verdicts = {row["code"]: row["verdict"] for row in rows}
    assert verdicts["AF"] == "dismissed"
    app.run()
    assert case.verdicts == {"AF": "dismissed"}


def recording(**changes: Any) -> Recording:
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


def test_the_devices_own_filter_is_printed_as_text(app: AppTest) -> None:
    app.run()
    header = texts(review(app, OpenCase("x<i>y", recording()))["ecg.viewer"], "header")
    assert "device filter: &lt;b&gt;0.05-150 Hz&lt;/b&gt;" in header
    assert "x&lt;i&gt;y" in header
    assert "55 years" in header
    assert "female" in header


def test_lost_voltage_is_said_on_the_sheet(app: AppTest) -> None:
    app.run()
    viewer = review(app, OpenCase("x", recording(unit="NU")))["ecg.viewer"]
    assert "voltage not known" in texts(viewer, "header")
    assert viewer["sheet"]["mm_per_mv"] is None


def test_a_filter_changes_the_drawing_and_not_the_findings(app: AppTest) -> None:
    app.run()
    case = OpenCase("x", recording())
    before = review(app, case)
    app.selectbox(key="choose_Filter").select("monitor").run()
    after = payloads(app)
    assert after["ecg.viewer"]["revision"] != before["ecg.viewer"]["revision"]
    assert "0.05-40 Hz" in texts(after["ecg.viewer"], "header")
    assert after["ecg.findings"]["rows"] == before["ecg.findings"]["rows"]


@pytest.mark.parametrize("layout", ["6x2", "12x1-cabrera", "stacked", "wrapped"])
def test_every_layout_can_be_chosen(app: AppTest, layout: str) -> None:
    app.run()
    review(app, OpenCase("x", recording()))
    app.selectbox(key="choose_Layout").select(layout).run()
    assert not app.exception
    drawn = [
        t for t in payloads(app)["ecg.viewer"]["figure"]["data"] if t["meta"]["role"] == "trace"
    ]
    assert len(drawn) == (1 if layout == "wrapped" else 12)


def test_a_flat_or_very_short_recording_gets_a_sentence_not_a_crash(app: AppTest) -> None:
    app.run()
    for case in (
        OpenCase("flat", recording(signal=np.zeros((12, 5000)))),
        OpenCase("one", recording(signal=np.zeros((12, 1)))),
    ):
        found = review(app, case)
        assert "ecg.viewer" in found
        assert app.info or app.warning


def test_the_paper_is_the_same_on_every_page(app: AppTest) -> None:
    app.run()
    review(app, OpenCase("x", recording()))
    app.selectbox(key="choose_Gain").select(20.0).run()
    app.selectbox(key="choose_Rhythm strip").select("V1").run()
    for page in ("measure", "anomaly", "review"):
        app.switch_page(f"pages/{page}.py").run()
        shown = {box.label: box.value for box in app.selectbox}
        assert (shown["Speed"], shown["Gain"], shown["Rhythm strip"]) == (25.0, 20.0, "V1"), page
