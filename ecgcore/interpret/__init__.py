"""A network's findings and what was measured, read together."""

from ecgcore.interpret.assess import assess, stretches_without_qrs
from ecgcore.interpret.reconcile import reconcile

__all__ = ["assess", "reconcile", "stretches_without_qrs"]
