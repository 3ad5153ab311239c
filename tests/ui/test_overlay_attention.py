"""The overlay of waveform attention: the gain curve by rule and as learned."""

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
from tests.ui.desk_app import VIEWER, heat, open_details, payloads, read, texts, viewers, words_of
from tests.waveform_folder import write_waveform_model
from ui import model_answers
from ui.desk.gain_curve import describe_finding, make_gain_overlay, make_segment_table
from ui.state import OpenCase


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


def shown(app: AppTest, case: OpenCase) -> dict[str, Any]:
    case.overlay = "attention"
    read(app, case)
    return layer(app)


def layer(app: AppTest) -> dict[str, Any]:
    found: dict[str, Any] = payloads(app)[VIEWER]["layers"]["attention"]
    return found


def case_of(key: str, **changes: Any) -> OpenCase:
    return OpenCase("x", make_demonstration_case(key).recording, **changes)


def choose(app: AppTest, case: OpenCase, code: str) -> None:
    app.selectbox(key=f"attention_disease_{case.case_id}").select(code).run()
    assert not app.exception


@pytest.mark.usefixtures("weights")
def test_curve_paper_difference_and_amended_signal_stand_together(app: AppTest) -> None:
    case = case_of("pac", selected="PAC")
    found = shown(app, case)
    assert heat(found)
    assert found["legend"]["label"].startswith("Learned gain for")
    said = words_of(open_details(app, "attention"))
    assert "Input to the classifier" in said
    assert "TP segment" in said
    assert "differs" in said


@pytest.mark.usefixtures("weights")
def test_one_choice_goes_from_the_learned_curve_to_the_rule_and_back(app: AppTest) -> None:
    learned = shown(app, case_of("pac", selected="PAC"))
    curve = next(group for group in app.button_group if group.key == "attention_curve")
    curve.set_value("Rule").run()
    rule = layer(app)
    assert rule["legend"]["label"].startswith("Rule gain for")
    assert rule["revision"] != learned["revision"]
    app.button_group(key="attention_curve").set_value("Learned").run()
    assert layer(app)["revision"] == learned["revision"]


@pytest.mark.usefixtures("weights")
def test_a_disease_whose_gain_is_not_shown_is_the_rule_alone_until_asked(app: AppTest) -> None:
    case = case_of("pvc")
    shown(app, case)
    choose(app, case, "PVC")
    assert layer(app)["legend"]["label"].startswith("Rule gain")
    assert "No gain was shown" in words_of(app)
    app.toggle(key=f"attention_unproven_{case.case_id}").set_value(True).run()
    assert layer(app)["legend"]["label"].startswith("Learned gain")
    assert "No benefit was shown" in words_of(app)


def test_without_any_network_the_rules_are_still_there(
    app: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "delineator-1").symlink_to(ROOT / "weights" / "delineator-1")
    monkeypatch.setenv("ECG_WEIGHTS", str(tmp_path))
    found = shown(app, case_of("lbbb"))
    assert found["legend"]["label"] == "Rule gain for “Left bundle branch block”"
    assert "No network was trained" in words_of(app)


def test_the_curve_follows_the_statement_that_is_chosen(app: AppTest) -> None:
    case = case_of("rbbb")
    assert "Right bundle branch block" in shown(app, case)["legend"]["label"]
    choose(app, case, "PVC")
    assert "Ventricular premature" in layer(app)["legend"]["label"]


@pytest.mark.parametrize(
    ("key", "said"),
    [("atrial-fibrillation", "as in atrial fibrillation"), ("hand-held-af", "one lead")],
)
@pytest.mark.usefixtures("weights")
def test_what_cannot_be_done_as_asked_says_what_is_done(app: AppTest, key: str, said: str) -> None:
    case = case_of(key)
    shown(app, case)
    choose(app, case, "PAC")
    assert said in " ".join(w.value for w in app.warning)
    assert said in layer(app)["note"]
    assert "not assessed in a rhythm without P waves" in words_of(app)


@pytest.mark.usefixtures("weights")
def test_a_recording_too_short_says_so(app: AppTest) -> None:
    whole = make_demonstration_case("normal").recording
    short = Recording(whole.signal[:, :600], whole.fs_hz, whole.leads)
    found = shown(app, OpenCase("x", short))
    assert "at least" in found["note"]
    assert any("at least" in info.value for info in app.info)


@pytest.mark.usefixtures("weights")
def test_the_amended_paper_is_marked_as_such(app: AppTest) -> None:
    shown(app, case_of("normal"))
    first, weighted = viewers(open_details(app, "attention"))
    assert "weighted" not in texts(first, "header")
    assert "weighted signal" in texts(weighted, "header")


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
