"""Population figures of networks whose answer is known: what they look at must come out."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from ecgcore.datasets import Entry
from ecgcore.errors import DatasetError
from ecgcore.evaluation import population_records as records_module
from ecgcore.evaluation.model_report import targets_of
from ecgcore.evaluation.population import Settings, _Maker, population_figures
from ecgcore.evaluation.population_beats import TIMES_S, aligned, simulated_beat
from ecgcore.inference import InputContract
from ecgcore.simulate import simulate
from ecgcore.statements import FURTHER_CODES
from tests.synthetic import tiny_model

V1 = 6
SMALL = Settings(n_draws=4, n_references=2, max_records=6, min_records=5, n_boot=20)


def entry(number, positive):
    targets = (0.0, float(positive), *([0.0] * 7))
    return Entry("made", str(number), f"person-{number}", "test", Path("file-of"), targets)


def reads_only_v1(_model, _given, _window):
    """AF is as likely as V1 is steep; nothing else is ever flagged."""

    def logits(x, present, index):
        row = (index == V1).nonzero()
        out = torch.full((x.shape[0], 9), -20.0)
        if len(row):
            steep = (x * present)[:, int(row[0]), :].diff(dim=1).square().mean(dim=1)
            out[:, 1] = 10 + 5 * steep
        return out

    return logits


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    made = {str(i): simulate("normal", seed=i, noise="low").recording for i in range(6)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(records_module, "load_recording", lambda e: made[e.record])
        patch.setattr("ecgcore.evaluation.population.load_recording", lambda e: made[e.record])
        model = tiny_model(tmp_path_factory.mktemp("models") / "tiny-1")
        entries = [entry(i, i % 2) for i in range(6)]
        return population_figures(model, entries, call=reads_only_v1, settings=SMALL)


def test_the_only_lead_that_matters_gets_all_of_the_attribution(found) -> None:
    shares = [one["value"] for one in found["classes"]["AF"]["share"]]
    assert shares[V1] == pytest.approx(1)
    assert sum(shares) == pytest.approx(1)
    assert found["average"]["share"][V1]["value"] == pytest.approx(1)
    assert found["classes"]["AF"]["check"]["leads"][0] == "V1"
    assert found["classes"]["AF"]["check"]["drop"] > 1
    assert found["classes"]["AF"]["check"]["at_random"] == 0
    assert found["classes"]["AF"]["check"]["passed"]


def pulls_both_ways(_model, _given, _window):
    """AF grows with lead I early and falls with it late, and with V1 it is the other way round."""

    def logits(x, present, index):
        out = torch.full((x.shape[0], 9), -20.0)
        half = x.shape[2] // 2
        for lead, sign in ((0, 1.0), (V1, -1.0)):
            row = (index == lead).nonzero()
            if len(row):
                each = (x * present)[:, int(row[0])].mean(dim=1)
                late = (x * present)[:, int(row[0]), half:].mean(dim=1)
                out[:, 1] = out[:, 1] + sign * (2 * each - 2 * late)
        out[:, 1] = out[:, 1] + 30
        return out

    return logits


def test_shares_are_of_the_size_of_shap_whatever_its_sign(tmp_path, monkeypatch) -> None:
    made = {str(i): simulate("normal", seed=i, noise="low").recording for i in range(6)}
    for module in (records_module.__name__, "ecgcore.evaluation.population"):
        monkeypatch.setattr(f"{module}.load_recording", lambda e: made[e.record])
    model = tiny_model(tmp_path / "tiny-1")
    said = population_figures(
        model, [entry(i, positive=True) for i in range(6)], call=pulls_both_ways, settings=SMALL
    )
    found = said["classes"]["AF"]
    shares = np.array([one["value"] for one in found["share"]])
    assert (shares >= 0).all()
    assert shares.sum() == pytest.approx(1, abs=1e-3)
    # SHAP of both leads has both signs and is about as large: neither cancels in its share.
    assert shares[0] > 0.2
    assert shares[V1] > 0.2
    size, signed = (np.array(found["beat"][k], dtype=float) for k in ("size", "signed"))
    assert (size >= 0).all()
    assert signed.min() < 0 < signed.max()


def test_what_is_hardly_flagged_is_not_stated(found) -> None:
    assert found["classes"]["SNR"] == {"n_flagged": 0}
    assert found["classes"]["AF"]["n_flagged"] == found["classes"]["AF"]["n"] == 6
    assert found["classes"]["AF"]["n_positive"] == 3


def test_a_beat_of_few_patients_is_drawn_simulated(found) -> None:
    beat = found["classes"]["AF"]["beat"]
    assert beat["n_patients"] == 6
    assert beat["source"] == "simulated"
    size = np.array(beat["size"], dtype=float)
    assert size.shape == np.shape(beat["shape"]) == (12, len(TIMES_S)) == (12, 81)
    assert size.max() == size[V1].max() == 100
    # The steepest stretch of a beat is its QRS.
    assert abs(TIMES_S[size[V1].argmax()]) < 0.06


def test_one_lead_alone(found) -> None:
    alone = found["single_leads"]
    assert alone["leads"]["I"]["classes"]["AF"]["value"] == 0.5
    assert alone["leads"]["V1"]["classes"]["AF"] == alone["all"]["classes"]["AF"]
    assert alone["leads"]["V1"]["difference"]["value"] == 0
    assert set(alone["leads"]) == set(found["leads"])


def test_nothing_but_sums_and_small(found) -> None:
    text = json.dumps(found, allow_nan=False)
    assert len(text) < 40_000
    assert "person-" not in text
    assert "file-of" not in text
    with pytest.raises(DatasetError, match="no records"):
        records_module.read_records(None, [])


def test_further_statements_and_superclasses_have_their_targets() -> None:
    further = tuple(float(i == 2) for i in range(len(FURTHER_CODES)))
    labelled = replace(entry(0, positive=True), further=further)
    said = targets_of([labelled], [FURTHER_CODES[2], "AF", FURTHER_CODES[0], "MI"])
    np.testing.assert_array_equal(said, [[1, 1, 0, np.nan]])
    with pytest.raises(DatasetError, match="XYZ"):
        targets_of([labelled], ["AF", "XYZ"])


def test_beats_are_laid_over_one_another_at_r() -> None:
    fs_hz = 100.0
    row = np.zeros((2, 1000), np.float32)
    r_s = np.array([0.1, 2.0, 5.5, 9.7])
    row[1, np.round(r_s * fs_hz).astype(int)] = 1
    cut = aligned(row, fs_hz, r_s)
    # The first and the last beat do not lie whole in the recording.
    assert cut.shape == (2, 2, 81)
    np.testing.assert_array_equal(np.flatnonzero(cut[:, 1].sum(axis=0)), [30])
    later = aligned(row[:, 150:], fs_hz, r_s, start_s=1.5)
    np.testing.assert_array_equal(later[0], cut[0])


def test_twenty_patients_make_a_beat() -> None:
    maker = _Maker.__new__(_Maker)
    maker.model = None
    shape = np.ones((12, 81))
    assert maker._drawn("AF", shape, 20) == (shape, "mean of 20 patients")


def test_a_simulated_ventricular_beat_is_broad() -> None:
    narrow, broad = (simulated_beat(code, InputContract()) for code in ("SNR", "PVC"))
    assert narrow is not None
    assert broad is not None
    inside = np.abs(TIMES_S) < 0.12
    wide = [np.abs(b[:, inside]).mean() / np.abs(b).max() for b in (narrow, broad)]
    assert wide[1] > 1.2 * wide[0]
    assert simulated_beat("XYZ", InputContract()) is None
