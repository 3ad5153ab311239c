"""The default model of each recording on the command line."""

import json
from pathlib import Path

import pytest

from ecgcore.cli import main
from ecgcore.inference import DEFAULT_MODEL, SINGLE_LEAD_MODEL
from ecgcore.inference.card import InputContract
from ecgcore.readers.wfdb.write import write_wfdb
from tests.synthetic import recording, write_tiny_model

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    weights = tmp_path / "weights"
    one = InputContract(max_leads=1, min_leads_calibrated=1.0)
    write_tiny_model(weights / SINGLE_LEAD_MODEL, name="single-lead", input=one)
    name, _, version = DEFAULT_MODEL.rpartition("-")
    write_tiny_model(weights / DEFAULT_MODEL, name=name, version=version)
    # Words about a map need the waves.
    (weights / "delineator-1").symlink_to(ROOT / "weights" / "delineator-1")
    monkeypatch.setenv("ECG_WEIGHTS", str(weights))
    write_wfdb(recording(30, 512, leads=("I",)), tmp_path / "files", "watch")
    write_wfdb(recording(), tmp_path / "files", "resting")
    return tmp_path / "files"


def printed(capsys, *arguments: str) -> list[dict]:
    assert main([*arguments, "--json"]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_each_recording_of_a_folder_gets_the_model_for_its_leads(folder, capsys):
    found = printed(capsys, "predict", str(folder))
    assert [(each["file"].split("/")[-1].split(".")[0], each["model"]) for each in found] == [
        ("resting", DEFAULT_MODEL),
        ("watch", SINGLE_LEAD_MODEL),
    ]


def test_a_lead_that_is_selected_decides_and_a_named_model_is_used(folder, capsys):
    resting = str(folder / "resting.hea")
    assert (
        printed(capsys, "predict", resting, "--select-leads", "V5")[0]["model"] == SINGLE_LEAD_MODEL
    )
    watch = str(folder / "watch.hea")
    assert printed(capsys, "predict", watch, "--model", DEFAULT_MODEL)[0]["model"] == DEFAULT_MODEL


def test_a_model_of_one_lead_asked_about_twelve_is_one_line_of_error(folder, capsys):
    resting = str(folder / "resting.hea")
    assert main(["predict", resting, "--model", SINGLE_LEAD_MODEL]) == 2
    assert "one lead at a time" in capsys.readouterr().err


def test_a_map_is_made_by_the_model_for_the_leads(folder, capsys, tmp_path):
    found = printed(
        capsys, "explain", str(folder / "watch.hea"), "--label", "AF", "--method", "gradcam",
        "--out", str(tmp_path / "map.npz"),
    )  # fmt: skip
    assert found[0]["model"] == SINGLE_LEAD_MODEL
    assert found[0]["lead_share"] == {"I": 1.0}
