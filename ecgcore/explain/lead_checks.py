"""Checks of values for whole leads, by the logits of the coalitions they were made from."""

from ecgcore.explain.case import Map
from ecgcore.results import SelfCheck

# Taking the two leads of the highest value away must lower the logit by more than most pairs.
BEATEN = 0.9


def lead_checks(found: Map) -> tuple[SelfCheck, ...]:
    """Return whether the leads of the highest value are those that the logit falls without.

    The method has already asked the network without every set of leads; its notes hold the fall
    without the highest ones (``top_fall``), the mean over all other sets of as many
    (``other_fall``) and the share of these that it exceeds (``beaten``).
    """
    notes = found.notes
    if "beaten" not in notes:
        return ()
    words = (
        f"Without the leads of the highest value the model's logit changes by "
        f"{-notes['top_fall']:+.2f}, without as many others by {-notes['other_fall']:+.2f} on the "
        f"mean; it is more than in {notes['beaten']:.0%} of all other choices."
    )
    passed = notes["beaten"] >= BEATEN and notes["top_fall"] > 0
    return (SelfCheck("deletion", notes["top_fall"] - notes["other_fall"], passed, words),)
