"""axe-core finds nothing serious on any page, view and overlay, in a light and in a dark room."""

from importlib.resources import files

import pytest
from playwright.sync_api import Page, expect

from ecgcore.simulate.cases import DEMONSTRATION_CASES
from tests.browser.opening import (
    MAP_MS,
    OVERLAYS,
    expect_statements,
    go,
    read_case,
    show,
    view_model,
)

axe = pytest.importorskip("axe_playwright_python", reason="locks/dev.txt is not installed")
pytestmark = pytest.mark.browser

SERIOUS = ("serious", "critical")
VIEWS = ("Cards", "Population", "Single-lead study", "Method comparison")


def find_serious(page: Page) -> list[str]:
    """Return what axe-core finds: rule, place and why."""
    page.locator("[data-test-script-state=notRunning]").wait_for(timeout=MAP_MS)
    # Under the pointer, colours are others.
    page.mouse.move(0, 0)
    page.wait_for_timeout(500)
    page.evaluate(files(axe).joinpath("axe.min.js").read_text(encoding="utf-8"))
    found = page.evaluate("axe.run({ resultTypes: ['violations'] })")["violations"]
    return [
        f"{rule['id']}: {node['html'][:120]} {node['failureSummary']}"
        for rule in found
        if rule["impact"] in SERIOUS
        for node in rule["nodes"]
    ]


def test_the_worklist(page: Page) -> None:
    page.locator(f".st-key-demo_{len(DEMONSTRATION_CASES)} button").wait_for(timeout=MAP_MS)
    assert find_serious(page) == []


def test_the_desk_with_every_overlay_menu_and_list(page: Page) -> None:
    read_case(page, "pvc")
    expect_statements(page)
    page.keyboard.press("j")
    for overlay in OVERLAYS:
        show(page, overlay)
        details = page.get_by_text("Details", exact=True)
        if details.count():
            details.click()
        assert find_serious(page) == [], overlay
    page.locator(".ecg-rail .ecg-fold").click()
    page.keyboard.press("?")
    assert find_serious(page) == []
    page.keyboard.press("l")
    assert find_serious(page) == []
    page.keyboard.press("Escape")
    page.keyboard.press("d")
    assert find_serious(page) == []


def test_every_view_of_models(page: Page) -> None:
    read_case(page, "pvc")
    expect_statements(page)
    for view in VIEWS:
        view_model(page, view)
        expect(page.get_by_test_id("stStatusWidget")).to_have_count(0, timeout=2 * MAP_MS)
        assert find_serious(page) == [], view
    go(page, "Read")
    expect_statements(page)
