"""A reader asks why, takes beats away, and looks at two methods, in real Chromium."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.opening import MAP_MS, expect_statements, read_case, show, view_model, viewer

pytestmark = pytest.mark.browser

# The premature complexes of demonstration case 10, counted from 1.
EARLY = (5, 9)


def test_why_by_another_method_then_without_the_early_beats(page: Page) -> None:
    read_case(page, "pvc")
    statements = expect_statements(page)
    statements.nth(1).get_by_role("button").first.click()
    show(page, "why")
    expect(page.locator(".ecg-light").first).to_be_visible(timeout=MAP_MS)
    before = viewer(page, "layer")
    page.get_by_role("combobox", name="Method").click()
    page.get_by_role("option", name="Integrated gradients").click()
    page.wait_for_function(
        "before => ![before, ''].includes(document.querySelector('.ecg-viewer').dataset.layer)",
        arg=before,
        timeout=MAP_MS,
    )
    page.get_by_text("Details", exact=True).click()
    bar = page.locator(".ecg-bar i").first
    expect(bar).to_be_attached(timeout=MAP_MS)
    style = bar.get_attribute("style")
    # Both early beats: one of them would be enough for the same answer.
    for number in EARLY:
        beat = page.get_by_role("button", name=re.compile(rf"^{number}( V)?$"))
        beat.scroll_into_view_if_needed()
        beat.click()
    page.wait_for_function(
        "before => document.querySelector('.ecg-bar i').getAttribute('style') !== before",
        arg=style,
        timeout=MAP_MS,
    )


def test_two_methods_side_by_side(page: Page) -> None:
    read_case(page, "pvc")
    expect_statements(page)
    view_model(page, "Method comparison")
    expect(page.locator(".ecg-viewer[data-drawn]")).to_have_count(2, timeout=2 * MAP_MS)
    # A map that fails its check is hidden, so one of the two may be missing.
    expect(page.locator(".ecg-plot .heatmaplayer image").first).to_be_attached(timeout=MAP_MS)
    page.get_by_text("Side by side").click()
    # Two pixels a millimetre: two sheets beside each other.
    beside = page.locator(".ecg-viewer[data-px-per-mm='2']")
    expect(beside).to_have_count(2, timeout=MAP_MS)
    expect(page.locator(".ecg-light").first).to_be_visible(timeout=MAP_MS)
