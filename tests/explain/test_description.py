"""Waves as places, an attribution in words, the textbook, the light, and what if."""

from dataclasses import replace

import numpy as np
import pytest

from ecgcore.errors import CannotAssessError, InvalidArgumentError, ModelError
from ecgcore.explain import Explainer, describe, rate_faithfulness
from ecgcore.explain.background import background_of, card_checks, forget
from ecgcore.explain.case import Map, MethodEntry
from ecgcore.explain.checks import completeness
from ecgcore.explain.counterfactual import Change, changed_recording, probabilities, what_if
from ecgcore.explain.defaults import default_methods
from ecgcore.explain.textbook import overlap
from ecgcore.explain.waves import WAVES, places
from ecgcore.explain.words import beat_words, lead_words, lines_of, shares_of
from ecgcore.leads import STANDARD_12
from ecgcore.results import Beats, Fiducials, SelfCheck
from ecgcore.signal.rr import rr_before
from ecgcore.statements import NETWORK_CODES, place_of
from ecgcore.study import Study
from tests.synthetic import recording, tiny_model

FS = 100.0


def beats(n=4, leads=("II", "V1"), types=None):
    """One beat a second: P at .20, QRS at .36 to .46, T at .60 to .80."""
    at = np.arange(n)[None] + np.array([[0.20, 0.25, 0.30, 0.36, 0.40, 0.46, 0.60, 0.70, 0.80]]).T
    own = Fiducials.from_array(at)
    return Beats(own, dict.fromkeys(leads, own), types or ("normal",) * n, rr_before(own.r_peak))


def test_every_sample_has_its_wave_and_beat():
    found = places(beats(), ("II", "V1"), 450, FS)
    names = [WAVES[i] for i in found.wave[0, [10, 22, 33, 40, 50, 70, 90, 122]]]
    assert names == ["baseline", "P", "PR", "QRS", "ST", "T", "baseline", "P"]
    # The baseline between T and P belongs to the beat of that P.
    assert found.beat[0, [10, 40, 70, 90, 122]].tolist() == [0, 0, 0, 1, 1]
    assert found.beat[0, 420] == -1
    assert found.qrs[1].sum() == 4 * 10


def test_a_lead_without_waves_of_its_own_takes_the_consensus():
    lost = Fiducials.from_array(np.full((9, 4), np.nan))
    given = Beats(beats().consensus, {"II": lost}, ("normal",) * 4, np.full(4, np.nan))
    found = places(given, ("II", "V6"), 450, FS)
    np.testing.assert_array_equal(found.wave[0], found.wave[1])
    assert found.qrs.any()


def test_beats_of_a_stretch_count_from_its_start():
    found = beats(6).between(2.0, 4.0)
    np.testing.assert_allclose(found.consensus.r_peak, [0.4, 1.4])
    assert beats(6).between(7.0, 9.0) is None
    measured = Study(recording(8.0, 250)).beats_between(2.0, 7.0)
    assert measured.consensus.n_beats >= 4
    assert measured.consensus.r_peak.max() < 5


def test_what_stands_in_one_place_is_named():
    values = np.zeros((3, 450), np.float32)
    values[1:3, 236:246] = 1  # QRS of beat 3 in V1 and V2
    values[0, 20:30] = 0.2
    given = beats(6, ("II", "V1", "V2"))
    lines = lines_of(shares_of(values, ("II", "V1", "V2"), FS, given))
    assert lines[0].words == "V1-V2, QRS, beat 3: 91 %"
    assert lines[0].share == pytest.approx(20 / 22)
    assert lines[1].words == "II, P, beat 1: 9 %"
    assert sum(line.share for line in lines) == pytest.approx(1)


def test_what_speaks_against_is_not_counted_for():
    values = np.zeros((1, 450), np.float32)
    values[0, 36:46] = 1
    values[0, 60:80] = -9
    assert lines_of(shares_of(values, ("II",), FS, beats(), signed=True))[0].wave == "QRS"
    assert lines_of(shares_of(values, ("II",), FS, beats()))[0].wave == "T"


@pytest.mark.parametrize(
    ("leads", "said"),
    [
        (("V1", "V2", "V3"), "V1-V3"),
        (("II", "V1", "V3", "V4"), "II, V1, V3-V4"),
        (STANDARD_12[:6], "limb leads"),
        (STANDARD_12, "all leads"),
        ((*STANDARD_12[:6], "V6"), "limb leads, V6"),
        (("aVL", *STANDARD_12[6:]), "aVL, V1-V6"),
    ],
)
def test_leads_are_named_as_a_reader_does(leads, said):
    assert lead_words(leads, STANDARD_12) == said


def test_beats_are_counted_from_one():
    assert beat_words([2, 6], 9) == "beats 3 and 7"
    assert beat_words([0], 9) == "beat 1"
    assert beat_words(range(9), 9) == "all beats"


def test_the_textbook_knows_waves_leads_and_a_source_for_every_statement_with_a_place():
    places = {code: place for code in NETWORK_CODES if (place := place_of(code))}
    assert set(NETWORK_CODES) - set(places) == {"SNR", "SBRAD", "STACH", "SARRH", "PACE"}
    assert all(set(place.waves) <= set(WAVES) for place in places.values())


def test_the_overlap_is_what_lies_in_the_textbooks_place():
    values = np.zeros((2, 450), np.float32)
    values[1, 36:46] = 3
    values[1, 60:80] = 0.5
    shares = shares_of(values, ("II", "V1"), FS, beats(types=("normal",) * 4))
    qrs = replace(place_of("RBBB"), leads=("V1",))
    found = overlap(qrs, shares)
    assert found.share == pytest.approx(0.75)
    assert found.expected == pytest.approx(40 / 450)
    assert "None of V6" in overlap(replace(qrs, leads=("V6",)), shares).reason
    assert "No ventricular beat" in overlap(replace(qrs, beats="ventricular"), shares).reason


def check(name, passed):
    return SelfCheck(name, 0.0, passed)


@pytest.mark.parametrize(
    ("checks", "light", "words"),
    [
        ([check("deletion", True), check("insertion", True)], "green", "not the same as correct"),
        ([check("deletion", True), check("qrs_only", False)], "amber", "QRS complexes"),
        ([check("deletion", True), check("randomisation", False)], "amber", "random weights"),
        ([check("deletion", False)], "red", "deletion"),
        ([check("deletion", True), check("completeness", False)], "red", "completeness"),
        ([check("outside", True)], "amber", "Not checked"),
    ],
)
def test_the_light_over_the_checks(checks, light, words):
    found = rate_faithfulness(checks)
    assert found.light == light
    assert words in found.words
    assert found.shown == (light != "red")


def test_no_light_ever_says_correct_without_denying_it():
    lights = [
        rate_faithfulness([check("deletion", p), check("agreement", q)])
        for p in (True, False)
        for q in (True, False)
    ]
    assert not any("is correct" in found.words or "right" in found.words for found in lights)


def test_a_sum_that_is_not_what_the_method_promises_is_found():
    values = np.full((2, 10), 0.1, np.float32)
    assert completeness(Map(values, expected=2.0))[0].passed
    assert not completeness(Map(values, expected=5.0))[0].passed
    assert completeness(Map(values)) == ()


# ---- what stands beside a model ------------------------------------------------------------


@pytest.fixture
def model(tmp_path):
    return tiny_model(tmp_path / "tiny-1")


def stored(model, **changes):
    import json

    beat = {"statement": "SNR", "n": 30, "values": np.eye(12, 80, dtype=int).tolist()}
    found = {
        "schema": 1,
        "weights_sha256": model.card.weights_sha256,
        "prior": {"AF": -3.25},
        "background": {"words": "made beats", "beats": [beat, beat]},
        "methods": {
            "hirescam": {
                "randomisation": {"value": 0.02, "low": 0, "high": 0.1, "n": 9},
                "seeds": {"value": 0.3, "low": 0, "high": 1, "n": 9},
            }
        },
    }
    (model.folder / "explanations.json").write_text(json.dumps(found | changes))
    forget()


def test_mean_beats_and_priors_are_read_from_beside_the_card(model):
    stored(model)
    found = background_of(model)
    assert found.references.x.shape == (2, 12, 1000)
    assert found.references.words == "made beats"
    explainer = Explainer(model, Study(recording(6.0, 250)))
    shapley = explainer.explain("AF", "lead_shapley").lead_values
    assert shapley.empty == pytest.approx(-3.25)
    checks = {c.name: c for c in card_checks(model, "hirescam")}
    assert checks["randomisation"].passed is True
    assert checks["seeds"].passed is None
    assert "0.30" in checks["seeds"].words
    assert card_checks(model, "saliency") == ()


def test_figures_of_other_weights_are_refused(model):
    stored(model, weights_sha256="0" * 64)
    with pytest.raises(ModelError, match="other weights"):
        background_of(model)
    stored(model, background={"beats": [{}]})
    with pytest.raises(ModelError, match="cannot be read"):
        background_of(model)


def test_default_methods_are_two_that_apply(model):
    first, second = default_methods(model, "AF")
    assert first != second


def test_a_model_of_one_lead_has_its_own_default_methods(model):
    card = replace(model.card, input=replace(model.card.input, max_leads=1))
    found = default_methods(replace(model, card=card), "PVC")
    assert found == ("gradient_shap", "occlusion")
    assert found != default_methods(model, "PVC")


# ---- what if -------------------------------------------------------------------------------


def test_leads_and_beats_are_taken_away_as_absent():
    source = recording(6.0, 250)
    given = beats(5, STANDARD_12)
    change = Change(drop_leads=("V1", "aVL"), drop_beats=(1, 2), voltage=2.0)
    found = changed_recording(source, change, given)
    absent = ~np.isfinite(found.signal)
    assert absent[6].all()
    assert absent[4].all()
    # From just before the second beat's P to just before the fourth's.
    assert absent[0, 300:790].all()
    assert not absent[0, :290].any()
    np.testing.assert_allclose(found.signal[0, :290], 2 * source.signal[0, :290])
    assert found.provenance.steps[-1].parameters["voltage"] == 2.0


@pytest.mark.parametrize(
    ("change", "kind", "said"),
    [
        (Change(drop_leads=("X",)), InvalidArgumentError, "'X'"),
        (Change(drop_beats=(9,)), InvalidArgumentError, "5 were found"),
        (Change(voltage=0.0), InvalidArgumentError, "voltage"),
        (Change(drop_leads=STANDARD_12), CannotAssessError, "Nothing is left"),
    ],
)
def test_an_impossible_change_is_refused_in_words(change, kind, said):
    with pytest.raises(kind, match=said):
        changed_recording(recording(6.0, 250), change, beats(5))


def test_the_probability_follows_the_change(model):
    source = recording(6.0, 250)
    before = probabilities(model, source)
    assert what_if(model, source, Change(), leads=STANDARD_12) == pytest.approx(before)
    after = what_if(model, source, Change(drop_leads=("V1", "V2", "V3")), leads=STANDARD_12)
    assert set(after) == set(model.card.codes)
    assert any(abs(after[c] - before[c]) > 1e-4 for c in after)
    # This network sees no voltage.
    scaled = what_if(model, source, Change(voltage=3.0), leads=STANDARD_12)
    assert scaled == pytest.approx(before, abs=1e-4)


def test_the_words_say_how_much_lies_where(model):
    explainer = Explainer(model, Study(recording(8.0, 250)))
    said = describe(explainer, explainer.explain("RBBB", "hirescam"))
    assert "% of what supports “Right bundle branch block”" in said.sentence
    assert said.place.leads == ("I", "V1", "V2", "V6")
    assert 0 <= said.overlap.share <= 1
    flat = MethodEntry(lambda _case: None, "x", "y", by_size=True)
    np.testing.assert_array_equal(flat.order(np.array([-1.0, 2.0])), [1, 2])
