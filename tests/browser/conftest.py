"""A running app and a real Chromium."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlparse

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.conftest import skip_or_fail
from tests.serving import client as serving

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
# A busy machine takes its time; whoever does not wait for it fails by chance.
expect.set_options(timeout=30_000)


@pytest.fixture(scope="session")
def chromium_path() -> str:
    found = os.environ.get("ECG_CHROMIUM") or shutil.which("chromium") or shutil.which("chrome")
    if not found:
        skip_or_fail("there is no Chromium; install Debian's package chromium")
    return str(found)


@pytest.fixture(scope="session")
def app_url(chromium_path: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the app, served from this tree on a free port."""
    with served(tmp_path_factory.mktemp("server") / "log.txt") as url:
        yield url


@pytest.fixture
def unused_app_url(chromium_path: str, tmp_path: Path) -> Iterator[str]:
    """The address of an app of its own that nobody has opened yet."""
    with served(tmp_path / "log.txt") as url:
        yield url


@contextmanager
def served(log: Path) -> Iterator[str]:
    """Serve the app; give its address."""
    with serving.served(log, script="app.py") as server:
        yield f"http://127.0.0.1:{server.port}"


@pytest.fixture(scope="session")
def chromium(chromium_path: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Put what stood on the page beside the failure of a journey."""
    report = yield
    page = getattr(item, "funcargs", {}).get("page")
    if report.when == "call" and report.failed and page is not None:
        report.sections.append(("page", f"{page.url}\n{page.locator('body').inner_text()}"))
    return report


@pytest.fixture
def page(chromium: Browser, app_url: str) -> Iterator[Page]:
    """A page that fails its test on any script error or any request that leaves the machine."""
    context = chromium.new_context(viewport={"width": 1500, "height": 950})
    page = context.new_page()
    page.set_default_timeout(30_000)
    troubles: list[str] = []
    page.on("pageerror", lambda error: troubles.append(f"script error: {error}"))
    page.on(
        "console",
        lambda message: message.type == "error" and troubles.append(f"console: {message.text}"),
    )
    page.on(
        "request",
        lambda request: (
            urlparse(request.url).hostname not in ("127.0.0.1", None)
            and troubles.append(f"request to {request.url}")
        ),
    )
    page.goto(app_url)
    yield page
    context.close()
    assert troubles == []
