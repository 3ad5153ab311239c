"""Expected gradients: exact where they must be, complete, blind to what is absent."""

import numpy as np
import pytest
import torch

from ecgcore.errors import InvalidArgumentError
from ecgcore.explain.expected_gradients import expected_gradients
from ecgcore.explain.references import References, simulated_references
from ecgcore.inference import InputContract


def inputs(n_leads=3, n_samples=40, seed=0):
    x = torch.randn(1, n_leads, n_samples, generator=torch.Generator().manual_seed(seed))
    return x, torch.ones_like(x, dtype=torch.bool), torch.arange(n_leads)


def references(n=1, n_leads=12, n_samples=25, seed=5):
    return References(
        torch.randn(n, n_leads, n_samples, generator=torch.Generator().manual_seed(seed)), "noise"
    )


def linear(weights):
    return lambda x, present, index: torch.stack(
        [x[:, 0, 0] * 0, (weights[index][None, :, None] * x * present).sum(dim=(1, 2))], dim=1
    )


def curved(x, _present, _index):
    return (torch.tanh(x) ** 2).sum(dim=2)


def test_a_linear_network_gives_weight_times_difference() -> None:
    x, present, _ = inputs(n_leads=2)
    index = torch.tensor([7, 1])
    weights = torch.arange(12, dtype=torch.float32)
    compared = references()
    found = expected_gradients(
        linear(weights), x, present, index, output=1, references=compared, n_draws=9
    )
    # 25 samples of reference stand twice under 40 samples of record.
    reference = compared.x[0][index].repeat(1, 2)[:, :40]
    wanted = weights[index][:, None] * (x[0] - reference)
    np.testing.assert_allclose(found.values, wanted.numpy(), rtol=1e-5, atol=1e-5)
    assert found.total == pytest.approx(found.expected, rel=1e-4)


def test_a_curved_network_is_complete_with_enough_draws() -> None:
    x, present, index = inputs()
    compared = References(references(8).x / 10, "noise")
    found = expected_gradients(
        curved, x, present, index, output=2, references=compared, n_draws=400
    )
    assert found.expected > 5
    assert found.total == pytest.approx(found.expected, rel=0.02)
    assert not found.values[:2].any()
    again = expected_gradients(
        curved, x, present, index, output=2, references=compared, n_draws=400
    )
    np.testing.assert_array_equal(found.values, again.values)


def test_absent_samples_get_nothing() -> None:
    x, present, index = inputs()
    present[0, 1, 10:] = False
    found = expected_gradients(
        linear(torch.ones(12)), x, present, index, output=1, references=references()
    )
    assert not found.values[1, 10:].any()
    assert found.values[1, :10].all()


def test_several_records_at_once_are_refused() -> None:
    x, present, index = inputs()
    with pytest.raises(InvalidArgumentError, match="1, leads, samples"):
        expected_gradients(
            linear(torch.ones(12)),
            x.repeat(2, 1, 1),
            present,
            index,
            output=1,
            references=references(),
        )


def test_simulated_references_are_what_the_model_would_see() -> None:
    made = simulated_references(InputContract(fs_hz=100.0), n=2)
    assert made.x.shape == (2, 12, 1000)
    assert made.x.std(dim=2).median() == pytest.approx(1, abs=0.02)
    assert "2 simulated" in made.words
