"""Analyses of a recording: at once where it is short, in a process of its own where it is long."""

import hashlib
from collections.abc import Callable
from typing import Any, NoReturn

import streamlit as st

from ecgcore.errors import CannotAssessError, EcgError
from ecgcore.measure import measure
from ecgcore.recording import Recording
from ecgcore.results import MeasureResult, Prediction, Quality
from ecgcore.results.wire import decode, encode
from ecgcore.signal.quality import assess
from ecgcore.workers import Pool, WorkerError, WorkerSlowError, WorkerSpec
from ui.reading import QUALITY, reader
from ui.words import plain
from ui.working import forget_work, inherited, run_work

# Samples of all leads: two minutes of twelve leads at 500 Hz.
LONG_SAMPLES = 120 * 500 * 12
MAX_SECONDS = 600.0
MAX_MEMORY_BYTES = 3 * 2**30
MEASURE = "ecgcore.measure.answering:answer"
FINDINGS = "ecgcore.interpret.answering:answer"
# The networks' libraries take memory even while nothing is done.
_IDLE_S = 600.0
_KEPT = "long_quality"
_SLOW = "The analysis took longer than {seconds:g} s and was stopped; open a shorter part."
_CRASHED = (
    "The analysis of this recording ended its process, most likely for lack of memory; open a "
    "shorter part."
)


@st.cache_resource(show_spinner=False)
def analysts() -> Pool:
    """Return the processes of this server that analyse long recordings."""
    spec = WorkerSpec(
        (MEASURE, FINDINGS),
        max_seconds=MAX_SECONDS,
        max_memory_bytes=MAX_MEMORY_BYTES,
        environment=inherited("ECG_WEIGHTS"),
        niceness=10,  # the server's own pages go first
    )
    return Pool(spec, idle_s=_IDLE_S)


def is_long(recording: Recording) -> bool:
    """Return whether an analysis would hold up everybody else on the server."""
    return bool(recording.signal.size > LONG_SAMPLES)


def quality_of(recording: Recording) -> Quality:
    """Return the quality of a recording; of a long one from a reading process."""
    if not is_long(recording):
        return assess(recording)
    key = _digest(recording)
    kept = st.session_state.get(_KEPT)
    if kept is None or kept[0] != key:
        words = "Assessing the signal"
        kept = (key, analyse_apart(recording, QUALITY, slot="quality", words=words, pool=reader()))
        st.session_state[_KEPT] = kept
        analysts().begin()  # ready when the recording is opened
    quality: Quality = kept[1]
    return quality


def measured(recording: Recording) -> MeasureResult:
    """Return what is measured on a recording; of a long one from a process of its own."""
    if not is_long(recording):
        return measure(recording)
    found: MeasureResult = analyse_apart(recording, MEASURE, slot="measure", words="Measuring")
    return found


def findings(recording: Recording, model: str, known: MeasureResult) -> Prediction:
    """Return a model's findings on a long recording, from a process of its own.

    Parameters
    ----------
    recording : Recording
    model : str
        Name of the model's folder.
    known : MeasureResult
        What was measured on the recording.

    Raises
    ------
    EcgError
        Why there are none; the page has more to say than these.
    """
    asked = {"model": model, "measured": known}
    found: Prediction = analyse_apart(
        recording,
        FINDINGS,
        slot="findings",
        words="Asking the model",
        asked=asked,
        fail=_raise,
    )
    return found


def analyse_apart(
    recording: Recording,
    function: str,
    *,
    slot: str,
    words: str,
    asked: dict[str, Any] | None = None,
    pool: Pool | None = None,
    fail: Callable[[str], NoReturn] | None = None,
) -> Any:
    """Return what a worker's function finds in a recording, showing how it stands until then.

    Where there is no result the page says why, offers to try again, and ends here, or does with
    the words what ``fail`` does.

    Parameters
    ----------
    recording : Recording
    function : str
        ``module:function`` of the pool's, such as :data:`MEASURE`.
    slot : str
        One analysis is waited for at a time in each.
    words : str
        What is being done.
    asked : dict, optional
        What the function is told beside the recording.
    pool : Pool, optional
        Default :func:`analysts`.
    fail : callable, optional
    """
    pool = analysts() if pool is None else pool
    key = f"{function} {_digest(recording)} {(asked or {}).get('model', '')}"
    failure = st.session_state.get(f"failed_{slot}")
    if failure is not None and failure[0] == key:
        _say(slot, failure[1], fail)
    try:
        answer = run_work(
            pool,
            lambda: [encode(asked or {}), encode(recording)],
            slot=slot,
            key=key,
            words=words,
            function=function,
        )
        found = decode(answer[0])
    except WorkerError as error:
        words = _SLOW if isinstance(error, WorkerSlowError) else _CRASHED
        words = words.format(seconds=pool.spec.max_seconds)
    except EcgError as error:
        words = str(error)
    else:
        return found
    st.session_state[f"failed_{slot}"] = (key, words)
    return _say(slot, words, fail)


def _say(slot: str, words: str, fail: Callable[[str], NoReturn] | None) -> NoReturn:
    if fail is None:
        st.info(plain(words))
    st.button("Try again", key=f"retry_{slot}", on_click=_forget, args=(slot,))
    if fail is not None:
        fail(words)
    st.stop()


def _raise(words: str) -> NoReturn:
    raise CannotAssessError(words)


def _forget(slot: str) -> None:
    st.session_state.pop(f"failed_{slot}", None)
    forget_work(slot)


def _digest(recording: Recording) -> str:
    digest = hashlib.sha256(recording.signal.data)
    digest.update(repr((recording.fs_hz, recording.leads, recording.unit)).encode())
    digest.update(repr(recording.patient).encode())
    return digest.hexdigest()
