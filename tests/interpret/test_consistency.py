"""What may not stand together does not, whatever the rules and a network state."""

from hypothesis import given, settings
from hypothesis import strategies as st

from ecgcore.interpret.consistency import excluded_pairs, make_consistent
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
