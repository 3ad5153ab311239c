"""Abstention statement by statement: leads, age, voltage, pacing, strangeness, quality."""

from dataclasses import replace

import numpy as np
import pytest

from ecgcore.inference import load_model, predict
from ecgcore.inference.abstain import limits_of, outside_scope
from ecgcore.inference.card import InputContract, LabelRule
from ecgcore.inference.distance import ENERGY, Strangeness
from ecgcore.inference.prepare import model_input, model_leads
from ecgcore.leads import CHEST_6, LIMB_6, STANDARD_12
from ecgcore.recording import Patient
from ecgcore.results import Finding, Quality
from ecgcore.simulate import simulate
from ecgcore.statements import NETWORK_CODES, statement
from ecgcore.units import NU
from tests.synthetic import recording, tiny_card

GOOD = Quality(True)
NOT_IN_PACED = {code for code in NETWORK_CODES if statement(code).lost_in_paced}
CARD = replace(
    tiny_card(),
    input=InputContract(sees_voltage=True),
    labels=tuple(LabelRule(code, 0.5, 1.0, 0.0, True, 40, 1.0) for code in NETWORK_CODES),
)


def limits(shown, *, leads=STANDARD_12, quality=GOOD, card=CARD):
    names = model_leads(shown, card.input, tuple(leads))
    return limits_of(shown, model_input(shown, card.input, names), names, quality, card)


def adult(**changes):
    return replace(recording(10.0, 500.0), **{"patient": Patient(60.0, "female"), **changes})


def without(*gone):
    return [lead for lead in STANDARD_12 if lead not in gone]


def test_an_adult_with_twelve_leads_is_assessed_whole():
    found = limits(adult())
    assert found.blocked == {}
    assert found.remarks == {}
    assert found.calibrated


@pytest.mark.parametrize(
    ("leads", "blocked"),
    [
        (without("V1"), set()),
        (without("V1", "V2"), {"LBBB", "RBBB", "IRBBB", "418818005"}),
        (without("V1", "V2", "V3"), {"LBBB", "RBBB", "IRBBB", "AMI", "LVH"}),
        (without("V3", "V4"), set()),
        (without("V2", "V3", "V4"), {"AMI"}),
        (without("V5", "V6"), set()),
        (without("V5", "V6", "aVL"), {"LVH"}),
        (without("II", "III", "aVF"), {"LAFB", "IMI"}),
        (without("III", "aVF"), set()),
        (without("I", "aVL"), {"LAFB"}),
        (("II", *CHEST_6), {"LAFB", "IMI"}),
        (("I", "II", *CHEST_6), set()),
    ],
)
def test_a_lost_lead_costs_the_statements_that_are_read_in_it(leads, blocked):
    found = limits(adult(), leads=leads)
    # Brugada's pattern needs both V1 and V2, an anterior infarction two of V1 to V4.
    also = {"418818005"} if {"V1", "V2"} - set(leads) else set()
    assert set(found.blocked) == blocked | also


def test_without_v1_bundle_branch_block_is_read_elsewhere_and_said_so():
    found = limits(adult(), leads=without("V1"))
    assert "V1" in found.remarks["RBBB"][0]
    few = limits(adult(), leads=("I", "II", "V2", "V3", "V4", "V5", "V6"))
    assert {"LBBB", "RBBB", "IRBBB"} <= set(few.blocked)


def test_eight_leads_are_what_calibration_was_made_on():
    assert limits(adult(), leads=("I", "II", *CHEST_6)).calibrated
    assert not limits(adult(), leads=("II", *CHEST_6)).calibrated


def test_limb_leads_alone_say_nothing_of_the_chest():
    found = limits(adult(), leads=LIMB_6)
    assert {"LBBB", "RBBB", "IRBBB", "AMI", "LVH", "418818005"} <= set(found.blocked)
    assert not {"AF", "PVC", "LAFB", "IMI"} & set(found.blocked)
    assert not found.calibrated
    assert "twelve leads" in found.remarks["AF"][0]


def test_a_monitoring_lead_is_named_where_it_stands_in():
    leads = tuple("MLII" if lead == "II" else lead for lead in STANDARD_12)
    found = limits(adult(leads=leads), leads=leads)
    assert "MLII was read as II." in found.remarks["AF"]


def test_fewer_leads_than_a_statement_asks_for():
    rules = tuple(replace(rule, min_leads=8.0) for rule in CARD.labels)
    found = limits(adult(), leads=LIMB_6, card=replace(CARD, labels=rules))
    assert set(found.blocked) == set(NETWORK_CODES)
    assert "at least 8 complete leads" in found.blocked["AF"]
    rules = tuple(replace(rule, min_leads=6.0) for rule in CARD.labels)
    assert "AF" not in limits(adult(), leads=LIMB_6, card=replace(CARD, labels=rules)).blocked


@pytest.mark.parametrize(("max_leads", "blocked"), [(1, True), (2, False), (12, False)])
def test_a_network_of_one_lead_is_held_to_what_one_lead_can_carry(max_leads, blocked):
    card = replace(CARD, input=replace(CARD.input, max_leads=max_leads))
    found = limits(adult(), leads=("V1",), card=card)
    assert ("STE" in found.blocked) is blocked
    assert not {"AF", "PVC"} & set(found.blocked)


def test_under_eighteen_nothing_is_said():
    found = limits(replace(adult(), patient=Patient(17.0, None)))
    assert set(found.blocked) == set(NETWORK_CODES)
    assert "17 years" in found.everywhere
    assert limits(replace(adult(), patient=Patient(18.0, "female"))).blocked == {}


def test_where_nothing_is_said_the_reason_is_that_of_all_or_each_once():
    found = limits(adult())
    findings = [Finding(code, code, 0.1, False, 0.5, None, "") for code in ("AF", "PVC", "LAFB")]
    found.block(["AF", "PVC"], "Too few leads.")
    found.block(["AF", "LAFB"], "No limb lead.")
    assert found.overall_reason(findings) == "Too few leads. No limb lead."
    found.refuse(CARD.codes, "Outside the model's scope.")
    assert found.overall_reason(findings) == "Outside the model's scope."


@pytest.mark.parametrize(
    ("patient", "words"),
    [
        (Patient(None, None), "enter age and sex"),
        (Patient(None, "male"), "enter age"),
        (Patient(60, None), "enter sex"),
    ],
)
def test_unknown_age_or_sex_withholds_what_depends_on_them(patient, words):
    found = limits(replace(adult(), patient=patient))
    assert set(found.blocked) == {"SNR", "LVH"}
    assert words in found.blocked["SNR"]


@pytest.mark.parametrize(
    ("age_years", "limit", "blocked"),
    [
        (17.0, {"age_from": 12.0}, set(NETWORK_CODES) - {"AF"}),
        (18.0, {"age_from": 40.0}, {"AF"}),
        (90.0, {"age_to": 80.0}, {"AF"}),
        (80.0, {"age_to": 80.0}, set()),
        (17.0, {}, set(NETWORK_CODES)),
        (120.5, {}, set()),
    ],
)
def test_each_statement_is_assessed_at_its_own_ages(monkeypatch, age_years, limit, blocked):
    own = {code: statement(code) for code in NETWORK_CODES}
    own["AF"] = replace(own["AF"], **limit)
    monkeypatch.setattr("ecgcore.inference.abstain.statement", own.__getitem__)
    found = limits(adult(patient=Patient(age_years, "male")))
    assert found.blocked.keys() == blocked
    assert bool(found.everywhere) == (len(blocked) == len(NETWORK_CODES))
    if limit and "AF" in blocked:
        (years,) = limit.values()
        assert f"{years:g} years: the patient is" in found.blocked["AF"]


def test_an_unknown_age_is_said_beside_what_differs_in_children():
    found = limits(replace(adult(), patient=Patient(None, "male")))
    assert set(found.remarks) == {"SNR", "SBRAD", "STACH", "STE", "IRBBB"}


@pytest.mark.parametrize(
    ("changed", "words"),
    [({"positives": 9}, "Only 9 records"), ({"false_alarms": 0.11}, "11% of normal ECGs")],
)
def test_a_statement_without_a_sound_threshold_is_never_flagged(changed, words):
    rules = tuple(replace(r, **changed) if r.code == "AF" else r for r in CARD.labels)
    found = limits(adult(), card=replace(CARD, labels=rules))
    assert set(found.blocked) == {"AF"}
    assert words in found.blocked["AF"]


def test_a_threshold_on_ten_records_and_one_false_alarm_in_ten_will_do():
    rules = tuple(replace(r, positives=10, false_alarms=0.1) for r in CARD.labels)
    assert limits(adult(), card=replace(CARD, labels=rules)).blocked == {}


def test_lost_voltage_costs_hypertrophy_and_is_said_beside_st():
    found = limits(adult(unit=NU))
    assert set(found.blocked) == {"LVH"}
    assert "only the morphology" in found.remarks["STE"][0]
    assert {"STD", "STE", "418818005"} <= set(found.remarks)


class TestPacing:
    def test_the_files_own_statement(self):
        shown = adult()
        told = replace(shown.provenance, machine_statements=("Ventricular-paced rhythm",))
        found = limits(replace(shown, provenance=told))
        assert set(found.blocked) == NOT_IN_PACED
        assert "Pacing is stated in the file" in found.blocked["LBBB"]

    @pytest.mark.parametrize("pacemaker", [None, True])
    def test_spikes_in_the_trace(self, pacemaker):
        shown = adult()
        signal = np.array(shown.signal)
        from ecgcore.signal.beats import detect_beats

        at = np.round((detect_beats(signal, 500.0) - 0.08) * 500.0).astype(int)
        signal[:, at[at > 0]] += 3.0
        spiked = replace(shown, signal=signal, patient=Patient(60.0, "female", pacemaker=pacemaker))
        found = limits(spiked)
        assert set(found.blocked) == NOT_IN_PACED
        assert ("Pacing spikes" in found.blocked["STE"]) is (pacemaker is None)
        assert "Pacing spikes" in found.found["PACE"]
        # The reader knows of no pacemaker: the spikes are something else.
        none = limits(spiked.with_patient(Patient(60.0, "female", pacemaker=False)))
        assert (none.blocked, none.found) == ({}, {})

    def test_a_pacemaker_is_not_spikes(self):
        found = limits(replace(adult(), patient=Patient(60.0, "female", pacemaker=True)))
        assert found.found == {}

    @pytest.mark.parametrize(("logit", "blocked"), [(2.0, True), (0.0, True), (-2.0, False)])
    def test_the_networks_own_word(self, logit, blocked):
        found = limits(adult())
        logits = np.full(len(NETWORK_CODES), -3.0)
        logits[NETWORK_CODES.index("PACE")] = logit
        found.paced(CARD, logits)
        assert set(found.blocked) == (NOT_IN_PACED if blocked else set())
        assert {"AF", "PACE"}.isdisjoint(found.blocked)

    def test_not_where_pacing_itself_cannot_be_assessed(self):
        found = limits(adult())
        found.block(["PACE"], "too few leads")
        found.paced(CARD, np.full(len(NETWORK_CODES), 9.0))
        assert set(found.blocked) == {"PACE"}


def test_what_is_strange_says_by_which_score():
    for score, word in (("distance", "distance 3.0, limit 2.0"), (ENERGY, "energy 3.0")):
        assert word in outside_scope(Strangeness(score, 3.0, 2.0))


def test_of_a_good_signal_it_is_the_rhythm_that_is_strange_and_of_a_poor_one_the_signal():
    strange = Strangeness(ENERGY, 3.0, 2.0)
    good, poor = outside_scope(strange), outside_scope(strange, poor=True)
    assert good.startswith("Rhythm outside the model's scope: read the rhythm strip (")
    assert poor.startswith("Poor data quality: repeat the ECG (")
    assert "quality" not in good
    assert "electrodes" not in good
    assert "hythm" not in poor


def test_a_refused_recording_gets_no_statement():
    found = limits(adult())
    found.refuse(CARD.codes, "Outside the model's scope.")
    assert set(found.blocked) == set(NETWORK_CODES)
    assert found.everywhere == "Outside the model's scope."


def test_no_readable_lead_is_a_better_reason_than_strangeness():
    bad = Quality(False, STANDARD_12, ("All leads: the trace is flat (100 % of the time).",))
    found = limits(adult(), quality=bad)
    found.refuse(CARD.codes, "Outside the model's scope.")
    assert "flat" in found.everywhere
    assert set(found.blocked) == set(NETWORK_CODES)


def test_leads_that_do_not_fit_one_another():
    shown = adult()
    signal = np.array(shown.signal)
    for lead, shift in ((1, 137), (3, 211), (5, 73)):
        signal[lead] = np.roll(signal[lead], shift)
    found = limits(replace(shown, signal=signal))
    assert set(found.blocked) == set(NETWORK_CODES)
    assert "Einthoven" in found.everywhere


@pytest.mark.parametrize("case", ["vt", "svt-regular", "complete-block-wide"])
def test_a_strange_rhythm_in_a_good_signal_is_not_blamed_on_the_signal(case):
    found = predict(load_model(), simulate(case, seed=5000, noise="none").recording)
    assert found.abstained
    assert found.abstain_reason.startswith("Rhythm outside the model's scope")


def test_a_strange_signal_is_poor():
    made = simulate("normal", seed=5000).recording
    noise = np.random.default_rng(1).normal(0, 1.5, made.signal.shape)
    found = predict(load_model(), replace(made, signal=made.signal + noise))
    assert found.abstained
    assert "hythm outside" not in found.abstain_reason
