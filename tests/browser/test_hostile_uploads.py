"""The worst files at the upload page: each costs one clear message, and the open case stays."""

import io
import json
import pickle
import re
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from ecgcore.readers import write_dicom
from ecgcore.recording import Recording
from tests.browser.opening import go, read_case, show

pytestmark = pytest.mark.browser

VIEWER = ".ecg-viewer[data-drawn]"
SCRIPT = "<img src=x onerror=window.__pwned=1><script>window.__pwned=1</script>"
LINK = "**b** [x](javascript:alert(1)) <b>bold</b> `c` $x$ :red[r]"
MIB = 2**20
SLOW_MS = 25_000  # a busy machine; it takes some 100 ms


class Trap:
    """Unpickling this would leave a file behind."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., object], tuple[str, str]]:
        return open, (str(self.path), "w")


def zipped(**files: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return stream.getvalue()


def bomb(name: str, head: bytes = b"") -> bytes:
    """An archive of some 200 KB that expands to more than 200 MiB."""
    stream = io.BytesIO()
    with (
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open(name, "w") as member,
    ):
        member.write(head)
        for _ in range(202):
            member.write(bytes(MIB))
    return stream.getvalue()


def npz_bomb() -> bytes:
    stream = io.BytesIO()
    shape = {"descr": "<f8", "fortran_order": False, "shape": (202 * MIB // 8,)}
    np.lib.format.write_array_header_1_0(stream, shape)
    return bomb("signal.npy", stream.getvalue())


def pickled(trap: Trap) -> bytes:
    stream = io.BytesIO()
    np.savez(stream, signal=np.array([trap], dtype=object))
    return stream.getvalue()


def mat_of_an_object(trap: Trap) -> bytes:
    """A MATLAB file whose one variable is an object (class 3) that holds a pickle."""
    content = pickle.dumps(trap)
    content += bytes(-len(content) % 8)
    parts = struct.pack("<4I", 6, 8, 3, 0) + struct.pack("<2I2i", 5, 8, 1, 1)
    parts += struct.pack("<2I8s", 1, 3, b"val") + struct.pack("<2I", 9, len(content)) + content
    head = b"MATLAB 5.0 MAT-file".ljust(124) + b"\x00\x01IM"
    return head + struct.pack("<2I", 14, len(parts)) + parts


def truncated_dicom(folder: Path) -> bytes:
    noise = np.random.default_rng(0).normal(0, 0.2, (2, 2000))
    path = write_dicom(Recording(noise, 500.0, ("I", "II")), folder / "whole.dcm")
    return path.read_bytes()[:-3000]


def laughs() -> bytes:
    rows = [f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">' for i in range(1, 12)]
    entities = "".join(['<!ENTITY a0 "ha">', *rows])
    return f"<!DOCTYPE RestingECG [{entities}]><RestingECG>&a11;</RestingECG>".encode()


def worst(folder: Path, trap: Trap) -> dict[str, tuple[bytes, str]]:
    """Return the worst files by name, each with words of the message that it must get."""
    deep = b'{"leads": ' + b"[" * 50_000 + b"]" * 50_000 + b"}"
    header = b"r 1 500 2000000000\n../../../etc/passwd 16 200/mV 16 0 0 0 0 I\n"
    absurd = b"r 1 500 2000000000\nr.dat 16 200/mV 16 0 0 0 0 I\n"
    slip = zipped(**{"../../../tmp/slip.csv": b"I,II\n" + SCRIPT.encode()})
    table = b"# fs: 500\n# unit: mV\nI,II\n" + b"nan,inf\n0.1,-inf\n" * 300
    aecg = f"<AnnotatedECG><name>{LINK}</name></AnnotatedECG>"
    return {
        f"{SCRIPT.replace('/', '')[:60]}.dcm": (
            np.random.default_rng(0).bytes(5000),
            "Not a supported ECG format",
        ),
        "bomb.zip": (bomb("a.csv"), "expands to more than 200 MB; zip one recording"),
        "bomb.npz": (npz_bomb(), "expands"),
        "laughs.xml": (laughs(), "entities"),
        "pickle.npz": (pickled(trap), "no pickled objects"),
        "object.mat": (mat_of_an_object(trap), "save leads x samples as a plain matrix"),
        "path.hea": (header, "passwd that the header names is missing"),
        "absurd.hea": (absurd, "missing; give it together with the header"),
        "slip.zip": (slip, "slip.csv"),
        "cut.dcm": (truncated_dicom(folder), "truncated|damaged or cut off"),
        "deep.json": (deep, "too deeply nested"),
        "nothing.csv": (table, "600 samples are infinite and are marked as absent"),
        "empty.scp": (b"", "empty"),
        "words.xml": (aecg.encode(), "not well-formed|no series"),
    }


def remove_upload(page: Page) -> None:
    page.locator("[data-testid=stFileChipDeleteBtn]").click()


@pytest.fixture(autouse=True)
def patience(page: Page) -> None:
    page.set_default_timeout(2 * SLOW_MS)


@pytest.fixture
def no_dialog(page: Page) -> list[str]:
    seen: list[str] = []
    page.on("dialog", lambda dialog: (seen.append(dialog.message), dialog.dismiss()))
    return seen


def test_the_worst_files_one_after_the_other(
    page: Page, tmp_path: Path, no_dialog: list[str]
) -> None:
    read_case(page, "normal")
    page.wait_for_selector(VIEWER)
    go(page, "Worklist")
    trap = Trap(tmp_path / "trapped")
    files = worst(tmp_path, trap)
    assert len(files) >= 12
    for name, (data, words) in files.items():
        (tmp_path / name).write_bytes(data)
        page.locator("input[type=file]").set_input_files(str(tmp_path / name))
        message = page.get_by_test_id("stText").filter(has_text=re.compile(words))
        expect(message).to_be_visible()
        assert message.inner_text().endswith("."), message.inner_text()
        remove_upload(page)
        expect(message).to_have_count(0)
    assert page.evaluate("window.__pwned") is None
    assert no_dialog == []
    assert not trap.path.exists()
    go(page, "Read")
    page.wait_for_selector(VIEWER)
    expect(page.get_by_text("Case 1").first).to_be_visible()


def test_all_at_once_each_has_its_own_message(page: Page, tmp_path: Path) -> None:
    files = worst(tmp_path, Trap(tmp_path / "trapped"))
    chosen = [name for name in files if name not in ("bomb.npz", "bomb.zip", "nothing.csv")]
    for name in chosen:
        (tmp_path / name).write_bytes(files[name][0])
    good = tmp_path / "good.csv"
    good.write_text("# fs: 500\n# unit: mV\nI\n" + "0.1\n0.2\n" * 600)
    page.locator("input[type=file]").set_input_files(
        [str(good), *(str(tmp_path / name) for name in chosen)]
    )
    expect(page.get_by_text("good.csv: CSV")).to_be_visible()
    for name in chosen:
        words = f"{files[name][1]}|{re.escape(name)}: Skipped"
        message = page.get_by_test_id("stText").filter(has_text=re.compile(words))
        expect(message.first).to_be_visible()


def test_no_file_of_several_vanishes(page: Page, tmp_path: Path) -> None:
    files = {
        "good.csv": b"# fs: 500\n# unit: mV\nI\n" + b"0.1\n0.2\n" * 600,
        "photo.png": b"\x89PNG\r\n\x1a\n" + bytes(50),
        "other.bin": bytes(range(1, 250)) * 3,
        "lone.dat": bytes(range(1, 250)) * 3,
        "table.xml": b"<Foo>\n" + b"1,2\n" * 200 + b"</Foo>",
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    chosen = [str(tmp_path / name) for name in files]
    page.locator("input[type=file]").set_input_files(chosen)
    expect(page.get_by_text("good.csv: CSV")).to_be_visible()
    for words in (
        r"photo\.png: This is a PNG image",
        r"other\.bin: Not a supported ECG format",
        r"lone\.dat: This may be a WFDB signal file",
        r"table\.xml: This is XML with the root element Foo",
    ):
        expect(page.get_by_test_id("stText").filter(has_text=re.compile(words))).to_be_visible()


def test_a_file_that_was_not_opened_stays_and_can_be_had_again(page: Page, tmp_path: Path) -> None:
    content = b"\x00\x01" * 400 + SCRIPT.encode()
    (tmp_path / "odd.dcm").write_bytes(content)
    page.locator("input[type=file]").set_input_files(str(tmp_path / "odd.dcm"))
    reason = page.get_by_text(re.compile(r"odd\.dcm: Not a supported ECG format"))
    expect(reason).to_have_count(1)
    go(page, "Models")
    expect(reason).to_have_count(0)
    go(page, "Worklist")
    expect(reason).to_have_count(1)
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download the file").click()
    assert waiting.value.suggested_filename == "unread.bin"
    assert Path(waiting.value.path()).read_bytes() == content


def test_what_a_file_says_is_shown_as_text(
    page: Page, tmp_path: Path, no_dialog: list[str]
) -> None:
    """Names of leads and of the file, and the machine's statements, are words of a stranger."""
    wave = np.round(np.sin(np.arange(1500) / 40), 3).tolist()
    leads = {"I": wave, "II": wave, "<img src=x onerror=window.__pwned=1>": wave, LINK[:32]: wave}
    content = {"fs": 300, "unit": "mV", "device": SCRIPT, "leads": leads}
    path = tmp_path / "<b>odd<b>.json"
    path.write_text(json.dumps(content))
    page.locator("input[type=file]").set_input_files(str(path))
    expect(page.get_by_text("<b>odd<b>.json: JSON, 8 leads")).to_be_visible()
    expect(page.get_by_text("<img src=x onerror=window.__pwn")).not_to_have_count(0)
    page.get_by_role("button", name="Read this ECG").click()
    page.wait_for_selector(VIEWER)
    shown = page.locator(".ecg-plot").inner_html()
    assert page.evaluate("document.querySelectorAll('.ecg-plot img').length") == 0
    assert page.evaluate("document.querySelectorAll('.ecg-plot script').length") == 0
    assert "&lt;img src=x" in shown
    show(page, "waves")
    page.wait_for_timeout(500)
    assert page.evaluate("window.__pwned") is None
    assert no_dialog == []
