"""Mutations for the readers' fuzzing: blind ones of bytes, and ones that know the format.

Every mutation takes a file's bytes and a generator of random numbers and gives other bytes.  The
same seed gives the same bytes.
"""

import base64
import contextlib
import io
import json
import random
import re
import struct
import zipfile
import zlib
from collections.abc import Callable
from typing import Any

Mutation = Callable[[bytes, random.Random], bytes]

NUMBERS = (
    "0", "-0", "1", "-1", "2", "3", "255", "256", "32767", "-32768", "65535", "65536", "2147483647",
    "-2147483648", "4294967296", "2000000000", "1e5", "1e308", "1e-308", "5e-324", "1e400",
    "-1e400", "nan", "NaN", "-inf", "Infinity", "9" * 30, "9" * 400, "9" * 5000, "0.1",
    ".5", "1.", "1,5", "0x10", "1_0", "١٢", "", "-", "+", "e5", "1e", "12 000", "500", "250.5",
    "1e99999", "null",
)  # fmt: skip
WORDS = (
    "", " ", "\t", "<b>", "<img src=x onerror=alert(1)>", "&amp;", "&#5;", "&x;", "\x00", "\x07",
    "\x1b[31m", "\u202e", "\ufeff", "\r\n", "\n", "'", '"', ",", ";", ":", "/", "\\", "../x",
    "/dev/zero", "C:\\x", "http://x/y", "x" * 3000, "I", "II", "V1", "aVR", "mV", "uV", "µV", "NU",
    "Ohm", "Hz", "s", "ms", "2020-13-45", "99999999999999", "XLI", "Base64", "{}", "[]", "%s",
    "{0}", "\udcff", "é", "中", "true", "I,II", "=1+1", "-" * 50, "(" * 200, "a" * 100_000,
)  # fmt: skip
INTEGERS = (
    0, 1, 2, 3, 7, 8, 16, 63, 64, 65, 127, 128, 255, 256, 1000, 4096, 32767, 32768, 65535, 65536,
    2**24, 2**31 - 1, 2**31, 2**32 - 1, 2_000_000_000, 2**63 - 1, 2**64 - 1,
)  # fmt: skip
_NUMBER = re.compile(rb"[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
_TAG = re.compile(rb"<(/?)([A-Za-z_][\w:.-]*)([^<>]*?)(/?)>")
_VALUE = re.compile(rb">([^<>]+)<|=\"([^\"<>]*)\"")
_MAX_BYTES = 4_000_000


def text(words: str) -> bytes:
    """Return a text's bytes; what UTF-8 cannot hold is escaped."""
    return words.encode("utf-8", errors="surrogateescape")


def _place(data: bytes, rng: random.Random) -> int:
    """Return a place in the data: more often near its start, where headers are."""
    if not data:
        return 0
    near = rng.choice((16, 64, 256, 1024, 4096, len(data)))
    return rng.randrange(min(len(data), near))


# ---- blind


def flip_bits(data: bytes, rng: random.Random) -> bytes:
    out = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 4, 16)) if out else 0):
        out[_place(data, rng)] ^= 1 << rng.randrange(8)
    return bytes(out)


def put_bytes(data: bytes, rng: random.Random) -> bytes:
    out = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 6))):
        at = _place(data, rng)
        out[at : at + rng.choice((0, 1, 1, 2, 4))] = rng.randbytes(rng.choice((0, 1, 1, 2, 4)))
    return bytes(out)


def put_integer(data: bytes, rng: random.Random) -> bytes:
    out = bytearray(data)
    for _ in range(rng.choice((1, 1, 2))):
        size = rng.choice((1, 2, 2, 4, 4, 8))
        value = rng.choice(INTEGERS) & (256**size - 1)
        at = _place(data, rng)
        out[at : at + size] = value.to_bytes(size, rng.choice(("little", "big")))
    return bytes(out)


def nudge_integer(data: bytes, rng: random.Random) -> bytes:
    """Add a little to a number of 1, 2 or 4 bytes: lengths and counts that are nearly right."""
    size = rng.choice((1, 2, 4))
    order: Any = rng.choice(("little", "big"))
    at = _place(data, rng)
    value = int.from_bytes(data[at : at + size], order) + rng.choice((-16, -2, -1, 1, 2, 8, 16))
    return data[:at] + (value % 256**size).to_bytes(size, order) + data[at + size :]


def truncate(data: bytes, rng: random.Random) -> bytes:
    if rng.random() < 0.3:
        return data[: max(0, len(data) - rng.choice((1, 2, 3, 4, 8, 100)))]
    return data[: rng.randrange(len(data) + 1)]


def cut_out(data: bytes, rng: random.Random) -> bytes:
    at = _place(data, rng)
    return data[:at] + data[at + rng.choice((1, 2, 4, 16, 100, 1000, 10_000)) :]


def repeat(data: bytes, rng: random.Random) -> bytes:
    at = _place(data, rng)
    part = data[at : at + rng.choice((1, 4, 32, 512, 4096))]
    return data[:at] + part * rng.choice((2, 2, 3, 50)) + data[at:]


def fill(data: bytes, rng: random.Random) -> bytes:
    at, n = _place(data, rng), rng.choice((2, 8, 64, 1024))
    return data[:at] + rng.choice((b"\0", b"\xff", b" ", b"A", b"\x80")) * n + data[at + n :]


def append(data: bytes, rng: random.Random) -> bytes:
    return data + rng.choice((b"\0" * 100, b"\n", b"x" * 33, data[:1000], b"</a>", b"\x1a"))


def move(data: bytes, rng: random.Random) -> bytes:
    a, b = sorted((_place(data, rng), _place(data, rng)))
    n = rng.choice((2, 8, 64, 512))
    return data[:a] + data[b : b + n] + data[a:b] + data[b + n :]


BLIND: tuple[Mutation, ...] = (
    flip_bits, put_bytes, put_integer, nudge_integer, truncate, cut_out, repeat, fill, append, move
)  # fmt: skip


# ---- text


def put_number(data: bytes, rng: random.Random) -> bytes:
    out = data
    for _ in range(rng.choice((1, 1, 2, 3))):
        match = _NUMBER.search(out, _place(out, rng))
        if match:
            out = out[: match.start()] + text(rng.choice(NUMBERS)) + out[match.end() :]
    return out


def put_word(data: bytes, rng: random.Random) -> bytes:
    at = _place(data, rng)
    return data[:at] + text(rng.choice(WORDS)) + data[at + rng.choice((0, 0, 1, 5)) :]


def change_lines(data: bytes, rng: random.Random) -> bytes:
    lines = data[:_MAX_BYTES].split(b"\n")
    at = min(rng.randrange(len(lines)), rng.choice((0, 1, 2, 5, 20, len(lines) - 1)))
    how = rng.randrange(4)
    if how == 0:
        del lines[at]
    elif how == 1:
        lines.insert(at, lines[at])
    elif how == 2:
        lines.insert(at, lines.pop(rng.randrange(len(lines))))
    else:
        lines[at : at + 1] = [lines[at]] * rng.choice((20, 300))
    return b"\n".join(lines)


def change_separators(data: bytes, rng: random.Random) -> bytes:
    old, new = rng.sample((b",", b";", b"\t", b" ", b"|", b"\n", b".", b":", b"\r\n"), 2)
    return data.replace(old, new, rng.choice((-1, 1, 5)))


def recode(data: bytes, rng: random.Random) -> bytes:
    words = data.decode("utf-8", errors="replace")
    encoding = rng.choice(("utf-16", "utf-16-le", "utf-16-be", "utf-8-sig", "utf-32", "cp1252"))
    return words.encode(encoding, errors="replace")


TEXT: tuple[Mutation, ...] = (
    put_number, put_number, put_number, put_word, put_word, change_lines, change_separators, recode
)  # fmt: skip


# ---- XML


def _element(data: bytes, rng: random.Random) -> tuple[int, int] | None:
    """Return where an element begins and ends."""
    start = _TAG.search(data, rng.randrange(len(data) or 1))
    if start is None or start[1]:
        return None
    if start[4]:
        return start.span()
    depth = 0
    for tag in _TAG.finditer(data, start.start()):
        if tag[2] == start[2] and not tag[4]:
            depth += -1 if tag[1] else 1
            if depth == 0:
                return start.start(), tag.end()
    return None


def change_element(data: bytes, rng: random.Random) -> bytes:
    """Duplicate, remove, move, nest or empty an element."""
    found = _element(data, rng)
    if found is None:
        return put_value(data, rng)
    start, end = found
    part = data[start:end]
    if len(part) > 200_000:
        return data
    how = rng.randrange(6)
    out = part
    if how == 0:
        out = part * rng.choice((2, 2, 3, 40))
    elif how == 1:
        out = b""
    elif how == 2:
        depth = rng.choice((2, 30, 70, 3000))
        out = b"<a>" * depth + part + b"</a>" * depth
    elif how == 3:
        other = _element(data, rng)
        return data[: other[0]] + part + data[other[0] :] if other else data + part
    elif how == 4:
        out = _VALUE.sub(b"><", part)
    else:
        inner = part.find(b">") + 1
        out = part[:inner] + part + part[inner:]
    return data[:start] + out + data[end:]


def put_value(data: bytes, rng: random.Random) -> bytes:
    """Replace texts and attributes."""
    for _ in range(rng.choice((1, 1, 2, 4))):
        match = _VALUE.search(data, rng.randrange(len(data) or 1)) or _VALUE.search(data)
        if match:
            start, end = match.span(1 if match[1] is not None else 2)
            value = text(rng.choice(rng.choice((NUMBERS, WORDS))))
            data = data[:start] + value + data[end:]
    return data


def change_base64(data: bytes, rng: random.Random) -> bytes:
    """Mutate what is packed as base64, and pack it again."""
    found = list(re.finditer(rb"[A-Za-z0-9+/\s]{200,}={0,2}", data))
    if not found:
        return put_value(data, rng)
    match = rng.choice(found)
    try:
        inner = base64.b64decode(b"".join(match[0].split()))
    except ValueError:
        return data
    changed = base64.b64encode(rng.choice(BLIND)(inner, rng))
    return data[: match.start()] + changed + data[match.end() :]


def declare(data: bytes, rng: random.Random) -> bytes:
    """Put a document type, an entity or another encoding in front."""
    root = _TAG.search(data)
    if root is None:
        return data
    at = root.start()
    put = rng.choice(
        (
            b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>',
            b'<!DOCTYPE x SYSTEM "file:///dev/zero">',
            b'<!DOCTYPE x [<!ENTITY % e SYSTEM "http://127.0.0.1:9/x"> %e;]>',
            b"<!DOCTYPE x [" + b"<!ELEMENT a ANY>" * 500,
            b"<!-- " + b"-" * 5000 + b" -->",
            b"<?xml-stylesheet href='x'?>" * 50,
            b"<![CDATA[",
        )
    )
    return data[:at] + put + data[at:]


def _as_utf8(data: bytes) -> bytes | None:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", errors="replace").encode()
    return None


def xml(data: bytes, rng: random.Random) -> bytes:
    """Mutate an XML document; one in UTF-16 goes back into UTF-16."""
    plain = _as_utf8(data)
    change = rng.choice(
        (change_element, change_element, put_value, put_value, put_value, change_base64, declare)
    )
    out = change(data if plain is None else plain, rng)
    return out if plain is None else out.decode("utf-8", errors="replace").encode("utf-16")


# ---- JSON

_LEAVES: tuple[Any, ...] = (
    None, True, 0, -1, 1e308, 1e-308, float("nan"), float("inf"), 10**30, "", "x", "mV", "500", [],
    {}, [[]], [None], {"a": []}, "9" * 400, "<img src=x onerror=alert(1)>", [1, "a"], "\u0007",
)  # fmt: skip


def _containers(tree: Any, found: list[Any]) -> list[Any]:
    waiting = [tree]
    while waiting and len(found) < 3000:
        node = waiting.pop()
        if isinstance(node, (dict, list)) and node:
            found.append(node)
            inner = list(node.values()) if isinstance(node, dict) else node[:40]
            waiting += inner
    return found


def _nested(depth: int) -> Any:
    tree: Any = 1
    for i in range(depth):
        tree = [tree] if i % 2 else {"a": tree}
    return tree


def json_tree(data: bytes, rng: random.Random) -> bytes:
    """Replace, remove, duplicate or nest values of a JSON document."""
    try:
        tree = json.loads(data)
    except (ValueError, RecursionError):
        return put_number(data, rng)
    found = _containers(tree, [])
    for _ in range(rng.choice((1, 1, 2, 4)) if found else 0):
        node = rng.choice(found)
        if not node:
            continue
        keys = list(node) if isinstance(node, dict) else range(len(node))
        key = rng.choice(keys)
        how = rng.randrange(5)
        if how <= 1:
            node[key] = rng.choice(_LEAVES)
        elif how == 2:
            del node[key]
        elif how == 3:
            node[key] = [node[key]] * rng.choice((1, 2, 70))
        else:
            node[key] = _nested(rng.choice((2, 30, 200)))
    out = json.dumps(tree)[:_MAX_BYTES].encode()
    if rng.random() < 0.05:
        at = _place(out, rng)
        out = out[:at] + b"[" * rng.choice((50, 5000, 200_000)) + out[at:]
    return out


# ---- containers


def zip_tricks(data: bytes, rng: random.Random) -> bytes:
    """Pack members anew: mutated content, names with paths, twice the same, a bomb, wrong sizes."""
    members: list[tuple[str, bytes]] = []
    with contextlib.suppress(Exception), zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = [(m.filename, archive.read(m)) for m in archive.infolist()[:40]]
    if not members:
        return rng.choice(BLIND)(data, rng)
    if members:
        i = rng.randrange(len(members))
        name, content = members[i]
        how = rng.randrange(8)
        if how <= 3:
            members[i] = (name, rng.choice(BLIND)(content, rng))
        elif how == 4:
            odd = ("../../x.hea", "/etc/x", "a/../b", "C:\\x", "", ".hidden", "a\nb", "é", name)
            members[i] = (rng.choice(odd), content)
        elif how == 5:
            members.append((rng.choice((name, "x.zip", "y.csv", "z.npy")), rng.choice((data, b""))))
        elif how == 6:
            members[i] = (name, content + b"0" * 3_000_000)
        else:
            del members[i]
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", rng.choice((0, 8, 8, 14))) as archive:
        for name, content in dict(members).items():
            # Without the time of day: the same numbers give the same input.
            member = zipfile.ZipInfo(name.replace("\0", "") or "x")
            archive.writestr(member, content, archive.compression)
    out = stream.getvalue()
    if rng.random() < 0.3:
        at = out.rfind(b"PK\x01\x02", 0, rng.randrange(1, len(out) + 1))
        if at >= 0:
            where = at + rng.choice((8, 10, 20, 24, 28, 42))
            out = out[:where] + struct.pack("<I", rng.choice(INTEGERS) % 2**32) + out[where + 4 :]
    return out


def mat_parts(data: bytes, rng: random.Random) -> bytes:
    """Mutate an element of a MATLAB 5 file, inside its compression where it has one."""
    if len(data) < 136 or not data.startswith(b"MATLAB 5.0"):
        return rng.choice(BLIND)(data, rng)
    parts, at = [], 128
    while at + 8 <= len(data):
        kind, size = struct.unpack_from("<II", data, at)
        parts.append((kind, data[at + 8 : at + 8 + size]))
        at += 8 + size
    i = rng.randrange(len(parts))
    kind, content = parts[i]
    if kind == 15:
        try:
            content = zlib.compress(rng.choice(BLIND)(zlib.decompress(content), rng))
        except zlib.error:
            content = rng.choice(BLIND)(content, rng)
    else:
        content = rng.choice(BLIND)(content, rng)
    parts[i] = (kind, content)
    body = b"".join(struct.pack("<II", kind, len(part)) + part for kind, part in parts)
    return data[:128] + body


def npy_header(data: bytes, rng: random.Random) -> bytes:
    """Replace what the header of a NumPy array says."""
    if data[:6] != b"\x93NUMPY" or len(data) < 10:
        return rng.choice(BLIND)(data, rng)
    n = struct.unpack_from("<H", data, 8)[0]
    header = data[10 : 10 + n].decode("latin-1")
    old, new = rng.choice(
        (
            ("'<f8'", "'|O'"),
            ("'<f8'", "'<f16'"),
            ("'<f8'", "'|V8'"),
            ("'<f8'", "'<U8'"),
            ("'<f8'", "[('a', '<f4'), ('b', '<f4')]"),
            ("'<f8'", "'>c8'"),
            ("'<f8'", "'<M8[s]'"),
            ("'<f8'", "'<f8000000000'"),
            ("(", "(-1, "),
            ("(", "(1000000000, "),
            ("(", "(0, "),
            ("False", "True"),
            ("}", ", 'x': __import__('os')}"),
            ("{", "{" * 200),
            ("'shape'", "'shap'"),
        )
    )
    changed = header.rstrip().replace(old, new, 1).encode("latin-1") + b"\n"
    return data[:8] + struct.pack("<H", min(len(changed), 0xFFFF)) + changed + data[10 + n :]


OF_KIND: dict[str, tuple[Mutation, ...]] = {
    "text": TEXT,
    "xml": (xml, xml, xml, xml, put_number, recode),
    "json": (json_tree, json_tree, json_tree, put_number, put_word),
    "zip": (zip_tricks,),
    "mat": (mat_parts, mat_parts, put_integer),
    "npy": (npy_header, put_integer),
    "binary": (put_integer, nudge_integer, put_word),
}


def kind_of(data: bytes) -> str:
    """Return which of :data:`OF_KIND` fits the content."""
    plain = data[:4096].replace(b"\0", b"").lstrip(b"\xff\xfe\xef\xbb\xbf \r\n\t")
    signatures = {b"PK\x03\x04": "zip", b"\x93NUMPY": "npy", b"MATLAB 5.0": "mat"}
    for signature, kind in signatures.items():
        if data.startswith(signature):
            return kind
    if plain.startswith(b"<"):
        return "xml"
    if plain[:1] in (b"{", b"["):
        return "json"
    return "text" if all(32 <= c < 127 or c in b"\r\n\t\xc2\xb5" for c in plain[:300]) else "binary"


def mutate(data: bytes, rng: random.Random) -> bytes:
    """Return the data with one to three mutations."""
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        known = OF_KIND[kind_of(data)]
        data = rng.choice(BLIND if rng.random() < 0.35 else known)(data, rng)[:_MAX_BYTES]
    return data
