"""Whether a drawn heart meets the criteria of its statements, before a record is made of it.

Each check looks at one clean beat in twelve leads, a little stricter than the criterion: beats
of a record differ a few percent from each other.  What depends on rhythm alone needs no check.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ecgcore.leads import STANDARD_12
from ecgcore.simulate.clean_beat import MARGIN, ROW, STEP_MS, Beat
from ecgcore.simulate.criteria_morphology import MORPHOLOGY_CHECKS
from ecgcore.simulate.heart import Heart
from ecgcore.simulate.vector import Array

# Paced ventricles, without infarction.
_PACED = ("paced-ventricular", "paced-dual", "paced-af")
_WITH_INFARCTION = ("-concordant-elevation", "-concordant-depression", "-excessive-discordance")


def _all_j(beat: Beat, level_mv: float, *leads: str) -> bool:
    return all(beat.j(lead) >= level_mv * MARGIN for lead in leads)


def _all_below(values: list[float], level_mv: float) -> bool:
    return max(values) <= level_mv * MARGIN


def _narrow(beat: Beat) -> bool:
    return 70 <= beat.qrs_ms <= 110


def _normal(beat: Beat) -> bool:
    r = [float(beat.qrs(f"V{k}").max()) for k in (1, 2, 3, 4)]
    return (
        _narrow(beat)
        and -20 < beat.axis_deg() < 90
        and r == sorted(r)
        and beat.qrs("V1").min() < -0.4
        and all(beat.t(lead) > 0.09 for lead in ("I", "II", "V3", "V4", "V5", "V6"))
        and all(abs(beat.j(lead)) < 0.09 for lead in STANDARD_12)
    )


def _peaks(samples: Array, height: float) -> NDArray[np.intp]:
    inner = samples[1:-1]
    return np.flatnonzero((inner > samples[:-2]) & (inner >= samples[2:]) & (inner > height)) + 1


def _no_excess(beat: Beat) -> bool:
    """ST opposes S by clearly less than a quarter of it: no infarction (Smith et al., 2012)."""
    return all(beat.j(lead) < -0.2 * float(beat.qrs(lead).min()) for lead in ("V1", "V2"))


def _lbbb(beat: Beat) -> bool:
    lateral = [beat.qrs(lead) for lead in ("V5", "V6")]
    return (
        beat.qrs_ms >= 141
        and all(s[:20].min() > -0.02 for s in lateral)
        and all(_peaks(s, 0.5 * s.max()).size >= 2 for s in lateral)
        and _all_below([beat.t(lead) for lead in ("I", "aVL", "V6")], -0.09)
        and all(beat.j(lead) < -0.01 for lead in ("I", "aVL", "V6"))
        and all(float(beat.qrs(lead).max()) > 0.45 for lead in ("I", "aVL", "V6"))
        and float(beat.qrs("V1").max()) < 0.25
        and _no_excess(beat)
    )


def _rsr(beat: Beat, *, taller: bool) -> bool:
    one = beat.qrs("V1")
    peaks = _peaks(one, 0.06)
    if peaks.size < 2 or one[peaks[0] : peaks[-1]].min() > -0.15:
        return False
    return not taller or bool(one[peaks[-1]] > MARGIN * one[peaks[0]])


def _wide_s(beat: Beat) -> bool:
    for lead in ("I", "V6"):
        samples = beat.qrs(lead)
        after = samples[int(samples.argmax()) :]
        if (after < -0.03).sum() * STEP_MS <= 44 or after.min() > -0.22:
            return False
    return True


def _rbbb(beat: Beat) -> bool:
    return beat.qrs_ms >= 122 and _rsr(beat, taller=True) and _wide_s(beat)


def _rbbb_without_r(beat: Beat) -> bool:
    """Check a right bundle branch block whose first r an anterior infarction has taken."""
    one = beat.qrs("V1")
    return beat.qrs_ms >= 122 and _wide_s(beat) and float(one[one.size // 2 :].max()) > 0.2


def _irbbb(beat: Beat) -> bool:
    return 101 <= beat.qrs_ms <= 117 and _rsr(beat, taller=False)


def _lafb(beat: Beat) -> bool:
    avl = beat.qrs("aVL")
    return (
        -88 <= beat.axis_deg() <= -47
        and beat.q_ms("aVL", 0.04) > 0
        and float(avl.argmax()) * STEP_MS >= 45
        and all(float(beat.qrs(n)[:15].max()) > 0.03 for n in ("II", "III", "aVF"))
    )


def _wpw(beat: Beat) -> bool:
    early = beat.leads[[ROW[n] for n in ("I", "II", "V4", "V5")], round(30 / STEP_MS)]
    return beat.qrs_ms >= 113 and bool(early.min() > 0.08)


def _lvh(beat: Beat) -> bool:
    r = max(float(beat.qrs(lead).max()) for lead in ("V5", "V6"))
    return (
        r - float(beat.qrs("V1").min()) >= 3.5 * MARGIN
        and beat.qrs_ms < 120
        and _all_below([beat.j("V5"), beat.j("V6")], -0.04)
        and _all_below([beat.t(lead) for lead in ("I", "V5", "V6")], -0.1)
    )


def _low_voltage(beat: Beat) -> bool:
    span = {lead: float(np.ptp(beat.qrs(lead))) * MARGIN for lead in STANDARD_12}
    return all(v < (1.0 if lead.startswith("V") else 0.5) for lead, v in span.items())


def _st_depression(beat: Beat) -> bool:
    return _all_below([beat.j(n) for n in ("V4", "V5", "V6")], -0.1) and beat.j("aVR") > 0.06


def _inferior(beat: Beat) -> bool:
    return (
        _all_j(beat, 0.1, "II", "III", "aVF")
        and beat.j("III") > 1.05 * beat.j("II")
        and beat.j("aVL") < -0.11
    )


def _anterior(beat: Beat) -> bool:
    reciprocal = beat.j("III") < -0.06 and beat.j("aVF") < -0.03
    return _all_j(beat, 0.2, "V2", "V3") and _all_j(beat, 0.1, "V4") and reciprocal


def _lateral(beat: Beat) -> bool:
    reciprocal = beat.j("III") < -0.11 and beat.j("aVF") < -0.06
    return _all_j(beat, 0.1, "I", "aVL", "V5", "V6") and reciprocal


def _old_inferior(beat: Beat) -> bool:
    return all(beat.q_ms(n) >= 32 and beat.t(n) < -0.05 for n in ("III", "aVF")) and (
        beat.q_ms("II") >= 24 and max(abs(beat.j(n)) for n in ("II", "III", "aVF")) < 0.09
    )


def _old_anterior(beat: Beat) -> bool:
    return all(beat.q_ms(n) >= 22 and beat.t(n) < -0.05 and beat.j(n) < 0.14 for n in ("V2", "V3"))


def _t_inversion(beat: Beat) -> bool:
    quiet = max(abs(beat.j(n)) for n in STANDARD_12) < 0.09
    return quiet and _all_below([beat.t(n) for n in ("V3", "V4", "V5", "V6")], -0.1)


def _brugada(beat: Beat) -> bool:
    return all(beat.j(n) >= 0.2 * MARGIN and beat.t(n) < -0.1 for n in ("V1", "V2"))


def _hyperkalaemia(beat: Beat) -> bool:
    return any(
        beat.t(n) > 0.55 * float(beat.qrs(n).max()) and beat.t(n) > 0.6 for n in ("V3", "V4")
    )


def _severe(beat: Beat) -> bool:
    return beat.qrs_ms >= 142


def _tall_t(beat: Beat) -> bool:
    return beat.t("V4") > 0.4 and beat.t("II") > 0.2


_CHECKS: dict[str, Callable[[Beat], bool]] = {
    "normal": _normal,
    "lbbb": _lbbb,
    **dict.fromkeys(_PACED, _no_excess),
    "rbbb": _rbbb,
    "irbbb": _irbbb,
    "lafb": _lafb,
    "wpw": _wpw,
    "lvh-strain": _lvh,
    "low-voltage": _low_voltage,
    "st-depression": _st_depression,
    "inferior-stemi": _inferior,
    "anterior-stemi": _anterior,
    "lateral-stemi": _lateral,
    "old-inferior-infarct": _old_inferior,
    "old-anterior-infarct": _old_anterior,
    "t-inversion": _t_inversion,
    "brugada": _brugada,
    "short-qt": _tall_t,
    "hyperkalaemia": _hyperkalaemia,
    "hyperkalaemia-severe": _severe,
    **MORPHOLOGY_CHECKS,
}


def meets_criterion(statements: tuple[str, ...], heart: Heart, matrix: Array) -> bool:
    """Return whether a heart's own beat meets the criteria of these statements.

    Parameters
    ----------
    statements : tuple of str
        Keys; those without a check of shape are taken as met.
    matrix : array, shape (8, 3)
    """
    keys = [key for key in statements if key in _CHECKS]
    # "normal" beside another statement about shape is no more than sinus rhythm.
    chosen = {key: _CHECKS[key] for key in keys if key != "normal" or len(keys) == 1}
    # Infarction in a block changes what its criterion says of ST and T.
    if any(key.endswith(_WITH_INFARCTION) for key in statements):
        for key in ("lbbb", *_PACED):
            chosen.pop(key, None)
    if "rbbb" in chosen and {"anterior-stemi", "old-anterior-infarct"} & set(chosen):
        chosen["rbbb"] = _rbbb_without_r
    checks = list(chosen.values())
    if not checks:
        return True
    beat = Beat(heart, matrix)
    return all(check(beat) for check in checks)
