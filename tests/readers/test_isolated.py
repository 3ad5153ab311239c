"""The isolated reader: a file that hangs, crashes or fills the memory costs one message."""

import os
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest

from ecgcore.errors import EcgError, MissingInformationError, ReadError, TooLargeError
from ecgcore.readers import ReadOptions, read_many
from ecgcore.readers.isolated import IsolatedReader
from ecgcore.recording import Patient, Provenance, Recording, Step
from ecgcore.wire import pack_files, unpack

CSV = b"# fs: 250\n# unit: mV\nI,II\n" + b"\n".join(b"0.%d,0.5" % (i % 10) for i in range(500))


def misbehave(files: Mapping[str, bytes], *, options: ReadOptions) -> list[tuple[str, EcgError]]:
    """Stand in for a reader with a fault: each file name asks for one."""
    name = next(iter(files))
    if name == "write":
        Path(tempfile.mkdtemp(), "left.dat").write_bytes(b"x")
    if name in ("hang", "write"):
        time.sleep(60)
    if name == "crash":
        os._exit(11)
    if name == "memory":
        np.ones(2**31, dtype=np.uint8)
    return read_many(files, options=options)


@pytest.fixture(scope="module")
def reader() -> Iterator[IsolatedReader]:
    made = IsolatedReader(
        max_seconds=2.0, max_memory_bytes=2**29, function="tests.readers.test_isolated:misbehave"
    )
    yield made
    made.close()


def test_a_good_file_comes_back_as_it_was_read(reader: IsolatedReader) -> None:
    ((name, found),) = reader.read_many({"a.csv": CSV}, ReadOptions())
    ((_, expected),) = read_many({"a.csv": CSV})
    assert isinstance(found, Recording)
    assert isinstance(expected, Recording)
    assert name == "a.csv"
    np.testing.assert_array_equal(found.signal, expected.signal)
    assert found.notes == expected.notes
    assert found.provenance.sha256 == expected.provenance.sha256


@pytest.mark.parametrize(
    ("fault", "kind", "words"),
    [
        ("hang", ReadError, "longer than 2 s"),
        ("crash", ReadError, "ended the reading process"),
        ("memory", TooLargeError, "more memory"),
    ],
)
def test_a_fault_costs_one_message_and_the_next_file_is_read(
    reader: IsolatedReader, fault: str, kind: type[EcgError], words: str
) -> None:
    ((_, error),) = reader.read_many({fault: b"x"}, ReadOptions())
    assert isinstance(error, kind)
    assert words in str(error)
    ((_, found),) = reader.read_many({"a.csv": CSV}, ReadOptions())
    assert isinstance(found, Recording)


def test_of_several_files_none_is_blamed(reader: IsolatedReader) -> None:
    ((name, error),) = reader.read_many({"crash": b"x", "a.csv": CSV}, ReadOptions())
    assert name == "2 files"
    assert "one recording at a time" in str(error)


def test_what_a_file_does_not_say_is_asked_for_through_the_pipe(reader: IsolatedReader) -> None:
    ((_, error),) = reader.read_many({"a.csv": b"I,II\n1,2\n3,4\n"}, ReadOptions())
    assert isinstance(error, MissingInformationError)
    assert set(error.needs) == {"fs_hz", "unit"}
    options = ReadOptions(fs_hz=2.0, unit="mV", lead_names=("II", "I"))
    ((_, found),) = reader.read_many({"a.csv": b"I,II\n1,2\n3,4\n"}, options)
    assert isinstance(found, Recording)
    assert found.fs_hz == 2.0


def test_everything_of_a_recording_survives_the_wire() -> None:
    signal = np.array([[1, np.nan, 3], [4, 5, 6]], np.float32)
    recording = Recording(
        signal,
        250.0,
        ("I", "II"),
        patient=Patient(61.0, "male", {"name": "x"}),
        provenance=Provenance(
            format="F", machine_statements=("a",), steps=(Step("s", {"n": 1}),), device="d"
        ),
        derived_leads=("II",),
        notes=("one",),
    )
    back = unpack(pack_files(recording))
    assert isinstance(back, Recording)
    np.testing.assert_array_equal(back.signal, signal)
    assert (back.patient, back.provenance) == (recording.patient, recording.provenance)
    assert (back.notes, back.derived_leads) == (("one",), ("II",))


@pytest.mark.parametrize("content", [b"", b"\xff" * 9, pack_files(ReadError("x"))[:-3]])
def test_an_unusable_answer_is_an_error(content: bytes) -> None:
    with pytest.raises(ReadError, match="no usable answer"):
        unpack(content)


def test_more_than_may_be_uploaded_never_reaches_the_worker(reader: IsolatedReader) -> None:
    ((_, error),) = reader.read_many({"hang": b"x" * 2000}, ReadOptions(max_bytes=1999))
    assert isinstance(error, TooLargeError)
    assert "larger than" in str(error)


def test_what_a_lost_worker_wrote_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Other workers on this machine write beside it.
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    own = IsolatedReader(max_seconds=0.5, function="tests.readers.test_isolated:misbehave")
    own.start()
    (folder,) = tmp_path.glob("ecgcore-worker-*")
    ((_, error),) = own.read_many({"write": b"x"}, ReadOptions())
    assert "longer than" in str(error)
    assert not folder.exists()
    own.close()


def test_a_worker_that_does_not_start_is_one_message() -> None:
    own = IsolatedReader(function="tests.readers.test_isolated:none_of_this_name")
    ((name, error),) = own.read_many({"a.csv": CSV}, ReadOptions())
    assert name == "a.csv"
    assert "did not start" in str(error)
