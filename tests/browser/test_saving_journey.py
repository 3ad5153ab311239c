"""Saving the open recording in a real browser."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from ecgcore.readers import read
from tests.browser.opening import expect_case, expect_statements, read_case

pytestmark = pytest.mark.browser


def test_save_a_recording_without_identity_as_edf(page: Page, tmp_path: Path) -> None:
    read_case(page, "normal")
    expect_statements(page)
    page.get_by_role("button", name="More").click()
    page.get_by_role("button", name="Save recording as").click()
    dialog = page.get_by_role("dialog", name="Save recording")
    expect(dialog).to_contain_text("without the display filter")
    expect(dialog.get_by_role("switch").or_(dialog.get_by_role("checkbox"))).to_be_checked()
    dialog.get_by_text("EDF+", exact=True).click()
    button = dialog.get_by_role("button", name="Download EDF+")
    expect(button).to_be_visible()
    with page.expect_download() as started:
        button.click()
    assert started.value.suggested_filename == "ecg.edf"
    started.value.save_as(tmp_path / "ecg.edf")
    again = read(tmp_path / "ecg.edf")
    assert again.n_leads == 12
    assert again.provenance.simulated
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect_case(page, "Case 1")
