"""The reference network, against what is known of the published one."""

import pytest
import torch
from torch import nn

from ecgcore.errors import InvalidArgumentError
from ecgcore.models import build

PUBLISHED_PARAMETERS = 16_610_185


def shapes_of(network: nn.Module, kind: type[nn.Module], x: torch.Tensor) -> list[tuple[int, ...]]:
    found: list[tuple[int, ...]] = []
    hooks = [
        module.register_forward_hook(lambda _m, _x, y: found.append(tuple(y.shape[1:])))
        for module in network.modules()
        if isinstance(module, kind)
    ]
    with torch.inference_mode():
        network.eval()(x)
    for hook in hooks:
        hook.remove()
    return found


def test_it_has_the_published_number_of_parameters():
    network = build("resnet34", {})
    assert sum(p.numel() for p in network.parameters()) == PUBLISHED_PARAMETERS


def test_shapes_of_thirty_seconds_layer_by_layer():
    network = build("resnet34", {})
    shapes = shapes_of(network, nn.Conv1d, torch.zeros(1, 12, 15_000))
    assert shapes[0] == (64, 7500)
    stages = [(64, 3750), (128, 1875), (256, 938), (512, 469)]
    convolutions = [6, 9, 13, 7]  # two a block, and a projection where the stride is 2
    expected = [shape for shape, n in zip(stages, convolutions, strict=True) for _ in range(n)]
    assert shapes[1:] == expected


def test_kernels_strides_and_dropout_are_the_published_ones():
    network = build("resnet34", {})
    convolutions = [m for m in network.modules() if isinstance(m, nn.Conv1d)]
    kernels = [m.kernel_size[0] for m in convolutions]
    assert [kernels.count(k) for k in (15, 7, 1)] == [1, 32, 3]
    assert sum(m.stride == (2,) for m in convolutions) == 1 + 3 + 3
    drops = [m.p for m in network.modules() if isinstance(m, nn.Dropout)]
    assert drops == [0.2] * 16
    assert network.head.in_features == 1024


def test_average_and_maximum_over_time_both_count():
    network = build("resnet34", {"width": 2, "n_labels": 3}).eval()
    x = torch.randn(2, 12, 400)
    with torch.inference_mode():
        whole = network(x)
        for half in (slice(0, 16), slice(16, 32)):
            kept = network.head.weight[:, half].clone()
            network.head.weight[:, half] = 0
            assert not torch.allclose(network(x), whole)
            network.head.weight[:, half] = kept
    assert whole.shape == (2, 3)


def test_padding_holds_nothing_of_the_record():
    # Zeros on the left give every record the same features, up to the reach of the kernels
    # (1,341 samples): a constant in the average and one candidate in the maximum.
    network = build("resnet34", {"width": 2}).eval()
    x = torch.zeros(2, 12, 15_000)
    x[..., 10_000:] = torch.randn(2, 12, 5_000)
    seen = []
    hook = network.blocks.register_forward_hook(lambda _m, _x, y: seen.append(y))
    with torch.inference_mode():
        network(x)
    hook.remove()
    first, second = seen[0]
    reached = (10_000 - 1_341) // 32
    assert torch.equal(first[:, :reached], second[:, :reached])
    assert not torch.equal(first[:, reached + 2], second[:, reached + 2])


def test_one_lead_is_another_network():
    network = build("resnet34", {"n_leads": 1, "width": 2})
    assert network(torch.zeros(2, 1, 500)).shape == (2, 9)


def test_wrong_input_and_arguments_are_refused():
    with pytest.raises(InvalidArgumentError, match="12 leads"):
        build("resnet34", {"width": 2})(torch.zeros(1, 8, 500))
    with pytest.raises(InvalidArgumentError, match="dropout"):
        build("resnet34", {"dropout": 1.0})
