"""Lead reversal, missing leads, noise, calibration.

Kligfield et al., AHA/ACC/HRS 2007 Part I (Circulation 115:1306): electrode placement.
"""

from collections.abc import Callable, Iterable, Iterator

import numpy as np

from ecgcore.interpret.facts import Facts
from ecgcore.interpret.rules.conduction import OF_VENTRICLES
from ecgcore.leads import STANDARD_12
from ecgcore.results.interpreted import Call, Evidence, Ruling
from ecgcore.statements import statement

# A recording of so many of the twelve leads should have had all.
MOST_LEADS = 8
# QRS of the middle one of the leads, in mV: outside, gain or unit is suspect.
POSSIBLE_MV = (0.08, 8.0)
LEADS_FOR_CALIBRATION = 3
# What the reasons for a bad lead say of an electrode that is off.
OFF_WORDS = ("flat", "does not move", "samples are missing", "no samples")
# And what they say of complexes that a ventricular rhythm explains.
RHYTHM_WORDS = ("cannot be distinguished from noise", "inconsistent morphology")
LIMB_WORDS = {
    "RA-LA": statement("251139008").term,
    "RA-LL": "Extremity electrode reversal: right arm and left leg",
    "LA-LL": "Extremity electrode reversal: left arm and left leg",
    "I flat": "Extremity electrode reversal: both arms and the legs",
    "II flat": "Extremity electrode reversal: right arm and right leg",
    "III flat": "Extremity electrode reversal: left arm and right leg",
}


def judge_reversal(facts: Facts) -> Iterator[Ruling]:
    """Lead reversal, limb or chest; dextrocardia is told from exchanged arms."""
    found = facts.measured.reversal
    if found is None or facts.is_mirrored or facts.is_paced or facts.has_rhythm(*OF_VENTRICLES):
        return
    chest = found.kind.startswith("V")
    code = "AHA11" if chest else "251139008" if found.kind == "RA-LA" else "AHA10"
    words = f"Misplaced precordial electrodes: {_chest_words(found.kind)}"
    evidence = Evidence(
        name="fit with the exchange taken back",
        value=round(found.margin, 1),
        limit=f"> {found.limit:.1f}",
    )
    yield Call(
        code=code, words=words if chest else LIMB_WORDS.get(found.kind, ""), evidence=(evidence,)
    )


def _chest_words(kind: str) -> str:
    return kind if "to" in kind else " and ".join(kind.split("-"))


def judge_missing(facts: Facts) -> Iterator[Ruling]:
    """Leads that a recording of twelve lacks, or whose electrode is off."""
    names = facts.recording.leads
    known = [name for name in STANDARD_12 if name in names]
    if len(known) < MOST_LEADS:
        return
    absent = [name for name in STANDARD_12 if name not in names]
    off = [name for name in facts.measured.quality.bad_leads if is_off(facts, name)]
    gone = tuple(dict.fromkeys([*absent, *off]))
    if gone:
        words = f"Missing leads: {', '.join(gone)}"
        evidence = tuple(Evidence(name=name, value=_why(facts, name)) for name in gone)
        yield Call(code="AHA12", leads=gone, words=words, evidence=evidence)


def is_off(facts: Facts, lead: str) -> bool:
    """Tell whether a lead is bad because nothing was recorded in it."""
    return any(word in _why(facts, lead) for word in OFF_WORDS)


def _why(facts: Facts, lead: str) -> str:
    if lead not in facts.recording.leads:
        return "not recorded"
    for reason in facts.measured.quality.reasons:
        named, _, words = reason.partition(":")
        if lead in [name.strip() for name in named.split(",")]:
            return words.strip()
    return "not readable"


def judge_noise(facts: Facts) -> Iterator[Ruling]:
    """Poor-quality data, or artifact in some leads."""
    quality = facts.measured.quality
    if facts.measured.alarms:
        return  # what may be a heart that stands still is no artifact
    noisy = tuple(name for name in quality.bad_leads if not is_off(facts, name))
    if facts.has_rhythm(*OF_VENTRICLES):
        noisy = tuple(n for n in noisy if not any(w in _why(facts, n) for w in RHYTHM_WORDS))
    evidence = tuple(Evidence(name=name, value=_why(facts, name)) for name in noisy)
    whole = 2 * len(noisy) >= len(facts.recording.leads) or not quality.bad_leads
    if whole and not quality.acceptable:
        reasons = evidence or tuple(Evidence(name="signal", value=r) for r in quality.reasons[:3])
        yield Call(code="AHA15", evidence=reasons, leads=noisy)
    elif noisy:
        yield Call(
            code="251143007", evidence=evidence, leads=noisy, words=f"Artifact: {', '.join(noisy)}"
        )


def judge_calibration(facts: Facts) -> Iterator[Ruling]:
    """Amplitudes that no heart has in all leads: the gain or the unit is suspect."""
    spans = [shape.span for shape in facts.qrs_shapes.values()]
    if not facts.in_mv or len(spans) < LEADS_FOR_CALIBRATION:
        return
    middle = float(np.median(spans))
    if POSSIBLE_MV[0] <= middle <= POSSIBLE_MV[1]:
        return
    limit = f"{POSSIBLE_MV[0]} to {POSSIBLE_MV[1]:.0f}"
    evidence = Evidence(
        name="QRS, median of the leads", value=round(middle, 3), unit="mV", limit=limit
    )
    yield Call(code="CALIB", evidence=(evidence,))


RULES: tuple[Callable[[Facts], Iterable[Ruling]], ...] = (
    judge_reversal,
    judge_missing,
    judge_noise,
    judge_calibration,
)
