"""Maps keep the recording's shape, leave the network as it was, and carry their checks."""

import threading

import numpy as np
import pytest
import torch

from ecgcore.errors import CannotAssessError, InvalidArgumentError
from ecgcore.explain import METHODS, explain
from ecgcore.explain.case import Case
from ecgcore.explain.checks import outside, perturbation, yardstick
from ecgcore.leads import STANDARD_12
from ecgcore.recording import Recording
from tests.synthetic import recording, tiny_model


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return tiny_model(tmp_path_factory.mktemp("models") / "tiny-1")


def spoiled():
    """A recording with an absent lead, an absent stretch and a lead that no model knows."""
    signal = recording(leads=(*STANDARD_12, "X")).signal.copy()
    signal[3] = np.nan
    signal[5, 1000:2000] = np.nan
    return Recording(signal, 500, (*STANDARD_12, "X"))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("make", [recording, spoiled])
def test_a_map_has_the_recordings_shape_and_is_zero_where_nothing_was_seen(model, method, make):
    given = make()
    found = explain(model, given, "AF", method)
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


@pytest.mark.parametrize("method", [m for m, entry in METHODS.items() if not entry.signed])
def test_a_method_without_sign_speaks_for_the_statement_only(model, method):
    assert (explain(model, recording(), "AF", method).values >= 0).all()


@pytest.mark.parametrize("method", METHODS)
def test_hooks_are_gone_and_gradients_untouched(model, method):
    before = {k: v.clone() for k, v in model.network.state_dict().items()}
    explain(model, recording(), "PVC", method)
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


@pytest.mark.parametrize("method", METHODS)
def test_threads_that_share_a_model_get_what_one_alone_gets(model, method):
    cases = [(recording(seed=i), code) for i, code in enumerate(("AF", "PVC", "SNR", "STD"))]
    alone = [explain(model, r, code, method).values for r, code in cases]
    together = [None] * 8

    def work(k):
        r, code = cases[k % 4]
        together[k] = explain(model, r, code, method).values

    threads = [threading.Thread(target=work, args=(k,)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for k in range(8):
        np.testing.assert_array_equal(together[k], alone[k % 4])


def test_maps_differ_between_statements(model):
    a, b = (explain(model, recording(), code, "hirescam").values for code in ("AF", "LBBB"))
    assert not np.allclose(a, b)


def test_only_the_selected_leads_are_explained(model):
    found = explain(model, recording(), "AF", leads=("II", "V5"))
    rows = np.flatnonzero(found.values.any(axis=1))
    assert {found.leads[i] for i in rows} <= {"II", "V5"}
    assert rows.size


def test_a_long_recording_is_explained_window_by_window_or_in_the_highest_alone(model):
    given = recording(75.0, 100)
    every = explain(model, given, "AF", "hirescam")
    one = explain(model, given, "AF", "hirescam", windows="highest")
    seen = np.flatnonzero(one.values.any(axis=0))
    assert one.window_s == every.window_s
    assert seen[0] >= 100 * one.window_s[0]
    assert seen[-1] < 100 * one.window_s[1]
    np.testing.assert_array_equal(one.values[:, seen], every.values[:, seen])
    # 75 s in windows of 10 s: the last one ends with the recording.
    assert all(every.values[:, s : s + 100].any() for s in range(0, 7500, 100))


def test_an_unknown_label_or_method_is_named(model):
    with pytest.raises(CannotAssessError, match="WPW"):
        explain(model, recording(), "WPW")
    with pytest.raises(InvalidArgumentError, match="tea_leaves"):
        explain(model, recording(), "AF", "tea_leaves")


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
