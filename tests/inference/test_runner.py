"""One way to ask any network: by what it says of itself, window by window."""

import numpy as np
import pytest
import torch
from torch import nn

from ecgcore.inference.prepare import ModelInput
from ecgcore.inference.runner import hear
from ecgcore.inference.windows import Window, cut_windows, run_windows
from ecgcore.leads import STANDARD_12
from ecgcore.models import ARCHITECTURES, build, standardise
from ecgcore.models.protocol import inputs_of, side_names
from ecgcore.turns import pausing

ARGUMENTS = {
    "lead_set": {"encoder": [4, 6], "mixed": 6, "trunk": [8]},
    "lead_attention": {"encoder": [4, 6], "mixed": 8, "trunk": [8], "layers": 1, "n_labels": 9},
    "danet": {"trunk": [8], "encoder": [4, 6]},
    "resnet34": {"width": 2},
    "xresnet1d": {"width": 4, "depth": 18},
}


def given(leads: tuple[str, ...] = STANDARD_12, n: int = 2000) -> ModelInput:
    rng = np.random.default_rng(3)
    x = torch.from_numpy(rng.normal(0.2, 0.3, (len(leads), n)).astype(np.float32))
    index = torch.tensor([STANDARD_12.index(lead) for lead in leads])
    return ModelInput(x, torch.ones_like(x, dtype=torch.bool), index, leads, 100.0, in_mv=True)


@pytest.mark.parametrize("name", list(ARGUMENTS))
def test_every_network_of_statements_is_asked_in_the_same_way(name: str) -> None:
    network = build(name, ARGUMENTS[name]).eval()
    windows = [Window(0, 1000), Window(1000, 2000)]
    heard = hear(network, given(), windows)
    assert heard.logits.shape == (2, network.n_labels)
    assert np.isfinite(heard.logits).all()
    assert (heard.features is not None) == ("features" in side_names(network))
    assert heard.feature_rows().shape[0] == 2
    alone = hear(network, given(), windows[1:])
    np.testing.assert_allclose(alone.logits[0], heard.logits[1], atol=1e-4)


def test_a_network_of_all_leads_gets_millivolts_and_zeros_for_the_absent_ones() -> None:
    network = build("resnet34", ARGUMENTS["resnet34"]).eval()
    part = given(("I", "V2"))
    whole = torch.zeros(1, 12, 2000)
    whole[0, [0, 7]] = part.x
    with torch.inference_mode():
        wanted = network(whole).numpy()
    np.testing.assert_allclose(hear(network, part, [Window(0, 2000)]).logits, wanted, atol=1e-5)


def test_a_network_that_says_nothing_of_itself_is_called_with_standardised_leads() -> None:
    class Mean(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.ones(1))

        def forward(self, x, present, leads):
            return (x.square().mean(dim=(1, 2)) * self.weight)[:, None]

    heard = hear(Mean(), given(), [Window(0, 2000)])
    assert heard.logits[0, 0] == pytest.approx(1.0, abs=1e-3)
    assert heard.features is None
    assert inputs_of(Mean()).standardised


def test_networks_without_a_use_of_their_own_are_registered() -> None:
    others = {"delineator", "restoration", "mcf", "conv_autoencoder"}
    assert set(ARGUMENTS) | others == set(ARCHITECTURES)


@pytest.mark.parametrize(
    ("n", "size", "step", "whole", "starts"),
    [
        (900, 1000, None, 0, [0]),
        (1000, 1000, None, 0, [0]),
        (2500, 1000, None, 0, [0, 1000, 1500]),
        (3000, 1000, None, 0, [0, 1000, 2000]),
        (2500, 1000, 800, 0, [0, 800, 1500]),
        (1400, 1000, 800, 1500, [0]),
    ],
)
def test_windows_cover_everything_and_end_with_the_recording(
    n: int, size: int, step: int | None, whole: int, starts: list[int]
) -> None:
    windows = cut_windows(n, size, step, whole=whole)
    assert [window.start for window in windows] == starts
    assert windows[-1].stop == n


def test_a_long_run_tells_its_share_and_can_be_left_between_batches() -> None:
    shares: list[float] = []
    found = run_windows(sum, [1, 2, 3, 4, 5], batch=2, report=shares.append)
    assert found == [3, 7, 5]
    assert shares == [0.4, 0.8, 1.0]

    def leave() -> None:
        if len(shares) == 4:
            raise TimeoutError

    with pytest.raises(TimeoutError), pausing(leave):
        run_windows(sum, [1, 2, 3, 4, 5], batch=2, report=shares.append)


def test_standardised_windows_are_those_of_the_network_own_scaling() -> None:
    x, present = given().cut([Window(0, 500)])
    torch.testing.assert_close(given().batch([Window(0, 500)])[0], standardise(x, present))
