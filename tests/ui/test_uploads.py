"""The list of files on the worklist: each has its outcome, and the list outlives the page."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from ecgcore.readers import write_dicom
from ecgcore.recording import Patient, Recording
from ui.worklist import uploads as listing

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.chdir(ROOT)
    return AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).run()


def give(app: AppTest, *files: tuple[str, bytes]) -> AppTest:
    """Add files to the uploader, as dropping more files there does."""
    uploader = app.file_uploader[0]
    uploader._files = uploader._get_files_to_register()
    for name, data in files:
        uploader.upload(name, data)
    app.run()
    assert not app.exception
    return app


def lines(app: AppTest) -> list[str]:
    return [line for text in app.text for line in text.value.splitlines()]


def line(app: AppTest, name: str) -> str:
    (found,) = (text for text in lines(app) if text[2:].startswith(name))
    return found


def counted(app: AppTest) -> str:
    return next(m.value for m in app.markdown if "opened" in m.value).strip("*")


def table(value: float, *, head: str = "# fs: 500\n# unit: mV\n", lead: str = "II") -> bytes:
    rng = np.random.default_rng(round(value * 100))
    rows = "\n".join(f"{v:.3f}" for v in rng.normal(0, 0.2, 1500))
    return f"{head}{lead}\n{rows}\n".encode()


def dicom(folder: Path, age: float | None, sex: str | None, seed: int = 0) -> bytes:
    noise = np.random.default_rng(seed).normal(0, 0.2, (2, 2000))
    made = Recording(noise, 500.0, ("I", "II"), patient=Patient(age, sex))
    return write_dicom(made, folder / "one.dcm").read_bytes()


def wfdb(seed: int) -> tuple[bytes, bytes]:
    values = np.random.default_rng(seed).integers(-900, 900, 1500).astype("<i2")
    total = (int(values.sum(dtype=np.int64)) + 32768) % 65536 - 32768
    head = f"x 1 300 1500\nx.dat 16 1000/mV 16 0 {values[0]} {total} 0 II\n# Age: {40 + seed}\n"
    return head.encode(), values.tobytes()


def zipped(*members: tuple[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, data in members:
            archive.writestr(name, data)
    return stream.getvalue()


def test_files_of_one_name_are_told_apart_by_what_is_in_them(app: AppTest, tmp_path: Path) -> None:
    files = [dicom(tmp_path, 30.0, "female"), dicom(tmp_path, 60.0, "male", seed=1)]
    give(app, *(("ecg.dcm", data) for data in files))
    found = [text for text in lines(app) if "DICOM" in text]
    assert len(found) == 2
    assert "30 years, female" in found[0]
    assert "60 years, male" in found[1]
    assert counted(app) == "2 opened"


def test_a_tag_tells_apart_what_is_alike_in_everything_else(app: AppTest) -> None:
    give(app, ("a.csv", table(0.1)), ("a.csv", table(0.2)))
    first, second = (text for text in lines(app) if "a.csv [" in text)
    assert first.split("]")[1] == second.split("]")[1]
    assert first != second


def test_the_same_file_twice_is_listed_once_and_said_to_be_the_same(app: AppTest) -> None:
    give(app, ("a.csv", table(0.1)), ("a.csv", table(0.1)), ("b.csv", table(0.1)))
    assert counted(app) == "1 opened"
    assert "= a.csv: the same file again" in lines(app)
    assert "= b.csv: the same file as a.csv" in lines(app)


def test_records_of_one_name_from_two_folders_are_both_read(app: AppTest) -> None:
    (h1, d1), (h2, d2) = wfdb(1), wfdb(2)
    give(app, ("x.hea", h1), ("x.dat", d2), ("x.hea", h2), ("x.dat", d1))
    assert counted(app) == "2 opened"
    told = "\n".join(lines(app))
    assert "41 years" in told
    assert "42 years" in told
    assert "x.dat: belongs to x.hea" in told


def test_every_file_of_a_batch_has_its_outcome(app: AppTest) -> None:
    h1, d1 = wfdb(1)
    give(
        app,
        ("good.csv", table(0.1)),
        ("asks.csv", table(0.2, head="")),
        ("x.hea", h1),
        ("x.dat", d1),
        ("x.atr", b"\x00\x00"),
        ("photo.png", b"\x89PNG\r\n\x1a\n" + bytes(50)),
        ("other.bin", bytes(range(1, 250)) * 3),
        ("lone.dat", bytes(range(1, 250)) * 3),
        ("words.txt", b"Some words.\n"),
        ("cases.csv", b"id,age\n1,2\n3,4\n"),
        ("empty.dcm", b""),
        ("all.zip", zipped(("a.csv", table(0.3)), ("b.csv", table(0.4)))),
    )
    assert counted(app) == "4 opened, 1 needs an answer, 6 not opened"
    for name, outcome in {
        "good.csv": "✓ good.csv: CSV, lead II, 3.0 s",
        "asks.csv": "? asks.csv: sampling rate and unit needed",
        "x.hea": "✓ x.hea: WFDB, lead II",
        "x.dat": "↳ x.dat: belongs to x.hea",
        "x.atr": "↳ x.atr: belongs to x.hea",
        "photo.png": "✗ photo.png: This is a PNG image",
        "other.bin": "✗ other.bin: Not a supported ECG format",
        "lone.dat": "✗ lone.dat: This may be a WFDB signal file",
        "words.txt": "✗ words.txt: Skipped: it contains text",
        "cases.csv": "✗ cases.csv: Skipped: no ECG found",
        "empty.dcm": "✗ empty.dcm: The file is empty",
        "all.zip › a.csv": "✓ all.zip › a.csv: CSV",
        "all.zip › b.csv": "✓ all.zip › b.csv: CSV",
    }.items():
        assert line(app, name).startswith(outcome)


def test_what_was_skipped_is_tried_when_it_is_given_alone(app: AppTest) -> None:
    give(app, ("good.csv", table(0.1)), ("cases.csv", b"id,age\n1,2\n3,4\n"))
    assert "Skipped" in line(app, "cases.csv")
    give(app, ("cases.csv", b"id,age\n1,2\n3,4\n"))
    assert "Skipped" not in line(app, "cases.csv")


def test_a_signal_file_given_after_its_header_is_joined_with_it(app: AppTest) -> None:
    head, data = wfdb(1)
    give(app, ("x.hea", head))
    assert "missing" in line(app, "x.hea")
    give(app, ("x.dat", data))
    assert line(app, "x.hea").startswith("✓")
    assert counted(app) == "1 opened"


def test_an_answer_is_for_its_own_file(app: AppTest) -> None:
    give(app, *((f"{name}.csv", table(v, head="")) for name, v in (("a", 0.1), ("b", 0.2))))
    assert "What are the sampling rate and unit of a.csv?" in lines(app)
    app.number_input[0].set_value(500.0)
    app.selectbox[0].select("mV")
    button(app, "Read with these values").click().run()
    assert line(app, "a.csv").startswith("✓ a.csv: CSV, lead II, 3.0 s at 500 Hz")
    assert line(app, "b.csv").startswith("?")
    assert counted(app) == "1 opened, 1 needs an answer"


def test_an_answer_can_be_for_all_that_ask_the_same(app: AppTest) -> None:
    give(
        app,
        *((f"{name}.csv", table(v, head="")) for name, v in (("a", 0.1), ("b", 0.2), ("c", 0.3))),
        ("d.csv", table(0.4, head="# fs: 300\n")),
    )
    app.number_input[0].set_value(500.0)
    app.selectbox[0].select("mV")
    (everywhere,) = app.checkbox
    assert everywhere.label == "Apply to all 3 files with the same question"
    everywhere.check()
    button(app, "Read with these values").click().run()
    assert counted(app) == "3 opened, 1 needs an answer"
    app.selectbox[0].select("uV")
    button(app, "Read with these values").click().run()
    assert line(app, "d.csv").startswith("✓ d.csv: CSV, lead II, 5.0 s at 300 Hz")


def test_members_of_an_archive_are_asked_for_one_by_one(app: AppTest) -> None:
    members = [(f"{name}.csv", table(v, head="")) for name, v in (("a", 0.1), ("b", 0.2))]
    give(app, ("all.zip", zipped(*members)))
    app.number_input[0].set_value(250.0)
    app.selectbox[0].select("mV")
    button(app, "Read with these values").click().run()
    assert line(app, "all.zip › a.csv").startswith("✓")
    assert line(app, "all.zip › b.csv").startswith("?")


def test_an_answered_file_that_takes_long_to_read_offers_cancel(
    app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    give(app, ("a.csv", table(0.1, head="")))
    monkeypatch.setattr("ui.running._QUIET_S", 0.0)
    app.number_input[0].set_value(250.0)
    app.selectbox[0].select("mV")
    button(app, "Read with these values").click().run()
    assert not app.exception
    assert line(app, "a.csv").startswith("✓")


def test_an_answer_that_cannot_be_leaves_the_question(
    app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    give(app, ("a.csv", table(0.1, head="")))
    app.number_input[0].set_value(1e9)
    app.selectbox[0].select("mV")
    button(app, "Read with these values").click().run()
    assert "Not possible: The sampling rate" in "\n".join(lines(app))
    assert app.number_input


def test_the_list_outlives_the_page_and_each_case_keeps_what_was_done(app: AppTest) -> None:
    give(app, ("a.csv", table(0.1)), ("b.csv", table(0.2)))
    button(app, "Read this ECG").click().run()
    case = app.session_state["open_case"]
    case.verdicts["AF"] = "dismissed"
    app.switch_page("pages/worklist.py").run()
    assert not app.file_uploader[0].value
    assert counted(app) == "2 opened"
    button(app, "Read").click().run()
    assert app.session_state["open_case"].title == "b.csv"
    assert case.drawn.quality is None
    app.switch_page("pages/worklist.py").run()
    entry = app.session_state["uploads"].entries[0]
    assert entry.case is case
    assert case.verdicts == {"AF": "dismissed"}


def test_the_oldest_leave_a_list_that_gets_too_long_and_are_named(
    app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "MAX_ENTRIES", 2)
    give(app, *((f"{i}.csv", table(0.1 * i)) for i in (1, 2, 3, 4)))
    assert counted(app) == "2 opened"
    told = "\n".join(lines(app))
    assert "Removed, oldest first: 1.csv, 2.csv." in told
    assert "3.csv: CSV" in told
    monkeypatch.setattr(listing, "MAX_BYTES", 10)
    give(app, ("5.csv", table(0.5)))
    assert [entry.name for entry in app.session_state["uploads"].entries] == ["5.csv"]


def test_what_is_taken_out_of_the_uploader_leaves_the_list(app: AppTest) -> None:
    give(app, ("a.csv", table(0.1)), ("b.csv", table(0.2)))
    app.file_uploader[0].clear()
    app.run()
    assert not app.session_state["uploads"].items


def test_the_list_can_be_cleared(app: AppTest) -> None:
    give(app, ("a.csv", table(0.1)), ("b.csv", table(0.2)))
    button(app, "Clear the list").click().run()
    assert not app.session_state["uploads"].items
    assert not app.file_uploader[0].value


def button(app: AppTest, label: str):  # type: ignore[no-untyped-def]
    return next(b for b in app.button if b.label == label)


def test_what_was_given_last_is_shown(app: AppTest) -> None:
    give(app, ("a.csv", table(0.1)))
    give(app, ("b.csv", table(0.2)), ("c.csv", table(0.3)))
    button(app, "Read this ECG").click().run()
    assert app.session_state["open_case"].title == "b.csv"
    app.switch_page("pages/worklist.py").run()
    give(app, ("a.csv", table(0.1)))  # for the second time
    button(app, "Read this ECG").click().run()
    assert app.session_state["open_case"].title == "a.csv"
