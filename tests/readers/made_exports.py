"""Files of Mortara, Kardia and FHIR's XML, built from descriptions, of the known recording."""

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

import numpy as np
from made_files import NAME, Made
from made_xml import DERIVED, EIGHT, PATIENT, observation, steps, twelve

from ecgcore.leads import STANDARD_12

WITH_NAME = {"Mortara XML"}


def tag(name: str, attributes: Mapping[str, object], inside: str = "") -> str:
    """An element; attributes that are None are left out."""
    told = "".join(f" {k}={quoteattr(str(v))}" for k, v in attributes.items() if v is not None)
    return f"<{name}{told}>{inside}</{name}>" if inside else f"<{name}{told}/>"


# Mortara


def eli_channel(name: str, row: Sequence[int], **changed: object) -> str:
    data = base64.b64encode(np.asarray(row).astype("<i2").tobytes()).decode()
    known = {
        "OFFSET": 0, "BITS": 16, "FORMAT": "SIGNED", "UNITS_PER_MV": 2000, "DURATION": len(row),
        "SAMPLE_FREQ": 500, "NAME": name, "ENCODING": "BASE64", "DATA": data,
    }  # fmt: skip
    return tag("CHANNEL", known | changed)


def eli_xml(*channels: str, **changed: object) -> str:
    known = {"ACQUISITION_TIME": "20200505145055", "AGE": 56, "AGE_UNITS": "Y", "VENT_RATE": 75}
    beat = base64.b64encode(np.arange(300, dtype="<i2").tobytes()).decode()
    cycle = {
        "PR_DURATION": 160, "QRS_DURATION": 93, "BITS": 16, "FORMAT": "SIGNED",
        "UNITS_PER_MV": 200, "DURATION": 300, "SAMPLE_FREQ": 250, "ENCODING": "BASE64",
    }  # fmt: skip
    inside = (
        tag("SUBJECT", {"LAST_NAME": NAME, "FIRST_NAME": "Jane", "GENDER": "Female", "ID": "X7"})
        + tag(
            "SOURCE",
            {"MANUFACTURER": "Mortara Instrument, Inc.", "MODEL": "ELI250c",
             "LOW_PASS_FILTER": 150, "ACQUIRING_DEVICE_SW_VERSION": "V2"},
        )
        + tag("AUTOMATIC_INTERPRETATION", {}, tag("STATEMENT", {"TEXT": "SINUS RHYTHM"}))
        + tag("TYPICAL_CYCLE", cycle, tag("TYPICAL_CYCLE_CHANNEL", {"NAME": "I", "DATA": beat}))
    )  # fmt: skip
    return '<?xml version="1.0" encoding="UTF-8"?>' + tag(
        "ECG", known | changed, inside + "".join(channels)
    )


def eli_channels(leads: Sequence[str] = STANDARD_12, **changed: object) -> list[str]:
    rows = zip(leads, steps(leads=leads), strict=True)
    return [eli_channel(name, row, **changed) for name, row in rows]


def eli_file(folder: Path) -> Made:
    data = eli_xml(*eli_channels()).encode()
    return Made({"e.xml": data}, "e.xml", "Mortara XML", 0.0003)


def eli_eight(folder: Path) -> Made:
    """The eight leads that were recorded, as numbers in words, in UTF-16."""
    channels = [
        eli_channel(name, row, ENCODING="ASCII", DATA=" ".join(map(str, row)))
        for name, row in zip(EIGHT, steps(leads=EIGHT), strict=True)
    ]
    data = eli_xml(*channels).replace("UTF-8", "UTF-16").encode("utf-16")
    return Made({"e.xml": data}, "e.xml", "Mortara XML", 0.0003, derived=DERIVED)


# Kardia

STEP_NV = 500


def kardia_block(leads: Sequence[str] = STANDARD_12, **changed: Any) -> dict[str, Any]:
    rows = steps(STEP_NV / 1000, leads).tolist()
    names = [f"lead{n}" if n in ("I", "II", "III") else n.upper() for n in leads]
    known = {
        "frequency": 500, "mainsFrequency": 50, "amplitudeResolution": STEP_NV,
        "numLeads": len(leads), "samples": dict(zip(names, rows, strict=True)),
    }  # fmt: skip
    return {key: value for key, value in (known | changed).items() if value is not None}


def kardia(block: dict[str, Any] | None = None, **changed: Any) -> dict[str, Any]:
    raw = kardia_block() if block is None else block
    doubled = {name: [2 * v for v in row] for name, row in raw["samples"].items()}
    known = {
        "id": "r1", "patientID": "X7", "heartRate": 75, "duration": 4000,
        "recordedAt": "2020-05-05T14:50:55+02:00", "algorithmDetermination": "normal",
        "data": {"raw": raw, "enhanced": raw | {"samples": doubled}},
        "deviceInfo": {"hardwareType": "kardia_6l", "firmwareRevision": "1.2"},
    }  # fmt: skip
    return {key: value for key, value in (known | changed).items() if value is not None}


def kardia_file(folder: Path) -> Made:
    data = json.dumps(kardia()).encode()
    return Made({"k.json": data}, "k.json", "Kardia JSON", 0.0003, has_patient=False)


def kardia_late(folder: Path) -> Made:
    """What names the format stands after the samples, and the samples are the filtered ones."""
    block = kardia_block(EIGHT)
    ordered = {"samples": block.pop("samples"), **block}
    data = json.dumps({"data": {"enhanced": ordered}, "recordedAt": "2020"}, indent=1).encode()
    return Made(
        {"k.json": data}, "k.json", "Kardia JSON", 0.0003, derived=DERIVED, has_patient=False
    )


# FHIR as XML


def fhir_xml(resource: Mapping[str, Any], prefix: str = "") -> str:
    """A resource as XML, element for element what its JSON says."""
    space = f' xmlns{":" + prefix[:-1] if prefix else ""}="http://hl7.org/fhir"'
    text = _element(resource["resourceType"], resource, prefix)
    return '<?xml version="1.0" encoding="UTF-8"?>' + text.replace(
        f"<{prefix}{resource['resourceType']}", f"<{prefix}{resource['resourceType']}{space}", 1
    )


def _element(name: str, value: Any, prefix: str) -> str:
    if isinstance(value, list):
        return "".join(_element(name, item, prefix) for item in value)
    if not isinstance(value, Mapping):
        return tag(prefix + name, {"value": value})
    inside = "".join(_element(k, v, prefix) for k, v in value.items() if k != "resourceType")
    if "resourceType" in value and name != value["resourceType"]:
        kind = prefix + value["resourceType"]
        inside = f"<{kind}>{inside}</{kind}>"
    return f"<{prefix}{name}>{inside}</{prefix}{name}>"


def fhir_xml_observation(folder: Path) -> Made:
    data = fhir_xml(observation(twelve(), contained=[PATIENT])).encode()
    return Made({"f.xml": data}, "f.xml", "FHIR", 0.0003)


def fhir_xml_bundle(folder: Path) -> Made:
    content = {
        "resourceType": "Bundle",
        "entry": [{"resource": PATIENT}, {"resource": observation(twelve())}],
    }
    return Made({"f.xml": fhir_xml(content, "f:").encode()}, "f.xml", "FHIR", 0.0003)


EXPORTS: dict[str, Callable[[Path], Made]] = {
    "mortara": eli_file,
    "mortara-eight-utf16": eli_eight,
    "kardia": kardia_file,
    "kardia-late": kardia_late,
    "fhir-xml": fhir_xml_observation,
    "fhir-xml-bundle": fhir_xml_bundle,
}
