"""Age, sex, pacemaker and indication can be entered, and everything is computed anew."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from ecgcore.recording import Patient
from tests.ui.test_pages import recording, review, texts
from ui.state import OpenCase


@pytest.fixture
def app() -> AppTest:
    return AppTest.from_file(str(Path(__file__).parents[2] / "app.py"), default_timeout=60)


def enter(app: AppTest, **values: object) -> None:
    for kind, label in (("number_input", "Age (years)"), ("selectbox", "Sex")):
        next(w for w in getattr(app, kind) if w.label == label).set_value(values[label])
    next(w for w in app.text_input if w.label == "Indication").set_value("chest pain")
    next(b for b in app.button if b.label == "Apply").click().run()


def test_entering_age_and_sex_makes_everything_anew(app: AppTest) -> None:
    app.run()
    case = OpenCase("x", recording(patient=Patient()))
    before = review(app, case)
    assert "SNR" in {r["code"] for r in before["ecg.findings"]["rows"] if r["state"] == "unknown"}
    case.verdicts["AF"] = "dismissed"
    enter(app, **{"Age (years)": 55.0, "Sex": "female"})
    assert not app.exception
    after = review(app, case)
    normal = next(r for r in after["ecg.findings"]["rows"] if r["code"] == "SNR")
    assert normal["state"] == "flagged"
    assert case.verdicts == {"AF": "dismissed"}
    header = texts(after["ecg.viewer"], "header")
    assert "55 years" in header
    assert "female" in header
    assert "chest pain" in header
