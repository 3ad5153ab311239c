"""The published teacher and student network, against what is known of it."""

import pytest
import torch
from torch import nn

from ecgcore.errors import InvalidArgumentError
from ecgcore.models import build


def test_it_is_the_published_network_layer_by_layer():
    network = build("xresnet1d", {})
    convolutions = [m for m in network.modules() if isinstance(m, nn.Conv1d)]
    # A stem of three, three a block of 33 blocks, a projection in each of four stages.
    assert len(convolutions) == 3 + 3 * 33 + 4
    assert [m.out_channels for m in convolutions[:3]] == [32, 64, 64]
    assert {m.kernel_size[0] for m in convolutions[:3]} == {3}
    strided = [m for m in convolutions if m.stride == (2,)]
    assert len(strided) == 1 + 3
    pools = [m for m in network.modules() if isinstance(m, nn.AvgPool1d)]
    assert len(pools) == 3
    assert all(m.ceil_mode for m in pools)
    assert network.head.in_features == network.n_features == 4096
    # The count of what the published code builds for 12 leads and nine classes.
    assert sum(p.numel() for p in network.parameters()) == 28_317_897


@pytest.mark.parametrize(("depth", "features"), [(18, 1024), (34, 1024), (50, 4096), (152, 4096)])
def test_other_depths_have_the_published_features(depth, features):
    assert build("xresnet1d", {"depth": depth}).n_features == features


def test_blocks_begin_as_their_shortcut_unless_asked_as_the_published_code_does():
    torch.manual_seed(0)
    made = build("xresnet1d", {"depth": 18, "width": 4, "n_leads": 1})
    h = torch.randn(2, 4, 50)
    block = made.blocks[1]
    torch.testing.assert_close(block(h), torch.relu(h))
    theirs = build("xresnet1d", {"depth": 18, "width": 4, "n_leads": 1, "zero_last": False})
    assert not torch.allclose(theirs.blocks[1](h), torch.relu(h))
    assert all((m.weight == 1).all() for m in theirs.modules() if isinstance(m, nn.BatchNorm1d))


@pytest.mark.parametrize("n", [32, 999, 1000])
def test_any_length_runs_and_a_record_does_not_depend_on_its_neighbours(n):
    torch.manual_seed(0)
    network = build("xresnet1d", {"depth": 50, "width": 2, "n_leads": 1, "n_labels": 5}).eval()
    x = torch.randn(3, 1, n)
    with torch.inference_mode():
        together, alone = network(x), network(x[1:2])
    assert together.shape == (3, 5)
    torch.testing.assert_close(together[1:2], alone, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "arguments", [{"depth": 19}, {"width": 3}, {"width": 0}, {"n_labels": 0}, {"n_leads": 0}]
)
def test_what_makes_no_network_is_refused(arguments):
    with pytest.raises(InvalidArgumentError, match="needed"):
        build("xresnet1d", arguments)


def test_another_number_of_leads_is_refused():
    with pytest.raises(InvalidArgumentError, match=r"batch, 1 leads, samples"):
        build("xresnet1d", {"depth": 18, "width": 2, "n_leads": 1})(torch.zeros(1, 12, 100))
