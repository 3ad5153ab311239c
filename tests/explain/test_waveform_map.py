"""Waveform attention as one more map."""

import numpy as np
import pytest
import torch

from ecgcore.errors import CannotAssessError
from ecgcore.explain import METHODS
from ecgcore.explain.case import Case
from ecgcore.explain.waveform import learned_curve, waveform_attention
from ecgcore.models import LeadSetNet
from ecgcore.models.danet import DANet


def case_of(network: torch.nn.Module) -> Case:
    x = torch.randn(1, 3, 500, generator=torch.Generator().manual_seed(1))
    present = torch.ones(1, 3, 500, dtype=torch.bool)
    present[:, 1] = False
    present[:, 2, 300:] = False
    return Case(network.eval(), x, present, torch.tensor([0, 1, 6]), 0)


def test_the_map_is_the_gain_that_the_classifier_was_given() -> None:
    case = case_of(DANet(trunk=(8,), encoder=(4, 6), mixed=4))
    found = waveform_attention(case).values
    assert found.shape == (3, 500)
    assert not found[1].any()
    assert not found[2, 300:].any()
    with torch.inference_mode():
        gain = case.network.gain(case.x, case.present, case.index)[0, 0].numpy()
    np.testing.assert_allclose(found[0], gain)
    np.testing.assert_allclose(found[2, :300], gain[:300])


@pytest.mark.parametrize("network", [LeadSetNet(n_labels=1), DANet(curve_widths=())])
def test_a_network_without_a_curve_says_so(network: torch.nn.Module) -> None:
    assert "has no waveform module" in learned_curve(network)
    with pytest.raises(CannotAssessError, match="no waveform module"):
        waveform_attention(case_of(network))
    assert METHODS["waveform_attention"].applies(DANet()) == ""
