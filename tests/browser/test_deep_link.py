"""Pages opened by their addresses, and by those that they had before the desk."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.opening import expect_case, expect_statements, read_case

pytestmark = pytest.mark.browser

SLOW_MS = 60_000


def test_the_first_visit_by_a_pages_address_comes_through_the_entry(
    chromium: Browser, unused_app_url: str
) -> None:
    page = chromium.new_page()
    page.goto(f"{unused_app_url}/models")
    expect(page.get_by_text("Not a medical device").last).to_be_visible(timeout=SLOW_MS)
    expect(page.get_by_role("link", name="Worklist", exact=True)).to_be_visible()
    expect(page.get_by_role("heading", name="Performance")).to_be_visible(timeout=SLOW_MS)
    page.close()


# Streamlit looks for its server below each address first: that is no error of a page.
@pytest.fixture
def guest(chromium: Browser) -> Iterator[Page]:
    page = chromium.new_page()
    yield page
    page.close()


@pytest.mark.parametrize(
    ("former", "view"),
    [("model_card", "Cards"), ("population", "Population"), ("single_lead", "Single-lead study")],
)
def test_a_former_page_of_a_model_leads_to_its_view(
    guest: Page, app_url: str, former: str, view: str
) -> None:
    guest.goto(f"{app_url}/{former}")
    chosen = guest.get_by_role("radio", name=view, exact=True)
    expect(chosen).to_be_checked(timeout=SLOW_MS)
    expect(guest).to_have_url(f"{app_url}/models?view={view.lower().partition(' ')[0]}")


@pytest.mark.parametrize("former", ["open", "review", "explain", "measure", "anomaly"])
def test_other_former_pages_lead_to_the_worklist_or_the_desk(
    guest: Page, app_url: str, former: str
) -> None:
    guest.goto(f"{app_url}/{former}")
    words = "Open an ECG" if former == "open" else "No ECG is open"
    expect(guest.get_by_text(words)).to_be_visible(timeout=SLOW_MS)


def test_reload_works(guest: Page, app_url: str) -> None:
    guest.goto(app_url)
    read_case(guest, "normal")
    expect_statements(guest)
    guest.reload()
    kept = guest.locator(".ecg-who").or_(guest.get_by_text("No ECG is open"))
    expect(kept.first).to_be_visible(timeout=SLOW_MS)
    guest.get_by_role("link", name="Worklist", exact=True).click()
    read_case(guest, "sinus-bradycardia")
    expect_case(guest, "Case 2")
