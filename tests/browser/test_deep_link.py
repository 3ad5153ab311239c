"""A page opened by its address on a server that nobody has used yet."""

import pytest
from playwright.sync_api import Browser, expect

pytestmark = pytest.mark.browser

SLOW_MS = 60_000


def test_the_first_visit_by_a_pages_address_comes_through_the_entry(
    chromium: Browser, unused_app_url: str
) -> None:
    page = chromium.new_page()
    page.goto(f"{unused_app_url}/model_card")
    expect(page.get_by_text("Not a medical device").last).to_be_visible(timeout=SLOW_MS)
    expect(page.get_by_role("link", name="Waveform attention", exact=True)).to_be_visible()
    expect(page.get_by_role("heading", name="Performance")).to_be_visible(timeout=SLOW_MS)
    page.close()
