"""Rates, intervals and QTc of given beats: values and uncertainties by hand."""

from dataclasses import replace

import numpy as np
import pytest

from ecgcore.measure.beat_types import BeatTypes
from ecgcore.measure.intervals import (
    UNSURE_BEATS,
    Rhythm,
    interval_measurements,
    rate_measurements,
    span_ms,
)
from ecgcore.results import FIDUCIALS, Fiducials
from ecgcore.signal.rr import rr_before

NAN = float("nan")


def rates(rr_s, **options):
    return {m.name: m for m in rate_measurements(np.array(rr_s), **options)}


def test_rate_and_rr_have_the_uncertainty_of_their_peaks():
    found = rates([NAN, 0.8, 0.9, 1.0])
    # Three intervals of one run: two peaks of 3 ms count in their sum.
    mean_error = 3 * np.sqrt(2) / 3
    assert found["rr_mean"].value == pytest.approx(900)
    assert found["rr_mean"].uncertainty == pytest.approx(mean_error)
    assert found["heart_rate"].value == pytest.approx(60 / 0.9)
    assert found["heart_rate"].uncertainty == pytest.approx(60 / 0.9 * mean_error / 900)
    # The standard deviation of a standard deviation: itself over the root of 2 (n - 1).
    assert found["rr_sd"].value == pytest.approx(100)
    assert found["rr_sd"].uncertainty == pytest.approx(np.hypot(100 / 2, 3 / np.sqrt(3)))


def test_one_interval_has_no_spread_and_two_have():
    one, two = rates([NAN, 0.8]), rates([NAN, 0.8, 0.9])
    assert one["rr_sd"].value is None
    assert "two are needed" in one["rr_sd"].reason
    # Of one interval the next may differ by 5 %, as sinus rhythm at rest does.
    assert one["rr_mean"].uncertainty == pytest.approx(np.hypot(3 * np.sqrt(2), 40))
    assert two["rr_sd"].value == pytest.approx(np.std([800, 900], ddof=1))


def test_time_nobody_saw_adds_the_spread_of_sinus_rhythm():
    found = rates([NAN, 0.8, 0.8, 0.8, 0.8], absent_share=0.25)
    expected = np.hypot(3 * np.sqrt(2) / 4, 0.05 * 800 * np.sqrt(0.25 / 4))
    assert found["rr_mean"].uncertainty == pytest.approx(expected)
    assert "25 % of the time" in found["rr_mean"].method


@pytest.mark.parametrize(("doubtful", "said"), [(0.10, True), (0.16, True), (0.18, False)])
def test_a_rate_is_withheld_where_a_quarter_of_it_is_in_doubt(doubtful, said):
    """Each doubtful beat shifts the rate by one and a half times its share."""
    found = rates([NAN, *[0.8] * 100], confidence=np.full(101, 1 - doubtful))
    rate = found["heart_rate"]
    assert (rate.value is not None) is said
    if said:
        assert rate.uncertainty == pytest.approx(1.5 * doubtful * 75, rel=1e-3)
    else:
        assert {m.reason for m in found.values()} == {UNSURE_BEATS}


def test_without_doubt_no_rate_is_withheld():
    # One interval in ten minutes of absent signal, and nothing said of the beats.
    assert rates([NAN, 0.8], absent_share=0.99)["heart_rate"].value == pytest.approx(75)
    sure = rates([NAN, 0.8, 0.8], confidence=np.ones(3))
    assert sure["rr_mean"].uncertainty == pytest.approx(3 * np.sqrt(2) / 2)


# ---- intervals -----------------------------------------------------------------------------


def beats_of(rr_s=(0.8,) * 5, *, pr_ms=160.0, qrs_ms=90.0, qt_ms=400.0):
    r = np.cumsum((1.0, *rr_s))
    onset = r - 0.04
    values = np.full((9, r.size), np.nan)
    for name, row in (
        ("p_onset", onset - np.asarray(pr_ms) / 1e3),
        ("qrs_onset", onset),
        ("r_peak", r),
        ("qrs_offset", onset + np.asarray(qrs_ms) / 1e3),
        ("t_offset", onset + np.asarray(qt_ms) / 1e3),
    ):
        values[FIDUCIALS.index(name)] = row
    return Fiducials.from_array(values)


def rhythm_of(beats, *, rhythm="regular", p_reason="", other=None):
    n = beats.n_beats
    kinds = BeatTypes(("normal",) * n, np.ones(n, dtype=bool), rhythm, p_reason, np.ones(n))
    return Rhythm(beats, rr_before(beats.r_peak), kinds, "12 leads", other, "wavelets")


def measured(rhythm):
    return {m.name: m for m in interval_measurements(rhythm)}


def test_intervals_that_do_not_vary_have_the_uncertainty_of_the_method():
    found = measured(rhythm_of(beats_of()))
    for name, value, error in (("pr", 160, 4.5), ("qrs", 90, 7), ("qt", 400, 7)):
        assert found[name].value == pytest.approx(value)
        assert found[name].uncertainty == pytest.approx(error)
        assert "median of 6 beats" in found[name].method


def test_the_spread_of_the_beats_adds_to_it():
    """Of 150, 160 and 170 ms, twice: the median deviation of 10 ms is 14.8 of a normal spread."""
    found = measured(rhythm_of(beats_of(pr_ms=[150, 160, 170] * 2)))["pr"]
    spread = 1.4826 * 10 / np.sqrt(6)
    assert found.value == pytest.approx(160)
    assert found.uncertainty == pytest.approx(np.hypot(4.5, spread))


@pytest.mark.parametrize(("apart_ms", "told"), [(10.0, False), (20.0, True)])
def test_a_part_of_what_the_delineators_differ_by_adds_to_it(apart_ms, told):
    other = beats_of(qrs_ms=90 + apart_ms)
    found = measured(rhythm_of(beats_of(), other=other))["qrs"]
    assert found.value == pytest.approx(90)
    assert found.uncertainty == pytest.approx(np.hypot(7, 0.35 * apart_ms))
    assert ("differs by" in found.method) is told


@pytest.mark.parametrize(("name", "most"), [("pr", 30.0), ("qrs", 14.0), ("qt", 60.0)])
def test_but_no_more_than_the_second_delineator_is_worth(name, most):
    """Where it differs by 120 ms, it has lost a broad complex or a flat P: not so the end of T."""
    given = {"pr": 160.0, "qrs": 90.0, "qt": 400.0}[name]
    other = beats_of(**{f"{name}_ms": given + 120.0})
    found = measured(rhythm_of(beats_of(), other=other))[name]
    method = {"pr": 4.5, "qrs": 7, "qt": 7}[name]
    assert found.uncertainty == pytest.approx(np.hypot(method, most))


@pytest.mark.parametrize(
    ("name", "low", "high"), [("pr", 60, 500), ("qrs", 40, 260), ("qt", 180, 800)]
)
def test_what_no_heart_can_do_is_no_interval(name, low, high):
    for value, there in ((low - 0.5, 0), (low + 0.5, 1), (high - 0.5, 1), (high + 0.5, 0)):
        assert np.isfinite(span_ms(beats_of(**{f"{name}_ms": value}), name)).all() == bool(there)


def test_one_p_wave_alone_is_no_pr():
    found = measured(rhythm_of(beats_of(pr_ms=[160, *[NAN] * 5])))["pr"]
    assert found.value is None
    assert found.reason == "A P wave was found in 1 of 6 beats; 2 are needed."
    assert measured(rhythm_of(beats_of(pr_ms=[160, 170, *[NAN] * 4])))["pr"].value is not None
    assert measured(rhythm_of(beats_of(), p_reason="No P."))["pr"].reason == "No P."


# ---- QTc -----------------------------------------------------------------------------------


def test_qtc_is_that_of_the_mean_rr():
    found = measured(rhythm_of(beats_of((0.7, 0.9, 0.8))))
    assert found["qtc_bazett"].value == pytest.approx(400 / np.sqrt(0.8))
    assert found["qtc_fridericia"].value == pytest.approx(400 / np.cbrt(0.8))
    # A formula passes on the error of QT by its slope.
    assert found["qtc_bazett"].uncertainty == pytest.approx(7 / np.sqrt(0.8))
    assert found["qtc_framingham"].uncertainty == pytest.approx(7)


def test_in_an_irregular_rhythm_each_beat_is_corrected_by_its_own_rr():
    rr = np.array([0.6, 1.0, 0.8, 0.7])
    found = measured(rhythm_of(beats_of(tuple(rr)), rhythm="irregular without P"))
    assert found["qtc_bazett"].value == pytest.approx((400 / np.sqrt(rr)).mean())
    assert "mean over 4 beats" in found["qtc_bazett"].method
    # Two beats are too few for that.
    few = measured(rhythm_of(beats_of((0.6, 1.0)), rhythm="irregular"))
    assert few["qtc_bazett"].value == pytest.approx(400 / np.sqrt(0.8))


@pytest.mark.parametrize(
    ("rr_s", "said"),
    [(0.5, "overcorrects at 120"), (0.61, ""), (0.8, ""), (0.99, ""), (1.2, "undercorrects at 50")],
)
def test_bazett_is_doubted_outside_60_to_100(rr_s, said):
    found = measured(rhythm_of(beats_of((rr_s,) * 3, qt_ms=320)))
    assert ("corrects" in found["qtc_bazett"].method) is bool(said)
    assert said in found["qtc_bazett"].method
    assert "corrects" not in found["qtc_fridericia"].method


@pytest.mark.parametrize(("qrs_ms", "wide"), [(119.5, False), (120.5, True)])
def test_a_wide_qrs_is_said_to_prolong_qt(qrs_ms, wide):
    found = measured(rhythm_of(beats_of(qrs_ms=qrs_ms)))["qtc_hodges"]
    assert ("confounded by wide QRS" in found.method) is wide


def test_without_rr_there_is_no_qtc_and_why():
    alone = beats_of(())
    found = measured(rhythm_of(alone))
    assert found["qt"].value == pytest.approx(400)
    assert found["qtc_bazett"].value is None
    assert found["qtc_bazett"].reason == "Only 1 beat found; two are needed."
    unsure = measured(replace(rhythm_of(beats_of()), rate_reason=UNSURE_BEATS))
    assert unsure["qtc_hodges"].reason == UNSURE_BEATS
    flat = measured(rhythm_of(beats_of(qt_ms=NAN)))
    assert "T end indeterminate" in flat["qtc_hodges"].reason
