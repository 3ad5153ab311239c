"""SCP-ECG: leads, sections and what real devices do."""

import struct

import numpy as np
import pytest
import scp_builder as b
from made_scp import EIGHT, ecg_steps, hand_held, steps_of
from reading import read

from ecgcore.readers.scp import reader as scp


def test_twelve_recorded_leads_come_in_standard_order():
    names = ("aVF", "aVL", "aVR", "III", "II", "I", "V6", "V5", "V4", "V3", "V2", "V1")
    rows = ecg_steps(12, 300)
    recording = read(b.simple(rows, names))
    assert recording.leads[:6] == ("I", "II", "III", "aVR", "aVL", "aVF")
    assert recording.derived_leads == ()
    assert np.array_equal(np.round(steps_of(recording, names)), rows)


def test_unit_and_rate_come_from_the_file():
    rows = ecg_steps(n=600)
    recording = read(b.simple(rows, EIGHT, step_nv=1000, interval_us=4000))
    assert (recording.fs_hz, recording.unit) == (250.0, "mV")
    assert recording.lead("V6").max() == pytest.approx(rows[7].max() * 1e-3)
    assert recording.provenance.original_gain == "1000 nV per step"
    again = read(b.simple(rows, EIGHT), fs_hz=123.0)
    assert again.fs_hz == 500
    assert any("was not used" in note for note in again.notes)


def test_leads_recorded_one_after_the_other_keep_their_time():
    rows = ecg_steps(4, 200)
    data = b.simple(rows, ("I", "II", "V1", "V2"), coding="none", order=0)
    ranges = [(1, 200), (1, 200), (201, 400), (201, 400)]
    recording = read(b.changed(data, 3, 0, b.lead_table([1, 2, 3, 4], ranges)))
    assert recording.n_samples == 400
    assert np.isnan(recording.lead("V1")[:200]).all()
    assert np.array_equal(np.round(recording.lead("V1")[200:] / 2.5e-3), rows[2])
    assert np.isnan(recording.lead("III")[200:]).all()


def test_recognised_without_its_mark():
    data = b.simple(ecg_steps(n=300), EIGHT)
    plain = data[:16] + bytes(6) + data[22:]
    assert scp.sniff("", data)
    assert scp.sniff("", plain)
    assert np.array_equal(read(plain).signal, read(data).signal)


@pytest.mark.parametrize("other", [b"", b"PK\x03\x04", b"0       ", bytes(200), b"\xff" * 200])
def test_other_content_is_not_recognised(other):
    assert not scp.sniff("a.scp", other)


def test_wrong_checksums_are_noted_not_refused():
    data = b.simple(ecg_steps(n=300), EIGHT)
    at = b.at_section(data, 1)
    recording = read(data[: at + 3] + b"X" + data[at + 4 :])
    assert any("checksum of section 1" in note for note in recording.notes)
    only_file = read(bytes([data[0] ^ 0x55]) + data[1:])
    assert any("file's checksum" in note for note in only_file.notes)
    unset = read(b"\xff\xff" + data[2:])
    assert not any("checksum" in note for note in unset.notes)


def test_zeros_behind_the_record_do_no_harm():
    data = b.simple(ecg_steps(n=300), EIGHT)
    assert read(data + bytes(5000)).notes == read(data).notes
    assert any("after the end" in note for note in read(data + b"more").notes)


@pytest.mark.parametrize("wrong", [17, 400, 10**6, 2**32 - 1])
def test_a_wrong_length_in_the_pointer_is_noted(wrong):
    data = bytearray(b.simple(ecg_steps(n=300), EIGHT))
    struct.pack_into("<I", data, 22 + 60 + 2, wrong)
    recording = read(bytes(data))
    assert recording.n_samples == 300
    assert any("written in two ways" in note for note in recording.notes)


def test_section_6_longer_than_both_lengths_say():
    data = bytearray(b.simple(ecg_steps(n=300), EIGHT))
    at = b.at_section(bytes(data), 6) - 16
    for place in (at + 4, 22 + 60 + 2):
        struct.pack_into("<I", data, place, 500)
    recording = read(bytes(data))
    assert recording.n_samples == 300
    assert any("longer than the file says" in note for note in recording.notes)


def test_raw_samples_without_huffman_section_and_the_reverse():
    rows = ecg_steps(n=300)
    raw = b.simple(rows, EIGHT, coding="none", order=1, more={2: b.huffman_section("default")})
    coded = b.simple(rows, EIGHT, more={2: struct.pack("<H", 0)})
    for data, words in ((raw, "are not Huffman coded"), (coded, "are Huffman coded")):
        recording = read(data)
        assert np.array_equal(np.round(steps_of(recording, EIGHT)), rows)
        assert any(words in note for note in recording.notes)


def test_more_leads_defined_than_announced():
    data = b.simple(ecg_steps(n=300), EIGHT)
    recording = read(b.changed(data, 3, 0, b"\x06"))
    assert recording.leads[-2:] == ("V5", "V6")
    assert any("declares 6 leads and contains 8" in note for note in recording.notes)


def test_lead_without_samples_is_left_out():
    rows = list(ecg_steps(3, 300))
    six = b.signal_section(
        [rows[0], rows[1], np.empty(0, np.int64)],
        step_nv=2500,
        interval_us=2000,
        order=2,
        coding="default",
    )
    recording = read(b.simple(np.stack(rows), ("I", "II", "V1"), more={6: six}))
    assert "V1" not in recording.leads
    assert any("V1 was left out" in note for note in recording.notes)


def test_a_lead_that_ends_early_has_absent_samples():
    rows = ecg_steps(2, 300)
    data = b.simple(rows, ("I", "II"), coding="none", order=0)
    recording = read(b.changed(data, 3, 0, b.lead_table([1, 2], [(1, 310)] * 2)))
    assert np.isnan(recording.lead("I")[300:]).all()
    assert np.array_equal(np.round(recording.lead("I")[:300] / 2.5e-3), rows[0])
    assert any("end earlier" in note for note in recording.notes)


def test_lead_codes():
    rows = ecg_steps(6, 300)
    data = b.simple(rows, EIGHT[:6])
    table = b.lead_table([12, 16, 20, 33, 101, 0], [(1, 300)] * 6)
    recording = read(b.changed(data, 3, 0, table))
    assert recording.leads == ("V4R", "X", "CM5", "V1", "lead code 101", "unspecified lead")
    assert any("V1 was calculated by the device" in note for note in recording.notes)


def test_converter_codes_with_marks_of_a_hand_held_device():
    trace = 2048 + ecg_steps(1, 4500)[0]
    stored = trace.astype("<u2")
    stored[200::400] |= 0x8000
    recording = read(hand_held(stored))
    assert recording.signal.shape == (1, 4500)
    assert recording.fs_hz == pytest.approx(150, abs=0.02)
    assert np.abs(recording.signal[0] - (trace - 2048) * 806e-6).max() < 1e-6
    assert any("R peaks" in note for note in recording.notes)
    assert any("12-bit converter" in note for note in recording.notes)


def test_true_negative_samples_are_no_marks():
    rows = ecg_steps(2, 2000) + 600
    rows[:, 500:510] = -40
    recording = read(b.simple(rows, ("I", "II"), coding="none", order=0))
    assert np.array_equal(np.round(steps_of(recording, ("I", "II"))), rows)


def test_lead_names_of_the_caller():
    recording = read(b.simple(ecg_steps(3, 300), ("I", "II", "V1")), lead_names=("V3", "", "V5"))
    assert recording.leads == ("V3", "V5")


def test_twelve_leads_of_ten_seconds_are_read_whole():
    data = b.simple(ecg_steps(12, 5000), ("I", "II", "III", "aVR", "aVL", "aVF", *EIGHT[2:]))
    assert read(data).signal.shape == (12, 5000)
