"""JSON of any kind."""

import json

import numpy as np
import pytest
from made_files import N_SAMPLES, truth_mv
from reading import is_truth, read_named

from ecgcore.errors import EcgError, TooLargeError
from ecgcore.leads import STANDARD_12
from ecgcore.readers.json import plain


def leads_of_truth() -> dict[str, list[float]]:
    return dict(zip(STANDARD_12, truth_mv().tolist(), strict=True))


JSON_FORMS = {
    "flat": lambda: {"fs": 500, "unit": "mV", **leads_of_truth()},
    "nested": lambda: {"meta": {"sampling_rate": "500 Hz", "units": "mV"}, "ecg": leads_of_truth()},
    "matrix": lambda: {
        "fs": 500, "unit": "mV", "leads": list(STANDARD_12), "data": truth_mv().tolist()
    },
    "samples first": lambda: {
        "fs": 500, "unit": "mV", "channels": list(STANDARD_12), "signal": truth_mv().T.tolist()
    },
    "objects a sample": lambda: {
        "fs": 500,
        "unit": "mV",
        "samples": [dict(zip(STANDARD_12, row, strict=True)) for row in truth_mv().T.tolist()],
    },
    "list of leads": lambda: {
        "sampleRate": 500,
        "unit": "mV",
        "leads": [{"lead": n, "values": v} for n, v in leads_of_truth().items()],
    },
    "time": lambda: {
        "time_ms": [2.0 * i for i in range(N_SAMPLES)],
        **{f"{n} (mV)": v for n, v in leads_of_truth().items()},
    },
}  # fmt: skip


@pytest.mark.parametrize("form", list(JSON_FORMS))
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_json_forms(form, encoding):
    data = json.dumps(JSON_FORMS[form]()).encode(encoding)
    assert is_truth(read_named("a.json", data))


def test_json_null_is_absent():
    values = [0.5] * 600
    data = json.dumps({"fs": 500, "unit": "mV", "leads": {"I": [None, *values]}}).encode()
    recording = read_named("a.json", data)
    assert np.isnan(recording.signal[0, 0])
    assert np.isnan(recording.signal).sum() == 1


def test_json_other_signals_are_left_out():
    content = {"fs": 500, "unit": "mV", "leads": {**leads_of_truth(), "Resp": [1.0] * N_SAMPLES}}
    recording = read_named("a.json", json.dumps(content).encode())
    assert is_truth(recording)
    assert "Left out: Resp (not an ECG lead)" in " ".join(recording.notes)


def test_json_start_device_and_no_name():
    content = {"fs": 500, "unit": "mV", "leads": leads_of_truth(), "start": "2020-05-05T14:50:55Z"}
    content |= {"device": "M1", "patient": {"name": "Jane Doe", "birthDate": "1964-01-02"}}
    recording = read_named("a.json", json.dumps(content).encode(), keep_identity=False)
    assert recording.start.isoformat() == "2020-05-05T14:50:55"
    assert recording.provenance.device == "M1"
    assert "Jane" not in repr(recording)


@pytest.mark.parametrize(
    "text",
    [
        '{"fs": 500, "leads": {"I": [1, 2',
        '{"leads": {"I": [1, 2, 3], "II": [1, 2]}, "fs": 500, "unit": "mV"}',
        '{"leads": [["I"]]}',
        '{"I": "no numbers"}',
        '{"I": {}}',
        '{"I": [], "II": []}',
        "[" * 5000,
        '{"a":' * 5000,
        '{"I": [1, 2, "3", 4], "fs": 500, "unit": "mV"}',
        '{"I": [1, 2, 3, 4], "I": [2, 3, 4, 5], "fs": 500, "unit": "mV"}',
        '{"I": [' + "1" * 6000 + ', 2, 3], "fs": 500}',
    ],
)
def test_json_that_is_none(text):
    with pytest.raises(EcgError):
        read_named("a.json", text.encode(), unit="mV")


def test_json_of_too_many_values(monkeypatch):
    monkeypatch.setattr(plain, "MAX_VALUES", 1000)
    with pytest.raises(TooLargeError):
        read_named("a.json", json.dumps(JSON_FORMS["flat"]()).encode())


def test_fhir_is_not_taken_for_a_table():
    text = json.dumps({"resourceType": "Patient", "I": [1.0] * 600})
    assert not plain.sniff("a.json", text.encode())
