"""Shapes beyond the first release meet their criteria, in the samples, for many persons."""

import numpy as np
import pytest

from ecgcore.leads import STANDARD_12
from ecgcore.simulate import compose_case, simulate

FS = 500
# From the app's narrow variation to as wide as adults differ.
PERSONS = [(0, None), (1, None), (2, 1.0), (3, 1.0), (4, 1.0), (5, 1.0)]
persons = pytest.mark.parametrize(("seed", "vary"), PERSONS)


class Beat:
    """One beat of a clean record, less its level at QRS onset."""

    def __init__(self, name, seed, vary=None):
        self.made = simulate(name, seed=seed, fs_hz=FS, noise="none", vary=vary)
        self.truth = self.made.truth
        whole = [b for b in self.truth.beats if b.qrs_onset > 0.3 and b.t_offset and not b.origin]
        self.beat = whole[0]
        self.qrs_ms = 1e3 * (self.beat.qrs_offset - self.beat.qrs_onset)

    def after(self, lead, ms=0.0):
        start = round(self.beat.qrs_onset * FS)
        samples = self.made.recording.lead(lead).astype(float)
        return samples[start + round(ms * FS / 1e3) :] - samples[start]

    def qrs(self, lead):
        return self.after(lead)[: round(self.qrs_ms * FS / 1e3) + 1]

    def j(self, lead):
        return self.after(lead, self.qrs_ms + 10)[0]

    def t(self, lead):
        return self.after(lead, 1e3 * (self.beat.t_peak - self.beat.qrs_onset))[0]

    def p(self, lead):
        samples = self.made.recording.lead(lead).astype(float)
        start, stop = round(self.beat.p_onset * FS), round(self.beat.p_offset * FS)
        return samples[start:stop] - samples[start - 5]

    def q_ms(self, lead):
        samples = self.qrs(lead)
        upright = np.flatnonzero(samples > 0.02)
        first = upright[0] if upright.size else samples.size
        return (samples[:first] < -0.02).sum() * 1e3 / FS


@persons
def test_incomplete_right_block(seed, vary):
    beat = Beat("irbbb", seed, vary)
    assert 99 <= beat.qrs_ms < 120
    one = beat.qrs("V1")
    trough = int(one.argmin())
    assert one[:trough].max() > 0.06, "r"
    assert one[trough:].max() > 0.06, "r'"
    assert one[trough] < -0.1


@persons
def test_left_anterior_fascicular_block(seed, vary):
    beat = Beat("lafb", seed, vary)
    assert -90 <= beat.truth.qrs_axis_deg <= -45
    assert beat.qrs_ms < 120
    avl = beat.qrs("aVL")
    assert avl[:12].min() < -0.03, "q in aVL"
    assert avl.argmax() * 1e3 / FS >= 45
    for lead in ("II", "III", "aVF"):
        samples = beat.qrs(lead)
        assert samples[:16].max() > 0.02, "r first"
        assert -samples.min() > samples.max(), "S deeper than r"


@persons
def test_bifascicular_block_is_both(seed, vary):
    beat = Beat("rbbb+lafb", seed, vary)
    assert beat.truth.labels == ("RBBB", "LAFB")
    assert beat.qrs_ms >= 120
    assert -90 <= beat.truth.qrs_axis_deg <= -45
    one = beat.qrs("V1")
    assert one[len(one) // 2 :].max() > 0.3, "R' late"


@persons
def test_pre_excitation_keeps_the_j_point(seed, vary):
    beat = Beat("wpw", seed, vary)
    assert beat.truth.pr_ms < 120
    assert beat.qrs_ms >= 110
    if vary is None:
        plain = simulate(compose_case("normal", pr_ms=148), seed=seed, noise="none").truth
        assert beat.truth.pr_ms + beat.truth.qrs_ms == pytest.approx(
            plain.pr_ms + plain.qrs_ms, abs=8
        )
    for lead in ("I", "II", "V4", "V5"):
        samples = beat.qrs(lead)
        early = samples[round(0.03 * FS)]
        assert early > 0.07, f"{lead}: delta wave"
        assert early < 0.6 * samples.max(), f"{lead}: slow at first"
    onsets = [b for b in beat.truth.beats if b.p_onset]
    levels = [
        float(beat.made.recording.lead("V4")[round((b.qrs_onset + 0.03) * FS)]) for b in onsets
    ]
    assert np.std(levels) < 0.08, "the same delta wave in every beat"


@persons
def test_low_voltage(seed, vary):
    beat = Beat("low-voltage", seed, vary)
    for lead in STANDARD_12:
        assert np.ptp(beat.qrs(lead)) < (1.0 if lead.startswith("V") else 0.5), lead


@persons
def test_lateral_infarction(seed, vary):
    beat = Beat("lateral-stemi", seed, vary)
    assert all(beat.j(lead) >= 0.1 for lead in ("I", "aVL", "V5", "V6"))
    assert beat.j("III") <= -0.1
    assert beat.j("aVF") <= -0.05


@persons
@pytest.mark.parametrize(
    ("name", "threshold"),
    [
        ("inferior-stemi", (("II", "III", "aVF"), 0.1, "aVL")),
        ("anterior-stemi", (("V2", "V3"), 0.2, "III")),
    ],
)
def test_infarctions_meet_the_threshold_however_persons_vary(name, threshold, seed, vary):
    up, level_mv, down = threshold
    beat = Beat(name, seed, vary)
    assert all(beat.j(lead) >= level_mv for lead in up)
    assert beat.j(down) < -0.04


@persons
def test_old_inferior_infarction(seed, vary):
    beat = Beat("old-inferior-infarct", seed, vary)
    for lead in ("III", "aVF"):
        assert beat.q_ms(lead) >= 30
        assert beat.qrs(lead).min() <= -0.1
        assert beat.t(lead) < -0.04
    assert all(abs(beat.j(lead)) < 0.1 for lead in ("II", "III", "aVF"))


@persons
def test_old_anterior_infarction(seed, vary):
    beat = Beat("old-anterior-infarct", seed, vary)
    for lead in ("V2", "V3"):
        assert beat.q_ms(lead) >= 20
        assert beat.t(lead) < -0.04
        assert beat.j(lead) < 0.15


@persons
def test_inverted_t_is_symmetric_and_st_is_flat(seed, vary):
    beat = Beat("t-inversion", seed, vary)
    assert all(beat.t(lead) <= -0.1 for lead in ("V3", "V4", "V5", "V6"))
    assert all(abs(beat.j(lead)) < 0.1 for lead in STANDARD_12)
    samples = beat.after("V4", beat.qrs_ms)[: round(0.3 * FS)]
    middle = int(samples.argmin())
    half = np.flatnonzero(samples < 0.5 * samples.min())
    assert abs((half[-1] - middle) - (middle - half[0])) < 0.02 * FS


@persons
def test_brugada_is_coved_and_negative(seed, vary):
    beat = Beat("brugada", seed, vary)
    for lead in ("V1", "V2"):
        assert beat.j(lead) >= 0.2
        assert beat.t(lead) < -0.08
        stop = round((beat.beat.t_peak - beat.beat.qrs_offset) * FS)
        st = beat.after(lead, beat.qrs_ms + 12)[: stop - 10]
        assert np.diff(st).max() < 0.004, "falls without a saddle"


@persons
def test_long_and_short_qt_are_long_and_short_from_end_to_end(seed, vary):
    long, short = Beat("long-qt", seed, vary), Beat("short-qt", seed, vary)
    assert long.truth.qtc_ms >= 480
    assert 55 < long.truth.heart_rate_bpm < 105
    assert short.truth.qtc_ms <= 340
    # In the samples: the T's height is gone after its end, and there before it.
    for made in (long, short):
        end_ms = 1e3 * (made.beat.t_offset - made.beat.qrs_onset)
        peak = made.t("V3")
        assert abs(made.after("V3", end_ms + 35)[0]) < 0.2 * peak
        assert made.after("V3", end_ms - 45)[0] > 0.2 * peak


@persons
def test_hyperkalaemia_points_t_and_flattens_p(seed, vary):
    beat = Beat("hyperkalaemia", seed, vary)
    plain = Beat("normal", seed, vary)
    assert beat.p("II").max() < 0.75 * plain.p("II").max()

    def width(of):
        start = of.qrs_ms + 20
        samples = of.after("V3", start)[: round(0.4 * FS)]
        return (samples > 0.5 * samples.max()).sum()

    assert width(beat) < 0.75 * width(plain)
    assert max(beat.t(lead) / beat.qrs(lead).max() for lead in ("V3", "V4")) > 0.5


@persons
def test_severe_hyperkalaemia_has_no_p_and_broad_qrs(seed, vary):
    beat = Beat("hyperkalaemia-severe", seed, vary)
    assert all(b.p_onset is None for b in beat.truth.beats)
    assert beat.qrs_ms >= 140
    assert beat.truth.p_axis_deg is None
    before = beat.made.recording.signal[
        :, round((beat.beat.qrs_onset - 0.2) * FS) : round((beat.beat.qrs_onset - 0.03) * FS)
    ]
    assert np.ptp(before, axis=1).max() < 0.06


@pytest.mark.parametrize("seed", range(3))
def test_arm_reversal_changes_the_limb_leads_alone(seed):
    right = simulate("normal", seed=seed).recording
    wrong = simulate("arm-reversal", seed=seed).recording
    same = {"I": "-I", "II": "III", "III": "II", "aVR": "aVL", "aVL": "aVR", "aVF": "aVF"}
    for lead, source in same.items():
        sign = -1 if source.startswith("-") else 1
        np.testing.assert_allclose(
            wrong.lead(lead), sign * right.lead(source.removeprefix("-")), atol=1e-5
        )
    for k in range(1, 7):
        np.testing.assert_array_equal(wrong.lead(f"V{k}"), right.lead(f"V{k}"))


@pytest.mark.parametrize("seed", range(3))
def test_u_wave_follows_t_at_slow_rates_and_is_lost_at_fast_ones(seed):
    slow = simulate("sinus-bradycardia", seed=seed, noise="none", fs_hz=FS)
    beats = [b for b in slow.truth.beats if b.u_peak is not None]
    assert beats
    for beat in beats:
        assert beat.t_offset <= beat.u_onset < beat.u_peak < beat.u_offset
        lead = slow.recording.lead("V2").astype(float)
        assert lead[round(beat.u_peak * FS)] > lead[round((beat.u_offset + 0.05) * FS)] + 0.015
    assert all(b.u_peak is None for b in simulate("sinus-tachycardia", seed=seed).truth.beats)
