"""Intervals follow the reader's marks as one beat among the others, and say whose they are."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecgcore.errors import InvalidArgumentError
from ecgcore.measure import measure
from ecgcore.measure.editing import MOVABLE, edit_words, edited
from ecgcore.measure.intervals import SPANS, span_ms
from ecgcore.measure.mark_rules import refuse_outside
from ecgcore.recording import Recording
from ecgcore.results import FIDUCIALS, MeasureResult
from ecgcore.simulate.cases import make_demonstration_case

INTERVALS = ("pr", "qrs", "qt")


@pytest.fixture(scope="module")
def normal() -> Recording:
    return make_demonstration_case("normal").recording


@pytest.fixture(scope="module")
def result(normal: Recording) -> MeasureResult:
    return measure(normal)


@pytest.fixture(scope="module")
def ectopic() -> MeasureResult:
    return measure(make_demonstration_case("pvc").recording)


def value(result: MeasureResult, name: str) -> float:
    found = result.measurement(name)
    assert found is not None
    assert found.value is not None
    return found.value


def moved_by(result: MeasureResult, beat: int, name: str, seconds: float) -> dict:
    return {(beat, name): float(getattr(result.beats.consensus, name)[beat]) + seconds}


def test_one_beat_of_many_changes_the_median_as_one_of_many(result: MeasureResult) -> None:
    """A P onset 56 ms earlier in one beat: PR is still that of the other beats."""
    edits = moved_by(result, 4, "p_onset", -0.056)
    after = edited(result, edits, by="x")
    every = span_ms(after.beats.consensus, "pr")
    assert value(after, "pr") == pytest.approx(np.nanmedian(every))
    assert abs(value(after, "pr") - value(result, "pr")) < 5
    line, _ = edit_words(result, after, edits)
    assert line == (
        f"PR {value(result, 'pr'):.0f} → {value(after, 'pr'):.0f} ms (beat 5: {every[4]:.0f})"
    )


def test_moving_the_end_of_t_in_all_beats_moves_qt_and_qtc_and_nothing_else(
    result: MeasureResult,
) -> None:
    edits = {}
    for beat in range(result.beats.consensus.n_beats):
        edits |= moved_by(result, beat, "t_offset", 0.03)
    after = edited(result, edits, by="Dr A")
    assert value(after, "qt") == pytest.approx(value(result, "qt") + 30)
    assert value(after, "qtc_framingham") == pytest.approx(value(result, "qtc_framingham") + 30)
    for name in ("qt", "qtc_fridericia"):
        found = after.measurement(name)
        assert found is not None
        assert found.edited_by == "Dr A"
        assert "edited by Dr A" in found.method
    for name in ("pr", "qrs"):
        assert after.measurement(name) == result.measurement(name)


def test_an_onset_moves_both_intervals_it_belongs_to(result: MeasureResult) -> None:
    edits = moved_by(result, 2, "qrs_onset", -0.004) | moved_by(result, 5, "qrs_onset", -0.004)
    after = edited(result, edits, by="x")
    for name in INTERVALS:
        found = after.measurement(name)
        assert found is not None
        assert "beats 3, 6" in found.method
        assert found.edited_by == "x"


def test_a_beat_that_is_not_counted_changes_alone(ectopic: MeasureResult) -> None:
    beat = ectopic.beats.types.index("ventricular")
    edits = moved_by(ectopic, beat, "qrs_offset", 0.01)
    after = edited(ectopic, edits, by="x")
    assert after.measurement("qrs") == ectopic.measurement("qrs")
    moved = span_ms(after.beats.consensus, "qrs")[beat]
    assert moved == pytest.approx(span_ms(ectopic.beats.consensus, "qrs")[beat] + 10)
    assert "not counted" in edit_words(ectopic, after, edits)[0]


def test_what_is_not_stated_stays_so() -> None:
    fibrillating = measure(make_demonstration_case("atrial-fibrillation").recording)
    after = edited(fibrillating, moved_by(fibrillating, 3, "qrs_onset", -0.01), by="x")
    assert after.measurement("pr") == fibrillating.measurement("pr")
    # Each beat is corrected by its own RR before and after an edit.
    assert abs(value(after, "qtc_bazett") - value(fibrillating, "qtc_bazett")) < 3
    with pytest.raises(InvalidArgumentError, match="no mark 'p_onset'"):
        edited(fibrillating, {(3, "p_onset"): 1.0}, by="x")


def test_what_cannot_be_is_refused_and_the_result_stays(result: MeasureResult) -> None:
    onset = result.beats.consensus.qrs_onset[2]
    with pytest.raises(InvalidArgumentError, match="QRS would lie outside"):
        edited(result, {(2, "qrs_offset"): onset - 0.1}, by="x")
    with pytest.raises(InvalidArgumentError, match="no mark 'r_peak'"):
        edited(result, {(2, "r_peak"): onset}, by="x")
    with pytest.raises(InvalidArgumentError, match="beat 100"):
        edited(result, {(99, "p_onset"): onset}, by="x")
    assert edited(result, {}, by="x") is result


@pytest.mark.parametrize(
    ("name", "beyond", "words"),
    [
        ("p_onset", "p_peak", "P onset cannot lie behind the P peak"),
        ("qrs_onset", "p_offset", "QRS onset cannot lie before the P end"),
        ("qrs_offset", "t_onset", "QRS end cannot lie behind the T onset"),
        ("t_offset", "t_peak", "T end cannot lie before the T peak"),
    ],
)
def test_no_mark_passes_another_of_its_beat(
    result: MeasureResult, name: str, beyond: str, words: str
) -> None:
    later = FIDUCIALS.index(name) < FIDUCIALS.index(beyond)
    at = float(getattr(result.beats.consensus, beyond)[4]) + (0.002 if later else -0.002)
    with pytest.raises(InvalidArgumentError, match=words):
        edited(result, {(4, name): at}, by="x")


def test_two_marks_do_not_stand_in_one_place(result: MeasureResult) -> None:
    at = float(result.beats.consensus.t_onset[4])
    with pytest.raises(InvalidArgumentError, match="behind the T onset"):
        edited(result, {(4, "qrs_offset"): at}, by="x")


def test_p_may_end_where_qrs_begins(result: MeasureResult) -> None:
    at = float(result.beats.consensus.p_offset[4])
    assert edited(result, {(4, "qrs_onset"): at}, by="x").beats.consensus.qrs_onset[4] == at


def test_no_mark_reaches_into_another_beat(result: MeasureResult) -> None:
    points = result.beats.consensus
    assert points.n_beats > 10
    for beat, over in ((4, 0.001), (4, 0.0), (9, 0.001)):
        with pytest.raises(InvalidArgumentError, match=f"QRS complex of beat {beat + 2}"):
            edited(result, {(beat, "t_offset"): float(points.qrs_onset[beat + 1]) + over}, by="x")
    with pytest.raises(InvalidArgumentError, match="QRS complex of beat 4"):
        edited(result, {(4, "p_onset"): float(points.qrs_offset[3]) - 0.001}, by="x")


def test_no_mark_stands_outside_or_where_there_is_no_signal(
    result: MeasureResult, normal: Recording
) -> None:
    for at in (-0.01, normal.duration_s + 0.01):
        with pytest.raises(InvalidArgumentError, match="outside the recording"):
            edited(result, {(4, "t_offset"): at}, by="x", recording=normal)
    # The very ends belong to it.
    refuse_outside(normal, [("p_onset", 0.0), ("t_offset", normal.duration_s)])
    end = float(result.beats.consensus.t_offset[4])
    signal = normal.signal.copy()
    signal[:, round((end + 0.02) * normal.fs_hz) : round((end + 0.2) * normal.fs_hz)] = np.nan
    torn = Recording(signal, normal.fs_hz, normal.leads)
    with pytest.raises(InvalidArgumentError, match="no signal"):
        edited(result, {(4, "t_offset"): end + 0.05}, by="x", recording=torn)


def test_what_was_found_out_of_order_does_not_hold_a_mark(result: MeasureResult) -> None:
    values = result.beats.consensus.as_array()
    values[FIDUCIALS.index("p_offset"), 4] = values[FIDUCIALS.index("qrs_onset"), 4] + 0.004
    found = replace(
        result, beats=replace(result.beats, consensus=type(result.beats.consensus)(*values))
    )
    after = edited(found, moved_by(found, 4, "qrs_onset", -0.004), by="x")
    assert after.beats.consensus.qrs_onset[4] < found.beats.consensus.qrs_onset[4]


# ---- for any mark at any time ----------------------------------------------------------------


MARK = st.tuples(st.integers(0, 10), st.sampled_from(MOVABLE), st.floats(-0.3, 0.3))


@settings(max_examples=150, deadline=None)
@given(marks=st.lists(MARK, min_size=1, max_size=4))
def test_marks_are_refused_or_in_order(
    marks: list, result: MeasureResult, normal: Recording
) -> None:
    edits: dict[tuple[int, str], float] = {}
    for beat, name, shift in marks:
        edits |= moved_by(result, beat, name, shift)
    try:
        after = edited(result, edits, by="x", recording=normal).beats.consensus.as_array()
    except InvalidArgumentError:
        return
    before = result.beats.consensus.as_array()
    ordered = np.diff(before, axis=0) >= 0
    assert (np.diff(after, axis=0) >= 0)[ordered & np.isfinite(np.diff(after, axis=0))].all()
    edges = after[FIDUCIALS.index("qrs_offset"), :-1], after[FIDUCIALS.index("qrs_onset"), 1:]
    assert (edges[0] < edges[1]).all()
    assert np.nanmin(after) >= 0
    assert np.nanmax(after) <= normal.duration_s


@settings(max_examples=100, deadline=None)
@given(mark=MARK)
def test_one_edited_beat_moves_an_interval_to_a_neighbouring_value_at_most(
    mark: tuple, result: MeasureResult
) -> None:
    beat, name, shift = mark
    try:
        after = edited(result, moved_by(result, beat, name, shift), by="x")
    except InvalidArgumentError:
        return
    for interval in SPANS:
        every = span_ms(result.beats.consensus, interval)[result.beats.counted]
        known = np.sort(every[np.isfinite(every)])
        assert known.size >= 5
        middle, even = divmod(known.size - 1, 2)
        low = known[middle - 1 : middle + even].mean()
        high = known[middle + 1 : middle + 2 + even].mean()
        assert low - 1e-6 <= value(after, interval) <= high + 1e-6
