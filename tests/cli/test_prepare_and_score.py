"""``prepare`` and ``score`` on a tiny folder laid out like PTB-XL."""

import csv
import json
from pathlib import Path

import pytest

from ecgcore.cli import main
from tests.datasets.public_folders import ptbxl_folder

CODED = [{"NORM": 100.0, "SR": 0.0}, {"IMI": 15.0}, {"NDT": 1.0, "SR": 0.0}, {"AFIB": 0.0}]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return ptbxl_folder(tmp_path_factory.mktemp("ptbxl"), CODED * 10)


def predictions(path: Path, rows: list[list[object]]) -> Path:
    with path.open("w", newline="") as stream:
        csv.writer(stream).writerows([["record", "AFIB", "SR"], *rows])
    return path


def test_prepare_tells_what_there_is(folder, tmp_path, capsys):
    command = ["prepare", "ptbxl", str(folder), "--workers", "1", "--cache", str(tmp_path)]
    assert main([*command, "--json"]) == 0
    shown = capsys.readouterr()
    found = json.loads(shown.out)
    assert (found["records"], found["published_records"], found["unreadable"]) == (40, 21799, 0)
    assert found["splits"] == {"train": 32, "val": 4, "test": 4}
    assert found["tasks"]["superdiagnostic"]["positives"] == {"MI": 10, "NORM": 10, "STTC": 10}
    assert found["tasks"]["rhythm"]["records"] == {"train": 24, "val": 2, "test": 4}
    assert "40 of 40 records" in shown.err
    assert list(Path(found["cache"]).glob("shard-0000.np?"))
    assert main(command) == 0
    shown = capsys.readouterr()
    assert "ptbxl: 40 records of 21799 published" in shown.out
    assert shown.err == ""


def test_prepare_says_how_many_could_not_be_read(folder, tmp_path, capsys):
    # Nothing lies in records100.
    command = ["prepare", "ptbxl", str(folder), "--source-hz", "100", "--workers", "1"]
    assert main([*command, "--cache", str(tmp_path)]) == 2
    assert "none of 40 records can be read" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--high-pass", "much"], "neither a number in Hz nor none"),
        (["--fs", "0"], "fs_hz"),
        (["--test-fold", "0"], "test_fold"),
        (["--workers", "0"], "workers"),
    ],
)
def test_bad_arguments(folder, tmp_path, capsys, more, words):
    command = ["prepare", "ptbxl", str(folder), "--cache", str(tmp_path), *more]
    try:
        status = main(command)
    except SystemExit as error:
        status = int(str(error.code))
    assert status == 2
    assert words in capsys.readouterr().err


def test_score_of_the_test_fold(folder, tmp_path, capsys):
    # Fold 10: records 18, 19, 38 and 39; of these 18 and 38 have SR, 19 and 39 AFIB.
    rows = [[f"records500/00000/{i:05d}_hr", s, 1 - s] for i, s in ((18, 0.6), (19, 0.7))]
    rows += [[f"records500/00000/{i:05d}_hr", s, 0.1] for i, s in ((38, 0.2), (39, 0.3))]
    table = predictions(tmp_path / "p.csv", rows)
    assert main(["score", str(table), "ptbxl", str(folder), "--task", "rhythm", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["task"], found["split"], found["n"]) == ("rhythm", "test", 4)
    # 0.7 and 0.3 against 0.6 and 0.2: three of four pairs are in order.
    assert found["classes"]["AFIB"]["auc"]["value"] == pytest.approx(0.75)
    assert main(["score", str(table), "ptbxl", str(folder), "--task", "rhythm"]) == 0
    assert "| AFIB | 4 | 2 | 0.750" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([["records500/00000/00018_hr", 0.1, 0.2]], "no scores for 3 of 4 records"),
        ([[f"records500/00000/{i:05d}_hr", "x", 1] for i in range(40)], "no number"),
        ([[f"records500/00000/{i:05d}_hr", "nan", 1] for i in range(40)], "not finite"),
    ],
)
def test_scores_that_do_not_fit(folder, tmp_path, capsys, rows, words):
    table = predictions(tmp_path / "p.csv", rows)
    assert main(["score", str(table), "ptbxl", str(folder), "--task", "rhythm"]) == 2
    assert words in capsys.readouterr().err


def test_records_that_cannot_be_read_need_no_scores(folder, tmp_path, capsys):
    rows = [[f"records500/00000/{i:05d}_hr", i / 50, 0.1] for i in (18, 19, 38)]
    table = predictions(tmp_path / "p.csv", rows)
    listed = tmp_path / "unreadable.csv"
    listed.write_text("record,reason\nrecords500/00000/00039_hr,cut short\n")
    command = ["score", str(table), "ptbxl", str(folder), "--task", "rhythm"]
    assert main(command) == 2
    assert main([*command, "--unreadable", str(listed), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["n"], found["unreadable"]) == (3, 1)
    assert main([*command, "--unreadable", str(listed)]) == 0
    assert "Without 1 records that cannot be read." in capsys.readouterr().out


def test_an_unknown_task(folder, tmp_path, capsys):
    table = predictions(tmp_path / "p.csv", [])
    assert main(["score", str(table), "ptbxl", str(folder), "--task", "super"]) == 2
    assert "superdiagnostic" in capsys.readouterr().err
