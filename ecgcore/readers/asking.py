"""What a file does not state is asked for, and what the caller gives is noted: here, in one way."""

from collections.abc import Mapping

from ecgcore.errors import MissingInformationError, ReadError
from ecgcore.readers.assemble import join_words
from ecgcore.readers.base import ReadOptions, clean_text
from ecgcore.recording import MAX_FS_HZ

_RATE = "the sampling rate"
_UNITS = "V, mV, uV, nV or NU"


def ask_for(missing: Mapping[str, str]) -> MissingInformationError:
    """Return the error that asks for everything that a file lacks.

    Parameters
    ----------
    missing : mapping of str to str
        A field of :class:`~ecgcore.readers.ReadOptions`, and what it is called: ``{"fs_hz":
        "the sampling rate"}``.
    """
    what = join_words(missing.values())
    several = len(missing) > 1 or "lead_names" in missing
    hints = {"fs_hz": " (Hz)", "unit": f" ({_UNITS})"}
    hint = hints.get(next(iter(missing)), "") if len(missing) == 1 else ""
    return MissingInformationError(
        f"{what[:1].upper()}{what[1:]} {'are' if several else 'is'} not in the file. "
        f"Enter {'them' if several else 'it'}{hint}.",
        tuple(missing),
    )


def ask_for_rate() -> MissingInformationError:
    """Return the error that asks for the sampling rate."""
    return ask_for({"fs_hz": _RATE})


def ask_for_unit(what: str = "the samples") -> MissingInformationError:
    """Return the error that asks for the unit of ``what``: the samples, a lead's name."""
    return ask_for({"unit": f"the unit of {what}"})


def note_rate(stated: float | None, options: ReadOptions, notes: list[str]) -> float | None:
    """Return the rate that the file states, or else the caller's; note what was not used."""
    given = options.fs_hz
    if stated is None and given is not None:
        notes.append(f"Sampling rate entered by the user: {given:g} Hz.")
        return given
    if stated is not None and given not in (None, stated):
        notes.append(
            f"The rate entered, {given:g} Hz, was not used: the file states {stated:g} Hz."
        )
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
            f"The sampling rate in the file is {stated:g} Hz; it must be above 0, up to "
            f"{MAX_FS_HZ:g}."
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
    notes.append(f"Unit entered by the user: {unit}.")
