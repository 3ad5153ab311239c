"""AliveCor ATC."""

import struct

import numpy as np
import pytest
from made_files import FS_HZ, N_SAMPLES, truth_mv
from made_small import STEP_MV, atc_block, atc_bytes, ishne_bytes, stored_truth
from reading import notes_of, read

from ecgcore.errors import EcgError, ReadError
from ecgcore.leads import STANDARD_12


def test_atc_device_filter_and_start():
    recording = read(atc_bytes(stored_truth(STEP_MV), flags=0b0110110))
    assert recording.start.isoformat() == "2020-05-05T14:50:55"
    assert "triangle" in recording.provenance.device
    assert recording.provenance.device_filter == (
        "mains filter 60 Hz, baseline filter 0.1 Hz, notch 60 Hz"
    )
    assert "2b6f0cc9" not in repr(recording)


def test_atc_single_lead_at_300_hz():
    recording = read(atc_bytes(np.array([[0, 200, -400] * 300]), fs_hz=300, step_nv=500))
    assert recording.leads == ("I",)
    assert recording.fs_hz == 300
    assert recording.signal[0, :3].tolist() == [0, np.float32(0.1), np.float32(-0.2)]


def test_atc_six_leads_are_those_of_the_file():
    recording = read(atc_bytes(stored_truth(STEP_MV)[:6]))
    assert recording.leads == STANDARD_12[:6]
    assert recording.derived_leads == ()


def test_atc_two_leads_give_six():
    recording = read(atc_bytes(stored_truth(STEP_MV)[:2]))
    assert recording.derived_leads == ("III", "aVR", "aVL", "aVF")
    assert np.abs(recording.signal - truth_mv()[:6]).max() < 1e-6


@pytest.mark.parametrize("kind", [b"fmt ", b"ecg ", b"ecg5"])
def test_atc_wrong_checksum_is_refused(kind):
    data = bytearray(atc_bytes(stored_truth(STEP_MV)))
    data[data.index(kind) + 8] ^= 0x10
    with pytest.raises(ReadError, match="checksum"):
        read(bytes(data))


def test_atc_wrong_checksum_of_the_date_is_noted():
    data = bytearray(atc_bytes(stored_truth(STEP_MV)))
    data[data.index(b"info") + 8] ^= 0x1
    assert "checksum" in notes_of(bytes(data))


def test_atc_crc_as_the_specification_words_it():
    import zlib

    data = atc_bytes(stored_truth(STEP_MV)[:1])
    at = data.index(b"ecg ")
    end = at + 8 + 2 * N_SAMPLES
    crc = struct.pack("<I", zlib.crc32(data[at:end]))
    assert read(data[:end] + crc + data[end + 4 :]).n_samples == N_SAMPLES


def test_atc_averaged_beat_and_unknown_blocks_are_no_lead():
    data = atc_bytes(stored_truth(STEP_MV)[:1]) + atc_block(b"xyz!", b"12345678")
    assert read(data).leads == ("I",)


def test_atc_truncated_is_refused():
    data = atc_bytes(stored_truth(STEP_MV))
    with pytest.raises(ReadError, match="truncated"):
        read(data[: data.index(b"ecg7") + 500])


def test_atc_shorter_lead_is_absent_at_its_end():
    data = atc_bytes(stored_truth(STEP_MV)[:1])
    data += atc_block(b"ecg2", stored_truth(STEP_MV)[1, :1900].astype("<i2").tobytes())
    recording = read(data)
    assert np.isnan(recording.lead("II")).sum() == 100
    assert np.isnan(recording.lead("III")).sum() == 100
    assert "II ends before" in " ".join(recording.notes)


@pytest.mark.parametrize(
    "changes", [{"coding": 2}, {"step_nv": 0}, {"fs_hz": 0}], ids=["coding", "step", "rate"]
)
def test_atc_impossible_format(changes):
    with pytest.raises(EcgError):
        read(atc_bytes(stored_truth(STEP_MV), **changes))


def test_atc_absurd_length():
    data = b"ALIVE\0\0\0" + struct.pack("<I", 2) + b"ecg " + struct.pack("<I", 2**32 - 1) + b"12"
    with pytest.raises(ReadError, match="truncated"):
        read(data)
    with pytest.raises(ReadError, match="too many"):
        read(atc_bytes(stored_truth(STEP_MV)), max_samples=1000)


@pytest.mark.parametrize("make", [ishne_bytes, atc_bytes])
def test_rates_that_the_caller_gives_are_not_used(make):
    recording = read(make(stored_truth(STEP_MV)), fs_hz=100)
    assert recording.fs_hz == FS_HZ
    assert "was not used" in " ".join(recording.notes)
