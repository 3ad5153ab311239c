"""A case is read from the worklist to the next case by keyboard alone."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from ecgcore.simulate.cases import DEMONSTRATION_NUMBERS
from tests.browser.opening import (
    MAP_MS,
    OVERLAYS,
    expect_case,
    expect_statements,
    read_case,
    show,
    viewer,
)

pytestmark = pytest.mark.browser

PVC_CASE = "pvc"
PVC_NUMBER = DEMONSTRATION_NUMBERS[PVC_CASE]
MOST_STOPS = 90
FOCUSED = """() => {
  let node = document.activeElement;
  const within = (selector) => Boolean(node.closest(selector));
  const parts = {
    menu: '[data-testid=stHeader]', head: '.st-key-desk_head', strip: '.ecg-strip',
    paper: '.ecg-scroller', overlays: '.ecg-choices', tools: '.ecg-tools', rail: '.ecg-rail',
    foot: '.st-key-desk_foot',
  };
  const label = node.labels?.[0]?.textContent ?? '';
  return {
    part: Object.keys(parts).find((name) => within(parts[name])) ?? '',
    card: node.closest('[class*=st-key-demo_]')?.className.match(/st-key-(demo_[0-9]+)/)?.[1] ?? '',
    name: (node.getAttribute('aria-label') || label || node.textContent || node.title).trim(),
    outline: getComputedStyle(node).outlineStyle,
  };
}"""


def focused(page: Page) -> dict[str, Any]:
    found: dict[str, Any] = page.evaluate(FOCUSED)
    return found


def tab_to(page: Page, key: str, value: str) -> None:
    """Press Tab until what has the focus says so."""
    for _ in range(MOST_STOPS):
        page.keyboard.press("Tab")
        if focused(page)[key] == value:
            return
    pytest.fail(f"Tab never comes to {value}")


def test_a_case_is_read_without_a_mouse(page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.locator(f".st-key-demo_{PVC_NUMBER} button").wait_for()
    tab_to(page, "card", f"demo_{PVC_NUMBER}")
    page.keyboard.press("Enter")
    expect_case(page, f"Case {PVC_NUMBER}")
    statements = expect_statements(page)
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(statements.nth(1)).to_have_attribute("data-chosen", "", timeout=MAP_MS)
    page.keyboard.press("k")
    expect(statements.first).to_have_attribute("data-chosen", "", timeout=MAP_MS)
    page.keyboard.press("j")
    expect(statements.nth(1)).to_have_attribute("data-chosen", "", timeout=MAP_MS)
    for overlay in reversed(OVERLAYS):
        show(page, overlay)
    page.keyboard.press("y")
    expect(statements.nth(1)).to_have_attribute("data-verdict", "confirmed", timeout=MAP_MS)
    page.keyboard.press("x")
    expect(statements.nth(1)).to_have_attribute("data-verdict", "dismissed", timeout=MAP_MS)
    page.keyboard.press("s")
    page.keyboard.type("left anterior fasc")
    page.keyboard.press("Enter")
    added = page.locator(".ecg-statement", has_text="Left anterior fascicular block")
    expect(added).to_have_attribute("data-chosen", "", timeout=MAP_MS)
    page.keyboard.press("i")
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == page.locator(".ecg-rail-text").inner_text()
    page.keyboard.press("?")
    expect(page.locator(".ecg-help")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".ecg-help")).to_be_hidden()
    page.keyboard.press(".")
    expect_case(page, f"Case {PVC_NUMBER + 1}")
    expect_statements(page)
    page.keyboard.press("l")
    expect(page.locator(".ecg-menu select").first).to_be_focused()
    before = viewer(page, "drawn")
    page.keyboard.press("ArrowDown")
    page.wait_for_function(
        "before => document.querySelector('.ecg-viewer').dataset.drawn !== before", arg=before
    )
    page.keyboard.press("Escape")
    expect(page.locator(".ecg-menu")).to_be_hidden()


def test_keys_in_quick_succession_leave_the_desk_alive(page: Page) -> None:
    read_case(page, PVC_CASE)
    expect_statements(page)
    # Faster than a run of the page: its answers are overtaken, and the same ones come again.
    for turn in range(24):
        page.keyboard.press("jk"[turn % 2])
        page.wait_for_timeout(90)
    # Each is heard, in its order: the second statement is confirmed, and not the one before.
    chosen = page.locator(".ecg-statement[data-chosen]")
    expect(chosen).to_have_count(1, timeout=MAP_MS)
    page.wait_for_timeout(2000)
    before = chosen.get_attribute("data-code")
    page.keyboard.press("j")
    page.keyboard.press("y")
    confirmed = page.locator(".ecg-statement[data-verdict=confirmed]")
    expect(confirmed).to_have_count(1, timeout=MAP_MS)
    assert confirmed.get_attribute("data-code") != before


def test_the_focus_goes_the_way_a_case_is_read_and_says_its_name(page: Page) -> None:
    read_case(page, PVC_CASE)
    expect_statements(page)
    page.locator("body").evaluate("body => { body.tabIndex = -1; body.focus(); }")
    order: list[str] = []
    for _ in range(MOST_STOPS):
        page.keyboard.press("Tab")
        at = focused(page)
        if order and at["part"] == "menu" and order[-1] != "menu":
            break
        if at["part"]:
            assert at["name"], at
        if at["part"] and at["part"] not in order:
            order.append(at["part"])
    assert order == ["menu", "head", "strip", "paper", "overlays", "tools", "rail", "foot"]


def test_no_key_fires_while_the_reader_types(page: Page) -> None:
    read_case(page, PVC_CASE)
    expect_statements(page)
    for field in (page.locator(".ecg-rail-add input"), page.locator(".ecg-rail-comment")):
        field.focus()
        page.keyboard.type("2 3 t v m d + x y r c ? .")
        expect(field).to_have_value("2 3 t v m d + x y r c ? .")
        field.fill("")
        page.keyboard.press("Escape")
    page.wait_for_timeout(500)
    assert viewer(page, "overlay") == "none"
    assert viewer(page, "px-per-mm") == "4"
    assert page.evaluate("document.documentElement.dataset.ecgRoom ?? ''") != "dark"
    assert page.locator(".ecg-calipers text").count() == 0
    assert page.locator(".ecg-statement[data-verdict]").count() == 0
    expect(page.locator(".ecg-help")).to_be_hidden()
    expect_case(page, f"Case {PVC_NUMBER}")


def test_keys_of_browser_and_streamlit_are_left_alone(page: Page) -> None:
    sent: list[int] = []
    page.on("websocket", lambda ws: ws.on("framesent", lambda data: sent.append(len(data))))
    page.reload()
    read_case(page, PVC_CASE)
    expect_statements(page)
    # What is computed ahead ends in a run of its own.
    page.locator("[data-test-script-state=notRunning]").wait_for(timeout=MAP_MS)
    page.wait_for_timeout(1000)
    sent.clear()
    for key in ("r", "c", "R", "C"):
        page.keyboard.press(key)
    page.wait_for_timeout(700)
    assert sent == []
    assert page.get_by_role("dialog").count() == 0
    for init in ("key: 'ArrowLeft', altKey: true", "key: 'd', ctrlKey: true", "key: 'Tab'"):
        event = f"new KeyboardEvent('keydown', {{{init}, bubbles: true, cancelable: true}})"
        assert page.evaluate(f"document.body.dispatchEvent({event})"), init
