"""DICOM waveforms."""

import datetime
import io

import numpy as np
import pydicom
import pytest
from made_files import FS_HZ, MAKERS, dicom_bytes, dicom_group, truth_mv
from pydicom.dataset import Dataset
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
)
from reading import has_note, read

from ecgcore import readers
from ecgcore.errors import MissingInformationError, ReadError, TooLargeError, UnknownFormatError
from ecgcore.leads import STANDARD_12


def group(label: str = "RHYTHM", samples=None, **fields) -> Dataset:
    return dicom_group(truth_mv() if samples is None else samples, label, **fields)


def test_median_beat_is_never_read_as_rhythm():
    long_median = group("Median Beats", np.tile(truth_mv(), (1, 3)))
    recording = read(dicom_bytes([long_median, group()]))
    assert recording.n_samples == 2000
    assert has_note(recording, "A median beat (Median Beats) of 12 s")
    with pytest.raises(ReadError, match="only a median beat"):
        read(dicom_bytes([long_median]))


def test_the_longest_original_group_is_read():
    parts = [group("A", truth_mv()[:, :1000]), group("B"), group("C", originality="DERIVED")]
    recording = read(dicom_bytes(parts))
    assert recording.n_samples == 2000
    assert has_note(recording, "Another group (A)")
    assert has_note(recording, "Another group (C)")


def test_groups_of_the_same_time_are_read_together():
    first, second = group("limb"), group("chest")
    for item, keep in ((first, slice(0, 6)), (second, slice(6, 12))):
        item.ChannelDefinitionSequence = list(item.ChannelDefinitionSequence)[keep]
        stored = np.frombuffer(item.WaveformData, "<i2").reshape(-1, 12)[:, keep]
        item.NumberOfWaveformChannels, item.WaveformData = 6, stored.tobytes()
    recording = read(dicom_bytes([first, second]))
    assert recording.n_leads == 12
    assert np.abs(recording.signal - truth_mv()).max() < 0.0013


def test_device_filter_start_and_statements():
    recording = readers.read(MAKERS["dicom"](None).files)
    assert recording.provenance.device == "Maker M1"
    assert recording.provenance.device_filter == "0.05-150 Hz"
    assert recording.start == datetime.datetime(2020, 5, 5, 14, 50, 55)


@pytest.mark.parametrize(
    ("code", "dtype", "bits"),
    [("SB", "i1", 8), ("UB", "u1", 8), ("US", "<u2", 16), ("SL", "<i4", 32)],
)
def test_sample_codings(code, dtype, bits):
    item = group()
    stored = np.arange(24000) % 100
    item.WaveformSampleInterpretation, item.WaveformBitsAllocated = code, bits
    item.WaveformData = stored.astype(dtype).tobytes()
    expected = (stored.reshape(-1, 12).T * 2.5 + 100) / 1000
    assert np.allclose(read(dicom_bytes([item])).signal, expected, atol=1e-6)


def test_padding_outside_the_trace_is_absent_and_inside_it_is_not():
    item = group()
    stored = np.frombuffer(item.WaveformData, "<i2").copy()
    stored[:12] = -32768
    item.WaveformData, item.WaveformPaddingValue = stored.tobytes(), np.int16(-32768).tobytes()
    assert np.isnan(read(dicom_bytes([item])).signal[:, 0]).all()
    item = group()
    item.WaveformPaddingValue = np.int16(0).tobytes()
    recording = read(dicom_bytes([item]))
    assert not np.isnan(recording.signal).any()
    assert has_note(recording, "names 0 as the mark")


def test_missing_sensitivity_is_asked_for():
    item = group()
    for definition in item.ChannelDefinitionSequence:
        del definition.ChannelSensitivity
    with pytest.raises(MissingInformationError) as caught:
        read(dicom_bytes([item]))
    assert caught.value.needs == ("unit",)
    assert read(dicom_bytes([item]), unit="uV").n_leads == 12


def test_other_channels_of_a_hemodynamic_object_are_left_out():
    item = group()
    source = item.ChannelDefinitionSequence[11].ChannelSourceSequence[0]
    source.CodeValue, source.CodeMeaning = "109016", "Left ventricular pressure"
    recording = read(dicom_bytes([item], storage="1.2.840.10008.5.1.4.1.1.9.2.1"))
    assert recording.n_leads == 11
    assert has_note(recording, "Left ventricular pressure was left out")
    assert has_note(recording, "not a diagnostic ECG")


def test_truncated_samples_are_refused():
    item = group()
    item.WaveformData = item.WaveformData[:1000]
    with pytest.raises(ReadError, match="truncated: 12 channels of 2000 samples need 48000 bytes"):
        read(dicom_bytes([item]))


def test_a_dicom_without_waveform_says_what_it_is():
    with pytest.raises(ReadError, match="modality ECG, not a waveform"):
        read(dicom_bytes([]))


def in_syntax(syntax, data=None):
    dataset = pydicom.dcmread(io.BytesIO(data or dicom_bytes([group()])))
    dataset.file_meta.TransferSyntaxUID = syntax
    if not syntax.is_little_endian:
        item = dataset.WaveformSequence[0]
        item.WaveformData = np.frombuffer(item.WaveformData, "<i2").astype(">i2").tobytes()
    stream = io.BytesIO()
    pydicom.dcmwrite(stream, dataset, enforce_file_format=True)
    return stream.getvalue()


@pytest.mark.parametrize(
    "syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian]
)
def test_other_transfer_syntaxes(syntax):
    assert np.abs(read(in_syntax(syntax)).signal - truth_mv()).max() < 0.0013


def test_a_deflated_dicom_is_expanded_under_the_limit_only():
    item = group(samples=np.zeros((12, 50_000)))
    data = in_syntax(DeflatedExplicitVRLittleEndian, dicom_bytes([item]))
    assert len(data) < 10_000
    with pytest.raises(TooLargeError, match="expands to more than 1 MB"):
        read(data, max_expanded_bytes=2**20)
    for damaged in (data[:800], data[:600] + b"\xff" * 300):
        with pytest.raises(ReadError, match="damaged or cut off"):
            read(damaged)


def test_without_preamble():
    whole = dicom_bytes([group()])
    meta_end = 144 + int.from_bytes(whole[140:144], "little")
    for data in (whole[128:], whole[132:], whole[meta_end:]):
        recording = read(data)
        assert np.abs(recording.signal - truth_mv()).max() < 0.0013
        assert has_note(recording, "preamble is missing")
    for other in (b"\x08\0" * 50, b"\x08\0\x05\0", b"\x02\0\0\0" + bytes(300)):
        with pytest.raises(UnknownFormatError):
            read(other)


def part(keep, start, n_samples):
    """A group of some leads that was recorded from ``start`` on."""
    item = group(samples=truth_mv()[:, start : start + n_samples])
    stored = np.frombuffer(item.WaveformData, "<i2").reshape(-1, 12)[:, keep]
    item.ChannelDefinitionSequence = [item.ChannelDefinitionSequence[i] for i in keep]
    item.NumberOfWaveformChannels, item.WaveformData = len(keep), stored.tobytes()
    item.MultiplexGroupTimeOffset = str(start * 1000 / FS_HZ)
    return item


@pytest.mark.parametrize("strip", [False, True])
def test_columns_of_a_sheet_stand_at_their_own_time(strip):
    columns = [part(range(3 * k, 3 * k + 3), 500 * k, 500) for k in range(4)]
    recording = read(dicom_bytes([*columns, *([part([1], 0, 2000)] if strip else [])]))
    assert (recording.leads, recording.n_samples) == (STANDARD_12, 2000)
    assert recording.derived_leads == ()
    assert has_note(recording, "at different times")
    for k, row in enumerate(recording.signal):
        there = np.zeros(2000, bool)
        there[slice(None) if strip and k == 1 else slice(k // 3 * 500, k // 3 * 500 + 500)] = True
        assert np.array_equal(np.isfinite(row), there)
        assert np.abs(row[there] - truth_mv()[k, there]).max() < 0.0013


@pytest.mark.parametrize("offset_ms", ["1e12", "-1e12", "9e307", "6e7"])
def test_a_group_far_away_asks_for_no_memory(offset_ms):
    far = part(range(6, 12), 0, 500)
    far.MultiplexGroupTimeOffset = offset_ms
    with pytest.raises(TooLargeError):
        read(dicom_bytes([part(range(6), 0, 500), far]))


def test_fields_that_break_the_rules_are_counted_not_quoted():
    data = dicom_bytes([group()]).replace(b"056Y", b"ZZZZ")
    recording = read(data)
    assert recording.patient.age_years is None
    assert "ZZZZ" not in repr(recording.notes)
    assert recording.fs_hz == FS_HZ
