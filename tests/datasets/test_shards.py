"""The cache of a set in full: resumed, renewed, checked, and read as a packed set is."""

import csv
import multiprocessing
import pickle
from pathlib import Path

import numpy as np
import pytest

from ecgcore.datasets import PackedSet, pack, shards
from ecgcore.datasets.packing import PackParameters
from ecgcore.datasets.progress import Progress, duration
from ecgcore.datasets.public import open_public, public_index
from ecgcore.datasets.public_index import PublicIndex
from ecgcore.datasets.sharded import ShardedSet
from ecgcore.datasets.shards import UNREADABLE_FILE, cache_folder, pack_shards
from ecgcore.errors import DatasetError, InvalidArgumentError
from tests.datasets.public_folders import challenge_folder, ptbxl_folder, samples, write_mat

CODED = [{"NORM": 100.0, "SR": 0.0}, {"IMI": 15.0}, {"NDT": 1.0}, {"AFIB": 0.0}]
PARAMETERS = PackParameters()


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return ptbxl_folder(tmp_path_factory.mktemp("ptbxl"), CODED * 5)


@pytest.fixture
def small(tmp_path) -> Path:
    return challenge_folder(tmp_path / "set", ["164889003", "426783006"] * 6)


@pytest.fixture
def read_records(monkeypatch) -> list[str]:
    """Return the names of the records read from now on."""
    names: list[str] = []
    real = shards.pack_signal

    def counted(entry, parameters):
        names.append(entry.record)
        return real(entry, parameters)

    monkeypatch.setattr(shards, "pack_signal", counted)
    return names


def packed(
    index: PublicIndex, cache: Path, parameters: PackParameters = PARAMETERS, workers: int = 1
) -> ShardedSet:
    return pack_shards(
        index, parameters, cache=cache, workers=workers, shard_records=5, progress=False
    )


def test_the_same_as_a_packed_set(folder, tmp_path):
    index = public_index("ptbxl", folder)
    found = packed(index, tmp_path)
    expected = pack(index.entries, cache=tmp_path / "packed", workers=1, progress=False)
    assert isinstance(found, PackedSet)
    assert len(found) == len(expected) == 20
    for i in range(20):
        np.testing.assert_array_equal(found.signal(i), expected.signal(i))
    for name in ("targets", "further", "groups", "splits", "records", "ages", "sexes"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))
    np.testing.assert_array_equal(found.signals.lengths, expected.signals.lengths)
    assert found.where("test").tolist() == expected.where("test").tolist() == [18, 19]


def test_voltage_and_leads_survive_unfiltered(small, tmp_path):
    as_it_is = PackParameters(500.0, None, None, None)
    found = packed(public_index("georgia", small), tmp_path, as_it_is)
    for i, record in enumerate(found.groups):
        expected = samples(int(record[1:])).T / 1000
        np.testing.assert_allclose(found.signal(i), expected, atol=1e-3 * np.abs(expected).max())


def test_samples_stay_on_disk(folder, tmp_path):
    found = packed(public_index("ptbxl", folder), tmp_path)
    assert found.signals.values.nbytes == 0
    # 20 records of 12 leads at 100 Hz for 2 s in 16 bits would be 96,000 bytes.
    assert len(pickle.dumps(found)) < 30_000
    again = pickle.loads(pickle.dumps(found))  # noqa: S301
    np.testing.assert_array_equal(again.signal(7), found.signal(7))


def test_tasks_select_records_and_columns(folder, tmp_path):
    found = packed(public_index("ptbxl", folder), tmp_path)
    rhythm = found.for_task("rhythm")
    assert rhythm.codes == ("AFIB", "SR")
    assert rhythm.targets.shape == (10, 2)
    assert np.isfinite(rhythm.targets).all()
    np.testing.assert_array_equal(rhythm.signal(1), found.signal(3))
    assert rhythm.records[1] == found.records[3]
    assert rhythm.signals.lengths.shape == (10,)
    with pytest.raises(InvalidArgumentError, match="'beats'"):
        found.for_task("beats")


def test_another_test_fold(folder, tmp_path):
    found = packed(public_index("ptbxl", folder), tmp_path)
    turned = found.with_test_fold(2)
    assert turned.where("test").tolist() == [2, 3]
    assert turned.where("val").tolist() == [0, 1]


def test_a_stopped_run_goes_on(folder, tmp_path, monkeypatch, read_records):
    index = public_index("ptbxl", folder)
    counting = shards.pack_signal

    def stopped(entry, parameters):
        if entry.record == index.entries[12].record:
            raise KeyboardInterrupt
        return counting(entry, parameters)

    with monkeypatch.context() as patch:
        patch.setattr(shards, "pack_signal", stopped)
        with pytest.raises(KeyboardInterrupt):
            packed(index, tmp_path)
    assert len(list(tmp_path.rglob("*.npz"))) == 2
    assert len(read_records) == 12
    read_records.clear()
    found = packed(index, tmp_path)
    assert read_records == [e.record for e in index.entries[10:]]
    read_records.clear()
    packed(index, tmp_path)
    assert read_records == []
    whole = packed(index, tmp_path / "at once")
    for i in range(20):
        np.testing.assert_array_equal(found.signal(i), whole.signal(i))


def test_a_shard_without_its_description_is_not_finished(folder, tmp_path, read_records):
    index = public_index("ptbxl", folder)
    packed(index, tmp_path)
    (tmp_path / next(tmp_path.rglob("shard-0001.npz"))).unlink()
    read_records.clear()
    packed(index, tmp_path)
    assert read_records == [e.record for e in index.entries[5:10]]


@pytest.mark.parametrize(
    "changed",
    [
        PackParameters(fs_hz=50.0, low_pass_hz=20.0),
        PackParameters(seconds=1.0),
        PackParameters(high_pass_hz=None),
        PackParameters(low_pass_hz=30.0),
    ],
)
def test_a_changed_parameter_makes_new_shards(small, tmp_path, read_records, changed):
    index = public_index("georgia", small)
    packed(index, tmp_path)
    packed(index, tmp_path, changed)
    assert len(read_records) == 24
    assert cache_folder(index, changed, cache=tmp_path) != cache_folder(
        index, PARAMETERS, cache=tmp_path
    )
    packed(index, tmp_path)
    assert len(read_records) == 24


@pytest.mark.parametrize("part", ["npy", "npz"])
@pytest.mark.parametrize("harm", ["bit", "cut", "gone", "garbage"])
def test_a_damaged_shard_is_made_again(small, tmp_path, read_records, part, harm):
    index = public_index("georgia", small)
    before = [packed(index, tmp_path).signal(i) for i in range(12)]
    read_records.clear()
    (path,) = tmp_path.rglob(f"shard-0001.{part}")
    content = bytearray(path.read_bytes())
    # Among the samples, or among the scales (their name, 148 bytes of headers, 240 of values).
    content[-20 if part == "npy" else content.find(b"scales.npy") + 300] ^= 1
    if harm == "gone":
        path.unlink()
    else:
        path.write_bytes({"bit": content, "cut": content[:-300], "garbage": b"x" * 99}[harm])
    found = packed(index, tmp_path)
    assert read_records == [e.record for e in index.entries[5:10]]
    for i in range(12):
        np.testing.assert_array_equal(found.signal(i), before[i])


def test_damage_is_told(small, tmp_path, capsys):
    index = public_index("georgia", small)
    packed(index, tmp_path)
    (path,) = tmp_path.rglob("shard-0002.npy")
    path.write_bytes(path.read_bytes()[:-4])
    packed(index, tmp_path)
    told = capsys.readouterr().err
    assert "shard-0002.npy" in told
    assert "it is rebuilt" in told


def test_changed_records_make_their_shard_anew(small, tmp_path, read_records):
    index = public_index("georgia", small)
    packed(index, tmp_path)
    read_records.clear()
    write_mat(small / "g2" / "Q0011", "164889003,59118001", 3)
    found = packed(public_index("georgia", small), tmp_path)
    assert read_records == [e.record for e in index.entries[10:]]
    np.testing.assert_allclose(found.signal(11)[:, 50:150], found.signal(3)[:, 50:150], atol=1e-6)


def test_unreadable_records_are_listed(small, tmp_path, read_records):
    (small / "g1" / "Q0002.mat").write_bytes(b"short")
    (small / "g2" / "Q0007.mat").unlink()
    index = public_index("georgia", small)
    found = packed(index, tmp_path)
    assert len(found) == 10
    assert [record for record, _ in found.unreadable] == ["g1/Q0002", "g2/Q0007"]
    assert all("cannot be read" in reason for _, reason in found.unreadable)
    with (cache_folder_of(index, tmp_path) / UNREADABLE_FILE).open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["record"] for row in rows] == ["g1/Q0002", "g2/Q0007"]
    assert [row["reason"] for row in rows] == [reason for _, reason in found.unreadable]
    # Rows stay together: the record after the missing one has its own samples, label and group.
    i = found.records.tolist().index("g1/Q0003")
    whole = pack([index.entries[3]], cache=tmp_path / "one", workers=1, progress=False)
    np.testing.assert_array_equal(found.signal(i), whole.signal(0))
    np.testing.assert_array_equal(found.targets[i], whole.targets[0])
    assert found.folds[i] == index.folds[3]
    # The next run does not try them again until their files change.
    read_records.clear()
    assert len(packed(index, tmp_path)) == 10
    assert read_records == []
    write_mat(small / "g1" / "Q0002", "164889003", 2)
    assert len(packed(public_index("georgia", small), tmp_path)) == 11


def cache_folder_of(index: PublicIndex, cache: Path) -> Path:
    return cache_folder(index, PARAMETERS, cache=cache, shard_records=5)


def test_nothing_readable_is_an_error(small, tmp_path):
    for path in small.rglob("*.mat"):
        path.unlink()
    with pytest.raises(DatasetError, match="none of 12 records"):
        packed(public_index("georgia", small), tmp_path)


def test_a_cache_that_cannot_be_written_is_told(small, tmp_path):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(DatasetError, match="cannot be written"):
        packed(public_index("georgia", small), tmp_path / "file")


def test_two_processes_give_the_same(small, tmp_path):
    (small / "g1" / "Q0002.mat").unlink()
    index = public_index("georgia", small)
    one, two = packed(index, tmp_path / "a"), packed(index, tmp_path / "b", workers=2)
    assert one.records.tolist() == two.records.tolist()
    assert one.unreadable == two.unreadable
    for i in range(len(one)):
        np.testing.assert_array_equal(one.signal(i), two.signal(i))
    assert not multiprocessing.active_children()


def test_by_name_from_the_users_folder(folder, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("ECG_FULL_DATA", str(folder))
    found = open_public("ptbxl", cache=tmp_path, workers=1)
    assert len(found) == 20
    assert "20 of 20 records" in capsys.readouterr().err


@pytest.mark.parametrize("bad", [{"workers": 0}, {"shard_records": 0}])
def test_bad_arguments_are_refused(small, tmp_path, bad):
    with pytest.raises(InvalidArgumentError):
        pack_shards(public_index("georgia", small), PARAMETERS, cache=tmp_path, **bad)


class Terminal:
    """A stream that says it is a terminal, and keeps what is written."""

    def __init__(self) -> None:
        self.text = ""

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> None:
        self.text += text

    def flush(self) -> None:
        return


def test_progress_tells_rate_and_time_left(monkeypatch):
    now = [5.0]
    monkeypatch.setattr("ecgcore.datasets.progress.time.monotonic", lambda: now[0])
    stream = Terminal()
    bar = Progress(3, "records", stream=stream)  # type: ignore[arg-type]
    for _ in range(3):
        now[0] += 10
        bar.step()
    bar.close()
    drawings = stream.text.split("\r")
    assert drawings[1].startswith("[########................] 1 of 3 records\x1b")
    assert "2 of 3 records, 0.1 a second, 10 s left" in drawings[2]
    assert drawings[3].startswith("[" + "#" * 24 + "] 3 of 3 records")
    assert stream.text.endswith("\n")


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "0 s"), (59.4, "59 s"), (200, "3 min 20 s"), (7500, "2 h 05 min")]
)
def test_durations(seconds, words):
    assert duration(seconds) == words


@pytest.mark.data
def test_a_few_real_records(ecg_data, tmp_path):
    index = public_index("ptbxl", ecg_data / "ptbxl")
    few = PublicIndex(
        index.name,
        index.folder,
        index.variant,
        index.entries[:6],
        index.folds[:6],
        index.folds_from,
        {name: task.take(np.arange(6)) for name, task in index.tasks.items()},
        6,
    )
    found = packed(few, tmp_path)
    assert len(found) == 6
    assert found.signal(0).shape == (12, 1000)
    assert 0.2 < np.nanmax(np.abs(found.signal(0))) < 10
