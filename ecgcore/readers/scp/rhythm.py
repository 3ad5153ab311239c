"""From the sections of an SCP-ECG record to its samples (EN 1064, clauses 5.6 to 5.9)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ecgcore.errors import ReadError
from ecgcore.readers.asking import ask_for
from ecgcore.readers.assemble import join_words, was_or_were
from ecgcore.readers.base import ReadOptions
from ecgcore.readers.scp.beat import add_beats
from ecgcore.readers.scp.bimodal import (
    MAX_FACTOR,
    Places,
    Plan,
    count_stored,
    expand,
    make_plans,
    merge_places,
)
from ecgcore.readers.scp.container import Container
from ecgcore.readers.scp.devices import repair_steps
from ecgcore.readers.scp.huffman import DEFAULT_TABLES, Table, parse_tables
from ecgcore.readers.scp.leads import (
    BeatTable,
    Lead,
    LeadTable,
    count_leads,
    name_leads,
    parse_beats,
    parse_leads,
)
from ecgcore.readers.scp.streams import (
    Head,
    Stream,
    fits,
    parse_head,
    read_streams,
    split_streams,
    undo_differences,
)

Rows = NDArray[np.float32]
MAX_SAMPLES = 24_000_000  # a day of one lead at 250 Hz; the format is made for ten seconds
MIN_PRESENT = 0.9  # of the samples announced; with fewer a lead is truncated
_MAX_SPREAD = 20
_SMALL = 1_000_000


@dataclass(frozen=True)
class Rhythm:
    """The samples of a record.

    Attributes
    ----------
    names : list of str
    steps : array of float32, shape (n_leads, n_samples)
        In units of ``step_nv``; NaN where a lead was not recorded.
    step_nv : int
        Nanovolts a unit; 0 where the file does not tell.
    fs_hz : float
        0 where the file does not tell.
    factor : int
        How many times more samples were stored in the protected areas than between them; 1 if all
        were stored.
    beat_added : bool
        Whether the reference beat was added back.
    """

    names: list[str]
    steps: Rows
    step_nv: int
    fs_hz: float
    factor: int = 1
    beat_added: bool = False


def read_rhythm(container: Container, options: ReadOptions, notes: list[str]) -> Rhythm:
    """Read section 6 with what it needs of sections 2 to 5.

    Raises
    ------
    MissingInformationError
        Where rate or unit are neither in the file nor in the options.
    ReadError
        If it is missing, truncated, or stored in a way that the standard does not know.
    """
    section = container.sections.get(6)
    if section is None and 6 in container.lost:
        raise ReadError(
            "The SCP-ECG file is truncated or damaged: its rhythm data (section 6) are not where "
            "it says."
        )
    if section is None:
        raise ReadError("The SCP-ECG file contains no rhythm data (section 6 is missing).")
    head = parse_head(section)
    _ask_for_missing(head, options)
    table = _read_lead_table(container, notes)
    n_claimed = sum(lead.n_samples for lead in table.leads)
    limit = min(options.max_samples, MAX_SAMPLES)
    if n_claimed > limit:
        raise ReadError(
            f"The SCP-ECG file declares {n_claimed} samples; up to {limit} can be read."
        )
    needed = table.beat_subtracted or head.bimodal
    beats = parse_beats(container) if needed else BeatTable()
    stored = _choose_reading(container, table, head, beats, notes)
    rows = _make_rows(stored, head, beats, notes)
    if not stored.coded and head.difference == 0 and not table.beat_subtracted:
        codes = [lead.code for lead in stored.leads]
        dummy = len(container.body(2)) >= 2
        rows = repair_steps(rows, codes, dummy_table=dummy, version=container.version, notes=notes)
    _note_groups(table, stored.leads, notes)
    steps = _place_rows(rows, stored.leads)
    step_nv, interval = head.step_nv, stored.interval_us
    added = table.beat_subtracted and any(beat.kind == 0 and beat.last for beat in beats.beats)
    if added:
        used = stored.used, len(table.leads)
        first = min(lead.first for lead in stored.leads)
        spacing = interval or 1e6 / (options.fs_hz or 1.0)
        steps, step_nv = add_beats(container, beats, used, (steps, step_nv, spacing), first)
    names = name_leads(stored.leads, container.version, notes)
    fs_hz = 1e6 / interval if interval else 0.0
    return Rhythm(names, steps, step_nv, fs_hz, stored.plan.factor, added)


def _ask_for_missing(head: Head, options: ReadOptions) -> None:
    """Ask for what the file does not state and the caller has not told either."""
    lacks_rate = not head.interval_us and options.fs_hz is None
    lacks_unit = not head.step_nv and options.unit is None
    missing = {"fs_hz": "the sampling rate"} if lacks_rate else {}
    missing |= {"unit": "the unit of the samples"} if lacks_unit else {}
    if missing:
        raise ask_for(missing)


def _read_lead_table(container: Container, notes: list[str]) -> LeadTable:
    """Return the leads; where their number does not fit section 6, as many as are defined."""
    table = parse_leads(container)
    room = count_leads(container)
    section = container.sections[6]
    if room > len(table.leads) and not fits(section, len(table.leads)) and fits(section, room):
        notes.append(
            f"The file declares {len(table.leads)} leads and contains {room}; all are read."
        )
        return parse_leads(container, room)
    return table


@dataclass(frozen=True)
class _Stored:
    """The streams that hold samples, and how they are stored.

    Attributes
    ----------
    plan : Plan
    streams : tuple of Stream
    leads : tuple of Lead
        Those that have samples.
    used : tuple of int
        Their places among all leads of the record.
    coded : bool
        Whether the streams are Huffman coded.
    interval_us : float
        From sample to sample, once those left out are filled in; 0 where the file does not tell.
    """

    plan: Plan
    streams: tuple[Stream, ...]
    leads: tuple[Lead, ...]
    used: tuple[int, ...] = ()
    coded: bool = False
    interval_us: float = 0.0


def _choose_reading(
    container: Container, table: LeadTable, head: Head, beats: BeatTable, notes: list[str]
) -> _Stored:
    """Find out how the samples are stored.

    What the file says is tried first.  Where that fits no lead, but another coding fits every lead
    to the byte, the latter is taken, with a note.
    """
    bimodal = head.bimodal and container.version < 30
    whole = _round_interval(container)
    factor = _find_factor(head, whole) if bimodal or table.beat_subtracted else 1
    ways = make_plans(factor, bimodal=bimodal)
    areas = merge_places(beats.areas)
    wanted = [max(count_stored(plan, lead, areas) for plan in ways) for lead in table.leads]
    tables = parse_tables(container.body(2))
    chunks = split_streams(container.sections[6], wanted, tables, notes)
    found, n_exact, failure = _try_reading(chunks, (ways, wanted, areas), tables, table)
    if n_exact == 0:
        other = () if tables else DEFAULT_TABLES
        there, n_there, _ = _try_reading(chunks, (ways, wanted, areas), other, table)
        if n_there and n_there == sum(len(chunk) > 1 for chunk in chunks):
            found, failure = there, None
            said = "are Huffman coded" if other else "are not Huffman coded"
            notes.append(f"The samples {said}, contrary to what the file states.")
    if failure is not None:
        raise failure
    interval: float = head.interval_us
    if found.plan.factor > 1:
        interval = whole or head.interval_us / found.plan.factor
    return replace(_keep_with_samples(found, container, notes), interval_us=interval)


def _round_interval(container: Container) -> int:
    """Return the sampling interval of the reference beat: that before samples were left out."""
    section = container.sections.get(5)
    if section is None or len(section.body) < 4:
        return 0
    return int.from_bytes(section.body[2:4], "little")


def _find_factor(head: Head, whole_us: int) -> int | None:
    """Return the factor by which samples were left out, None where the file does not state."""
    if not whole_us or not head.interval_us:
        return None
    factor = round(head.interval_us / whole_us)
    return factor if 1 <= factor <= MAX_FACTOR else 1


def _try_reading(
    chunks: Sequence[bytes],
    about: tuple[Sequence[Plan], Sequence[int], Places],
    tables: tuple[Table, ...],
    table: LeadTable,
) -> tuple[_Stored, int, ReadError | None]:
    """Decode; return the plan that fits most streams to the byte, and how many it fits."""
    ways, wanted, areas = about
    streams: list[Stream] = []
    failure: ReadError | None = None
    try:
        streams = read_streams(chunks, wanted, tables)
    except ReadError as error:
        failure = error
    exact = [
        sum(
            stream.fits(count_stored(plan, lead, areas))
            for lead, stream in zip(table.leads, streams, strict=False)
        )
        for plan in ways
    ]
    best = max(range(len(ways)), key=lambda i: (exact[i], -i))
    found = _Stored(ways[best], tuple(streams), table.leads, coded=bool(tables))
    return found, exact[best], failure


def _keep_with_samples(found: _Stored, container: Container, notes: list[str]) -> _Stored:
    """Leave out leads without samples; count them where section 3 gives no range."""
    pairs = zip(found.leads, found.streams, strict=True)
    leads = [lead if found.coded else _count_samples(lead, stream) for lead, stream in pairs]
    used = tuple(i for i, lead in enumerate(leads) if lead.n_samples and found.streams[i].size > 1)
    if not used:
        raise ReadError("The SCP-ECG file contains no samples, or does not say how many.")
    empty = tuple(lead for i, lead in enumerate(leads) if i not in set(used))
    if empty:
        names = name_leads(empty, container.version, [])
        notes.append(
            f"{join_words(names)} {was_or_were(names)} left out: the file contains no samples "
            "there."
        )
    return replace(
        found,
        streams=tuple(found.streams[i] for i in used),
        leads=tuple(leads[i] for i in used),
        used=used,
    )


def _count_samples(lead: Lead, stream: Stream) -> Lead:
    """Return a lead whose range is missing, or starts at 0 and ends one too late, with its own."""
    if not lead.n_samples:
        return Lead(lead.code, 1, len(stream.values))
    one_less = lead.first == 0 and not stream.fits(lead.n_samples) and stream.fits(lead.last)
    return Lead(lead.code, 1, lead.last) if one_less else lead


def _make_rows(stored: _Stored, head: Head, beats: BeatTable, notes: list[str]) -> list[Rows]:
    """Return each lead's samples in steps, NaN where the stream ends before the lead does."""
    areas = merge_places(beats.areas)
    counts = [count_stored(stored.plan, lead, areas) for lead in stored.leads]
    present = [len(stream.values) for stream in stored.streams]
    short = sum(have < need for have, need in zip(present, counts, strict=True))
    for lead, have, need in zip(stored.leads, present, counts, strict=True):
        if have < MIN_PRESENT * need:
            name = name_leads((lead,), 0, [])[0]
            raise ReadError(
                "The SCP-ECG file is truncated, or its samples are stored in a way that EN 1064 "
                f"does not know: {name} has {need} of them, {have} could be read."
            )
    if short:
        notes.append(f"The samples of {short} leads end earlier than the file declares.")
    elif any(not s.fits(n) for s, n in zip(stored.streams, counts, strict=True)):
        notes.append("The file contains more samples than it declares; these were not read.")
    rows = []
    for lead, stream, count in zip(stored.leads, stored.streams, counts, strict=True):
        values = np.full(count, np.nan)
        amplitudes = undo_differences(stream.values[:count], head.difference)
        values[: len(amplitudes)] = amplitudes
        rows.append(expand(stored.plan, lead, areas, beats, values).astype(np.float32))
    return rows


def _note_groups(table: LeadTable, leads: Sequence[Lead], notes: list[str]) -> None:
    together = table.n_simultaneous
    ranges = {(lead.first, lead.last) for lead in leads}
    if 0 < together < len(leads) and len(ranges) == 1:
        notes.append(
            f"The file states that only {together} of its {len(table.leads)} leads were recorded "
            "at the same time, but not which; they are shown side by side."
        )


def _place_rows(rows: Sequence[Rows], leads: Sequence[Lead]) -> Rows:
    """Put each lead at its time; NaN where it was not recorded."""
    first = min(lead.first for lead in leads)
    length = max(lead.last for lead in leads) - first + 1
    total = length * len(leads)
    present = sum(lead.n_samples for lead in leads)
    if total > MAX_SAMPLES or total > max(_MAX_SPREAD * present, _SMALL):
        raise ReadError(
            "The leads of the SCP-ECG file are too far apart in time; their sample numbers are "
            "damaged."
        )
    placed = np.full((len(leads), length), np.nan, dtype=np.float32)
    for target, row, lead in zip(placed, rows, leads, strict=True):
        target[lead.first - first : lead.first - first + len(row)] = row
    return placed
