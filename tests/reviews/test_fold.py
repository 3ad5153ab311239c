"""What a case looks like is a pure function of its events."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgcore.results import FIDUCIALS
from ecgcore.reviews import KINDS, CaseState, Event, PatientEntry, fold
from ecgcore.reviews.events import VERDICTS, check_payload
from ecgcore.reviews.state import APPLY

START = datetime(2026, 2, 13, tzinfo=UTC)
CODES = st.sampled_from(["AF", "LBBB", "SNR"]) | st.text(min_size=1, max_size=20)
BEATS = st.integers(0, 5)
NAMES = st.sampled_from(FIDUCIALS)
TIMES = st.floats(0, 1e6)
PAYLOADS: Mapping[str, st.SearchStrategy[Any]] = {
    "opened": st.fixed_dictionaries({"blind": st.booleans()}),
    "revealed": st.just({}),
    "verdict": st.fixed_dictionaries({"statement": CODES, "verdict": st.sampled_from(VERDICTS)}),
    "statement_added": st.fixed_dictionaries({"statement": CODES}),
    "statement_removed": st.fixed_dictionaries({"statement": CODES}),
    "comment": st.fixed_dictionaries({"text": st.text(max_size=50)}),
    "mark_moved": st.fixed_dictionaries({"beat": BEATS, "fiducial": NAMES, "time_s": TIMES}),
    "mark_reset": st.fixed_dictionaries({"beat": st.none() | BEATS, "fiducial": st.none() | NAMES}),
    "lead_named": st.fixed_dictionaries({"names": st.dictionaries(CODES, CODES, max_size=3)}),
    "patient_entered": st.fixed_dictionaries(
        {
            "age_years": st.none() | st.floats(0, 130),
            "sex": st.sampled_from([None, "female", "male"]),
            "pacemaker": st.none() | st.booleans(),
            "indication": st.text(max_size=20),
        }
    ),
    "place": st.fixed_dictionaries(
        {"start_s": TIMES, "overlay": st.text(max_size=10), "selected": st.none() | CODES}
    ),
}
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=5,
)
PROPER = st.one_of(*(st.tuples(st.just(kind), payload) for kind, payload in PAYLOADS.items()))
# What a newer version may have written, or a kind with another version's payload.
STRANGE = st.tuples(
    st.sampled_from(list(KINDS)) | st.text(max_size=9), st.dictionaries(st.text(max_size=9), JSON)
)


def numbered(said: list[tuple[str, dict[str, Any]]]) -> list[Event]:
    return [
        Event(kind, payload, seq=number, at=START + timedelta(seconds=number))
        for number, (kind, payload) in enumerate(said, start=1)
    ]


HISTORIES = st.lists(PROPER | STRANGE, max_size=30).map(numbered)


def said(*events: tuple[str, dict[str, Any]]) -> CaseState:
    return fold(numbered(list(events)))


def test_every_kind_has_its_payload_and_what_it_changes() -> None:
    assert KINDS.keys() == APPLY.keys() == PAYLOADS.keys()


@given(HISTORIES)
def test_any_history_folds_and_always_the_same(events: list[Event]) -> None:
    state = fold(events)
    assert state == fold(list(events))
    assert state.seq == len(events)


@given(HISTORIES, st.integers(0, 30))
def test_the_beginning_and_then_the_rest_is_the_whole(events: list[Event], n: int) -> None:
    assert fold(events[n:], fold(events[:n])) == fold(events)


@given(HISTORIES, PROPER)
def test_a_fold_changes_no_earlier_state(
    events: list[Event], more: tuple[str, dict[str, Any]]
) -> None:
    before = fold(events)
    described = repr(before)
    fold([Event(*more, seq=99)], before)
    assert repr(before) == described


@given(PROPER)
def test_what_is_stored_is_taken_again(one: tuple[str, dict[str, Any]]) -> None:
    checked = check_payload(*one)
    assert check_payload(one[0], checked) == checked


def test_what_is_not_understood_changes_nothing() -> None:
    known = said(("comment", {"text": "a"}))
    later = said(("comment", {"text": "a"}), ("signed", {"by": "me"}), ("comment", {"words": "b"}))
    assert later.comment == known.comment
    assert later.seq == 3


def test_a_verdict_is_given_changed_and_taken_back() -> None:
    def verdict(code: str, word: str) -> tuple[str, dict[str, Any]]:
        return "verdict", {"statement": code, "verdict": word}

    given_ = (verdict("AF", "confirmed"), verdict("LBBB", "dismissed"))
    assert said(*given_).verdicts == {"AF": "confirmed", "LBBB": "dismissed"}
    assert said(*given_, verdict("AF", "dismissed")).verdicts["AF"] == "dismissed"
    assert said(*given_, verdict("AF", "none")).verdicts == {"LBBB": "dismissed"}
    assert said(verdict("AF", "none")).verdicts == {}


def test_statements_are_added_once_and_removed() -> None:
    add = [("statement_added", {"statement": code}) for code in ("AF", "LBBB", "AF")]
    assert said(*add).added == ("LBBB", "AF")
    assert said(*add, ("statement_removed", {"statement": "AF"})).added == ("LBBB",)


@pytest.mark.parametrize(
    ("beat", "fiducial", "left"),
    [
        (1, "r_peak", [(1, "p_peak"), (2, "r_peak")]),
        (1, None, [(2, "r_peak")]),
        (None, "r_peak", [(1, "p_peak")]),
        (None, None, []),
    ],
)
def test_marks_are_moved_and_put_back(
    beat: int | None, fiducial: str | None, left: list[tuple[int, str]]
) -> None:
    moves = [(1, "r_peak", 1.0), (1, "p_peak", 0.9), (2, "r_peak", 2.0), (1, "r_peak", 1.1)]
    moved = [("mark_moved", {"beat": b, "fiducial": name, "time_s": at}) for b, name, at in moves]
    # The one moved last is the last one.
    assert list(said(*moved).marks.items())[-1] == ((1, "r_peak"), 1.1)
    reset = ("mark_reset", {"beat": beat, "fiducial": fiducial})
    assert sorted(said(*moved, reset).marks) == left


def test_leads_are_named_one_after_the_other_and_forgotten() -> None:
    names = [("lead_named", {"names": {old: new}}) for old, new in (("1", "I"), ("2", "II"))]
    assert said(*names).lead_names == ({"1": "I"}, {"2": "II"})
    assert said(*names, ("lead_named", {"names": {}})).lead_names == ()


def test_the_last_word_on_patient_place_and_comment_stands() -> None:
    patient = {"age_years": 74, "sex": "male", "pacemaker": None, "indication": "syncope"}
    place = {"start_s": 20, "overlay": "why", "selected": "AF"}
    state = said(
        ("opened", {"blind": True}),
        ("patient_entered", patient | {"age_years": 7}),
        ("patient_entered", patient),
        ("comment", {"text": "first"}),
        ("comment", {"text": ""}),
        ("place", place),
    )
    assert state.patient == PatientEntry(74.0, "male", None, "syncope")
    assert (state.comment, state.start_s, state.overlay, state.selected) == ("", 20.0, "why", "AF")
    assert (state.opened_at, state.changed_at) == (
        START + timedelta(seconds=1),
        START + timedelta(seconds=6),
    )
    assert state.blind
    assert not said(("opened", {"blind": True}), ("revealed", {})).blind
