"""Writes SCP-ECG records after EN 1064:2005, for the tests: every coding that the standard has."""

import binascii
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

CODE = {
    **{"I": 1, "II": 2, "III": 61, "aVR": 62, "aVL": 63, "aVF": 64},
    **{f"V{i}": i + 2 for i in range(1, 7)},
}
DEFAULT = 19999
# Value or None (original bits follow), prefix, extra bits, number of a table to switch to.
Own = Sequence[tuple[int | None, str, int, int | None]]

# A table for small values that switches to one for large values and back.
OWN_TABLES: tuple[Own, ...] = (
    (
        *((0, "00", 0, None), (1, "01", 0, None), (-1, "100", 0, None), (2, "1010", 0, None)),
        *((-2, "1011", 0, None), (None, "110", 8, None), (None, "111", 0, 2)),
    ),
    ((None, "0", 16, None), (None, "1", 0, 1)),
)


def crc(data: bytes) -> bytes:
    return struct.pack("<H", binascii.crc_hqx(data, 0xFFFF))


def section(number: int, body: bytes, version: int = 20) -> bytes:
    body += b"\0" * (len(body) % 2)
    mark = b"SCPECG" if number == 0 else bytes(6)
    rest = struct.pack("<HIBB6s", number, 16 + len(body), version, version, mark) + body
    return crc(rest) + rest


def record(bodies: Mapping[int, bytes], version: int = 20) -> bytes:
    """Return a record of sections 1 to 11 (and further ones given), by number."""
    numbers = sorted({*range(1, 12), *bodies})
    blocks = {n: section(n, bodies[n], version) for n in numbers if n in bodies}
    table_bytes = 16 + 10 * (len(numbers) + 1)
    pointers = struct.pack("<HII", 0, table_bytes, 7)
    at = 7 + table_bytes
    for number in numbers:
        length = len(blocks.get(number, b""))
        pointers += struct.pack("<HII", number, length, at if length else 0)
        at += length
    content = section(0, pointers, version) + b"".join(blocks.values())
    whole = struct.pack("<I", 6 + len(content)) + content
    return crc(whole) + whole


def refresh(data: bytes) -> bytes:
    """Return a record with all its checksums made right again."""
    out = bytearray(data)
    n_pointers = (struct.unpack_from("<I", out, 10)[0] - 16) // 10
    for i in range(n_pointers):
        _, length, index = struct.unpack_from("<HII", out, 22 + 10 * i)
        if length and index - 1 + length <= len(out):
            out[index - 1 : index + 1] = crc(bytes(out[index + 1 : index - 1 + length]))
    out[:2] = crc(bytes(out[2:]))
    return bytes(out)


def at_section(data: bytes, number: int) -> int:
    """Return where a section's body starts."""
    return struct.unpack_from("<I", data, 22 + 10 * number + 6)[0] - 1 + 16


def changed(data: bytes, number: int, offset: int, new: bytes) -> bytes:
    """Return a record with some bytes of a section's body replaced, checksums right."""
    at = at_section(data, number) + offset
    return refresh(data[:at] + new + data[at + len(new) :])


def tag(number: int, value: bytes) -> bytes:
    return struct.pack("<BH", number, len(value)) + value


def device(maker: str = "Mortara", model: str = "ELI250", language: int = 0) -> bytes:
    fixed = struct.pack("<HHHBB6s5B", 1, 2, 3, 0, 255, model.encode(), 20, 0xA0, language, 0xD0, 1)
    texts = b"\0".join((b"program", b"serial-7", b"system", b"implementation", maker.encode()))
    return fixed.ljust(35, b"\0") + b"\x08" + texts + b"\0"


def header(*tags: bytes) -> bytes:
    return b"".join(tags) + tag(255, b"")


def patient(
    name: str = "Doe", born: tuple[int, int, int] = (1953, 5, 8), sex: int = 2
) -> tuple[bytes, ...]:
    return (
        tag(0, name.encode() + b"\0"),
        tag(1, b"Jane\0"),
        tag(2, b"ID-77\0"),
        tag(5, struct.pack("<HBB", *born)),
        tag(8, bytes([sex])),
        tag(14, device()),
        tag(25, struct.pack("<HBB", 2009, 11, 22)),
        tag(26, bytes([9, 10, 11])),
        tag(27, struct.pack("<H", 5)),
        tag(28, struct.pack("<H", 150)),
        tag(29, bytes([0x02])),
    )


def lead_table(
    codes: Sequence[int], ranges: Sequence[tuple[int, int]], *, subtracted: bool = False
) -> bytes:
    flags = int(subtracted) | 0x04 | min(len(codes), 31) << 3
    leads = [struct.pack("<IIB", *r, c) for c, r in zip(codes, ranges, strict=True)]
    return struct.pack("<BB", len(codes), flags) + b"".join(leads)


def differences(values: np.ndarray, order: int) -> np.ndarray:
    """Return first or second differences; the first one or two values stay as they are."""
    values = values.astype(np.int64)
    if order == 0:
        return values
    if order == 1:
        return np.concatenate((values[:1], np.diff(values)))
    return np.concatenate((values[:2], np.diff(values, 2)))


def default_bits(value: int) -> str:
    """Return one value in the default Huffman table of annex C."""
    if value == 0:
        return "0"
    if abs(value) <= 8:
        return "1" * abs(value) + "0" + ("1" if value < 0 else "0")
    if -128 <= value <= 127:
        return "1111111110" + format(value & 0xFF, "08b")
    return "1111111111" + format(value & 0xFFFF, "016b")


def own_bits(values: Sequence[int]) -> str:
    """Return values in ``OWN_TABLES``, switching where a value does not fit in 8 bits."""
    out = []
    table = 0
    for value in values:
        need = 0 if -128 <= value <= 127 else 1
        if need != table:
            out.append("111" if table == 0 else "1")
            table = need
        if table == 1:
            out.append("0" + format(value & 0xFFFF, "016b"))
            continue
        short = {v: prefix for v, prefix, extra, to in OWN_TABLES[0] if not extra and to is None}
        out.append(short.get(value) or "110" + format(value & 0xFF, "08b"))
    return "".join(out)


def pack(bits: str) -> bytes:
    bits += "0" * (-len(bits) % 8)
    return bytes(int(bits[i : i + 8], 2) for i in range(0, len(bits), 8))


def stream(values: np.ndarray, coding: str) -> bytes:
    values = values.astype(np.int16).astype(int)
    if coding == "none":
        return values.astype("<i2").tobytes()
    if coding == "default":
        data = pack("".join(default_bits(int(v)) for v in values))
    else:
        data = pack(own_bits([int(v) for v in values]))
    return data + b"\0" * (len(data) % 2)


def huffman_section(coding: str, *, turned: bool = True) -> bytes:
    """Return the body of section 2."""
    if coding == "default":
        return struct.pack("<H", DEFAULT)
    body = struct.pack("<H", len(OWN_TABLES))
    for table in OWN_TABLES:
        body += struct.pack("<H", len(table))
        for value, prefix, extra, to in table:
            stored = int(prefix[::-1] if turned else prefix, 2)
            base = to if to is not None else (value or 0)
            total = len(prefix) + extra
            body += struct.pack("<BBBhI", len(prefix), total, int(to is None), base, stored)
    return body


def signal_section(
    rows: Sequence[np.ndarray],
    *,
    step_nv: int,
    interval_us: int,
    order: int,
    coding: str,
    bimodal: bool = False,
) -> bytes:
    """Return the body of section 5 or 6."""
    streams = [stream(differences(np.asarray(row), order), coding) for row in rows]
    sizes = b"".join(struct.pack("<H", len(s) & 0xFFFF) for s in streams)
    head = struct.pack("<HHBB", step_nv, interval_us, order, int(bimodal))
    return head + sizes + b"".join(streams)


@dataclass(frozen=True)
class Zones:
    """QRS complexes for section 4: reference beat's length and fiducial, zones, areas."""

    length_ms: int
    fiducial: int
    zones: Sequence[tuple[int, int, int, int]]
    areas: Sequence[tuple[int, int]] | None = None

    def body(self) -> bytes:
        out = struct.pack("<HHH", self.length_ms, self.fiducial, len(self.zones))
        out += b"".join(struct.pack("<HIII", *zone) for zone in self.zones)
        if self.areas is not None:
            out += b"".join(struct.pack("<II", *area) for area in self.areas)
        return out


def simple(
    rows: np.ndarray,
    names: Sequence[str],
    *,
    step_nv: int = 2500,
    interval_us: int = 2000,
    order: int = 2,
    coding: str = "default",
    version: int = 20,
    more: Mapping[int, bytes] | None = None,
) -> bytes:
    """Return a record of simultaneous leads without reference beat; rows in steps."""
    codes = [CODE[name] for name in names]
    bodies = {
        1: header(*patient()),
        3: lead_table(codes, [(1, rows.shape[1])] * len(codes)),
        6: signal_section(
            list(rows), step_nv=step_nv, interval_us=interval_us, order=order, coding=coding
        ),
    }
    if coding != "none":
        bodies[2] = huffman_section(coding)
    return record(bodies | dict(more or {}), version)


def with_beat(
    rows: np.ndarray,
    names: Sequence[str],
    template: np.ndarray,
    zones: Zones,
    *,
    steps_nv: tuple[int, int] = (2500, 5000),
    coding: str = "default",
    factor: int = 1,
) -> bytes:
    """Return a record with the reference beat subtracted in the zones of type 0.

    Parameters
    ----------
    rows : array of int, shape (n_leads, n_samples)
        In steps of ``steps_nv[0]``.
    template : array of int, shape (n_leads, n_beat)
        In steps of ``steps_nv[1]``, a multiple of the former.
    factor : int
        Store the mean of so many samples outside the protected areas.
    """
    residual = rows.astype(np.int64).copy()
    ratio = steps_nv[1] // steps_nv[0]
    for kind, first, fiducial, last in zones.zones:
        if kind == 0:
            start = zones.fiducial - 1 - (fiducial - first)
            beat = template[:, start : start + last - first + 1]
            residual[:, first - 1 : last] -= beat * ratio
    stored = [decimated(row, zones.areas or (), factor) for row in residual]
    codes = [CODE[name] for name in names]
    bodies = {
        1: header(*patient()),
        3: lead_table(codes, [(1, rows.shape[1])] * len(codes), subtracted=True),
        4: zones.body(),
        5: signal_section(
            list(template), step_nv=steps_nv[1], interval_us=2000, order=1, coding=coding
        ),
        6: signal_section(
            stored,
            step_nv=steps_nv[0],
            interval_us=2000 * factor,
            order=2,
            coding=coding,
            bimodal=factor > 1,
        ),
    }
    if coding != "none":
        bodies[2] = huffman_section(coding)
    return record(bodies)


def decimated(row: np.ndarray, areas: Sequence[tuple[int, int]], factor: int) -> np.ndarray:
    """Return what is stored of a lead: all samples in the areas, means of groups between them."""
    if factor == 1:
        return row
    out: list[int] = []
    at = 0
    for first, last in [*areas, (len(row) + 1, len(row))]:
        gap = row[at : first - 1]
        groups = len(gap) // factor
        means = gap[: groups * factor].reshape(groups, factor).mean(axis=1)
        out += [int(v) for v in np.round(means)] + [int(v) for v in gap[groups * factor :]]
        out += [int(v) for v in row[first - 1 : last]]
        at = last
    return np.array(out)
