"""Batches of several tasks, a whole tiny training, and what becomes of it."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from ecgcore.datasets.mitdb import MarkedBeats
from ecgcore.errors import InvalidArgumentError
from ecgcore.inference import load_model, predict
from ecgcore.inference.card import InputContract
from ecgcore.inference.distance import fit_distance, load_distance, save_distance
from ecgcore.inference.outputs import KINDS, beat_shares, sides_of
from ecgcore.labels import CORE_CODES, STATEMENT_CODES
from ecgcore.models import LeadAttentionNet
from ecgcore.training import multi_make, multi_release, read_recipe
from ecgcore.training.augmentation import Augmentation
from ecgcore.training.multi_batch import (
    Member,
    TasksPart,
    make_batch,
    single_members,
    twelve_members,
)
from ecgcore.training.multi_loop import Sources, fit_tasks, recalibrate, task_loss
from ecgcore.training.pools import (
    IGNORED,
    Pool,
    beat_classes,
    mitdb_targets,
    simulated_pool,
)
from ecgcore.training.simulated import SimulationPart, simulated_records
from tests.synthetic import recording

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ROOT / "configs" / "diagnostic.toml"
TINY = {"n_labels": 20, "encoder": [4, 8], "mixed": 8, "trunk": [8, 16], "layers": 1, "kernel": 5}
CONTRACT = InputContract(sees_voltage=True)


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
        tasks=replace(recipe.tasks, single_lead=("cinc2017",), single_batch=(3, 3)),
    )


def batch_of(pool, members, *, seed=0, tasks=None, crop=None, noise=()):
    return make_batch(
        members,
        rng=np.random.default_rng(seed),
        augmentation=crop or Augmentation(short_share=0, wander=0, noise=0, bad_lead_share=0),
        tasks=tasks or TasksPart(scale_dropout=0, scale_jitter=0, real_noise=0),
        contract=CONTRACT,
        noise=noise,
    )


def test_a_batch_keeps_samples_and_their_truth_together(pool):
    every = np.arange(12)
    made = batch_of(pool, [Member(pool, 0, every), Member(pool, 1, every)])
    assert made.x.shape == made.waves.shape == (2, 12, 1000)
    assert made.beats.shape == (2, 250)
    np.testing.assert_array_equal(made.beats[0].numpy(), pool.beats[0][::4])
    np.testing.assert_array_equal(made.waves[1, 7].numpy(), pool.waves[1][0])
    assert made.statements.shape == (2, len(STATEMENT_CODES))
    short = Augmentation(crop_s=8, min_crop_s=8, short_share=1, wander=0, noise=0)
    cut = batch_of(pool, [Member(pool, 0, every)], crop=short, seed=3)
    starts = [
        s for s in range(201) if np.array_equal(pool.waves[0][0][s : s + 800], cut.waves[0, 0])
    ]
    assert len(starts) == 1
    np.testing.assert_array_equal(cut.beats[0], pool.beats[0][starts[0] : starts[0] + 800 : 4])


def test_records_of_one_and_two_leads_share_a_batch(pool):
    made = batch_of(pool, [Member(pool, 0, np.array([1])), Member(pool, 1, np.array([1, 6]))])
    assert made.x.shape == (2, 2, 1000)
    assert not made.present[0, 1].any()
    assert made.present[1].all()
    assert (made.waves[0, 1] == IGNORED).all()
    assert made.leads[1].tolist() == [1, 6]


def test_single_members_have_one_or_two_of_the_leads_there_are(pool):
    rng = np.random.default_rng(0)
    sizes = {m.leads.size for m in single_members(rng, [(pool, i) for i in range(30)])}
    assert sizes == {1, 2}


def test_voltage_is_hidden_where_it_is_lost_or_drawn_so(pool):
    members = [Member(pool, i, np.arange(12)) for i in range(4)]
    assert torch.isfinite(batch_of(pool, members).scale).all()
    hidden = TasksPart(scale_dropout=1, real_noise=0)
    assert torch.isnan(batch_of(pool, members, tasks=hidden).scale).all()
    lost = replace(pool, data=replace(pool.data, has_voltage=np.zeros(48, bool)))
    made = batch_of(pool, [Member(lost, 0, np.arange(12))])
    assert torch.isnan(made.scale).all()


def test_recorded_noise_is_added_to_its_share(pool):
    members = [Member(pool, i, np.arange(12)) for i in range(6)]
    loud = TasksPart(real_noise=1)
    noise = [np.random.default_rng(0).standard_normal(5000).astype(np.float32)]
    plain, noisy = (
        batch_of(pool, members, tasks=replace(loud, real_noise=share), noise=noise)
        for share in (0.0, 1.0)
    )
    assert (plain.x - noisy.x).abs().mean() > 0.01


def test_every_task_has_its_gradient_and_unknown_targets_none(pool):
    torch.manual_seed(0)
    network = LeadAttentionNet(
        **{k: tuple(v) if isinstance(v, list) else v for k, v in TINY.items()}
    )
    rng = np.random.default_rng(1)
    members = twelve_members(rng, Augmentation(), [(pool, i) for i in range(6)])
    made = batch_of(pool, members)
    loss = task_loss(network, made, TasksPart(), torch.device("cpu"))
    loss.backward()
    assert network.beat_out[-1].weight.grad.abs().sum() > 0
    assert network.wave_out[-1].weight.grad.abs().sum() > 0
    handheld_rows = network.top.weight.grad[-4:]
    assert handheld_rows.abs().sum() == 0
    assert network.top.weight.grad[:20].abs().sum() > 0


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
    found = dict(zip(CORE_CODES, mitdb_targets(marks, [(0.0, "(N")], 0.0, 10.0), strict=True))
    assert found["PAC"] == 1
    # An escape beat is of ventricular origin, but not premature.
    assert found["PVC"] == found["AF"] == found["LBBB"] == 0
    assert np.isnan(found["SNR"])
    in_af = mitdb_targets(marks, [(0.0, "(AFIB")], 2.0, 5.0)
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
    data = replace(
        pool.data,
        splits=np.array(["train", "train", "val"])[np.arange(48) % 3],
        datasets=np.full(48, "ludb"),
        targets=np.where(np.arange(48)[:, None] % 4 == np.arange(9) % 4, 1, 0).astype(np.float32),
        further=np.where(np.arange(48)[:, None] % 3 == np.arange(11) % 3, 1, 0).astype(np.float32),
    )
    stand_in = replace(pool, data=data)
    single = replace(stand_in, data=replace(data, datasets=np.full(48, "cinc2017")))
    beats = replace(stand_in, data=replace(data, datasets=np.full(48, "mitdb")))
    root = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(multi_make, "packed_pool", lambda *_: stand_in)
        patch.setattr(multi_make, "single_lead_pool", lambda *_: single)
        patch.setattr(multi_make, "mitdb_pool", lambda *_: beats)
        patch.setattr(multi_make, "simulated_records", lambda *_: None)
        patch.setattr(multi_make, "simulated_pool", lambda _: pool)
        patch.setattr(multi_make, "noise_set", lambda _: ())
        patch.setattr(multi_release, "N_DIRECTIONS", 4)
        multi_release.make_diagnostic(tiny_recipe(), root / "model", root / "runs")
        kept = sorted(p.name for p in (root / "runs").glob("*.safetensors"))
        assert kept == ["final-0.safetensors", "fold-0.safetensors", "fold-1.safetensors"]
        stamp = (root / "runs" / "fold-0.safetensors").stat().st_mtime_ns
        multi_release.make_diagnostic(tiny_recipe(), root / "model", root / "runs")
        assert (root / "runs" / "fold-0.safetensors").stat().st_mtime_ns == stamp
    return root / "model"


def test_the_made_folder_loads_and_says_all_statements(folder):
    model = load_model(folder)
    made = predict(model, recording(10.0, 500.0))
    assert tuple(f.code for f in made.findings) == STATEMENT_CODES
    assert model.card.input.sees_voltage
    assert json.loads((folder / "card.json").read_text())["training"]["tasks"]["single_every"] == 3


def test_sides_and_beats_of_a_recording(folder):
    model = load_model(folder)
    shown = recording(25.0, 500.0)
    sides = sides_of(model, shown)
    assert sides.handheld.sum() == pytest.approx(1)
    assert sides.superclasses.shape == (5,)
    r_s = np.arange(0.5, 25, 0.8)
    shares = beat_shares(model, shown, r_s)
    assert shares.shape == (r_s.size, len(KINDS))
    np.testing.assert_allclose(shares.sum(axis=1), 1)


def test_a_recording_far_from_all_that_was_learned_is_not_read(folder):
    model = load_model(folder)
    near = replace(model, distance=replace(model.distance, limit=1e9))
    assert not predict(near, recording(10.0, 500.0)).abstained
    far = predict(
        replace(model, distance=replace(model.distance, limit=1e-9)), recording(10.0, 500.0)
    )
    assert far.abstained
    assert "unlike those the model learned from" in far.abstain_reason


def test_distance_is_one_for_usual_records_and_kept_exactly(tmp_path):
    rng = np.random.default_rng(0)
    features = rng.standard_normal((400, 20)) * np.linspace(5, 0.5, 20)
    made = replace(fit_distance(features, n_directions=6), limit=2.0)
    assert np.median(made.of(features)) == pytest.approx(1, abs=0.1)
    assert made.of(features.mean(axis=0) + 100)[0] > 10
    save_distance(made, tmp_path)
    kept = load_distance(tmp_path)
    np.testing.assert_allclose(kept.of(features), made.of(features), rtol=1e-4)
    assert kept.limit == 2.0
    assert load_distance(tmp_path / "nothing") is None


def test_too_few_records_make_no_distance():
    with pytest.raises(InvalidArgumentError, match="directions"):
        fit_distance(np.zeros((5, 20)), n_directions=6)


def test_statistics_are_measured_anew_for_averaged_weights(pool):
    network = LeadAttentionNet(
        **{k: tuple(v) if isinstance(v, list) else v for k, v in TINY.items()}
    )
    before = {k: v.clone() for k, v in network.state_dict().items()}
    members = twelve_members(
        np.random.default_rng(1), Augmentation(), [(pool, i) for i in range(6)]
    )
    batches = [batch_of(pool, members)] * 3
    recalibrate(network, batches, torch.device("cpu"))
    assert not any(part.training for part in network.modules())
    changed = {k for k, v in network.state_dict().items() if not torch.equal(v, before[k])}
    assert changed
    assert all("running" in name for name in changed)
