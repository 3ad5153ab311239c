"""The trained models of this server, shared by all sessions, each behind its own lock."""

from contextlib import AbstractContextManager

import streamlit as st

from ecgcore.errors import EcgError
from ecgcore.explain import Explainer, best_checked
from ecgcore.explain.pause import pausing
from ecgcore.inference import (
    DEFAULT_MODEL,
    LoadedModel,
    available_models,
    load_model,
    model_for,
    use_threads,
)
from ecgcore.inference.outputs import sides_of
from ecgcore.interpret import assess
from ecgcore.measure import measure
from ecgcore.models import HANDHELD, LeadAttentionNet
from ecgcore.results import Attribution, MeasureResult, Prediction
from ui.state import OpenCase

_MAX_MODELS = 4
# No such key is ever set.
_NOTHING = "nothing"


@st.cache_resource(max_entries=_MAX_MODELS, show_spinner="Loading the model …")
def model(name: str = DEFAULT_MODEL) -> LoadedModel:
    """Return a trained model, loaded once a server."""
    # One thread: two fight over small convolutions with whatever else the machine does.
    use_threads(1)
    return load_model(name)


def model_of(case: OpenCase) -> LoadedModel:
    """Return the model that reads a case: the reader's choice, or the default for its leads."""
    return model(case.model or model_for(case.recording))


def findings_of(case: OpenCase) -> Prediction:
    """Return the model's findings on a case, reconciled with measurements, computed once.

    Raises
    ------
    EcgError
        If the recording cannot be assessed at all; the sentence is for the reader.
    """

    def make() -> Prediction:
        return assess(model_of(case), case.recording, measured=measured_of(case))

    return case.remember("prediction", make)


def measured_of(case: OpenCase) -> MeasureResult:
    """Return the case's measurements without the reader's marks, computed once."""
    return case.remember("measured", lambda: measure(case.recording))


def explainer_of(case: OpenCase) -> Explainer:
    """Return the explainer of a case, which keeps what its maps share; this session's alone.

    Raises
    ------
    EcgError
        If the model cannot run on the recording.
    """
    return case.remember("explainer", lambda: Explainer(model_of(case), case.recording))


def letting_go() -> AbstractContextManager[None]:
    """Return a context in which a map is left when the reader goes to another page."""
    # Where the session's state is read, Streamlit leaves a run that nobody waits for.
    return pausing(lambda: st.session_state.get(_NOTHING))


def attribution_of(
    case: OpenCase, code: str, method: str | None = None, *, at_s: float | None = None
) -> Attribution:
    """Return where the model looked for one statement, computed once a case.

    Parameters
    ----------
    method : str, optional
        Default: of the statement's two methods, the one whose checks went better here.
    at_s : float, optional
        Of a long recording, the window that holds this time; default the highest.
    """
    explainer = explainer_of(case)
    if method is None:
        return best_checked(
            explainer.model, code, lambda one: attribution_of(case, code, one, at_s=at_s)
        )

    with letting_go():
        return case.remember(
            ("attribution", code, method, at_s),
            lambda: explainer.explain(code, method, windows="highest", at_s=at_s),
        )


def window_probabilities(explainer: Explainer, code: str) -> list[float]:
    """Return a statement's probability in each window of a long recording."""
    output = explainer.output(code)
    rule = explainer.model.card.labels[output]
    return [rule.probability(float(z)) for z in explainer.logits()[:, output]]


_HANDHELD_WORDS = {
    "N": "normal rhythm",
    "A": "atrial fibrillation",
    "O": "another rhythm or other abnormal beats",
    "~": "too noisy to classify",
}


def handheld_words(case: OpenCase) -> str:
    """Return what class of hand-held records a strip of one lead is most like, or nothing.

    Said of one lead alone: of twelve the statements say more.
    """
    prediction = findings_of(case)
    chosen = model_of(case)
    if len(prediction.leads_used) != 1 or not isinstance(chosen.network, LeadAttentionNet):
        return ""
    shares = case.remember("handheld", lambda: sides_of(chosen, case.recording).handheld)
    name = _HANDHELD_WORDS[HANDHELD[int(shares.argmax())]]
    return f"Single-lead class (CinC 2017): {name}."


def model_available() -> bool:
    """Return whether a trained model is there to be asked."""
    try:
        return DEFAULT_MODEL in available_models()
    except EcgError:
        return False


def what_it_sees(case: OpenCase) -> list[str]:
    """Return in words what the case's model is given, and what is kept from it."""
    card = model_of(case).card
    given = card.input
    lines = [
        f"It reads {given.low_pass_hz:g} Hz bandwidth ({given.high_pass_hz:g}-"
        f"{given.low_pass_hz:g} Hz) at {given.fs_hz:g} samples a second, whatever filter you draw."
    ]
    if not given.sees_voltage:
        lines.append(
            "Each lead is divided by its own standard deviation: it sees shape, not voltage."
        )
    lines.append("It does not know age, sex, history or earlier ECGs.")
    return [*lines, *card.limits]
