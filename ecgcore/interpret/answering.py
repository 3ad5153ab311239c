"""Findings in a worker, for recordings of many windows: a recording in, a prediction out."""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from ecgcore.inference import LoadedModel, load_model, use_threads
from ecgcore.inference.passing import pack_heard
from ecgcore.interpret.assess import assess
from ecgcore.recording import Recording
from ecgcore.results.wire import Parts, answer_with
from ecgcore.study import Study


def answer(request: list[bytes]) -> Iterator[Parts]:
    """Answer with the findings in a recording, and what the network was given and said.

    What is asked names the ``model``, and may bring what was ``measured`` already.  The answer
    holds the ``prediction`` (:class:`~ecgcore.results.Prediction`) and ``heard``
    (:func:`ecgcore.inference.passing.pack_heard`).
    """
    return answer_with(request, _find)


def _find(recording: Recording, asked: Mapping[str, Any]) -> dict[str, Any]:
    model = worker_model(asked["model"])
    study = Study(recording, measured=asked.get("measured"))
    found = assess(model, study)
    return {"prediction": found, "heard": pack_heard(study.reading(model), study.heard(model))}


@lru_cache(maxsize=2)
def worker_model(name: str) -> LoadedModel:
    """Return a model of this worker, loaded once."""
    use_threads(1)
    return load_model(name)
