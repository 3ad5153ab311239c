"""The overlay Attention in a real browser: the curve on the paper, by rule and as learned."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.opening import MAP_MS, expect_statements, read_case, show

pytestmark = pytest.mark.browser


def test_a_reader_goes_from_a_case_to_its_curve(page: Page) -> None:
    read_case(page, "pvc")
    expect_statements(page)
    show(page, "attention")
    legend = page.locator(".ecg-legend-label").first
    expect(legend).to_contain_text("Rule gain for “Ventricular premature complex(es)”")
    page.get_by_text("Details", exact=True).click()
    expect(page.get_by_text("Input to the classifier")).to_be_visible(timeout=MAP_MS)
    # Two papers and the strip between them.
    expect(page.locator(".js-plotly-plot")).to_have_count(3, timeout=MAP_MS)
    # No network is offered as an aid: the reader asks for its curve.
    page.get_by_text("Learned curve (unproven)").click()
    expect(legend).to_contain_text("Learned gain", timeout=MAP_MS)
    page.get_by_role("radio", name="Rule").click()
    expect(legend).to_contain_text("Rule gain", timeout=MAP_MS)


def test_another_disease_has_another_curve(page: Page) -> None:
    read_case(page, "st-depression")
    expect_statements(page)
    show(page, "attention")
    page.locator(".st-key-desk_panel").get_by_role("combobox", name="Statement").click()
    page.get_by_role("option").filter(has_text="Right bundle branch block").click()
    legend = page.locator(".ecg-legend-label").first
    expect(legend).to_contain_text("Right bundle branch block", timeout=MAP_MS)
