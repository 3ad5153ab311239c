"""What a file says is shown as it stands: nothing in it becomes a link, a picture or a sign."""

import json
from collections.abc import Iterator

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from benchmarks.app import DRAWN
from tests.browser.test_serving_journey import go_everywhere
from tests.serving.client import served

pytestmark = pytest.mark.browser

TEXTS = (
    "www.evil.example",
    "see WWW.evil.example/a?b=c#d now",
    "http://evil.example",
    "HTTPS://www.evil.example/p",
    "(http://evil.example)",
    "a@evil.example",
    "mailto:a.b+c@evil.example",
    "xmpp:a@evil.example/b",
    "<http://evil.example>",
    "[a](http://evil.example)",
    "![a](//evil.example/p.png)",
    "[a]: http://evil.example",
    "[^1]: note",
    "<img src=//evil.example/p.png>",
    "&lt;b&gt; &amp; &#60;",
    ":smile: :material/delete: :streamlit:",
    ":red[a] :blue-badge[b] :small[c]",
    "$x^2$ $$y$$",
    "a -> b <- c <-> d -- e >= f <= g ~= h",
    "1. one",
    "2) two",
    "# head",
    "> said",
    "- item",
    "* item",
    "~~gone~~ **b** __c__ `d`",
    "| a | b |",
    "I-aVR at 10:30, 25 mm/s (10 mm/mV) & V1 < V2",
)
LEADS = ("I", "www.evil.example", "a@evil.example", "http://evil.example", ":material/delete:")
SLOW_MS = 90_000


@pytest.fixture(scope="module")
def words_url(chromium_path: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    log = tmp_path_factory.mktemp("words") / "log.txt"
    script = "tests/browser/words_app.py"
    with served(log, script=script, ECG_TEST_TEXTS=json.dumps(TEXTS)) as server:
        yield f"http://127.0.0.1:{server.port}"


def test_texts_stand_as_they_are(chromium: Browser, words_url: str) -> None:
    page = chromium.new_page()
    page.goto(words_url)
    last = page.locator(f".st-key-text_{len(TEXTS) - 1}")
    expect(last.locator("li")).to_be_visible(timeout=SLOW_MS)
    expect(last.get_by_test_id("stButtonGroup")).to_be_visible()
    for number, text in enumerate(TEXTS):
        place = page.locator(f".st-key-text_{number}")
        assert place.locator("a, img, .katex, ol, h1, blockquote, code, table").count() == 0, text
        first = place.get_by_test_id("stMarkdown").first.inner_text()
        assert first.replace("\N{WORD JOINER}", "") == text
        assert place.inner_text().replace("\N{WORD JOINER}", "").count(text) == 8, text
    page.close()


def test_no_page_links_what_a_lead_is_called(
    page: Page, tmp_path_factory: pytest.TempPathFactory
) -> None:
    wave = np.round(np.sin(np.arange(3000) / 40), 3).tolist()
    noise = np.round(np.random.default_rng(0).normal(0, 1, 3000), 3).tolist()
    leads = dict.fromkeys(LEADS, noise) | {"I": wave}
    folder = tmp_path_factory.mktemp("linked")
    path = folder / "www.evil.example.json"
    said = {"device": "www.evil.example", "comments": ["http://evil.example"]}
    path.write_text(json.dumps({"fs": 300, "unit": "mV", "leads": leads, **said}))
    page.locator("input[type=file]").set_input_files(str(path))
    page.get_by_role("button", name="Read this ECG").click()
    page.wait_for_selector(DRAWN)
    for name in go_everywhere(page):
        found = page.locator("a[href*='evil'], a[href^='mailto'], img[src*='evil']")
        assert found.evaluate_all("all => all.map(one => one.outerHTML)") == [], name
