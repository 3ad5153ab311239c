"""The reading worker's side: files in, recordings and errors out, as plain bytes."""

import json
from collections.abc import Callable, Iterator, Mapping

from ecgcore.errors import EcgError, explain_shortage
from ecgcore.readers.base import ReadOptions, refuse_memory
from ecgcore.recording import Recording
from ecgcore.wire import pack
from ecgcore.workers.framing import Parts
from ecgcore.workers.serve import load

Result = list[tuple[str, Recording | EcgError]]
ReadMany = Callable[..., Result]


def answer(request: list[bytes]) -> Iterator[Parts]:
    """Yield the name and the recording or error of everything found in a request's files.

    Parameters
    ----------
    request : list of bytes
        The head (JSON: ``function``, ``options``, ``names``), then each file's content; emptied
        here, so that no content is kept longer than its reader keeps it.
    """
    head = json.loads(request.pop(0))
    given = head["options"]
    if given["lead_names"] is not None:
        given["lead_names"] = tuple(given["lead_names"])
    files = dict(zip(head["names"], request, strict=True))
    request.clear()
    results = _read(load(head["function"]), files, ReadOptions(**given))
    del files
    for name, result in results:
        # No message is empty: that would end the answer.
        yield (name.encode(errors="replace") or b" ",)
        yield pack(result)


def join_names(names: list[str]) -> str:
    """Return a file's name; of several it is not known which one broke a limit."""
    return min(names, default="") if len(names) < 2 else f"{len(names)} files"


def _read(read_many: ReadMany, files: Mapping[str, bytes], options: ReadOptions) -> Result:
    name = join_names(list(files))
    try:
        return read_many(files, options=options)
    except MemoryError:
        return [(name, refuse_memory())]
    except EcgError as error:
        return [(name, error)]
    except OSError as error:
        lacking = explain_shortage(error)
        if lacking is None:
            raise
        return [(name, lacking)]
