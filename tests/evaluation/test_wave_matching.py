"""Matching of found with marked times."""

import numpy as np
import pytest

from ecgcore.datasets.ludb_waves import MarkedLead, MarkedWave, _waves
from ecgcore.evaluation.waves import POINTS, Tally, match_times, tally_consensus, tally_lead
from ecgcore.results import FIDUCIALS


def test_each_time_is_used_once_and_the_nearest_wins():
    a, b = match_times(np.array([1.0, 1.2, 5.0]), np.array([1.1, 1.19, 9.0]))
    assert list(a) == [0, 1]
    assert list(b) == [0, 1]
    a, b = match_times(np.array([1.0]), np.array([0.9, 1.02]))
    assert (list(a), list(b)) == ([0], [1])


@pytest.mark.parametrize(("a", "b"), [([], []), ([1.0], []), ([], [1.0]), ([1.0], [1.151])])
def test_nothing_matches(a, b):
    assert match_times(np.array(a), np.array(b))[0].size == 0


def lead(*waves):
    return MarkedLead(waves, min(w.onset_s for w in waves), max(w.offset_s for w in waves))


def found(beats):
    out = np.full((9, len(beats)), np.nan)
    for i, beat in enumerate(beats):
        for name, value in beat.items():
            out[FIDUCIALS.index(name), i] = value
    return out


def test_only_the_marked_span_counts():
    marks = lead(MarkedWave("QRS", 1.0, 1.04, 1.1), MarkedWave("QRS", 2.0, 2.04, 2.1))
    tallies = {name: Tally() for name in POINTS}
    beats = [{"qrs_onset": t, "qrs_offset": t + 0.09} for t in (0.0, 1.01, 1.5, 3.0)]
    tally_lead(tallies, marks, found(beats))
    figures = tallies["QRS onset"].figures()
    assert figures["sensitivity"] == 0.5
    assert figures["ppv"] == 0.5
    assert figures["mean_ms"] == pytest.approx(10)


def test_consensus_of_marks_has_the_same_definition():
    marks = {
        str(i): lead(MarkedWave("QRS", 1.0 + 0.001 * i, 1.04, 1.1 + 0.001 * i)) for i in range(11)
    }
    tallies = {name: Tally() for name in POINTS}
    tally_consensus(tallies, marks, found([{"qrs_onset": 1.002, "qrs_offset": 1.108}]))
    assert tallies["QRS onset"].figures()["mean_ms"] == pytest.approx(0)
    assert tallies["QRS offset"].figures()["mean_ms"] == pytest.approx(0)


def test_marks_in_odd_order_are_one_wave():
    waves = _waves([1.0, 1.01, 1.1, 1.5, 1.6, 1.7], ["N", "(", ")", "(", "t", ")"])
    assert [(w.kind, w.onset_s) for w in waves] == [("QRS", 1.01), ("T", 1.5)]
    assert _waves([1.0, 1.1, 1.2], ["(", "(", ")"]) == ()
