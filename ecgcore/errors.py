"""The errors that a user may see, each with one sentence that says what to do next."""


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
