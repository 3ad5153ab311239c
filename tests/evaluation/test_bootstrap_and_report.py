"""Intervals by patient, paired differences, and the report of a model card."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecgcore.errors import InvalidArgumentError
from ecgcore.evaluation import (
    age_bands,
    at_threshold,
    calibration_error,
    evaluate_predictions,
    interval,
    mean_auc,
    mean_auc_difference,
    mean_auc_interval,
    metrics_table,
    patient_weights,
    roc_auc,
    standard_subgroups,
    subgroup_table,
    weighted,
)

CODES = ("SNR", "AF", "STE")


def predictions(n=300, seed=0, skill=1.5):
    rng = np.random.default_rng(seed)
    y = (rng.random((n, 3)) < [0.5, 0.2, 0.1]).astype(float)
    p = 1 / (1 + np.exp(-(rng.normal(size=y.shape) + skill * (y - 0.5))))
    y[rng.random(y.shape) < 0.1] = np.nan
    groups = [f"p{i // 2}" for i in range(n)]
    return y, p, groups


def test_all_records_of_a_patient_come_together():
    groups = ["a", "b", "a", "c", "b", "a"]
    weights = patient_weights(groups, n_boot=50, seed=3)
    assert weights.shape == (50, 6)
    assert (weights[:, 0] == weights[:, 2]).all()
    assert (weights[:, 0] == weights[:, 5]).all()
    assert (weights[:, 1] == weights[:, 4]).all()
    assert (weights[:, [0, 1, 3]].sum(axis=1) == 3).all()
    assert len(np.unique(weights, axis=0)) > 5


def test_a_mean_has_the_interval_of_theory():
    x = np.random.default_rng(1).normal(size=400)
    weights = patient_weights([str(i) for i in range(400)], n_boot=2000)
    found = interval(lambda w: (w @ x) / w.sum(axis=1), weights)
    half = 1.96 * x.std() / 20
    assert found.value == pytest.approx(x.mean())
    assert found.low == pytest.approx(x.mean() - half, abs=0.02)
    assert found.high == pytest.approx(x.mean() + half, abs=0.02)


def test_repeated_patients_widen_the_interval():
    y, p, _ = predictions(n=120)
    y, p = np.repeat(y, 5, axis=0), np.repeat(p, 5, axis=0)
    patients = [f"p{i // 5}" for i in range(600)]
    alone = [f"r{i}" for i in range(600)]
    wide = mean_auc_interval(y, p, groups=patients, n_boot=300)
    narrow = mean_auc_interval(y, p, groups=alone, n_boot=300)
    assert wide.high - wide.low > 1.6 * (narrow.high - narrow.low)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 1000))
def test_the_interval_holds_the_figure_and_repeats(seed):
    y, p, groups = predictions(n=200, seed=seed)
    found = mean_auc_interval(y, p, groups=groups, n_boot=200, seed=seed)
    assert found.value == pytest.approx(mean_auc(y, p))
    assert found.low <= found.value <= found.high
    assert found == mean_auc_interval(y, p, groups=groups, n_boot=200, seed=seed)


def test_difference_is_paired():
    y, p, groups = predictions()
    same = mean_auc_difference(y, p, p, groups=groups, n_boot=100)
    assert (same.value, same.low, same.high) == (0, 0, 0)
    noise = np.random.default_rng(5).random(p.shape)
    better = mean_auc_difference(y, p, noise, groups=groups, n_boot=300)
    assert better.low > 0
    slightly = np.clip(p + 0.01 * noise, 0, 1)
    paired = mean_auc_difference(y, p, slightly, groups=groups, n_boot=300)
    single = mean_auc_interval(y, p, groups=groups, n_boot=300)
    assert paired.high - paired.low < 0.3 * (single.high - single.low)


def test_what_is_undefined_in_most_resamples_has_no_interval():
    weights = patient_weights(["a", "b", "c"], n_boot=200)
    y, s = np.array([1.0, 0, 0]), np.array([0.9, 0.1, 0.2])
    found = interval(lambda w: np.where(np.arange(len(w)) == 0, 1.0, np.nan), weights)
    assert (found.value, found.low) == (1.0, None)
    found = interval(lambda w: weighted.roc_auc(y, s, w), weights)
    assert (found.value, found.low, found.high) == (1.0, 1.0, 1.0)
    assert interval(lambda w: np.full(len(w), np.nan), weights).value is None


@pytest.mark.parametrize(("groups", "n_boot"), [([], 10), ([["a"]], 10), (["a"], 0)])
def test_bad_groups_are_refused(groups, n_boot):
    with pytest.raises(InvalidArgumentError):
        patient_weights(groups, n_boot=n_boot)


def small_report(**changes):
    y, p, groups = predictions()
    options = {"thresholds": [0.5, 0.4, 0.3], "groups": groups, "codes": CODES, "n_boot": 50}
    return evaluate_predictions(y, p, **(options | changes)), y, p


def test_report_figures_are_the_metrics():
    report, y, p = small_report()
    for j, (code, limit) in enumerate(zip(CODES, (0.5, 0.4, 0.3), strict=True)):
        figures = report["classes"][code]
        assert figures["n"] == (~np.isnan(y[:, j])).sum()
        assert figures["n_positive"] == (y[:, j] == 1).sum()
        assert figures["auc"]["value"] == pytest.approx(roc_auc(y[:, j], p[:, j]))
        assert figures["ece"]["value"] == pytest.approx(calibration_error(y[:, j], p[:, j]))
        for name, value in at_threshold(y[:, j], p[:, j], limit).items():
            assert figures[name]["value"] == pytest.approx(value)
            assert figures[name]["low"] < value < figures[name]["high"]
    assert report["mean"]["auc"]["value"] == pytest.approx(mean_auc(y, p))
    assert report["mean"]["codes"] == list(CODES)
    assert report["n_patients"] == 150


def test_report_is_json_without_nan():
    report, _, _ = small_report(subgroups={"sex": ["female"] * 299 + [""]})
    text = json.dumps(report, allow_nan=False)
    assert json.loads(text) == report


def test_subgroups():
    sexes = np.array(["female", "male", ""] * 100)
    report, y, p = small_report(subgroups={"sex": sexes})
    groups = report["subgroups"]["sex"]
    assert set(groups) == {"female", "male", "unknown"}
    inside = sexes == "male"
    assert groups["male"]["n"] == 100
    assert groups["male"]["mean_auc"]["value"] == pytest.approx(mean_auc(y[inside], p[inside]))
    found = groups["male"]["classes"]["AF"]
    assert found["auc"]["value"] == pytest.approx(roc_auc(y[inside, 1], p[inside, 1]))
    assert found["n_positive"] == (y[inside, 1] == 1).sum()


def test_a_subgroup_that_measures_nothing_says_so():
    report, _, _ = small_report(subgroups={"dataset": ["one"] + ["many"] * 299})
    alone = report["subgroups"]["dataset"]["one"]
    assert alone["mean_auc"] == {"value": None, "low": None, "high": None}
    assert alone["mean_auc_codes"] == []


def test_tables():
    report, _, _ = small_report(subgroups={"age": ["<40"] * 150 + ["65+"] * 150})
    lines = metrics_table(report).splitlines()
    assert len(lines) == 2 + len(CODES) + 1
    assert all(line.count("|") == 10 for line in lines)
    auc = report["classes"]["AF"]["auc"]
    assert f"{auc['value']:.3f} ({auc['low']:.3f} to {auc['high']:.3f})" in lines[3]
    assert lines[-1].startswith("| mean of 3 |")
    assert len(subgroup_table(report).splitlines()) == 4


def test_table_of_what_cannot_be_measured():
    y = np.zeros((4, 1))
    report = evaluate_predictions(
        y, y, thresholds=[0.5], groups=list("abcd"), codes=["STE"], n_boot=5
    )
    assert "| STE | 4 | 0 | - | - | - | 1.000 (1.000 to 1.000) | - |" in metrics_table(report)


def test_standard_subgroups():
    found = standard_subgroups(
        datasets=["ptbxl", "ludb"],
        sexes=["", "male"],
        ages=[39.9, np.nan],
        has_voltage=[True, False],
    )
    assert {name: values.tolist() for name, values in found.items()} == {
        "dataset": ["ptbxl", "ludb"],
        "sex": ["", "male"],
        "age": ["<40", ""],
        "unit": ["voltage known", "voltage lost"],
    }
    assert age_bands([40, 64.9, 65, 90]).tolist() == ["40-64", "40-64", "65+", "65+"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"thresholds": [0.5]}, "1 thresholds"),
        ({"codes": ["AF"]}, "1 codes"),
        ({"groups": ["a"]}, "groups has shape"),
        ({"subgroups": {"sex": ["male"]}}, "sex has shape"),
        ({"thresholds": [0.5, np.nan, 0.5]}, "not finite"),
    ],
)
def test_bad_reports_are_refused(changes, words):
    with pytest.raises(InvalidArgumentError, match=words):
        small_report(**changes)


def test_a_report_of_full_size_holds_every_statement():
    rng = np.random.default_rng(0)
    y = (rng.random((412, 9)) < 0.1).astype(float)
    groups = [f"p{i}" for i in range(412)]
    subgroups = {"dataset": rng.choice(["a", "b", "c"], 412), "sex": rng.choice(["f", "m"], 412)}
    found = evaluate_predictions(
        y,
        rng.random(y.shape),
        thresholds=[0.5] * 9,
        groups=groups,
        codes=list("abcdefghi"),
        subgroups=subgroups,
    )
    assert list(found["classes"]) == list("abcdefghi")
