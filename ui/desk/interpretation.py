"""What is reported of a case: what cannot wait, the text as printed, and each statement."""

from html import escape

import streamlit as st

from ecgcore.interpret.text import evidence_words
from ecgcore.results import Call, Interpretation
from ecgcore.statements import statement
from ecgcore.units import format_clock

_DECIDED = {
    "measurement": "measured",
    "beats": "measured",
    "network": "network",
    "both": "measured = network",
}
# More stretches of one statement are counted.
_MOST_SPANS = 6
# Shorter is a moment.
_INSTANT_S = 1.5
# On the sheet; the page shows all.
_MOST_PRINTED = 3
_STYLE = """
<style>
.ecg-urgent { border: 1px solid #e3b5b5; border-left: 4px solid #b3261e; border-radius: 4px;
  background: #fdf1f0; color: #6b1d18; padding: 6px 12px; margin: 0 0 4px; font-size: 14px; }
.ecg-urgent p { margin: 2px 0; }
.ecg-urgent.narrow, .stElementContainer:has(.ecg-urgent.narrow) { display: none; }
@media (max-width: 900px) {
  .ecg-urgent.narrow, .stElementContainer:has(.ecg-urgent.narrow) { display: block; }
  .ecg-urgent.wide { display: none; }
}
.ecg-urgent b { color: #b3261e; }
html[data-ecg-room="dark"] .ecg-urgent { background: #3a1a18; color: #f2c9c5;
  border-color: #6b2a26; }
html[data-ecg-room="dark"] .ecg-urgent b { color: #ff8a80; }
</style>
"""


def show_urgent(found: Interpretation, *, kind: str = "") -> None:
    """Show what cannot wait, each with its rule and values; nothing where there is none.

    Parameters
    ----------
    found : Interpretation
    kind : str
        ``"narrow"`` or ``"wide"`` where it is for such windows alone.
    """
    if not found.urgent:
        return
    rows = "".join(
        f"<p><b>{escape(call.printed)}.</b> {escape(_rule_words(call))}</p>"
        for call in found.urgent
    )
    st.html(f'{_STYLE}<div class="ecg-urgent {kind}" role="alert" aria-label="Urgent">{rows}</div>')


def format_urgent(found: Interpretation) -> tuple[str, ...]:
    """Return the urgent statements as they are printed, one line each."""
    return tuple(f"{call.printed}. {_rule_words(call)}".strip() for call in found.urgent)


def format_interpretation(found: Interpretation) -> tuple[str, ...]:
    """Return the text and what each statement rests on, as they are printed on the sheet."""
    based = [
        f"{call.printed}: {', '.join(evidence_words(each) for each in some)}"
        for call in found.statements
        if (some := call.evidence[:_MOST_PRINTED]) and not statement(call.code).normal
    ]
    text = f"Interpretation: {found.text}"
    return (text, f"Based on: {'; '.join(based)}") if based else (text,)


def describe_decided(call: Call) -> str:
    """Return what decides a statement: measured, network, or both."""
    return _DECIDED[call.decided_by]


def describe_evidence(call: Call, *, probability: bool = True) -> str:
    """Return what a statement rests on in one line."""
    parts = [evidence_words(each) for each in call.evidence]
    if call.leads:
        parts.append(", ".join(call.leads))
    if call.spans:
        parts.append(_format_spans(call))
    if probability and call.probability is not None:
        parts.append(f"probability {call.probability:.2f}")
    if call.agreement:
        parts.append(call.agreement)
    return "; ".join(parts)


def _format_spans(call: Call) -> str:
    """Return where a statement is seen, such as "3:49, 7:30 to 7:34 and 4 more"."""
    some = [_format_span(*span) for span in call.spans[:_MOST_SPANS]]
    more = len(call.spans) - len(some)
    return ", ".join(some) + (f" and {more} more" if more else "")


def _format_span(start_s: float, stop_s: float) -> str:
    first, last = format_clock(start_s), format_clock(stop_s)
    return first if stop_s - start_s < _INSTANT_S else f"{first} to {last}"


def _rule_words(call: Call) -> str:
    parts = [call.rule]
    if call.spans:
        parts.append(f"At {_format_spans(call)}.")
    if call.agreement:
        parts.append(f"{call.agreement[0].upper()}{call.agreement[1:]}.")
    return " ".join(part for part in parts if part)
