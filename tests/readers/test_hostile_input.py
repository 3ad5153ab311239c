"""Whatever the bytes: a recording or one clear sentence, soon, and never another exception."""

import io
import os
import threading
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made_files import MAKERS, Made, zipped

from ecgcore import readers
from ecgcore.errors import EcgError, ReadError, TooLargeError, UnknownFormatError
from ecgcore.readers import ReadOptions
from ecgcore.recording import Recording

SIGNATURES = [
    b"",
    b"PK\x03\x04",
    b"\x00" * 128 + b"DICM",
    b"0       ",
    b"\xffBIOSEMI",
    b"r 1 500 10\nr.dat 16 200/mV 16 0 0 0 0 II\n",
    b"m/2 1 500 10\na 5\nb 5\n",
    b"I,II\n0.1,0.2\n",
    b"time;I\n0,1;2\n",
    b"fLaC",
    b"\xff\xfe",
    b"<?xml version='1.0'?>",
]
SETTINGS = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> dict[str, Made]:
    return {name: make(tmp_path_factory.mktemp("made")) for name, make in MAKERS.items()}


def outcome(source, **options) -> Recording | EcgError:
    """A recording or an error of ours; anything else, a warning too, fails the test."""
    try:
        return readers.read(source, options=ReadOptions(**options))
    except EcgError as error:
        text = str(error)
        assert text.endswith("."), text
        assert "\n" not in text
        return error


@SETTINGS
@given(
    st.sampled_from(SIGNATURES), st.binary(max_size=600), st.sampled_from(["x", "x.hea", "x.csv"])
)
def test_any_bytes_give_a_recording_or_a_sentence(signature, data, name):
    result = outcome({name: signature + data, "r.dat": data}, fs_hz=500, unit="mV")
    assert isinstance(result, (Recording, EcgError))


@SETTINGS
@given(st.data())
def test_damaged_files_give_a_recording_or_a_sentence(made, data):
    chosen = made[data.draw(st.sampled_from(sorted(made)))]
    name = data.draw(st.sampled_from(sorted(chosen.files)))
    content = bytearray(chosen.files[name])
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, min(len(content) - 1, 2000)))
        patch = data.draw(
            st.sampled_from([b"9", b"-", b" ", b"\x00", b"\xff\xff", b"nan", b"/", b"e9"])
        )
        content[at : at + len(patch)] = patch
    if data.draw(st.booleans()):
        del content[data.draw(st.integers(0, len(content))) :]
    result = outcome({**chosen.files, name: bytes(content)}, fs_hz=500, unit="mV")
    assert isinstance(result, (Recording, EcgError))


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "empty"),
        (bytes(range(256)) * 20, "Not a supported ECG format"),
        (b"%PDF-1.7\n", "PDF is damaged"),
        (b"\xff\xd8\xff\xe0" + b"x" * 50, "JPEG"),
        (b"\x89HDF\r\n\x1a\n", "HDF5"),
        (b"MATLAB 5.0 MAT-file", "MATLAB"),
        (b"\x1f\x8b\x08" + b"x" * 50, "gzip.*unpack"),
    ],
)
def test_content_that_is_not_read_says_what_would_be_right(data, sentence):
    with pytest.raises(ReadError, match=sentence):
        readers.read({"x.csv": data})


def test_paths_that_are_no_files(tmp_path):
    for path in (tmp_path / "none", "a\x00b", "", tmp_path / "none" / "deep"):
        with pytest.raises(ReadError):
            readers.read(path)
    with pytest.raises(ReadError, match="is a folder"):
        readers.read(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ReadError, match="neither a file nor a folder"):
        readers.read(tmp_path / "pipe")


def test_300_mb_are_refused_without_reading_them(tmp_path, monkeypatch):
    path = tmp_path / "large.edf"
    with path.open("wb") as file:
        file.truncate(300 * 2**20)
    monkeypatch.setattr(
        "ecgcore.readers.base.read_first_bytes", lambda *_: pytest.fail("it was opened")
    )
    with pytest.raises(TooLargeError, match="larger than 200 MB"):
        readers.read(path)


def test_a_zip_bomb_is_stopped_while_it_expands():
    bomb = zipped({"a.csv": b"0" * 2_000_000, "b.csv": b"0" * 2_000_000})
    assert len(bomb) < 20_000
    with pytest.raises(TooLargeError, match="expands to more than 3 MB"):
        readers.read({"x.zip": bomb}, options=ReadOptions(max_expanded_bytes=3 * 2**20))


def test_paths_in_an_archive_lead_nowhere(made, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    files = made["wfdb-16"].files
    for prefix in ("../../", "/etc/", "..\\..\\", "C:\\"):
        result = outcome({"x.zip": zipped(files, prefix)})
        assert isinstance(result, (Recording, ReadError))
    assert list(tmp_path.iterdir()) == []


def test_archives_that_are_refused(made):
    inner = zipped(made["edf"].files)
    with pytest.raises(ReadError, match="another archive"):
        readers.read({"x.zip": zipped({"y.zip": inner})})
    with pytest.raises(ReadError, match="2001 members"):
        readers.read({"x.zip": zipped({f"{i}": b"" for i in range(2001)})})
    with pytest.raises(ReadError, match="no file"):
        readers.read({"x.zip": zipped({})})
    with pytest.raises(ReadError, match="damaged"):
        readers.read({"x.zip": inner[:-40]})
    encrypted = bytearray(inner)
    for magic, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        encrypted[encrypted.index(magic) + at] |= 1
    with pytest.raises(ReadError, match="encrypted"):
        readers.read({"x.zip": bytes(encrypted)})
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("a.csv", "I\n1\n")
    with pytest.raises(ReadError, match="unusual method"):
        readers.read({"x.zip": stream.getvalue()})


def test_several_recordings_are_listed_and_one_can_be_named(made):
    files = {**made["edf"].files, **made["dicom"].files, "notes.txt": b"hello"}
    with pytest.raises(ReadError, match=r"2 recordings in it \(a\.dcm, a\.edf\)"):
        readers.read({"x.zip": zipped(files)})
    assert readers.read(files, member="a.dcm").provenance.format == "DICOM"
    with pytest.raises(ReadError, match="no b among the files"):
        readers.read(files, member="b")
    results = dict(readers.read_many({**files, "bad.hea": b"x 1\n"}))
    assert [type(results[name]).__name__ for name in sorted(results)] == [
        "Recording",
        "Recording",
        "ReadError",
        "UnknownFormatError",
    ]


def test_one_bad_archive_takes_no_other_file_with_it(made):
    bomb = zipped({"a.csv": b"0" * 4_000_000})
    good = zipped(made["written-csv"].files)
    options = ReadOptions(max_expanded_bytes=3 * 2**20)
    files = {**made["edf"].files, "bomb.zip": bomb, "cut.zip": bomb[:-30], "good.zip": good}
    results = dict(readers.read_many(files, options=options))
    assert {name: type(found).__name__ for name, found in results.items()} == {
        "a.csv": "Recording",
        "a.edf": "Recording",
        "bomb.zip": "TooLargeError",
        "cut.zip": "ReadError",
    }


def test_what_is_passed_over_among_several_files_is_told(made):
    files = {
        **made["written-csv"].files,
        **made["wfdb-16"].files,
        "rec1.xws": b"x",
        "deep.json": b'{"a": ' + b"[" * 9000 + b"]" * 9000 + b"}",
        "cases.csv": b"id,age\n1,2\n3,4\n",
        "notes.txt": b"words",
        "words.zip": zipped({"b.csv": b"id,age\n1,2\n3,4\n"}),
    }
    results = dict(readers.read_many(files))
    assert isinstance(results["a.csv"], Recording)
    assert isinstance(results["rec1.hea"], Recording)
    assert "Open it on its own to try anyway" in str(results["deep.json"])
    assert "Open it on its own to try anyway" in str(results["cases.csv"])
    assert str(results["words.zip"]) == "No file in it contains an ECG: b.csv."
    assert str(results["notes.txt"]) == "Skipped: it contains text and no samples."
    assert len(results) == 6


def test_a_users_own_file_may_have_any_name(made):
    for name in ("ECG: 12 leads?.dcm", 'a"b|<c>*.dcm'):
        assert readers.read({name: made["dicom"].files["a.dcm"]}).n_leads == 12


def test_archives_that_hold_the_same_name_are_both_read(made):
    good = zipped(made["written-csv"].files)
    results = readers.read_many({"1.zip": good, "2.zip": good})
    assert [name for name, _ in results] == ["2.zip/a.csv", "a.csv"]
    assert all(isinstance(found, Recording) for _, found in results)
    n_bytes = len(next(iter(made["written-csv"].files.values())))
    limit = ReadOptions(max_expanded_bytes=n_bytes * 3 // 2)
    first, second = readers.read_many({"1.zip": good, "2.zip": good}, options=limit)
    assert (first[0], second[0]) == ("2.zip", "a.csv")
    assert "together" in str(first[1])


def test_uploaded_objects_are_read(made):
    class Upload:
        def __init__(self, name: str, data: bytes) -> None:
            self.name, self._data = name, data

        def getvalue(self) -> bytes:
            return self._data

    uploads = [Upload(f"some/folder/{name}", data) for name, data in made["wfdb-16"].files.items()]
    assert readers.read(uploads).n_leads == 12
    with pytest.raises(ReadError, match="No file"):
        readers.read([])


def test_a_format_known_but_not_read_says_what_to_give():
    with pytest.raises(UnknownFormatError, match=r"This is GDF, which is not supported; export"):
        readers.read({"x.gdf": b"GDF 2.20" + b"\x00" * 300})


def test_options_that_cannot_be_are_refused():
    for options in ({"fs_hz": 0}, {"fs_hz": float("nan")}, {"unit": "apples"}):
        with pytest.raises(EcgError):
            ReadOptions(**options)


def test_reading_in_threads_leaves_the_warning_filters_alone(made):
    import warnings

    before = list(warnings.filters)
    failures: list[Exception] = []

    def work() -> None:
        try:
            for _ in range(5):
                readers.read(made["dicom"].files)
        except EcgError as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert list(warnings.filters) == before


def test_one_sample_and_only_absent_samples():
    header = b"r 1 500 1\nr.dat 16 1000/mV 16 0 0 0 0 II\n"
    one = outcome({"r.hea": header, "r.dat": np.array([5], "<i2").tobytes()})
    assert isinstance(one, Recording)
    assert one.n_samples == 1
    absent = outcome({"r.hea": header, "r.dat": np.array([-32768], "<i2").tobytes()})
    assert "absent" in str(absent)
