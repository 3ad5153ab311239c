"""RR intervals: what lies in present signal, and nothing else."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgcore.signal.rr import NEAR_S, absent_spans, rr_before, rr_intervals

R_S = np.array([0.5, 1.3, 2.1, 5.0, 5.8, 6.6])


def test_without_gaps_every_interval_counts() -> None:
    found = rr_intervals(R_S)
    assert found.start.tolist() == [0, 1, 2, 3, 4]
    assert found.end.tolist() == [1, 2, 3, 4, 5]
    np.testing.assert_allclose(found.duration_s, [0.8, 0.8, 2.9, 0.8, 0.8])


def test_no_interval_spans_a_gap_and_a_pause_is_one() -> None:
    found = rr_intervals(R_S, np.array([[2.5, 4.5]]))
    assert found.end.tolist() == [1, 2, 4, 5]
    assert rr_intervals(R_S, np.array([[7.0, 9.0]])).duration_s.max() == pytest.approx(2.9)


def test_a_gap_beside_an_r_peak_takes_both_intervals_of_that_beat() -> None:
    found = rr_intervals(R_S, np.array([[2.1 + NEAR_S / 2, 4.0]]))
    assert found.end.tolist() == [1, 4, 5]


@pytest.mark.parametrize("gap", [(0.0, 0.4), (6.7, 9.0)])
def test_a_gap_at_either_end_takes_nothing(gap: tuple[float, float]) -> None:
    assert rr_intervals(R_S, np.array([gap])).duration_s.size == 5


@pytest.mark.parametrize("n", [0, 1])
def test_fewer_than_two_beats_have_none(n: int) -> None:
    assert rr_intervals(R_S[:n], np.array([[0.0, 9.0]])).duration_s.size == 0
    assert rr_before(R_S[:n]).size == n


def test_absent_is_what_no_lead_has() -> None:
    signal = np.zeros((2, 1000))
    signal[0, 100:400] = np.nan
    signal[1, 300:600] = np.nan
    signal[:, 700:704] = np.nan
    np.testing.assert_allclose(absent_spans(signal, 100.0), [[3.0, 4.0]])
    assert absent_spans(np.zeros((1, 10)), 100.0).shape == (0, 2)


@pytest.mark.parametrize("fs_hz", [100.0, 500.0])
def test_fifty_milliseconds_can_hide_a_complex_and_less_cannot(fs_hz: float) -> None:
    n = round(0.05 * fs_hz)
    signal = np.zeros((1, 1000))
    signal[0, 100 : 100 + n] = np.nan
    signal[0, 500 : 500 + n - 1] = np.nan
    np.testing.assert_allclose(absent_spans(signal, fs_hz), [[100 / fs_hz, (100 + n) / fs_hz]])


@pytest.mark.parametrize(("gap", "ends"), [((2.14, 4.0), [1, 4, 5]), ((2.16, 4.0), [1, 2, 4, 5])])
def test_a_peak_within_fifty_milliseconds_of_a_gap_is_not_relied_on(
    gap: tuple[float, float], ends: list[int]
) -> None:
    assert rr_intervals(R_S, np.array([gap])).end.tolist() == ends
    mirrored = rr_intervals(10 - R_S[::-1], 10 - np.array([gap[::-1]]))
    assert mirrored.end.tolist() == sorted(6 - end for end in ends)


@given(
    st.lists(st.floats(0, 60), min_size=0, max_size=30, unique=True),
    st.lists(st.tuples(st.floats(0, 60), st.floats(0, 10)), max_size=5),
)
def test_no_interval_touches_what_is_absent(
    peaks: list[float], gaps: list[tuple[float, float]]
) -> None:
    r_s = np.sort(np.asarray(peaks))
    absent = np.array([(start, start + size) for start, size in gaps]).reshape(-1, 2)
    found = rr_intervals(r_s, absent)
    kept = set(found.end.tolist())
    for end in range(1, r_s.size):
        clear = all(
            r_s[end] + NEAR_S < start or r_s[end - 1] - NEAR_S > stop for start, stop in absent
        )
        assert (end in kept) == clear
