"""One bad second does not take ten: what spoils a stretch is masked, mains is filtered out.

A jump of the baseline, a trace that stands still, one beyond any ECG and a burst of noise spoil
their own stretch of their own lead.  There the copy that is measured, and that networks see, is
NaN, as if nothing had been recorded; the recording itself, which is drawn, is never changed.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ecgcore.recording import Recording
from ecgcore.results import MaskedStretch
from ecgcore.signal.filters import notch, stretches
from ecgcore.signal.quality_windows import (
    BLOCK_S,
    MAINS_IN_NOISE,
    WINDOW_S,
    Windows,
    around,
    block_noise,
    cut_windows,
    filled,
    mains_lines,
)
from ecgcore.signal.quantiles import median, quantile
from ecgcore.signal.rr import absent_spans
from ecgcore.units import MV

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

# With less than this part of a lead left, the lead as a whole is judged, not what is left of it.
MIN_LEFT = 0.65
MIN_READ_S = 2.0
# An amplifier without a patient stands still exactly; a heart at rest under an amplifier's noise
# does not for this long.
STILL_S = 0.6
# A simulated trace without noise does after every beat: then only what is longer than a pause
# stands out, and longer than it usually is.
OFTEN_HZ, LONG_STILL_S, LONGER = 0.35, 2.0, 1.5
# A jump is over within this time (QRS takes longer), and its level lasts this long.
JUMP_S, JUMP_LASTS_S = 0.012, 0.4
JUMP_SHARE, JUMP_EDGE_S = 0.8, 0.25
# More jumps than this in ten seconds are a loose electrode, not an incident.
MAX_JUMPS = 3.0
JUMP_MASK_S = 0.05
# From how much of the trace on either side its level is told.
LEVEL_S = 0.5
# What is beyond any ECG takes its flanks with it.
FLANK_S = 0.1
# A burst: blocks whose noise above 40 Hz is so many times the lead's own, and a part of its QRS.
BURST, BURST_OF_QRS, BURST_MV = 4.0, 0.15, 0.06
# Stretches of one lead closer together than this are one.
JOIN_S = 0.3
# Mains is narrow; a narrower notch rings longer at QRS and where mains begins.
NOTCH_QUALITY = 15.0
# Of a long recording so much is looked at together: memory does not grow with its length.
PIECE_SAMPLES = 100_000
# Stretches named one by one in a sentence.
NAMED = 3

ABSENT = "no lead has samples"
JUMP = "the baseline shifts, as with a loose electrode"
STILL = "the trace is flat"
STILL_EVERYWHERE = "every lead is flat (electrodes off, or asystole)"
STILL_ALONE = "the trace is flat (electrodes off, or asystole)"
BEYOND = "the amplitude is outside the range of an ECG"
NOISE = "a burst of noise obscures the trace"


@dataclass(frozen=True)
class Limits:
    """From where on a trace is spoilt, one for each lead, shape (n_leads,), in its unit.

    Attributes
    ----------
    jump, beyond, mains : array
        A step of the baseline, a deflection, and the amplitude of mains; infinite for none.
    """

    jump: Array
    beyond: Array
    mains: Array


@dataclass(frozen=True, eq=False)
class Cleaned:
    """A recording's samples without what spoils a stretch.

    Attributes
    ----------
    signal : array of float32, shape (n_leads, n_samples)
        NaN where masked; the recording's own array where nothing was found.
    stretches : tuple of MaskedStretch
        In order of time.
    mains_hz : dict of str to float
        Leads from which mains was filtered, and its frequency.
    changed : array of bool, shape (n_leads,)
        Leads that are not as recorded.
    """

    signal: NDArray[np.float32]
    stretches: tuple[MaskedStretch, ...]
    mains_hz: dict[str, float]
    changed: Flags


def clean(recording: Recording, windows: Windows, limits: Limits) -> Cleaned:
    """Mask what spoils a stretch, and filter mains where it is strong.

    Parameters
    ----------
    recording : Recording
    windows : Windows
        Its figures.
    limits : Limits
    """
    fs_hz = recording.fs_hz
    mains_hz = _strong_mains(recording.leads, windows.lines, limits.mains)
    x = _without_mains(recording, mains_hz)
    lines, noise = windows.lines, windows.block_noise
    if mains_hz:
        bridged = filled(x, np.isfinite(recording.signal))
        lines = mains_lines(cut_windows(bridged, fs_hz), fs_hz)
        noise = block_noise(bridged, fs_hz)
        del bridged  # large, where a recording is long
    bursts = _bursts(noise, lines, fs_hz, windows, in_mv=recording.unit == MV)
    found = [[*_spoilt(row, fs_hz, limits, at), *bursts[at]] for at, row in enumerate(x)]
    found = [spans if _enough_left(row, spans) else [] for row, spans in zip(x, found, strict=True)]
    # What stands still in every lead at once is no part of any of them.
    everywhere = _everywhere(recording)
    found = [[*everywhere, *spans] for spans in found]
    masked = [_masked(row, spans, fs_hz) for row, spans in zip(x, found, strict=True)]
    changed = np.array([bool(spans) for spans in found])
    changed |= np.isin(recording.leads, list(mains_hz))
    signal = np.asarray(np.stack(masked), dtype=np.float32) if changed.any() else recording.signal
    return Cleaned(signal, _listed(recording, found), mains_hz, changed)


# ---- what spoils -----------------------------------------------------------------------------

Span = tuple[int, int, str]


def _strong_mains(
    leads: tuple[str, ...], lines: dict[float, Array], limit: Array
) -> dict[str, float]:
    """Return the leads in which mains is strong for a second or more, and its frequency."""
    names = {}
    for at, lead in enumerate(leads):
        strongest = {hz: float(line[at].max(initial=0.0)) for hz, line in lines.items()}
        hz = max(strongest, key=lambda each: strongest[each], default=0.0)
        if hz and strongest[hz] > limit[at]:
            names[lead] = hz
    return names


def _without_mains(recording: Recording, mains_hz: dict[str, float]) -> Array:
    """Return the samples with these frequencies filtered out of these leads."""
    out = recording.signal.astype(np.float64)
    for lead, hz in mains_hz.items():
        samples = recording.lead(lead)
        filtered = notch(samples, recording.fs_hz, hz, quality=NOTCH_QUALITY)
        out[recording.leads.index(lead)] = filtered
    return out


def _spoilt(row: Array, fs_hz: float, limits: Limits, at: int) -> list[Span]:
    return [
        *((a, b, STILL) for a, b in _still(row, fs_hz)),
        *((a, b, JUMP) for a, b in _jumps(row, fs_hz, limits.jump[at])),
        *((a, b, BEYOND) for a, b in _beyond(row, fs_hz, limits.beyond[at])),
    ]


def _still(row: Array, fs_hz: float) -> list[tuple[int, int]]:
    """Return where the trace does not change at all."""
    return _long_runs(row[1:] == row[:-1], fs_hz)


def _everywhere(recording: Recording) -> list[Span]:
    """Return where every lead stands still; nothing if that leaves too little to read."""
    signal = recording.signal
    same = signal[:, 1:] == signal[:, :-1]
    absent = np.isnan(signal)
    # A lead that is absent has no say.
    voiceless = absent[:, 1:] | absent[:, :-1]
    still = np.asarray((same | voiceless).all(axis=0) & same.any(axis=0))
    found = _long_runs(still, recording.fs_hz)
    left = recording.n_samples - sum(stop - start for start, stop in found)
    if left < MIN_READ_S * recording.fs_hz:
        return []
    return [(start, stop, STILL) for start, stop in found]


def _long_runs(still: Flags, fs_hz: float) -> list[tuple[int, int]]:
    runs = [(a, b + 1) for a, b in stretches(still, least=STILL_S / 2 * fs_hz)]
    least = STILL_S
    if runs and len(runs) >= OFTEN_HZ * still.size / fs_hz:
        usual_s = float(np.median([b - a for a, b in runs])) / fs_hz
        least = max(LONG_STILL_S, LONGER * usual_s)
    return [run for run in runs if run[1] - run[0] >= least * fs_hz]


def _jumps(row: Array, fs_hz: float, limit: float) -> Iterator[tuple[int, int]]:
    """Yield the surroundings of each abrupt, lasting change of level."""
    wide = max(2, round(JUMP_S * fs_hz))
    n = max(0, row.size - wide)
    changed = _flags(n, lambda a, b: _change(row, wide, a, b) > JUMP_SHARE * limit)
    # At the ends nobody sees what lasts.
    edge = round(JUMP_EDGE_S * fs_hz)
    changed[:edge] = changed[max(0, n - edge) :] = False
    found = []
    for start, stop in stretches(changed):
        change = _change(row, wide, start, stop)
        at, size = start + int(np.argmax(change)) + wide // 2, round(JUMP_LASTS_S * fs_hz)
        close = _level(row, at, wide, max(2, size // 10))
        if not (change.max() >= JUMP_SHARE * abs(close) and abs(close) > limit):
            continue
        far = _level(row, at, wide, size)
        if abs(far) > limit and close * far > 0:
            found.append(at)
    if len(found) > max(MAX_JUMPS, MAX_JUMPS * row.size / (10 * fs_hz)):
        return
    reach = max(wide, round(JUMP_MASK_S * fs_hz))
    yield from ((max(0, at - reach), min(row.size, at + reach)) for at in found)


def _flags(n: int, fails: Callable[[int, int], Flags]) -> Flags:
    """Return what ``fails(start, stop)`` says of ``n`` samples, asked piece after piece."""
    starts = range(0, n, PIECE_SAMPLES)
    parts = [fails(start, min(n, start + PIECE_SAMPLES)) for start in starts]
    return np.concatenate(parts) if parts else np.zeros(0, dtype=bool)


def _change(row: Array, wide: int, start: int, stop: int) -> Array:
    """Return the size of the change over ``wide`` samples; NaN, which is over nothing, at gaps."""
    return np.abs(row[start + wide : stop + wide] - row[start:stop])


def _level(row: Array, at: int, wide: int, n: int) -> float:
    """Return by how much the level changes at a place, over so many samples on either side."""
    before, after = row[max(0, at - wide - n) : at - wide], row[at + wide : at + wide + n]
    return _median(after) - _median(before)


def _median(values: Array) -> float:
    known = values[np.isfinite(values)]
    return float(median(known)) if known.size else float("nan")


def _beyond(row: Array, fs_hz: float, limit: float) -> Iterator[tuple[int, int]]:
    # Nothing is farther from the middle than one end of the range is from the other.
    if not np.fmax.reduce(row) - np.fmin.reduce(row) > limit:
        return
    middle = _median(row)
    far = _flags(row.size, lambda a, b: np.abs(row[a:b] - middle) > limit)
    reach = round(FLANK_S * fs_hz)
    for start, stop in stretches(far):
        yield max(0, start - reach), min(row.size, stop + reach)


def _bursts(
    noise: Array, lines: dict[float, Array], fs_hz: float, windows: Windows, *, in_mv: bool
) -> list[list[Span]]:
    """Return where noise above 40 Hz is far more than elsewhere in the lead, and covers it."""
    size = max(2, round(BLOCK_S * fs_hz))
    count = noise.shape[1]
    if count == 0:
        return [[] for _ in noise]
    # Mains that was left in is no burst.
    for line in lines.values():
        second = np.arange(count) * size // max(2, round(WINDOW_S * fs_hz))
        noise = (
            noise - MAINS_IN_NOISE * np.maximum(line, 0)[:, np.minimum(second, line.shape[1] - 1)]
        )
    qrs = np.nan_to_num(quantile(around(windows.qrs_span).T, 0.5))
    limit = np.maximum(BURST * np.median(noise, axis=1), BURST_OF_QRS * qrs)
    limit = np.maximum(limit, BURST_MV if in_mv else 0.0)
    return [
        [(a * size, b * size, NOISE) for a, b in stretches(blocks)]
        for blocks in noise > limit[:, None]
    ]


# ---- what is left ----------------------------------------------------------------------------


def _enough_left(row: Array, spans: list[Span]) -> bool:
    if not spans:
        return True
    masked = np.zeros(row.size, dtype=bool)
    for start, stop, _ in spans:
        masked[start:stop] = True
    present = np.isfinite(row)
    return bool((present & ~masked).sum() >= MIN_LEFT * max(1, present.sum()))


def _masked(row: Array, spans: list[Span], fs_hz: float) -> Array:
    """Return a lead with NaN in its spoilt stretches and no step from one side to the other."""
    if not spans:
        return row
    out = row.copy()
    for start, stop, _ in _joined(spans, fs_hz):
        out[start:stop] = np.nan
    size = round(LEVEL_S * fs_hz)
    for start, stop, cause in _joined(spans, fs_hz):
        if cause == JUMP:
            before, after = out[:start], out[stop:]
            before, after = before[np.isfinite(before)], after[np.isfinite(after)]
            if before.size and after.size:
                out[stop:] -= np.median(after[:size]) - np.median(before[-size:])
    return out


def _joined(spans: list[Span], fs_hz: float) -> list[Span]:
    """Join stretches that nearly touch; what was a jump anywhere is a jump."""
    out: list[Span] = []
    for start, stop, cause in sorted(spans):
        if out and start - out[-1][1] <= JOIN_S * fs_hz:
            first, last, words = out[-1]
            out[-1] = (first, max(last, stop), JUMP if JUMP in (words, cause) else words)
        else:
            out.append((start, stop, cause))
    return out


# ---- how it is said --------------------------------------------------------------------------


def _listed(recording: Recording, found: list[list[Span]]) -> tuple[MaskedStretch, ...]:
    """Return stretches, those of several leads at one time and of one cause as one."""
    fs_hz = recording.fs_hz
    every: list[MaskedStretch] = []
    by_cause: dict[str, list[tuple[int, int, int]]] = {}
    for at, spans in enumerate(found):
        for start, stop, cause in _told(spans, fs_hz):
            by_cause.setdefault(cause, []).append((start, stop, at))
    for cause, several in by_cause.items():
        every += _together(recording, cause, several)
    return in_order(every)


def _told(spans: list[Span], fs_hz: float) -> list[Span]:
    """Return joined stretches under the cause that takes most of their time."""
    out = []
    for start, stop, _ in _joined(spans, fs_hz):
        inside = [s for s in spans if s[0] >= start and s[1] <= stop]
        out.append((start, stop, max(inside, key=lambda s: s[1] - s[0])[2]))
    return out


def _together(
    recording: Recording, cause: str, several: list[tuple[int, int, int]]
) -> list[MaskedStretch]:
    groups: list[tuple[int, int, set[int]]] = []
    for start, stop, at in sorted(several):
        if groups and start <= groups[-1][1]:
            first, last, rows = groups[-1]
            groups[-1] = (first, max(last, stop), rows | {at})
        else:
            groups.append((start, stop, {at}))
    out = []
    for start, stop, rows in groups:
        leads = tuple(name for at, name in enumerate(recording.leads) if at in rows)
        words = cause
        if cause == STILL and len(leads) == recording.n_leads:
            words = STILL_EVERYWHERE if len(leads) > 1 else STILL_ALONE
        out.append(MaskedStretch(start / recording.fs_hz, stop / recording.fs_hz, leads, words))
    return out


def without_leads(cleaned: Cleaned, recording: Recording, bad: Flags) -> Cleaned:
    """Return the same with bad leads as they were recorded: what is not read needs no mask."""
    kept = cleaned.changed & ~bad
    names = tuple(name for name, is_so in zip(recording.leads, bad, strict=True) if is_so)
    some = []
    for stretch in cleaned.stretches:
        left = tuple(name for name in stretch.leads if name not in names)
        if left:
            some.append(replace(stretch, leads=left))
    signal = recording.signal
    if kept.any():
        signal = np.where(kept[:, None], cleaned.signal, recording.signal)
    mains_hz = {name: hz for name, hz in cleaned.mains_hz.items() if name not in names}
    return Cleaned(signal, tuple(some), mains_hz, kept)


def find_absent(recording: Recording) -> list[MaskedStretch]:
    """Return the stretches in which no lead has samples."""
    spans = absent_spans(recording.signal, recording.fs_hz)
    return [MaskedStretch(float(a), float(b), recording.leads, ABSENT) for a, b in spans]


def in_order(stretches_: list[MaskedStretch]) -> tuple[MaskedStretch, ...]:
    """Return stretches in order of time."""
    return tuple(sorted(stretches_, key=lambda s: (s.start_s, s.end_s)))


def describe(
    masked: tuple[MaskedStretch, ...], mains_hz: dict[str, float], leads: tuple[str, ...]
) -> list[str]:
    """Return one sentence for each cause and set of leads, with its stretches."""
    groups: dict[tuple[tuple[str, ...], str], list[MaskedStretch]] = {}
    for stretch in masked:
        groups.setdefault((stretch.leads, stretch.reason), []).append(stretch)
    out = []
    for (names, reason), some in groups.items():
        said = f"{_times(some)} {reason}; nothing is measured there."
        alone = reason in (ABSENT, STILL_EVERYWHERE)
        out.append(said[0].upper() + said[1:] if alone else f"{_subject(names, leads)}: {said}")
    for hz in sorted(set(mains_hz.values())):
        names = tuple(name for name in leads if mains_hz.get(name) == hz)
        out.append(
            f"{_subject(names, leads)}: {hz:.0f} Hz AC interference is filtered out for "
            "measurements, not in the trace shown."
        )
    return out


def _subject(names: tuple[str, ...], leads: tuple[str, ...]) -> str:
    return "All leads" if len(names) == len(leads) > 1 else ", ".join(names)


def _times(some: list[MaskedStretch]) -> str:
    named = [f"from {s.start_s:.1f} to {s.end_s:.1f} s" for s in some[:NAMED]]
    if len(some) > NAMED:
        total = sum(s.end_s - s.start_s for s in some)
        named.append(f"in {len(some) - NAMED} more stretches ({total:.0f} s in all)")
    return " and ".join([", ".join(named[:-1]), named[-1]] if len(named) > 1 else named)
