"""What holds of every interpretation, whatever was recorded and whatever a network says of it."""

from collections.abc import Iterator, Mapping

from ecgcore.errors import CannotAssessError
from ecgcore.inference import LoadedModel
from ecgcore.inference.abstain import NORMAL
from ecgcore.interpret import apply_rules, interpret, withhold_p
from ecgcore.interpret.consistency import excluded_pairs
from ecgcore.interpret.decide import BALANCED, POLICIES, hear_network
from ecgcore.interpret.reconcile import reconcile
from ecgcore.results import Interpretation, Prediction
from ecgcore.statements import statement
from ecgcore.statements.statement import NETWORK
from ecgcore.study import Study

NO_P = {"AF", "AFLT", "164896001", "111288001", "164895002", "251266004"}
NOT_CONDUCTED = NO_P | {"3AVB", "397829000"}


def find_faults(study: Study, model: LoadedModel) -> list[str]:
    """Return what contradicts itself in the interpretations of a study; nothing in good ones."""
    ruled = apply_rules(study)
    try:
        heard = hear_network(model, study)
    except CannotAssessError:
        heard = None
    found = {
        policy: interpret(study, model, prediction=heard, policy=policy, ruled=ruled)
        for policy in POLICIES
    }
    faults = [fault for one in found.values() for fault in _in_one(study, one)]
    faults += _nested(found)
    if heard is not None:
        faults += _two_verdicts(study, heard, found[BALANCED])
    return faults


def _in_one(study: Study, found: Interpretation) -> Iterator[str]:
    yield from (f"{one} beside {other}" for one, other in excluded_pairs(found.statements))
    stated = {call.code for call in found.statements}
    yield from (
        f"{u.code} not assessed, but stated" for u in found.not_assessed if u.code in stated
    )
    yield from _of_p(study, found)
    yield from _of_normal(found)
    yield from _of_text(found)


def _of_p(study: Study, found: Interpretation) -> Iterator[str]:
    measured = withhold_p(study.measured, found.rhythms)
    kinds = [{e.code, statement(e.code).kind_of} if e.code else set() for e in found.rhythms]
    if not kinds:
        return
    if all(each & NOT_CONDUCTED for each in kinds):
        if any(call.code == "IAVB" for call in found.statements):
            yield f"first-degree block in {kinds}"
        if _has(measured, "pr"):
            yield f"a PR interval in {kinds}"
    if all(each & NO_P for each in kinds) and (_has(measured, "p_duration", "p_axis")):
        yield f"a P wave in {kinds}"


def _has(measured, *names: str) -> bool:
    found = [measured.measurement(name) for name in names]
    return any(one is not None and one.value is not None for one in found)


def _of_normal(found: Interpretation) -> Iterator[str]:
    abnormal = [call.code for call in found.statements if not statement(call.code).normal]
    if found.normal and (abnormal or found.urgent):
        yield f"normal beside {abnormal}"
    if found.text.endswith("Normal ECG.") is not (found.normal is True) and (
        "not calibrated" not in found.text
    ):
        yield f"normal {found.normal}, but {found.text}"


def _of_text(found: Interpretation) -> Iterator[str]:
    rhythms = {episode.code for episode in found.rhythms}
    for call in found.statements:
        times = found.text.count(f"{call.printed}.")
        if call.code not in rhythms and times != 1:
            yield f"{call.printed!r} {times} times in {found.text!r}"
    for episode in found.rhythms:
        words = episode.words or (statement(episode.code).term if episode.code else "")
        if words not in found.text:
            yield f"{words!r} not in {found.text!r}"
    yield from (
        f"{call.printed!r} not in {found.short!r}"
        for call in found.urgent
        if call.code not in rhythms and call.printed not in found.short
    )


def _nested(found: Mapping[str, Interpretation]) -> Iterator[str]:
    for wide, narrow in (("sensitive", "balanced"), ("balanced", "specific")):
        more = {call.code for call in found[wide].statements}
        wider = {x for code in more for x in (statement(code).kind_of, *statement(code).implies)}
        for call in found[narrow].statements:
            if call.decided_by == NETWORK and call.code not in more | wider:
                yield f"{call.code} is {narrow} and not {wide}"


def _two_verdicts(study: Study, heard: Prediction, found: Interpretation) -> Iterator[str]:
    settled = reconcile(heard, study, found).finding(NORMAL)
    if (settled is not None and settled.finding is True) is not (found.normal is True):
        yield f"normal {found.normal} in the report, but not in the findings"
