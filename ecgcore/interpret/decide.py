"""How a statement is decided: by measurement, by beats, by a network, or by both.

What can be measured is decided by measurement, and the network supports it; how is declared in the
clinical table (``decided_by``).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ecgcore.errors import CannotAssessError
from ecgcore.inference import LoadedModel
from ecgcore.inference.abstain import NORMAL
from ecgcore.inference.card import ModelCard
from ecgcore.interpret.assess import assess
from ecgcore.interpret.facts import Facts
from ecgcore.results import Finding, Prediction
from ecgcore.results.interpreted import Against, Call, Unable
from ecgcore.statements import Statement, statement
from ecgcore.statements.statement import BOTH, NETWORK

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


def hear_network(
    facts: Facts, model: LoadedModel, prediction: Prediction | None = None
) -> tuple[Prediction | None, list[Unable]]:
    """Return a network's findings, or None with the reason for each of its statements."""
    try:
        return prediction or assess(model, facts.study), []
    except CannotAssessError as error:
        codes = [rule.code for rule in model.card.labels if rule.code != NORMAL]
        return None, [Unable(code=code, reason=str(error)) for code in codes]


def add_network(
    calls: Sequence[Call],
    against: Sequence[Against],
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
    card : ModelCard
        Of the network.
    prediction : Prediction
        Its findings.
    policy : str

    Returns
    -------
    statements, not assessed
    """
    made = {call.code: call for call in calls}
    excluded = {each.code for each in against}
    unable = []
    for finding in prediction.findings:
        entry = statement(finding.code)
        if finding.code == NORMAL:
            continue
        known = _stated(finding.code, made)
        if known is not None:
            made[known.code] = _supported(known, finding, card, policy)
        elif entry.decided_by in (NETWORK, BOTH) and finding.code not in excluded:
            call = _by_network(finding, entry, card, policy)
            if isinstance(call, Call):
                made[call.code] = call
            elif call is not None:
                unable.append(call)
    return list(made.values()), unable


def _stated(code: str, made: Mapping[str, Call]) -> Call | None:
    """Return the measured statement of a code, or of a kind of it."""
    if code in made:
        return made[code]
    return next((call for call in made.values() if statement(call.code).kind_of == code), None)


def _supported(call: Call, finding: Finding, card: ModelCard, policy: str) -> Call:
    probability = finding.probability if finding.calibrated else None
    if finding.finding is None:
        return replace(call, agreement="not assessed by the network")
    limit = threshold_of(card, finding.code, policy)
    agrees = finding.probability >= (finding.threshold if limit is None else limit)
    if not agrees:
        return replace(call, probability=probability, agreement=NOT_FLAGGED)
    decided = BOTH if statement(finding.code).decided_by == BOTH else call.decided_by
    return replace(
        call, probability=probability, decided_by=decided, agreement="the network agrees"
    )


def _by_network(
    finding: Finding, entry: Statement, card: ModelCard, policy: str
) -> Call | Unable | None:
    if finding.finding is None:
        return Unable(code=finding.code, reason=finding.reason)
    limit = threshold_of(card, finding.code, policy)
    if limit is None:
        return Unable(code=finding.code, reason=TOO_FEW) if entry.decided_by == NETWORK else None
    if finding.probability < limit:
        return None
    probability = finding.probability if finding.calibrated else None
    agreement = "criteria not met by measurement" if entry.decided_by == BOTH else ""
    return Call(
        code=finding.code,
        decided_by=NETWORK,
        probability=probability,
        agreement=agreement,
    )
