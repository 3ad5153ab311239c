"""The PDF says and draws what the page shows, made in a thread that knows no session."""

import ast
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pypdfium2
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from ecgcore.explain.faithfulness import RED, Faithfulness
from ecgcore.inference.card import read_card
from ecgcore.origin import SOFTWARE
from ecgcore.readers import ReadOptions
from ecgcore.readers.base import Source
from ecgcore.readers.pdf.reader import read_here
from ecgcore.recording import Patient, Provenance, Recording
from ecgcore.results import Finding, NotAssessed, Prediction, Quality
from ecgcore.signal.quality_words import lost_lead
from ecgcore.simulate.arrest import fibrillate
from ecgcore.simulate.cases import DEMONSTRATION_CASES, make_demonstration_case
from ecgcore.statements import table_digest
from tests.ui.desk_app import RAIL, act
from ui.desk import report
from ui.desk.display_filter import apply_filter
from ui.desk.interpretation import format_urgent
from ui.desk.report import Printout, find_zone
from ui.desk.report_lines import format_findings
from ui.desk.vitals import format_vitals
from ui.model_answers import urgent_of
from ui.state import OpenCase

ROOT = Path(__file__).resolve().parents[2]
FILE = "Mueller_Hans_1950-01-02.dcm"
DIGEST = "ab" * 32
NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

Press = Callable[[], bytes]


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(report, "utc_now", lambda: NOON)
    started = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    started.run()
    return started


@pytest.fixture
def press(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Press:
    """Press the button as the server does: later, in another thread, without the session."""
    offered: dict[str, Any] = {}

    def take(label: str, data: Any, **_: Any) -> bool:
        offered.clear()
        offered[label] = data
        return False

    monkeypatch.setattr(st, "download_button", take)

    def pressed() -> bytes:
        made: list[bytes] = []
        (data,) = offered.values()
        assert isinstance(data.__self__, Printout)
        caplog.clear()
        thread = threading.Thread(target=lambda: made.append(data()))
        thread.start()
        thread.join()
        assert "ScriptRunContext" not in caplog.text
        return made[0]

    return pressed


def show(app: AppTest, case: OpenCase) -> None:
    app.session_state["open_case"] = case
    app.switch_page("pages/read.py").run()
    assert not app.exception


def upload(**changes: Any) -> OpenCase:
    source = make_demonstration_case("rbbb").recording
    rng = np.random.default_rng(5)
    parts: dict[str, Any] = {
        "signal": source.signal + rng.normal(0.3, 0.03, source.signal.shape),
        "fs_hz": source.fs_hz,
        "leads": source.leads,
        "patient": Patient(age_years=55.0, sex="female"),
        "provenance": Provenance(format="DICOM", sha256=DIGEST),
    }
    return OpenCase(FILE, Recording(**(parts | changes)))


def text_of(content: bytes) -> str:
    with pypdfium2.PdfDocument(content) as document:
        pages = [page.get_textpage().get_text_range() for page in document]
    return " ".join(" ".join(pages).split())


def pictures(content: bytes) -> int:
    with pypdfium2.PdfDocument(content) as document:
        return sum(one.type == 3 for page in document for one in page.get_objects())


def read_back(content: bytes) -> Recording:
    given = ReadOptions()
    return read_here(Source("x.pdf", given, files={"x.pdf": content}), given)


def largest_difference(first: Recording, second: Recording) -> float:
    return float(np.nanmax(np.abs(first.signal - second.signal)))


def test_filter_and_notch_are_those_of_the_screen(app: AppTest, press: Press) -> None:
    case = upload()
    show(app, case)
    raw = press()
    assert "filter: as recorded" in text_of(raw)
    assert largest_difference(read_back(raw), case.recording) < 1e-4
    act(app, "setting", id="filter", value="monitor")
    act(app, "setting", id="mains", value="50")
    filtered = press()
    assert "filter: 0.05-40 Hz, 50 Hz notch" in text_of(filtered)
    drawn = apply_filter(case.recording, "monitor", 50, slice(0, case.recording.n_samples))
    assert largest_difference(drawn, case.recording) > 0.1
    assert largest_difference(read_back(filtered), drawn) < 1e-4


@pytest.mark.usefixtures("one_method")
@pytest.mark.parametrize(
    ("overlay", "style", "words"),
    [
        ("none", "heat", ""),
        ("why", "heat", "Shading: Where the model looked for “Right bundle"),
        ("why", "trace", "Coloured trace: Where the model looked for “Right bundle"),
        ("unusual", "heat", "Shading: how unusual among normal ECGs"),
        ("attention", "heat", "Shading: Rule gain for “Right bundle branch block”"),
        ("waves", "heat", ""),
    ],
)
def test_the_overlay_is_that_of_the_screen(
    app: AppTest, press: Press, overlay: str, style: str, words: str
) -> None:
    case = upload()
    case.selected, case.overlay = "RBBB", overlay
    app.session_state["map_style"] = style
    show(app, case)
    content = press()
    text = text_of(content)
    assert pictures(content) == words.startswith("Shading")
    assert ("Shading: " in text or "Coloured trace: " in text) == bool(words)
    assert words in text
    # The colours never hide the trace: it is read back from under them.
    assert largest_difference(read_back(content), case.recording) < 1e-4


def test_a_map_that_failed_is_not_printed_but_the_evidence(
    app: AppTest, press: Press, monkeypatch: pytest.MonkeyPatch
) -> None:
    red = Faithfulness(RED, "Not faithful: made for this test.")
    for module in ("overlays.why", "maps", "report_lines"):
        monkeypatch.setattr(f"ui.desk.{module}.rate_faithfulness", lambda _checks: red)
    monkeypatch.setattr("ui.model_answers.best_checked", lambda _m, _c, explain: explain("gradcam"))
    case = upload()
    case.selected, case.overlay = "RBBB", "why"
    show(app, case)
    text = text_of(press())
    assert "Shading: Right bundle branch block: QRS 1" in text
    assert "Where the model looked" not in text
    act(app, "show_anyway")
    assert "Failed its check: attribution for" in text_of(press())
    assert "made for this test" in text_of(press())


def test_what_the_reader_added_and_commented_is_printed(app: AppTest, press: Press) -> None:
    case = upload()
    show(app, case)
    act(app, "add", RAIL, code="LVH")
    act(app, "comment", RAIL, text="As in 2019,\n  no change.")
    text = text_of(press())
    assert "Added by the reader: Left ventricular hypertrophy" in text
    assert "Comment: As in 2019, no change." in text


def test_what_was_shown_when_the_button_was_drawn_is_printed(app: AppTest, press: Press) -> None:
    case = upload()
    case.verdicts["RBBB"] = "confirmed"
    show(app, case)
    act(app, "setting", id="layout", value="12x1")
    act(app, "setting", id="mm_per_s", value="50.0")
    # Another tab, or the next case on the same desk, goes on while the file is made.
    case.verdicts.clear()
    case.enter_patient(Patient(age_years=3.0, sex="male"))
    text = text_of(press())
    assert "Reader confirmed: Right bundle branch block" in text
    assert "55 years female" in text
    assert "50 mm/s 10 mm/mV" in text


def test_it_says_by_what_and_from_what_it_was_made(app: AppTest, press: Press) -> None:
    case = upload()
    show(app, case)
    content = press()
    text = text_of(content)
    card = read_card(ROOT / "weights" / "diagnostic-1")
    assert f"Source: DICOM, SHA-256 {DIGEST}" in text
    assert f"Model: diagnostic-1, SHA-256 of its weights {card.weights_sha256}" in text
    assert f"Software: {SOFTWARE} statement table SHA-256 {table_digest()[:16]}" in text
    assert "Printed 2026-03-01 12:00 UTC" in text
    assert "Research and teaching use. Not a medical device" in text
    assert "Suggested by diagnostic-1, not yet reviewed: Right bundle branch block" in text
    assert "page 1 of 1" in text
    assert content == press()


def test_the_file_s_name_is_printed_only_if_asked_for(app: AppTest, press: Press) -> None:
    case = upload()
    show(app, case)
    content = press()
    assert "Mueller" not in text_of(content)
    assert b"Mueller" not in content
    with pypdfium2.PdfDocument(content) as document:
        told = document.get_metadata_dict()
    assert (told["Title"], told["Author"], told["Creator"]) == ("ECG", "", SOFTWARE)
    (toggle,) = [one for one in app.toggle if one.label == "Print the file's name"]
    toggle.set_value(True).run()
    assert FILE in text_of(press())
    show(app, upload())
    assert "Mueller" not in text_of(press())


def test_a_demonstration_case_has_no_file_s_name_to_hide(app: AppTest, press: Press) -> None:
    (demo,) = [one for one in DEMONSTRATION_CASES if one.key == "rbbb"]
    show(app, OpenCase("Case 8", make_demonstration_case("rbbb").recording, demo))
    assert "Case 8" in text_of(press())
    assert not [one for one in app.toggle if one.label == "Print the file's name"]


def test_alarms_stand_in_the_pdf_as_on_the_page(app: AppTest, press: Press) -> None:
    show(app, OpenCase(FILE, fibrillate("coarse", duration_s=10.0, seed=1)))
    (first, *_) = format_urgent(urgent_of(app.session_state["open_case"]))
    # Above the traces, and again with the findings.
    assert text_of(press()).count(first) == 2
    act(app, "setting", id="layout", value="12x1")
    with pypdfium2.PdfDocument(press()) as document:
        texts = [" ".join(page.get_textpage().get_text_range().split()) for page in document]
    assert len(texts) == 2
    assert all(first in text for text in texts)


def test_the_line_of_measurements_is_printed_with_the_reader_s_marks(
    app: AppTest, press: Press
) -> None:
    case = upload()
    show(app, case)
    assert " ".join(format_vitals(case).split()) in text_of(press())
    assert format_vitals(case).startswith("HR ")
    assert "QRS 1" in format_vitals(case)
    assert "↑" in format_vitals(case)


def test_quiz_mode_offers_no_report(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is printed is the software's answer."""
    offered: list[str] = []
    monkeypatch.setattr(st, "download_button", lambda label, **_: offered.append(label))
    show(app, OpenCase(FILE, fibrillate("coarse", duration_s=10.0, seed=1), quiz=True))
    assert not offered


def test_why_nothing_is_said_is_printed_with_the_reader_s_own_word() -> None:
    lines = format_findings("The recording is too short.", {"AF": "confirmed"})
    assert lines == ("Reader confirmed: Atrial fibrillation", "The recording is too short.")


def test_what_the_page_warns_of_is_printed() -> None:
    found = Prediction(
        "diagnostic-1",
        ("I",),
        (Finding("AF", "Atrial fibrillation", 0.4, True, 0.5, None, "Noise."),),
        abstained=False,
        abstain_reason="",
        quality=Quality(True, bad_leads=("V1",)),
        not_assessed=(NotAssessed(10.0, 20.0, "Noise in all leads."),),
    )
    lines = format_findings(found, {})
    assert "Not assessed, 0:10 to 0:20: Noise in all leads." in lines
    assert "Cannot be assessed: Atrial fibrillation" in lines
    assert lost_lead("V1") in lines
    abstained = replace(found, abstained=True, abstain_reason="It is paced.")
    assert "The model abstains: It is paced." in format_findings(abstained, {})


@pytest.mark.parametrize("extra", [3, 6])
def test_fifteen_and_eighteen_leads_open_on_several_pages(
    app: AppTest, press: Press, extra: int
) -> None:
    names = ("V7", "V8", "V9", "V3R", "V4R", "V5R")[:extra]
    source = upload().recording
    signal = np.concatenate((source.signal, source.signal[-extra:]))
    show(app, upload(signal=signal, leads=(*source.leads, *names)))
    act(app, "setting", id="layout", value="12x1")
    content = press()
    with pypdfium2.PdfDocument(content) as document:
        n_pages = len(document)
    assert n_pages > 1
    text = text_of(content)
    for number in range(1, n_pages + 1):
        assert f"page {number} of {n_pages}" in text


@pytest.mark.parametrize("name", [None, "", "Nowhere/Land", "../../etc/passwd", "Europe", "\ud800"])
def test_a_time_zone_that_is_none_is_utc(name: str | None) -> None:
    assert find_zone(name) is UTC


def test_the_time_of_printing_is_the_reader_s(app: AppTest, press: Press) -> None:
    assert NOON.astimezone(find_zone("Europe/Berlin")).strftime("%H:%M %Z") == "13:00 CET"
    case = upload()
    show(app, case)
    assert "Printed 2026-03-01 12:00 UTC" in text_of(press())


def _downloads() -> list[tuple[str, ast.expr]]:
    found = []
    for path in [*(ROOT / "ui").rglob("*.py"), *(ROOT / "pages").rglob("*.py"), ROOT / "app.py"]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            called = node.func if isinstance(node, ast.Call) else None
            if isinstance(called, ast.Attribute) and called.attr == "download_button":
                named = [k.value for k in node.keywords if k.arg == "data"]
                found.append((path.name, (named or node.args[1:2])[0]))
    return found


def test_no_deferred_download_can_read_the_session() -> None:
    downloads = _downloads()
    assert len(downloads) >= 4
    deferred = {
        ("report.py", "printout.to_pdf"),
        ("intake.py", "io.BytesIO(content).getvalue"),
    }
    for name, data in downloads:
        assert not isinstance(data, ast.Lambda), name
        if isinstance(data, ast.Attribute):
            assert (name, ast.unparse(data)) in deferred
    assert Printout.__dataclass_params__.frozen
    method = Printout.to_pdf.__code__
    assert not {"st", "settings", "session_state"} & {*method.co_names, *method.co_freevars}
