"""Cards and Population in real Chromium: drawn from this machine alone, wide and narrow."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.opening import go, view_model

pytestmark = pytest.mark.browser

# The first chart waits for plotly.js, the first page for its imports.
SLOW_MS = 30_000


def test_the_card_draws_curves_and_the_population_its_map(page: Page) -> None:
    # Before the app has run once, Streamlit lists its pages by their files' names.
    page.get_by_role("button", name="Read", exact=True).first.wait_for(timeout=4 * SLOW_MS)
    go(page, "Models")
    charts = page.locator(".stPlotlyChart .main-svg")
    expect(charts.first).to_be_attached(timeout=SLOW_MS)
    page.get_by_role("radio", name="ST elevation", exact=True).click()
    expect(page.get_by_text("Not calibrated (only 17")).to_be_visible(timeout=SLOW_MS)
    view_model(page, "Population")
    expect(page.locator(".ecg-heat td").first).to_be_visible(timeout=SLOW_MS)
    expect(page.locator(".stPlotlyChart .heatmaplayer image").first).to_be_attached(timeout=SLOW_MS)
    page.set_viewport_size({"width": 420, "height": 900})
    expect(page.locator(".ecg-heat")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 420
    page.evaluate("document.documentElement.dataset.ecgRoom = 'dark'")
    expect(page.locator(".stPlotlyChart").first).to_have_css("filter", re.compile("invert"))
