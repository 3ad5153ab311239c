"""The overlays of the desk: a table, and nothing else; no overlay knows another."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ui.components.viewer import Choice
from ui.desk.desk import Desk, Drawing
from ui.desk.overlays import attention, leads, unusual, waves, why


@dataclass(frozen=True)
class Entry:
    """One overlay.

    Attributes
    ----------
    id, key, label, title : str
        ``title`` stands under the pointer.
    draw : callable
        Returns what is laid over the paper; computes what it needs.
    panel : callable or None
        Shows method, checks and places beside the paper.
    details : callable or None
        Shows more under the paper.
    take : callable or None
        Takes what the reader does in the paper while it is shown; returns whether it did.
    """

    id: str
    key: str
    label: str
    title: str
    draw: Callable[[Desk], Drawing]
    panel: Callable[[Desk], None] | None = None
    details: Callable[[Desk], None] | None = None
    take: Callable[[Desk, dict[str, Any]], bool] | None = None

    @property
    def choice(self) -> Choice:
        """As the viewer offers it."""
        return Choice(self.id, self.key, self.label, f"{self.title} ({self.key})")


NONE = "none"
OVERLAYS = {
    entry.id: entry
    for entry in (
        Entry(NONE, "1", "None", "The trace alone", lambda _desk: Drawing()),
        Entry(
            "why", "2", "Why", "Where the evidence of the chosen statement lies",
            why.draw, why.show_panel, why.show_details,
        ),
        Entry(
            "leads", "3", "Leads", "What each lead adds to the chosen statement (Shapley values)",
            leads.draw, leads.show_panel, leads.show_details,
        ),
        Entry(
            "unusual", "4", "Unusual", "What is unusual among normal ECGs",
            unusual.draw, unusual.show_panel, unusual.show_details, unusual.take,
        ),
        Entry(
            "attention", "5", "Attention", "Waveform attention: by rule and as learned (DANet)",
            attention.draw, attention.show_panel, attention.show_details,
        ),
        Entry(
            "waves", "6", "Waves", "Wave marks and beats; drag a mark to correct it",
            waves.draw, waves.show_panel, waves.show_details, waves.take,
        ),
    )
}  # fmt: skip
CHOICES = tuple(entry.choice for entry in OVERLAYS.values())
