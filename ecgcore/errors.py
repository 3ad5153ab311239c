"""The errors that a user may see, each with one sentence that says what to do next."""

import errno


class EcgError(Exception):
    """Base of every error this package raises on purpose.

    The message is one sentence in plain words: what was found, and what would be right.
    """


class InvalidArgumentError(EcgError, ValueError):
    """An argument is outside what the function accepts."""


class InvalidRecordingError(EcgError, ValueError):
    """The parts given do not make a recording (shape, leads, rate or values)."""


class ReadError(EcgError):
    """A file could not be read."""


class UnknownFormatError(ReadError):
    """The content is of no format that the package reads."""


class TooLargeError(ReadError):
    """The file, or what it expands to, is larger than the reader accepts."""


class MissingInformationError(ReadError):
    """The file does not say something that must never be guessed; the caller can supply it.

    Parameters
    ----------
    message : str
        One sentence for the user.
    needs : tuple of str
        Names of the :class:`ecgcore.readers.ReadOptions` fields that would help:
        ``"fs_hz"``, ``"unit"`` or ``"lead_names"``.
    """

    def __init__(self, message: str, needs: tuple[str, ...]) -> None:
        super().__init__(message)
        self.needs = needs


class ModelError(EcgError):
    """A model folder is incomplete, altered or unknown, or cannot take this recording."""


class CannotAssessError(EcgError):
    """The recording cannot support what was asked (too short, no usable lead, no such label)."""


class DatasetError(EcgError):
    """A data set is not where it was looked for, or not in the layout expected."""


class ResourceError(EcgError):
    """The machine lacks disk, memory or handles: nothing is said of what it was given."""


class CancelledError(EcgError):
    """The reader stopped the work before it was done."""


NOT_EXAMINED = "the file was not examined"
_SHORT_OF = {
    errno.ENOSPC: "its disk is full or cannot take another file",
    errno.EDQUOT: "its disk quota is used up",
    errno.EFBIG: "it may not write a file of this size",
    errno.EMFILE: "too many files are open",
    errno.ENFILE: "too many files are open",
    errno.ENOMEM: "it has too little memory",
    errno.EAGAIN: "it can start no more processes or threads",
    errno.EROFS: "its temporary folder is read-only",
}
_NO_FOLDER = "its temporary folder is missing, full or closed"
# What the name of a missing or closed temporary folder is told by, from Python's own module.
_NO_TEMPORARY = "temporary directory"


def explain_shortage(error: BaseException, *, own_folder: bool = False) -> ResourceError | None:
    """Return the error for what the machine lacks, or None where that is not the cause.

    Parameters
    ----------
    error : BaseException
        As it was raised by the system.
    own_folder : bool
        Whether it was raised for a folder or a process of the program itself: then a folder that
        is missing or closed is the machine's fault too.
    """
    if not isinstance(error, OSError):
        return None
    words = _SHORT_OF.get(error.errno or 0)
    if words is None and (own_folder or _NO_TEMPORARY in str(error)):
        words = _NO_FOLDER
    return None if words is None else say_lack(words)


def say_lack(words: str) -> ResourceError:
    """Return the error that says what the machine lacks, in words such as "its disk is full"."""
    return ResourceError(
        f"This computer cannot do it now: {words}; {NOT_EXAMINED}. Try again "
        "later, or ask its administrator to make room."
    )
