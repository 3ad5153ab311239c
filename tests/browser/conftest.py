"""A running app and a real Chromium."""

import http.client
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlparse

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.conftest import skip_or_fail

ROOT = Path(__file__).resolve().parents[2]
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
START_SECONDS = 60
# A busy machine takes its time; whoever does not wait for it fails by chance.
expect.set_options(timeout=30_000)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


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
    """Start the app on a free port; what it prints goes to a file.

    It must hold no traceback, and nothing may have asked for a session where there was none: what
    asks so gets defaults in place of what the reader chose.
    """
    port = free_port()
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless", "true"]
    command += ["--server.port", str(port), "--server.fileWatcherType", "none"]
    with log.open("w") as out:
        server = subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=subprocess.STDOUT)
        url = f"http://127.0.0.1:{port}"
        try:
            _wait_until_healthy(port, log)
            yield url
        finally:
            server.terminate()
            server.wait(timeout=20)
    assert "Traceback" not in log.read_text(), log.read_text()[-3000:]
    assert "missing ScriptRunContext" not in log.read_text(), log.read_text()[-3000:]


def _wait_until_healthy(port: int, log: Path) -> None:
    for _ in range(START_SECONDS * 5):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
        try:
            connection.request("GET", "/_stcore/health")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.2)
        finally:
            connection.close()
    pytest.fail(f"the app did not start: {log.read_text()[-2000:]}")


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
