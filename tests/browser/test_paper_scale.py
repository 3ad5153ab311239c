"""The paper's scale, frame and width in real Chromium: at every zoom and on every screen."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from ecgcore.simulate.cases import DEMONSTRATION_NUMBERS
from tests.browser.opening import PAPER, expect_statements, read_case, show

pytestmark = pytest.mark.browser

# Zoom, pixels a millimetre.
STEPS = (2, 3, 4, 6, 8, 12, 16)
# Of the window, to the zoom that fits beside the rail; a phone's paper fits no whole pixel.
WIDTHS = {1280: 3, 1366: 3, 1500: 4, 1920: 5, 480: 2}
FRAME = f"{PAPER} .ecg-scroller"
MEASURE = """() => {
  const box = (node) => {
    const { left, right, top, bottom, width, height } = node.getBoundingClientRect();
    return { left, right, top, bottom, width, height };
  };
  const plot = document.querySelector('.ecg-plot');
  const scroller = document.querySelector('.ecg-scroller');
  const drawn = plot.data.filter((trace) => trace.type !== 'heatmap');
  const lines = [...plot.querySelectorAll('.scatterlayer .trace')];
  const named = (role) => lines.filter((_, i) => drawn[i].meta.role === role);
  const size = (node) => box(node.querySelector('path.js-line'));
  const steps = (kind, low) => {
    const at = [...plot.querySelectorAll(`.${kind}.crisp`)].map((line) => box(line)[low]);
    const ordered = [...new Set(at.map((x) => Math.round(x * 100) / 100))].sort((a, b) => a - b);
    return ordered.slice(1).map((x, i) => x - ordered[i]);
  };
  return {
    pxPerMm: Number(document.querySelector('.ecg-viewer').dataset.pxPerMm),
    pulse: size(named('pulse')[0]),
    rhythm: size(named('trace').at(-1)),
    across: steps('xgrid', 'left'),
    down: steps('ygrid', 'top'),
    paper: box(plot.querySelector('.main-svg')),
    frame: box(scroller),
    cut: scroller.hasAttribute('data-cut'),
    hidden: scroller.scrollWidth - scroller.clientWidth,
    page: document.documentElement.scrollWidth,
    labels: [...plot.querySelectorAll('text')].filter((t) => t.textContent === 'V4').map(box),
  };
}"""

PVC_NUMBER = DEMONSTRATION_NUMBERS["pvc"]


def measure(page: Page) -> dict[str, Any]:
    found: dict[str, Any] = page.evaluate(MEASURE)
    return found


def fits(page: Page, px_per_mm: int) -> dict[str, Any]:
    """Wait for a zoom; return what is measured there."""
    expect(page.locator(PAPER)).to_have_attribute("data-px-per-mm", str(px_per_mm))
    return measure(page)


def check_scale(found: dict[str, Any]) -> None:
    """1 mV is 10 mm and 1 s is 25 mm, on the grid and in pixels, within 1 %."""
    px = found["pxPerMm"]
    for steps in (found["across"], found["down"]):
        # Lines are heavy every 5 mm, and 1 mm apart where the light ones are crisp too.
        assert len(steps) > 20
        assert all(step / px == pytest.approx(round(step / px), abs=0.05) for step in steps)
    # 200 ms of pulse with 1 mm of base line on either side; what is stroked is 1.3 px wider.
    assert found["pulse"]["height"] == pytest.approx(10 * px, rel=0.01)
    assert found["pulse"]["width"] == pytest.approx(7 * px, rel=0.01)
    assert found["rhythm"]["width"] == pytest.approx(250 * px, rel=0.01)


def check_frame(found: dict[str, Any]) -> None:
    """The frame ends where the paper ends; what does not fit fades out."""
    assert found["cut"] == (found["hidden"] > 2)
    if not found["cut"]:
        assert found["frame"]["right"] - found["paper"]["right"] == pytest.approx(1, abs=1.5)
        assert found["frame"]["left"] - found["paper"]["left"] == pytest.approx(-1, abs=1.5)
        assert all(label["right"] < found["frame"]["right"] for label in found["labels"])


def test_one_millivolt_and_one_second_at_every_zoom(page: Page) -> None:
    read_case(page, "normal")
    expect_statements(page)
    for _ in STEPS:
        page.keyboard.press("-")
    for step in STEPS:
        found = fits(page, step)
        check_scale(found)
        check_frame(found)
        page.keyboard.press("+")


def test_the_paper_fits_every_screen(page: Page) -> None:
    read_case(page, "normal")
    expect_statements(page)
    for width, px_per_mm in WIDTHS.items():
        page.set_viewport_size({"width": width, "height": 900})
        found = fits(page, px_per_mm)
        page.wait_for_timeout(200)  # the cue follows the new size
        found = measure(page)
        check_scale(found)
        check_frame(found)
        assert found["cut"] == (width < 600), width
        assert found["page"] <= width
    scroller = page.locator(FRAME)
    scroller.evaluate("node => node.scrollTo(node.scrollWidth, 0)")
    expect(scroller).not_to_have_attribute("data-cut", "")


def test_other_speeds_and_gains_are_drawn_to_their_scale(page: Page) -> None:
    read_case(page, "normal")
    expect_statements(page)
    page.get_by_role("button", name="Paper and display").click()
    menu = page.locator(".ecg-menu")
    menu.get_by_label("Gain").select_option("20.0")
    expect(page.locator(".ecg-plot").first).to_contain_text("20 mm/mV")
    menu.get_by_label("Speed").select_option("50.0")
    expect(page.locator(".ecg-plot").first).to_contain_text("50 mm/s")
    found = fits(page, 2)
    assert found["pulse"]["height"] == pytest.approx(20 * 2, rel=0.01)
    assert found["rhythm"]["width"] == pytest.approx(500 * 2, rel=0.01)
    check_frame(found)


def test_another_case_puts_zoom_calipers_and_overlay_back(page: Page) -> None:
    read_case(page, "pvc")
    expect_statements(page)
    show(page, "waves")
    for key in ("+", "t", "m"):
        page.keyboard.press(key)
    fits(page, 6)
    page.locator(FRAME).evaluate("node => node.scrollTo(400, 200)")
    page.keyboard.press(".")
    expect(page.locator(".ecg-who").first).to_contain_text(f"Case {PVC_NUMBER + 1}")
    fits(page, 4)
    expect(page.locator(PAPER)).to_have_attribute("data-overlay", "none")
    assert page.locator(".ecg-calipers text").count() == 0
    assert page.locator(".mark-grip").count() == 0
    assert page.locator(FRAME).evaluate("node => node.scrollLeft") == 0
    page.keyboard.press(",")
    expect(page.locator(".ecg-who").first).to_contain_text(f"Case {PVC_NUMBER}")
    expect(page.locator(PAPER)).to_have_attribute("data-overlay", "none")
