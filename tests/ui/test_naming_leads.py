"""The page asks which lead it is that a file leaves open, one by one, and never guesses."""

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

X = np.round(np.random.default_rng(0).normal(0, 0.3, 600), 3)


def table(*names: str) -> bytes:
    head = ",".join(["time (s)", *(f"{name} (mV)" for name in names)])
    rows = [",".join([f"{i / 250:.3f}", *[str(value)] * len(names)]) for i, value in enumerate(X)]
    return "\n".join([head, *rows]).encode()


def page(files: dict[str, bytes]) -> AppTest:
    def script():
        from ui.worklist import intake

        intake.show_upload()

    at = AppTest.from_function(script, default_timeout=60).run()
    at.file_uploader[0].set_value([(name, data, "") for name, data in files.items()])
    return at.run()


def summary(at: AppTest) -> str:
    return "\n".join(text.value for text in at.text)


def test_the_one_lead_of_a_file_can_be_named():
    at = page({"a.csv": table("ECG")})
    assert "lead ECG" in summary(at)
    (question,) = at.selectbox
    assert "ECG' is not recognised. Which lead is it?" in question.label
    question.select("II").run()
    assert not at.exception
    assert "lead II" in summary(at)
    assert len(at.selectbox) == 0
    next(button for button in at.button if button.label == "Name the leads again").click().run()
    assert "lead ECG" in summary(at)


def test_leads_are_asked_for_one_by_one_and_limb_leads_follow_only_from_two_named():
    at = page({"a.csv": table("ECG 1", "ECG 2")})
    assert len(at.selectbox) == 2
    at.selectbox[0].select("I").run()
    assert "lead I, ECG 2" in summary(at)
    at.selectbox[0].select("II").run()
    assert "6 leads" in summary(at)


@pytest.mark.parametrize("name", ["II", "V5", "MLII"])
def test_a_known_lead_is_not_asked_for(name):
    assert not page({"a.csv": table(name)}).selectbox
