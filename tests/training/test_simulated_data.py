"""Simulated records in training: off by default, prepared as real ones, masked where they are."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ecgcore.datasets.simulated import SimulationPart, simulated_set
from ecgcore.errors import InvalidArgumentError
from ecgcore.inference.card import InputContract
from ecgcore.statements import CORE_CODES
from ecgcore.training.diagnostic.recipe import read_classifier_recipe as read_recipe
from ecgcore.training.diagnostic.train import draw_batch, fit_statements
from ecgcore.training.recipe import build_part
from tests.training.test_statements_training import draws_of

CONFIGS = Path(__file__).resolve().parents[2] / "configs"


def test_the_shipped_recipe_learns_from_no_simulation() -> None:
    assert read_recipe(CONFIGS / "core9.toml").simulation.share == 0
    assert read_recipe(CONFIGS / "core9_sim.toml").simulation.share == pytest.approx(0.3)
    assert read_recipe(CONFIGS / "sim_only.toml").simulation.share == 1


def test_a_batch_holds_its_share_and_at_least_one() -> None:
    assert SimulationPart().per_batch(64) == 0
    assert SimulationPart(share=0.3).per_batch(64) == 19
    assert SimulationPart(share=0.001).per_batch(64) == 1
    assert SimulationPart(share=1.0).per_batch(64) == 64


def test_records_are_prepared_labelled_and_kept(tmp_path: Path) -> None:
    part = SimulationPart(share=0.5, records=12, statements=("lbbb", "inferior-stemi"))
    made = simulated_set(part, InputContract(), tmp_path)
    assert made.targets.shape == (12, len(CORE_CODES))
    assert set(np.unique(made.targets[np.isfinite(made.targets)])) <= {0.0, 1.0}
    assert (made.targets[:, CORE_CODES.index("LBBB")] == 1).any()
    # Reciprocal depression is there in an inferior infarction: STD is not a plain no.
    stemi = made.targets[:, CORE_CODES.index("STE")] == 1
    assert stemi.any()
    assert np.isnan(made.targets[stemi, CORE_CODES.index("STD")]).all()
    signal = made.signal(0)
    assert signal.shape == (12, 1000)
    assert np.isfinite(signal).all()
    again = simulated_set(part, InputContract(), tmp_path)
    np.testing.assert_array_equal(again.signal(3), made.signal(3))
    assert len(list(tmp_path.glob("*.npz"))) == 1


@pytest.mark.parametrize(
    ("part", "name"),
    [
        ({"share": 1.5}, "share"),
        ({"records": 0}, "records"),
        ({"seconds": 1.0}, "seconds"),
        ({"statements": ["unheard-of"]}, "unheard-of"),
    ],
)
def test_impossible_parts_are_refused_by_name(part: dict[str, object], name: str) -> None:
    with pytest.raises(InvalidArgumentError, match=name):
        build_part("simulation", SimulationPart, part)


def test_a_batch_takes_its_share_from_the_simulated_set(tmp_path: Path) -> None:
    recipe = read_recipe(CONFIGS / "core9_sim.toml")
    recipe = replace(recipe, training=replace(recipe.training, batch_size=10))
    only = SimulationPart(records=10, statements=("normal",))
    data = simulated_set(only, InputContract(), tmp_path)
    # Told apart by their labels: ST elevation stands for a simulated record.
    stemi = simulated_set(replace(only, statements=("inferior-stemi",)), InputContract(), tmp_path)
    drawn = draw_batch(recipe, data, np.arange(7), draws_of(0), stemi)
    assert drawn.x.shape[0] == 10
    assert drawn.targets[:, CORE_CODES.index("STE")].tolist() == [0.0] * 7 + [1.0] * 3
    # What the simulator masks stays masked.
    assert drawn.targets[:, CORE_CODES.index("STD")].isnan().tolist() == [False] * 7 + [True] * 3
    with pytest.raises(InvalidArgumentError, match="3 simulated records"):
        fit_statements(recipe, data, np.arange(10), seed=0)
