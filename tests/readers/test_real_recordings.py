"""Real recordings of every folder, compared with independent readers."""

import json
from pathlib import Path

import numpy as np
import pytest
import wfdb

from ecgcore import readers
from ecgcore.leads import canonical_lead

pytestmark = pytest.mark.data

FOLDERS = {
    "ptbxl": (12, 500, "mV"),
    "ptbxl_extra/scaled": (12, 250, "NU"),
    "ptbxl_extra/raw": (12, 500, "mV"),
    "challenge2021": (12, None, "mV"),
    "ludb": (12, 500, "mV"),
    "brugada": (12, 100, "mV"),
    "cinc2011": (12, 500, "mV"),
    "mitdb": (2, 360, "mV"),
    "cinc2017/A00": (1, 300, "mV"),
    "cpsc2018_lead1": (1, 500, "NU"),
    "nstdb": (2, 360, "mV"),
}


@pytest.mark.parametrize("folder", FOLDERS)
def test_wfdb_records_agree_with_the_wfdb_package(ecg_data, folder):
    n_leads, fs_hz, unit = FOLDERS[folder]
    found = readers.find_recordings(ecg_data / folder)
    assert len(found) >= 3
    for path in found[:: max(1, len(found) // 3)][:3]:
        recording = readers.read(path)
        expected = wfdb.rdrecord(str(path.with_suffix("")))
        assert (recording.n_leads, recording.unit) == (n_leads, unit)
        assert recording.fs_hz == (fs_hz or expected.fs)
        assert recording.derived_leads == ()
        for name, values in zip(expected.sig_name, expected.p_signal.T, strict=True):
            row = recording.lead(canonical_lead(name) or name)
            assert np.allclose(row, values, atol=1e-5, equal_nan=True)
        assert not any("checksum" in note for note in recording.notes)


def test_lists_have_every_record(ecg_data):
    for folder, count in (("ptbxl", 500), ("ludb", 200), ("mitdb", 48), ("brugada", 363)):
        assert len(readers.find_recordings(ecg_data / folder)) == count


@pytest.mark.parametrize(
    ("path", "age", "sex"),
    [
        ("challenge2021/cpsc_2018/A0001", 74, "male"),
        ("ludb/data/1", 51, "female"),
        ("mitdb/100", 69, "male"),
        ("ptbxl/records500/00000/00001_hr", None, None),
    ],
)
def test_age_and_sex(ecg_data, path, age, sex):
    patient = readers.read(ecg_data / path).patient
    assert (patient.age_years, patient.sex) == (age, sex)


@pytest.mark.parametrize("name", ["ecgtk_Example.dcm", "pydicom_waveform_ecg.dcm"])
def test_dicom_agrees_with_an_independent_parser(ecg_data, name):
    known = json.loads((ecg_data / "formats" / "expected.json").read_text(encoding="utf-8"))[name]
    recording = readers.read(ecg_data / "formats" / name)
    assert recording.n_samples == known["n_samples"]
    assert recording.fs_hz == known["fs_hz"]
    for written, first in known["first_mv"].items():
        row = recording.lead(canonical_lead(written) or written)
        assert np.allclose(row[: len(first)], first, atol=1e-6)
    for written, peak in known.get("max_abs_mv", {}).items():
        row = recording.lead(canonical_lead(written) or written)
        assert np.abs(row).max() == pytest.approx(peak, abs=1e-5)
    assert any("median beat" in note.lower() for note in recording.notes)


def test_hemodynamic_dicom_gives_its_ecg_leads_with_a_note(ecg_data):
    recording = readers.read(ecg_data / "formats" / "hemodynamic.dcm")
    assert recording.fs_hz == 240
    assert any("not a diagnostic ECG" in note for note in recording.notes)


def test_a_zip_of_a_real_record_is_the_same(ecg_data):
    from made_files import zipped

    folder = Path(ecg_data) / "ludb" / "data"
    files = {name: (folder / name).read_bytes() for name in ("1.hea", "1.dat", "1_2.dat")}
    direct = readers.read(folder / "1")
    inside = readers.read({"case.zip": zipped(files)})
    assert np.array_equal(direct.signal, inside.signal)
    assert direct.provenance.sha256 == inside.provenance.sha256
