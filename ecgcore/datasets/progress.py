"""Progress of a long run on standard error: count, rate and time left."""

import sys
import time
from typing import TextIO

_BAR = 24
# Off a terminal (a log file) a line stands for this share of the work, not for every record.
_LINES = 20
_SECONDS_BETWEEN_DRAWINGS = 0.2


class Progress:
    """A progress bar on a terminal; about twenty lines in a log.

    Parameters
    ----------
    total : int
        Steps to do.
    what : str
        What is counted, for example ``"records"``.
    stream : text stream, optional
        Default standard error.
    shown : bool
        False writes nothing.
    """

    def __init__(
        self, total: int, what: str, *, stream: TextIO | None = None, shown: bool = True
    ) -> None:
        self._total = total
        self._what = what
        self._stream = sys.stderr if stream is None else stream
        self._shown = shown and total > 0
        self._bar = self._shown and self._stream.isatty()
        self._first: float | None = None
        self._drawn = -1.0
        self.done = 0

    def step(self) -> None:
        """Count one more."""
        self.done += 1
        if self._first is None:
            # The rate counts from here: processes take seconds to start.
            self._first = time.monotonic()
        if not self._shown:
            return
        if self._bar:
            now = time.monotonic()
            if self.done == self._total or now - self._drawn > _SECONDS_BETWEEN_DRAWINGS:
                self._drawn = now
                self._stream.write(f"\r{self._drawing()}\x1b[K")
                self._stream.flush()
        elif self.done == self._total or self.done % max(1, self._total // _LINES) == 0:
            self._stream.write(f"{self.words()}\n")

    def close(self) -> None:
        """End the line of a bar, also of one that was stopped."""
        if self._bar and self.done:
            self._stream.write("\n")

    def words(self) -> str:
        """Return what is written in a log, for example ``500 of 1000 records, 50 a second, …``."""
        counted = f"{self.done} of {self._total} {self._what}"
        seconds = 0.0 if self._first is None else time.monotonic() - self._first
        if self.done < 2 or seconds <= 0:
            return counted
        rate = (self.done - 1) / seconds
        left = duration((self._total - self.done) / rate)
        return f"{counted}, {rate:.3g} a second, {left} left"

    def _drawing(self) -> str:
        filled = round(_BAR * self.done / self._total)
        return f"[{'#' * filled}{'.' * (_BAR - filled)}] {self.words()}"


def duration(seconds: float) -> str:
    """Return a time as ``45 s``, ``3 min 20 s`` or ``2 h 05 min``."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
