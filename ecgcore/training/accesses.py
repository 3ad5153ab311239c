"""How often a model was measured on test, taken from the log into its card."""

from dataclasses import replace

from ecgcore.datasets.access import read_accesses
from ecgcore.inference.card import ModelCard

KEPT = ("date", "commit", "command", "measured", "decided")


def with_accesses(card: ModelCard) -> ModelCard:
    """Return a card whose figures name every time that its model was measured on test.

    The log's lines that name the model (``NAME-VERSION``, several with commas) are taken, the
    oldest first.  A card without figures stays as it is.
    """
    if not card.metrics:
        return card
    found = [
        {key: row[key] for key in KEPT}
        for row in read_accesses()
        if card.full_name in row["model"].split(", ")
    ]
    return replace(card, metrics={**card.metrics, "accesses": found}) if found else card
