"""``train-public`` on a tiny folder laid out like PTB-XL, and ``score`` on what it writes."""

import csv
import json
import re
from pathlib import Path

from ecgcore.cli import main
from tests.conftest import ROOT
from tests.datasets.public_folders import ptbxl_folder

# Records 0, 4, 8 ... share one sine, and so on: what is coded can be seen in the signal.
CODED = [{"NORM": 100.0}, {"IMI": 15.0}]
SMALL = {
    "epochs": "4",
    "batch_size": "16",
    "encoder": "[4, 8]",
    "mixed": "12",
    "trunk": "[16, 16]",
    "learning_rate": "1e-2",
    "crop_s": "5.0",
    "averaging": "0.5",
}


def recipe(path: Path) -> Path:
    text = (ROOT / "configs" / "core9.toml").read_text()
    for name, value in SMALL.items():
        text, found = re.subn(rf"(?m)^{name} = .*$", f"{name} = {value}", text)
        assert found == 1, name
    path.write_text(text)
    return path


def test_a_network_for_a_task(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("ECG_CACHE", str(tmp_path / "cache"))
    folder = ptbxl_folder(tmp_path / "ptbxl", CODED * 20)
    config = recipe(tmp_path / "small.toml")
    command = ["train-public", "ptbxl", str(folder), "--task", "superdiagnostic", "--config"]
    more = ["--workers", "1", "--threads", "1", "--runs", str(tmp_path / "runs"), "--json"]
    assert main([*command, str(config), *more]) == 0
    shown = capsys.readouterr()
    found = json.loads(shown.out)
    assert (found["task"], found["split"], found["n"]) == ("superdiagnostic", "val", 4)
    assert set(found["classes"]) == {"NORM", "MI", "STTC"}
    assert found["not_measured"] == ["STTC"]
    assert "seed-20: 4 of 4, loss" in shown.err
    with Path(found["predictions"]).open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    # Folds 9 and 10 alone: no record that was learned from is predicted.
    assert [int(row["record"][-8:-3]) for row in rows] == [16, 17, 18, 19, 36, 37, 38, 39]
    assert all(0 < float(row["NORM"]) < 1 for row in rows)
    score = ["score", found["predictions"], "ptbxl", str(folder), "--task", "superdiagnostic"]
    assert main([*score, "--split", "val", "--json"]) == 0
    again = json.loads(capsys.readouterr().out)
    assert again["classes"] == found["classes"]
    assert main([*score, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["n"] == 4


def test_a_recipe_of_another_kind_is_refused(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("ECG_CACHE", str(tmp_path / "cache"))
    folder = ptbxl_folder(tmp_path / "ptbxl", CODED * 10)
    config = recipe(tmp_path / "small.toml")
    config.write_text(config.read_text().replace("n_labels = 9\n", ""))
    command = ["train-public", "ptbxl", str(folder), "--config", str(config), "--workers", "1"]
    assert main([*command, "--runs", str(tmp_path)]) == 2
    assert "not for one label table" in capsys.readouterr().err
