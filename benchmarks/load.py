"""Many readers at one server: what each waits for, and whether each gets its own results.

    .venv/bin/python -m benchmarks.load [--sessions 1 10 20] [--minutes 10] [--hog] [--tree FOLDER]

Starts the app, opens each recording alone, then lets so many readers do the same at once: each
uploads a recording of its own and reads it on the desk until its overlays have been computed.
Traces, statements and maps must be those of the recording opened alone.  Prints a table in
Markdown.

--minutes  readers go on for so long with one recording after another, instead of one each
--hog      one reader uploads costly archives and asks for maps without end; what others wait for
--tree     measure another checkout of this repository
"""

import argparse
import io
import socket
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchmarks.app import ROOT, wait_until_healthy
from benchmarks.load_client import RAIL, VIEWER, Reader, digest_of
from ecgcore.leads import STANDARD_12
from ecgcore.simulate import make_batch

FS_HZ = 500.0
OTHERS = 3
READ = "Review this ECG"
COLUMNS = ("upload", "first trace", "statements", "overlays")
MAPS = ("why", "leads")


@dataclass
class Seen:
    """What one reader waited for, and what stood on the pages.

    Attributes
    ----------
    seconds : dict of str to float
        By column of the table.
    digests : tuple of str
        Of the traces, the findings and the maps.
    """

    seconds: dict[str, float]
    digests: tuple[str, ...]


@dataclass
class Outcome:
    """What all readers of one run saw."""

    seen: list[Seen] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    memory_mb: tuple[float, float, float] = (0.0, 0.0, 0.0)

    def row(self, name: str) -> str:
        """Return a row of the table."""
        cells = []
        for column in COLUMNS:
            values = [s.seconds[column] for s in self.seen if column in s.seconds]
            both = np.percentile(values, (50, 95)) if values else []
            cells.append(" / ".join(f"{value:.2f}" for value in both))
        memory = ", ".join(f"{mb:.0f}" for mb in self.memory_mb)
        wrong = f"{len(self.wrong)} of {len(self.seen) + len(self.wrong)}"
        return f"| {name} | {' | '.join(cells)} | {memory} | {wrong} |"


HEAD = (
    f"| sessions | {' | '.join(f'{c} p50 / p95, s' for c in COLUMNS)} | "
    "memory before, peak, after, MB | lost or wrong |\n" + "|---" * (len(COLUMNS) + 3) + "|"
)


# ---- what is uploaded ------------------------------------------------------------------------


def recordings(count: int) -> list[bytes]:
    """Return generated recordings of 12 leads and 10 s, each another person's, as NumPy files."""
    made = make_batch(count, seed=20, fs_hz=FS_HZ, duration_s=10.0)
    files = []
    for signal in made.signal:
        content = io.BytesIO()
        values = np.nan_to_num(signal).astype(np.float32)
        np.savez(content, val=values, fs=FS_HZ, unit="mV", leads=np.array(STANDARD_12))
        files.append(content.getvalue())
    return files


def costly_archive() -> bytes:
    """Return an archive of a few megabytes that takes long to read: text, member after member."""
    rng = np.random.default_rng(1)
    time_s = np.arange(5000)[:, None] / FS_HZ
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for member in range(25):
            text = io.StringIO()
            values = np.hstack([time_s, rng.normal(0, 0.2, (len(time_s), len(STANDARD_12)))])
            head = ",".join(["time", *STANDARD_12])
            np.savetxt(text, values, fmt="%.3f", delimiter=",", header=head, comments="")
            archive.writestr(f"{member}.csv", text.getvalue())
    return content.getvalue()


# ---- one reader ------------------------------------------------------------------------------


def open_and_explain(reader: Reader, content: bytes, *, ready: Callable[[], object] = int) -> Seen:
    """Upload a recording, read it, wait for its maps; return what it took and what was seen."""
    uploaded = reader.upload("ecg.npz", content)
    ready()
    read = reader.press(READ)
    traces, statements = read.components(VIEWER), read.components(RAIL)
    if not traces or not statements:
        raise RuntimeError(f"no trace or no statements: {read.troubles()}")
    layers = traces[-1][1]["layers"]
    if not layers.keys() >= set(MAPS):
        raise RuntimeError(f"no maps: {read.troubles()}")
    waited = (uploaded.seconds, traces[0][0], statements[0][0], traces[-1][0])
    return Seen(
        dict(zip(COLUMNS, waited, strict=True)),
        (
            digest_of(traces[-1][1]["figure"]["data"]),
            digest_of(statements[-1][1]["rows"]),
            *(digest_of(layers[name]["traces"]) for name in MAPS),
        ),
    )


# ---- many readers ----------------------------------------------------------------------------


class Server:
    """The app of a checkout, on a free port."""

    def __init__(self, tree: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless", "true"]
        command += ["--server.port", str(port), "--server.address", "127.0.0.1"]
        command += ["--server.enableXsrfProtection", "false"]
        self.process = subprocess.Popen(
            command, cwd=tree, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT
        )
        self.url = f"http://127.0.0.1:{port}"
        wait_until_healthy(port)

    def memory_mb(self) -> float:
        """Return what the server holds now."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
        return float(line.split()[1]) / 1024

    def stop(self) -> None:
        """Stop it."""
        self.process.terminate()
        self.process.wait()


def crowd(
    server: Server,
    files: list[bytes],
    alone: list[tuple[str, ...]],
    n_sessions: int,
    *,
    minutes: float = 0.0,
) -> Outcome:
    """Let so many readers come at once; compare what each sees with the same recording alone."""
    outcome = Outcome()
    before = server.memory_mb()
    together = threading.Barrier(n_sessions, timeout=600)
    until = time.monotonic() + 60 * minutes

    def read(number: int) -> None:
        turn = 0
        while turn == 0 or time.monotonic() < until:
            which = (number + turn) % len(files)
            try:
                # A session keeps its cases with what was chosen: each recording has one of its own.
                reader = Reader(server.url)
                ready = together.wait if turn == 0 else int
                seen = open_and_explain(reader, files[which], ready=ready)
                reader.close()
                outcome.seen.append(seen)
                if seen.digests != alone[which]:
                    outcome.wrong.append(f"session {number}, recording {which}: {seen.digests}")
            except (RuntimeError, OSError, StopIteration) as error:
                outcome.wrong.append(f"session {number}, recording {which}: {error}")
            turn += 1

    peak = _watched(server, [lambda n=n: read(n) for n in range(n_sessions)])
    outcome.memory_mb = (before, peak, server.memory_mb())
    return outcome


def alone_with(server: Server, content: bytes) -> tuple[str, ...]:
    """Return what a reader sees of a recording who is alone at the server."""
    reader = Reader(server.url)
    seen = open_and_explain(reader, content)
    reader.close()
    return seen.digests


def _watched(server: Server, tasks: list[Callable[[], None]]) -> float:
    """Run tasks beside one another; return the server's peak memory meanwhile."""
    threads = [threading.Thread(target=task) for task in tasks]
    for thread in threads:
        thread.start()
    peak = 0.0
    for thread in threads:
        while thread.is_alive():
            peak = max(peak, server.memory_mb())
            thread.join(0.2)
    return peak


def beside_a_hog(server: Server, files: list[bytes], alone: list[tuple[str, ...]]) -> Outcome:
    """Return what a few readers, one after another, wait for beside one who never stops."""
    over = threading.Event()
    hogs = [
        threading.Thread(target=_upload_for_ever, args=(server, over)),
        threading.Thread(target=_explain_for_ever, args=(server, over, files[OTHERS:])),
    ]
    for hog in hogs:
        hog.start()
    time.sleep(3)
    outcome = Outcome()
    for content, expected in zip(files[:OTHERS], alone[:OTHERS], strict=True):
        one = crowd(server, [content], [expected], 1)
        outcome.seen += one.seen
        outcome.wrong += one.wrong
        outcome.memory_mb = one.memory_mb
    over.set()
    for hog in hogs:
        hog.join()
    return outcome


def _upload_for_ever(server: Server, over: threading.Event) -> None:
    reader, number, archive = Reader(server.url), 0, costly_archive()
    while not over.is_set():
        # Under another name it is read anew.
        reader.upload(f"archive-{number}.zip", archive)
        number += 1
    reader.close()


def _explain_for_ever(server: Server, over: threading.Event, files: list[bytes]) -> None:
    number = 0
    while not over.is_set():
        alone_with(server, files[number % len(files)])
        number += 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--sessions", type=int, nargs="+", default=[1, 10, 20])
    parser.add_argument("--minutes", type=float, default=0.0)
    parser.add_argument("--hog", action="store_true")
    parser.add_argument("--tree", type=Path, default=ROOT)
    args = parser.parse_args()
    files = recordings(max(*args.sessions, 2 * OTHERS))
    server = Server(args.tree)
    try:
        alone_with(server, files[-1])  # loads what the first reader loads
        alone = [alone_with(server, content) for content in files]
        print(HEAD, flush=True)
        outcomes = []
        for count in args.sessions:
            outcomes.append(crowd(server, files, alone, count, minutes=args.minutes))
            print(outcomes[-1].row(str(count)), flush=True)
        if args.hog:
            outcomes.append(beside_a_hog(server, files, alone))
            print(outcomes[-1].row(f"{OTHERS} beside a hog"), flush=True)
    finally:
        server.stop()
    for line in [wrong for outcome in outcomes for wrong in outcome.wrong]:
        print(line)


if __name__ == "__main__":
    main()
