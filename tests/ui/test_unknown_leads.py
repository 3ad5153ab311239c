"""A recording whose leads have no lead's name is no dead end on any page."""

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from ecgcore.errors import InvalidArgumentError
from ecgcore.readers.assemble import name_leads
from ecgcore.recording import Recording
from ecgcore.simulate.cases import make_demonstration_case
from tests.ui.desk_app import payloads
from ui.state import OpenCase

TIMEOUT_S = 200
PAGES = ("review", "explain", "measure", "single_lead", "waveform_attention", "anomaly")


def unnamed(*names: str) -> OpenCase:
    source = make_demonstration_case("hand-held-af").recording
    signal = source.select(source.leads[:1]).signal.repeat(len(names), axis=0)
    return OpenCase("strip", Recording(signal[:, :5000], source.fs_hz, names))


def show(app: AppTest, case: OpenCase, page: str) -> AppTest:
    app.session_state["open_case"] = case
    app.switch_page(f"pages/{page}.py").run(timeout=TIMEOUT_S)
    assert not app.exception
    return app


def questions(app: AppTest) -> list[Any]:
    return [box for box in app.selectbox if "not recognised" in box.label]


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("names", [("ECG",), ("ECG1", "Channel 2")])
def test_every_page_asks_which_lead_it_is_and_reads_on(
    app: AppTest, page: str, names: tuple[str, ...]
) -> None:
    case = unnamed(*names)
    app.run()
    show(app, case, page)
    assert len(questions(app)) == len(names)
    questions(app)[0].select("II").run(timeout=TIMEOUT_S)
    assert not app.exception
    assert case.recording.leads[0] == "II"
    assert "not recognised" not in " ".join(i.value for i in app.info)
    again = next(b for b in app.button if b.label == "Name the leads again")
    again.click().run(timeout=TIMEOUT_S)
    assert not app.exception
    assert case.recording.leads == names


@pytest.mark.parametrize("name", ["Lead", "channel 1", "x", "ECG (2)", "<b>", "a=b"])
def test_review_reads_a_strip_once_its_lead_is_named(app: AppTest, name: str) -> None:
    app.run()
    case = unnamed(name)
    show(app, case, "review")
    assert payloads(app)["ecg.viewer"]
    questions(app)[0].select("I").run(timeout=TIMEOUT_S)
    assert not app.exception
    assert payloads(app)["ecg.findings"]["rows"]


def test_a_known_lead_is_not_asked_for_on_the_pages(app: AppTest) -> None:
    app.run()
    assert not questions(show(app, unnamed("I", "EMG"), "review"))


def test_naming_two_leads_computes_the_limb_leads_and_keeps_the_provenance() -> None:
    given = unnamed("ECG 1", "ECG 2").recording
    made = name_leads(given, {"ECG 1": "I", "ECG 2": "II"})
    assert made.leads == ("I", "II", "III", "aVR", "aVL", "aVF")
    assert made.derived_leads == ("III", "aVR", "aVL", "aVF")
    assert made.provenance.steps[0].parameters == {"names": {"ECG 1": "I", "ECG 2": "II"}}
    with pytest.raises(InvalidArgumentError, match="no lead 'V1'"):
        name_leads(given, {"V1": "II"})
    with pytest.raises(InvalidArgumentError, match="is not a lead"):
        name_leads(given, {"ECG 1": "Q"})
