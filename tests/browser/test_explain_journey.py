"""A reader looks at two maps, then takes beats away, in real Chromium."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.opening import read_case

pytestmark = pytest.mark.browser

SLOW_MS = 30_000
# The premature complexes of the demonstration case, counted from 1.
EARLY = (5, 9)


def test_two_maps_on_the_same_paper_then_what_if(page: Page) -> None:
    read_case(page, "pvc")
    page.wait_for_selector(".ecg-viewer[data-drawn]")
    page.locator(".ecg-finding").first.click()
    expect(page.locator(".ecg-legend")).to_contain_text("Where the model looked", timeout=SLOW_MS)
    page.get_by_text("Compare methods, leads, what if").click()
    expect(page.locator(".ecg-viewer[data-drawn]")).to_have_count(2, timeout=SLOW_MS)
    # A map that fails its check is hidden, so one of the two may be missing.
    expect(page.locator(".ecg-plot .heatmaplayer image").first).to_be_attached(timeout=SLOW_MS)
    boxes = [page.locator(".ecg-plot .main-svg").nth(i) for i in (0,)]
    assert boxes[0].bounding_box()["width"] == 270 * 4
    page.get_by_text("Side by side").click()
    # Two pixels a millimetre: two sheets beside each other.
    expect(page.locator(".ecg-viewer[data-px-per-mm='2']")).to_have_count(2, timeout=SLOW_MS)
    expect(page.locator(".ecg-light").first).to_be_visible(timeout=SLOW_MS)
    bar = page.locator(".ecg-bar i").first
    before = bar.get_attribute("style")
    # Both early beats: one of them would be enough for the same answer.
    for number in EARLY:
        beat = page.get_by_role("button", name=re.compile(rf"^{number}( V)?$"))
        beat.scroll_into_view_if_needed()
        beat.click()
    page.wait_for_function(
        "before => document.querySelector('.ecg-bar i').getAttribute('style') !== before",
        arg=before,
    )
