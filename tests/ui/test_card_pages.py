"""Cards and population on page Models, through Streamlit's own test harness."""

import json
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from ecgcore.inference import InputContract
from tests.synthetic import card_metrics_made, population_made, tiny_card, write_tiny_model
from tests.ui.desk_app import study, words_of
from ui.models import words as card_words
from ui.tables import format_figure


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder of models in place of the app's own."""
    monkeypatch.setenv("ECG_WEIGHTS", str(tmp_path))
    return tmp_path


def shown(app: AppTest, view: str) -> str:
    return words_of(study(app, view))


def plots(app: AppTest) -> list[dict]:
    return [json.loads(node.proto.spec) for node in app.get("plotly_chart")]


def test_without_a_model_the_pages_say_so(app: AppTest, weights: Path) -> None:
    assert "No trained model is installed" in shown(app, "cards")
    assert "No trained model is installed" in shown(app, "population")


def test_a_card_without_figures_says_how_to_make_them(app: AppTest, weights: Path) -> None:
    write_tiny_model(weights / "tiny-1", limits=("knows <i>nothing</i>",))
    page = shown(app, "cards")
    assert "knows <i>nothing</i>" in page
    assert "evaluate tiny-1 --write" in page
    assert plots(app) == []


def test_a_card_shows_curves_operating_point_and_subgroups(app: AppTest, weights: Path) -> None:
    metrics = card_metrics_made()
    write_tiny_model(weights / "tiny-1", metrics=metrics)
    page = shown(app, "cards")
    counts = metrics["curves"]["SNR"]["confusion"]
    assert f"Flagged {counts['tp']} of {counts['tp'] + counts['fn']} records" in page
    roc, precision, reliability, groups = plots(app)
    marked = roc["data"][-1]
    assert marked["y"] == [pytest.approx(counts["tp"] / (counts["tp"] + counts["fn"]))]
    assert len(precision["data"]) == 3
    assert len(reliability["data"][1]["x"]) > 5
    assert "Under 40" in " ".join(groups["layout"]["yaxis"]["ticktext"])
    app.button_group[1].set_value("STE").run()
    assert "Not calibrated (only 40" in words_of(app)
    assert "Only 6 positive test records" in words_of(app)


def test_an_older_card_without_curves_is_words(app: AppTest, weights: Path) -> None:
    metrics = {k: v for k, v in card_metrics_made().items() if k != "curves"}
    write_tiny_model(weights / "tiny-1", metrics=metrics)
    page = shown(app, "cards")
    assert "holds no curves" in page
    assert "Statement by statement" in page


def test_a_damaged_card_is_a_sentence(app: AppTest, weights: Path) -> None:
    folder = write_tiny_model(weights / "tiny-1")
    (folder / "card.json").write_text("{", encoding="utf-8")
    assert "card.json cannot be read" in shown(app, "cards")


def test_the_delineator_has_a_card_too(app: AppTest) -> None:
    study(app, "cards")
    app.selectbox(key="card_model").set_value("delineator-1").run()
    assert not app.exception
    assert "QRS onset, consensus" in words_of(app)


def test_a_waveform_network_shows_its_controls_and_every_access(app: AppTest) -> None:
    study(app, "cards")
    app.selectbox(key="card_model").set_value("danet-pac-1").run()
    assert not app.exception
    page = words_of(app)
    assert "No gain over the classifier alone was shown" in page
    assert "343 records of 336 patients, 8 with the statement" in page
    assert "logits of the released network on val" in page
    assert "out-of-fold" not in page
    assert [e.label for e in app.expander if e.label == "Measured on test 3 times"]


def test_a_pooled_figure_says_what_it_pools(app: AppTest) -> None:
    study(app, "cards")
    app.selectbox(key="card_model").set_value("single-lead-1").run()
    page = words_of(app)
    assert "Pooled over lead I of twelve-lead records" in page.replace("\\", "")
    assert "first release: mean AUC of the nine .905" in " ".join(
        h.proto.body for h in app.get("html")
    )


def test_another_model_stands_beside_out_of_fold_and_on_test(app: AppTest) -> None:
    study(app, "cards")
    tables = " ".join(h.proto.body for h in app.get("html"))
    assert "Test, without ST elevation" in tables
    assert "Out of fold" in tables


def test_population_shares_beat_and_single_leads(app: AppTest, weights: Path) -> None:
    folder = write_tiny_model(weights / "tiny-1")
    population_made(folder)
    page = shown(app, "population")
    assert "best I, aVR, V5" in page
    assert "best V1, V2, V3" in page
    assert "<td>✓</td>" in page
    assert "<td>✗</td>" in page
    assert "Flagged in too few records to be shown: ST elevation" in page
    assert "simulated" in page
    beat, signed, alone = plots(app)
    assert len(beat["data"]) == 14
    assert len(signed["data"][0]["z"]) == 12
    assert len(alone["layout"]["yaxis"]["ticktext"]) == 13


def test_a_statement_that_fails_its_check_is_hidden_until_asked_for(
    app: AppTest, weights: Path
) -> None:
    population_made(write_tiny_model(weights / "tiny-1"))
    shown(app, "population")
    app.button_group[2].set_value("AF").run()
    assert "failed their check" in words_of(app)
    assert len(plots(app)) == 1
    app.toggle[0].set_value(True).run()
    assert len(plots(app)) == 3


def test_figures_of_other_weights_are_refused(app: AppTest, weights: Path) -> None:
    folder = write_tiny_model(weights / "tiny-1")
    assert "population tiny-1 --write" in shown(app, "population")
    population_made(folder, weights_sha256="0" * 64)
    app.run()
    assert "made for other weights" in words_of(app)


def test_counts_are_said_as_sentences() -> None:
    said = card_words.describe_threshold_on_test({"tp": 26, "fp": 20, "fn": 6, "tn": 291})
    assert said == (
        "Flagged 26 of 32 records with it (81 %) and 20 of 311 without (6 %). "
        "Of 46 flagged, 26 had it (57 %)."
    )
    nothing = card_words.describe_threshold_on_test({"tp": 0, "fp": 0, "fn": 0, "tn": 0})
    assert nothing == "No test record is labelled for it."
    assert format_figure({"value": None, "low": None, "high": None}) == "–"
    assert format_figure({"value": 0.5, "low": None, "high": None}) == "0.50"
    assert np.char.startswith(format_figure({"value": 1.0, "low": 0.9, "high": 1.0}), "1.00 (")


def test_what_one_lead_never_carries_is_no_weakness_of_its_model():
    low = {"value": 0.2, "low": 0.1, "high": 0.3}
    figures = {"classes": {code: {"sensitivity": low} for code in ("SNR", "PVC")}}
    plain = tiny_card(metrics=figures)
    one = tiny_card(metrics=figures, input=InputContract(max_leads=1))
    assert any("Normal ECG (20 %)" in line for line in card_words.find_weaknesses(plain))
    said = card_words.find_weaknesses(one)
    assert "Normal ECG" in said[0]
    assert said[0].startswith("Never stated on one lead")
    assert not any("Normal ECG (" in line for line in said)
    assert any("Ventricular premature complex(es) (20 %)" in line for line in said)
