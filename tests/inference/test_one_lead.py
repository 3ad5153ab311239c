"""Which model reads a recording, and what one lead can carry."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgcore.errors import CannotAssessError, ModelError
from ecgcore.inference import DEFAULT_MODEL, SINGLE_LEAD_MODEL, load_model, model_for, predict
from ecgcore.inference.card import InputContract
from ecgcore.inference.choice import choices_for, one_lead_of
from ecgcore.inference.one_lead import blocked_on, can_and_cannot
from ecgcore.leads import STANDARD_12
from tests.synthetic import recording, write_tiny_model

ONE = InputContract(max_leads=1, min_leads_calibrated=1.0)


@pytest.fixture
def weights(tmp_path, monkeypatch):
    """A folder of models with a student beside the default model's name."""
    monkeypatch.setenv("ECG_WEIGHTS", str(tmp_path))
    write_tiny_model(tmp_path / SINGLE_LEAD_MODEL, name="single-lead", input=ONE)
    write_tiny_model(tmp_path / DEFAULT_MODEL)
    return tmp_path


@pytest.mark.parametrize("leads", [("I",), ("MLII",), ("V5",), ("I", "ECG"), ("MLII", "PLETH")])
def test_one_usable_lead_is_read_by_the_student(weights, leads):
    assert model_for(recording(leads=leads)) == SINGLE_LEAD_MODEL
    assert choices_for(recording(leads=leads)) == [SINGLE_LEAD_MODEL, DEFAULT_MODEL]


@pytest.mark.parametrize("leads", [("I", "II"), ("MLII", "V1"), STANDARD_12, ("ECG",)])
def test_more_leads_or_none_are_read_by_the_model_for_any_leads(weights, leads):
    assert model_for(recording(leads=leads)) == DEFAULT_MODEL


def test_of_many_leads_the_ones_chosen_decide(weights):
    assert model_for(recording(), ("V2",)) == SINGLE_LEAD_MODEL
    assert model_for(recording(), ("V2", "I")) == DEFAULT_MODEL
    assert one_lead_of(recording(), ("V2",)) == "V2"


def test_without_the_student_the_other_model_reads_one_lead(tmp_path, monkeypatch):
    monkeypatch.setenv("ECG_WEIGHTS", str(tmp_path))
    assert model_for(recording(leads=("I",))) == DEFAULT_MODEL


def test_a_model_of_one_lead_reads_one_and_says_so_of_more(weights):
    model = load_model(SINGLE_LEAD_MODEL)
    assert predict(model, recording(), leads=("II",)).leads_used == ("II",)
    with pytest.raises(CannotAssessError, match=r"one lead at a time.*I, II, III"):
        predict(model, recording())


@pytest.mark.parametrize("number", [0, 13])
def test_a_card_of_no_possible_number_of_leads_is_refused(tmp_path, number):
    folder = write_tiny_model(tmp_path / "tiny-1", input=InputContract(max_leads=number))
    with pytest.raises(ModelError, match="max_leads"):
        load_model(folder)


@pytest.mark.parametrize("code", ["SNR", "STD", "STE", "LVH", "LAFB", "AMI", "IMI", "418818005"])
@given(lead=st.sampled_from((*STANDARD_12, "MLII")))
def test_what_needs_more_than_one_lead_is_said_on_none(code, lead):
    assert blocked_on(code, lead, {}).endswith((f"lead used: {lead}.", "ST statement)."))


@given(
    code=st.sampled_from(("AF", "PAC", "PVC", "IAVB", "SBRAD", "STACH", "SARRH")),
    lead=st.sampled_from((*STANDARD_12, "MLII")),
)
def test_rhythm_and_beats_are_said_on_any_lead(code, lead):
    assert blocked_on(code, lead, {}) == ""


def test_blocks_are_said_in_v1_and_flutter_where_its_waves_are():
    assert [lead for lead in STANDARD_12 if not blocked_on("RBBB", lead, {})] == ["V1"]
    flutter = [lead for lead in STANDARD_12 if not blocked_on("AFLT", lead, {})]
    assert flutter == ["II", "III", "aVF", "V1"]
    assert not blocked_on("AFLT", "MLII", {})


def test_a_monitoring_lead_gives_no_axis_and_no_st_statement():
    for code in ("STD", "LAFB"):
        assert "MLII is a monitoring lead" in blocked_on(code, "MLII", {})


def test_what_the_model_tells_poorly_on_a_lead_is_not_said():
    found = {"by_lead": {"auc": {"II": {"IAVB": 0.79, "AF": 0.8, "PAC": None}}}}
    assert "AUC 0.79" in blocked_on("IAVB", "II", found)
    assert "lead II" in blocked_on("IAVB", "MLII", found)
    assert not blocked_on("AF", "II", found)
    assert not blocked_on("PAC", "II", found)
    can, cannot = can_and_cannot("II", ("IAVB", "AF", "STE"), found)
    assert can == ("AF",)
    assert set(cannot) == {"IAVB", "STE"}


def test_predictions_keep_their_probability_where_nothing_is_said(weights):
    found = {
        f.code: f for f in predict(load_model(SINGLE_LEAD_MODEL), recording(leads=("I",))).findings
    }
    for code in ("SNR", "LBBB", "STD"):
        assert found[code].finding is None
        assert 0 <= found[code].probability <= 1
        assert not found[code].calibrated
    assert found["AF"].finding is not None
    assert found["AF"].calibrated
