"""Analyses of a recording: at once where it is short, in a process of its own where it is long."""

from __future__ import annotations

import importlib
import os
from types import ModuleType
from typing import TYPE_CHECKING, Any

import streamlit as st

from ecgcore.errors import CannotAssessError, EcgError
from ecgcore.measure import measure
from ecgcore.recording import Recording
from ecgcore.results import Attribution, Interpretation, MeasureResult, Prediction, Quality
from ecgcore.results.wire import decode, encode
from ecgcore.signal.quality import assess
from ecgcore.workers import Pool, WorkerError, WorkerSlowError, WorkerSpec
from ui.reading import QUALITY, reader
from ui.running import Errand, run, run_or_stop
from ui.state import OpenCase

if TYPE_CHECKING:  # imports torch, which the first page does without
    from ecgcore.inference import LoadedModel

# Samples of all leads: two minutes of twelve leads at 500 Hz.
LONG_SAMPLES = 120 * 500 * 12
MAX_SECONDS = 600.0
MAX_MEMORY_BYTES = 3 * 2**30
MEASURE = "ecgcore.measure.answering:answer"
FINDINGS = "ecgcore.interpret.answering:answer"
REPORT = "ecgcore.interpret.answering:report"
MAP = "ecgcore.explain.answering:answer"
# The networks' libraries take memory even while nothing is done.
_IDLE_S = 600.0
_SLOW = "The analysis took longer than {seconds:g} s and was stopped; open a shorter part."
_CRASHED = (
    "The analysis of this recording ended its process, most likely for lack of memory; open a "
    "shorter part."
)


@st.cache_resource(show_spinner=False)
def analysts() -> Pool:
    """Return the processes of this server that analyse long recordings."""
    spec = WorkerSpec(
        (MEASURE, FINDINGS, REPORT, MAP),
        max_seconds=MAX_SECONDS,
        max_memory_bytes=MAX_MEMORY_BYTES,
        environment={k: v for k, v in os.environ.items() if k == "ECG_WEIGHTS"},
        niceness=10,  # the server's own pages go first
    )
    return Pool(spec, idle_s=_IDLE_S)


def passing() -> ModuleType:
    """Return the module that passes what a network heard; it imports torch."""
    return importlib.import_module("ecgcore.inference.passing")


def is_long(recording: Recording) -> bool:
    """Return whether an analysis would hold up everybody else on the server."""
    return bool(recording.signal.size > LONG_SAMPLES)


def quality_of(case: OpenCase) -> Quality:
    """Return the quality of a case's recording; of a long one from a reading process."""
    recording = case.recording
    if not is_long(recording):
        return assess(recording)
    errand: Errand[Quality] = analyse_apart(recording, QUALITY, pool=reader())
    found = run_or_stop(case, ("quality",), errand, title="Assessing the signal")
    analysts().begin()  # ready when the recording is opened
    return found


def measure_case(case: OpenCase) -> MeasureResult:
    """Return what is measured on a case's recording; of a long one from a process of its own."""
    if not is_long(case.recording):
        return measure(case.recording)
    errand: Errand[MeasureResult] = analyse_apart(case.recording, MEASURE)
    return run_or_stop(case, ("measure",), errand, title="Measuring")


def find_apart(case: OpenCase, model: LoadedModel) -> tuple[Prediction, Interpretation]:
    """Return a model's findings on a long recording that was measured, and what is reported.

    The case's study takes what the network was given and said: nothing here prepares it again.

    Raises
    ------
    EcgError
        Why there are none; the page has more to say than these.
    """
    study = case.study
    errand: Errand[dict[str, Any]] = analyse_apart(
        case.recording, FINDINGS, model=model.name, measured=study.measured
    )
    found = run(case, ("prediction", model.name), errand, title="Asking the model")
    study.take_heard(model, *passing().unpack_heard(found["heard"]))
    return found["prediction"], found["reported"]


def interpret_apart(case: OpenCase) -> Interpretation:
    """Return what is reported of a long recording that was measured, by measurement alone.

    Raises
    ------
    EcgError
    """
    errand: Errand[Interpretation] = analyse_apart(
        case.recording, REPORT, measured=case.study.measured
    )
    return run(case, ("interpretation",), errand, title="Interpreting")


def explain_apart(
    case: OpenCase, model: LoadedModel, code: str, method: str, at_s: float | None
) -> Errand[Attribution]:
    """Return the errand of a map of one window of a long recording; its findings are known."""
    study = case.study
    return analyse_apart(
        case.recording,
        MAP,
        model=model.name,
        label=code,
        method=method,
        at_s=at_s,
        measured=study.measured,
        heard=passing().pack_heard(study.reading(model), study.heard(model)),
    )


def analyse_apart(
    recording: Recording, function: str, *, pool: Pool | None = None, **asked: object
) -> Errand:  # type: ignore[type-arg]
    """Return the errand of a worker's function on a recording.

    Parameters
    ----------
    recording : Recording
    function : str
        ``module:function`` of the pool's, such as :data:`MEASURE`.
    pool : Pool, optional
        Default :func:`analysts`.
    **asked : object
        What the function is told beside the recording.
    """
    pool = analysts() if pool is None else pool
    seconds = pool.spec.max_seconds

    def explain(error: EcgError | WorkerError) -> object:
        if isinstance(error, EcgError):
            raise error
        words = _SLOW if isinstance(error, WorkerSlowError) else _CRASHED
        raise CannotAssessError(words.format(seconds=seconds)) from error

    return Errand(
        pool,
        lambda: [encode(asked), encode(recording)],
        lambda answer: decode(answer[0]),
        explain,
        function,
        recording.signal.size,
    )
