"""Figures of the single-lead model beside the general one, on made records."""

import json
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from ecgcore.cli import main
from ecgcore.datasets import Entry
from ecgcore.evaluation import one_lead_report as figures
from ecgcore.evaluation.asked import Said
from ecgcore.inference import DEFAULT_MODEL, SINGLE_LEAD_MODEL, load_model, read_card
from ecgcore.inference.card import InputContract
from ecgcore.leads import STANDARD_12
from tests.synthetic import recording, write_tiny_model

LEADS = ("I", "II", "V1")
KINDS = ("ptbxl", "cpsc2018_lead1", "cinc2017")


def made_entries(dataset: str) -> list[Entry]:
    targets = (np.arange(8)[:, None] + np.arange(9)) % 2
    return [
        Entry(
            dataset,
            str(i),
            f"{dataset}/{i}",
            "test",
            Path(f"{dataset}-{i}"),
            tuple(map(float, row)),
        )
        for i, row in enumerate(targets)
    ]


@pytest.fixture
def weights(tmp_path, monkeypatch):
    """Two models, and records in place of the data sets."""
    one = InputContract(max_leads=1, min_leads_calibrated=1.0)
    write_tiny_model(tmp_path / SINGLE_LEAD_MODEL, name="single-lead", input=one)
    name, _, version = DEFAULT_MODEL.rpartition("-")
    write_tiny_model(tmp_path / DEFAULT_MODEL, name=name, version=version, seed=5)
    monkeypatch.setenv("ECG_WEIGHTS", str(tmp_path))

    def index(_root, *, datasets):
        return [entry for name in datasets if name == "ptbxl" for entry in made_entries(name)]

    def record(entry):
        leads = STANDARD_12 if entry.dataset == "ptbxl" else ("I",)
        return recording(10, 100, leads=leads, seed=int(entry.record))

    monkeypatch.setattr(figures, "data_root", lambda: tmp_path)
    monkeypatch.setattr(figures, "load_index", index)
    monkeypatch.setattr("ecgcore.evaluation.asked.load_recording", record)
    monkeypatch.setattr(figures, "single_entries", lambda name, _split: made_entries(name))
    # Three leads of twelve: all are treated alike.
    monkeypatch.setattr(figures, "STANDARD_12", LEADS)
    monkeypatch.setattr(figures.mitdb, "split_of", lambda _root: {})
    return tmp_path


def test_every_lead_stands_beside_the_general_model_and_the_teacher(weights):
    told: list[str] = []
    found = figures.single_figures(
        load_model(SINGLE_LEAD_MODEL), load_model(DEFAULT_MODEL), n_boot=20, tell=told.append
    )
    assert set(found["leads"]) == set(LEADS)
    assert len(told) >= len(LEADS)
    one = found["leads"]["I"]
    value = one["student"]["mean_auc"]["value"] - one["general"]["mean_auc"]["value"]
    assert one["gain"]["value"] == pytest.approx(value)
    value = one["student"]["mean_auc"]["value"] - found["teacher"]["mean_auc"]["value"]
    assert one["gap"]["value"] == pytest.approx(value)
    assert one["gain"]["low"] <= one["gain"]["value"] <= one["gain"]["high"]
    assert found["cpsc"]["student"]["n"] == found["cinc"]["general"]["n"] == 8
    # All of lead I: twelve-lead and single-lead records.
    assert found["card"]["n"] == 24
    assert found["card"]["when_assessed"]["coverage"]["SNR"] == 0
    text = figures.figures_text(found)
    assert text.count("| V1 |") == 1
    assert "cinc | student" in text


def test_the_command_writes_them_into_the_card(weights, capsys, monkeypatch):
    few = partial(figures.single_figures, n_boot=5)
    monkeypatch.setattr("ecgcore.cli.evaluate.single_figures", few)
    assert main(["evaluate", SINGLE_LEAD_MODEL, "--write", "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    card = read_card(weights / SINGLE_LEAD_MODEL)
    assert card.metrics["single_lead"]["leads"]["II"] == printed["leads"]["II"]
    assert card.metrics["split"] == "test"
    assert set(card.metrics["subgroups"]["dataset"]) == set(KINDS)


def test_a_record_without_the_lead_has_no_probability(weights):
    model = load_model(SINGLE_LEAD_MODEL)
    there = Said(np.zeros((2, 9)))
    found = figures.probabilities(model, [there, None])
    np.testing.assert_allclose(found[0], 0.5)
    assert np.isnan(found[1]).all()
