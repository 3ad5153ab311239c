"""Figures by record and by beat."""

import numpy as np
import pytest

from ecgcore.errors import InvalidArgumentError
from ecgcore.evaluation.waveform import (
    beat_figures,
    chosen_thresholds,
    found_on_beats,
    record_figures,
    sensitivity_at,
)

ONE = np.ones((1, 8))


def test_sensitivity_keeps_the_specificity_it_is_asked_for() -> None:
    y = np.array([0, 0, 0, 0, 1, 1, 1, 1], dtype=float)
    s = np.array([1, 2, 3, 9, 0, 4, 8, 10], dtype=float)
    # Of four negatives one may be flagged at 75 %: the threshold is above 3.
    assert sensitivity_at(y, s, ONE, 0.75)[0] == pytest.approx(0.75)
    assert sensitivity_at(y, s, ONE, 1.0)[0] == pytest.approx(0.25)
    assert sensitivity_at(y, s, ONE, 0.0)[0] == 1.0


def test_equal_scores_are_flagged_together() -> None:
    y = np.array([0, 0, 1, 1], dtype=float)
    s = np.array([1.0, 5.0, 5.0, 6.0])
    assert sensitivity_at(y, s, np.ones((1, 4)), 0.9)[0] == 0.5


def test_weights_count_records_and_an_empty_side_has_no_figure() -> None:
    y = np.array([0, 1], dtype=float)
    weights = np.array([[1.0, 1.0], [0.0, 2.0], [2.0, 0.0]])
    found = sensitivity_at(y, np.array([0.0, 1.0]), weights, 0.9)
    assert found[0] == 1.0
    assert np.isnan(found[1:]).all()


def test_variants_are_compared_on_the_same_resamples() -> None:
    rng = np.random.default_rng(1)
    y = (np.arange(120) % 4 == 0).astype(float)
    y[5] = np.nan
    groups = np.array([f"p{i // 2}" for i in range(120)])
    good = np.stack([y + 0.2 * rng.standard_normal(120) for _ in range(3)])
    good[:, 5] = 0.0
    bad = rng.standard_normal((3, 120))
    scores = {"none": bad, "hard": good, "free": bad}
    limits = chosen_thresholds(y, scores)
    found = record_figures(y, scores, groups, thresholds=limits, against="none", n_boot=60)
    assert (found["n"], found["patients"]) == (119, 60)
    hard, same = found["variants"]["hard"], found["variants"]["free"]
    assert hard["difference"]["low"] > 0.2
    assert same["difference"] == {"value": 0.0, "low": 0.0, "high": 0.0}
    assert hard["f1"]["value"] > 0.9
    assert hard["f1_at_best"] >= hard["f1"]["value"]
    assert len(hard["seeds"]) == 3
    assert "difference" not in found["variants"]["none"]
    with pytest.raises(InvalidArgumentError, match="none of none, hard"):
        record_figures(y, scores, groups, thresholds=limits, against="body")


def test_a_map_on_the_beat_hits_and_one_beside_it_does_not() -> None:
    wanted = np.zeros((3, 100), dtype=bool)
    wanted[:, 40:50] = True
    maps = np.zeros((3, 100))
    maps[0, 45], maps[0, 10] = 3.0, 1.0
    maps[1, 60] = 1.0
    found = found_on_beats(maps, wanted)
    assert found.hit.tolist() == pytest.approx([1.0, 0.0, 0.1])
    assert found.mass.tolist() == pytest.approx([0.75, 0.0, 0.1])
    assert found.chance.tolist() == pytest.approx([0.1] * 3)


def test_figures_of_maps_have_their_difference() -> None:
    wanted = np.zeros((6, 50), dtype=bool)
    wanted[:, :5] = True
    on, off = np.zeros((6, 50)), np.zeros((6, 50))
    on[:, 2], off[:, 30] = 1, 1
    found = {"gradcam": found_on_beats(off, wanted), "rule": found_on_beats(on, wanted)}
    groups = np.array(list("aabbcc"))
    figures = beat_figures(found, groups, against="gradcam", n_boot=40)
    assert figures["maps"]["rule"]["hit_difference"] == {"value": 1.0, "low": 1.0, "high": 1.0}
    assert figures["patients"] == 3
    with pytest.raises(InvalidArgumentError):
        beat_figures(found, groups, against="other")


def test_a_window_without_such_a_beat_is_refused() -> None:
    with pytest.raises(InvalidArgumentError, match="a beat in every row"):
        found_on_beats(np.ones((1, 10)), np.zeros((1, 10), dtype=bool))
