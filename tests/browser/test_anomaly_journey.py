"""The overlay Unusual in real Chromium: map, list and keys, wide and narrow."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.opening import MAP_MS, expect_statements, read_case, show

pytestmark = pytest.mark.browser

PVC_CASE = "pvc"


def test_places_are_stepped_through_by_keyboard(page: Page) -> None:
    read_case(page, PVC_CASE)
    expect_statements(page)
    show(page, "unusual")
    places = page.get_by_role("listbox", name="Unusual places").get_by_role("option")
    expect(places.first).to_be_visible(timeout=MAP_MS)
    expect(page.get_by_text("Percentile among normal recordings")).to_be_visible()
    page.keyboard.press("n")
    expect(places.first).to_have_attribute("aria-selected", "true", timeout=MAP_MS)
    page.get_by_text("Details", exact=True).click()
    expect(page.get_by_text("Recorded and expected")).to_be_visible(timeout=MAP_MS)
    page.keyboard.press("n")
    expect(places.nth(1)).to_have_attribute("aria-selected", "true", timeout=MAP_MS)
    page.keyboard.press("p")
    expect(places.first).to_have_attribute("aria-selected", "true", timeout=MAP_MS)
    # A place is looked at; only a statement is confirmed.
    expect(places.get_by_role("button")).to_have_count(0)
    page.set_viewport_size({"width": 420, "height": 900})
    expect(places.first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 420
