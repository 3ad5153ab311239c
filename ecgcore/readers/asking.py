"""What a file does not tell is asked for, and what the caller gives is noted: here, in one way."""

from ecgcore.errors import MissingInformationError, ReadError
from ecgcore.readers.base import ReadOptions, clean_text
from ecgcore.recording import MAX_FS_HZ


def ask_for_rate() -> MissingInformationError:
    """Return the error that asks for the sampling rate."""
    return MissingInformationError(
        "The file does not tell its sampling rate; it must be given.", ("fs_hz",)
    )


def ask_for_unit(what: str) -> MissingInformationError:
    """Return the error that asks for the unit of ``what``: the samples, a lead's name."""
    return MissingInformationError(
        f"The file does not tell the unit of {what}; it must be given.", ("unit",)
    )


def note_rate(stated: float | None, options: ReadOptions, notes: list[str]) -> float | None:
    """Return the rate that the file states, or else the caller's; note what was not used."""
    given = options.fs_hz
    if stated is None and given is not None:
        notes.append(f"The sampling rate, {given:g} Hz, was given by the user.")
        return given
    if stated is not None and given not in (None, stated):
        notes.append(f"The rate given, {given:g} Hz, was not used: the file says {stated:g} Hz.")
    return stated


def resolve_rate(stated: float | None, options: ReadOptions, notes: list[str]) -> float:
    """Return the file's rate, or the caller's where the file tells none.

    Raises
    ------
    MissingInformationError
        If neither tells.
    ReadError
        For a rate that cannot be.
    """
    if stated is not None and not 0 < stated <= MAX_FS_HZ:
        raise ReadError(
            f"The file's sampling rate is {stated:g} Hz; it must be above 0, up to {MAX_FS_HZ:g}."
        )
    rate = note_rate(stated, options, notes)
    if rate is None:
        raise ask_for_rate()
    return float(rate)


def resolve_unit(stated: str, what: str, options: ReadOptions, notes: list[str]) -> str:
    """Return the file's unit of ``what``, or the caller's where the file tells none.

    Raises
    ------
    MissingInformationError
        If neither tells.
    """
    if stated.strip():
        return stated.strip()
    if options.unit is None:
        raise ask_for_unit(clean_text(what, 32) or "a lead")
    note_unit(options.unit, notes)
    return options.unit


def note_unit(unit: str, notes: list[str]) -> None:
    """Note the unit that the caller gave."""
    notes.append(f"The unit, {unit}, was given by the user.")
