"""From a study to what is reported of it."""

from dataclasses import dataclass

from ecgcore.errors import CannotAssessError
from ecgcore.inference import LoadedModel
from ecgcore.inference.anomaly import default_anomaly
from ecgcore.interpret.consistency import make_consistent
from ecgcore.interpret.decide import BALANCED, add_network, hear_network, refuse_network
from ecgcore.interpret.facts import Facts
from ecgcore.interpret.normal import judge_normal
from ecgcore.interpret.rules import RULES
from ecgcore.interpret.text import agreed_rhythms, long_text, short_text
from ecgcore.results import MeasureResult, Prediction
from ecgcore.results.interpreted import Against, Call, Interpretation, Unable
from ecgcore.statements import statement, statements
from ecgcore.study import Study

_LAST = 3
# What a stretch without QRS complexes is called.
_ALARM_CODES = {
    "asystole": "397829000",
    "standstill": "397829000",
    "no organised QRS": "164896001",
    "pause": "5609005",
}


def report_alarms(measured: MeasureResult) -> Interpretation:
    """Return the urgent statements of a recording that could be measured but not interpreted."""
    urgent = tuple(
        Call(
            code=_ALARM_CODES[alarm.kind],
            rule=alarm.words,
            spans=((alarm.start_s, alarm.end_s),),
            urgent=True,
        )
        for alarm in measured.alarms
        if alarm.kind in _ALARM_CODES
    )
    return Interpretation(urgent=urgent, statements=urgent)


@dataclass(frozen=True, eq=False)
class Ruled:
    """What the rules say of one study, before any network is asked.

    Attributes
    ----------
    facts : Facts
    calls, unable, against : tuple
        What they state, cannot assess, and exclude.
    """

    facts: Facts
    calls: tuple[Call, ...]
    unable: tuple[Unable, ...]
    against: tuple[Against, ...]


def apply_rules(study: Study) -> Ruled:
    """Return what the rules say of a study; a network's word can be added to it later."""
    facts = Facts(study)
    found = [each for rule in RULES for each in rule(facts)]
    return Ruled(
        facts,
        tuple(each for each in found if isinstance(each, Call)),
        tuple(each for each in found if isinstance(each, Unable)),
        tuple(each for each in found if isinstance(each, Against)),
    )


def interpret(
    study: Study,
    model: LoadedModel | None = None,
    *,
    prediction: Prediction | None = None,
    policy: str = BALANCED,
    ruled: Ruled | None = None,
) -> Interpretation:
    """Interpret a study: rhythm, urgent warnings, statements, and the text of the report.

    Urgent warnings are measured: they do not depend on a network or on whether it abstains.

    Parameters
    ----------
    study : Study
    model : LoadedModel, optional
        The network that supports the measurements; without one, measurement alone decides.
    prediction : Prediction, optional
        What that network itself found (:func:`ecgcore.interpret.decide.hear_network`), where it
        is known already.
    policy : str
        Of :data:`ecgcore.interpret.decide.POLICIES`: what a network's statement has to pass.
    ruled : Ruled, optional
        What the rules say of this study, where they were applied already.

    Examples
    --------
    >>> from ecgcore.simulate import simulate
    >>> interpret(Study(simulate("normal", seed=1).recording)).text
    'Sinus rhythm, rate 68.'
    """
    ruled = apply_rules(study) if ruled is None else ruled
    facts, calls, unable = ruled.facts, list(ruled.calls), list(ruled.unable)
    if model is not None and prediction is None:
        try:
            prediction = hear_network(model, study)
        except CannotAssessError as error:
            unable += refuse_network(model, error)
    if model is not None and prediction is not None:
        calls, more = add_network(
            calls, ruled.against, ruled.unable, model.card, prediction, policy=policy
        )
        unable += more
    stated = {call.code for call in calls}
    unable = [each for each in unable if each.code not in stated]
    calls = make_consistent(calls)
    normal, reasons = judge_normal(
        facts, calls, prediction, lambda: study.anomaly(default_anomaly())
    )
    order = {code: place for place, code in enumerate(statements())}
    calls.sort(key=lambda call: order[call.code])
    urgent = sorted((call for call in calls if call.urgent), key=_urgency)
    return Interpretation(
        urgent=tuple(urgent),
        statements=tuple(calls),
        not_assessed=tuple(unable),
        normal=normal,
        normal_reasons=reasons,
        rhythms=agreed_rhythms(calls, facts),
        text=long_text(calls, facts, normal, reasons),
        short=short_text(calls, facts),
    )


def _urgency(call: Call) -> int:
    """Return the rank of an urgent statement; what is urgent by its value alone comes last."""
    return statement(call.code).urgency or _LAST
