"""Mutated files of every format: a short run of the fuzzing, and everything that it ever found."""

import json
import random
import subprocess
import sys
import time
import warnings

import pyarrow as pa
import pytest
from made_files import MAKERS, Made
from made_small import npy_file, parquet_file
from made_xml import aecg_leads, aecg_xml, cardiosoft_full, sequence_set, series, steps, time_pq

from ecgcore import readers
from ecgcore.errors import EcgError, InvalidArgumentError, ReadError, TooLargeError
from ecgcore.readers import ReadOptions
from ecgcore.readers.base import guard_library
from ecgcore.readers.binary import parquet
from ecgcore.recording import Recording
from scripts.fuzz_corpus import ROOT, Seed, corpus, made
from scripts.fuzz_mutations import mutate
from scripts.fuzz_readers import build, fuzz, trial

N_SHORT = 500
RUN = 7


def read(files: dict[str, bytes], **options) -> Recording:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return readers.read(files, options=ReadOptions(**options))


@pytest.fixture(scope="module")
def seeds() -> list[Seed]:
    return corpus(None)


# ---- the fuzzing itself


def test_mutated_files_of_every_format(seeds):
    counts, findings = fuzz(range(N_SHORT), seeds, RUN)
    assert findings == []
    assert sum(counts.values()) == N_SHORT
    assert min(counts["recording"], counts["error"]) > N_SHORT / 10


def test_the_script_prints_what_it_counted(tmp_path):
    command = [sys.executable, "-m", "scripts.fuzz_readers", "--inputs", "60", "--seed", "5"]
    command += ["--keep", str(tmp_path / "kept"), "--state", str(tmp_path / "state")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert done.stdout.startswith("inputs 60, ")
    assert "crash 0, hang 0, memory 0" in done.stdout


def test_every_format_is_among_the_seeds(seeds):
    names = {entry.name for entry in readers.FORMATS} | {"BDF"}
    assert {seed.format for seed in seeds} == names


def test_the_same_numbers_give_the_same_input(seeds, monkeypatch):
    # An archive holds the time it was written at.
    monkeypatch.setattr("time.time", lambda: 1.8e9)
    for index in range(40):
        one, again = build(index, seeds, RUN), build(index, seeds, RUN)
        assert (one.files, one.options) == (again.files, again.options)


def test_most_inputs_are_no_longer_their_seed(seeds):
    by_name = {seed.name: seed.files for seed in seeds}
    changed = [build(i, seeds, RUN) for i in range(200)]
    assert sum(one.files != by_name[one.name] for one in changed) > 170


@pytest.mark.parametrize(
    ("misbehave", "kind"),
    [
        (lambda *_: 1 / 0, "crash"),
        (lambda *_: warnings.warn("odd", RuntimeWarning, stacklevel=1), "crash"),
        (lambda *_: [None for _ in iter(int, 1)], "hang"),
        (lambda *_: (_ for _ in ()).throw(MemoryError), "memory"),
    ],
)
def test_a_fault_is_seen(monkeypatch, misbehave, kind):
    """Fuzzing that could not see a fault would find none."""
    monkeypatch.setattr("scripts.fuzz_readers._read", misbehave)
    monkeypatch.setattr("scripts.fuzz_readers.MAX_CPU_S", 0.05)
    assert trial(Seed("x", {"x": b""}, ReadOptions()))[0] == kind


def test_a_sentence_that_is_none_is_seen(monkeypatch):
    monkeypatch.setattr("scripts.fuzz_readers._read", lambda _: ReadError("two\nlines"))
    assert trial(Seed("x", {"x": b""}, ReadOptions()))[0] == "crash"


def test_mutations_take_anything():
    rng = random.Random(0)  # noqa: S311 - nothing secret
    for data in (b"", b"\0", b"PK\x03\x04", b"<", b"{", b"MATLAB 5.0", b"\x93NUMPY", b"a,b\n1"):
        for _ in range(60):
            assert isinstance(mutate(data, rng), bytes)


def test_the_makers_are_left_as_they_were():
    import made_files
    import made_xml

    before = made_files.N_SAMPLES, made_xml.steps
    assert next(made()).files
    assert (made_files.N_SAMPLES, made_xml.steps) == before


# ---- what it found


def test_a_period_near_nothing_is_no_rate(tmp_path):
    text = next(iter(_made("fhir-list", tmp_path).files.values()))
    with pytest.raises(ReadError, match="sampling rate"):
        read({"f.json": text.replace(b'"period": 2', b'"period": 1e-320')})


def test_stretches_at_impossible_places_are_refused():
    rows = steps()[:, :50]
    parts = [
        sequence_set(time_pq(head), aecg_leads(rows[[i]], (lead,)))
        for i, (head, lead) in enumerate((("0", "I"), ("1e11", "II")))
    ]
    with pytest.raises(TooLargeError):
        read({"a.xml": aecg_xml(series(*parts)).encode()})


@pytest.mark.parametrize("time", ["1e-320", "1e308", "1e400"])
def test_times_beyond_all_numbers(time):
    rows = "\n".join(f"{k}{time[1:]},0.1" for k in range(1, 5))
    for head in ("time (s),I (mV)", "time,I (mV)", "# unit: mV"):
        with pytest.raises(EcgError):
            read({"a.csv": f"{head}\n{rows}\n".encode()})


def test_samples_at_the_end_of_single_precision():
    text = "# fs: 500\n# unit: mV\nI,II\n" + "3e38,-3e38\n" * 300
    with pytest.raises(EcgError, match="infinite"):
        read({"a.csv": text.encode()})


def test_full_disclosure_of_huge_samples(tmp_path):
    data = next(iter(cardiosoft_full(tmp_path).files.values()))
    start = data.index(b"<FullDisclosureData>") + len(b"<FullDisclosureData>")
    end = data.index(b"</FullDisclosureData>")
    huge = b",".join([b"1e308", b"-1e308"] * 12_000)
    result = _outcome({"c.xml": data[:start] + huge + data[end:]})
    assert isinstance(result, EcgError)


@pytest.mark.parametrize("name", ["mfer", "edf", "dicom", "ishne", "wfdb-16", "aecg"])
def test_lead_names_that_leave_every_channel_out(name, tmp_path):
    one = _made(name, tmp_path)
    n_channels = 13 if name == "edf" else 12
    with pytest.raises(EcgError, match="every channel"):
        read(one.files, lead_names=("-",) * n_channels)


def test_many_channels_are_not_all_listed():
    table = "# fs: 500\n# unit: mV\n" + (",".join(["0.5"] * 60) + "\n") * 100
    with pytest.raises(InvalidArgumentError) as error:
        read({"a.csv": table.encode()}, lead_names=("I", "II"))
    assert "60 channels" in str(error.value)
    assert len(str(error.value)) < 500


@pytest.mark.parametrize("unit", ["[" * 9000 + "mV", "\x1cuV"])
def test_a_unit_in_odd_clothes_is_shown_short_and_clean(unit):
    content = {"fs": 500, "unit": unit, "leads": {"I": [0.1] * 600, "II": [0.2] * 600}}
    told = read({"a.json": json.dumps(content).encode()}).provenance.original_unit
    assert told.isprintable()
    assert 2 <= len(told) <= 200


LONG = 100_000
SLOW = {
    "blanks": " " * LONG, "brackets": "(" * LONG, "squares": "[" * LONG, "underscores": "_" * LONG,
    "digits": "1" * LONG + "x", "words": "sampl" * LONG, "rate": "fs" + " " * LONG,
    "cells": "1s" + " " * LONG, "units": "1 mV " * LONG, "commas": "1,a," * LONG,
    "quotes": '"' * LONG, "slashes": "/" * LONG, "leads": "lead " * LONG,
}  # fmt: skip


@pytest.mark.parametrize("text", SLOW.values(), ids=SLOW)
def test_long_texts_take_no_long_time(text):
    """Patterns whose time grows with the square of the length would take minutes."""
    line = "r.dat 16 200/mV 16 0 0 0 0 I"
    rows = "0.1,0.2\n" * 300
    leads = f'{{"I": [{",".join(["0.1"] * 300)}], {_quoted(text)}: [{",".join(["0.1"] * 300)}]}}'
    files = [
        {"a.csv": f"# {text}\n# fs: 500\n# unit: mV\nI,II\n{rows}".encode()},
        {"a.csv": f"# fs: 500\n# unit: mV\nI,{text}\n{rows}".encode()},
        {"a.csv": f"# fs: 500\n# unit: mV\nI,II\n0.1,{text}\n{rows}".encode()},
        {"a.json": f'{{"fs": 500, "unit": "mV", "leads": {leads}}}'.encode()},
        {"r.hea": f"r 1 500 10\nr.dat 16 {text} 16 0 0 0 0 I\n".encode(), "r.dat": bytes(20)},
        {"r.hea": f"r 1 500 10\n{line}\n# {text}\n".encode(), "r.dat": bytes(20)},
        {"a.csv": f"{text}\n{text}\n{text}\n{text}\n{rows}".encode()},
        {"x": text.encode()},
        {"x": f"<{text}>".encode()},
    ]
    begin = time.process_time()
    for one in files:
        _outcome(one)
    assert time.process_time() - begin < 3


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '\\"') + '"'


def test_only_flac_reaches_the_sound_library():
    header = b"r 1 500 10\nr.dat 516 200/mV 16 0 0 0 0 I\n"
    for sound in (b"RIFF$\0\0\0WAVEfmt ", b"ID3\x03" + bytes(50), b"OggS" + bytes(50)):
        with pytest.raises(ReadError, match="not a FLAC file"):
            read({"r.hea": header, "r.dat": sound})


def test_brackets_in_a_numpy_header_are_damage(tmp_path):
    data = next(iter(npy_file(tmp_path).files.values()))
    broken = data.replace(b"{'descr'", b"{" * 300 + b"'descr'")
    size = int.from_bytes(data[8:10], "little") + 299
    with pytest.raises(ReadError, match="damaged"):
        read({"a.npy": broken[:8] + size.to_bytes(2, "little") + broken[10:]})


def test_memory_that_does_not_suffice_is_no_damage(monkeypatch, tmp_path):
    def fill(*_: object) -> None:
        with guard_library("The file is damaged."):
            raise MemoryError

    monkeypatch.setattr(readers.opening, "recognise", lambda *_: _Reader(fill))
    with pytest.raises(TooLargeError, match="more memory than is allowed"):
        read({"x": b"x"})
    with pytest.raises(MemoryError), guard_library("The table is damaged."):
        raise ValueError("Error tokenizing data. C error: out of memory")


class _Reader:
    listed = None

    def __init__(self, read):
        self.read = read


@pytest.mark.parametrize(
    ("size", "kind", "words"),
    [(2**31, ReadError, "damaged"), (1000, TooLargeError, "more memory")],
)
def test_a_parquet_page_that_claims_too_much_is_damage(monkeypatch, tmp_path, size, kind, words):
    def fail(*_: object) -> None:
        raise pa.ArrowMemoryError(f"malloc of size {size} failed")

    monkeypatch.setattr(parquet, "_read_rows", fail)
    with pytest.raises(kind, match=words):
        read(parquet_file(tmp_path).files)


def _made(name: str, folder) -> Made:
    return MAKERS[name](folder)


def _outcome(files: dict[str, bytes]) -> Recording | EcgError:
    try:
        return read(files, fs_hz=500, unit="mV")
    except EcgError as error:
        found = error
    assert str(found).endswith(".")
    assert str(found).isprintable()
    return found
