"""Axes, ST limits, voltage criteria, reference ranges, agreement of leads: values by hand."""

import math
from itertools import pairwise

import numpy as np
import pytest

from ecgcore.measure.axes import axis_measurements
from ecgcore.measure.consensus import consensus
from ecgcore.measure.hrv import hrv
from ecgcore.measure.hypertrophy import lvh_criteria
from ecgcore.measure.reference import reference_range
from ecgcore.measure.st_segment import st_deviation, thresholds_mv
from ecgcore.recording import Patient
from ecgcore.results import FIDUCIALS, Beats, Fiducials, MedianBeat
from ecgcore.signal.quantiles import quantile
from ecgcore.signal.rr import rr_before

FS_HZ = 1000.0
WOMAN, MAN = Patient(50, "female"), Patient(50, "male")
LEADS = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")

# ---- axes: a vector of the frontal plane, seen in each limb lead ---------------------------

DIRECTION_DEG = {"I": 0, "II": 60, "III": 120, "aVF": 90, "aVR": -150, "aVL": -30}
SPANS = {"p": (-0.2, -0.1), "qrs": (-0.05, 0.05), "t": (0.2, 0.4)}


def seen(lead, degrees, size):
    """What a lead shows of a vector: an augmented lead is smaller by the root of 3 to 2."""
    augmented = math.sqrt(3) / 2 if lead.startswith("a") else 1.0
    return size * augmented * math.cos(math.radians(degrees - DIRECTION_DEG[lead]))


def beat_of(leads, axes, *, size_mv=0.5, absent=(), slope_mv=0.0, sizes=None):
    """Return a beat with one triangle a wave, each along its own axis."""
    r_index = 300
    t = (np.arange(800) - r_index) / FS_HZ
    values = np.zeros((len(leads), t.size))
    for name, (start, stop) in SPANS.items():
        middle, half = (start + stop) / 2, (stop - start) / 2
        shape = np.clip(1 - np.abs(t - middle) / half, 0, None)
        size = (sizes or {}).get(name, size_mv)
        values += np.outer([seen(lead, axes[name], size) for lead in leads], shape)
    values += slope_mv * t
    points = {f"{n}_onset": s[0] for n, s in SPANS.items()} | {
        f"{n}_offset": s[1] for n, s in SPANS.items()
    }
    points |= dict.fromkeys(absent, math.nan)
    return MedianBeat(values.astype(np.float32), leads, FS_HZ, r_index, points, {}, 8)


def axes_of(beat, *, bad=(), p_reason="", in_mv=True):
    found = axis_measurements(beat, bad_leads=bad, p_reason=p_reason, in_mv=in_mv)
    return {one.name: one for one in found}


AXES = {"p": 55.0, "qrs": -40.0, "t": 160.0}


@pytest.mark.parametrize(
    "pair", [("I", "aVF"), ("I", "II"), ("I", "III"), ("II", "III"), ("III", "II"), ("aVF", "I")]
)
def test_any_two_limb_leads_give_the_axis_that_was_drawn(pair):
    found = axes_of(beat_of(pair, AXES))
    for name, degrees in AXES.items():
        assert found[f"{name}_axis"].value == pytest.approx(degrees, abs=0.5)


@pytest.mark.parametrize("degrees", [-170, -90, -30, 0, 30, 90, 135, 179])
def test_axes_run_from_minus_180_to_180(degrees):
    found = axes_of(beat_of(LEADS[:2], dict.fromkeys(SPANS, degrees)))
    assert found["qrs_axis"].value == pytest.approx(degrees, abs=0.5)


@pytest.mark.parametrize(
    ("name", "limit_mv_ms"), [("p_axis", 1.0), ("qrs_axis", 3.0), ("t_axis", 3.0)]
)
def test_a_vector_too_short_has_no_direction(name, limit_mv_ms):
    wave = name.split("_", maxsplit=1)[0]
    # A triangle's area is half its base times its height.
    base_ms = 1e3 * (SPANS[wave][1] - SPANS[wave][0])
    for factor, there in ((0.9, False), (1.1, True)):
        height = factor * limit_mv_ms / (base_ms / 2)
        found = axes_of(beat_of(("I", "aVF"), AXES, sizes={wave: height}))[name]
        assert (found.value is not None) is there
        assert ("too small" in found.reason) is not there


def test_the_uncertainty_of_an_axis_is_10_uv_over_its_wave_against_its_area():
    found = axes_of(beat_of(("I", "aVF"), AXES))["qrs_axis"]
    # 100 ms long, of 25 mV ms: ten microvolts are 1 mV ms.
    assert found.uncertainty == pytest.approx(math.degrees(math.atan2(1.0, 25.0)), rel=0.02)
    assert found.unit == "deg"


def test_a_wave_has_its_first_and_its_last_sample():
    beat = beat_of(("I", "aVF"), AXES, size_mv=0.0)
    first, last = (beat.r_index + round(s * FS_HZ) for s in SPANS["qrs"])
    # An augmented lead is smaller by the root of 3 to 2.
    beat.values[0, first], beat.values[1, last] = 5.0, 5.0 * math.sqrt(3) / 2
    assert axes_of(beat)["qrs_axis"].value == pytest.approx(45, abs=0.1)


def test_p_stands_on_the_line_between_its_ends():
    found = axes_of(beat_of(("I", "aVF"), AXES, size_mv=0.2, slope_mv=1.0))
    assert found["p_axis"].value == pytest.approx(55, abs=1)


def test_what_makes_an_axis_impossible_is_said():
    beat = beat_of(LEADS[:6], AXES)
    assert all("Amplitude not calibrated" in m.reason for m in axes_of(beat, in_mv=False).values())
    assert all("No complete beat" in m.reason for m in axes_of(None).values())
    only = axes_of(beat, bad=("II", "III", "aVF"))
    assert all("Two readable limb leads" in m.reason for m in only.values())
    assert axes_of(beat, bad=("III", "aVF"))["qrs_axis"].value == pytest.approx(-40, abs=0.5)
    assert axes_of(beat, p_reason="No P.")["p_axis"].reason == "No P."
    for wave in SPANS:
        for point in ("onset", "offset"):
            found = axes_of(beat_of(LEADS[:2], AXES, absent=(f"{wave}_{point}",)))
            assert f"No {wave.upper()} wave was found" in found[f"{wave}_axis"].reason
            assert sum(m.value is not None for m in found.values()) == 2


# ---- ST ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lead", "age", "sex", "expected"),
    [
        *(("V2", 39.9, "male", (0.25, 0.25)), ("V3", 40, "male", (0.20, 0.20))),
        *(("V2", None, "male", (0.20, 0.25)), ("V3", None, "female", (0.15, 0.15))),
        *(("V2", 30, None, (0.15, 0.25)), ("V3", 50, None, (0.15, 0.20))),
        *(("V2", None, None, (0.15, 0.25)),),
        *(("V7", 39.9, "male", (0.10, 0.10)), ("V8", 40, "male", (0.05, 0.05))),
        *(("V9", 20, "female", (0.05, 0.05)), ("V7", None, "male", (0.05, 0.10))),
        *(("V3R", 29.9, "male", (0.10, 0.10)), ("V4R", 30, "male", (0.05, 0.05))),
        *(("V4R", 35, "male", (0.05, 0.05)), ("V4R", None, None, (0.05, 0.10))),
        *(("V1", 30, "male", (0.10, 0.10)), ("aVR", None, None, (0.10, 0.10))),
    ],
)
def test_st_elevation_limits_of_the_fourth_universal_definition(lead, age, sex, expected):
    assert thresholds_mv(lead, Patient(age, sex)) == expected


def st_of(patient=WOMAN, qrs_ms=90.0, bad=(), reason="", **j_mv):
    table = {lead: {"J": 0.0} for lead in LEADS} | {k: {"J": v} for k, v in j_mv.items()}
    return st_deviation(table, patient, qrs_ms=qrs_ms, bad_leads=bad, reason=reason)


@pytest.mark.parametrize(
    ("j_mv", "elevated", "depressed"),
    [
        *((0.0990, False, False), (0.0996, True, False), (0.1, True, False)),
        *((-0.0494, False, False), (-0.0496, False, True), (-0.05, False, True)),
        *((0.1 - 0.0005, True, False), (-0.05 + 0.0005, False, True)),
    ],
)
def test_a_limit_is_reached_within_half_a_microvolt(j_mv, elevated, depressed):
    (lead,) = [one for one in st_of(V5=j_mv).leads if one.lead == "V5"]
    assert (lead.elevated, lead.depressed) == (elevated, depressed)


@pytest.mark.parametrize(
    ("j_mv", "elevated"), [(0.1490, False), (0.1495, None), (0.1980, None), (0.1996, True)]
)
def test_between_the_limits_of_women_and_men_nothing_is_said(j_mv, elevated):
    found = {one.lead: one for one in st_of(Patient(50), V2=j_mv).leads}["V2"]
    assert found.elevated is elevated
    assert ("age and sex" in found.reason) == (elevated is None)
    assert found.threshold_mv is None


@pytest.mark.parametrize(("qrs_ms", "judged"), [(119.9, True), (120.0, False), (None, False)])
def test_from_120_ms_on_st_follows_qrs(qrs_ms, judged):
    found = st_of(qrs_ms=qrs_ms, V5=0.3, V6=0.3)
    assert found.elevation_in == (("V5", "V6") if judged else ())
    assert bool(found.reason) is not judged
    assert ("could not be measured" in found.reason) == (qrs_ms is None)
    assert st_of(reason="No.", V5=0.3, V6=0.3).reason == "No."


def test_what_cannot_be_read_says_which():
    found = {one.lead: one for one in st_of(bad=("V5",), V4=None, V5=0.3).leads}
    assert "not readable" in found["V5"].reason
    assert found["V5"].j_mv is None
    assert "No J point" in found["V4"].reason
    assert found["V5"].elevated is found["V4"].elevated is None


@pytest.mark.parametrize(
    ("pair", "together"),
    [
        *((("V1", "V2"), True), (("V6", "V7"), True), (("V8", "V9"), True), (("V1", "V3"), False)),
        *(
            (("V3R", "V4R"), True),
            (("aVL", "I"), True),
            (("II", "III"), True),
            (("I", "II"), False),
        ),
        *((("aVF", "III"), True), (("aVR", "aVL"), False)),
    ],
)
def test_contiguous_leads(pair, together):
    assert bool(st_of(**dict.fromkeys(pair, 0.4)).elevation_in) is together
    assert bool(st_of(**dict.fromkeys(pair, -0.4)).depression_in) is together


# ---- voltage -------------------------------------------------------------------------------


def criteria(patient=MAN, bad=(), reason="", **rows):
    usual = {"Q": None, "R": 0.5, "S": -0.5, "R'": None, "J": 0.0}
    table = {lead: usual | rows.get(lead, {}) for lead in LEADS}
    return lvh_criteria(table, patient, bad_leads=bad, reason=reason)


@pytest.mark.parametrize(("r_mv", "met"), [(2.0, True), (1.999, False)])
def test_sokolow_and_lyon_is_met_at_3_5_mv(r_mv, met):
    found = criteria(V1={"S": -1.5}, V6={"R": r_mv})[0]
    assert (found.met, found.threshold_mv) == (met, 3.5)


@pytest.mark.parametrize(
    ("patient", "sum_mv", "met"), [(MAN, 2.8, False), (MAN, 2.81, True), (WOMAN, 2.0, False),
                                   (WOMAN, 2.01, True), (Patient(50), 4.0, None)],
)  # fmt: skip
def test_cornell_is_met_above_2_8_mv_in_men_and_2_0_in_women(patient, sum_mv, met):
    found = criteria(patient, V3={"S": -1.0}, aVL={"R": sum_mv - 1.0})[1]
    assert found.met is met
    assert found.value_mv == pytest.approx(sum_mv)


def test_the_criteria_are_for_adults_and_for_readable_leads():
    assert "adults" in criteria(Patient(17.9, "male"))[0].reason
    assert criteria(Patient(18, "male"))[0].value_mv == pytest.approx(1.0)
    assert criteria(Patient(None, "male"))[0].value_mv == pytest.approx(1.0)
    assert criteria(reason="Paced.")[1].reason == "Paced."
    assert "V5 is not readable" in criteria(bad=("V5",))[0].reason
    assert "V1 is not readable" in criteria(V1={"J": None})[0].reason
    assert criteria(bad=("V5",))[1].value_mv == pytest.approx(1.0)


def test_a_wave_that_is_not_there_counts_as_nothing():
    none = {"Q": None, "R": None, "S": None, "R'": None}
    assert criteria(V1=none, V5=none, V6=none)[0].value_mv == 0.0
    assert criteria(V5=none | {"R'": 0.9}, V6=none)[0].value_mv == pytest.approx(1.4)
    # Q is an S only where no R stands before it.
    assert criteria(V1=none | {"Q": -0.8, "R": 0.1})[0].value_mv == pytest.approx(0.5)
    assert criteria(V1=none | {"Q": -0.8})[0].value_mv == pytest.approx(1.3)


# ---- reference ranges ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        *(("heart_rate", 60, 100), ("pr", 120, 200), ("qrs", None, 110)),
        *(("qrs_axis", -30, 90), ("p_axis", 0, 75)),
        *((f"qtc_{formula}", 390, 450) for formula in ("bazett", "hodges", "framingham")),
    ],
)
def test_limits_of_adults(name, low, high):
    found = reference_range(name, MAN)
    assert (found.low, found.high) == (low, high)
    assert found.judge(high) == "within"
    assert found.judge(high + 0.1) == "high"
    if low is not None:
        assert found.judge(low) == "within"
        assert found.judge(low - 0.1) == "low"


def test_adults_begin_at_18():
    assert reference_range("pr", Patient(17.99, "male")) is None
    assert reference_range("pr", Patient(18, "male")).high == 200
    assert reference_range("qtc_hodges", WOMAN).high == 460


# Written down a second time, by age group: low and high of boys, then of girls.
CHILDREN = {
    "heart_rate": "129-192 136-216 126-187 126-200 112-165 122-191 106-194 106-187 97-155 95-178 "
    "73-123 78-124 62-113 68-115 55-101 58-110 48-99 54-107",
    "pr": "77-120 91-121 85-120 78-133 87-134 84-127 82-141 88-133 86-151 78-147 98-152 99-153 "
    "99-160 92-156 105-174 103-163 107-178 106-176",
    "qrs": "50-85 54-79 52-77 48-77 54-85 50-78 52-86 52-80 54-88 54-85 58-92 58-88 63-98 59-95 "
    "67-103 66-99 78-111 72-106",
    "qtc_bazett": "378-448 379-462 396-458 381-454 391-453 386-448 379-449 381-446 383-455 381-447 "
    "377-448 388-442 371-443 375-449 373-440 365-447 362-449 370-457",
    "qrs_axis": "75-140 63-155 37-138 39-121 -6-107 17-108 14-122 1-102 -4-118 2-121 7-112 3-106 "
    "-10-112 27-117 -21-114 5-117 -9-112 5-101",
}
# The first day of each group and the last before the next, in years.
DAY = 1 / 365.25
EDGES = (11 * DAY, 1 / 12, 3 / 12, 6 / 12, 1, 3, 5, 8, 12, 16)


@pytest.mark.parametrize("name", list(CHILDREN))
def test_children_have_the_published_limits_from_the_first_day_of_a_group_to_its_last(name):
    words = iter(CHILDREN[name].split())
    for first, after in pairwise(EDGES):
        for sex in ("male", "female"):
            low, _, high = next(words).rpartition("-")
            for age in (first, (first + after) / 2, after - 1e-6):
                found = reference_range(name, Patient(age, sex))
                assert (found.low, found.high) == (int(low), int(high)), (age, sex)


# ---- leads that agree ----------------------------------------------------------------------


def waves_of(n_leads, **points):
    waves = np.full((n_leads, 9, 1), np.nan)
    for name, values in points.items():
        waves[:, FIDUCIALS.index(name), 0] = values
    return waves


def at(found, name):
    return found[FIDUCIALS.index(name), 0]


def test_a_quantile_lies_between_its_neighbours():
    values = np.array([[4.0, 1.0], [1.0, np.nan], [3.0, 5.0], [2.0, np.nan]])
    assert quantile(values, 0.5) == pytest.approx([2.5, 3.0])
    assert quantile(values, 0.2) == pytest.approx([1.6, 1.8])
    assert quantile(values, 1.0) == pytest.approx([4.0, 5.0])
    assert quantile(values, 0.0) == pytest.approx([1.0, 1.0])


@pytest.mark.parametrize(("wave", "needed"), [("p", 5), ("t", 3), ("qrs", 1)])
def test_a_wave_is_there_if_enough_of_twelve_leads_show_it(wave, needed):
    peak = "r_peak" if wave == "qrs" else f"{wave}_peak"
    for n in (needed - 1, needed):
        some = np.where(np.arange(12) < n, 1.0, np.nan)
        found = consensus(
            waves_of(12, **{f"{wave}_onset": some, peak: some, f"{wave}_offset": some}),
            np.array([7.0]),
        )
        assert np.isfinite(at(found, f"{wave}_onset")) == (n == needed)
    # Without any lead's R peak the beat's own time stands there.
    assert at(consensus(waves_of(12), np.array([7.0])), "r_peak") == 7.0


@pytest.mark.parametrize(("wave", "limit_s"), [("p", 0.060), ("qrs", 0.045), ("t", 0.090)])
@pytest.mark.parametrize("edge", ["onset", "offset"])
def test_a_lead_far_from_the_median_is_left_out(wave, limit_s, edge):
    peak = "r_peak" if wave == "qrs" else f"{wave}_peak"
    for distance, counts in ((0.98 * limit_s, True), (1.02 * limit_s, False)):
        points = {f"{wave}_onset": np.full(3, 1.0), f"{wave}_offset": np.full(3, 1.2)}
        points[peak] = np.array([1.1, 1.1, 1.14])
        points[f"{wave}_{edge}"][2] += distance
        found = consensus(waves_of(3, **points), np.array([1.1]))
        late = at(found, f"{wave}_{edge}") - points[f"{wave}_{edge}"][0]
        assert (at(found, f"{wave}_peak" if wave != "qrs" else "r_peak")) == pytest.approx(1.1)
        quarter = {"onset": 0.0, "offset": 0.6}[edge]
        assert late == pytest.approx(quarter * distance if counts else 0.0, abs=1e-9)


def test_of_two_leads_neither_is_the_outlier():
    points = {"qrs_onset": [1.0, 1.2], "r_peak": [1.1, 1.3], "qrs_offset": [1.2, 1.4]}
    found = consensus(waves_of(2, **points), np.array([1.1]))
    assert at(found, "r_peak") == pytest.approx(1.2)
    assert at(found, "qrs_onset") == pytest.approx(1.04)


# ---- variability ---------------------------------------------------------------------------


def variability(rr_ms, kinds=None, absent_s=None):
    r = np.concatenate(([0.5], 0.5 + np.cumsum(rr_ms) / 1e3))
    values = np.full((9, r.size), np.nan)
    values[FIDUCIALS.index("r_peak")] = r
    types = kinds or ("normal",) * r.size
    beats = Beats(Fiducials.from_array(values), {}, tuple(types), rr_before(r, absent_s))
    return {m.name: m for m in hrv(beats, max(300.0, float(r[-1])))}


def test_time_domain_measures_are_their_formulas():
    # Differences of +60, -60, +30, -30 ms in turn.
    rr = np.tile([800.0, 860.0, 800.0, 830.0], 100)
    found = {name: m.value for name, m in variability(rr).items()}
    assert found["hrv_mean_nn"] == pytest.approx(822.5)
    assert found["hrv_sdnn"] == pytest.approx(np.std(rr, ddof=1), rel=1e-6)
    steps = np.diff(rr)
    assert found["hrv_rmssd"] == pytest.approx(np.sqrt((steps**2).mean()), rel=1e-6)
    assert found["hrv_pnn50"] == pytest.approx(100 * (np.abs(steps) > 50).mean(), rel=1e-6)


@pytest.mark.parametrize(
    ("hz", "band"), [(0.02, "vlf"), (0.06, "lf"), (0.12, "lf"), (0.18, "hf"), (0.3, "hf")]
)
def test_power_stands_in_its_band(hz, band):
    t = np.cumsum(np.full(700, 0.8))
    found = variability(800 + 20 * np.sin(2 * np.pi * hz * t))
    power = {name: found[f"hrv_{name}"].value for name in ("vlf", "lf", "hf")}
    # Half the square of the amplitude.
    assert power[band] == pytest.approx(200, rel=0.25)
    assert sum(power.values()) < 1.15 * power[band]
    assert found["hrv_lf_hf"].value == pytest.approx(power["lf"] / power["hf"])


@pytest.mark.parametrize(("ectopic", "said"), [(44, True), (54, False)])
def test_four_in_five_intervals_must_lie_between_normal_beats(ectopic, said):
    n = 500
    kinds = ["normal"] * (n + 1)
    for i in range(ectopic):
        kinds[5 + 9 * i] = "ventricular"
    found = variability(np.full(n, 700.0), kinds)["hrv_mean_nn"]
    # Each takes two intervals with it.
    assert (found.value is not None) is said
    if not said:
        assert "78 %" in found.reason


def test_an_interval_across_a_missed_beat_is_none():
    rr = np.tile([800.0, 800.0, 840.0], 150)
    with_gaps = rr.copy()
    with_gaps[30::90] = 1600.0
    found, plain = variability(with_gaps), variability(rr)
    assert found["hrv_mean_nn"].value == pytest.approx(plain["hrv_mean_nn"].value, abs=1)
    assert found["hrv_rmssd"].value == pytest.approx(plain["hrv_rmssd"].value, rel=0.02)


@pytest.mark.parametrize(("from_s", "given"), [(245.0, False), (254.0, True), (270.0, True)])
def test_power_needs_a_whole_stretch_of_256_s_but_for_its_ends(from_s, given):
    """Of 380 s a second is absent: the longer part must be 256 s long, six at the ends aside."""
    rr = np.tile([800.0, 800.0, 840.0], 156)
    found = variability(rr, absent_s=np.array([[from_s, from_s + 1.0]]))
    assert (found["hrv_lf"].value is not None) is given
    assert ("256 s" in found["hrv_lf"].reason) is not given
    assert found["hrv_sdnn"].value is not None


def test_the_first_interval_counts_in_the_power():
    """Where all others are alike it is the only one that varies."""
    same = variability(np.full(450, 800.0))
    first = variability(np.concatenate(([1000.0], np.full(449, 800.0))))
    for band in ("vlf", "lf", "hf"):
        assert same[f"hrv_{band}"].value == pytest.approx(0, abs=1e-12)
        assert first[f"hrv_{band}"].value > 1e-9
