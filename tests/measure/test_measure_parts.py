"""Consensus, QTc, ST thresholds, voltage criteria, reference ranges, variability."""

import numpy as np
import pytest

from ecgcore.measure import reference_range
from ecgcore.measure.consensus import consensus
from ecgcore.measure.hrv import hrv
from ecgcore.measure.hypertrophy import lvh_criteria
from ecgcore.measure.intervals import qtc_ms
from ecgcore.measure.median_beat import _qrs_waves
from ecgcore.measure.st_segment import st_deviation, thresholds_mv
from ecgcore.recording import Patient
from ecgcore.results import FIDUCIALS, Beats, Fiducials
from ecgcore.signal.quantiles import quantile
from ecgcore.signal.rr import rr_before

WOMAN, YOUNG_MAN, OLD_MAN = Patient(50, "female"), Patient(30, "male"), Patient(60, "male")
LEADS = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")


def leads_with(n_leads, **points):
    waves = np.full((n_leads, 9, 1), np.nan)
    for name, values in points.items():
        waves[:, FIDUCIALS.index(name), 0] = values
    return waves


class TestConsensus:
    def test_one_lead_is_its_own_consensus(self):
        waves = leads_with(1, p_onset=0.8, p_peak=0.85, p_offset=0.9)
        found = consensus(waves, np.array([1.0]))
        assert found[:3, 0] == pytest.approx([0.8, 0.85, 0.9])
        assert found[FIDUCIALS.index("r_peak"), 0] == 1.0

    def test_onsets_are_early_and_offsets_late(self):
        onset = 0.95 + 0.001 * np.arange(11)
        found = consensus(
            leads_with(11, qrs_onset=onset, r_peak=1.0, qrs_offset=onset + 0.09), [1.0]
        )
        assert found[FIDUCIALS.index("qrs_onset"), 0] == pytest.approx(onset[2])
        assert found[FIDUCIALS.index("qrs_offset"), 0] == pytest.approx(onset[8] + 0.09)

    def test_one_lead_far_off_changes_nothing(self):
        onset = np.full(12, 0.95)
        onset[4] = 0.80
        found = consensus(leads_with(12, qrs_onset=onset, r_peak=1.0, qrs_offset=1.04), [1.0])
        assert found[FIDUCIALS.index("qrs_onset"), 0] == pytest.approx(0.95)

    def test_p_in_few_leads_is_none(self):
        onset = np.full(12, np.nan)
        onset[:3] = 0.8
        found = consensus(leads_with(12, p_onset=onset, p_peak=onset, p_offset=onset + 0.1), [1.0])
        assert np.isnan(found[:3, 0]).all()

    def test_quantiles_leave_out_what_is_absent(self):
        values = np.array([[3.0, np.nan], [1.0, np.nan], [np.nan, np.nan], [2.0, np.nan]])
        assert quantile(values, 0.5) == pytest.approx([2.0, np.nan], nan_ok=True)


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("qtc_bazett", 400 / np.sqrt(0.8)),
        ("qtc_fridericia", 400 / np.cbrt(0.8)),
        ("qtc_framingham", 400 + 154 * 0.2),
        ("qtc_hodges", 400 + 1.75 * 15),
    ],
)
def test_qtc(formula, expected):
    assert qtc_ms(formula, 400.0, 0.8) == pytest.approx(expected)
    assert qtc_ms(formula, 400.0, 1.0) == pytest.approx(400)


class TestSt:
    def table(self, **j_mv):
        return {lead: {"J": j_mv.get(lead, 0.0)} for lead in LEADS}

    @pytest.mark.parametrize(
        ("patient", "expected"), [(WOMAN, 0.15), (YOUNG_MAN, 0.25), (OLD_MAN, 0.20)]
    )
    def test_v2_and_v3_follow_age_and_sex(self, patient, expected):
        assert thresholds_mv("V2", patient) == (expected, expected)
        assert thresholds_mv("V4", patient) == (0.1, 0.1)
        assert thresholds_mv("aVL", patient) == (0.1, 0.1)

    def test_two_contiguous_leads_are_needed(self):
        one = st_deviation(self.table(II=0.2), OLD_MAN, qrs_ms=90)
        apart = st_deviation(self.table(II=0.2, V5=0.2), OLD_MAN, qrs_ms=90)
        two = st_deviation(self.table(II=0.1, aVF=0.1), OLD_MAN, qrs_ms=90)
        assert one.elevation_in == apart.elevation_in == ()
        assert two.elevation_in == ("II", "aVF")

    def test_chest_leads_of_a_young_man(self):
        table = self.table(V2=0.22, V3=0.22)
        assert st_deviation(table, YOUNG_MAN, qrs_ms=90).elevation_in == ()
        assert st_deviation(table, OLD_MAN, qrs_ms=90).elevation_in == ("V2", "V3")

    def test_unknown_sex_is_told_between_the_thresholds(self):
        found = st_deviation(self.table(V2=0.18, V3=0.26), Patient(50), qrs_ms=90)
        by_lead = {lead.lead: lead for lead in found.leads}
        assert by_lead["V2"].elevated is None
        assert "age and sex" in by_lead["V2"].reason
        assert by_lead["V3"].elevated is True

    def test_depression(self):
        found = st_deviation(self.table(V4=-0.05, V5=-0.06), WOMAN, qrs_ms=90)
        assert found.depression_in == ("V4", "V5")

    @pytest.mark.parametrize(
        ("j_mv", "later_mv", "depressed"),
        [(-0.06, -0.06, True), (-0.06, -0.02, False), (-0.09, 0.1, False), (-0.1, 0.1, True)],
    )
    def test_an_up_sloping_depression_must_be_deep(self, j_mv, later_mv, depressed):
        table = self.table(V4=j_mv, V5=j_mv)
        for lead in ("V4", "V5"):
            table[lead]["J+80"] = later_mv
        found = st_deviation(table, WOMAN, qrs_ms=90)
        assert found.depression_in == (("V4", "V5") if depressed else ())

    def test_wide_qrs_is_not_judged_but_shown(self):
        found = st_deviation(self.table(V1=0.3, V2=0.4), WOMAN, qrs_ms=140)
        assert found.elevation_in == ()
        assert found.leads[7].j_mv == 0.4
        assert found.leads[7].elevated is None

    def test_a_bad_lead_is_not_judged(self):
        found = st_deviation(self.table(II=0.2, aVF=0.2), WOMAN, qrs_ms=90, bad_leads=("II",))
        assert found.elevation_in == ()


class TestHypertrophy:
    def table(self, **changes):
        row = {"Q": None, "R": 0.5, "S": -0.5, "R'": None, "J": 0.0}
        return {lead: row | changes.get(lead, {}) for lead in LEADS}

    def test_sokolow_takes_the_larger_r(self):
        table = self.table(V1={"S": -1.5}, V5={"R": 1.9}, V6={"R": 2.0})
        found = lvh_criteria(table, WOMAN)[0]
        assert found.value_mv == pytest.approx(3.5)
        assert found.met is True

    def test_cornell_depends_on_the_sex(self):
        table = self.table(V3={"S": -1.4}, aVL={"R": 1.0})
        assert lvh_criteria(table, WOMAN)[1].met is True
        assert lvh_criteria(table, OLD_MAN)[1].met is False
        unknown = lvh_criteria(table, Patient(50))[1]
        assert unknown.met is None
        assert "sex" in unknown.reason

    def test_qs_counts_as_s(self):
        table = self.table(V1={"S": None, "R": None, "Q": -2.0}, V5={"R": 1.6})
        assert lvh_criteria(table, WOMAN)[0].value_mv == pytest.approx(3.6)

    def test_children_are_not_judged(self):
        assert "adults" in lvh_criteria(self.table(), Patient(9, "male"))[0].reason


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ([-0.1, 1.0, -0.4], {"Q": -0.1, "R": 1.0, "S": -0.4}),
        ([0.3, -0.8, 0.6], {"R": 0.3, "S": -0.8, "R'": 0.6}),
        ([-1.0], {"Q": -1.0}),
        ([0.01, -1.0], {"Q": -1.0}),
        ([1.2], {"R": 1.2}),
    ],
)
def test_deflections_have_their_names(shape, expected):
    part = np.concatenate([h * np.hanning(17)[1:-1] for h in shape])
    assert _qrs_waves(part, 500.0) == pytest.approx(expected)


class TestReference:
    def test_qtc_of_women_and_men(self):
        assert reference_range("qtc_fridericia", WOMAN).judge(455) == "within"
        assert reference_range("qtc_fridericia", OLD_MAN).judge(455) == "high"
        assert reference_range("qtc_bazett", OLD_MAN).judge(380) == "low"

    def test_no_range_no_mark(self):
        assert reference_range("rr_sd", WOMAN) is None
        assert reference_range("pr", Patient()) is None
        assert reference_range("qtc_bazett", Patient(50)) is None
        assert reference_range("t_axis", WOMAN) is None

    @pytest.mark.parametrize("age_years", [0.0, 10 / 365.25, 16.0, 17.9])
    def test_children_outside_the_published_ages_have_none(self, age_years):
        assert reference_range("pr", Patient(age_years, "male")) is None

    def test_a_child_needs_the_sex_and_the_formula_that_was_published(self):
        assert reference_range("pr", Patient(8)) is None
        assert reference_range("qtc_fridericia", Patient(8, "male")) is None
        assert reference_range("p_axis", Patient(8, "male")) is None

    @pytest.mark.parametrize(
        ("name", "age_years", "sex", "limits"),
        [
            # Corners of the table of Rijnbeek et al. 2001.
            ("heart_rate", 0.05, "male", (129, 192)),
            ("heart_rate", 15.9, "female", (54, 107)),
            ("pr", 1.0, "female", (78, 147)),
            ("pr", 12.0, "male", (107, 178)),
            ("qrs", 0.25, "male", (54, 85)),
            ("qrs", 7.9, "female", (59, 95)),
            ("qtc_bazett", 0.1, "male", (396, 458)),
            ("qtc_bazett", 8.0, "female", (365, 447)),
            ("qrs_axis", 3.0, "male", (7, 112)),
            ("qrs_axis", 0.5, "female", (1, 102)),
        ],
    )
    def test_children_by_age_and_sex(self, name, age_years, sex, limits):
        found = reference_range(name, Patient(age_years, sex))
        assert (found.low, found.high) == limits
        assert "Rijnbeek" in found.source

    def test_heart_rate_falls_and_qrs_widens_with_age(self):
        for sex in ("male", "female"):
            rate, qrs = (
                [reference_range(n, Patient(age, sex)).high for age in (0.1, 2, 6, 14)]
                for n in ("heart_rate", "qrs")
            )
            assert rate == sorted(rate, reverse=True)
            assert qrs == sorted(qrs)

    def test_an_angle_is_judged_around_the_circle(self):
        adult = reference_range("qrs_axis", WOMAN)
        assert [adult.judge(v) for v in (-30, 90, -60, 120, -170, -110)] == [
            "within", "within", "low", "high", "high", "low",
        ]  # fmt: skip

    @pytest.mark.parametrize(
        "name", ["heart_rate", "pr", "qrs", "qrs_axis", "p_axis", "qtc_hodges"]
    )
    def test_every_range_has_a_source(self, name):
        assert len(reference_range(name, WOMAN).source) > 20


class TestVariability:
    def beats(self, rr_s, kind="normal"):
        r = np.cumsum(rr_s)
        values = np.full((9, r.size), np.nan)
        values[FIDUCIALS.index("r_peak")] = r
        beats = Beats(Fiducials.from_array(values), {}, (kind,) * r.size, rr_before(r))
        return beats, float(r[-1])

    def test_known_modulation_is_found_in_its_band(self):
        rng = np.random.default_rng(1)
        t = np.arange(500)
        # 25 ms of amplitude at 0.25 Hz: a power of 312 ms² within the high-frequency band.
        rr = 0.8 + 0.025 * np.sin(2 * np.pi * 0.25 * 0.8 * t) + 0.001 * rng.standard_normal(500)
        beats, seconds = self.beats(rr)
        found = {m.name: m.value for m in hrv(beats, seconds)}
        assert found["hrv_mean_nn"] == pytest.approx(800, abs=1)
        assert found["hrv_sdnn"] == pytest.approx(25 / np.sqrt(2), rel=0.1)
        assert found["hrv_hf"] == pytest.approx(312, rel=0.25)
        assert found["hrv_lf"] < 0.1 * found["hrv_hf"]

    def test_short_recordings_have_none(self):
        beats, _ = self.beats(np.full(200, 0.8))
        assert hrv(beats, 160.0) == ()

    def test_ectopy_is_a_reason(self):
        beats, seconds = self.beats(np.full(500, 0.8), "ventricular")
        assert all(m.value is None and "normal" in m.reason for m in hrv(beats, seconds))
