"""Rhythms whose QRS complexes are conducted: sinus, atrial, junctional, fibrillation, flutter."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgcore.interpret.av_block import is_trusted
from ecgcore.interpret.stretch import Stretch
from ecgcore.measure.rhythm import is_steady
from ecgcore.results.interpreted import Episode, Evidence

Array = NDArray[np.float64]

SINUS, BRADYCARDIA, TACHYCARDIA, ARRHYTHMIA = "SR", "SBRAD", "STACH", "SARRH"
ECTOPIC, MULTIFOCAL, MULTIFOCAL_TACHYCARDIA = "106068003", "AHA35", "AHA53"
ATRIAL_TACHYCARDIA = "713422000"
JUNCTIONAL, JUNCTIONAL_FAST, JUNCTIONAL_TACHYCARDIA = "29320008", "426664006", "426648003"
FIBRILLATION, FLUTTER, SVT, UNCERTAIN = "AF", "AFLT", "SVTAC", "AHA27"

PREEXCITED = "Preexcited atrial fibrillation"
SLOW_BPM, FAST_BPM = 60.0, 100.0
# RR that changes from beat to beat by this part has no order (Cohen et al. use 10 %).
LAWLESS = 0.07
# Flutter waves: their likeness to themselves, and their rates; fibrillation stays below.
FLUTTER_SCORE, REGULAR_SCORE = 0.52, 0.56
FLUTTER_BPM = (215.0, 350.0)
# Above this rate a regular narrow rhythm without P before QRS is re-entry or flutter.
SVT_BPM = 120.0
JUNCTIONAL_BPM, JUNCTIONAL_TACHYCARDIA_BPM = 60.0, 100.0
# Pre-excited fibrillation: fast, wide, and complexes of several widths.
PREEXCITED_BPM, SHORTEST_RR_S = 150.0, 0.30
# P axis of sinus rhythm, degrees.
P_AXIS = (-30.0, 105.0)


@dataclass(frozen=True)
class _Named:
    code: str
    words: str = ""
    evidence: tuple[Evidence, ...] = ()


def conducted_rhythm(stretch: Stretch) -> Episode:
    """Return the rhythm of a stretch whose main QRS complexes are of supraventricular origin."""
    named = _name(stretch)
    rate = stretch.rate_bpm
    shown = () if rate is None else (Evidence(name="Ventricular rate", value=rate, unit="/min"),)
    return Episode(
        code=named.code,
        start_s=stretch.start_s,
        stop_s=stretch.stop_s,
        rate_bpm=rate,
        words=named.words,
        evidence=(*shown, *named.evidence),
        beats=tuple(stretch.index.tolist()),
    )


def is_fibrillation(stretch: Stretch) -> bool:
    """Tell whether RR has no order and no P wave belongs to QRS."""
    if stretch.own_rr_s.size < 4:
        return False
    if stretch.disorder <= LAWLESS or stretch.has_conducted_p:
        return False
    return not (is_trusted(stretch.p_train) and stretch.p_train.share > 0.9)


def flutter_ratio(stretch: Stretch) -> float | None:
    """Return how many flutter waves go to a QRS on average; None where there is no flutter."""
    if stretch.has_conducted_p or stretch.rate_bpm is None:
        return None
    found = stretch.flutter
    steady = is_steady(stretch.own_rr_s)
    if found.score < (REGULAR_SCORE if steady else FLUTTER_SCORE):
        return None
    waves = 60.0 / found.cycle_s
    if not FLUTTER_BPM[0] <= waves <= FLUTTER_BPM[1]:
        return None
    ratio = waves / stretch.rate_bpm
    if steady and abs(ratio - round(ratio)) > 0.15:
        return None
    return ratio if ratio >= 1.5 else None


def _name(stretch: Stretch) -> _Named:
    rate = stretch.rate_bpm
    if rate is None:
        return _Named("")
    ratio = flutter_ratio(stretch)
    if ratio is not None:
        return _flutter(stretch, ratio, rate)
    if is_fibrillation(stretch):
        return _fibrillation(stretch, rate)
    if stretch.has_conducted_p:
        return _with_p(stretch, rate)
    if is_trusted(stretch.p_train) and _one_to_one(stretch, rate):
        return _with_p(stretch, rate)
    return _without_p(stretch, rate)


def _one_to_one(stretch: Stretch, rate: float) -> bool:
    return abs(stretch.p_train.rate_bpm / rate - 1) < 0.12


def _flutter(stretch: Stretch, ratio: float, rate: float) -> _Named:
    shown = (
        Evidence(name="Flutter waves", value=60.0 / stretch.flutter.cycle_s, unit="/min"),
        Evidence(name="Likeness of the waves", value=stretch.flutter.score, limit=">= 0.52"),
    )
    steady = is_steady(stretch.own_rr_s)
    how = f"{round(ratio)}:1" if steady else "variable"
    words = f"Atrial flutter with {how} conduction, ventricular rate {rate:.0f}"
    return _Named(FLUTTER, words, shown)


def _fibrillation(stretch: Stretch, rate: float) -> _Named:
    shown = (
        Evidence(
            name="RR change from beat to beat",
            value=100 * stretch.disorder,
            unit="%",
            limit=f"> {100 * LAWLESS:.0f}",
        ),
        Evidence(name="P waves before QRS", value="none at a constant PR"),
    )
    if is_preexcited(stretch, rate):
        return _Named(FIBRILLATION, f"{PREEXCITED}, ventricular rate {rate:.0f}", shown)
    speed = " with rapid ventricular response" if rate > FAST_BPM else ""
    speed = " with slow ventricular response" if rate < SLOW_BPM else speed
    return _Named(FIBRILLATION, f"Atrial fibrillation{speed}, ventricular rate {rate:.0f}", shown)


def is_preexcited(stretch: Stretch, rate: float) -> bool:
    """Tell whether fibrillation is conducted fast and wide, over an accessory pathway."""
    shortest = float(np.quantile(stretch.rr_s, 0.1))
    return stretch.is_wide and (rate >= PREEXCITED_BPM or shortest < SHORTEST_RR_S)


def _with_p(stretch: Stretch, rate: float) -> _Named:
    axis = stretch.measured.measurement("p_axis")
    value = None if axis is None else axis.value
    shown = (
        Evidence(name="P waves before QRS", value=_p_words(stretch)),
        *(() if value is None else (Evidence(name="P axis", value=value, unit="°"),)),
    )
    if _many_foci(stretch):
        return _Named(MULTIFOCAL_TACHYCARDIA if rate > FAST_BPM else MULTIFOCAL, "", shown)
    if _is_ectopic(stretch, value):
        return _Named(ATRIAL_TACHYCARDIA if rate > FAST_BPM else ECTOPIC, "", shown)
    if rate > FAST_BPM:
        return _Named(TACHYCARDIA, "", shown)
    if not is_steady(stretch.own_rr_s):
        words = "Sinus bradycardia with sinus arrhythmia" if rate < SLOW_BPM else ""
        return _Named(BRADYCARDIA if rate < SLOW_BPM else ARRHYTHMIA, words, shown)
    return _Named(BRADYCARDIA if rate < SLOW_BPM else SINUS, "", shown)


def _p_words(stretch: Stretch) -> str:
    seen = int(np.isfinite(stretch.pr_s).sum())
    return f"{seen} of {stretch.pr_s.size}"


def _is_ectopic(stretch: Stretch, axis: float | None) -> bool:
    """Tell whether P waves are not from the sinus node by their axis, leads being in place."""
    if axis is None or stretch.measured.reversal is not None:
        return False
    low, high = P_AXIS
    return not low <= axis <= high


def _many_foci(stretch: Stretch) -> bool:
    """Tell whether P waves have three forms and more and PP, PR and RR vary."""
    if stretch.own_rr_s.size < 5 or stretch.disorder <= LAWLESS:
        return False
    forms = stretch.p_forms
    return bool(forms.size >= 3 and forms[2] >= 2)


def _without_p(stretch: Stretch, rate: float) -> _Named:
    shown = (Evidence(name="P waves before QRS", value="none identified"),)
    if not is_steady(stretch.own_rr_s):
        return _Named(UNCERTAIN, "", shown)
    if rate >= SVT_BPM:
        return _Named(SVT, "", shown)
    if rate > JUNCTIONAL_TACHYCARDIA_BPM:
        return _Named(JUNCTIONAL_TACHYCARDIA, "", shown)
    if rate >= JUNCTIONAL_BPM:
        return _Named(JUNCTIONAL_FAST, "", shown)
    return _Named(JUNCTIONAL, "", shown)
