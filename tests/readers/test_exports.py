"""Mortara XML, Kardia JSON and FHIR's XML: what they say of their samples, and what is refused."""

import base64
import json
from datetime import datetime

import numpy as np
import pytest
from made_exports import (
    eli_channel,
    eli_channels,
    eli_xml,
    fhir_xml,
    kardia,
    kardia_block,
)
from made_files import truth_mv
from made_xml import PATIENT, component, observation, sampled, steps, twelve

from ecgcore import readers
from ecgcore.errors import MissingInformationError, ReadError
from ecgcore.readers import ReadOptions


def read_xml(text: str, **options):
    return readers.read({"x.xml": text.encode()}, options=ReadOptions(**options))


def read_json(content, **options):
    return readers.read({"x.json": json.dumps(content).encode()}, options=ReadOptions(**options))


def noted(recording, text: str) -> bool:
    return any(text in note for note in recording.notes)


# Mortara


def test_mortara_tells_its_machine_and_leaves_out_the_typical_cycle():
    recording = read_xml(eli_xml(*eli_channels()))
    assert recording.start == datetime(2020, 5, 5, 14, 50, 55)
    assert recording.provenance.device == "Mortara Instrument, Inc. ELI250c software V2"
    assert recording.provenance.device_filter == "up to 150 Hz"
    assert recording.provenance.machine_statements == ("SINUS RHYTHM",)
    assert recording.provenance.machine_measurements["QRS duration"] == "93 ms"
    assert noted(recording, "typical cycle in the file, computed and no rhythm, was left out")


@pytest.mark.parametrize(("units", "factor"), [(400, 5), (1000, 2), ("2000", 1), (1e6, 0.002)])
def test_mortara_units_per_mv(units, factor):
    recording = read_xml(eli_xml(*eli_channels(UNITS_PER_MV=units)))
    assert np.allclose(recording.signal, truth_mv() * factor, atol=0.0016)


@pytest.mark.parametrize(("bits", "code"), [(8, "i1"), (16, "<i2"), (32, "<i4")])
def test_mortara_bits(bits, code):
    row = np.arange(-50, 50)
    data = base64.b64encode(row.astype(code).tobytes()).decode()
    recording = read_xml(eli_xml(eli_channel("V1", row, BITS=bits, DATA=data)))
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
    recording = read_xml(eli_xml(*eli_channels(), AGE=age, AGE_UNITS=unit))
    assert recording.patient.age_years == pytest.approx(years)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"BITS": 12}, "12 bits"),
        ({"ENCODING": "HUFFMAN"}, "SIGNED HUFFMAN 16 bits; signed base64"),
        ({"FORMAT": "UNSIGNED"}, "UNSIGNED BASE64"),
        ({"UNITS_PER_MV": 0}, "'0' units per mV"),
        ({"UNITS_PER_MV": "many"}, "'many' units per mV"),
        ({"DATA": "!!!!"}, "no valid base64"),
        ({"DATA": "AAAA"}, "cut off or damaged"),
        ({"ENCODING": "ASCII", "DATA": "1 2 x"}, "'x' where a number"),
        ({"SAMPLE_FREQ": 1e9}, "sampling rate is 1e"),
    ],
)
def test_mortara_damage_is_one_sentence(changed, message):
    with pytest.raises(ReadError, match=message):
        read_xml(eli_xml(eli_channel("I", [1, 2, 3], **changed)))


def test_mortara_asks_for_what_is_missing():
    with pytest.raises(MissingInformationError) as caught:
        read_xml(eli_xml(*eli_channels(UNITS_PER_MV=None)))
    assert caught.value.needs == ("unit",)
    with pytest.raises(MissingInformationError) as caught:
        read_xml(eli_xml(*eli_channels(SAMPLE_FREQ=None)))
    assert caught.value.needs == ("fs_hz",)
    recording = read_xml(eli_xml(*eli_channels(SAMPLE_FREQ=None)), fs_hz=250)
    assert recording.fs_hz == 250


def test_mortara_without_a_rhythm_is_refused():
    with pytest.raises(ReadError, match="only a median beat, no rhythm; export"):
        read_xml(eli_xml())
    with pytest.raises(ReadError, match="no channel with samples"):
        read_xml('<ECG ACQUISITION_TIME="20200505145055"/>')


def test_mortara_offsets_rates_and_counts():
    two = [eli_channel("I", [1, 2], OFFSET=5), eli_channel("II", [1, 2], OFFSET=5)]
    assert noted(read_xml(eli_xml(*two)), "An OFFSET of 5, the same in all channels, was not")
    with pytest.raises(ReadError, match="different values of OFFSET"):
        read_xml(eli_xml(two[0], eli_channel("II", [1, 2])))
    slow = eli_channel("V1", [1, 2], SAMPLE_FREQ=250)
    recording = read_xml(eli_xml(eli_channel("II", [1, 2, 3, 4]), slow))
    assert (recording.leads, recording.fs_hz) == (("II",), 500)
    assert noted(recording, "V1 (250 Hz) was left out: sampled at a lower rate")
    assert noted(read_xml(eli_xml(eli_channel("II", [1, 2], DURATION=5))), "II is cut off: 5")
    assert read_xml(eli_xml(eli_channel("II", [1, 2, 3], DURATION=2))).n_samples == 2


# Kardia


@pytest.mark.parametrize("resolution", [500, 1000, 125, 2.5])
def test_kardia_resolution_is_followed(resolution):
    block = kardia_block(amplitudeResolution=resolution)
    recording = read_json(kardia(block))
    assert np.allclose(recording.signal, truth_mv() * resolution / 500, atol=0.0005)
    assert recording.provenance.original_gain == f"{resolution:g} nV a step"
    written = read_json(kardia(kardia_block(amplitudeResolution=str(resolution), frequency="500")))
    assert np.array_equal(written.signal, recording.signal)


def test_kardia_reads_the_unfiltered_leads_and_says_what_else_is_there():
    recording = read_json(kardia())
    assert np.abs(recording.signal - truth_mv()).max() < 0.0003
    assert noted(recording, "The copy filtered by AliveCor (enhanced) was left out")
    assert recording.start == datetime(2020, 5, 5, 14, 50, 55)
    assert recording.provenance.machine_statements == ("AliveCor: normal",)
    assert recording.provenance.machine_measurements == {"Heart rate": "75 bpm"}
    assert recording.provenance.device == "AliveCor kardia_6l 1.2"
    only = read_json(kardia(data={"enhanced": kardia_block()}))
    assert only.provenance.device_filter == "AliveCor enhanced"


def test_kardia_rate_lead_and_other_shapes():
    assert read_json(kardia(kardia_block(frequency=300))).fs_hz == 300
    single = kardia_block(["I"])
    assert read_json(single).leads == ("I",)
    single["samples"] = single["samples"]["leadI"]
    with pytest.raises(MissingInformationError) as caught:
        read_json(single)
    assert caught.value.needs == ("lead_names",)
    assert read_json([kardia()]).n_leads == 12
    block = kardia_block(["I", "II"])
    block["samples"]["leadI"][3] = None
    assert np.isnan(read_json(kardia(data={"raw": block})).lead("I")[3])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (kardia(data={}), "holds no samples"),
        (kardia(data=None, data12L={"samples": {}}), "12L recording, whose layout is not"),
        ([kardia(), kardia()], "2 Kardia recordings"),
        (kardia(kardia_block(amplitudeResolution=-5)), "must be above 0"),
        (kardia(data={"raw": kardia_block(samples={"leadI": "abc"})}), "no list of numbers"),
        (kardia(data={"raw": kardia_block(samples={"leadI": [[1], [2]]})}), "no list of numbers"),
        (kardia(data={"raw": kardia_block(samples={"leadI": [10**400]})}), "too large"),
        (kardia(kardia_block(frequency=0)), "sampling rate is 0 Hz"),
    ],
)
def test_kardia_damage_is_one_sentence(content, message):
    with pytest.raises(ReadError, match=message):
        read_json(content)


def test_kardia_without_resolution_is_asked_for():
    block = kardia_block(amplitudeResolution=None)
    with pytest.raises(MissingInformationError) as caught:
        read_json(kardia(block))
    assert caught.value.needs == ("unit",)
    given = read_json(kardia(block), unit="uV")
    assert np.allclose(given.signal, truth_mv() * 2, atol=0.001)


# FHIR as XML says what FHIR as JSON says


@pytest.mark.parametrize("prefix", ["", "f:"])
@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"factor": 2},
        {"origin": {"value": 1, "unit": "mV", "code": "mV"}, "factor": 0.001},
        {"period": None, "interval": 4, "intervalUnit": "ms"},
        {"period": None, "interval": 0.005, "intervalUnit": "s"},
        {"data": "1 E 2 U 3"},
        {"lowerLimit": -3300, "upperLimit": 3300},
    ],
)
def test_fhir_xml_is_read_as_its_json(changed, prefix):
    content = observation([component("II", sampled(steps()[1][:50], **changed))])
    xml, plain = read_xml(fhir_xml(content, prefix)), read_json(content)
    assert np.array_equal(xml.signal, plain.signal, equal_nan=True)
    assert (xml.fs_hz, xml.leads, xml.start) == (plain.fs_hz, plain.leads, plain.start)
    assert xml.notes == plain.notes


def test_fhir_xml_with_its_patient_and_device():
    content = {
        "resourceType": "Bundle",
        "entry": [
            {"resource": PATIENT},
            {
                "resource": {
                    "resourceType": "Device",
                    "manufacturer": "Maker",
                    "deviceName": [{"name": "M1", "type": "user-friendly-name"}],
                }
            },
            {"resource": observation(twelve(), device={"reference": "Device/1"})},
        ],
    }
    xml = read_xml(fhir_xml(content), keep_identity=True)
    plain = read_json(content, keep_identity=True)
    assert (xml.patient, xml.provenance.device) == (plain.patient, "Maker M1")
    assert xml.patient.age_years == 56


def test_fhir_xml_names_what_it_leaves_out_and_refuses_entities():
    slow = component("V1", sampled(steps()[6][:500], period=8))
    recording = read_xml(fhir_xml(observation([*twelve()[:2], slow])))
    assert "V1" not in recording.leads
    assert noted(recording, "V1 at 125 Hz of 2020-05-05T14:50:55+02:00 was left out")
    text = fhir_xml(observation(twelve())).replace(
        "<Observation", '<!DOCTYPE x [<!ENTITY e "1">]><Observation', 1
    )
    with pytest.raises(ReadError, match="declares entities"):
        read_xml(text)
    with pytest.raises(ReadError, match="no SampledData"):
        read_xml(fhir_xml(PATIENT))


def test_a_resource_whose_kind_stands_after_its_samples_is_fhir():
    content = observation(twelve())
    late = {"component": content["component"] * 2, "resourceType": "Observation"}
    assert readers.read({"f.json": json.dumps(late).encode()}).provenance.format == "FHIR"
