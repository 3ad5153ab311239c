"""What is too uncertain is not stated, anywhere, and says why."""

import numpy as np
import pytest

from ecgcore.measure.certainty import is_about, is_uncertain, withhold_uncertain
from ecgcore.measure.conduction import FUSED, fused_p, no_conducted_p, withhold_p
from ecgcore.measure.words import amplitude_words, value_words
from ecgcore.results import FIDUCIALS, Fiducials, Measurement

TIMED = ("heart_rate", "rr_mean", "pr", "qrs", "qt")
QTC = ("qtc_bazett", "qtc_fridericia", "qtc_framingham", "qtc_hodges")


def one(name, value, uncertainty, unit="ms"):
    return Measurement(name, value, unit, uncertainty, "by hand")


def rows(**errors):
    """A recording's measurements at 100 units each, with these uncertainties."""
    return [one(name, 100.0, errors.get(name, 1.0)) for name in (*TIMED, *QTC, "rr_sd")]


@pytest.mark.parametrize("name", TIMED)
@pytest.mark.parametrize(("error", "given"), [(25.0, True), (25.1, False)])
def test_a_quarter_of_the_value_is_the_limit(name, error, given):
    found = {m.name: m for m in withhold_uncertain(rows(**{name: error}))}
    assert (found[name].value is not None) is given
    assert bool(found[name].reason) is not given
    if not given:
        assert found[name].uncertainty is None
        # No number stands in the reason either.
        assert not any(c.isdigit() for c in found[name].reason)


@pytest.mark.parametrize("source", ["heart_rate", "rr_mean", "qt"])
def test_qtc_is_withheld_with_what_it_is_made_of(source):
    found = {m.name: m for m in withhold_uncertain(rows(**{source: 60.0}))}
    assert {found[name].reason for name in QTC} == {found[source].reason}
    assert found["pr"].value == 100.0


def test_a_small_spread_is_well_known_although_its_relative_error_is_large():
    assert not is_uncertain(one("rr_sd", 4.0, 3.0), mean_rr_ms=800.0)
    assert is_uncertain(one("rr_sd", 60.0, 17.0), mean_rr_ms=800.0)
    assert not is_uncertain(one("rr_sd", 80.0, 17.0), mean_rr_ms=800.0)
    # Without a mean RR, a quarter of it.
    assert is_uncertain(one("rr_sd", 0.0, 0.01))


@pytest.mark.parametrize(("mean_rr_ms", "given"), [(1000.0, True), (800.0, False), (None, False)])
def test_a_spread_is_judged_by_the_mean_rr_beside_it(mean_rr_ms, given):
    beside = one("rr_mean", mean_rr_ms, 1.0 if mean_rr_ms else None)
    spread = withhold_uncertain([beside, one("rr_sd", 60.0, 18.0)])[1]
    assert (spread.value is not None) is given
    assert withhold_uncertain([one("rr_sd", 60.0, 18.0)])[0].value is None


def test_an_axis_known_to_worse_than_15_degrees_is_about():
    sure, unsure = one("p_axis", 52.0, 15.0, "deg"), one("p_axis", 52.0, 15.5, "deg")
    assert (is_about(sure), is_about(unsure)) == (False, True)
    assert (value_words(sure), value_words(unsure)) == ("52°", "about 52°")
    assert value_words(one("heart_rate", 71.6, 1.0, "bpm")) == "72/min"
    assert value_words(one("pr", None, None)) == "–"
    assert amplitude_words(0.421, 0.05) == "0.42"
    assert amplitude_words(0.421, 0.051) == "about 0.42"
    assert amplitude_words(None, 1.0) == "–"


# ---- P ---------------------------------------------------------------------------------------


def beats_with(pr_ms, rr_s=0.8):
    r = 1.0 + rr_s * np.arange(len(pr_ms))
    values = np.full((9, r.size), np.nan)
    for name, row in (("p_onset", r - 0.04 - np.asarray(pr_ms) / 1e3), ("qrs_onset", r - 0.04)):
        values[FIDUCIALS.index(name)] = row
    values[FIDUCIALS.index("r_peak")] = r
    return Fiducials.from_array(values)


NAN = float("nan")


@pytest.mark.parametrize(
    ("pr_ms", "options", "words"),
    [
        ([160] * 8, {}, ""),
        ([NAN] * 8, {}, "atrial flutter"),
        ([NAN] * 8, {"rr_s": 0.4}, "SVT"),
        ([NAN] * 8, {"rr_s": 1.4}, "AV block"),
        ([NAN] * 8, {"irregular": True}, "as in atrial fibrillation"),
        ([160, NAN, NAN, 120, NAN, NAN, NAN, NAN], {"irregular": True}, "No consistent P-QRS"),
        ([160, *[NAN] * 7], {}, "only 1 of 8"),
        ([160, 165, 160, 160, NAN, NAN, NAN, NAN], {"uneven": True}, "only 4 of 8"),
        ([160, 165, 160, 160, NAN, NAN, NAN, NAN], {}, ""),
        ([120, 180, 240, 300, 140, 200, 260, 320], {}, "Variable PR (134 to 306 ms)"),
        # The median deviation, times 1.48, on either side of 34 ms.
        ([137.2, 182.8] * 4, {}, ""),
        ([136.8, 183.2] * 4, {}, "Variable PR"),
        # P before three of four beats of an irregular rhythm, on either side of 28 ms.
        ([141.5, 178.5] * 3 + [NAN] * 2, {"irregular": True}, ""),
        ([140.5, 179.5] * 3 + [NAN] * 2, {"irregular": True}, "No consistent P-QRS"),
    ],
)
def test_without_a_conducted_p_there_is_a_reason(pr_ms, options, words):
    beats = beats_with(pr_ms, options.pop("rr_s", 0.8))
    own = np.ones(beats.n_beats, dtype=bool)
    said = no_conducted_p(beats, own, options.pop("irregular", False), **options)
    assert words in said
    assert bool(said) is bool(words)


@pytest.mark.parametrize(
    ("rate", "qt_ms", "said"), [(128.0, None, FUSED), (128.0, 340.0, ""), (72.0, None, "")]
)
def test_where_t_hides_p_no_pr_is_stated(rate, qt_ms, said):
    found = {"heart_rate": one("heart_rate", rate, 1.0, "bpm"), "qt": one("qt", qt_ms, None)}
    assert fused_p(found) == said
    (pr, qrs) = withhold_p([one("pr", 120.0, 9.0), one("qrs", 90.0, 9.0)], said)
    assert (pr.value is None, pr.reason) == (bool(said), said)
    assert qrs.value == 90.0
