"""What a network of several tasks adds to its card page, and the folded findings."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from ecgcore.inference import read_card
from ecgcore.leads import STANDARD_12
from ecgcore.results import Finding
from ecgcore.statements import CORE_CODES, GROUPS, NETWORK_CODES, group_of, statement
from tests.synthetic import card_metrics_made, write_tiny_model
from tests.ui.desk_app import words_of
from tests.ui.test_card_pages import plots, shown, weights
from ui.desk.findings import is_further, sort_findings
from ui.models.card_statement import describe_learning

__all__ = ["weights"]
AREA = {"value": 0.8, "low": 0.7, "high": 0.9}
SETS = {"coverage_positive": 0.91, "coverage_negative": 0.9, "decided": 0.88, "size": 1.1}
CLASS = {"n": 120, "n_positive": 40, "auc": AREA, "f1": AREA}


def metrics_made() -> dict:
    """Return a card's figures of several tasks."""
    figures = card_metrics_made()
    point = {"threshold": 0.3, "sensitivity": AREA, "specificity": AREA, "ppv": AREA, "f1": AREA}
    lead = {"n": 120, "mean_auc": AREA, "classes": dict.fromkeys(CORE_CODES, AREA)}
    leads = {
        name: lead | {"difference": AREA, "among_best": 0.3, "mean_auc": AREA | {"value": 0.5}}
        for name in STANDARD_12
    }
    leads["V6"]["mean_auc"] = AREA | {"value": 0.99}
    kind = {"n": 50, "f1": AREA, "sensitivity": AREA, "ppv": AREA}
    plain = {"n": 5.0, "f1": None, "sensitivity": 0.5, "ppv": None}
    classes = {code: CLASS | {"sensitivity": AREA, "specificity": AREA} for code in CORE_CODES}
    scores = ("quality", "distance", "energy", "distance and quality", "refused")
    part = {"n": 66, "macro_auc": AREA}
    seed = {
        "nine": {"auc": AREA, "f1": AREA, "ece": AREA},
        "all": {"auc": AREA},
        "lead_one": AREA,
        "handheld_f1": AREA,
        "superclasses": AREA,
    }
    row = dict(zip("NAO~", (3, 1, 1, 0), strict=True))
    return figures | {
        "mean_of_nine": figures["mean"] | {"codes": list(CORE_CODES[:5])},
        "operating_points": {"SNR": {"highest F1": point, "sensitivity 95 %": point}},
        "conformal": {code: SETS | {"n": 120, "n_positive": 40} for code in CORE_CODES},
        "single_leads": {"all": lead, "leads": leads},
        "sides": {
            "lead_one": {"n": 293, "mean": {"auc": AREA, "f1": AREA}, "classes": classes},
            "handheld": {
                "n": 20,
                "f1": dict.fromkeys([*"NAO~", "mean of N, A, O"], AREA),
                "af_auc": AREA,
                "af_auc_class": AREA,
                "confusion": dict.fromkeys("NAO~", row),
            },
            "beats": {
                "all": {"supraventricular": kind, "ventricular": kind},
                "by record": {"232": {"supraventricular": plain, "ventricular": plain}},
            },
            "superclasses": part | {"classes": {"MI": CLASS}},
            "ptbxl_statements": part | {"classes": {"AF": CLASS}},
        },
        "outliers": {
            "outliers": {
                "unreadable (CinC 2017)": {
                    "n": 39,
                    "refused": 0.65,
                    "silent": 0.65,
                    "against": "one lead",
                    "auroc": dict.fromkeys(scores, AREA),
                }
            },
            "insiders": {"twelve leads": {"n": 343, "refused": 0.01, "silent": 0.01}},
        },
        "seeds": {"final-0": seed, "final-1": seed},
    }


def trust_made() -> dict:
    curves = card_metrics_made()["curves"]
    cuts = {"yes_from": 0.2, "no_to": 0.6, "useful": True}
    return {
        "curves": curves,
        "held_out_ece": dict.fromkeys(CORE_CODES, 0.012) | {"mean": 0.012},
        "conformal": {
            "level": 0.9,
            "classes": {c: cuts | {"useful": c != "AF"} for c in CORE_CODES},
        },
    }


@pytest.fixture
def card(weights: Path) -> Path:
    learned = {"SNR": {"ptbxl": [846, 2109], "cinc2017": [3600, 5800]}}
    return write_tiny_model(
        weights / "tiny-1",
        metrics=metrics_made(),
        out_of_fold=trust_made(),
        training={"learned_from": learned, "simulation": {"share": 0.3}},
        abstention={"score": "distance", "rule": "distance [chosen] on val."},
    )


def test_trust_of_a_statement(app: AppTest, card: Path) -> None:
    page = shown(app, "cards")
    assert "These are the nine core statements. Over all 9" in page
    assert "cinc2017 3,600 of 5,800" in page
    assert "and simulated records" in page
    assert "Reliability out-of-fold" in page
    assert "At other thresholds" in page
    assert "Sensitivity 95 %" in page
    assert "Prediction set with 90%" in page
    app.button_group[1].set_value("AF").run()
    after = words_of(app)
    # Sets that do not help are not shown; a card that tells nothing of the origin says nothing.
    assert "Prediction set with 90%" not in after
    assert "Positive training records" not in after


def test_other_tasks_have_a_tab_each(app: AppTest, card: Path) -> None:
    page = shown(app, "cards")
    assert [tab.label for tab in app.tabs] == [
        "Each lead alone", "Lead I", "Hand-held", "Beats", "PTB-XL", "Other seeds",
    ]  # fmt: skip
    assert "best I, aVR, V5" in page
    assert "best V6, I, II" in page
    assert "293 test records of CPSC 2018" in page
    assert "called atrial fibrillation" in page
    assert "Myocardial infarction" in page
    assert "Seed 1" in page


def test_what_it_refuses(app: AppTest, card: Path) -> None:
    page = shown(app, "cards")
    assert "Unreadable (CinC 2017)" in page
    assert "65 %" in page
    assert "twelve leads 1.0 % of 343" in page
    # Text of a card is text.
    assert "distance [chosen] on val" in page


def test_a_card_of_statements_alone_has_none_of_it(app: AppTest, weights: Path) -> None:
    write_tiny_model(weights / "tiny-1", metrics=card_metrics_made())
    page = shown(app, "cards")
    assert "Out-of-scope ECGs" not in page
    assert len(app.tabs) == 0
    assert len(plots(app)) == 4


def test_nothing_is_said_of_what_the_card_does_not_tell(weights: Path) -> None:
    found = read_card(write_tiny_model(weights / "tiny-1"))
    assert describe_learning(found, "AF") == ""


# ---- findings ------------------------------------------------------------------------------


def finding(code: str, *, flagged: bool | None, p: float = 0.1) -> Finding:
    return Finding(code, statement(code).term, p, True, 0.5, flagged)


def test_what_is_flagged_stands_first_and_further_statements_last_by_group() -> None:
    findings = tuple(
        finding(code, flagged={"LVH": True, "AF": True, "PACE": None}.get(code, False))
        for code in NETWORK_CODES
    )
    found = sort_findings(findings)
    first = [one.code for one in found if not is_further(one)]
    assert first[:2] == ["AF", "LVH"]
    assert set(first) == {*CORE_CODES, "LVH"}
    groups = [group_of(one.code) for one in found if is_further(one)]
    assert groups == sorted(groups, key=GROUPS.index)
    assert set(groups) == {"Rhythm", "Conduction", "ST segment and infarction", "Pacemaker"}
    assert len(groups) == 10
