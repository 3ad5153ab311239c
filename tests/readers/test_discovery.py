"""Finding recordings in folders and uploads."""

import pytest
from made_files import MAKERS

from ecgcore import readers
from ecgcore.errors import ReadError


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
