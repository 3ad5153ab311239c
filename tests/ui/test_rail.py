"""The rail beside the paper: what is reported, and the reader's word on it."""

import re

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from ecgcore.recording import Patient
from ecgcore.simulate.arrest import fibrillate
from ecgcore.statements import statements
from tests.ui.desk_app import RAIL, Payload, act, html_of, read, recording, simulated
from ui.desk.statements import take_statement, take_verdict
from ui.state import OpenCase


def rows_of(rail: Payload) -> dict[str, Payload]:
    return {row["code"]: row for row in rail["rows"]}


def test_statements_stand_in_the_order_of_a_report_each_with_its_evidence(app: AppTest) -> None:
    rail = read(app, simulated("rbbb"))[RAIL]
    rows = rows_of(rail)
    assert list(rows) == ["SR", "RBBB"]
    assert rail["text"].startswith("Sinus rhythm, rate 70. Right bundle branch block")
    rbbb = rows["RBBB"]
    assert rbbb["name"] == "Right bundle branch block"
    assert rbbb["how"] == "measured = network"
    assert rbbb["value"].endswith(" %")
    assert "QRS 1" in rbbb["evidence"]
    assert "probability" not in rbbb["evidence"]  # it stands beside
    assert not rbbb["urgent"]
    assert rows["SR"]["how"] == "measured"
    not_flagged = {aside["code"] for aside in rail["not_flagged"]}
    assert {"AF", "LBBB"} <= not_flagged
    assert not not_flagged & rows.keys()
    assert dict(rail["terms"]) == {code: one.term for code, one in statements().items()}


def test_what_is_not_assessed_says_why_and_normal_is_not_stated_without_a_reason(
    app: AppTest,
) -> None:
    rail = read(app, OpenCase("x", recording(patient=Patient())))[RAIL]
    why = {aside["code"]: aside["words"] for aside in rail["not_assessed"]}
    assert why["SNR"]
    assert any(words.startswith("“Normal ECG” not stated: ") for words in rail["remarks"])
    strip = read(app, simulated("hand-held-af"))[RAIL]
    assert any("Single-lead class" in words for words in strip["remarks"])


@pytest.mark.parametrize("word", ["confirmed", "dismissed"])
def test_a_verdict_is_given_and_the_same_word_takes_it_back(app: AppTest, word: str) -> None:
    case = simulated("rbbb", "V1", "V6", "I", "II")
    read(app, case)
    rail = act(app, "verdict", RAIL, code="RBBB", verdict=word)[RAIL]
    assert rows_of(rail)["RBBB"]["verdict"] == word
    app.run()
    assert case.verdicts == {"RBBB": word}
    rail = act(app, "verdict", RAIL, code="RBBB", verdict=word)[RAIL]
    assert rows_of(rail)["RBBB"]["verdict"] == ""
    assert case.verdicts == {}


@pytest.mark.parametrize(
    "given", [{"code": "STE", "verdict": "confirmed"}, {"code": "RBBB", "verdict": "<b>"}]
)
def test_a_word_on_what_is_not_there_or_that_is_none_changes_nothing(
    app: AppTest, given: dict[str, str]
) -> None:
    case = simulated("rbbb", "V1", "V6", "I", "II")
    read(app, case)
    act(app, "verdict", RAIL, **given)
    assert case.verdicts == {}


def test_a_statement_is_chosen_and_let_go(app: AppTest) -> None:
    case = simulated("rbbb", "V1", "V6", "I", "II", method="gradcam")
    read(app, case)
    assert act(app, "select", RAIL, code="RBBB")[RAIL]["selected"] == "RBBB"
    assert case.method is None  # another statement begins with its own best method
    # What is not flagged can be looked at as well.
    assert act(app, "select", RAIL, code="AF")[RAIL]["selected"] == "AF"
    assert act(app, "select", RAIL, code="AF")[RAIL]["selected"] is None
    assert act(app, "select", RAIL, code="nothing")[RAIL]["selected"] is None


def test_keys_step_through_the_statements_and_confirm(app: AppTest) -> None:
    case = simulated("rbbb", "V1", "V6", "I", "II")
    codes = list(rows_of(read(app, case)[RAIL]))
    assert act(app, "confirm")[RAIL]["selected"] is None
    assert case.verdicts == {}  # nothing is chosen
    assert act(app, "next")[RAIL]["selected"] == codes[0]
    assert act(app, "previous")[RAIL]["selected"] == codes[-1]
    act(app, "dismiss")
    assert case.verdicts == {codes[-1]: "dismissed"}
    act(app, "confirm")
    assert case.verdicts == {codes[-1]: "confirmed"}


def test_the_reader_adds_a_statement_and_takes_it_out(app: AppTest) -> None:
    case = simulated("rbbb", "V1", "V6", "I", "II")
    read(app, case)
    rail = act(app, "add", RAIL, code="LVH")[RAIL]
    assert rows_of(rail)["LVH"]["how"] == "reader"
    assert rail["selected"] == "LVH"
    assert "LVH" not in {aside["code"] for aside in rail["not_flagged"]}
    rail = act(app, "add", RAIL, code="LVH")[RAIL]
    assert [row["code"] for row in rail["rows"]].count("LVH") == 1
    act(app, "add", RAIL, code="no statement")
    act(app, "add", RAIL, code="RBBB")  # it is stated: it is only chosen
    assert (case.added, case.selected) == (["LVH"], "RBBB")
    rail = act(app, "remove", RAIL, code="LVH")[RAIL]
    assert "LVH" not in rows_of(rail)
    act(app, "remove", RAIL, code="RBBB")
    assert case.added == []


def test_what_was_added_and_is_stated_later_stands_once(app: AppTest) -> None:
    case = simulated("rbbb", "V1", "V6", "I", "II", added=["RBBB"])
    codes = [row["code"] for row in read(app, case)[RAIL]["rows"]]
    assert codes.count("RBBB") == 1


def test_a_comment_is_kept_with_its_case(app: AppTest) -> None:
    case = simulated("rbbb", "II")
    read(app, case)
    rail = act(app, "comment", RAIL, text="Known since <2019>.")[RAIL]
    assert rail["comment"] == "Known since <2019>."
    assert read(app, simulated("rbbb", "II"))[RAIL]["comment"] == ""
    assert read(app, case)[RAIL]["comment"] == "Known since <2019>."


def test_what_cannot_wait_stands_first_in_wide_and_in_narrow_windows(app: AppTest) -> None:
    rail = read(app, OpenCase("x", fibrillate("coarse", duration_s=10.0, seed=1)))[RAIL]
    assert rail["rows"][0]["urgent"]
    boxes = [words for words in html_of(app) if 'role="alert"' in words]
    kinds = ["wide" if "ecg-urgent wide" in words else "narrow" for words in boxes]
    assert sorted(kinds) == ["narrow", "wide"]
    wide, narrow = boxes[0].split("@media (max-width: 900px) {")
    assert re.search(r"\.ecg-urgent\.narrow.*{ display: none; }", wide)
    assert ".ecg-urgent.wide { display: none; }" in narrow.split("\n}")[0]
    for words in boxes:
        assert "QRS" in words.split("</style>")[1]
    read(app, simulated("rbbb", "II"))
    assert not [words for words in html_of(app) if 'role="alert"' in words]


def test_without_a_model_the_rail_says_what_is_measured(
    app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ui.model_answers.available_models", lambda: ())
    rail = read(app, simulated("rbbb"))[RAIL]
    assert rows_of(rail)["RBBB"]["how"] == "measured"
    assert rail["not_flagged"] == []
    assert "No model is installed" in app.info[0].value


def test_the_network_s_silence_is_a_line_above_the_statements(app: AppTest) -> None:
    rng = np.random.default_rng(1)
    noise = rng.normal(0, 1.0, (12, 5000))
    rail = read(app, OpenCase("noise", recording(signal=noise)))[RAIL]
    assert app.warning or app.info
    assert not [row for row in rail["rows"] if "network" in row["how"]]


def test_keys_and_words_without_a_page() -> None:
    case = simulated("rbbb", "II")
    take_statement(case, (), {"name": "next"})
    assert case.selected is None
    case.selected = "AF"
    take_statement(case, ("SR",), {"name": "confirm"})
    assert case.verdicts == {}
    take_verdict(case, "SR", "perhaps")
    assert case.verdicts == {}
