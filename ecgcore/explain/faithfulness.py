"""Whether a map is faithful to the model: its checks as one traffic light, in words.

Green: faithful to the model.  Amber: faithful, but a weaker check did not pass, or was not made.
Red: a deciding check failed; such a map is hidden unless it is asked for.  No light
means that the model, or the map, is right.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from ecgcore.results import SelfCheck

GREEN, AMBER, RED = "green", "amber", "red"
# Without these a map does not show what the model did.
DECIDING = ("deletion", "completeness", "outside")
_AMBER = {
    "insertion": "the highlighted parts alone do not reproduce the result",
    "qrs_only": "removing the QRS complexes changes the result as much",
    "agreement": "a second method points elsewhere",
    "randomisation": "the maps of this method look similar with random weights",
}


@dataclass(frozen=True)
class Faithfulness:
    """A light and its words."""

    light: str
    words: str

    @property
    def shown(self) -> bool:
        """Whether the map is shown without being asked for."""
        return self.light != RED


def rate_faithfulness(checks: Iterable[SelfCheck]) -> Faithfulness:
    """Return what the checks of one map say of it."""
    made = list(checks)
    failed = [check.name for check in made if check.passed is False]
    deciding = [name for name in failed if name in DECIDING]
    if deciding:
        return Faithfulness(
            RED,
            f"Not faithful to the model: it failed the {_listed(deciding)} check.",
        )
    if not any(check.name == "deletion" and check.passed for check in made):
        return Faithfulness(AMBER, "Not checked: too little of the recording is readable.")
    doubts = [_AMBER.get(name, name) for name in failed]
    if doubts:
        return Faithfulness(AMBER, f"Faithful to the model, with doubts: {'; '.join(doubts)}.")
    return Faithfulness(GREEN, "Faithful to the model, which is not the same as correct.")


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
