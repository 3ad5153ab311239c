"""The figure: millimetres exact, text harmless, payload small, overlay where it belongs."""

import base64
import json
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest

from ecgcore.errors import InvalidArgumentError
from ecgcore.leads import STANDARD_12
from ecgcore.recording import Recording
from ecgcore.render.figure import Y_PER_MM, figure
from ecgcore.render.overlay import Overlay, make_heat_rows, scale_map
from ecgcore.render.paper import PaperSettings, lay_out

FS_HZ = 500.0


def decoded(array: dict[str, str]) -> np.ndarray:
    return np.frombuffer(base64.b64decode(array["bdata"]), dtype=f"<{array['dtype']}")


def recording(seconds: float = 10.0, unit: str = "mV", **fields: Any) -> Recording:
    rng = np.random.default_rng(3)
    signal = rng.normal(0, 0.3, (12, int(seconds * FS_HZ))).astype(np.float32)
    return Recording(signal, FS_HZ, STANDARD_12, unit=unit, **fields)


def traces(drawn: dict[str, Any], role: str) -> list[dict[str, Any]]:
    return [t for t in drawn["data"] if t["meta"]["role"] == role]


@pytest.mark.parametrize("gain", [5.0, 10.0, 20.0])
@pytest.mark.parametrize("layout", ["3x4", "6x2-cabrera", "12x1"])
def test_a_millivolt_and_a_second_measure_true(layout: str, gain: float) -> None:
    source = recording()
    sheet = lay_out(STANDARD_12, 10.0, PaperSettings(layout=layout, mm_per_mv=gain))
    drawn = traces(figure(source, sheet), "trace")
    assert len(drawn) == len(sheet.cells)
    for trace, cell in zip(drawn, sheet.cells, strict=True):
        y_mm = decoded(trace["y"]) / Y_PER_MM
        first = round(cell.start_s * FS_HZ)
        expected = cell.sign * source.lead(cell.lead)[first : first + y_mm.size]
        np.testing.assert_allclose((y_mm - cell.baseline_mm) / gain, expected, atol=0.0051 / gain)
        assert trace["dx"] * FS_HZ == pytest.approx(25.0)
        assert trace["x0"] == pytest.approx(cell.x_mm)


def test_the_pulse_is_one_millivolt_high_and_200_ms_wide() -> None:
    sheet = lay_out(STANDARD_12, 10.0, PaperSettings(mm_per_s=50.0, mm_per_mv=20.0))
    (pulse,) = traces(figure(recording(), sheet), "pulse")
    x, y = decoded(pulse["x"])[:7], decoded(pulse["y"])[:7]
    assert np.nanmax(y) - np.nanmin(y) == pytest.approx(20 * Y_PER_MM)
    assert x[3] - x[2] == pytest.approx(10.0)


def test_the_grid_is_5_mm_and_1_mm() -> None:
    sheet = lay_out(STANDARD_12, 10.0, PaperSettings())
    layout = figure(recording(), sheet)["layout"]
    for axis, length, per_mm in (
        (layout["xaxis"], sheet.width_mm, 1),
        (layout["yaxis"], sheet.height_mm, Y_PER_MM),
    ):
        assert axis["range"] == [0, length * per_mm]
        assert axis["dtick"] == 5 * per_mm
        assert axis["minor"]["dtick"] == per_mm
    assert layout["margin"] == {"l": 0, "r": 0, "t": 0, "b": 0, "pad": 0}


def test_lost_voltage_has_no_pulse() -> None:
    sheet = lay_out(STANDARD_12, 10.0, PaperSettings())
    assert not traces(figure(recording(unit="NU"), sheet), "pulse")


def test_absent_samples_leave_a_gap() -> None:
    source = recording()
    signal = np.array(source.signal)
    signal[1, 100:200] = np.nan
    sheet = lay_out(STANDARD_12, 10.0, PaperSettings(layout="12x1"))
    drawn = traces(figure(Recording(signal, FS_HZ, STANDARD_12), sheet), "trace")
    assert np.isnan(decoded(drawn[1]["y"])[100:200]).all()
    assert np.isfinite(decoded(drawn[0]["y"])).all()


def test_text_from_a_file_never_becomes_markup() -> None:
    sheet = lay_out(STANDARD_12, 10.0, PaperSettings())
    drawn = figure(recording(), sheet, header=('<a href="javascript:x">A & B</a>',))
    (header,) = traces(drawn, "header")
    assert header["text"] == ['&lt;a href="javascript:x"&gt;A &amp; B&lt;/a&gt;']


def test_the_sheet_of_twelve_leads_travels_in_under_400_kb() -> None:
    sheet = lay_out(STANDARD_12, 10.0, PaperSettings(layout="12x1"))
    attribution = Overlay(np.ones((12, 5000), np.float32), STANDARD_12, FS_HZ)
    size = len(json.dumps(figure(recording(), sheet, overlay=attribution)))
    assert size < 400_000


def test_plotly_accepts_every_attribute() -> None:
    sheet = lay_out(STANDARD_12, 10.0, PaperSettings())
    values = np.random.default_rng(0).random((12, 5000)).astype(np.float32)
    for style in ("heat", "trace"):
        overlay = Overlay(values, STANDARD_12, FS_HZ, style)
        go.Figure(figure(recording(), sheet, header=("a",), footer=("b",), overlay=overlay))


def test_the_heat_map_lies_under_its_lead_and_time() -> None:
    values = np.zeros((12, 5000), np.float32)
    # V5, 8.0 to 8.2 s: in 3x4 the fourth column, second row.
    values[STANDARD_12.index("V5"), 4000:4100] = 1.0
    sheet = lay_out(STANDARD_12, 10.0, PaperSettings())
    z, x_mm, y_mm = make_heat_rows(Overlay(values, STANDARD_12, FS_HZ), sheet)
    row, bins = np.nonzero(z > 0.5)
    cell = next(c for c in sheet.cells if c.lead == "V5")
    assert set(row) == {2}  # from the bottom: rhythm strip, III row, II row
    assert y_mm[2] == cell.bottom_mm
    assert y_mm[3] == cell.top_mm
    assert x_mm[bins.min()] == pytest.approx(15 + 8.0 * 25, abs=0.51)
    assert x_mm[bins.max() + 1] == pytest.approx(15 + 8.2 * 25, abs=0.51)


def test_scaling_is_not_ruled_by_one_sample() -> None:
    values = np.full((1, 1000), 0.5, np.float32)
    values[0, 7] = 100.0
    assert scale_map(values)[0, 0] > 0.9
    assert scale_map(np.zeros((1, 5), np.float32)).max() == 0


def test_coloured_pieces_lie_on_the_trace() -> None:
    source = recording()
    values = np.zeros((12, 5000), np.float32)
    values[1, 1000:1500] = 1.0
    sheet = lay_out(STANDARD_12, 10.0, PaperSettings(layout="12x1"))
    drawn = figure(source, sheet, overlay=Overlay(values, STANDARD_12, FS_HZ, "trace"))
    (piece,) = traces(drawn, "level")
    x, y = decoded(piece["x"]), decoded(piece["y"])
    inside = np.isfinite(x)
    cell = sheet.cells[1]
    samples = np.round((x[inside] - cell.x_mm) / 25 * FS_HZ).astype(int)
    assert samples.min() == 1000
    assert samples.max() == 1500
    expected = (cell.baseline_mm + source.lead("II")[samples] * 10) * Y_PER_MM
    np.testing.assert_allclose(y[inside], expected, atol=0.5)


def test_an_overlay_that_does_not_fit_is_refused() -> None:
    with pytest.raises(InvalidArgumentError, match="12 rows"):
        Overlay(np.zeros((3, 10), np.float32), STANDARD_12, FS_HZ)
    with pytest.raises(InvalidArgumentError, match="style"):
        Overlay(np.zeros((12, 10), np.float32), STANDARD_12, FS_HZ, "rainbow")
