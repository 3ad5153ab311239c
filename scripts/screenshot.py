"""Take pictures of the running app in Chromium: the README's, or every page in full.

.venv/bin/python -m scripts.screenshot [--case pvc] [--out docs/images/review.png]
.venv/bin/python -m scripts.screenshot --pages FOLDER [--widths 1366 430]

Only simulated cases are shown.
"""

import argparse
import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from benchmarks.app import DRAWN, choose, start, wait_until_healthy
from ecgcore.simulate.cases import DEMONSTRATION_NUMBERS

PAGES = (
    "Review",
    "Explain",
    "Measure",
    "Single lead",
    "Waveform attention",
    "Anomaly",
    "Model card",
    "Population",
)
# What a page computes beside its first run, on a busy machine.
SETTLED_MS = 12_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--case", default="pvc")
    parser.add_argument("--out", type=Path, default=Path("docs/images/review.png"))
    parser.add_argument("--pages", type=Path, help="folder for a picture of every page")
    parser.add_argument("--widths", type=int, nargs="+", default=[1366, 430])
    args = parser.parse_args()
    with open_app() as page:
        if args.pages:
            take_pages(page, args.case, args.pages, args.widths)
        else:
            take_review(page, args.case, args.out)


@contextmanager
def open_app() -> Iterator[Page]:
    """Serve the app on a free port and open it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = start(port)
    try:
        wait_until_healthy(port)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
            )
            page = browser.new_page(viewport={"width": 1440, "height": 860})
            page.set_default_timeout(60_000)
            page.goto(f"http://127.0.0.1:{port}")
            yield page
            browser.close()
    finally:
        server.terminate()
        server.wait()


def take_review(page: Page, case: str, out: Path) -> None:
    choose(page, case)
    page.wait_for_selector(DRAWN)
    page.locator(".ecg-finding").first.click()
    page.locator(".ecg-legend-label").wait_for()
    page.wait_for_timeout(1500)
    page.screenshot(path=out)


def take_pages(page: Page, case: str, folder: Path, widths: list[int]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    page.locator(f".st-key-demo_{DEMONSTRATION_NUMBERS[case]} button").wait_for()
    take_widths(page, folder / "open", widths, lambda: None)
    choose(page, case)
    page.wait_for_selector(DRAWN)
    for name in PAGES:
        take_widths(page, folder / name.replace(" ", "_").lower(), widths, open_page(page, name))


def open_page(page: Page, name: str) -> Callable[[], None]:
    return lambda: page.get_by_role("link", name=name, exact=True).click()


def take_widths(page: Page, stem: Path, widths: list[int], act: Callable[[], None]) -> None:
    page.set_viewport_size({"width": 1440, "height": 860})
    page.wait_for_timeout(500)
    act()
    page.wait_for_timeout(SETTLED_MS)
    for width in widths:
        # The page scrolls inside itself: only a high window shows all of it.
        page.set_viewport_size({"width": width, "height": 3000})
        page.wait_for_timeout(2500)
        page.screenshot(path=stem.with_name(f"{stem.name}_{width}.png"))


if __name__ == "__main__":
    main()
