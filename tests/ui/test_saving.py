"""The dialog that saves a recording in another format."""

import io
import zipfile
from dataclasses import replace
from datetime import datetime

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from ecgcore.readers import read
from ecgcore.readers.convert import convert
from ecgcore.recording import Patient, Provenance, Recording
from ecgcore.simulate.cases import make_demonstration_case
from tests.ui.desk_app import read as open_case
from ui.desk.saving import _pack
from ui.state import OpenCase

DEVICE = "Recorder serial 4711"


def dated() -> Recording:
    return replace(
        make_demonstration_case("normal").recording,
        start=datetime(2021, 3, 4, 5, 6, 7),
        patient=Patient(93.0, "female"),
        provenance=Provenance(device=DEVICE),
    )


def opened(app: AppTest, recording: Recording) -> OpenCase:
    app.run()
    case = OpenCase("planted name.csv", recording)
    open_case(app, case)
    again(app)
    return case


def again(app: AppTest) -> None:
    """Run with the dialog open: the harness runs the whole page, which closes it."""
    app.button(key="save_as").click().run()
    assert not app.exception


def said(app: AppTest) -> str:
    return " ".join(node.value for node in app.text)


def test_identity_is_removed_unless_the_reader_wants_it(app: AppTest) -> None:
    case = opened(app, dated())
    assert app.toggle(key="save_anonymised").value is True
    assert "Date and time of the recording were removed" in said(app)
    assert "age is over 89" in said(app)
    assert case.drawn.converted is not None
    (_, made) = case.drawn.converted
    assert list(made.files) == ["ecg.hea", "ecg.dat"]
    content = b"".join(made.files.values())
    assert b"2021" not in content
    assert b"4711" not in content
    app.toggle(key="save_anonymised").set_value(False)
    again(app)
    assert "were removed" not in said(app)
    assert "device's name is not written" in said(app)


@pytest.mark.parametrize("to", ["dicom", "csv", "edf"])
def test_every_format_reads_back(app: AppTest, to: str) -> None:
    case = opened(app, dated())
    app.radio(key="save_format").set_value(to)
    again(app)
    assert case.drawn.converted is not None
    (key, made) = case.drawn.converted
    assert key == (to, True)
    back = read(made.files)
    assert back.leads == case.recording.leads
    assert np.abs(back.signal - case.recording.signal).max() < 0.0006
    assert DEVICE.encode() not in b"".join(made.files.values())


def test_what_a_format_cannot_hold_is_said_and_offers_no_file(app: AppTest) -> None:
    opened(app, replace(dated(), unit="NU"))
    app.radio(key="save_format").set_value("dicom")
    again(app)
    assert "DICOM needs a voltage" in said(app)
    assert not [d for d in app.get("download_button") if "DICOM" in d.proto.label]


def test_several_files_become_a_zip_without_a_date() -> None:
    made = convert(dated(), "wfdb", "ecg", anonymised=True)
    name, content = _pack(made)
    assert name == "ecg.zip"
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert sorted(archive.namelist()) == ["ecg.dat", "ecg.hea"]
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert read({name: content}).n_leads == 12
    name, content = _pack(convert(dated(), "edf", "ecg"))
    assert name == "ecg.edf"
    assert content.startswith(b"0   ")
