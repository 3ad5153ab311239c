"""The cases of a session in their order: from one to the next without going back to the list."""

from dataclasses import dataclass

from ecgcore.simulate.cases import DEMONSTRATION_CASES
from ui.state import OpenCase, put_case
from ui.worklist.opening import open_demonstration
from ui.worklist.uploads import current_uploads


@dataclass(frozen=True, eq=False)
class Demonstrations:
    """The demonstration cases; see :class:`ui.state.Queue`."""

    number: int

    @property
    def titles(self) -> list[str]:
        """What they are called on the desk: never their diagnosis."""
        return [f"Case {number}" for number in range(1, len(DEMONSTRATION_CASES) + 1)]

    def open(self, number: int) -> None:
        """Put one on the desk."""
        open_demonstration(number, DEMONSTRATION_CASES[number - 1])


@dataclass(frozen=True, eq=False)
class Uploaded:
    """The uploaded recordings that were read; see :class:`ui.state.Queue`."""

    number: int
    cases: tuple[OpenCase, ...]
    titles: list[str]

    def open(self, number: int) -> None:
        """Put one on the desk."""
        case = self.cases[number - 1]
        case.title = self.titles[number - 1]
        put_case(case)


def find_queue(case: OpenCase) -> Demonstrations | Uploaded | None:
    """Return the cases that a case came with; None where it stands alone."""
    if case.demo is not None:
        return Demonstrations(DEMONSTRATION_CASES.index(case.demo) + 1)
    found = current_uploads()
    labels = found.labels()
    opened = [(e.case, labels[e.key]) for e in found.entries if e.case is not None]
    numbers = [at for at, (other, _) in enumerate(opened, start=1) if other is case]
    if not numbers or len(opened) < 2:
        return None
    return Uploaded(numbers[0], tuple(c for c, _ in opened), [label for _, label in opened])
