"""The word for the rhythm fits the kinds of the beats and their RR intervals."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecgcore.measure.rhythm import GRADUAL, IRREGULAR, NO_P, PACED, REGULAR, find_rhythm

KINDS = {"n": "normal", "s": "supraventricular", "v": "ventricular", "p": "paced", "u": "unknown"}


def said(kinds: str, rr_s, *, without_p: bool = False, paced: bool = False) -> str:
    rr = np.concatenate(([np.nan], np.asarray(rr_s, dtype=float)))
    types = tuple(KINDS[k] for k in kinds)
    assert len(types) == rr.size
    return find_rhythm(types, rr, without_p=without_p, paced=paced)


def ectopic_rr(kinds: str, usual: float = 0.8) -> list[float]:
    """RR with each ectopic beat early, and a pause behind it."""
    out = []
    for before, kind in pairwise(kinds):
        early, late = kind in "sv", before in "sv"
        out.append(usual * (0.6 if early else 1.4 if late else 1.0))
    return out


@pytest.mark.parametrize(
    ("kinds", "rhythm"),
    [
        ("nvnvnvnvnvnv", "regularly irregular (bigeminy)"),
        ("unsnsnsnsns", "regularly irregular (bigeminy)"),
        ("nnvnnvnnvnnv", "regularly irregular (trigeminy)"),
        ("nnnsnnnsnnnsnnn", "regularly irregular (quadrigeminy)"),
        ("nnnnvnvnvnnnnnnnnnnnnnnn", "irregular (ectopic beats)"),
        ("nnnnnvnnnnn", "irregular (ectopic beats)"),
        ("nnvvnnnvvnnn", "irregular (couplets of ectopic beats)"),
        ("nnnvvvvnnnnn", "irregular (runs of ectopic beats)"),
        ("nvnnvnvnnnvnn", "irregular (frequent ectopic beats)"),
        ("nnnnnnnnnnn", REGULAR),
        ("nnn", "unknown"),
    ],
)
def test_ectopic_beats_are_named_with_their_pattern(kinds, rhythm):
    assert said(kinds, ectopic_rr(kinds)) == rhythm


def test_ectopic_beats_that_change_no_interval_leave_the_rhythm_regular():
    assert said("nnnnvnnnnn", [0.8] * 9) == "regular with ectopic beats"


def test_an_interpolated_beat_makes_two_short_intervals():
    assert (
        said("nnnnvnnnn", [0.8, 0.8, 0.8, 0.4, 0.4, 0.8, 0.8, 0.8]) == "irregular (ectopic beats)"
    )


def test_a_rhythm_all_of_ectopic_beats_is_read_by_its_intervals():
    assert said("v" * 10, [0.4] * 9) == REGULAR


@pytest.mark.parametrize(
    ("rr_s", "rhythm"),
    [
        # Wenckebach 4:3: RR shortens, then a pause of less than twice.
        ([0.89, 0.84, 1.48] * 4, "regularly irregular (group beating)"),
        # Mobitz II 5:4.
        ([0.8, 0.8, 0.8, 1.6] * 3, "regularly irregular (group beating)"),
        # 3:2, and flutter conducted 2:1 and 4:1 by turns.
        ([0.89, 1.5] * 5, "regularly irregular (alternating RR intervals)"),
        ([0.8, 1.2, 0.8, 1.2, 0.8], "regularly irregular (alternating RR intervals)"),
        ([0.4, 0.8] * 8, "regularly irregular (alternating RR intervals)"),
        ([0.8] * 6 + [1.6] + [0.8] * 4, "irregular (pauses)"),
        ([0.8, 1.2, 0.6, 0.9, 1.3, 0.7, 1.1, 0.5], IRREGULAR),
        ([0.8, 0.85, 0.9, 0.95, 0.98, 0.96, 0.9, 0.84, 0.8], GRADUAL),
        ([0.80, 0.84, 0.79, 0.83, 0.80, 0.82], REGULAR),
        ([1.30, 1.42, 1.33, 1.38, 1.41], REGULAR),
    ],
)
def test_intervals_alone_tell_groups_pauses_and_breathing(rr_s, rhythm):
    assert said("n" * (len(rr_s) + 1), rr_s) == rhythm


def test_fibrillation_and_pacing_are_said_first():
    rr = [0.8, 1.2, 0.6, 0.9, 1.3]
    assert said("nnsnnn", rr, without_p=True) == NO_P
    assert said("pppppp", rr, paced=True) == "paced, irregular"
    assert said("pppppp", [0.86] * 5, paced=True) == PACED


def test_intervals_over_absent_signal_count_for_nothing():
    assert said("nnnnnnn", [0.8, 0.8, np.nan, 0.8, 0.8, 0.8]) == REGULAR


@settings(max_examples=200, deadline=None)
@given(
    rr=st.lists(st.floats(0.3, 2.5), min_size=3, max_size=40),
    kinds=st.lists(st.sampled_from("nnnnsvu"), min_size=41, max_size=41),
)
def test_a_rhythm_called_regular_varies_little(rr, kinds):
    """The standard deviation beside the word is then small too: at most half the range."""
    word = said("".join(kinds[: len(rr) + 1]), rr)
    if word.startswith("regular "):
        word = REGULAR
    if word == REGULAR and sum(k in "sv" for k in kinds[: len(rr) + 1]) <= 0.7 * (len(rr) + 1):
        limit = max(0.12, 0.12 * np.mean(rr))
        assert np.ptp(rr) <= limit + 1e-9
        assert np.std(rr) <= limit / 2 + 1e-9
