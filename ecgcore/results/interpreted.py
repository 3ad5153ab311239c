"""An ECG as it is reported: urgent warnings, statements with their evidence, and the text."""

from dataclasses import asdict, dataclass
from typing import Any

from ecgcore.statements import group_of, statement
from ecgcore.statements.statement import MEASUREMENT

Span = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """One value that a statement rests on, beside the limit that it is compared with.

    Attributes
    ----------
    name : str
        What was measured, with the lead: ``"J in V2"``, ``"QRS"``.
    value : float, str or None
        In ``unit``; None where it could not be measured.
    unit : str
    limit : str
        As it is printed, such as ``">= 0.20"``; empty where there is none.
    """

    name: str
    value: float | str | None
    unit: str = ""
    limit: str = ""


@dataclass(frozen=True, kw_only=True)
class Call:
    """One statement that a rule makes.

    Attributes
    ----------
    code : str
        Of the clinical table.
    evidence : tuple of Evidence
    leads : tuple of str
        In which it is seen; empty where that is all of them.
    spans : tuple of (start_s, stop_s)
        Where in the recording; empty where that is all of it.
    words : str
        As it is printed; empty: the table's term.
    rule : str
        Of an urgent statement: the rule with its values, in one sentence.
    urgent : bool
        Whether the reader should see it first.
    decided_by : str
        ``"measurement"``, ``"beats"``, ``"network"`` or ``"both"``.
    probability : float or None
        The network's, where it is calibrated.
    agreement : str
        What the network says where measurement decides, or empty.
    """

    code: str
    evidence: tuple[Evidence, ...] = ()
    leads: tuple[str, ...] = ()
    spans: tuple[Span, ...] = ()
    words: str = ""
    rule: str = ""
    urgent: bool = False
    decided_by: str = MEASUREMENT
    probability: float | None = None
    agreement: str = ""

    @property
    def printed(self) -> str:
        """As it is printed: its own words, else the table's term."""
        return self.words or statement(self.code).term


@dataclass(frozen=True, kw_only=True)
class Unable:
    """A statement that cannot be assessed on this recording, and why."""

    code: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Against:
    """A statement that measurement excludes, whatever a network says of it."""

    code: str
    reason: str


# What a rule can say of a statement.
Ruling = Call | Unable | Against


@dataclass(frozen=True, kw_only=True)
class Episode:
    """One rhythm over a stretch of a recording.

    Attributes
    ----------
    code : str
        Of the clinical table; ``""`` where the rhythm cannot be told.
    start_s, stop_s : float
    rate_bpm : float or None
        Ventricular rate.
    words : str
        As it is printed, such as "Atrial flutter with 2:1 conduction"; empty: the table's term.
    evidence : tuple of Evidence
    beats : tuple of int
        Indices of the beats it consists of, as in the measurements.
    """

    code: str
    start_s: float
    stop_s: float
    rate_bpm: float | None = None
    words: str = ""
    evidence: tuple[Evidence, ...] = ()
    beats: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Interpretation:
    """What is reported of one study.

    Attributes
    ----------
    urgent : tuple of Call
        What cannot wait, the worst first.
    statements : tuple of Call
        In the order of a report, the urgent ones among them.
    not_assessed : tuple of Unable
    normal : bool or None
        Whether the ECG is normal; None where that cannot be said.
    normal_reasons : tuple of str
        Why it is not normal, or why that cannot be said.
    rhythms : tuple of Episode
        One after the other, without overlap.
    text, short : str
        As it is printed: whole, and in one line.
    """

    urgent: tuple[Call, ...] = ()
    statements: tuple[Call, ...] = ()
    not_assessed: tuple[Unable, ...] = ()
    normal: bool | None = None
    normal_reasons: tuple[str, ...] = ()
    rhythms: tuple[Episode, ...] = ()
    text: str = ""
    short: str = ""

    def call(self, code: str) -> Call | None:
        """Return what is stated under a code, or None."""
        return next((call for call in self.statements if call.code == code), None)

    def as_json(self) -> dict[str, Any]:
        """Return it as the command ``interpret`` prints it."""
        return {
            "urgent": [
                {
                    "code": call.code,
                    "term": call.printed,
                    "rule": call.rule,
                    "leads": list(call.leads),
                    "spans": [list(span) for span in call.spans],
                }
                for call in self.urgent
            ],
            "statements": [_statement_json(call) for call in self.statements],
            "not_assessed": [{"code": u.code, "reason": u.reason} for u in self.not_assessed],
            "normal": self.normal,
            "text": self.text,
            "short": self.short,
        }


def _statement_json(call: Call) -> dict[str, Any]:
    return {
        "code": call.code,
        "term": call.printed,
        "group": group_of(call.code),
        "decided_by": call.decided_by,
        "probability": call.probability,
        "evidence": [asdict(one) for one in call.evidence],
        "leads": list(call.leads),
        "spans": [list(span) for span in call.spans],
    }
