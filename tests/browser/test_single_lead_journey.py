"""Single lead in real Chromium: a hand-held recording, then twelve leads beside one."""

import pytest
from playwright.sync_api import Page, expect

from benchmarks.app import DRAWN
from tests.browser.opening import read_case

pytestmark = pytest.mark.browser

SLOW_MS = 60_000


def test_one_lead_is_read_by_its_model_and_twelve_are_compared_with_one(page: Page) -> None:
    read_case(page, "hand-held-af")
    page.wait_for_selector(DRAWN, timeout=2 * SLOW_MS)
    expect(page.get_by_text("only rhythm and beats")).to_be_visible(timeout=SLOW_MS)
    reader = page.get_by_role("combobox", name="Read by")
    expect(reader).to_have_value("single-lead-1: single-lead model", timeout=SLOW_MS)
    page.get_by_role("link", name="Single lead", exact=True).click()
    expect(page.get_by_text("Cannot be assessed", exact=True)).to_be_visible(timeout=SLOW_MS)
    page.get_by_role("link", name="Open", exact=True).click()
    read_case(page, "pvc")
    page.wait_for_selector(DRAWN, timeout=SLOW_MS)
    page.get_by_role("link", name="Single lead", exact=True).click()
    bars = page.locator(".ecg-leads div")
    expect(bars).to_have_count(13, timeout=SLOW_MS)
    expect(page.locator(DRAWN)).to_have_count(2, timeout=SLOW_MS)
    page.set_viewport_size({"width": 420, "height": 900})
    expect(bars.last).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 420
