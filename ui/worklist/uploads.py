"""The session's list of files: what was read from each, or why it was not.

The list outlives the page, so that a reader goes from case to case without uploading again.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import streamlit as st

from ecgcore.errors import EcgError, MissingInformationError, UnknownFormatError
from ecgcore.readers import ReadOptions
from ecgcore.readers.names import drop_folder, format_name, number_equal_names
from ecgcore.readers.pairing import bundle_files
from ecgcore.readers.zip_ import is_zip
from ecgcore.recording import Recording, describe_age
from ecgcore.units import MV
from ui.reading import read_uploads
from ui.state import OpenCase

MAX_ENTRIES, MAX_BYTES = 200, 256 * 2**20
_KEY = "uploads"


class Given:
    """A file as it was given: the browser's word for it, its name, content and digest."""

    def __init__(self, file_id: str, name: str, data: bytes) -> None:
        self.file_id, self.name, self.data = file_id, drop_folder(name), data
        # An empty file is known by its name alone.
        self.sha = hashlib.sha256(data or self.name.encode(errors="replace")).hexdigest()


@dataclass(eq=False)
class Entry:
    """One recording among the files, or a file that is none.

    Attributes
    ----------
    key : str
        For the widgets that belong to it.
    name : str
        The file's name; of one in an archive, after the archive's.
    member : str
        What the reader calls it.
    tag : str
        Beginning of its content's digest.
    error : EcgError or None
        Why it was not opened, or what it lacks.
    case : OpenCase or None
        If it was opened, with whatever the reader has done on it.
    options : ReadOptions
        What was answered for it.
    complaint : str
        Why the last answer cannot be used.
    """

    key: str
    name: str
    member: str
    tag: str
    error: EcgError | None = None
    case: OpenCase | None = None
    options: ReadOptions = field(default_factory=ReadOptions)
    complaint: str = ""

    @property
    def asks(self) -> tuple[str, ...]:
        """What the file does not tell."""
        return self.error.needs if isinstance(self.error, MissingInformationError) else ()

    @property
    def looks(self) -> tuple[str, str]:
        """Its name, and what is shown of a recording."""
        return self.name, describe_recording(self.case.recording) if self.case is not None else ""

    def take(self, result: Recording | EcgError, title: str) -> None:
        """Take what was read."""
        if isinstance(result, EcgError):
            self.error, self.case = result, None
        else:
            self.error, self.case = None, OpenCase(title=title, recording=result)


@dataclass(eq=False)
class Upload:
    """Files that were read together: one file, or those of WFDB records.

    Attributes
    ----------
    digest : str
    files : dict of str to bytes
        By unique names; without content once nothing has to be read again or given back.
    given : list of Given
        These files, some perhaps more than once.
    skipped : bool
        Whether a file that shows no ECG was left alone.
    entries : list of Entry
    """

    digest: str
    files: dict[str, bytes]
    skipped: bool = False
    given: list[Given] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)

    @property
    def n_bytes(self) -> int:
        """Bytes that are kept for it."""
        cases = [entry.case for entry in self.entries if entry.case is not None]
        return sum(map(len, self.files.values())) + sum(c.recording.signal.nbytes for c in cases)

    @property
    def opened(self) -> bool:
        """Whether a recording was read from it."""
        return any(entry.case is not None for entry in self.entries)

    @property
    def parts(self) -> list[str]:
        """Names of the files that belong to a recording and are none themselves."""
        if len(self.files) == 1:
            return []
        members = {entry.member for entry in self.entries}
        return [name for name in map(format_name, self.files) if name not in members]

    @property
    def again(self) -> list[str]:
        """Names under which the same files were given once more."""
        if len(self.files) == 1:
            return [given.name for given in self.given[1:]]
        return list(Counter(g.name for g in self.given) - Counter(map(drop_folder, self.files)))

    def holds(self, digest: str, members: Sequence[Given]) -> bool:
        """Return whether these are the same files; of a recording the name does not count."""
        shas = {given.sha for given in (*members, *self.given)}
        known = self.opened or any(entry.asks for entry in self.entries)
        return self.digest == digest or (len(self.files) == len(shas) == 1 and known)

    def read(self, *, skip_unlikely: bool) -> None:
        """Read the files anew."""
        self.skipped, self.entries = skip_unlikely, []
        results = read_uploads(self.files, ReadOptions(skip_unlikely=skip_unlikely))
        results = results or [(drop_folder(next(iter(self.files))), UnknownFormatError(_NO_ECG))]
        for number, (member, result) in enumerate(results):
            tag = hashlib.sha256(f"{self.digest} {member}".encode(errors="replace")).hexdigest()
            key = f"{self.digest[:12]}_{number}"
            entry = Entry(key, self._name_of(member), member, tag[:4])
            entry.take(result, entry.name)
            self.entries.append(entry)
        self.release()

    def forget(self) -> None:
        """Take it for not read yet, such as after the reader cancelled it."""
        self.entries = []

    def _name_of(self, member: str) -> str:
        name, data = next(iter(self.files.items()))
        name = drop_folder(name)
        if len(self.files) > 1 or member == name:
            return member
        return f"{name} › {member}" if is_zip(data) else name

    def release(self) -> None:
        """Let the content go if nothing has to be read again or given back."""
        if all(entry.case is not None for entry in self.entries):
            self.files = dict.fromkeys(self.files, b"")
            for given in self.given:
                given.data = b""


_NO_ECG = "Nothing in it shows an ECG."


@dataclass
class Uploads:
    """The list.

    Attributes
    ----------
    items : list of Upload
        In the order given.
    seen : set of str
        Files in the uploader that were taken in.
    gone : list of str
        Names that left the list to make room.
    chosen : str
        Key of the entry whose details are shown.
    """

    items: list[Upload] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    gone: list[str] = field(default_factory=list)
    chosen: str = ""

    @property
    def entries(self) -> list[Entry]:
        """All entries, in order."""
        return [entry for item in self.items for entry in item.entries]

    @property
    def unread(self) -> bool:
        """Whether files wait to be read: the reader cancelled it, or the page was left."""
        return any(not item.entries for item in self.items)

    def item_of(self, entry: Entry) -> Upload:
        """Return the files that an entry was read from."""
        return next(item for item in self.items if entry in item.entries)

    def labels(self) -> dict[str, str]:
        """Return each entry's name by its key, with a tag where two are alike in all shown."""
        looks = {entry.key: entry.looks for entry in self.entries}
        alike = Counter(looks.values())
        return {
            entry.key: f"{entry.name} [{entry.tag}]" if alike[looks[entry.key]] > 1 else entry.name
            for entry in self.entries
        }

    def take_in(self, new: Sequence[Given], report: Callable[[int, int], None]) -> None:
        """Read files, those that were not opened so far together with the new ones."""
        self.gone = []
        waiting = [item for item in self.items if not item.opened]
        together = [*(given for item in waiting for given in item.given), *new]
        bundles = _bundle(together)
        n_new = sum(any(given in new for given in members) for _, members in bundles)
        for number, (files, members) in enumerate(bundles):
            report(number, len(bundles))
            self._take_bundle(files, members, alone=n_new == 1 and members[-1] in new)
        kept = {_digest(members) for _, members in bundles}
        self.items = [i for i in self.items if i.opened or i.digest in kept]
        self._make_room()

    def _take_bundle(
        self, files: dict[str, bytes], members: Sequence[Given], *, alone: bool
    ) -> None:
        digest = _digest(members)
        item = next((item for item in self.items if item.holds(digest, members)), None)
        if item is None:
            item = Upload(digest, files)
            self.items.append(item)
        item.given += [given for given in members if given not in item.given]
        again = alone and item.skipped and not item.opened
        if again:
            item.given = [members[-1]]
        if again or not item.entries:
            item.read(skip_unlikely=not alone)

    def _make_room(self) -> None:
        """Let the oldest go where it gets too much; the last one stays."""
        while len(self.items) > 1 and (
            len(self.entries) > MAX_ENTRIES or sum(i.n_bytes for i in self.items) > MAX_BYTES
        ):
            self.gone += [entry.name for entry in self.items.pop(0).entries]

    def answer(self, entries: Iterable[Entry], told: Mapping[str, object]) -> None:
        """Read entries again with what was answered; where that does not do, the question stays."""
        results: dict[tuple[str, ReadOptions], dict[str, Recording | EcgError]] = {}
        for entry in entries:
            item = self.item_of(entry)
            try:
                options = replace(entry.options, **told)  # type: ignore[arg-type]
            except EcgError as error:
                entry.complaint = str(error)
                continue
            asked = (item.digest, options)
            if asked not in results:
                results[asked] = dict(read_uploads(item.files, options))
            result = results[asked].get(entry.member, UnknownFormatError(_NO_ECG))
            if isinstance(result, EcgError) and not isinstance(result, MissingInformationError):
                entry.complaint = str(result)
                continue
            entry.options, entry.complaint = options, ""
            entry.take(result, entry.name)
            item.release()

    def drop_missing(self, present: set[str]) -> None:
        """Take off the list what was taken out of the uploader; the open case stays open."""
        removed = self.seen - present
        self.seen &= present
        self.items = [i for i in self.items if not {g.file_id for g in i.given} <= removed]


def current_uploads() -> Uploads:
    """Return this session's list."""
    found: Uploads = st.session_state.setdefault(_KEY, Uploads())
    return found


def count_outcomes(entries: Sequence[Entry]) -> str:
    """Return how many were opened, ask and were refused: "17 opened, 2 need an answer"."""
    n_opened = sum(entry.case is not None for entry in entries)
    n_asking = sum(bool(entry.asks) for entry in entries)
    parts = [f"{n_opened} opened"]
    if n_asking:
        parts.append(f"{n_asking} need{'s' if n_asking == 1 else ''} an answer")
    if n_refused := len(entries) - n_opened - n_asking:
        parts.append(f"{n_refused} not opened")
    return ", ".join(parts)


def describe_recording(recording: Recording) -> str:
    """Return in one line what tells recordings apart."""
    patient = recording.patient
    parts = [recording.provenance.format, f"{recording.n_leads} leads"]
    if recording.n_leads <= 3:
        parts[1] = "lead " + ", ".join(recording.leads)
    parts.append(f"{recording.duration_s:.1f} s at {recording.fs_hz:g} Hz")
    parts.append("mV" if recording.unit == MV else "normalised units, voltage not known")
    if recording.start is not None:
        parts.append(recording.start.strftime("%Y-%m-%d %H:%M"))
    if patient.age_years is not None:
        parts.append(describe_age(patient.age_years))
    parts += [patient.sex or "", recording.provenance.device]
    return ", ".join(part for part in parts if part)


def _bundle(together: Sequence[Given]) -> list[tuple[dict[str, bytes], list[Given]]]:
    """Return what is read together, and which files that was given as."""
    sha_of = {(given.name, id(given.data)): given.sha for given in together}
    bundles = []
    for files in bundle_files(number_equal_names((g.name, g.data) for g in together)):
        names = {name: drop_folder(name) for name in files}
        contents = {(plain, sha_of[plain, id(files[name])]) for name, plain in names.items()}
        bundles.append((files, [g for g in together if (g.name, g.sha) in contents]))
    return bundles


def _digest(members: Sequence[Given]) -> str:
    """Return a digest of names and contents."""
    listed = sorted({f"{given.name} {given.sha}" for given in members})
    return hashlib.sha256("\n".join(listed).encode(errors="replace")).hexdigest()
