"""What an aECG tells beside the samples: device, filters, the machine's own findings."""

import re
from collections.abc import Iterable

from ecgcore.readers.base import clean_text
from ecgcore.readers.building import describe_device
from ecgcore.readers.text_values import describe_filter, parse_number
from ecgcore.readers.xml.parse import Node

_MAX_TEXTS = 100

_NAMES = {
    "MDC_ECG_HEART_RATE": "Ventricular rate",
    "MDC_ECG_HEART_RATE_VENTRICULAR": "Ventricular rate",
    "MDC_ECG_HEART_RATE_ATRIAL": "Atrial rate",
    "MDC_ECG_TIME_PD_P": "P duration",
    "MDC_ECG_TIME_PD_PR": "PR interval",
    "MDC_ECG_TIME_PD_PQ": "PQ interval",
    "MDC_ECG_TIME_PD_PP": "PP interval",
    "MDC_ECG_TIME_PD_RR": "RR interval",
    "MDC_ECG_TIME_PD_QRS": "QRS duration",
    "MDC_ECG_TIME_PD_QT": "QT interval",
    "MDC_ECG_TIME_PD_QTC": "QTc",
    "MDC_ECG_TIME_PD_QTCB": "QTc Bazett",
    "MDC_ECG_TIME_PD_QTC_BAZETT": "QTc Bazett",
    "MDC_ECG_TIME_PD_QTCF": "QTc Fridericia",
    "MDC_ECG_TIME_PD_QTC_FRIDERICIA": "QTc Fridericia",
    "MDC_ECG_ANGLE_P_FRONT": "P axis",
    "MDC_ECG_ANGLE_QRS_FRONT": "QRS axis",
    "MDC_ECG_ANGLE_T_FRONT": "T axis",
}
_STATEMENT = re.compile(r"INTERPRETATION|DIAGNOSIS|STATEMENT|COMMENT|_RHY\b|_RHY$|CONCLUSION")
_BPM = {"bpm", "bmp", "{beats}/min", "{h.b.}/min", "/min", "1/min", "{beat}/min"}


def read_annotations(series: Node, root: Node) -> tuple[tuple[str, ...], dict[str, str]]:
    """Return the machine's statements and measurements.

    Values of the whole recording and of the representative beat come before those of single
    beats, of which the range is told.

    Parameters
    ----------
    series, root : Node
        The series read, and the document.
    """
    statements: list[str] = []
    whole: dict[str, list[str]] = {}
    by_beat: dict[str, list[str]] = {}
    for node in series.each("annotationset"):
        for annotation in _list_direct(node):
            _collect(annotation, False, statements, whole, by_beat)
    if not statements:
        for node in root.each("annotationset"):
            for annotation in _list_direct(node):
                _collect(annotation, False, statements, {}, {})
    merged = {name: values[0] for name, values in whole.items()}
    for name, values in by_beat.items():
        merged.setdefault(name, _describe_range(values))
    return tuple(dict.fromkeys(statements))[:_MAX_TEXTS], merged


def _list_direct(node: Node) -> Iterable[Node]:
    return (a for component in node.all("component") for a in component.all("annotation"))


def _collect(
    node: Node,
    in_beat: bool,
    statements: list[str],
    whole: dict[str, list[str]],
    by_beat: dict[str, list[str]],
) -> None:
    code = node.get("code", "code").upper()
    value = node.at("value")
    in_beat = in_beat or code == "MDC_ECG_BEAT"
    if _STATEMENT.search(code):
        text = value.text.strip() or value.get("displayname") or node.value("text")
        if text and len(statements) < _MAX_TEXTS:
            statements.append(clean_text(text, 200))
    elif value.get("value") and code in _NAMES:
        target = by_beat if in_beat else whole
        unit = clean_text(value.get("unit"), 16)
        unit = "bpm" if unit.lower() in _BPM else unit
        target.setdefault(_NAMES[code], []).append(f"{clean_text(value.get('value'), 16)} {unit}")
    for inner in _list_direct(node):
        _collect(inner, in_beat, statements, whole, by_beat)


def _describe_range(texts: list[str]) -> str:
    """Return one value, or the range over the beats."""
    if len(set(texts)) == 1:
        return texts[0].strip()
    values = [parse_number(text.split(" ")[0]) for text in texts]
    known = [value for value in values if value is not None]
    if not known:
        return texts[0].strip()
    unit = texts[0].partition(" ")[2]
    return f"{min(known):g} to {max(known):g} {unit} ({len(known)} beats)".replace("  ", " ")


def read_device(series: Node) -> str:
    """Return maker, model and software of the device that recorded a series."""
    author = series.at("author")
    machine = author.within("manufacturedseriesdevice")
    return describe_device(
        author.within("manufacturerorganization").value("name"),
        machine.value("manufacturermodelname"),
        software=machine.value("softwarename"),
    )


def read_filters(series: Node) -> str:
    """Return the filters of a series in words."""
    low = high = notch = None
    named: list[str] = []
    for node in series.each("controlvariable"):
        code = node.get("code", "code").upper()
        values = {
            inner.get("code", "code").upper(): inner.at("value")
            for component in node.all("component")
            for inner in component.all("controlvariable")
        }
        cutoff = _read_hz(values.get("MDC_ECG_CTL_VBL_ATTR_FILTER_CUTOFF_FREQ"))
        if code.endswith("FILTER_LOW_PASS"):
            high = cutoff if cutoff is not None else high
        elif code.endswith("FILTER_HIGH_PASS"):
            low = cutoff if cutoff is not None else low
        elif code.endswith("FILTER_NOTCH"):
            notch = _read_hz(values.get("MDC_ECG_CTL_VBL_ATTR_FILTER_NOTCH_FREQ")) or cutoff
            named += ["notch"] if notch is None else []
    text = describe_filter(low, high, notch)
    return ", ".join([text, *named]) if text and named else text or ", ".join(named)


def _read_hz(value: Node | None) -> float | None:
    return parse_number(value.get("value")) if value is not None else None
