"""The single-lead student from pools to a model folder, on simulated records."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from ecgcore.datasets.pools import Pool, simulated_pool
from ecgcore.datasets.simulated import SimulationPart, simulated_records
from ecgcore.errors import CannotAssessError, InvalidArgumentError
from ecgcore.evaluation import usual
from ecgcore.evaluation.choices import Choices
from ecgcore.inference import load_model, predict, read_card
from ecgcore.inference.card import InputContract
from ecgcore.leads import STANDARD_12
from ecgcore.statements import NETWORK_CODES
from ecgcore.training.diagnostic.data import Material
from ecgcore.training.diagnostic.train import build_tasks_network
from ecgcore.training.recipe import task_of
from ecgcore.training.single_lead import release, students, train
from ecgcore.training.single_lead.ask import ask
from ecgcore.training.single_lead.data import Drawer, SingleMaterial, single_pool
from ecgcore.training.single_lead.recipe import TASK, read_single_recipe
from ecgcore.training.single_lead.release import Collected, collect, make_single, rules_of
from ecgcore.training.single_lead.students import (
    Run,
    answers_for,
    answers_of,
    ask_student,
    drop_unnamed_losses,
    load_heard,
    teacher_of,
    train_student,
)
from ecgcore.training.single_lead.train import Answers, fit_single, own_loss, rise_and_fall
from ecgcore.training.trainer import Fitted
from tests.synthetic import recording

CONFIG = Path(__file__).resolve().parents[2] / "configs" / "single_lead.toml"
TINY = {"n_labels": 20, "encoder": [4, 8], "mixed": 8, "trunk": [8, 16], "layers": 1, "kernel": 5}
CPU = torch.device("cpu")


@pytest.fixture(scope="module", autouse=True)
def _few_statistics():
    """A few batches for the running statistics: what these networks say does not matter."""
    patch = pytest.MonkeyPatch()
    patch.setattr(train, "_RECALIBRATION_STEPS", 1)
    yield
    patch.undo()


@pytest.fixture(scope="module")
def records(tmp_path_factory) -> Pool:
    part = SimulationPart(
        share=0.3, records=40, statements=("normal", "pvc", "atrial-fibrillation", "lbbb")
    )
    folder = tmp_path_factory.mktemp("records")
    return simulated_pool(simulated_records(part, InputContract(sees_voltage=True), folder))


def renamed(pool: Pool, dataset: str, *, leads: int = 12, first: int = 0) -> Pool:
    """Return a pool as another data set's, train and val in turn, with its first leads alone."""
    data, n = pool.data, len(pool)
    scales = data.signals.scales.copy()
    values = data.signals.values.reshape(n, 12, -1)[:, :leads]
    scales[:, leads:] = np.nan
    length = int(data.signals.lengths[0])
    signals = replace(
        data.signals,
        values=np.ascontiguousarray(values).reshape(-1),
        starts=np.arange(n + 1, dtype=np.int64) * leads * length,
        scales=scales,
    )
    people = np.array([f"{dataset}/{first + i}" for i in range(n)])
    made = replace(
        data,
        signals=signals,
        datasets=np.full(n, dataset),
        groups=people,
        records=people,
        splits=np.array(["train", "train", "val", "train"] * (n // 4)),
        # Every statement has positives, so that each can have a threshold.
        further=(np.random.default_rng(1).random((n, 11)) < 0.4).astype(np.float32),
        targets=(np.random.default_rng(2).random((n, 9)) < 0.4).astype(np.float32),
    )
    return replace(pool, data=made)


@pytest.fixture(scope="module")
def material(records: Pool) -> SingleMaterial:
    recipe = read_single_recipe(CONFIG)
    few = {"steps": 2, "learning_rate": 5e-3, "twelve": 6, "simulated": 2}
    recipe = replace(
        recipe,
        arguments=TINY,
        seeds=(0,),
        losses=("labels", "bce", "clt", "mkd+own", "soup"),
        soup=("bce", "clt"),
        student=replace(recipe.student, cpsc=3, cinc=3, beats=2, **few),
        second=replace(recipe.second, cpsc=3, cinc=3, beats=2, **few),
        contrast=replace(recipe.contrast, n_negatives=6),
        base=replace(
            recipe.base,
            model=replace(recipe.base.model, arguments=TINY),
            data=replace(recipe.base.data, folds=2),
        ),
    )
    base = Material(recipe.base)
    one = renamed(records, "cpsc2018_lead1", leads=1)
    other = renamed(records, "cinc2017", leads=1)
    single = replace(one, data=_together(one, other), handheld=np.full(80, 1), beats=None, waves={})
    base.__dict__.update(
        twelve=renamed(records, "ptbxl", first=0),
        single=single,
        beats=renamed(records, "mitdb", leads=2),
        simulated=records,
        noise=(),
    )
    return SingleMaterial(recipe, base)


def _together(one: Pool, other: Pool):
    a, b = one.data, other.data
    signals = replace(
        a.signals,
        values=np.concatenate([a.signals.values, b.signals.values]),
        starts=np.concatenate([a.signals.starts, a.signals.starts[-1] + b.signals.starts[1:]]),
        lengths=np.concatenate([a.signals.lengths, b.signals.lengths]),
        scales=np.concatenate([a.signals.scales, b.signals.scales]),
        in_mv=np.concatenate([a.signals.in_mv, b.signals.in_mv]),
    )
    names = ("targets", "further", "superclasses", "ages", "sexes", "groups", "splits")
    more = ("datasets", "records", "has_voltage")
    joined = {n: np.concatenate([getattr(a, n), getattr(b, n)]) for n in (*names, *more)}
    return replace(a, signals=signals, **joined)


def test_the_recipe_reads_and_takes_its_data_from_its_base():
    recipe = read_single_recipe(CONFIG)
    assert task_of(CONFIG) == TASK
    assert recipe.input.max_leads == 1
    assert recipe.input.sees_voltage
    assert "cpsc2018_lead1" in recipe.base.tasks.single_lead
    assert recipe.arguments["n_labels"] == len(NETWORK_CODES)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('losses = ["labels"', 'losses = ["kd"', "possible values"),
        ("n_labels = 20", "n_labels = 9", "n_labels must be 20"),
        ("temperature = 2.0", "temperature = 0.0", "temperature"),
        ("seeds = [0, 1, 2]", "seeds = []", "seed"),
        ("long_share = 0.25", "long_share = 2", "long_share"),
        ('base = "diagnostic.toml"', 'base = "nowhere.toml"', "cannot be read"),
        ("[second]", "[third]", "possible values"),
        ('soup = ["mkd+clt", ', 'soup = ["labels", ', "possible values"),
        ('soup = ["mkd+clt", "mkd+own"]', "soup = []", "go together"),
        ("steps = 3000", "stride = 3000", "possible values"),
    ],
)
def test_a_recipe_that_does_not_fit_is_refused(tmp_path, old, new, words):
    text = CONFIG.read_text()
    assert old in text
    (tmp_path / "diagnostic.toml").write_text((CONFIG.with_name("diagnostic.toml")).read_text())
    path = tmp_path / "bad.toml"
    path.write_text(text.replace(old, new))
    with pytest.raises(InvalidArgumentError, match=words):
        read_single_recipe(path)


def test_a_students_batch_has_one_lead_a_record_and_names_its_kinds(material):
    part = material.recipe.student
    drawer = Drawer(material.recipe, material.pool, material.rows(("train",)), part, seed=0)
    kinds = set()
    for _ in range(12):
        drawn = drawer.draw()
        assert drawn.batch.x.shape[1] == drawn.batch.leads.shape[1] == 1
        assert drawn.batch.whole
        assert sum(count for _, count in drawn.counts) == drawn.batch.x.shape[0]
        kinds |= {kind for kind, _ in drawn.counts}
    assert kinds == {"twelve", "cpsc", "cinc", "beats", "simulated"}


def test_a_lead_with_a_gap_is_never_a_students_record(records):
    gap = renamed(records, "ptbxl")
    values = gap.data.signals.values.copy()
    values[5] = -32768
    signals = replace(gap.data.signals, values=values)
    pool = single_pool({"twelve": replace(gap, data=replace(gap.data, signals=signals))}, (), CPU)
    assert not pool.complete[0, 0]
    assert pool.complete.sum() == 40 * 12 - 1


def test_without_twelve_leads_there_is_nothing_to_learn_from(material):
    none = {"twelve": np.array([], int)}
    with pytest.raises(InvalidArgumentError, match="twelve-lead"):
        Drawer(material.recipe, material.pool, none, material.recipe.student, seed=0)


@pytest.fixture
def base_networks(monkeypatch):
    """Untrained networks in place of the base's; the list tells which were asked for."""
    asked = []

    def teacher(_material, fold, _keep):
        asked.append(fold)
        torch.manual_seed(0 if fold is None else fold + 1)
        return build_tasks_network(TINY)

    monkeypatch.setattr(students, "teacher_of", teacher)
    return asked


KINDS = ("twelve", "cpsc", "cinc", "beats")


def test_a_fold_and_its_answers_never_hold_its_patients(material, base_networks, tmp_path):
    rows = material.rows(("train", "val"), without=0)
    held = {kind: material.held(kind, 0) for kind in KINDS}
    for kind, some in held.items():
        assert some.size
        assert not np.intersect1d(some, rows[kind]).size
    said = answers_of(material, tmp_path, 0)
    known = ~torch.isnan(said.logits).any(dim=1).numpy()
    assert not known[held["twelve"]].any()
    assert known[rows["twelve"]].all()
    assert base_networks == [0, 0]


def test_sets_of_one_lead_are_not_cross_validated(material):
    every = {kind: material.rows(("train",))[kind] for kind in KINDS}
    val = {kind: material.rows(("val",))[kind] for kind in KINDS}
    for fold in (0, 1):
        rows = material.rows(("train", "val"), without=fold)
        for kind in KINDS[1:]:
            # Their patients are in no fold.
            np.testing.assert_array_equal(rows[kind], every[kind])
            assert np.isin(material.held(kind, fold), val[kind]).all()
    for kind in KINDS[1:]:
        heard = np.concatenate([material.held(kind, fold) for fold in (0, 1)])
        np.testing.assert_array_equal(np.sort(heard), val[kind])


def test_records_of_one_lead_are_answered_on_it_by_all_teachers(material, base_networks, tmp_path):
    own = answers_of(material, tmp_path).own.numpy()
    rows = material.rows(("train",))
    alone = np.concatenate([rows[kind] for kind in KINDS[1:]])
    assert np.isfinite(own[alone]).all()
    assert np.isnan(np.delete(own, alone, axis=0)).all()
    expected = []
    for fold in (0, 1):
        torch.manual_seed(fold + 1)
        said = ask(build_tasks_network(TINY), material.pool, alone, [-1])
        expected.append(np.hstack([said.statements, said.handheld]))
    np.testing.assert_allclose(own[alone], np.mean(expected, axis=0), rtol=1e-2, atol=1e-2)


def test_a_final_students_records_are_answered_out_of_fold(material, base_networks, tmp_path):
    said = answers_of(material, tmp_path).logits.numpy()
    learned = material.rows(("train",))["twelve"]
    assert np.isfinite(said[learned]).all()
    assert np.isnan(np.delete(said, learned, axis=0)).all()
    for fold in (0, 1):
        mine = np.intersect1d(learned, material.held("twelve", fold))
        torch.manual_seed(fold + 1)
        expected = ask(build_tasks_network(TINY), material.pool, mine, range(12)).statements
        np.testing.assert_allclose(said[mine], expected, rtol=1e-3, atol=1e-3)


def test_training_is_repeatable(material):
    recipe, rows = material.recipe, material.rows(("train",))
    one, two = (
        fit_single(recipe, material.pool, rows, recipe.student, seed=3).network for _ in range(2)
    )
    for a, b in zip(one.state_dict().values(), two.state_dict().values(), strict=True):
        torch.testing.assert_close(a, b)


def test_the_rate_rises_and_falls():
    rates = [rise_and_fall(k / 100, 0.2) for k in range(101)]
    assert max(rates) == pytest.approx(1)
    assert int(np.argmax(rates)) == 20
    assert rates[0] == pytest.approx(0.04)
    assert rates[-1] == pytest.approx(0, abs=1e-9)


def test_the_soft_loss_pulls_a_student_to_its_teacher(material):
    rows = {"twelve": material.rows(("train",))["twelve"]}
    n = material.n_twelve
    answers = Answers(torch.full((n, 25), 4.0), torch.zeros(n, 6))
    recipe = replace(material.recipe, weights=replace(material.recipe.weights, alpha=5.0))
    part = replace(recipe.second, steps=15)
    start = build_tasks_network(TINY)
    taught, alone = (
        fit_single(
            recipe, material.pool, rows, part, seed=2, answers=said_by_teacher, start=start
        ).network
        for said_by_teacher in (lambda: answers, None)
    )
    said, other = (
        ask(net, material.pool, rows["twelve"], [0]).statements.mean() for net in (taught, alone)
    )
    assert said > other + 0.3


def test_a_loss_is_told_only_what_it_names(material):
    answers = Answers(torch.zeros(1, 25), torch.zeros(1, 6), torch.zeros(1, 29))
    never = lambda: pytest.fail("a teacher was asked")  # noqa: E731
    assert answers_for("labels", never) is answers_for("bce", never) is None
    assert answers_for("mkd+clt", lambda: answers)().own is None
    assert answers_for("mkd+own", lambda: answers)().own is answers.own
    assert drop_unnamed_losses(material.recipe, "clt").weights.alpha == 0
    assert (
        drop_unnamed_losses(material.recipe, "mkd").weights.alpha == material.recipe.weights.alpha
    )


def test_teachers_of_one_lead_pull_on_each_kind_and_on_the_handheld_classes(material):
    part = material.recipe.student
    drawn = Drawer(material.recipe, material.pool, material.rows(("train",)), part, seed=0).draw()
    batch = drawn.batch
    with torch.no_grad():
        out = build_tasks_network(TINY).outputs(batch.x, None, batch.leads, batch.scale)
    own = torch.zeros(len(material.pool.pool), 29)
    said = torch.cat([out.statements, out.superclasses, out.handheld], dim=1)
    own[drawn.rows] = said
    assert float(own_loss(material.recipe, out, drawn, own)) == pytest.approx(0, abs=1e-5)
    at = dict(zip(KINDS, np.cumsum([0, *(n for _, n in drawn.counts)]), strict=False))
    for kind, column in (("cpsc", 0), ("beats", 0), ("cinc", 26)):
        other = own.clone()
        other[drawn.rows[at[kind]], column] += 3.0
        assert float(own_loss(material.recipe, out, drawn, other)) > 1e-4
    other = own.clone()
    other[drawn.rows[0], 0] += 3.0  # a record of twelve leads: not told here
    assert float(own_loss(material.recipe, out, drawn, other)) == pytest.approx(0, abs=1e-5)


def test_a_soup_is_the_mean_of_its_parts(material, base_networks, tmp_path):
    keep, ask_nobody = (
        tmp_path,
        lambda: Answers(torch.zeros(material.n_twelve, 25), torch.zeros(material.n_twelve, 32)),
    )
    bce, clt, soup = (
        train_student(material, Run(0, loss), ask_nobody, keep) for loss in ("bce", "clt", "soup")
    )
    states = [each.network.state_dict() for each in (bce, clt, soup)]
    for name, value in states[2].items():
        torch.testing.assert_close(value, (states[0][name] + states[1][name]) / 2)
    assert soup.steps == bce.steps + clt.steps
    # It is no training: nothing is kept.
    assert not list(tmp_path.glob("*soup*"))


def test_only_the_leads_that_may_be_shown_are(material):
    part = material.recipe.student
    rows = material.rows(("train",))
    drawer = Drawer(material.recipe, material.pool, rows, part, seed=0, leads=(6,))
    drawn = drawer.draw()
    assert (drawn.batch.leads == 6).all()
    # Sets of one lead do not have it.
    assert {kind for kind, _ in drawn.counts} == {"twelve", "simulated"}


def test_rows_without_a_lead_are_not_answered(material):
    network = build_tasks_network(TINY)
    single = material.pool.first["single"]
    said = ask(network, material.pool, np.array([single]), [1])
    assert np.isnan(said.statements).all()
    assert np.isfinite(ask(network, material.pool, np.array([single]), [-1]).statements).all()


@pytest.fixture(scope="module")
def folder(material, tmp_path_factory) -> Path:
    """A model folder, made by the whole recipe."""
    keep = tmp_path_factory.mktemp("single")
    patch = pytest.MonkeyPatch()
    # The base's networks stand in untrained.
    patch.setattr(students, "teacher_of", lambda _m, _fold, _keep: build_tasks_network(TINY))
    patch.setattr(release, "SingleMaterial", lambda _recipe, _base: material)
    patch.setattr(release, "Material", lambda _recipe: material.base)
    patch.setattr(usual, "N_DIRECTIONS", 4)
    sides = {"handheld_bias": [0.0, 0.5, 0.0, 0.0]}
    patch.setattr(release, "choose_single", lambda _model: Choices({}, sides))
    try:
        make_single(material.recipe, keep / "single-lead-1", keep / "runs")
    finally:
        patch.undo()
    return keep / "single-lead-1"


def test_the_card_tells_each_lead_and_how_it_was_made(folder):
    card = read_card(folder)
    assert card.input.max_leads == 1
    assert card.codes == NETWORK_CODES
    assert set(card.out_of_fold["by_lead"]["auc"]) == set(STANDARD_12)
    assert set(card.training["val"]) == {
        "labels-0", "bce-0", "clt-0", "mkd+own-0", "soup-0",
    }  # fmt: skip
    told = card.training["out_of_fold"]
    best = max(told, key=lambda name: told[name]["mean"])
    assert card.training["chosen"] == f"{best}-0"
    assert "out of fold" in card.split
    assert card.sides["handheld_bias"][1] == 0.5
    assert card.distance_sha256
    assert set(card.out_of_fold["curves"]) == set(NETWORK_CODES)
    assert "ST segments and infarction are not judged" in (folder / "README.md").read_text()


def test_the_folder_reads_one_lead_and_refuses_twelve(folder):
    model = load_model(folder)
    strip = recording(30, 300, leads=("I",))
    found = predict(model, strip)
    reasons = {f.code: f.reason for f in found.findings if f.finding is None}
    assert found.leads_used == ("I",)
    assert "twelve leads" in reasons["SNR"]
    assert "contiguous leads" in reasons["STE"]
    assert "V1" in reasons["LBBB"]
    with pytest.raises(CannotAssessError, match="one lead at a time"):
        predict(model, recording())
    assert predict(model, recording(), leads=("V5",)).leads_used == ("V5",)


def test_what_is_kept_is_not_made_again(material, folder, monkeypatch, base_networks):
    monkeypatch.setattr(
        train, "Drawer", lambda *_args, **_more: pytest.fail("a finished network was trained again")
    )
    keep, run = folder.parent / "runs", Run(0, "mkd+own")
    student = train_student(material, run, lambda: pytest.fail("a teacher was asked"), keep).network
    kept = load_file(folder.parent / "runs" / "student-mkd+own-seed-0.safetensors")
    for name, value in student.state_dict().items():
        torch.testing.assert_close(value, kept[name])
    monkeypatch.setattr(
        "ecgcore.training.single_lead.students.ask_student",
        lambda *_: pytest.fail("a student was asked again"),
    )
    heard = load_heard(material, run, student, keep)
    np.testing.assert_array_equal(heard.twelve, material.rows(("val",))["twelve"])
    assert np.isfinite(heard.single["cinc"][1].handheld).all()


def test_a_teacher_is_the_bases_network_of_the_fold(material, tmp_path, monkeypatch):
    asked = []

    def fold_network(_base, fold, folder):
        asked.append((fold, folder))
        return Fitted(build_tasks_network(TINY), (), 0.0, 0)

    monkeypatch.setattr(Material, "fold_network", fold_network)
    keep = tmp_path / "single-lead-1"
    teacher_of(material, 1, keep)
    assert asked == [(1, tmp_path / "diagnostic-1")]


def test_folds_hear_everybody_once_and_positives_are_counted_by_record(
    material, tmp_path, base_networks
):
    keep = tmp_path
    heard = []
    for fold in range(2):
        answers = answers_of(material, keep, fold)
        student = train_student(material, Run(0, "bce", fold), lambda a=answers: a, keep).network
        heard.append(ask_student(material, student, fold))
        people = material.base.twelve.data.groups[heard[fold].twelve]
        assert {material.fold_of[str(name)] for name in people} == {fold}
    found = collect(material.base, heard)
    assert found.logits.shape[0] == 40 * 12 + 10 + 10
    rules, _ = rules_of(found)
    rule = {rule.code: rule for rule in rules}["LBBB"]
    rows = int((found.targets[:, NETWORK_CODES.index("LBBB")] == 1).sum())
    assert 0 < rule.positives < rows
    assert rule.calibrated == (rule.positives >= 30)


def test_without_a_teacher_nobody_is_asked(material, base_networks, tmp_path):
    alone = SingleMaterial(replace(material.recipe, losses=("labels", "bce")), material.base)
    said = answers_of(alone, tmp_path)
    assert torch.isnan(said.logits).all()
    assert base_networks == []


def test_a_statement_without_a_positive_is_never_called_calibrated():
    rng = np.random.default_rng(0)
    targets = (rng.random((120, 20)) < 0.5).astype(np.float32)
    targets[:, -1] = 0
    names = np.array([f"p{i}" for i in range(120)])
    found = Collected(rng.normal(size=(120, 20)), targets, names, names, np.full(120, "I"))
    rules, calibration = rules_of(found)
    assert [rule.code for rule in rules] == list(NETWORK_CODES)
    assert (rules[-1].positives, rules[-1].calibrated, rules[-1].threshold) == (0, False, 0.5)
    assert rules[0].calibrated
    assert calibration.apply(np.zeros((1, 20))).shape == (1, 20)
