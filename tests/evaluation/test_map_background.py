"""What stands beside a model for its maps: aggregates of patients, and its mean logits."""

from dataclasses import replace

import numpy as np
import pytest

from ecgcore.datasets.simulated import SimulationPart, simulated_records
from ecgcore.evaluation import map_background
from ecgcore.evaluation.map_background import background
from ecgcore.evaluation.map_records import Trial, in_lead, on_one_lead
from ecgcore.inference import load_model
from ecgcore.inference.card import InputContract
from tests.synthetic import recording, write_tiny_model


@pytest.fixture(scope="module")
def packed(tmp_path_factory):
    part = SimulationPart(share=0.3, records=44, statements=("normal",))
    made = simulated_records(part, InputContract(), tmp_path_factory.mktemp("records")).packed
    return replace(made, groups=np.array([f"p{i}" for i in range(44)]), splits=np.full(44, "train"))


def test_mean_beats_are_of_twenty_patients_or_more(packed, tmp_path):
    model = load_model(write_tiny_model(tmp_path / "tiny-1"))
    found = background(model, packed)
    beats = found["background"]["beats"]
    assert {beat["statement"] for beat in beats} == {"SNR"}
    assert all(beat["n"] >= 20 for beat in beats)
    assert all(len(beat["values"]) == 12 for beat in beats)
    assert set(found["prior"]) == set(model.card.codes)


def test_a_model_of_one_lead_is_shown_each_lead_in_turn(packed, tmp_path, monkeypatch):
    model = load_model(write_tiny_model(tmp_path / "one-1", input=InputContract(max_leads=1)))
    shown = []
    real = map_background.hear

    def logits(network, given, pieces):
        shown.append(given.leads)
        return real(network, given, pieces)

    monkeypatch.setattr(map_background, "hear", logits)
    found = background(model, packed)
    assert {len(leads) for leads in shown} == {1}
    assert len({leads[0] for leads in shown}) == 12
    assert found["background"]["beats"]


def test_trials_on_one_lead_take_each_in_turn():
    trials = [Trial(recording(6.0, 250, leads=("I", "II")), "AF", f"p{i}") for i in range(3)]
    found = list(on_one_lead(trials))
    assert [trial.recording.leads for trial in found] == [("I",), ("II",), ("I",)]
    assert [trial.group for trial in found] == ["p0", "p1", "p2"]


def test_what_is_known_of_a_trial_is_known_of_its_one_lead():
    given = recording(6.0, 250, leads=("I", "II"))
    mask = np.arange(given.signal.size).reshape(given.signal.shape) % 3 == 0
    one = in_lead(Trial(given, "PVC", "p", mask, ~mask), 1)
    assert one.recording.leads == ("II",)
    np.testing.assert_array_equal(one.mask, mask[1:])
    np.testing.assert_array_equal(one.region, ~mask[1:])
