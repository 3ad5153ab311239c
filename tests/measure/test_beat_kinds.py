"""Kinds of beats: the trees, the features, and what they say of simulated hearts."""

import json

import numpy as np
import pytest

from ecgcore.errors import ModelError
from ecgcore.measure import beat_kinds, measure
from ecgcore.measure.beat_features import NAMES, BeatFeatures, beat_features
from ecgcore.measure.beat_kinds import kind_model, trees_from
from ecgcore.recording import Recording
from ecgcore.results import FIDUCIALS, Fiducials
from ecgcore.signal.resample import resample
from ecgcore.signal.rr import rr_before
from ecgcore.simulate import simulate

FS_HZ = 125.0


def features_of(r_s, *, p=None, shapes=None):
    """Features of beats at these times: one lead, a triangle as QRS and a bump as P."""
    low = np.zeros((1, round((r_s[-1] + 1) * FS_HZ)))
    p = np.ones(len(r_s), dtype=bool) if p is None else np.array(p)
    points = np.full((9, len(r_s)), np.nan)
    for beat, r in enumerate(r_s):
        at = round(r * FS_HZ)
        low[0, at - 4 : at + 5] += 5 - np.abs(np.arange(-4, 5))
        if p[beat]:
            low[0, at - 20 : at - 12] += np.hanning(8)
            points[FIDUCIALS.index("p_onset"), beat] = r - 0.16
    points[FIDUCIALS.index("r_peak")] = r_s
    points[FIDUCIALS.index("qrs_onset")] = np.array(r_s) - 0.04
    points[FIDUCIALS.index("qrs_offset")] = np.array(r_s) + 0.04
    shape = np.zeros(len(r_s), dtype=np.intp) if shapes is None else np.array(shapes)
    return beat_features(low, FS_HZ, Fiducials.from_array(points), rr_before(r_s), shape)


def column(features, name):
    return features.values[:, NAMES.index(name)]


class TestFeatures:
    def test_an_early_beat_is_early_against_the_beats_around_it(self):
        found = features_of([0.6, 1.4, 2.2, 2.76, 3.8, 4.6, 5.4])
        early = column(found, "rr_before")
        assert early[3] == pytest.approx(np.log(0.7), abs=0.01)
        assert np.abs(np.delete(early, [0, 3, 4])).max() < 0.01
        assert column(found, "rr_after")[3] == pytest.approx(np.log(1.3), abs=0.01)
        assert column(found, "rr_pair")[3] == pytest.approx(0.0, abs=0.01)

    def test_a_run_keeps_the_step_that_began_it(self):
        rr = [0.8] * 10 + [0.5] * 6 + [0.8] * 10
        step, run = (column(features_of(np.cumsum(rr)), n) for n in ("rr_step", "run_step"))
        assert step[12] > -0.1
        assert run[10] == pytest.approx(np.log(0.5 / 0.8), abs=0.02)
        assert np.allclose(run[10:16], run[10])
        assert run[18] > -0.1

    def test_a_missing_p_is_seen_without_marks(self):
        p = [True] * 4 + [False] + [True] * 4
        found = features_of(np.arange(1, 10) * 0.8, p=p)
        assert column(found, "p_likeness")[4] < 0.3
        assert np.delete(column(found, "p_likeness"), 4).min() > 0.95
        assert column(found, "p_found").tolist() == [float(x) for x in p]

    def test_bigeminy_has_order_and_fibrillation_none(self):
        bigeminy = features_of(np.cumsum([0.5, 1.1] * 10))
        assert not bigeminy.fibrillating.any()
        rng = np.random.default_rng(0)
        chaos = np.cumsum(rng.uniform(0.4, 1.1, 40))
        assert features_of(chaos, p=[False] * 40).fibrillating.all()
        # With a P at a steady distance before every beat, it is no fibrillation.
        assert not features_of(chaos).fibrillating.any()

    @pytest.mark.parametrize("n", [1, 2, 3])
    def test_few_beats_give_finite_features(self, n):
        assert np.isfinite(features_of(0.8 * np.arange(1, n + 1)).values).all()

    def test_no_beat_follows_an_own_one(self):
        found = features_of(np.arange(1, 7) * 0.8, shapes=[0, -1] * 3)
        assert np.isfinite(found.values).all()


TWO = {
    "start": -1.0,
    "depth": 2,
    "trees": [
        [[0, 0.5, 1, 2, 0.0], [0, 0, 1, 1, 3.0], [1, 2.0, 3, 4, 0.0],
         [0, 0, 3, 3, -2.0], [0, 0, 4, 4, 0.5]],
        [[0, 0, 0, 0, 0.25]],
    ],
}  # fmt: skip


class TestTrees:
    def test_every_path(self):
        rows = np.array([[0.5, 9.0], [0.6, 2.0], [0.6, 2.1]])
        odds = -1 + np.array([3.0, -2.0, 0.5]) + 0.25
        assert trees_from(TWO).probability(rows) == pytest.approx(1 / (1 + np.exp(-odds)))

    def test_no_rows(self):
        assert trees_from(TWO).probability(np.empty((0, 2))).shape == (0,)

    @pytest.mark.parametrize("words", [None, {"features": ["rr_before"]}])
    def test_a_missing_or_foreign_model_is_refused(self, tmp_path, monkeypatch, words):
        path = tmp_path / "beat_kinds.json"
        if words is not None:
            path.write_text(json.dumps(words))
        monkeypatch.setattr(beat_kinds, "FILE", path)
        with pytest.raises(ModelError, match=r"beat_kinds\.json"):
            kind_model.__wrapped__()

    @pytest.mark.parametrize(
        ("trees", "name", "way"),
        [
            ("supraventricular", "rr_before", -1),
            ("supraventricular", "run_step", -1),
            ("supraventricular", "p_likeness", -1),
            ("ventricular", "width", 1),
            ("ventricular", "likeness", -1),
        ],
    )
    def test_the_fitted_model_goes_the_way_of_physiology(self, trees, name, way):
        rng = np.random.default_rng(3)
        rows = rng.normal(0, 0.6, (300, len(NAMES)))
        more = rows.copy()
        more[:, NAMES.index(name)] += rng.uniform(0, 1, 300)
        model = getattr(kind_model(), trees)
        change = model.probability(more) - model.probability(rows)
        assert (way * change >= -1e-6).all()
        assert np.abs(change).max() > 0.01

    def test_none_is_supraventricular_in_fibrillation(self):
        row = np.zeros((1, len(NAMES)))
        typical = {
            **dict.fromkeys(("rr_before", "rr_step", "run_step", "rr_far", "rr_slow"), -0.5),
            **dict.fromkeys(("rr_after", "rr_after_step"), 0.4),
            **dict.fromkeys(("likeness", "least_likeness", "own_shape", "st_t_likeness"), 0.97),
            **dict.fromkeys(("previous_likeness", "next_likeness", "usual_p_likeness"), 0.97),
            **dict.fromkeys(("p_share", "p_distance"), 1.2),
        }
        for name, value in typical.items():
            row[0, NAMES.index(name)] = value
        still, free = np.array([True]), np.array([False])
        assert kind_model().kinds(BeatFeatures(row, free)) == ("supraventricular",)
        assert kind_model().kinds(BeatFeatures(row, still)) == ("normal",)


class TestSimulated:
    def wrong_and_total(self, made, recording, kind):
        beats = measure(recording, check=False).beats
        true = [b for b in made.truth.beats if b.r_peak < recording.duration_s - 0.3]
        said = [beats.types[int(np.abs(beats.consensus.r_peak - b.r_peak).argmin())] for b in true]
        wrong = sum(s != b.type for s, b in zip(said, true, strict=True))
        return wrong, sum(b.type == kind for b in true)

    @pytest.mark.parametrize(
        ("case", "kind"), [("pvc", "ventricular"), ("pac", "supraventricular")]
    )
    @pytest.mark.parametrize("how", ["100 Hz", "1000 Hz", "lead II", "first 6 s", "NU"])
    def test_any_rate_leads_and_length(self, case, kind, how):
        wrong = total = 0
        for seed in (56, 57, 58, 107):
            made = simulate(case, seed=seed)
            some = self.wrong_and_total(made, changed(made.recording, how), kind)
            wrong, total = wrong + some[0], total + some[1]
        assert total >= 2
        assert wrong <= 2

    @pytest.mark.parametrize("case", ["atrial-fibrillation", "hand-held-af"])
    def test_fibrillation_has_no_supraventricular_beats(self, case):
        for seed in range(4):
            types = measure(simulate(case, seed=seed).recording, check=False).beats.types
            assert "supraventricular" not in types

    def test_plain_rhythms_have_no_ectopic_beats(self):
        wrong = total = 0
        for case in ("normal", "lbbb", "rbbb", "sinus-arrhythmia", "sinus-tachycardia"):
            for seed in (31, 32):
                types = measure(simulate(case, seed=seed).recording, check=False).beats.types
                wrong += sum(t != "normal" for t in types)
                total += len(types)
        assert wrong <= 0.01 * total


def changed(recording, how):
    signal, fs_hz, leads, unit = recording.signal, recording.fs_hz, recording.leads, recording.unit
    if how.endswith(" Hz"):
        rate = float(how.split()[0])
        signal, fs_hz = resample(signal, fs_hz, rate), rate
    elif how == "lead II":
        signal, leads = recording.lead("II")[None], ("II",)
    elif how == "NU":
        signal, unit = signal / 7.0, "NU"
    else:
        signal = signal[:, : round(6 * fs_hz)]
    return Recording(signal, fs_hz, leads, unit=unit)
