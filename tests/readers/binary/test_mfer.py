"""MFER, clause by clause of ISO 22077-1, on files built here."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_files import N_SAMPLES, truth_mv
from made_small import MFER_CODES, mfer_bytes, stored_truth, tlv
from reading import is_truth, read

from ecgcore.errors import EcgError, MissingInformationError, ReadError, TooLargeError
from ecgcore.readers.binary import mfer_tags
from ecgcore.recording import Recording

STORED = stored_truth(0.00025)
NO_PREAMBLE = len(tlv(0x40, bytes(32)))


def without(data: bytes, tag_and_content: bytes) -> bytes:
    assert tag_and_content in data
    return data.replace(tag_and_content, b"", 1)


@pytest.mark.parametrize("dtype", ["i2", "i4", "f4"])
@pytest.mark.parametrize("little", [True, False])
@pytest.mark.parametrize("block", [1, 100, N_SAMPLES])
def test_types_orders_and_blocks(dtype, little, block):
    assert is_truth(read(mfer_bytes([STORED], dtype=dtype, little=little, block=block)))


def test_unsigned_samples_with_an_offset():
    offset = tlv(0x0D, (-32768).to_bytes(4, "little", signed=True))
    data = mfer_bytes([STORED + 32768], dtype="u2", extra=tlv(0x0D, (0).to_bytes(2, "little")))
    shifted = read(data)
    assert np.abs(shifted.signal - truth_mv() - 8.192).max() < 1e-5
    data = mfer_bytes([STORED + 32768], dtype="i4", extra=offset)
    assert is_truth(read(data))


def test_without_preamble():
    data = mfer_bytes([STORED])[NO_PREAMBLE:]
    assert data[:3] == b"\x01\x01\x01"
    assert is_truth(read(data))


def test_device_filter_start_and_patient():
    recording = read(mfer_bytes([STORED]))
    assert recording.provenance.device == "Maker M1 1.0"
    assert recording.provenance.device_filter == "HPF=0.05"
    assert recording.start.isoformat() == "2020-05-05T14:50:55"
    assert (recording.patient.age_years, recording.patient.sex) == (56, "female")


@pytest.mark.parametrize(
    ("interval", "rate"),
    [
        (b"\x01\xfd\x02\x00", 500.0),
        (b"\x01\xfa\xd0\x07", 500.0),
        (b"\x00\x00\xf4\x01", 500.0),
        (b"\x01\xfd\x04", 250.0),
        (b"\x00\x03\x01\x00\x00\x00", 1000.0),
    ],
)
def test_intervals_and_frequencies(interval, rate):
    data = mfer_bytes([STORED]).replace(tlv(0x0B, b"\x01\xfd\x02\x00"), tlv(0x0B, interval), 1)
    assert read(data).fs_hz == rate


def test_null_value_is_absent():
    stored = STORED.copy()
    stored[2, 5:9] = -32768
    data = mfer_bytes([stored], extra=tlv(0x12, (-32768).to_bytes(2, "little", signed=True)))
    recording = read(data)
    assert np.isnan(recording.lead("III")).nonzero()[0].tolist() == [5, 6, 7, 8]


def test_rate_and_resolution_are_asked_for():
    data = mfer_bytes([STORED])
    with pytest.raises(MissingInformationError) as caught:
        read(without(data, tlv(0x0B, b"\x01\xfd\x02\x00")))
    assert caught.value.needs == ("fs_hz",)
    with pytest.raises(MissingInformationError) as caught:
        read(without(data, tlv(0x0C, b"\x00\xf8\x19\x00")))
    assert caught.value.needs == ("unit",)
    recording = read(without(data, tlv(0x0C, b"\x00\xf8\x19\x00")), unit="uV")
    assert np.abs(recording.signal / 0.001 - STORED).max() < 0.01


def test_eight_leads_are_completed():
    keep = [0, 1, 6, 7, 8, 9, 10, 11]
    data = mfer_bytes([STORED[keep]], codes=[MFER_CODES[i] for i in keep])
    recording = read(data)
    assert is_truth(recording)
    assert recording.derived_leads == ("III", "aVR", "aVL", "aVF")


def test_leads_whose_name_is_unclear_keep_their_name():
    data = mfer_bytes([STORED[:3]], codes=(1, 160, 4166))
    recording = read(data)
    assert recording.leads == ("I", "ECG1")
    assert "impedance respiration was left out" in " ".join(recording.notes)


def test_a_pressure_channel_is_left_out():
    own = tlv(0x09, (143).to_bytes(2, "little")) + tlv(0x0C, b"\x01\x00\x01")
    plain = tlv(0x09, (143).to_bytes(2, "little"))
    data = mfer_bytes([STORED[:2]], codes=(1, 143)).replace(
        bytes([0x3F, 1, len(plain)]) + plain, bytes([0x3F, 1, len(own)]) + own
    )
    recording = read(data)
    assert recording.leads == ("I",)
    assert "left out" in " ".join(recording.notes)


def test_open_ended_attributes():
    plain = tlv(0x09, (2).to_bytes(2, "little"))
    data = mfer_bytes([STORED]).replace(
        bytes([0x3F, 1, len(plain)]) + plain, bytes([0x3F, 1, 0x80]) + plain + b"\0\0"
    )
    assert is_truth(read(data))


def test_frames_are_joined_and_a_dominant_beat_is_left_out():
    data = mfer_bytes([STORED[:, :800], STORED[:, 800:]])
    recording = read(data)
    assert is_truth(recording)
    assert "joined from 2 parts" in " ".join(recording.notes)
    beat = tlv(0x08, b"\x09\x00") + tlv(0x04, (100).to_bytes(4, "little"))
    beat += tlv(0x06, b"\x01") + tlv(0x1E, STORED[:, :100].astype("<i2").tobytes())
    data = mfer_bytes([STORED])[:-2] + beat + b"\x80\0"
    recording = read(data)
    assert is_truth(recording)
    assert "dominant beat" in " ".join(recording.notes)


def test_truncated_samples_are_absent():
    data = mfer_bytes([STORED], block=100)
    recording = read(data[: len(data) - 2 - 240])
    assert np.isnan(recording.signal).sum() == 120
    assert "truncated" in " ".join(recording.notes)
    with pytest.raises(ReadError, match="truncated"):
        read(data[: len(data) // 3])


def test_compressed_samples_are_refused():
    with pytest.raises(ReadError, match="compressed"):
        read(mfer_bytes([STORED], extra=tlv(0x0E, b"\x01\x00") + b""))
    data = mfer_bytes([STORED]).replace(tlv(0x0A, b"\0"), tlv(0x0A, b"\x09"), 1)
    with pytest.raises(ReadError, match="differences"):
        read(data)


@pytest.mark.parametrize("count", [0x7FFFFFFF, 10**8])
def test_absurd_counts_cost_no_memory(count):
    data = mfer_bytes([STORED]).replace(
        tlv(0x06, (20).to_bytes(4, "little")), tlv(0x06, count.to_bytes(4, "little")), 1
    )
    with pytest.raises(TooLargeError, match="declares"):
        read(data)


def test_absurd_channels():
    data = mfer_bytes([STORED]).replace(tlv(0x05, b"\x0c"), tlv(0x05, b"\xff\xff"), 1)
    with pytest.raises(EcgError):
        read(data)
    with pytest.raises(ReadError, match="that is too many"):
        read(mfer_bytes([STORED], extra=bytes([0x3F, 0xFF, 0x7F, 0])))


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=80), st.integers(0, 400))
def test_any_definitions_give_a_recording_or_a_sentence(patch, at):
    data = bytearray(mfer_bytes([STORED[:, :200]]))
    data[35 + at : 35 + at + len(patch)] = patch
    try:
        result: object = read(bytes(data), fs_hz=500, unit="mV")
    except EcgError as error:
        result = error
    assert isinstance(result, Recording) or str(result).endswith(".")


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300))
def test_definitions_never_run_past_the_end(data):
    try:
        for item in mfer_tags.walk_definitions(data):
            assert len(item.content) <= len(data)
    except ReadError:
        pass
