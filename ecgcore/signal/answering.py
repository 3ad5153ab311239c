"""Signal quality in a worker: a recording in, its quality out."""

from collections.abc import Iterator

from ecgcore.results.wire import Parts, answer_with
from ecgcore.signal.quality import assess


def answer(request: list[bytes]) -> Iterator[Parts]:
    """Answer with the :class:`~ecgcore.results.Quality` of the recording in a request."""
    return answer_with(request, lambda recording, _: assess(recording))
