"""What the machine lacks is told as that: no file is called damaged for it."""

import errno
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from ecgcore.cli import main
from ecgcore.errors import EcgError, ReadError, ResourceError
from ecgcore.readers import ReadOptions, read, read_many
from ecgcore.readers.base import guard_library
from ecgcore.readers.isolated import IsolatedReader
from ecgcore.recording import Recording

CSV = b"# fs: 250\n# unit: mV\nI,II\n" + b"0.1,0.5\n" * 500
WFDB = {
    "r.hea": b"r 1 250 500\nr.dat 16 200/mV 16 0 0 0 0 I\n",
    "r.dat": bytes(range(250)) * 4,
}
LACKING = (errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE, errno.ENOMEM)


def without_room(files: Mapping[str, bytes], *, options: ReadOptions) -> list[tuple[str, EcgError]]:
    """Stand in for a reader on a machine whose disk fills up while it reads."""
    name = next(iter(files))
    if name == "full":
        with Path("/dev/full").open("wb", buffering=0) as full:
            full.write(b"x")
    if name == "large":
        with tempfile.TemporaryFile() as file:
            file.truncate(2**40)
    if name == "handles":
        held = []
        while True:
            held.append(tempfile.mkstemp())
    return read_many(files, options=options)


@pytest.fixture(scope="module")
def reader() -> Iterator[IsolatedReader]:
    made = IsolatedReader(function="tests.readers.test_isolated_resources:without_room")
    yield made
    made.close()


@pytest.mark.parametrize(
    ("name", "words"), [("full", "disk is full"), ("large", "of this size"), ("handles", "open")]
)
def test_what_a_worker_lacks_is_said(reader: IsolatedReader, name: str, words: str) -> None:
    ((_, error),) = reader.read_many({name: b"x"}, ReadOptions())
    assert isinstance(error, ResourceError)
    assert words in str(error)
    assert "not examined" in str(error)
    ((_, found),) = reader.read_many({"a.csv": CSV}, ReadOptions())
    assert isinstance(found, Recording)


def test_no_temporary_folder_for_a_worker_is_no_fault_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    own = IsolatedReader()
    ((name, error),) = own.read_many({"a.csv": CSV}, ReadOptions())
    assert name == "a.csv"
    assert isinstance(error, ResourceError)
    assert "temporary folder is missing" in str(error)


@pytest.mark.parametrize("number", [*LACKING, errno.EACCES, errno.ENOENT])
def test_a_reader_that_can_write_nothing_blames_no_file(
    number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> str:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(tempfile, "mkdtemp", fail)
    with pytest.raises(ResourceError, match="not examined"):
        read(WFDB)


@pytest.mark.parametrize("number", LACKING)
def test_a_library_that_finds_no_room_blames_no_file(number: int) -> None:
    with pytest.raises(ResourceError, match="not examined"), guard_library("The file is damaged."):
        raise OSError(number, os.strerror(number))


def test_any_other_fault_of_a_library_is_the_files() -> None:
    with pytest.raises(ReadError, match="damaged"), guard_library("The file is damaged."):
        raise OSError(errno.EIO, os.strerror(errno.EIO))


def test_the_command_says_so_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, content in WFDB.items():
        (tmp_path / name).write_bytes(content)

    def fail(*_: object, **__: object) -> str:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(tempfile, "mkdtemp", fail)
    assert main(["read", str(tmp_path / "r.hea"), "--json"]) == 2
    told = capsys.readouterr().err.strip()
    assert told.startswith("error: ")
    assert "disk is full" in told
    assert len(told.splitlines()) == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_results_that_cannot_be_written_are_one_line_too(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(CSV)
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "ecgcore", "read", str(tmp_path / "a.csv"), "--json"],
            cwd=Path(__file__).resolve().parents[2],
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
            text=True,
        )
    assert done.returncode == 2
    assert done.stderr.startswith("error: The output cannot be written")
    assert len(done.stderr.splitlines()) == 1
