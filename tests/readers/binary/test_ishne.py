"""ISHNE Holter records."""

import json
import struct

import numpy as np
import pytest
from made_files import N_SAMPLES, truth_mv
from made_small import STEP_MV, ishne_bytes, stored_truth
from reading import notes_of, read

from ecgcore import readers
from ecgcore.errors import MissingInformationError, ReadError
from ecgcore.leads import STANDARD_12


def test_ishne_without_deviation_has_no_note():
    assert read(ishne_bytes(stored_truth(STEP_MV))).notes == ()


def test_ishne_start_device_and_age():
    recording = read(ishne_bytes(stored_truth(STEP_MV)))
    assert recording.start.isoformat() == "2020-05-05T14:50:55"
    assert recording.provenance.device == "digital M1"
    assert (recording.patient.age_years, recording.patient.sex) == (56.0, "female")


def test_ishne_wrong_checksum_is_noted():
    assert "checksum" in notes_of(ishne_bytes(stored_truth(STEP_MV), crc=1))


def test_ishne_checksum_covers_the_text_block():
    data = bytearray(ishne_bytes(stored_truth(STEP_MV), text=b"some remark"))
    assert "checksum" not in notes_of(bytes(data))
    data[525] ^= 1
    assert "checksum" in notes_of(bytes(data))


@pytest.mark.parametrize("announced", [N_SAMPLES * 12, 0, -1])
def test_ishne_other_ways_to_count_samples(announced):
    recording = read(ishne_bytes(stored_truth(STEP_MV), announced=announced))
    assert recording.n_samples == N_SAMPLES
    assert np.abs(recording.signal - truth_mv()).max() < 1e-6


def test_ishne_with_fewer_samples_announced_than_there():
    recording = read(ishne_bytes(stored_truth(STEP_MV), announced=1500))
    assert recording.n_samples == 1500
    assert "1500" in " ".join(recording.notes)


def test_ishne_cut_in_a_frame():
    data = ishne_bytes(stored_truth(STEP_MV))[:-5]
    recording = read(data)
    assert recording.n_samples == N_SAMPLES - 1
    text = " ".join(recording.notes)
    assert "incomplete" in text
    assert "truncated" in text


def test_ishne_absent_samples():
    stored = stored_truth(STEP_MV)
    stored[3, 10:20] = -32768
    recording = read(ishne_bytes(stored))
    assert np.isnan(recording.lead("aVR")).nonzero()[0].tolist() == list(range(10, 20))
    assert not np.isnan(recording.lead("I")).any()


def test_ishne_xyz_and_unknown_leads():
    recording = read(ishne_bytes(stored_truth(STEP_MV)[:4], codes=(2, 3, 4, 0)))
    assert recording.leads == ("X", "Y", "Z", "channel 4")


def test_ishne_quality_and_pacemaker_are_noted():
    text = notes_of(ishne_bytes(stored_truth(STEP_MV)[:2], codes=(5, 6), quality=3, pacemaker=4))
    assert "frequent noise in I and II" in text
    assert "single chamber bipolar pacemaker" in text


def test_ishne_without_rate_or_resolution_is_asked_for():
    with pytest.raises(MissingInformationError) as caught:
        read(ishne_bytes(stored_truth(STEP_MV), fs_hz=0))
    assert caught.value.needs == ("fs_hz",)
    with pytest.raises(MissingInformationError) as caught:
        read(ishne_bytes(stored_truth(STEP_MV), step_nv=0))
    assert caught.value.needs == ("unit",)
    recording = read(ishne_bytes(stored_truth(0.001), step_nv=-9, fs_hz=0), fs_hz=500, unit="uV")
    assert np.abs(recording.signal - truth_mv()).max() <= 0.00051
    assert recording.fs_hz == 500


def test_ishne_resolution_differs_by_lead():
    data = bytearray(ishne_bytes(np.full((2, 1000), 100), codes=(5, 6), step_nv=1000))
    struct.pack_into("<h", data, 206 + 2, 5000)
    recording = read(bytes(data))
    assert recording.lead("I")[0] == np.float32(0.1)
    assert recording.lead("II")[0] == np.float32(0.5)


@pytest.mark.parametrize("n_leads", [0, 13, -1, 30000])
def test_ishne_absurd_number_of_leads(n_leads):
    data = bytearray(ishne_bytes(stored_truth(STEP_MV)))
    struct.pack_into("<h", data, 156, n_leads)
    with pytest.raises(ReadError, match="leads"):
        read(bytes(data))


def test_ishne_too_many_samples():
    with pytest.raises(ReadError, match="up to 1000"):
        read(ishne_bytes(stored_truth(STEP_MV)), max_samples=1000)


def test_ishne_birth_after_recording_gives_no_age():
    recording = read(ishne_bytes(stored_truth(STEP_MV), born=(1, 1, 2024)))
    assert recording.patient.age_years is None
    assert "Birth date" in " ".join(recording.notes)


def test_ishne_annotations_alone_are_named():
    with pytest.raises(ReadError, match="annotation file"):
        read(b"ANN  1.0" + ishne_bytes(stored_truth(STEP_MV))[8:])


@pytest.mark.data
def test_ishne_oracle(ecg_data):
    folder = ecg_data / "formats"
    expected = json.loads((folder / "expected.json").read_text())["ishne_P28.01.ecg"]
    recording = readers.read(folder / "ishne_P28.01.ecg")
    assert (recording.n_leads, recording.n_samples) == (expected["n_leads"], expected["n_samples"])
    assert recording.fs_hz == expected["fs_hz"]
    assert recording.leads == STANDARD_12
    assert recording.lead("I")[0] == np.float32(expected["lead_I_first_mv"])
    i, ii, iii = (recording.lead(name).astype(float) for name in ("I", "II", "III"))
    assert np.abs(iii - (ii - i)).max() < 0.011  # Einthoven holds within two of its 5 uV steps
    assert recording.notes == ()
