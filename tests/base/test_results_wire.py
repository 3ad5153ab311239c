"""Recordings and results over a pipe: everything comes back as it was, and nothing else does."""

from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pytest

from ecgcore.errors import CannotAssessError, EcgError, ResourceError
from ecgcore.measure import measure
from ecgcore.recording import Patient, Provenance, Recording, Step
from ecgcore.results.wire import answer_with, decode, encode
from ecgcore.signal.quality import assess
from ecgcore.simulate.cases import DEMONSTRATION_CASES, make_demonstration_case


def sent(value: Any) -> Any:
    return decode(b"".join(encode(value)))


def assert_same(found: Any, expected: Any) -> None:
    """Types, values and arrays, to the last bit."""
    assert type(found) is type(expected)
    if isinstance(expected, np.ndarray):
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(found, expected)
    elif is_dataclass(expected):
        for part in fields(expected):
            assert_same(getattr(found, part.name), getattr(expected, part.name))
    elif isinstance(expected, dict):
        assert list(found) == list(expected)
        for key, value in expected.items():
            assert_same(found[key], value)
    elif isinstance(expected, (list, tuple)):
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            assert_same(one, other)
    else:
        assert found == expected or (np.isnan(found) and np.isnan(expected))


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        3,
        -0.5,
        float("nan"),
        "µV",
        (1, [2, (3,)]),
        {"a": 1, 2.0: ("b",)},
        np.arange(6, dtype=np.int16).reshape(2, 3),
        np.empty((9, 0)),
        np.array([True, False, True]),
        np.float32(0.1),
        np.bool_(True),
        datetime(2020, 1, 2, 3, 4, 5, 6),
    ],
)
def test_plain_values_come_back_as_they_were(value: Any) -> None:
    assert_same(sent(value), value)


def test_a_recording_comes_back_as_it_was() -> None:
    recording = Recording(
        np.array([[1, np.nan, 3], [4, 5, 6]], np.float32),
        250.0,
        ("I", "II"),
        start=datetime(2021, 1, 1),
        patient=Patient(61.0, "male", {"name": "x"}),
        provenance=Provenance(format="F", steps=(Step("s", {"n": (1, 2)}),)),
        notes=("one",),
    )
    assert_same(sent(recording), recording)


@pytest.mark.parametrize("case", DEMONSTRATION_CASES[:4], ids=lambda case: case.key)
def test_what_is_measured_comes_back_as_it_was(case: Any) -> None:
    recording = make_demonstration_case(case.key).recording
    assert_same(sent(measure(recording)), measure(recording))
    assert_same(sent(assess(recording)), assess(recording))


@pytest.mark.parametrize("value", [object(), {1: object()}, np.array([object()]), range(3)])
def test_anything_else_is_not_sent(value: Any) -> None:
    with pytest.raises(TypeError):
        encode(value)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff" * 30,
        b"".join(encode(np.arange(5.0)))[:-9],
        b'\x1a\0\0\0\0\0\0\0{"object": ["Popen", {}]}  ',
        b'\x1a\0\0\0\0\0\0\0{"array": ["|O", [1], 0]}  ',
        b'\x1a\0\0\0\0\0\0\0{"array": ["<f8", [9], 0]} ',
        b'\x11\0\0\0\0\0\0\0{"none": ["no"]}  ',
        (90_000).to_bytes(8, "little") + b'{"list":[' * 10_000,
    ],
)
def test_what_nobody_sends_is_one_error(content: bytes) -> None:
    with pytest.raises(EcgError, match="no usable answer"):
        decode(content)


@pytest.mark.parametrize(
    ("raised", "kind", "words"),
    [
        (CannotAssessError("Too short."), CannotAssessError, "Too short"),
        (MemoryError(), CannotAssessError, "more memory"),
        (OSError(28, "full"), ResourceError, "disk is full"),
    ],
)
def test_errors_come_back_as_errors(raised: Exception, kind: type[EcgError], words: str) -> None:
    def fail(*_: object) -> None:
        raise raised

    request = [b"".join(encode({})), b"".join(encode(Recording(np.ones((1, 9)), 250.0, ("I",))))]
    (answer,) = answer_with(request, fail)
    with pytest.raises(kind, match=words):
        decode(b"".join(answer))
