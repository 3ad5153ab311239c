"""Damaged files of every XML format and of FHIR: a recording or one sentence, nothing else."""

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made_exports import EXPORTS
from made_xml import XML

from ecgcore import readers
from ecgcore.errors import EcgError, ReadError
from ecgcore.readers import ReadOptions
from ecgcore.recording import Recording

MADE = {name: make(Path()).files for name, make in (XML | EXPORTS).items()}
SETTINGS = settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
VALUES = [
    "", "0", "-1", "1e308", "1e-308", "1e400", "nan", "-inf", "9" * 25, "9" * 400, "abc", "mV",
    "Ohm", "ms", "1 2 3", "1,2", "XLI", "Plain", "Base64", "AAAA", "====", "x" * 3000, "<b>",
    "&#5;", "2020-13-45", "99999999999999", "I", "RHYTHM", "TRUE", "3", "١", "1_0", "null", "{}",
]  # fmt: skip
# A text between tags, an attribute's value, or a value of JSON.
SPOTS = re.compile(r">([^<>]{1,}?)<|=\"([^\"]*)\"|: (\"[^\"]*\"|[\d.]+)")


def outcome(data: bytes, **options) -> Recording | EcgError:
    try:
        return readers.read({"x": data}, options=ReadOptions(**options))
    except EcgError as error:
        text = str(error)
        assert text.endswith("."), text
        assert "\n" not in text
        return error


def text_of(data: bytes) -> str:
    return data.decode("utf-16" if data[:2] == b"\xff\xfe" else "latin-1")


SPOTS_OF = {
    name: [m.span(m.lastindex) for m in SPOTS.finditer(text_of(next(iter(files.values()))))]
    for name, files in MADE.items()
}


@pytest.mark.parametrize("name", MADE)
@settings(SETTINGS, max_examples=20)
@given(st.data())
def test_changed_values(name, data):
    (content,) = MADE[name].values()
    text = text_of(content)
    spots = sorted(data.draw(st.sets(st.sampled_from(SPOTS_OF[name]), min_size=1, max_size=4)))
    for start, end in reversed(spots):
        text = text[:start] + data.draw(st.sampled_from(VALUES)) + text[end:]
    utf16 = content[:2] == b"\xff\xfe"
    changed = text.encode("utf-16") if utf16 else text.encode("latin-1", errors="ignore")
    given_too = data.draw(st.booleans())
    outcome(changed, **({"fs_hz": 500, "unit": "mV"} if given_too else {}))


@pytest.mark.parametrize("name", MADE)
@SETTINGS
@given(st.data())
def test_changed_bytes(name, data):
    (content,) = MADE[name].values()
    changed = bytearray(content)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(changed) - 1))
        patch = data.draw(st.binary(max_size=4))
        changed[at : at + data.draw(st.integers(0, 40))] = patch
    outcome(bytes(changed))


@pytest.mark.parametrize("name", MADE)
@SETTINGS
@given(st.data())
def test_every_truncation_is_refused(name, data):
    (content,) = MADE[name].values()
    end = data.draw(st.integers(len(content) // 100, len(content) - 4))
    assert isinstance(outcome(content[:end]), ReadError)


def is_xml(name: str) -> bool:
    (content,) = MADE[name].values()
    return text_of(content).lstrip("\ufeff").startswith("<")


@pytest.mark.parametrize("name", [*filter(is_xml, MADE)])
def test_declared_entities_are_refused_in_every_format(name):
    (content,) = MADE[name].values()
    text = re.sub(r"<!DOCTYPE[^>]*>", "", text_of(content))
    root = re.search(r"<([\w.:]+)", text)[1]
    bomb = f'<!DOCTYPE {root} [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>'
    at = text.index(f"<{root}")
    error = outcome((text[:at] + bomb + text[at:]).encode("utf-16"))
    assert "declares entities" in str(error)


@pytest.mark.parametrize("name", MADE)
def test_text_of_the_file_reaches_the_user_clean(name):
    """Control characters and line ends never come through; markup comes as plain text."""
    (content,) = MADE[name].values()
    text = text_of(content)
    for word in (
        "Sinus rhythm",
        "Normal sinus",
        "M1",
        "MAC55",
        "PageWriter",
        "CardioSoft",
        "AT-102",
    ):
        text = text.replace(word, f"{word} &lt;script&gt;&#10;\\u0007", 1)
    recording = outcome(text.encode("utf-16"))
    assert isinstance(recording, Recording)
    provenance = recording.provenance
    shown = [provenance.device, provenance.device_filter, *provenance.machine_statements]
    shown += [*recording.notes, *provenance.machine_measurements.values(), *recording.leads]
    assert all(part.isprintable() for part in shown)
