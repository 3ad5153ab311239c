"""What can go wrong with the store, each in one sentence that says what to do next."""

from collections.abc import Sequence

from ecgcore.errors import EcgError
from ecgcore.reviews.events import Event


class StoreError(EcgError):
    """The store cannot do what was asked."""


class StoreBusyError(StoreError):
    """Another program holds the database; the same can be tried again."""


class NoSuchCaseError(StoreError):
    """There is no such case, or it is another reader's: both are told alike."""

    def __init__(self) -> None:
        super().__init__("No such case; open it again from its file.")


class ConflictError(StoreError):
    """Somebody else wrote to the case since the caller looked.

    Parameters
    ----------
    refused : Event
        What was not written; its ``seq`` is 0.
    stored : sequence of Event
        What was written meanwhile, in order.
    """

    def __init__(self, refused: Event, stored: Sequence[Event]) -> None:
        super().__init__(
            "The case was changed elsewhere since it was opened here; look at the change, then "
            "enter yours again."
        )
        self.refused = refused
        self.stored = tuple(stored)
