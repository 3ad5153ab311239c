"""Segments and the rule table: every sample belongs somewhere, and numbers can be read."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ecgcore.errors import InvalidArgumentError
from ecgcore.signal.waveform_rules import (
    EXTENSION,
    PAPER,
    SEGMENTS,
    TABLE,
    beats_with_p,
    segments,
    waveform_rules,
)

FS_HZ = 100.0


def classes(text: str) -> np.ndarray:
    """One character for 10 ms: "." none, P, Q, T."""
    return np.array([".PQT".index(c) for c in text], dtype=np.uint8)


def named(text: str) -> list[str]:
    return [SEGMENTS[k] for k in segments(classes(text), FS_HZ)]


BEAT = "....PPPP...QQQQQ....TTTTTTTT......"


def test_every_part_of_a_beat_has_its_name() -> None:
    found = named(BEAT * 2)
    assert found[0] == "TP"
    assert found[4:8] == ["P"] * 4
    assert found[8:11] == ["PR"] * 3
    assert found[11:16] == ["QRS"] * 5
    assert found[16:20] == ["ST"] * 4
    assert found[20:28] == ["T"] * 8
    assert found[28:38] == ["TP"] * 10
    assert found[-1] == "TP"


def test_a_t_wave_before_a_beat_without_p_keeps_what_may_hide_in_it() -> None:
    found = named("PPP..QQQ...TTTTT....QQQ...TTTTT..PPP..QQQ...TTTTT...")
    assert found[11:16] == ["T_without_P"] * 5
    assert found[26:31] == ["T"] * 5
    assert found[16:20] == ["TP"] * 4


def test_a_gap_too_long_for_pr_lies_between_beats() -> None:
    found = named("PPP" + "." * 40 + "QQQ...TTT")
    assert found[3:43] == ["TP"] * 40


def test_without_a_qrs_everything_is_rest_and_no_beat_is_counted() -> None:
    parts = segments(classes("..PPP...TTTT.."), FS_HZ)
    assert not parts.any()
    assert beats_with_p(parts) == (0, 0)


def test_beats_with_p_are_counted_with_and_without_a_pr_segment() -> None:
    parts = segments(classes("PPPQQQ...TTT..PPP..QQQ..TTT....QQQ..."), FS_HZ)
    assert beats_with_p(parts) == (2, 3)
    # A beat that the record's end cuts off counts too, and so does one that begins it.
    assert beats_with_p(segments(classes("PPP.QQQ"), FS_HZ)) == (1, 1)
    assert beats_with_p(segments(classes("QQQ..TTT..QQ"), FS_HZ)) == (0, 2)


@settings(max_examples=60, deadline=None)
@given(arrays(np.uint8, st.integers(0, 300), elements=st.integers(0, 3)))
def test_waves_keep_their_place_whatever_comes(drawn: np.ndarray) -> None:
    parts = segments(drawn, FS_HZ)
    assert parts.shape == drawn.shape
    if (drawn == 2).any():
        assert ((parts == SEGMENTS.index("QRS")) == (drawn == 2)).all()
        assert ((parts == SEGMENTS.index("P")) == (drawn == 1)).all()
        is_t = np.isin(parts, [SEGMENTS.index("T"), SEGMENTS.index("T_without_P")])
        assert (is_t == (drawn == 3)).all()
    with_p, beats = beats_with_p(parts)
    assert 0 <= with_p <= beats


def test_other_classes_are_refused() -> None:
    with pytest.raises(InvalidArgumentError, match="0 to 3"):
        segments(np.array([0, 4], dtype=np.uint8), FS_HZ)
    with pytest.raises(InvalidArgumentError, match="shape"):
        segments(np.zeros((2, 3), dtype=np.uint8), FS_HZ)


def test_only_atrial_contraction_is_the_papers() -> None:
    rules = waveform_rules()
    assert [code for code, rule in rules.items() if rule.origin == PAPER] == ["PAC"]
    assert {rule.origin for rule in rules.values()} == {PAPER, EXTENSION}
    gains = dict(zip(SEGMENTS, rules["PAC"].gains, strict=True))
    assert gains["P"] > gains["QRS"] > gains["T"] >= gains["rest"]
    assert gains["TP"] > gains["QRS"]
    assert gains["T_without_P"] == gains["P"]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("P = 1.0", "P = 1.5", "PAC.P"),
        ("rest = 0.3", "", "needs rest"),
        ('origin = "paper"', 'origin = "mine"', "origin"),
        ("[PAC]", "[XYZ]", "a disease"),
        ("[PAC]", "[PAC", "cannot be read"),
        ('origin = "paper"', 'leads = ["II"]', "needs gain, origin, source"),
    ],
)
def test_a_damaged_table_says_what_is_wrong(tmp_path: Path, old: str, new: str, words: str) -> None:
    path = tmp_path / "rules.toml"
    path.write_text(TABLE.read_text().replace(old, new, 1))
    with pytest.raises(InvalidArgumentError, match=words):
        waveform_rules(path)
