"""Every figure of a network of several tasks, on made records."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from ecgcore.datasets import Entry
from ecgcore.datasets.cinc2011 import Judged
from ecgcore.datasets.cinc2017 import TARGETS
from ecgcore.errors import DatasetError
from ecgcore.evaluation import asked as asked_module
from ecgcore.evaluation import choices as release_choices
from ecgcore.evaluation import outliers, side_report
from ecgcore.evaluation.asked import ask_reads, on_one_lead, read_one, read_some
from ecgcore.evaluation.choices import (
    beat_bias,
    choose_single,
    handheld_bias,
    kept_networks,
)
from ecgcore.evaluation.multi_report import multi_figures, predicted_of
from ecgcore.evaluation.outliers import (
    AGAINST,
    best_score,
    disagreement,
    failure,
    judge,
    outlier_figures,
)
from ecgcore.evaluation.side_report import (
    BeatTable,
    ask_entries,
    beat_figures,
    handheld_figures,
    is_unreadable,
)
from ecgcore.evaluation.side_words import side_text
from ecgcore.inference import InputContract, LabelRule, LoadedModel, predict
from ecgcore.inference.distance import Part, fit_distance, usual_of
from ecgcore.inference.outputs import sides_of
from ecgcore.leads import STANDARD_12
from ecgcore.models import LeadAttentionNet
from ecgcore.recording import Recording
from ecgcore.simulate import simulate
from ecgcore.statements import CORE_CODES, FURTHER_CODES, NETWORK_CODES
from tests.synthetic import tiny_card

TINY = {"encoder": (4, 8), "mixed": 8, "trunk": (8, 16), "layers": 1, "kernel": 5}
N = 10


def network(seed: int) -> LeadAttentionNet:
    torch.manual_seed(seed)
    return LeadAttentionNet(n_labels=20, **TINY).requires_grad_(False).eval()


@pytest.fixture(scope="module")
def model() -> LoadedModel:
    card = replace(
        tiny_card(),
        architecture="lead_attention",
        arguments={
            "n_labels": 20,
            **{k: list(v) if isinstance(v, tuple) else v for k, v in TINY.items()},
        },
        input=InputContract(sees_voltage=True),
        labels=tuple(LabelRule(c, 0.5, 1.0, 0.0, True, 40, 1.0) for c in NETWORK_CODES),
    )
    features = np.random.default_rng(0).standard_normal((200, 32))
    distance = replace(fit_distance(features, n_directions=4), limit=5.0)
    return LoadedModel(card, network(1), usual_of([Part(0.0, distance, 0.0)]))


@pytest.fixture(scope="module")
def recordings() -> dict[str, Recording]:
    return {
        str(i): simulate("normal", seed=i, fs_hz=250.0, duration_s=10.0).recording for i in range(N)
    }


def entry(number: int, dataset: str = "ptbxl", targets=None) -> Entry:
    own = tuple(float(number % 3 == j % 3) for j in range(len(CORE_CODES)))
    return Entry(
        dataset,
        str(number),
        f"person-{number}",
        "test",
        Path("nowhere"),
        own if targets is None else targets,
        further=tuple(float(number % 2 == j % 2) for j in range(len(FURTHER_CODES))),
        superclasses=tuple(float(number % 2 == j % 2) for j in range(5)),
        lead=None if dataset == "ptbxl" else "I",
    )


@pytest.fixture
def files(recordings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Recordings in place of the data sets' files."""

    def load(one: Entry) -> Recording:
        made = recordings[one.record]
        if one.lead is None:
            return made
        return replace(made, signal=made.signal[:1], leads=("I",))

    monkeypatch.setattr(asked_module, "load_recording", load)
    monkeypatch.setattr(outliers, "load_recording", load)
    hand = [entry(i, "cinc2017", TARGETS["NAO~"[i % 4]]) for i in range(N)]
    lead_one = [entry(i, "cpsc2018_lead1") for i in range(N)]
    singles = {"cinc2017": hand, "cpsc2018_lead1": lead_one}
    monkeypatch.setattr(side_report, "single_entries", lambda name, _split: singles[name])
    monkeypatch.setattr(side_report, "data_root", lambda: Path("nowhere"))
    monkeypatch.setattr(side_report, "twelve_lead_names", lambda _card: ["ptbxl"])
    monkeypatch.setattr(side_report, "load_index", lambda _root, **_: [entry(i) for i in range(N)])
    monkeypatch.setattr(side_report, "beat_tables", lambda _model, _split: made_beats())
    monkeypatch.setattr(outliers, "data_root", lambda: Path("nowhere"))
    sheets = [
        Judged(recordings[str(i)], i % 2 == 1, dict.fromkeys(STANDARD_12, False)) for i in range(4)
    ]
    monkeypatch.setattr(outliers, "read_judged", lambda _root, _half: sheets)
    monkeypatch.setattr(outliers, "N_SIMULATED", 2)


def made_beats() -> dict[str, BeatTable]:
    groups = np.array(["N", "N", "S", "V", "-", "V"])
    sure = np.eye(3)[[0, 0, 0, 2, 2, 2]] * 0.5 + 1 / 6
    return {
        "100": BeatTable(groups, sure, {"V": 1}),
        "232": BeatTable(groups[:3], sure[:3], {}),
    }


def test_together_as_one_by_one(model, recordings):
    reads = [read_one(model, key, one) for key, one in recordings.items()]
    short = replace(recordings["0"], signal=recordings["0"].signal[:, :2000])
    reads.append(read_one(model, "short", short))
    together, alone = (ask_reads(model.network, reads, size=size) for size in (32, 1))
    for a, b in zip(together, alone, strict=True):
        np.testing.assert_allclose(a.logits, b.logits, atol=1e-4)
        np.testing.assert_allclose(a.features, b.features, atol=1e-4)
    said = together[0].logits.max(axis=0)
    found = [f.probability for f in predict(model, recordings["0"]).findings]
    np.testing.assert_allclose(1 / (1 + np.exp(-said)), found, atol=1e-5)
    sides = sides_of(model, recordings["0"])
    shares = np.exp(together[0].handheld) / np.exp(together[0].handheld).sum()
    np.testing.assert_allclose(shares[0], sides.handheld, atol=1e-5)


def test_one_lead_is_that_lead_alone(model, recordings):
    read = read_one(model, "0", recordings["0"])
    (said,) = on_one_lead(model.network, [read], STANDARD_12.index("V2"))
    found = predict(model, recordings["0"], leads=("V2",))
    np.testing.assert_allclose(
        1 / (1 + np.exp(-said.logits[0])), [f.probability for f in found.findings], atol=1e-5
    )
    limb = read_one(
        model, "1", replace(recordings["0"], signal=recordings["0"].signal[:1], leads=("I",))
    )
    assert on_one_lead(model.network, [limb], STANDARD_12.index("V2")) == [None]


def test_all_figures_of_all_tasks(model, files):
    others = {"final-1": network(2)}
    said = []
    found = multi_figures(model, "test", others=others, report=said.append, n_boot=20)
    json.dumps(found, allow_nan=False)
    assert "outliers" in said
    assert found["n"] == N
    assert len(found["mean"]["codes"]) == 20
    assert tuple(found["mean_of_nine"]["codes"]) == CORE_CODES
    assert list(found["single_leads"]["leads"]) == list(STANDARD_12)
    assert set(found["sides"]) == {
        "lead_one", "handheld", "beats", "superclasses", "ptbxl_statements",
    }  # fmt: skip
    assert set(found["outliers"]["outliers"]) == set(AGAINST)
    areas = found["outliers"]["outliers"]["simulated failure"]["auroc"]
    assert {"quality", "distance", "energy", "disagreement", "refused"} <= set(areas)
    assert found["outliers"]["outliers"]["simulated failure"]["refused"] == 1.0
    assert set(found["seeds"]) == {"final-0", "final-1"}
    assert found["seeds"]["final-0"]["nine"]["auc"] == found["mean_of_nine"]["auc"]
    text = side_text(found)
    for part in ("One lead alone", "MIT-BIH DS2", "Further seeds", "Disagreement and quality"):
        assert part in text
    assert side_text({"classes": {}}) == ""


def test_prediction_in_batches_is_prediction(model, files, recordings):
    asked = ask_entries(model, [entry(i) for i in range(3)])
    predicted = predicted_of(model, asked)
    for row, one in zip(predicted.probabilities, list(recordings.values())[:3], strict=True):
        np.testing.assert_allclose(
            row, [f.probability for f in predict(model, one).findings], atol=1e-5
        )
    np.testing.assert_allclose(asked.probabilities(model), predicted.probabilities, atol=1e-6)
    with pytest.raises(DatasetError, match="no records"):
        ask_entries(model, [])


def test_hand_held_classes_and_their_bias(model, files):
    asked = ask_entries(model, [entry(i, "cinc2017", TARGETS["NAO~"[i % 4]]) for i in range(N)])
    assert sum(is_unreadable(e) for e in asked.entries) == 2
    found = handheld_figures(model, asked, n_boot=10)
    assert sum(sum(row.values()) for row in found["confusion"].values()) == N
    bias = handheld_bias(asked)
    assert bias[0] == 0.0
    better = replace(model, card=replace(model.card, sides={"handheld_bias": bias}))
    key = "mean of N, A, O"
    chosen = handheld_figures(better, asked, n_boot=10)["f1"][key]["value"]
    assert chosen >= found["f1"][key]["value"]


def test_beats_together_by_record_and_without_one():
    found = beat_figures(made_beats(), n_boot=10)
    ventricular = found["all"]["ventricular"]
    # Two of three found, one flag on nothing.
    assert ventricular["n"] == 3
    assert ventricular["sensitivity"]["value"] == pytest.approx(2 / 3)
    assert ventricular["ppv"]["value"] == pytest.approx(2 / 3)
    assert found["all"]["supraventricular"]["n"] == 2
    assert found["without 232"]["supraventricular"]["n"] == 1
    assert found["by record"]["232"]["ventricular"]["f1"] is None


def test_a_bias_is_chosen_only_where_it_helps():
    tables = made_beats()
    assert beat_bias(tables)[0] == 0.0
    perfect = BeatTable(np.array(["N", "S", "V"]), np.eye(3), {})
    assert beat_bias({"1": perfect}) == [0.0, 0.0, 0.0]


def test_of_a_model_of_one_lead_only_unreadable_strips_are_outliers(model, files, monkeypatch):
    hand = [entry(i, "cinc2017", TARGETS["NAO~"[i % 4]]) for i in range(N)]
    singles = {"cinc2017": hand, "cpsc2018_lead1": [entry(i, "cpsc2018_lead1") for i in range(N)]}
    asked = {name: ask_entries(model, entries) for name, entries in singles.items()}
    found = outlier_figures(model, "test", asked, n_boot=10)
    assert set(found["outliers"]) == {outliers.NOISE}
    assert set(found["insiders"]) == {outliers.ONE}
    assert found["insiders"][outliers.ONE]["n"] == 2 * N - 2
    monkeypatch.setattr(release_choices, "single_entries", lambda name, _split: singles[name])
    monkeypatch.setattr(release_choices, "beat_tables", lambda _model, _split: made_beats())
    chosen = choose_single(model)
    assert chosen.abstention["score"] in {"distance", "energy"}
    assert set(chosen.abstention["val"]["outliers"]) == {outliers.NOISE}
    assert chosen.sides["handheld_bias"][0] == 0.0


def test_networks_that_agree_do_not_disagree(model, recordings):
    read = read_one(model, "0", recordings["0"])
    (one,), (other,) = (ask_reads(n, [read]) for n in (model.network, network(2)))
    assert disagreement(model, [one, one]) == pytest.approx(0, abs=1e-9)
    assert disagreement(model, [one, other]) > 0


def test_what_cannot_be_run_is_refused(model, recordings):
    short = replace(recordings["0"], signal=recordings["0"].signal[:, :500])
    rows = read_some(model, [("a", recordings["0"]), ("b", short)])
    assert rows[1] == ("b", None)
    found = judge(model, rows)
    assert found.refused.tolist()[1]
    assert found.silent.tolist()[1]
    assert found.scores["distance"][1] > found.scores["distance"][0]


def test_a_failure_is_one_for_the_signal_quality(model):
    rng = np.random.default_rng(3)
    rows = read_some(model, [(str(i), failure(rng)) for i in range(4)])
    assert judge(model, rows).refused.all()


def test_only_a_strip_of_one_lead_is_called_noise(model, recordings):
    sure = replace(model, card=replace(model.card, sides={"handheld_bias": [0.0, 0, 0, 99]}))
    one = replace(recordings["0"], signal=recordings["0"].signal[:1], leads=("I",))
    assert "Poor data quality" in predict(sure, one).abstain_reason
    assert not predict(sure, recordings["0"]).abstained
    assert not predict(model, one).abstained


def test_exchanged_leads_are_refused_by_the_limb_leads(model, recordings):
    order = [6, 7, 8, 3, 4, 5, 0, 1, 2, 9, 10, 11]
    rows = [
        ("usual", recordings["0"]),
        ("exchanged", replace(recordings["0"], signal=recordings["0"].signal[order])),
    ]
    found = judge(model, read_some(model, rows))
    assert found.refused.tolist() == [False, True]
    assert found.scores["limb leads"][0] < 1 < found.scores["limb leads"][1]


def test_the_best_score_is_the_best_on_the_mean():
    def kind(distance, energy):
        areas = {"distance and quality": distance, "energy and quality": energy}
        return {"auroc": {name: {"value": value} for name, value in areas.items()}}

    figures = {"outliers": {"a": kind(0.9, 0.6), "b": kind(0.7, 0.8), "c": {"auroc": {}}}}
    assert best_score(figures, ("distance", "energy")) == "distance"


def test_further_networks_are_those_that_training_kept(model, tmp_path):
    from ecgcore.evaluation.model_folder import save_weights

    assert kept_networks(tmp_path, model.card) == {}
    for number in (0, 1):
        save_weights(network(number), tmp_path / f"final-{number}.safetensors")
    kept = kept_networks(tmp_path, model.card)
    assert list(kept) == ["final-1"]
    assert torch.equal(kept["final-1"].query, network(1).query)
