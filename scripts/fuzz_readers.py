"""Give mutated files to every reader and count what comes out.

    .venv/bin/python -m scripts.fuzz_readers --inputs 200000
    .venv/bin/python -m scripts.fuzz_readers --isolated 2000
    .venv/bin/python -m scripts.fuzz_readers --inputs 3000 --format PDF

Only a recording or an error of the package with one clean sentence is right.  Anything else counts:
another exception or a warning (crash), more than 5 s of CPU time (hang), more than 512 MiB for one
input or an allocation above 1 GiB (memory).  The parsing runs in a child process, which is replaced
where an input ends it.  Exit status 1 if anything was found; the inputs that did it are kept.
"""

import argparse
import json
import mmap
import os
import random
import resource
import signal
import subprocess
import sys
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType

import numpy as np

from ecgcore import readers
from ecgcore.errors import EcgError
from ecgcore.readers.base import refuse_memory
from ecgcore.readers.isolated import IN_WORKER, PLAIN_MEMORY, IsolatedReader
from ecgcore.recording import Recording
from ecgcore.wire import pack_files, unpack
from scripts.fuzz_corpus import ROOT, Seed, corpus, data_folder
from scripts.fuzz_mutations import mutate

MAX_CPU_S = 5.0
MAX_GROWTH_BYTES = 512 * 2**20
MAX_ADDRESS_BYTES = 2**30
STALLED_S = 120.0  # of wall time: the child is stuck where no signal reaches it
_MAX_SENTENCE = 700
_MAX_ENDED = 20
_NAMES = ("x", "x.hea", "x.csv", "x.mat", "x.npz", "x.zip", "x.dcm", "x.xml", "x.json", "x.scp")
_LEADS = (("I", "II"), ("I", "", "V1"), ("II",), ("-",), ("x" * 50,) * 12, ("I",) * 12)
# What the isolated reader says where a file broke its limits.
_BROKEN = {
    "ended the reading process": "crash",
    "did not start": "crash",
    "longer than": "hang",
    "more memory": "memory",
}


@dataclass(frozen=True)
class Finding:
    """One input that did what none may do."""

    index: int
    seed: str
    kind: str
    what: str


class HangError(BaseException):
    """The input took too long; no reader may catch this."""


# ---- inputs


def build(index: int, seeds: Sequence[Seed], run: int) -> Seed:
    """Return input ``index`` of a run: the same bytes for the same numbers and seeds."""
    rng = random.Random(f"{run}:{index}")  # noqa: S311 - nothing secret
    by_format: dict[str, list[Seed]] = {}
    for seed in seeds:
        by_format.setdefault(seed.format, []).append(seed)
    chosen = by_format[sorted(by_format)[index % len(by_format)]]
    weights = [1 / (20_000 + sum(map(len, seed.files.values()))) for seed in chosen]
    seed = rng.choices(chosen, weights)[0]
    files = dict(seed.files)
    name = rng.choice(sorted(files))
    files[name] = mutate(files[name], rng)
    if rng.random() < 0.04:
        other = rng.choice(seeds)
        tail = other.files[rng.choice(sorted(other.files))]
        files[name] = files[name][: rng.randrange(4000)] + tail[rng.randrange(len(tail) + 1) :]
    if rng.random() < 0.04:
        files[rng.choice(_NAMES)] = files.pop(name)
    return replace(seed, files=files, options=_options(seed.options, rng))


def _options(usual: readers.ReadOptions, rng: random.Random) -> readers.ReadOptions:
    chance = rng.random()
    if chance < 0.6:
        return usual
    if chance < 0.7:
        return readers.ReadOptions()
    given = replace(usual, fs_hz=usual.fs_hz or 500.0, unit=usual.unit or "uV")
    return replace(given, lead_names=rng.choice(_LEADS)) if chance > 0.9 else given


# ---- one input


@contextmanager
def cpu_limit(seconds: float) -> Iterator[None]:
    """Raise :class:`HangError` after so much CPU time (the machine may be busy with others)."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise HangError

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def _resident(key: str) -> int:
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(key):
            return int(line.split()[1]) * 1024
    return 0


def _forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def trial(one: Seed) -> tuple[str, str]:
    """Read one input; return what came out (``recording``, ``error`` or a fault) and of what kind.

    Warnings are errors here.
    """
    _forget_peak()
    before = _resident("VmRSS")
    try:
        with cpu_limit(MAX_CPU_S), warnings.catch_warnings():
            warnings.simplefilter("error")
            result = _read(one)
    except HangError:
        return "hang", "".join(traceback.format_exc(limit=-4))
    except MemoryError:
        return "memory", traceback.format_exc(limit=-3)
    except (Exception, RecursionError):  # noqa: BLE001 - that is what is looked for
        return "crash", traceback.format_exc(limit=-4)
    growth = _resident("VmHWM") - before
    if growth > MAX_GROWTH_BYTES:
        return "memory", f"{growth / 2**20:.0f} MiB for {_size(one)} bytes"
    if isinstance(result, EcgError):
        return _sentence_fault(result) or ("error", type(result).__name__)
    return _recording_fault(result) or ("recording", result.provenance.format)


def _read(one: Seed) -> Recording | EcgError:
    try:
        found = readers.read(one.files, options=one.options)
        again = unpack(pack_files(found))
        if not isinstance(again, Recording) or again.leads != found.leads:
            raise ValueError("the recording does not survive the wire")
        return found
    except EcgError as error:
        return error


def _size(one: Seed) -> int:
    return sum(map(len, one.files.values()))


def _sentence_fault(error: EcgError) -> tuple[str, str] | None:
    text = str(error)
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, MemoryError):
            return "memory", f"MemoryError became {text!r}"
        cause = cause.__cause__
    if text == str(refuse_memory()):
        return "memory", text
    if text.endswith(".") and text.isprintable() and len(text) <= _MAX_SENTENCE:
        return None
    return "crash", f"no clean sentence: {text[:_MAX_SENTENCE]!r}"


def _recording_fault(recording: Recording) -> tuple[str, str] | None:
    told = recording.provenance
    texts = [told.device, told.device_filter, told.original_gain, told.original_unit]
    texts += [*recording.leads, *recording.notes, *told.machine_statements]
    texts += [*told.machine_measurements, *told.machine_measurements.values()]
    bad = next((t for t in texts if not t.isprintable() or len(t) > 5000), None)
    if bad is not None:
        return "crash", f"text that cannot be shown: {bad[:200]!r}"
    if recording.patient.identity:
        return "crash", "identity was kept"
    return None if np.isfinite(recording.fs_hz) else ("crash", "the rate is not finite")


def fuzz(
    indices: Sequence[int], seeds: Sequence[Seed], run: int, *, keep: Path | None = None
) -> tuple[Counter[str], list[Finding]]:
    """Try these inputs in this process; return the counts and what was found."""
    counts: Counter[str] = Counter()
    findings = []
    for index in indices:
        one = build(index, seeds, run)
        kind, what = trial(one)
        counts[kind] += 1
        if kind not in ("recording", "error"):
            findings.append(Finding(index, one.name, kind, what))
            _keep(one, keep, f"{run}-{index}")
    return counts, findings


def _keep(one: Seed, folder: Path | None, name: str) -> None:
    if folder is not None:
        (folder / name).mkdir(parents=True, exist_ok=True)
        for file, data in one.files.items():
            (folder / name / (file.replace("/", "_")[:100] or "file")).write_bytes(data)
        (folder / name / "options.txt").write_text(repr(one.options), encoding="utf-8")


# ---- a child that may be lost


def _seeds(args: argparse.Namespace) -> list[Seed]:
    return [seed for seed in corpus(data_folder()) if args.format in ("", seed.format)]


def serve(start: int, args: argparse.Namespace) -> None:
    """Try inputs from ``start`` on, tell where one stands, and print counts; runs in the child."""
    seeds = _seeds(args)
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    taken = pages * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (taken + MAX_ADDRESS_BYTES,) * 2)
    with Path(args.state).open("r+b") as file, mmap.mmap(file.fileno(), 8) as state:
        for first in range(start, args.inputs, 500):
            counts: Counter[str] = Counter()
            findings: list[Finding] = []
            for index in range(first, min(first + 500, args.inputs)):
                state[:8] = index.to_bytes(8, "little")
                more, found = fuzz([index], seeds, args.seed, keep=args.keep)
                counts += more
                findings += found
            sys.stdout.write(json.dumps([counts, [vars(f) for f in findings]]) + "\n")
            sys.stdout.flush()


def supervise(args: argparse.Namespace) -> tuple[Counter[str], list[Finding]]:
    """Run children until every input was tried; one that an input ended is replaced."""
    counts: Counter[str] = Counter()
    findings: list[Finding] = []
    args.state.parent.mkdir(parents=True, exist_ok=True)
    args.state.write_bytes(bytes(8))
    start, ended = 0, 0
    while start < args.inputs and ended < _MAX_ENDED:
        command = [sys.executable, "-m", "scripts.fuzz_readers", "--child", str(start)]
        command += ["--inputs", str(args.inputs), "--seed", str(args.seed)]
        command += ["--state", str(args.state), "--keep", str(args.keep)]
        command += ["--format", args.format]
        with subprocess.Popen(
            command,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
            # No reader starts a process of its own: what ends this one is to be seen.
            env={**os.environ, **PLAIN_MEMORY, IN_WORKER: "1"},
        ) as child:
            how = _watch(child, args, counts, findings)
        if how == "done":
            break
        ended += 1
        start = int.from_bytes(args.state.read_bytes(), "little") + 1
        findings.append(Finding(start - 1, "?", how, f"the child ended with {child.returncode}"))
        counts[how] += 1
    return counts, findings


def _watch(
    child: "subprocess.Popen[str]",
    args: argparse.Namespace,
    counts: Counter[str],
    findings: list[Finding],
) -> str:
    """Collect a child's lines; return ``done``, ``crash`` or ``hang``."""
    signal.signal(signal.SIGALRM, lambda *_: child.kill())
    signal.alarm(int(STALLED_S) * 5)
    for line in child.stdout or ():
        signal.alarm(int(STALLED_S) * 5)
        more, found = json.loads(line)
        counts.update(more)
        findings += [Finding(**one) for one in found]
        _report(findings[len(findings) - len(found) :])
        if sum(counts.values()) % 10_000 < 500:
            sys.stderr.write(f"{time.strftime('%H:%M:%S')} {dict(counts)}\n")
    signal.alarm(0)
    child.wait()
    if child.returncode == 0:
        return "done"
    return "hang" if child.returncode == -signal.SIGKILL else "crash"


def _report(findings: Sequence[Finding]) -> None:
    for one in findings:
        sys.stderr.write(f"\n{one.kind}, input {one.index} from {one.seed}: {one.what}\n")


# ---- through the isolated worker


def isolated(args: argparse.Namespace) -> tuple[Counter[str], list[Finding]]:
    """Read inputs through the worker; a broken limit or a lost worker counts."""
    seeds = _seeds(args)
    reader = IsolatedReader()
    reader.start()
    counts: Counter[str] = Counter()
    findings = []
    for index in range(args.isolated):
        one = build(index, seeds, args.seed)
        begin = time.monotonic()
        for _, found in reader.read_many(one.files, one.options):
            kind, what = _isolated_kind(found)
            counts[kind] += 1
            if kind not in ("recording", "error"):
                seconds = time.monotonic() - begin
                findings.append(Finding(index, one.name, kind, f"{seconds:.1f} s: {what}"))
                _keep(one, args.keep, f"isolated-{args.seed}-{index}")
    reader.close()
    _report(findings)
    return counts, findings


def _isolated_kind(found: Recording | EcgError) -> tuple[str, str]:
    if isinstance(found, Recording):
        return _recording_fault(found) or ("recording", "")
    broken = next((kind for words, kind in _BROKEN.items() if words in str(found)), None)
    if broken is not None:
        return broken, str(found)
    return _sentence_fault(found) or ("error", "")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=20_000, help="inputs in the parsing process")
    parser.add_argument("--isolated", type=int, default=0, help="inputs through the worker instead")
    parser.add_argument("--seed", type=int, default=1, help="another number, other inputs")
    parser.add_argument("--format", default="", help="only this format, as recordings name it")
    parser.add_argument("--keep", type=Path, default=ROOT / ".cache" / "fuzz")
    parser.add_argument("--state", type=Path, default=ROOT / ".cache" / "fuzz_state")
    parser.add_argument("--child", type=int, help=argparse.SUPPRESS)
    args = parser.parse_args()
    args.keep.mkdir(parents=True, exist_ok=True)
    if args.child is not None:
        serve(args.child, args)
        return 0
    begin = time.monotonic()
    counts, findings = isolated(args) if args.isolated else supervise(args)
    told = {"inputs": sum(counts.values())}
    told |= {k: counts[k] for k in ("recording", "error", "crash", "hang", "memory")}
    print(", ".join(f"{key} {value}" for key, value in told.items()))
    print(f"{time.monotonic() - begin:.0f} s; seed {args.seed}")
    return 1 if findings else 0


if __name__ == "__main__":
    raise SystemExit(main())
