"""What a person waits for, in a real browser: prints a table with the aims of the desk.

    .venv/bin/python -m benchmarks.app [--repeats 3] [--chromium PATH]

Starts the app, drives it in Chromium, and measures: start to serving, first page to first trace,
case to trace, to measurements and statements, each overlay (after the case has been open for some
seconds, and at once with its checks), page to page, bytes sent for a case, controls that are
visible on the desk, and the server's peak memory with one session. Each case is read for the first
time: what is computed for a demonstration case is kept for all readers.
"""

import argparse
import http.client
import json
import re
import shutil
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from ecgcore.explain import explain
from ecgcore.inference import load_model, predict, use_threads
from ecgcore.render.figure import figure
from ecgcore.render.paper import PaperSettings, lay_out
from ecgcore.simulate.cases import (
    DEMONSTRATION_CASES,
    DEMONSTRATION_NUMBERS,
    make_demonstration_case,
)
from ecgcore.study import Study

ROOT = Path(__file__).resolve().parents[1]
DRAWN = ".ecg-viewer[data-drawn]"
OVERLAYS = {"why": "2", "leads": "3", "unusual": "4", "attention": "5", "waves": "6"}
OPEN_MS = 3_000
# What is computed ahead, on a busy machine.
READY_MS = 60_000
# A segmented group, a strip of values, a list of statements or a drop-down counts as one control,
# and so does what opens a menu.
CONTROLS = """() => {
  const within = 'button, input, select, textarea, [role=slider], summary';
  const groups = '.ecg-group, .ecg-strip, .ecg-rail-list, [role=radiogroup], .stSelectbox';
  const seen = [...document.querySelectorAll('.st-key-desk')].flatMap(
    (desk) => [...desk.querySelectorAll(within)]).filter((node) => node.checkVisibility());
  return new Set(seen.map((node) => node.closest(groups) ?? node)).size;
}"""
# Notes when the paper, the measurements and the statements followed what is pressed next: these are
# made anew with each answer.  The desk's keys reach no other listener.
WATCH = """() => {
  const find = (selector) => document.querySelector(selector);
  const viewer = () => find('.st-key-desk_paper .ecg-viewer')?.dataset ?? {};
  const parts = { strip: () => find('.ecg-strip')?.firstChild,
    statements: () => find('.ecg-rail-list')?.firstChild };
  const was = { trace: viewer().case, strip: parts.strip(), statements: parts.statements() };
  const took = (window.__took = {});
  const from = performance.now();
  const note = (name) => { took[name] ??= (performance.now() - from) / 1000; };
  const look = () => {
    if (window.__took !== took) return;
    const { case: now, drawn, layer, overlay } = viewer();
    if (drawn && now !== was.trace) note('trace');
    if (layer) note(overlay);
    for (const name of Object.keys(parts)) {
      const part = parts[name]();
      if (part && part !== was[name]) note(name);
    }
    requestAnimationFrame(look);
  };
  look();
}"""
READ = "() => window.__took.trace && window.__took.strip && window.__took.statements"


@dataclass
class Figures:
    """What was measured, in the order in which it is printed.

    Attributes
    ----------
    values : dict of str to list of float
    units, aims : dict of str to str
    """

    values: dict[str, list[float]] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)
    aims: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, value: float, *, unit: str = "s", aim: str = "") -> None:
        """Add one value."""
        self.values.setdefault(name, []).append(value)
        self.units[name], self.aims[name] = unit, aim

    def show(self) -> None:
        """Print median, range and aim of each."""
        for name, values in self.values.items():
            spread = f"{min(values):.3f} to {max(values):.3f}" if len(values) > 1 else ""
            middle = f"{statistics.median(values):9.3f} {self.units[name]:3s}"
            print(f"{name:52s} {middle} {spread:18s} {self.aims[name]}".rstrip())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--chromium", default=shutil.which("chromium"))
    args = parser.parse_args()
    found = Figures()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    began = time.perf_counter()
    server = start(port)
    try:
        wait_until_healthy(port)
        found.add("start to serving", time.perf_counter() - began)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=args.chromium, args=["--no-sandbox", "--disable-gpu"]
            )
            measure_browser(found, browser, f"http://127.0.0.1:{port}", args.repeats)
            browser.close()
        found.add("server, peak memory", peak_mb(server.pid), unit="MB")
    finally:
        server.terminate()
        server.wait()
    measure_process(found, args.repeats)
    found.show()


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


# ---- in the browser ------------------------------------------------------------------------


def measure_browser(found: Figures, browser: Browser, url: str, repeats: int) -> None:
    page = browser.new_page(viewport={"width": 1500, "height": 950})
    page.set_default_timeout(READY_MS)
    received: list[int] = []
    page.on("websocket", lambda ws: ws.on("framereceived", lambda data: received.append(len(data))))
    began = time.perf_counter()
    page.goto(url)
    choose(page, "normal")
    page.wait_for_selector(DRAWN)
    took = time.perf_counter() - began
    found.add("first page to first trace, cold", took, aim="with the start < 4")
    page.locator(".ecg-statement").first.wait_for()
    found.add("controls visible on the desk", page.evaluate(CONTROLS), unit="", aim="at most 14")
    # Every case below is new, and one after the other: twelve leads, ten seconds.
    numbers = iter(list_numbers())
    measure_ready(found, page, numbers, repeats, received)
    measure_cold(found, page, numbers)
    measure_pages(found, page, repeats)


def list_numbers() -> list[int]:
    """Return the numbers of the 12-lead cases of 10 s that follow one that can be open."""
    made = [make_demonstration_case(case.key).recording for case in DEMONSTRATION_CASES]
    plain = [one.n_leads == 12 and one.duration_s < 11 for one in made]
    return [at + 1 for at, ok in enumerate(plain) if ok and at]


def measure_ready(
    found: Figures, page: Page, numbers: Iterator[int], repeats: int, received: list[int]
) -> None:
    """Go to the next case, read it for some seconds, then look at every overlay."""
    for _ in range(repeats):
        stand_before(page, next(numbers))
        received.clear()
        page.evaluate(WATCH)
        page.keyboard.press(".")
        page.wait_for_function(READ)
        took = page.evaluate("window.__took")
        found.add("next case to trace", took["trace"], aim="< 0.3")
        both = max(took["strip"], took["statements"])
        found.add("next case to measurements and statements", both, aim="< 1.0")
        found.add("sent for a case", sum(received) / 1e6, unit="MB", aim="< 0.3")
        page.wait_for_timeout(OPEN_MS)
        for name in OVERLAYS:
            measure_overlay(found, page, name, f"overlay {name}, open for 3 s", "< 0.15")
        page.keyboard.press("1")
        page.wait_for_timeout(500)


def measure_cold(found: Figures, page: Page, numbers: Iterator[int]) -> None:
    """Press each overlay's key as soon as a new case has its statements."""
    for name in OVERLAYS:
        stand_before(page, next(numbers))
        page.evaluate(WATCH)
        page.keyboard.press(".")
        page.wait_for_function(READ)
        measure_overlay(found, page, name, f"overlay {name}, cold with checks", "< 0.8")
        page.keyboard.press("1")
        page.wait_for_timeout(500)


def measure_overlay(found: Figures, page: Page, overlay: str, name: str, aim: str) -> None:
    page.evaluate(WATCH)
    page.keyboard.press(OVERLAYS[overlay])
    page.wait_for_function("name => window.__took[name]", arg=overlay)
    found.add(name, page.evaluate("name => window.__took[name]", overlay), aim=aim)
    page.wait_for_timeout(500)


def stand_before(page: Page, number: int) -> None:
    """Put the case before this one on the desk, and let it come to rest."""
    title = f"Case {number - 1}"
    if page.locator(".ecg-who span", has_text=re.compile(f"^{title}$")).count() == 0:
        page.get_by_role("link", name="Worklist").click()
        choose(page, DEMONSTRATION_CASES[number - 2].key)
        page.wait_for_selector(DRAWN)
    page.locator("[data-test-script-state=notRunning]").wait_for()


def measure_pages(found: Figures, page: Page, repeats: int) -> None:
    """Go round the pages; the first round is not counted."""
    ends = {
        "Models": "h3:has-text('Performance')",
        "Worklist": ".st-key-demo_1 button",
        "Read": DRAWN,
    }
    for turn in range(repeats + 1):
        for name, end in ends.items():
            page.wait_for_timeout(1000)
            link = page.get_by_role("link", name=name, exact=True).first
            took = timed(link.click, page.locator(end).first.wait_for)
            if turn:
                found.add(f"to page {name}", took, aim="< 0.4")


def choose(page: Page, key: str) -> None:
    # By its key: while the page is built, the first button is not always that of the first case.
    page.locator(f".st-key-demo_{DEMONSTRATION_NUMBERS[key]} button").click()


def timed(act: Callable[[], object], wait: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    wait()
    return time.perf_counter() - began


def peak_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return float(line.split()[1]) / 1024


# ---- in this process -----------------------------------------------------------------------


def measure_process(found: Figures, repeats: int) -> None:
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
    for name, task in tasks.items():
        for _ in range(3 * repeats):
            found.add(name, 1000 * timed(task, lambda: None), unit="ms")


if __name__ == "__main__":
    main()
