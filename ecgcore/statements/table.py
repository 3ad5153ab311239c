"""The clinical table: what each statement is called, coded as, and read in.

One block a statement in ``statements.toml``, what they cite in ``sources.toml``; both are read once
and when first asked for.
"""

import hashlib
import json
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from ecgcore.errors import InvalidArgumentError
from ecgcore.statements.statement import DECIDERS, LeadNeed, Place, Source, Statement

_T = TypeVar("_T")
TABLE = Path(__file__).with_name("statements.toml")
SOURCES = Path(__file__).with_name("sources.toml")
# Where a reader looks for a statement in a long list.
GROUPS = (
    "Normal",
    "Rhythm",
    "Ectopy",
    "Conduction",
    "ST segment and infarction",
    "Hypertrophy",
    "Axis and voltage",
    "T wave, QT and electrolytes",
    "Pacemaker",
    "Technical",
)
# Outputs of a diagnostic network, in this order: the nine first, then those with enough labelled
# records to judge a network by.  Axis deviation is measured instead.
CORE_CODES = ("SNR", "AF", "IAVB", "LBBB", "RBBB", "PAC", "PVC", "STD", "STE")
FURTHER_CODES = (
    "SBRAD", "STACH", "SARRH", "AFLT", "LVH", "LAFB", "IRBBB", "AMI", "IMI", "PACE", "418818005",
)  # fmt: skip
NETWORK_CODES = (*CORE_CODES, *FURTHER_CODES)
# PTB-XL's five diagnostic super-classes, an output beside the statements.
SUPERCLASS_TERMS = {
    "NORM": "Normal",
    "MI": "Myocardial infarction",
    "STTC": "ST-T changes",
    "CD": "Conduction disturbance",
    "HYP": "Hypertrophy",
}
SUPERCLASSES = tuple(SUPERCLASS_TERMS)


@cache
def statements() -> Mapping[str, Statement]:
    """Return all statements by code, in the order of the table."""
    return read_table(TABLE.read_text(encoding="utf-8"), SOURCES.read_text(encoding="utf-8"))


def statement(code: str) -> Statement:
    """Return the statement with this project code.

    Raises
    ------
    KeyError
        If there is none.
    """
    return statements()[code]


def place_of(code: str) -> Place | None:
    """Return where a textbook looks for a statement; None if it has no place or is unknown."""
    found = statements().get(code)
    return None if found is None else found.place


def group_of(code: str) -> str:
    """Return the group in which a reader looks for a statement; empty for an unknown one."""
    found = statements().get(code)
    return "" if found is None else found.group


def with_kinds(code: str) -> tuple[Statement, ...]:
    """Return a statement and those that are a kind of it, which imply it."""
    return statement(code), *(one for one in statements().values() if one.kind_of == code)


def codes_of(codes: Iterable[str], system: str) -> dict[str, str]:
    """Return what statements, and kinds of them, are coded as in another system.

    Parameters
    ----------
    codes : iterable of str
    system : str
        ``"scp"`` or ``"snomed"``.

    Returns
    -------
    dict of str to str
        Code of that system -> the project's code among ``codes``.
    """
    return {
        other: code for code in codes for one in with_kinds(code) for other in getattr(one, system)
    }


def table_digest() -> str:
    """Return the SHA-256 of the whole table."""
    table = [asdict(one) for one in statements().values()]
    return hashlib.sha256(json.dumps(table, sort_keys=True).encode()).hexdigest()


def read_table(text: str, sources: str) -> Mapping[str, Statement]:
    """Return the statements of a table.

    Parameters
    ----------
    text, sources : str
        TOML: the statements, and what they cite.

    Raises
    ------
    InvalidArgumentError
        If it is no TOML, an entry lacks a field or has an unknown one, or a code stands twice.
    """
    try:
        raw, cited = tomllib.loads(text), tomllib.loads(sources)
    except tomllib.TOMLDecodeError as error:
        raise InvalidArgumentError(f"The table of statements cannot be read: {error}.") from None
    known = {key: _make(Source, f"The source {key}", row) for key, row in cited.items()}
    made = {code: _read_statement(code, row, known) for code, row in raw.items()}
    _check_links(made)
    return MappingProxyType(made)


def _read_statement(code: str, raw: dict[str, Any], sources: Mapping[str, Source]) -> Statement:
    given = {"short": raw.get("term"), **raw}
    name = f"The statement {code}"
    if given.get("alone") == "any":
        given["alone"] = None
    given["needs"] = [_make(LeadNeed, f"{name}: needs", row) for row in raw.get("needs", [])]
    given["sources"] = _cite(name, raw.get("sources", []), sources)
    if place := raw.get("place"):
        cited = _cite(name, place.get("sources", []), sources)
        place = {"first": place.get("leads"), **place, "sources": cited}
        given["place"] = _make(Place, f"{name}: place", place)
    return _make(Statement, name, {"code": code, **given})


def _cite(name: str, cited: list[str], sources: Mapping[str, Source]) -> list[Source]:
    if unknown := set(cited) - sources.keys():
        raise InvalidArgumentError(f"{name} cites the unknown source {min(unknown)!r}.")
    return [sources[key] for key in cited]


def _make(cls: type[_T], name: str, raw: Mapping[str, Any]) -> _T:
    given = {key: tuple(value) if isinstance(value, list) else value for key, value in raw.items()}
    try:
        return cls(**given)
    except TypeError as error:
        raise InvalidArgumentError(f"{name}: {str(error).partition(' ')[2]}.") from None


def _check_links(table: Mapping[str, Statement]) -> None:
    """Check that what is named exists, and that no code stands for two statements."""
    for one in table.values():
        if one.group not in GROUPS:
            raise InvalidArgumentError(f"The statement {one.code} is in no group of {GROUPS}.")
        if one.superclass not in ("", *SUPERCLASSES):
            raise InvalidArgumentError(f"The statement {one.code} is in no super-class.")
        if one.kind_of and (one.kind_of not in table or table[one.kind_of].kind_of):
            raise InvalidArgumentError(f"The statement {one.code} is a kind of {one.kind_of!r}.")
        if one.decided_by not in DECIDERS:
            raise InvalidArgumentError(
                f"The statement {one.code} is decided by none of {DECIDERS}."
            )
        if unknown := {*one.excludes, *one.implies} - table.keys():
            raise InvalidArgumentError(f"The statement {one.code} names {min(unknown)!r}.")
    for system in ("scp", "snomed"):
        counted = Counter(code for one in table.values() for code in getattr(one, system))
        twice = [code for code, count in counted.items() if count > 1]
        if twice:
            raise InvalidArgumentError(f"The {system} code {twice[0]} stands for two statements.")
