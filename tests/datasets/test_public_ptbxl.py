"""PTB-XL in full: label tables, published folds, and what is refused."""

import csv
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from ecgcore.datasets import ptbxl
from ecgcore.datasets.public import public_index
from ecgcore.datasets.public_ptbxl import TASKS, statement_classes
from ecgcore.errors import DatasetError, InvalidArgumentError
from tests.datasets.public_folders import ptbxl_folder

CODED = [
    {"NORM": 100.0, "SR": 0.0},
    {"IMI": 15.0, "ILMI": 0.0, "SR": 0.0},
    {"NDT": 100.0, "AMI": 80.0, "ABQRS": 0.0},
    {"AFIB": 0.0},
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return ptbxl_folder(tmp_path_factory.mktemp("ptbxl"), CODED * 5)


def present(index, task: str, row: int) -> set[str] | None:
    found = index.tasks[task]
    if np.isnan(found.targets[row]).all():
        return None
    assert np.isin(found.targets[row], (0, 1)).all()
    return {code for code, t in zip(found.codes, found.targets[row], strict=True) if t == 1}


@pytest.mark.parametrize(
    ("task", "expected"),
    [
        ("all", [{"NORM", "SR"}, {"IMI", "ILMI", "SR"}, {"NDT", "AMI", "ABQRS"}, {"AFIB"}]),
        ("diagnostic", [{"NORM"}, {"IMI", "ILMI"}, {"NDT", "AMI"}, None]),
        ("subdiagnostic", [{"NORM"}, {"IMI"}, {"STTC", "AMI"}, None]),
        ("superdiagnostic", [{"NORM"}, {"MI"}, {"STTC", "MI"}, None]),
        ("form", [None, None, {"NDT", "ABQRS"}, None]),
        ("rhythm", [{"SR"}, {"SR"}, None, {"AFIB"}]),
    ],
)
def test_label_tables(folder, task, expected):
    index = public_index("ptbxl", folder)
    assert [present(index, task, i) for i in range(4)] == expected
    assert list(index.tasks[task].codes) == sorted(index.tasks[task].codes)
    of_the_task = [i for i in range(20) if expected[i % 4] is not None]
    assert index.tasks[task].rows().tolist() == of_the_task


def test_core_statements_are_the_projects_own(folder):
    index = public_index("ptbxl", folder)
    for i, codes in enumerate(CODED):
        np.testing.assert_equal(index.entries[i].targets, ptbxl.targets(codes))
        np.testing.assert_equal(
            index.tasks["core"].targets[i], np.array(ptbxl.targets(codes), np.float32)
        )


def test_published_folds_and_patients(folder):
    index = public_index("ptbxl", folder)
    splits = [e.split for e in index.entries]
    assert index.folds.tolist()[:6] == [1, 1, 2, 2, 3, 3]
    assert splits == ["train"] * 16 + ["val"] * 2 + ["test"] * 2
    assert index.entries[0].group == index.entries[1].group == "ptbxl-patient-100"
    turned = public_index("ptbxl", folder, test_fold=1)
    assert [e.split for e in turned.entries][:2] == ["test"] * 2
    assert [e.split for e in turned.entries][-2:] == ["val"] * 2


def test_both_copies_of_the_signals(folder):
    assert public_index("ptbxl", folder).entries[0].record == "records500/00000/00000_hr"
    low = public_index("ptbxl", folder, source_hz=100)
    assert low.entries[0].record == "records100/00000/00000_lr"
    with pytest.raises(InvalidArgumentError, match="source_hz is '250'"):
        public_index("ptbxl", folder, source_hz=250)


def test_the_folder_is_found(folder, monkeypatch, tmp_path):
    monkeypatch.delenv("ECG_FULL_DATA", raising=False)
    with pytest.raises(DatasetError, match="ECG_FULL_DATA"):
        public_index("ptbxl")
    (tmp_path / "ptb-xl").symlink_to(folder, target_is_directory=True)
    monkeypatch.setenv("ECG_FULL_DATA", str(tmp_path))
    assert len(public_index("ptbxl")) == len(CODED) * 5
    with pytest.raises(DatasetError, match="does not exist"):
        public_index("ptbxl", tmp_path / "nowhere")
    with pytest.raises(DatasetError, match=r"ptbxl_database\.csv"):
        public_index("ptbxl", tmp_path / "ptb-xl" / "records500")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("{'AFIB': 0.0}", "{'XYZ': 0.0}", "statement 'XYZ'"),
        ("{'AFIB': 0.0}", "AFIB", "no statements with likelihoods"),
        (",10,records100", ",11,records100", "strat_fold is '11'"),
        (",10,records100", ",,records100", "strat_fold is ''"),
    ],
)
def test_tables_that_do_not_fit_are_refused(folder, tmp_path, old, new, words):
    text = (folder / "ptbxl_database.csv").read_text()
    assert old in text
    (tmp_path / "ptbxl_database.csv").write_text(text.replace(old, new))
    (tmp_path / "scp_statements.csv").write_text((folder / "scp_statements.csv").read_text())
    with pytest.raises(DatasetError, match=words):
        public_index("ptbxl", tmp_path)


@pytest.mark.data
def test_the_published_numbers_of_classes(ecg_data):
    classes = statement_classes(ecg_data / "ptbxl")
    assert tuple(classes) == TASKS
    assert {name: len(set(found.values())) for name, found in classes.items()} == {
        "all": 71,
        "diagnostic": 44,
        "subdiagnostic": 23,
        "superdiagnostic": 5,
        "form": 19,
        "rhythm": 12,
    }
    # Four statements about ST and T are of two kinds.
    both = classes["diagnostic"].keys() & classes["form"].keys()
    assert len(both) == 44 + 19 + 12 - 71
    # The mapping counted in the file itself, without this package's reader.
    with (ecg_data / "ptbxl" / "scp_statements.csv").open(newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["diagnostic"] == "1.0"]
    counted = Counter(row["diagnostic_class"] for row in rows)
    assert counted == {"NORM": 1, "MI": 14, "STTC": 13, "CD": 11, "HYP": 5}
    assert Counter(classes["superdiagnostic"].values()) == counted


@pytest.mark.data
def test_the_small_folder(ecg_data):
    index = public_index("ptbxl", ecg_data / "ptbxl")
    assert len(index) == 500
    assert len(index.tasks["all"].rows()) == 500
    # A super-class is known exactly where a diagnostic statement is, and is the same.
    known = ~np.isnan(index.tasks["superdiagnostic"].targets).all(axis=1)
    np.testing.assert_array_equal(known, ~np.isnan(index.tasks["diagnostic"].targets).all(axis=1))
    sides: dict[str, set[str]] = {}
    for entry in index.entries:
        sides.setdefault(entry.group, set()).add(entry.split)
    assert all(len(s) == 1 for s in sides.values())
