"""A list of rows to step through: findings, with the reader's verdict on each, or places."""

from collections.abc import Sequence
from typing import Any

from ui.components import FINDINGS, Act, mount


def show_rows(
    rows: Sequence[dict[str, Any]],
    *,
    key: str,
    selected: str | None,
    on_act: Act,
    label: str = "Findings",
    folded_words: str = "",
    with_verdicts: bool = False,
) -> None:
    """Show a list of rows.

    Parameters
    ----------
    rows : sequence of dict
        Each with ``code``, ``name``, ``value``, ``words``, ``state``, ``probability``,
        ``threshold``, ``threshold_words``, ``show_bar`` and ``verdict``; a folded one with
        ``folded`` and ``group``.
    selected : str or None
        Code of the chosen row.
    on_act : callable
        Called with ``{"name": "select", "code": ...}``, ``next``, ``previous``, ``confirm`` or
        ``dismiss``.
    label : str
        What the list is called for screen readers.
    folded_words : str
        What stands over the folded rows.
    with_verdicts : bool
        Whether the reader confirms or dismisses rows.
    """
    data = {
        "rows": list(rows),
        "selected": selected,
        "label": label,
        "folded_words": folded_words,
        "judged": with_verdicts,
    }
    mount(FINDINGS, data, key=key, on_act=on_act)


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
