"""How a statement is decided: by measurement, by beats, by a network, or by both.

What can be measured is decided by measurement, and the network supports it; how is declared in the
clinical table (``decided_by``).
"""

from collections.abc import Sequence
from dataclasses import replace

from ecgcore.errors import CannotAssessError
from ecgcore.inference import LoadedModel
from ecgcore.inference.abstain import NORMAL
from ecgcore.inference.card import ModelCard
from ecgcore.measure.alarms import stretches_without_qrs
from ecgcore.results import Finding, Prediction
from ecgcore.results.interpreted import Against, Call, Unable
from ecgcore.statements import Statement, statement
from ecgcore.statements.statement import BOTH, NETWORK
from ecgcore.study import Study

# A recording of more than so many windows is not normal unless each window is.
WINDOWED = 1.5
BALANCED, SENSITIVE, SPECIFIC = "balanced", "sensitive", "specific"
POLICIES = (BALANCED, SENSITIVE, SPECIFIC)
# "Balanced": of those flagged out of fold, so many were labelled; where the card's threshold
# gives fewer, the calibrated probability itself has to reach it.
LEAST_PPV = 0.5
_POINTS = {SENSITIVE: "sensitivity 95 %", SPECIFIC: "specificity 95 %"}
NOT_FLAGGED = "not flagged by the network"
TOO_FEW = "Too few labelled examples for a threshold: not stated by the network."


def threshold_of(card: ModelCard, code: str, policy: str = BALANCED) -> float | None:
    """Return the calibrated probability from which a network's statement passes a policy.

    Parameters
    ----------
    card : ModelCard
    code : str
    policy : str
        One of ``POLICIES``.

    Returns
    -------
    float or None
        None where the network has too few labelled examples of the statement.
    """
    rule = next(rule for rule in card.labels if rule.code == code)
    if not rule.calibrated:
        return None
    known = card.out_of_fold.get("classes", {}).get(code, {})
    ppv = known.get("ppv", {}).get("value", 0.0)
    balanced = rule.threshold if ppv >= LEAST_PPV else max(rule.threshold, LEAST_PPV)
    if policy == BALANCED:
        return float(balanced)
    points = card.out_of_fold.get("operating_points", {}).get(code, {})
    other = float(points.get(_POINTS[policy], balanced))
    return min(other, balanced) if policy == SENSITIVE else max(other, balanced)


def hear_network(model: LoadedModel, study: Study, *, windows: bool = False) -> Prediction:
    """Return a network's own findings; of a recording longer than its window with its windows.

    Raises
    ------
    CannotAssessError
        As :func:`ecgcore.inference.predict`.
    """
    study.reading(model)  # what it cannot read is not measured
    whole = study.recording.duration_s <= WINDOWED * model.card.input.window_s
    return study.predict(
        model, windows=windows or not whole, unread=stretches_without_qrs(study.measured)
    )


def refuse_network(model: LoadedModel, error: CannotAssessError) -> list[Unable]:
    """Return for each statement of a network why it was not asked."""
    codes = [rule.code for rule in model.card.labels if rule.code != NORMAL]
    return [Unable(code=code, reason=str(error)) for code in codes]


def add_network(
    calls: Sequence[Call],
    against: Sequence[Against],
    unable: Sequence[Unable],
    card: ModelCard,
    prediction: Prediction,
    *,
    policy: str = BALANCED,
) -> tuple[list[Call], list[Unable]]:
    """Return the statements with the network's: its support, and what it states itself.

    Parameters
    ----------
    calls : sequence of Call
        By measurement.
    against : sequence of Against
        What measurement excludes, whatever the network says.
    unable : sequence of Unable
        What could not be measured.
    card : ModelCard
        Of the network.
    prediction : Prediction
        Its findings.
    policy : str

    Returns
    -------
    statements, not assessed
    """
    made, own = list(calls), []
    excluded = {each.code for each in against}
    unread = {each.code for each in unable}
    refused = []
    for finding in prediction.findings:
        entry = statement(finding.code)
        if finding.code == NORMAL:
            continue
        known = _stated(finding.code, made)
        if known is not None:
            made[known] = _supported(made[known], finding, card)
        elif entry.decided_by in (NETWORK, BOTH) and finding.code not in excluded:
            call = _by_network(finding, entry, card, policy, measured=finding.code not in unread)
            if isinstance(call, Call):
                own.append((_strictness(finding, card), call))
            elif call is not None:
                refused.append(call)
    # What passes a stricter policy goes before what does not: a wider policy only adds.
    own.sort(key=lambda one: one[0], reverse=True)
    return [*made, *(call for _, call in own)], refused


def _strictness(finding: Finding, card: ModelCard) -> int:
    """Return how many of the policies a finding passes."""
    limits = (threshold_of(card, finding.code, policy) for policy in POLICIES)
    return sum(limit is not None and finding.probability >= limit for limit in limits)


def _stated(code: str, made: Sequence[Call]) -> int | None:
    """Return where the measured statement of a code stands, or else one of a kind of it."""
    kinds = [statement(call.code).kind_of for call in made]
    same = [at for at, call in enumerate(made) if call.code == code]
    return next(iter([*same, *(at for at, kind in enumerate(kinds) if kind == code)]), None)


def _supported(call: Call, finding: Finding, card: ModelCard) -> Call:
    """Return a measured statement with the network's word on it, the same by every policy."""
    probability = finding.probability if finding.calibrated else None
    if finding.finding is None:
        return replace(call, agreement="not assessed by the network")
    limit = threshold_of(card, finding.code)
    agrees = finding.probability >= (finding.threshold if limit is None else limit)
    if not agrees:
        return replace(call, probability=probability, agreement=NOT_FLAGGED)
    decided = BOTH if statement(finding.code).decided_by == BOTH else call.decided_by
    return replace(
        call, probability=probability, decided_by=decided, agreement="the network agrees"
    )


_UNMET_CRITERIA = "criteria not met by measurement"
_UNMEASURED = "not assessed by measurement"
# What is measured of an old infarction; an acute one has a statement of its own.
_UNMET = dict.fromkeys(("AMI", "IMI"), "Q-wave criteria not met by measurement")


def _by_network(
    finding: Finding, entry: Statement, card: ModelCard, policy: str, *, measured: bool
) -> Call | Unable | None:
    if finding.finding is None:
        return Unable(code=finding.code, reason=finding.reason)
    limit = threshold_of(card, finding.code, policy)
    if limit is None:
        return Unable(code=finding.code, reason=TOO_FEW) if entry.decided_by == NETWORK else None
    if finding.probability < limit:
        return None
    probability = finding.probability if finding.calibrated else None
    agreement = ""
    if entry.decided_by == BOTH:
        agreement = _UNMET.get(finding.code, _UNMET_CRITERIA) if measured else _UNMEASURED
    return Call(
        code=finding.code,
        decided_by=NETWORK,
        probability=probability,
        agreement=agreement,
    )
