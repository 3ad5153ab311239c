"""Figures of maps: true maps beat false ones, trials are what they say, weights matter."""

import numpy as np
import pytest
import torch

from ecgcore.errors import ModelError
from ecgcore.evaluation.map_figures import (
    QRS,
    RANDOM,
    Rows,
    lead_rows,
    perturbation_rows,
    place_map,
    place_rows,
)
from ecgcore.evaluation.map_records import Trial, known_truth
from ecgcore.evaluation.map_weights import ALL, SEEDS, randomise_weights, variant_rows, with_weights
from ecgcore.simulate import simulate
from tests.synthetic import recording, tiny_attention_model, tiny_model


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return tiny_model(tmp_path_factory.mktemp("models") / "tiny-1")


@pytest.fixture(scope="module")
def trials():
    return [Trial(recording(6.0, 250, seed=i), "AF", f"p{i}") for i in range(2)]


def test_the_highest_place_points_and_what_lies_inside_is_mass():
    values, mask = np.zeros((2, 200), np.float32), np.zeros((2, 200), bool)
    mask[0, 50:80] = True
    region = np.ones_like(mask)
    values[0, 60:65] = 3
    values[1, 100:105] = 1
    found = place_map(values, mask, region, 100.0)
    assert found == {"pointing": 1.0, "mass": pytest.approx(0.75)}
    assert place_map(values[::-1], mask, region, 100.0)["pointing"] == 0
    # Where the truth is not known, nothing counts.
    region[1] = False
    assert place_map(values, mask, region, 100.0)["mass"] == pytest.approx(1)
    assert place_map(np.zeros_like(values), mask, region, 100.0) == {"pointing": 0.0, "mass": 0.0}


def test_ties_point_by_their_share():
    values, mask = np.zeros((1, 200), np.float32), np.zeros((1, 200), bool)
    values[0, [52, 102, 152, 182]] = 1
    mask[0, 50:60] = True
    assert place_map(values, mask, np.ones_like(mask), 100.0)["pointing"] == pytest.approx(0.25)


def test_means_differences_and_intervals_are_over_patients():
    rows = Rows(
        [
            {"code": "AF", "group": f"p{i}", "trial": i, "method": m, "fall": float(v)}
            for i in range(6)
            for m, v in (("a", i + 1), ("b", i))
        ]
    )
    assert rows.mean("fall", method="a").value == pytest.approx(3.5)
    gap = rows.mean("fall", method="a", less="b", code="AF")
    assert (gap.value, gap.low, gap.high) == pytest.approx((1, 1, 1))
    assert rows.mean("fall", method="a", code="PVC").value is None


def test_deletion_and_insertion_stand_beside_random_and_qrs(model, trials):
    rows = perturbation_rows(model, trials, ["hirescam", "saliency"])
    assert {row["method"] for row in rows.values} == {"hirescam", "saliency", RANDOM, QRS}
    figures = {"deletion_line", "deletion_zero", "insertion_line", "insertion_zero"}
    assert figures <= rows.values[0].keys()
    assert rows.mean("deletion_zero", method="hirescam", less=RANDOM).value > 0


def test_places_are_judged_on_the_models_samples(model):
    # The same person each time: the case, the mask and what the network would see are fixed.
    found = list(known_truth(["PVC"], most=1, seed=1))
    assert found[0].mask.shape == found[0].recording.signal.shape
    rows = place_rows(model, found, ["hirescam"])
    by = {row["method"]: row for row in rows.values}
    assert set(by) == {"hirescam", QRS, RANDOM}
    assert 0 < by[RANDOM]["mass"] < 0.5
    assert all(0 <= row["pointing"] <= 1 and 0 <= row["mass"] <= 1 for row in rows.values)
    truth = simulate("pvc", seed=1000).masks["PVC"]
    np.testing.assert_array_equal(truth, found[0].mask)


def test_leads_are_judged_by_what_falls_without_them(model, trials):
    rows = lead_rows(model, trials[:1])
    assert set(rows.values[0]) >= {"top_fall", "other_fall", "beaten"}


@pytest.mark.parametrize("make", [tiny_model, tiny_attention_model])
def test_weights_are_drawn_anew_from_the_last_layers_down(make, tmp_path):
    model = make(tmp_path / "tiny-1")
    trained = model.network.state_dict()
    found = randomise_weights(model, seed=1)
    assert list(found) == ["last 1", "last 2", "last 3", ALL]
    drawn = []
    for other in found.values():
        state = other.network.state_dict()
        changed = {k for k in trained if not torch.equal(trained[k], state[k])}
        drawn.append(len(changed))
    assert drawn == sorted(drawn)
    first = {
        k.split(".")[0]
        for k, v in trained.items()
        if not torch.equal(v, found["last 1"].network.state_dict()[k])
    }
    assert "encoder" not in first
    assert not found[ALL].network.training


def test_the_same_weights_give_the_same_map_and_others_do_not(model, trials):
    same = with_weights(model, model.folder / "model.safetensors")
    others = {f"{SEEDS} 0": same, ALL: randomise_weights(model, seed=3)[ALL]}
    rows = variant_rows(model, others, trials[:1], ["hirescam", "saliency"])
    assert rows.mean(SEEDS, method="hirescam").value == pytest.approx(1)
    assert abs(rows.mean(ALL, method="hirescam").value) < 0.95


def test_weights_that_do_not_fit_are_refused(model, tmp_path):
    other = tiny_attention_model(tmp_path / "other-1")
    with pytest.raises(ModelError, match="do not fit"):
        with_weights(model, other.folder / "model.safetensors")
