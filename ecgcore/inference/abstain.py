"""What cannot be assessed on a recording, statement by statement, and why.

The rules are about the recording, not about the probability: a network answers anything, also
what it was never shown.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ecgcore.inference.card import ModelCard
from ecgcore.inference.distance import Distance
from ecgcore.inference.prepare import ModelInput, known_paced
from ecgcore.labels import statement
from ecgcore.recording import Recording
from ecgcore.results import Finding, Quality

ADULT_YEARS = 18
# Bundle branch block is defined by V1 (with I and V6): AHA/ACC/HRS 2009 Part III.
NEEDS_V1 = ("LBBB", "RBBB", "IRBBB")
# Brugada's pattern stands in V1 and V2: HRS/EHRA/APHRS 2013.
NEEDS_V1_V2 = ("418818005",)
# Its criteria are millivolts: AHA/ACC/HRS 2009 Part V.
NEEDS_VOLTAGE = ("LVH",)
# What a pacemaker's own complexes imitate or hide.
NOT_IN_PACED = (
    "SNR", "IAVB", "LBBB", "RBBB", "PVC", "STD", "STE", "SBRAD", "STACH", "SARRH", "LVH", "LAFB",
    "IRBBB", "AMI", "IMI", "418818005",
)  # fmt: skip


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
    """

    blocked: dict[str, str] = field(default_factory=dict)
    remarks: dict[str, list[str]] = field(default_factory=dict)
    calibrated: bool = True
    everywhere: str = ""

    def block(self, codes: Sequence[str], reason: str) -> None:
        """Add a reason; the first one given for a statement stays."""
        for code in codes:
            self.blocked.setdefault(code, reason)

    def remark(self, codes: Sequence[str], words: str) -> None:
        """Add words beside statements."""
        for code in codes:
            self.remarks.setdefault(code, []).append(words)

    def far(self, codes: Sequence[str], distance: Distance, features: NDArray[np.float64]) -> None:
        """Say nothing about a recording unlike all that the model learned from.

        Parameters
        ----------
        features : array, shape (n_pieces, d)
        """
        found = float(distance.of(features).min())
        if found > distance.limit and not self.everywhere:
            self.everywhere = (
                f"This recording is unlike those the model learned from (distance {found:.1f}, "
                f"limit {distance.limit:.1f}): check the electrodes and the signal."
            )
            self.block(codes, self.everywhere)

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
        limits.everywhere = f"The patient is {age:g} years old; the model was trained on adults."
        limits.block(codes, limits.everywhere)
    if all(name in quality.bad_leads for name in lead_names):
        limits.everywhere = "No lead is of readable quality: " + " ".join(quality.reasons)
        limits.block(codes, limits.everywhere.strip())
    if known_paced(recording):
        limits.block(
            [c for c in codes if c in NOT_IN_PACED],
            "The file tells of pacing; this statement is not made on paced beats.",
        )
    _lead_limits(limits, given, lead_names, card)
    _voltage_limits(limits, given, card)
    if age is None:
        # "Normal" depends on age more than any other statement; once is enough.
        limits.remark(["SNR"], "The age is unknown; the model was trained on adults.")
    return limits


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
    if given.leads_present >= card.input.min_leads_calibrated:
        return
    limits.calibrated = False
    names = ", ".join(given.leads)
    for rule in card.labels:
        if given.leads_present < rule.min_leads:
            limits.block(
                [rule.code],
                f"It needs at least {rule.min_leads:g} complete leads; used here: {names}.",
            )
    if "V1" not in lead_names.values():
        limits.block(
            [c for c in codes if c in NEEDS_V1],
            f"Bundle branch block is read in V1, which is not among the leads used: {names}.",
        )
    if not {"V1", "V2"} <= set(lead_names.values()):
        limits.block(
            [c for c in codes if c in NEEDS_V1_V2],
            f"It is read in V1 and V2, which are not both among the leads used: {names}.",
        )
    open_ = [c for c in codes if c not in limits.blocked]
    limits.remark(
        open_, f"Threshold and calibration were made on twelve leads; used here: {names}."
    )
