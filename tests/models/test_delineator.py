"""The delineator's network."""

import pytest
import torch

from ecgcore.errors import InvalidArgumentError
from ecgcore.models import WAVE_LABELS, FoldedDelineator, build

TINY = {"widths": [4, 6], "kernel": 3}


@pytest.mark.parametrize("n", [1, 2, 63, 64, 65, 500])
def test_a_class_for_every_sample_at_any_length(n):
    network = build("delineator", TINY).eval()
    assert network(torch.randn(3, n)).shape == (3, len(WAVE_LABELS), n)


def test_leads_have_no_influence_on_one_another():
    network = build("delineator", TINY).eval()
    x = torch.randn(4, 200)
    with torch.inference_mode():
        together, alone = network(x)[1], network(x[1:2])[0]
    assert torch.allclose(together, alone, atol=1e-5)


def test_it_stays_small():
    network = build("delineator", {})
    assert sum(p.numel() for p in network.parameters()) < 500_000


def test_wrong_input_and_arguments_are_refused():
    network = build("delineator", TINY)
    with pytest.raises(InvalidArgumentError, match="batch, samples"):
        network(torch.zeros(1, 2, 3))
    with pytest.raises(InvalidArgumentError, match="odd kernel"):
        build("delineator", {"kernel": 4})


@pytest.mark.parametrize("n", [1, 2, 63, 64, 65, 500])
def test_the_folded_network_gives_the_same_logits(n):
    torch.manual_seed(n)
    network = build("delineator", {"widths": [4, 6, 8], "kernel": 3})
    for _ in range(3):  # so that batch norm has something to fold
        network(2 * torch.randn(8, 64) + 1)
    network.eval()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    x, folded = torch.randn(5, n), FoldedDelineator(network)
    with torch.inference_mode():
        torch.testing.assert_close(folded(x), network(x), atol=1e-4, rtol=0)
    for name, value in network.state_dict().items():
        assert torch.equal(value, before[name])
