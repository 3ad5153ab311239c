"""One worker: what it may not do, and how it ends."""

import ast
import errno
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ecgcore.errors import ResourceError
from ecgcore.workers import (
    Worker,
    WorkerCrashError,
    WorkerSlowError,
    WorkerSpec,
    WorkerStartError,
    folders,
    seccomp,
)

ROOT = Path(__file__).resolve().parents[2]
JOBS = "tests.workers.jobs"
FUNCTIONS = tuple(
    f"{JOBS}:{name}"
    for name in ("echo", "spin", "describe", "fill", "leave_memory", "end", "kill_itself")
)
HIDDEN = "a-secret-of-the-server"
linux = pytest.mark.skipif(sys.platform != "linux", reason="the kernel's own means")


def spec(seconds: float = 30.0) -> WorkerSpec:
    return WorkerSpec(FUNCTIONS, max_seconds=seconds, max_memory_bytes=2**28)


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    made = Worker(spec())
    yield made
    made.stop()


def ask(worker: Worker, name: str, *parts: bytes) -> list[bytearray]:
    return worker.ask([[part] for part in parts], function=f"{JOBS}:{name}")


def wait_until(what, seconds: float = 30.0) -> bool:  # type: ignore[no-untyped-def]
    end = time.monotonic() + seconds
    while not what() and time.monotonic() < end:
        time.sleep(0.02)
    return bool(what())


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_messages_go_and_come_back(worker: Worker) -> None:
    large = bytes(range(256)) * 20_000
    assert ask(worker, "echo", b"a", large, b"") == [b"a.", large + b".", b"."]
    assert ask(worker, "echo") == []


@linux
def test_a_worker_stands_still_and_goes_on(worker: Worker) -> None:
    ask(worker, "echo")
    state = Path(f"/proc/{worker.pid}/stat")
    with worker.halted():
        assert wait_until(lambda: state.read_text().rpartition(")")[2].split()[0] == "T")
    assert ask(worker, "echo", b"a") == [b"a."]


@linux
def test_nothing_of_the_server_reaches_a_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", HIDDEN)
    monkeypatch.setenv("ECG_PASSWORD", HIDDEN)
    own = Worker(spec())
    try:
        environment, limits, refused, status = (m.decode() for m in ask(own, "describe"))
    finally:
        own.stop()
    given = ast.literal_eval(environment)
    assert HIDDEN not in environment
    assert given["TMPDIR"] == given["HOME"]
    assert given["OMP_NUM_THREADS"] == "1"
    bounds = ast.literal_eval(limits)
    assert all(0 <= soft <= hard and hard >= 0 for soft, hard in bounds.values())
    assert bounds["CORE"] == (0, 0)
    assert own.network in ("seccomp", "namespace", "python")
    answers = ast.literal_eval(refused)
    if own.network == "seccomp":
        assert set(answers.values()) == {"PermissionError"}
    else:
        assert answers["internet"] == "PermissionError"
    assert "NoNewPrivs:\t1" in status


@linux
def test_this_machine_closes_the_network_by_the_kernel(worker: Worker) -> None:
    if not seccomp.is_possible():
        pytest.skip("this kernel takes no filter")
    worker.start()
    assert worker.network == "seccomp"


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_every_jump_of_the_filter_lands_inside_it(machine: str) -> None:
    program = seccomp.program_for(machine, 4711)
    assert len(program) < 4096
    for at, (code, if_true, if_false, _) in enumerate(program):
        if code in (0x15, 0x35, 0x45):
            assert at + 1 + max(if_true, if_false) < len(program)
    assert program[-1][0] == 0x06


def test_a_worker_that_does_not_take_its_request_is_ended(worker: Worker) -> None:
    """More than a pipe holds, to a process that is stopped: sending has its deadline too."""
    own = Worker(spec(1.0))
    own.start()
    assert own.pid is not None
    os.kill(own.pid, signal.SIGSTOP)
    with pytest.raises(WorkerSlowError):
        ask(own, "echo", bytes(2**22))
    assert own.pid is None


def test_a_request_that_hangs_is_ended_with_everything_it_wrote(tmp_path: Path) -> None:
    own = Worker(spec(1.0))
    own.start()
    with pytest.raises(WorkerSlowError):
        ask(own, "spin", str(tmp_path / "pid").encode())
    assert not is_running(int((tmp_path / "pid").read_text()))


def test_what_ends_a_worker_is_told_apart(worker: Worker) -> None:
    with pytest.raises(WorkerCrashError):
        ask(worker, "end", b"11")
    with pytest.raises(WorkerCrashError):
        ask(worker, "kill_itself", str(int(signal.SIGSEGV)).encode())
    with pytest.raises(WorkerSlowError):
        ask(worker, "kill_itself", str(int(signal.SIGXCPU)).encode())
    # Nobody here killed it: the system did, for lack of memory.
    with pytest.raises(ResourceError, match="memory ran out; the file was not examined"):
        ask(worker, "kill_itself", str(int(signal.SIGKILL)).encode())
    assert ask(worker, "echo", b"a") == [b"a."]


def test_a_worker_without_its_function_does_not_start() -> None:
    with pytest.raises(WorkerStartError):
        Worker(WorkerSpec((f"{JOBS}:none_of_this_name",))).start()


def test_what_a_request_leaves_in_memory_is_not_missing_for_the_next(worker: Worker) -> None:
    (first,) = ask(worker, "leave_memory", str(2**27).encode())
    assert worker.pid is None
    (second,) = ask(worker, "leave_memory", b"1")
    assert worker.pid is not None
    assert first != second


PARENT = f"""
import sys, threading
from ecgcore.workers import Worker, WorkerSpec
worker = Worker(WorkerSpec(("{JOBS}:spin",), max_seconds=600))
# A thread that ends, as those of a page do, takes no worker with it.
starting = threading.Thread(target=worker.start)
starting.start()
starting.join()
print(worker.pid, worker._folder.path, flush=True)
worker.ask([[sys.argv[1].encode()]])
"""


@linux
def test_a_worker_that_hangs_dies_with_a_killed_server(tmp_path: Path) -> None:
    env = {**os.environ, "TMPDIR": str(tmp_path)}
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path / "pid")],
        stdout=subprocess.PIPE,
        cwd=ROOT,
        env=env,
        text=True,
    )
    with parent:
        assert parent.stdout is not None
        pid, folder = parent.stdout.readline().split()
        assert wait_until((tmp_path / "pid").exists)
        parent.kill()
        parent.wait()
        assert wait_until(lambda: not is_running(int(pid)))
    # What it left is swept by the next server, when it is no longer young.
    assert Path(folder).is_dir()
    assert folders.sweep(tmp_path) == 0
    os.utime(folder, (0, 0))
    assert folders.sweep(tmp_path) == 1
    assert not Path(folder).exists()


ENDING = f"""
from ecgcore.workers import Pool, WorkerSpec
pool = Pool(WorkerSpec(("{JOBS}:spin", "{JOBS}:echo"), max_seconds=600), size=2)
pool.start()
pool.submit([[b"/dev/null"]], session="a")
"""


def test_a_server_that_stops_leaves_no_folder(tmp_path: Path) -> None:
    env = {**os.environ, "TMPDIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", ENDING], cwd=ROOT, env=env, capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert list(tmp_path.iterdir()) == []


def test_only_what_a_dead_server_left_is_swept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    living = folders.WorkerFolder()
    dead = 2**22 + 1  # beyond any number that Linux gives
    named = tmp_path / f"{folders.PREFIX}{dead}-link"
    target = tmp_path / "target"
    target.mkdir()
    named.symlink_to(target)
    file = tmp_path / f"{folders.PREFIX}{dead}-file"
    file.write_bytes(b"")
    held = folders.WorkerFolder()  # as one of another container, whose number means nothing here
    elsewhere = tmp_path / f"{folders.PREFIX}{dead}-held"
    held.path.rename(elsewhere)
    for path in (living.path, target, file, elsewhere):
        os.utime(path, (0, 0))
    assert folders.sweep() == 0
    assert living.path.is_dir()
    assert elsewhere.is_dir()
    held.remove()
    living.remove()
    assert not living.path.exists()


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "disk is full"),
        (errno.EDQUOT, "quota"),
        (errno.EMFILE, "too many files are open"),
        (errno.EACCES, "temporary folder is missing, full or closed"),
        (errno.EROFS, "read-only"),
    ],
)
def test_a_folder_that_cannot_be_made_is_the_machines_fault(
    number: int, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**_: object) -> str:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(folders.tempfile, "mkdtemp", fail)
    with pytest.raises(ResourceError, match=f"{words}.*; the file was not examined"):
        Worker(spec()).start()


@pytest.mark.parametrize("number", [errno.EAGAIN, errno.ENOMEM])
def test_a_process_that_cannot_be_made_is_the_machines_fault(
    number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(subprocess, "Popen", fail)
    with pytest.raises(ResourceError, match="not examined"):
        Worker(spec()).start()
