"""How strange a recording is: the scores, their limits by leads, and the file they are kept in."""

from dataclasses import replace

import numpy as np
import pytest

from ecgcore.errors import InvalidArgumentError, ModelError
from ecgcore.inference import load_model, read_card
from ecgcore.inference.distance import (
    DISTANCE,
    DISTANCE_FILE,
    ENERGY,
    Part,
    Usual,
    energy,
    fit_distance,
    load_usual,
    save_usual,
    usual_of,
)
from tests.synthetic import write_tiny_model


def made_features(seed=0):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((400, 20)) * np.linspace(5, 0.5, 20)


def usual() -> Usual:
    found = fit_distance(made_features(), n_directions=6)
    one = Part(0.0, replace(found, limit=3.0), -1.0)
    many = Part(7.5, replace(found, limit=2.0), -2.0)
    return usual_of([many, one])


def test_distance_is_one_for_usual_records():
    features = made_features()
    made = fit_distance(features, n_directions=6)
    assert np.median(made.of(features)) == pytest.approx(1, abs=0.1)
    assert made.of(features.mean(axis=0) + 100)[0] > 10


@pytest.mark.parametrize("n_directions", [1, 6, 19])
def test_the_mean_square_is_that_of_records_about_their_own_mean(n_directions):
    """With the variance of a sample, Mahalanobis distances of its n records sum to d (n - 1)."""
    features = made_features()[:30]
    made = fit_distance(features, n_directions=n_directions)
    assert np.square(made.of(features)).mean() == pytest.approx(29 / 30)


def test_forty_eight_directions_need_forty_nine_records():
    features = np.random.default_rng(0).standard_normal((49, 60))
    assert fit_distance(features).directions.shape == (48, 60)
    with pytest.raises(InvalidArgumentError, match="48 directions"):
        fit_distance(features[:48])


def test_directions_in_which_records_vary_count_less():
    made = fit_distance(made_features(), n_directions=6)
    step = np.zeros((2, 20))
    step[0, 0] = step[1, 19] = 5.0
    along, across = made.of(made.centre + step)
    assert across > 2 * along


def test_energy_is_low_where_anything_is_seen():
    nothing, something = energy(np.array([[-5.0, -5.0], [-5.0, 6.0]]))
    assert something < nothing < 0
    assert something == pytest.approx(-np.logaddexp(0, 6.0) - np.logaddexp(0, -5.0))


@pytest.mark.parametrize(("leads", "limit"), [(1.0, 3.0), (7.0, 3.0), (7.5, 2.0), (12.0, 2.0)])
def test_the_number_of_leads_decides_which_limit_holds(leads, limit):
    (found,) = usual().judge_windows(made_features()[:1], np.zeros((1, 3)), leads)
    assert (found.score, found.limit) == (DISTANCE, limit)


def test_fewer_leads_than_any_limit_was_made_for_are_judged_by_the_fewest():
    found = fit_distance(made_features(), n_directions=6)
    parts = [Part(leads, replace(found, limit=9.0 - leads)) for leads in (8.0, 2.0, 4.0)]
    assert usual_of(parts).part(1.0).distance.limit == 7.0


def test_each_window_is_judged_by_itself():
    near, far = made_features()[:1], made_features()[:1] + 100
    whole = usual()
    logits = np.zeros((2, 3))
    found = whole.judge_windows(np.concatenate([far, near]), logits, 12.0)
    assert [each.too_strange for each in found] == [True, False]
    by_energy = replace(whole, score=ENERGY)
    seen = np.array([[-9.0, -9.0, -9.0], [4.0, -9.0, -9.0]])
    found = by_energy.judge_windows(near, seen, 12.0)
    assert [each.too_strange for each in found] == [True, False]


def test_a_kept_file_says_the_same(tmp_path):
    digest = save_usual(usual(), tmp_path)
    kept = load_usual(tmp_path, digest)
    assert [p.min_leads for p in kept.parts] == [0.0, 7.5]
    features = made_features(1)
    for one, other in zip(usual().parts, kept.parts, strict=True):
        np.testing.assert_allclose(other.distance.of(features), one.distance.of(features), 1e-4)
        assert other.distance.limit == one.distance.limit
        assert other.energy_limit == one.energy_limit


def test_no_directions_from_too_few_records():
    with pytest.raises(InvalidArgumentError, match="directions"):
        fit_distance(np.zeros((5, 20)), n_directions=6)


class TestFolder:
    """A file that the card does not describe is refused, as weights are."""

    @pytest.fixture
    def folder(self, tmp_path):
        folder = write_tiny_model(tmp_path / "tiny-1")
        self.describe(folder, distance_sha256=save_usual(usual(), folder))
        return folder

    @staticmethod
    def describe(folder, **changes):
        card = replace(read_card(folder), **changes)
        (folder / "card.json").write_text(card.to_json(), encoding="utf-8")

    def test_it_loads_with_its_score(self, folder):
        assert load_model(folder).distance.score == DISTANCE
        self.describe(folder, abstention={"score": ENERGY})
        assert load_model(folder).distance.score == ENERGY

    def test_an_altered_file(self, folder):
        path = folder / DISTANCE_FILE
        content = bytearray(path.read_bytes())
        content[-1] ^= 1
        path.write_bytes(bytes(content))
        with pytest.raises(ModelError, match="SHA-256 differs"):
            load_model(folder)

    def test_a_missing_file(self, folder):
        (folder / DISTANCE_FILE).unlink()
        with pytest.raises(ModelError, match="is missing"):
            load_model(folder)

    def test_a_file_that_the_card_does_not_name(self, folder):
        self.describe(folder, distance_sha256="")
        with pytest.raises(ModelError, match="does not name"):
            load_model(folder)

    def test_an_unknown_score(self, folder):
        self.describe(folder, abstention={"score": "gut feeling"})
        with pytest.raises(ModelError, match="gut feeling"):
            load_model(folder)

    def test_a_file_of_something_else(self, tmp_path):
        folder = write_tiny_model(tmp_path / "tiny-1")
        other = (folder / "model.safetensors").read_bytes()
        (folder / DISTANCE_FILE).write_bytes(other)
        card = read_card(folder)
        self.describe(folder, distance_sha256=card.weights_sha256)
        with pytest.raises(ModelError, match="cannot be read"):
            load_model(folder)
