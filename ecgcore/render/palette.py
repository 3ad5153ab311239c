"""Colours of paper, ink and overlays, safe for colour blindness, for light and for dark rooms."""

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Palette:
    """Colours of one sheet, as CSS strings."""

    paper: str
    grid_major: str
    grid_minor: str
    ink: str
    faint: str
    overlay: tuple[str, ...]
    caliper: str
    alarm: str


# Blue on pink keeps its contrast in protanopia, deuteranopia and tritanopia (Okabe and Ito 2008).
LIGHT = Palette(
    paper="#fffcfa",
    grid_major="#eeb9b4",
    grid_minor="#f8e1de",
    ink="#16181d",
    faint="#6b6f76",
    overlay=("#deebf7", "#b8d3ea", "#86b6dc", "#4f94c9", "#2171b5", "#08458a"),
    caliper="#b35900",
    alarm="#b3261e",
)
DARK = Palette(
    paper="#0e1013",
    grid_major="#44302f",
    grid_minor="#241d1e",
    ink="#e9e6df",
    faint="#9a968d",
    overlay=("#1a2a3c", "#1f4163", "#225d8f", "#2b7dbd", "#4aa3e0", "#8ccbf5"),
    caliper="#f0a64a",
    alarm="#ff8a80",
)


def list_palettes() -> dict[str, dict[str, object]]:
    """Return both palettes as plain dictionaries, for the viewer."""
    return {"light": asdict(LIGHT), "dark": asdict(DARK)}
