"""How exactly and how fast every format is read: prints a table.

    .venv/bin/python -m benchmarks.readers [--records 40]

Real files: those in ``formats/`` of the data folder against ``expected.json`` (numbers of
independent parsers) or a plain search of their text, WFDB records of the other folders against the
wfdb package, sample by sample.  Made files: those that the tests build from the standards, against
the recording that was put into them; what they differ by is half a step of their own resolution.
Time is CPU time of one file, read once before.
"""

import argparse
import base64
import importlib
import json
import os
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import wfdb

from ecgcore import readers
from ecgcore.errors import EcgError
from ecgcore.leads import STANDARD_12, canonical_lead
from ecgcore.readers import ReadOptions
from ecgcore.readers.isolated import IN_WORKER
from ecgcore.recording import Recording

ROOT = Path(__file__).resolve().parents[1]
TESTS = str(ROOT / "tests" / "readers")
UV_PER_MV = 1000.0
Array = np.ndarray


@dataclass
class Tally:
    """What was read of one format."""

    read: int = 0
    failed: list[str] = field(default_factory=list)
    with_oracle: int = 0
    worst_uv: float = 0.0
    ms: list[float] = field(default_factory=list)

    def add(self, difference_uv: float | None, ms: float) -> None:
        """Count one file; None where there is no oracle for its samples."""
        self.read += 1
        self.ms.append(ms)
        if difference_uv is not None:
            self.with_oracle += 1
            self.worst_uv = max(self.worst_uv, difference_uv)


def timed(source: Any, options: ReadOptions) -> tuple[Recording, float]:
    """Read a file twice; return the recording and the CPU time of the second reading in ms."""
    readers.read(source, options=options)
    begin = time.process_time()
    recording = readers.read(source, options=options)
    return recording, (time.process_time() - begin) * 1000


def difference_uv(recording: Recording, expected: dict[str, Array]) -> float:
    """Return the largest difference from rows in mV (of their length), NaN on either side equal."""
    worst = 0.0
    for name, values in expected.items():
        row = recording.lead(canonical_lead(name) or name)[: len(values)]
        if not np.array_equal(np.isnan(row), np.isnan(values)):
            raise ValueError(f"{name}: other samples are absent")
        worst = max(worst, float(np.nanmax(np.abs(row - values), initial=0.0)) * UV_PER_MV)
    return worst


# ---- real files


def real_formats(folder: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Yield each file of ``formats/`` with what is known of it."""
    known = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    for path in sorted(folder.iterdir()):
        if path.suffix != ".json":
            yield path, known.get(path.name, {})


def against_known(path: Path, recording: Recording, known: dict[str, Any]) -> float | None:
    """Return the largest difference from all numbers that are known of a file, or None."""
    counts = {
        "n_samples": recording.n_samples,
        "n_leads": recording.n_leads,
        "fs_hz": recording.fs_hz,
    }
    for key, found in counts.items():
        if key in known and known[key] != found:
            raise ValueError(f"{path.name}: {key} is {found}, expected {known[key]}")
    rows = {name: np.array(first) for name, first in known.get("first_mv", {}).items()}
    if "lead_I_first_mv" in known:
        rows["I"] = np.array([known["lead_I_first_mv"]])
    if "lead_I_first_raw" in known:  # Philips: steps of 5 uV
        rows["I"] = np.array(known["lead_I_first_raw"]) * 0.005
    found = [difference_uv(recording, rows)] if rows else []
    for name, peak in known.get("max_abs_mv", {}).items():
        largest = float(np.nanmax(np.abs(recording.lead(canonical_lead(name) or name))))
        found.append(abs(largest - peak) * UV_PER_MV)
    whole = _by_plain_search(path)
    if whole:
        found.append(difference_uv(recording, whole))
    return max(found, default=None)


def _by_plain_search(path: Path) -> dict[str, Array]:
    """Return all samples of an aECG's or a MUSE file's rhythm, found without an XML parser."""
    if path.suffix.lower() != ".xml":
        return {}
    text = path.read_text(encoding="latin-1")
    rows: dict[str, Array] = {}
    if "<RestingECG" in text:
        rhythm = text[text.index("Rhythm</WaveformType>") :]
        pairs = re.findall(
            r"<LeadID>(\w+)<|UnitsPerBit>([\d.]+)<|<WaveFormData>(.*?)<", rhythm, re.DOTALL
        )
        name, step = "", 1.0
        for lead, per_bit, data in pairs:
            name, step = lead or name, float(per_bit) if per_bit else step
            if data:
                rows[name] = np.frombuffer(base64.b64decode(data), "<i2") * step / UV_PER_MV
    pattern = r'MDC_ECG_LEAD_(\w+)".*?scale value="([\d.]+)".*?<digits>(.*?)</digits>'
    for lead, scale, digits in re.findall(pattern, text, re.DOTALL):
        # The rhythm comes before the representative beat.
        values = np.array(digits.split(), float) * float(scale) / UV_PER_MV
        rows.setdefault(lead, values)
    return rows


def read_formats(folder: Path, tallies: dict[str, Tally]) -> None:
    """Read every file of ``formats/``."""
    for path, known in real_formats(folder):
        recording, ms = timed(path, ReadOptions())
        tally = tallies.setdefault(recording.provenance.format, Tally())
        tally.add(against_known(path, recording, known), ms)


def read_records(data: Path, n_records: int, tallies: dict[str, Tally]) -> None:
    """Read WFDB records of every folder, evenly spread, and compare each with the wfdb package."""
    tally = tallies.setdefault("WFDB", Tally())
    for folder in sorted(p for p in data.iterdir() if p.is_dir() and p.name != "formats"):
        found = sorted(folder.rglob("*.hea"))
        for path in found[:: max(1, len(found) // n_records)][:n_records]:
            recording, ms = timed(path, ReadOptions())
            expected = wfdb.rdrecord(str(path.with_suffix("")))
            rows = dict(zip(expected.sig_name, expected.p_signal.T, strict=True))
            tally.add(difference_uv(recording, rows), ms)


# ---- files that the tests build


def read_made(tallies: dict[str, Tally]) -> None:
    """Read every file that the tests make; a difference above the file's own half step fails."""
    if TESTS not in sys.path:
        sys.path.insert(0, TESTS)
    files = importlib.import_module("made_files")
    truth = files.truth_mv()
    makers = dict(files.MAKERS) | importlib.import_module("made_small").SMALL
    makers |= importlib.import_module("made_xml").XML | {"apple": _apple}
    makers |= importlib.import_module("made_pdf").PDF
    for name, make in sorted(makers.items()):
        with tempfile.TemporaryDirectory() as folder:
            made = make(Path(folder))
        recording, ms = timed(made.files, made.options)
        rows = {lead: truth[STANDARD_12.index(lead)] for lead in recording.leads}
        found = difference_uv(recording, rows)
        tally = tallies.setdefault(recording.provenance.format, Tally())
        tally.add(found, ms)
        if found > made.tolerance_mv * UV_PER_MV:
            tally.failed.append(name)
    _read_scp(tallies.setdefault("SCP-ECG", Tally()))


def _apple(folder: Path) -> Any:
    files, small = (importlib.import_module(name) for name in ("made_files", "made_small"))
    text = small.apple_text(files.truth_mv()[0] * UV_PER_MV)
    return files.Made({"ecg.csv": text.encode()}, "ecg.csv", "Apple Watch", 0.00051)


def _read_scp(tally: Tally) -> None:
    """Read SCP-ECG in every coding, order of differences and version, of random steps."""
    builder = importlib.import_module("scp_builder")
    noise = np.random.default_rng(0).normal(0, 9, (8, 5000))
    rows = np.round(np.cumsum(noise, axis=1)).astype(int)
    names = ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6")
    for coding in ("none", "default", "own"):
        for order in (0, 1, 2):
            for version in (13, 20, 30):
                data = builder.simple(rows, names, order=order, coding=coding, version=version)
                recording, ms = timed({"a.scp": data}, ReadOptions())
                expected = dict(zip(names, rows * 0.0025, strict=True))
                found = difference_uv(recording, expected)
                tally.add(found, ms)
                if found > 0.01:
                    tally.failed.append(f"{coding}-{order}-{version}")


# ---- the table


def row_of(name: str, real: Tally, made: Tally) -> str:
    """Return one line of the table."""
    failed = f" ({', '.join(made.failed)} differ)" if made.failed else ""
    oracle = f"{real.with_oracle} of {real.read}" if real.read else ""
    worst = f"{real.worst_uv:.2g}" if real.with_oracle else ""
    ms = statistics.median(real.ms or made.ms)
    cells = (name, real.read or "", oracle, worst, made.read or "", f"{made.worst_uv:.2g}{failed}")
    return "| " + " | ".join(map(str, (*cells, f"{ms:.1f}"))) + " |\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=40, help="WFDB records of each folder")
    args = parser.parse_args()
    os.environ[IN_WORKER] = "1"  # time spent in another process would not be seen
    real: dict[str, Tally] = {}
    made: dict[str, Tally] = {}
    data = Path(os.environ.get("ECG_DATA", ROOT / ".." / "shared" / "data")).resolve()
    try:
        if (data / "formats").is_dir():
            read_formats(data / "formats", real)
            read_records(data, args.records, real)
        read_made(made)
    except (EcgError, ValueError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    sys.stdout.write(
        "| format | real files | with an oracle | difference, µV | made files | difference, µV "
        "| ms a file |\n|---|---|---|---|---|---|---|\n"
    )
    for name in sorted({*real, *made}):
        sys.stdout.write(row_of(name, real.get(name, Tally()), made.get(name, Tally())))
    return 1 if any(tally.failed for tally in made.values()) else 0


if __name__ == "__main__":
    raise SystemExit(main())
