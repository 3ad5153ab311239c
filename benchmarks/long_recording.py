"""Time and memory of a long recording on its way to the page: 8 hours of one lead at 250 Hz.

    .venv/bin/python -m benchmarks.long_recording [--hours 8] [--measure] [--findings MODEL]

Reading and quality run in a reading worker, measuring and findings in an analysing one, as in the
app; the rest in this process.  Memory is what the server and its worker take beyond what they have
before the recording comes.
"""

import argparse
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np

from ecgcore.readers import ReadOptions
from ecgcore.readers.isolated import decode_answer, encode_request, reading_spec
from ecgcore.recording import Recording
from ecgcore.render.figure import figure
from ecgcore.render.paper import PaperSettings, lay_out
from ecgcore.results.wire import decode, encode
from ecgcore.signal.resample import resample
from ecgcore.simulate.cases import DEMONSTRATION_CASES, make_demonstration_case
from ecgcore.workers import Worker, WorkerSpec
from ui.analysis import FINDINGS, MAX_MEMORY_BYTES, MAX_SECONDS, MEASURE
from ui.components.viewer import compute_envelope
from ui.desk.display_filter import apply_filter, find_span
from ui.reading import QUALITY

FS_HZ = 250.0
MIB = 2**20
Result = TypeVar("Result")


def long_files(hours: float) -> dict[str, bytes]:
    """Return a WFDB record of one lead: a simulated ECG, repeated, under fresh noise."""
    made = make_demonstration_case(DEMONSTRATION_CASES[0].key).recording
    once = resample(made.lead("II")[None], made.fs_hz, FS_HZ)[0]
    n = round(hours * 3600 * FS_HZ)
    noise = np.random.default_rng(0).normal(0, 0.01, n)
    samples = np.round((np.resize(once, n) + noise) * 200).astype("<i2")
    header = f"long 1 {FS_HZ:g} {n}\nlong.dat 16 200/mV 16 0 0 0 0 II\n"
    return {"long.hea": header.encode(), "long.dat": samples.tobytes()}


def memory(field: str, pid: int | str = "self") -> float:
    """Return a process's memory in MiB: ``VmRSS`` now, or ``VmHWM``, the most since reset."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith(field):
            return int(line.split()[1]) / 1024
    return 0.0


class Table:
    """Measures one step after the other and prints a line for each."""

    def __init__(self, worker: Worker) -> None:
        self.use(worker)
        self.total_s = 0.0
        print(f"{'step':34}{'s':>7}{'CPU s':>7}{'server MB':>11}{'worker MB':>11}")

    def use(self, worker: Worker) -> None:
        """Let this worker be looked at."""
        worker.start()
        self.worker = worker
        self.before = memory("VmRSS")
        self.worker_before = memory("VmRSS", worker.pid or 0)

    def step(self, name: str, work: Callable[[], Result]) -> Result:
        """Do one step; its line has the most memory that was taken in it."""
        for pid in ("self", self.worker.pid):
            Path(f"/proc/{pid}/clear_refs").write_text("5", encoding="ascii")
        begin, cpu = time.perf_counter(), self._cpu_s()
        result = work()
        seconds, cpu = time.perf_counter() - begin, self._cpu_s() - cpu
        self.total_s += seconds
        server = memory("VmHWM") - self.before
        taken = memory("VmHWM", self.worker.pid) - self.worker_before if self.worker.pid else 0.0
        print(f"{name:34}{seconds:7.2f}{cpu:7.2f}{server:11.0f}{taken:11.0f}", flush=True)
        return result

    def _cpu_s(self) -> float:
        stat = Path(f"/proc/{self.worker.pid}/stat").read_text(encoding="ascii")
        ticks = stat.rpartition(")")[2].split()[11:13]
        return time.process_time() + sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")


def draw(recording: Recording, start_s: float, key: str) -> None:
    """Draw one page as the app does, through a filter."""
    span = find_span(recording, start_s)
    drawn = recording if key == "none" else apply_filter(recording, key, 50, span)
    paper = PaperSettings("wrapped", 25.0, 10.0, "II")
    sheet = lay_out(drawn.leads, drawn.duration_s, paper, start_s=start_s)
    figure(drawn, sheet)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, default=8.0)
    parser.add_argument("--measure", action="store_true", help="measure it too")
    parser.add_argument("--findings", metavar="MODEL", help="ask a model too")
    args = parser.parse_args()
    files = long_files(args.hours)
    print(f"{args.hours:g} h, {sum(map(len, files.values())) / MIB:.0f} MB")
    worker = Worker(reading_spec(also=(QUALITY,)))
    table = Table(worker)
    request = encode_request(files, ReadOptions())
    ((_, recording),) = table.step("read", lambda: decode_answer(worker.ask(request)))
    if not isinstance(recording, Recording):
        raise SystemExit(str(recording))
    table.step(
        "signal quality",
        lambda: decode(worker.ask([encode({}), encode(recording)], function=QUALITY)[0]),
    )
    table.step("overview", lambda: compute_envelope(recording, "II"))
    table.step("first page, as recorded", lambda: draw(recording, 0.0, "none"))
    table.step("first page, filtered", lambda: draw(recording, 0.0, "monitor"))
    table.step(
        "another page, filtered", lambda: draw(recording, recording.duration_s / 2, "monitor")
    )
    print(f"{'together':34}{table.total_s:7.2f}")
    worker.stop()
    if args.measure or args.findings:
        analyse(table, recording, args.findings)


def analyse(table: Table, recording: Recording, model: str | None) -> None:
    """Measure, and ask a model, in an analysing worker."""
    spec = WorkerSpec(
        (MEASURE, FINDINGS), max_seconds=10 * MAX_SECONDS, max_memory_bytes=MAX_MEMORY_BYTES
    )
    worker = Worker(spec)
    table.use(worker)
    measured = table.step(
        "measured",
        lambda: decode(worker.ask([encode({}), encode(recording)], function=MEASURE)[0]),
    )
    if model:
        asked = encode({"model": model, "measured": measured})
        table.step(
            "findings",
            lambda: decode(worker.ask([asked, encode(recording)], function=FINDINGS)[0]),
        )
    worker.stop()


if __name__ == "__main__":
    main()
