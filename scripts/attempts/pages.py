"""What a person's browser meets: uploads, links, other sessions, the printed sheet."""

import io
import json
import os
import re
import shutil
import signal
import tempfile
import time
import urllib.request
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import numpy as np
import pydicom
import pypdfium2
from playwright.sync_api import Browser, Error, Page, expect, sync_playwright

from ecgcore.readers import write_dicom
from ecgcore.recording import Recording
from scripts.attempts import hostile
from scripts.attempts.app import App, wait_for
from scripts.attempts.table import CannotTryError, Outcome, attempt
from tests.browser.conftest import ARGUMENTS
from tests.browser.opening import read_case
from tests.browser.test_hostile_uploads import LINK, SCRIPT, laughs, npz_bomb
from tests.browser.test_serving_journey import go_everywhere

GROUP, HEAVY = "pages", "heavy"
SLOW_MS = 90_000
VIEWER = ".ecg-viewer[data-drawn]"
_HOSTILE = "tests/browser/test_hostile_uploads.py"
_WORDS = "tests/browser/test_words_of_a_file.py"
_MEDIA = "tests/serving/test_media_of_a_session.py"
_BOUNDS = "tests/serving/test_upload_bounds.py"
_PROCESS = "tests/workers/test_process.py"
_POOL = "tests/workers/test_pool.py"
_JOURNEY = "tests/browser/test_journey.py"
_NAME = "SURNAME^PLANTED"
_ADDRESSES = ("www.evil.example", "http://evil.example/a", "a@evil.example")


@cache
def browser() -> Browser:
    """Return the one Chromium of this run."""
    found = os.environ.get("ECG_CHROMIUM") or shutil.which("chromium") or shutil.which("chrome")
    if found is None:
        raise CannotTryError("there is no Chromium")
    return sync_playwright().start().chromium.launch(executable_path=found, args=ARGUMENTS)


@contextmanager
def visit(app: App) -> Iterator[Page]:
    """Open the app as a new reader."""
    context = browser().new_context(viewport={"width": 1500, "height": 950})
    page = context.new_page()
    page.set_default_timeout(SLOW_MS)
    try:
        page.goto(app.url)
        expect(page.locator("input[type=file]")).to_have_count(1, timeout=SLOW_MS)
        yield page
    finally:
        context.close()


def upload(page: Page, files: Mapping[str, bytes], words: str) -> str:
    """Give files to the page; return the message that has these words."""
    given = [
        {"name": name, "mimeType": "application/octet-stream", "buffer": content}
        for name, content in files.items()
    ]
    page.locator("input[type=file]").set_input_files(given)  # type: ignore[arg-type]
    message = page.get_by_test_id("stText").filter(has_text=re.compile(words)).first
    expect(message).to_be_visible(timeout=SLOW_MS)
    return message.inner_text()


def as_json(*leads: str, **more: object) -> bytes:
    """Return a JSON recording with these leads."""
    wave = np.round(np.sin(np.arange(1500) / 40), 3).tolist()
    drawn = dict.fromkeys(leads, wave)
    return json.dumps({"fs": 300, "unit": "mV", "leads": drawn, **more}).encode()


@attempt(GROUP, "HTML and Markdown in names and leads", "script, link, picture", _HOSTILE)
def _markup(app: App) -> Outcome:
    with visit(app) as page:
        content = as_json(
            "I", "II", "<img src=x onerror=window.__pwned=1>", LINK[:32], device=SCRIPT
        )
        upload(page, {"<b>odd<b> [x](http://evil.example).json": content}, "JSON")
        page.get_by_role("button", name="Read this ECG").click()
        page.wait_for_selector(VIEWER)
        ran = page.evaluate("window.__pwned") is not None
        live = page.locator("a[href*='evil.example'], a[href^='javascript'], img[src='x']").count()
    return Outcome.of(not ran and not live, f"script ran: {ran}, live elements: {live}")


@attempt(GROUP, "bare address in a lead's name", "three addresses as leads, on every page", _WORDS)
def _bare_addresses(app: App) -> Outcome:
    live: list[str] = []
    with visit(app) as page:
        # WFDB keeps a lead's name as it is written.
        upload(page, hostile.wfdb_record("r", "I", *_ADDRESSES, comment=_ADDRESSES[1]), "WFDB")
        page.wait_for_timeout(1500)
        live += _links(page, "Worklist")
        page.get_by_role("button", name="Read this ECG").click()
        page.wait_for_selector(VIEWER)
        for name in go_everywhere(page):
            live += _links(page, name)
    return Outcome.of(not live, f"{len(live)} live links: {live[0]}" if live else "no link")


def _links(page: Page, name: str) -> list[str]:
    found = page.locator("a[href*='evil.example']")
    return [f"{found.nth(n).get_attribute('href')} on {name}" for n in range(found.count())]


@attempt(
    GROUP, "hostile files at the page", "bomb, laughs, pickle, empty; then a good one", _HOSTILE
)
def _page_survives(app: App) -> Outcome:
    with visit(app) as page:
        for name, content, words in (
            ("bomb.npz", npz_bomb(), "expands"),
            ("laughs.xml", laughs(), "entities"),
            ("empty.scp", b"", "empty"),
            ("deep.json", hostile.deep_json(50_000), "deeply nested"),
        ):
            upload(page, {name: content}, words)
            page.get_by_test_id("stFileChipDeleteBtn").first.click()
            expect(page.get_by_test_id("stText").filter(has_text=words)).to_have_count(0)
        said = upload(page, {"good.csv": hostile.CSV}, r"good\.csv: CSV")
    return Outcome.of("CSV" in said, f"{said[:80]} after four refusals")


@attempt(GROUP, "two files of one name", "the same name from two folders", _HOSTILE)
def _one_name(app: App) -> Outcome:
    with visit(app) as page, tempfile.TemporaryDirectory() as folder:
        paths = []
        for number, lead in enumerate(("I", "II")):
            path = Path(folder) / str(number) / "same.json"
            path.parent.mkdir()
            path.write_bytes(as_json(lead))
            paths.append(str(path))
        page.locator("input[type=file]").set_input_files(paths)
        rows = page.get_by_test_id("stText").filter(has_text=re.compile("JSON, lead"))
        rows.first.wait_for()
        page.wait_for_timeout(3000)
        both = rows.count() > 1 or page.get_by_text("2 recordings were read").count() > 0
    return Outcome.of(both, "both offered" if both else "one offered")


@attempt(GROUP, "sessions apart", "a second browser, the same pages", _MEDIA)
def _apart(app: App) -> Outcome:
    with visit(app) as mine, visit(app) as other:
        upload(mine, {f"{_NAME}.json": as_json("I", "II")}, "JSON")
        mine.get_by_role("button", name="Read this ECG").click()
        mine.wait_for_selector(VIEWER)
        other.get_by_role("link", name="Read", exact=True).click()
        other.wait_for_timeout(3000)
        seen = _NAME in other.content()
    return Outcome.of(not seen, "seen by the other" if seen else "not seen")


@attempt(
    GROUP,
    "identity",
    "a name in a file, looked for on page, log and disk",
    "tests/ui/test_saving.py",
)
def _identity(app: App) -> Outcome:
    with tempfile.TemporaryDirectory() as folder:
        noise = np.random.default_rng(0).normal(0, 0.2, (2, 3000))
        path = write_dicom(Recording(noise, 500.0, ("I", "II")), Path(folder) / "a.dcm")
        data = pydicom.dcmread(path)
        data.PatientName, data.PatientID = _NAME, "PLANTED-ID"
        data.PatientBirthDate = "19500102"
        data.save_as(path)
        with visit(app) as page:
            upload(page, {"a.dcm": path.read_bytes()}, "DICOM")
            page.get_by_role("button", name="Read this ECG").click()
            page.wait_for_selector(VIEWER)
            shown = "PLANTED" in page.content()
    on_disk = [
        p.name for p in app.temporary.rglob("*") if p.is_file() and b"PLANTED" in p.read_bytes()
    ]
    told = "PLANTED" in app.log
    words = f"page {shown}, log {told}, disk {bool(on_disk)}"
    return Outcome.of(not (shown or told or on_disk), words)


@attempt(
    GROUP, "address of the PDF", "its address without cookie, and after the tab is closed", _MEDIA
)
def _media(app: App) -> Outcome:
    asked: list[str] = []
    with visit(app) as page:
        page.on("request", lambda request: asked.append(request.url))
        read_case(page, "normal")
        page.wait_for_selector(VIEWER)
        with page.expect_download() as waiting:
            page.get_by_role("button", name=re.compile("PDF")).first.click()
        Path(waiting.value.path())
        urls = sorted({url for url in [*asked, waiting.value.url] if "/media/" in url})
        without = [url for url in urls if _fetches(url)]
    after = [url for url in urls if _fetches(url)]
    words = f"{len(urls)} addresses: {len(without)} without cookie, {len(after)} after closing"
    return Outcome.of(not without and not after, words)


def _fetches(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=20) as got:  # noqa: S310 - this machine's own
            return bool(got.status == 200)
    except OSError:
        return False


@attempt(
    GROUP,
    "file name printed",
    "a patient's name as file name, on the sheet",
    "tests/render/test_pdf.py",
)
def _printed_name(app: App) -> Outcome:
    with visit(app) as page:
        upload(page, {f"{_NAME}.json": as_json("I", "II", "V1")}, "JSON")
        page.get_by_role("button", name="Read this ECG").click()
        page.wait_for_selector(VIEWER)
        with page.expect_download() as waiting:
            page.get_by_role("button", name=re.compile("PDF")).first.click()
        sheet = pypdfium2.PdfDocument(waiting.value.path())
        text = sheet[0].get_textpage().get_text_bounded()
        named = _NAME in waiting.value.suggested_filename
    printed = "PLANTED" in text
    return Outcome.of(not printed and not named, "printed" if printed else "not printed")


@attempt(GROUP, "reload", "a case open and one verdict given, then F5", _JOURNEY)
def _reload(app: App) -> Outcome:
    with visit(app) as page:
        read_case(page, "sinus-tachycardia")
        page.wait_for_selector(VIEWER)
        page.reload()
        try:
            page.wait_for_selector(VIEWER, timeout=20_000)
            kept = True
        except Error:
            kept = False
    return Outcome.of(kept, "the case is there again" if kept else "the case is gone")


@attempt(GROUP, "10 s offline", "the network taken away from an open case", _JOURNEY)
def _offline(app: App) -> Outcome:
    with visit(app) as page:
        read_case(page, "normal")
        page.wait_for_selector(VIEWER)
        page.context.set_offline(offline=True)
        page.wait_for_timeout(10_000)
        page.context.set_offline(offline=False)
        page.wait_for_timeout(4000)
        kept = page.locator(VIEWER).count() > 0 and page.get_by_text("Case 1").count() > 0
    return Outcome.of(kept, "the case stays" if kept else "the case is gone")


@attempt(
    GROUP,
    "a reader that hangs",
    "reading process stopped, 5 MB sent to it",
    _PROCESS,
)
def _hanging(app: App) -> Outcome:
    with visit(app) as page:
        if not wait_for(app.workers, 60):
            raise CannotTryError("there is no reading process")
        for pid in app.workers():
            os.kill(pid, signal.SIGSTOP)
        stopped = app.workers()
        try:
            said = upload(page, {"big.csv": hostile.large_csv(5 * hostile.MIB)}, r"big\.csv|longer")
            return Outcome.of(True, said[:120])
        except AssertionError:
            return Outcome.of(False, f"no answer within {SLOW_MS // 1000} s")
        finally:
            for pid in stopped:
                _go_on(pid)


def _go_on(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGCONT)
    except ProcessLookupError:
        return


@attempt(
    GROUP,
    "another user's upload",
    "an archive that takes long, then another's small file",
    _POOL,
)
def _neighbour(app: App) -> Outcome:
    rows = hostile.large_csv(50 * hostile.MIB)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("slow.csv", rows)
    with visit(app) as slow, visit(app) as quick:
        slow.locator("input[type=file]").set_input_files(
            [{"name": "slow.zip", "mimeType": "application/zip", "buffer": stream.getvalue()}]
        )
        slow.wait_for_timeout(500)
        begun = time.monotonic()
        upload(quick, {"small.csv": hostile.CSV}, r"small\.csv: CSV")
        waited = time.monotonic() - begun
        read = re.compile(r"slow.*(CSV,|stopped|memory)")
        first = slow.get_by_test_id("stText").filter(has_text=read).count() == 0
    words = (
        f"small file answered after {waited:.1f} s, {'before' if first else 'after'} the large one"
    )
    return Outcome.of(first, words)


@attempt(
    HEAVY,
    "five uploads of 199 MB",
    "one session; memory during, and 200 s after it closed",
    _BOUNDS,
)
def _five(app: App) -> Outcome:
    idle = _warm(app)
    answers: list[int] = []
    with visit(app) as page, tempfile.TemporaryDirectory() as folder:
        page.on("response", lambda got: "upload_file" in got.url and answers.append(got.status))
        paths = []
        for number in range(5):
            path = Path(folder) / f"{number}.bin"
            with path.open("wb") as file:
                file.truncate(199_000_000)
            paths.append(str(path))
        page.locator("input[type=file]").set_input_files(paths)
        for _ in range(90):
            page.wait_for_timeout(1000)
            if len(answers) >= len(paths):
                break
        page.wait_for_timeout(5000)
        most = app.resident("VmHWM")
    if not answers:
        raise CannotTryError("no upload was answered")
    wait_for(lambda: app.resident() - idle < 200 * hostile.MIB, 200, every=5)
    after = app.resident()
    held = most - idle < 1200 * hostile.MIB and after - idle < 200 * hostile.MIB
    mib = [figure // hostile.MIB for figure in (idle, most, after)]
    words = f"answers {sorted(answers)}; {mib[0]} MiB idle, {mib[1]} most, {mib[2]} after"
    return Outcome.of(held, words)


def _warm(app: App) -> int:
    """Visit once, so that what is loaded once is there; return the server's memory."""
    with visit(app) as page:
        read_case(page, "normal")
        page.wait_for_selector(VIEWER)
    time.sleep(5)
    return app.resident()


@attempt(
    HEAVY, "20 million samples of one lead", "an 80 MB array; memory of the server itself", _POOL
)
def _long(app: App) -> Outcome:
    stream = io.BytesIO()
    wave = np.sin(np.arange(20_000_000) / 40).astype(np.float32)
    np.savez(stream, signal=wave, fs=500.0, unit="mV", leads=np.array(["I"]))
    before = _warm(app)
    with visit(app) as page, tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "long.npz"
        path.write_bytes(stream.getvalue())
        page.locator("input[type=file]").set_input_files(str(path))
        message = page.get_by_test_id("stText").filter(has_text="long.npz").first
        message.wait_for(timeout=SLOW_MS)
        page.wait_for_timeout(5000)
        said = message.inner_text()
    most = (app.resident("VmHWM") - before) // hostile.MIB
    return Outcome.of(most < 800, f"{most} MiB more at most; {said[:80]}")
