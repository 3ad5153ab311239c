"""Measurements as they are printed: their names, and values with units."""

from ecgcore.measure.certainty import ABOUT_MV, is_about
from ecgcore.results import Measurement

LABELS = {
    "heart_rate": "Heart rate",
    "rr_mean": "RR mean",
    "rr_sd": "RR standard deviation",
    "p_duration": "P duration",
    "pr": "PR",
    "qrs": "QRS",
    "qt": "QT",
    "qtc_fridericia": "QTc Fridericia",
    "qtc_bazett": "QTc Bazett",
    "qtc_framingham": "QTc Framingham",
    "qtc_hodges": "QTc Hodges",
    "jt": "JT",
    "jtc_fridericia": "JTc Fridericia",
    "p_axis": "P axis",
    "qrs_axis": "QRS axis",
    "t_axis": "T axis",
}
_UNITS = {"bpm": "/min", "deg": "°"}


def unit_words(unit: str) -> str:
    """Return a unit as it follows a number."""
    return _UNITS.get(unit, f" {unit}")


def value_words(given: Measurement) -> str:
    """Return a value with its unit, as in "160 ms" or "about 52°"; a dash where there is none."""
    if given.value is None:
        return "–"
    about = "about " if is_about(given) else ""
    return f"{about}{given.value:.0f}{unit_words(given.unit)}"


def amplitude_words(value_mv: float | None, error_mv: float) -> str:
    """Return an amplitude in mV, "about" where its error is over 0.05 mV."""
    if value_mv is None:
        return "–"
    return f"about {value_mv:.2f}" if error_mv > ABOUT_MV else f"{value_mv:.2f}"


def range_words(low: float | None, high: float | None) -> str:
    """Return the limits of a reference range, as in "120 to 200"."""
    if low is None:
        return f"up to {high:g}"
    return f"from {low:g}" if high is None else f"{low:g} to {high:g}"
