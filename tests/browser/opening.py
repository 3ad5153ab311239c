"""How a reader opens a case, and goes about the desk."""

import re

from playwright.sync_api import Locator, Page, expect

from benchmarks.app import DRAWN, choose
from ecgcore.simulate.cases import DEMONSTRATION_NUMBERS

START_MS = 60_000
# A map on a busy machine; until it is made, the next word waits.
MAP_MS = 60_000
# The desk's own paper: in the details stand others.
PAPER = ".st-key-desk_paper .ecg-viewer"
OVERLAYS = {"none": "1", "why": "2", "leads": "3", "unusual": "4", "attention": "5", "waves": "6"}


def read_case(page: Page, key: str) -> None:
    """Open a demonstration case by its key, and wait for its sheet."""
    choose(page, key)
    expect_case(page, f"Case {DEMONSTRATION_NUMBERS[key]}")


def expect_case(page: Page, title: str) -> None:
    """Wait until a case of this title stands on the desk, drawn."""
    words = page.locator(".ecg-who span", has_text=re.compile(f"^{re.escape(title)}$"))
    expect(words).to_be_visible(timeout=START_MS)
    page.wait_for_selector(DRAWN, timeout=START_MS)


def expect_statements(page: Page) -> Locator:
    """Wait until the case is interpreted; return its statements."""
    statements = page.locator(".ecg-statement")
    expect(statements.first).to_be_visible(timeout=MAP_MS)
    return statements


def show(page: Page, overlay: str) -> None:
    """Choose an overlay by its key, and wait until the page shows it."""
    page.keyboard.press(OVERLAYS[overlay])
    button = page.locator(f".ecg-choices [data-overlay={overlay}]")
    expect(button).to_have_attribute("aria-pressed", "true")
    expect(page.locator(PAPER)).to_have_attribute("data-overlay", overlay, timeout=MAP_MS)
    if overlay != "none":
        layer = page.locator(f"{PAPER}:not([data-layer=''])")
        expect(layer).to_have_count(1, timeout=MAP_MS)


def go(page: Page, name: str) -> None:
    """Go to a page by its link."""
    page.get_by_role("link", name=name, exact=True).first.click()


def view_model(page: Page, name: str) -> None:
    """Go to a view of the page Models."""
    go(page, "Models")
    page.get_by_role("radio", name=name, exact=True).click(timeout=START_MS)


def viewer(page: Page, name: str) -> str:
    """Return what the paper says of itself."""
    return str(page.locator(PAPER).get_attribute(f"data-{name}"))
