"""What ecgcore writes reads back to the microvolt, without any option."""

from dataclasses import replace
from datetime import datetime

import numpy as np
import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_files import FS_HZ, N_SAMPLES, NAME, truth_mv
from made_small import truth_recording

from ecgcore import readers
from ecgcore.errors import EcgError, InvalidArgumentError
from ecgcore.leads import STANDARD_12
from ecgcore.readers import write_csv, write_dicom, write_wfdb
from ecgcore.recording import Patient, Provenance, Recording

WRITERS = {
    "csv": (lambda r, folder: write_csv(r, folder / "a.csv"), 1e-6),
    "dicom": (lambda r, folder: write_dicom(r, folder / "a.dcm"), 0.00051),
    "wfdb": (lambda r, folder: write_wfdb(r, folder, "a"), 0.00051),
}
TWELVE = "1.2.840.10008.5.1.4.1.1.9.1.1"
GENERAL = "1.2.840.10008.5.1.4.1.1.9.1.2"
AMBULATORY = "1.2.840.10008.5.1.4.1.1.9.1.3"
GENERAL_32 = "1.2.840.10008.5.1.4.1.1.9.1.4"


@pytest.fixture(params=list(WRITERS))
def writer(request):
    return WRITERS[request.param]


def test_reads_back(writer, tmp_path):
    write, tolerance = writer
    recording = truth_recording()
    again = readers.read(write(recording, tmp_path))
    assert again.leads == recording.leads
    assert again.fs_hz == recording.fs_hz
    assert again.unit == "mV"
    assert (again.patient.age_years, again.patient.sex) == (56.0, "female")
    assert np.abs(again.signal - recording.signal).max() <= tolerance


def test_computed_leads_and_simulation_are_still_told(writer, tmp_path):
    write, _ = writer
    names = ("I", "II", "V1")
    told = readers.read({"a.csv": _table(names)})
    assert told.derived_leads == ("III", "aVR", "aVL", "aVF")
    simulated = replace(told, provenance=replace(told.provenance, simulated=True))
    again = readers.read(write(simulated, tmp_path))
    assert again.leads == told.leads
    assert again.derived_leads == told.derived_leads
    assert again.provenance.simulated
    assert any("computed before the file was written" in note for note in again.notes)
    plain = readers.read(write(truth_recording(), tmp_path))
    assert (plain.derived_leads, plain.provenance.simulated) == ((), False)


def _table(names):
    head = "# fs: 500\n# unit: mV\n" + ",".join(names) + "\n"
    rows = truth_mv()[[STANDARD_12.index(name) for name in names]].T
    return (head + "\n".join(",".join(f"{v:.4f}" for v in row) for row in rows)).encode()


def test_absent_samples_stay_absent(writer, tmp_path):
    write, tolerance = writer
    signal = truth_mv()
    signal[1, 3:9] = signal[:, 0] = signal[:, -1] = signal[5] = np.nan
    again = readers.read(write(truth_recording(signal=signal), tmp_path))
    assert np.array_equal(np.isnan(again.signal), np.isnan(signal))
    assert np.nanmax(np.abs(again.signal - signal)) <= tolerance


def test_single_lead_with_absent_ends(writer, tmp_path):
    write, tolerance = writer
    signal = truth_mv()[:1]
    signal[0, :4] = signal[0, -4:] = np.nan
    again = readers.read(write(truth_recording(signal=signal, leads=("V1",)), tmp_path))
    assert again.leads == ("V1",)
    assert np.array_equal(np.isnan(again.signal), np.isnan(signal))
    assert np.nanmax(np.abs(again.signal - signal)) <= tolerance


@pytest.mark.parametrize("fs_hz", [300.0, 512.25, 999.5])
def test_other_rates(writer, tmp_path, fs_hz):
    write, _ = writer
    assert readers.read(write(truth_recording(fs_hz=fs_hz), tmp_path)).fs_hz == fs_hz


def test_names_that_are_no_leads(writer, tmp_path):
    write, _ = writer
    names = ("II (2)", "odd, name", "V1")
    again = readers.read(write(truth_recording(signal=truth_mv()[:3], leads=names), tmp_path))
    assert again.n_leads == 3
    assert again.leads[0] == "II (2)"
    assert again.leads[2] == "V1"


def test_identity_is_written_only_where_kept(writer, tmp_path):
    write, _ = writer
    write(truth_recording(), tmp_path)
    for path in tmp_path.iterdir():
        assert NAME.encode() not in path.read_bytes()


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.floats(-30, 30, width=32), min_size=3, max_size=60),
    st.sampled_from(["csv", "dicom", "wfdb"]),
)
def test_any_samples_read_back(tmp_path_factory, values, kind):
    write, tolerance = WRITERS[kind]
    row = np.array([values], np.float32)
    recording = Recording(signal=row, fs_hz=250, leads=("II",))
    again = readers.read(write(recording, tmp_path_factory.mktemp("w")))
    assert np.abs(again.signal - row).max() <= tolerance


def test_csv_keeps_every_bit_and_nu(tmp_path):
    signal = np.random.default_rng(0).normal(size=(12, 300)).astype(np.float32)
    path = write_csv(truth_recording(signal=signal, unit="NU"), tmp_path / "a.csv")
    again = readers.read(path)
    assert again.unit == "NU"
    assert np.array_equal(again.signal, signal)


def test_csv_names_what_was_computed_and_simulated(tmp_path):
    recording = truth_recording(
        derived_leads=("III",), provenance=Provenance(simulated=True)
    )  # fmt: skip
    text = write_csv(recording, tmp_path / "a.csv").read_text()
    assert "# computed leads: III" in text
    assert "Simulated by ecgcore" in text


def test_dicom_12_lead_object(tmp_path):
    recording = truth_recording(derived_leads=("aVR",))
    dataset = pydicom.dcmread(write_dicom(recording, tmp_path / "a.dcm"))
    assert dataset.SOPClassUID == TWELVE
    assert dataset.Modality == "ECG"
    group = dataset.WaveformSequence[0]
    assert (group.NumberOfWaveformChannels, group.NumberOfWaveformSamples) == (12, N_SAMPLES)
    assert group.WaveformSampleInterpretation == "SS"
    channel = group.ChannelDefinitionSequence[STANDARD_12.index("aVR")]
    assert channel.ChannelSourceSequence[0].CodeValue == "2:62"
    assert channel.ChannelSourceSequence[0].CodingSchemeDesignator == "MDC"
    assert channel.ChannelSensitivityUnitsSequence[0].CodeValue == "uV"
    assert "Computed" in channel.ChannelDerivationDescription
    # pydicom's own decoder sees the same microvolts.
    assert np.abs(dataset.waveform_array(0).T / 1000 - truth_mv()).max() <= 0.00051


@pytest.mark.parametrize(
    ("changes", "storage"),
    [
        ({}, TWELVE),
        ({"signal": np.zeros((12, 20_000))}, GENERAL),
        ({"signal": np.zeros((2, 900)), "leads": ("I", "V1")}, GENERAL),
        ({"fs_hz": 100.0}, AMBULATORY),
        ({"signal": 40 * np.ones((12, 900))}, GENERAL_32),
    ],
)
def test_dicom_object_fits_the_recording(tmp_path, changes, storage):
    recording = truth_recording(**changes)
    path = write_dicom(recording, tmp_path / "a.dcm")
    assert pydicom.dcmread(path).SOPClassUID == storage
    again = readers.read(path)
    assert again.fs_hz == recording.fs_hz
    assert np.abs(again.lead("V1") - recording.lead("V1")).max() <= 0.00051


def test_dicom_identity_age_in_months_and_time(tmp_path):
    patient = Patient(0.5, "male", {"name": f"{NAME} Jane", "identifier": "X7"})
    start = datetime(2020, 5, 5, 14, 50, 55, 250_000)
    path = write_dicom(truth_recording(patient=patient, start=start), tmp_path / "a.dcm")
    dataset = pydicom.dcmread(path)
    assert (str(dataset.PatientName), dataset.PatientID) == (f"{NAME} Jane", "X7")
    again = readers.read(path)
    assert again.patient.age_years == 0.5
    assert again.start == start
    assert again.patient.identity == {}


def test_dicom_without_time_or_patient(tmp_path):
    recording = truth_recording(start=None, patient=Patient())
    again = readers.read(write_dicom(recording, tmp_path / "a.dcm"))
    assert again.start is None
    assert again.patient == Patient()
    assert again.fs_hz == FS_HZ


def test_what_dicom_cannot_hold_is_refused(tmp_path):
    names = tuple(f"lead {i}" for i in range(30))
    for changes, message in (
        ({"unit": "NU"}, "needs a voltage"),
        ({"signal": np.zeros((30, 900)), "leads": names}, "30 leads"),
        ({"fs_hz": 10_000.0}, "10000 Hz"),
        ({"signal": 3e6 * np.ones((12, 900))}, "do not fit"),
    ):
        with pytest.raises(InvalidArgumentError, match=message):
            write_dicom(truth_recording(**changes), tmp_path / "a.dcm")


def test_no_such_folder(tmp_path):
    for write in (write_csv, write_dicom):
        with pytest.raises(EcgError, match="cannot be written to"):
            write(truth_recording(), tmp_path / "none" / "a")
