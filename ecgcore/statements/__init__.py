"""The clinical table of statements, the one place for every fact about them."""

from ecgcore.statements.statement import ADULT_YEARS, LeadNeed, Place, Source, Statement
from ecgcore.statements.table import (
    CORE_CODES,
    FURTHER_CODES,
    GROUPS,
    NETWORK_CODES,
    SUPERCLASS_TERMS,
    SUPERCLASSES,
    codes_of,
    group_of,
    place_of,
    statement,
    statements,
    table_digest,
    with_kinds,
)

__all__ = [
    "ADULT_YEARS",
    "CORE_CODES",
    "FURTHER_CODES",
    "GROUPS",
    "NETWORK_CODES",
    "SUPERCLASSES",
    "SUPERCLASS_TERMS",
    "LeadNeed",
    "Place",
    "Source",
    "Statement",
    "codes_of",
    "group_of",
    "place_of",
    "statement",
    "statements",
    "table_digest",
    "with_kinds",
]
