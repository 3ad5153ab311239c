"""How a reader opens a demonstration case."""

from playwright.sync_api import Page, expect

from ecgcore.simulate.cases import DEMONSTRATION_CASES

START_MS = 60_000


def read_case(page: Page, number: int) -> None:
    """Open a case by its number, from 1, once every card is there, and wait for its sheet."""
    cards = page.get_by_role("button", name="Read", exact=True)
    expect(cards).to_have_count(len(DEMONSTRATION_CASES), timeout=START_MS)
    cards.nth(number - 1).click()
    expect(page.locator(".ecg-plot").first).to_contain_text(f"Case {number}", timeout=START_MS)
