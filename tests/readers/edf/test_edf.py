"""EDF, EDF+ and BDF."""

import datetime
from functools import cache

import edfio
import numpy as np
import pytest
from reading import has_note, read

from ecgcore.errors import MissingInformationError, ReadError, TooLargeError

RNG = np.random.default_rng(0)


def channel(label: str, fs_hz: float = 500, unit: str = "mV", **fields) -> edfio.EdfSignal:
    data = RNG.normal(0, 0.3, int(fs_hz * 4))
    return edfio.EdfSignal(data, fs_hz, label=label, physical_dimension=unit, **fields)


def edf(*channels: edfio.EdfSignal, **fields) -> bytes:
    return edfio.Edf(list(channels), **fields).to_bytes()


@pytest.mark.parametrize("label", ["ECG", "EKG1", "ECG II", "II", "ecg v1-Ref", "ECG1-ECG2"])
def test_labels_that_name_an_ecg(label):
    recording = read(edf(channel("EEG C3"), channel(label), channel("SpO2", 1, "%")))
    assert recording.n_leads == 1
    assert has_note(recording, "Left out: EEG C3, SpO2 (not an ECG lead)")


def test_an_eeg_is_refused_with_its_channels_and_what_to_do():
    with pytest.raises(ReadError, match=r"the file contains EEG Fpz-Cz, C3, C4: choose"):
        read(edf(*(channel(label, unit="uV") for label in ("EEG Fpz-Cz", "C3", "C4"))))


def test_c1_to_c6_are_chest_leads_beside_limb_leads():
    assert "V3" in read(edf(channel("I"), channel("II"), channel("C3"))).leads


def test_channels_can_be_named_by_the_caller():
    data = edf(channel("chan A"), channel("chan B"))
    with pytest.raises(MissingInformationError, match="chan A, chan B") as caught:
        read(data)
    assert caught.value.needs == ("lead_names",)
    assert read(data, lead_names=("", "II")).leads == ("II",)


def test_only_the_highest_rate_is_read():
    recording = read(edf(channel("I", 500), channel("V1", 250)))
    assert (recording.leads, recording.fs_hz) == (("I",), 500)
    assert has_note(recording, "Left out: V1 (sampled at a lower rate)")


def test_a_missing_unit_is_asked_for():
    data = edf(channel("I", unit=""))
    with pytest.raises(MissingInformationError) as caught:
        read(data)
    assert caught.value.needs == ("unit",)
    small = read(data, unit="uV").signal
    assert np.allclose(small, read(data, unit="mV").signal / 1000, rtol=1e-5)
    with pytest.raises(ReadError, match="in mmHg"):
        read(edf(channel("ECG", unit="mmHg")))


def test_truncated_edf_reads_whole_records_or_is_refused():
    data = edf(channel("I"), data_record_duration=1)
    recording = read(data[:-700])
    assert recording.duration_s == 3
    assert has_note(recording, "declares 4 data records, 3 are there")
    with pytest.raises(ReadError, match="truncated"):
        read(data[:700])
    with pytest.raises(ReadError, match="header is damaged"):
        read(data[:400])


def discontinuous(*starts: bytes, bdf: bool = False) -> bytes:
    """Four records of 1 s whose times are changed to these."""
    data = bytearray(_four_records(bdf))
    for k, start in enumerate(starts):
        at = bytes(data).rindex(b"+%d\x14\x14" % k)
        data[at : at + len(start) + 2] = start + b"\x14\x14"
    return bytes(data)


@cache
def _four_records(bdf: bool) -> bytes:
    signals = [channel("I"), channel("V1")]
    fields = {"data_record_duration": 1, "annotations": [edfio.EdfAnnotation(0, None, "x")]}
    made = edfio.Bdf(list(map(_bdf, signals)), **fields) if bdf else edfio.Edf(signals, **fields)
    data = made.to_bytes()
    return data[:192] + (b"BDF+D" if bdf else b"EDF+D") + data[197:]


def _bdf(signal):
    return edfio.BdfSignal(signal.data, 500, label=signal.label, physical_dimension="mV")


def test_discontinuous_without_a_gap():
    recording = read(discontinuous())
    assert recording.duration_s == 4
    assert not has_note(recording, "gap")


@pytest.mark.parametrize("bdf", [False, True])
def test_gaps_in_time_are_absent_samples(bdf):
    recording = read(discontinuous(b"+0", b"+1", b"+5", b"+7.5", bdf=bdf))
    assert recording.leads == ("I", "V1")
    assert recording.n_samples == 4250
    there = np.zeros(4250, bool)
    for start in (0, 500, 2500, 3750):
        there[start : start + 500] = True
    assert (np.isfinite(recording.signal) == there).all()
    assert has_note(recording, "2 gaps in time")


def test_samples_stand_at_the_time_of_their_record():
    plain, torn = read(discontinuous()), read(discontinuous(b"+0", b"+1", b"+5", b"+6"))
    assert np.array_equal(torn.signal[:, 2500:3500], plain.signal[:, 1000:])
    assert np.array_equal(torn.signal[:, :1000], plain.signal[:, :1000])


@pytest.mark.parametrize(
    ("starts", "kind"),
    [
        ((b"+0", b"+0", b"+5"), ReadError),
        ((b"+0", b"+1", b"x5"), ReadError),
        ((b"+0", b"+1", b"+5", b"+4"), ReadError),
        ((b"+0", b"+1", b"+5", b"+9999999999"), ReadError),
        ((b"+0", b"+1", b"+5", b"+60000"), TooLargeError),
    ],
)
def test_times_that_cannot_be_are_refused(starts, kind):
    with pytest.raises(kind):
        read(discontinuous(*starts))


def test_edf_patient_start_and_filter():
    patient = edfio.Patient(sex="M", birthdate=datetime.date(1960, 12, 31))
    recording = read(
        edf(
            channel("I", prefiltering="HP:0.05Hz"),
            patient=patient,
            recording=edfio.Recording(startdate=datetime.date(2020, 5, 5)),
            starttime=datetime.time(14, 50, 55),
        )
    )
    assert recording.patient.age_years == 59
    assert recording.patient.sex == "male"
    assert recording.start == datetime.datetime(2020, 5, 5, 14, 50, 55)
    assert recording.provenance.device_filter == "HP:0.05Hz"
    assert read(edf(channel("I"))).start is None


def test_a_channel_without_range_is_refused():
    data = bytearray(edf(channel("I")))
    at = 256 + 104
    data[at : at + 16] = b"1       1       "
    with pytest.raises(ReadError, match="no range for I"):
        read(bytes(data))


RANGES = 256 + 104  # of the first physical range, in a file of one signal


@cache
def _one_signal() -> bytes:
    return edf(channel("ECG II", unit="uV", physical_range=(-3276.8, 3276.7)))


def with_range(low: str, high: str, *, digital: tuple[str, str] = ("-32768", "32767")) -> bytes:
    """An EDF file of one signal in uV whose ranges are written as given."""
    data = bytearray(_one_signal())
    for i, text in enumerate((low, high, *digital)):
        data[RANGES + 8 * i : RANGES + 8 * i + 8] = text.encode("latin-1").ljust(8)
    return bytes(data)


@pytest.mark.parametrize(
    ("low", "high"),
    [
        ("-3276,8", "3276,7"),
        ("-3276,8", "+3276.7"),
        ("-3 276,8", "3 276,7"),
        ("-3.276,8", "3.276,7"),
        ("-3,276.8", "3,276.7"),
        ("-3276.8u", "3276.7uV"),
        ("-3276.8\x00", "3276.7\x00"),
        ("-3'276.8", "3276.7;"),
    ],
)
def test_ranges_with_commas_and_groups_are_read_with_a_note(low, high):
    usual, recording = read(with_range("-3276.8", "3276.7")), read(with_range(low, high))
    assert np.array_equal(recording.signal, usual.signal)
    assert has_note(recording, "not written with a decimal point")
    assert not has_note(usual, "decimal point")


def test_whole_numbers_may_be_grouped_or_have_zeros_behind_a_point():
    usual = read(with_range("-3276.8", "3276.7")).signal
    for digital in (("-32,768", "32,767"), ("-32 768", "+32767"), ("-32768.0", "32767,0")):
        assert np.array_equal(read(with_range("-3276.8", "3276.7", digital=digital)).signal, usual)


def test_a_comma_that_can_mean_two_things_is_refused_by_name():
    with pytest.raises(ReadError, match="'-3,276': the comma may be a decimal sign"):
        read(with_range("-3,276", "3,276"))
    # Beside a comma that can only be a decimal sign it is one.
    recording = read(with_range("-3,276", "3,2767"))
    assert float(np.abs(recording.signal).max()) < 0.0033


@pytest.mark.parametrize("text", ["abc", "", "1,2,3.4", "--5", "\xff\xfe"])
def test_ranges_that_are_no_numbers_are_refused(text):
    with pytest.raises(ReadError, match="ranges for ECG II are damaged"):
        read(with_range(text, "3276.7"))


def test_a_sleep_study_without_ecg_is_refused_and_its_channels_named():
    labels = ("Chin EMG", "EEG C4-A1", "EOG(L)", "Leg/L", "Flow Patient", "Snore", "Body")
    with pytest.raises(ReadError, match="Chin EMG, EEG C4-A1") as caught:
        read(edf(*(channel(label, unit="uV") for label in labels)))
    assert not isinstance(caught.value, MissingInformationError)


@pytest.mark.parametrize(
    "label", ["ECG {}", "ECG{}", "EKG {}", "Channel {}", "CH{}", "{}", "Lead {}"]
)
def test_numbered_channels_are_no_limb_leads(label):
    names = tuple(label.format(i) for i in (1, 2, 3))
    recording = read(edf(*(channel(name) for name in names)))
    assert recording.leads == names
    assert recording.derived_leads == ()


@pytest.mark.parametrize("unit", ["mg", "g", ""])
def test_axes_beside_an_ecg_are_left_out(unit):
    data = edf(channel("ECG"), *(channel(name, unit=unit) for name in "XYZ"))
    recording = read(data, unit="mV")
    assert recording.leads == ("ECG",)
    assert has_note(recording, "Left out: X, Y, Z (not an ECG lead)")


def test_the_one_ecg_channel_can_be_named():
    data = edf(channel("ECG"), channel("SpO2", 1, "%"))
    for names in (("II",), ("ECG=II",), ("II", "")):
        assert read(data, lead_names=names).leads == ("II",)
