"""A recording in another format is the same recording, or what differs is said."""

import io
from dataclasses import replace
from datetime import datetime

import edfio
import numpy as np
import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_files import NAME, truth_mv
from made_small import truth_recording

from ecgcore.errors import EcgError, InvalidArgumentError
from ecgcore.leads import STANDARD_12
from ecgcore.readers import ReadOptions, read, write_edf
from ecgcore.readers.convert import TARGETS, anonymise, convert
from ecgcore.readers.edf.write import make_labels, plan_records
from ecgcore.recording import Patient, Provenance, Recording

FIFTEEN = (*STANDARD_12, "V3R", "V4R", "V7")
RATES_HZ = (100.0, 128.0, 250.0, 360.0, 512.25, 999.5, 1000 / 3, 257.0, 99.97, 128.0123456)
DEVICE, INSTITUTION, IDENTIFIER = "Maker 9 SN-4711-XYZ", "Planted General Hospital", "PID-0815"


def back(made, **options):
    return read(dict(made.files), options=ReadOptions(**options))


@st.composite
def recordings(draw):
    extra = draw(
        st.lists(st.sampled_from(["V1", "MLII", "V3R", "V9", "ECG aux", "odd, name"]), unique=True)
    )
    leads = ("II", *extra)
    n = draw(st.integers(2, 400))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    signal = rng.normal(0, draw(st.sampled_from([0.01, 0.3, 1.5])), (len(leads), n))
    if draw(st.booleans()):
        signal = np.round(signal, 3)
    for _ in range(draw(st.integers(0, 3))):
        first = draw(st.integers(0, n - 1))
        rows = draw(st.sampled_from([slice(None), slice(0, 1)]))
        signal[rows, first : first + draw(st.integers(1, n))] = np.nan
    signal[0, draw(st.integers(0, n - 1))] = 0.25
    age = draw(st.sampled_from([None, 0.0034, 0.115, 1.5, 56.0, 47.3, 93.0]))
    sex = draw(st.sampled_from([None, "female", "male"]))
    start = draw(
        st.sampled_from(
            [None, datetime(2020, 5, 5, 14, 50, 55), datetime(1969, 7, 20, 3, 17, 40, 250_000)]
        )
    )
    unit = draw(st.sampled_from(["mV", "mV", "NU"]))
    fs_hz = draw(st.sampled_from(RATES_HZ))
    return Recording(signal, fs_hz, leads, unit, start, Patient(age, sex))


@given(recordings(), st.sampled_from(list(TARGETS)), st.booleans())
@settings(deadline=None, max_examples=120)
def test_what_is_not_the_same_is_said(recording, to, anonymised):
    if recording.unit == "NU" and to in ("dicom", "edf"):
        with pytest.raises(InvalidArgumentError, match="needs a voltage"):
            convert(recording, to, "a")
        return
    made = convert(recording, to, "a", anonymised=anonymised)
    if anonymised:
        recording, _ = anonymise(recording)
    again, said = back(made), " ".join(made.lost)
    assert again.unit == recording.unit
    assert again.n_samples == recording.n_samples
    assert again.n_leads == recording.n_leads
    assert again.leads == recording.leads or "names" in said
    assert again.fs_hz == pytest.approx(recording.fs_hz, rel=1e-6)
    assert again.fs_hz == pytest.approx(recording.fs_hz, rel=1e-12) or "rate" in said
    assert np.array_equal(np.isnan(again.signal), np.isnan(recording.signal))
    off = np.nanmax(np.abs(again.signal - recording.signal))
    assert off <= half_step_mv(recording, to)
    assert off <= 1e-7 or "Samples are rounded" in said
    assert again.patient.sex == recording.patient.sex
    age = recording.patient.age_years
    assert again.patient.age_years == (age and pytest.approx(age, rel=1e-3)) or " age " in said
    assert again.start == recording.start or "time of the recording" in said
    assert not anonymised or again.start is None


def half_step_mv(recording, to):
    if to == "csv":
        return 0.0
    largest = float(np.nanmax(np.abs(recording.signal)))
    step = 0.001 if to != "edf" else max(0.001, 1.001 * largest / 32_767)
    return 0.5 * step + 2e-7 * largest + 1e-6


def test_fifteen_leads_of_a_child_in_every_format():
    signal = np.vstack([truth_mv(), truth_mv()[6:9] * 0.5])
    recording = truth_recording(signal=signal, leads=FIFTEEN, patient=Patient(0.115, "male"))
    for to in TARGETS:
        made = convert(recording, to, "child")
        again = back(made)
        assert again.leads == FIFTEEN
        assert again.patient.age_years == pytest.approx(0.115, abs=0.5 / 365)
        assert not [s for s in made.lost if "age" in s]


def test_one_microvolt_is_one_step_of_edf_where_that_is_exact():
    steps = np.round(truth_mv(), 3)
    again = back(convert(truth_recording(signal=steps), "edf", "a"))
    assert np.array_equal(again.signal, steps.astype(np.float32))


@pytest.mark.parametrize("largest_mv", [0.0, 0.0123, 2.03456789, 32.7, 40.0, 9_999.0])
def test_a_step_of_edf_is_as_small_as_16_bits_allow(largest_mv, tmp_path):
    row = np.linspace(-largest_mv, 0.77 * largest_mv, 500)[np.newaxis]
    path = write_edf(Recording(row, 250.0, ("II",)), tmp_path / "a.edf")
    signal = edfio.read_edf(path).signals[0]
    off_uv = np.abs(signal.data - 1000 * row[0].astype(np.float32)).max()
    assert off_uv <= 0.5 * max(0.001, 1000.1 * largest_mv / 32_767) + 2e-4 * largest_mv
    assert signal.physical_min == -signal.physical_max


def test_edf_as_others_read_it():
    signal = truth_mv()
    signal[:, 100:130] = signal[6, 500:600] = np.nan
    leads = (*STANDARD_12[:-1], "Kanal 12")
    provenance = Provenance(device="Recorder 5", device_filter="0.05-150 Hz", simulated=True)
    recording = truth_recording(
        signal=signal, leads=leads, derived_leads=("aVR",), provenance=provenance
    )
    made = convert(recording, "edf", "a")
    edf = edfio.read_edf(io.BytesIO(made.files["a.edf"]))
    assert edf.reserved == "EDF+C"
    assert edf.is_continuous
    assert edf.labels == (*(f"ECG {n}" for n in STANDARD_12[:-1]), "ECG Kanal 12")
    assert edf.patient.sex == "F"
    assert edf.patient.name == edf.patient.code == "X"
    assert edf.recording.equipment_code == "Recorder_5"
    one = edf.signals[6]
    assert (one.physical_dimension, one.prefiltering) == ("uV", "0.05-150 Hz")
    assert (one.digital_min, one.digital_max) == (-32_767, 32_767)
    known = ~np.isnan(signal[6])
    assert np.abs(one.data[: signal.shape[1]][known] / 1000 - signal[6][known]).max() < 0.0006
    assert one.data[550] == pytest.approx(one.physical_min)
    found = [(a.onset, a.duration, a.text) for a in edf.annotations]
    assert (0.2, 0.06, "Absent samples: all") in found
    assert (1.0, 0.2, "Absent samples: ECG V1") in found
    assert any("EDF has no absent samples: 460 are written" in s for s in made.lost)
    again = back(made)
    assert again.derived_leads == ("aVR",)
    assert again.provenance.simulated


def test_the_last_record_of_an_edf_is_filled_and_cut_off_again():
    recording = truth_recording(signal=truth_mv()[:, :1234])
    made = convert(recording, "edf", "a")
    edf = edfio.read_edf(io.BytesIO(made.files["a.edf"]))
    assert edf.signals[0].data.size == 1500
    assert back(made).n_samples == 1234
    assert any("266 samples after the end" in s for s in made.lost)


@pytest.mark.parametrize("fs_hz", RATES_HZ)
def test_edf_rates(fs_hz):
    records = plan_records(truth_recording(fs_hz=fs_hz))
    assert len(f"{records.seconds:g}") <= 8
    assert records.fs_hz == pytest.approx(fs_hz, rel=1e-6)
    assert records.samples * 24 <= 61_440 or records.seconds > 1
    assert (truth_mv().shape[1] + records.padding) % records.samples == 0


def test_a_data_record_of_edf_is_not_too_large():
    recording = Recording(np.zeros((40, 4000)), 1000.0, tuple(f"ECG {i}." for i in range(40)))
    records = plan_records(recording)
    assert records.samples * 40 * 2 <= 61_440
    assert records.fs_hz == 1000.0


def test_edf_labels_are_unique_ascii_and_short():
    leads = (
        "II",
        "−aVR",
        "Élévation près du cœur",
        "Élévation près du foie",
        "ekg 7",
        "",
        "V1 (2)",
    )
    labels = make_labels(leads)
    assert labels[0] == "ECG II"
    assert labels[1] == "ECG -aVR"
    assert labels[4] == "ekg 7"
    assert len(set(labels)) == len(labels)
    assert all(label.isascii() and 0 < len(label) <= 16 for label in labels)


def test_what_edf_cannot_hold_is_refused(tmp_path):
    holes = np.zeros((1, 40_000))
    holes[0, ::2] = np.nan
    for changes, message in (
        ({"unit": "NU"}, "EDF needs a voltage"),
        ({"signal": np.full((12, 900), 2e4)}, "do not fit"),
        ({"signal": holes, "leads": ("II",)}, "absent in 20000 stretches"),
    ):
        with pytest.raises(InvalidArgumentError, match=message):
            convert(truth_recording(**changes), "edf", "a")
    with pytest.raises(EcgError, match="cannot be written to"):
        write_edf(truth_recording(), tmp_path / "none" / "a.edf")


def test_annotations_of_another_kind_mark_nothing():
    data = np.zeros(1000)
    texts = ["Absent samples: ECG V9", "Absent samples", "lights off", "Absent samples: "]
    edf = edfio.Edf(
        [edfio.EdfSignal(data, 250, label="ECG V1", physical_dimension="mV")],
        annotations=[edfio.EdfAnnotation(0.5, 1.0, text) for text in texts],
    )
    assert not np.isnan(read({"a.edf": edf.to_bytes()}).signal).any()


def test_an_annotation_beyond_the_end_does_no_harm():
    recording = truth_recording()
    content = bytearray(convert(recording, "edf", "a").files["a.edf"])
    edf = edfio.read_edf(io.BytesIO(bytes(content)))
    far = [(900.0, 5.0, "Absent samples: all"), (-3.0, 1.0, "Absent samples: all")]
    edf.add_annotations([edfio.EdfAnnotation(*one) for one in far])
    again = read({"a.edf": edf.to_bytes()})
    assert np.isnan(again.signal).mean() <= 0.6
    assert again.n_samples == recording.n_samples


# ---- identity -------------------------------------------------------------------------------


def identified() -> Recording:
    leads = (*STANDARD_12[:-1], f"{NAME} Jane")
    return truth_recording(
        leads=leads,
        patient=Patient(93.4, "female", {"name": f"{NAME}^Jane", "identifier": IDENTIFIER}),
        start=datetime(2019, 11, 23, 21, 43, 17),
        provenance=Provenance(
            device=DEVICE,
            device_filter=f"as set at {INSTITUTION}",
            machine_statements=(f"Seen by Dr. {NAME}",),
            machine_measurements={"comment": INSTITUTION},
        ),
        notes=(f"{NAME} stands more than once.",),
        derived_leads=("III",),
    )


def header_text(to: str, files: dict[str, bytes]) -> bytes:
    """All that is neither a sample nor a random UID: in those, four digits may stand by chance."""
    content = b"\n".join(files.values())
    if to == "edf":
        return content[: 256 * 16]
    if to == "wfdb":
        return files["ecg-0001.hea"]
    if to == "csv":
        return b"\n".join(content.splitlines()[:12])
    dataset = pydicom.dcmread(io.BytesIO(content))
    meant = [
        element
        for element in [*dataset.file_meta, *dataset.iterall()]
        if element.VR not in ("UI", "OB", "OW", "SQ")
    ]
    return "\n".join(f"{element.name}: {element.value}" for element in meant).encode()


@pytest.mark.parametrize("to", list(TARGETS))
def test_nothing_planted_is_found_in_the_bytes(to):
    made = convert(identified(), to, "ecg-0001", anonymised=True)
    content = b"\n".join(made.files.values())
    planted = [NAME, "Jane", IDENTIFIER, DEVICE, "4711", INSTITUTION, "Dr.", "2143", "21:43"]
    planted += ["2019", "20191123", "23.11.19", "23-NOV-2019", "1926"]
    text = header_text(to, made.files)
    for word in planted:
        if len(word) > 4:
            assert word.encode() not in content
        assert word.encode() not in text, word
    again = back(made, keep_identity=True)
    assert (again.patient.age_years, again.patient.sex) == (90.0, "female")
    assert set(again.patient.identity.values()) <= {"ecg-0001"}
    assert again.start is None
    assert again.leads[:11] == STANDARD_12[:11]
    assert again.derived_leads == ("III",)
    assert np.nanmax(np.abs(again.signal - identified().signal)) <= 0.00051


def test_dicom_says_that_identity_was_removed_and_has_no_private_element():
    first, second = (
        pydicom.dcmread(
            io.BytesIO(convert(identified(), "dicom", "a", anonymised=True).files["a.dcm"])
        )
        for _ in range(2)
    )
    assert first.PatientIdentityRemoved == "YES"
    assert (str(first.PatientName), first.PatientID, first.PatientBirthDate) == ("", "", "")
    assert first.PatientAge == "090Y"
    assert not [element for element in first.iterall() if element.tag.is_private]
    for name in ("SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID"):
        assert getattr(first, name) != getattr(second, name)
    assert "PatientIdentityRemoved" not in pydicom.dcmread(
        io.BytesIO(convert(truth_recording(), "dicom", "a").files["a.dcm"])
    )


def test_what_was_removed_is_said_without_its_value():
    kept, removed = anonymise(identified())
    said = " ".join(removed)
    assert len(removed) == 6
    for word in (NAME, IDENTIFIER, DEVICE, INSTITUTION, "2019", "93"):
        assert word not in said
    assert kept.notes == ()
    assert kept.provenance.machine_statements == ()
    assert kept.provenance.steps[-1].name == "anonymise"


def test_nothing_is_said_where_nothing_was_removed():
    plain = truth_recording(start=None, patient=Patient(89.0, "male"))
    kept, removed = anonymise(plain)
    assert removed == ()
    assert kept.patient == plain.patient
    assert kept.leads == plain.leads


def test_numbers_and_standard_names_stay():
    leads = ("II", "V3R", "X", "Y", "Z", "MLII", "ECG 1", "channel 12", "II (2)", "ECG", "Ann B")
    kept, _ = anonymise(Recording(np.ones((11, 9)), 100.0, leads))
    assert kept.leads == (*leads[:-1], "unnamed ECG 11")


def test_identity_that_was_kept_goes_into_no_file_but_dicom():
    recording = replace(identified(), leads=STANDARD_12)
    for to in ("wfdb", "csv", "edf"):
        content = b"".join(convert(recording, to, "a").files.values())
        assert NAME.encode() not in content
        assert IDENTIFIER.encode() not in content
