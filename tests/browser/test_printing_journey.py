"""The PDF beside the page that it was printed from, in a real browser."""

from pathlib import Path

import numpy as np
import pypdfium2
import pytest
from playwright.sync_api import Page, expect

from benchmarks.app import DRAWN
from ecgcore.readers import read, write_csv
from ecgcore.recording import Patient, Recording
from ecgcore.simulate.cases import DEMONSTRATION_NUMBERS, make_demonstration_case
from tests.browser.opening import MAP_MS, expect_statements, read_case, show

pytestmark = pytest.mark.browser

FILE = "mueller-hans.csv"
PLOT = ".ecg-plot"
IMAGE = pypdfium2.raw.FPDF_PAGEOBJ_IMAGE


def choose(page: Page, label: str, option: str) -> None:
    page.locator(".ecg-menu").get_by_label(label).select_option(option)


def download(page: Page, path: Path, button: str = "PDF of this sheet") -> tuple[str, int]:
    """Press the button; return the text of the PDF and its number of pictures."""
    page.locator("[data-test-script-state=notRunning]").wait_for()
    with page.expect_download() as started:
        page.get_by_role("button", name=button).click()
    assert started.value.suggested_filename == "ecg.pdf"
    started.value.save_as(path)
    with pypdfium2.PdfDocument(path) as document:
        texts = [one.get_textpage().get_text_range() for one in document]
        pictures = sum(item.type == IMAGE for one in document for item in one.get_objects())
    return " ".join(" ".join(texts).split()), pictures


def printed_on_screen(page: Page) -> list[str]:
    """Return how it is drawn and what stands under it, as the desk's one line says."""
    texts = page.locator(f".st-key-desk_paper {PLOT} text").all_text_contents()
    (found,) = [t for t in texts if "mm/mV" in t and "Not a medical device" in t]
    return [" ".join(part.split()) for part in found.split("   ")]


def mains_mv(recording: Recording) -> float:
    """Return the amplitude at 50 Hz in lead II, which the rhythm strip prints whole."""
    time_s = np.arange(recording.n_samples) / recording.fs_hz
    return float(2 * np.abs(np.mean(recording.lead("II") * np.exp(-2j * np.pi * 50 * time_s))))


def test_the_sheet_is_printed_as_it_is_on_the_screen(page: Page, tmp_path: Path) -> None:
    source = make_demonstration_case("rbbb").recording
    mains = 0.05 * np.sin(2 * np.pi * 50 * np.arange(source.n_samples) / source.fs_hz)
    # As it comes over two electrodes: the limb leads still fit one another.
    parts = dict.fromkeys(source.leads, 1.0) | {"III": 0.0, "aVR": -1.0, "aVL": 0.5, "aVF": 0.5}
    noisy = source.signal + np.outer([parts[lead] for lead in source.leads], mains)
    given = Recording(noisy, source.fs_hz, source.leads, patient=Patient(63.0, "female"))
    page.locator("input[type=file]").set_input_files(write_csv(given, tmp_path / FILE))
    page.get_by_role("button", name="Read this ECG").click()
    page.wait_for_selector(DRAWN)
    expect_statements(page)

    text, pictures = download(page, tmp_path / "raw.pdf")
    assert pictures == 0
    assert all(line in text for line in printed_on_screen(page))
    assert "as recorded" in text
    assert "63 years female" in text
    assert "mueller" not in text
    raw = read(tmp_path / "raw.pdf")
    assert np.nanmax(np.abs(raw.signal - given.signal)) < 1e-3

    page.keyboard.press("l")
    choose(page, "Filter", "0.05-40 Hz")
    choose(page, "Notch", "50 Hz notch")
    expect(page.locator(PLOT).first).to_contain_text("filter: 0.05-40 Hz, 50 Hz notch")
    page.keyboard.press("Escape")
    block = page.locator(".ecg-statement", has_text="Right bundle branch block").first
    block.get_by_role("button").first.click()
    expect(block).to_have_attribute("data-chosen", "")
    show(page, "why")
    expect(page.locator(".ecg-legend").first).to_contain_text("Right bundle branch block")
    page.keyboard.press("y")
    expect(page.locator(".ecg-statement[data-verdict=confirmed]")).to_have_count(1, timeout=MAP_MS)
    text, pictures = download(page, tmp_path / "shaded.pdf")
    assert pictures == 1
    assert "Shading: " in text
    assert "Reader confirmed: Right bundle branch block" in text
    assert all(line in text for line in printed_on_screen(page))

    show(page, "none")
    expect(page.locator(f"{PLOT} .heatmaplayer image")).to_have_count(0)
    expect(page.locator(".ecg-legend")).to_have_text("")
    text, pictures = download(page, tmp_path / "filtered.pdf")
    assert pictures == 0
    assert "Shading" not in text
    assert "filter: 0.05-40 Hz, 50 Hz notch" in text
    filtered = read(tmp_path / "filtered.pdf")
    assert mains_mv(raw) == pytest.approx(0.05, abs=0.005)
    assert mains_mv(filtered) < 0.003

    page.get_by_text("Print the file's name").click()
    text, _ = download(page, tmp_path / "named.pdf", "PDF with the file's name")
    assert FILE in text


def test_a_demonstration_case_is_printed_under_its_number(page: Page, tmp_path: Path) -> None:
    read_case(page, "rbbb")
    expect_statements(page)
    text, _ = download(page, tmp_path / "case.pdf")
    assert f"Case {DEMONSTRATION_NUMBERS['rbbb']} " in text
    assert "SIMULATED ECG" in text
    assert page.get_by_text("Print the file's name").count() == 0
