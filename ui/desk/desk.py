"""What the desk shows of a case: its paper, what is reported, and what the reader has chosen."""

import contextlib
from dataclasses import dataclass, field

from ecgcore.errors import EcgError
from ecgcore.render.layer import draw_layer
from ecgcore.render.overlay import Overlay
from ecgcore.results import Attribution, Call, Finding, Interpretation, Prediction
from ecgcore.statements import statement
from ui import model_answers
from ui.components.viewer import Layer, Legend, Markers
from ui.desk.display_filter import filter_for_display
from ui.desk.paper import Paper
from ui.state import OpenCase


@dataclass(frozen=True, eq=False)
class Desk:
    """An open case as it is read.

    Attributes
    ----------
    paper : Paper
    found : Interpretation
        What is reported.
    prediction : Prediction or str
        What the network says, or why it says nothing.
    """

    paper: Paper
    found: Interpretation
    prediction: Prediction | str

    @property
    def case(self) -> OpenCase:
        """The case."""
        return self.paper.case

    @property
    def explained(self) -> str | None:
        """Code of the statement that overlays explain: the chosen one, or the first of note."""
        return self.case.selected or self.first

    @property
    def first(self) -> str | None:
        """Code of the statement to explain first.

        An urgent one; else what measurement and network agree on, what is measured, and what the
        network alone says; a normal rhythm where there is nothing else.
        """
        if self.found.urgent:
            return self.found.urgent[0].code
        return min(self.found.statements, key=_rank_of_note).code if self.found.statements else None

    @property
    def heard(self) -> str | None:
        """Code of the statement that a network's overlay explains.

        The one that the reader chose, if the network assesses it; where none is chosen, the first
        stated one that it does.
        """
        chosen = self.case.selected
        stated = (call.code for call in self.found.statements) if chosen is None else (chosen,)
        return next((code for code in stated if self._assesses(code)), None)

    def _assesses(self, code: str) -> bool:
        finding = self.finding(code)
        return finding is not None and finding.finding is not None

    def finding(self, code: str) -> Finding | None:
        """Return what the network says of a statement; None where it does not know it."""
        return None if isinstance(self.prediction, str) else self.prediction.finding(code)

    def call(self, code: str) -> Call | None:
        """Return a statement of the report."""
        return self.found.call(code)

    def attribution(
        self, code: str, method: str | None = None, at_s: float | None = None
    ) -> Attribution | str:
        """Return a map of a statement, or why there is none."""
        if self.finding(code) is None:
            return "The network does not know this statement."
        try:
            return model_answers.attribution_of(self.case, code, method, at_s=at_s)
        except EcgError as error:
            return str(error)


def _rank_of_note(call: Call) -> tuple[bool, int]:
    order = ("both", "measurement", "beats", "network")
    return statement(call.code).normal, order.index(call.decided_by)


@dataclass(frozen=True, eq=False)
class Drawing:
    """What an overlay lays over the paper, and what the PDF prints of it.

    Attributes
    ----------
    overlay : Overlay or None
        What is shaded; None where nothing is.
    legend : Legend or None
    shares : dict
        Lead to the bar beside its name.
    markers : Markers or None
    note : str
        One line under the paper.
    warning : bool
        Whether the line warns.
    printed : tuple of str
        What the PDF says of it.
    """

    overlay: Overlay | None = None
    legend: Legend | None = None
    shares: dict[str, float] = field(default_factory=dict)
    markers: Markers | None = None
    note: str = ""
    warning: bool = False
    printed: tuple[str, ...] = ()

    def lay_over(self, paper: Paper) -> Layer:
        """Return it as the viewer draws it on a sheet."""
        traces = draw_layer(
            filter_for_display(paper.case), paper.lay_out(), self.overlay, shares=self.shares
        )
        return Layer(tuple(traces), self.legend, self.markers, self.note, self.warning)


def predict(case: OpenCase) -> Prediction | str:
    """Return what the network says, or why it says nothing."""
    if not model_answers.model_available():
        return "No model is installed. The ECG can still be read and measured."
    try:
        return model_answers.findings_of(case)
    except EcgError as error:
        return str(error)


def interpret(case: OpenCase, prediction: Prediction | str) -> Interpretation:
    """Return what is reported: with the model where it answered, else by measurement alone."""
    if isinstance(prediction, Prediction):
        with contextlib.suppress(EcgError):
            return model_answers.interpretation_of(case)
    return model_answers.urgent_of(case)
