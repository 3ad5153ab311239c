"""The published detector to the layer, and the network of any lead set."""

import pytest
import torch

from ecgcore.errors import InvalidArgumentError
from ecgcore.models import MCF, ConvAutoencoder, RestorationNet, build
from ecgcore.models.restoration import ATTRIBUTES


@pytest.fixture(scope="module")
def network() -> RestorationNet:
    torch.manual_seed(0)
    return RestorationNet(widths=(8, 12, 16), layers=1, heads=2, kernel=5).eval()


def parameters(part: torch.nn.Module) -> int:
    return sum(p.numel() for p in part.parameters())


def test_the_published_detector_has_the_published_number_of_parameters() -> None:
    published = MCF()
    assert parameters(published) == 7_085_779
    assert parameters(published.encode_whole) == 1_083_776
    assert parameters(published.attention) + parameters(published.norm) == 10_300
    assert parameters(published.to_beat) + parameters(published.to_whole) == 188_375


def test_the_published_encoders_leak_a_fifth_of_what_is_below_zero() -> None:
    leaks = [part for part in MCF().encode_whole if isinstance(part, torch.nn.LeakyReLU)]
    assert len(leaks) == 5
    for leak in leaks:
        assert leak(torch.tensor([-1.0, 2.0])).tolist() == pytest.approx([-0.2, 2.0])


def test_a_detector_gives_one_score_a_record() -> None:
    assert MCF.n_labels == ConvAutoencoder.n_labels == 1


def test_the_published_detector_restores_every_branch() -> None:
    whole, beat = torch.randn(2, 12, 4800).tanh(), torch.randn(2, 12, 480).tanh()
    out = MCF().eval()(whole, beat, whole)
    assert out.whole.shape == out.from_trend.shape == whole.shape
    assert out.beat.shape == beat.shape
    assert out.whole_log_var.shape == (2, 1, 4800)
    assert out.beat_log_var.shape == (2, 1, 480)
    assert float(out.whole_log_var.detach().abs().max()) <= 1
    assert MCF(n_leads=1).encode_trend(whole[:, :1]).shape == (2, 50, 136)


def test_the_published_detector_refuses_other_lengths() -> None:
    with pytest.raises(InvalidArgumentError, match="4800"):
        MCF()(torch.zeros(1, 12, 4000), torch.zeros(1, 12, 480), torch.zeros(1, 12, 4000))
    with pytest.raises(InvalidArgumentError, match="beats of 480"):
        MCF()(torch.zeros(1, 12, 4800), torch.zeros(1, 12, 400), torch.zeros(1, 12, 4800))
    with pytest.raises(InvalidArgumentError, match="1 to 12"):
        MCF(n_leads=13)


def test_the_control_keeps_the_shape() -> None:
    x = torch.zeros(1, 12, 4800)
    assert ConvAutoencoder()(x).shape == x.shape
    assert isinstance(build("conv_autoencoder", {"n_leads": 1}), ConvAutoencoder)


@pytest.mark.parametrize(("leads", "n"), [((0,), 501), ((1, 6), 1000), (tuple(range(12)), 777)])
def test_any_leads_and_any_length_come_back(
    network: RestorationNet, leads: tuple[int, ...], n: int
) -> None:
    x = torch.randn(3, len(leads), n)
    out = network(x, leads=torch.tensor(leads))
    assert out.mean.shape == out.log_var.shape == out.unusual.shape == x.shape
    assert out.attributes.shape == (3, len(ATTRIBUTES))
    assert out.record.shape == (3,)
    assert out.features.shape == (3, 2 * network.width)
    assert all(bool(torch.isfinite(part).all()) for part in vars(out).values())


def test_what_is_hidden_has_no_influence(network: RestorationNet) -> None:
    x = torch.randn(2, 3, 640)
    visible = torch.ones(2, 1, 640, dtype=torch.bool)
    visible[..., 200:240] = False
    changed = x.clone()
    changed[..., 200:240] = 50.0
    a, b = network(x, visible=visible), network(changed, visible=visible)
    for name in vars(a):
        assert torch.equal(getattr(a, name), getattr(b, name)), name
    assert not torch.equal(a.mean, network(changed).mean)


def test_absent_leads_and_other_records_have_no_influence(network: RestorationNet) -> None:
    x = torch.randn(2, 3, 640)
    present = torch.ones(2, 3, dtype=torch.bool)
    present[:, 2] = False
    changed = x.clone()
    changed[:, 2] = float("nan")
    a = network(x, present)
    b = network(changed, present)
    alone = network(x[:1, :2], leads=torch.tensor([0, 1]))
    torch.testing.assert_close(a.mean[:, :2], b.mean[:, :2])
    torch.testing.assert_close(a.unusual[:1, :2], alone.unusual, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(a.features[:1], alone.features, atol=1e-4, rtol=1e-4)


def test_voltage_matters_and_may_be_unknown(network: RestorationNet) -> None:
    x = torch.randn(1, 2, 320)
    lost = network(x)
    nan = network(x, scale=torch.full((1, 2), float("nan")))
    torch.testing.assert_close(lost.mean, nan.mean)
    assert not torch.allclose(lost.mean, network(x, scale=torch.ones(1, 2)).mean)


def test_a_network_that_cannot_be_built_says_why() -> None:
    with pytest.raises(InvalidArgumentError, match="three widths"):
        RestorationNet(widths=(8, 16), heads=2)  # type: ignore[arg-type]
