"""Batches of several tasks, a whole tiny training, and what becomes of it."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from ecgcore.datasets.mitdb import MarkedBeats, window_targets
from ecgcore.datasets.pools import (
    IGNORED,
    Pool,
    beat_classes,
    simulated_pool,
)
from ecgcore.datasets.simulated import SimulationPart, simulated_records
from ecgcore.evaluation import usual as usual_module
from ecgcore.evaluation.choices import Choices
from ecgcore.inference import load_model, predict, read_card
from ecgcore.inference.card import InputContract
from ecgcore.inference.outputs import KINDS, beat_shares, sides_of
from ecgcore.models import LeadAttentionNet
from ecgcore.statements import CORE_CODES, NETWORK_CODES
from ecgcore.training.batches import (
    Augmentation,
    Draws,
    TasksPart,
    crop_length,
    make_batch,
    noise_rows,
    single_leads,
    twelve_leads,
)
from ecgcore.training.device_pool import device_pool
from ecgcore.training.diagnostic import data, release
from ecgcore.training.diagnostic.recipe import read_classifier_recipe as read_recipe
from ecgcore.training.diagnostic.train import Sources, fit_tasks, recalibrate, task_loss
from tests.synthetic import recording

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ROOT / "configs" / "diagnostic.toml"
TINY = {"n_labels": 20, "encoder": [4, 8], "mixed": 8, "trunk": [8, 16], "layers": 1, "kernel": 5}
CONTRACT = InputContract(sees_voltage=True)
CHOSEN = Choices(
    {"score": "distance", "rule": "made", "scale": {"distance": [1.0, 1.0]}},
    {"handheld_bias": [0.0, 0.0, 0.0, 50.0], "beat_bias": [0.0, 50.0, 0.0], "rule": "made"},
)


@pytest.fixture(scope="module")
def pool(tmp_path_factory) -> Pool:
    """Simulated records with beats and waves; they stand in for every kind of source."""
    part = SimulationPart(
        share=0.3, records=48, statements=("normal", "pvc", "atrial-fibrillation", "lbbb")
    )
    return simulated_pool(simulated_records(part, CONTRACT, tmp_path_factory.mktemp("pool")))


def tiny_recipe():
    recipe = read_recipe(CONFIG)
    return replace(
        recipe,
        model=replace(recipe.model, arguments=TINY),
        data=replace(recipe.data, folds=2),
        training=replace(recipe.training, epochs=2, batch_size=8),
        simulation=replace(recipe.simulation, share=0.25),
        tasks=replace(recipe.tasks, single_lead=("cinc2017",), single_batch=(3, 3), single_every=3),
    )


QUIET = Augmentation(short_share=0, wander=0, noise=0, bad_lead_share=0)
PLAIN = TasksPart(scale_dropout=0, scale_jitter=0, real_noise=0, soft_share=0)
EVERY = torch.arange(12)[None]


def draws_of(*, seed=0, tasks=PLAIN, crop=QUIET, noise=()):
    return Draws(
        numbers=np.random.default_rng(seed),
        samples=torch.Generator().manual_seed(seed),
        augmentation=crop,
        tasks=tasks,
        fs_hz=100.0,
        noise=noise_rows(noise),
    )


def batch_of(pools, rows, leads, *, length=1000, **options):
    made, _ = device_pool(pools)
    draws = draws_of(**options)
    return make_batch(made, np.array(rows), leads.expand(len(rows), -1), length, draws)


def test_a_batch_keeps_samples_and_their_truth_together(pool):
    made = batch_of([pool], [0, 1], EVERY)
    assert made.x.shape == made.waves.shape == (2, 12, 1000)
    assert made.whole
    assert made.beats.shape == (2, 250)
    np.testing.assert_array_equal(made.beats[0].numpy(), pool.beats[0][::4])
    np.testing.assert_array_equal(made.waves[1, 7].numpy(), pool.waves[1][0])
    assert made.statements.shape == (2, len(NETWORK_CODES))
    cut = batch_of([pool], [0], EVERY, length=800, seed=3)
    starts = [
        s for s in range(201) if np.array_equal(pool.waves[0][0][s : s + 800], cut.waves[0, 0])
    ]
    assert len(starts) == 1
    np.testing.assert_array_equal(cut.beats[0], pool.beats[0][starts[0] : starts[0] + 800 : 4])


def test_what_the_device_holds_are_the_records_of_every_pool(pool):
    few = np.array([3, 7])
    made, firsts = device_pool([pool, pool])
    assert firsts == [0, 48]
    assert len(made) == 96
    leads = torch.tensor([[0, 11], [6, -1]])
    found = made.signals(torch.tensor(few + 48), leads, torch.tensor([0, 100]), 950)
    np.testing.assert_allclose(found[0, 1], pool.data.signal(3)[11, :950], rtol=1e-5)
    np.testing.assert_allclose(found[1, 0, :900], pool.data.signal(7)[6, 100:], rtol=1e-5)
    assert found[1, 0, 900:].isnan().all()
    assert found[1, 1].isnan().all()


def test_records_of_one_and_two_leads_share_a_batch(pool):
    made = batch_of([pool], [0, 1], torch.tensor([[1, -1], [1, 6]]))
    assert made.x.shape == (2, 2, 1000)
    assert not made.whole
    assert not made.present[0, 1].any()
    assert made.present[1].all()
    assert (made.waves[0, 1] == IGNORED).all()
    assert made.leads[1].tolist() == [1, 6]


def test_single_leads_are_one_or_both_of_those_that_are_there(pool):
    made, _ = device_pool([pool])
    there = torch.full_like(made.place, -1)
    there[:, 1], there[:, 6] = 0, 1
    there[40:, 6] = -1
    two = replace(made, place=there)
    found = single_leads(two, np.arange(48), draws_of()).tolist()
    assert {tuple(row) for row in found[:40]} == {(1, -1), (6, -1), (1, 6)}
    assert {tuple(row) for row in found[40:]} == {(1, -1)}


def test_twelve_lead_batches_have_one_number_of_different_leads():
    draws = draws_of(crop=replace(QUIET, all_leads_share=0.3))
    sizes = set()
    for _ in range(40):
        leads = twelve_leads(5, draws)
        sizes.add(leads.shape[1])
        assert (leads.diff(dim=1) > 0).all()
    assert 12 in sizes
    assert min(sizes) < 4


def test_single_batches_are_cut_to_lengths_of_their_own():
    draws = draws_of(tasks=replace(PLAIN, single_crop_s=(8.0, 24.0)))
    found = [crop_length(draws, single=True) for _ in range(50)]
    assert 800 <= min(found) < 1200
    assert 2000 < max(found) <= 2400
    assert {crop_length(draws, single=False) for _ in range(5)} == {1000}


def test_voltage_is_hidden_where_it_is_lost_or_drawn_so(pool):
    rows = [0, 1, 2, 3]
    assert torch.isfinite(batch_of([pool], rows, EVERY).scale).all()
    hidden = replace(PLAIN, scale_dropout=1)
    assert torch.isnan(batch_of([pool], rows, EVERY, tasks=hidden).scale).all()
    lost = replace(pool, data=replace(pool.data, has_voltage=np.zeros(48, bool)))
    assert torch.isnan(batch_of([lost], [0], EVERY).scale).all()


@pytest.mark.parametrize("change", [{"real_noise": 1.0}, {"soft_share": 1.0}])
def test_noise_and_bandwidth_change_their_share_of_records(pool, change):
    noise = [np.random.default_rng(0).standard_normal(5000).astype(np.float32)]
    plain = batch_of([pool], range(6), EVERY, noise=noise)
    changed = batch_of([pool], range(6), EVERY, tasks=replace(PLAIN, **change), noise=noise)
    assert (plain.x - changed.x).abs().mean() > 0.01
    assert torch.equal(plain.present, changed.present)


def test_every_task_has_its_gradient_and_unknown_targets_none(pool):
    torch.manual_seed(0)
    network = LeadAttentionNet(
        **{k: tuple(v) if isinstance(v, list) else v for k, v in TINY.items()}
    )
    known = np.full((48, 4), np.nan, dtype=np.float32)
    known[:, 0] = 0.2
    made = batch_of([replace(pool, intervals=known)], range(6), EVERY)
    loss = task_loss(network, made, TasksPart())
    loss.backward()
    assert network.beat_out[-1].weight.grad.abs().sum() > 0
    assert network.wave_out[-1].weight.grad.abs().sum() > 0
    rows = network.top.weight.grad.abs().sum(dim=1)
    assert (rows[:20] > 0).any()
    # Hand-held classes are unknown here, and so are three of the four intervals.
    assert rows[25:29].sum() == 0
    assert rows[29] > 0
    assert rows[30:].sum() == 0


def test_beats_are_taught_around_their_peaks_and_fusion_is_left_out():
    marks = MarkedBeats(np.array([1.0, 2.0, 3.0]), ("N", "V", "F"), ("N", "V", "F"), ((4.0, 5.0),))
    classes = beat_classes(marks, 600, 100.0)
    assert classes[100] == 1
    assert classes[194] == classes[206] == 3
    assert classes[193] == classes[207] == 0
    assert classes[300] == IGNORED
    assert (classes[400:500] == IGNORED).all()


def test_a_window_of_mitdb_knows_what_its_beats_and_rhythm_tell():
    r_s = np.arange(1.0, 9.0)
    codes = ("N", "A", "N", "E", "N", "N", "N", "N")
    marks = MarkedBeats(r_s, tuple("NSNVNNNN"), codes, ())
    found = dict(zip(CORE_CODES, window_targets(marks, [(0.0, "(N")], 0.0, 10.0), strict=True))
    assert found["PAC"] == 1
    # An escape beat is of ventricular origin, but not premature.
    assert found["PVC"] == found["AF"] == found["LBBB"] == 0
    assert np.isnan(found["SNR"])
    in_af = window_targets(marks, [(0.0, "(AFIB")], 2.0, 5.0)
    found = dict(zip(CORE_CODES, in_af, strict=True))
    assert found["AF"] == 1
    assert np.isnan(found["PAC"])


def test_training_is_repeatable_and_learns(pool):
    recipe = tiny_recipe()
    rows = np.arange(40)
    sources = Sources(pool, rows, pool, ((pool, rows), (pool, rows)), ())
    one, two = (fit_tasks(recipe, sources, seed=5) for _ in range(2))
    assert one.losses == two.losses
    assert one.losses[1] < one.losses[0]
    for a, b in zip(one.network.parameters(), two.network.parameters(), strict=True):
        torch.testing.assert_close(a, b)


@pytest.fixture(scope="module")
def folder(pool, tmp_path_factory):
    """A whole run on the stand-ins: folds, rules, final network, distance, card."""
    records = replace(
        pool.data,
        splits=np.array(["train", "train", "val"])[np.arange(48) % 3],
        datasets=np.full(48, "ludb"),
        targets=np.where(np.arange(48)[:, None] % 4 == np.arange(9) % 4, 1, 0).astype(np.float32),
        further=np.where(np.arange(48)[:, None] % 3 == np.arange(11) % 3, 1, 0).astype(np.float32),
    )
    stand_in = replace(pool, data=records)
    single = replace(stand_in, data=replace(records, datasets=np.full(48, "cinc2017")))
    beats = replace(stand_in, data=replace(records, datasets=np.full(48, "mitdb")))
    root = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(data, "packed_pool", lambda *_: stand_in)
        patch.setattr(data, "single_lead_pool", lambda *_: single)
        patch.setattr(data, "mitdb_pool", lambda *_: beats)
        patch.setattr(data, "simulated_records", lambda *_: None)
        patch.setattr(data, "simulated_pool", lambda _: pool)
        patch.setattr(data, "noise_set", lambda _: ())
        patch.setattr(data, "teach_waves", lambda pool, *_: pool)
        patch.setattr(usual_module, "N_DIRECTIONS", 4)
        # What is chosen on recordings is tested with recordings.
        patch.setattr(release, "choose", lambda _model, _others: CHOSEN)
        release.make_classifier(tiny_recipe(), root / "model", root / "runs")
        kept = sorted(p.name for p in (root / "runs").glob("*.safetensors"))
        assert kept == ["final-0.safetensors", "fold-0.safetensors", "fold-1.safetensors"]
        stamp = (root / "runs" / "fold-0.safetensors").stat().st_mtime_ns
        release.make_classifier(tiny_recipe(), root / "model", root / "runs")
        assert (root / "runs" / "fold-0.safetensors").stat().st_mtime_ns == stamp
    return root / "model"


def test_the_made_folder_loads_and_says_all_statements(folder):
    model = load_model(folder)
    made = predict(model, recording(10.0, 500.0))
    assert tuple(f.code for f in made.findings) == NETWORK_CODES
    assert model.card.input.sees_voltage
    assert json.loads((folder / "card.json").read_text())["training"]["tasks"]["single_every"] == 3


def test_sides_and_beats_of_a_recording(folder):
    model = load_model(folder)
    shown = recording(25.0, 500.0)
    sides = sides_of(model, shown)
    assert sides.handheld.sum() == pytest.approx(1)
    assert sides.superclasses.shape == (5,)
    # The card's bias decides.
    assert sides.handheld.argmax() == 3
    r_s = np.arange(0.5, 25, 0.8)
    shares = beat_shares(model, shown, r_s)
    assert shares.shape == (r_s.size, len(KINDS))
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    assert (shares.argmax(axis=1) == KINDS.index("supraventricular")).all()


def test_a_recording_far_from_all_that_was_learned_is_not_read(folder):
    model = load_model(folder)

    def limited(limit):
        parts = tuple(
            replace(part, distance=replace(part.distance, limit=limit))
            for part in model.distance.parts
        )
        return replace(model, distance=replace(model.distance, parts=parts))

    assert not predict(limited(1e9), recording(10.0, 500.0)).abstained
    far = predict(limited(1e-9), recording(10.0, 500.0))
    assert far.abstained
    assert "outside the model's scope" in far.abstain_reason


def test_the_card_says_what_each_statement_was_learned_from_and_how_it_holds(folder):
    card = read_card(folder)
    learned = card.training["learned_from"]
    assert set(learned) == set(NETWORK_CODES)
    assert learned["SNR"]["ludb"] == [8, 32]
    assert set(learned["SNR"]) == {"ludb", "cinc2017", "mitdb"}
    trust = card.out_of_fold
    assert set(trust["curves"]) == set(NETWORK_CODES)
    assert trust["held_out_ece"]["mean"] is None or trust["held_out_ece"]["mean"] < 1
    points = trust["operating_points"]["AF"]
    assert points["sensitivity 95 %"] <= points["highest F1"]
    assert trust["conformal"]["level"] == 0.9
    assert card.labels[0].origin.startswith("highest F1")
    assert card.labels[NETWORK_CODES.index("STE")].origin.startswith("specificity")


def test_usual_records_are_kept_by_the_number_of_leads(folder):
    usual = load_model(folder).distance
    assert [part.min_leads for part in usual.parts] == [0.0, 1.5, 7.5]
    assert all(np.isfinite(part.distance.limit) for part in usual.parts)
    assert all(np.isfinite(part.energy_limit) for part in usual.parts)


def test_statistics_are_measured_anew_for_averaged_weights(pool):
    network = LeadAttentionNet(
        **{k: tuple(v) if isinstance(v, list) else v for k, v in TINY.items()}
    )
    before = {k: v.clone() for k, v in network.state_dict().items()}
    recalibrate(network, [batch_of([pool], range(6), EVERY)] * 3)
    assert not any(part.training for part in network.modules())
    changed = {k for k, v in network.state_dict().items() if not torch.equal(v, before[k])}
    assert changed
    assert all("running" in name for name in changed)
