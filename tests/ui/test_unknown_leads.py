"""A recording whose leads have no lead's name is no dead end on any page."""

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from ecgcore.errors import InvalidArgumentError
from ecgcore.readers.assemble import name_leads
from ecgcore.recording import Recording
from ecgcore.simulate.cases import make_demonstration_case
from tests.ui.desk_app import RAIL, VIEWER, payloads, read, study
from ui.desk.overlays import OVERLAYS
from ui.state import OpenCase

PLACES = (*OVERLAYS, "methods", "single-lead")


def unnamed(*names: str) -> OpenCase:
    source = make_demonstration_case("hand-held-af").recording
    signal = source.select(source.leads[:1]).signal.repeat(len(names), axis=0)
    return OpenCase("strip", Recording(signal[:, :5000], source.fs_hz, names))


def show(app: AppTest, case: OpenCase, place: str = "none") -> AppTest:
    if place in OVERLAYS:
        case.overlay = place
        read(app, case)
        return app
    return study(app, place, case)


def questions(app: AppTest) -> list[Any]:
    return [box for box in app.selectbox if "not recognised" in box.label]


@pytest.mark.usefixtures("one_method")
@pytest.mark.parametrize(
    ("place", "names"),
    [*((place, ("ECG",)) for place in PLACES), ("none", ("ECG1", "Channel 2"))],
)
def test_every_place_asks_which_lead_it_is_and_reads_on(
    app: AppTest, place: str, names: tuple[str, ...]
) -> None:
    case = unnamed(*names)
    show(app, case, place)
    assert len(questions(app)) == len(names)
    questions(app)[0].select("II").run()
    assert not app.exception
    assert case.recording.leads[0] == "II"
    assert "not recognised" not in " ".join(i.value for i in app.info)
    again = next(b for b in app.button if b.label == "Name the leads again")
    again.click().run()
    assert not app.exception
    assert case.recording.leads == names


@pytest.mark.parametrize("name", ["Lead", "channel 1", "x", "ECG (2)", "<b>", "a=b"])
def test_the_desk_reads_a_strip_once_its_lead_is_named(app: AppTest, name: str) -> None:
    case = unnamed(name)
    show(app, case)
    assert payloads(app)[VIEWER]
    questions(app)[0].select("I").run()
    assert not app.exception
    assert payloads(app)[RAIL]["rows"]


def test_a_known_lead_is_not_asked_for_on_the_pages(app: AppTest) -> None:
    assert not questions(show(app, unnamed("I", "EMG")))


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
