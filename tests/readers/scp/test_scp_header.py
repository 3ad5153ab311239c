"""SCP-ECG: patient, device, statements and measurements."""

import struct
from datetime import datetime

import numpy as np
import pytest
import scp_builder as b
from made_scp import EIGHT, ecg_steps
from reading import read

from ecgcore import readers
from ecgcore.recording import Recording


def test_patient_device_and_filters():
    recording = read(b.simple(ecg_steps(n=300), EIGHT))
    assert (recording.patient.age_years, recording.patient.sex) == (56.0, "female")
    assert recording.patient.identity == {}
    assert recording.start == datetime(2009, 11, 22, 9, 10, 11)
    assert recording.provenance.device == "Mortara ELI250"
    assert recording.provenance.device_filter == "high-pass 0.05 Hz, low-pass 150 Hz, 50 Hz notch"
    shown = repr((recording.notes, recording.provenance, recording.patient))
    assert not any(word in shown for word in ("Doe", "Jane", "ID-77", "serial-7", "1953"))


def test_identity_only_on_purpose():
    recording = read(b.simple(ecg_steps(n=300), EIGHT), keep_identity=True)
    assert recording.patient.identity == {
        "name": "Jane Doe",
        "identifier": "ID-77",
        "birth date": "1953-05-08",
    }


def with_header(*tags: bytes) -> Recording:
    return read(b.simple(ecg_steps(n=300), EIGHT, more={1: b.header(*tags)}), keep_identity=True)


@pytest.mark.parametrize(
    ("tags", "age"),
    [
        ((b.tag(4, struct.pack("<HB", 61, 1)),), 61.0),
        ((b.tag(4, struct.pack("<HB", 18, 2)),), 1.5),
        ((b.tag(4, struct.pack("<HB", 10, 4)),), 0.03),
        ((b.tag(4, struct.pack("<HB", 0, 1)),), None),
        ((b.tag(4, struct.pack("<HB", 61, 0)),), None),
        ((b.tag(4, struct.pack("<HB", 999, 1)),), None),
        ((b.tag(5, bytes(4)), b.tag(25, struct.pack("<HBB", 2009, 1, 1))), None),
        ((b.tag(5, struct.pack("<HBB", 2030, 1, 1)), b.patient()[6]), None),
    ],
)
def test_age(tags, age):
    assert with_header(*tags).patient.age_years == age


def test_dates_that_cannot_be_are_noted():
    recording = with_header(
        b.tag(25, struct.pack("<HBB", 2009, 13, 45)), b.tag(26, bytes([9, 10, 11]))
    )
    assert recording.start is None
    assert any("date of recording" in note for note in recording.notes)
    swapped = with_header(b.tag(25, struct.pack(">HBB", 2019, 8, 8)), b.tag(26, bytes([1, 2, 3])))
    assert swapped.start == datetime(2019, 8, 8, 1, 2, 3)


def test_wrong_length_of_a_fixed_tag_is_repaired():
    broken = bytes([4]) + struct.pack("<H", 9000) + struct.pack("<HB", 44, 1)
    recording = with_header(broken, b.tag(8, b"\x01"))
    assert (recording.patient.age_years, recording.patient.sex) == (44.0, "male")
    assert any("wrong lengths" in note for note in recording.notes)


@pytest.mark.parametrize(
    ("language", "raw", "name"),
    [
        (0, "Müller".encode("latin-1"), "Müller"),
        (0, "Müller".encode(), "Müller"),
        (0x03, "Łódź".encode("iso8859-2"), "Łódź"),
        (0x07, "Łódź".encode("utf-16-le"), "Łódź"),
        (0x13, "Иванов".encode("iso8859-5"), "Иванов"),
        (0, b"<b>x</b>\x07\x1b[31m", "<b>x</b> [31m"),
    ],
)
def test_text_in_the_language_of_the_device(language, raw, name):
    tags = (b.tag(14, b.device(language=language)), b.tag(0, raw + b"\0\0"))
    assert with_header(*tags).patient.identity["name"] == name


def statements(kind: bytes, *texts: bytes) -> bytes:
    out = bytes([1]) + struct.pack("<HBB", 2009, 11, 22) + bytes([9, 12, 0, len(texts)])
    for i, text in enumerate(texts, start=1):
        out += struct.pack("<BH", i, len(kind + text)) + kind + text
    return out


def test_machine_statements_and_measurements():
    seven = struct.pack("<BBHH", 1, 1, 857, 29999)
    seven += struct.pack("<5H3h", 100, 200, 260, 350, 650, 45, -30, 999)
    seven += struct.pack("<Hh", 1200, 900) + bytes([3, 1]) + struct.pack("<HH", 0, 500)
    seven += struct.pack("<H", 2) + bytes(2) + struct.pack("<HHHBH", 70, 29999, 410, 1, 0)
    more = {
        7: seven,
        8: statements(b"", b"Sinus rhythm\0", b"Normal ECG\0second line\0", b"\0"),
        11: statements(b"\x01", b"NSR\0") + b"\0",
    }
    recording = read(b.simple(ecg_steps(n=300), EIGHT, more=more))
    assert recording.provenance.machine_statements == (
        "Sinus rhythm",
        "Normal ECG",
        "second line",
        "NSR",
    )
    assert recording.provenance.machine_measurements == {
        "RR interval": "857 ms",
        "P duration": "100 ms",
        "PR interval": "160 ms",
        "QRS duration": "90 ms",
        "QT interval": "390 ms",
        "P axis": "45 deg",
        "QRS axis": "-30 deg",
        "pacemaker spikes": "1",
        "ventricular rate": "70 /min",
        "QTc (Bazett)": "410 ms",
    }


@pytest.fixture(scope="module")
def example(ecg_data) -> Recording:
    return readers.read(ecg_data / "formats" / "ecgtk_Example.scp")


@pytest.mark.data
def test_same_ecg_in_dicom_is_the_same_to_the_microvolt(example, ecg_data):
    other = readers.read(ecg_data / "formats" / "ecgtk_Example.dcm")
    assert (example.leads, example.fs_hz) == (other.leads, other.fs_hz)
    assert example.signal.shape == other.signal.shape == (12, 5000)
    assert np.abs(example.signal - other.signal).max() < 1e-6
    assert 1.5 < float(np.abs(example.signal).max()) < 2.5


@pytest.mark.data
def test_real_header(example):
    assert example.notes == ()
    assert example.derived_leads == ()
    assert example.start == datetime(2002, 11, 22, 9, 10)
    assert (example.patient.age_years, example.patient.sex) == (49.0, "male")
    assert example.patient.identity == {}
    assert example.provenance.device == "ECGConversion ELI250"
    assert example.provenance.machine_measurements["QRS duration"] == "120 ms"
    assert "Clark" not in repr(example)
