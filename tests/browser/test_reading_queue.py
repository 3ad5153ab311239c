"""Reading that takes long, in the running app: it is told, can be cancelled, holds up nobody."""

import io
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

pytestmark = pytest.mark.browser

SMALL = "# fs: 500\n# unit: mV\nI\n" + "0.1\n0.2\n" * 600


@pytest.fixture
def slow(tmp_path: Path) -> Path:
    """An archive that takes longer to read than anybody waits."""
    rows = "\n".join(",".join(["0.123"] * 12) for _ in range(1500))
    path = tmp_path / "slow.zip"
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(800):
            archive.writestr(f"{number}.csv", f"# fs: 500\n# unit: mV\n# {number}\n{rows}\n")
    path.write_bytes(stream.getvalue())
    return path


def give(page: Page, path: Path) -> None:
    page.locator("input[type=file]").set_input_files(str(path))


def test_slow_reading_is_cancelled_and_holds_up_nobody(
    page: Page, chromium: Browser, slow: Path, tmp_path: Path
) -> None:
    small = tmp_path / "small.csv"
    small.write_text(SMALL)
    give(page, slow)
    expect(page.get_by_text("Reading …")).to_be_visible()
    other = chromium.new_page()
    other.set_default_timeout(30_000)
    other.goto(page.url)
    give(other, small)
    expect(other.get_by_text("small.csv: CSV")).to_be_visible()
    other.close()
    expect(page.get_by_text("Reading …")).to_be_visible()
    page.get_by_role("button", name="Cancel").click()
    cancelled = page.get_by_text("Reading was cancelled")
    expect(cancelled).to_be_visible()
    expect(page.get_by_role("button", name="Cancel")).to_have_count(0)
    page.get_by_role("button", name="Read again").click()
    expect(page.get_by_text("Reading …")).to_be_visible()
    page.get_by_role("button", name="Cancel").click()
    expect(cancelled).to_be_visible()
    page.locator("[data-testid=stFileChipDeleteBtn]").click()
    expect(cancelled).to_have_count(0)
    give(page, small)
    expect(page.get_by_text("small.csv: CSV")).to_be_visible()
