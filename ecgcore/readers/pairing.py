"""WFDB records among files given together: what is read together, and what fits where."""

import itertools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from ecgcore.errors import ReadError
from ecgcore.readers.base import HEAD_BYTES, clean_text
from ecgcore.readers.names import is_copy, join_place, list_copies, split_place
from ecgcore.readers.wfdb.header import looks_like_header, parse_header
from ecgcore.readers.zip_ import is_zip

Files = Mapping[str, bytes]
Fit = Callable[[str, Files], int]
_MAX_WAYS = 64


def bundle_files(files: Files) -> list[dict[str, bytes]]:
    """Return files in groups that are read together, in the order given.

    A WFDB header stands with what it names, with what is called as it is, and with others of its
    name; any other file is by itself.

    Parameters
    ----------
    files : mapping of str to bytes
        As from :func:`ecgcore.readers.names.number_equal_names`.
    """
    loose = [name for name in files if not is_zip(files[name])]
    by_name: dict[str, list[str]] = {}
    by_stem: dict[str, list[str]] = {}
    for name in loose:
        by_name.setdefault(_fold_name(name), []).append(name)
        by_stem.setdefault(_fold_stem(name), []).append(name)
    group = {name: {name} for name in files}
    for header in filter(is_header, loose):
        named = {name.casefold() for name in list_named_files(header, files[header])}
        parts = [*by_stem[_fold_stem(header)], *(o for n in named for o in by_name.get(n, []))]
        together = set().union(*(group[name] for name in parts))
        group |= dict.fromkeys(together, together)
    bundles: dict[int, dict[str, bytes]] = {}
    for name, together in group.items():
        bundles.setdefault(id(together), {})[name] = files[name]
    return list(bundles.values())


def list_named_files(header: str, content: bytes) -> set[str]:
    """Return the plain names of the signal files and segments that a WFDB header names."""
    head = content[:HEAD_BYTES]
    if not looks_like_header(PurePosixPath(header).name, head):
        return set()
    try:
        parsed = parse_header(head)
    except ReadError:
        return set()  # the header is listed; reading it says what is wrong
    return {signal.file for signal in parsed.signals} | {f"{s.name}.hea" for s in parsed.segments}


def is_header(name: str) -> bool:
    """Return whether a file is called as WFDB headers are."""
    return name.casefold().endswith(".hea")


def pair_files(files: Files, fit: Fit) -> tuple[dict[str, bytes], dict[str, ReadError]]:
    """Put beside each WFDB header those files of equal names that fit it.

    Parameters
    ----------
    files : mapping of str to bytes
        As from :func:`ecgcore.readers.names.number_equal_names`.
    fit : callable
        Takes a header's plain name and the files beside it; returns how well they fit, 0: not at
        all.

    Returns
    -------
    files : dict of str to bytes
        The same; where names are equal, they may have changed places.
    refused : dict of str to ReadError
        Headers that none of several files fits, or more than one equally well.
    """
    doubled = {_fold_place(name) for name in files if is_copy(name)}
    if not doubled:
        return dict(files), {}
    placed: dict[str, bytes] = {}
    used: set[str] = set()
    refused: dict[str, ReadError] = {}
    for record in _group_records(files):
        if not doubled & {_fold_place(name) for name in record.candidates()}:
            continue
        taken = record.choose(files, fit)
        key = _has_room(record.header, taken or {}, files, placed)
        placed[key] = files[record.header]
        used.add(record.header)
        if taken is None:
            refused[key] = ReadError(record.unclear())
            used |= record.candidates()
            continue
        placed |= {join_place(key, name): files[other] for name, other in taken.items()}
        used |= set(taken.values())
    for name, data in files.items():
        if name not in used:
            placed[_has_room(name, {}, files, placed)] = data
    return placed, refused


@dataclass(frozen=True)
class _Record:
    """A header, and by each name in it the files of that name, those beside it first."""

    header: str
    named: dict[str, list[str]]

    def candidates(self) -> set[str]:
        return {self.header, *itertools.chain.from_iterable(self.named.values())}

    def choose(self, files: Files, fit: Fit) -> dict[str, str] | None:
        """Return the file to take for each name, or None where that is unclear."""
        several = {name: found for name, found in self.named.items() if len(found) > 1}
        own = {name: found[0] for name, found in self.named.items()}
        if not several:
            return own
        if math.prod(map(len, several.values())) > _MAX_WAYS:
            return None
        best, ways = 1, list[dict[str, str]]()
        for way in itertools.product(*several.values()):
            taken = own | dict(zip(several, way, strict=True))
            score = fit(PurePosixPath(self.header).name, self._beside(taken, files))
            if score > best:
                best, ways = score, []
            if score == best:
                ways.append(taken)
        return ways[0] if len(ways) == 1 else None

    def _beside(self, taken: Mapping[str, str], files: Files) -> dict[str, bytes]:
        contents = {name: files[other] for name, other in taken.items()}
        return contents | {PurePosixPath(self.header).name: files[self.header]}

    def unclear(self) -> str:
        name, found = next((n, f) for n, f in self.named.items() if len(f) > 1)
        return (
            f"{len(found)} files are named {clean_text(name)}, and it is unclear which one "
            "belongs to this header; give each record's files by themselves."
        )


def _group_records(files: Files) -> list[_Record]:
    headers = [name for name in files if is_header(name) and not is_zip(files[name])]
    index: dict[tuple[str, str], list[str]] = {}
    for name in files:
        index.setdefault(_fold_place(name), []).append(name)
    records = [_Record(header, _list_named(header, files, index)) for header in headers]
    segments = {o for r in records for found in r.named.values() for o in found if is_header(o)}
    return [record for record in records if record.header not in segments]


def _list_named(
    header: str, files: Files, index: Mapping[tuple[str, str], list[str]]
) -> dict[str, list[str]]:
    """Return what a header and its segments name; another case of letters where none is exact."""
    named: dict[str, list[str]] = {}
    left = sorted(list_named_files(header, files[header]))
    folder, place = PurePosixPath(header).parent, split_place(header)[0]
    while left:
        name = left.pop()
        found = [o for o in index.get((place, name.casefold()), []) if o != header]
        found = [o for o in found if PurePosixPath(o).name == name] or found
        if name in named or not found:
            continue
        named[name] = sorted(found, key=lambda o: PurePosixPath(o).parent != folder)
        for other in filter(is_header, found):
            left += sorted(list_named_files(other, files[other]))
    return named


def _has_room(
    name: str, taken: Mapping[str, str], files: Files, placed: Mapping[str, bytes]
) -> str:
    """Return where a file has room together with those that stand beside it."""
    folder, plain = split_place(name)
    first = (PurePosixPath(folder) / plain).as_posix()
    keys = itertools.chain([name], list_copies(first))
    return next(key for key in keys if key not in placed and _fits(key, taken, files, placed))


def _fits(key: str, taken: Mapping[str, str], files: Files, placed: Mapping[str, bytes]) -> bool:
    contents = {join_place(key, name): files[other] for name, other in taken.items()}
    return all(placed.get(name, data) == data for name, data in contents.items())


def _fold_place(key: str) -> tuple[str, str]:
    folder, name = split_place(key)
    return folder, name.casefold()


def _fold_name(key: str) -> str:
    return PurePosixPath(key).name.casefold()


def _fold_stem(key: str) -> str:
    return PurePosixPath(_fold_name(key)).stem
