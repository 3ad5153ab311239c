"""A reader opens a batch, answers what is missing, and goes from case to case."""

import re
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from ecgcore.readers import write_dicom
from ecgcore.recording import Patient, Recording
from ecgcore.simulate.cases import make_demonstration_case
from tests.browser.opening import expect_case, expect_statements, go

pytestmark = pytest.mark.browser

VIEWER = ".ecg-viewer[data-drawn]"
SLOW_MS = 60_000


def dicom(path: Path, key: str, age: float) -> str:
    path.parent.mkdir(exist_ok=True)
    source = make_demonstration_case(key).recording
    made = Recording(source.signal, source.fs_hz, source.leads, patient=Patient(age, "female"))
    return str(write_dicom(made, path))


def strip(path: Path, lead: str) -> str:
    source = make_demonstration_case("hand-held-af").recording
    rows = "\n".join(f"{v:.3f}" for v in source.signal[0, :5000].tolist())
    path.write_text(f"# fs: {source.fs_hz:g}\n# unit: mV\n{lead}\n{rows}\n")
    return str(path)


def give(page: Page, *files: str) -> None:
    page.locator("input[type=file]").set_input_files(list(files))


def layout(page: Page) -> str:
    return page.locator(".ecg-menu select[name=layout]").input_value()


def leads_drawn(page: Page) -> int:
    return int(page.locator(".ecg-plot .scatterlayer .trace").count())


def test_a_batch_is_read_case_after_case_without_another_upload(page: Page, tmp_path: Path) -> None:
    wave = "\n".join(f"{v:.3f}" for v in np.sin(np.arange(2000) / 40))
    for name in ("ask1.csv", "ask2.csv"):
        (tmp_path / name).write_text(f"I\n{wave}\n{len(name)}\n{name[3]}\n")
    (tmp_path / "photo.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(50))
    give(
        page,
        dicom(tmp_path / "a" / "ecg.dcm", "normal", 31.0),
        dicom(tmp_path / "b" / "ecg.dcm", "rbbb", 62.0),
        *(str(tmp_path / name) for name in ("ask1.csv", "ask2.csv", "photo.png")),
    )
    expect(page.get_by_text("2 opened, 2 need an answer, 1 not opened")).to_be_visible(
        timeout=SLOW_MS
    )
    expect(page.get_by_text(re.compile("✓ ecg.dcm: .*31 years"))).to_be_visible()
    expect(page.get_by_text(re.compile("✓ ecg.dcm: .*62 years"))).to_be_visible()
    page.get_by_label("Sampling rate (Hz)").fill("300")
    page.get_by_role("combobox", name="Unit of the samples").click()
    page.get_by_role("option", name="mV", exact=True).click()
    page.get_by_text("Apply to all 2 files with the same question").click()
    page.get_by_role("button", name="Read with these values").click()
    expect(page.get_by_text("4 opened, 1 not opened")).to_be_visible(timeout=SLOW_MS)
    page.get_by_role("button", name="Review", exact=True).first.click()
    page.wait_for_selector(VIEWER)
    expect(page.locator(".ecg-who").first).to_contain_text("62 years")
    go(page, "Worklist")
    expect(page.get_by_text("4 opened, 1 not opened")).to_be_visible()
    page.get_by_role("button", name="Review", exact=True).first.click()
    expect(page.locator(".ecg-who").first).to_contain_text("31 years")
    # From one to the next without the list.
    page.wait_for_selector(VIEWER)
    page.keyboard.press(".")
    expect(page.locator(".ecg-who").first).to_contain_text("62 years", timeout=SLOW_MS)
    page.keyboard.press(",")
    expect(page.locator(".ecg-who").first).to_contain_text("31 years", timeout=SLOW_MS)


def review(page: Page, name: str) -> None:
    """Review a file of the list, whether it is the chosen one or another."""
    expect(page.get_by_text(re.compile(f"✓ {name}"))).to_be_visible(timeout=SLOW_MS)
    row = page.locator("[class*=st-key-file_]", has_text=name)
    chosen = page.get_by_role("button", name="Review this ECG")
    (row.get_by_role("button", name="Review") if row.count() else chosen).click()
    expect_case(page, name)


def test_one_lead_named_by_the_reader_then_twelve_then_one(page: Page, tmp_path: Path) -> None:
    give(page, strip(tmp_path / "strip.csv", "ECG"), dicom(tmp_path / "e" / "e.dcm", "pvc", 50.0))
    expect(page.get_by_text("2 opened")).to_be_visible(timeout=SLOW_MS)
    review(page, "strip.csv")
    page.get_by_role("combobox", name=re.compile("is not recognised")).click()
    page.get_by_role("option", name="II", exact=True).click()
    expect_statements(page)
    alone = layout(page)
    go(page, "Worklist")
    review(page, "e.dcm")
    expect_statements(page)
    assert layout(page) != alone
    assert leads_drawn(page) >= 12
    go(page, "Worklist")
    review(page, "strip.csv")
    expect_statements(page)
    assert layout(page) == alone
