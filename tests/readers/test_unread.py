"""What is not read: named, with the way out; never a table, never asked for a rate."""

import bz2
import gzip
import io
import json
import pickle
import sqlite3
import tarfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_files import zipped

from ecgcore import readers
from ecgcore.cli import main
from ecgcore.errors import EcgError, MissingInformationError, UnknownFormatError
from ecgcore.readers.known import KNOWN, find_json_keys
from ecgcore.readers.xml.parse import find_root
from ecgcore.recording import Recording

RNG = np.random.default_rng(4)
ROWS = "\n".join(f"{a},{b}" for a, b in RNG.integers(-100, 100, (300, 2)))
GOOD = b"# fs: 500\n# unit: mV\nI\n" + b"0.1\n0.2\n" * 600


def tar() -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        member = tarfile.TarInfo("a.csv")
        member.size = len(ROWS)
        archive.addfile(member, io.BytesIO(ROWS.encode()))
    return stream.getvalue()


def database() -> bytes:
    with sqlite3.connect(":memory:") as connection:
        connection.execute("CREATE TABLE ecg (mv REAL)")
        return connection.serialize()


def office(member: str) -> bytes:
    return zipped({"[Content_Types].xml": b"<Types/>", member: b"<w/>"})


CASES = {
    "told.xml": (f'<?xml version="1.0"?><Foo xmlns="urn:bar">\n{ROWS}</Foo>', "Foo", "urn:bar"),
    "bare.xml": (f"<Foo>\n{ROWS}\n</Foo>", "Foo (no namespace)", "HL7 aECG, GE MUSE"),
    "prefix.txt": (f"<p:Foo xmlns:p='urn:x'>\n{ROWS}\n</p:Foo>", "Foo (namespace urn:x)"),
    "comment.csv": (f"<!-- a -->\n<x>\n{ROWS}\n</x>", "root element x"),
    "utf16.xml": (f'<?xml version="1.0"?><Foo>\n{ROWS}\n</Foo>'.encode("utf-16"), "element Foo"),
    "other.xml": (f"<ECG>\n{ROWS}\n</ECG>", "root element ECG (no namespace)"),
    "page.html": (f"<!DOCTYPE html><html><body>\n{ROWS}\n", "a web page (HTML)"),
    "page.csv": (f"<html>\n{ROWS}\n", "a web page (HTML)"),
    "drawing.svg": ('<svg xmlns="http://www.w3.org/2000/svg"/>', "an SVG drawing", "no samples"),
    "text.rtf": ("{\\rtf1\\ansi\n" + ROWS, "a Rich Text (RTF) document"),
    "message.txt": (f"MSH|^~\\&|A\rOBX|1|NA|{ROWS}", "HL7 version 2"),
    "beats.hrm": ("[Params]\nVersion=106\n[HRData]\n" + "\n".join("7081726975" * 20), "Polar HRM"),
    "lab.txt": (f"[Header]\nFile Type: 1\n[Data]\n{ROWS}\n", "LabSystem PRO"),
    "vision.vhdr": ("Brain Vision Data Exchange Header File Version 1.0\n" + ROWS, "BrainVision"),
    "drawing.ps": (f"%!PS-Adobe-3.0\n{ROWS}\n", "a PostScript file"),
    "unknown.json": (json.dumps({"a": 1, "b": {"c": [1, 2, 3]}}), "the keys a, b,"),
    "list.json": (json.dumps([{"id": i, "price": 2 * i} for i in range(60)]), "the keys id, price"),
    "numbers.json": (json.dumps({"temperatures": list(range(500))}), "the keys temperatures"),
    "empty.json": ("{}", "JSON without named values"),
    "fhir.json": (json.dumps({"resourceType": "MedicationRequest"}), "of type MedicationRequest"),
    "word.docx": (office("word/document.xml"), "a Word document"),
    "book.xlsx": (office("xl/workbook.xml"), "an Excel workbook", "as CSV"),
    "talk.pptx": (office("ppt/presentation.xml"), "PowerPoint"),
    "model.pt": (zipped({"m/data.pkl": b"x"}), "a PyTorch file", "could run any program"),
    "a.png": (b"\x89PNG\r\n\x1a\n" + bytes(50), "a PNG image", "export the recording itself"),
    "a.jpg": (b"\xff\xd8\xff\xe0" + bytes(50), "a JPEG image"),
    "a.tif": (b"II*\x00" + bytes(50), "a TIFF image"),
    "a.bmp": (b"BM\x36\x00\x00\x00\x00\x00\x00\x00" + bytes(50), "a BMP image"),
    "a.webp": (b"RIFF\x00\x00\x00\x00WEBP" + bytes(50), "a WebP image"),
    "a.wav": (b"RIFF\x24\x00\x00\x00WAVEfmt " + bytes(50), "a WAV or AIFF sound file"),
    "a.gz": (gzip.compress(ROWS.encode()), "a gzip archive", "unpack it"),
    "a.tar": (tar(), "a tar archive", "unpack it"),
    "a.7z": (b"7z\xbc\xaf\x27\x1c" + bytes(50), "a 7-Zip archive"),
    "a.bz2": (bz2.compress(ROWS.encode()), "a bzip2 archive"),
    "a.h5": (b"\x89HDF\r\n\x1a\n" + bytes(50), "HDF5", "save the samples as CSV"),
    "a.mat": (b"MATLAB 7.3 MAT-file" + bytes(100), "MATLAB 7.3", "-v7"),
    "a.sqlite": (database(), "an SQLite database"),
    "a.pkl": (pickle.dumps({"ecg": [1.0, 2.0]}), "a Python pickle", "could run any program"),
    "20240311-100241-0088.dat": (RNG.bytes(3000), "an EDAN resting ECG", "export the recording"),
    "ecgraw.dat": (RNG.bytes(3000), "an EDAN Holter recording"),
    "patient.hea": (bytes(32) + RNG.bytes(300), "an EDAN Holter recording"),
    "a.rdt": (RNG.bytes(2400), "a Norav raw recording", "export the recording"),
    "lone.dat": (RNG.bytes(900), "give its header lone.hea together"),
    "lone.hea": (b"r 1 500 9\nr.dat 16 200/mV 16 0 0 0 0 II\n", "r.dat that the header names is"),
    "zeros.bin": (bytes(900), "nothing but zeros"),
    "broken.edf": (RNG.bytes(900), "though its name says EDF"),
    "broken.bdf": (b"\xffBIOSEMI" + b"x" * 50, "The EDF header is damaged"),
    "noise.bin": (b"\x01" + RNG.bytes(900), "Not a supported ECG format"),
}  # fmt: skip
FILES = {n: c[0].encode() if isinstance(c[0], str) else c[0] for n, c in CASES.items()}


@pytest.mark.parametrize("name", CASES)
def test_each_is_named_with_its_way_out_and_no_rate_is_asked_for(name):
    with pytest.raises(EcgError) as caught:
        readers.read({name: FILES[name]})
    assert not isinstance(caught.value, MissingInformationError)
    sentence = str(caught.value)
    assert sentence.endswith(".")
    for words in CASES[name][1:]:
        assert words in sentence


def test_of_many_files_none_vanishes():
    alone = {name: data for name, data in FILES.items() if name != "lone.hea"}
    results = dict(readers.read_many({**alone, "good.csv": GOOD}))
    assert set(results) == {*alone, "good.csv"}
    assert isinstance(results["good.csv"], Recording)
    assert all(isinstance(results[name], EcgError) for name in alone)
    for name in ("a.png", "noise.bin", "lone.dat"):
        with pytest.raises(EcgError) as caught:
            readers.read({name: FILES[name]})
        assert str(results[name]) == str(caught.value)


def test_what_belongs_to_a_record_is_no_file_too_many():
    results = dict(readers.read_many({**wfdb(), "r.atr": b"\x00\x01", "other.dat": b"\x00\x01"}))
    assert set(results) == {"r.hea", "other.dat"}
    assert "give its header other.hea" in str(results["other.dat"])


def wfdb() -> dict[str, bytes]:
    header = b"r 1 500 4\nr.dat 16 1000/mV 16 0 0 0 0 II\n"
    return {"r.hea": header, "r.dat": np.arange(4, dtype="<i2").tobytes()}


def test_what_lies_in_an_archive_beside_a_recording_is_told_in_one_line():
    archive = zipped({**wfdb(), "a.png": FILES["a.png"], "notes.txt": b"words"})
    results = dict(readers.read_many({"a.zip": archive}))
    assert isinstance(results["r.hea"], Recording)
    assert str(results["a.zip"]) == "2 files in it contain no ECG: a.png, notes.txt."


def test_a_folder_tells_what_it_passes_over(tmp_path, capsys):
    for name, data in {**wfdb(), "a.png": FILES["a.png"], "x.bin": FILES["noise.bin"]}.items():
        (tmp_path / name).write_bytes(data)
    assert main(["read", str(tmp_path), "--json"]) == 0
    told = capsys.readouterr()
    assert len(told.out.splitlines()) == 1
    lines = told.err.splitlines()
    assert [line.split(":")[0] for line in lines] == ["passed over", "passed over"]
    assert "a.png: This is a PNG image" in lines[0]
    assert "x.bin: Not a supported ECG format" in lines[1]


def test_every_known_format_says_what_to_give():
    for entry in KNOWN:
        sentence = entry.describe(b"")
        assert sentence.startswith("This is ")
        assert sentence.endswith(".")
        assert len(sentence) < 400


@given(st.text(max_size=200))
def test_root_and_keys_of_any_text(text):
    root, namespace = find_root(text.encode())
    assert isinstance(namespace, str)
    assert root == "" or root in text
    assert all(isinstance(key, str) for key in find_json_keys(text))


@given(
    st.recursive(
        st.none() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.text("abcdef", min_size=1), inner, max_size=4)
        ),
    )
)
def test_json_keys_are_those_at_the_top(content):
    found = find_json_keys(json.dumps({"top": content, "next": 1}))
    assert found == ["top", "next"]


@pytest.mark.parametrize("name", ["a.csv", "a.xml", "a.json", "a.bin", "a"])
@pytest.mark.parametrize("head", ["<x>", "<?xml version='1.0'?><x>", '{"k": "v", "n": [', "MSH|^~"])
def test_no_name_leads_into_the_table_reader(name, head):
    with pytest.raises(EcgError) as caught:
        readers.read({name: f"{head}\n{ROWS}\n".encode()})
    assert not isinstance(caught.value, MissingInformationError)
    assert isinstance(caught.value, UnknownFormatError) or "JSON" in str(caught.value)
