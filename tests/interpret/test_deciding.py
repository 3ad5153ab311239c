"""What a network may state, and when it is asked window by window."""

from dataclasses import replace

import pytest

from ecgcore.errors import CannotAssessError
from ecgcore.inference import load_model
from ecgcore.interpret import decide as deciding
from ecgcore.interpret import interpret
from ecgcore.interpret.decide import (
    NOT_FLAGGED,
    TOO_FEW,
    WINDOWED,
    add_network,
    hear_network,
    refuse_network,
    threshold_of,
)
from ecgcore.results import Call, Finding, Prediction, Quality, Unable
from ecgcore.statements import statement
from ecgcore.study import Study
from tests.interpret.made_facts import study_of
from tests.synthetic import recording, tiny_model


@pytest.fixture(scope="module")
def model():
    return load_model()


def said(code, probability, threshold=0.3, *, calibrated=True):
    finding = Finding(code, code, probability, calibrated, threshold, probability >= threshold)
    return Prediction("x", ("I",), (finding,), False, "", Quality(True))


def test_without_a_precision_one_half_is_asked(model):
    unknown = replace(model.card, out_of_fold={})
    assert threshold_of(model.card, "PVC") < 0.5
    assert threshold_of(unknown, "PVC") == 0.5
    no_ppv = replace(model.card, out_of_fold={"classes": {"PVC": {"ppv": {}}}})
    assert threshold_of(no_ppv, "PVC") == 0.5


@pytest.mark.parametrize("code", ["PVC", "STE"])
def test_the_network_agrees_from_its_limit_on(model, code):
    # Without a calibrated limit the card's threshold is the limit.
    limit = threshold_of(model.card, code) or 0.3
    for probability, words in ((limit, "the network agrees"), (limit - 1e-6, NOT_FLAGGED)):
        calls, _ = add_network([Call(code=code)], [], [], model.card, said(code, probability))
        assert calls[0].agreement == words
    assert calls[0].decided_by == "measurement"


def test_what_it_states_passes_from_its_limit_on(model):
    limit = threshold_of(model.card, "AMI")
    for probability, n_stated in ((limit, 1), (limit - 1e-6, 0)):
        calls, unable = add_network([], [], [], model.card, said("AMI", probability))
        assert (len(calls), unable) == (n_stated, [])


def test_a_probability_that_is_not_calibrated_is_not_printed(model):
    for measured in ([], [Call(code="PVC")]):
        for calibrated, shown in ((True, 0.9), (False, None)):
            found = said("PVC", 0.9, calibrated=calibrated)
            calls, _ = add_network(measured, [], [], model.card, found)
            assert calls[0].probability == shown


def test_too_few_examples_are_named_only_where_the_network_alone_decides(model, monkeypatch):
    both = add_network([], [], [], model.card, said("AFLT", 0.99))
    assert both == ([], [])
    alone = replace(statement("AFLT"), decided_by="network")
    monkeypatch.setattr(deciding, "statement", lambda code: alone)
    _, unable = add_network([], [], [], model.card, said("AFLT", 0.99))
    assert unable == [Unable(code="AFLT", reason=TOO_FEW)]


def test_a_network_that_was_not_asked_says_why_of_each_statement(model):
    found = refuse_network(model, CannotAssessError("Too short."))
    assert {one.reason for one in found} == {"Too short."}
    assert [one.code for one in found] == [c for c in model.card.codes if c != "SNR"]


def test_what_was_measured_is_not_also_not_assessed(model):
    short = study_of("pvc").recording
    short = replace(short, signal=short.signal[:, : round(4.0 * short.fs_hz)])
    found = interpret(Study(short), model)
    stated = {call.code for call in found.statements}
    assert stated
    assert not stated & {one.code for one in found.not_assessed}


def test_longer_than_a_window_it_is_heard_window_by_window(tmp_path):
    tiny = tiny_model(tmp_path / "tiny-1")
    window_s = tiny.card.input.window_s
    for length_s, n_windows in ((WINDOWED * window_s, 0), (2 * window_s, 2)):
        heard = hear_network(tiny, Study(recording(length_s, 100)))
        assert len(heard.windows) == n_windows
    assert hear_network(tiny, Study(recording(window_s, 100)), windows=True).windows
