"""How a reader opens a demonstration case."""

from playwright.sync_api import Page, expect

from ecgcore.simulate.cases import DEMONSTRATION_CASES

START_MS = 60_000


def read_case(page: Page, number: int) -> None:
    """Open a case by its number, from 1, and wait for its sheet.

    Its button is found by its key: while the page is being built, cards come in any order, and the
    first button is not always that of the first case.
    """
    key = DEMONSTRATION_CASES[number - 1].key
    page.locator(f".st-key-demo_{key} button").click(timeout=START_MS)
    expect(page.locator(".ecg-plot").first).to_contain_text(f"Case {number} ", timeout=START_MS)
