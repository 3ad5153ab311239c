"""Messages over a pipe: eight bytes of length, then the content.

A length of zero ends an answer; :data:`LAST` ends it too and says that the worker leaves.
"""

import os
import select
import time
from collections.abc import Callable, Iterator, Sequence
from typing import IO

Parts = Sequence[bytes | bytearray | memoryview]

LENGTH_BYTES = 8
LAST = 2**64 - 1
_PIECE = 2**20
_TICK_S = 0.1


class DeadlineError(Exception):
    """The other side did not take or give in time (TimeoutError would be an OSError)."""


def send(stream: IO[bytes], *parts: bytes | memoryview) -> None:
    """Send one message in parts, waiting as long as it takes: no copy of it is made."""
    stream.write(sum(map(len, parts)).to_bytes(LENGTH_BYTES, "little"))
    for part in parts:
        stream.write(part)
    stream.flush()


def send_end(stream: IO[bytes], *, leaving: bool) -> None:
    """End an answer; ``leaving`` tells that no further request is taken."""
    stream.write((LAST if leaving else 0).to_bytes(LENGTH_BYTES, "little"))
    stream.flush()


def take(stream: IO[bytes]) -> bytes:
    """Return one message, however long it takes; into memory of its size, and no more.

    Raises
    ------
    EOFError
        If the stream ends before.
    """
    length = int.from_bytes(_whole(stream.read(LENGTH_BYTES), LENGTH_BYTES), "little")
    return _whole(stream.read(length), length)


def _whole(content: bytes, n_bytes: int) -> bytes:
    if len(content) < n_bytes:
        raise EOFError
    return content


class Channel:
    """The asking side of the two pipes: neither sending nor receiving waits for ever.

    Parameters
    ----------
    write_fd, read_fd : int
        Set to never block.
    deadline : float
        Of :func:`time.monotonic`.
    on_tick : callable
        Called some ten times a second while there is nothing to do; what it raises ends the wait,
        and the time that it takes is not counted.
    max_bytes : int
        Largest message that is taken.
    """

    def __init__(
        self,
        write_fd: int,
        read_fd: int,
        deadline: float,
        *,
        on_tick: Callable[[], None],
        max_bytes: int,
    ) -> None:
        self._write_fd, self._read_fd = write_fd, read_fd
        self._deadline = deadline
        self._on_tick = on_tick
        self._max_bytes = max_bytes
        self.leaving = False
        for descriptor in (write_fd, read_fd):
            os.set_blocking(descriptor, False)

    def send(self, parts: Parts) -> None:
        """Send one message.

        Raises
        ------
        DeadlineError, OSError
        """
        views = [memoryview(part).cast("B") for part in parts]
        self._write(memoryview(sum(map(len, views)).to_bytes(LENGTH_BYTES, "little")))
        for view in views:
            self._write(view)

    def receive(self) -> bytearray:
        """Return one message.

        Raises
        ------
        DeadlineError, EOFError
        """
        return self._read(self._length())

    def answer(self) -> Iterator[bytearray]:
        """Yield the messages of one answer.

        Raises
        ------
        DeadlineError
        EOFError
            Where the worker ended, or announces more than is taken.
        """
        while length := self._length():
            yield self._read(length)

    def _length(self) -> int:
        length = int.from_bytes(self._read(LENGTH_BYTES), "little")
        if length == LAST:
            self.leaving = True
            return 0
        if length > self._max_bytes:
            raise EOFError
        return length

    def _write(self, view: memoryview) -> None:
        while view:
            self._wait(self._write_fd, select.POLLOUT)
            try:
                view = view[os.write(self._write_fd, view[:_PIECE]) :]
            except BlockingIOError:
                continue

    def _read(self, n_bytes: int) -> bytearray:
        content = bytearray(n_bytes)
        view = memoryview(content)
        while view:
            self._wait(self._read_fd, select.POLLIN)
            try:
                count = os.readv(self._read_fd, [view[:_PIECE]])
            except BlockingIOError:
                continue
            if not count:
                raise EOFError
            view = view[count:]
        return content

    def _wait(self, descriptor: int, event: int) -> None:
        # Not select: a busy server has more descriptors than that can name.
        poll = select.poll()
        poll.register(descriptor, event)
        while True:
            left = self._deadline - time.monotonic()
            if left <= 0:
                raise DeadlineError
            if poll.poll(1000 * min(left, _TICK_S)):
                return
            began = time.monotonic()
            self._on_tick()
            self._deadline += time.monotonic() - began
