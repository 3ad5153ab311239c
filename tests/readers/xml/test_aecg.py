"""HL7 aECG: rhythm apart from beats, values and times in every form of the standard."""

from datetime import datetime

import numpy as np
import pytest
from made_files import truth_mv
from made_xml import (
    aecg_leads,
    aecg_xml,
    annotation,
    derived_series,
    sequence,
    sequence_set,
    series,
    slist,
    spaced,
    steps,
    time_pq,
    time_ts,
)
from reading import read

from ecgcore import readers
from ecgcore.errors import MissingInformationError, ReadError, TooLargeError
from ecgcore.leads import STANDARD_12


def one_lead(value: str, *, code: str = "MDC_ECG_LEAD_II", time: str | None = None) -> str:
    return aecg_xml(series(sequence_set(time or time_pq(), sequence(code, value))))


def test_rhythm_is_read_and_representative_beats_are_not():
    beat = sequence_set(time_pq(), aecg_leads(steps()[:, :300] * 5))
    other = series(beat, code="REPRESENTATIVE_BEAT")
    text = aecg_xml(other, series(sequence_set(time_ts(), aecg_leads()), more=derived_series(beat)))
    recording = read(text)
    assert recording.n_samples == 2000
    assert np.abs(recording.signal - truth_mv()).max() < 0.0003
    assert any("computed by the device" in note for note in recording.notes)
    for only in (aecg_xml(other), aecg_xml(series(more=derived_series(beat)))):
        with pytest.raises(ReadError, match="only representative beats"):
            read(only)


def test_the_longest_of_several_rhythms_is_read():
    short = series(sequence_set(time_ts(), aecg_leads(steps()[:, :500] * 3)))
    recording = read(aecg_xml(short, series(sequence_set(time_ts(), aecg_leads())), short))
    assert recording.n_samples == 2000
    assert any("3 rhythm series" in note for note in recording.notes)
    assert any("Hz" in note and "left out: " in note for note in recording.notes)


def test_columns_of_a_sheet_stand_at_their_own_time():
    """A 3x4 sheet: four sequence sets of one second with three leads each."""
    sets = [
        sequence_set(
            time_ts(f"2020050514505{5 + k}.000"),
            aecg_leads(
                steps()[3 * k : 3 * k + 3, 500 * k : 500 * k + 500],
                STANDARD_12[3 * k : 3 * k + 3],
            ),
        )
        for k in range(4)
    ]
    recording = read(aecg_xml(series(*reversed(sets))))
    assert recording.start == datetime(2020, 5, 5, 14, 50, 55)
    assert recording.signal.shape == (12, 2000)
    for k in range(4):
        part = slice(500 * k, 500 * k + 500)
        rows = [recording.lead(name) for name in STANDARD_12[3 * k : 3 * k + 3]]
        expected = truth_mv()[3 * k : 3 * k + 3, part]
        assert np.abs([row[part] for row in rows] - expected).max() < 0.0003
        assert all(np.isnan(row).sum() == 1500 for row in rows)
    assert recording.derived_leads == ()


def test_sets_of_unknown_time_or_other_rate_are_left_out_with_a_note():
    first = sequence_set(time_pq("", "2"), aecg_leads())
    other = sequence_set(time_pq("", "2"), aecg_leads(steps()[:, :100]))
    recording = read(aecg_xml(series(other, first)))
    assert recording.n_samples == 2000
    assert any("1 of 2 parts" in note for note in recording.notes)


@pytest.mark.parametrize(
    ("scale", "unit", "origin"),
    [
        (2.5, "uV", 100),
        (0.0025, "mV", 0.1),
        (2.5e-6, "V", 1e-4),
        (2500, "nV", 1e5),
        (2.5, "µV", 100),
    ],
)
def test_scale_origin_and_units(scale, unit, origin):
    recording = read(one_lead(slist("0 40 -40", scale=scale, unit=unit, origin=origin)))
    assert recording.signal[0].tolist() == pytest.approx([0.1, 0.2, 0.0])
    assert recording.provenance.original_unit == unit


def test_slist_int_has_no_unit_and_it_is_asked_for():
    value = '<value xsi:type="SLIST_INT"><origin value="10"/><scale value="2"/>'
    value += "<digits>0 5</digits></value>"
    with pytest.raises(MissingInformationError, match="unit") as caught:
        read(one_lead(value))
    assert caught.value.needs == ("unit",)
    recording = read(one_lead(value), unit="uV")
    assert recording.signal[0].tolist() == pytest.approx([0.01, 0.02])
    assert any("entered by the user" in note for note in recording.notes)


@pytest.mark.parametrize(
    ("increment", "unit", "fs_hz"),
    [
        ("0.002", "s", 500),
        ("2", "ms", 500),
        ("2000", "us", 500),
        ("0.0010000", "s", 1000),
        ("0.00390625", "s", 256),
        ("0.0039063", "s", 256),
        ("0.00667", "s", 150),
        ("3.333", "ms", 300),
        ("0.008", "s", 125),
        ("2.1e-3", "s", 1 / 0.0021),
    ],
)
def test_rates(increment, unit, fs_hz):
    text = one_lead(slist("0 1"), time=time_pq("0", increment, unit))
    assert read(text).fs_hz == pytest.approx(fs_hz)


@pytest.mark.parametrize("increment", ["", "0", "-2", "x"])
def test_a_missing_rate_is_asked_for(increment):
    text = one_lead(slist("0 1"), time=time_pq("0", increment))
    with pytest.raises(MissingInformationError) as caught:
        read(text)
    assert caught.value.needs == ("fs_hz",)
    assert read(text, fs_hz=250).fs_hz == 250


@pytest.mark.parametrize(
    ("code", "lead"),
    [
        ("MDC_ECG_LEAD_AVR", "aVR"),
        ("131329", "I"),
        ("131389", "III"),
        ("2:62", "aVR"),
        ("131073", "I"),
        ("MDC_ECG_ELEC_POTL_V3", "V3"),
        ("LEAD_II", "II"),
        ("V4R", "V4R"),
        ("MDC_ECG_LEAD_X", "X"),
        ("local-7", "local-7"),
        ("3", "code 3"),
    ],
)
def test_lead_codes(code, lead):
    assert read(one_lead(slist("1 2"), code=code)).leads == (lead,)


def test_a_local_code_with_a_display_name():
    text = one_lead(slist("1 2"), code='77" displayName="Lead V5')
    assert read(text).leads == ("V5",)


def test_other_signals_are_left_out():
    other = sequence("MDC_RESP", slist("1 2 3", unit="Ohm"))
    text = aecg_xml(series(sequence_set(time_pq(), sequence("V1", slist("1 2 3")), other)))
    recording = read(text)
    assert recording.leads == ("V1",)
    assert any("MDC_RESP was left out" in note for note in recording.notes)
    with pytest.raises(ReadError, match="contains no ECG lead"):
        read(aecg_xml(series(sequence_set(time_pq(), other))))


def test_leads_of_different_length_and_absent_samples():
    leads = sequence("V1", slist("1 2 nan 4")) + sequence("V2", slist("1,2;3"))
    recording = read(aecg_xml(series(sequence_set(time_pq(), leads))))
    assert np.isnan(recording.signal).tolist() == [
        [False, False, True, False],
        [False] * 3 + [True],
    ]
    assert any("V2 ends early" in note for note in recording.notes)


@pytest.mark.parametrize("digits", ["1 2 three", "1 <b/> 2 0x10", "1 2 --3"])
def test_samples_that_are_no_numbers(digits):
    with pytest.raises(ReadError, match="where a number is needed"):
        read(one_lead(slist(digits)))


def test_a_time_far_away_asks_for_no_memory():
    sets = [sequence_set(time_ts(f"{year}0101000000"), aecg_leads()) for year in (2000, 2020)]
    with pytest.raises(TooLargeError, match="samples"):
        read(aecg_xml(series(*sets)))
    with pytest.raises(TooLargeError, match="samples"):
        read(aecg_xml(series(sequence_set(time_ts(), aecg_leads()))), max_samples=23_999)


def test_provenance_statements_and_measurements():
    pr = '<value xsi:type="PQ" value="{}" unit="ms"/>'
    beats = "".join(
        annotation("MDC_ECG_BEAT", "", annotation("MDC_ECG_TIME_PD_PR", pr.format(v)))
        for v in (140, 152, 146)
    )
    rate = annotation("MDC_ECG_HEART_RATE", '<value xsi:type="PQ" value="52" unit="bmp"/>')
    said = annotation("MDC_ECG_RHY", '<value code="X" displayName="Sinus Rhythm"/>') + annotation(
        "MDC_ECG_INTERPRETATION_STATEMENT", "<value>&lt;b&gt;old&lt;/b&gt;\n infarct</value>"
    )
    more = f"<subjectOf><annotationSet>{beats}{rate}{said}</annotationSet></subjectOf>"
    control = "MDC_ECG_CTL_VBL_ATTR_FILTER"
    filters = "".join(
        f'<controlVariable><controlVariable><code code="{control}_{kind}"/><component>'
        f'<controlVariable><code code="{control}_{what}"/><value value="{hz}" unit="Hz"/>'
        "</controlVariable></component></controlVariable></controlVariable>"
        for kind, what, hz in (
            ("LOW_PASS", "CUTOFF_FREQ", 150),
            ("HIGH_PASS", "CUTOFF_FREQ", 0.05),
            ("NOTCH", "NOTCH_FREQ", 50),
        )
    )
    recording = read(aecg_xml(series(sequence_set(time_ts(), aecg_leads()), more=filters + more)))
    provenance = recording.provenance
    assert provenance.device == "Maker M1 software 2.0"
    assert provenance.device_filter == "0.05-150 Hz, notch 50 Hz"
    assert provenance.original_gain == "0.5 uV per step"
    assert provenance.machine_statements == ("Sinus Rhythm", "<b>old</b> infarct")
    assert provenance.machine_measurements == {
        "PR interval": "140 to 152 ms (3 beats)",
        "Ventricular rate": "52 bpm",
    }


def test_reported_age_comes_before_the_date_of_birth():
    observation = (
        '<controlVariable><relatedObservation><code code="21612-7"/>'
        '<value xsi:type="PQ" {} unit="{}"/></relatedObservation></controlVariable>'
    )
    base = series(sequence_set(time_ts(), aecg_leads()))
    assert read(aecg_xml(observation.format('value="46"', "a"), base)).patient.age_years == 46
    assert read(aecg_xml(observation.format('value="6"', "mo"), base)).patient.age_years == 0.5
    assert read(aecg_xml(observation.format("", "a"), base)).patient.age_years == 56
    year_only = '<administrativeGenderCode code="UN"/><birthTime value="1964"/>'
    patient = read(aecg_xml(base, subject=year_only)).patient
    assert (patient.age_years, patient.sex) == (55, None)


def test_identity_only_on_purpose():
    text = aecg_xml(series(sequence_set(time_ts(), aecg_leads())))
    assert read(text).patient.identity == {}
    kept = read(text, keep_identity=True).patient.identity
    assert kept == {"name": "Doe Jane", "identifier": "X7", "birth date": "19640102"}


def test_names_given_by_the_caller():
    text = aecg_xml(series(sequence_set(time_pq(), aecg_leads(steps()[:3], ("I", "II", "III")))))
    recording = read(text, lead_names=("V1", "", "CM5"))
    assert recording.leads == ("V1", "CM5")
    assert np.array_equal(recording.lead("CM5"), np.float32(truth_mv()[2]))


def test_cut_off_and_without_series():
    text = aecg_xml(series(sequence_set(time_ts(), aecg_leads())))
    with pytest.raises(ReadError, match="cut off"):
        read(text[: len(text) // 2])
    with pytest.raises(ReadError, match="no series"):
        read(aecg_xml())
    with pytest.raises(ReadError, match="no lead"):
        read(aecg_xml(series(sequence_set(time_ts(), sequence("I", slist(spaced([])))))))


def test_a_stretch_of_another_rate_is_named_with_its_leads():
    fast = sequence_set(time_pq("0", "1"), aecg_leads(steps()[[1]], ("II",)))
    whole = sequence_set(time_pq("0"), aecg_leads())
    for parts in ((fast, whole), (whole, fast)):
        recording = readers.read({"a.xml": aecg_xml(series(*parts)).encode()})
        assert (recording.fs_hz, recording.n_leads) == (500, 12)
        assert any("unknown time: II at 1000 Hz." in note for note in recording.notes)
