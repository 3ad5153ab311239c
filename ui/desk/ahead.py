"""What is computed before it is asked for, while the reader looks at the open case."""

from collections.abc import Hashable

from ecgcore.errors import EcgError
from ui.analysis import is_long
from ui.components.viewer import Layer
from ui.desk.desk import Desk, Drawing
from ui.desk.overlays import OVERLAYS
from ui.desk.paper import Paper
from ui.desk.settings import current_settings, current_style
from ui.running import ahead
from ui.state import OpenCase

# In the order in which they are wanted; a map of a long recording is computed when it is asked for.
_ORDER = ("why", "unusual", "attention", "leads", "waves")
# Tests that press one thing at a time turn it off.
enabled = True


def ready_layers(paper: Paper) -> dict[str, Layer]:
    """Return the layers that can be drawn on this sheet without computing anything."""
    case = paper.case
    return {
        id_: drawing.lay_over(paper)
        for id_ in OVERLAYS
        if (drawing := case.answers.drawings.get(_key(case, id_))) is not None
    }


def prepare(desk: Desk) -> bool:
    """Compute the next overlay of an open case; return whether one came to those that were ready.

    The reader's next action ends it wherever it stands.
    """
    case = desk.case
    if not enabled or is_long(case.recording):
        return False
    for id_ in _ORDER:
        key = _key(case, id_)
        if key in case.answers.drawings:
            continue
        try:
            with ahead():
                case.answers.drawings[key] = OVERLAYS[id_].draw(desk)
        except EcgError:
            continue  # said when it is asked for
        return True
    return False


def keep(case: OpenCase, drawing: Drawing) -> None:
    """Keep what the chosen overlay draws now: what the reader set beside it counts from here on."""
    case.answers.drawings[_key(case, case.overlay)] = drawing


def _key(case: OpenCase, id_: str) -> Hashable:
    """Return on what an overlay depends, beside the study."""
    drawn = current_style(), current_settings()
    return id_, case.selected, case.method, case.show_failed, case.model, drawn
