"""Mortara ELI XML."""

import base64
from datetime import datetime

import numpy as np
import pytest
from made_exports import (
    eli_channel,
    eli_channels,
    eli_xml,
)
from made_files import truth_mv
from reading import has_note, read

from ecgcore.errors import MissingInformationError, ReadError


def test_mortara_tells_its_machine_and_leaves_out_the_typical_cycle():
    recording = read(eli_xml(*eli_channels()))
    assert recording.start == datetime(2020, 5, 5, 14, 50, 55)
    assert recording.provenance.device == "Mortara Instrument, Inc. ELI250c software V2"
    assert recording.provenance.device_filter == "up to 150 Hz"
    assert recording.provenance.machine_statements == ("SINUS RHYTHM",)
    assert recording.provenance.machine_measurements["QRS duration"] == "93 ms"
    assert has_note(recording, "typical cycle, a beat computed by the device, was left out")


@pytest.mark.parametrize(("units", "factor"), [(400, 5), (1000, 2), ("2000", 1), (1e6, 0.002)])
def test_mortara_units_per_mv(units, factor):
    recording = read(eli_xml(*eli_channels(UNITS_PER_MV=units)))
    assert np.allclose(recording.signal, truth_mv() * factor, atol=0.0016)


@pytest.mark.parametrize(("bits", "code"), [(8, "i1"), (16, "<i2"), (32, "<i4")])
def test_mortara_bits(bits, code):
    row = np.arange(-50, 50)
    data = base64.b64encode(row.astype(code).tobytes()).decode()
    recording = read(eli_xml(eli_channel("V1", row, BITS=bits, DATA=data)))
    assert np.allclose(recording.signal[0] * 2000, row)


@pytest.mark.parametrize(
    ("age", "unit", "years"),
    [
        (56, "Y", 56),
        (6, "M", 0.5),
        (10, "D", 10 / 365.25),
        (20, "W", 20 / 52.18),
        (7, "H", 7 / 8766),
    ],
)
def test_mortara_age_in_its_unit(age, unit, years):
    recording = read(eli_xml(*eli_channels(), AGE=age, AGE_UNITS=unit))
    assert recording.patient.age_years == pytest.approx(years)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"BITS": 12}, "12 bits"),
        ({"ENCODING": "HUFFMAN"}, "SIGNED HUFFMAN 16 bits; signed base64"),
        ({"FORMAT": "UNSIGNED"}, "UNSIGNED BASE64"),
        ({"UNITS_PER_MV": 0}, "'0' units per mV"),
        ({"UNITS_PER_MV": "many"}, "'many' units per mV"),
        ({"DATA": "!!!!"}, "not valid base64"),
        ({"DATA": "AAAA"}, "cut off or damaged"),
        ({"ENCODING": "ASCII", "DATA": "1 2 x"}, "'x' where a number"),
        ({"SAMPLE_FREQ": 1e9}, "rate in the file is 1e"),
    ],
)
def test_mortara_damage_is_one_sentence(changed, message):
    with pytest.raises(ReadError, match=message):
        read(eli_xml(eli_channel("I", [1, 2, 3], **changed)))


def test_mortara_asks_for_what_is_missing():
    with pytest.raises(MissingInformationError) as caught:
        read(eli_xml(*eli_channels(UNITS_PER_MV=None)))
    assert caught.value.needs == ("unit",)
    with pytest.raises(MissingInformationError) as caught:
        read(eli_xml(*eli_channels(SAMPLE_FREQ=None)))
    assert caught.value.needs == ("fs_hz",)
    recording = read(eli_xml(*eli_channels(SAMPLE_FREQ=None)), fs_hz=250)
    assert recording.fs_hz == 250


def test_mortara_without_a_rhythm_is_refused():
    with pytest.raises(ReadError, match="only a median beat, no rhythm; export"):
        read(eli_xml())
    with pytest.raises(ReadError, match="no channel with samples"):
        read('<ECG ACQUISITION_TIME="20200505145055"/>')


def test_mortara_offsets_rates_and_counts():
    two = [eli_channel("I", [1, 2], OFFSET=5), eli_channel("II", [1, 2], OFFSET=5)]
    assert has_note(read(eli_xml(*two)), "An OFFSET of 5, the same in all channels, was not")
    with pytest.raises(ReadError, match="different values of OFFSET"):
        read(eli_xml(two[0], eli_channel("II", [1, 2])))
    slow = eli_channel("V1", [1, 2], SAMPLE_FREQ=250)
    recording = read(eli_xml(eli_channel("II", [1, 2, 3, 4]), slow))
    assert (recording.leads, recording.fs_hz) == (("II",), 500)
    assert has_note(recording, "V1 (250 Hz) was left out: sampled at a lower rate")
    assert has_note(read(eli_xml(eli_channel("II", [1, 2], DURATION=5))), "II is cut off: 5")
    assert read(eli_xml(eli_channel("II", [1, 2, 3], DURATION=2))).n_samples == 2
