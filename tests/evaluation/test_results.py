"""What stands in ``results`` is short, is read by a person, and is written by a command."""

import csv

import pytest

from benchmarks.explain_tables import put_section, section_text
from benchmarks.single_lead import each_summary
from reproductions.scores import MEAN, SHOWN, read_figures, write_figures
from tests.conftest import ROOT

FOLDER = ROOT / "results"
FILES = sorted(p for p in FOLDER.rglob("*") if p.is_file())
# As documents quote them.
QUOTED = {
    "explain/diagnostic-1-test.md": ["1.433 (1.009 to 1.858)", "Two-baseline gradients"],
    "mvkt/mvkt_splits.md": ["0.843 (0.786 to 0.886)", "I-mkd, all seeds | nine | 0.855"],
    "single/losses.md": ["0.849 (0.807 to 0.888)", "0.045 (0.030 to 0.063)"],
    "waveform.md": ["0.972 (0.948 to 0.990)"],
}


def test_results_are_short_tables():
    assert {p.suffix for p in FILES} == {".md", ".csv"}
    assert sum(len(p.read_text().splitlines()) for p in FILES) < 3000


def test_the_list_names_every_table():
    text = (FOLDER / "README.md").read_text()
    for path in FILES:
        name = str(path.relative_to(FOLDER))
        known = name.startswith("reference/zhang_features_splits-") or name == "README.md"
        assert known or f"({name})" in text


@pytest.mark.parametrize("name", sorted(QUOTED))
def test_quoted_figures_are_there(name):
    text = (FOLDER / name).read_text()
    assert [figure for figure in QUOTED[name] if figure not in text] == []


def figure(value: float) -> dict:
    return {"value": value, "low": value - 0.1, "high": value + 0.1}


def test_a_section_is_written_anew_and_the_others_stay(tmp_path):
    path = tmp_path / "explain" / "NAME-test.md"
    joined = {"gradcam": {"deletion_line": {"all": figure(0.5), "AF": figure(0.7)}}}
    put_section(path, "A title", "faithful", section_text("faithful", {"less_qrs": joined}))
    speed = {"threads": 2, "gradcam": {"wall": 0.04, "processor": 0.08}}
    put_section(path, "A title", "speed", section_text("speed", speed))
    before = path.read_text()
    assert "| Grad-CAM | 0.500 (0.400 to 0.600) | 0.700 (0.600 to 0.800) |" in before
    assert "**Deletion, line, less QRS complexes alone**" in before
    speed["gradcam"]["wall"] = 0.05
    put_section(path, "A title", "speed", section_text("speed", speed))
    assert path.read_text() == before.replace("0.040", "0.050")


def test_figures_of_all_statements_together_share_a_table():
    joined = {"gradcam": {"last 1": {"all": figure(0.1)}, "last 2": {"all": figure(0.2)}}}
    text = section_text("weights", {"random": joined, "networks": 3})
    assert "|  | Last 1 | Last 2 |" in text
    assert "Networks: 3." in text


def test_one_lead_alone_is_a_row_a_split():
    one = {name: figure(0.9) for name in ("alone", "together", "less")}
    text = each_summary({"steps": 10, "leads": {"I": {"val": one, "test": one}}})
    assert "| I | val | 0.900 (0.800 to 1.000)" in text


def test_a_reference_is_read_as_it_was_written(tmp_path):
    made = {name: figure(0.5) for name in SHOWN}
    made["ppv"] = {"value": None, "low": None, "high": None}
    classes = {"AF": made | {"n": 9, "n_positive": 2, "threshold": 0.3}}
    test = {"classes": classes, "mean": made}
    run = {"seed": 1, "fold": "3", "made": {"best_epoch": 31}, "test": test}
    write_figures(tmp_path / "a.csv", [run])
    (found,) = read_figures(tmp_path / "a.csv")
    assert found == {"seed": 1, "fold": "3", "classes": {"AF": made}, "mean": made}
    first, last = csv.DictReader((tmp_path / "a.csv").read_text().splitlines())
    assert (first["n_positive"], first["epoch"], last["statement"]) == ("2", "31", MEAN)
