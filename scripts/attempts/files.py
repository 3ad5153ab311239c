"""Hostile files, given to the reader of the command line, which every way in shares."""

import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from scripts.attempts import hostile
from scripts.attempts.app import memory
from scripts.attempts.table import Outcome, attempt
from tests.browser.test_hostile_uploads import Trap, laughs, mat_of_an_object, npz_bomb, pickled

GROUP = "files"
MOST_BYTES, MOST_SECONDS = 3 * 2**30, 240.0
_PLANTED = "0.777,PLANTED-BY-THE-SERVER\n"
_HOSTILE = "tests/readers/test_hostile_input.py"
_ARRAYS = "tests/readers/binary/test_array_files.py"
_XML = "tests/readers/xml/test_xml_parser.py"
_PARQUET = "tests/readers/binary/test_parquet.py"
_BROWSER = "tests/browser/test_hostile_uploads.py"


class Listener:
    """A server of this machine's that nobody may be made to call."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self.calls = 0
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            try:
                self._socket.accept()[0].close()
            except OSError:
                return
            self.calls += 1

    def close(self) -> None:
        """Stop listening."""
        self._socket.close()


@dataclass(frozen=True)
class Ground:
    """Where a hostile file is made and read.

    Attributes
    ----------
    root : Path
        The tree whose reader is attacked.
    folder : Path
        Empty; the file goes here, and nothing else may come.
    planted : Path
        A file of the server's that no upload may reach.
    trap : Trap
        Unpickling it would leave a file.
    url : str
        An address that must not be called.
    """

    root: Path
    folder: Path
    planted: Path
    trap: Trap
    url: str


@dataclass(frozen=True)
class Read:
    """How one reading ended."""

    status: int
    said: str
    peak: int
    seconds: float


@contextmanager
def grounds(root: Path) -> Iterator[tuple[Ground, Listener]]:
    """Give a clean place to one attempt."""
    listener = Listener()
    with tempfile.TemporaryDirectory() as name:
        base = Path(name)
        (base / "in").mkdir()
        planted = base / "planted.csv"
        planted.write_text("# fs: 500\n# unit: mV\nI,II\n" + _PLANTED * 1000)
        url = f"http://127.0.0.1:{listener.port}/x.dat"
        yield Ground(root, base / "in", planted, Trap(base / "sprung"), url), listener
    listener.close()


def read_file(root: Path, *paths: Path) -> Read:
    """Read files with the tree's command line; measure time and memory."""
    with tempfile.TemporaryFile() as out:
        begun = time.monotonic()
        child = subprocess.Popen(
            [sys.executable, "-m", "ecgcore", "read", *map(str, paths), "--json"],
            cwd=root,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            stdout=out,
            stderr=subprocess.STDOUT,
        )
        peak = 0
        while child.poll() is None:
            peak = max(peak, _peak(child.pid))
            if time.monotonic() - begun > MOST_SECONDS:
                child.kill()
            time.sleep(0.05)
        seconds = time.monotonic() - begun
        out.seek(0)
        return Read(child.returncode, out.read().decode(errors="replace"), peak, seconds)


def _peak(pid: int) -> int:
    try:
        return memory(pid, "VmHWM")
    except OSError:
        return 0  # it just ended


def judge(ground: Ground, listener: Listener, got: Read, *, refused: bool) -> Outcome:
    """Say what a reading did that none may do."""
    faults = {
        "traceback": "Traceback" in got.said,
        f"exit status {got.status}": got.status not in (0, 2),
        "it was read": refused and got.status == 0,
        "no sentence": got.status == 2 and "error" not in got.said,
        "the server's file was read": "PLANTED" in got.said or "0.777" in got.said,
        "an address was called": listener.calls > 0,
        "an object was unpickled": ground.trap.path.exists(),
        f"{got.peak / 2**20:.0f} MiB": got.peak > MOST_BYTES,
        f"{got.seconds:.0f} s": got.seconds > MOST_SECONDS,
        "a file was left": len(list(ground.folder.iterdir())) > 1,
    }
    found = [words for words, is_so in faults.items() if is_so]
    sentence = next((line for line in got.said.splitlines() if "error" in line), "read")
    told = f"{sentence.replace(str(ground.folder) + '/', '')[:150]}"
    return Outcome.of(not found, "; ".join(found) or f"{told} ({got.peak / 2**20:.0f} MiB)")


Maker = Callable[[Ground], bytes]


def enter(name: str, how: str, test: str, file: str, make: Maker, *, refused: bool = True) -> None:
    """Enter one hostile file into the table."""

    def play(root: Path) -> Outcome:
        with grounds(root) as (ground, listener):
            path = ground.folder / file
            path.write_bytes(make(ground))
            return judge(ground, listener, read_file(root, path), refused=refused)

    attempt(GROUP, name, how, test)(play)


def _escapes() -> None:
    test = f"{_HOSTILE}, tests/readers/wfdb/test_wfdb.py"
    for words, spell in (
        ("../ and back", lambda g: f"../{g.planted.name}"),
        ("an absolute path", lambda g: str(g.planted)),
        ("file://", lambda g: g.planted.as_uri()),
        ("http://", lambda g: g.url),
        ("s3://", lambda g: f"s3://{g.url.removeprefix('http://')}"),
    ):
        enter(
            f"WFDB header names {words}",
            "header whose signal file lies elsewhere",
            test,
            "r.hea",
            lambda g, spell=spell: hostile.wfdb_header(spell(g)),
        )
    enter(
        "zip names with ../",
        "members ../../x.csv, /x.csv, C:\\x.csv",
        f"{_HOSTILE}: test_paths_in_an_archive_lead_nowhere",
        "x.zip",
        lambda _: hostile.zip_of(
            dict.fromkeys(("../../x.csv", "/x.csv", "C:\\x.csv"), hostile.CSV)
        ),
        refused=False,
    )
    enter(
        "symbolic link in a zip",
        "member ecg.csv is a link to a file of the server",
        _HOSTILE,
        "x.zip",
        lambda g: hostile.zip_with_link(g.planted),
    )


def _bombs() -> None:
    bomb = f"{_HOSTILE}: test_a_zip_bomb_is_stopped_while_it_expands"
    many = f"{_HOSTILE}: test_archives_that_are_refused"
    for words, how, test, name, make in (
        ("zip bomb, 1 GB", "1 MB expands to 1 GB", bomb, "x.zip", "zip"),
        ("nested zip bomb", "8 levels of 8 archives", many, "x.zip", "nested"),
        ("overlapping zip bomb", "2,000 entries share one body", bomb, "x.zip", "overlap"),
        ("100,000 members", "an archive of empty files", many, "x.zip", "many"),
        ("npz bomb", "200 KB expand to 202 MiB", _BROWSER, "x.npz", "npz"),
        ("MAT 5 bomb", "768 MB of zeros, compressed", _ARRAYS, "x.mat", "mat"),
        ("Parquet bomb", "960 MB of zeros, compressed", _PARQUET, "x.parquet", "parquet"),
        ("deflated DICOM", "1 MB expands to 1.2 GB", _BROWSER, "x.dcm", "dicom"),
    ):
        enter(words, how, test, name, lambda _, make=make: _BOMBS[make]())


_BOMBS: dict[str, Callable[[], bytes]] = {
    "zip": lambda: hostile.zip_of_zeros(1024 * hostile.MIB),
    "nested": hostile.nested_zip,
    "overlap": hostile.overlapping_zip,
    "many": hostile.zip_of_many,
    "npz": npz_bomb,
    "mat": hostile.matlab_bomb,
    "parquet": hostile.parquet_bomb,
    "dicom": hostile.deflated_dicom,
}


def _texts() -> None:
    for words, how, test, name, make in (
        ("billion laughs", "entities that expand tenfold 11 times", _XML, "x.xml", "laughs"),
        ("XXE, a file", "an entity is a file of the server", _XML, "x.xml", "xxe-file"),
        ("XXE, an address", "an entity is an address", _XML, "x.xml", "xxe-url"),
        ("deep XML", "200,000 levels", _XML, "x.xml", "deep-xml"),
        ("deep JSON", "200,000 levels", _BROWSER, "x.json", "deep-json"),
        ("absurd EDF header", "9,999 signals, 99,999,999 records", _BROWSER, "x.edf", "edf"),
        ("absurd WFDB header", "2,000,000,000 samples", _BROWSER, "r.hea", "wfdb"),
        ("pickle in npy", "an array of objects", _ARRAYS, "x.npy", "npy"),
        ("pickle in npz", "an array of objects", _ARRAYS, "x.npz", "npz"),
        ("pickle in a MAT file", "an object that holds a pickle", _BROWSER, "x.mat", "mat"),
    ):
        enter(words, how, test, name, lambda g, make=make: _TEXTS[make](g))
    for words, how, test, name, make in (
        ("external DTD", "a document type at an address", _XML, "x.xml", "dtd"),
        ("pickle in Parquet", "an extension type that holds a pickle", _PARQUET, "x.parquet", "pq"),
        ("200 MB CSV", "199 MB, twelve leads", "tests/readers/test_isolated.py", "x.csv", "csv"),
    ):
        enter(words, how, test, name, lambda g, make=make: _TEXTS[make](g), refused=False)


_TEXTS: dict[str, Maker] = {
    "laughs": lambda _: laughs(),
    "xxe-file": lambda g: hostile.xml_with_entity(g.planted.as_uri()),
    "xxe-url": lambda g: hostile.xml_with_entity(g.url),
    "dtd": lambda g: hostile.xml_with_outside_type(g.url),
    "deep-xml": lambda _: hostile.deep_xml(),
    "deep-json": lambda _: hostile.deep_json(),
    "edf": lambda _: hostile.absurd_edf(),
    "wfdb": lambda _: hostile.wfdb_header("r.dat", 2_000_000_000),
    "npy": lambda g: hostile.pickled_npy(g.trap),
    "npz": lambda g: pickled(g.trap),
    "mat": lambda g: mat_of_an_object(g.trap),
    "pq": lambda g: hostile.pickled_parquet(g.trap),
    "csv": lambda _: hostile.large_csv(),
}


@attempt(GROUP, "300 files at once", "each must get its answer", f"{_HOSTILE}")
def _many_files(root: Path) -> Outcome:
    with tempfile.TemporaryDirectory() as name:
        for number in range(300):
            content = hostile.CSV if number % 2 else bytes(range(256))
            (Path(name) / f"{number:03d}.csv").write_bytes(content)
        got = read_file(root, *sorted(Path(name).iterdir()))
    read = got.said.count('"format"')
    refused = got.said.count('"error"') or got.said.count("error:")
    held = read == 150 and refused >= 150 and "Traceback" not in got.said
    return Outcome.of(held, f"{read} read, {refused} refused, {got.seconds:.0f} s")


_escapes()
_bombs()
_texts()
