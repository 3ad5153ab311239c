"""Apple Watch, in any language."""

import numpy as np
import pytest
from made_files import NAME, truth_mv
from made_small import apple_text
from reading import read

from ecgcore.errors import EcgError, ReadError, TooLargeError

UV = np.round(1000 * truth_mv()[0, :600], 3)


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
    with pytest.raises(ReadError, match=f"Line {n_lines} contains 'lost'"):
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
