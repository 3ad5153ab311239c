"""Take the README's picture: a simulated case in the running app, in Chromium.

.venv/bin/python -m scripts.screenshot [--case 10] [--out docs/images/review.png]
"""

import argparse
import shutil
import socket

from playwright.sync_api import sync_playwright

from benchmarks.app import DRAWN, choose, start, wait_until_healthy


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--case", type=int, default=10)
    parser.add_argument("--out", default="docs/images/review.png")
    args = parser.parse_args()
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
            page.goto(f"http://127.0.0.1:{port}")
            choose(page, args.case)
            page.wait_for_selector(DRAWN)
            page.locator(".ecg-finding").first.click()
            page.locator(".ecg-legend-label").wait_for()
            page.wait_for_timeout(1500)
            page.screenshot(path=args.out)
            browser.close()
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main()
