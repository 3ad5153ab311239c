"""The published detector: which part reaches which of its outputs, and what is added to what."""

from itertools import product

import pytest
import torch

from ecgcore.models import MCF, ConvAutoencoder
from ecgcore.models.mcf import McfOutputs

# As published: recording and beat are exchanged through one attention layer and a perceptron
# each; the trend is joined to the recording's latent and restores the recording on its own.
REACHES = {
    "whole": {"encode_whole", "encode_beat", "attention", "norm", "to_whole", "decode_whole"},
    "beat": {"encode_whole", "encode_beat", "attention", "norm", "to_beat", "decode_beat"},
    "from_trend": {
        *("encode_whole", "encode_beat", "attention", "norm", "to_whole"),
        *("encode_trend", "decode_trend"),
    },
}
PARTS = sorted(set().union(*REACHES.values()))


@pytest.fixture(scope="module")
def network() -> MCF:
    torch.manual_seed(0)
    return MCF(n_leads=1).eval()


@pytest.fixture(scope="module")
def inputs() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    torch.manual_seed(1)
    return torch.rand(2, 1, 4800), torch.rand(2, 1, 480), torch.rand(2, 1, 4800)


@pytest.fixture(scope="module")
def gradients(network: MCF, inputs) -> dict[tuple[str, str], float]:
    """How far each part's parameters move each output."""
    out: McfOutputs = network(*inputs)
    found = {}
    for name, part in product(REACHES, PARTS):
        of = torch.autograd.grad(
            getattr(out, name).square().sum(),
            list(getattr(network, part).parameters()),
            retain_graph=True,
            allow_unused=True,
        )
        found[name, part] = sum(float(g.abs().sum()) for g in of if g is not None)
    return found


@pytest.mark.parametrize(("output", "part"), list(product(REACHES, PARTS)))
def test_each_part_reaches_the_outputs_it_should(gradients, output: str, part: str) -> None:
    assert (gradients[output, part] > 0) == (part in REACHES[output])


def test_recording_and_beat_each_change_what_is_restored_of_the_other(network, inputs) -> None:
    whole, beat, trend = inputs
    with torch.no_grad():
        usual = network(whole, beat, trend)
        other_beat = network(whole, -beat, trend)
        other_whole = network(-whole, beat, trend)
        other_trend = network(whole, beat, -trend)
    assert not torch.equal(usual.whole, other_beat.whole)
    assert not torch.equal(usual.beat, other_whole.beat)
    assert torch.equal(usual.whole, other_trend.whole)
    assert torch.equal(usual.beat, other_trend.beat)
    assert not torch.equal(usual.from_trend, other_trend.from_trend)


def test_what_is_exchanged_is_added_to_the_latents(inputs) -> None:
    torch.manual_seed(2)
    network, (whole, beat, trend) = MCF(n_leads=1).eval(), inputs
    for mixer in (network.to_whole, network.to_beat):
        torch.nn.init.zeros_(mixer[-1].weight)
        torch.nn.init.zeros_(mixer[-1].bias)
    with torch.no_grad():
        out = network(whole, beat, trend)
        alone = network.decode_whole(network.encode_whole(whole))
        torch.testing.assert_close(torch.cat([out.whole, out.whole_log_var], dim=1), alone)
        alone = network.decode_beat(network.encode_beat(beat))
        torch.testing.assert_close(torch.cat([out.beat, out.beat_log_var], dim=1), alone)


def test_attention_is_added_to_its_tokens_and_normalised(inputs) -> None:
    torch.manual_seed(3)
    network, seen = MCF(n_leads=1).eval(), []
    torch.nn.init.zeros_(network.attention.out_proj.weight)
    torch.nn.init.zeros_(network.attention.out_proj.bias)
    network.to_beat.register_forward_pre_hook(lambda _module, given: seen.append(given[0]))
    with torch.no_grad():
        network(*inputs)
        tokens = torch.cat([network.encode_whole(inputs[0]), network.encode_beat(inputs[1])], 2)
    # Attention that says nothing leaves the 137 tokens of width 50, each standardised.
    assert seen[0].shape == (2, 50, 137)
    centred = tokens - tokens.mean(dim=1, keepdim=True)
    expected = centred / (tokens.var(dim=1, unbiased=False, keepdim=True) + 1e-5).sqrt()
    torch.testing.assert_close(seen[0], expected, rtol=1e-4, atol=1e-4)


def test_layers_are_the_published_ones() -> None:
    network = MCF(n_leads=1)
    for part in (network.encode_whole, network.encode_beat, network.encode_trend):
        slopes = [m.negative_slope for m in part if isinstance(m, torch.nn.LeakyReLU)]
        assert slopes == [0.2] * 5
        # Kernel 4 and step 2 five times, then 15 wide; no bias anywhere.
        convolutions = [m for m in part if isinstance(m, torch.nn.Conv1d)]
        assert [(*m.kernel_size, *m.stride) for m in convolutions] == [(4, 2)] * 5 + [(15, 1)]
        assert all(m.bias is None for m in convolutions)
    for part in (network.decode_whole, network.decode_beat, network.decode_trend):
        turned = [m for m in part if isinstance(m, torch.nn.ConvTranspose1d)]
        assert [(*m.kernel_size, *m.stride) for m in turned] == [(15, 1)] + [(4, 2)] * 5
        assert all(m.bias is None for m in turned)
        assert isinstance(part[-1], torch.nn.Tanh)
    assert (network.attention.num_heads, network.attention.dropout) == (2, 0.1)
    assert MCF.n_labels == ConvAutoencoder.n_labels == 1
