"""Maps against truth, sample by sample."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecgcore.datasets.mitdb import MarkedBeats
from ecgcore.errors import InvalidArgumentError
from ecgcore.evaluation import roc_auc
from ecgcore.evaluation.localisation import (
    beat_truth,
    best_dice_threshold,
    count_samples,
    dice,
    mean_record_auc,
    pointing,
    pooled_auc,
    record_aucs,
)


def records(seed: int, n: int = 4) -> tuple[list[np.ndarray], list[np.ndarray]]:
    rng = np.random.default_rng(seed)
    truths = [rng.random(900) < 0.15 for _ in range(n)]
    maps = [rng.normal(size=900) + 1.5 * t for t in truths]
    return truths, maps


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 500))
def test_areas_from_counts_are_those_of_the_samples(seed: int) -> None:
    truths, maps = records(seed)
    counts = count_samples(truths, maps)
    pooled = roc_auc(np.concatenate(truths).astype(float), np.concatenate(maps))
    one = np.ones((1, len(maps)))
    assert pooled_auc(counts, one)[0] == pytest.approx(pooled, abs=2e-3)
    each = [roc_auc(t.astype(float), m) for t, m in zip(truths, maps, strict=True)]
    np.testing.assert_allclose(record_aucs(counts), each, atol=4e-3)
    assert mean_record_auc(counts, one)[0] == pytest.approx(np.mean(each), abs=4e-3)


def test_weights_count_records() -> None:
    truths, maps = records(1)
    weights = np.array([[1.0, 0, 0, 0], [2.0, 0, 0, 0]])
    found = pooled_auc(count_samples(truths, maps), weights)
    assert found[0] == pytest.approx(found[1])
    assert found[0] == pytest.approx(roc_auc(truths[0].astype(float), maps[0]), abs=4e-3)


def test_dice_at_its_best_threshold() -> None:
    truths, maps = records(2)
    counts = count_samples(truths, maps)
    threshold = best_dice_threshold(counts)
    one = np.ones((1, 4))
    flagged = np.concatenate(maps) >= threshold
    truth = np.concatenate(truths)
    expected = 2 * (flagged & truth).sum() / (flagged.sum() + truth.sum())
    assert dice(counts, threshold, one)[0] == pytest.approx(expected, abs=0.01)
    assert dice(counts, threshold, one)[0] >= dice(counts, threshold + 1, one)[0]


def test_the_pointing_game_leaves_out_records_without_truth() -> None:
    truths = [np.array([False, True, False]), np.array([True, False, False]), np.zeros(3, bool)]
    maps = [np.array([0.0, 1, 0]), np.array([0.0, 1, 0]), np.array([0.0, 1, 0])]
    counts = count_samples(truths, maps)
    assert pointing(counts, np.ones((1, 3)))[0] == 0.5
    assert np.isnan(counts.pointed[2])
    with pytest.raises(InvalidArgumentError, match="same length"):
        count_samples(truths, [*maps[:2], np.zeros(2)])


def test_beats_reach_from_p_to_t_and_flutter_does_not_count() -> None:
    marked = MarkedBeats(np.array([1.0, 2.0]), ("N", "V"), ("N", "V"), ((3.0, 4.0),))
    truth, counted = beat_truth(marked, 500, 100.0)
    assert np.flatnonzero(truth).tolist() == list(range(180, 240))
    assert not counted[300:400].any()
    assert counted.sum() == 400
