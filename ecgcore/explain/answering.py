"""Maps in a worker, of recordings of many windows: a recording in, where a network looked out."""

from collections.abc import Iterator, Mapping
from typing import Any

from ecgcore.explain.explainer import Explainer
from ecgcore.inference.passing import unpack_heard
from ecgcore.interpret.answering import worker_model
from ecgcore.recording import Recording
from ecgcore.results import Attribution
from ecgcore.results.wire import Parts, answer_with
from ecgcore.study import Study


def answer(request: list[bytes]) -> Iterator[Parts]:
    """Answer with the :class:`~ecgcore.results.Attribution` of one window.

    What is asked names ``model``, ``label`` and ``method``, perhaps a time ``at_s`` in the window
    (default the highest), and brings what was ``measured`` and ``heard``
    (:func:`ecgcore.inference.passing.pack_heard`).
    """
    return answer_with(request, _explain)


def _explain(recording: Recording, asked: Mapping[str, Any]) -> Attribution:
    model = worker_model(asked["model"])
    study = Study(recording, measured=asked["measured"])
    study.take_heard(model, *unpack_heard(asked["heard"]))
    return Explainer(model, study).explain(
        asked["label"], asked["method"], windows="highest", at_s=asked["at_s"]
    )
