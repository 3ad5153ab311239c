"""The anomaly page in real Chromium: map, list and keys, wide and narrow."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.opening import read_case

pytestmark = pytest.mark.browser

SLOW_MS = 60_000


def test_places_are_stepped_through_by_keyboard(page: Page) -> None:
    page.set_default_timeout(SLOW_MS)
    read_case(page, "pvc")
    page.get_by_role("link", name="Anomaly", exact=True).click()
    places = page.get_by_role("listbox", name="Unusual places").get_by_role("option")
    expect(places.first).to_be_visible(timeout=2 * SLOW_MS)
    expect(page.get_by_text("Percentile among normal recordings")).to_be_visible()
    page.keyboard.press("j")
    expect(places.first).to_have_attribute("aria-selected", "true", timeout=SLOW_MS)
    expect(page.get_by_text("Recorded and expected")).to_be_visible(timeout=SLOW_MS)
    page.keyboard.press("j")
    expect(places.nth(1)).to_have_attribute("aria-selected", "true", timeout=SLOW_MS)
    expect(page.get_by_role("button", name="Confirm (Y)")).to_have_count(0)
    page.set_viewport_size({"width": 420, "height": 900})
    expect(places.first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 420
