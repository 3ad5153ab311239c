"""The one paper of all pages: it is turned, shaded and set in the same way wherever it stands."""

from typing import Any

import numpy as np
import pytest

from ecgcore.recording import Recording
from ecgcore.render.paper import PaperSettings
from ecgcore.results import Attribution
from ui.components.places import move_choice
from ui.desk import paper as module
from ui.desk.maps import shade_map, take_sign
from ui.desk.paper import Paper
from ui.state import OpenCase

LONG = Recording(np.zeros((2, 12_000)), 100.0, ("I", "V1"))


def make_paper(start_s: float = 0.0) -> Paper:
    return Paper(OpenCase("x", LONG, start_s=start_s), PaperSettings("stacked"))


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    calls: list[dict[str, Any]] = []
    monkeypatch.setattr(module, "draw_paper", lambda *_args, **given: calls.append(given))
    return calls


def test_a_long_recording_is_turned_by_the_paper_and_all_else_is_handed_on(
    drawn: list[dict[str, Any]],
) -> None:
    paper, acts = make_paper(), []
    paper.show("key", on_act=acts.append)
    drawn[0]["on_act"]({"name": "navigate", "start_s": 50.0})
    assert paper.case.start_s == 50.0
    drawn[0]["on_act"]({"name": "next"})
    assert acts == [{"name": "next"}]
    assert drawn[0]["overview"]
    assert "0:00 to 0:10 of 2:00" in drawn[0]["footer"][0]


def test_a_paper_that_follows_a_slider_is_not_turned_by_hand(drawn: list[dict[str, Any]]) -> None:
    make_paper().show("key", can_turn=False)
    assert drawn[0]["overview"] is None


def test_the_last_sheet_is_full() -> None:
    paper = make_paper(start_s=119.0)
    assert paper.lay_out().start_s == paper.case.start_s == 110.0
    paper.turn_to(200.0)
    assert paper.case.start_s == 110.0
    paper.turn_to(50.0)
    assert paper.shows(50.0)
    assert not paper.shows(46.0)


def test_a_choice_moves_through_a_list() -> None:
    codes = ("a", "b", "c")
    assert move_choice({"name": "next"}, codes, None) == "a"
    assert move_choice({"name": "previous"}, codes, None) == "c"
    assert move_choice({"name": "next"}, codes, "c") == "a"
    assert move_choice({"name": "select", "code": "b"}, codes, "b") is None
    assert move_choice({"name": "select", "code": "of another case"}, codes, "b") == "b"
    assert move_choice({"name": "next"}, (), None) is None


def test_a_map_is_shaded_with_what_was_asked_for() -> None:
    values = np.array([[1.0, -2.0]], np.float32)
    signed = Attribution(values, ("I",), 100.0, "gradcam", "AF", "m-1", signed=True)
    assert take_sign(signed, "for").tolist() == [[1.0, 0.0]]
    assert take_sign(signed, "against").tolist() == [[0.0, 2.0]]
    assert take_sign(signed, "size").tolist() == [[1.0, 2.0]]
    unsigned = Attribution(values, ("I",), 100.0, "gradcam", "AF", "m-1")
    assert take_sign(unsigned, "against").tolist() == [[1.0, 0.0]]
    assert shade_map(signed, "x", style="none") is None
    shading = shade_map(signed, "Attribution for")
    assert shading is not None
    assert shading.legend.label.startswith("Attribution for “Atrial fibrillation”")
