"""The report of the desk: what the page shows, with the overlay that is on the paper."""

from ecgcore.results import Prediction
from ecgcore.statements import statement
from ui import model_answers
from ui.desk.desk import Desk, Drawing
from ui.desk.report import Printout, ask_for_name, offer_pdf, take_printout
from ui.desk.vitals import format_vitals
from ui.state import OpenCase


def offer_report(desk: Desk, drawing: Drawing | None) -> None:
    """Offer the sheet as PDF with measurements, interpretation and overlay."""
    named = ask_for_name(desk.case)
    offer_pdf(_freeze(desk, drawing, named=named), named=named)


def _freeze(desk: Desk, drawing: Drawing | None, *, named: bool) -> Printout:
    case = desk.case
    asked = isinstance(desk.prediction, Prediction)
    return take_printout(
        desk.paper.with_header(),
        desk.prediction,
        card=model_answers.model_of(case).card if asked else None,
        found=desk.found,
        overlay=None if drawing is None else drawing.overlay,
        overlay_words=() if drawing is None else drawing.printed,
        vitals=format_vitals(case),
        remarks=_list_words_of_reader(case),
        named=named,
    )


def _list_words_of_reader(case: OpenCase) -> tuple[str, ...]:
    """Return what the reader added and commented."""
    added = ", ".join(statement(code).term for code in case.added)
    comment = " ".join(case.comment.split())
    lines = (f"Added by the reader: {added}", f"Comment: {comment}")
    return tuple(line for line, given in zip(lines, (added, comment), strict=True) if given)
