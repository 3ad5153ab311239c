"""The app under attack: started the way `make run` does, asked over HTTP, and ended."""

import http.client
import os
import pty
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from scripts.attempts.table import CannotTryError

HOOKS = Path(__file__).with_name("hooks")
SECRET = "planted-secret-of-the-server"  # noqa: S105 - planted to be looked for
START_SECONDS = 90.0


@dataclass(frozen=True)
class Answer:
    """An HTTP answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass
class App:
    """One server of the tree at ``root``, with a temporary folder and a home of its own.

    Attributes
    ----------
    root, folder : Path
        The tree; and where log, home and temporary files go.
    more : mapping
        Further environment.
    """

    root: Path
    folder: Path
    more: Mapping[str, str] = field(default_factory=dict)
    port: int = 0
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://localhost:{self.port}"

    @property
    def temporary(self) -> Path:
        """Its folder of temporary files."""
        return Path(self.more.get("TMPDIR", self.folder / "tmp"))

    @property
    def log(self) -> str:
        """What it printed."""
        return (self.folder / "log.txt").read_text(encoding="utf-8", errors="replace")

    @property
    def outside(self) -> list[str]:
        """What it tried to look up or reach outside of this machine."""
        noted = self.folder / "outside.txt"
        return sorted(set(noted.read_text().splitlines())) if noted.exists() else []

    @property
    def pid(self) -> int:
        """The server's process."""
        if self.process is None:
            raise CannotTryError("the app is not running")
        return self.process.pid

    def start(self, *, wait: bool = True) -> "App":
        """Start it on a free port, and wait until it answers."""
        self.port = free_port()
        self.temporary.mkdir(parents=True, exist_ok=True)
        (self.folder / "home").mkdir(exist_ok=True)
        leader, follower = pty.openpty()  # a person's terminal: a question would be asked here
        out = (self.folder / "log.txt").open("ab")
        self.process = subprocess.Popen(
            run_command(self.root, self.port),
            cwd=self.root,
            env=self._environment(),
            stdin=follower,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        os.close(follower)
        self._terminal = leader
        if wait:
            self.wait()
        return self

    def _environment(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("STREAMLIT_", "ECG_"))}
        return {
            **kept,
            "HOME": str(self.folder / "home"),
            "TMPDIR": str(self.temporary),
            "PYTHONPATH": str(HOOKS),
            "ATTEMPTS_OUTSIDE": str(self.folder / "outside.txt"),
            "OMP_NUM_THREADS": "1",
            "SECRET_TOKEN": SECRET,
            "BROWSER": "/bin/true",
            **self.more,
        }

    def wait(self) -> None:
        """Wait until it answers."""
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            if self.process is None or self.process.poll() is not None:
                break
            try:
                if self.ask("/_stcore/health").status == 200:
                    return
            except OSError:
                time.sleep(0.3)
        raise CannotTryError(f"the app did not start: {self.log[-300:]}")

    def ask(
        self, path: str, *, method: str = "GET", body: bytes | None = None, **headers: str
    ) -> Answer:
        """Send one request; ``_`` in a header's name stands for ``-``."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            connection.request(method, path, body=body, headers={"Host": self.host, **sent})
            got = connection.getresponse()
            return Answer(got.status, {k.lower(): v for k, v in got.getheaders()}, got.read())
        finally:
            connection.close()

    @property
    def host(self) -> str:
        """Its name and port."""
        return f"localhost:{self.port}"

    def opens_socket(self, *, host: str, origin: str, path: str = "/_stcore/stream") -> bool:
        """Ask for a socket from a page of this origin; return whether it is opened."""
        lines = [
            f"GET {path} HTTP/1.1",
            f"Host: {host}",
            f"Origin: {origin}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        ]
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as line:
            line.sendall("\r\n".join([*lines, "", ""]).encode())
            return b" 101 " in line.recv(200).split(b"\r\n")[0]

    def children(self) -> list[int]:
        """Return the processes that it started, and those that these started."""
        return descendants(self.pid)

    def workers(self) -> list[int]:
        """Return those of its processes that are Python's own."""
        return [pid for pid in self.children() if "ecgcore" in command_line(pid)]

    def resident(self, key: str = "VmRSS") -> int:
        """Return its memory in bytes; with ``VmHWM`` the most it ever had."""
        return memory(self.pid, key)

    def stop(self, number: int = signal.SIGTERM) -> None:
        """End the server itself, by its process number."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(timeout=20)
        os.close(self._terminal)
        self.process = None


def free_port() -> int:
    """Return a port that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def run_command(root: Path, port: int) -> list[str]:
    """Return what `make run` would start in that tree, with this interpreter's programs."""
    made = subprocess.run(
        ["make", "--dry-run", "--always-make", "run", f"PORT={port}"],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )
    joined = made.stdout.replace("\\\n", " ")
    lines = [line for line in joined.splitlines() if "streamlit" in line or "app.py" in line]
    if not lines:
        raise CannotTryError("the Makefile starts no app")
    words = shlex.split(lines[-1])
    while re.fullmatch(r"\w+=.*", words[0]):
        words.pop(0)
    programs = Path(sys.executable).parent
    return [str(programs / Path(words[0]).name), *words[1:]]


def descendants(pid: int) -> list[int]:
    """Return the processes below one, as the kernel lists them."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, task.read_text().split()):
            found += [child, *descendants(child)]
    return found


def command_line(pid: int) -> str:
    """Return a process's command line, or nothing where it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def is_alive(pid: int) -> bool:
    """Say whether a process is there and no zombie."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


def memory(pid: int, key: str = "VmRSS") -> int:
    """Return a figure of a process's memory in bytes."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(key):
            return int(line.split()[1]) * 1024
    return 0


def wait_for(condition: object, seconds: float, every: float = 0.5) -> bool:
    """Wait until a function returns something true, and say whether it did."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():  # type: ignore[operator]
            return True
        time.sleep(every)
    return False
