"""The clinical table: what each statement is called, coded as, and read in.

One block a statement in ``statements.toml``; read once, when first asked for.
"""

import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ecgcore.errors import InvalidArgumentError

TABLE = Path(__file__).with_name("statements.toml")
# Where a reader looks for a statement in a long list.
GROUPS = (
    "Normal",
    "Rhythm",
    "Extra beats",
    "Conduction",
    "ST segment and infarction",
    "Hypertrophy",
)
# Outputs of a diagnostic network, in this order: the nine first, then those with enough labelled
# records to judge a network by.  Axis deviation is measured instead.
CORE_CODES = ("SNR", "AF", "IAVB", "LBBB", "RBBB", "PAC", "PVC", "STD", "STE")
FURTHER_CODES = (
    "SBRAD", "STACH", "SARRH", "AFLT", "LVH", "LAFB", "IRBBB", "AMI", "IMI", "PACE", "418818005",
)  # fmt: skip
NETWORK_CODES = (*CORE_CODES, *FURTHER_CODES)
# PTB-XL's five diagnostic super-classes, an output beside the statements.
SUPERCLASSES = ("NORM", "MI", "STTC", "CD", "HYP")


@dataclass(frozen=True, kw_only=True)
class Statement:
    """One diagnostic statement.

    Attributes
    ----------
    code : str
        The project's code, as printed by the command line: PTB-XL's, or the SNOMED CT code where
        PTB-XL has none.
    term, short : str
        Words a cardiologist would use.
    group : str
        Of :data:`GROUPS`.
    meaning : str
        What a probability of this statement is about, in one sentence.
    scp : tuple of str
        PTB-XL statement codes that mean this statement.
    snomed : tuple of str
        SNOMED CT codes that mean this statement (PhysioNet Challenge 2020/21 lists).
    needs_voltage : bool
        Whether the criterion is an amplitude in millivolts.
    """

    code: str
    term: str
    short: str
    group: str
    meaning: str
    scp: tuple[str, ...] = ()
    snomed: tuple[str, ...] = ()
    needs_voltage: bool = False


@cache
def statements() -> Mapping[str, Statement]:
    """Return all statements by code, in the order of the table."""
    return read_table(TABLE.read_text(encoding="utf-8"))


def read_table(text: str) -> Mapping[str, Statement]:
    """Return the statements of a table in TOML.

    Raises
    ------
    InvalidArgumentError
        If it is no TOML, or an entry lacks a field, has an unknown one, or one of another type.
    """
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidArgumentError(f"The table of statements cannot be read: {error}.") from None
    return MappingProxyType({code: _read_entry(code, row) for code, row in raw.items()})


def _read_entry(code: str, raw: Mapping[str, Any]) -> Statement:
    known = {field.name for field in fields(Statement)} - {"code"}
    if unknown := raw.keys() - known:
        raise InvalidArgumentError(f"The statement {code} has the unknown {min(unknown)!r}.")
    given: dict[str, Any] = {
        name: tuple(v) if isinstance(v, list) else v for name, v in raw.items()
    }
    try:
        return Statement(code=code, **given)
    except TypeError as error:
        raise InvalidArgumentError(f"The statement {code} is not complete: {error}.") from None


def statement(code: str) -> Statement:
    """Return the statement with this project code.

    Raises
    ------
    KeyError
        If there is none.
    """
    return statements()[code]


def group_of(code: str) -> str:
    """Return the group in which a reader looks for a statement; empty for an unknown one."""
    found = statements().get(code)
    return "" if found is None else found.group


def table_digest() -> str:
    """Return the SHA-256 of the whole table."""
    table = [asdict(one) for one in statements().values()]
    return hashlib.sha256(json.dumps(table, sort_keys=True).encode()).hexdigest()
