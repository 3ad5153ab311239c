"""The PDF: a page of true millimetres."""

import re

import numpy as np
import pytest
from matplotlib.collections import LineCollection, QuadMesh

from ecgcore.leads import STANDARD_12
from ecgcore.recording import Recording
from ecgcore.render.figure import figure
from ecgcore.render.overlay import Overlay
from ecgcore.render.palette import LIGHT
from ecgcore.render.paper import PaperSettings, lay_out
from ecgcore.render.pdf import page_figures, pdf

POINTS_PER_MM = 72 / 25.4


def source(seconds: float = 10.0) -> Recording:
    rng = np.random.default_rng(1)
    return Recording(rng.normal(0, 0.2, (12, int(seconds * 250))), 250.0, STANDARD_12)


def page_mm(content: bytes) -> tuple[float, float]:
    box = re.search(rb"/MediaBox \[ ?0 0 ([\d.]+) ([\d.]+) ?\]", content)
    assert box is not None
    return float(box[1]) / POINTS_PER_MM, float(box[2]) / POINTS_PER_MM


@pytest.mark.parametrize("layout", ["3x4", "12x1-cabrera"])
def test_a_sheet_that_fits_is_a4_landscape(layout: str) -> None:
    sheet = lay_out(STANDARD_12, 10.0, PaperSettings(layout=layout))
    width, height = page_mm(pdf(source(), sheet, lines=("one",)))
    assert width == pytest.approx(297, abs=0.1)
    assert height >= 209.9


def test_a_wider_sheet_gets_a_wider_page_and_is_never_scaled() -> None:
    sheet = lay_out(STANDARD_12, 10.0, PaperSettings(layout="12x1", mm_per_s=50.0))
    assert page_mm(pdf(source(), sheet))[0] == pytest.approx(sheet.width_mm + 16, abs=0.1)


def test_the_same_sheet_gives_the_same_bytes_and_odd_text_is_just_text() -> None:
    sheet = lay_out(STANDARD_12, 10.0, PaperSettings())
    overlay = Overlay(np.ones((12, 2500), np.float32), STANDARD_12, 250.0)
    header = ("$\\frac{1}{$ <b>", "100 % & more")
    first = pdf(source(), sheet, header=header, footer=("$",), overlay=overlay)
    assert first == pdf(source(), sheet, header=header, footer=("$",), overlay=overlay)
    assert first.startswith(b"%PDF")


def test_what_is_urgent_stands_in_red_on_every_page() -> None:
    sheet = lay_out(STANDARD_12, 10.0, PaperSettings(layout="12x1"))
    said = ("No organised QRS complexes (0:01 to 0:09).", "No QRS complex for 3.0 s.")
    first, second = page_figures(source(), sheet, header=("who", "how"), lines=("x",), urgent=said)
    above = [t for t in first.axes[0].texts if t.get_color() == LIGHT.alarm and t.get_text()]
    assert [t.get_text() for t in above] == [f"{said[0]} (and 1 more: page 2)"]
    assert above[0].get_position()[1] > max(cell.top_mm for cell in sheet.cells)
    assert [t.get_text() for t in second.texts if t.get_color() == LIGHT.alarm] == list(said)
    (alone,) = page_figures(source(), sheet, header=("who",))
    assert not [t for t in alone.axes[0].texts if t.get_color() == LIGHT.alarm and t.get_text()]


def test_a_coloured_trace_has_the_levels_of_the_screen() -> None:
    values = np.zeros((12, 2500), np.float32)
    values[1, 500:1000] = 1.0
    overlay = Overlay(values, STANDARD_12, 250.0, "trace", 0.5)
    sheet = lay_out(STANDARD_12, 10.0, PaperSettings(layout="12x1"))
    (page,) = page_figures(source(), sheet, overlay=overlay)
    width = 1.8
    drawn = [
        one
        for one in page.axes[0].collections
        if isinstance(one, LineCollection) and one.get_linewidths()[0] == pytest.approx(width)
    ]
    on_screen = [
        d for d in figure(source(), sheet, overlay=overlay)["data"] if "level" in d["meta"]
    ]
    assert len(drawn) == len(on_screen) > 0
    xs = np.concatenate([segment[:, 0] for one in drawn for segment in one.get_segments()])
    cell = sheet.cells[1]
    assert xs.min() == pytest.approx(sheet.x_mm(cell, 2.0), abs=0.2)
    assert xs.max() == pytest.approx(sheet.x_mm(cell, 4.0), abs=0.2)
    assert not page.axes[0].images


def test_grid_and_shading_lie_under_the_trace() -> None:
    sheet = lay_out(STANDARD_12, 10.0, PaperSettings())
    overlay = Overlay(np.ones((12, 2500), np.float32), STANDARD_12, 250.0)
    (page,) = page_figures(source(), sheet, overlay=overlay)
    axes = page.axes[0]
    (shading,) = [one for one in axes.collections if isinstance(one, QuadMesh)]
    grid = [one for one in axes.collections if isinstance(one, LineCollection)][:2]
    traces = {patch.get_zorder() for patch in axes.patches}
    assert {one.get_zorder() for one in grid} == {0}
    assert 0 < shading.get_zorder() < min(traces)
