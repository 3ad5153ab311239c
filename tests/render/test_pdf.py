"""The PDF: a page of true millimetres."""

import re

import numpy as np
import pytest

from ecgcore.leads import STANDARD_12
from ecgcore.recording import Recording
from ecgcore.render.overlay import Overlay
from ecgcore.render.paper import PaperSettings, lay_out
from ecgcore.render.pdf import pdf

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
