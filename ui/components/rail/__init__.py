"""The rail beside the paper: the text as printed, each statement with its evidence, what is not."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from ui.components import RAIL, Act, mount


@dataclass(frozen=True)
class Row:
    """One statement of the rail.

    Attributes
    ----------
    code, name : str
    how : str
        What decides it: ``"measured"``, ``"network"``, ``"measured = network"``, ``"reader"``.
    value : str
        The network's probability, or words.
    evidence : str
        What it rests on, in one line.
    urgent : bool
    verdict : str
        The reader's: ``"confirmed"``, ``"dismissed"`` or empty.
    """

    code: str
    name: str
    how: str = ""
    value: str = ""
    evidence: str = ""
    urgent: bool = False
    verdict: str = ""


@dataclass(frozen=True)
class Aside:
    """A statement that is not flagged, or not assessed, and what is said of it."""

    code: str
    name: str
    words: str


def show_rail(
    *,
    key: str,
    text: str,
    rows: Sequence[Row],
    selected: str | None,
    not_flagged: Sequence[Aside],
    not_assessed: Sequence[Aside],
    remarks: Sequence[str],
    terms: Mapping[str, str],
    comment: str,
    on_act: Act,
) -> None:
    """Show what is reported, and take the reader's word on it.

    Parameters
    ----------
    text : str
        The interpretation as it is printed; copied by one key.
    rows : sequence of Row
        In the order of a report.
    selected : str or None
        Code of the chosen statement.
    not_flagged, not_assessed : sequence of Aside
        Folded into one line that opens.
    remarks : sequence of str
        What else the reader should know: why "Normal ECG" is not stated, second opinions.
    terms : mapping of str to str
        Code to term of every statement that the reader can add.
    comment : str
        The reader's.
    on_act : callable
        Called with ``{"name": "select", "code": ...}``, ``{"name": "verdict", "code": ...,
        "verdict": ...}``, ``{"name": "add", "code": ...}``, ``{"name": "remove", "code": ...}``
        or ``{"name": "comment", "text": ...}``.
    """
    data = {
        "text": text,
        "rows": [asdict(row) for row in rows],
        "selected": selected,
        "not_flagged": [asdict(aside) for aside in not_flagged],
        "not_assessed": [asdict(aside) for aside in not_assessed],
        "remarks": list(remarks),
        "terms": list(terms.items()),
        "comment": comment,
    }
    mount(RAIL, data, key=key, on_act=on_act)
