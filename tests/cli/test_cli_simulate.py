"""``simulate`` on the command line."""

import json

import numpy as np
import pytest
import wfdb

from ecgcore import readers
from ecgcore.cli import main
from ecgcore.origin import KEYS
from ecgcore.simulate import CASES, simulate


def test_writes_a_record_that_reads_back_and_its_truth(tmp_path, capsys):
    out = tmp_path / "new"
    assert main(["simulate", "--case", "rbbb", "--seed", "7", "--out", str(out)]) == 0
    assert {p.name for p in out.iterdir()} == {
        "rbbb-7.hea",
        "rbbb-7.dat",
        "rbbb-7.atr",
        "truth.json",
        "masks.npz",
    }
    recording = readers.read(out / "rbbb-7.hea")
    made = simulate("rbbb", seed=7)
    np.testing.assert_allclose(recording.signal, made.recording.signal, atol=0.00051)
    assert recording.leads == made.recording.leads
    assert recording.patient.age_years == made.recording.patient.age_years
    truth = json.loads((out / "truth.json").read_text())
    assert truth["labels"] == ["RBBB"]
    assert len(truth["beats"]) == len(made.truth.beats)
    assert str(out) in capsys.readouterr().out


def test_annotations_and_masks_agree_with_the_truth(tmp_path):
    arguments = ["--case", "atrial-fibrillation+pvc", "--seed", "3", "--vary", "1"]
    assert main(["simulate", *arguments, "--out", str(tmp_path)]) == 0
    truth = json.loads((tmp_path / "truth.json").read_text())
    marks = wfdb.rdann(str(tmp_path / "atrial-fibrillation_pvc-3"), "atr")
    kinds = {"ventricular": "V", "normal": "N"}
    peaks = {round(b["r_peak"] * 500): kinds[b["type"]] for b in truth["beats"]}
    found = {s: x for s, x in zip(marks.sample, marks.symbol, strict=True) if x in "NV"}
    assert list(found.values()) == list(peaks.values())
    assert max(abs(a - b) for a, b in zip(found, peaks, strict=True)) <= 1
    assert "p" not in marks.symbol
    assert marks.symbol.count("(") == marks.symbol.count(")")
    with np.load(tmp_path / "masks.npz", allow_pickle=False) as masks:
        assert set(masks) == {"leads", "AF", "PVC", *KEYS}
        assert masks["PVC"].shape == (12, 5000)
        assert masks["leads"].tolist()[:3] == ["I", "II", "III"]


def test_rate_and_duration(tmp_path):
    arguments = ["--case", "hand-held-af", "--fs", "250", "--duration", "12", "--noise", "low"]
    assert main(["simulate", *arguments, "--out", str(tmp_path)]) == 0
    recording = readers.read(tmp_path / "hand-held-af-0")
    assert (recording.fs_hz, recording.n_samples, recording.leads) == (250, 3000, ("I",))


def test_json_is_one_object(tmp_path, capsys):
    assert main(["simulate", "--case", "pvc", "--out", str(tmp_path), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["labels"] == ["PVC"]
    assert said["file"].endswith("pvc-0.hea")


def test_list_names_every_case(capsys):
    assert main(["simulate", "--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(CASES)
    assert main(["simulate", "--list", "--json"]) == 0
    named = [row["name"] for row in json.loads(capsys.readouterr().out)["cases"]]
    assert named == list(CASES)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--case", "nothing", "--out", "{out}"], "possible cases are normal"),
        (["--case", "normal"], "--out is missing"),
        (["--out", "{out}"], "--case is missing"),
        (["--case", "normal", "--out", "{out}", "--seed", "-2"], "seed is -2"),
        (["--case", "normal", "--out", "{out}", "--fs", "3"], "fs_hz is 3.0"),
        (["--case", "normal", "--out", "{out}", "--vary", "9"], "vary is 9.0"),
        (["--case", "lbbb+rbbb", "--out", "{out}"], "lbbb and rbbb cannot be simulated together"),
        (["--case", "normal", "--out", "{out}", "--duration", "nan"], "duration_s is nan"),
        (["--case", "normal", "--out", "{out}/file"], "cannot be written"),
    ],
)
def test_bad_usage_is_one_sentence_and_status_two(tmp_path, capsys, arguments, said):
    (tmp_path / "file").write_text("in the way")
    filled = [word.format(out=tmp_path) for word in arguments]
    assert main(["simulate", *filled]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert said in error
    assert error.count("\n") == 1


def test_a_parameter_of_the_rhythm_can_be_asked_for(tmp_path, capsys):
    given = ["--case", "vt", "--set", "rate_bpm=150:160", "--set", "origin=outflow"]
    assert main(["simulate", *given, "--seed", "2", "--out", str(tmp_path)]) == 0
    truth = json.loads((tmp_path / "truth.json").read_text())
    assert 148 < truth["heart_rate_bpm"] < 162
    assert truth["urgent"] == ["164895002"]
    assert truth["rhythms"] == [{"code": "164895002", "start_s": 0.0, "end_s": 10.0}]
    assert {p["fate"] for p in truth["p_waves"]} >= {"dissociated"}
    assert main(["simulate", "--case", "vt", "--set", "rate_bpm", "--out", str(tmp_path)]) != 0
    assert "NAME=VALUE is needed" in capsys.readouterr().err
