"""The published detector's scores by the published formulas, with networks whose error is known."""

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from ecgcore.inference import mcf
from ecgcore.models.mcf import McfOutputs

S_WHOLE, S_BEAT = 0.6, -0.4


class Known(nn.Module):
    """Restores what it is told to, and remembers what it was given."""

    def __init__(self, restore: Callable[[Tensor, Tensor, Tensor], McfOutputs]) -> None:
        super().__init__()
        self.here = nn.Parameter(torch.zeros(1))
        self.restore = restore
        self.given: list[tuple[Tensor, Tensor, Tensor]] = []

    def forward(self, whole: Tensor, beat: Tensor, trend: Tensor) -> McfOutputs:
        self.given.append((whole, beat, trend))
        return self.restore(whole, beat, trend)


def off_by(x: Tensor, r: Tensor, whole: float, beat: float, trend: float) -> Known:
    """Restore the truth with a constant error in each branch."""
    truth, true_beat = x[..., 100:4900], mcf.beats_of(x, r)

    def restore(given: Tensor, given_beat: Tensor, _trend: Tensor) -> McfOutputs:
        return McfOutputs(
            truth + whole,
            torch.full_like(given[:, :1], S_WHOLE),
            true_beat + beat,
            torch.full_like(given_beat[:, :1], S_BEAT),
            truth + trend,
        )

    return Known(restore)


@pytest.fixture
def x() -> Tensor:
    return 2 * torch.rand(1, 2, 5000, generator=torch.Generator().manual_seed(1)) - 1


def test_errors_are_squared_and_weighted_by_the_uncertainty_but_the_trends(x: Tensor) -> None:
    r = torch.tensor([1000])
    found = mcf.mcf_errors(off_by(x, r, 0.3, 0.2, 0.1), x, r, 0)
    for values, expected, n in zip(
        found,
        (math.exp(-S_WHOLE) * 0.09, math.exp(-S_BEAT) * 0.04, 0.01),
        (4800, 480, 4800),
        strict=True,
    ):
        torch.testing.assert_close(values, torch.full((1, 2, n), expected), rtol=1e-3, atol=1e-6)


def test_the_detection_score_is_the_sum_of_the_three_means(x: Tensor) -> None:
    r = torch.tensor([1000])
    network = off_by(x, r, 0.3, 0.2, 0.1)
    expected = math.exp(-S_WHOLE) * 0.09 + math.exp(-S_BEAT) * 0.04 + 0.01
    assert float(mcf.mcf_detection(network, x, r)) == pytest.approx(expected, rel=1e-3)
    given = mcf.McfInput(x[0].numpy(), np.array([1000]), fallback=False)
    score, _ = mcf.mcf_score(network, given)
    assert score == pytest.approx(expected, rel=1e-3)


def test_three_phases_hide_recording_and_beat_and_never_the_trend(x: Tensor) -> None:
    r = torch.tensor([1000])
    network = off_by(x, r, 0.0, 0.0, 0.0)
    mcf.mcf_detection(network, x, r)
    truth, true_beat = x[..., 100:4900], mcf.beats_of(x, r)
    assert len(network.given) == 3
    for phase, (whole, beat, trend) in enumerate(network.given):
        hidden, hidden_beat = whole != truth, beat != true_beat
        # 30 patches of 48 samples, one every 160, and a run of 100 of the beat; set to zero.
        starts = np.arange(30) * 160 + phase * 48
        expected = np.isin(np.arange(4800), (starts[:, None] + np.arange(48)).ravel())
        assert (hidden.numpy() == expected).all()
        assert not whole[hidden].any()
        at = np.flatnonzero(hidden_beat[0, 0].numpy())
        assert (at[0], at[-1]) == ((20, 119), (70, 169), (120, 219))[phase]
        assert not beat[hidden_beat].any()
        torch.testing.assert_close(trend, mcf.trend_of(truth))


def test_the_map_is_smoothed_by_a_gaussian_of_15_samples(x: Tensor) -> None:
    truth, r = x[..., 100:4900], 1000
    true_beat = mcf.beats_of(x, torch.tensor([r]))
    spike = torch.zeros_like(truth)
    spike[0, 1, 3000] = 1.0

    def restore(whole: Tensor, beat: Tensor, _trend: Tensor) -> McfOutputs:
        zero, zero_beat = torch.zeros_like(whole[:, :1]), torch.zeros_like(beat[:, :1])
        return McfOutputs(truth, zero, true_beat, zero_beat, truth + spike)

    given = mcf.McfInput(x[0].numpy(), np.array([r]), fallback=False)
    _, found = mcf.mcf_score(Known(restore), given)
    at = np.arange(5000)
    # Samples 100 to 4,900 are judged: the spike stands at 3,100 of the record.
    wanted = np.exp(-0.5 * ((at - 3100) / 15) ** 2) / (15 * math.sqrt(2 * math.pi))
    np.testing.assert_allclose(found[1], wanted, atol=2e-5)
    assert not found[0].any()


def test_the_map_averages_phases_and_beats_and_puts_each_beat_in_its_place(x: Tensor) -> None:
    truth = x[..., 100:4900]

    def restore(whole: Tensor, beat: Tensor, _trend: Tensor) -> McfOutputs:
        zero, zero_beat = torch.zeros_like(whole[:, :1]), torch.zeros_like(beat[:, :1])
        # A beat's own error alone: 1 in every sample.
        own = mcf.beats_of(x.expand(beat.shape[0], -1, -1), torch.tensor([1000, 3000]))
        same = truth.expand(beat.shape[0], -1, -1)
        return McfOutputs(same, zero, own + 1, zero_beat, same)

    given = mcf.McfInput(x[0].numpy(), np.array([1000, 3000]), fallback=False)
    score, found = mcf.mcf_score(Known(restore), given)
    assert score == pytest.approx(1.0, rel=1e-4)
    # R - 140 to R + 340 of both beats, each half of what counts.
    for inside in (930, 1100, 1270, 2930, 3270):
        np.testing.assert_allclose(found[:, inside], 0.5, rtol=1e-3)
    for outside in (750, 1420, 2790, 3420):
        np.testing.assert_allclose(found[:, outside], 0.0, atol=1e-6)


def test_the_trend_is_the_difference_of_a_moving_average_of_ten() -> None:
    ramp = torch.zeros(1, 2, 4800)
    ramp[0, 0, 2000:] = 1.0
    trend = mcf.trend_of(ramp)
    # A step in one lead is ten samples of slope; the scale is shared by both leads.
    expected = torch.full((2, 4800), -1.0)
    expected[0, 1990:2000] = 1.0
    torch.testing.assert_close(trend[0], expected)


def test_each_record_has_a_scale_of_its_own() -> None:
    x = torch.randn(2, 2, 4800, generator=torch.Generator().manual_seed(2))
    x[1] *= 100
    both = mcf.trend_of(x)
    for row in (0, 1):
        torch.testing.assert_close(both[row : row + 1], mcf.trend_of(x[row : row + 1]))
        assert (float(both[row].min()), float(both[row].max())) == (-1.0, 1.0)


def test_a_beat_is_cut_from_140_before_to_340_after_its_peak() -> None:
    x = torch.zeros(1, 2, 5000)
    x[0, 0] = torch.linspace(-1, 1, 5000)
    beat = mcf.beats_of(x, torch.tensor([1000]))
    assert beat.shape == (1, 2, 480)
    torch.testing.assert_close(beat[0, 0], torch.linspace(-1, 1, 480), rtol=1e-3, atol=1e-3)
    # Flat is zero, and not minus one.
    assert not beat[0, 1].any()
    x[0, 1, 860] = 1.0
    assert float(mcf.beats_of(x, torch.tensor([1000]))[0, 1, 0]) == 1.0


def test_the_controls_score_is_its_mean_squared_error_smoothed_alike() -> None:
    class Zero(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.here = nn.Parameter(torch.zeros(1))

        def forward(self, given: Tensor) -> Tensor:
            return torch.zeros_like(given)

    x = np.zeros((1, 5000), dtype=np.float32)
    x[0, 2000] = 0.5
    given = mcf.McfInput(x, np.array([1000]), fallback=False)
    score, found = mcf.autoencoder_score(Zero(), given)
    assert score == pytest.approx(0.25 / 4800)
    assert found[0, 2015] / found[0, 2000] == pytest.approx(math.exp(-0.5), rel=1e-3)
