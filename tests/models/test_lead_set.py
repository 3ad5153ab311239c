"""The contract every network for a set of leads keeps."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ecgcore.errors import InvalidArgumentError
from ecgcore.models import build, standardise
from tests.synthetic import TINY

torch.manual_seed(0)
NETWORK = build("lead_set", TINY)
for _ in range(10):
    NETWORK(torch.randn(4, 12, 300))
NETWORK.eval().requires_grad_(False)


def samples(batch, n_leads, n, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(batch, n_leads, n, generator=generator)


def close(a, b):
    torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-5)


@settings(deadline=None, max_examples=20)
@given(
    leads=st.lists(st.integers(0, 11), min_size=1, max_size=12, unique=True),
    n=st.integers(500, 1203),
    batch=st.integers(1, 3),
)
def test_any_subset_of_leads_and_any_length_gives_finite_logits(leads, n, batch):
    logits = NETWORK(samples(batch, len(leads), n), leads=torch.tensor(leads))
    assert logits.shape == (batch, 9)
    assert torch.isfinite(logits).all()


def test_a_record_is_read_alike_alone_and_in_a_batch():
    x = samples(5, 12, 700)
    present = torch.rand(5, 12, generator=torch.Generator().manual_seed(1)) > 0.3
    present[:, 0] = True
    together = NETWORK(x, present)
    for i in range(5):
        close(together[i : i + 1], NETWORK(x[i : i + 1], present[i : i + 1]))


@settings(deadline=None, max_examples=15)
@given(n=st.integers(500, 700), extra=st.integers(1, 400))
def test_padding_has_no_influence(n, extra):
    x = samples(2, 12, n)
    padded = torch.cat([x, 1e3 * torch.ones(2, 12, extra)], dim=2)
    present = torch.zeros(2, 12, n + extra, dtype=torch.bool)
    present[:, :, :n] = True
    close(NETWORK(x), NETWORK(padded, present))


def test_what_stands_in_an_absent_lead_changes_nothing():
    x = samples(1, 12, 600)
    present = torch.ones(1, 12, dtype=torch.bool)
    present[0, [2, 7]] = False
    expected = NETWORK(x, present)
    for junk in (float("nan"), float("inf"), 1e6):
        spoiled = x.clone()
        spoiled[0, [2, 7]] = junk
        assert torch.equal(NETWORK(spoiled, present), expected)


def test_an_absent_lead_is_a_lead_that_was_not_given():
    x = samples(1, 12, 600)
    present = torch.ones(1, 12, dtype=torch.bool)
    present[0, 3:] = False
    close(NETWORK(x, present), NETWORK(x[:, :3], leads=torch.arange(3)))


def test_an_absent_stretch_takes_no_part():
    x = samples(1, 12, 800)
    present = torch.ones(1, 12, 800, dtype=torch.bool)
    present[0, 4, 200:500] = False
    expected = NETWORK(x, present)
    x[0, 4, 200:500] = float("nan")
    assert torch.equal(NETWORK(x, present), expected)
    assert not torch.allclose(NETWORK(samples(1, 12, 800)), expected)


def test_the_order_of_leads_does_not_matter_but_their_names_do():
    x = samples(2, 12, 600)
    order = torch.randperm(12, generator=torch.Generator().manual_seed(4))
    close(NETWORK(x), NETWORK(x[:, order], leads=order))
    assert not torch.allclose(NETWORK(x), NETWORK(x[:, order]))


def test_each_record_may_have_its_own_leads():
    x = samples(2, 3, 600)
    leads = torch.tensor([[0, 1, 6], [5, 9, 11]])
    close(NETWORK(x, leads=leads)[1:], NETWORK(x[1:], leads=leads[1]))


@pytest.mark.parametrize(
    ("shape", "present", "leads"),
    [
        ((12, 600), None, None),
        ((1, 13, 600), None, None),
        ((1, 0, 600), None, None),
        ((1, 2, 600), None, torch.tensor([0])),
        ((1, 2, 600), None, torch.tensor([0, 12])),
        ((1, 2, 600), None, torch.tensor([-1, 0])),
        ((1, 2, 600), None, torch.tensor([0.0, 1.0])),
        ((1, 2, 600), torch.ones(1, 3, dtype=torch.bool), None),
        ((1, 2, 600), torch.ones(1, 2), None),
    ],
)
def test_what_does_not_fit_is_refused(shape, present, leads):
    with pytest.raises(InvalidArgumentError):
        NETWORK(torch.zeros(shape), present, leads)


def test_the_layer_for_maps_has_one_row_a_lead():
    seen = []
    handle = NETWORK.gradcam_layer.register_forward_hook(lambda _m, _i, out: seen.append(out))
    NETWORK(samples(2, 5, 602), leads=torch.arange(5))
    handle.remove()
    assert seen[0].shape == (10, 6, -(-602 // NETWORK.gradcam_stride))


@pytest.mark.parametrize(
    ("architecture", "arguments"),
    [("nothing", {}), ("lead_set", {"kernle": 5}), ("lead_set", {"kernel": 4})],
)
def test_an_unknown_architecture_or_argument_is_refused(architecture, arguments):
    with pytest.raises(InvalidArgumentError):
        build(architecture, arguments)


@settings(deadline=None, max_examples=20)
@given(gain=st.floats(0.1, 1e3), offset=st.floats(-5, 5))
def test_standardised_samples_know_neither_gain_nor_offset(gain, offset):
    x = samples(1, 3, 400)
    present = torch.ones(1, 3, 400, dtype=torch.bool)
    torch.testing.assert_close(
        standardise(x * gain + offset, present), standardise(x, present), rtol=1e-2, atol=1e-3
    )


def test_standardise_ignores_what_is_absent_and_leaves_flat_leads_flat():
    x = samples(1, 2, 400)
    x[0, 1] = 0.7
    present = torch.ones(1, 2, 400, dtype=torch.bool)
    present[0, 0, 300:] = False
    x[0, 0, 300:] = float("nan")
    out = standardise(x, present)
    assert (out[0, 0, 300:] == 0).all()
    assert (out[0, 1] == 0).all()
    assert abs(float(out[0, 0, :300].std(unbiased=False)) - 1) < 1e-4
