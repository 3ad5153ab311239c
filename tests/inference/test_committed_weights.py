"""The models in the repository: whole, described, and as good as their card says."""

import numpy as np
import pytest

from ecgcore.datasets import load_index, load_recording
from ecgcore.evaluation import roc_auc
from ecgcore.evaluation.readme import readme
from ecgcore.inference import DEFAULT_MODEL, available_models, load_model, predict
from ecgcore.statements import CORE_CODES, NETWORK_CODES
from tests.conftest import ROOT
from tests.synthetic import recording

FLOORS = {
    "core9-1": {"AF": 0.9, "RBBB": 0.9, "SNR": 0.88},
    "diagnostic-1": {"AF": 0.95, "RBBB": 0.97, "SNR": 0.93, "IAVB": 0.95},
}


@pytest.fixture(autouse=True)
def _committed(monkeypatch):
    monkeypatch.setenv("ECG_WEIGHTS", str(ROOT / "weights"))


def test_the_default_model_is_there():
    assert DEFAULT_MODEL in available_models()


@pytest.mark.parametrize("name", list(FLOORS))
def test_each_model_loads_predicts_and_is_described_by_its_card(name):
    model = load_model(name)
    assert model.name == name
    assert len(predict(model, recording()).findings) == len(model.card.labels)
    assert (ROOT / "weights" / name / "README.md").read_text() == readme(model.card)
    for rule in model.card.labels:
        assert rule.calibrated == (rule.positives >= 30)


def test_the_first_classifier_has_the_nine_statements_and_measured_figures():
    card = load_model("core9-1").card
    assert card.codes == CORE_CODES
    assert card.metrics["mean"]["auc"]["value"] > 0.9
    assert set(card.metrics["classes"]) == set(CORE_CODES)
    assert card.metrics["when_assessed"]["coverage"].keys() == set(CORE_CODES)


def test_the_network_of_several_tasks_has_every_statement_its_distance_and_measured_figures():
    model = load_model("diagnostic-1")
    assert model.card.codes == NETWORK_CODES
    assert model.distance is not None
    assert set(model.card.metrics["classes"]) == set(NETWORK_CODES)
    assert model.card.out_of_fold["mean"]["auc"]["value"] > 0.94


@pytest.mark.data
@pytest.mark.parametrize("name", list(FLOORS))
def test_validation_records_are_told_apart(ecg_data, name):
    model, floors = load_model(name), FLOORS[name]
    entries = [e for e in load_index(ecg_data) if e.split == "val" and e.dataset != "brugada"]
    wanted = [CORE_CODES.index(code) for code in floors]
    positive = [e for e in entries if any(e.targets[j] == 1 for j in wanted if j != 0)]
    chosen = positive + [e for e in entries if e not in positive][:60]
    found = [[f.probability for f in predict(model, load_recording(e)).findings] for e in chosen]
    targets = np.array([e.targets for e in chosen])
    for code, j in zip(floors, wanted, strict=True):
        assert roc_auc(targets[:, j], np.array(found)[:, j]) >= floors[code]
