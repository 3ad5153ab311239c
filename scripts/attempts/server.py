"""The server's addresses, headers, sockets and start."""

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

from scripts.attempts.app import SECRET, App, is_alive, wait_for
from scripts.attempts.hostile import CSV, wfdb_record
from scripts.attempts.pages import upload, visit
from scripts.attempts.table import CannotTryError, Outcome, attempt

RUNNING, STARTS = "server", "starts"
_EVIL = "evil.example"
_EXPOSURE = "tests/serving/test_exposure.py"
_HEADERS = "tests/serving/test_headers_and_doors.py"
_START = "tests/serving/test_start.py"
_BOUNDS = "tests/serving/test_upload_bounds.py"
_PROCESS = "tests/workers/test_process.py"
_LISTENING = "0A"


@contextmanager
def started(root: Path, **more: str) -> Iterator[App]:
    """Start an app of its own for one attempt, and end it."""
    with tempfile.TemporaryDirectory() as name:
        app = App(root, Path(name), more)
        try:
            yield app.start()
        finally:
            left = app.children() if app.process is not None else []
            app.stop()
            for pid in filter(is_alive, left):
                os.kill(pid, signal.SIGKILL)


# ---- against a running server


@attempt(RUNNING, "listening address", "the addresses of its port in /proc/net", _EXPOSURE)
def _address(app: App) -> Outcome:
    found = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:]:
            place, state = line.split()[1], line.split()[3]
            address, _, port = place.partition(":")
            if int(port, 16) == app.port and state == _LISTENING:
                found.add(address)
    here = {"0100007F", "00000000000000000000000001000000"}
    words = "this machine only" if found <= here else "every interface, and there is no login"
    return Outcome.of(found and found <= here, words)


@attempt(RUNNING, "rebinding host", "a page's name in Host, plain and for a socket", _EXPOSURE)
def _rebinding(app: App) -> Outcome:
    status = app.ask("/", Host=_EVIL).status
    opened = app.opens_socket(host=_EVIL, origin=f"http://{_EVIL}")
    return Outcome.of(status >= 400 and not opened, f"page {status}, socket opened: {opened}")


@attempt(RUNNING, "cross-origin socket", "another site's Origin", _EXPOSURE)
def _cross_origin(app: App) -> Outcome:
    opened = [
        origin
        for origin in (f"http://{_EVIL}", f"http://localhost.{_EVIL}:{app.port}", "null")
        if app.opens_socket(host=app.host, origin=origin)
    ]
    return Outcome.of(not opened, f"opened for {opened}" if opened else "refused")


@attempt(RUNNING, "XSRF", "PUT of a file without the token", _BOUNDS)
def _xsrf(app: App) -> Outcome:
    asked: list[str] = []
    body = (
        b'--x\r\nContent-Disposition: form-data; name="f"; filename="../../a"\r\n\r\nI\r\n--x--\r\n'
    )
    kind = "multipart/form-data; boundary=x"
    with visit(app) as page:
        page.on("request", lambda request: asked.append(request.url))
        upload(page, {"good.csv": CSV}, "CSV")
        paths = [urlsplit(url).path for url in asked if "/upload_file/" in url]
        if not paths:
            raise CannotTryError("no upload was seen")
        status = app.ask(paths[0] + "x", method="PUT", body=body, Content_Type=kind).status
    return Outcome.of(status in (401, 403), f"answer {status}")


@attempt(RUNNING, "headers", "CSP, frame options and nosniff of page, script and health", _HEADERS)
def _headers(app: App) -> Outcome:
    page = app.ask("/")
    script = page.body.decode().partition('src="./')[2].partition('"')[0]
    policy = page.headers.get("content-security-policy", "")
    there = {
        "CSP": policy,
        "frame options": "frame-ancestors" in policy or "x-frame-options" in page.headers,
    }
    for path in ("/", f"/{script}", "/_stcore/health"):
        name = f"nosniff of {path.rpartition('/')[2][:12] or 'the page'}"
        there[name] = app.ask(path).headers.get("x-content-type-options") == "nosniff"
    missing = [name for name, is_there in there.items() if not is_there]
    return Outcome.of(not missing, f"absent: {', '.join(missing)}" if missing else "all there")


@attempt(RUNNING, "metrics endpoint", "GET /_stcore/metrics", _HEADERS)
def _metrics(app: App) -> Outcome:
    status = app.ask("/_stcore/metrics").status
    return Outcome.of(status >= 400, f"answer {status}")


@attempt(RUNNING, "files of the server", "paths that lead out of its folders", _HEADERS)
def _paths(app: App) -> Outcome:
    paths = (
        "/static/../../requirements.txt",
        "/..%2f..%2frequirements.txt",
        "/app/static/../app.py",
    )
    shown = [p for p in paths if b"streamlit==" in (body := app.ask(p).body) or b"set_page" in body]
    return Outcome.of(not shown, f"shown: {shown}" if shown else "none shown")


@attempt(RUNNING, "outside look-ups", "names and addresses asked for since the start", _START)
def _outside(app: App) -> Outcome:
    app.opens_socket(host=app.host, origin=f"http://{_EVIL}")
    return Outcome.of(not app.outside, "; ".join(app.outside)[:150] or "none")


@attempt(
    RUNNING,
    "reader's process: environment",
    "a secret of the server in its environment",
    _PROCESS,
)
def _environment(app: App) -> Outcome:
    has = [p for p in _workers(app) if SECRET in Path(f"/proc/{p}/environ").read_bytes().decode()]
    return Outcome.of(not has, "the server's whole environment" if has else "not there")


@attempt(
    RUNNING, "reader's process: limits", "CPU time, file size and processes in /proc", _PROCESS
)
def _limits(app: App) -> Outcome:
    free = set()
    for pid in _workers(app):
        rows = Path(f"/proc/{pid}/limits").read_text().splitlines()
        for name in ("Max cpu time", "Max file size", "Max address space"):
            row = next(line for line in rows if line.startswith(name))
            if row[26:].split()[0] == "unlimited":
                free.add(name.removeprefix("Max "))
    return Outcome.of(not free, f"no limit of {', '.join(sorted(free))}" if free else "all limited")


@attempt(
    RUNNING, "reader's process: network", "system call filter, or a network of its own", _PROCESS
)
def _network(app: App) -> Outcome:
    here = Path("/proc/self/ns/net").readlink()
    is_open = []
    for pid in _workers(app):
        filtered = "Seccomp:\t2" in Path(f"/proc/{pid}/status").read_text()
        if not filtered and Path(f"/proc/{pid}/ns/net").readlink() == here:
            is_open.append(pid)
    return Outcome.of(not is_open, "open" if is_open else "closed")


def _workers(app: App) -> list[int]:
    if not wait_for(app.workers, 60):
        raise CannotTryError("there is no reading process")
    return app.workers()


# ---- each with a server of its own


@attempt(STARTS, "first run on a desktop", "no settings in HOME, a terminal, a display", _START)
def _first_run(root: Path) -> Outcome:
    with tempfile.TemporaryDirectory() as name:
        app = App(root, Path(name), {"DISPLAY": ":99"}).start(wait=False)
        try:
            app.wait()
            asked = "email" in app.log.lower()
        except CannotTryError:
            asked = "email" in app.log.lower()
            if not asked:
                raise
        finally:
            app.stop(signal.SIGKILL)
        return Outcome.of(not asked, "asks for an e-mail address" if asked else "asks nothing")


@attempt(
    STARTS,
    "kill -9 while a reader hangs",
    "reading process stopped, server killed, started again later",
    _PROCESS,
)
def _killed(root: Path) -> Outcome:
    with tempfile.TemporaryDirectory() as name:
        app = App(root, Path(name)).start()
        _open_session(app)
        workers = _workers(app)
        for pid in workers:
            os.kill(pid, signal.SIGSTOP)  # hangs, and notices nothing
        app.stop(signal.SIGKILL)
        wait_for(lambda: not any(map(is_alive, workers)), 15)
        orphans = [pid for pid in workers if is_alive(pid)]
        for pid in orphans:
            os.kill(pid, signal.SIGKILL)
        before = set(app.temporary.iterdir())
        for folder in before:  # a young one may be another server's that is about to lock it
            os.utime(folder, (0, 0))
        app.start()
        _open_session(app)
        _workers(app)
        time.sleep(3)
        left = before & set(app.temporary.iterdir())
        app.stop()
    words = f"{len(orphans)} orphans, {len(left)} old temporary folders after the next start"
    return Outcome.of(not orphans and not left, words)


def _open_session(app: App) -> None:
    """Have a file read, so that reading processes are there and ready."""
    with visit(app) as page:
        upload(page, {"good.csv": CSV}, r"good\.csv: CSV")
        page.wait_for_timeout(5000)


@attempt(STARTS, "full disk", "the temporary folder fills up, then a good file", _PROCESS)
def _full_disk(root: Path) -> Outcome:
    return _starved(root, "size=256k,nr_inodes=4000", full=_fill)


@attempt(STARTS, "no inodes", "the temporary folder takes no new file, then a good file", _PROCESS)
def _no_inodes(root: Path) -> Outcome:
    return _starved(root, "size=4m,nr_inodes=60", full=_crowd)


def _starved(root: Path, options: str, *, full: Callable[[Path], None]) -> Outcome:
    with (
        tempfile.TemporaryDirectory() as name,
        _small(Path(name), options) as small,
        started(root, TMPDIR=str(small)) as app,
        visit(app) as page,
    ):
        # What decodes this format reads files alone; twice, for the folder is chosen at the first.
        upload(page, wfdb_record("a"), r"a\.hea: WFDB")
        for _ in range(2):
            page.get_by_test_id("stFileChipDeleteBtn").first.click()
            page.wait_for_timeout(1000)
        full(small)
        said = upload(page, wfdb_record("b"), r"b\.hea|2 files|disk|folder")
    blamed = "damaged" in said or "too much memory" in said
    return Outcome.of(not blamed, said)


@contextmanager
def _small(folder: Path, options: str) -> Iterator[Path]:
    """Mount a small file system of its own."""
    command = ["mount", "-t", "tmpfs", "-o", options, "none", str(folder)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        raise CannotTryError("no file system may be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=False)


def _fill(folder: Path) -> None:
    with (folder / "full").open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))


def _crowd(folder: Path) -> None:
    with suppress(OSError):
        for number in range(10_000):
            (folder / f"{number}.txt").touch()
