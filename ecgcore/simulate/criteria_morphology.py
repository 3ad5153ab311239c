"""Criteria of the statements of :mod:`ecgcore.simulate.statements_morphology`, for a clean beat."""

from collections.abc import Callable

import numpy as np

from ecgcore.simulate.clean_beat import MARGIN, STEP_MS, Beat

_CHEST = ("V1", "V2", "V3", "V4", "V5", "V6")


def _j_over(beat: Beat, level_mv: float, *leads: str) -> bool:
    return all(beat.j(lead) >= level_mv * MARGIN for lead in leads)


def _j_under(beat: Beat, level_mv: float, *leads: str) -> bool:
    return all(beat.j(lead) <= level_mv * MARGIN for lead in leads)


def _t_over(beat: Beat, level_mv: float, *leads: str) -> bool:
    return all(beat.t(lead) >= level_mv for lead in leads)


def _t_under(beat: Beat, level_mv: float, *leads: str) -> bool:
    return all(beat.t(lead) <= level_mv for lead in leads)


def _r(beat: Beat, lead: str) -> float:
    return float(beat.qrs(lead).max())


def _s(beat: Beat, lead: str) -> float:
    return -float(beat.qrs(lead).min())


def _has_tall_r(beat: Beat) -> bool:
    """Return whether R in V2 is at least S and 40 ms broad, as a posterior infarction leaves it."""
    up = float((beat.qrs("V2") > 0.02).sum()) * STEP_MS
    return _r(beat, "V2") >= MARGIN * _s(beat, "V2") and up >= 42


def _posterior(beat: Beat) -> bool:
    deepest = min(_CHEST, key=beat.j)
    return (
        _j_under(beat, -0.05, "V1", "V2", "V3", "V4")
        and deepest in {"V2", "V3"}
        and _t_over(beat, 0.15, "V2")
        and _has_tall_r(beat)
    )


def _inferior(beat: Beat) -> bool:
    return _j_over(beat, 0.1, "II", "III", "aVF") and beat.j("III") > 1.05 * beat.j("II")


def _right_ventricular(beat: Beat) -> bool:
    return (
        _inferior(beat)
        and _j_over(beat, 0.1, "V1")
        and beat.j("V1") > beat.j("V2") > beat.j("V3")
        and _j_under(beat, -0.1, "I", "aVL")
    )


def _de_winter(beat: Beat) -> bool:
    return (
        _j_under(beat, -0.1, "V3", "V4")
        and _j_under(beat, -0.05, "V2", "V5")
        and beat.j("aVR") > 0.03
        and _t_over(beat, 0.6, "V3", "V4")
    )


def _left_main(beat: Beat) -> bool:
    low = [lead for lead in ("I", "II", "aVF", *_CHEST) if beat.j(lead) <= -0.1 * MARGIN]
    return _j_over(beat, 0.1, "aVR") and len(low) >= 6


def _hyperacute(beat: Beat) -> bool:
    above = [lead for lead in ("V2", "V3", "V4") if beat.t(lead) > _r(beat, lead)]
    return len(above) >= 2 and beat.j("V3") < 0.19


def _pericarditis(beat: Beat) -> bool:
    return (
        _j_over(beat, 0.08, "II", "V4", "V5", "V6")
        and beat.j("I") > 0.04
        and _j_under(beat, -0.05, "aVR")
        and beat.j("III") < beat.j("II")
        and beat.j("V6") > 0.25 * beat.t("V6")
    )


def _aneurysm(beat: Beat) -> bool:
    small = all(abs(beat.t(n)) < 0.36 * np.ptp(beat.qrs(n)) for n in ("V1", "V2", "V3", "V4"))
    without_r = float(beat.qrs("V2")[:25].max()) < 0.1
    return small and without_r and _j_over(beat, 0.1, "V2", "V3")


def _sgarbossa(limit_mv: float, *leads: str) -> Callable[[Beat], bool]:
    def check(beat: Beat) -> bool:
        if limit_mv > 0:
            return all(_r(beat, n) > _s(beat, n) and beat.j(n) > limit_mv * MARGIN for n in leads)
        return all(_s(beat, n) > _r(beat, n) and beat.j(n) < limit_mv * MARGIN for n in leads)

    return check


def _discordant(beat: Beat) -> bool:
    return any(
        beat.j(n) >= 0.1 * MARGIN and beat.j(n) >= 0.27 * _s(beat, n) > 0.2 for n in _CHEST[:4]
    )


def _rvh(beat: Beat) -> bool:
    return (
        _r(beat, "V1") >= 0.7 * MARGIN
        and _r(beat, "V1") > _s(beat, "V1")
        and _s(beat, "V6") > _r(beat, "V6") * 0.5
        and 92 <= beat.axis_deg() <= 170
        and _t_under(beat, -0.05, "V1", "V2")
    )


def _bvh(beat: Beat) -> bool:
    return (
        _r(beat, "V3") + _s(beat, "V3") >= 4.5
        and _r(beat, "V1") >= 0.7 * MARGIN
        and beat.axis_deg() >= 60
    )


def _lpfb(beat: Beat) -> bool:
    return (
        92 <= beat.axis_deg() <= 170
        and beat.qrs_ms < 118
        and beat.q_ms("III", 0.04) > 0
        and all(_s(beat, n) > _r(beat, n) for n in ("I", "aVL"))
    )


def _ilbbb(beat: Beat) -> bool:
    return (
        110 <= beat.qrs_ms <= 119
        and all(float(beat.qrs(n)[:20].min()) > -0.02 for n in ("I", "V5", "V6"))
        and float(beat.qrs("V6").argmax()) * STEP_MS >= 36
    )


def _embolism(beat: Beat) -> bool:
    return (
        _s(beat, "I") >= 0.15
        and beat.q_ms("III", 0.1) > 0
        and _t_under(beat, -0.05, "III", "V1", "V2", "V3")
    )


def _low_limb(beat: Beat) -> bool:
    limbs = ("I", "II", "III", "aVR", "aVL", "aVF")
    span = {n: float(np.ptp(beat.qrs(n))) for n in (*limbs, "V2", "V3")}
    return max(span[n] for n in limbs) * MARGIN < 0.5 and span["V2"] > 1.1


def _wellens_b(beat: Beat) -> bool:
    return _t_under(beat, -0.25, "V2", "V3") and _t_under(beat, -0.1, "V4") and beat.j("V3") > -0.09


MORPHOLOGY_CHECKS: dict[str, Callable[[Beat], bool]] = {
    "high-lateral-stemi": lambda b: (
        _j_over(b, 0.1, "I", "aVL") and _j_under(b, -0.1, "III", "aVF") and b.j("V6") < 0.1
    ),
    "posterior-infarct": _posterior,
    "inferoposterior-stemi": lambda b: (
        _inferior(b) and _j_under(b, -0.05, "V2", "V3") and _has_tall_r(b)
    ),
    "right-ventricular-infarct": _right_ventricular,
    "de-winter": _de_winter,
    "wellens-b": _wellens_b,
    "left-main": _left_main,
    "hyperacute-t": _hyperacute,
    "old-lateral-infarct": lambda b: all(b.q_ms(n) >= 30 for n in ("I", "aVL")),
    "old-posterior-infarct": _has_tall_r,
    "lv-aneurysm": _aneurysm,
    "lbbb-concordant-elevation": _sgarbossa(0.1, "V5", "V6"),
    "lbbb-concordant-depression": _sgarbossa(-0.1, "V2", "V3"),
    "lbbb-excessive-discordance": _discordant,
    "pericarditis": _pericarditis,
    "early-repolarisation": lambda b: b.t("V4") > 0.4 and b.j("V4") > 0.05,
    "brugada-type-2": lambda b: b.j("V2") >= 0.2 and b.t("V2") > 0.1,
    "juvenile-t": lambda b: _t_under(b, -0.05, "V1", "V2") and _t_over(b, 0.1, "V5", "V6"),
    "lpfb": _lpfb,
    "ilbbb": _ilbbb,
    "rvh": _rvh,
    "biventricular-hypertrophy": _bvh,
    "lvh-voltage": lambda b: (
        max(_r(b, "V5"), _r(b, "V6")) + _s(b, "V1") >= 3.5 * MARGIN and _t_over(b, 0.1, "V5", "V6")
    ),
    "poor-r-progression": lambda b: 0.02 < _r(b, "V3") <= 0.28,
    "low-limb-voltage": _low_limb,
    "pulmonary-embolism": _embolism,
    "hyperkalaemia-moderate": lambda b: b.qrs_ms >= 122 and b.t("V3") > 0.6,
}
