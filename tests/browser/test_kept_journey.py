"""A reload keeps the reader's work, by a cookie that no script reads; seen in a real browser."""

import http.client
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlparse

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from tests.serving.client import served

pytestmark = pytest.mark.browser

COOKIE = "ecg_visit"


@pytest.fixture
def kept(chromium_path: str, tmp_path: Path) -> Iterator[str]:
    """A small app that keeps a case, with a data folder of its own."""
    options = {"script": "tests/serving/tiny/kept.py", "ECG_DATA_DIR": str(tmp_path / "data")}
    with served(tmp_path / "log.txt", **options) as server:
        yield f"http://127.0.0.1:{server.port}"


def visit(context: BrowserContext, address: str) -> Page:
    page = context.new_page()
    page.set_default_timeout(30_000)
    page.goto(address)
    expect(page.get_by_text(re.compile("gain .* cases"))).to_be_visible()
    return page


def open_case(page: Page) -> str:
    page.get_by_role("button", name="Open a case").click()
    expect(page.get_by_text("Case 1: verdicts")).to_be_visible()
    page.wait_for_url(re.compile(r"\?case=[0-9a-f]{32}$"))
    return page.url


def test_a_reload_and_a_new_window_bring_the_work_back(chromium: Browser, kept: str) -> None:
    context = chromium.new_context()
    page = visit(context, kept)
    address = open_case(page)
    page.get_by_role("button", name="Confirm AF").click()
    expect(page.get_by_text("verdicts {'AF': 'confirmed'}")).to_be_visible()
    page.get_by_label("Comment").fill("compare with 2024")
    page.get_by_label("Comment").press("Enter")
    page.get_by_text("comment 'compare with 2024'").wait_for()
    page.reload()
    told = "Case 1: verdicts {'AF': 'confirmed'}, comment 'compare with 2024'"
    expect(page.get_by_text(told)).to_be_visible()
    page.close()
    again = visit(context, address)
    expect(again.get_by_text(told)).to_be_visible()
    expect(again.get_by_text("1 cases")).to_be_visible()
    context.close()


def test_another_browser_finds_no_such_case(chromium: Browser, kept: str) -> None:
    mine, other = chromium.new_context(), chromium.new_context()
    address = open_case(visit(mine, kept))
    page = visit(other, address)
    expect(page.get_by_text("No such case; open it again from its file.")).to_be_visible()
    expect(page.get_by_text("0 cases")).to_be_visible()
    expect(page.get_by_text("Case 1: verdicts")).to_have_count(0)
    mine.close()
    other.close()


def test_the_cookie_is_in_no_script_address_or_log(
    chromium: Browser, kept: str, tmp_path: Path
) -> None:
    context = chromium.new_context()
    page = visit(context, kept)
    open_case(page)
    (cookie,) = [one for one in context.cookies() if one["name"] == COOKIE]
    assert cookie["httpOnly"]
    assert cookie["sameSite"] == "Strict"
    assert not cookie["secure"]  # this is http; see the layer's own test
    assert len(cookie["value"]) == 43  # 256 bits
    token = cookie["value"]
    assert COOKIE not in page.evaluate("document.cookie")
    assert token not in page.content() + page.url
    assert token not in page.evaluate("JSON.stringify([localStorage, sessionStorage])")
    assert token not in (tmp_path / "log.txt").read_text()
    for path in (tmp_path / "data").rglob("*"):
        assert not path.is_file() or token.encode() not in path.read_bytes()
    context.close()


def test_where_cookies_are_off_the_page_works_and_says_so(chromium: Browser, kept: str) -> None:
    context = chromium.new_context()

    def without_cookie(route: Route) -> None:
        at = urlparse(route.request.url)
        connection = http.client.HTTPConnection(str(at.hostname), at.port, timeout=30)
        connection.request("GET", at.path)
        answer = connection.getresponse()
        route.fulfill(status=answer.status, body=answer.read())
        connection.close()

    context.route("**/_stcore/health", without_cookie)
    page = visit(context, kept)
    expect(page.get_by_text("This browser takes no cookies: work is gone when")).to_be_visible()
    open_case(page)
    page.get_by_role("button", name="Confirm AF").click()
    expect(page.get_by_text("verdicts {'AF': 'confirmed'}")).to_be_visible()
    page.reload()
    expect(page.get_by_text("0 cases")).to_be_visible()
    assert COOKIE not in {one["name"] for one in context.cookies()}
    context.close()
