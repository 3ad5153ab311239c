"""The journeys a person makes, in real Chromium."""

from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from tests.browser.opening import read_case

pytestmark = pytest.mark.browser

VIEWER = ".ecg-viewer[data-drawn]"
PX_PER_MM = 4
# A map on a busy machine; until it is made, the next word waits.
MAP_MS = 30_000


def open_case(page: Page, key: str = "normal") -> None:
    read_case(page, key)
    page.wait_for_selector(VIEWER)


def viewer(page: Page, name: str) -> str:
    return str(page.locator(".ecg-viewer").get_attribute(f"data-{name}"))


def drawn_again(page: Page, before: str) -> None:
    page.wait_for_function(
        "before => document.querySelector('.ecg-viewer').dataset.drawn !== before", arg=before
    )


def heat_maps(page: Page) -> int:
    return page.locator(".ecg-plot .heatmaplayer image").count()


@pytest.mark.parametrize("width", [1500, 480])
def test_a_millimetre_is_four_pixels_at_any_window_width(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    open_case(page)
    box = page.locator(".ecg-plot .main-svg").first.bounding_box()
    assert box is not None
    assert box["width"] == 270 * PX_PER_MM
    pulse = page.evaluate(
        """() => {
          const path = document.querySelectorAll('.ecg-plot .scatterlayer .trace')[1];
          const box = path.querySelector('path.js-line').getBBox();
          return [box.width, box.height];
        }"""
    )
    # 1 mV is 10 mm high; 200 ms are 5 mm wide, with 1 mm of base line on either side.
    assert pulse[0] == pytest.approx(7 * PX_PER_MM, abs=0.2)
    assert pulse[1] == pytest.approx(10 * PX_PER_MM, abs=0.2)
    lines = page.evaluate(
        """() => [...document.querySelectorAll('.ecg-plot .xgrid.crisp')].map((line) =>
              line.getBoundingClientRect().left)"""
    )
    steps = np.diff(sorted(set(np.round(lines, 2))))
    assert len(lines) > 40
    np.testing.assert_allclose(steps % PX_PER_MM, 0, atol=0.1)


def test_read_a_demonstration_case_choose_a_finding_and_keep_the_zoom(page: Page) -> None:
    open_case(page, "sinus-bradycardia")
    findings = page.locator(".ecg-finding")
    expect(findings).to_have_count(20)
    page.keyboard.press("+")
    expect(page.locator(".ecg-viewer")).to_have_attribute("data-px-per-mm", "6")
    before = viewer(page, "drawn")
    findings.first.click()
    drawn_again(page, before)
    assert viewer(page, "px-per-mm") == "6"
    assert heat_maps(page) == 1
    expect(page.locator(".ecg-legend")).to_contain_text("Where the model looked")
    page.keyboard.press("o")
    page.wait_for_function(
        "document.querySelectorAll('.ecg-plot .heatmaplayer image').length === 0"
    )
    assert viewer(page, "px-per-mm") == "6"


def test_dismiss_a_finding_with_one_key(page: Page) -> None:
    open_case(page, "sinus-bradycardia")
    page.locator(".ecg-finding").first.click()
    # At once, before its map is made.
    expect(page.locator(".ecg-finding[aria-selected=true]")).to_have_count(1)
    page.keyboard.press("x")
    expect(page.locator(".ecg-finding[data-verdict=dismissed]")).to_have_count(1, timeout=MAP_MS)
    page.keyboard.press("j")
    expect(page.locator(".ecg-finding[data-verdict=dismissed]")).to_have_count(1)
    second = page.locator(".ecg-finding").nth(1)
    expect(second).to_have_attribute("aria-selected", "true", timeout=MAP_MS)


def test_calipers_measure_time_rate_and_voltage(page: Page) -> None:
    open_case(page)
    page.keyboard.press("c")
    reading = page.locator(".ecg-calipers text[data-kind=time]")
    expect(reading).to_have_text("800 ms · 75/min")
    grip = page.locator(".ecg-calipers .grip.time[data-which='1']")
    box = grip.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, 400
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 5 * PX_PER_MM, y, steps=4)  # 5 mm more: 200 ms
    page.mouse.up()
    expect(reading).to_have_text("1000 ms · 60/min")
    page.keyboard.press("m")
    assert page.locator(".ecg-calipers .march").count() > 5
    page.keyboard.press("v")
    expect(page.locator(".ecg-calipers text[data-kind=voltage]")).to_have_text("1.00 mV")
    page.keyboard.press("Escape")
    assert page.locator(".ecg-calipers text").count() == 0


def test_true_millimetres_after_calibration(page: Page) -> None:
    open_case(page)
    page.get_by_role("button", name="True mm").click()
    page.evaluate("window.localStorage.setItem('unrelated', '1')")
    edge = page.locator(".ecg-card-edge")
    edge.focus()
    for _ in range(9):
        edge.press("ArrowRight")
    card = page.locator(".ecg-card").bounding_box()
    assert card is not None
    page.get_by_role("button", name="Use this size").click()
    page.wait_for_function("document.querySelector('.ecg-viewer').dataset.pxPerMm !== '4'")
    px_per_mm = float(viewer(page, "px-per-mm"))
    assert px_per_mm == pytest.approx(card["width"] / 85.6, rel=1e-3)
    box = page.locator(".ecg-plot .main-svg").first.bounding_box()
    assert box is not None
    assert box["width"] == pytest.approx(270 * px_per_mm, abs=1.0)


def test_a_dark_room_darkens_paper_and_page(page: Page) -> None:
    open_case(page)
    page.keyboard.press("d")
    page.wait_for_function("document.documentElement.dataset.ecgRoom === 'dark'")
    back = page.evaluate("getComputedStyle(document.querySelector('.stApp')).backgroundColor")
    assert back == "rgb(14, 16, 19)"


@pytest.mark.data
def test_upload_a_wfdb_record_and_read_it(page: Page, ecg_data: Path) -> None:
    folder = ecg_data / "ptbxl" / "records500" / "00000"
    files = sorted(str(path) for path in folder.glob("00001_hr*"))
    page.locator("input[type=file]").set_input_files(files)
    page.get_by_role("button", name="Review this ECG").click()
    page.wait_for_selector(VIEWER)
    expect(page.locator(".ecg-finding")).to_have_count(20)
    before = viewer(page, "drawn")
    page.locator(".ecg-finding").first.click()
    drawn_again(page, before)
    assert heat_maps(page) == 1


@pytest.mark.data
def test_half_an_hour_is_paged_through(page: Page, ecg_data: Path) -> None:
    files = [str(ecg_data / "mitdb" / f"100{end}") for end in (".hea", ".dat")]
    page.locator("input[type=file]").set_input_files(files)
    page.get_by_role("button", name="Review this ECG").click()
    page.wait_for_selector(VIEWER)
    label = page.locator(".ecg-overview-label")
    expect(label).to_contain_text("of 30:05")
    before = viewer(page, "drawn")
    page.keyboard.press("ArrowRight")
    drawn_again(page, before)
    expect(label).to_contain_text("0:10 – 0:20")
    page.keyboard.press("End")
    expect(label).to_contain_text("29:55 – 30:05")


def upload(page: Page, path: Path, *more: Path) -> None:
    page.locator("input[type=file]").set_input_files([str(path), *map(str, more)])


def test_what_a_file_does_not_say_is_asked_for(page: Page, tmp_path: Path) -> None:
    path = tmp_path / "strip.csv"
    wave = np.sin(np.arange(3000) / 40)
    path.write_text("I,II\n" + "\n".join(f"{v:.4f},{v / 2:.4f}" for v in wave))
    upload(page, path)
    page.get_by_label("Sampling rate (Hz)").fill("300")
    page.get_by_role("combobox", name="Unit of the samples").click()
    page.get_by_role("option", name="mV", exact=True).click()
    page.get_by_role("button", name="Read with these values").click()
    expect(page.get_by_text("10.0 s at 300 Hz")).to_be_visible()


def test_bad_files_get_a_sentence_and_the_open_case_stays(page: Page, tmp_path: Path) -> None:
    open_case(page)
    page.get_by_role("link", name="Open").click()
    header = tmp_path / "alone.hea"
    header.write_text("alone 1 500 5000\nalone.dat 16 1000/mV 16 0 0 0 0 I\n")
    upload(page, header)
    expect(page.get_by_text("alone.dat")).to_be_visible()
    page.get_by_role("link", name="Review").click()
    page.wait_for_selector(VIEWER)


def test_a_mark_is_dragged_and_the_interval_follows(page: Page) -> None:
    open_case(page)
    page.get_by_role("link", name="Measure").click()
    grip = page.locator(".mark-grip[data-id='4.t_offset']")
    grip.wait_for(state="attached")
    # The first row is the measurement; the lists of ranges and methods below name it again.
    row = page.locator("tr", has_text="QTc Fridericia").first
    before = row.inner_text()
    box = grip.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 2 * PX_PER_MM, y, steps=4)  # 2 mm: 80 ms
    page.mouse.up()
    expect(row).to_contain_text("edited")
    assert row.inner_text() != before
    page.get_by_role("button", name="Undo my edits").click()
    expect(row).not_to_contain_text("edited")


def test_a_mark_dragged_to_an_impossible_place_goes_back_and_says_why(page: Page) -> None:
    open_case(page)
    page.get_by_role("link", name="Measure").click()
    grip = page.locator(".mark-grip[data-id='4.qrs_offset']")
    grip.wait_for(state="attached")
    home = float(grip.get_attribute("x1") or "nan")
    # Twice: before its R peak, and far into the next beat.  The same place again is refused again.
    for shift_mm in (-3, -3, 30):
        box = grip.bounding_box()
        assert box is not None
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + shift_mm * PX_PER_MM, y, steps=4)
        assert abs(float(grip.get_attribute("x1") or "nan") - home) > 1
        page.mouse.up()
        expect(page.get_by_text("the mark was not moved")).to_be_visible()
        expect(grip).to_have_attribute("x1", f"{home:g}" if home % 1 == 0 else str(home))
    # A nudge that is possible is taken, and nothing more is said.
    page.keyboard.press("ArrowRight")
    expect(page.locator("tr", has_text="QRS").first).to_contain_text("edited")
    expect(page.get_by_text("the mark was not moved")).to_have_count(0)
