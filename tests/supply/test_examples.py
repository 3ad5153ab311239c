"""The examples of the functions that a newcomer calls first, and the programs in ``examples``."""

import csv
import doctest
import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ecgcore.readers import write_wfdb
from ecgcore.simulate import simulate
from tests.conftest import ROOT

FIRST = (
    "ecgcore.readers.read",
    "ecgcore.readers.write_wfdb",
    "ecgcore.readers.convert.convert",
    "ecgcore.measure.measure",
    "ecgcore.inference.load_model",
    "ecgcore.inference.predict",
    "ecgcore.render.paper.lay_out",
    "ecgcore.render.figure.figure",
    "ecgcore.render.pdf.pdf",
    "ecgcore.simulate.simulate",
    "ecgcore.simulate.make_demonstration_case",
)


@pytest.fixture(autouse=True)
def _committed(monkeypatch):
    monkeypatch.setenv("ECG_WEIGHTS", str(ROOT / "weights"))


@pytest.mark.parametrize("name", FIRST)
def test_the_docstring_shows_how_and_the_example_runs(name):
    module, _, function = name.rpartition(".")
    value = getattr(importlib.import_module(module), function)
    space = vars(sys.modules[value.__module__])
    (test,) = doctest.DocTestFinder(recurse=False).find(value, name, globs=dict(space))
    assert test.examples, f"{name} has no example"
    found: list[str] = []
    result = doctest.DocTestRunner().run(test, out=found.append)
    assert result.failed == 0, "".join(found)


@pytest.fixture
def folder(tmp_path):
    write_wfdb(simulate("pvc", seed=1).recording, tmp_path / "in", "pvc")
    (tmp_path / "in" / "broken.edf").write_bytes(b"0       broken")
    return tmp_path / "in"


def run(name: str, *arguments: object) -> str:
    command = [sys.executable, f"examples/{name}.py", *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    made = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert made.returncode == 0, made.stderr
    return made.stdout


def test_every_example_has_its_test():
    names = {path.stem for path in (ROOT / "examples").glob("*.py")}
    assert names == {"read_and_plot", "predict_and_explain", "measure_folder"}


def test_read_and_plot(folder, tmp_path):
    assert "10 s at 500 Hz" in run("read_and_plot", folder / "pvc.hea", tmp_path / "ecg.pdf")
    assert (tmp_path / "ecg.pdf").read_bytes().startswith(b"%PDF-")


def test_predict_and_explain(folder):
    said = run("predict_and_explain", folder / "pvc.hea")
    assert "Ventricular premature complex(es): 0.9" in said
    assert "of the attribution: " in said
    assert "deletion: passed" in said


def test_measure_a_folder(folder, tmp_path):
    run("measure_folder", folder, tmp_path / "measured.csv")
    rows = list(csv.DictReader((tmp_path / "measured.csv").read_text().splitlines()))
    by_name = {Path(row["file"]).name: row for row in rows}
    assert 60 < int(by_name["pvc.hea"]["heart_rate"]) < 80
    assert by_name["broken.edf"]["remark"]
