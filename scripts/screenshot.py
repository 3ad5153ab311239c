"""Take pictures of the running app in Chromium: those of the documents, or every page in full.

.venv/bin/python -m scripts.screenshot [--case pvc] [--out docs/images]
.venv/bin/python -m scripts.screenshot --pages FOLDER [--widths 1366 430]

Only simulated cases are shown.
"""

import argparse
import io
import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from benchmarks.app import DRAWN, OVERLAYS, choose, start, wait_until_healthy
from ecgcore.simulate.cases import DEMONSTRATION_NUMBERS

DESK_PX = {"width": 1500, "height": 950}
VIEWS = ("Cards", "Population", "Single-lead study", "Method comparison")
# Its lead values pass their check; those of the premature complexes do not.
LEADS_CASE = 8
# What a page computes beside its first run, on a busy machine.
SETTLED_MS = 12_000
# Of a picture in the documents: a screenshot has few colours.
_COLOURS = 128


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--case", default="pvc")
    parser.add_argument("--out", type=Path, default=Path("docs/images"))
    parser.add_argument("--pages", type=Path, help="folder for a picture of every page")
    parser.add_argument("--widths", type=int, nargs="+", default=[1366, 430])
    args = parser.parse_args()
    with open_app() as page:
        if args.pages:
            take_pages(page, args.case, args.pages, args.widths)
        else:
            take_desk(page, args.case, args.out)


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
            page = browser.new_page(viewport=DESK_PX)
            page.set_default_timeout(60_000)
            page.goto(f"http://127.0.0.1:{port}")
            yield page
            browser.close()
    finally:
        server.terminate()
        server.wait()


def take_desk(page: Page, case: str, folder: Path) -> None:
    """Take the desk alone, and with each overlay."""
    folder.mkdir(parents=True, exist_ok=True)
    open_desk(page, case)
    page.wait_for_timeout(SETTLED_MS)
    take_small(page, folder / "desk.png")
    for overlay in sorted(OVERLAYS, key="leads".__eq__):
        if overlay == "leads":
            page.get_by_role("link", name="Worklist", exact=True).click()
            open_desk(page, LEADS_CASE)
        show_overlay(page, overlay)
        take_small(page, folder / f"desk-{overlay}.png")


def open_desk(page: Page, case: str) -> None:
    choose(page, case)
    page.wait_for_selector(DRAWN)
    page.locator(".ecg-statement").first.wait_for()


def show_overlay(page: Page, overlay: str) -> None:
    page.keyboard.press(OVERLAYS[overlay])
    page.locator(f".ecg-viewer[data-overlay={overlay}]:not([data-layer=''])").wait_for()
    page.wait_for_timeout(2500)


def take_small(page: Page, path: Path) -> None:
    """Write what is on the screen with few colours, and so in few bytes."""
    taken = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    taken.quantize(_COLOURS).save(path, optimize=True)


def take_pages(page: Page, case: str, folder: Path, widths: list[int]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    page.locator(f".st-key-demo_{DEMONSTRATION_NUMBERS[case]} button").wait_for()
    take_widths(page, folder / "worklist", widths, lambda: None)
    open_desk(page, case)
    take_widths(page, folder / "read", widths, lambda: None)
    for overlay in OVERLAYS:
        take_widths(page, folder / overlay, widths, lambda o=overlay: show_overlay(page, o))
    for view in VIEWS:
        name = view.replace(" ", "_").lower()
        take_widths(page, folder / name, widths, lambda v=view: show_view(page, v))


def show_view(page: Page, view: str) -> None:
    page.get_by_role("link", name="Models", exact=True).click()
    page.get_by_role("radio", name=view, exact=True).click()


def take_widths(page: Page, stem: Path, widths: list[int], act: Callable[[], None]) -> None:
    page.set_viewport_size(DESK_PX)
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
