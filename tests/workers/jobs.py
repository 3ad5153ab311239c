"""What workers are asked to do in tests."""

import os
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

SPEC = "tests.workers.jobs"


def echo(request: list[bytes]) -> Iterator[list[bytes]]:
    for part in request:
        yield [part, b"."]


def sleep(request: list[bytes]) -> Iterator[list[bytes]]:
    """Sleep until the file named is there, and note in another what was done."""
    name, until, log = request[0].decode(), Path(request[1].decode()), Path(request[2].decode())
    while not until.exists():
        time.sleep(0.01)
    with log.open("a") as file:
        file.write(f"{name}\n")
    yield [name.encode()]


def spin(request: list[bytes]) -> Iterator[list[bytes]]:
    Path(request[0].decode()).write_text(str(os.getpid()))
    while True:
        pass
    yield [b""]


def describe(request: list[bytes]) -> Iterator[list[bytes]]:
    """Yield the environment, and what the process is refused."""
    del request
    names = ("NPROC", "FSIZE", "NOFILE", "CPU", "AS", "CORE")
    limits = {name: resource.getrlimit(getattr(resource, f"RLIMIT_{name}")) for name in names}
    yield [repr(dict(os.environ)).encode()]
    yield [repr(limits).encode()]
    yield [repr({name: refused(name) for name in ATTEMPTS}).encode()]
    yield [Path("/proc/self/status").read_bytes()]


def refused(name: str) -> str:
    try:
        ATTEMPTS[name]()
    except OSError as error:
        return type(error).__name__
    return ""


ATTEMPTS = {
    "internet": lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM),
    "internet 6": lambda: socket.socket(socket.AF_INET6, socket.SOCK_DGRAM),
    "local": lambda: socket.socket(socket.AF_UNIX, socket.SOCK_STREAM),
    "process": lambda: subprocess.run([sys.executable, "-c", ""], check=True),
    "fork": os.fork,
    "kill": lambda: os.kill(os.getppid(), 0),
}


def fill(request: list[bytes]) -> Iterator[list[bytes]]:
    Path(os.environ["TMPDIR"], "left").write_bytes(request[0])
    yield [os.environ["TMPDIR"].encode()]


def leave_memory(request: list[bytes]) -> Iterator[list[bytes]]:
    KEPT.append(bytearray(int(request[0])))
    yield [str(os.getpid()).encode()]


def end(request: list[bytes]) -> Iterator[list[bytes]]:
    os._exit(int(request[0]))
    yield [b""]


def kill_itself(request: list[bytes]) -> Iterator[list[bytes]]:
    os.kill(os.getpid(), int(request[0]))
    yield [b""]


KEPT: list[bytearray] = []
