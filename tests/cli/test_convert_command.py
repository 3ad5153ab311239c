"""``convert``: where files go, what is said of them, and what is never overwritten."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from ecgcore.cli import main
from ecgcore.leads import STANDARD_12
from ecgcore.readers import read, write_csv, write_dicom, write_wfdb
from ecgcore.recording import Patient, Provenance, Recording

Run = Callable[..., tuple[int, list[str], list[str]]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*words: object) -> tuple[int, list[str], list[str]]:
        status = main(["convert", *map(str, words)])
        done = capsys.readouterr()
        return status, done.out.splitlines(), done.err.splitlines()

    return call


def made(**changes: object) -> Recording:
    signal = np.round(np.random.default_rng(3).normal(0, 0.4, (12, 1000)), 3)
    recording = Recording(signal, 250.0, STANDARD_12, patient=Patient(56.0, "female"))
    return replace(recording, **changes)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two recordings, one below the other, and a damaged file."""
    inside = tmp_path / "in"
    (inside / "ward b").mkdir(parents=True)
    write_dicom(made(start=datetime(2020, 1, 2, 3, 4, 5)), inside / "ward b" / "miller.dcm")
    write_wfdb(made(), inside, "a1")
    (inside / "bad.edf").write_bytes(b"0       " + b" " * 300)
    return inside


@pytest.mark.parametrize(
    ("to", "end"), [("wfdb", "hea"), ("dicom", "dcm"), ("csv", "csv"), ("edf", "edf")]
)
def test_outputs_take_the_relative_path(
    run: Run, folder: Path, tmp_path: Path, to: str, end: str
) -> None:
    names = (f"a1.{end}", f"ward b/miller.{end}")
    status, out, err = run(folder, "--to", to, "--out", tmp_path / "out", "--json")
    rows = [json.loads(line) for line in out]
    assert status == 2
    assert [Path(row["file"]).name for row in rows] == ["a1.hea", "bad.edf", "miller.dcm"]
    assert len(err) == 1
    assert err[0].startswith(f"error: {folder / 'bad.edf'}: ")
    for row, name in zip((rows[0], rows[2]), names, strict=True):
        assert row["output"] == str(tmp_path / "out" / name)
        assert row["software"].startswith("ecgcore ")
        assert "research and teaching use" in row["notice"]
        assert row["digest"] == read(row["file"]).provenance.sha256
        assert row["removed"] == []
        again = read(row["output"])
        assert np.abs(again.signal - made().signal).max() <= 0.00051
        assert again.leads == STANDARD_12
    assert sorted(p.name for p in (tmp_path / "out").iterdir() if p.name.startswith(".")) == []


def test_one_file_gives_one_object_and_says_what_is_lost(run: Run, tmp_path: Path) -> None:
    recording = made(provenance=Provenance(device_filter="0.05-150 Hz"))
    path = write_csv(made(signal=made().signal + 0.0004), tmp_path / "a.csv")
    status, out, _ = run(path, "--to", "wfdb", "--out", tmp_path / "out", "--json")
    (row,) = [json.loads(line) for line in out]
    assert status == 0
    assert row["files"] == [str(tmp_path / "out" / f"a.{end}") for end in ("hea", "dat")]
    assert row["lost"] == ["Samples are rounded, by up to 0.4 µV."]
    status, out, _ = run(path, "--to", "csv", "--out", tmp_path / "out")
    assert out == [f"{path} -> {tmp_path / 'out' / 'a.csv'}"]
    assert recording.n_leads == 12


def test_an_anonymised_file_is_numbered_and_the_mapping_is_only_printed(
    run: Run, folder: Path, tmp_path: Path
) -> None:
    out_folder = tmp_path / "out"
    words = (folder, "--to", "dicom", "--out", out_folder, "--anonymize", "--json")
    status, out, _ = run(*words)
    rows = [json.loads(line) for line in out if "output" in json.loads(line)]
    assert status == 2
    assert [Path(row["output"]).name for row in rows] == ["ecg-0001.dcm", "ecg-0002.dcm"]
    assert rows[1]["removed"] == ["Date and time of the recording were removed."]
    for path in out_folder.rglob("*"):
        assert "miller" not in path.name
        assert b"miller" not in path.read_bytes()
        assert b"2020010" not in path.read_bytes()
    run(*words)
    assert sorted(p.name for p in out_folder.iterdir()) == [f"ecg-000{i}.dcm" for i in (1, 2, 3, 4)]


def test_what_is_there_is_not_overwritten_unless_forced(
    run: Run, folder: Path, tmp_path: Path
) -> None:
    words = (folder / "a1", "--to", "csv", "--out", tmp_path / "out")
    assert run(*words)[0] == 0
    written = tmp_path / "out" / "a1.csv"
    written.write_text("mine")
    status, _, err = run(*words)
    assert status == 2
    assert "is there already" in err[0]
    assert written.read_text() == "mine"
    assert run(*words, "--force")[0] == 0
    assert read(written).n_leads == 12


@pytest.mark.parametrize("to", ["wfdb", "csv", "dicom"])
def test_an_input_is_never_overwritten(run: Run, tmp_path: Path, to: str) -> None:
    inside = tmp_path / "in"
    inside.mkdir()
    write_wfdb(made(), inside, "a")
    header = (inside / "a.hea").read_text().replace("a.dat", "b.dat")
    (inside / "c.hea").write_text(header)
    (inside / "a.dat").rename(inside / "b.dat")
    (inside / "a.hea").unlink()
    write_csv(made(signal=made().signal * 0), inside / "b.csv")
    write_dicom(made(), inside / "c.dcm")
    before = {p.name: p.read_bytes() for p in inside.iterdir()}
    status, _, err = run(inside, "--to", to, "--out", inside, "--force")
    assert status == 2
    assert all("beside an input" in line for line in err)
    now = {p.name: p.read_bytes() for p in inside.iterdir()}
    assert {name: now[name] for name in before} == before


def test_a_link_to_an_input_is_not_written_through(run: Run, folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    source = write_csv(made(), tmp_path / "source.csv")
    before = source.read_bytes()
    (out / "a1.csv").symlink_to(source)
    (out / "b.csv").hardlink_to(source)
    write_wfdb(made(), folder, "b")
    run(folder, source, "--to", "csv", "--out", out, "--force")
    assert source.read_bytes() == before


def test_two_inputs_of_one_name_become_two_files(run: Run, tmp_path: Path) -> None:
    inside = tmp_path / "in"
    inside.mkdir()
    write_csv(made(), inside / "a.csv")
    write_dicom(made(), inside / "a.dcm")
    status, out, _ = run(inside, "--to", "wfdb", "--out", tmp_path / "out")
    assert status == 0
    assert [line.split(" -> ")[1] for line in out if " -> " in line] == [
        str(tmp_path / "out" / name) for name in ("a.hea", "a_dcm.hea")
    ]


def test_a_name_that_no_record_can_have_is_changed_for_wfdb_alone(run: Run, tmp_path: Path) -> None:
    path = write_csv(made(), tmp_path / "patient 7 (old).csv")
    _, out, _ = run(path, "--to", "wfdb", "--out", tmp_path / "out")
    assert out[0].endswith("patient_7_old_.hea")
    _, out, _ = run(path, "--to", "edf", "--out", tmp_path / "out")
    assert out[0].endswith("patient 7 (old).edf")


def test_what_cannot_be_written_is_one_line(run: Run, tmp_path: Path) -> None:
    good = write_csv(made(), tmp_path / "good.csv")
    lost = write_csv(made(unit="NU"), tmp_path / "lost.csv")
    status, out, err = run(lost, good, "--to", "edf", "--out", tmp_path / "out")
    assert status == 2
    assert err == [
        f"error: {lost}: The recording is in NU; EDF needs a voltage, so save it as WFDB or CSV."
    ]
    assert [line for line in out if " -> " in line] == [
        f"{good} -> {tmp_path / 'out' / 'good.edf'}"
    ]
    status, _, err = run(good, "--to", "edf", "--out", good)
    assert status == 2
    assert len(err) == 1
    assert "cannot be written to" in err[0]
    long = write_csv(made(), tmp_path / f"{'x' * 251}.csv")
    status, _, err = run(long, "--to", "dicom", "--out", tmp_path / "more", "--anonymize")
    assert (status, err) == (0, [])


@pytest.mark.parametrize(
    "words", [("a.csv",), ("a.csv", "--to", "pdf", "--out", "x"), ("a.csv", "--to", "edf")]
)
def test_bad_usage(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["convert", *words])
    assert stopped.value.code == 2
    assert "--to" in capsys.readouterr().err
