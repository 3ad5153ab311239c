"""GE MUSE XML: rhythm apart from median beats, checks of each lead's data, the device's words."""

import re
from datetime import datetime

import numpy as np
import pytest
from made_files import truth_mv
from made_xml import EIGHT, muse_lead, muse_leads, muse_waveform, muse_xml, steps

from ecgcore import readers
from ecgcore.errors import MissingInformationError, ReadError
from ecgcore.leads import STANDARD_12
from ecgcore.readers import ReadOptions


def read(text: str, **options):
    return readers.read({"m.xml": text.encode("latin-1")}, options=ReadOptions(**options))


def one(**changed):
    return muse_xml(muse_waveform([muse_lead("V1", steps()[6], **changed)]))


def test_the_largest_rhythm_is_read_and_medians_are_not():
    median = muse_waveform([muse_lead("I", steps()[0, :300])], kind="MEDIAN")
    short = muse_waveform([muse_lead("II", steps()[1, :300])])
    recording = read(muse_xml(median, short, muse_waveform(muse_leads())))
    assert recording.signal.shape == (12, 2000)
    assert any("Median beats" in note for note in recording.notes)
    assert any("2 rhythm waveforms" in note for note in recording.notes)
    assert any("Left out: II at 500 Hz." in note for note in recording.notes)
    with pytest.raises(ReadError, match="only median beats"):
        read(muse_xml(median))
    with pytest.raises(ReadError, match="no waveform"):
        read(muse_xml())


def test_limb_leads_are_computed_and_stated():
    recording = read(muse_xml(muse_waveform(muse_leads())))
    assert recording.derived_leads == ("III", "aVR", "aVL", "aVF")
    assert np.abs(recording.signal - truth_mv()).max() < 0.0003


@pytest.mark.parametrize(
    ("changed", "volts"),
    [
        ({}, 0.5e-3),
        ({"LeadAmplitudeUnitsPerBit": "4.88"}, 4.88e-3),
        ({"LeadAmplitudeUnits": "MILLIVOLTS", "LeadAmplitudeUnitsPerBit": "0.002"}, 2e-3),
        ({"LeadAmplitudeUnitsPerBit": "-10"}, -10e-3),
    ],
)
def test_units_per_bit(changed, volts):
    recording = read(one(**changed))
    assert np.allclose(recording.signal[0], steps()[6] * volts, atol=1e-6)


def test_a_negative_step_is_noted():
    notes = read(one(LeadAmplitudeUnitsPerBit="-0.5")).notes
    assert any("step of V1 is negative" in note for note in notes)


def test_unit_and_rate_are_asked_for():
    with pytest.raises(MissingInformationError, match="unit of V1"):
        read(one(LeadAmplitudeUnits=None))
    assert read(one(LeadAmplitudeUnits=None), unit="uV").unit == "mV"
    with pytest.raises(ReadError, match="step of V1"):
        read(one(LeadAmplitudeUnitsPerBit="0"))
    text = muse_xml(muse_waveform(muse_leads(), base=""))
    with pytest.raises(MissingInformationError, match="sampling rate"):
        read(text)
    assert read(text, fs_hz=250).fs_hz == 250


def test_sample_counts_that_do_not_agree():
    more = read(one(LeadSampleCountTotal=1500))
    assert more.n_samples == 1500
    assert any("2000 samples, 1500 are declared" in note for note in more.notes)
    fewer = read(one(LeadSampleCountTotal=2500))
    assert fewer.n_samples == 2000
    assert any("cut off" in note for note in fewer.notes)
    uneven = muse_waveform([muse_lead("V1", steps()[6]), muse_lead("V2", steps()[7, :1999])])
    assert np.isnan(read(muse_xml(uneven)).lead("V2")).sum() == 1


def test_a_checksum_that_does_not_agree_is_noted():
    assert not any("checksum" in note for note in read(one()).notes)
    notes = read(one(LeadDataCRC32=12345)).notes
    assert any("checksum of V1" in note for note in notes)


def test_a_lead_that_starts_later():
    recording = read(one(LeadOffsetFirstSample=100))
    assert np.isnan(recording.signal[0, :100]).all()
    assert recording.n_samples == 2100
    for wrong in ({"LeadTimeOffset": 20}, {"LeadOffsetFirstSample": 10**9}):
        with pytest.raises(ReadError, match="starts at another time"):
            read(one(**wrong))


def test_samples_of_other_sizes_and_damage():
    wide = muse_xml(
        muse_waveform(
            [
                muse_lead(
                    "V1", np.array([1, 0, -1, -1], "<i2"), LeadSampleSize=4, LeadSampleCountTotal=2
                )
            ]
        )
    )
    assert np.allclose(read(wide).signal[0], [0.0005, -0.0005])
    with pytest.raises(ReadError, match="3 bytes"):
        read(one(LeadSampleSize=3))
    with pytest.raises(ReadError, match="not valid base64"):
        read(one(WaveFormData="no*base64*"))
    unpadded = one()
    assert read(unpadded.replace("=", "", 1) if "==" in unpadded else unpadded).n_samples == 2000


def test_an_electrode_that_was_off_and_an_empty_lead():
    off = muse_lead("V1", steps()[6], LeadOff="TRUE")
    empty = muse_lead("V2", steps()[7], WaveFormData="")
    notes = read(muse_xml(muse_waveform([off, empty]))).notes
    assert any("electrode of V1 was off" in note for note in notes)
    assert any("V2 was left out: no samples" in note for note in notes)


def test_device_filter_statements_and_measurements():
    provenance = read(muse_xml(muse_waveform(muse_leads()))).provenance
    assert provenance.device == "GE MAC55"
    assert provenance.device_filter == "0.05-150 Hz"
    # A statement goes over two parts; the line of the person who confirmed it is left out.
    assert provenance.machine_statements == ("Normal sinus rhythm",)
    assert provenance.machine_measurements == {
        "Ventricular rate": "75 bpm",
        "QRS duration": "96 ms",
    }
    text = muse_xml(muse_waveform(muse_leads()))
    original = "<OriginalDiagnosis><DiagnosisStatement><StmtFlag>ENDSLINE</StmtFlag><StmtText>"
    text = text.replace("<Diagnosis>", f"{original}Old</StmtText></DiagnosisStatement>"
                        "</OriginalDiagnosis><Diagnosis>")  # fmt: skip
    assert read(text).provenance.machine_statements == ("Old",)


@pytest.mark.parametrize(
    ("day", "start"),
    [
        ("05-06-2020", datetime(2020, 5, 6, 14, 50, 55)),
        ("26-05-2020", datetime(2020, 5, 26, 14, 50, 55)),
        ("2020-05-06", datetime(2020, 5, 6, 14, 50, 55)),
        ("31-31-2020", None),
        ("", None),
    ],
)
def test_dates(day, start):
    text = muse_xml(muse_waveform(muse_leads()))
    text = text.replace(">05-06-2020<", f">{day}<")
    assert read(text).start == start


@pytest.mark.parametrize(
    ("age", "unit", "years"),
    [
        ("56", "YEARS", 56),
        ("6", "MONTHS", 0.5),
        ("7", "DAYS", 7 / 365.25),
        ("", "", 56),
        ("999", "YEARS", 56),
    ],
)
def test_age(age, unit, years):
    text = muse_xml(muse_waveform(muse_leads()))
    text = text.replace("<PatientAge>56<", f"<PatientAge>{age}<").replace(">YEARS<", f">{unit}<")
    assert read(text).patient.age_years == pytest.approx(years)


def test_identity_only_on_purpose():
    text = muse_xml(muse_waveform(muse_leads()))
    assert "Doe" not in repr(read(text))
    kept = read(text, keep_identity=True).patient.identity
    assert kept == {"name": "Zoë Doe", "identifier": "X7", "birth date": "01-02-1964"}


def test_a_document_type_with_entities_is_refused():
    bomb = '<!DOCTYPE RestingECG [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>'
    with pytest.raises(ReadError, match="declares entities"):
        read(muse_xml(muse_waveform(muse_leads()), doctype=bomb))


def test_leads_of_the_file_may_be_named():
    recording = read(muse_xml(muse_waveform(muse_leads())), lead_names=("", "", *EIGHT[2:]))
    assert recording.leads == EIGHT[2:]


@pytest.mark.parametrize("more", [("V3R", "V4R", "V7"), ("V7", "V8", "V9", "V3R", "V4R", "V5R")])
def test_further_chest_leads_stand_after_the_twelve(more):
    rows = [muse_lead(name, steps()[i]) for i, name in enumerate(more)]
    recording = read(muse_xml(muse_waveform([*muse_leads(), *rows])))
    assert recording.leads == (*STANDARD_12, *more)
    assert recording.derived_leads == ("III", "aVR", "aVL", "aVF")
    for i, name in enumerate(more):
        assert np.abs(recording.lead(name) - truth_mv()[i]).max() < 0.0003


@pytest.mark.parametrize(
    ("age", "unit", "years"),
    [
        ("6", "WEEKS", 0.115),
        ("7", "MONTHS", 0.583),
        ("20", "days", 0.0548),
        ("30", "HOURS", 0.00342),
        ("15", "YEARS", 15),
        ("15", "", 15),
    ],
)
def test_the_age_in_its_unit(age, unit, years):
    text = re.sub(
        r"<PatientAge>.*?</PatientAge>(<AgeUnits>.*?</AgeUnits>)?",
        "",
        muse_xml(muse_waveform(muse_leads())),
    )
    told = f"<PatientAge>{age}</PatientAge>" + (f"<AgeUnits>{unit}</AgeUnits>" if unit else "")
    text = text.replace("<PatientDemographics>", f"<PatientDemographics>{told}")
    assert read(text).patient.age_years == pytest.approx(years, abs=0.0005)
