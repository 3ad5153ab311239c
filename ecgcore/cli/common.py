"""What every command that takes recordings shares: its arguments, its loop, its output.

The contract: ``--json`` prints one JSON object for a single file, and one object a line, each
with ``"file"``, where several files or a folder are named.  Results go to standard output,
progress and errors to standard error.  Every object carries ``software``, ``digest`` (SHA-256 of
the input) and ``notice``, and so does every ``.npz``.  A file that cannot be read gives one line
``error: FILE: sentence``, the others are still done, and the exit status is 2.  What else a folder
holds is told as ``passed over: FILE: sentence`` and changes no exit status.
"""

import argparse
import itertools
import json
import math
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ecgcore import readers
from ecgcore.errors import EcgError, MissingInformationError
from ecgcore.origin import digest_of_file, origin
from ecgcore.readers.discover import explain_passed_over, survey_folder
from ecgcore.recording import MAX_AGE_YEARS, MAX_FS_HZ, Recording
from ecgcore.results import Quality

EXIT_OK = 0
EXIT_ERROR = 2
_MAX_TOLD = 50
UNITS = ("mV", "uV", "V", "nV", "NU")

Result = Mapping[str, Any]
# What a command does with one recording: (recording, the file as named, arguments) -> its keys.
Action = Callable[[Recording, str, argparse.Namespace], Result]
TextFormat = Callable[[Result], str]

_OPTION_OF = {
    "fs_hz": "--fs HZ",
    "unit": "--unit mV (or uV)",
    "lead_names": "--lead-names I,II,...",
}


@dataclass(frozen=True)
class InputFile:
    """One recording to be done.

    Attributes
    ----------
    shown : str
        The file as the user named it, or the folder joined with the path inside it.
    error : str
        Why there is nothing to read (an empty folder); empty otherwise.
    """

    shown: str
    error: str = ""


def add_input_arguments(parser: argparse.ArgumentParser, *, several: bool = True) -> None:
    """Add ``PATH...``, what a file may not tell (rate, unit, leads, person), and ``--json``.

    Parameters
    ----------
    parser : argparse.ArgumentParser
    several : bool
        False for a command that takes exactly one recording; ``args.paths`` is a list anyway.
    """
    parser.add_argument(
        "paths",
        metavar="PATH",
        nargs="+" if several else 1,
        help="a file, a WFDB record (with or without .hea)" + (", or a folder" if several else ""),
    )
    parser.add_argument(
        "--fs",
        type=_parse_rate,
        metavar="HZ",
        help="sampling rate, where the file does not tell it",
    )
    parser.add_argument(
        "--unit", choices=UNITS, help="unit of the samples, where the file does not tell it"
    )
    parser.add_argument(
        "--lead-names",
        type=_parse_names,
        metavar="I,II,...",
        help="names of the file's channels in order, an empty name leaves that channel out; "
        "or pairs such as ECG=II for the channels that are meant",
    )
    parser.add_argument(
        "--age", type=_parse_age, metavar="YEARS", help="the patient's age, whatever the file tells"
    )
    parser.add_argument(
        "--sex", choices=("female", "male"), help="the patient's sex, whatever the file tells"
    )
    parser.add_argument(
        "--pacemaker", choices=("yes", "no"), help="whether the patient has a pacemaker"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def _parse_age(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value <= MAX_AGE_YEARS:
        raise argparse.ArgumentTypeError(f"{text!r} is no age in years; give for example 62")
    return value


def _parse_rate(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value <= MAX_FS_HZ:
        raise argparse.ArgumentTypeError(f"{text!r} is no rate in Hz; give for example 500")
    return value


def _parse_names(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(","))
    if not any(names):
        raise argparse.ArgumentTypeError("no name is given; give for example I,II,V1")
    return names


def make_read_options(args: argparse.Namespace) -> readers.ReadOptions:
    """Return the reader's options that the command line gives."""
    return readers.ReadOptions(fs_hz=args.fs, unit=args.unit, lead_names=args.lead_names)


def add_person(recording: Recording, args: argparse.Namespace) -> Recording:
    """Return the recording with the age, sex and pacemaker that the command line gives."""
    known = recording.patient
    return recording.with_patient(
        replace(
            known,
            age_years=known.age_years if args.age is None else args.age,
            sex=args.sex or known.sex,
            pacemaker=known.pacemaker if args.pacemaker is None else args.pacemaker == "yes",
        )
    )


def for_each_recording(
    args: argparse.Namespace, action: Action, *, as_text: TextFormat | None = None
) -> int:
    """Read every recording that ``args.paths`` names, act on it, and print what comes out.

    Parameters
    ----------
    args : argparse.Namespace
        With what :func:`add_input_arguments` added.
    action : callable
        ``action(recording, file, args) -> dict`` of plain values (numpy ones are converted, NaN
        becomes null).  The key ``"file"`` is put in front here.  It may raise an
        :class:`~ecgcore.errors.EcgError`, which is reported like an unreadable file.
    as_text : callable, optional
        Makes the text printed without ``--json`` from the same dict.

    Returns
    -------
    int
        Exit status: 0 if all were done, 2 otherwise.
    """
    several = has_several(args.paths)
    status = EXIT_OK
    for item in walk_input_files(args.paths):
        digest = None
        try:
            if item.error:
                raise EcgError(item.error)
            recording = add_person(readers.read(item.shown, options=make_read_options(args)), args)
            digest = recording.provenance.sha256
            result = {"file": item.shown, **action(recording, item.shown, args)}
        except EcgError as error:
            status = EXIT_ERROR
            sentence = describe_error(error)
            sys.stderr.write(f"error: {flatten_text(item.shown)}: {sentence}\n")
            if args.json and several:
                failed = {"file": item.shown, "error": sentence}
                write_json(failed, digest=digest or _find_digest(item.shown))
            continue
        if args.json:
            write_json(result, digest=digest)
        else:
            write_text((as_text or format_plain)(result))
    return status


def _find_digest(shown: str) -> str | None:
    """Return the digest of a file that was not read: of its own bytes, of a record its header's."""
    path, most = Path(shown), readers.ReadOptions().max_bytes
    try:
        there = path.exists()
    except (OSError, ValueError):
        there = False
    return digest_of_file(path if there else Path(f"{shown}.hea"), max_bytes=most)


def has_several(paths: Sequence[str]) -> bool:
    """Return whether the output is one object a line: several paths, or a folder among them."""
    return len(paths) > 1 or any(_is_folder(path) for path in paths)


def walk_input_files(paths: Sequence[str]) -> Iterator[InputFile]:
    """Yield the recordings in the order given; a folder's in sorted order of their path."""
    for path in paths:
        if not _is_folder(path):
            yield InputFile(path)
            continue
        found, left = survey_folder(path)
        _tell_passed_over(left)
        for inside in found:
            yield InputFile(str(inside))
        if not found:
            yield InputFile(path, "There is no recording in this folder.")


def _tell_passed_over(files: Sequence[Path]) -> None:
    """Write the files of a folder that are no recording, each with its reason."""
    for file in files[:_MAX_TOLD]:
        sys.stderr.write(f"passed over: {flatten_text(str(file))}: {explain_passed_over(file)}\n")
    if len(files) > _MAX_TOLD:
        sys.stderr.write(f"passed over: {len(files) - _MAX_TOLD} more files\n")


def _is_folder(path: str) -> bool:
    try:
        return Path(path).is_dir()
    except (OSError, ValueError):  # too long, inside a closed folder, or with a null character
        return False


def make_output_name(args: argparse.Namespace, file: str) -> str:
    """Return the relative path, without extension, under which outputs for ``file`` are kept.

    For a file inside a named folder this is its path inside that folder, else its own name.
    """
    path = Path(file)
    for given in args.paths:
        if _is_folder(given) and path.is_relative_to(given):
            return path.relative_to(given).with_suffix("").as_posix()
    return path.stem


class OutputNames:
    """Names for the outputs of one run, none of them twice, in any case of letters.

    Parameters
    ----------
    args : argparse.Namespace
        With ``paths``.
    """

    def __init__(self, args: argparse.Namespace) -> None:
        self._args = args
        self._taken: set[str] = set()

    def name(self, file: str) -> str:
        """Return :func:`make_output_name`, with the extension or a number where it is taken."""
        plain = make_output_name(self._args, file)
        further = f"{plain}_{Path(file).suffix[1:]}".rstrip("_")
        names = itertools.chain([plain, further], (f"{further}_{n}" for n in itertools.count(2)))
        chosen = next(name for name in names if name.casefold() not in self._taken)
        self._taken.add(chosen.casefold())
        return chosen


def describe_error(error: EcgError) -> str:
    """Return the error's sentence on one line, with the options that would help."""
    sentence = flatten_text(str(error))
    if isinstance(error, MissingInformationError):
        options = [_OPTION_OF[name] for name in error.needs if name in _OPTION_OF]
        sentence += f" Give {', '.join(options)}." if options else ""
    return sentence


def flatten_text(text: str) -> str:
    """Return ``text`` without line breaks and control characters."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def quality_json(quality: Quality) -> dict[str, Any]:
    """Return signal quality as the commands print it."""
    return {
        "acceptable": quality.acceptable,
        "bad_leads": list(quality.bad_leads),
        "reasons": list(quality.reasons),
        "masked": [
            {
                "start_s": round(stretch.start_s, 3),
                "end_s": round(stretch.end_s, 3),
                "leads": list(stretch.leads),
                "reason": stretch.reason,
            }
            for stretch in quality.masked
        ],
    }


def convert_values(value: Any) -> Any:
    """Return ``value`` as JSON can hold it: numpy values converted, NaN and infinity as None."""
    if isinstance(value, np.ndarray):
        return convert_values(value.tolist())
    if isinstance(value, np.generic):
        return convert_values(value.item())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): convert_values(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [convert_values(item) for item in value]
    return value


def write_json(result: Result, *, digest: str | None = None) -> None:
    """Write one JSON object on one line to standard output, with its origin.

    Parameters
    ----------
    result : mapping
    digest : str or None
        SHA-256 of what the object was made from; None where there was no input.
    """
    stamped = {**result, **origin(digest)}
    sys.stdout.write(json.dumps(convert_values(stamped), allow_nan=False) + "\n")
    sys.stdout.flush()


def write_npz(
    path: Path,
    arrays: Mapping[str, Any],
    *,
    digest: str,
    model: Mapping[str, str] | None = None,
    make_folder: bool = False,
) -> None:
    """Write arrays into an ``.npz``, with their origin as texts behind them.

    Parameters
    ----------
    path : pathlib.Path
    arrays : mapping of str to array
    digest : str
        SHA-256 of the recording.
    model : mapping of str to str, optional
        Name and digest of the network that the arrays come from.
    make_folder : bool
        Whether the file's folder is made if it is not there.

    Raises
    ------
    EcgError
        If the file cannot be written.
    """
    texts = {key: text or "" for key, text in {**(model or {}), **origin(digest)}.items()}
    members: dict[str, Any] = {**arrays, **texts}
    try:
        if make_folder:
            path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as stream:
            np.savez_compressed(stream, **members)
    except OSError as error:
        reason = (error.strerror or "no access").lower()
        raise EcgError(f"{path} cannot be written: {reason}.") from None


def write_text(text: str) -> None:
    """Write text to standard output; what its encoding cannot show is escaped."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    shown = text.encode(encoding, "backslashreplace").decode(encoding)
    sys.stdout.write(shown if shown.endswith("\n") else shown + "\n")
    sys.stdout.flush()


def format_plain(result: Result) -> str:
    """Return ``key: value`` lines: the text form of a command that has none of its own."""
    lines = [str(result.get("file", ""))]
    lines += [f"  {key}: {convert_values(value)}" for key, value in result.items() if key != "file"]
    return "\n".join(lines) + "\n"
