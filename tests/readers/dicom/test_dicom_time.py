"""DICOM: skewed channels, groups of other rates, and what is left out by its name."""

import io

import numpy as np
import pydicom
import pytest
from made_files import FS_HZ, dicom_bytes, dicom_group, truth_mv
from made_pdf import PDF
from pydicom.dataset import Dataset
from reading import has_note, read

from ecgcore import readers
from ecgcore.errors import ReadError, TooLargeError
from ecgcore.leads import STANDARD_12


def group(label: str = "RHYTHM", samples=None, **fields) -> Dataset:
    return dicom_group(truth_mv() if samples is None else samples, label, **fields)


def skewed(keyword: str, values) -> Dataset:
    item = group()
    for definition, value in zip(item.ChannelDefinitionSequence, values, strict=True):
        if value is not None:
            setattr(definition, keyword, value)
    return item


@pytest.mark.parametrize(
    ("keyword", "step"),
    [("ChannelSampleSkew", 1.0), ("ChannelTimeSkew", 1 / FS_HZ), ("ChannelOffset", 1 / FS_HZ)],
)
def test_skewed_channels_stand_at_their_own_time(keyword, step):
    late = [0] * 6 + [0, 1, 2, 3, 4, 5]
    recording = read(dicom_bytes([skewed(keyword, [f"{k * step:g}" for k in late])]))
    assert recording.n_samples == 2005
    for row, truth, k in zip(recording.signal, truth_mv(), late, strict=True):
        assert np.abs(row[k : k + 2000] - truth).max() < 0.0013
        assert np.isnan(row[:k]).all()
        assert np.isnan(row[k + 2000 :]).all()
    assert has_note(recording, "V2, V3, V4, V5 and V6 start up to 10 ms later (skew)")


def test_a_fraction_of_a_sample_is_rounded_and_said():
    half = skewed("ChannelSampleSkew", ["0"] * 11 + ["2.6"])
    recording = read(dicom_bytes([half]))
    assert np.isnan(recording.lead("V6")[:3]).all()
    assert np.isfinite(recording.lead("V6")[3])
    assert has_note(recording, "V6 starts 5.2 ms later (skew); each stands at its own time, to the")
    assert has_note(recording, "(0.8 ms)")
    little = read(dicom_bytes([skewed("ChannelTimeSkew", ["0"] * 11 + ["0.0005"])]))
    assert little.n_samples == 2000
    assert has_note(little, "V6 starts 0.5 ms later (skew), less than half a sample")


def test_a_negative_skew_and_one_that_contradicts_itself():
    early = read(dicom_bytes([skewed("ChannelSampleSkew", ["-2"] + [None] * 11)]))
    assert np.isfinite(early.lead("I")[0])
    assert np.isnan(early.lead("II")[:2]).all()
    both = skewed("ChannelSampleSkew", [None] * 11 + ["4"])
    both.ChannelDefinitionSequence[11].ChannelTimeSkew = "0.1"
    recording = read(dicom_bytes([both]))
    assert np.flatnonzero(np.isfinite(recording.lead("V6")))[0] == 4
    assert has_note(recording, "The skew of V6 is 0.1 s and 4 samples, which do not agree")


@pytest.mark.parametrize("value", ["1e12", "9e307", "-1e9"])
def test_a_skew_that_cannot_be_asks_for_no_memory(value):
    with pytest.raises(TooLargeError):
        read(dicom_bytes([skewed("ChannelSampleSkew", [None] * 11 + [value])]))


def at_rate(keep, fs_hz: float, seconds: float) -> Dataset:
    """A group of some leads at a rate of its own."""
    item = group(samples=np.tile(truth_mv(), (1, 8))[:, : round(seconds * fs_hz)])
    stored = np.frombuffer(item.WaveformData, "<i2").reshape(-1, 12)[:, keep]
    item.ChannelDefinitionSequence = [item.ChannelDefinitionSequence[i] for i in keep]
    item.NumberOfWaveformChannels, item.WaveformData = len(keep), stored.tobytes()
    item.SamplingFrequency = fs_hz
    return item


@pytest.mark.parametrize("swapped", [False, True])
def test_groups_of_another_rate_are_named_with_their_leads(swapped):
    groups = [at_rate([0, 1], 500, 4), at_rate([6, 10], 125, 20)]
    recording = read(dicom_bytes(groups[::-1] if swapped else groups))
    assert (recording.fs_hz, recording.n_samples) == (500, 2000)
    assert set(recording.leads) & {"V1", "V5"} == set()
    assert has_note(recording, "V1 and V5 at 125 Hz, not 500 Hz")


def test_twelve_leads_come_before_a_strip_of_higher_rate():
    groups = [at_rate([1], 1000, 10), at_rate(range(12), 250, 8)]
    recording = read(dicom_bytes(groups))
    assert (recording.fs_hz, recording.leads) == (250, STANDARD_12)
    assert has_note(recording, "was left out: II at 1000 Hz, not 250 Hz")


def test_a_median_beat_is_named_with_its_leads():
    median = group("MEDIAN", truth_mv()[:, :600], originality="DERIVED")
    recording = read(dicom_bytes([median, group()]))
    assert has_note(
        recording, "A median beat (MEDIAN) of 1.2 s in the file was left out: I, II, III"
    )


def with_document(content: bytes) -> bytes:
    dataset = pydicom.dcmread(io.BytesIO(dicom_bytes([])))
    dataset.SOPClassUID = "1.2.840.10008.5.1.4.1.1.104.1"
    dataset.MIMETypeOfEncapsulatedDocument = "application/pdf"
    dataset.EncapsulatedDocument = content + b"\0" * (len(content) % 2)
    stream = io.BytesIO()
    pydicom.dcmwrite(stream, dataset, enforce_file_format=True)
    return stream.getvalue()


def test_the_traces_drawn_in_a_pdf_in_a_dicom_are_read(tmp_path):
    made = next(iter(PDF.values()))(tmp_path)
    (content,) = made.files.values()
    plain = readers.read(made.files, options=made.options)
    recording = readers.read({"a.dcm": with_document(content)}, options=made.options)
    assert np.array_equal(recording.signal, plain.signal, equal_nan=True)
    assert (recording.patient.age_years, recording.patient.sex) == (56, "female")
    assert recording.provenance.sha256 != plain.provenance.sha256
    assert has_note(recording, "The DICOM file contains a PDF and no waveform")


def test_a_document_without_traces_in_a_dicom_is_refused():
    with pytest.raises(ReadError):
        read(with_document(b"%PDF-1.4\n%%EOF\n"))
    with pytest.raises(ReadError, match="of modality ECG, not a waveform; export the"):
        read(with_document(b"plain words "))


@pytest.mark.parametrize(
    ("born", "years"), [("20200415", 20 / 365.25), ("20100505", 10), ("19640102", 56)]
)
def test_the_age_of_a_child_is_told_in_fractions(born, years):
    dataset = pydicom.dcmread(io.BytesIO(dicom_bytes([group()])))
    dataset.PatientAge, dataset.PatientBirthDate = "", born
    stream = io.BytesIO()
    pydicom.dcmwrite(stream, dataset, enforce_file_format=True)
    assert read(stream.getvalue()).patient.age_years == pytest.approx(years, abs=0.003)
