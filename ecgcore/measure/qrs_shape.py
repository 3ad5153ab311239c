"""The shape of QRS in one lead of the median beat: its deflections in order, with their times.

Heights are against the level at QRS onset.  What counts as a deflection is told against the line
from QRS onset to J, so that a raised or depressed ST segment makes no wave of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgcore.measure.median_beat import SHORTEST_S, SMALLEST_MV, index_of
from ecgcore.results import MedianBeat

Array = NDArray[np.float64]

# Without a voltage, this part of the complex from peak to trough is the smallest wave.
SMALLEST_PART = 0.02
# And so many standard errors of the median beat.
NOISE_TIMES = 2.0
# A notch: the trace turns back by this part of the wave, and by twice the smallest wave.
NOTCH_PART = 0.04
# The last peak of a notched R counts as its peak from this part of the highest.
LAST_PEAK_PART = 0.85
# What is above (below) this part of a wave is its width at the foot.
FOOT_PART = 0.10


@dataclass(frozen=True)
class QrsWave:
    """One deflection.

    Attributes
    ----------
    height : float
        Against the level at QRS onset, in the recording's unit; negative below it.
    start_ms, peak_ms, stop_ms : float
        From QRS onset.  The peak is the last one of a notched wave.
    notches : int
        How often the trace turns back within it.
    """

    height: float
    start_ms: float
    peak_ms: float
    stop_ms: float
    notches: int = 0

    @property
    def duration_ms(self) -> float:
        """How long it lasts."""
        return self.stop_ms - self.start_ms


@dataclass(frozen=True)
class QrsShape:
    """QRS of one lead.

    Attributes
    ----------
    lead : str
    waves : tuple of QrsWave
        In their order.
    qrs_ms : float
        Of all leads together.
    """

    lead: str
    waves: tuple[QrsWave, ...]
    qrs_ms: float

    @property
    def r(self) -> QrsWave | None:
        """The first positive wave."""
        return next((wave for wave in self.waves if wave.height > 0), None)

    @property
    def q(self) -> QrsWave | None:
        """The negative wave before the first R; a QS too."""
        first = self.waves[0] if self.waves else None
        return first if first is not None and first.height < 0 else None

    @property
    def s(self) -> QrsWave | None:
        """The deepest negative wave after an R."""
        after = [w for at, w in enumerate(self.waves) if w.height < 0 and at > 0]
        return min(after, key=lambda wave: wave.height, default=None)

    @property
    def r_prime(self) -> QrsWave | None:
        """The last positive wave, where it follows an R and an S."""
        ups = [wave for wave in self.waves if wave.height > 0]
        return ups[-1] if len(ups) > 1 else None

    @property
    def tallest(self) -> QrsWave | None:
        """The tallest positive wave."""
        ups = [wave for wave in self.waves if wave.height > 0]
        return max(ups, key=lambda wave: wave.height, default=None)

    @property
    def terminal_s(self) -> QrsWave | None:
        """The last wave, where it is negative and follows an R."""
        last = self.waves[-1] if len(self.waves) > 1 else None
        return last if last is not None and last.height < 0 else None

    @property
    def top(self) -> float:
        """The height of the tallest R; 0 without one."""
        return 0.0 if self.tallest is None else self.tallest.height

    @property
    def depth(self) -> float:
        """The depth of the deepest Q, S or QS, positive; 0 without one."""
        return max((-wave.height for wave in self.waves if wave.height < 0), default=0.0)

    @property
    def span(self) -> float:
        """From the highest to the lowest point."""
        return self.top + self.depth

    @property
    def letters(self) -> str:
        """The waves as they are named, small ones in small letters, as in "rSR'"."""
        return name_waves(self.waves)


def name_waves(waves: Sequence[QrsWave]) -> str:
    """Return the waves' letters; those under half of the largest are small."""
    largest = max((abs(wave.height) for wave in waves), default=0.0)
    if len(waves) == 1 and waves[0].height < 0:
        return "QS"
    out, ups, downs = "", 0, 0
    for at, wave in enumerate(waves):
        if wave.height > 0:
            letter, ups = f"R{chr(39) * ups}", ups + 1
        elif at == 0:
            letter = "Q"
        else:
            letter, downs = f"S{chr(39) * downs}", downs + 1
        out += letter if abs(wave.height) >= largest / 2 else letter.lower()
    return out


def qrs_shape(beat: MedianBeat, lead: str, *, in_mv: bool = True) -> QrsShape | None:
    """Return the shape of QRS in one lead; None where it cannot be told.

    Parameters
    ----------
    beat : MedianBeat
    lead : str
    in_mv : bool
        False where the voltage is lost: waves are then told by their share of the complex.
    """
    onset, offset = beat.consensus["qrs_onset"], beat.consensus["qrs_offset"]
    if lead not in beat.leads or not (np.isfinite(onset) and np.isfinite(offset)):
        return None
    start, stop = index_of(beat, onset), index_of(beat, offset) + 1
    row = beat.values[beat.leads.index(lead)][start:stop].astype(np.float64)
    if row.size < 3 or not np.isfinite(row).all():
        return None
    error = beat.error.get(lead, 0.0)
    noise = NOISE_TIMES * error if np.isfinite(error) else 0.0
    smallest = max(SMALLEST_PART * float(np.ptp(row)), noise, SMALLEST_MV if in_mv else 0.0)
    step_ms = 1e3 / beat.fs_hz
    found = _waves(row, smallest, step_ms)
    return QrsShape(lead, tuple(found), 1e3 * (offset - onset))


def _waves(row: Array, smallest: float, step_ms: float) -> list[QrsWave]:
    straight = row - np.linspace(0.0, row[-1], row.size)
    cuts = np.flatnonzero(np.diff(np.sign(straight))) + 1
    found: list[QrsWave] = []
    for first, last in zip(np.r_[0, cuts], np.r_[cuts, row.size], strict=True):
        piece = straight[first:last]
        if piece.size * step_ms < 1e3 * SHORTEST_S or np.abs(piece).max() < smallest:
            continue
        wave = _wave(row, straight, slice(int(first), int(last)), smallest, step_ms)
        if found and np.sign(found[-1].height) == np.sign(wave.height):
            found[-1] = _join(found[-1], wave)
        else:
            found.append(wave)
    return found


def _join(one: QrsWave, other: QrsWave) -> QrsWave:
    """Return two waves of one side, with nothing of size between them, as one."""
    larger = max(one, other, key=lambda wave: abs(wave.height))
    notches = one.notches + other.notches + 1
    return QrsWave(larger.height, one.start_ms, larger.peak_ms, other.stop_ms, notches)


def _wave(row: Array, straight: Array, part: slice, smallest: float, step_ms: float) -> QrsWave:
    first = int(part.start)
    side = np.sign(straight[part].sum())
    piece = side * straight[part]
    tall = float(piece.max())
    peaks, notches = _peaks(piece, max(NOTCH_PART * tall, 2 * smallest))
    high = [at for at in peaks if piece[at] >= LAST_PEAK_PART * tall] or [int(piece.argmax())]
    at_height = first + int(piece.argmax())
    height = side * max(abs(float(row[at_height])), smallest)
    foot = np.flatnonzero(piece >= max(FOOT_PART * tall, min(smallest, tall)))
    return QrsWave(
        float(height),
        (first + int(foot[0])) * step_ms,
        (first + high[-1]) * step_ms,
        (first + int(foot[-1]) + 1) * step_ms,
        notches,
    )


def _peaks(piece: Array, least: float) -> tuple[list[int], int]:
    """Return the peaks that the trace turns back from by this much, and how many notches."""
    peaks: list[int] = []
    top, low = 0, 0
    rising = True
    for at, value in enumerate(piece):
        if rising:
            top = at if value > piece[top] else top
            if piece[top] - value >= least:
                peaks.append(top)
                rising, low = False, at
        else:
            low = at if value < piece[low] else low
            if value - piece[low] >= least:
                rising, top = True, at
    return peaks, max(0, len(peaks) - 1)


@dataclass(frozen=True)
class SlowStart:
    """How long QRS stays slow at its start, in ms from its onset.

    Attributes
    ----------
    third, half : float
        Until the steepness of all leads together reaches 30 and 50 % of its greatest.
    """

    third: float
    half: float


def slow_start(beat: MedianBeat, leads: Sequence[str]) -> SlowStart | None:
    """Return how slowly QRS begins: a delta wave is long, other starts are short.

    Parameters
    ----------
    beat : MedianBeat
    leads : sequence of str
        Each counts by its own size.
    """
    onset, offset = beat.consensus["qrs_onset"], beat.consensus["qrs_offset"]
    if not (np.isfinite(onset) and np.isfinite(offset)):
        return None
    first, last = index_of(beat, onset), index_of(beat, offset)
    rows = beat.values[[beat.leads.index(name) for name in leads]].astype(np.float64)
    rows = rows[np.isfinite(rows).all(axis=1)]
    if not rows.size or last - first < 5:
        return None
    rows /= np.maximum(np.ptp(rows[:, first : last + 1], axis=1, keepdims=True), 1e-6)
    over = max(1, round(0.004 * beat.fs_hz))
    steep = np.linalg.norm(rows[:, over:] - rows[:, :-over], axis=0)[max(0, first - 1) : last + 1]
    ms = [1e3 / beat.fs_hz * float(np.argmax(steep >= part * steep.max())) for part in (0.3, 0.5)]
    return SlowStart(*ms)


# A hump at the end of QRS: this long after the main R, up to this long after J.
HUMP_AFTER_R_S, HUMP_AFTER_J_S = 0.03, 0.04
HUMP_DIP_MV, HUMP_MOST_PART = 0.03, 0.65
ST_AFTER_HUMP_S = 0.06


def j_hump(beat: MedianBeat, shape: QrsShape) -> float:
    """Return how high a hump at the end of QRS stands above the ST segment; 0 without one.

    It follows the main R after a dip and is smaller, as in early repolarization and hypothermia.
    """
    r, offset = shape.tallest, beat.consensus["qrs_offset"]
    if r is None:
        return 0.0
    row = beat.values[beat.leads.index(shape.lead)].astype(np.float64)
    start = index_of(beat, beat.consensus["qrs_onset"])
    piece = row[start : index_of(beat, offset) + 1]
    main = start + int(piece.argmax())
    first = main + round(HUMP_AFTER_R_S * beat.fs_hz)
    last = min(index_of(beat, offset + HUMP_AFTER_J_S), row.size - 1)
    dip, top = _dip_and_top(row, main, first, last)
    after = min(row.size - 1, top + round(ST_AFTER_HUMP_S * beat.fs_hz))
    if row[top] - dip < HUMP_DIP_MV or row[top] > HUMP_MOST_PART * row[main]:
        return 0.0
    return max(0.0, float(row[top] - max(row[after], 0.0)))


def _dip_and_top(row: Array, main: int, first: int, last: int) -> tuple[float, int]:
    """Return the lowest point after the main peak, and the highest point after that."""
    if last <= first:
        return float(row[main]), main
    low = main + int(row[main:last].argmin())
    # The hump lies after a dip: of several the first rise counts.
    rise = np.diff(row[first:last])
    ups = np.flatnonzero(rise > 0)
    if ups.size:
        low = min(low, first + int(ups[0])) if low < first + int(ups[0]) else first + int(ups[0])
    top = low + int(row[low : last + 1].argmax())
    return float(row[low]), top
