"""The trained models of this server, shared by all sessions, each behind its own lock."""

import streamlit as st

from ecgcore.errors import EcgError
from ecgcore.explain import explain
from ecgcore.inference import (
    DEFAULT_MODEL,
    LoadedModel,
    available_models,
    load_model,
    predict,
    use_threads,
)
from ecgcore.results import Attribution, Prediction
from ui.state import OpenCase

_MAX_MODELS = 4


@st.cache_resource(max_entries=_MAX_MODELS, show_spinner="Loading the model …")
def model(name: str = DEFAULT_MODEL) -> LoadedModel:
    """Return a trained model, loaded once a server."""
    # One thread: two fight over small convolutions with whatever else the machine does.
    use_threads(1)
    return load_model(name)


def findings_of(case: OpenCase) -> Prediction:
    """Return the model's findings on a case, computed once.

    Raises
    ------
    EcgError
        If the recording cannot be assessed at all; the sentence is for the reader.
    """
    return case.remember("prediction", lambda: predict(model(), case.recording))


def attribution_of(case: OpenCase, code: str, method: str = "gradcam") -> Attribution:
    """Return where the model looked for one statement, computed once a case."""
    return case.remember(
        ("attribution", code, method), lambda: explain(model(), case.recording, code, method=method)
    )


def model_available() -> bool:
    """Return whether a trained model is there to be asked."""
    try:
        return DEFAULT_MODEL in available_models()
    except EcgError:
        return False


def what_it_sees() -> list[str]:
    """Return in words what the model is given, and what is kept from it."""
    given = model().card.input
    lines = [
        f"It reads {given.low_pass_hz:g} Hz bandwidth ({given.high_pass_hz:g}-"
        f"{given.low_pass_hz:g} Hz) at {given.fs_hz:g} samples a second, whatever filter you draw."
    ]
    if not given.sees_voltage:
        lines.append(
            "Each lead is divided by its own standard deviation: it sees shape, not voltage."
        )
    lines.append("It does not know age, sex, history or earlier ECGs.")
    return [*lines, *model().card.limits]
