"""Age, sex, pacemaker and indication can be entered, and everything is computed anew."""

from streamlit.testing.v1 import AppTest

from ecgcore.recording import Patient
from tests.ui.desk_app import RAIL, act, read, recording, words_of
from ui.state import OpenCase


def enter(app: AppTest, **values: object) -> None:
    for kind, label in (("number_input", "Age (years)"), ("selectbox", "Sex")):
        next(w for w in getattr(app, kind) if w.label == label).set_value(values[label])
    next(w for w in app.text_input if w.label == "Indication").set_value("chest pain")
    next(b for b in app.button if b.label == "Apply").click().run()


def test_entering_age_and_sex_makes_everything_anew(app: AppTest) -> None:
    case = OpenCase("x", recording(patient=Patient()))
    before = read(app, case)[RAIL]
    assert "SNR" in {row["code"] for row in before["not_assessed"]}
    act(app, "verdict", RAIL, code="SR", verdict="confirmed")
    enter(app, **{"Age (years)": 55.0, "Sex": "female"})
    assert not app.exception
    after = read(app, case)[RAIL]
    assert "SNR" not in {row["code"] for row in after["not_assessed"]}
    assert case.verdicts == {"SR": "confirmed"}
    words = words_of(app)
    assert "55 years female" in words
    assert "chest pain" in words
