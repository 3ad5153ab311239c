"""Text of a file on the pages is text: no picture is fetched, nothing is formatted."""

import re
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from ecgcore.recording import Recording
from ecgcore.simulate import make_demonstration_case
from ui.state import OpenCase
from ui.words import plain

APP = Path(__file__).resolve().parents[2] / "app.py"
PICTURE = "![x](http://evil.example/p.png)"


def test_marks_of_markdown_are_only_themselves() -> None:
    assert plain("V1, V2 unusable") == "V1, V2 unusable"
    assert plain(PICTURE).replace("\N{WORD JOINER}", "") == (
        r"\!\[x\]\(http\://evil.example/p.png\)"
    )
    assert plain(":red[a] $b$ **c**") == r"\:red\[a\] \$b\$ \*\*c\*\*"


@pytest.mark.parametrize(
    "text", ["www.a.b", "WWW.a.b", "http://a.b", "https://www.a.b", "x@a.b", "mailto:x.y+z@a.b"]
)
def test_an_address_is_no_longer_one_once_the_backslashes_are_gone(text: str) -> None:
    """Links are made of bare addresses after Markdown was read; see remark-gfm's autolinks."""
    read = re.sub(r"\\(.)", r"\1", plain(text))
    assert not re.search(r"(https?://|www\.|[-.\w+]+@)[-\w]", read, re.IGNORECASE)
    assert read.replace("\N{WORD JOINER}", "") == text


def test_a_lead_called_like_a_picture_is_shown_as_words() -> None:
    source = make_demonstration_case("normal").recording
    flat = np.vstack([source.signal[:2], np.zeros((1, source.n_samples), np.float32)])
    app = AppTest.from_file(str(APP), default_timeout=60).run()
    app.session_state["open_case"] = OpenCase(
        "x", Recording(flat, 500.0, ("I", "II", PICTURE)), overlay="waves"
    )
    app.switch_page("pages/read.py").run()
    assert not app.exception
    shown = [each.value for kind in (app.markdown, app.caption, app.warning) for each in kind]
    said = [text for text in shown if "evil.example" in text]
    assert said
    assert not [text for text in said if PICTURE in text]
