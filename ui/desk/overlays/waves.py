"""Waves: the marks of the delineation, to drag, with beat types and RR intervals."""

from typing import Any

from ui import model_answers
from ui.components.viewer import Legend
from ui.desk.desk import Desk, Drawing
from ui.desk.measure import show_panel as show_measurements_panel
from ui.desk.measure_details import show_details as show_measurement_details
from ui.edits import move_mark, refusals
from ui.marks import beat_marks, moved

_WORDS = (
    "Marks: green P, orange QRS, blue T; drag one to correct it. N normal, S supraventricular, "
    "V ventricular, P paced, ? unknown. RR in ms."
)


def draw(desk: Desk) -> Drawing:
    """Return the marks on the rhythm strip."""
    case = desk.case
    beats = model_answers.beats_of(case)
    markers = beat_marks(beats, desk.paper.lay_out(), case.edits, refused=refusals().count)
    why = refusals().why(case)
    return Drawing(markers=markers, legend=Legend(_WORDS, "", ""), note=why, warning=bool(why))


def take(desk: Desk, act: dict[str, Any]) -> bool:
    """Take a moved mark, or refuse it: then it goes back, and a line says why."""
    if act["name"] != "move":
        return False
    case = desk.case
    found = moved(act, desk.paper.lay_out(), model_answers.measured_of(case).beats)
    if found is None:
        refusals().add(case, "This mark cannot be moved there; it was not changed.")
        return True
    beat, name, time_s = found
    move_mark(case, (beat, name), time_s)
    return True


def show_panel(desk: Desk) -> None:
    """Show all measurements, how they were made, and what was edited."""
    show_measurements_panel(desk.case, model_answers.measured_of(desk.case))


def show_details(desk: Desk) -> None:
    """Show median beat, amplitudes, criteria, trend and variability."""
    show_measurement_details(desk.case, model_answers.measured_of(desk.case))
