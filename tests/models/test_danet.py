"""The waveform module before a classifier: any subset of leads, nothing absent has influence."""

import pytest
import torch

from ecgcore.errors import InvalidArgumentError
from ecgcore.models import build
from ecgcore.models.danet import DANet

SMALL = {
    "curve_widths": (4, 6),
    "encoder": (4, 6),
    "mixed": 4,
    "trunk": (6,),
    "curve_channels": 3,
    "kernel": 3,
}


def network(**changes: object) -> DANet:
    torch.manual_seed(5)
    made = DANet(**(SMALL | changes)).eval()
    if made.curve is not None:
        # Away from the initial bias, so that a curve differs along time.
        torch.nn.init.normal_(made.curve.head.weight)
    return made.requires_grad_(False)


def test_the_classifier_sees_nothing_but_the_amended_signal() -> None:
    net = network()
    x = torch.randn(2, 3, 400)
    gain = net.gain(x)
    assert gain.shape == (2, 1, 400)
    assert 0 < float(gain.min()) < float(gain.max()) < 1
    torch.testing.assert_close(net(x), net.body(x * gain))


def test_a_given_gain_replaces_the_learned_one() -> None:
    net = network()
    x = torch.randn(2, 3, 400)
    ones, zeros = torch.ones(2, 1, 400), torch.zeros(2, 1, 400)
    torch.testing.assert_close(net(x, gain=ones), net.body(x))
    torch.testing.assert_close(net(x, gain=zeros), net(torch.randn(2, 3, 400), gain=zeros))


def test_each_disease_is_read_from_its_own_curve() -> None:
    net = network(n_labels=2)
    x = torch.randn(1, 2, 300)
    gain = net.gain(x)
    assert not torch.allclose(gain[:, 0], gain[:, 1])
    second = net(x, gain=gain)[:, 1]
    changed = gain.clone()
    changed[:, 0] = 0
    torch.testing.assert_close(net(x, gain=changed)[:, 1], second)


def test_what_is_absent_has_no_influence_on_curve_or_logit() -> None:
    net = network()
    x = torch.randn(1, 4, 320)
    present = torch.ones(1, 4, 320, dtype=torch.bool)
    present[:, 1] = False
    present[:, 3, 200:] = False
    other = torch.where(present, x, torch.full_like(x, float("nan")))
    torch.testing.assert_close(net.gain(x, present), net.gain(other, present))
    torch.testing.assert_close(net(x, present), net(other, present))
    kept = [0, 2, 3]
    torch.testing.assert_close(
        net.gain(x, present), net.gain(x[:, kept], present[:, kept]), atol=1e-5, rtol=1e-4
    )


def test_the_order_of_leads_does_not_matter() -> None:
    net = network()
    x, index = torch.randn(2, 3, 256), torch.tensor([0, 4, 7])
    turned = torch.tensor([2, 0, 1])
    torch.testing.assert_close(net(x, leads=index), net(x[:, turned], leads=index[turned]))


@pytest.mark.parametrize("n", [1, 37, 1000])
def test_any_length(n: int) -> None:
    assert network().gain(torch.randn(1, 1, n)).shape == (1, 1, n)


def test_bad_arguments_say_what_is_needed() -> None:
    with pytest.raises(InvalidArgumentError, match="learned no gain"):
        network(curve_widths=())(torch.randn(1, 2, 100))
    with pytest.raises(InvalidArgumentError, match="gain has shape"):
        network()(torch.randn(1, 2, 100), gain=torch.ones(1, 100))
    with pytest.raises(InvalidArgumentError, match="input has shape"):
        network()(torch.randn(2, 100))
    assert isinstance(build("danet", {"trunk": [8], "encoder": [4, 6]}), DANet)


def test_the_layer_for_class_maps_is_the_classifiers() -> None:
    net = network()
    assert net.gradcam_layer is net.body.encoder
    assert net.gradcam_stride == net.body.gradcam_stride
