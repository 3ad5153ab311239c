"""Findings in a worker, for recordings of many windows: a recording in, a prediction out."""

from collections.abc import Iterator
from functools import lru_cache

from ecgcore.inference import LoadedModel, load_model, use_threads
from ecgcore.interpret.assess import assess
from ecgcore.results.wire import Parts, answer_with
from ecgcore.study import Study


def answer(request: list[bytes]) -> Iterator[Parts]:
    """Answer with the :class:`~ecgcore.results.Prediction` on the recording in a request.

    What is asked names the ``model``, and may bring what was ``measured`` already.
    """
    return answer_with(
        request,
        lambda recording, asked: assess(
            _model(asked["model"]), Study(recording, measured=asked.get("measured"))
        ),
    )


@lru_cache(maxsize=2)
def _model(name: str) -> LoadedModel:
    use_threads(1)
    return load_model(name)
