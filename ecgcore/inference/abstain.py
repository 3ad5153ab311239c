"""What cannot be assessed on a recording, statement by statement, and why.

The rules are about the recording, not about the probability: a network answers anything, also
what it was never shown.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from ecgcore.inference.card import ModelCard
from ecgcore.inference.distance import ENERGY, Strangeness
from ecgcore.inference.loading import LoadedModel
from ecgcore.inference.one_lead import blocked_on
from ecgcore.inference.prepare import ModelInput, known_paced
from ecgcore.inference.runner import Heard, Reading
from ecgcore.inference.windows import Window
from ecgcore.models import HANDHELD
from ecgcore.recording import Patient, Recording, describe_age
from ecgcore.results import Finding, NotAssessed, Quality
from ecgcore.signal.limb_leads import LIMIT, limb_mismatch
from ecgcore.signal.pacing import paced_by_spikes
from ecgcore.statements import Statement, statement

UNFITTING = (
    "Limb leads inconsistent (Einthoven's law): wrong lead names, or leads of different recordings."
)
NORMAL, PACED = "SNR", "PACE"
SPIKES = "Pacing spikes precede the complexes"
POOR_QUALITY = "Poor data quality: repeat the ECG."
OUTSIDE = "Rhythm outside the model's scope: read the rhythm strip."
NO_SAMPLES = "Too few samples."
# Less of what is not to be read does not spoil a window.
MIN_UNREAD_S = 1.0
_NOT_PACED = "not assessed in paced beats."


def outside_scope(found: Strangeness, *, poor: bool = False) -> str:
    """Return why nothing is said about what is unlike all that the model learned from.

    Parameters
    ----------
    found : Strangeness
    poor : bool
        Whether the signal is poor; it is what is strange then, and not the rhythm.
    """
    what = "energy" if found.score == ENERGY else "distance"
    size = f"({what} {found.value:.1f}, limit {found.limit:.1f})"
    return f"{POOR_QUALITY if poor else OUTSIDE}".removesuffix(".") + f" {size}."


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
                _codes_where(card, lambda one: one.lost_in_paced),
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
    *,
    has_spikes: Callable[[], bool] | None = None,
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
    has_spikes : callable, optional
        Tells whether pacing spikes precede the complexes, where somebody knows already.
    """
    limits = Limits()
    codes = card.codes
    _age_limits(limits, recording.patient.age_years, card)
    readable = any(name not in quality.bad_leads for name in lead_names)
    if not readable:
        limits.everywhere = "No lead is readable: " + " ".join(quality.reasons)
        limits.block(codes, limits.everywhere.strip())
    elif limb_mismatch(given.samples(), tuple(lead_names.values()), given.fs_hz) > LIMIT:
        limits.everywhere = limits.everywhere or UNFITTING
        limits.block(codes, UNFITTING)
    not_in_paced = _codes_where(card, lambda one: one.lost_in_paced)
    told = known_paced(recording)
    if told:
        limits.block(not_in_paced, f"{told}; {_NOT_PACED}")
    may_be_paced = readable and recording.patient.pacemaker is not False
    if may_be_paced and (paced_by_spikes(recording) if has_spikes is None else has_spikes()):
        limits.block(not_in_paced, f"{SPIKES}; {_NOT_PACED}")
        limits.found[PACED] = f"{SPIKES}."
    if card.input.max_leads == 1:
        _one_lead(limits, given, card)
    _lead_limits(limits, given, lead_names, card)
    _voltage_limits(limits, given, card)
    _person_limits(limits, recording.patient, card)
    for rule in card.labels:
        if rule.not_flagged:
            limits.block([rule.code], rule.not_flagged)
    return limits


def _codes_where(card: ModelCard, holds: Callable[[Statement], bool]) -> list[str]:
    return [code for code in card.codes if holds(statement(code))]


def _age_limits(limits: Limits, age_years: float | None, card: ModelCard) -> None:
    """Block each statement at ages that it does not apply to."""
    for code in card.codes:
        if words := statement(code).check_age(age_years):
            limits.block([code], f"{words}: the patient is {describe_age(age_years or 0)} old.")
    if len(limits.blocked) == len(card.codes):
        limits.everywhere = next(iter(limits.blocked.values()), "")


def _person_limits(limits: Limits, patient: Patient, card: ModelCard) -> None:
    unknown = [
        name for name, value in (("age", patient.age_years), ("sex", patient.sex)) if value is None
    ]
    if unknown:
        limits.block(
            _codes_where(card, lambda one: one.needs_age_and_sex),
            f"Depends on age and sex: enter {' and '.join(unknown)}.",
        )
    if patient.age_years is None:
        limits.remark(
            _codes_where(card, lambda one: one.varies_with_age),
            "Age unknown; the model was trained on adults.",
        )


def _one_lead(limits: Limits, given: ModelInput, card: ModelCard) -> None:
    """Add what one lead cannot carry, by definition or by what was measured on that lead."""
    for code in card.codes:
        reason = blocked_on(code, given.leads[0], card.out_of_fold)
        if reason:
            limits.block([code], reason)


def _voltage_limits(limits: Limits, given: ModelInput, card: ModelCard) -> None:
    by_voltage = _codes_where(card, lambda one: one.needs_voltage)
    if not card.input.sees_voltage:
        words = "The network reads morphology, not voltage."
        limits.remark(by_voltage, words)
    elif not given.in_mv:
        lost = "Amplitude not calibrated"
        limits.block(_codes_where(card, lambda one: one.only_voltage), f"{lost}.")
        limits.remark(by_voltage, f"{lost}: only the morphology was read.")


def _lead_limits(
    limits: Limits, given: ModelInput, lead_names: dict[str, str], card: ModelCard
) -> None:
    codes = card.codes
    for own, model_name in lead_names.items():
        if own != model_name:
            limits.remark(codes, f"{own} was read as {model_name}.")
    names = ", ".join(given.leads)
    used, few = set(lead_names.values()), given.leads_present < card.input.min_leads_calibrated
    for code in codes:
        for need in statement(code).needs:
            if need.is_met(used):
                continue
            if need.has_stand_in(used) and not few:
                limits.remark([code], f"{need.reason}, which was not available.")
            else:
                limits.block([code], f"{need.reason}; leads used: {names}.")
    if few:
        _few_leads(limits, given, card)


def _few_leads(limits: Limits, given: ModelInput, card: ModelCard) -> None:
    limits.calibrated = False
    names = ", ".join(given.leads)
    for rule in card.labels:
        if given.leads_present < rule.min_leads:
            limits.block(
                [rule.code],
                f"Needs at least {rule.min_leads:g} complete leads; leads used: {names}.",
            )
    limits.remark(
        [c for c in card.codes if c not in limits.blocked],
        f"Threshold and calibration are for twelve leads; leads used: {names}.",
    )


def refused_pieces(
    model: LoadedModel,
    reading: Reading,
    heard: Heard,
    pieces: Sequence[Window],
    unread: Sequence[NotAssessed] = (),
) -> tuple[str, ...]:
    """Return for each piece why nothing is said about it, or an empty string."""
    given = reading.given
    reasons = [_why_unread(piece, given.fs_hz, unread) for piece in pieces]
    if len(given.leads) == 1 and heard.handheld is not None:
        bias = model.card.sides.get("handheld_bias")
        for i, row in enumerate(heard.handheld):
            noisy = handheld_shares(row[None], bias).argmax() == HANDHELD.index("~")
            reasons[i] = reasons[i] or (POOR_QUALITY if noisy else "")
    if model.distance is not None and heard.features is not None:
        strange = model.distance.judge_windows(heard.features, heard.logits, given.leads_present)
        poor = _is_poor(reading)
        for i, each in enumerate(strange):
            reasons[i] = reasons[i] or (outside_scope(each, poor=poor) if each.too_strange else "")
    return tuple(reasons)


def _is_poor(reading: Reading) -> bool:
    """Return whether half of the leads or more are not readable; else the others show it."""
    quality = reading.quality
    n_leads = len({*reading.lead_names, *quality.bad_leads})
    few = bool(quality.bad_leads) and 2 * len(quality.bad_leads) < n_leads
    return not quality.acceptable and not few


def _why_unread(piece: Window, fs_hz: float, unread: Sequence[NotAssessed]) -> str:
    for part in unread:
        both = min(piece.stop / fs_hz, part.end_s) - max(piece.start / fs_hz, part.start_s)
        if both >= MIN_UNREAD_S:
            return part.reason
    return ""


def handheld_shares(
    logits: NDArray[np.float64], bias: Sequence[float] | None = None
) -> NDArray[np.float64]:
    """Return how likely each hand-held class is, (n_pieces, 4) -> (4,): the mean of the pieces."""
    shifted = logits + (np.zeros(len(HANDHELD)) if bias is None else np.asarray(bias))
    return np.asarray(softmax(shifted, axis=1).mean(axis=0))
