"""The clinical table of statements, the one place for every fact about them."""

from ecgcore.statements.table import (
    CORE_CODES,
    FURTHER_CODES,
    GROUPS,
    NETWORK_CODES,
    SUPERCLASSES,
    Statement,
    group_of,
    statement,
    statements,
    table_digest,
)

__all__ = [
    "CORE_CODES",
    "FURTHER_CODES",
    "GROUPS",
    "NETWORK_CODES",
    "SUPERCLASSES",
    "Statement",
    "group_of",
    "statement",
    "statements",
    "table_digest",
]
