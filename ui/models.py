"""The trained models of this server, shared by all sessions, and what they make of a case."""

import streamlit as st

from ecgcore.errors import EcgError
from ecgcore.explain import METHODS, Explainer, best_checked
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
from ecgcore.models import HANDHELD, LeadAttentionNet
from ecgcore.recording import Recording
from ecgcore.results import Attribution, MeasureResult, Prediction
from ui.analysis import findings, is_long, measured
from ui.state import OpenCase
from ui.waiting import cancelled, compute, compute_map

_MAX_MODELS = 4


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
        if is_long(case.recording):
            name = case.model or model_for(case.recording)
            return findings(case.recording, name, measured_of(case))
        chosen, recording, known = model_of(case), case.recording, measured_of(case)
        return compute(
            case,
            ("prediction", chosen.name),
            lambda _report: assess(chosen, recording, measured=known),
        )

    return case.remember("prediction", make)


def measured_of(case: OpenCase) -> MeasureResult:
    """Return the case's measurements without the reader's marks, computed once."""
    return case.remember("measured", lambda: measured(case.recording))


def explainer_of(case: OpenCase) -> Explainer:
    """Return the explainer of a case, which keeps what its maps share.

    Raises
    ------
    EcgError
        If the model cannot run on the recording.
    """

    def make() -> Explainer:
        chosen, recording, known = model_of(case), case.recording, measured_of(case)
        return compute(
            case,
            ("explainer", chosen.name),
            lambda _report: _explainer(chosen, recording, known),
        )

    return case.remember("explainer", make)


def _explainer(chosen: LoadedModel, recording: Recording, measured: MeasureResult) -> Explainer:
    made = Explainer(chosen, recording)
    if len(made.reading.pieces) == 1:
        # Read as a whole, it has the waves that were measured on the whole.
        made.beats = measured.beats
    return made


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

    def make() -> Attribution:
        return compute_map(
            case,
            ("attribution", explainer.model.name, code, method, at_s),
            METHODS[method].name,
            lambda _report: explainer.explain(code, method, windows="highest", at_s=at_s),
        )

    return case.remember(("attribution", code, method, at_s), make)


def cancelled_maps(case: OpenCase, code: str) -> bool:
    """Return whether the reader has cancelled a map of a statement."""
    model = explainer_of(case).model.name
    return any(key[:3] == ("attribution", model, code) for key in cancelled(case))


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
    shares = case.remember(
        ("handheld", chosen.name), lambda: sides_of(chosen, case.recording).handheld
    )
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
