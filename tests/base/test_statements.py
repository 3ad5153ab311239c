"""The table of statements: complete, coded once, and the only place where its facts stand."""

import ast
import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from ecgcore.errors import InvalidArgumentError
from ecgcore.leads import STANDARD_12
from ecgcore.statements import (
    CORE_CODES,
    FURTHER_CODES,
    GROUPS,
    NETWORK_CODES,
    codes_of,
    group_of,
    place_of,
    statement,
    statements,
    table_digest,
    with_kinds,
)
from ecgcore.statements.table import SOURCES, TABLE, read_table

ROOT = Path(__file__).parents[2]
# A code from before PTB-XL's were taken over, which they are now known by.
OLD_NAMES = {
    "SNR": "NORM", "AF": "AFIB", "IAVB": "1AVB", "LBBB": "CLBBB", "RBBB": "CRBBB", "STD": "STD_",
    "STE": "STE_",
}  # fmt: skip

# Patterns that no list has a code for.
OWN_NAMES = {"CALIB", "DEWINTER", "HYPERT", "LEFTMAIN", "WELLENS"}

# Leads on fewer of which a shipped network gives no finding, where its card differs from the table.
CARDS = {
    # Its own figures on few leads: at two, AF is found in less than half.
    "core9-1": {"AF": 3.0, "PAC": 3.0, "PVC": 2.0},
    # A network of one lead asks which lead, not how many.
    "single-lead-1": dict.fromkeys(NETWORK_CODES, 1.0),
    # DANet reads every lead by itself and takes their mean.
    "danet-iavb-1": {"IAVB": 1.0},
    "danet-iavb-rule-1": {"IAVB": 1.0},
}


def verhoeff(number: str) -> int:
    """Return the check of a number with its check digit: 0 if it is right."""
    turns = [list(range(10)), [1, 5, 7, 6, 2, 8, 3, 0, 9, 4]]
    for _ in range(6):
        turns.append([turns[1][digit] for digit in turns[-1]])
    found = 0
    for at, digit in enumerate(int(d) for d in reversed(number)):
        other = turns[at % 8][digit]
        # The dihedral group of the pentagon.
        if found < 5:
            found = (found + other) % 5 + 5 * (other > 4)
        else:
            found = (found - other) % 5 + 5 * (other < 5)
    return found


def test_a_wrong_digit_of_an_identifier_is_seen() -> None:
    assert verhoeff("164889003") == 0
    assert verhoeff("164889013") != 0
    assert verhoeff("164898003") != 0


@pytest.mark.parametrize("code", statements())
def test_every_statement_has_a_code_of_its_own_and_valid_identifiers(code: str) -> None:
    one = statement(code)
    assert one.term
    assert len(one.short) <= len(one.term)
    assert one.code in {*one.scp, *one.snomed, f"AHA{one.aha}", *OLD_NAMES, *OWN_NAMES}
    for identifier in one.snomed:
        assert 6 <= len(identifier) <= 18
        assert identifier[-3:-1] in ("00", "10"), "of a concept"
        assert verhoeff(identifier) == 0, identifier


def test_every_code_stands_for_one_statement() -> None:
    table = statements().values()
    for codes in (
        [scp for one in table for scp in one.scp],
        [sct for one in table for sct in one.snomed],
        [one.aha for one in table if one.aha],
        [one.term for one in table],
    ):
        assert len(set(codes)) == len(codes)
    assert {code: statement(code).scp[0] for code in OLD_NAMES} == OLD_NAMES


def test_numbers_of_part_ii_are_in_its_ranges() -> None:
    numbers = {one.aha for one in statements().values()} - {0}
    assert all(n <= 190 or 200 <= n <= 231 or 500 <= n <= 503 for n in numbers)
    assert statement("AF").aha == 50
    assert len(numbers) > 100


@pytest.mark.parametrize("code", NETWORK_CODES)
def test_what_a_network_answers_says_what_it_needs(code: str) -> None:
    one, raw = statement(code), tomllib.loads(TABLE.read_text(encoding="utf-8"))[code]
    assert {"meaning", "alone", "min_leads"} <= raw.keys()
    assert one.meaning.endswith(".")
    assert bool(one.alone_reason) == (one.alone is not None)
    assert 1 <= one.min_leads <= 8
    assert set(one.alone or ()) <= set(STANDARD_12)
    for need in one.needs:
        assert need.at_least <= len(need.leads)
        assert {*need.leads, *need.instead} <= set(STANDARD_12)
        assert need.is_met(STANDARD_12)
    # A lead that can carry it alone meets every need.
    assert all(need.is_met([lead]) for lead in one.alone or () for need in one.needs)
    assert not one.only_voltage or one.needs_voltage


@pytest.mark.parametrize("code", NETWORK_CODES)
def test_a_place_names_its_leads_and_its_source(code: str) -> None:
    place = place_of(code)
    if place is None:
        return
    assert set(place.first) <= set(place.leads) <= set(STANDARD_12)
    assert place.beats in ("", "supraventricular", "ventricular")
    assert place.criterion
    assert place.feature
    assert any(letter.isdigit() for letter in place.source)
    assert all(source.short for source in place.sources)


def test_a_kind_implies_the_wider_statement() -> None:
    assert [one.code for one in with_kinds("AMI")] == ["AMI", "ASMI", "ALMI", "AHA166"]
    scp = codes_of(NETWORK_CODES, "scp")
    assert scp["ILMI"] == scp["IMI"] == "IMI"
    assert codes_of(CORE_CODES, "snomed")["11157007"] == "PVC"
    assert "LMI" not in scp


def test_groups_and_unknown_codes() -> None:
    assert {one.group for one in statements().values()} == set(GROUPS)
    assert group_of("STE") == "ST segment and infarction"
    assert group_of("no such code") == ""
    assert place_of("no such code") is None
    assert CORE_CODES == ("SNR", "AF", "IAVB", "LBBB", "RBBB", "PAC", "PVC", "STD", "STE")
    assert (*CORE_CODES, *FURTHER_CODES) == NETWORK_CODES
    assert {code for code in CORE_CODES if statement(code).needs_voltage} == {"STD", "STE"}
    assert len(table_digest()) == 64
    with pytest.raises(KeyError):
        statement("no such code")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("[AF]", "[AF", "cannot be read"),
        ('term = "Atrial fibrillation"', "", "AF.*term"),
        ("aha = 50", "ahah = 50", "AF.*ahah"),
        ('group = "Rhythm"', 'group = "Else"', "no group"),
        ('superclass = "NORM"', 'superclass = "ELSE"', "super-class"),
        ('sources = ["esc-af"]', 'sources = ["else"]', "unknown source 'else'"),
        ('kind_of = "AMI"', 'kind_of = "ELSE"', "a kind of 'ELSE'"),
        ('scp = ["AFLT"]', 'scp = ["AFIB"]', "scp code AFIB"),
        ('waves = ["P", "PR"]', 'wave = ["P", "PR"]', "IAVB: place.*wave"),
    ],
)
def test_a_damaged_table_says_what_is_wrong(old: str, new: str, words: str) -> None:
    text = TABLE.read_text(encoding="utf-8")
    assert old in text
    with pytest.raises(InvalidArgumentError, match=words):
        read_table(text.replace(old, new, 1), SOURCES.read_text(encoding="utf-8"))


def test_every_source_is_cited() -> None:
    cited = {s for code in statements() if (p := place_of(code)) for s in p.sources}
    cited |= {source for one in statements().values() for source in one.sources}
    assert len(cited) == len(tomllib.loads(SOURCES.read_text(encoding="utf-8")))


@pytest.mark.parametrize("path", sorted((ROOT / "weights").glob("*/card.json")), ids=str)
def test_shipped_cards_need_the_leads_of_the_table(path: Path) -> None:
    card = json.loads(path.read_text(encoding="utf-8"))
    if card.get("task", "statements") != "statements":
        return
    allowed = CARDS.get(path.parent.name, {})
    for label in card["labels"]:
        code = label["code"]
        assert label["min_leads"] == allowed.get(code, statement(code).min_leads), code


# ---- each fact once --------------------------------------------------------------------------

# What maps statements to something that is no clinical fact of theirs.
OTHER_TABLES = {
    "ecgcore/datasets/": "words and codes of data sets, and what they cannot tell",
    "ecgcore/evaluation/map_records.py": "the simulated case of each",
    "ecgcore/simulate/annotations.py": "WFDB's notes of rhythms",
    "ecgcore/simulate/masks_rhythm.py": "which stretches of a simulated record are lit",
    "ecgcore/explain/defaults.py": "the method shown first",
}
# Titles of cases and of shapes of the heart, and classes of CinC 2017, not of statements.
TITLES = ("ecgcore/simulate/cases.py", "ecgcore/simulate/changes.py", "ui/model_card_more.py")


def sources() -> list[Path]:
    found = [p for folder in ("ecgcore", "ui", "pages") for p in (ROOT / folder).rglob("*.py")]
    return [p for p in found if p.parent.name != "statements"]


def second_tables(tree: ast.AST) -> list[int]:
    """Return the lines of dictionaries by three statements or more."""
    table = statements()
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Dict)
        and sum(isinstance(k, ast.Constant) and k.value in table for k in node.keys) >= 3
    ]


def second_terms(tree: ast.AST) -> list[str]:
    """Return the terms of more than one word that are written out."""
    terms = {one.term for one in statements().values() if " " in one.term} - {"AV block"}
    found = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    return [value for value in found if isinstance(value, str) and value in terms]


def test_no_second_table_of_statements() -> None:
    for path in sources():
        name = path.relative_to(ROOT).as_posix()
        tree = ast.parse(path.read_text(encoding="utf-8"))
        if not name.startswith(tuple(OTHER_TABLES)):
            assert not second_tables(tree), f"{name} holds a table by statement"
        if name not in TITLES:
            assert not second_terms(tree), f"{name} writes out a term of the table"


def test_no_second_file_of_statements() -> None:
    for path in sorted((ROOT / "ecgcore").rglob("*.toml")) + sorted((ROOT / "configs").glob("*")):
        if path.parent.name == "statements" or path.suffix != ".toml":
            continue
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
        blocks = [raw[code] for code in statements().keys() & raw.keys()]
        assert not any({"leads", "term", "scp"} & block.keys() for block in blocks), path
        assert "min_leads" not in raw, path


def test_the_check_itself_sees_a_second_table() -> None:
    assert second_tables(ast.parse('READ_IN = {"AF": 1, "PAC": 2, "STE": 3}')) == [1]
    assert not second_tables(ast.parse('X = {"AF": 1, "PAC": 2}'))
    assert second_terms(ast.parse('x = "Atrial fibrillation"')) == ["Atrial fibrillation"]


def test_the_table_is_read_without_torch_or_pandas() -> None:
    code = (
        "import sys; from ecgcore.statements import statements; statements(); "
        "assert not {'torch', 'pandas', 'numpy'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
