"""The XML parser: encodings, repairs, and what it refuses."""

import pytest

from ecgcore.errors import ReadError, TooLargeError
from ecgcore.readers.xml import parse as parsing
from ecgcore.readers.xml.parse import find_root_name, parse

HARMFUL = [
    # Entities that expand without end, external ones, and parameter entities.
    b'<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;&b;&b;">]><a>&c;</a>',
    b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
    b'<!DOCTYPE a [<!ENTITY % b SYSTEM "http://example.org/x.dtd"> %b;]><a/>',
    b'<!DOCTYPE a [<!ATTLIST a b CDATA "c">]><a/>',
    b"<!DOCTYPE a []><a>no declaration inside is accepted, even if it changes nothing</a>",
]


@pytest.mark.parametrize("data", HARMFUL)
def test_declarations_are_refused_with_one_sentence(data):
    for coded in (data, data.decode().encode("utf-16")):
        with pytest.raises(ReadError, match="declares entities or a document type") as caught:
            parse(coded, [])
        assert "/etc" not in str(caught.value)


def test_an_outside_document_type_is_passed_over_and_never_opened(tmp_path):
    outside = tmp_path / "outside.dtd"
    outside.write_text('<!ENTITY secret "opened">')
    text = f'<!DOCTYPE a SYSTEM "{outside.as_uri()}"><a>x&secret;y</a>'
    assert parse(text.encode(), []).text == "xy"


@pytest.mark.parametrize(
    "data", [b"<a>", b"<a", b"<a><b></b>", b"<a b='c", b"<a><![CDATA[x", b"<a><!-- x", b"<a>&am"]
)
def test_what_is_cut_off_is_said_to_be(data):
    with pytest.raises(ReadError, match="cut off"):
        parse(data, [])


def test_malformed_text_names_its_line():
    with pytest.raises(ReadError, match=r"Line 3 of the XML .*mismatched tag"):
        parse(b"<a>\n<b>\n</a>", [])
    with pytest.raises(ReadError, match="no element"):
        parse(b"", [])


def test_limits(monkeypatch):
    with pytest.raises(TooLargeError, match="deeper than 64"):
        parse(b"<a>" * 100 + b"</a>" * 100, [])
    assert parse(b"<a>" * 64 + b"</a>" * 64, []).name == "a"
    monkeypatch.setattr(parsing, "MAX_ELEMENTS", 10)
    with pytest.raises(TooLargeError, match="more than 10 elements"):
        parse(b"<a>" + b"<b/>" * 10 + b"</a>", [])
    monkeypatch.setattr(parsing, "MAX_BYTES", 5)
    with pytest.raises(TooLargeError, match="larger than"):
        parse(b"<abc/>", [])


@pytest.mark.parametrize(
    ("data", "notes"),
    [
        ("<a>Zoë µV</a>".encode(), 0),
        ("\ufeff<a>Zoë µV</a>".encode(), 0),
        ("<a>Zoë µV</a>".encode("utf-16"), 0),
        ("<a>Zoë µV</a>".encode("utf-16-be"), 0),
        ("<a>Zoë µV</a>".encode("utf-16-le") + b"\n", 0),
        ('<?xml version="1.0" encoding="ISO8859-1" ?>\n<a>Zoë µV</a>'.encode("latin-1"), 0),
        ('<?xml version="1.0" encoding="windows-1252"?><a>Zoë µV</a>'.encode("cp1252"), 0),
        ('  \r\n<?xml version="1.0"?><a>Zoë µV</a>'.encode(), 0),
        # Wrong declarations, each repaired with a note.
        ("<a>Zoë µV</a>".encode("latin-1"), 1),
        ('<?xml version="1.0" encoding="utf-8"?><a>Zoë µV</a>'.encode("latin-1"), 1),
        ('<?xml version="1.0" encoding="utf-16"?><a>Zoë µV</a>'.encode(), 1),
        ('<?xml version="1.0" encoding="zip"?><a>Zoë µV</a>'.encode(), 1),
        ("<a>Zoë\x00 \x07µV</a>".encode(), 1),
        ("<a>Zoë µV</a><b/> left over".encode(), 1),
    ],
)
def test_encodings_and_repairs(data, notes):
    said: list[str] = []
    assert parse(data, said).text == "Zoë µV"
    assert len(said) == notes
    assert all(note.endswith(".") for note in said)


def test_forbidden_references_are_removed_and_others_kept():
    assert parse(b"<a>&#0;&#x1F;&#0011;A&#65;&#x3bc;&#10;&#9;</a>", []).text == "AAμ\n\t"


def test_a_bare_ampersand_is_read_as_such():
    notes: list[str] = []
    assert parse(b"<a>ST & T &lt; 1 &#38; 2</a>", notes).text == "ST & T < 1 & 2"
    assert "bare &" in notes[0]


def test_names_without_prefix_and_case():
    root = parse(b'<x:A y:Type="B"><x:bC>t</x:bC><bc n="1">u</bc><d> \n </d></x:A>', [])
    assert (root.name, root.attributes) == ("a", {"type": "B"})
    assert [node.text for node in root.all("bc")] == ["t", "u"]
    assert root.value("bc") == "t"
    assert root.get("n", "bc") == ""
    assert root.first("d", "e") is None
    assert root.value("d") == ""
    assert root.find("d") is root.children[2]


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"<AnnotatedECG xmlns=''>", "annotatedecg"),
        (b"\xef\xbb\xbf <?xml version='1.0'?><!-- <no> --><hl7:AnnotatedECG>", "annotatedecg"),
        ("\ufeff<?xml?><restingecgdata>".encode("utf-16-be"), "restingecgdata"),
        (b"<!DOCTYPE RestingECG SYSTEM 'restecg.dtd'>\n<RestingECG>", "restingecg"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><RestingECG>', "restingecg"),
        (b"<!-- never closed <a>", ""),
        (b"<!DOCTYPE a [ never closed", ""),
        (b"I,II\n1,2", ""),
        (b"", ""),
    ],
)
def test_root_name(head, name):
    assert find_root_name(head) == name


def test_root_name_is_quick_on_a_hostile_head():
    assert find_root_name(b"<!---->" * 9000) == ""
    assert find_root_name(b"<!DOCTYPE a [" + b"]  " * 20000) == ""
