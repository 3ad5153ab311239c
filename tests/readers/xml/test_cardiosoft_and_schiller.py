"""GE CardioSoft and Schiller EDI XML: strips, full disclosure, and what is not certain."""

from datetime import datetime

import numpy as np
import pytest
from made_files import truth_mv
from made_xml import (
    EIGHT,
    cardiosoft_xml,
    full_disclosure,
    schiller_xml,
    steps,
    strip,
)

from ecgcore import readers
from ecgcore.errors import MissingInformationError, ReadError
from ecgcore.leads import STANDARD_12
from ecgcore.readers import ReadOptions


def read(text: str, **options):
    return readers.read({"c.xml": text.encode("latin-1")}, options=ReadOptions(**options))


def test_a_strip_is_read_and_medians_are_not():
    median = strip(("I", "II"), tag="MedianSamples")
    recording = read(cardiosoft_xml(f"<RestingECG>{median}</RestingECG>", strip()))
    assert recording.derived_leads == ("III", "aVR", "aVL", "aVF")
    assert np.abs(recording.signal - truth_mv()).max() < 0.0003
    assert any("Median beats" in note for note in recording.notes)
    with pytest.raises(ReadError, match="only median beats"):
        read(cardiosoft_xml(median))
    with pytest.raises(ReadError, match="no waveform"):
        read(cardiosoft_xml())


def test_rate_and_resolution_may_stand_above_the_strips():
    inner = strip(("V1", "V2"), tag="Strip")
    head, data = inner[: inner.index("<WaveformData")], inner[inner.index("<WaveformData") :]
    above = head.replace("<Strip>", "") + f"<Strip>{data}"
    recording = read(cardiosoft_xml(f"<StripData>{above}</StripData>"))
    assert recording.leads == ("V1", "V2")
    assert recording.fs_hz == 500


def test_the_strip_with_most_leads_is_read():
    recording = read(cardiosoft_xml(strip(("V1",)), strip(), strip(("V1", "V2"))))
    assert recording.n_leads == 12
    assert any("3 waveforms" in note for note in recording.notes)


@pytest.mark.parametrize("blocks", [False, True])
@pytest.mark.parametrize("leads", [("I", "II", "V2"), STANDARD_12])
def test_full_disclosure_in_both_orders(blocks, leads):
    rows = steps(leads=leads)
    flat = rows.reshape(len(leads), -1, 500).transpose(1, 0, 2) if blocks else rows.T
    recording = read(cardiosoft_xml(full_disclosure(flat.ravel(), leads)))
    for name in leads:
        expected = truth_mv()[STANDARD_12.index(name)]
        assert np.abs(recording.lead(name) - expected).max() < 0.0003
    assert blocks == any("blocks of one second" in note for note in recording.notes)


def test_a_full_disclosure_that_cannot_tell_keeps_to_the_documented_order():
    flat = np.zeros(6000, dtype=np.int64)
    flat[1::3] = 0
    recording = read(cardiosoft_xml(full_disclosure(flat, ("I", "II", "V2"))))
    assert recording.n_samples == 2000
    assert not any("blocks" in note for note in recording.notes)


def test_an_incomplete_end_is_left_out():
    flat = np.append(steps(leads=("I", "II", "V2")).T.ravel(), [1, 2])
    recording = read(cardiosoft_xml(full_disclosure(flat, ("I", "II", "V2"))))
    assert recording.n_samples == 2000
    assert any("2 samples at the end" in note for note in recording.notes)


@pytest.mark.parametrize(
    ("unit", "factor"), [("uVperLsb", 1), ("UV per LSB", 1), ("nVperLsb", 1e-3), ("mVperLsb", 1e3)]
)
def test_units_of_a_step(unit, factor):
    recording = read(cardiosoft_xml(strip(("V1",), unit=unit)))
    assert np.allclose(recording.signal[0], truth_mv()[6] * factor, rtol=1e-3, atol=3e-4 * factor)


def test_what_is_missing_is_asked_for():
    text = cardiosoft_xml(strip(("V1",), unit=""))
    with pytest.raises(MissingInformationError, match="unit"):
        read(text)
    assert read(text, unit="uV").unit == "mV"
    text = cardiosoft_xml(strip(("V1",))).replace("SampleRate", "Other")
    with pytest.raises(MissingInformationError, match="sampling rate"):
        read(text)
    text = cardiosoft_xml(strip(("V1",))).replace("Resolution", "Other")
    with pytest.raises(ReadError, match="resolution"):
        read(text)


def test_cardiosoft_provenance_and_identity():
    text = cardiosoft_xml(strip())
    recording = read(text)
    provenance = recording.provenance
    assert recording.start == datetime(2020, 5, 5, 14, 50, 55)
    assert provenance.device == "GE CardioSoft software 6.73"
    assert provenance.device_filter == "up to 150 Hz, notch 50 Hz, baseline by cubic spline"
    assert provenance.machine_statements == ("Sinus rhythm",)
    assert provenance.machine_measurements == {"QRS duration": "96 ms"}
    assert recording.patient.age_years == 56
    assert "Doe" not in repr(recording)
    kept = read(text, keep_identity=True).patient.identity
    assert kept == {"name": "Zoë Doe", "identifier": "X7"}
    born = "<BirthDateTime><Day>2</Day><Month>1</Month><Year>1964</Year></BirthDateTime>"
    text = text.replace('<Age units="years">56</Age>', born)
    assert read(text).patient.age_years == 56


def test_schiller_rhythm_is_read_and_averages_are_not():
    recording = read(schiller_xml())
    assert np.abs(recording.signal - truth_mv()).max() < 0.0003
    assert any("Averaged beats" in note for note in recording.notes)
    assert recording.provenance.device == "SCHILLER AT-102"
    assert recording.provenance.machine_measurements == {"HR": "75 bpm"}
    assert recording.start == datetime(2020, 5, 5, 14, 50, 55)
    milli = schiller_xml(step="0.0005", units="MV")
    assert np.abs(read(milli).signal - truth_mv()).max() < 0.0003


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"coding": "DIFFERENCES"}, "coded as DIFFERENCES"),
        ({"exponent": "2"}, "unusual exponent"),
        ({"kind": "ECG_AVERAGES"}, "no rhythm"),
        ({"step": ""}, "step of its samples"),
    ],
)
def test_schiller_files_that_are_not_certain_say_what_to_export(changed, sentence):
    with pytest.raises(ReadError, match=sentence) as caught:
        read(schiller_xml(**changed))
    assert "export the recording as DICOM waveform" in str(caught.value)


def test_schiller_identity_and_missing_unit():
    assert "Doe" not in repr(read(schiller_xml()))
    kept = read(schiller_xml(), keep_identity=True).patient.identity
    assert kept == {"name": "Jane Doe", "identifier": "X7", "birth date": "19640102"}
    with pytest.raises(MissingInformationError, match="unit"):
        read(schiller_xml(units=""))
    assert read(schiller_xml(), lead_names=("", *EIGHT[1:])).leads == EIGHT[1:]
