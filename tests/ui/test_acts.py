"""What a component sends faster than a page runs is heard, once and in its order."""

from streamlit.testing.v1 import AppTest

from tests.ui.desk_app import RAIL, VIEWER, act, read, simulated


def numbered(*acts: tuple[int, str], sender: str = "paper 1") -> dict:
    return {"from": sender, "acts": [{"number": number, "name": name} for number, name in acts]}


def test_keys_that_overtake_a_page_are_all_heard_in_order(app: AppTest) -> None:
    case = simulated("rbbb", "I", "II", "V1", "V6")
    codes = [row["code"] for row in read(app, case)[RAIL]["rows"]]
    assert len(codes) >= 2
    found = act(app, "", **numbered((1, "next"), (2, "next"), (3, "confirm")))
    assert case.selected == codes[1]
    assert case.verdicts == {codes[1]: "confirmed"}
    assert found[VIEWER]["heard"] == ["paper 1", 3]


def test_what_was_heard_before_is_not_done_again(app: AppTest) -> None:
    case = simulated("rbbb", "I", "II", "V1", "V6")
    read(app, case)
    act(app, "", **numbered((1, "next"), (2, "confirm")))
    (code,) = case.verdicts
    act(app, "", **numbered((1, "next"), (2, "confirm"), (3, "next")))
    assert case.verdicts == {code: "confirmed"}  # confirmed twice is taken back


def test_a_paper_that_is_made_anew_counts_from_one(app: AppTest) -> None:
    case = simulated("rbbb", "I", "II", "V1", "V6")
    read(app, case)
    act(app, "", **numbered((1, "next"), (2, "dismiss")))
    act(app, "", **numbered((1, "confirm"), sender="paper 2"))
    assert list(case.verdicts.values()) == ["confirmed"]
