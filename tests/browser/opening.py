"""How a reader opens a demonstration case."""

from playwright.sync_api import Page, expect

from benchmarks.app import choose
from ecgcore.simulate.cases import DEMONSTRATION_NUMBERS

START_MS = 60_000


def read_case(page: Page, key: str) -> None:
    """Open a case by its key, and wait for its sheet."""
    choose(page, key)
    sheet, title = page.locator(".ecg-plot").first, f"Case {DEMONSTRATION_NUMBERS[key]} "
    expect(sheet).to_contain_text(title, timeout=START_MS)
