"""What a card means: its defaults, its thresholds, and what it may not say."""

import json
from dataclasses import replace

import pytest

from ecgcore.errors import ModelError
from ecgcore.inference import read_card
from ecgcore.inference.card import InputContract, json_text
from ecgcore.origin import origin
from tests.conftest import ROOT
from tests.synthetic import tiny_card


def read_with(folder, **inputs):
    """Read a card whose input says only this."""
    raw = json.loads(tiny_card().to_json())
    raw["input"] = {"leads": ["I", "II"], **inputs}
    (folder / "card.json").write_text(json.dumps(raw), encoding="utf-8")
    return read_card(folder)


def read_rule(folder, **changes):
    """Read a card whose first statement is changed."""
    card = tiny_card()
    rules = (replace(card.labels[0], **changes), *card.labels[1:])
    (folder / "card.json").write_text(replace(card, labels=rules).to_json(), encoding="utf-8")
    return read_card(folder).labels[0]


def test_what_a_card_leaves_out_is_as_documented(tmp_path):
    found = read_with(tmp_path).input
    assert (found.min_s, found.window_s, found.whole_s) == (5.0, 10.0, 60.0)
    assert (found.fs_hz, found.high_pass_hz, found.low_pass_hz) == (100.0, 0.5, 40.0)
    assert found.min_leads_calibrated == 8.0
    assert found.max_leads == 12
    assert not found.sees_voltage


def test_a_network_may_read_one_length_and_one_lead(tmp_path):
    found = read_with(tmp_path, min_s=10.0, window_s=10.0, whole_s=10.0, max_leads=1).input
    assert found == InputContract(("I", "II"), min_s=10.0, whole_s=10.0, max_leads=1)


@pytest.mark.parametrize(
    "inputs",
    [
        {"min_s": 0.0},
        {"min_s": 10.1},
        {"window_s": 60.1},
        {"max_leads": 0},
        {"max_leads": 13},
    ],
)
def test_lengths_and_leads_out_of_order_are_refused(tmp_path, inputs):
    with pytest.raises(ModelError, match="must be"):
        read_with(tmp_path, **inputs)


@pytest.mark.parametrize(
    "changes",
    [{"threshold": 1.01}, {"threshold": -0.01}, {"temperature": 0.0}, {"code": "AF"}],
)
def test_a_statement_out_of_range_or_named_twice_is_refused(tmp_path, changes):
    with pytest.raises(ModelError, match=r"out of range|each once"):
        read_rule(tmp_path, **changes)


def test_a_card_of_another_schema_or_of_no_object_is_refused(tmp_path):
    raw = json.loads(tiny_card().to_json())
    assert raw["schema"] == 1
    for wrong in ({**raw, "schema": 2}, [raw], {k: v for k, v in raw.items() if k != "schema"}):
        (tmp_path / "card.json").write_text(json.dumps(wrong), encoding="utf-8")
        with pytest.raises(ModelError, match="schema 1"):
            read_card(tmp_path)


def test_a_card_without_a_number_is_not_written():
    with pytest.raises(ValueError, match="JSON"):
        tiny_card(training={"loss": float("nan")}).to_json()


def test_ten_positives_and_one_false_alarm_in_ten_are_enough_to_be_flagged(tmp_path):
    assert read_rule(tmp_path, positives=10, false_alarms=0.1).not_flagged == ""
    assert read_rule(tmp_path, positives=10, false_alarms=None).not_flagged == ""
    assert "Only 9 records" in read_rule(tmp_path, positives=9).not_flagged
    assert "11% of normal ECGs" in read_rule(tmp_path, false_alarms=0.11).not_flagged


@pytest.mark.parametrize("threshold", [0.0, 0.05, 0.5, 0.9, 1.0])
def test_the_cut_is_the_logit_whose_probability_is_the_threshold(tmp_path, threshold):
    rule = read_rule(tmp_path, threshold=threshold, temperature=2.0, bias=-0.7)
    assert rule.probability(rule.cut) == pytest.approx(threshold, abs=1e-9)


def test_a_downloaded_card_says_what_wrote_it_and_is_read_all_the_same(tmp_path):
    card = tiny_card()
    text = card.to_json(**origin("ab" * 32))
    raw = json.loads(text)
    assert raw["software"].startswith("ecgcore ")
    assert raw["digest"] == "ab" * 32
    assert "research and teaching use" in raw["notice"]
    (tmp_path / "card.json").write_text(text, encoding="utf-8")
    assert read_card(tmp_path).to_json() == card.to_json()


def test_what_fits_on_a_line_stands_on_one():
    figure = {"value": 0.5, "low": 0.4, "high": 0.6}
    long = list(range(60))
    text = json_text({"auc": figure, "roc": {"fpr": long, "tpr": long}, "none": {}, "rows": [[1]]})
    assert text.splitlines()[1] == ' "auc": {"value": 0.5, "low": 0.4, "high": 0.6},'
    assert len(text.splitlines()) == 9
    assert json.loads(text)["roc"]["tpr"] == long
    assert json.loads(text)["none"] == {}


@pytest.mark.parametrize("path", sorted((ROOT / "weights").glob("*/card.json")), ids=str)
def test_a_committed_card_is_written_so_and_lists_no_records(path):
    text = path.read_text()
    assert text == json_text(json.loads(text)) + "\n"
    longest = max((len(part) for part in _lists(json.loads(text))), default=0)
    assert longest <= 100


def _lists(value):
    if isinstance(value, list):
        yield value
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for part in parts:
        yield from _lists(part)
