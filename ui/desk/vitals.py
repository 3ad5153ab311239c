"""One slim line above the paper: rate, intervals and axis, and what is out of its range."""

from ecgcore.measure import reference_range
from ecgcore.measure.rhythm import rhythm_words
from ecgcore.measure.words import range_words, unit_words, value_words
from ecgcore.recording import Patient
from ecgcore.results import Measurement
from ui import model_answers
from ui.components import Act
from ui.components.strip import Value, show_strip
from ui.state import OpenCase

_NAMES = {
    "heart_rate": "HR",
    "pr": "PR",
    "qrs": "QRS",
    "qt": "QT",
    "qtc_fridericia": "QTcF",
    "qrs_axis": "Axis",
}
_STRIP = {
    "heart_rate": "Rate",
    "pr": "PR",
    "qrs": "QRS",
    "qt": "QT",
    "qtc_fridericia": "QTcF",
    "p_axis": "P axis",
    "qrs_axis": "QRS axis",
    "t_axis": "T axis",
}
_ARROWS = {"low": "↓", "high": "↑"}


def format_vitals(case: OpenCase) -> str:
    """Return rate, intervals and axis in one line, as they are printed."""
    result = model_answers.measured_of(case)
    found = [(label, result.measurement(name)) for name, label in _NAMES.items()]
    parts = [
        _format_printed(label, given, case.recording.patient)
        for label, given in found
        if given is not None
    ]
    if result.rhythm != "unknown":
        parts.append(f"RR {rhythm_words(result.rhythm)}")
    return "   ".join(parts)


def _format_printed(label: str, given: Measurement, patient: Patient) -> str:
    known = reference_range(given.name, patient)
    arrow = ""
    if known is not None and given.value is not None:
        arrow = _ARROWS.get(known.judge(given.value), "")
    edited = "(edited)" if given.value is not None and given.edited_by else ""
    return " ".join(word for word in (label, value_words(given), arrow, edited) if word)


def show_values(case: OpenCase, *, on_act: Act) -> None:
    """Show rate, intervals and axes in the strip above the paper."""
    result = model_answers.measured_of(case)
    patient = case.recording.patient
    values = [
        _make_value(label, given, patient)
        for name, label in _STRIP.items()
        if (given := result.measurement(name)) is not None
    ]
    show_strip(values, key="desk_values", on_act=on_act)


def _make_value(label: str, given: Measurement, patient: Patient) -> Value:
    if given.value is None:
        return Value(given.name, label, "–", words=f"Not stated: {given.reason}")
    number, unit = _split_unit(value_words(given))
    words = [given.method]
    if given.uncertainty is not None:
        spread = "< 1" if given.uncertainty < 0.5 else f"{given.uncertainty:.0f}"
        words.insert(0, f"± {spread}{unit_words(given.unit)}")
    known = reference_range(given.name, patient)
    arrow = ""
    if known is not None:
        arrow = _ARROWS.get(known.judge(given.value), "")
        words.append(f"reference {range_words(known.low, known.high)}, {known.source}")
    hint = "; ".join(words)
    return Value(given.name, label, number, unit, arrow, hint, bool(given.edited_by))


def _split_unit(words: str) -> tuple[str, str]:
    """Return number and unit of "70/min", "103 ms" or "71°"."""
    number, _, unit = words.replace("/min", " /min").partition(" ")
    return number, unit
