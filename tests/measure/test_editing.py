"""Intervals follow the reader's marks and say whose they are."""

import pytest

from ecgcore.errors import InvalidArgumentError
from ecgcore.measure import measure
from ecgcore.measure.editing import edited
from ecgcore.results import MeasureResult
from ecgcore.simulate.cases import demonstration_case


@pytest.fixture(scope="module")
def result() -> MeasureResult:
    return measure(demonstration_case("normal").recording)


def value(result: MeasureResult, name: str) -> float:
    found = result.measurement(name)
    assert found is not None
    assert found.value is not None
    return found.value


def test_moving_the_end_of_t_changes_qt_and_qtc_and_nothing_else(result: MeasureResult) -> None:
    onset, end = (getattr(result.beats.consensus, n)[3] for n in ("qrs_onset", "t_offset"))
    after = edited(result, {(3, "t_offset"): end + 0.05}, by="Dr A")
    assert value(after, "qt") == pytest.approx((end + 0.05 - onset) * 1e3)
    assert value(after, "qtc_fridericia") > value(result, "qtc_fridericia")
    changed = after.measurement("qt")
    assert changed is not None
    assert "beat 4; edited by Dr A" in changed.method
    assert value(after, "pr") == value(result, "pr")
    assert value(after, "qrs") == value(result, "qrs")


def test_an_onset_moves_both_intervals_it_belongs_to(result: MeasureResult) -> None:
    at = result.beats.consensus.qrs_onset
    after = edited(result, {(2, "qrs_onset"): at[2] - 0.01, (5, "qrs_onset"): at[5] - 0.01}, by="x")
    assert value(after, "qrs") == pytest.approx(value(result, "qrs") + 10, abs=15)
    for name in ("pr", "qrs", "qt"):
        found = after.measurement(name)
        assert found is not None
        assert "beats 3, 6" in found.method


def test_what_cannot_be_is_refused_and_the_result_stays(result: MeasureResult) -> None:
    onset = result.beats.consensus.qrs_onset[2]
    with pytest.raises(InvalidArgumentError, match="QRS interval would lie outside"):
        edited(result, {(2, "qrs_offset"): onset - 0.1}, by="x")
    with pytest.raises(InvalidArgumentError, match="no mark 'r_peak'"):
        edited(result, {(2, "r_peak"): onset}, by="x")
    with pytest.raises(InvalidArgumentError, match="beat 100"):
        edited(result, {(99, "p_onset"): onset}, by="x")
    assert edited(result, {}, by="x") is result
