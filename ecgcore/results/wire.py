"""Recordings and results as plain bytes, to and from a process that analyses them.

No pickle: what comes back is data, never code.  Everything comes back as it was: tuples as tuples,
arrays with their types, dataclasses of :mod:`ecgcore.results` and :mod:`ecgcore.recording`.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgcore import errors, recording, results
from ecgcore.errors import CannotAssessError, EcgError, explain_shortage
from ecgcore.recording import Recording

Parts = list[bytes | memoryview]
_LENGTH_BYTES = _ALIGNED = 8
_NUMBERS = "fiub"
_KINDS = {
    kind.__name__: kind
    for module in (recording, results)
    for kind in vars(module).values()
    if isinstance(kind, type) and is_dataclass(kind)
}
_ERRORS = {
    kind.__name__: kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, EcgError)
}


def encode(value: Any) -> Parts:
    """Return a value as bytes in parts; large arrays are not copied.

    Raises
    ------
    TypeError
        For what is neither plain, nor an array of numbers, nor one of the package's results.
    """
    arrays: Parts = []
    text = json.dumps(_described(value, arrays)).encode()
    text += b" " * (-len(text) % _ALIGNED)
    return [len(text).to_bytes(_LENGTH_BYTES, "little"), text, *arrays]


def decode(content: bytes | bytearray) -> Any:
    """Return what :func:`encode` was given.

    Raises
    ------
    EcgError
        Where an error was sent, this error; or that the bytes are of no such form.
    """
    view = memoryview(content)
    try:
        length = int.from_bytes(view[:_LENGTH_BYTES], "little")
        tree = json.loads(bytes(view[_LENGTH_BYTES : _LENGTH_BYTES + length]))
        return _Decoder(view[_LENGTH_BYTES + length :]).value(tree)
    except (ValueError, KeyError, TypeError, IndexError, RecursionError) as error:
        if isinstance(error, EcgError):
            raise
        raise CannotAssessError("The analysis gave no usable answer; try again.") from error


def answer_with(
    request: list[bytes], work: Callable[[Recording, Mapping[str, Any]], Any]
) -> Iterator[Parts]:
    """Answer a worker's request (what is asked, recording) with what ``work`` returns or raises.

    Parameters
    ----------
    request : list of bytes
        Emptied here.
    work : callable
        ``work(recording, asked) -> result``.
    """
    asked, given = (decode(part) for part in request)
    request.clear()
    try:
        result = work(given, asked)
    except EcgError as error:
        result = error
    except MemoryError:
        result = CannotAssessError(
            "The analysis of this recording needs more memory than is allowed; open a shorter part."
        )
    except OSError as error:
        lacking = explain_shortage(error)
        if lacking is None:
            raise
        result = lacking
    yield encode(result)


def _described(value: Any, arrays: Parts) -> Any:
    """Return a value as JSON can hold it, arrays put aside."""
    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, (np.ndarray, np.generic)):
        return _array(value, arrays)
    if isinstance(value, (list, tuple)):
        name = "tuple" if isinstance(value, tuple) else "list"
        return {name: [_described(item, arrays) for item in value]}
    if isinstance(value, Mapping):
        return {"map": [[_described(v, arrays) for v in pair] for pair in value.items()]}
    return _object(value, arrays)


def _object(value: Any, arrays: Parts) -> dict[str, Any]:
    if isinstance(value, datetime):
        return {"time": value.isoformat()}
    if isinstance(value, EcgError):
        return {"error": [type(value).__name__, str(value)]}
    name = type(value).__name__
    if _KINDS.get(name) is not type(value):
        raise TypeError(f"a {name} is not sent")
    parts = {f.name: _described(getattr(value, f.name), arrays) for f in fields(value)}
    return {"object": [name, parts]}


def _array(value: NDArray[Any] | np.generic, arrays: Parts) -> dict[str, Any]:
    plain = np.ascontiguousarray(value)
    if plain.dtype.kind not in _NUMBERS:
        raise TypeError(f"an array of {plain.dtype} is not sent")
    shape = None if isinstance(value, np.generic) else list(value.shape)
    start = sum(map(len, arrays))
    arrays.append(plain.reshape(-1).view(np.uint8).data)
    arrays.append(bytes(-plain.nbytes % _ALIGNED))
    return {"array": [plain.dtype.str, shape, start]}


class _Decoder:
    def __init__(self, arrays: memoryview) -> None:
        self._arrays = arrays
        self._kinds: dict[str, Callable[[Any], Any]] = {
            "list": self._list,
            "tuple": self._tuple,
            "map": self._map,
            "time": datetime.fromisoformat,
            "error": self._error,
            "object": self._object,
            "array": self._array,
        }

    def value(self, tree: Any) -> Any:
        if not isinstance(tree, dict):
            return tree
        ((kind, content),) = tree.items()
        return self._kinds[kind](content)

    def _list(self, items: Sequence[Any]) -> list[Any]:
        return [self.value(item) for item in items]

    def _tuple(self, items: Sequence[Any]) -> tuple[Any, ...]:
        return tuple(self._list(items))

    def _map(self, items: Sequence[Any]) -> dict[Any, Any]:
        return {self.value(key): self.value(item) for key, item in items}

    def _error(self, content: Sequence[str]) -> None:
        kind = _ERRORS.get(content[0], CannotAssessError)
        simple = kind if kind is not errors.MissingInformationError else CannotAssessError
        raise simple(content[1])

    def _object(self, content: Sequence[Any]) -> Any:
        name, parts = content
        return _KINDS[name](**{key: self.value(part) for key, part in parts.items()})

    def _array(self, content: Sequence[Any]) -> Any:
        name, shape, start = content
        dtype = np.dtype(name)
        if dtype.kind not in _NUMBERS:
            raise ValueError("no numbers")
        count = int(np.prod(shape or (1,)))
        values = np.frombuffer(self._arrays, dtype, count, start) if count else np.empty(0, dtype)
        if shape is None:
            return values[0]
        return values.reshape(shape).copy()
