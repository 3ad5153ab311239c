"""``predict`` and ``explain`` print what the contract says."""

import json

import numpy as np
import pytest
import wfdb

from ecgcore.cli import main
from ecgcore.inference import weights_root
from ecgcore.leads import STANDARD_12
from ecgcore.origin import KEYS
from ecgcore.statements import CORE_CODES
from tests.synthetic import beats, write_tiny_model

LABEL_KEYS = ["code", "name", "probability", "calibrated", "threshold", "finding", "reason"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("records")
    for name, leads, seconds in (("a", STANDARD_12, 10), ("b", ("I", "II"), 10), ("c", ("I",), 2)):
        wfdb.wrsamp(
            name,
            fs=500,
            units=["mV"] * len(leads),
            sig_name=list(leads),
            p_signal=beats(seconds, 500, n_leads=len(leads)).T.astype(float),
            fmt=["16"] * len(leads),
            write_dir=str(out),
        )
    return out


@pytest.fixture(autouse=True)
def weights(tmp_path, monkeypatch):
    write_tiny_model(tmp_path / "models" / "diagnostic-1")
    # Findings are reconciled with measurements, which the shipped delineator makes.
    (tmp_path / "models" / "delineator-1").symlink_to(weights_root() / "delineator-1")
    monkeypatch.setenv("ECG_WEIGHTS", str(tmp_path / "models"))


def test_one_file_gives_one_object(folder, capsys):
    assert main(["predict", str(folder / "a"), "--json"]) == 0
    out = json.loads(capsys.readouterr().out)
    assert list(out) == [
        "file",
        "model",
        "weights_sha256",
        "leads_used",
        "labels",
        "abstained",
        "abstain_reason",
        "not_assessed",
        "quality",
        *KEYS,
    ]
    assert out["file"] == str(folder / "a")
    assert out["leads_used"] == list(STANDARD_12)
    assert [label["code"] for label in out["labels"]] == list(CORE_CODES)
    assert all(list(label) == LABEL_KEYS for label in out["labels"])
    assert list(out["quality"]) == ["acceptable", "bad_leads", "reasons", "masked"]


def test_age_and_sex_that_the_file_does_not_tell(folder, capsys):
    def normal(*arguments):
        assert main(["predict", str(folder / "a"), "--json", *arguments]) == 0
        out = json.loads(capsys.readouterr().out)
        return next(label for label in out["labels"] if label["code"] == "SNR")

    assert "enter age and sex" in normal()["reason"]
    assert "enter sex" in normal("--age", "61")["reason"]
    assert "enter" not in normal("--age", "61", "--sex", "female")["reason"]
    assert "6 years old" in normal("--age", "6", "--sex", "female")["reason"]


@pytest.mark.parametrize("age", ["-1", "131", "old", "nan"])
def test_an_impossible_age_is_refused(folder, capsys, age):
    with pytest.raises(SystemExit) as stopped:
        main(["predict", str(folder / "a"), f"--age={age}"])
    assert stopped.value.code == 2
    assert "no age in years" in capsys.readouterr().err


def test_windows_are_added_on_request(folder, capsys):
    assert main(["predict", str(folder / "a.hea"), "--windows", "--json"]) == 0
    out = json.loads(capsys.readouterr().out)
    assert [list(window) for window in out["windows"]] == [["start_s", "end_s", "labels"]]
    assert out["windows"][0]["labels"] == out["labels"]


def test_a_folder_gives_a_line_a_record_and_goes_on_after_a_bad_one(folder, capsys):
    assert main(["predict", str(folder), "--json", "--select-leads", "lead i"]) == 2
    captured = capsys.readouterr()
    lines = [json.loads(line) for line in captured.out.splitlines()]
    assert [line["leads_used"] for line in lines[:2]] == [["I"], ["I"]]
    assert list(lines[2]) == ["file", "error", *KEYS]
    assert "at least 5 s" in lines[2]["error"]
    assert captured.err.startswith("error: ")
    assert captured.err.count("\n") == 1


def test_the_text_form_names_every_statement_and_its_limits(folder, capsys):
    assert main(["predict", str(folder / "b")]) == 0
    text = capsys.readouterr().out
    assert all(code in text for code in CORE_CODES)
    assert "not assessed" in text
    assert "not a medical device" in text


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--model", "nothing-9"], "nothing-9"),
        (["--select-leads", "V3"], "V3"),
    ],
)
def test_what_is_not_there_gives_one_sentence(folder, capsys, arguments, words):
    assert main(["predict", str(folder / "b"), *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("error: ")
    assert words in captured.err
    assert captured.err.count("\n") == 1


def test_explain_writes_the_map_and_prints_its_checks(folder, tmp_path, capsys):
    out = tmp_path / "map.npz"
    arguments = ["--label", "AF", "--method", "gradcam", "--out", str(out), "--json"]
    assert main(["explain", str(folder / "a"), *arguments]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {"file", "method", "label", "seconds", "self_check", "lead_share"} <= found.keys()
    assert all({"name", "value", "passed"} <= check.keys() for check in found["self_check"])
    assert list(found["lead_share"]) == list(STANDARD_12)
    assert sum(found["lead_share"].values()) == pytest.approx(1)
    with np.load(out, allow_pickle=False) as stored:
        assert stored["attribution"].shape == (12, 5000)
        assert stored["leads"].tolist() == list(STANDARD_12)
        assert float(stored["fs_hz"]) == 500


def test_explain_values_whole_leads_and_says_it_in_words(folder, tmp_path, capsys):
    out = tmp_path / "map.npz"
    arguments = ["--label", "RBBB", "--method", "lead_shapley", "--out", str(out)]
    assert main(["explain", str(folder / "a"), *arguments, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    values = found["lead_values"]
    players = ["I", "II", *STANDARD_12[6:]]
    assert list(values["independent"]) == players
    assert list(values["limb_plane_and_chest"]) == ["limb leads", *players[2:]]
    assert len(values["interactions"]) == 28
    checks = {check["name"]: check for check in found["self_check"]}
    assert checks["completeness"]["passed"]
    assert found["lead_share"]["III"] == 0
    assert found["faithfulness"]["light"] in ("green", "amber", "red")
    assert found["textbook"]["leads"] == ["I", "V1", "V2", "V6"]
    assert "Right bundle branch block" in found["words"]
    assert main(["explain", str(folder / "a"), *arguments]) == 0
    text = capsys.readouterr().out
    assert "Textbook: terminal R'" in text
    assert "never right" in text


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"--label": "WPW"}, "WPW"),
        ({"--out": "map.txt"}, "npz"),
        ({"--out": "/nowhere/at/all/map.npz"}, "written"),
    ],
)
def test_explain_says_what_is_wrong(folder, tmp_path, capsys, change, words):
    given = {"--label": "AF", "--method": "gradcam", "--out": str(tmp_path / "m.npz"), **change}
    arguments = [word for pair in given.items() for word in pair]
    assert main(["explain", str(folder / "a"), *arguments]) == 2
    assert words in capsys.readouterr().err
