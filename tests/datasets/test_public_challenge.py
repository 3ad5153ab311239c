"""Sets of the PhysioNet Challenge in full: folders, label tables, seeded folds."""

from pathlib import Path

import numpy as np
import pytest

from ecgcore.datasets import challenge2021
from ecgcore.datasets.public import PUBLIC_SETS, public_index
from ecgcore.datasets.public_challenge import cpsc_targets
from ecgcore.datasets.public_index import splits_of
from ecgcore.errors import DatasetError, InvalidArgumentError
from ecgcore.statements import CORE_CODES
from tests.datasets.public_folders import challenge_folder, write_mat

AF, SINUS, RATE, PAC = "164889003", "426783006", "427084000", "284470004"
DIAGNOSES = [AF, SINUS, f"{SINUS},{RATE}", PAC, "713426002"] * 8


@pytest.fixture(scope="module")
def root(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("full")
    challenge_folder(folder / "training" / "georgia", DIAGNOSES, "E")
    challenge_folder(folder / "training" / "cpsc_2018", DIAGNOSES, "A")
    challenge_folder(folder / "training" / "chapman_shaoxing", DIAGNOSES[:12], "JS0")
    challenge_folder(folder / "training" / "ningbo", DIAGNOSES[:12], "JS1")
    return folder


def test_nested_folders_in_order(root):
    index = public_index("georgia", root / "training" / "georgia")
    records = [e.record for e in index.entries]
    assert len(records) == 40
    assert records == sorted(records)
    assert records[0] == "g1/E0000"
    assert index.entries[0].path == root / "training" / "georgia" / "g1" / "E0000"
    assert (index.entries[0].age_years, index.entries[0].sex) == (74, "male")


def test_the_folder_of_all_sets_is_found(root, monkeypatch):
    monkeypatch.setenv("ECG_FULL_DATA", str(root))
    assert public_index("georgia").entries[0].record == "georgia/g1/E0000"
    both = public_index("chapman_ningbo")
    assert {e.record.split("/")[0] for e in both.entries} == {"chapman_shaoxing", "ningbo"}
    assert len(both) == 24
    assert {e.dataset for e in both.entries} == {"chapman_ningbo"}


def test_core_targets_are_the_projects_own(root):
    index = public_index("georgia", root / "training" / "georgia")
    for entry in index.entries:
        codes = DIAGNOSES[int(entry.group[1:])].split(",")
        np.testing.assert_equal(entry.targets, challenge2021.targets(codes))
    assert set(index.tasks) == {"core"}


def test_further_statements_are_known_absent_only_where_all_was_coded(root):
    georgia = public_index("georgia", root / "training" / "georgia").entries[0]
    cpsc = public_index("cpsc_2018", root / "training" / "cpsc_2018").entries[0]
    assert 0 in georgia.further
    assert np.isnan(cpsc.further).all()


@pytest.mark.parametrize(
    ("codes", "present"),
    [
        ([AF], {"AF"}),
        ([SINUS, RATE], {"SNR"}),
        (["Normal"], {"SNR"}),
        (["RBBB", "PAC"], {"RBBB", "PAC"}),
        (["59118001", "63593006"], {"RBBB", "PAC"}),
        (["713426002"], set()),
    ],
)
def test_the_nine_classes_as_coded(codes, present):
    found = cpsc_targets(codes)
    assert {c for c, t in zip(CORE_CODES, found, strict=True) if t == 1} == present
    assert set(found) <= {0.0, 1.0}


def test_cpsc_has_the_table_of_published_figures(root):
    index = public_index("cpsc_2018", root / "training" / "cpsc_2018")
    table = index.tasks["cpsc9"]
    assert table.codes == CORE_CODES
    assert table.targets.sum(axis=0).tolist() == [16, 8, 0, 0, 0, 8, 0, 0, 0]


def test_folds_are_seeded_and_share_out_statements(root):
    place = root / "training" / "georgia"
    index = public_index("georgia", place)
    assert sorted(set(index.folds.tolist())) == list(range(1, 11))
    assert np.bincount(index.folds)[1:].tolist() == [4] * 10
    atrial = index.tasks["core"].targets[:, CORE_CODES.index("AF")] == 1
    assert np.bincount(index.folds[atrial], minlength=11).max() == 1
    np.testing.assert_array_equal(index.folds, public_index("georgia", place).folds)
    assert (index.folds != public_index("georgia", place, seed=1).folds).any()
    assert "seed 0" in index.folds_from


def test_splits_turn():
    folds = np.arange(1, 11)
    assert splits_of(folds).tolist() == ["train"] * 8 + ["val", "test"]
    assert splits_of(folds, test_fold=1).tolist() == ["test", *["train"] * 8, "val"]
    with pytest.raises(InvalidArgumentError, match="test_fold"):
        splits_of(folds, test_fold=11)


def test_without_diagnoses_nothing_is_known(tmp_path):
    challenge_folder(tmp_path, [AF] * 10)
    write_mat(tmp_path / "g1" / "Q9999", "", 1)
    index = public_index("georgia", tmp_path)
    (bare,) = [e for e in index.entries if e.group == "Q9999"]
    assert np.isnan(bare.targets).all()
    assert len(index.tasks["core"].rows()) == 10


@pytest.mark.parametrize("name", [n for n in PUBLIC_SETS if n != "ptbxl"])
def test_a_folder_without_records_is_refused(tmp_path, name):
    with pytest.raises(DatasetError, match="0 WFDB headers"):
        public_index(name, tmp_path)
    with pytest.raises(InvalidArgumentError, match="500 Hz"):
        public_index(name, tmp_path, source_hz=100)


def test_an_unknown_set_is_refused(tmp_path):
    with pytest.raises(InvalidArgumentError, match="'mimic'"):
        public_index("mimic", tmp_path)


@pytest.mark.data
def test_the_small_folder(ecg_data):
    index = public_index("cpsc_2018", ecg_data / "challenge2021")
    assert len(index) == 164
    assert {e.record.split("/")[0] for e in index.entries} == {"cpsc_2018"}
    assert (index.tasks["cpsc9"].targets.sum(axis=1) >= 1).sum() >= 150
