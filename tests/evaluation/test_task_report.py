"""Macro AUC of a label table, with intervals over patients."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from ecgcore.errors import InvalidArgumentError
from ecgcore.evaluation.tasks import task_report, task_table

CODES = ("A", "B", "C", "never")


@pytest.fixture
def sample():
    rng = np.random.default_rng(0)
    targets = (rng.random((300, 4)) < (0.4, 0.2, 0.1, 0.0)).astype(float)
    scores = targets + rng.normal(0, (0.5, 1.0, 2.0, 1.0), (300, 4))
    return targets, scores, np.array([f"p{i // 2}" for i in range(300)])


def test_the_mean_over_classes_is_sklearns(sample):
    targets, scores, groups = sample
    report = task_report(targets, scores, groups=groups, codes=CODES, n_boot=200)
    expected = roc_auc_score(targets[:, :3], scores[:, :3], average="macro")
    assert report["macro_auc"]["value"] == pytest.approx(expected, abs=1e-12)
    assert report["macro_auc"]["low"] < expected < report["macro_auc"]["high"]
    for j, code in enumerate("ABC"):
        one = roc_auc_score(targets[:, j], scores[:, j])
        assert report["classes"][code]["auc"]["value"] == pytest.approx(one, abs=1e-12)
    assert (report["n"], report["n_patients"]) == (300, 150)


def test_a_class_that_never_occurs_is_named_and_left_out(sample):
    targets, scores, groups = sample
    report = task_report(targets, scores, groups=groups, codes=CODES, n_boot=50)
    assert report["not_measured"] == ["never"]
    assert report["classes"]["never"]["auc"]["value"] is None
    assert "| mean of 3 | 300 |" in task_table(report)
    assert "| never | 300 | 0 | - |" in task_table(report)


def test_patients_are_resampled_not_records(sample):
    targets, scores, _ = sample
    # The same 30 patients ten times each: ten times as many records, no narrower an interval.
    y, s = np.repeat(targets[:30], 10, axis=0), np.repeat(scores[:30], 10, axis=0)
    alone = [f"r{i}" for i in range(300)]
    together = np.repeat([f"p{i}" for i in range(30)], 10)
    width = {}
    for name, groups in (("alone", alone), ("together", together)):
        found = task_report(y, s, groups=groups, codes=CODES, n_boot=300)["classes"]["A"]["auc"]
        width[name] = found["high"] - found["low"]
    assert width["together"] > 2 * width["alone"]


def test_masked_rows_change_nothing(sample):
    targets, scores, groups = sample
    masked = np.concatenate([targets, np.full((5, 4), np.nan)])
    more = np.concatenate([scores, np.zeros((5, 4))])
    wider = np.concatenate([groups, [f"q{i}" for i in range(5)]])
    plain = task_report(targets, scores, groups=groups, codes=CODES, n_boot=2)
    report = task_report(masked, more, groups=wider, codes=CODES, n_boot=2)
    assert report["macro_auc"]["value"] == plain["macro_auc"]["value"]
    assert report["classes"]["A"]["n"] == 300


def test_codes_must_fit(sample):
    targets, scores, groups = sample
    with pytest.raises(InvalidArgumentError, match="4 columns of targets and 2 codes"):
        task_report(targets, scores, groups=groups, codes=CODES[:2])
