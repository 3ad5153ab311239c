"""Finding recordings in folders and uploads."""

import os
import tempfile
from pathlib import Path

import pytest
from made_files import MAKERS

from ecgcore import readers
from ecgcore.errors import ReadError
from ecgcore.readers.base import read_first_bytes


@pytest.fixture
def folder(tmp_path):
    for name, inside in (("wfdb-516-flac", "b"), ("edf", "a"), ("csv-plain", "a"), ("dicom", "c")):
        (tmp_path / inside).mkdir(exist_ok=True)
        for file, data in MAKERS[name](tmp_path_of(tmp_path, name)).files.items():
            (tmp_path / inside / file).write_bytes(data)
    return tmp_path


def tmp_path_of(tmp_path, name):
    made = tmp_path.parent / f"{tmp_path.name}-{name}"
    made.mkdir()
    return made


def shown(folder):
    return [path.relative_to(folder).as_posix() for path in readers.find_recordings(folder)]


def test_recordings_are_named_once_and_sorted(folder):
    assert shown(folder) == ["a/a.csv", "a/a.edf", "b/rec1.hea", "c/a.dcm"]


def test_content_counts_and_not_the_extension(folder):
    (folder / "a" / "a.edf").rename(folder / "a" / "noname")
    (folder / "README.md").write_text("# Read me\n\nNot a recording, 12 words.\n", encoding="utf-8")
    (folder / "cases.csv").write_text("id,age,label\n1,56,AF\n2,71,N\n", encoding="utf-8")
    (folder / "ids.csv").write_text("patient_id,group\n1,0\n2,1\n3,1\n", encoding="utf-8")
    (folder / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (folder / "b" / "rec1.atr").write_bytes(bytes(range(200)))
    (folder / ".hidden").write_bytes((folder / "c" / "a.dcm").read_bytes())
    assert shown(folder) == ["a/a.csv", "a/noname", "b/rec1.hea", "c/a.dcm"]


def test_segments_belong_to_their_record(tmp_path):
    (tmp_path / "m.hea").write_text("m/2 1 500 6\na 3\nb 3\n", encoding="utf-8")
    for name in "ab":
        text = f"{name} 1 500 3\n{name}.dat 16 1000/mV 16 0 0 0 0 II\n"
        (tmp_path / f"{name}.hea").write_text(text, encoding="utf-8")
        (tmp_path / f"{name}.dat").write_bytes(b"\x01\x00" * 3)
    assert shown(tmp_path) == ["m.hea"]
    assert readers.read(tmp_path / "m").n_samples == 6


def test_a_faulty_header_is_listed_so_that_it_is_reported(tmp_path):
    (tmp_path / "x.hea").write_text("nonsense", encoding="utf-8")
    assert shown(tmp_path) == ["x.hea"]


def test_no_folder(tmp_path):
    with pytest.raises(ReadError, match="no such folder"):
        readers.find_recordings(tmp_path / "none")
    assert readers.find_recordings(tmp_path) == []


def test_a_damaged_file_is_listed_by_its_name_so_that_it_is_reported(tmp_path):
    for name in ("empty.csv", "empty.edf", "notes.md", "empty.dat"):
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "noise.dcm").write_bytes(bytes(range(256)) * 4)
    found = shown(tmp_path)
    assert found == ["empty.csv", "empty.edf", "noise.dcm"]


@pytest.mark.parametrize("suffix", ["ecg", "MWF", "parquet", "npz", "zip", "bdf", "atc"])
def test_damaged_content_under_the_name_of_a_recording_is_listed(tmp_path, suffix):
    (tmp_path / f"x.{suffix}").write_bytes(bytes(range(1, 250)) * 4)
    (tmp_path / "x.bin").write_bytes(bytes(range(1, 250)) * 4)
    assert shown(tmp_path) == [f"x.{suffix}"]
    with pytest.raises(ReadError):
        readers.read(tmp_path / f"x.{suffix}")


@pytest.mark.parametrize("suffix", ["xml", "json", "txt", "mat"])
def test_of_names_that_hold_much_else_only_an_empty_file_is_listed(tmp_path, suffix):
    (tmp_path / f"other.{suffix}").write_text("Some words, and no ECG.\n", encoding="utf-8")
    (tmp_path / f"empty.{suffix}").write_bytes(b"")
    assert shown(tmp_path) == [f"empty.{suffix}"]


def test_links_are_followed_to_files_only_and_told_where_they_lead_nowhere(tmp_path, folder):
    (tmp_path / "c" / "again.edf").symlink_to(tmp_path / "a" / "a.edf")
    (tmp_path / "c" / "gone.edf").symlink_to(tmp_path / "none")
    (tmp_path / "c" / "endless.edf").symlink_to(tmp_path / "c" / "endless.edf")
    (tmp_path / "c" / "zero.edf").symlink_to("/dev/zero")
    (tmp_path / "c" / "up").symlink_to(tmp_path)
    os.mkfifo(tmp_path / "c" / "pipe.edf")
    inside = [name for name in shown(tmp_path) if name.startswith("c")]
    assert inside == ["c/a.dcm", "c/again.edf", "c/endless.edf", "c/gone.edf"]
    assert readers.read(tmp_path / "c" / "again.edf").provenance.format == "EDF"
    for name in ("gone.edf", "endless.edf"):
        with pytest.raises(ReadError, match="target of this link"):
            readers.read(tmp_path / "c" / name)


@pytest.fixture
def ordinary_user():
    """Nothing is closed to the superuser."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65_534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def partly_closed():
    with tempfile.TemporaryDirectory() as name:  # pytest's own are closed to others
        top = Path(name)
        top.chmod(0o755)
        (top / "c").mkdir()
        for file in ("a.edf", "c/a.dcm", "b.csv"):
            (top / file).write_bytes(b"")
        (top / "a.edf").chmod(0)
        (top / "c").chmod(0)
        yield top
        (top / "c").chmod(0o700)


def test_what_is_closed_is_told(partly_closed, ordinary_user):
    assert shown(partly_closed) == ["a.edf", "b.csv", "c"]
    for name, words in (("a.edf", "cannot be opened"), ("c", "cannot be listed")):
        with pytest.raises(ReadError, match=f"{words}: permission denied"):
            readers.read(partly_closed / name)
    with pytest.raises(ReadError, match="cannot be opened"):
        readers.read(partly_closed / "c" / "a.dcm")
    with pytest.raises(ReadError, match="cannot be listed: permission denied"):
        readers.find_recordings(partly_closed / "c")


def test_a_pipe_put_in_the_place_of_a_file_is_no_wait(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert read_first_bytes(tmp_path / "pipe", 10) == b""
    writer = os.open(tmp_path / "pipe", os.O_RDWR)
    try:
        with pytest.raises(OSError, match="no content yet"):
            read_first_bytes(tmp_path / "pipe", 10)
    finally:
        os.close(writer)


@pytest.mark.parametrize(
    "head", ["ECG", "time,ECG1", "# fs: 300\nChannel 1", "Lead II (mV)", "EKG"]
)
def test_a_strip_without_a_leads_name_is_found_among_others(tmp_path, head):
    rows = "\n".join(",".join(["0.1"] * (head.count(",") + 1)) for _ in range(400))
    (tmp_path / "strip.csv").write_text(f"{head}\n{rows}\n", encoding="utf-8")
    (tmp_path / "cases.csv").write_text("id,age,label\n1,56,0\n2,71,1\n", encoding="utf-8")
    assert shown(tmp_path) == ["strip.csv"]
