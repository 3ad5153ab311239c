"""One lead in real Chromium: a hand-held recording, then twelve leads beside one."""

import pytest
from playwright.sync_api import Page, expect

from benchmarks.app import DRAWN
from tests.browser.opening import MAP_MS, expect_statements, go, read_case, view_model

pytestmark = pytest.mark.browser

_HAND_HELD, _PVC = "hand-held-af", "pvc"


def test_one_lead_is_read_by_its_model_and_twelve_are_compared_with_one(page: Page) -> None:
    read_case(page, _HAND_HELD)
    expect(page.get_by_text("only rhythm and beats")).to_be_visible(timeout=2 * MAP_MS)
    reader = page.get_by_role("combobox", name="Read by")
    expect(reader).to_have_value("single-lead-1: single-lead model", timeout=MAP_MS)
    view_model(page, "Single-lead study")
    expect(page.get_by_text("Cannot be assessed", exact=True)).to_be_visible(timeout=MAP_MS)
    go(page, "Worklist")
    read_case(page, _PVC)
    expect_statements(page)
    view_model(page, "Single-lead study")
    bars = page.locator(".ecg-leads div")
    expect(bars).to_have_count(13, timeout=2 * MAP_MS)
    expect(page.locator(DRAWN)).to_have_count(2, timeout=MAP_MS)
    page.set_viewport_size({"width": 420, "height": 900})
    expect(bars.last).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 420
