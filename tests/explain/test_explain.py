"""Maps keep the recording's shape, leave the network as it was, and carry their checks."""

import threading
from dataclasses import replace

import numpy as np
import pytest
import torch

from ecgcore.errors import CannotAssessError, InvalidArgumentError
from ecgcore.explain import METHODS, Explainer, explain, method_for, methods_of
from ecgcore.explain.attention import attended, attention, attention_rollout
from ecgcore.explain.case import Around, Case
from ecgcore.explain.checks import outside, perturbation, yardstick
from ecgcore.explain.gradcam import guided_gradient
from ecgcore.inference import LoadedModel
from ecgcore.leads import STANDARD_12
from ecgcore.measure import measure
from ecgcore.recording import Recording
from ecgcore.simulate.cases import make_demonstration_case
from ecgcore.study import Study
from tests.synthetic import recording, tiny_attention_model, tiny_model

# The other one needs a network with a waveform module: test_waveform_map.py.
ANYWHERE = [name for name in METHODS if name != "waveform_attention"]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return tiny_model(tmp_path_factory.mktemp("models") / "tiny-1")


@pytest.fixture(scope="module")
def attending(tmp_path_factory):
    """A model of the other architecture, that attends over leads and sees voltage."""
    return tiny_attention_model(tmp_path_factory.mktemp("models") / "attending-1")


def short(seed=0):
    return recording(6.0, 250, seed=seed)


def spoiled():
    """A recording with an absent lead, an absent stretch and a lead that no model knows."""
    signal = recording(6.0, 250, leads=(*STANDARD_12, "X")).signal.copy()
    signal[3] = np.nan
    signal[5, 500:1000] = np.nan
    return Recording(signal, 250, (*STANDARD_12, "X"))


@pytest.fixture(scope="module")
def explainers(model, attending):
    """Each model on each recording; what a recording's maps share is made once."""
    makers = {"whole": short, "spoiled": spoiled}
    return {
        (m, name): Explainer(network, Study(make()))
        for m, network in (("lead_set", model), ("lead_attention", attending))
        for name, make in makers.items()
    }


@pytest.mark.parametrize("method", ANYWHERE)
@pytest.mark.parametrize("name", ["whole", "spoiled"])
@pytest.mark.parametrize("kind", ["lead_set", "lead_attention"])
def test_a_map_has_the_recordings_shape_and_is_zero_where_nothing_was_seen(
    explainers, kind, name, method
):
    explainer = explainers[kind, name]
    given = explainer.recording
    found = explainer.explain("AF", method)
    assert found.values.shape == given.signal.shape
    assert found.values.dtype == np.float32
    assert np.isfinite(found.values).all()
    assert found.values.any()
    assert (found.values[~np.isfinite(given.signal)] == 0).all()
    if "X" in given.leads:
        assert (found.values[given.leads.index("X")] == 0).all()
    assert found.leads == given.leads
    assert found.fs_hz == given.fs_hz
    assert sum(found.lead_share().values()) == pytest.approx(1)
    assert {c.name: c.passed for c in found.self_check}["outside"] is True
    if not METHODS[method].signed:
        assert (found.values >= 0).all()


@pytest.mark.parametrize("method", ANYWHERE)
def test_hooks_are_gone_and_gradients_untouched(attending, explainers, method):
    model = attending
    before = {k: v.clone() for k, v in model.network.state_dict().items()}
    explainers["lead_attention", "whole"].explain("PVC", method)
    for module in model.network.modules():
        assert not module._forward_hooks
        assert not module._forward_pre_hooks
        assert not module._backward_hooks
    for parameter in model.network.parameters():
        assert parameter.grad is None
        assert not parameter.requires_grad
    assert not model.network.training
    for key, value in model.network.state_dict().items():
        assert torch.equal(value, before[key])


def test_threads_that_share_a_model_get_what_one_alone_gets(model):
    waves = measure(short(), check=False)
    cases = [
        (short(), "AF", "hirescam"),
        (short(), "PVC", "guided_gradcam"),
        (spoiled(), "STD", "gradient_shap"),
        (spoiled(), "AF", "lead_shapley"),
    ]

    def made(k):
        given, code, method = cases[k % 4]
        return Explainer(model, Study(given, measured=waves)).explain(code, method)

    alone = [made(k) for k in range(4)]
    together = [None] * 8

    def work(k):
        together[k] = made(k)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for k in range(8):
        np.testing.assert_array_equal(together[k].values, alone[k % 4].values)
        assert together[k].self_check == alone[k % 4].self_check


def test_threads_that_share_an_explainer_get_the_same_map(attending):
    explainer = Explainer(attending, Study(short()))
    found = [None] * 4

    def work(k):
        found[k] = explainer.explain("AF", "guided_gradcam").values

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for values in found:
        np.testing.assert_array_equal(values, found[0])


def test_maps_differ_between_statements(explainers):
    explainer = explainers["lead_set", "whole"]
    a, b = (explainer.explain(code, "hirescam").values for code in ("AF", "LBBB"))
    assert not np.allclose(a, b)


def test_only_the_selected_leads_are_explained(model):
    found = explain(model, Study(short(), leads=("II", "V5")), "AF")
    rows = np.flatnonzero(found.values.any(axis=1))
    assert {found.leads[i] for i in rows} <= {"II", "V5"}
    assert rows.size


def test_a_long_recording_is_explained_window_by_window_or_in_the_highest_alone(model):
    given = recording(75.0, 100, leads=("II", "V1"))
    every = explain(model, Study(given), "AF", "hirescam")
    one = explain(model, Study(given), "AF", "hirescam", windows="highest")
    seen = np.flatnonzero(one.values.any(axis=0))
    assert one.window_s == every.window_s
    assert seen[0] >= 100 * one.window_s[0]
    assert seen[-1] < 100 * one.window_s[1]
    np.testing.assert_array_equal(one.values[:, seen], every.values[:, seen])
    # 75 s in windows of 10 s: the last one ends with the recording.
    assert all(every.values[:, s : s + 100].any() for s in range(0, 7500, 100))


def test_an_unknown_label_or_method_is_named(model):
    with pytest.raises(CannotAssessError, match="WPW"):
        explain(model, Study(short()), "WPW")
    with pytest.raises(InvalidArgumentError, match="tea_leaves"):
        explain(model, Study(short()), "AF", "tea_leaves")


def test_a_method_that_does_not_apply_says_why_and_what_does(model):
    class Other(torch.nn.Module):
        pass

    other = LoadedModel(model.card, Other())
    assert "gradcam" not in methods_of(other)
    assert "saliency" in methods_of(other)
    with pytest.raises(CannotAssessError, match=r"Other has no attention.*saliency"):
        method_for(other, "attention")


def test_guided_backpropagation_lets_only_positive_slopes_through():
    class Two(torch.nn.Module):
        def forward(self, x, _present, _index):
            h = torch.nn.functional.relu(x)
            return (h[:, :, 0] * 2 - h[:, :, 1]).sum(dim=1, keepdim=True)

    x = torch.tensor([[[1.0, 1.0], [-1.0, 1.0]]])
    one = Case(Two(), x, torch.ones_like(x, dtype=torch.bool), torch.arange(2), 0)
    np.testing.assert_array_equal(guided_gradient(one), [[2, 0], [0, 0]])
    # Outside, a ReLU is what it was.
    y = x.clone().requires_grad_(True)
    slope = torch.autograd.grad(Two()(y, None, None).sum(), y)[0]
    np.testing.assert_array_equal(slope.numpy()[0], [[2, -1], [0, -1]])


@pytest.mark.parametrize("kind", ["lead_set", "lead_attention"])
def test_attention_sums_to_one_over_what_is_there(explainers, kind):
    explainer = explainers[kind, "spoiled"]
    one = explainer.case(1, explainer.reading.pieces[0])
    seen = attended(one)
    assert float(seen.time.sum()) == pytest.approx(1, abs=1e-5)
    np.testing.assert_allclose(seen.leads.sum(dim=0).numpy(), 1, atol=1e-5)
    for layer in seen.layers:
        np.testing.assert_allclose(layer.sum(dim=1).numpy(), 1, atol=1e-5)
    assert len(seen.layers) == (0 if kind == "lead_set" else 2)
    # Rollout without a layer to follow is attention itself.
    same = np.allclose(attention(one).values, attention_rollout(one).values)
    assert same == (kind == "lead_set")


@pytest.mark.parametrize("kind", ["lead_set", "lead_attention"])
@pytest.mark.parametrize(
    ("method", "part"),
    [("attended_cam", "hirescam"), ("attended_gradients", "two_baseline_gradients")],
)
def test_where_it_attends_is_a_share_of_the_map_whoever_made_that(explainers, kind, method, part):
    explainer = explainers[kind, "spoiled"]
    window = explainer.reading.pieces[0]
    whole, found = explainer.map(part, 1, window), explainer.map(method, 1, window)
    assert found.step == whole.step
    assert (np.abs(found.values) <= np.abs(whole.values) + 1e-6).all()
    assert (found.values * whole.values >= 0).all()
    assert 0 < np.abs(found.values).sum() < np.abs(whole.values).sum()
    alone = replace(explainer.case(1, window), around=Around())
    made = METHODS[method].run(alone).values
    np.testing.assert_allclose(made, found.values, rtol=1e-4, atol=1e-6)


class Reader(torch.nn.Module):
    """A network whose logit is the sum of squares in one known place."""

    def forward(self, x, _present, _index):
        return x[:, 1:2, 300:360].square().sum(dim=2)


def case():
    x = torch.randn(1, 3, 1000, generator=torch.Generator().manual_seed(0))
    present = torch.ones(1, 3, 1000, dtype=torch.bool)
    return Case(Reader(), x, present, torch.arange(3), 0)


def test_the_deletion_check_knows_a_true_map_from_a_false_one():
    true, false = np.zeros((3, 1000), np.float32), np.zeros((3, 1000), np.float32)
    true[1, 300:360] = 1
    false[2, 300:360] = 1
    # Blocks without attribution are taken in their order: none of them is the right one here.
    false[2, :] += 0.1
    stick = yardstick(case())
    good, bad = (perturbation(case(), made, stick) for made in (true, false))
    assert [c.passed for c in good[:2]] == [True, True]
    assert good[0].value > 0
    assert [c.passed for c in bad[:2]] == [False, False]
    assert good[2].passed is None  # no waves are known here


def test_an_empty_map_does_not_pass():
    found = perturbation(case(), np.zeros((3, 1000), np.float32), yardstick(case()))
    assert [check.passed for check in found] == [False, False]


def test_attribution_outside_what_was_seen_is_found():
    values = np.ones((2, 10), np.float32)
    seen = np.ones((2, 10), bool)
    assert outside(values, seen).passed
    seen[0, :5] = False
    check = outside(values, seen)
    assert check.passed is False
    assert check.value == pytest.approx(0.25)


@pytest.mark.parametrize("case", ["pvc", "atrial-fibrillation"])
def test_what_was_measured_is_what_an_explanation_finds_itself(attending, case):
    recording = make_demonstration_case(case).recording.select(("II", "V1"))
    found = Explainer(attending, Study(recording))
    given = Explainer(attending, Study(recording, measured=measure(recording)))
    (window,) = found.reading.pieces
    one, other = found.beats_of(window), given.beats_of(window)
    np.testing.assert_array_equal(one.consensus.as_array(), other.consensus.as_array())
    for lead, waves in one.leads.items():
        np.testing.assert_array_equal(waves.as_array(), other.leads[lead].as_array())
    assert one.types == other.types
    np.testing.assert_array_equal(one.rr_s, other.rr_s)
