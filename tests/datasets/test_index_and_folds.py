"""Index of the fixed splits, places, and patient-wise folds."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecgcore.datasets import Entry, cache_root, data_root, load_index, patient_folds
from ecgcore.errors import DatasetError, InvalidArgumentError


@pytest.fixture
def small_root(tmp_path: Path) -> Path:
    (tmp_path / "splits").mkdir()
    (tmp_path / "splits" / "twelve_lead.csv").write_text(
        "dataset,record,group,split\n"
        "ptbxl_extra,scaled/1,p1,train\nptbxl_extra,raw/2,p2,test\n"
        "ptbxl_extra,raw/3,p3,duplicate\nbrugada,files/9/9,b9,val\n"
    )
    (tmp_path / "ptbxl_extra").mkdir()
    (tmp_path / "ptbxl_extra" / "statements.csv").write_text(
        "ecg_id,record,kind,age,sex,strat_fold,scp_codes\n"
        "1,scaled/1,scaled,60,0,1,NORM;SR\n2,raw/2,raw,61,1,10,AFIB\n"
        "3,raw/3,raw,61,1,10,AFIB\n4,raw/4,raw,61,1,10,AFIB\n"
    )
    (tmp_path / "brugada").mkdir()
    (tmp_path / "brugada" / "metadata.csv").write_text(
        "patient_id,basal_pattern,sudden_death,brugada\n9,1,0,1\n"
    )
    return tmp_path


def test_only_split_rows_in_order(small_root):
    entries = load_index(small_root)
    assert [e.record for e in entries] == ["scaled/1", "raw/2", "files/9/9"]
    assert [e.has_voltage for e in entries] == [False, True, True]
    assert entries[0].targets[0] == 1
    assert np.isnan(entries[2].targets).all()
    assert entries[1].path == small_root / "ptbxl_extra" / "raw" / "2"
    assert (entries[0].age_years, entries[0].sex, entries[0].lead) == (60, "male", None)


def test_chosen_data_sets(small_root):
    assert [e.dataset for e in load_index(small_root, datasets=["brugada"])] == ["brugada"]


def test_a_data_set_of_the_other_kind_is_refused(small_root):
    with pytest.raises(InvalidArgumentError, match="cinc2017"):
        load_index(small_root, datasets=["cinc2017"])


def test_unknown_split_is_refused(small_root):
    path = small_root / "splits" / "twelve_lead.csv"
    path.write_text("dataset,record,group,split\nbrugada,x,y,dev\n")
    with pytest.raises(DatasetError, match="'dev'"):
        load_index(small_root)


def test_missing_split_file(small_root):
    with pytest.raises(DatasetError, match=r"single_lead\.csv"):
        load_index(small_root, kind="single_lead")


def test_entry_needs_nine_targets(tmp_path):
    with pytest.raises(InvalidArgumentError, match="2 targets"):
        Entry("ptbxl", "r", "g", "train", tmp_path, targets=(0.0, 1.0))


def test_data_root_says_what_to_set(monkeypatch, tmp_path):
    monkeypatch.setenv("ECG_DATA", str(tmp_path))
    with pytest.raises(DatasetError, match="set the environment variable ECG_DATA"):
        data_root()
    (tmp_path / "splits").mkdir()
    assert data_root() == tmp_path.resolve()


def test_cache_root_follows_its_variable(monkeypatch, tmp_path):
    monkeypatch.setenv("ECG_CACHE", str(tmp_path))
    assert cache_root() == tmp_path
    monkeypatch.delenv("ECG_CACHE")
    assert cache_root().name == ".cache"


# Records (train, val, test) of the split file, brugada included.
RECORDS = (2363, 341, 413)
# Positives (train, val, test).  All are those of the data's LABELS file but SNR, which stands
# there as 849, 107, 109: eight more than its own words for SNR give.
POSITIVES = {
    "SNR": (846, 104, 107),
    "AF": (135, 15, 32),
    "IAVB": (83, 7, 20),
    "LBBB": (64, 6, 10),
    "RBBB": (70, 19, 12),
    "PAC": (47, 7, 8),
    "PVC": (98, 10, 18),
    "STD": (105, 9, 19),
    "STE": (14, 3, 4),
}


@pytest.mark.data
def test_counts_of_the_real_index(ecg_data):
    entries = load_index(ecg_data)
    splits = np.array([e.split for e in entries])
    targets = np.array([e.targets for e in entries])
    assert tuple((splits == s).sum() for s in ("train", "val", "test")) == RECORDS
    found = {
        code: tuple(int((targets[splits == s, j] == 1).sum()) for s in ("train", "val", "test"))
        for j, code in enumerate(POSITIVES)
    }
    assert found == POSITIVES
    lost = np.array([not e.has_voltage for e in entries])
    assert lost.sum() == 1783


@pytest.mark.data
def test_no_patient_on_two_sides(ecg_data):
    for kind in ("twelve_lead", "single_lead"):
        sides: dict[str, set[str]] = {}
        for entry in load_index(ecg_data, kind=kind):
            sides.setdefault(entry.group, set()).add(entry.split)
        assert all(len(s) == 1 for s in sides.values())


@pytest.mark.data
def test_single_lead_index(ecg_data):
    entries = load_index(ecg_data, kind="single_lead")
    assert {e.lead for e in entries} == {"I"}
    assert {e.dataset: e.has_voltage for e in entries} == {
        "cpsc2018_lead1": False,
        "cinc2017": True,
    }
    train = [e for e in entries if e.dataset == "cpsc2018_lead1" and e.split == "train"]
    assert len(train) == 962
    assert all(sum(e.targets) == 1 for e in train)


def test_rare_statements_are_shared_out():
    rng = np.random.default_rng(0)
    targets = np.zeros((200, 3))
    targets[rng.permutation(200)[:5], 0] = 1
    targets[:, 1] = rng.random(200) < 0.3
    targets[0, 2] = np.nan
    folds = patient_folds([f"p{i}" for i in range(200)], targets, 5, seed=1)
    assert [int(targets[folds == k, 0].sum()) for k in range(5)] == [1] * 5
    common = [targets[folds == k, 1].sum() for k in range(5)]
    assert max(common) - min(common) <= 1
    assert np.bincount(folds).tolist() == [40] * 5


@settings(max_examples=30, deadline=None)
@given(
    patients=st.lists(st.integers(0, 12), min_size=6, max_size=60),
    n_folds=st.integers(2, 4),
    seed=st.integers(0, 99),
)
def test_patients_stay_together_and_folds_repeat(patients, n_folds, seed):
    groups = [f"p{i}" for i in patients]
    targets = np.random.default_rng(seed).integers(0, 2, (len(groups), 4)).astype(float)
    if len(set(groups)) < n_folds:
        with pytest.raises(InvalidArgumentError, match="patients for"):
            patient_folds(groups, targets, n_folds, seed=seed)
        return
    folds = patient_folds(groups, targets, n_folds, seed=seed)
    assert folds.shape == (len(groups),)
    assert set(folds.tolist()) <= set(range(n_folds))
    for name in set(groups):
        assert len({int(f) for f, g in zip(folds, groups, strict=True) if g == name}) == 1
    assert (folds == patient_folds(groups, targets, n_folds, seed=seed)).all()


@pytest.mark.parametrize(
    ("groups", "targets", "n_folds", "words"),
    [
        (["a", "b"], np.zeros((3, 2)), 2, "shape"),
        (["a", "b"], np.zeros((2, 2)), 1, "at least 2"),
        ([], np.zeros((0, 2)), 2, "no records"),
    ],
)
def test_bad_folds_are_refused(groups, targets, n_folds, words):
    with pytest.raises(InvalidArgumentError, match=words):
        patient_folds(groups, targets, n_folds)
