"""What one page says of a finding, every page says: the same map, and words where no number is."""

import json

import pytest
from streamlit.testing.v1 import AppTest

from ecgcore.explain import METHODS
from ecgcore.render.strip import window_figure
from ecgcore.results import Finding
from ecgcore.simulate.cases import make_demonstration_case
from tests.ui.desk_app import VIEWER, heat, read, study, viewers
from ui import model_answers
from ui.desk.what_if import describe_change
from ui.state import OpenCase


@pytest.mark.parametrize("second_is_better", [False, True])
def test_the_comparison_begins_with_the_map_of_the_desk(
    app: AppTest, monkeypatch: pytest.MonkeyPatch, second_is_better: bool
) -> None:
    if second_is_better:
        monkeypatch.setattr(
            "ui.model_answers.best_checked", lambda _model, _code, explain: explain("occlusion")
        )
    source = make_demonstration_case("atrial-fibrillation").recording.select(("II",))
    case = OpenCase("x", source, selected="AF", overlay="why")
    desk = read(app, case)[VIEWER]["layers"]["why"]
    left, _right = viewers(study(app, "methods", case))
    first = next(s for s in app.selectbox if s.label == "First map").value
    second = next(s for s in app.selectbox if s.label == "Second map").value
    assert (first == "occlusion") is second_is_better
    assert first != second
    on_desk = model_answers.attribution_of(case, "AF")
    assert on_desk.method == first
    assert METHODS[first].name in desk["legend"]["label"]
    compared = [t for t in left["figure"]["data"] if t["meta"]["role"] == "heat"]
    assert json.dumps(compared[0]["z"]["bdata"]) == json.dumps(heat(desk)[0]["z"]["bdata"])


def finding(*, calibrated: bool, said: bool | None, threshold: float = 0.4) -> Finding:
    return Finding("STE_", "ST elevation", 0.24, calibrated, threshold, said, "")


@pytest.mark.parametrize(
    ("given", "after", "words"),
    [
        (finding(calibrated=True, said=False), 0.9, ("24 %", "90 %")),
        (finding(calibrated=False, said=False), 0.9, ("not flagged", "flagged (up)")),
        (
            finding(calibrated=False, said=True, threshold=0.2),
            0.1,
            ("flagged", "not flagged (down)"),
        ),
        (finding(calibrated=False, said=False), 0.241, ("not flagged", "not flagged")),
        (finding(calibrated=True, said=None), 0.9, ("cannot be assessed", "up")),
    ],
)
def test_what_if_says_no_number_that_the_list_of_findings_does_not(
    given: Finding, after: float, words: tuple[str, str]
) -> None:
    assert describe_change(given, 0.24, after) == words


def test_windows_of_a_statement_without_a_number_have_none() -> None:
    bounds = [(0.0, 10.0), (10.0, 20.0)]
    figure = window_figure([0.1, 0.9], bounds, shown=0, numbered=False)
    assert figure["layout"]["yaxis"]["showticklabels"] is False
    assert "%{y" not in figure["data"][0]["hovertemplate"]
