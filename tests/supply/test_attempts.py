"""The attempts of docs/security.md: each independent, honest, and proven by a test that exists."""

import json
import re

import pytest

pytest.importorskip("playwright", reason="locks/dev.txt is not installed")
from scripts.attempts import __main__ as command
from scripts.attempts import app, hostile
from scripts.attempts.table import (
    ATTEMPTS,
    FAILED,
    HELD,
    NOT_TRIED,
    Attempt,
    CannotTryError,
    Outcome,
    tried,
)
from tests.conftest import ROOT

SECURITY = (ROOT / "SECURITY.md").read_text()


def one(play) -> Attempt:
    return Attempt("server", "name", "how", "test", play)


def test_every_attempt_has_a_name_of_its_own_and_a_group_that_is_played():
    assert len({attempt.name for attempt in ATTEMPTS}) == len(ATTEMPTS) > 50
    assert {attempt.group for attempt in ATTEMPTS} == {*command._ALONE, *command._SERVED}


@pytest.mark.parametrize("attempt", ATTEMPTS, ids=lambda attempt: attempt.name)
def test_the_test_that_proves_it_is_there(attempt):
    for part in attempt.test.split(", "):
        path, _, name = part.partition(": ")
        assert (ROOT / path).exists(), path
        assert not name or f"def {name}(" in (ROOT / path).read_text()


def test_one_that_breaks_is_neither_held_nor_failed():
    def breaks(_needs: object) -> Outcome:
        raise ValueError("broken")

    def cannot(_needs: object) -> Outcome:
        raise CannotTryError("nothing there")

    assert tried(one(breaks), None) == Outcome(NOT_TRIED, "ValueError: broken")
    assert tried(one(cannot), None) == Outcome(NOT_TRIED, "nothing there")
    assert tried(one(lambda _: Outcome.of([], "seen")), None) == Outcome(FAILED, "seen")
    assert tried(one(lambda _: Outcome.of("x", "seen")), None) == Outcome(HELD, "seen")


def test_the_table_says_what_failed_and_what_was_not_tried(tmp_path):
    name = ATTEMPTS[0].name
    (tmp_path / "a.json").write_text(command.written({name: Outcome(FAILED, "a | b")}))
    before = command.read(tmp_path / "a.json")
    lines = command.document(before, {}).splitlines()
    assert len(lines) == len(ATTEMPTS) + 2
    assert "| failed: a \\| b | not tried |" in lines[2]
    page = command.put_into("head\n<!-- attempts -->\nold\n<!-- end of attempts -->\ntail\n", "new")
    assert page == "head\n<!-- attempts -->\n\nnew\n\n<!-- end of attempts -->\ntail\n"


def test_the_page_has_a_row_for_every_attempt():
    page = command.DOCUMENT.read_text()
    rows = re.findall(r"(?m)^\| (.+?) \| ", page)
    names = [attempt.name.replace("|", "\\|") for attempt in ATTEMPTS]
    assert [row for row in rows if row in names] == names


def test_the_app_is_started_by_the_command_of_the_makefile():
    words = app.run_command(ROOT, 4321)
    assert words[0].endswith("/streamlit")
    assert "app.py" in words
    assert words[words.index("--server.port") + 1] == "4321"


def test_hostile_files_are_what_they_claim():
    import zipfile
    from io import BytesIO

    link = zipfile.ZipFile(BytesIO(hostile.zip_with_link(ROOT / "LICENSE"))).infolist()[0]
    assert link.external_attr >> 28 == 0o12
    overlapping = zipfile.ZipFile(BytesIO(hostile.overlapping_zip(30))).infolist()
    assert len({member.filename for member in overlapping}) == 30
    assert {member.header_offset for member in overlapping} == {0}
    assert len(hostile.zip_of_zeros(64 * hostile.MIB)) < hostile.MIB
    assert json.loads(hostile.deep_json(5)) == {"leads": [[[[[]]]]]}


def test_the_security_page_says_how_to_report_and_names_code_that_is_there():
    assert "Report a vulnerability" in SECURITY
    for path in re.findall(r"`((?:ecgcore|ui|tests|scripts|locks|\.streamlit)[\w./-]*)`", SECURITY):
        assert (ROOT / path).exists(), path
    for page in ("README.md", "CONTRIBUTING.md"):
        assert "(SECURITY.md)" in (ROOT / page).read_text()
    for link in re.findall(r"\]\(([\w/.]+)\)", SECURITY):
        assert (ROOT / link).exists(), link
