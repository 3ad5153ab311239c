"""What a person waits for, in a real browser: prints a table.

    .venv/bin/python -m benchmarks.app [--repeats 7] [--chromium PATH]

Starts the app, drives it in Chromium, and measures: start to healthy, first page to first trace,
case chosen to trace drawn, overlay switched, bytes sent for a 12-lead sheet, one prediction in a
running process, and the server's peak memory with one session.
"""

import argparse
import http.client
import json
import shutil
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Locator, Page, sync_playwright

from ecgcore.explain import explain
from ecgcore.inference import load_model, predict, use_threads
from ecgcore.render.figure import figure
from ecgcore.render.paper import PaperSettings, lay_out
from ecgcore.simulate.cases import DEMONSTRATION_NUMBERS, make_demonstration_case
from ecgcore.study import Study

ROOT = Path(__file__).resolve().parents[1]
DRAWN = ".ecg-viewer[data-drawn]"
# Demonstration cases with a clear first finding: right bundle branch block, ventricular ectopy.
CASES = ("rbbb", "pvc")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--chromium", default=shutil.which("chromium"))
    args = parser.parse_args()
    rows: list[tuple[str, list[float], str]] = []
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    began = time.perf_counter()
    server = start(port)
    try:
        wait_until_healthy(port)
        rows.append(("start to serving", [time.perf_counter() - began], "s"))
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=args.chromium, args=["--no-sandbox", "--disable-gpu"]
            )
            rows += in_browser(browser, f"http://127.0.0.1:{port}", args.repeats)
            browser.close()
        rows.append(("server, peak memory", [peak_mb(server.pid)], "MB"))
    finally:
        server.terminate()
        server.wait()
    rows += in_process(args.repeats)
    for name, values, unit in rows:
        spread = f"{min(values):.3f} to {max(values):.3f}" if len(values) > 1 else ""
        print(f"{name:52s} {statistics.median(values):9.3f} {unit:3s} {spread}")


def start(port: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless", "true"]
    command += ["--server.port", str(port)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)


def wait_until_healthy(port: int) -> None:
    for _ in range(600):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
        try:
            connection.request("GET", "/_stcore/health")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.05)
        finally:
            connection.close()
    raise SystemExit("the app did not start")


def in_browser(browser: Browser, url: str, repeats: int) -> list[tuple[str, list[float], str]]:
    page = browser.new_page(viewport={"width": 1500, "height": 950})
    received: list[int] = []
    page.on("websocket", lambda ws: ws.on("framereceived", lambda data: received.append(len(data))))
    began = time.perf_counter()
    page.goto(url)
    choose(page, "normal")
    page.wait_for_selector(DRAWN)
    rows = [
        ("first page to first trace (cold, models loading)", [time.perf_counter() - began], "s")
    ]
    page.wait_for_selector(".ecg-finding")
    opened, switched, sizes = [], [], []
    for repeat in range(repeats):
        page.get_by_role("link", name="Open").click()
        page.get_by_role("button", name="Read", exact=True).first.wait_for()
        page.wait_for_timeout(700)
        before = page.evaluate("window.__case ?? null")
        received.clear()
        key = CASES[repeat % len(CASES)]
        opened.append(timed(lambda k=key: choose(page, k), lambda c=before: new_case(page, c)))
        sizes.append(max(received) / 1e6)
        page.evaluate("window.__case = document.querySelector('.ecg-viewer').dataset.case")
        finding = page.locator(".ecg-finding").first
        for _ in range(2):  # shown, which computes the map, and put away again
            clicked(page, finding)
            page.wait_for_timeout(700)
        switched.append(timed(lambda f=finding: clicked(page, f), lambda: None))
    rows.append(("case chosen to trace drawn", opened, "s"))
    rows.append(("overlay switched (map computed before)", switched, "s"))
    rows.append(("largest message of a 12-lead sheet", sizes, "MB"))
    return rows


def choose(page: Page, key: str) -> None:
    # By its key: while the page is built, the first button is not always that of the first case.
    page.locator(f".st-key-demo_{DEMONSTRATION_NUMBERS[key]} button").click()


def timed(act: Callable[[], object], wait: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    wait()
    return time.perf_counter() - began


def new_case(page: Page, before: str | None) -> None:
    page.wait_for_function(
        "before => { const v = document.querySelector('.ecg-viewer');"
        " return v?.dataset.drawn && v.dataset.case !== before; }",
        arg=before,
    )


def clicked(page: Page, finding: Locator) -> None:
    """Click a finding and wait until the paper is drawn again."""
    before = page.locator(".ecg-viewer").get_attribute("data-drawn")
    finding.click()
    page.wait_for_function(
        "before => document.querySelector('.ecg-viewer').dataset.drawn !== before", arg=before
    )


def peak_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return float(line.split()[1]) / 1024


def in_process(repeats: int) -> list[tuple[str, list[float], str]]:
    use_threads(1)
    model = load_model()
    recording = make_demonstration_case("pvc").recording
    sheet = lay_out(recording.leads, recording.duration_s, PaperSettings())
    predict(model, recording)
    tasks: dict[str, Callable[[], object]] = {
        "predict, one 10 s record, warm": lambda: predict(model, recording),
        "Grad-CAM with its checks": lambda: explain(
            model, Study(recording), "PVC", method="hirescam"
        ),
        "figure of a sheet, as JSON": lambda: json.dumps(figure(recording, sheet)),
    }
    return [
        (name, [1000 * timed(task, lambda: None) for _ in range(3 * repeats)], "ms")
        for name, task in tasks.items()
    ]


if __name__ == "__main__":
    main()
