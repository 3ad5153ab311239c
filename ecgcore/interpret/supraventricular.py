"""Rhythms whose QRS complexes are conducted: sinus, atrial, junctional, fibrillation, flutter."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgcore.interpret.av_block import is_trusted
from ecgcore.interpret.stretch import WIDE_MS, Stretch, median_or
from ecgcore.interpret.ventricular import ONE_AXIS
from ecgcore.measure.rhythm import is_steady
from ecgcore.results.interpreted import Episode, Evidence
from ecgcore.statements import statement

Array = NDArray[np.float64]

# Sinus arrhythmia is stated from here on.  Chou's limit of 120 ms holds in 23 % of records of train
# and val labelled only normal, this one in 13 %, and in 89 % of those labelled sinus arrhythmia.
ARRHYTHMIA_S = 0.16
SINUS, BRADYCARDIA, TACHYCARDIA, ARRHYTHMIA = "SR", "SBRAD", "STACH", "SARRH"
ECTOPIC, MULTIFOCAL, MULTIFOCAL_TACHYCARDIA = "106068003", "AHA35", "AHA53"
ATRIAL_TACHYCARDIA = "713422000"
JUNCTIONAL, JUNCTIONAL_FAST, JUNCTIONAL_TACHYCARDIA = "29320008", "426664006", "426648003"
FIBRILLATION, FLUTTER, SVT, UNCERTAIN = "AF", "AFLT", "SVTAC", "AHA27"

PREEXCITED = "Preexcited atrial fibrillation"
BLOCKED = "Atrial fibrillation with complete AV block"
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
# No return to the baseline, also where not every complex was found: 46 records of AF with wide QRS
# (PTB-XL train and val) lie below 0.55.
NO_BASELINE = 0.6
# RR without any order, as no ventricular tachycardia has it, told of so many.
WITHOUT_ORDER, MANY_RR = 0.13, 8
# A bundle branch block has one form and width; so many beats alike, widths within (ms).
ONE_FORM, WIDTHS_MS = 0.85, 35.0
# The sinus node is never this even at such a rate.
EVEN, EVEN_BPM = 0.008, 150.0
# Fibrillatory waves beside a regular slow escape: their power against noise and slower waves
# (simulated: 44 and 12 and more; junctional rhythm 1.8 and 1.6 and less in one or the other).
ESCAPE_BPM, OVER_NOISE, OVER_SLOW = 60.0, 8.0, 5.0
# P axis of sinus rhythm, degrees.
P_AXIS, JUNCTIONAL_PR_S = (-30.0, 105.0), 0.12


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
    some = bool(np.isfinite(stretch.pr_s).any())
    return not (some and is_trusted(stretch.p_train) and stretch.p_train.share > 0.9)


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
    return (_with_p if _follows_p(stretch, rate) else _without_p)(stretch, rate)


def _follows_p(stretch: Stretch, rate: float) -> bool:
    rr = stretch.own_rr_s
    if rate >= EVEN_BPM and rr.size > 1 and np.std(rr) < EVEN * np.mean(rr):
        return False
    if stretch.has_conducted_p:
        return True
    return is_trusted(stretch.p_train) and _one_to_one(stretch, rate)


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
    return _Named(
        FIBRILLATION, f"{statement(FIBRILLATION).term}{speed}, ventricular rate {rate:.0f}", shown
    )


def is_preexcited(stretch: Stretch, rate: float) -> bool:
    """Tell whether fibrillation is conducted fast and wide, over an accessory pathway."""
    shortest = float(np.quantile(stretch.rr_s, 0.1))
    if stretch.is_wide and stretch.away_share >= NO_BASELINE:
        return True
    if not stretch.is_wide or (rate < PREEXCITED_BPM and shortest >= SHORTEST_RR_S):
        return False
    return _has_forms(stretch)


def _has_forms(stretch: Stretch) -> bool:
    """Tell whether complexes are of several widths or forms."""
    widths = stretch.beats.width_ms[np.isfinite(stretch.beats.width_ms)]
    low, high = np.quantile(widths, [0.1, 0.9]) if widths.size else (0.0, 0.0)
    one_form = np.bincount(stretch.family).max() >= ONE_FORM * stretch.n_beats
    return bool(high - low >= WIDTHS_MS or not one_form)


def preexcited_fibrillation(stretch: Stretch) -> Episode | None:
    """Return preexcited fibrillation where no beat can be called the heart's own; or None.

    All beats count: fast, wide, of several forms, at RR without any order, and no baseline.
    """
    rr = stretch.rr_s
    if rr.size < MANY_RR or stretch.has_conducted_p or not _has_forms(stretch):
        return None
    disorder = float(np.median(np.abs(np.diff(rr))) / np.median(rr))
    wide = median_or(stretch.beats.width_ms, 0.0) >= WIDE_MS
    fast = float(np.quantile(rr, 0.1)) < SHORTEST_RR_S
    if stretch.agreement < ONE_AXIS:
        return None
    if not (wide and fast and disorder > WITHOUT_ORDER and stretch.away_share >= NO_BASELINE):
        return None
    rate = 60.0 / float(rr.mean())
    shown = (
        Evidence(name="Ventricular rate", value=rate, unit="/min"),
        Evidence(
            name="RR change from beat to beat",
            value=100 * disorder,
            unit="%",
            limit=f"> {100 * LAWLESS:.0f}",
        ),
    )
    return Episode(
        code=FIBRILLATION,
        start_s=stretch.start_s,
        stop_s=stretch.stop_s,
        rate_bpm=rate,
        words=f"{PREEXCITED}, ventricular rate {rate:.0f}",
        evidence=shown,
        beats=tuple(stretch.index.tolist()),
    )


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
        if median_or(stretch.pr_s) < JUNCTIONAL_PR_S:
            return _without_p(stretch, rate)
        return _Named(ATRIAL_TACHYCARDIA if rate > FAST_BPM else ECTOPIC, "", shown)
    if rate > FAST_BPM:
        return _Named(TACHYCARDIA, "", shown)
    if not is_steady(stretch.own_rr_s, ARRHYTHMIA_S):
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
    if axis > high:
        # In dextrocardia QRS points to the right as well.
        found = stretch.measured.measurement("qrs_axis")
        qrs = None if found is None else found.value
        return qrs is not None and -90.0 <= qrs <= 90.0
    return axis < low


def _many_foci(stretch: Stretch) -> bool:
    """Tell whether P waves have three forms and more and PP, PR and RR vary."""
    if stretch.own_rr_s.size < 5 or stretch.disorder <= LAWLESS:
        return False
    forms = stretch.p_forms
    return bool(forms.size >= 3 and forms[2] >= 2)


def _fibrillates(stretch: Stretch, rate: float) -> bool:
    """Tell whether a regular slow escape stands beside fibrillating atria."""
    rr = stretch.own_rr_s
    if rate >= ESCAPE_BPM or rr.size < 3 or float(np.std(rr)) >= 0.05 * float(rr.mean()):
        return False
    over_noise, over_slow = stretch.fibrillatory
    return bool(over_noise >= OVER_NOISE and over_slow >= OVER_SLOW)


def _without_p(stretch: Stretch, rate: float) -> _Named:
    shown = (Evidence(name="P waves before QRS", value="none identified"),)
    if _fibrillates(stretch, rate):
        return _Named(FIBRILLATION, f"{BLOCKED}, ventricular rate {rate:.0f}", shown)
    if not is_steady(stretch.own_rr_s):
        return _Named(UNCERTAIN, "", shown)
    if rate >= SVT_BPM:
        return _Named(SVT, "", shown)
    if rate > JUNCTIONAL_TACHYCARDIA_BPM:
        return _Named(JUNCTIONAL_TACHYCARDIA, "", shown)
    if rate >= JUNCTIONAL_BPM:
        return _Named(JUNCTIONAL_FAST, "", shown)
    return _Named(JUNCTIONAL, "", shown)
