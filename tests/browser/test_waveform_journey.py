"""Waveform attention in a real browser: the curve under the paper, and one key to the other."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.opening import read_case

pytestmark = pytest.mark.browser


def test_a_reader_goes_from_a_case_to_its_curve(page: Page) -> None:
    read_case(page, "pvc")
    page.locator(".js-plotly-plot").first.wait_for()
    page.get_by_role("link", name="Waveform attention").click()
    expect(page.get_by_text("Input to the classifier")).to_be_visible()
    expect(page.locator(".ecg-legend-label")).to_contain_text("Atrial premature complex(es)")
    # Two papers and the strip between them.
    expect(page.locator(".js-plotly-plot")).to_have_count(3, timeout=30_000)
    legend = page.locator(".ecg-legend-label")
    expect(legend).to_contain_text("Rule gain")
    # No network is offered as an aid: the reader asks for its curve.
    page.get_by_text("Learned curve (unproven)").click()
    expect(legend).to_contain_text("Learned gain", timeout=30_000)
    page.get_by_role("button", name="Show the rule curve").wait_for()
    # A key belongs to the switch as long as that has the focus.
    page.get_by_text("Where it looks", exact=True).click()
    page.keyboard.press("l")
    expect(legend).to_contain_text("Rule gain", timeout=30_000)
    page.get_by_role("button", name="Show the learned curve").wait_for()
    page.keyboard.press("l")
    expect(legend).to_contain_text("Learned gain", timeout=30_000)


def test_another_disease_has_another_curve(page: Page) -> None:
    read_case(page, "st-depression")
    page.locator(".js-plotly-plot").first.wait_for()
    page.get_by_role("link", name="Waveform attention").click()
    expect(page.get_by_text("Input to the classifier")).to_be_visible()
    page.get_by_role("combobox", name="Statement").click()
    page.get_by_role("option").filter(has_text="Right bundle branch block").click()
    expect(page.locator(".ecg-legend-label")).to_contain_text("Right bundle branch block")
