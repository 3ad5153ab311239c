"""A list of places to step through."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ui.components import PLACES, Act, mount


@dataclass(frozen=True)
class PlaceRow:
    """One place: its code, where it is, how rare, and what is seen there."""

    code: str
    name: str
    value: str
    words: str


def show_places(
    rows: Sequence[PlaceRow], *, key: str, selected: str | None, label: str, on_act: Act
) -> None:
    """Show a list of places.

    Parameters
    ----------
    rows : sequence of PlaceRow
    selected : str or None
        Code of the chosen one.
    label : str
        What the list is called for screen readers.
    on_act : callable
        Called with ``{"name": "select", "code": ...}``.
    """
    data = {"rows": [asdict(row) for row in rows], "selected": selected, "label": label}
    mount(PLACES, data, key=key, on_act=on_act)


def move_choice(act: dict[str, Any], codes: Sequence[str], chosen: str | None) -> str | None:
    """Return which of the codes is chosen after what the reader did in a list.

    Choosing the chosen one again lets it go; stepping past an end begins at the other.
    """
    if act["name"] == "select" and act.get("code") in codes:
        return None if chosen == act["code"] else str(act["code"])
    if act["name"] in ("next", "previous") and codes:
        step = 1 if act["name"] == "next" else -1
        at = codes.index(chosen) + step if chosen in codes else min(step, 0)
        return codes[at % len(codes)]
    return chosen
