"""What the recording machine measured, in the project's own names, to stand beside and compare."""

import re

from ecgcore.recording import Provenance

# A bare "QTc" does not say by which formula: it is shown as written, and not compared.
_NAMES = {
    "ventricular rate": "heart_rate",
    "heart rate": "heart_rate",
    "rr interval": "rr_mean",
    "pr interval": "pr",
    "pq interval": "pr",
    "qrs duration": "qrs",
    "qt interval": "qt",
    "qtc bazett": "qtc_bazett",
    "qtc fridericia": "qtc_fridericia",
    "qtc framingham": "qtc_framingham",
    "qtc hodges": "qtc_hodges",
    "p axis": "p_axis",
    "qrs axis": "qrs_axis",
    "t axis": "t_axis",
}
_NUMBER = re.compile(r"\s*([-+]?\d{1,6}(?:\.\d+)?)\b")


def machine_values(provenance: Provenance) -> dict[str, float]:
    """Return the machine's values by the names of :class:`~ecgcore.results.Measurement`.

    In bpm, ms and degrees, as every reader writes them.  What has no counterpart, or is not a
    number, is left out; intervals of 0 stand for "not measured" in several formats.
    """
    found: dict[str, float] = {}
    for written, text in provenance.machine_measurements.items():
        name = _NAMES.get(" ".join(written.lower().split()))
        number = _NUMBER.match(text)
        if name is None or number is None:
            continue
        value = float(number[1])
        if value > 0 or name.endswith("_axis"):
            found.setdefault(name, value)
    return found


def difference(name: str, machine: float, own: float) -> float:
    """Return machine less own; for axes the shorter way round, from -180 to 180 degrees."""
    if name.endswith("_axis"):
        return (machine - own + 180.0) % 360.0 - 180.0
    return machine - own
