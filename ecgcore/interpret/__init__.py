"""What is reported of a study: a network's findings and what was measured, read together."""

from ecgcore.interpret.assess import assess
from ecgcore.interpret.interpret import Ruled, apply_rules, interpret, report_alarms
from ecgcore.interpret.reconcile import reconcile

__all__ = [
    "Ruled",
    "apply_rules",
    "assess",
    "interpret",
    "reconcile",
    "report_alarms",
]
