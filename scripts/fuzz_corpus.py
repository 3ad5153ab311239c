"""What the readers' fuzzing starts from: files made by the tests, and real ones if there are."""

import importlib
import io
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import edfio
import numpy as np
import pydicom
from pydicom.uid import DeflatedExplicitVRLittleEndian

from ecgcore import readers
from ecgcore.errors import EcgError
from ecgcore.readers import ReadOptions

ROOT = Path(__file__).resolve().parents[1]
_TESTS = str(ROOT / "tests" / "readers")
_MAX_REAL_BYTES = 3_000_000
Maker = Callable[[Path], Any]
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
    """Yield one small file of every kind that the tests make, and one of usual length."""
    with _short_makers() as makers:
        yield from _made_now(makers, f"/{_SHORT}")
    yield from _made_now(_makers(), "")
    yield from _in_parts()
    yield from _dicom()
    yield from _with_gaps()
    yield from _scp()
    yield from _pdf()


def _module(name: str) -> Any:
    if _TESTS not in sys.path:
        sys.path.insert(0, _TESTS)
    return importlib.import_module(name)


def _makers() -> dict[str, Maker]:
    makers = {**_module("made_files").MAKERS, **_module("made_small").SMALL}
    makers |= _module("made_xml").XML | _module("made_pdf").PDF | {"apple": _apple}
    return {name: makers[name] for name in sorted(makers)}


@contextmanager
def _short_makers() -> Iterator[dict[str, Maker]]:
    """Give makers of short files: they take the length when they are imported, or when they run."""
    files = _module("made_files")
    usual = files.N_SAMPLES
    before = {name: _module(name) for name in ("made_small", "made_xml", "made_pdf")}
    files.N_SAMPLES = _SHORT
    try:
        for name in before:
            del sys.modules[name]
        yield _makers()
    finally:
        files.N_SAMPLES = usual
        sys.modules.update(before)


def _made_now(makers: dict[str, Maker], suffix: str) -> Iterator[Seed]:
    for name, make in makers.items():
        with tempfile.TemporaryDirectory() as folder:
            try:
                built = make(Path(folder))
            except (ValueError, IndexError):
                continue  # this maker knows one length only
        yield Seed(name + suffix, built.files, built.options)


def _apple(folder: Path) -> Any:
    files, small = _module("made_files"), _module("made_small")
    text = small.apple_text(files.truth_mv()[0] * 1000)
    return files.Made({"ecg.csv": text.encode()}, "ecg.csv", "Apple Watch", 0.001)


def _in_parts() -> Iterator[Seed]:
    """Yield files whose recording is put together from several parts."""
    xml, files = _module("made_xml"), _module("made_files")
    rows = xml.steps()[:, :200]
    parts = [
        xml.sequence_set(xml.time_pq(head), xml.aecg_leads(rows[[i]], (lead,)))
        for i, (head, lead) in enumerate((("0", "I"), ("400", "II"), ("900", "III")))
    ]
    yield Seed("aecg-parts", {"a.xml": xml.aecg_xml(xml.series(*parts)).encode()}, ReadOptions())
    line = "1000/mV 16 0 0 0 0"
    segments = {"m.hea": b"m/3 2 500 700\na 300\n~ 100\nb 300\n"}
    for name in ("a", "b"):
        head = f"{name} 2 500 300\n{name}.dat 16 {line} I\n{name}.dat 16 {line} II\n"
        samples = np.round(files.truth_mv()[:2, :300] * 1000).astype("<i2").T
        segments |= {f"{name}.hea": head.encode(), f"{name}.dat": samples.tobytes()}
    yield Seed("wfdb-segments", segments, ReadOptions())


def _dicom() -> Iterator[Seed]:
    """Yield the columns of a sheet as groups of their own, deflated, and without preamble."""
    files = _module("made_files")
    groups = []
    for k in range(2):
        group = files.dicom_group(files.truth_mv()[:, 100 * k : 100 * k + 100], f"column {k}")
        keep = slice(6 * k, 6 * k + 6)
        stored = np.frombuffer(group.WaveformData, "<i2").reshape(-1, 12)[:, keep]
        group.ChannelDefinitionSequence = list(group.ChannelDefinitionSequence)[keep]
        group.NumberOfWaveformChannels, group.WaveformData = 6, stored.tobytes()
        group.MultiplexGroupTimeOffset = str(200 * k)
        groups.append(group)
    data = files.dicom_bytes(groups)
    dataset = pydicom.dcmread(io.BytesIO(data))
    dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    deflated = io.BytesIO()
    pydicom.dcmwrite(deflated, dataset, enforce_file_format=True)
    meta_end = 144 + int.from_bytes(data[140:144], "little")
    versions = {"columns": data, "deflated": deflated.getvalue(), "bare": data[meta_end:]}
    for name, content in versions.items():
        yield Seed(f"dicom-{name}", {"a.dcm": content}, ReadOptions())


def _with_gaps() -> Iterator[Seed]:
    """Yield EDF+ and BDF+ whose last data record starts later."""
    rows = _module("made_files").truth_mv()[:2, :400]
    for name, signal, file in (
        ("EDF+D", edfio.EdfSignal, edfio.Edf),
        ("BDF+D", edfio.BdfSignal, edfio.Bdf),
    ):
        leads = [
            signal(row, 100.0, label=lead, physical_dimension="mV")
            for row, lead in zip(rows, ("I", "II"), strict=True)
        ]
        note = edfio.EdfAnnotation(0, None, "x")
        data = file(leads, data_record_duration=1, annotations=[note]).to_bytes()
        data = data[:192] + name.encode() + data[197:]
        yield Seed(name, {"a": data.replace(b"+3\x14\x14", b"+7\x14\x14")}, ReadOptions())


def _scp() -> Iterator[Seed]:
    b = _module("scp_builder")
    rows = np.round(np.cumsum(np.random.default_rng(0).normal(0, 9, (2, 300)), axis=1))
    for coding in ("none", "default", "own"):
        for order in (0, 2):
            data = b.simple(rows.astype(int), ("I", "II"), order=order, coding=coding)
            yield Seed(f"scp-{coding}-{order}", {"a.scp": data}, ReadOptions())
    beats, areas = [(0, 121, 161, 200), (0, 521, 561, 600)], [(141, 180), (541, 580)]
    rows = np.stack([np.arange(1000) // 8 - 60, 40 - np.arange(1000) // 10])
    beat = np.stack([(np.hanning(80) * g).astype(int) for g in (120, 200)])
    for factor in (1, 4):
        zones = b.Zones(160, 41, beats, areas)
        data = b.with_beat(rows, ("I", "II"), beat, zones, factor=factor)
        yield Seed(f"scp-beat-{factor}", {"a.scp": data}, ReadOptions())


def _pdf() -> Iterator[Seed]:
    """Yield pages laid out as several makers print them, packed and not."""
    b = _module("pdf_builder")
    short = b.beats(12, 10.0, 50.0)
    rows = b.beats(1, 30.0, 60.0)
    pages = {
        "muse": b.one_page(b.muse(short, fs=50.0)),
        "muse-packed": b.one_page(b.muse(short, fs=50.0), packed=True),
        "philips": b.one_page(b.philips(short, fs=50.0)),
        "kardia": b.kardia(rows, fs=60.0),
        "kardia-six": b.kardia_six(b.beats(6, 10.0, 60.0), fs=60.0),
        "apple": b.one_page(b.apple(rows, fs=60.0)),
        "turned": b.twelve_rows(short[:, :250], speed=25.0, fs=50.0, turned=True),
    }
    for name, data in pages.items():
        yield Seed(f"pdf-{name}", {"a.pdf": data}, ReadOptions())


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
