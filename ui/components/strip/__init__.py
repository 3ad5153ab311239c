"""The measurements above the paper: one cell a value, abnormal ones by weight and arrow."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from ui.components import STRIP, Act, mount


@dataclass(frozen=True)
class Value:
    """One value as it is shown.

    Attributes
    ----------
    id : str
        Name of the measurement; comes back when it is pressed.
    label, text, unit : str
        ``text`` is "–" where the value is not stated.
    arrow : str
        ``"↑"`` or ``"↓"`` where it is out of its range.
    words : str
        What stands under the pointer: uncertainty, method, range, or why it is not stated.
    edited : bool
        Whether a mark that the reader moved is in it.
    """

    id: str
    label: str
    text: str
    unit: str = ""
    arrow: str = ""
    words: str = ""
    edited: bool = False


def show_strip(values: Sequence[Value], *, key: str, on_act: Act) -> None:
    """Show values in one strip as wide as the paper.

    Parameters
    ----------
    values : sequence of Value
    on_act : callable
        Called with ``{"name": "measurement", "id": ...}`` when one is pressed.
    """
    mount(STRIP, {"values": [asdict(value) for value in values]}, key=key, on_act=on_act)
