"""Files in the XML formats and in FHIR, built from their descriptions, of the known recording."""

import base64
import json
import struct
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import numpy as np
from made_files import CODES, FS_HZ, N_SAMPLES, NAME, Made, truth_mv

from ecgcore.leads import STANDARD_12

WITH_NAME = {
    "HL7 aECG",
    "GE MUSE XML",
    "Philips XML",
    "GE CardioSoft XML",
    "Schiller XML",
    "FHIR",
}
EIGHT = ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6")
DERIVED = ("III", "aVR", "aVL", "aVF")
STEP_UV = 0.5


def steps(step_uv: float = STEP_UV, leads: Sequence[str] = STANDARD_12) -> np.ndarray:
    """The known recording in whole steps, shape (n_leads, n_samples)."""
    rows = [STANDARD_12.index(name) for name in leads]
    return np.round(truth_mv()[rows] * 1000 / step_uv).astype(np.int64)


def spaced(row: Sequence[int], by: str = " ") -> str:
    return by.join(map(str, np.asarray(row).tolist()))


# HL7 aECG


def sequence(code: str, value: str) -> str:
    system = "2.16.840.1.113883.6.24"
    return (
        f'<component><sequence><code code="{code}" codeSystem="{system}"/>{value}</sequence>'
        "</component>"
    )


def slist(digits: str, *, scale: float = STEP_UV, unit: str = "uV", origin: float = 0) -> str:
    return (
        f'<value xsi:type="SLIST_PQ"><origin value="{origin}" unit="{unit}"/>'
        f'<scale value="{scale}" unit="{unit}"/><digits>{digits}</digits></value>'
    )


def time_ts(head: str = "20200505145055.000", increment: str = "0.002", unit: str = "s") -> str:
    return sequence(
        "TIME_ABSOLUTE",
        f'<value xsi:type="GLIST_TS"><head value="{head}"/>'
        f'<increment value="{increment}" unit="{unit}"/></value>',
    )


def time_pq(head: str = "0", increment: str = "2", unit: str = "ms") -> str:
    return sequence(
        "TIME_RELATIVE",
        f'<value xsi:type="GLIST_PQ"><head value="{head}" unit="{unit}"/>'
        f'<increment value="{increment}" unit="{unit}"/></value>',
    )


def aecg_leads(rows: np.ndarray | None = None, leads: Sequence[str] = STANDARD_12) -> str:
    rows = steps(leads=leads) if rows is None else rows
    return "".join(
        sequence(f"MDC_ECG_LEAD_{name.upper()}", slist(spaced(row)))
        for name, row in zip(leads, rows, strict=True)
    )


def sequence_set(*sequences: str) -> str:
    return f"<component><sequenceSet>{''.join(sequences)}</sequenceSet></component>"


def series(*sets: str, code: str = "RHYTHM", more: str = "") -> str:
    return (
        f'<component><series><code code="{code}"/><author><seriesAuthor>'
        "<manufacturedSeriesDevice><manufacturerModelName>M1</manufacturerModelName>"
        "<softwareName>2.0</softwareName></manufacturedSeriesDevice>"
        "<manufacturerOrganization><name>Maker</name></manufacturerOrganization>"
        f"</seriesAuthor></author>{''.join(sets)}{more}</series></component>"
    )


def derived_series(*sets: str) -> str:
    return (
        '<derivation><derivedSeries><code code="REPRESENTATIVE_BEAT"/>'
        f"{''.join(sets)}</derivedSeries></derivation>"
    )


def annotation(code: str, value: str, inner: str = "") -> str:
    return f'<component><annotation><code code="{code}"/>{value}{inner}</annotation></component>'


def aecg_xml(*all_series: str, subject: str | None = None) -> str:
    person = (
        f"<name><family>{NAME}</family><given>Jane</given></name>"
        '<administrativeGenderCode code="F"/><birthTime value="19640102"/>'
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><AnnotatedECG xmlns="urn:hl7-org:v3" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" type="Observation">'
        '<effectiveTime><low value="20200505145055"/></effectiveTime><subject><trialSubject>'
        f'<id extension="X7"/><subjectDemographicPerson>{person if subject is None else subject}'
        f"</subjectDemographicPerson></trialSubject></subject>{''.join(all_series)}</AnnotatedECG>"
    )


def aecg_file(folder: Path) -> Made:
    beat = sequence_set(time_pq(), aecg_leads(steps()[:, :300] * 3))
    notes = annotation(
        "MDC_ECG_INTERPRETATION",
        "",
        annotation("MDC_ECG_INTERPRETATION_STATEMENT", '<value xsi:type="ST">Sinus rhythm</value>'),
    ) + annotation("MDC_ECG_TIME_PD_QRS", '<value xsi:type="PQ" value="96" unit="ms"/>')
    more = f"<subjectOf><annotationSet>{notes}</annotationSet></subjectOf>" + derived_series(beat)
    text = aecg_xml(series(sequence_set(time_ts(), aecg_leads()), more=more))
    return Made({"a.xml": text.encode()}, "a.xml", "HL7 aECG", 0.0003)


def aecg_prefixed(folder: Path) -> Made:
    """Every name with a prefix, UTF-16, numbers as lead codes, time in ms."""
    leads = "".join(
        sequence(str(0x20100 + CODES[name]), slist(spaced(row)))
        for name, row in zip(STANDARD_12, steps(), strict=True)
    )
    text = aecg_xml(series(sequence_set(time_pq(), leads)))
    text = text.replace("</", "\0").replace("<?", "\1").replace("<", "<hl7:")
    text = text.replace("\0", "</hl7:").replace("\1", "<?").replace("xmlns=", "xmlns:hl7=")
    text = text.replace("UTF-8", "UTF-16")
    return Made({"a.xml": text.encode("utf-16")}, "a.xml", "HL7 aECG", 0.0003)


# GE MUSE


def muse_lead(name: str, row: np.ndarray, **changed: Any) -> str:
    data = np.asarray(row).astype("<i2").tobytes()
    fields = {
        "LeadByteCountTotal": len(data),
        "LeadTimeOffset": 0,
        "LeadSampleCountTotal": len(row),
        "LeadAmplitudeUnitsPerBit": STEP_UV,
        "LeadAmplitudeUnits": "MICROVOLTS",
        "LeadHighLimit": 32767,
        "LeadLowLimit": -32768,
        "LeadID": name,
        "LeadOffsetFirstSample": 0,
        "FirstSampleBaseline": 0,
        "LeadSampleSize": 2,
        "LeadOff": "FALSE",
        "LeadDataCRC32": zlib.crc32(data),
        "WaveFormData": base64.encodebytes(data).decode(),
    } | changed
    inner = "".join(f"<{k}>{v}</{k}>" for k, v in fields.items() if v is not None)
    return f"<LeadData>{inner}</LeadData>"


def muse_waveform(
    leads: Sequence[str], *, kind: str = "Rhythm", base: str = "500", exponent: str = "0"
) -> str:
    return (
        f"<Waveform><WaveformType>{kind}</WaveformType><NumberofLeads>{len(leads)}</NumberofLeads>"
        f"<SampleBase>{base}</SampleBase><SampleExponent>{exponent}</SampleExponent>"
        "<HighPassFilter>5</HighPassFilter><LowPassFilter>150</LowPassFilter>"
        f"<ACFilter>NONE</ACFilter>{''.join(leads)}</Waveform>"
    )


def muse_xml(*waveforms: str, doctype: str = '<!DOCTYPE RestingECG SYSTEM "restecg.dtd">') -> str:
    lines = (
        ("Normal sinus", ()),
        ("rhythm", ("ENDSLINE",)),
        (f"Confirmed by {NAME} MD", ("ENDSLINE", "USERINSERT")),
    )
    statements = "".join(
        "<DiagnosisStatement>"
        + "".join(f"<StmtFlag>{flag}</StmtFlag>" for flag in (flags or ("ENDSPART",)))
        + f"<StmtText>{text}</StmtText></DiagnosisStatement>"
        for text, flags in lines
    )
    return (
        f'<?xml version="1.0" encoding="ISO-8859-1"?>\n{doctype}\n<RestingECG>'
        "<PatientDemographics><PatientID>X7</PatientID><PatientAge>56</PatientAge>"
        "<AgeUnits>YEARS</AgeUnits><DateofBirth>01-02-1964</DateofBirth><Gender>FEMALE</Gender>"
        f"<PatientLastName>{NAME}</PatientLastName><PatientFirstName>Zoë</PatientFirstName>"
        "</PatientDemographics><TestDemographics><AcquisitionDevice>MAC55</AcquisitionDevice>"
        "<AcquisitionTime>14:50:55</AcquisitionTime><AcquisitionDate>05-06-2020</AcquisitionDate>"
        "</TestDemographics><RestingECGMeasurements><VentricularRate>75</VentricularRate>"
        "<QRSDuration>96</QRSDuration><PAxis></PAxis></RestingECGMeasurements>"
        f"<Diagnosis><Modality>RESTING</Modality>{statements}</Diagnosis>{''.join(waveforms)}"
        "</RestingECG>"
    )


def muse_leads(leads: Sequence[str] = EIGHT) -> list[str]:
    return [muse_lead(n, row) for n, row in zip(leads, steps(leads=leads), strict=True)]


def muse_file(folder: Path) -> Made:
    median = muse_waveform([muse_lead("I", steps()[0, :300] * 2)], kind="Median")
    text = muse_xml(median, muse_waveform(muse_leads(), base="5", exponent="2"))
    data = text.encode("latin-1")
    return Made({"m.xml": data}, "m.xml", "GE MUSE XML", 0.0003, derived=DERIVED)


# Philips


def lzw_codes(data: bytes) -> list[int]:
    table = {bytes([i]): i for i in range(256)}
    codes, word = [], b""
    for value in data:
        longer = word + bytes([value])
        if longer in table:
            word = longer
            continue
        codes.append(table[word])
        if len(table) < 1023:
            table[longer] = len(table)
        word = bytes([value])
    return [*codes, *([table[word]] if word else []), 1023]


def xli_chunk(row: Sequence[int]) -> bytes:
    """One lead as Philips' XLI stores it."""
    x = [int(v) for v in row]
    residuals = [2 * x[i - 1] - x[i - 2] - x[i] for i in range(2, len(x))]
    words = np.array([*x[:2], *(r + 64 for r in residuals[1:]), 64], dtype="<i2").view("<u2")
    halves = (words >> 8).astype(np.uint8).tobytes() + (words & 0xFF).astype(np.uint8).tobytes()
    bits = "".join(f"{code:010b}" for code in lzw_codes(halves))
    bits += "0" * (-len(bits) % 8)
    packed = int(bits, 2).to_bytes(len(bits) // 8, "big")
    return struct.pack("<IHh", len(packed), 1, residuals[0]) + packed


def stored_limb(rows: np.ndarray) -> np.ndarray:
    """Replace III, aVR, aVL and aVF by their differences from what I and II give."""
    stored = rows.copy()
    i, ii, iii, avr, avl, avf = rows[:6]
    stored[2] = ii - i - iii
    stored[3] = -avr - (i + ii) // 2
    stored[4] = (i - iii) // 2 - avl
    stored[5] = (ii + iii) // 2 - avf
    return stored


def xli_text(rows: np.ndarray, *, empty: int = 4) -> str:
    unused = [np.zeros(rows.shape[1], dtype=np.int64)] * empty
    data = b"".join(xli_chunk(row) for row in [*stored_limb(rows), *unused])
    return base64.encodebytes(data).decode()


def philips_xml(
    waveforms: str,
    *,
    version: str = "1.04",
    signal: str = "",
    encoding: str = "UTF-8",
    more: str = "",
) -> str:
    statement = (
        "<statementcode/><leftstatement>Sinus rhythm</leftstatement>"
        "<rightstatement>rate 75 &amp; regular</rightstatement>"
    )
    return (
        f'<?xml version="1.0" encoding="{encoding}"?>\n'
        '<restingecgdata xmlns="http://www3.medical.philips.com"><documentinfo>'
        f"<documenttype>SierraECG</documenttype><documentversion>{version}</documentversion>"
        '</documentinfo><dataacquisition date="2020-05-05" time="14:50:55">'
        '<machine machineid="0001">PageWriter</machine><signalcharacteristics>'
        f"{signal}</signalcharacteristics></dataacquisition><patient><generalpatientdata>"
        f"<MRN>X7</MRN><name><lastname>{NAME}</lastname><firstname>Jane</firstname></name>"
        "<age><dateofbirth>1964-01-02</dateofbirth></age><sex>Female</sex>"
        "</generalpatientdata></patient><interpretations><interpretation><globalmeasurements>"
        "<heartrate>75</heartrate><qrsdur>96</qrsdur><thorizaxis>Failed</thorizaxis>"
        f"</globalmeasurements><statement>{statement}</statement>"
        '<statement editedflag="True"><leftstatement>by a reader</leftstatement></statement>'
        f"</interpretation></interpretations><waveforms>{waveforms}</waveforms>{more}"
        "</restingecgdata>"
    )


SIGNAL_103 = (
    f"<samplingrate>500</samplingrate><signalresolution>{STEP_UV}</signalresolution>"
    "<signalbandwidth>0.05-150</signalbandwidth><acquisitiontype>STD-12</acquisitiontype>"
    "<bitspersample>16</bitspersample><signaloffset>0</signaloffset>"
    "<signalsigned>True</signalsigned><numberchannelsallocated>12</numberchannelsallocated>"
    "<numberchannelsvalid>12</numberchannelsvalid>"
)


def parsed(text: str, **attributes: Any) -> str:
    known = {
        "dataencoding": "Base64",
        "numberofleads": 12,
        "leadlabels": " ".join(STANDARD_12),
        "durationperchannel": int(N_SAMPLES / FS_HZ * 1000),
        "samplespersecond": 500,
        "resolution": STEP_UV,
        "signaloffset": 0,
        "signalsigned": "True",
        "bitspersample": 16,
        "hipass": 0.05,
        "lowpass": 150,
        "notchfiltered": "True",
        "notchfilterfreqs": "60 120",
    } | attributes
    inner = " ".join(f'{k}="{escape(str(v))}"' for k, v in known.items() if v is not None)
    return f"<parsedwaveforms {inner}>{text}</parsedwaveforms>"


def philips_103(folder: Path) -> Made:
    beat = base64.b64encode(np.zeros(300, "<i2").tobytes()).decode()
    waves = (
        '<parsedwaveforms compressflag="True" compressmethod="XLI" dataencoding="Base64" '
        f'durationperchannel="4000" nbitspersample="16">{xli_text(steps())}</parsedwaveforms>'
        f'<repbeats dataencoding="Base64"><repbeat leadname="I">{beat}</repbeat></repbeats>'
    )
    text = philips_xml(waves, version="1.03", signal=SIGNAL_103)
    return Made({"p.xml": text.encode()}, "p.xml", "Philips XML", 0.0004)


def philips_104(folder: Path) -> Made:
    text = philips_xml(parsed(xli_text(steps()), compression="XLI"), encoding="UTF-16")
    data = b"\xff\xfe" + text.encode("utf-16-le")
    return Made({"p.xml": data}, "p.xml", "Philips XML", 0.0004)


def philips_plain(folder: Path) -> Made:
    """Samples as numbers, with a zero level of their own."""
    wave = parsed(spaced((steps() + 100).ravel(), "\n"), dataencoding="Plain", signaloffset=100)
    data = philips_xml(wave, version="1.04.01").encode()
    return Made({"p.xml": data}, "p.xml", "Philips XML", 0.0004)


def philips_base64(folder: Path) -> Made:
    data = base64.b64encode(steps().astype("<i2").tobytes()).decode()
    return Made({"p.xml": philips_xml(parsed(data)).encode()}, "p.xml", "Philips XML", 0.0004)


def philips_single(folder: Path) -> Made:
    leads = "".join(
        f'<leadwaveform leadname="{n}" starttime="0" duration="4000">{spaced(row)}</leadwaveform>'
        for n, row in zip(STANDARD_12, steps(), strict=True)
    )
    wave = parsed(leads, dataencoding="Plain").replace("parsedwaveforms", "leadwaveforms")
    return Made({"p.xml": philips_xml(wave).encode()}, "p.xml", "Philips XML", 0.0004)


# GE CardioSoft


def strip(leads: Sequence[str] = EIGHT, *, tag: str = "StripData", unit: str = "uVperLsb") -> str:
    rows = steps(leads=leads)
    data = "".join(
        f'<WaveformData lead="{n}">\n\t\t{spaced(row, ",")}\n</WaveformData>'
        for n, row in zip(leads, rows, strict=True)
    )
    return (
        f'<{tag}><NumberOfLeads>{len(leads)}</NumberOfLeads><SampleRate units="Hz">500</SampleRate>'
        f"<ChannelSampleCountTotal>{rows.shape[1]}</ChannelSampleCountTotal>"
        f'<Resolution units="{unit}">{STEP_UV}</Resolution>{data}</{tag}>'
    )


def full_disclosure(values: np.ndarray, leads: Sequence[str]) -> str:
    return (
        "<FullDisclosure><StartTime><Minute>0</Minute><Second>0</Second></StartTime>"
        f"<NumberOfChannels>{len(leads)}</NumberOfChannels>"
        '<SampleRate units="Hz">500</SampleRate><Resolution units="uVperLsb">0.5</Resolution>'
        f"<LeadOrder>{','.join(leads)}</LeadOrder>"
        f"<FullDisclosureData>{spaced(values, ',')},</FullDisclosureData></FullDisclosure>"
    )


def cardiosoft_xml(*waveforms: str) -> str:
    return (
        '<?xml version="1.0" encoding="ISO8859-1" ?>\n<CardiologyXML>'
        "<ObservationType>RestECG</ObservationType><ObservationDateTime><Hour>14</Hour>"
        "<Minute>50</Minute><Second>55</Second><Day>5</Day><Month>5</Month><Year>2020</Year>"
        "</ObservationDateTime><ClinicalInfo><DeviceInfo><Desc>CardioSoft</Desc>"
        "<SoftwareVer>6.73</SoftwareVer></DeviceInfo></ClinicalInfo><PatientInfo><PID>X7</PID>"
        f"<Name><FamilyName>{NAME}</FamilyName><GivenName>Zoë</GivenName></Name>"
        '<Age units="years">56</Age><Gender>FEMALE</Gender></PatientInfo><FilterSetting>'
        "<CubicSpline>Yes</CubicSpline><Filter50Hz>Yes</Filter50Hz>"
        '<LowPass units="Hz">150</LowPass></FilterSetting><Interpretation><Diagnosis>'
        "<DiagnosisText>Sinus rhythm</DiagnosisText></Diagnosis></Interpretation>"
        '<RestingECGMeasurements><QRSDuration units="ms">96</QRSDuration>'
        f"</RestingECGMeasurements>{''.join(waveforms)}</CardiologyXML>"
    )


def cardiosoft_file(folder: Path) -> Made:
    text = cardiosoft_xml(strip(("I",), tag="MedianSamples"), strip())
    data = text.encode("latin-1")
    return Made({"c.xml": data}, "c.xml", "GE CardioSoft XML", 0.0003, derived=DERIVED)


def cardiosoft_full(folder: Path) -> Made:
    """Every sample of all leads, then the next; a shorter strip stands beside."""
    text = cardiosoft_xml(full_disclosure(steps().T.ravel(), STANDARD_12), strip(("I", "II")))
    return Made({"c.xml": text.encode("latin-1")}, "c.xml", "GE CardioSoft XML", 0.0003)


def cardiosoft_blocks(folder: Path) -> Made:
    """A second of each lead, then the next second."""
    blocks = steps().reshape(12, -1, 500).transpose(1, 0, 2).ravel()
    text = cardiosoft_xml(full_disclosure(blocks, STANDARD_12))
    return Made({"c.xml": text.encode("latin-1")}, "c.xml", "GE CardioSoft XML", 0.0003)


# Schiller


def schiller_xml(
    rows: np.ndarray | None = None,
    *,
    exponent: str = "1",
    coding: str = "COMMASEPARATE",
    kind: str = "ECG_RHYTHMS",
    step: str = f"{STEP_UV}",
    units: str = "UV",
) -> str:
    rows = steps(leads=EIGHT) if rows is None else rows
    channels = "".join(
        f"<channel><name>{n}</name><datastype>{coding}</datastype>"
        f"<data>{spaced(row, ',')},</data></channel>"
        for n, row in zip(EIGHT, rows, strict=True)
    )
    root = "com.xiriuz.sema.xml.schillerEDI.SchillerEDI"
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><{root}><patdata><id>X7</id>'
        f"<lastname>{NAME}</lastname><firstname>Jane</firstname><birthdate>19640102</birthdate>"
        "<gender>FEMALE</gender></patdata><examdescript><startdatetime><date>20200505</date>"
        "<time>145055</time></startdatetime><aquiringdevice><hardware><vendor>SCHILLER</vendor>"
        "<model>AT-102</model></hardware></aquiringdevice></examdescript><eventdata><event>"
        "<annotation_global><name>HR</name><value>75</value></annotation_global>"
        "<wavedata><type>ECG_AVERAGES</type><channel><name>I</name><data>1,2</data></channel>"
        f"</wavedata><wavedata><type>{kind}</type><resolution><samplerate><value>500</value>"
        f"<exponent>{exponent}</exponent></samplerate><yres><unitperbit>{step}</unitperbit>"
        f"<units>{units}</units></yres></resolution>{channels}</wavedata></event></eventdata>"
        f"</{root}>"
    )


def schiller_file(folder: Path) -> Made:
    return Made(
        {"s.xml": schiller_xml().encode()}, "s.xml", "Schiller XML", 0.0003, derived=DERIVED
    )


# FHIR


def sampled(row: np.ndarray | str, **changed: Any) -> dict[str, Any]:
    data = row if isinstance(row, str) else spaced(row)
    known = {
        "origin": {"value": 0, "unit": "uV", "code": "uV"},
        "period": 2,
        "factor": STEP_UV,
        "dimensions": 1,
        "data": data,
    } | changed
    return {key: value for key, value in known.items() if value is not None}


def component(name: str, data: dict[str, Any]) -> dict[str, Any]:
    coding = {"system": "urn:oid:2.16.840.1.113883.6.24", "code": str(0x20100 + CODES[name])}
    return {"code": {"coding": [coding]}, "valueSampledData": data}


def observation(components: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    known = {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "11524-6"}]},
        "subject": {"reference": "Patient/p1"},
        "effectiveDateTime": "2020-05-05T14:50:55+02:00",
        "device": {"display": "12 lead M1"},
        "interpretation": [{"text": "Sinus rhythm"}],
    }
    return known | {"component": components} | more


PATIENT = {
    "resourceType": "Patient",
    "id": "p1",
    "identifier": [{"value": "X7"}],
    "name": [{"family": NAME, "given": ["Jane"]}],
    "gender": "female",
    "birthDate": "1964-01-02",
}


def twelve() -> list[dict[str, Any]]:
    return [component(n, sampled(row)) for n, row in zip(STANDARD_12, steps(), strict=True)]


def fhir_bytes(content: Any) -> bytes:
    return json.dumps(content).encode()


def fhir_bundle(folder: Path) -> Made:
    content = {
        "resourceType": "Bundle",
        "entry": [{"resource": PATIENT}, {"resource": observation(twelve())}],
    }
    return Made({"f.json": fhir_bytes(content)}, "f.json", "FHIR", 0.0003)


def fhir_list(folder: Path) -> Made:
    """One Observation a lead, the patient contained in the first."""
    every = []
    for name, row in zip(STANDARD_12, steps(), strict=True):
        one = component(name, sampled(row))
        every.append(observation([], code=one["code"], valueSampledData=one["valueSampledData"]))
    every[0]["contained"] = [PATIENT]
    return Made({"f.json": fhir_bytes(every)}, "f.json", "FHIR", 0.0003)


XML: dict[str, Callable[[Path], Made]] = {
    "aecg": aecg_file,
    "aecg-prefixed": aecg_prefixed,
    "muse": muse_file,
    "philips-103-xli": philips_103,
    "philips-104-utf16": philips_104,
    "philips-plain": philips_plain,
    "philips-base64": philips_base64,
    "philips-single": philips_single,
    "cardiosoft": cardiosoft_file,
    "cardiosoft-full": cardiosoft_full,
    "cardiosoft-blocks": cardiosoft_blocks,
    "schiller": schiller_file,
    "fhir-bundle": fhir_bundle,
    "fhir-list": fhir_list,
}
