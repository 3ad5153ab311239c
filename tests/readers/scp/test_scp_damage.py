"""SCP-ECG: what is missing is asked for, what cannot be is refused."""

import struct

import numpy as np
import pytest
import scp_builder as b
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made_scp import EIGHT, beat_record, ecg_steps, longterm, steps_of
from reading import read

from ecgcore.errors import EcgError, MissingInformationError, ReadError, TooLargeError


def test_samples_packed_in_a_makers_own_way_are_refused():
    data = b.simple(ecg_steps(2, 300), ("I", "II"), coding="none", order=0)
    with pytest.raises(ReadError, match="does not know"):
        read(b.changed(data, 3, 0, b.lead_table([1, 2], [(1, 400)] * 2)))


def test_missing_rate_and_unit_are_asked_for_and_taken():
    rows = ecg_steps(2, 300)
    data = b.simple(rows, ("I", "II"), step_nv=0, interval_us=0)
    with pytest.raises(MissingInformationError) as raised:
        read(data)
    assert raised.value.needs == ("fs_hz", "unit")
    recording = read(data, fs_hz=250.0, unit="uV")
    assert recording.fs_hz == 250
    assert np.abs(recording.lead("II") - rows[1] * 1e-3).max() < 1e-6
    assert read(data, fs_hz=250.0, unit="NU").unit == "NU"


def test_reference_beat_of_a_record_without_rate_and_unit():
    rows = np.stack([np.arange(600) // 8, -np.arange(600) // 9])
    template = np.stack([(np.hanning(80) * g).astype(np.int64) for g in (120, 200)])
    zones = b.Zones(160, 41, [(0, 121, 161, 200)], [(121, 200)])
    rows[:, 120:200] += template
    data = b.with_beat(rows, ("I", "II"), template, zones, steps_nv=(5000, 5000))
    for number in (5, 6):
        data = b.changed(data, number, 0, bytes(4))
    with pytest.raises(MissingInformationError):
        read(data)
    recording = read(data, fs_hz=500.0, unit="uV")
    assert np.array_equal(np.round(steps_of(recording, ("I", "II"), 1000)), rows)


@pytest.mark.parametrize(
    ("number", "offset", "new", "words"),
    [
        (3, 0, b"\x00", "defines no lead"),
        (3, 0, b"\xff", "declares 255 leads"),
        (3, 2, struct.pack("<II", 1, 2**32 - 1), "which cannot be"),
        (3, 2, struct.pack("<II", 1, 2**31 - 1), "up to 24000000"),
        (3, 2, struct.pack("<II", 10_000_001, 10_000_300), "too far apart"),
        (6, 4, b"\x07", "method 7"),
        (6, 6, b"\xff\xff", "truncated"),
        (6, 2, struct.pack("<H", 1), "sampling rate"),
        (2, 0, struct.pack("<H", 5), "truncated"),
        (2, 0, struct.pack("<H", 5000), "Huffman tables"),
    ],
)
def test_what_cannot_be_is_one_clear_sentence(number, offset, new, words):
    data = b.simple(ecg_steps(2, 300), ("I", "II"))
    with pytest.raises(ReadError, match=words) as raised:
        read(b.changed(data, number, offset, new))
    assert "\n" not in str(raised.value)
    assert str(raised.value).endswith(".")


@pytest.mark.parametrize("share", [0.01, 0.05, 0.2, 0.5, 0.9])
def test_truncated_files_are_refused(share):
    data = b.simple(ecg_steps(2, 3000), ("I", "II"))
    with pytest.raises(EcgError):
        read(data[: int(share * len(data))])


def test_beat_that_is_missing_or_of_another_rate_is_refused():
    data, _ = beat_record()
    with pytest.raises(ReadError, match="in rate or unit"):
        read(b.changed(data, 5, 2, struct.pack("<H", 3000)))
    at = 22 + 10 * 5
    with pytest.raises(ReadError, match="missing"):
        read(b.refresh(data[: at + 2] + bytes(8) + data[at + 10 :]))


def test_caps_of_the_options():
    data = b.simple(ecg_steps(n=300), EIGHT)
    with pytest.raises(ReadError, match="up to 1000"):
        read(data, max_samples=1000)
    with pytest.raises(TooLargeError):
        read(data, max_bytes=1000)


_MUTANTS = [
    b.simple(ecg_steps(3, 120), ("I", "II", "V1")),
    b.simple(ecg_steps(2, 120), ("I", "II"), coding="own"),
    beat_record(4)[0],
    longterm(3)[0],
]


@given(
    st.sampled_from(_MUTANTS),
    st.lists(st.tuples(st.integers(0, 10**6), st.binary(min_size=1, max_size=4)), max_size=6),
)
@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.too_slow])
def test_mutated_bytes_give_a_recording_or_a_sentence(data, edits):
    out = bytearray(data)
    for place, new in edits:
        at = place % (len(out) - 4)
        out[at : at + len(new)] = new
    try:
        recording = read(bytes(out))
    except EcgError as error:
        sentence = str(error)
    else:
        sentence = "".join(recording.notes)
        assert recording.n_samples >= 1
    assert "\n" not in sentence
