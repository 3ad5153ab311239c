"""The layers around the app, seen from a real browser."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.opening import OVERLAYS, expect_statements, go, read_case, show, view_model
from tests.serving.client import served

pytestmark = pytest.mark.browser

VIEWS = ("Cards", "Population", "Single-lead study", "Method comparison")
SLOW_MS = 90_000
LISTEN = """window.__refused = [];
document.addEventListener('securitypolicyviolation',
  event => window.__refused.push(`${event.violatedDirective} ${event.blockedURI}`));"""


def go_everywhere(page: Page) -> Iterator[str]:
    """Look at the open case with every overlay, at every view and page; yield what is shown."""
    expect_statements(page)
    for overlay in OVERLAYS:
        show(page, overlay)
        yield rest(page, overlay)
    for view in VIEWS:
        view_model(page, view)
        yield rest(page, view)
    go(page, "Worklist")
    yield rest(page, "Worklist")


def rest(page: Page, name: str) -> str:
    """Wait until nothing is computed, and return the name."""
    expect(page.get_by_test_id("stStatusWidget")).to_have_count(0, timeout=SLOW_MS)
    page.wait_for_timeout(500)
    return name


def test_no_page_needs_what_the_content_policy_refuses(page: Page) -> None:
    """The fixture fails on any error at the console as well."""
    page.add_init_script(LISTEN)
    page.reload()
    read_case(page, "pvc")
    for name in go_everywhere(page):
        expect(page.get_by_text("Not a medical device").last).to_be_visible(timeout=SLOW_MS)
        assert page.evaluate("window.__refused") == [], name
    assert page.evaluate("document.cookie").find("ecg_visit") == -1


def test_the_policy_is_in_force(chromium: Browser, app_url: str) -> None:
    page = chromium.new_page()
    page.add_init_script(LISTEN)
    page.goto(app_url)
    blocked = page.evaluate(
        """() => {
          const script = document.createElement('script');
          script.textContent = 'window.__ran = 1';
          document.head.append(script);
          return [window.__ran ?? null, window.__refused.length];
        }"""
    )
    page.wait_for_timeout(200)
    assert blocked[0] is None
    assert page.evaluate("window.__refused.length") >= 1
    page.close()


def test_a_pdf_is_for_its_own_tab(page: Page, app_url: str) -> None:
    read_case(page, "normal")
    with page.expect_download() as started:
        page.get_by_role("button", name="PDF of this sheet").click()
    address = started.value.url
    assert Path(started.value.path()).read_bytes().startswith(b"%PDF")
    assert address.startswith(f"{app_url}/media/")
    assert page.request.get(address).status == 200
    cookies = {one["name"]: one for one in page.context.cookies()}
    assert cookies["ecg_visit"]["httpOnly"]
    assert cookies["ecg_visit"]["sameSite"] == "Strict"
    header = f"ecg_visit={cookies['ecg_visit']['value']}"
    page.goto("about:blank")  # the tab has left
    page.wait_for_timeout(500)
    with pytest.raises(OSError, match="404"):
        urlopen(Request(address, headers={"Cookie": header}))  # noqa: S310


@pytest.fixture(scope="module")
def small_url(chromium_path: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server whose sessions hold 3 MB of uploads."""
    log = tmp_path_factory.mktemp("small") / "log.txt"
    with served(log, script="app.py", ECG_SESSION_UPLOAD_MB="3") as server:
        yield f"http://127.0.0.1:{server.port}"


def test_a_refused_upload_says_what_to_do(
    chromium: Browser, small_url: str, tmp_path: Path
) -> None:
    page = chromium.new_page()
    page.set_default_timeout(SLOW_MS)
    page.goto(small_url)
    for name in ("one.bin", "two.bin", "three.bin"):
        (tmp_path / name).write_bytes(bytes(range(256)) * (2 * 2**20 // 256))
    chooser = page.locator("input[type=file]")
    chooser.set_input_files(str(tmp_path / "one.bin"))
    expect(page.get_by_text("one.bin: Not a supported ECG format")).to_be_visible(timeout=SLOW_MS)
    chooser.set_input_files(str(tmp_path / "two.bin"))
    words = page.get_by_text(re.compile("would exceed 3 MB together. Remove files from the list"))
    expect(words).to_be_visible(timeout=SLOW_MS)
    expect(page.get_by_text("one.bin: Not a supported ECG format")).to_be_visible()
    # As it says: the first file goes, the second one fits.
    chips = page.get_by_test_id("stFileChipDeleteBtn")
    for left in (1, 0):
        chips.first.click()
        expect(chips).to_have_count(left)
    expect(words).to_have_count(0)
    # The browser notices no change where the very same file is chosen again.
    chooser.set_input_files(str(tmp_path / "three.bin"))
    expect(page.get_by_text("three.bin: Not a supported ECG format")).to_be_visible()
    page.close()


def test_files_of_a_list_that_was_left_make_room(
    chromium: Browser, small_url: str, tmp_path: Path
) -> None:
    page = chromium.new_page()
    page.set_default_timeout(SLOW_MS)
    page.goto(small_url)
    for name in ("one.bin", "two.bin", "three.bin"):
        (tmp_path / name).write_bytes(name.encode() * (2 * 2**20 // len(name)))
        page.locator("input[type=file]").set_input_files(str(tmp_path / name))
        refused = page.get_by_text(f"{name}: Not a supported")
        expect(refused).to_be_visible(timeout=SLOW_MS)
        go(page, "Models")
        expect(page.get_by_role("heading", name="Performance")).to_be_visible(timeout=SLOW_MS)
        go(page, "Worklist")
        # The list outlives the page; what the uploader held does not.
        expect(refused).to_be_visible()
        expect(page.get_by_test_id("stFileChipDeleteBtn")).to_have_count(0)
    page.close()
