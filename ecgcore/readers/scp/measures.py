"""What the recording device measured and stated (EN 1064, sections 7, 8 and 11).

Kept as the file's own words and numbers; nothing is computed here but the differences of the wave
limits that section 7 stores.
"""

import struct
from collections.abc import Iterator

from ecgcore.readers.base import clean_text
from ecgcore.readers.scp.container import Container
from ecgcore.readers.scp.text import decode_text

# Not computed, lead rejected, wave absent; and what devices write for "none".
_NONE = (29999, 29998, 19999, 0xFFFF, 0x7FFF)
_NO_AXIS = (999, -999, *_NONE)
_QT_FORMULAS = {1: "Bazett", 2: "Hodges"}
_BLOCK = struct.Struct("<5H3h")
_STATEMENTS_AT = 9
_MAX_TEXT = 200
_CODED, _LOGIC = 1, 3


def read_measurements(container: Container) -> dict[str, str]:
    """Return the global measurements of section 7, by name, with their units."""
    body = container.body(7)
    if len(body) < 6:
        return {}
    n_blocks, n_spikes, rr, pp = struct.unpack_from("<BBHH", body)
    found: dict[str, str] = {}
    _put(found, "RR interval", rr)
    _put(found, "PP interval", pp)
    blocks_end = 6 + _BLOCK.size * n_blocks
    if n_blocks and len(body) >= 6 + _BLOCK.size:
        _put_block(found, _BLOCK.unpack_from(body, 6))
    after_spikes = blocks_end + 10 * n_spikes
    if n_spikes and len(body) >= after_spikes:
        found["pacemaker spikes"] = str(n_spikes)
    _put_rates(found, body, after_spikes)
    return found


def _put(found: dict[str, str], name: str, value: int, unit: str = "ms") -> None:
    if 0 < value < 10_000 and value not in _NONE:
        found[name] = f"{value} {unit}"


def _put_block(found: dict[str, str], block: tuple[int, ...]) -> None:
    """Put the intervals between the wave limits, and the axes, of the reference beat."""
    p_on, p_off, qrs_on, qrs_off, t_off, *axes = block

    def interval(name: str, start: int, end: int) -> None:
        if start not in _NONE and end not in _NONE:
            _put(found, name, end - start)

    interval("P duration", p_on, p_off)
    interval("PR interval", p_on, qrs_on)
    interval("QRS duration", qrs_on, qrs_off)
    interval("QT interval", qrs_on, t_off)
    for wave, degrees in zip(("P", "QRS", "T"), axes, strict=True):
        if degrees not in _NO_AXIS and abs(degrees) <= 360:
            found[f"{wave} axis"] = f"{degrees} deg"


def _put_rates(found: dict[str, str], body: bytes, at: int) -> None:
    """Put rates and corrected QT, which stand behind the type of every QRS complex (since 1.3)."""
    if len(body) < at + 2:
        return
    at += 2 + int.from_bytes(body[at : at + 2], "little")
    if len(body) < at + 7:
        return
    ventricular, atrial, qtc, formula = struct.unpack_from("<HHHB", body, at)
    _put(found, "ventricular rate", ventricular, "/min")
    _put(found, "atrial rate", atrial, "/min")
    name = _QT_FORMULAS.get(formula)
    _put(found, f"QTc ({name})" if name else "QTc", qtc)


def read_statements(container: Container, codec: str) -> tuple[str, ...]:
    """Return the device's statements: text (section 8), then codes and text of section 11."""
    found = [text for part in _split_parts(container.body(8)) for text in _read_texts(part, codec)]
    for part in _split_parts(container.body(11)):
        kind, texts = part[0] if part else 0, _read_texts(part[1:], codec)
        if kind == _CODED:
            found.append(" ".join(texts))
        elif kind != _LOGIC:
            found += texts
    return tuple(dict.fromkeys(text for text in found if text))


def _split_parts(body: bytes) -> Iterator[bytes]:
    """Yield the statements of section 8 or 11."""
    if len(body) < _STATEMENTS_AT:
        return
    at = _STATEMENTS_AT
    for _ in range(body[8]):
        if at + 3 > len(body):
            return
        length = int.from_bytes(body[at + 1 : at + 3], "little")
        yield body[at + 3 : at + 3 + length]
        at += 3 + length


def _read_texts(part: bytes, codec: str) -> list[str]:
    """Return the texts in a statement, each ended by a null."""
    if codec == "utf-16-le":
        return [decode_text(part, codec)]
    return [clean_text(decode_text(text, codec), _MAX_TEXT) for text in part.split(b"\0") if text]
