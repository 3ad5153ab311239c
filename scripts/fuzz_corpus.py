"""What the readers' fuzzing starts from: files made by the tests, and real ones if there are."""

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ecgcore import readers
from ecgcore.errors import EcgError
from ecgcore.readers import ReadOptions

ROOT = Path(__file__).resolve().parents[1]
_TESTS = str(ROOT / "tests" / "readers")
_MAX_REAL_BYTES = 3_000_000
_SHORT = 240  # samples a lead of the made files; a few need their full length


@dataclass(frozen=True)
class Seed:
    """Files that read, which of them is opened, and how long that takes."""

    name: str
    files: dict[str, bytes]
    options: ReadOptions
    format: str = ""
    seconds: float = 0.0


def made() -> Iterator[Seed]:
    """Yield one small file of every kind that the tests make."""
    if _TESTS not in sys.path:
        sys.path.insert(0, _TESTS)
    import made_files

    usual = made_files.N_SAMPLES
    for n_samples in (_SHORT, usual):
        # The makers take the length from here when they are first imported, or when they run.
        made_files.N_SAMPLES = n_samples
        for name in [n for n in sys.modules if n in ("made_small", "made_xml")]:
            del sys.modules[name]
        yield from _made_now(_makers(), f"/{n_samples}")
    yield from _scp()


def _makers() -> dict[str, Callable[[Path], object]]:
    import made_files
    import made_small
    import made_xml

    makers = {**made_files.MAKERS, **made_small.SMALL, **made_xml.XML}
    return {name: makers[name] for name in sorted(makers)}


def _made_now(makers: dict[str, Callable[[Path], object]], suffix: str) -> Iterator[Seed]:
    for name, make in makers.items():
        with tempfile.TemporaryDirectory() as folder:
            try:
                built = make(Path(folder))
            except (ValueError, IndexError):
                continue  # this maker knows one length only
        yield Seed(name + suffix, built.files, built.options)  # type: ignore[attr-defined]
    yield Seed("apple" + suffix, {"ecg.csv": _apple()}, ReadOptions())


def _apple() -> bytes:
    import made_files
    import made_small

    return str(made_small.apple_text(made_files.truth_mv()[0] * 1000)).encode()


def _scp() -> Iterator[Seed]:
    import scp_builder as b

    rows = np.round(np.cumsum(np.random.default_rng(0).normal(0, 9, (2, 300)), axis=1))
    for coding in ("none", "default", "own"):
        for order in (0, 2):
            data = b.simple(rows.astype(int), ("I", "II"), order=order, coding=coding)
            yield Seed(f"scp-{coding}-{order}", {"a.scp": data}, ReadOptions())
    zones = b.Zones(
        160, 41, [(0, 121, 161, 200), (0, 521, 561, 600)], [(141, 180), (541, 580)]
    )  # fmt: skip
    rows = np.stack([np.arange(1000) // 8 - 60, 40 - np.arange(1000) // 10])
    beat = np.stack([(np.hanning(80) * g).astype(int) for g in (120, 200)])
    for factor in (1, 4):
        data = b.with_beat(rows, ("I", "II"), beat, zones, factor=factor)
        yield Seed(f"scp-beat-{factor}", {"a.scp": data}, ReadOptions())


def real(folder: Path) -> Iterator[Seed]:
    """Yield the real files of every format, and one small record of every folder."""
    for path in sorted((folder / "formats").glob("*")):
        if path.suffix != ".json":
            yield Seed(path.name, {path.name: path.read_bytes()}, ReadOptions())
    for inside in sorted(p for p in folder.iterdir() if p.is_dir() and p.name != "formats"):
        headers = sorted(inside.rglob("*.hea"))[:40]
        sized = sorted((sum(f.stat().st_size for f in _record(h)), h) for h in headers)
        if sized and sized[0][0] <= _MAX_REAL_BYTES:
            files = {f.name: f.read_bytes() for f in _record(sized[0][1])}
            yield Seed(f"{inside.name}/{sized[0][1].stem}", files, ReadOptions())


def _record(header: Path) -> list[Path]:
    stem = header.stem
    return [
        f
        for f in header.parent.iterdir()
        if f.stem in (stem, f"{stem}_2") and f.suffix in (".hea", ".dat", ".mat")
    ]


def corpus(data: Path | None) -> list[Seed]:
    """Return every seed that reads, with its format and time; what does not read is left out."""
    found = [*made(), *(real(data) if data is not None and data.is_dir() else ())]
    timed = []
    for seed in found:
        try:
            readers.read(seed.files, options=seed.options)
            begin = time.process_time()
            recording = readers.read(seed.files, options=seed.options)
        except EcgError:
            continue
        seconds = time.process_time() - begin
        timed.append(replace(seed, format=recording.provenance.format, seconds=seconds))
    return timed


def data_folder() -> Path:
    """Return the folder of real recordings, whether it is there or not."""
    return Path(os.environ.get("ECG_DATA", ROOT / ".." / "shared" / "data")).resolve()
