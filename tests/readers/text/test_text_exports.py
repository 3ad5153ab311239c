"""What recorders and tools export as text: rdsamp, Polar, LabChart, OpenSignals, German tables."""

import json
import re

import numpy as np
import pytest
from made_text import clock, labchart_text, opensignals_text, rdsamp_text
from reading import has_note, read

from ecgcore.errors import MissingInformationError, ReadError, UnknownFormatError

X = np.round(np.random.default_rng(0).normal(0, 0.3, 900), 3)


def rows(*columns, sep: str = ",") -> str:
    return "\n".join(sep.join(map(str, row)) for row in zip(*columns, strict=True)) + "\n"


# ---- time


@pytest.mark.parametrize("fs_hz", [128, 250, 257, 360, 1000])
@pytest.mark.parametrize("sep", [",", "\t"])
def test_elapsed_time_of_rdsamp(fs_hz, sep):
    text = rdsamp_text(np.stack([X, X]), ("MLII", "V5"), fs_hz=fs_hz).replace(",", sep)
    recording = read(text)
    assert recording.leads == ("MLII", "V5")
    assert recording.fs_hz == fs_hz
    assert np.allclose(recording.signal, X, atol=1e-6)


def test_times_over_an_hour_and_over_midnight():
    assert clock(3723.5) == "1:02:03.500"
    long = [clock(3599 + i / 100) for i in range(len(X))]
    assert read(f"'Elapsed time','II'\n'hh:mm:ss.mmm','mV'\n{rows(long, X)}").fs_hz == 100
    late = [f"[{clock((86399 + i / 100) % 86400)} 28/11/2026]" for i in range(len(X))]
    assert (
        read(f"'Time and date','II'\n'hh:mm:ss.mmm dd/mm/yyyy','mV'\n{rows(late, X)}").fs_hz == 100
    )


@pytest.mark.parametrize(("unit", "per_s"), [("minutes", 1 / 60), ("hours", 1 / 3600), ("ns", 1e9)])
def test_units_of_time(unit, per_s):
    times = [f"{i / 250 * per_s:.12g}" for i in range(len(X))]
    assert read(f"Elapsed time,II\n{unit},mV\n{rows(times, X)}").fs_hz == pytest.approx(250, 1e-4)


def test_an_iso_clock_beside_the_date():
    times = [f"10:15:0{i / 250:.3f}" for i in range(len(X))]
    stamps = [f"2026-11-28T{time}Z" for time in times]
    assert read(f"timestamp,ECG (mV)\n{rows(stamps, X)}").fs_hz == 250
    assert read(f"Date,Time,ECG (mV)\n{rows(['28.11.2026'] * len(X), times, X)}").fs_hz == 250


def packets(n: int = 50, step: int = 200) -> np.ndarray:
    return np.arange(len(X)) // n * step


def test_what_the_user_states_wins_over_repeated_times():
    text = f"timestamp_ms,ecg_uV\n{rows(packets(), 1000 * X)}"
    with pytest.raises(
        MissingInformationError, match=r"50 samples have the time 0.*250 Hz"
    ) as caught:
        read(text)
    assert caught.value.needs == ("fs_hz",)
    recording = read(text, fs_hz=250)
    assert recording.fs_hz == 250
    assert np.allclose(recording.signal, X, atol=1e-6)
    assert has_note(recording, "repeats its times")
    assert has_note(recording, "entered by the user: 250 Hz")


@pytest.mark.parametrize(
    "times", [-np.arange(900), np.arange(900) % 300, np.where(np.arange(900) < 400, 0, 500)]
)
def test_what_the_user_states_wins_over_any_broken_time(times):
    text = f"time (ms),II (mV)\n{rows(4 * times, X)}"
    with pytest.raises(MissingInformationError) as caught:
        read(text)
    assert caught.value.needs == ("fs_hz",)
    recording = read(text, fs_hz=250)
    assert recording.fs_hz == 250
    assert has_note(recording, "the column was not used")


def test_a_good_time_column_beside_a_broken_one_is_enough():
    phone = ["2026-11-28T10:15:00.000"] * len(X)
    sensor = 599_626_800_123_456_789 + 4_000_000 * np.arange(len(X))
    head = "Phone timestamp;sensor timestamp [ns];timestamp [ms];ecg [uV]\n"
    text = head + rows(phone, sensor, 4 * np.arange(len(X)), 1000 * X, sep=";")
    recording = read(text)
    assert recording.leads == ("ecg",)
    assert recording.fs_hz == 250
    assert np.allclose(recording.signal, X, atol=1e-6)


# ---- cells


def german(sep: str, quote: str = "") -> str:
    def cell(value: float) -> str:
        return quote + f"{value:.3f}".replace(".", ",") + quote

    head = sep.join(f"{quote}{name}{quote}" for name in ("Zeit (s)", "I (mV)", "V1 (mV)"))
    lines = (sep.join(map(cell, (i / 250, x, -x))) for i, x in enumerate(X))
    return "\n".join([head, *lines]) + "\n"


def test_a_comma_for_two_things_is_refused_and_named():
    for text in (german(","), german(", "), german(",").partition("\n")[2]):
        with pytest.raises(ReadError, match="comma is both decimal sign and column separator"):
            read(text, "t.csv", fs_hz=250, unit="mV")


@pytest.mark.parametrize(("sep", "quote"), [(";", ""), ("\t", ""), (",", '"'), (";", '"')])
def test_a_comma_for_one_thing_is_read(sep, quote):
    recording = read(german(sep, quote))
    assert recording.leads == ("I", "V1")
    assert recording.fs_hz == 250
    assert np.allclose(recording.lead("V1"), -X)


@pytest.mark.parametrize(("sep", "quote"), [(";", '"'), (",", ""), ("\t", "")])
@pytest.mark.parametrize("gap", [" ", ""])
def test_units_in_cells(sep, quote, gap):
    cells = (
        [f"{quote}{4 * i}{gap}ms{quote}", f"{quote}{1000 * x:.0f}{gap}uV{quote}"]
        for i, x in enumerate(X)
    )
    recording = read(f"Time{sep}Lead II\n" + "\n".join(map(sep.join, cells)))
    assert recording.leads == ("II",)
    assert recording.fs_hz == 250
    assert np.allclose(recording.signal, X, atol=1e-6)


@pytest.mark.parametrize("cell", ["12 uV", "0.1 Volt", "~0.2~", "0,2"])
def test_a_cell_that_differs_is_named(cell):
    cells = [f"{x:.3f} mV" for x in X]
    cells[99] = cell
    with pytest.raises(ReadError, match=r"Line 101, column 2 contains"):
        read("Time;II\n" + rows([f"{4 * i} ms" for i in range(len(X))], cells, sep=";"))


def test_numbers_may_be_names():
    recording = read("time (s),1,2,3\n" + rows(np.arange(len(X)) / 250, X, X, X), unit="mV")
    assert recording.leads == ("1", "2", "3")


def test_glued_names():
    head = "time_s,leadI,leadII,leadaVR,ecgV1\n"
    text = head + rows(np.arange(len(X)) / 500, X, 2 * X, 3 * X, X)
    with pytest.raises(MissingInformationError) as caught:
        read(text)
    assert caught.value.needs == ("unit",)
    recording = read(text, unit="mV")
    assert recording.leads == ("I", "II", "III", "aVR", "aVL", "aVF", "V1")
    assert recording.derived_leads == ("III", "aVL", "aVF")


@pytest.mark.parametrize("first", ["<html>", "<Waveform>", '{"a": [', "<?xml version='1.0'?>"])
def test_what_is_no_table_never_asks_for_a_rate(first):
    with pytest.raises((UnknownFormatError, ReadError)) as caught:
        read(f"{first}\n" + rows(X, X, sep=" "), "t.csv", fs_hz=500, unit="mV")
    assert not isinstance(caught.value, MissingInformationError)


def test_a_header_without_its_signals_is_no_table():
    with pytest.raises(UnknownFormatError):
        read("Not a header\n1 2 3\n4 5 6\n7 8 9\n1 2 3\n4 5 6\n", "r.hea", fs_hz=500, unit="mV")
    with pytest.raises(ReadError, match=r"r\.dat that the header names is missing"):
        read("r 1 250 900\nr.dat 16 200/mV 16 0 0 0 0 I\n", "r.hea")


# ---- LabChart

PAIR = np.stack([X, 10 * X])


def labchart(**changes) -> str:
    return labchart_text(PAIR, ("ECG", "Resp Belt"), ("5.0 mV", "10.000 V"), **changes)


def test_labchart_gives_rate_unit_and_names():
    recording = read(labchart())
    assert recording.provenance.format == "LabChart"
    assert (recording.leads, recording.fs_hz, recording.unit) == (("ECG",), 500, "mV")
    assert np.allclose(recording.signal, X, atol=1e-5)
    assert has_note(recording, "Left out: Resp Belt (V) (not an ECG lead)")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\t\n"])
def test_labchart_without_time_with_comments_and_commas(end):
    plain = read(labchart()).signal
    assert np.array_equal(read(labchart(time=False)).signal, plain)
    told = labchart(comments={3: "dose 0.2 mg", 700: "x\ty"})
    assert np.array_equal(read(told.replace("\n", end)).signal, plain)
    head, _, body = labchart().partition("\n0\t")
    assert np.array_equal(read(f"{head}\n0\t{body.replace('.', ',')}").signal, plain)


def test_labchart_units_by_name_and_none_at_all():
    text = labchart().replace("Range=\t5.0 mV", "UnitName=\tuV\tV\nRange=\t5.0 mV")
    assert np.allclose(read(text).signal, X / 1000, atol=1e-8)
    with pytest.raises(MissingInformationError) as caught:
        read(labchart().replace("Range=\t5.0 mV", "Range=\t5.0"))
    assert caught.value.needs == ("unit",)


def test_labchart_blocks_stand_at_their_own_times():
    later = f"{44354.42708333333 + 10 / 86400:.12e}"
    recording = read(labchart() + labchart(day=later))
    assert recording.n_samples == 5000 + len(X)
    assert np.allclose(recording.signal[0, 5000:], X, atol=1e-5)
    assert np.isnan(recording.signal[0, len(X) : 5000]).all()
    assert has_note(recording, "2 blocks of the file were joined")
    unknown = read(
        labchart(day="4.4e4") + labchart_text(PAIR[:, :99], ("ECG", "b"), ("5 mV", "5 V"))
    )
    assert unknown.n_samples == len(X)
    assert has_note(unknown, "longest, number 1, was read")


@pytest.mark.parametrize(
    "damage",
    [
        ("\n0.004\t", "\n0.004\tx\t"),
        ("ChannelTitle=\tECG", "ChannelTitle="),
        ("ChannelTitle=", "ChannelTitle=\tA"),
    ],
)
def test_labchart_rows_that_do_not_fit_are_refused(damage):
    with pytest.raises(ReadError, match="LabChart file"):
        read(labchart().replace(*damage))


# ---- OpenSignals

COUNTS = np.round(512 + 100 * X)
DIGITAL = {name: np.zeros(len(X)) for name in ("nSeq", "I1", "I2", "O1", "O2")}


def opensignals(sensors=("RESP", "ECG"), labels=("A1", "A2"), **changes) -> str:
    columns = {**DIGITAL, **dict.fromkeys(labels, COUNTS)}
    return opensignals_text(columns, sensors, labels, **changes)


def test_opensignals_gives_counts_without_voltage():
    recording = read(opensignals())
    assert (recording.leads, recording.fs_hz, recording.unit) == (("ECG",), 500, "NU")
    assert np.array_equal(recording.signal[0], COUNTS)
    assert has_note(recording, "A/D counts of a bitalino_rev and not a voltage")
    assert has_note(recording, "Left out: nSeq, I1, I2, O1, O2 (not an analog input)")
    assert has_note(recording, "Left out: RESP (not an ECG lead)")
    assert recording.start.isoformat() == "2021-06-08T14:55:14.660000"
    assert read(opensignals(), unit="mV").unit == "NU"


def test_opensignals_names_are_those_of_the_sensors():
    two = read(opensignals(("ECG", "ECG")))
    assert two.leads == ("ECG (A1)", "ECG (A2)")
    assert read(opensignals(("ECG", "ECG")), lead_names=("ECG (A1)=I", "ECG (A2)=V5")).leads == (
        "I",
        "V5",
    )
    assert read(opensignals(("RAW", "RAW"))).leads == ("A1", "A2")
    with pytest.raises(ReadError, match="RESP, EDA"):
        read(opensignals(("RESP", "EDA")))


def test_opensignals_that_were_converted_ask_for_the_unit():
    with pytest.raises(MissingInformationError) as caught:
        read(opensignals(convertedValues=1))
    assert caught.value.needs == ("unit",)


@pytest.mark.parametrize(
    "damage", [('"column"', '"columns"'), ('"A2"]', '"A2", "A3"]'), ("{", "(")]
)
def test_opensignals_with_a_damaged_header_is_refused(damage):
    with pytest.raises(ReadError, match="OpenSignals"):
        read(opensignals().replace(*damage))


def test_words_now_and_then_are_a_column_of_text():
    marks = ["N" if i % 100 == 0 else "" for i in range(len(X))]
    text = "time (s)\tII (mV)\tAnnotation\n" + rows(np.arange(len(X)) / 250, X, marks, sep="\t")
    recording = read(text)
    assert recording.leads == ("II",)
    assert has_note(recording, "Left out: Annotation (not numbers)")


def test_a_time_among_the_samples_is_refused_by_its_place():
    text = "1764324900.0\n64.0\n" + "\n".join(map(str, X))
    with pytest.raises(ReadError, match=r"Sample 1 of ECG would be 1\.764e\+09 mV"):
        read(text, fs_hz=64, unit="mV")


def test_a_unit_that_is_not_the_files_is_noted_once():
    text = "time (s),ECG (V)\n" + rows(np.arange(len(X)) / 250, X)
    recording = read(text, unit="mV")
    assert np.allclose(recording.signal, X, atol=1e-6)
    assert has_note(
        recording, "The file states V, in which the amplitudes are too large for an ECG"
    )
    assert not has_note(recording, "was not used")


def test_counters_that_start_anew_are_left_out():
    recording = read("Sample Index, ECG (mV)\n" + rows(np.arange(len(X)) % 256, X), fs_hz=250)
    assert recording.leads == ("ECG",)
    assert has_note(recording, "Left out: Sample Index")


def test_labchart_keys_behind_other_line_ends_hold_no_samples():
    with pytest.raises(ReadError, match="contains no samples"):
        read("Note=\x0b" + labchart())  # found by mutated input


def test_sample_numbers_called_seconds_are_a_broken_time():
    text = "time (s),II (mV)\n" + rows(np.arange(len(X)), X)
    with pytest.raises(
        MissingInformationError, match="1 Hz, not a possible rate for an ECG"
    ) as caught:
        read(text)
    assert caught.value.needs == ("fs_hz",)
    assert read(text, fs_hz=250).fs_hz == 250


def test_opensignals_of_two_devices_keeps_digital_inputs_out():
    columns = {"nSeq": 0 * X, "DI": 0 * X, "CH1": COUNTS}
    both = {f"{name}{i}": column for i in "ab" for name, column in columns.items()}
    text = opensignals_text(both, ("ECG",), ("CH1",))
    device = {"sensor": ["ECG"], "column": list(columns), "label": ["CH1"], "sampling rate": 500}
    header = json.dumps({"a": device, "b": {**device, "sensor": ["RESP"]}})
    text = re.sub(r"# \{.*", f"# {header}", text)
    recording = read(text)
    assert recording.leads == ("ECG",)
    assert np.array_equal(recording.signal[0], COUNTS)
    assert has_note(recording, "Left out: nSeq, DI, nSeq, DI (not an analog input)")
    with pytest.raises(ReadError, match="different rates"):
        read(text.replace('"sampling rate": 500}}', '"sampling rate": 100}}'))
