"""FHIR Observation with SampledData: R4 and R5, Bundles and lists, limits and absent samples."""

import json
from datetime import datetime

import numpy as np
import pytest
from made_files import truth_mv
from made_xml import (
    PATIENT,
    component,
    fhir_bytes,
    observation,
    sampled,
    twelve,
)

from ecgcore import readers
from ecgcore.errors import EcgError, MissingInformationError, ReadError
from ecgcore.leads import STANDARD_12
from ecgcore.readers import ReadOptions
from ecgcore.readers.json import fhir


def read(content, **options):
    return readers.read({"f.json": fhir_bytes(content)}, options=ReadOptions(**options))


def one(data="0 10 -10", *, name="II", **changed):
    return observation([component(name, sampled(data, **changed))])


def test_twelve_components():
    recording = read(observation(twelve()))
    assert recording.leads == STANDARD_12
    assert np.abs(recording.signal - truth_mv()).max() < 0.0003
    assert recording.start == datetime(2020, 5, 5, 14, 50, 55)
    assert recording.provenance.device == "12 lead M1"
    assert recording.provenance.machine_statements == ("Sinus rhythm",)
    assert recording.patient.age_years is None


def test_errors_and_limits_are_absent_samples():
    recording = read(one("1 E 2 U L 3"))
    assert np.isnan(recording.signal[0]).tolist() == [False, True, False, True, True, False]
    assert any("3 samples are marked as absent" in note for note in recording.notes)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, [0.0, 0.005, -0.005]),
        ({"factor": 2}, [0.0, 0.02, -0.02]),
        ({"factor": None}, [0.0, 0.01, -0.01]),
        ({"origin": {"value": 1, "unit": "mV"}, "factor": 0.1}, [1.0, 2.0, 0.0]),
        ({"origin": {"unit": "millivolt", "code": "mV"}, "factor": 1}, [0.0, 10.0, -10.0]),
        ({"origin": {"value": 5, "code": "V"}, "factor": 0.001}, [5000, 5010, 4990]),
    ],
)
def test_origin_factor_and_unit(changed, expected):
    assert read(one(**changed)).signal[0].tolist() == pytest.approx(expected)


def test_an_origin_that_is_the_number_for_zero_shows_by_the_limits():
    """As in the standard's own example: 2041 2043 ... with origin 2048, limits of 3300."""
    data = sampled("2041 2053 2048", origin={"value": 2048, "unit": "uV"}, factor=1.612)
    limits = {"lowerLimit": -3300, "upperLimit": 3300}
    content = observation([component("I", data | limits)])
    recording = read(content)
    assert recording.signal[0].tolist() == pytest.approx([-7 * 1.612e-3, 5 * 1.612e-3, 0], abs=1e-7)
    assert any("stored number of zero" in note for note in recording.notes)
    # Without limits the standard's formula contains.
    assert read(observation([component("I", data)])).signal[0, 0] == pytest.approx(5.338, abs=1e-3)


@pytest.mark.parametrize(
    ("changed", "fs_hz"),
    [
        ({"period": 2}, 500),
        ({"period": 3.90625}, 256),
        ({"period": 10.0}, 100),
        ({"period": None, "interval": 0.004, "intervalUnit": "s"}, 250),
        ({"period": None, "interval": 5, "intervalUnit": "ms"}, 200),
    ],
)
def test_rates(changed, fs_hz):
    assert read(one(**changed)).fs_hz == pytest.approx(fs_hz)


@pytest.mark.parametrize("changed", [{"period": None}, {"period": 0}, {"period": "x"}])
def test_a_missing_rate_is_asked_for(changed):
    with pytest.raises(MissingInformationError) as caught:
        read(one(**changed))
    assert caught.value.needs == ("fs_hz",)
    assert read(one(**changed), fs_hz=125).fs_hz == 125


def test_a_missing_unit_is_asked_for():
    content = one(origin={"value": 0})
    with pytest.raises(MissingInformationError) as caught:
        read(content)
    assert caught.value.needs == ("unit",)
    assert read(content, unit="uV").signal[0, 1] == pytest.approx(0.005)


def test_lead_names_from_codes_and_words():
    words = [
        ({"coding": [{"code": "MDC_ECG_LEAD_V1"}]}, "V1"),
        ({"coding": [{"code": "131330"}]}, "II"),
        ({"coding": [{"code": "x", "display": "Lead V6"}]}, "V6"),
        ({"text": "aVF"}, "aVF"),
        ({"coding": [{"code": "x"}, {"code": "131389"}]}, "III"),
        ({"text": "left arm"}, "left arm"),
    ]
    for code, lead in words:
        assert read(observation([{"code": code, "valueSampledData": sampled("1 2")}])).leads == (
            lead,
        )


def test_several_leads_in_one_series_need_names():
    content = one("1 10 2 20 3 30", dimensions=2)
    with pytest.raises(MissingInformationError) as caught:
        read(content)
    assert caught.value.needs == ("lead_names",)
    recording = read(content, lead_names=("V1", "V2"))
    assert recording.lead("V2").tolist() == pytest.approx([0.005, 0.01, 0.015])


def test_leads_of_another_time_are_left_out_with_a_note():
    first = observation(twelve())
    later = observation(twelve()[:3], effectiveDateTime="2020-05-06T10:00:00Z")
    recording = read(
        {"resourceType": "Bundle", "entry": [{"resource": later}, {"resource": first}]}
    )
    assert recording.n_leads == 12
    assert any(
        "I, II and III at 500 Hz of 2020-05-06T10:00:00Z were left out" in note
        for note in recording.notes
    )


def test_other_signals_and_single_values():
    other = component("I", sampled("1 2 3", origin={"unit": "Ohm", "value": 0}))
    other["code"] = {"text": "Respiration"}
    rate = {"code": {"text": "Heart rate"}, "valueQuantity": {"value": 75, "unit": "/min"}}
    recording = read(observation([*twelve(), other, rate]))
    assert recording.n_leads == 12
    assert any("Respiration was left out" in note for note in recording.notes)
    assert recording.provenance.machine_measurements == {"Heart rate": "75 /min"}
    with pytest.raises(ReadError, match="contains no ECG lead"):
        read(observation([other]))


def test_the_patient_that_the_observation_names():
    stranger = PATIENT | {"id": "p2", "gender": "male", "birthDate": "1990-01-01"}
    entries = [{"resource": item} for item in (stranger, PATIENT, observation(twelve()))]
    recording = read({"resourceType": "Bundle", "entry": entries})
    assert (recording.patient.age_years, recording.patient.sex) == (56, "female")
    assert "Doe" not in repr(recording)
    unnamed = observation(twelve(), subject={"reference": "Patient/unknown"})
    entries[2] = {"resource": unnamed}
    assert read({"resourceType": "Bundle", "entry": entries}).patient.sex is None
    kept = read({"resourceType": "Bundle", "entry": entries[1:]}, keep_identity=True)
    assert kept.patient.identity["name"] == "Jane Doe"


def test_what_holds_no_samples():
    with pytest.raises(ReadError, match="no SampledData"):
        read(PATIENT)
    with pytest.raises(ReadError, match="no SampledData"):
        read(observation([]))
    with pytest.raises(ReadError, match="not evenly spaced"):
        read(one(offsets="0 5 9"))
    with pytest.raises(ReadError, match="'ten'"):
        read(one("1 ten 3"))
    with pytest.raises(ReadError, match="no SampledData"):
        readers.read({"f.xml": b'<?xml version="1.0"?><Observation xmlns="http://hl7.org/fhir"/>'})


@pytest.mark.parametrize(
    "damage",
    [
        lambda t: t[: len(t) // 2],
        lambda t: t + "}",
        lambda t: "[" * 5000 + t,
        lambda t: t.replace('"period": 2', '"period": ' + "9" * 5000),
    ],
)
def test_damaged_json(damage):
    text = damage(json.dumps(one()))
    with pytest.raises(ReadError, match="not valid JSON"):
        readers.read({"f.json": text.encode()})


def test_encodings_and_sniffing():
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        data = json.dumps(one()).encode(encoding)
        assert fhir.sniff("x", data)
        assert readers.read({"f": data}).leads == ("II",)
    assert not fhir.sniff("x", b'{"leads": {"I": [1, 2]}}')
    assert not fhir.sniff("x", b'{"resourceType": "Questionnaire"}')
    assert fhir.is_recording(fhir_bytes(one()))
    assert not fhir.is_recording(fhir_bytes(PATIENT))


def outcome(content) -> bool:
    """Whether the content gives a recording or one of our errors; others come through."""
    try:
        return read(content, unit="uV", fs_hz=500).n_samples > 0
    except EcgError as error:
        return str(error).endswith(".")


@pytest.mark.parametrize("value", [None, [], {}, 7, "x", True, 10**400, float("nan"), [[1]]])
@pytest.mark.parametrize(
    "key",
    ["component", "valueSampledData", "origin", "factor", "dimensions", "code", "subject", "data"],
)
def test_any_kind_of_value_gives_a_recording_or_a_sentence(key, value):
    content = one(lowerLimit=value)
    part = content["component"][0]
    for place in (content, part, part["valueSampledData"], part["valueSampledData"]["origin"]):
        changed = json.loads(json.dumps(content))
        target = changed["component"][0]
        if place is content:
            target = changed
        elif place is not part:
            target = target["valueSampledData"]
        if key in target:
            target[key] = value
        assert outcome(changed)
