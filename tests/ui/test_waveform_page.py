"""The page of waveform attention, through Streamlit's own test harness."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from ecgcore.inference.waveform import read_waveforms
from ecgcore.recording import Recording
from ecgcore.render.waveform import curve_figure
from ecgcore.results import Finding
from ecgcore.simulate.cases import make_demonstration_case
from tests.conftest import ROOT
from tests.ui.test_pages import TIMEOUT_S, app, payloads, texts
from tests.waveform_folder import write_waveform_model
from ui import model_answers
from ui.models.danet import describe_finding, make_gain_overlay, make_segment_table
from ui.state import OpenCase

__all__ = ["app"]
PAGE = "pages/waveform_attention.py"


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    for name in ("delineator-1", "diagnostic-1"):
        (tmp_path / name).symlink_to(ROOT / "weights" / name)
    write_waveform_model(tmp_path, "PAC")
    write_waveform_model(tmp_path, "PVC", aid=False)
    monkeypatch.setenv("ECG_WEIGHTS", str(tmp_path))
    model_answers.model.clear()
    yield tmp_path
    model_answers.model.clear()


def shown(app: AppTest, case: OpenCase) -> dict[str, dict[str, Any]]:
    app.session_state["open_case"] = case
    app.switch_page(PAGE).run(timeout=TIMEOUT_S)
    assert not app.exception
    return payloads(app)


def case_of(key: str, **changes: Any) -> OpenCase:
    return OpenCase("x", make_demonstration_case(key).recording, **changes)


def words(app: AppTest) -> str:
    every = [*app.caption, *app.markdown, *app.warning, *app.info]
    return " ".join(str(e.value) for e in every)


def test_without_a_case_it_says_what_to_do(app: AppTest) -> None:
    app.run()
    app.switch_page(PAGE).run()
    assert "No ECG is open" in app.info[0].value


def test_curve_paper_difference_and_amended_signal_stand_together(
    app: AppTest, weights: Path
) -> None:
    app.run()
    viewer = shown(app, case_of("pac"))["ecg.viewer"]
    assert [t for t in viewer["figure"]["data"] if t["meta"]["role"] == "heat"]
    assert viewer["legend"]["label"].startswith("Learned gain for")
    assert "Input to the classifier" in words(app)
    tables = " ".join(node.proto.body for node in app.get("html"))
    assert "TP segment" in tables
    assert "differs" in tables


def test_one_button_goes_from_the_learned_curve_to_the_rule_and_back(
    app: AppTest, weights: Path
) -> None:
    app.run()
    case = case_of("pac")
    learned = shown(app, case)["ecg.viewer"]
    toggle = next(b for b in app.button if b.label == "Show the rule curve")
    toggle.click().run(timeout=TIMEOUT_S)
    rule = payloads(app)["ecg.viewer"]
    assert rule["legend"]["label"].startswith("Rule gain for")
    assert rule["revision"] != learned["revision"]
    back = next(b for b in app.button if b.label == "Show the learned curve")
    back.click().run(timeout=TIMEOUT_S)
    assert payloads(app)["ecg.viewer"]["revision"] == learned["revision"]


def test_a_disease_whose_gain_is_not_shown_is_the_rule_alone_until_asked(
    app: AppTest, weights: Path
) -> None:
    app.run()
    case = case_of("pvc")
    shown(app, case)
    app.selectbox(key="waveform_disease").select("PVC").run(timeout=TIMEOUT_S)
    viewer = payloads(app)["ecg.viewer"]
    assert viewer["legend"]["label"].startswith("Rule gain")
    assert "No gain was shown" in words(app)
    app.toggle(key="waveform_ask").set_value(True).run(timeout=TIMEOUT_S)
    assert payloads(app)["ecg.viewer"]["legend"]["label"].startswith("Learned gain")
    assert "No benefit was shown" in words(app)


def test_without_any_network_the_rules_are_still_there(
    app: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "delineator-1").symlink_to(ROOT / "weights" / "delineator-1")
    monkeypatch.setenv("ECG_WEIGHTS", str(tmp_path))
    app.run()
    viewer = shown(app, case_of("lbbb"))["ecg.viewer"]
    assert viewer["legend"]["label"].startswith("Rule gain")
    assert "No network was trained" in words(app)


@pytest.mark.parametrize(
    ("key", "said"),
    [("atrial-fibrillation", "as in atrial fibrillation"), ("hand-held-af", "one lead")],
)
def test_what_cannot_be_done_as_asked_says_what_is_done(
    app: AppTest, weights: Path, key: str, said: str
) -> None:
    app.run()
    shown(app, case_of(key))
    assert said in " ".join(w.value for w in app.warning)
    assert "not assessed in a rhythm without P waves" in words(app)


def test_a_recording_too_short_says_so(app: AppTest, weights: Path) -> None:
    app.run()
    whole = make_demonstration_case("normal").recording
    short = Recording(whole.signal[:, :600], whole.fs_hz, whole.leads)
    app.session_state["open_case"] = OpenCase("x", short)
    app.switch_page(PAGE).run(timeout=TIMEOUT_S)
    assert not app.exception
    assert "at least" in app.info[0].value


def test_the_amended_paper_is_marked_as_such(app: AppTest, weights: Path) -> None:
    app.run()
    viewer = shown(app, case_of("normal"))["ecg.viewer"]
    assert "weighted" not in texts(viewer, "header")
    headers = [
        text
        for node in app.main.children.values()
        for text in _headers(node)
        if "weighted signal" in text
    ]
    assert headers


def _headers(node: Any) -> Iterator[str]:
    proto = getattr(node, "proto", None)
    if proto is not None and hasattr(proto, "component_name"):
        yield str(proto.json)
    for child in getattr(node, "children", {}).values():
        yield from _headers(child)


def test_shading_is_proportional_to_the_gain_itself() -> None:
    reading = read_waveforms(make_demonstration_case("normal").recording, "PAC")
    overlay = make_gain_overlay(reading, reading.by_rule)
    assert overlay.top == 1.0
    assert overlay.values.shape == (12, reading.by_rule.size)


def test_the_strip_shows_both_curves_and_where_they_part() -> None:
    rule, learned = np.full(1000, 0.5, np.float32), np.full(1000, 0.75, np.float32)
    alone = curve_figure(rule, None, 100.0, start_s=2.0, seconds=5.0)
    assert len(alone["data"]) == 1
    both = curve_figure(rule, learned, 100.0, start_s=2.0, seconds=5.0)
    above, below = both["data"][2:]
    assert set(above["y"]) == {0.25}
    assert set(below["y"]) == {0.0}
    assert both["layout"]["xaxis"]["range"] == [2.0, 7.0]


def test_table_and_finding_are_words_where_there_is_no_number() -> None:
    reading = read_waveforms(make_demonstration_case("normal").recording, "PAC")
    table = make_segment_table(reading)
    assert "P wave" in table
    assert "learned" not in table

    def finding(**changes: Any) -> Finding:
        given = {"finding": True, "calibrated": False, "reason": ""} | changes
        return Finding(code="PAC", name="x", probability=0.42, threshold=0.3, **given)

    assert describe_finding(finding()) == "suggested"
    assert describe_finding(finding(finding=False)) == "not flagged"
    assert describe_finding(finding(calibrated=True)) == "suggested (42 %)"
    assert describe_finding(finding(finding=None, reason="Too noisy.")) == "Too noisy."
