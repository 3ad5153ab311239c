"""How a reader opens a demonstration case."""

from playwright.sync_api import Page, expect

from benchmarks.app import choose

START_MS = 60_000


def read_case(page: Page, number: int) -> None:
    """Open a case by its number, from 1, and wait for its sheet."""
    choose(page, number)
    expect(page.locator(".ecg-plot").first).to_contain_text(f"Case {number} ", timeout=START_MS)
