"""Measuring in a worker: a recording in, everything that is measured on it out."""

from collections.abc import Iterator

from ecgcore.measure.measuring import measure
from ecgcore.results.wire import Parts, answer_with


def answer(request: list[bytes]) -> Iterator[Parts]:
    """Answer with the :class:`~ecgcore.results.MeasureResult` of the recording in a request."""
    return answer_with(request, lambda recording, _: measure(recording))
