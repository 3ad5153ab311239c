"""Opening what a user gives: a path, or uploaded files, to the one reader that fits."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Protocol, runtime_checkable

from ecgcore.errors import EcgError, ReadError, TooLargeError, UnknownFormatError, explain_shortage
from ecgcore.readers.base import ReadOptions, Source, clean_text, refuse_memory, refuse_size
from ecgcore.readers.discover import describe, explain_others, list_recordings
from ecgcore.readers.names import drop_folder, format_name, number_equal_names
from ecgcore.readers.pairing import pair_files
from ecgcore.readers.table import recognise
from ecgcore.readers.unread import explain_unread
from ecgcore.readers.wfdb.reader import measure_fit
from ecgcore.readers.zip_ import expand_all, is_zip, put_in_folder
from ecgcore.recording import Recording


@runtime_checkable
class UploadedFile(Protocol):
    """A file as an upload gives it."""

    @property
    def name(self) -> str:
        """Its name on the user's machine."""

    def getvalue(self) -> bytes:
        """Return its content."""


Files = Mapping[str, bytes] | Iterable[UploadedFile]
_DEFAULTS = ReadOptions()
_TOGETHER = TooLargeError(
    "The zip archives together expand to more than is read; choose one at a time."
)


def read(
    source: str | Path | Files, *, options: ReadOptions = _DEFAULTS, member: str | None = None
) -> Recording:
    """Read one recording.

    Parameters
    ----------
    source : path, mapping of str to bytes, or iterable of uploaded files
        A file, or a WFDB record's name with or without ``.hea``; or files in memory by name (a
        header with its signal files, a single file, a zip archive).
    options : ReadOptions
    member : str, optional
        Which recording to read where files in memory hold several, as
        :func:`~ecgcore.readers.recordings_in` names them.

    Returns
    -------
    Recording
        In mV (or NU where the file declares so); its ``notes`` say what was repaired, computed
        or left out.

    Raises
    ------
    UnknownFormatError
        For content that is not read.
    TooLargeError, MissingInformationError, ReadError, InvalidRecordingError
        One sentence each; no other exception comes out of any bytes.

    Examples
    --------
    From a path, or from files in memory by their names:

    >>> from ecgcore.readers.convert import convert
    >>> from ecgcore.simulate import simulate
    >>> files = convert(simulate("normal").recording, "edf", "demo").files
    >>> recording = read(files)
    >>> recording.n_leads, recording.fs_hz, recording.duration_s, recording.unit
    (12, 500.0, 10.0, 'mV')
    """
    if isinstance(source, (str, Path)):
        return _read_path(source, options)
    return _read_one(expand_all(_collect(source, options), options), member, options)


def read_many(
    source: Files, *, options: ReadOptions = _DEFAULTS
) -> list[tuple[str, Recording | EcgError]]:
    """Read every recording among files in memory.

    Returns
    -------
    list of (str, Recording or EcgError)
        In sorted order of names; a recording that cannot be read gives its error, and so does a
        file that is none and belongs to none.  A second file of one name is called
        ``"a.dcm (2)"``.
    """
    given = _collect(source, options)
    files, results = _expand(given, options)
    files, refused = _pair(files, options)
    found = list_recordings(files)
    if found or results or options.skip_unlikely:
        results += _explain_left_out(files, given)
    for name in found or ([] if results else sorted(files)):
        try:
            if name in refused:
                raise refused[name]
            results.append((name, _read_files(files, name, options)))
        except EcgError as error:
            results.append((name, error))
    told = [(format_name(name), result) for name, result in results]
    return sorted(told, key=lambda result: result[0])


def _read_one(files: Mapping[str, bytes], member: str | None, options: ReadOptions) -> Recording:
    paired, refused = _pair(files, options)
    name = next((key for key in paired if format_name(key) == member), member)
    if refused:
        meant = [name] if name is not None else list_recordings(paired)
        if len(meant) == 1 and meant[0] in refused:
            raise refused[meant[0]]
    return _read_files(paired, name, options)


def _pair(
    files: Mapping[str, bytes], options: ReadOptions
) -> tuple[dict[str, bytes], dict[str, ReadError]]:
    """Return files of equal names each beside the WFDB header that it fits."""
    free = _lift_limit(options)
    return pair_files(
        files, lambda name, beside: measure_fit(Source(name, free, files=beside), free)
    )


def _lift_limit(options: ReadOptions) -> ReadOptions:
    # What is in memory has been counted already, and an archive may expand to its own limit.
    return replace(options, max_bytes=max(options.max_bytes, options.max_expanded_bytes))


def _explain_left_out(
    files: Mapping[str, bytes], given: Mapping[str, bytes]
) -> list[tuple[str, Recording | EcgError]]:
    """Return what is no recording with its reason: each file given, and one line an archive."""
    reasons = explain_others(files)
    told: list[tuple[str, Recording | EcgError]] = [
        (name, UnknownFormatError(reason)) for name, reason in reasons.items() if name in given
    ]
    inside = [name for name in reasons if name not in given]
    archives = [name for name, data in given.items() if is_zip(data)]
    if inside and archives:
        what = "file in it contains" if len(inside) == 1 else "files in it contain"
        of = archives[0] if len(archives) == 1 else "the archives"
        told.append((of, ReadError(f"{len(inside)} {what} no ECG: {describe(inside)}.")))
    return told


def _expand(
    given: Mapping[str, bytes], options: ReadOptions
) -> tuple[dict[str, bytes], list[tuple[str, Recording | EcgError]]]:
    """Return files with what their archives hold, and the archives that cannot be expanded."""
    files: dict[str, bytes] = {}
    refused: list[tuple[str, Recording | EcgError]] = []
    room = options.max_expanded_bytes
    # What stands in no archive keeps its name.
    for name, data in sorted(given.items(), key=lambda item: is_zip(item[1])):
        try:
            inner = expand_all({name: data}, replace(options, max_expanded_bytes=max(room, 0)))
        except EcgError as error:
            together = isinstance(error, TooLargeError) and room < options.max_expanded_bytes
            refused.append((name, _TOGETHER if together else error))
            continue
        if is_zip(data) and _has_no_recordings(inner, given):
            refused.append((name, ReadError(f"No file in it contains an ECG: {describe(inner)}.")))
            continue
        room -= sum(map(len, inner.values())) if is_zip(data) else 0
        clash = not files.keys().isdisjoint(inner)
        files |= put_in_folder(name, inner) if clash else inner
    return files, refused


def _has_no_recordings(inner: Mapping[str, bytes], given: Mapping[str, bytes]) -> bool:
    """Return whether an archive that was given beside other files contains nothing to read."""
    return len(given) > 1 and not list_recordings(inner)


def _collect(source: Files, options: ReadOptions) -> dict[str, bytes]:
    if isinstance(source, Mapping):
        files = [(str(name), bytes(data)) for name, data in source.items()]
    else:
        files = [(file.name, file.getvalue()) for file in source]
    if sum(len(data) for _, data in files) > options.max_bytes:
        raise refuse_size(options.max_bytes)
    if not files:
        raise ReadError("No file was given.")
    return number_equal_names((drop_folder(name), data) for name, data in files)


def _read_path(path: str | Path, options: ReadOptions) -> Recording:
    chosen = _find_file(Path(path))
    source = Source(chosen.name, options, folder=chosen.parent)
    if is_zip(source.data):
        return _read_one(expand_all({source.name: source.data}, options), None, options)
    return _read_source(source, options)


def _find_file(path: Path) -> Path:
    """Return the file meant: a WFDB record's header where the name has no ``.hea``.

    Raises
    ------
    ReadError
        If there is no such file.
    """
    header = path.with_name(f"{path.name}.hea") if path.name not in ("", "..") else path
    try:
        if path.is_file():
            return path
        if header != path and header.is_file():
            return header
        if path.is_dir():
            raise ReadError(_explain_folder(path))
        if path.exists():
            raise ReadError("This is neither a file nor a folder.")
        if path.is_symlink():
            raise ReadError("The target of this link does not exist.")
    except PermissionError as error:
        raise ReadError("It cannot be opened: permission denied.") from error
    except (OSError, ValueError) as error:
        raise ReadError("There is no file of that name.") from error
    raise ReadError("There is no such file; a WFDB record is named with or without .hea.")


def _explain_folder(path: Path) -> str:
    try:
        with os.scandir(path):
            return "This is a folder; name a recording in it."
    except OSError as error:
        return f"The folder cannot be listed: {(error.strerror or 'no access').lower()}."


def _read_files(files: Mapping[str, bytes], member: str | None, options: ReadOptions) -> Recording:
    found = list_recordings(files)
    if member is not None:
        if member not in files:
            raise ReadError(
                f"There is no {clean_text(member)} among the files; there is {describe(files)}."
            )
        found = [member]
    if len(found) > 1:
        raise ReadError(
            f"There are {len(found)} recordings in it ({describe(found)}); choose one at a time."
        )
    if not found and not files:
        raise ReadError("The archive contains no file that could be read.")
    main = PurePosixPath(found[0] if found else _find_likely(files))
    beside = {
        PurePosixPath(name).name: data
        for name, data in files.items()
        if PurePosixPath(name).parent == main.parent
    }
    source = Source(main.name, _lift_limit(options), files=beside)
    return _read_source(source, options)


def _find_likely(files: Mapping[str, bytes]) -> str:
    """Return the file whose error tells most, where none is a recording by its looks."""
    known = [n for n in sorted(files) if recognise(PurePosixPath(n).name, files[n][:4096])]
    return (known or sorted(files, key=lambda n: (-len(files[n]), n)))[0]


def _read_source(source: Source, options: ReadOptions) -> Recording:
    if not source.data:
        raise ReadError("The file is empty.")
    entry = recognise(source.name, source.head)
    if entry is not None:
        try:
            return entry.read(source, options)
        except MemoryError:
            pass  # raised below, without the traceback that holds what was read so far
        except OSError as error:
            # Readers open nothing but their own temporary folders.
            raise explain_shortage(error, own_folder=True) or error from error
        raise refuse_memory()
    header = source.beside(f"{PurePosixPath(source.name).stem}.hea")
    if header is not None and header != source.name:
        source.name = header
        source.data = source.take(header)
        return _read_source(source, options)
    raise UnknownFormatError(explain_unread(source.name, source.head))
