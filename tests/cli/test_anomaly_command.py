"""``anomaly PATH...``: its JSON, its map, its words."""

import json
from pathlib import Path

import numpy as np
import pytest

from ecgcore.cli import main
from ecgcore.readers.wfdb.write import write_wfdb
from ecgcore.simulate import simulate


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("records")
    (folder / "inside").mkdir()
    write_wfdb(simulate("pvc", seed=4, fs_hz=250.0).recording, folder, "one")
    write_wfdb(simulate("normal", seed=4, fs_hz=250.0).recording, folder / "inside", "two")
    return folder


def test_the_json_is_the_contract(
    records: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["anomaly", str(records), "--out", str(tmp_path), "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [Path(line["file"]).stem for line in lines] == ["two", "one"]
    for line in lines:
        assert {"score", "threshold", "abnormal", "lead_scores", "spans"} <= line.keys()
        assert set(line["lead_scores"]) == {"I", "II", "III", "aVR", "aVL", "aVF"} | {
            f"V{i}" for i in range(1, 7)
        }
        for span in line["spans"]:
            assert {"lead", "start_s", "end_s", "score"} <= span.keys()
            assert 0 <= span["start_s"] < span["end_s"] <= 10.0
        assert {"score", "abnormal", "parts"} == line["with_classifier"].keys()
        assert min(line["lead_scores"].values()) <= line["score"]
        assert line["score"] <= max(line["lead_scores"].values())
        assert not [name for name in line["parts"] if name.startswith("distance")]
    assert lines[1]["abnormal"] is True
    assert any("premature" in span["words"] for span in lines[1]["spans"])
    with np.load(tmp_path / "inside" / "two.npz", allow_pickle=False) as kept:
        assert kept["map"].shape == (12, 2500)
        assert float(kept["fs_hz"]) == 250.0


def test_the_text_ends_with_what_it_is_not(
    records: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["anomaly", str(records / "one"), "--no-words"]) == 0
    said = capsys.readouterr().out
    assert "more unusual than" in said
    assert "trained on normal ECGs only" in said
    assert "with the classifier's features" in said
    assert "Unusual is not abnormal" in said


@pytest.mark.parametrize("recipe", ["delineator", "core9"])
def test_norms_alone_are_those_of_the_anomaly_model(
    recipe: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", f"configs/{recipe}.toml", "--norms-only"]) == 2
    assert "restoration.toml" in capsys.readouterr().err


def test_a_bad_file_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = tmp_path / "bad.hea"
    bad.write_text("nonsense")
    assert main(["anomaly", str(bad), "--json"]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert main(["anomaly", str(bad), "--model", "nothing-1"]) == 2
