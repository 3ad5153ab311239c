"""Findings and the report of long recordings, made in a worker."""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from ecgcore.inference import LoadedModel, load_model, use_threads
from ecgcore.inference.passing import pack_heard
from ecgcore.interpret.assess import assess_and_report
from ecgcore.interpret.interpret import interpret
from ecgcore.recording import Recording
from ecgcore.results.wire import Parts, answer_with
from ecgcore.study import Study


def answer(request: list[bytes]) -> Iterator[Parts]:
    """Answer with the findings in a recording, and what the network was given and said.

    What is asked names the ``model``, and may bring what was ``measured`` already.  The answer
    holds the ``prediction`` (:class:`~ecgcore.results.Prediction`), what is ``reported`` with it
    (:class:`~ecgcore.results.Interpretation`) and ``heard``
    (:func:`ecgcore.inference.passing.pack_heard`).
    """
    return answer_with(request, _find)


def report(request: list[bytes]) -> Iterator[Parts]:
    """Answer with what is reported of a recording by measurement alone.

    What is asked brings what was ``measured`` with the reader's marks.
    """
    return answer_with(
        request, lambda recording, asked: interpret(Study(recording, measured=asked["measured"]))
    )


def _find(recording: Recording, asked: Mapping[str, Any]) -> dict[str, Any]:
    model = worker_model(asked["model"])
    study = Study(recording, measured=asked.get("measured"))
    found, reported = assess_and_report(model, study)
    heard = pack_heard(study.reading(model), study.heard(model))
    return {"prediction": found, "reported": reported, "heard": heard}


@lru_cache(maxsize=2)
def worker_model(name: str) -> LoadedModel:
    """Return a model of this worker, loaded once."""
    use_threads(1)
    return load_model(name)
