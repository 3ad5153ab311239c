"""The table of disturbed rhythms: each case is told in full, and benign ones warn of nothing."""

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from ecgcore.errors import InvalidArgumentError
from ecgcore.simulate import CASES, TRAINING_CASES, make_batch, simulate
from ecgcore.simulate.annotations import make_annotations
from ecgcore.simulate.cases_rhythm import RHYTHM_CASES, RHYTHM_TABLE
from ecgcore.simulate.cases_table import find_case
from ecgcore.simulate.codes import ALL_CODES, URGENT_CODES

SHORT = [name for name, spec in RHYTHM_CASES.items() if spec.duration_s < 20]


@pytest.mark.parametrize("name", SHORT)
@pytest.mark.parametrize("seed", [1, 2])
def test_each_case_is_told_in_full(name, seed):
    made = simulate(name, seed=seed, fs_hz=250)
    truth = made.truth
    spans = truth.rhythms
    assert (spans[0].start_s, spans[-1].end_s) == (0, made.recording.duration_s)
    assert all(a.end_s == b.start_s and a.code != b.code for a, b in pairwise(spans))
    assert set(truth.urgent) <= set(truth.labels) & {*URGENT_CODES, "5609005", "AF", "WPW"}
    assert not set(truth.labels) & set(truth.uncertain)
    onsets = [b.qrs_onset for b in truth.beats]
    assert min(np.diff(onsets), default=1) > 0.17, "no two beats at once"
    for beat in truth.beats:
        assert beat.p_onset is None or beat.p_onset < beat.qrs_onset
    json.dumps(truth.as_dict(), allow_nan=False)
    times = [sample for sample, _, _ in make_annotations(truth, 250)]
    assert times == sorted(times)
    assert set(made.masks) == set(truth.labels)
    assert all(mask.any() for mask in made.masks.values())


@pytest.mark.parametrize("name", SHORT)
def test_each_beat_is_seen_and_nothing_where_none_is_told(name):
    made = simulate(name, seed=3, fs_hz=250, noise="none", vary=0)
    if made.truth.artifacts or made.made.beats.schedule.waves:
        return
    lit = np.zeros(made.recording.n_samples, dtype=bool)
    waves = [
        *((b.qrs_onset, b.t_offset or b.qrs_offset + 0.5) for b in made.truth.beats),
        *((p.onset, p.offset) for p in made.truth.p_waves),
        *((s.time_s, s.time_s) for s in made.truth.spikes),
        # Waves that the record's ends cut are not told.
        *((0.0, 0.6), (made.recording.duration_s - 0.4, made.recording.duration_s)),
    ]
    for start_s, stop_s in waves:
        lit[max(0, round(250 * (start_s - 0.05))) : round(250 * (stop_s + 0.12))] = True
    for beat in made.truth.beats:
        start, stop = round(250 * beat.qrs_onset), round(250 * beat.qrs_offset)
        lit[start : stop + round(250 * 0.6)] |= beat.u_offset is not None
        assert np.ptp(made.recording.signal[:, start : stop + 1], axis=1).max() > 0.4
    # A U that the next P hides is not told; it is small.
    assert np.abs(made.recording.signal[:, ~lit]).max(initial=0) < 0.07


def test_a_benign_case_warns_of_nothing_and_names_what_it_resembles():
    for name, case in RHYTHM_TABLE.items():
        if case.mimics:
            assert case.mimics in CASES, name
            assert find_case(name).urgent in {(), None}
            assert not set(find_case(name).labels) & set(URGENT_CODES)
    lethal = {case.mimics for case in RHYTHM_TABLE.values()}
    assert {"vt", "vf-coarse", "asystole-after-sinus", "sinus-pause-3s", "mobitz-2"} <= lethal


@pytest.mark.parametrize("name", ["vt", "aivr", "standstill", "sinus-pause-3s", "torsades"])
def test_seeds_differ_in_more_than_noise(name):
    rates = {
        round(60 / float(np.median(np.diff([p.onset for p in t.p_waves]))), 1)
        for t in (simulate(name, seed=seed).truth for seed in range(4))
    }
    assert len(rates) == 4
    one, other = (simulate(name, seed=1).recording.signal for _ in range(2))
    np.testing.assert_array_equal(one, other)


def test_new_cases_change_nothing_that_is_learned():
    assert not set(TRAINING_CASES) & set(RHYTHM_CASES)
    assert len(ALL_CODES) == 45
    made = make_batch(2, seed=1, statements=["vt", "asystole"])
    assert made.targets.shape == (2, 45)
    assert not made.targets[:, ALL_CODES.index("SR")].any()


@pytest.mark.parametrize(
    ("name", "parameters", "said"),
    [
        ("vt", {"speed": 3}, "no parameter speed; possible are rate_bpm"),
        ("vt", {"rate_bpm": (90, 120)}, "both sides of 100"),
        ("vt", {"rate_bpm": "fast"}, "a figure, or the lowest and the highest"),
        ("vt", {"rate_bpm": 500}, "rate_bpm is 500"),
        ("vt", {"rate_bpm": (180, 150)}, "rate_bpm is"),
        ("vt", {"origin": "north"}, "possible origins are outflow"),
        ("vt-run-3", {"beats": 2}, "3 or more"),
        ("sinus-pause-3s", {"pause_s": (2.9, 3.1)}, "both sides of 3"),
        ("svt-lbbb", {"shape": "left"}, "shape is 'left'"),
        ("motion-vt", {"kind": "left"}, "kind is 'left'"),
        ("asystole", {"a": 1}, "possible are none"),
        ("normal", {"ectopy": 1}, "no parameter ectopy"),
    ],
)
def test_bad_parameters_are_refused_by_name(name, parameters, said):
    with pytest.raises(InvalidArgumentError, match=said):
        simulate(find_case(name, **parameters), seed=0)


def test_a_parameter_of_an_older_case_can_be_asked_for():
    truth = simulate(find_case("complete-av-block", escape_bpm=30), seed=1).truth
    assert truth.heart_rate_bpm == pytest.approx(30, abs=1)


def test_the_document_names_every_case():
    said = (Path(__file__).parents[2] / "docs" / "simulation.md").read_text()
    assert [name for name in RHYTHM_TABLE if f"| `{name}` |" not in said] == []
