"""SCP-ECG: tables, streams, reference beat and bimodal compression, made here and undone."""

import struct

import numpy as np
import pytest
import scp_builder as b
from hypothesis import given, settings
from hypothesis import strategies as st
from made_scp import EIGHT, beat_record, ecg_steps, hand_held, longterm, steps_of
from reading import read

from ecgcore.errors import ReadError
from ecgcore.readers.scp import reader as scp
from ecgcore.readers.scp.bimodal import merge_places
from ecgcore.readers.scp.huffman import DEFAULT_TABLES, Code, Table, decode
from ecgcore.readers.scp.streams import undo_differences


def test_example_of_annex_c_decodes():
    data = bytes.fromhex("FF837FE0E6F1536559B65B964B9600")
    values = undo_differences(decode(data, 28, DEFAULT_TABLES, "it").values, 2)
    expected = [13, 14, 15, 14, 16, 18, 19, 20, 22, 22, 23, 23, 23, 22, 22, 20, 17, 15, 12, 8]
    assert values.tolist() == [*expected, 6, 3, 1, 0, -2, -2, -3, -3]


@given(st.lists(st.integers(-32768, 32767), min_size=1, max_size=200), st.sampled_from([0, 1, 2]))
@settings(deadline=None, max_examples=60)
def test_any_16_bit_samples_survive_every_coding(values, order):
    row = np.array(values)
    tables = {"default": DEFAULT_TABLES, "own": scp_tables("own")}
    for coding, used in tables.items():
        packed = b.stream(b.differences(row, order), coding)
        found = decode(packed, len(row), used, "it")
        assert undo_differences(found.values, order).tolist() == values
        assert len(packed) - int(found.end_bits[-1] + 7) // 8 in (0, 1)


def scp_tables(coding: str):
    return scp.read_rhythm.__globals__["parse_tables"](b.huffman_section(coding))


def test_table_whose_codes_begin_each_other_is_refused():
    with pytest.raises(ReadError, match="contradictory"):
        Table([Code(1, 1, 0, 5), Code(2, 2, 0b01, 6)])


def test_a_table_without_codes_is_damage() -> None:
    with pytest.raises(ReadError, match="is empty"):
        Table([]).at(np.zeros(1, dtype=np.uint32))


def test_bits_that_are_no_code_are_refused():
    table = (Table([Code(2, 2, 0b00, 1), Code(2, 2, 0b01, 2)]),)
    with pytest.raises(ReadError, match="damaged"):
        decode(b"\x1f\xff\xff\xff", 100, table, "lead 1")


def test_tables_that_switch_for_ever_end_with_the_data():
    tables = (
        Table([Code(1, 1, 0, 1, True), Code(1, 1, 1, 1, True)]),
        Table([Code(1, 1, 0, 0, True), Code(1, 1, 1, 0, True)]),
    )
    assert len(decode(bytes(5000), 10, tables, "it").values) == 0


@pytest.mark.parametrize("version", [10, 13, 20, 22, 30])
@pytest.mark.parametrize("order", [0, 1, 2])
@pytest.mark.parametrize("coding", ["none", "default", "own"])
def test_every_coding_comes_back_to_the_sample(coding, order, version):
    rows = ecg_steps(n=600)
    recording = read(b.simple(rows, EIGHT, order=order, coding=coding, version=version))
    assert np.array_equal(np.round(steps_of(recording, EIGHT)), rows)
    assert np.abs(steps_of(recording, EIGHT) - rows).max() < 1e-3
    assert recording.fs_hz == 500
    assert recording.derived_leads == ("III", "aVR", "aVL", "aVF")
    assert [note for note in recording.notes if "computed" not in note] == []


@pytest.mark.parametrize("coding", ["none", "default", "own"])
def test_reference_beat_is_added_back(coding):
    data, rows = beat_record(coding=coding)
    recording = read(data)
    assert np.array_equal(np.round(steps_of(recording, ("I", "II"))), rows)
    assert [step.name for step in recording.provenance.steps] == [
        "add reference beat",
        "derive limb leads",
    ]


@pytest.mark.parametrize("coding", ["none", "default"])
@pytest.mark.parametrize("factor", [2, 4])
def test_bimodal_is_exact_in_the_areas_and_close_between(factor, coding):
    data, rows = beat_record(factor, coding)
    recording = read(data)
    assert recording.fs_hz == 500
    found = steps_of(recording, ("I", "II"))
    assert found.shape == rows.shape
    for first, last in ((141, 180), (341, 380), (541, 580)):
        assert np.array_equal(np.round(found[:, first - 1 : last]), rows[:, first - 1 : last])
    assert np.abs(found - rows).max() <= 2
    assert any(f"one of {factor} samples" in note for note in recording.notes)
    assert recording.provenance.steps[0].parameters == {"factor": factor}


def test_bimodal_areas_that_leave_a_rest_keep_their_place():
    data, rows = beat_record(4, "default", areas=((142, 179), (543, 582)))
    found = steps_of(read(data), ("I", "II"))
    assert np.array_equal(np.round(found[:, 141:179]), rows[:, 141:179])
    assert np.array_equal(np.round(found[:, 542:582]), rows[:, 542:582])


def test_areas_are_put_in_order_and_joined():
    areas = merge_places(((50, 60), (10, 20), (15, 30), (55, 58), (61, 62)))
    assert areas.tolist() == [[10, 30], [50, 60], [61, 62]]


@pytest.mark.parametrize("width", [1, 2, 3, 4])
def test_long_term_section_of_version_3(width):
    data, rows = longterm(width)
    recording = read(data)
    assert recording.fs_hz == 250
    assert np.array_equal(np.round(steps_of(recording, ("I", "II"), 5000)), rows)


def test_long_term_section_of_another_layout_is_refused():
    data, _ = longterm(2)
    with pytest.raises(ReadError, match="section 12"):
        read(b.changed(data, 12, 5, struct.pack("<I", 299)))


def test_sections_counted_from_0_and_found_without_table():
    data = b.simple(ecg_steps(n=300), EIGHT)
    shifted = bytearray(data)
    lost = bytearray(data)
    for i in range(1, 12):
        at = 22 + 10 * i
        length, index = struct.unpack_from("<II", data, at + 2)
        struct.pack_into("<I", shifted, at + 6, index - 1 if length else 0)
        struct.pack_into("<II", lost, at + 2, 0, 0)
    assert np.array_equal(read(bytes(shifted)).signal, read(data).signal)
    found = read(bytes(lost))
    assert np.array_equal(found.signal, read(data).signal)
    assert any("table of sections is incomplete" in note for note in found.notes)


def test_prefixes_stored_the_wrong_way_round():
    rows = ecg_steps(n=300)
    data = b.simple(rows, EIGHT, coding="own", more={2: b.huffman_section("own", turned=False)})
    assert np.array_equal(np.round(steps_of(read(data), EIGHT)), rows)


def test_streams_longer_than_their_two_byte_length():
    rows = ecg_steps(2, 40_000)
    recording = read(b.simple(rows, ("I", "II"), coding="none", order=0))
    assert np.array_equal(np.round(steps_of(recording, ("I", "II"))), rows)
    # Noise up to 16 bits takes 26 bits a sample.
    loud = np.random.default_rng(1).integers(-3000, 3000, (2, 30_000))
    recording = read(b.simple(loud, ("I", "II"), order=0))
    assert np.array_equal(np.round(steps_of(recording, ("I", "II"))), loud)


def test_lengths_of_four_bytes_and_padded_streams():
    rows = ecg_steps(3, 301)
    streams = [b.stream(b.differences(row, 2), "default") for row in rows]
    head = struct.pack("<HHBB", 2500, 2000, 2, 0)
    four = head + b"".join(struct.pack("<I", len(s)) for s in streams) + b"".join(streams)
    odd = [s[:-1] if s[-1] == 0 else s for s in streams]
    even = head + b"".join(struct.pack("<H", len(s)) for s in odd)
    even += b"".join(s + bytes(len(s) % 2) for s in odd)
    names = ("I", "II", "V1")
    for body in (four, even):
        recording = read(b.simple(rows, names, more={6: body}))
        assert np.array_equal(np.round(steps_of(recording, names)), rows)


@pytest.mark.parametrize("given_range", [(1, 0), (0, 300), (0, 299)])
def test_ranges_missing_or_counted_from_0_in_raw_records(given_range):
    rows = ecg_steps(2, 300)
    data = b.simple(rows, ("I", "II"), coding="none", order=0)
    recording = read(b.changed(data, 3, 0, b.lead_table([1, 2], [given_range] * 2)))
    assert np.array_equal(np.round(steps_of(recording, ("I", "II"))), rows)


def test_high_byte_first_is_seen_in_a_dummy_table_only():
    trace = ecg_steps(1, 2000)[0] * 20
    recording = read(hand_held(trace.astype(">i2")))
    assert np.abs(recording.signal[0] - trace * 806e-6).max() < 1e-4
    assert any("high byte first" in note for note in recording.notes)
