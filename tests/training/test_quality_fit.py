"""The fit of the quality weights, on made-up figures."""

import numpy as np
import pytest

from ecgcore.datasets.cinc2011 import read_judged
from ecgcore.errors import EcgError
from ecgcore.signal.beats import BeatSearch
from ecgcore.signal.quality_features import ALONE, NAMES, lead_features
from ecgcore.signal.quality_figures import CUT, INTERCEPT, WEIGHTS
from ecgcore.signal.quality_model import CAUSES
from ecgcore.simulate import simulate
from ecgcore.training.fits.quality import KINDS, Material, as_python, fit


@pytest.fixture(scope="module")
def material():
    rng = np.random.default_rng(0)
    n = 400
    figures = rng.standard_normal((2 * n, len(NAMES)))
    bad = np.zeros(2 * n, dtype=bool)
    bad[:200:2] = True
    figures[bad, NAMES.index("likeness")] -= 8
    record = np.where(np.arange(2 * n) < n, np.arange(2 * n) // 2, -1)
    return Material(figures, bad, record, bad[:n].reshape(-1, 2).any(axis=1))


def test_the_figure_that_tells_gets_the_weight(material):
    found = fit(material, "relative")
    weights = {name: abs(weight) for name, (_, weight) in found.table.items()}
    assert max(weights, key=lambda name: weights[name]) == "likeness"
    assert found.table["likeness"][1] < 0
    assert found.accuracy > 0.9


def test_text_of_a_fit_is_read_back(material):
    found = {kind: fit(material, kind) for kind in KINDS}
    space: dict = {}
    exec(as_python(found), space)  # noqa: S102
    assert space["CUT"] == {kind: f.cut for kind, f in found.items()}
    centre, weight = space["WEIGHTS"]["mv"]["likeness"]
    assert (centre, weight) == pytest.approx(found["mv"].table["likeness"], rel=1e-3)


def test_stored_weights_are_of_the_figures_that_are_measured():
    assert tuple(WEIGHTS["mv"]) == NAMES
    assert tuple(WEIGHTS["relative"]) == ALONE
    assert set(CUT) == set(INTERCEPT) == set(KINDS)
    assert {name for names in CAUSES.values() for name in names} == set(NAMES)
    assert tuple(
        sorted(lead_features(BeatSearch(simulate("normal").recording.signal, 500.0)))
    ) == tuple(sorted(NAMES))


def test_unknown_half_is_named(tmp_path):
    with pytest.raises(EcgError, match="training"):
        list(read_judged(tmp_path, "all"))
