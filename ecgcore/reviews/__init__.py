"""What is kept of a reader's work: recordings, cases and the events on them.

Events are the only thing written of a case, and none is ever changed; what a page shows is
:func:`fold` of them.  :class:`Store` keeps them in SQLite, or in PostgreSQL.
"""

from ecgcore.reviews.errors import ConflictError, NoSuchCaseError, StoreBusyError, StoreError
from ecgcore.reviews.events import KINDS, Event
from ecgcore.reviews.state import CaseState, PatientEntry, fold
from ecgcore.reviews.store import Case, Session, Store

__all__ = [
    "KINDS",
    "Case",
    "CaseState",
    "ConflictError",
    "Event",
    "NoSuchCaseError",
    "PatientEntry",
    "Session",
    "Store",
    "StoreBusyError",
    "StoreError",
    "fold",
]
