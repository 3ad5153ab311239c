"""Paper geometry: a ruler laid on the sheet reads the truth."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecgcore.errors import InvalidArgumentError
from ecgcore.leads import CABRERA_12, STANDARD_12
from ecgcore.render.paper import (
    GAINS_MM_PER_MV,
    SPEEDS_MM_PER_S,
    PaperSettings,
    choose_window_seconds,
    lay_out,
    list_layouts,
)

TWELVE = [name for name in list_layouts(STANDARD_12) if name not in ("stacked", "wrapped")]
speeds = st.sampled_from(SPEEDS_MM_PER_S)
gains = st.sampled_from(GAINS_MM_PER_MV)


def columns(layout: str) -> int:
    return {"3": 4, "6": 2, "1": 1}[layout[0]] if not layout.startswith("12") else 1


@pytest.mark.parametrize("layout", TWELVE)
def test_every_lead_stands_once_on_the_sheet(layout: str) -> None:
    sheet = lay_out(STANDARD_12, 10.0, PaperSettings(layout=layout))
    body = [c for c in sheet.cells if not (layout.startswith("3x4") and c.row == 3)]
    assert sorted(c.lead for c in body) == sorted(STANDARD_12)


@pytest.mark.parametrize("layout", TWELVE)
def test_columns_are_continuous_in_time_and_aligned_with_the_rhythm_strip(layout: str) -> None:
    sheet = lay_out(STANDARD_12, 10.0, PaperSettings(layout=layout))
    for cell in sheet.cells:
        # One straight line from time to paper for the whole sheet.
        assert cell.x_mm == pytest.approx(15.0 + 25.0 * cell.start_s)
        assert cell.end_s - cell.start_s == pytest.approx(
            10.0 / columns(layout) if not (layout.startswith("3x4") and cell.row == 3) else 10.0
        )


def test_3x4_reads_down_the_columns() -> None:
    sheet = lay_out(STANDARD_12, 10.0, PaperSettings(rhythm_lead="V1"))
    at = {(c.row, c.column): c.label for c in sheet.cells}
    assert [at[0, i] for i in range(4)] == ["I", "aVR", "V1", "V4"]
    assert [at[2, i] for i in range(4)] == ["III", "aVF", "V3", "V6"]
    assert at[3, 0] == "V1"


def test_cabrera_order_draws_avr_upside_down() -> None:
    sheet = lay_out(STANDARD_12, 10.0, PaperSettings(layout="12x1-cabrera"))
    assert [c.label.replace("−", "-") for c in sheet.cells] == list(CABRERA_12)
    assert {c.lead: c.sign for c in sheet.cells}["aVR"] == -1
    assert all(c.sign == 1 for c in sheet.cells if c.lead != "aVR")


@given(speed=speeds, gain=gains, duration=st.floats(0.5, 90), layout=st.sampled_from(TWELVE))
@settings(deadline=None, max_examples=60)
def test_a_second_is_the_chosen_number_of_millimetres(
    speed: float, gain: float, duration: float, layout: str
) -> None:
    chosen = PaperSettings(layout=layout, mm_per_s=speed, mm_per_mv=gain)
    sheet = lay_out(STANDARD_12, duration, chosen)
    for cell in sheet.cells:
        width = sheet.x_mm(cell, cell.end_s) - sheet.x_mm(cell, cell.start_s)
        assert width == pytest.approx((cell.end_s - cell.start_s) * speed)
        assert sheet.x_mm(cell, cell.end_s) <= sheet.width_mm
    assert sheet.width_mm == int(sheet.width_mm)
    assert sheet.height_mm == int(sheet.height_mm)


def test_rows_do_not_overlap_and_base_lines_lie_on_heavy_lines() -> None:
    for layout in TWELVE:
        sheet = lay_out(STANDARD_12, 10.0, PaperSettings(layout=layout))
        rows = {c.row: c for c in sheet.cells}
        for above, below in zip(list(rows.values()), list(rows.values())[1:], strict=False):
            assert above.bottom_mm == pytest.approx(below.top_mm)
        assert all(c.baseline_mm % 5 == 0 and c.x_mm % 0.5 == 0 for c in rows.values())


def test_one_lead_is_wrapped_over_rows_without_a_gap() -> None:
    sheet = lay_out(("I",), 30.0, PaperSettings(layout="wrapped"))
    assert [(c.start_s, c.end_s) for c in sheet.cells] == [(0, 10), (10, 20), (20, 30)]
    assert {c.lead for c in sheet.cells} == {"I"}


def test_a_last_row_may_be_shorter() -> None:
    sheet = lay_out(("I",), 23.5, PaperSettings(layout="wrapped"))
    assert sheet.cells[-1].end_s == pytest.approx(23.5)


def test_a_long_recording_shows_a_window() -> None:
    chosen = PaperSettings(layout="stacked")
    assert choose_window_seconds(chosen, 1800.0) == 10.0
    sheet = lay_out(("MLII", "V1"), 1800.0, chosen, start_s=125.0)
    assert {(c.start_s, c.end_s) for c in sheet.cells} == {(125.0, 135.0)}
    assert sheet.cells[0].x_mm == 15.0


def test_settings_refuse_what_no_paper_has() -> None:
    with pytest.raises(InvalidArgumentError, match="mm_per_s is 30"):
        PaperSettings(mm_per_s=30.0)
    with pytest.raises(InvalidArgumentError, match="layout"):
        PaperSettings(layout="4x3")
    with pytest.raises(InvalidArgumentError, match="layout"):
        lay_out(("I",), 10.0, PaperSettings(layout="3x4"))
    with pytest.raises(InvalidArgumentError, match="start_s"):
        lay_out(("I",), 10.0, PaperSettings(layout="wrapped"), start_s=np.nan)
