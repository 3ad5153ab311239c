"""The overlay of waves: marks to drag, and every measurement beside them."""

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from ecgcore.measure import measure
from ecgcore.recording import Provenance
from ecgcore.render.paper import PaperSettings, lay_out
from ecgcore.simulate import simulate
from ecgcore.simulate.cases import DEMONSTRATION_CASES, make_demonstration_case
from tests.ui.desk_app import VIEWER, act, html_of, payloads, read, recording
from ui.marks import beat_marks, moved, strip_cells
from ui.state import OpenCase


def shown(app: AppTest, case: OpenCase) -> str:
    case.overlay = "waves"
    read(app, case)
    return " ".join(html_of(app))


def layer(app: AppTest) -> dict[str, Any]:
    return payloads(app)[VIEWER]["layers"]["waves"]


@pytest.mark.parametrize("key", ["pvc", "atrial-fibrillation", "lead-off", "hand-held-af"])
def test_measurements_stand_beside_marked_paper(app: AppTest, key: str) -> None:
    case = next(c for c in DEMONSTRATION_CASES if c.key == key)
    table = shown(app, OpenCase("x", make_demonstration_case(key).recording, case))
    assert "QTc Fridericia" in table
    markers = layer(app)["markers"]
    assert markers["lines"]
    assert {"V"} <= {w["text"] for w in markers["words"]} or key != "pvc"
    if "af" in key or "fibrillation" in key:
        assert "PR</td><td colspan" in table  # a reason, not a number


def test_what_cannot_be_measured_says_why(app: AppTest) -> None:
    table = shown(app, OpenCase("flat", recording(signal=np.zeros((12, 5000)))))
    assert 'class="why"' in table
    assert 'class="value"' not in table


def test_a_moved_mark_counts_and_can_be_taken_back(app: AppTest) -> None:
    case = OpenCase("x", make_demonstration_case("normal").recording)
    shown(app, case)
    onset = measure(case.recording).beats.consensus.qrs_onset[4]
    line = next(line for line in layer(app)["markers"]["lines"] if line["id"] == "4.qrs_onset")
    act(app, "move", id=line["id"], x_mm=line["x_mm"] - 0.5)
    assert case.edits == {(4, "qrs_onset"): pytest.approx(float(onset) - 0.02)}
    assert next(one for one in layer(app)["markers"]["lines"] if one["id"] == line["id"])["edited"]
    table = " ".join(html_of(app))
    assert "edited by the reader" in table
    back = next(b for b in app.button if "undo my edits" in b.label.lower())
    back.click().run()
    assert case.edits == {}


def test_an_impossible_mark_goes_back_with_a_word(app: AppTest) -> None:
    case = OpenCase("x", make_demonstration_case("normal").recording)
    shown(app, case)
    before = layer(app)["markers"]
    line = next(line for line in before["lines"] if line["id"] == "4.qrs_offset")
    act(app, "move", id=line["id"], x_mm=line["x_mm"] - 100)
    assert case.edits == {}
    assert "the mark was not moved" in app.warning[0].value
    assert "the mark was not moved" in layer(app)["note"]
    assert layer(app)["warning"]
    # The browser hears of marks that stand where they stood, and draws them again.
    after = layer(app)["markers"]
    assert after["lines"] == before["lines"]
    assert after["refused"] == before["refused"] + 1


def test_an_edited_beat_says_what_it_changes(app: AppTest) -> None:
    case = OpenCase("x", make_demonstration_case("normal").recording)
    case.edits[4, "p_onset"] = float(measure(case.recording).beats.consensus.p_onset[4]) - 0.056
    table = shown(app, case)
    said, of_p = [c.value for c in app.caption if c.value.startswith("Edited")]
    assert "P duration" in of_p
    assert re.search(r"PR \d+ → \d+ ms \\\(beat 5\\: 2\d\d\\\)", said), said
    assert re.search(r"± \d+ edited", table)


def test_what_is_uncertain_is_not_printed(app: AppTest) -> None:
    table = shown(app, OpenCase("x", simulate("atrial-flutter-2to1", seed=1).recording))
    for label in ("QT", "QTc Fridericia", "PR", "P axis"):
        assert f'<td>{label}</td><td colspan="2" class="why">' in table


def test_a_mark_of_a_wrapped_lead_moves_in_its_own_row() -> None:
    source = make_demonstration_case("hand-held-af").recording
    chosen = PaperSettings(layout="wrapped", rhythm_lead=source.leads[0])
    sheet = lay_out(source.leads, source.duration_s, chosen)
    beats = measure(source).beats
    last = beats.consensus.n_beats - 1
    line = next(m for m in beat_marks(beats, sheet, {}).lines if m.id == f"{last}.qrs_onset")
    act = {"id": line.id, "x_mm": line.x_mm + 1}
    found = moved(act, sheet, beats)
    assert found is not None
    assert found[2] == pytest.approx(float(beats.consensus.qrs_onset[last]) + 0.04)


def test_marks_stand_where_their_time_is_and_come_back_as_time() -> None:
    source = make_demonstration_case("normal").recording
    sheet = lay_out(source.leads, source.duration_s, PaperSettings())
    beats = measure(source).beats
    marks = beat_marks(beats, sheet, {})
    (cell,) = strip_cells(sheet)
    line = next(m for m in marks.lines if m.id == "3.t_offset")
    at = float(beats.consensus.t_offset[3])
    assert line.x_mm == pytest.approx(cell.x_mm + 25 * at)
    assert moved({"id": line.id, "x_mm": line.x_mm + 1}, sheet) == (
        3,
        "t_offset",
        pytest.approx(at + 0.04),
    )
    assert moved({"id": "3.r_peak", "x_mm": 1.0}, sheet) is None
    assert moved({"id": "<b>", "x_mm": 1.0}, sheet) is None


def test_the_machines_own_values_stand_beside_with_their_difference(app: AppTest) -> None:
    source = make_demonstration_case("normal").recording
    given = {"PR interval": "500 ms", "QTc": "403 ms"}
    origin = Provenance(machine_measurements=given, machine_statements=("<b>Sinus</b>",))
    table = shown(app, OpenCase("x", replace(source, provenance=origin)))
    assert '<td class="value">500 ms</td><td class="spread">+3' in table
    said = " ".join(text.value for text in app.text)
    assert "QTc: 403 ms" in said
    assert "<b>Sinus</b>" in said  # as text


def test_exchanged_electrodes_are_suspected_aloud(app: AppTest) -> None:
    shown(app, OpenCase("x", make_demonstration_case("arm-reversal").recording))
    assert any("RA-LA" in warning.value for warning in app.warning)


def test_a_mark_that_is_none_is_refused_with_a_word(app: AppTest) -> None:
    case = OpenCase("x", recording())
    shown(app, case)
    refused = layer(app)["markers"]["refused"]
    act(app, "move", id="3.r_peak", x_mm=1.0)
    assert case.edits == {}
    assert "cannot be moved there" in layer(app)["note"]
    assert layer(app)["markers"]["refused"] == refused + 1


def test_a_mark_moves_only_where_marks_are_shown(app: AppTest) -> None:
    case = OpenCase("x", recording())
    read(app, case)
    act(app, "move", id="4.qrs_onset", x_mm=10.0)
    assert case.edits == {}
