"""ISHNE Holter, AliveCor ATC and Apple Watch: what their standards and the wild ask for."""

import json
import struct

import numpy as np
import pytest
from made_files import FS_HZ, N_SAMPLES, NAME, truth_mv
from made_small import apple_text, atc_block, atc_bytes, ishne_bytes, stored_truth

from ecgcore import readers
from ecgcore.errors import EcgError, MissingInformationError, ReadError, TooLargeError
from ecgcore.leads import STANDARD_12
from ecgcore.readers import ReadOptions

STEP_MV = 0.00025
UV = np.round(1000 * truth_mv()[0, :600], 3)


def read(data: bytes, **options):
    return readers.read({"a": data}, options=ReadOptions(**options))


def notes_of(data: bytes, **options) -> str:
    return " ".join(read(data, **options).notes)


# ISHNE


def test_ishne_without_deviation_has_no_note():
    assert read(ishne_bytes(stored_truth(STEP_MV))).notes == ()


def test_ishne_start_device_and_age():
    recording = read(ishne_bytes(stored_truth(STEP_MV)))
    assert recording.start.isoformat() == "2020-05-05T14:50:55"
    assert recording.provenance.device == "digital M1"
    assert (recording.patient.age_years, recording.patient.sex) == (56.0, "female")


def test_ishne_wrong_checksum_is_noted():
    assert "checksum" in notes_of(ishne_bytes(stored_truth(STEP_MV), crc=1))


def test_ishne_checksum_covers_the_text_block():
    data = bytearray(ishne_bytes(stored_truth(STEP_MV), text=b"some remark"))
    assert "checksum" not in notes_of(bytes(data))
    data[525] ^= 1
    assert "checksum" in notes_of(bytes(data))


@pytest.mark.parametrize("announced", [N_SAMPLES * 12, 0, -1])
def test_ishne_other_ways_to_count_samples(announced):
    recording = read(ishne_bytes(stored_truth(STEP_MV), announced=announced))
    assert recording.n_samples == N_SAMPLES
    assert np.abs(recording.signal - truth_mv()).max() < 1e-6


def test_ishne_with_fewer_samples_announced_than_there():
    recording = read(ishne_bytes(stored_truth(STEP_MV), announced=1500))
    assert recording.n_samples == 1500
    assert "1500" in " ".join(recording.notes)


def test_ishne_cut_in_a_frame():
    data = ishne_bytes(stored_truth(STEP_MV))[:-5]
    recording = read(data)
    assert recording.n_samples == N_SAMPLES - 1
    text = " ".join(recording.notes)
    assert "incomplete" in text
    assert "truncated" in text


def test_ishne_absent_samples():
    stored = stored_truth(STEP_MV)
    stored[3, 10:20] = -32768
    recording = read(ishne_bytes(stored))
    assert np.isnan(recording.lead("aVR")).nonzero()[0].tolist() == list(range(10, 20))
    assert not np.isnan(recording.lead("I")).any()


def test_ishne_xyz_and_unknown_leads():
    recording = read(ishne_bytes(stored_truth(STEP_MV)[:4], codes=(2, 3, 4, 0)))
    assert recording.leads == ("X", "Y", "Z", "channel 4")


def test_ishne_quality_and_pacemaker_are_noted():
    text = notes_of(ishne_bytes(stored_truth(STEP_MV)[:2], codes=(5, 6), quality=3, pacemaker=4))
    assert "frequent noise in I and II" in text
    assert "single chamber bipolar pacemaker" in text


def test_ishne_without_rate_or_resolution_is_asked_for():
    with pytest.raises(MissingInformationError) as caught:
        read(ishne_bytes(stored_truth(STEP_MV), fs_hz=0))
    assert caught.value.needs == ("fs_hz",)
    with pytest.raises(MissingInformationError) as caught:
        read(ishne_bytes(stored_truth(STEP_MV), step_nv=0))
    assert caught.value.needs == ("unit",)
    recording = read(ishne_bytes(stored_truth(0.001), step_nv=-9, fs_hz=0), fs_hz=500, unit="uV")
    assert np.abs(recording.signal - truth_mv()).max() <= 0.00051
    assert recording.fs_hz == 500


def test_ishne_resolution_differs_by_lead():
    data = bytearray(ishne_bytes(np.full((2, 1000), 100), codes=(5, 6), step_nv=1000))
    struct.pack_into("<h", data, 206 + 2, 5000)
    recording = read(bytes(data))
    assert recording.lead("I")[0] == np.float32(0.1)
    assert recording.lead("II")[0] == np.float32(0.5)


@pytest.mark.parametrize("n_leads", [0, 13, -1, 30000])
def test_ishne_absurd_number_of_leads(n_leads):
    data = bytearray(ishne_bytes(stored_truth(STEP_MV)))
    struct.pack_into("<h", data, 156, n_leads)
    with pytest.raises(ReadError, match="leads"):
        read(bytes(data))


def test_ishne_too_many_samples():
    with pytest.raises(ReadError, match="up to 1000"):
        read(ishne_bytes(stored_truth(STEP_MV)), max_samples=1000)


def test_ishne_birth_after_recording_gives_no_age():
    recording = read(ishne_bytes(stored_truth(STEP_MV), born=(1, 1, 2024)))
    assert recording.patient.age_years is None
    assert "Birth date" in " ".join(recording.notes)


def test_ishne_annotations_alone_are_named():
    with pytest.raises(ReadError, match="annotation file"):
        read(b"ANN  1.0" + ishne_bytes(stored_truth(STEP_MV))[8:])


@pytest.mark.data
def test_ishne_oracle(ecg_data):
    folder = ecg_data / "formats"
    expected = json.loads((folder / "expected.json").read_text())["ishne_P28.01.ecg"]
    recording = readers.read(folder / "ishne_P28.01.ecg")
    assert (recording.n_leads, recording.n_samples) == (expected["n_leads"], expected["n_samples"])
    assert recording.fs_hz == expected["fs_hz"]
    assert recording.leads == STANDARD_12
    assert recording.lead("I")[0] == np.float32(expected["lead_I_first_mv"])
    i, ii, iii = (recording.lead(name).astype(float) for name in ("I", "II", "III"))
    assert np.abs(iii - (ii - i)).max() < 0.011  # Einthoven holds within two of its 5 uV steps
    assert recording.notes == ()


# ATC


def test_atc_device_filter_and_start():
    recording = read(atc_bytes(stored_truth(STEP_MV), flags=0b0110110))
    assert recording.start.isoformat() == "2020-05-05T14:50:55"
    assert "triangle" in recording.provenance.device
    assert recording.provenance.device_filter == (
        "mains filter 60 Hz, baseline filter 0.1 Hz, notch 60 Hz"
    )
    assert "2b6f0cc9" not in repr(recording)


def test_atc_single_lead_at_300_hz():
    recording = read(atc_bytes(np.array([[0, 200, -400] * 300]), fs_hz=300, step_nv=500))
    assert recording.leads == ("I",)
    assert recording.fs_hz == 300
    assert recording.signal[0, :3].tolist() == [0, np.float32(0.1), np.float32(-0.2)]


def test_atc_six_leads_are_those_of_the_file():
    recording = read(atc_bytes(stored_truth(STEP_MV)[:6]))
    assert recording.leads == STANDARD_12[:6]
    assert recording.derived_leads == ()


def test_atc_two_leads_give_six():
    recording = read(atc_bytes(stored_truth(STEP_MV)[:2]))
    assert recording.derived_leads == ("III", "aVR", "aVL", "aVF")
    assert np.abs(recording.signal - truth_mv()[:6]).max() < 1e-6


@pytest.mark.parametrize("kind", [b"fmt ", b"ecg ", b"ecg5"])
def test_atc_wrong_checksum_is_refused(kind):
    data = bytearray(atc_bytes(stored_truth(STEP_MV)))
    data[data.index(kind) + 8] ^= 0x10
    with pytest.raises(ReadError, match="checksum"):
        read(bytes(data))


def test_atc_wrong_checksum_of_the_date_is_noted():
    data = bytearray(atc_bytes(stored_truth(STEP_MV)))
    data[data.index(b"info") + 8] ^= 0x1
    assert "checksum" in notes_of(bytes(data))


def test_atc_crc_as_the_specification_words_it():
    import zlib

    data = atc_bytes(stored_truth(STEP_MV)[:1])
    at = data.index(b"ecg ")
    end = at + 8 + 2 * N_SAMPLES
    crc = struct.pack("<I", zlib.crc32(data[at:end]))
    assert read(data[:end] + crc + data[end + 4 :]).n_samples == N_SAMPLES


def test_atc_averaged_beat_and_unknown_blocks_are_no_lead():
    data = atc_bytes(stored_truth(STEP_MV)[:1]) + atc_block(b"xyz!", b"12345678")
    assert read(data).leads == ("I",)


def test_atc_truncated_is_refused():
    data = atc_bytes(stored_truth(STEP_MV))
    with pytest.raises(ReadError, match="truncated"):
        read(data[: data.index(b"ecg7") + 500])


def test_atc_shorter_lead_is_absent_at_its_end():
    data = atc_bytes(stored_truth(STEP_MV)[:1])
    data += atc_block(b"ecg2", stored_truth(STEP_MV)[1, :1900].astype("<i2").tobytes())
    recording = read(data)
    assert np.isnan(recording.lead("II")).sum() == 100
    assert np.isnan(recording.lead("III")).sum() == 100
    assert "II ends before" in " ".join(recording.notes)


@pytest.mark.parametrize(
    "changes", [{"coding": 2}, {"step_nv": 0}, {"fs_hz": 0}], ids=["coding", "step", "rate"]
)
def test_atc_impossible_format(changes):
    with pytest.raises(EcgError):
        read(atc_bytes(stored_truth(STEP_MV), **changes))


def test_atc_absurd_length():
    data = b"ALIVE\0\0\0" + struct.pack("<I", 2) + b"ecg " + struct.pack("<I", 2**32 - 1) + b"12"
    with pytest.raises(ReadError, match="truncated"):
        read(data)
    with pytest.raises(ReadError, match="too many"):
        read(atc_bytes(stored_truth(STEP_MV)), max_samples=1000)


# Apple Watch

GERMAN = ("Name", "Geburtsdatum", "Aufzeichnungsdatum", "Klassifizierung", "Symptome",
          "Softwareversion", "Gerät", "Messrate", "Ableitung", "Einheit")  # fmt: skip
FRENCH = ("Nom", "Date de naissance", "Date d’enregistrement", "Classification", "Symptômes",
          "Version du logiciel", "Appareil", "Fréquence", "Dérivation", "Unité")  # fmt: skip
JAPANESE = (
    "名前",
    "生年月日",
    "記録日",
    "分類",
    "症状",
    "ソフトウェア",
    "デバイス",
    "レート",
    "誘導",
    "単位",
)


@pytest.mark.parametrize("names", [(), GERMAN, FRENCH, JAPANESE], ids=["en", "de", "fr", "ja"])
@pytest.mark.parametrize("decimal", [".", ","])
@pytest.mark.parametrize("quote", [False, True])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_apple_in_any_language(names, decimal, quote, encoding):
    text = apple_text(UV, decimal=decimal, names=names, quote=quote)
    recording = read(text.encode(encoding))
    assert recording.provenance.format == "Apple Watch"
    assert recording.leads == ("I",)
    assert recording.fs_hz == 512.25
    assert np.abs(recording.signal[0] - UV / 1000).max() < 1e-6
    assert recording.provenance.machine_statements == ("Sinus Rhythm",)
    assert recording.provenance.device == "Apple Watch6,1, software 1.90"
    assert recording.patient.age_years == 56
    assert recording.notes == ()


def test_apple_identity():
    data = apple_text(UV).encode()
    assert NAME not in repr(read(data))
    assert "1964" not in repr(read(data))
    assert NAME in read(data, keep_identity=True).patient.identity["name"]


@pytest.mark.parametrize(
    ("born", "age"),
    [
        ('"8 févr. 1960"', 60),
        ("18. Mai 1985", 34),
        ("08.01.2002", 18),
        ('"Dec 31, 1999"', 20),
        ("2002年1月8日", 18),
        ("31/12/1999", 20),
        ("8 de enero de 2002", 18),
        ("4 mag 2000", 20),
        ("8 янв. 2002 г.", 18),
        ("", None),
        ("unknown", None),
        ("01.01.3000", None),
    ],
)
def test_apple_birth_dates(born, age):
    data = apple_text(UV).replace('"Jan 2, 1964"', born).encode()
    assert read(data).patient.age_years == age


def test_apple_birth_date_that_can_be_two():
    recording = read(apple_text(UV).replace('"Jan 2, 1964"', "04/06/1964").encode())
    assert recording.patient.age_years == 55
    assert "two ways" in " ".join(recording.notes)


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("1.234,5", 1.2345),
        ("-1.234,567", -1.234567),
        ("\u22122,5", -0.0025),
        ("1\u202f234,5", 1.2345),
    ],
)
def test_apple_grouped_thousands_and_signs(line, value):
    text = apple_text(UV, decimal=",").rstrip("\n") + f"\n{line}\n"
    assert read(text.encode()).signal[0, -1] == np.float32(value)


def test_apple_unclear_decimal_sign_is_refused():
    text = apple_text([1.5, 2.25]) + "1,5\n"
    with pytest.raises(ReadError, match="decimal sign"):
        read(text.encode())


def test_apple_word_among_the_samples_names_its_line():
    text = apple_text(UV) + "lost\n12.5\n"
    n_lines = text.count("\n") - 1
    with pytest.raises(ReadError, match=f"Line {n_lines} holds 'lost'"):
        read(text.encode())


def test_apple_millivolts():
    text = apple_text(UV / 1000).replace("µV", "mV")
    assert np.abs(read(text.encode()).signal[0] - UV / 1000).max() < 0.00051


def test_apple_through_a_spreadsheet():
    lines = [
        line.replace(",", ";", 1) if i < 13 else line
        for i, line in enumerate(apple_text(UV, decimal=",").splitlines())
    ]
    recording = read("\r\n".join(lines).encode("cp1252"))
    assert np.abs(recording.signal[0] - UV / 1000).max() < 1e-6


def test_a_plain_table_with_rate_and_unit_is_no_apple_watch():
    text = "fs,500 Hz\nunit,mV\nstart,2020-01-01 10:00:00\nI\n" + "0.1\n" * 600
    assert read(text.encode()).provenance.format == "CSV"


def test_apple_too_many_samples():
    with pytest.raises(EcgError, match="too many"):
        read(apple_text(UV).encode(), max_samples=100)
    with pytest.raises(TooLargeError):
        read(apple_text(UV).encode(), max_bytes=100)


def test_rates_that_the_caller_gives_are_not_used():
    for data in (ishne_bytes(stored_truth(STEP_MV)), atc_bytes(stored_truth(STEP_MV))):
        recording = read(data, fs_hz=100)
        assert recording.fs_hz == FS_HZ
        assert "was not used" in " ".join(recording.notes)
