"""What is reported of a study: a network's findings and what was measured, read together."""

from ecgcore.interpret.assess import assess, assess_and_report
from ecgcore.interpret.interpret import Ruled, apply_rules, interpret, report_alarms
from ecgcore.interpret.p_waves import withhold_p
from ecgcore.interpret.rhythms import name_beats

__all__ = [
    "Ruled",
    "apply_rules",
    "assess",
    "assess_and_report",
    "interpret",
    "name_beats",
    "report_alarms",
    "withhold_p",
]
