"""The contract of the network with dense outputs: any leads, any length, nothing from absence."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ecgcore.errors import InvalidArgumentError
from ecgcore.models import build, standardise, voltage_scale, with_scale
from ecgcore.models.lead_set import LeadCountNorm

TINY = {"n_labels": 4, "encoder": (4, 8), "mixed": 8, "trunk": (8, 16), "layers": 1, "kernel": 5}
torch.manual_seed(0)
NETWORK = build("lead_attention", TINY)
for _ in range(10):
    NETWORK(torch.randn(4, 12, 300), scale=torch.randn(4, 12))
for parameter in (NETWORK.mixer.gain, NETWORK.mixer.shift, NETWORK.mixer.known):
    torch.nn.init.normal_(parameter)
NETWORK.eval().requires_grad_(False)


def samples(batch, n_leads, n, seed=0):
    return torch.randn(batch, n_leads, n, generator=torch.Generator().manual_seed(seed))


def close(a, b):
    torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-5)


@settings(deadline=None, max_examples=20)
@given(
    leads=st.lists(st.integers(0, 11), min_size=1, max_size=12, unique=True),
    n=st.integers(200, 1203),
)
def test_any_leads_and_length_give_finite_outputs_of_the_promised_shapes(leads, n):
    x = samples(2, len(leads), n)
    out = NETWORK.outputs(x, leads=torch.tensor(leads))
    assert out.statements.shape == (2, 4)
    assert out.superclasses.shape == (2, 5)
    assert out.handheld.shape == (2, 4)
    assert out.beats.shape == (2, 4, -(-n // 4))
    waves = NETWORK.waves(NETWORK.encode(x, None))
    assert waves.shape[:3] == (2, len(leads), 4)
    assert n <= waves.shape[3] < n + 4
    for part in (out.statements, out.superclasses, out.handheld, out.beats, out.features, waves):
        assert torch.isfinite(part).all()


def test_a_record_is_read_alike_alone_and_in_a_batch():
    x = samples(4, 12, 700)
    present = torch.rand(4, 12, generator=torch.Generator().manual_seed(1)) > 0.3
    present[:, 0] = True
    together = NETWORK.outputs(x, present)
    for i in range(4):
        alone = NETWORK.outputs(x[i : i + 1], present[i : i + 1])
        close(together.statements[i : i + 1], alone.statements)
        close(together.beats[i : i + 1], alone.beats)


@settings(deadline=None, max_examples=15)
@given(n=st.integers(500, 700), extra=st.integers(1, 400))
def test_padding_has_no_influence(n, extra):
    x = samples(2, 12, n)
    padded = torch.cat([x, 1e3 * torch.ones(2, 12, extra)], dim=2)
    present = torch.zeros(2, 12, n + extra, dtype=torch.bool)
    present[:, :, :n] = True
    own, with_padding = NETWORK.outputs(x), NETWORK.outputs(padded, present)
    close(own.statements, with_padding.statements)
    close(own.features, with_padding.features)


def test_what_stands_in_an_absent_lead_changes_nothing():
    x = samples(1, 12, 600)
    present = torch.ones(1, 12, dtype=torch.bool)
    present[0, 3] = False
    before = NETWORK(x, present)
    x[0, 3] = torch.nan
    close(before, NETWORK(x, present))


def test_the_order_of_the_leads_does_not_matter():
    x, order = samples(1, 12, 500), torch.randperm(12, generator=torch.Generator().manual_seed(2))
    close(NETWORK(x), NETWORK(x[:, order], leads=order))


def test_nothing_present_gives_finite_logits():
    x = samples(1, 12, 500)
    assert torch.isfinite(NETWORK(x, torch.zeros(1, 12, dtype=torch.bool))).all()


def test_a_lost_voltage_is_none_and_a_known_one_counts():
    x = samples(1, 12, 500)
    lost = torch.full((1, 12), torch.nan)
    close(NETWORK(x), NETWORK(x, scale=lost))
    usual, high = torch.zeros(1, 12), torch.ones(1, 12)
    assert not torch.allclose(NETWORK(x, scale=usual), NETWORK(x, scale=lost))
    assert not torch.allclose(NETWORK(x, scale=usual), NETWORK(x, scale=high))


def test_a_bound_scale_serves_every_variant_of_a_record():
    x, scale = samples(3, 12, 500), torch.randn(1, 12)
    bound = with_scale(NETWORK, scale)
    close(bound(x), NETWORK(x, scale=scale.expand(3, -1)))
    assert bound.gradcam_layer is NETWORK.encoder
    without = build("lead_set", {})
    assert with_scale(without, scale) is without


def test_scale_is_the_logarithm_of_the_spread_and_unknown_when_flat():
    t = torch.arange(1000) / 100
    x = torch.stack([0.15 * 2**0.5 * torch.sin(6.283185 * t), torch.zeros(1000)])[None]
    present = torch.ones_like(x, dtype=torch.bool)
    scale = voltage_scale(x, present)
    assert scale[0, 0] == pytest.approx(0, abs=1e-3)
    assert torch.isnan(scale[0, 1])
    assert voltage_scale(x * torch.e, present)[0, 0] == pytest.approx(1, abs=1e-3)
    close(standardise(x * 7, present), standardise(x, present))


def test_attention_is_a_share_of_the_leads_and_of_the_times():
    x = samples(2, 5, 400)
    encoded = NETWORK.encode(x, None)
    mixed = NETWORK.mixer.mix(encoded, torch.arange(5), torch.full((2, 5), torch.nan))
    over_leads = NETWORK.mixer.weights(mixed, None)
    close(over_leads.sum(dim=1), torch.ones_like(over_leads[:, 0]))
    over_time = NETWORK.time[0].weights(samples(2, 30, 16), None)
    assert over_time.shape == (2, 4, 30, 30)
    close(over_time.sum(dim=-1), torch.ones_like(over_time[..., 0]))


@pytest.mark.parametrize("wrong", [{"n_labels": 0}, {"kernel": 4}, {"trunk": ()}, {"mixed": 10}])
def test_what_cannot_be_built_is_said(wrong):
    with pytest.raises(InvalidArgumentError, match="lead-attention"):
        build("lead_attention", TINY | wrong)


def test_statistics_are_kept_by_the_number_of_leads():
    norm = LeadCountNorm(3).requires_grad_(False)
    one, twelve = 5 + samples(64, 3, 50), -5 + 2 * samples(64, 3, 50, seed=1)
    for _ in range(60):
        norm(one, torch.full((64,), 1))
        norm(twelve, torch.full((64,), 12))
    torch.testing.assert_close(norm.running_mean[0], torch.full((3,), 5.0), atol=0.2, rtol=0)
    torch.testing.assert_close(norm.running_mean[3], torch.full((3,), -5.0), atol=0.2, rtol=0)
    assert (norm.running_mean[1:3] == 0).all()
    norm.eval()
    both = norm(torch.cat([one, twelve]), torch.tensor([1] * 64 + [12] * 64))
    assert abs(float(both[:64].mean())) < 0.1
    assert abs(float(both[64:].mean())) < 0.1
    close(both[:64], norm(one, torch.full((64,), 2)))
