"""SCP-ECG records: against other formats of the same ECG, and against records made here."""

import struct
from datetime import datetime

import numpy as np
import pytest
import scp_builder as b
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ecgcore import readers
from ecgcore.errors import EcgError, MissingInformationError, ReadError, TooLargeError
from ecgcore.readers import ReadOptions, scp
from ecgcore.readers.scp_bimodal import merged
from ecgcore.readers.scp_huffman import DEFAULT_TABLES, Code, Table, decode
from ecgcore.readers.scp_streams import undo_differences
from ecgcore.recording import Recording

EIGHT = ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6")


def ecg_steps(n_leads: int = 8, n: int = 1500, seed: int = 0) -> np.ndarray:
    """A made-up trace in steps of 2.5 uV, with steep beats, some of them off the 8-bit codes."""
    rng = np.random.default_rng(seed)
    t = np.arange(n) / 500
    beat = np.exp(-(((t % 0.8) - 0.3) ** 2) / 2 / 0.008**2)
    rows = [(60 * (k + 1)) * beat * (-1) ** k + 20 * np.sin(t + k) for k in range(n_leads)]
    return np.round(np.stack(rows) + rng.normal(0, 1, (n_leads, n))).astype(np.int64)


def read(data: bytes, **options) -> Recording:
    return readers.read({"a.scp": data}, options=ReadOptions(**options))


def steps_of(recording: Recording, names, step_nv: int = 2500) -> np.ndarray:
    rows = np.stack([recording.lead(name) for name in names])
    return rows.astype(np.float64) / (step_nv * 1e-6)


# ---- the standard's own example, and tables


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


# ---- round trips


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
    assert recording.provenance.original_gain == "1000 nV a step"
    again = read(b.simple(rows, EIGHT), fs_hz=123.0)
    assert again.fs_hz == 500
    assert any("was not used" in note for note in again.notes)


def beat_record(factor: int = 1, coding: str = "default", areas=((141, 180), (541, 580))):
    """Two beats of type 0 and one of another type over a slow, straight ground."""
    n = 1000
    t = np.arange(n)
    template = np.stack([(np.hanning(80) * g).astype(np.int64) for g in (120, 200)])
    zones = b.Zones(
        length_ms=160,
        fiducial=41,
        zones=[(0, 121, 161, 200), (1, 0, 361, 0), (0, 521, 561, 600)],
        areas=[areas[0], (341, 380), areas[1]],
    )
    rows = np.stack([t // 8 - 60, 40 - t // 10]).astype(np.int64)
    for start in (120, 520):
        rows[:, start : start + 80] += 2 * template
    rows[:, 340:380] += np.round(90 * np.hanning(40)).astype(np.int64)
    data = b.with_beat(rows, ("I", "II"), template, zones, factor=factor, coding=coding)
    return data, rows


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
    areas = merged(((50, 60), (10, 20), (15, 30), (55, 58), (61, 62)))
    assert areas.tolist() == [[10, 30], [50, 60], [61, 62]]


def test_leads_recorded_one_after_the_other_keep_their_time():
    rows = ecg_steps(4, 200)
    data = b.simple(rows, ("I", "II", "V1", "V2"), coding="none", order=0)
    ranges = [(1, 200), (1, 200), (201, 400), (201, 400)]
    recording = read(b.changed(data, 3, 0, b.lead_table([1, 2, 3, 4], ranges)))
    assert recording.n_samples == 400
    assert np.isnan(recording.lead("V1")[:200]).all()
    assert np.array_equal(np.round(recording.lead("V1")[200:] / 2.5e-3), rows[2])
    assert np.isnan(recording.lead("III")[200:]).all()


def longterm(width: int, codes=(1, 2)) -> tuple[bytes, np.ndarray]:
    rows = ecg_steps(len(codes), 300)
    if width == 1:
        rows = np.clip(rows, -128, 127)
    fixed = struct.pack("<IBIB", 250, len(codes), 300, width).ljust(62, b"\0")
    leads = b"".join(struct.pack("<BHB", code, 5000, 0) for code in codes)
    samples = b"".join(int(v).to_bytes(width, "little", signed=True) for v in rows.T.ravel())
    body = fixed + struct.pack("<II", 3, 2) + b"abcde" + leads + samples
    return b.record({1: b.header(*b.patient()), 12: body}, 30), rows


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


# ---- patient, device, statements


def test_patient_device_and_filters():
    recording = read(b.simple(ecg_steps(n=300), EIGHT))
    assert (recording.patient.age_years, recording.patient.sex) == (56.0, "female")
    assert recording.patient.identity == {}
    assert recording.start == datetime(2009, 11, 22, 9, 10, 11)
    assert recording.provenance.device == "Mortara ELI250"
    assert recording.provenance.device_filter == "high-pass 0.05 Hz, low-pass 150 Hz, 50 Hz notch"
    shown = repr((recording.notes, recording.provenance, recording.patient))
    assert not any(word in shown for word in ("Doe", "Jane", "ID-77", "serial-7", "1953"))


def test_identity_only_on_purpose():
    recording = read(b.simple(ecg_steps(n=300), EIGHT), keep_identity=True)
    assert recording.patient.identity == {
        "name": "Jane Doe",
        "identifier": "ID-77",
        "birth date": "1953-05-08",
    }


def with_header(*tags: bytes) -> Recording:
    return read(b.simple(ecg_steps(n=300), EIGHT, more={1: b.header(*tags)}), keep_identity=True)


@pytest.mark.parametrize(
    ("tags", "age"),
    [
        ((b.tag(4, struct.pack("<HB", 61, 1)),), 61.0),
        ((b.tag(4, struct.pack("<HB", 18, 2)),), 1.5),
        ((b.tag(4, struct.pack("<HB", 10, 4)),), 0.03),
        ((b.tag(4, struct.pack("<HB", 0, 1)),), None),
        ((b.tag(4, struct.pack("<HB", 61, 0)),), None),
        ((b.tag(4, struct.pack("<HB", 999, 1)),), None),
        ((b.tag(5, bytes(4)), b.tag(25, struct.pack("<HBB", 2009, 1, 1))), None),
        ((b.tag(5, struct.pack("<HBB", 2030, 1, 1)), b.patient()[6]), None),
    ],
)
def test_age(tags, age):
    assert with_header(*tags).patient.age_years == age


def test_dates_that_cannot_be_are_noted():
    recording = with_header(
        b.tag(25, struct.pack("<HBB", 2009, 13, 45)), b.tag(26, bytes([9, 10, 11]))
    )
    assert recording.start is None
    assert any("date of recording" in note for note in recording.notes)
    swapped = with_header(b.tag(25, struct.pack(">HBB", 2019, 8, 8)), b.tag(26, bytes([1, 2, 3])))
    assert swapped.start == datetime(2019, 8, 8, 1, 2, 3)


def test_wrong_length_of_a_fixed_tag_is_repaired():
    broken = bytes([4]) + struct.pack("<H", 9000) + struct.pack("<HB", 44, 1)
    recording = with_header(broken, b.tag(8, b"\x01"))
    assert (recording.patient.age_years, recording.patient.sex) == (44.0, "male")
    assert any("wrong lengths" in note for note in recording.notes)


@pytest.mark.parametrize(
    ("language", "raw", "name"),
    [
        (0, "Müller".encode("latin-1"), "Müller"),
        (0, "Müller".encode(), "Müller"),
        (0x03, "Łódź".encode("iso8859-2"), "Łódź"),
        (0x07, "Łódź".encode("utf-16-le"), "Łódź"),
        (0x13, "Иванов".encode("iso8859-5"), "Иванов"),
        (0, b"<b>x</b>\x07\x1b[31m", "<b>x</b> [31m"),
    ],
)
def test_text_in_the_language_of_the_device(language, raw, name):
    tags = (b.tag(14, b.device(language=language)), b.tag(0, raw + b"\0\0"))
    assert with_header(*tags).patient.identity["name"] == name


def statements(kind: bytes, *texts: bytes) -> bytes:
    out = bytes([1]) + struct.pack("<HBB", 2009, 11, 22) + bytes([9, 12, 0, len(texts)])
    for i, text in enumerate(texts, start=1):
        out += struct.pack("<BH", i, len(kind + text)) + kind + text
    return out


def test_machine_statements_and_measurements():
    seven = struct.pack("<BBHH", 1, 1, 857, 29999)
    seven += struct.pack("<5H3h", 100, 200, 260, 350, 650, 45, -30, 999)
    seven += struct.pack("<Hh", 1200, 900) + bytes([3, 1]) + struct.pack("<HH", 0, 500)
    seven += struct.pack("<H", 2) + bytes(2) + struct.pack("<HHHBH", 70, 29999, 410, 1, 0)
    more = {
        7: seven,
        8: statements(b"", b"Sinus rhythm\0", b"Normal ECG\0second line\0", b"\0"),
        11: statements(b"\x01", b"NSR\0") + b"\0",
    }
    recording = read(b.simple(ecg_steps(n=300), EIGHT, more=more))
    assert recording.provenance.machine_statements == (
        "Sinus rhythm",
        "Normal ECG",
        "second line",
        "NSR",
    )
    assert recording.provenance.machine_measurements == {
        "RR interval": "857 ms",
        "P duration": "100 ms",
        "PR interval": "160 ms",
        "QRS duration": "90 ms",
        "QT interval": "390 ms",
        "P axis": "45 deg",
        "QRS axis": "-30 deg",
        "pacemaker spikes": "1",
        "ventricular rate": "70 /min",
        "QTc (Bazett)": "410 ms",
    }


# ---- what real devices do


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
    assert any("behind the end" in note for note in read(data + b"more").notes)


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


def test_more_leads_defined_than_announced():
    data = b.simple(ecg_steps(n=300), EIGHT)
    recording = read(b.changed(data, 3, 0, b"\x06"))
    assert recording.leads[-2:] == ("V5", "V6")
    assert any("announces 6 leads and holds 8" in note for note in recording.notes)


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


@pytest.mark.parametrize("given_range", [(1, 0), (0, 300), (0, 299)])
def test_ranges_missing_or_counted_from_0_in_raw_records(given_range):
    rows = ecg_steps(2, 300)
    data = b.simple(rows, ("I", "II"), coding="none", order=0)
    recording = read(b.changed(data, 3, 0, b.lead_table([1, 2], [given_range] * 2)))
    assert np.array_equal(np.round(steps_of(recording, ("I", "II"))), rows)


def test_lead_codes():
    rows = ecg_steps(6, 300)
    data = b.simple(rows, EIGHT[:6])
    table = b.lead_table([12, 16, 20, 33, 101, 0], [(1, 300)] * 6)
    recording = read(b.changed(data, 3, 0, table))
    assert recording.leads == ("V4R", "X", "CM5", "V1", "lead code 101", "unspecified lead")
    assert any("V1 was calculated by the device" in note for note in recording.notes)


def hand_held(samples: np.ndarray) -> bytes:
    """A single lead as the PC-80B and its kin store it."""
    dummy = struct.pack("<HH", 1, 1) + struct.pack("<BBBhI", 0, 16, 1, 0, 0)
    six = struct.pack("<HHBBH", 806, 6666, 0, 0, 2 * len(samples)) + samples.tobytes()
    bodies = {1: b.header(), 2: dummy, 3: b.lead_table([101], [(1, len(samples))]), 6: six}
    return b.record(bodies, 13)


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


def test_high_byte_first_is_seen_in_a_dummy_table_only():
    trace = ecg_steps(1, 2000)[0] * 20
    recording = read(hand_held(trace.astype(">i2")))
    assert np.abs(recording.signal[0] - trace * 806e-6).max() < 1e-4
    assert any("high byte first" in note for note in recording.notes)


def test_true_negative_samples_are_no_marks():
    rows = ecg_steps(2, 2000) + 600
    rows[:, 500:510] = -40
    recording = read(b.simple(rows, ("I", "II"), coding="none", order=0))
    assert np.array_equal(np.round(steps_of(recording, ("I", "II"))), rows)


def test_samples_packed_in_a_makers_own_way_are_refused():
    data = b.simple(ecg_steps(2, 300), ("I", "II"), coding="none", order=0)
    with pytest.raises(ReadError, match="does not know"):
        read(b.changed(data, 3, 0, b.lead_table([1, 2], [(1, 400)] * 2)))


# ---- what is missing is asked for, what cannot be is refused


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
        (3, 0, b"\xff", "announces 255 leads"),
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
    with pytest.raises(ReadError, match="another rate"):
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


def test_lead_names_of_the_caller():
    recording = read(b.simple(ecg_steps(3, 300), ("I", "II", "V1")), lead_names=("V3", "", "V5"))
    assert recording.leads == ("V3", "V5")


def test_twelve_leads_of_ten_seconds_are_read_whole():
    data = b.simple(ecg_steps(12, 5000), ("I", "II", "III", "aVR", "aVL", "aVF", *EIGHT[2:]))
    assert read(data).signal.shape == (12, 5000)


# ---- hostile bytes

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


# ---- real recording


@pytest.fixture(scope="module")
def example(ecg_data) -> Recording:
    return readers.read(ecg_data / "formats" / "ecgtk_Example.scp")


@pytest.mark.data
def test_same_ecg_in_dicom_is_the_same_to_the_microvolt(example, ecg_data):
    other = readers.read(ecg_data / "formats" / "ecgtk_Example.dcm")
    assert (example.leads, example.fs_hz) == (other.leads, other.fs_hz)
    assert example.signal.shape == other.signal.shape == (12, 5000)
    assert np.abs(example.signal - other.signal).max() < 1e-6
    assert 1.5 < float(np.abs(example.signal).max()) < 2.5


@pytest.mark.data
def test_real_header(example):
    assert example.notes == ()
    assert example.derived_leads == ()
    assert example.start == datetime(2002, 11, 22, 9, 10)
    assert (example.patient.age_years, example.patient.sex) == (49.0, "male")
    assert example.patient.identity == {}
    assert example.provenance.device == "ECGConversion ELI250"
    assert example.provenance.machine_measurements["QRS duration"] == "120 ms"
    assert "Clark" not in repr(example)
