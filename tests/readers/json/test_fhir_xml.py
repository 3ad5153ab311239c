"""FHIR Observations in XML."""

import json

import numpy as np
import pytest
from made_exports import (
    fhir_xml,
)
from made_xml import PATIENT, component, observation, sampled, steps, twelve
from reading import has_note, read

from ecgcore import readers
from ecgcore.errors import ReadError
from ecgcore.readers import ReadOptions


def read_json(content, **options):
    return readers.read({"x.json": json.dumps(content).encode()}, options=ReadOptions(**options))


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
    xml, plain = read(fhir_xml(content, prefix)), read_json(content)
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
    xml = read(fhir_xml(content), keep_identity=True)
    plain = read_json(content, keep_identity=True)
    assert (xml.patient, xml.provenance.device) == (plain.patient, "Maker M1")
    assert xml.patient.age_years == 56


def test_fhir_xml_names_what_it_leaves_out_and_refuses_entities():
    slow = component("V1", sampled(steps()[6][:500], period=8))
    recording = read(fhir_xml(observation([*twelve()[:2], slow])))
    assert "V1" not in recording.leads
    assert has_note(recording, "V1 at 125 Hz of 2020-05-05T14:50:55+02:00 was left out")
    text = fhir_xml(observation(twelve())).replace(
        "<Observation", '<!DOCTYPE x [<!ENTITY e "1">]><Observation', 1
    )
    with pytest.raises(ReadError, match="declares entities"):
        read(text)
    with pytest.raises(ReadError, match="no SampledData"):
        read(fhir_xml(PATIENT))


def test_a_resource_whose_kind_stands_after_its_samples_is_fhir():
    content = observation(twelve())
    late = {"component": content["component"] * 2, "resourceType": "Observation"}
    assert readers.read({"f.json": json.dumps(late).encode()}).provenance.format == "FHIR"
