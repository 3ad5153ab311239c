"""The machine's own values stand beside, by the same names, and are never mixed in."""

import pytest

from ecgcore.measure.machine import difference, machine_values
from ecgcore.recording import Provenance


def test_names_as_formats_write_them() -> None:
    given = {
        "Ventricular rate": "48 bpm",
        "PR Interval": "161 ms",
        "QRS duration": "96.5 ms",
        "P axis": "-61 deg",
        "QTc": "403 ms",
        "QTc Fridericia": "419 ms",
        "QT interval": "0 ms",
        "T axis": "unknown",
    }
    assert machine_values(Provenance(machine_measurements=given)) == {
        "heart_rate": 48.0,
        "pr": 161.0,
        "qrs": 96.5,
        "p_axis": -61.0,
        "qtc_fridericia": 419.0,
    }


def test_axes_differ_by_the_shorter_way() -> None:
    assert difference("qrs_axis", -170.0, 170.0) == pytest.approx(20.0)
    assert difference("qrs_axis", 170.0, -170.0) == pytest.approx(-20.0)
    assert difference("pr", 150.0, 160.0) == -10.0
