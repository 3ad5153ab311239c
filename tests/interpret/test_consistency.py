"""What may not stand together does not, whatever the rules and a network state."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecgcore.interpret.consistency import excluded_pairs, make_consistent
from ecgcore.interpret.decide import NOT_FLAGGED
from ecgcore.results import Call
from ecgcore.statements import statement, statements

CODES = tuple(statements())
SPANS = st.lists(
    st.tuples(st.integers(0, 50), st.integers(1, 20)).map(lambda s: (float(s[0]), float(sum(s)))),
    max_size=2,
).map(tuple)
CALLS = st.lists(
    st.builds(
        Call,
        code=st.sampled_from(CODES),
        spans=SPANS,
        urgent=st.booleans(),
        decided_by=st.sampled_from(("measurement", "beats", "network", "both")),
    ),
    max_size=12,
    unique_by=lambda call: call.code,
)


@settings(max_examples=300, deadline=None)
@given(CALLS)
def test_no_two_statements_that_exclude_one_another_are_left(calls):
    left = make_consistent(calls)
    assert excluded_pairs(left) == []
    assert make_consistent(left) == left
    assert {id(call) for call in left} <= {id(call) for call in calls}


@settings(max_examples=300, deadline=None)
@given(CALLS)
def test_what_is_left_out_is_excluded_or_implied_by_another(calls):
    left = make_consistent(calls)
    for call in calls:
        if call in left:
            continue
        implied = any(
            call.code in (statement(other.code).kind_of, *statement(other.code).implies)
            for other in calls
        )
        assert implied or any(excluded_pairs([call, other]) for other in calls if other != call)


@settings(max_examples=300, deadline=None)
@given(CALLS)
def test_an_urgent_statement_gives_way_to_an_urgent_one_alone(calls):
    left = make_consistent(calls)
    for call in calls:
        if call.urgent and call not in left:
            assert any(excluded_pairs([call, other]) for other in left if other.urgent)


def test_first_degree_block_does_not_stand_in_rhythms_without_conducted_p():
    for code in ("AF", "AFLT", "164896001", "3AVB", "397829000"):
        assert excluded_pairs([Call(code="IAVB"), Call(code=code)])


@pytest.mark.parametrize(
    ("probability", "agreement", "left"),
    [
        (0.9, NOT_FLAGGED, "AF"),
        (0.89, NOT_FLAGGED, "SR"),
        (None, NOT_FLAGGED, "SR"),
        (0.99, "", "SR"),
        (0.99, "the network agrees", "SR"),
    ],
)
def test_a_network_that_is_sure_outweighs_a_measurement_that_it_does_not_support(
    probability, agreement, left
):
    measured = Call(code="SR", agreement=agreement)
    network = Call(code="AF", decided_by="network", probability=probability)
    for both in ([measured, network], [network, measured]):
        assert [call.code for call in make_consistent(both)] == [left]


def test_of_two_measurements_the_networks_word_decides():
    pair = [Call(code="SBRAD", agreement=NOT_FLAGGED), Call(code="STACH", probability=0.95)]
    assert [call.code for call in make_consistent(pair)] == ["STACH"]
    sure = [Call(code="SBRAD", decided_by="both"), Call(code="STACH", probability=0.95)]
    assert [call.code for call in make_consistent(sure)] == ["SBRAD"]


def test_what_holds_at_other_times_does_not_meet():
    early, late = ((0.0, 10.0),), ((10.0, 20.0),)
    assert not excluded_pairs([Call(code="AF", spans=early), Call(code="SR", spans=late)])
    assert excluded_pairs([Call(code="AF", spans=((0.0, 10.1),)), Call(code="SR", spans=late)])
    assert excluded_pairs([Call(code="AF", spans=early), Call(code="SR")])


def test_a_wider_measured_statement_stays_and_a_networks_own_does_not():
    kind = Call(code="426183003")
    assert len(make_consistent([kind, Call(code="2AVB")])) == 2
    assert len(make_consistent([kind, Call(code="2AVB", decided_by="network")])) == 1
    assert len(make_consistent([kind, Call(code="2AVB", decided_by="network", urgent=True)])) == 2
