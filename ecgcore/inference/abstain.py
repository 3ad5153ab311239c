"""What cannot be assessed on a recording, statement by statement, and why.

The rules are about the recording, not about the probability: a network answers anything, also
what it was never shown.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ecgcore.inference.card import ModelCard
from ecgcore.inference.distance import ENERGY, Strangeness
from ecgcore.inference.one_lead import blocked_on
from ecgcore.inference.prepare import ModelInput, known_paced
from ecgcore.recording import Patient, Recording, describe_age
from ecgcore.results import Finding, Quality
from ecgcore.signal.limb_leads import LIMIT, limb_mismatch
from ecgcore.signal.pacing import paced_by_spikes
from ecgcore.statements import statement

ADULT_YEARS = 18
UNFITTING = (
    "The limb leads do not fit one another (Einthoven's law): leads are named wrongly, or do not "
    "come from one recording."
)
# Bundle branch block is defined by V1 (with I and V6): AHA/ACC/HRS 2009 Part III.
IN_V1 = ("LBBB", "RBBB", "IRBBB")
_INFERIOR = ("II", "III", "aVF")
_ANTERIOR = ("V1", "V2", "V3", "V4")
# Statement -> leads it is read in, how many of them are needed, and how that is said.
NEEDED: dict[str, tuple[tuple[tuple[str, ...], int, str], ...]] = {
    # The left axis of fascicular block needs a lead across and one down.
    "LAFB": (
        (("I", "aVL"), 1, "The axis is read in I or aVL"),
        (_INFERIOR, 1, "The axis is read in II, III or aVF"),
    ),
    # Two neighbouring leads: fourth universal definition of MI, 2018.
    "AMI": ((_ANTERIOR, 2, "It is read in two of V1 to V4"),),
    "IMI": (
        (_INFERIOR, 1, "It is read in II, III and aVF"),
        (("I", "II", "III", "aVF", "aVL", "aVR"), 2, "It is read in two limb leads"),
    ),
    # Sokolow-Lyon and Cornell: AHA/ACCF/HRS 2009 Part V.
    "LVH": (
        (("V1", "V2", "V3"), 1, "Its criteria use V1 or V3"),
        (("V5", "V6", "aVL"), 1, "Its criteria use V5, V6 or aVL"),
    ),
    # Brugada's pattern stands in V1 and V2: HRS/EHRA/APHRS 2013.
    "418818005": ((("V1", "V2"), 2, "It is read in V1 and V2"),),
}
# Its criteria are millivolts: AHA/ACC/HRS 2009 Part V.
NEEDS_VOLTAGE = ("LVH",)
# What is normal of them changes with age, or is usual in the young.
BY_AGE = ("SNR", "SBRAD", "STACH", "STE", "IRBBB")
NORMAL, PACED = "SNR", "PACE"
SPIKES = "Pacing spikes precede the complexes"
POOR_QUALITY = "Poor data quality: repeat the ECG."
NO_SAMPLES = "Too few samples."
# What is normal, and voltage criteria, differ by age and sex.
NEEDS_AGE_AND_SEX = (NORMAL, "LVH")
_NOT_PACED = "this statement is not made on paced beats."
# What a pacemaker's own complexes imitate or hide.
NOT_IN_PACED = (
    "SNR", "IAVB", "LBBB", "RBBB", "PVC", "STD", "STE", "SBRAD", "STACH", "SARRH", "LVH", "LAFB",
    "IRBBB", "AMI", "IMI", "418818005",
)  # fmt: skip


def outside_scope(found: Strangeness) -> str:
    """Return why nothing is said about what is unlike all that the model learned from."""
    what = "energy" if found.score == ENERGY else "distance"
    return (
        "Outside the model's scope: over-read the ECG "
        f"({what} {found.value:.1f}, limit {found.limit:.1f})."
    )


@dataclass
class Limits:
    """Reasons against statements.

    Attributes
    ----------
    blocked : dict of str to str
        Statement code -> why it cannot be assessed.
    remarks : dict of str to list of str
        Statement code -> what the reader should know beside it.
    calibrated : bool
        Whether calibration holds for this recording's leads.
    everywhere : str
        A reason against every statement, or empty.
    found : dict of str to str
        Statement code -> what was found in the signal itself, whatever the network says.
    """

    blocked: dict[str, str] = field(default_factory=dict)
    remarks: dict[str, list[str]] = field(default_factory=dict)
    calibrated: bool = True
    everywhere: str = ""
    found: dict[str, str] = field(default_factory=dict)

    def block(self, codes: Sequence[str], reason: str) -> None:
        """Add a reason; the first one given for a statement stays."""
        for code in codes:
            self.blocked.setdefault(code, reason)

    def remark(self, codes: Sequence[str], words: str) -> None:
        """Add words beside statements."""
        for code in codes:
            self.remarks.setdefault(code, []).append(words)

    def refuse(self, codes: Sequence[str], reason: str) -> None:
        """Say nothing about the recording as a whole; a reason that stands already is kept."""
        if not self.everywhere:
            self.everywhere = reason
            self.block(codes, reason)

    def paced(self, card: ModelCard, logits: NDArray[np.float64]) -> None:
        """Hold back what is not read in paced beats where the network itself sees pacing.

        Parameters
        ----------
        logits : array, shape (n_labels,)
        """
        if PACED not in card.codes or PACED in self.blocked:
            return
        at = card.codes.index(PACED)
        if card.labels[at].probability(float(logits[at])) >= card.labels[at].threshold:
            self.block(
                [c for c in card.codes if c in NOT_IN_PACED],
                f"The model itself suggests paced rhythm; {_NOT_PACED}",
            )

    def overall_reason(self, findings: Sequence[Finding]) -> str:
        """Return why nothing is said, for a recording on which every statement is blocked."""
        if self.everywhere:
            return self.everywhere
        reasons = list(dict.fromkeys(self.blocked[f.code] for f in findings))
        return " ".join(reasons)


def limits_of(
    recording: Recording,
    given: ModelInput,
    lead_names: dict[str, str],
    quality: Quality,
    card: ModelCard,
) -> Limits:
    """Return what cannot be assessed on this recording.

    Parameters
    ----------
    recording : Recording
    given : ModelInput
    lead_names : dict of str to str
        The recording's name of each lead used -> the model's name of it.
    quality : Quality
    card : ModelCard
    """
    limits = Limits()
    codes = card.codes
    age = recording.patient.age_years
    if age is not None and age < ADULT_YEARS:
        limits.everywhere = (
            f"The patient is {describe_age(age)} old; the model was trained on adults."
        )
        limits.block(codes, limits.everywhere)
    readable = any(name not in quality.bad_leads for name in lead_names)
    if not readable:
        limits.everywhere = "No lead is of readable quality: " + " ".join(quality.reasons)
        limits.block(codes, limits.everywhere.strip())
    elif limb_mismatch(given.samples(), tuple(lead_names.values()), given.fs_hz) > LIMIT:
        limits.everywhere = limits.everywhere or UNFITTING
        limits.block(codes, UNFITTING)
    not_in_paced = [c for c in codes if c in NOT_IN_PACED]
    told = known_paced(recording)
    if told:
        limits.block(not_in_paced, f"{told}; {_NOT_PACED}")
    if readable and recording.patient.pacemaker is not False and paced_by_spikes(recording):
        limits.block(not_in_paced, f"{SPIKES}; {_NOT_PACED}")
        limits.found[PACED] = f"{SPIKES}."
    if card.input.max_leads == 1:
        _one_lead(limits, given, card)
    _lead_limits(limits, given, lead_names, card)
    _voltage_limits(limits, given, card)
    _person_limits(limits, recording.patient, codes)
    for rule in card.labels:
        if rule.not_flagged:
            limits.block([rule.code], rule.not_flagged)
    return limits


def _person_limits(limits: Limits, patient: Patient, codes: Sequence[str]) -> None:
    unknown = [
        name for name, value in (("age", patient.age_years), ("sex", patient.sex)) if value is None
    ]
    if unknown:
        limits.block(
            [c for c in codes if c in NEEDS_AGE_AND_SEX],
            f"It depends on age and sex; {' and '.join(unknown)} not known: enter "
            f"{'them' if len(unknown) > 1 else 'it'}.",
        )
    if patient.age_years is None:
        limits.remark(BY_AGE, "The age is unknown; the model was trained on adults.")


def _one_lead(limits: Limits, given: ModelInput, card: ModelCard) -> None:
    """Add what one lead cannot carry, by definition or by what was measured on that lead."""
    for code in card.codes:
        reason = blocked_on(code, given.leads[0], card.out_of_fold)
        if reason:
            limits.block([code], reason)


def _voltage_limits(limits: Limits, given: ModelInput, card: ModelCard) -> None:
    by_voltage = [c for c in card.codes if statement(c).needs_voltage]
    if not card.input.sees_voltage:
        words = "The network sees no voltage: it judges the shape, not millimetres."
        limits.remark(by_voltage, words)
    elif not given.in_mv:
        lost = "The voltage of this recording is lost"
        limits.block([c for c in by_voltage if c in NEEDS_VOLTAGE], f"{lost}.")
        limits.remark(by_voltage, f"{lost}: the shape was judged, not millimetres.")


def _lead_limits(
    limits: Limits, given: ModelInput, lead_names: dict[str, str], card: ModelCard
) -> None:
    codes = card.codes
    for own, model_name in lead_names.items():
        if own != model_name:
            limits.remark(codes, f"{own} was read in the place of {model_name}.")
    names = ", ".join(given.leads)
    used, few = set(lead_names.values()), given.leads_present < card.input.min_leads_calibrated
    if "V1" not in used:
        in_v1 = [c for c in codes if c in IN_V1]
        if few or "V2" not in used:
            words = "Bundle branch block is read in V1, which is not among the leads used"
            limits.block(in_v1, f"{words}: {names}.")
        else:
            limits.remark(in_v1, "V1, where it is defined, was not read.")
    for code in codes:
        for leads, count, words in NEEDED.get(code, ()):
            if len(used.intersection(leads)) < count:
                limits.block([code], f"{words}; used here: {names}.")
    if few:
        _few_leads(limits, given, card)


def _few_leads(limits: Limits, given: ModelInput, card: ModelCard) -> None:
    limits.calibrated = False
    names = ", ".join(given.leads)
    for rule in card.labels:
        if given.leads_present < rule.min_leads:
            limits.block(
                [rule.code],
                f"It needs at least {rule.min_leads:g} complete leads; used here: {names}.",
            )
    limits.remark(
        [c for c in card.codes if c not in limits.blocked],
        f"Threshold and calibration were made on twelve leads; used here: {names}.",
    )
