"""The journeys a person makes at the desk, in real Chromium."""

from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from benchmarks.app import DRAWN
from tests.browser.opening import MAP_MS, PAPER, expect_statements, go, read_case, show, viewer

pytestmark = pytest.mark.browser

PX_PER_MM = 4
PVC_CASE = "pvc"


def heat_maps(page: Page) -> int:
    return page.locator(".ecg-plot .heatmaplayer image").count()


def drawn_again(page: Page, before: str) -> None:
    page.wait_for_function(
        "before => document.querySelector('.ecg-viewer').dataset.drawn !== before", arg=before
    )


def press_menu(page: Page, name: str) -> None:
    page.get_by_role("button", name="Paper and display").click()
    page.locator(".ecg-menu").get_by_role("button", name=name).click()


def test_choose_a_statement_see_why_and_keep_the_zoom(page: Page) -> None:
    read_case(page, PVC_CASE)
    statements = expect_statements(page)
    page.keyboard.press("+")
    expect(page.locator(PAPER)).to_have_attribute("data-px-per-mm", "6")
    statements.nth(1).get_by_role("button").first.click()
    expect(statements.nth(1)).to_have_attribute("data-chosen", "")
    show(page, "why")
    assert viewer(page, "px-per-mm") == "6"
    assert heat_maps(page) == 1
    expect(page.locator(".ecg-legend")).to_contain_text("Where the model looked")
    show(page, "none")
    assert heat_maps(page) == 0
    assert viewer(page, "px-per-mm") == "6"
    expect(page.locator(".ecg-legend")).to_have_text("")


def test_dismiss_a_statement_with_one_key(page: Page) -> None:
    read_case(page, PVC_CASE)
    statements = expect_statements(page)
    page.keyboard.press("j")
    expect(statements.first).to_have_attribute("data-chosen", "")
    page.keyboard.press("x")
    expect(statements.first).to_have_attribute("data-verdict", "dismissed", timeout=MAP_MS)
    page.keyboard.press("j")
    expect(statements.nth(1)).to_have_attribute("data-chosen", "", timeout=MAP_MS)
    expect(page.locator(".ecg-statement[data-verdict=dismissed]")).to_have_count(1)
    page.keyboard.press("k")
    expect(statements.first).to_have_attribute("data-chosen", "", timeout=MAP_MS)
    page.keyboard.press("x")
    expect(page.locator(".ecg-statement[data-verdict]")).to_have_count(0, timeout=MAP_MS)


def test_a_statement_that_is_not_flagged_is_found_and_looked_at(page: Page) -> None:
    read_case(page, PVC_CASE)
    expect_statements(page)
    fold = page.locator(".ecg-fold")
    expect(fold).to_contain_text("Not flagged (")
    fold.click()
    expect(page.get_by_text("Not flagged does not mean absent.")).to_be_visible()
    aside = page.get_by_role("button", name="Left bundle branch block", exact=True)
    aside.click()
    expect(aside).to_have_attribute("aria-pressed", "true", timeout=MAP_MS)
    expect(fold).to_have_attribute("aria-expanded", "true")


def drag(page: Page, grip: Locator, shift_mm: float, *, y: float | None = None) -> None:
    box = grip.bounding_box()
    assert box is not None
    x = box["x"] + box["width"] / 2
    y = box["y"] + box["height"] / 2 if y is None else y
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + shift_mm * PX_PER_MM, y, steps=4)


def test_calipers_measure_time_rate_and_voltage(page: Page) -> None:
    read_case(page, "normal")
    page.keyboard.press("t")
    reading = page.locator(".ecg-calipers text[data-kind=time]")
    expect(reading).to_have_text("800 ms · 75/min")
    drag(page, page.locator(".ecg-calipers .grip.time[data-which='1']"), 5, y=400)  # 200 ms more
    page.mouse.up()
    expect(reading).to_have_text("1000 ms · 60/min")
    page.keyboard.press("m")
    assert page.locator(".ecg-calipers .march").count() > 5
    page.keyboard.press("v")
    expect(page.locator(".ecg-calipers text[data-kind=voltage]")).to_have_text("1.00 mV")
    page.keyboard.press("Escape")
    assert page.locator(".ecg-calipers text").count() == 0


def test_true_millimetres_after_calibration(page: Page) -> None:
    read_case(page, "normal")
    press_menu(page, "True millimetres")
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
    read_case(page, "normal")
    page.keyboard.press("d")
    page.wait_for_function("document.documentElement.dataset.ecgRoom === 'dark'")
    back = page.evaluate("getComputedStyle(document.querySelector('.stApp')).backgroundColor")
    assert back == "rgb(14, 16, 19)"


def test_layout_speed_and_gain_are_set_in_the_menu(page: Page) -> None:
    read_case(page, "normal")
    before = viewer(page, "drawn")
    page.get_by_role("button", name="Paper and display").click()
    page.locator(".ecg-menu").get_by_label("Layout").select_option("12x1")
    drawn_again(page, before)
    before = viewer(page, "drawn")
    page.locator(".ecg-menu").get_by_label("Speed").select_option("50.0")
    drawn_again(page, before)
    expect(page.locator(".ecg-plot").first).to_contain_text("50 mm/s")
    page.keyboard.press("Escape")
    expect(page.locator(".ecg-menu")).to_be_hidden()


@pytest.mark.data
def test_upload_a_wfdb_record_and_read_it(page: Page, ecg_data: Path) -> None:
    folder = ecg_data / "ptbxl" / "records500" / "00000"
    files = sorted(str(path) for path in folder.glob("00001_hr*"))
    page.locator("input[type=file]").set_input_files(files)
    page.get_by_role("button", name="Read this ECG").click()
    page.wait_for_selector(DRAWN)
    expect_statements(page)
    show(page, "why")
    assert heat_maps(page) == 1


@pytest.mark.data
def test_half_an_hour_is_paged_through(page: Page, ecg_data: Path) -> None:
    files = [str(ecg_data / "mitdb" / f"100{end}") for end in (".hea", ".dat")]
    page.locator("input[type=file]").set_input_files(files)
    page.get_by_role("button", name="Read this ECG").click()
    page.wait_for_selector(DRAWN)
    label = page.locator(".ecg-overview-label")
    expect(label).to_contain_text("of 30:05")
    before = viewer(page, "drawn")
    page.keyboard.press("ArrowRight")
    drawn_again(page, before)
    expect(label).to_contain_text("0:10 – 0:20")
    page.keyboard.press("End")
    expect(label).to_contain_text("29:55 – 30:05")
    # The events that were measured: the next one by key.
    expect(page.locator(".st-key-desk_events")).to_contain_text("beats", timeout=2 * MAP_MS)
    page.keyboard.press("n")
    expect(page.locator(".st-key-desk_events")).to_contain_text("1 of ", timeout=MAP_MS)


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
    read_case(page, "normal")
    go(page, "Worklist")
    header = tmp_path / "alone.hea"
    header.write_text("alone 1 500 5000\nalone.dat 16 1000/mV 16 0 0 0 0 I\n")
    upload(page, header)
    expect(page.get_by_text("alone.dat")).to_be_visible()
    go(page, "Read")
    page.wait_for_selector(DRAWN)


def measurement(page: Page, name: str) -> Locator:
    # The first row is the measurement; the lists of ranges and methods below name it again.
    return page.locator(".st-key-desk_panel tr", has_text=name).first


def test_a_mark_is_dragged_and_the_interval_follows(page: Page) -> None:
    read_case(page, "normal")
    show(page, "waves")
    grip = page.locator(".mark-grip[data-id='4.t_offset']")
    grip.wait_for(state="attached")
    row = measurement(page, "QTc Fridericia")
    before = row.inner_text()
    drag(page, grip, 2)  # 80 ms
    page.mouse.up()
    expect(row).to_contain_text("edited")
    assert row.inner_text() != before
    page.get_by_role("button", name="Undo my edits").click()
    expect(row).not_to_contain_text("edited")


def test_a_mark_dragged_to_an_impossible_place_goes_back_and_says_why(page: Page) -> None:
    read_case(page, "normal")
    show(page, "waves")
    grip = page.locator(".mark-grip[data-id='4.qrs_offset']")
    grip.wait_for(state="attached")
    home = float(grip.get_attribute("x1") or "nan")
    why = page.locator(".ecg-note", has_text="the mark was not moved")
    # Twice: before its R peak, and far into the next beat.  The same place again is refused again.
    for shift_mm in (-3, -3, 30):
        drag(page, grip, shift_mm)
        assert abs(float(grip.get_attribute("x1") or "nan") - home) > 1
        page.mouse.up()
        expect(why).to_be_visible()
        expect(grip).to_have_attribute("x1", f"{home:g}" if home % 1 == 0 else str(home))
    # A nudge that is possible is taken, and nothing more is said.
    page.keyboard.press("ArrowRight")
    expect(measurement(page, "QRS")).to_contain_text("edited")
    expect(why).to_have_count(0)
