"""Every command that measures on the test split writes a line into the log, which is whole."""

import ast
import csv
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from ecgcore.datasets import log_test_access
from ecgcore.datasets.access import COLUMNS, TO_FILL, read_accesses
from ecgcore.evaluation.model_folder import with_accesses
from ecgcore.evaluation.side_words import accesses_table, side_text
from ecgcore.inference import read_card

ROOT = Path(__file__).resolve().parent.parent.parent
LOG = ROOT / "results" / "test_access.csv"
# They count the records of a split, or take figures that others measured; they read no sample.
READS_NONE = {"ecgcore/cli/prepare.py"}


def commands() -> list[Path]:
    found = [*(ROOT / "ecgcore" / "cli").glob("*.py"), *(ROOT / "benchmarks").rglob("*.py")]
    return sorted(p for p in found if "anomaly_parts" not in p.parts)


def names_the_test_split(tree: ast.AST) -> bool:
    """Whether a module holds "test" as a value: a choice of --split, or a comparison."""
    return any(
        isinstance(n, ast.Constant) and n.value in ("test", "testing") for n in ast.walk(tree)
    )


def calls_of(tree: ast.AST) -> set[str]:
    return {
        n.func.id
        for n in ast.walk(tree)
        if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)
    }


def silent(text: str) -> bool:
    tree = ast.parse(text)
    return names_the_test_split(tree) and "log_test_access" not in calls_of(tree)


@pytest.mark.parametrize("path", commands(), ids=lambda p: p.relative_to(ROOT).as_posix())
def test_a_command_that_reads_test_logs_it(path: Path) -> None:
    if path.relative_to(ROOT).as_posix() not in READS_NONE:
        assert not silent(path.read_text(encoding="utf-8"))


def test_the_check_sees_a_command_that_does_not() -> None:
    assert silent('entries = [e for e in index if e.split == "test"]')
    assert not silent('log_test_access("x", model="y", measured="z")\ncut("test")')
    assert not silent('entries = [e for e in index if e.split == "val"]')


def test_a_line_is_added_and_the_head_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "log.csv"
    monkeypatch.setenv("ECG_TEST_ACCESS", str(path))
    assert read_accesses() == []
    log_test_access("ecgcore evaluate a-1", model="a-1", measured="AUC, of nine")
    log_test_access("ecgcore evaluate b-1", model="b-1", measured="AUC")
    rows = read_accesses()
    assert [row["model"] for row in rows] == ["a-1", "b-1"]
    assert rows[0]["measured"] == "AUC, of nine"
    assert {row["decided"] for row in rows} == {TO_FILL}
    assert path.read_text(encoding="utf-8").count("command") == 1
    assert "log.csv" in capsys.readouterr().err


def test_without_a_folder_the_line_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ECG_TEST_ACCESS", str(tmp_path / "nowhere" / "log.csv"))
    log_test_access("ecgcore evaluate a-1", model="a-1", measured="AUC")
    assert "ecgcore evaluate a-1" in capsys.readouterr().err


def test_the_log_beside_the_results_is_whole_and_in_order() -> None:
    with LOG.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert rows
    assert set(rows[0]) == set(COLUMNS)
    assert all(value.strip() and value != TO_FILL for row in rows for value in row.values())
    days = [date.fromisoformat(row["date"]) for row in rows]
    assert days == sorted(days)


def test_a_card_names_every_access_to_its_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "log.csv"
    monkeypatch.setenv("ECG_TEST_ACCESS", str(path))
    log_test_access("one", model="core9-1, other-1", measured="AUC .9")
    log_test_access("two", model="core9-10", measured="AUC .8")
    log_test_access("three", model="core9-1", measured="AUC .9 again")
    card = read_card(ROOT / "weights" / "core9-1")
    found = with_accesses(card).metrics["accesses"]
    assert [row["command"] for row in found] == ["one", "three"]
    assert "AUC .9 again" in accesses_table({"accesses": found})
    unmeasured = replace(card, metrics={})
    assert with_accesses(unmeasured) == unmeasured


@pytest.mark.parametrize("name", sorted(p.parent.name for p in ROOT.glob("weights/*/card.json")))
def test_committed_cards_hold_the_lines_of_the_log(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ECG_TEST_ACCESS", str(LOG))
    card = read_card(ROOT / "weights" / name)
    assert card.metrics, "without figures there is nothing to show"
    assert with_accesses(card).metrics == card.metrics
    assert "seen once" not in card.to_json()


def test_another_model_is_printed_out_of_fold_and_on_test() -> None:
    one = {"value": 0.9, "low": 0.85, "high": 0.95}
    less = {"value": -0.02, "low": -0.06, "high": 0.01}
    part = {"this": one, "other": one, "difference": less}
    text = side_text(
        {
            "beside": {
                "other": "core9-1", "n": 343, "n_patients": 336, "positives": {"STE": 4},
                "nine": part, "without STE": part, "out of fold": {"this": 0.968, "other": 0.927},
            }
        }
    )  # fmt: skip
    assert "| out of fold, nine | 0.968 | 0.927 | - |" in text
    assert "-0.020 (-0.060 to 0.010)" in text
    assert "343 records of 336 patients, 4 with ST elevation" in text
