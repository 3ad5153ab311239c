"""Numbers in an EDF header that are written otherwise than with a decimal point, put right.

EDF (Kemp et al. 1992) allows a point only; recorders set to other languages write commas, group
thousands, add a unit or pad with null bytes.
"""

import re

from ecgcore.errors import ReadError
from ecgcore.readers.base import clean_text
from ecgcore.readers.channels import join_few

MAX_SIGNALS = 2048
_FIXED_BYTES, _SIGNAL_BYTES, _WIDTH = 256, 256, 8
# Of each signal, in the order of the header: bytes before the field for all signals.
_RANGES = {"physical minimum": 104, "physical maximum": 112}
_WHOLE = {"digital minimum": 120, "digital maximum": 128, "samples in a record": 216}
_PLAIN = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?")
_INTEGER = re.compile(r"[+-]?\d+")
_WRITTEN = re.compile(
    r"([+\u2212-]?)[ \u00a0]*(\d[\d., '\u00a0]*|[.,]\d+)((?:[eE][+-]?\d{1,3})?)"
    r"\W*[a-zA-Z\u00b5%/]*\W*"
)
_GROUPED = re.compile(r"\d{1,3}(?:([., '])\d{3})(?:\1\d{3})*")


def repair_numbers(data: bytes, notes: list[str]) -> bytes:
    """Return the file with plain numbers in its header; what was changed goes into ``notes``.

    Raises
    ------
    ReadError
        If "1,234" can mean two things in this file.
    """
    n_text = data[252:256].decode("latin-1").strip()
    n = int(n_text) if n_text.isascii() and n_text.isdigit() else 0
    if not 0 < n <= MAX_SIGNALS or len(data) < _FIXED_BYTES + n * _SIGNAL_BYTES:
        return data
    fields = {236: "number of records", 244: "duration of a record"}
    for name, before in (_RANGES | _WHOLE).items():
        fields |= {_FIXED_BYTES + n * before + _WIDTH * i: name for i in range(n)}
    odd = {at: text for at in fields if not _is_plain(text := _field(data, at), fields[at])}
    if not odd:
        return data
    commas = any(_is_decimal(text) for at, text in odd.items() if not _is_whole(fields[at]))
    header = bytearray(data[: _FIXED_BYTES + n * _SIGNAL_BYTES])
    changed: dict[str, None] = {}
    for at, text in odd.items():
        plain = _rewrite_plainly(text, whole=_is_whole(fields[at]), commas=commas, what=fields[at])
        if plain is not None and len(plain) <= _WIDTH:
            header[at : at + _WIDTH] = plain.ljust(_WIDTH).encode("ascii")
            changed[f"{clean_text(text)} for {plain}"] = None
    if changed:
        notes.append(
            "Numbers in the header are not written with a decimal point alone, as EDF needs; they "
            f"were read as meant: {join_few(list(changed)[:4])}."
        )
    return bytes(header) + data[len(header) :]


def _field(data: bytes, at: int) -> str:
    return data[at : at + _WIDTH].decode("latin-1").strip()


def _is_plain(text: str, name: str) -> bool:
    return (_INTEGER if _is_whole(name) else _PLAIN).fullmatch(text) is not None


def _is_whole(name: str) -> bool:
    return name in _WHOLE or name == "number of records"


def _is_decimal(text: str) -> bool:
    """Return whether a comma in a number can only be its decimal sign."""
    match = _WRITTEN.fullmatch(text)
    digits = match[2] if match else ""
    return digits.count(",") == 1 and "." not in digits and not _GROUPED.fullmatch(digits)


def _rewrite_plainly(text: str, *, whole: bool, commas: bool, what: str) -> str | None:
    """Return a number with a decimal point; None where it is none."""
    match = _WRITTEN.fullmatch(text)
    if match is None:
        return None
    sign = "-" if match[1] in ("-", "\u2212") else ""
    digits = match[2].strip().replace("\u00a0", " ")
    grouped = _GROUPED.fullmatch(digits)
    last = max(digits.rfind("."), digits.rfind(","))
    if grouped and grouped[1] == "," and not whole and not commas:
        raise ReadError(
            f"The {what} in the header is {clean_text(text)!r}: the comma may be a decimal sign or "
            "group thousands; write it with a decimal point and export the file again."
        )
    thousands = grouped and (whole or grouped[1] in " '" or digits.count(grouped[1]) > 1)
    whole_part, rest = (digits, "") if thousands or last < 0 else (digits[:last], digits[last:])
    if whole_part and not whole_part.isdigit() and not _GROUPED.fullmatch(whole_part):
        return None
    digits = re.sub(r"[., ']", "", whole_part) + rest.replace(",", ".").strip(" '")
    plain = f"{sign}{digits}{match[3]}"
    plain = re.sub(r"\.0*$", "", plain) if whole else plain
    return plain if _is_plain(plain, what) else None
