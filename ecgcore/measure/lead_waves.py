"""What QRS, ST and T are in each lead of the median beat, as criteria of infarction ask for them.

All levels are against the level at QRS onset (Thygesen et al., Circulation 138:e618, 2018), as
means over 12 ms from J or the time after it, so that muscle noise moves them little.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgcore.measure.median_beat import index_of
from ecgcore.results import MedianBeat

Array = NDArray[np.float64]

# Levels are means over this long.
MEAN_S = 0.012
# Where QRS begins in a lead: its first deflection of this size.
EDGE_MV = 0.025
# Deflections that are waves of their own in criteria of Q, R and S.
WAVE_MV, WAVE_S = 0.05, 0.008
# T where its bounds were not found: from here after J, this long.
T_FROM_S, T_FOR_S = 0.08, 0.30
# A T that began with the ST segment is looked for from here.
T_LATE_S = 0.06
# A J wave is looked for so far before QRS end, on an R of this size, and what falls after it.
NOTCH_S, NOTCHED_R_MV, NOTCH_DROP_MV = 0.040, 0.3, 0.04
SMOOTH_S, NOTCH_ERRORS = 0.008, 4.0
# A J wave of 0.1 mV, of which the smoothing over 8 ms takes a fifth.  Not in V1 to V3: there a late
# deflection is the right ventricle's.
NOTCH_MV = 0.08
NOTCHED_IN = ("I", "II", "III", "aVR", "-aVR", "aVL", "aVF", "V4", "V5", "V6")
# The level before P, and the PR segment, as means over this long.
TP_S, PR_S = 0.03, 0.02


@dataclass(frozen=True, kw_only=True)
class LeadWaves:
    """One lead of the median beat; mV and ms, against the level at QRS onset.

    Attributes
    ----------
    lead : str
    q_mv, q_ms : float
        First deflection where it is negative (0 or less), and how long; of a QS the whole.
    r_mv, r_ms : float
        Largest positive deflection, and how long.
    s_mv : float
        Largest negative deflection after an R (0 or less).
    last_mv : float
        Last deflection of QRS, signed.
    j_mv, j40_mv, j60_mv, j80_mv : float
    t_mv : float
        Largest deflection of T, signed.
    t_up_mv, t_down_mv : float
        Highest value of T, and the lowest one after it (biphasic: one above 0, one below).
    t_width_ms : float
        Width of T at half its size.
    t_peak_ms : float
        From J to the largest deflection.
    bow_mv : float
        How far ST lies above the chord from J to the peak of T: below 0, concave upwards.
    pr_mv : float or None
        PR segment against the level before P; None without P.
    notch_mv : float
        Height of a notch or slur at the end of QRS, 0 without one.
    error_mv : float
        Standard error of the ST level between J and J + 80 ms.
    """

    lead: str
    q_mv: float = 0.0
    q_ms: float = 0.0
    r_mv: float = 0.0
    r_ms: float = 0.0
    s_mv: float = 0.0
    last_mv: float = 0.0
    j_mv: float = 0.0
    j40_mv: float = 0.0
    j60_mv: float = 0.0
    j80_mv: float = 0.0
    t_mv: float = 0.0
    t_up_mv: float = 0.0
    t_down_mv: float = 0.0
    t_width_ms: float = 0.0
    t_peak_ms: float = 0.0
    bow_mv: float = 0.0
    pr_mv: float | None = None
    notch_mv: float = 0.0
    error_mv: float = 0.0

    @property
    def is_qs(self) -> bool:
        """Whether QRS has no positive deflection."""
        return self.q_mv < 0 and self.r_mv < WAVE_MV

    @property
    def depth_mv(self) -> float:
        """Largest negative deflection of QRS, as a positive number."""
        return -min(self.q_mv, self.s_mv)

    @property
    def qrs_mv(self) -> float:
        """QRS from its lowest to its highest point."""
        return self.r_mv + self.depth_mv

    @property
    def onset_mv(self) -> float:
        """ST where it begins: J, or after a notch that would count as ST the level behind it.

        Macfarlane et al. (2015) end a notch where its fall ends; J here is where QRS of all leads
        ends, which can be its peak.
        """
        return min(self.j_mv, self.j40_mv) if self.is_notched else self.j_mv

    @property
    def is_notched(self) -> bool:
        """Whether QRS ends with the notch or slur of early repolarization."""
        return self.notch_mv >= NOTCH_MV and self.lead in NOTCHED_IN

    @property
    def st_mv(self) -> float:
        """The shift that J and what follows it share: J, or J + 60 ms where that is less."""
        if self.j_mv * self.j60_mv <= 0:
            return 0.0
        return min(self.j_mv, self.j60_mv, key=abs)


def read_waves(beat: MedianBeat | None, bad_leads: tuple[str, ...] = ()) -> dict[str, LeadWaves]:
    """Return the waves of every readable lead; empty where QRS has no onset or end.

    Parameters
    ----------
    beat : MedianBeat or None
        In mV.
    bad_leads : tuple of str
    """
    if (
        beat is None
        or not np.isfinite([beat.consensus["qrs_onset"], beat.consensus["qrs_offset"]]).all()
    ):
        return {}
    return {
        lead: _read_lead(lead, row, beat)
        for lead, row in zip(beat.leads, beat.values.astype(np.float64), strict=True)
        if lead not in bad_leads and np.isfinite(row).all()
    }


def _read_lead(lead: str, row: Array, beat: MedianBeat) -> LeadWaves:
    onset, j = (index_of(beat, beat.consensus[name]) for name in ("qrs_onset", "qrs_offset"))
    levels = {f"j{ms or ''}_mv": _level(row, beat, j, ms / 1e3) for ms in (0, 40, 60, 80)}
    return LeadWaves(
        lead=lead,
        **_qrs(row[onset : j + 1], beat.fs_hz, levels["j_mv"]),
        **levels,
        **_t_wave(row, beat, j),
        pr_mv=_pr_level(row, beat),
        notch_mv=_notch(row, beat, j, NOTCH_ERRORS * beat.error.get(lead, 0.0)),
        error_mv=beat.st_error.get(lead, np.inf),
    )


def _level(row: Array, beat: MedianBeat, j: int, after_s: float) -> float:
    at = j + round(after_s * beat.fs_hz)
    part = row[at : at + max(1, round(MEAN_S * beat.fs_hz))]
    return float(part.mean()) if part.size else 0.0


def _qrs(part: Array, fs_hz: float, j_mv: float) -> dict[str, float]:
    """Return Q, R, S and the last deflection of one complex."""
    waves = _deflections(part, fs_hz)
    # What only rises or falls to the level of J is the ST segment, begun before QRS end.
    last = waves[-1][0] if waves else 0.0
    if len(waves) > 1 and last * j_mv > 0 and abs(last) <= abs(j_mv) + WAVE_MV:
        waves.pop()
    out = {"last_mv": waves[-1][0] if waves else 0.0}
    if waves and waves[0][0] < 0:
        out["q_mv"], out["q_ms"] = waves[0]
    ups = [wave for wave in waves if wave[0] > 0]
    if ups:
        out["r_mv"], out["r_ms"] = max(ups)
        first = waves.index(ups[0])
        out["s_mv"] = min((mv for mv, _ in waves[first:]), default=0.0)
        out["s_mv"] = min(0.0, out["s_mv"])
    return out


def _deflections(part: Array, fs_hz: float) -> list[tuple[float, float]]:
    """Return the deflections in their order: size in mV, length in ms at the edge's level."""
    sign = np.sign(part) * (np.abs(part) >= EDGE_MV)
    known = np.flatnonzero(sign)
    if known.size == 0:
        return []
    cuts = np.flatnonzero(np.diff(sign[known])) + 1
    out = []
    for piece in np.split(known, cuts):
        inside = part[piece[0] : piece[-1] + 1]
        size = float(inside[np.argmax(np.abs(inside))])
        if abs(size) >= WAVE_MV and inside.size >= WAVE_S * fs_hz:
            out.append((size, 1e3 * inside.size / fs_hz))
    return out


def _t_wave(row: Array, beat: MedianBeat, j: int) -> dict[str, float]:
    onset, offset = beat.consensus["t_onset"], beat.consensus["t_offset"]
    start = j + round(T_LATE_S * beat.fs_hz)
    stop = start + round(T_FOR_S * beat.fs_hz)
    if np.isfinite(onset) and np.isfinite(offset):
        start = max(start, min(index_of(beat, onset), j + round(T_FROM_S * beat.fs_hz)))
        stop = index_of(beat, offset)
    part = row[start:stop]
    if part.size < 3:
        return {}
    peak = int(np.argmax(np.abs(part)))
    top = int(np.argmax(part))
    size = float(part[peak])
    beyond = np.flatnonzero(part * np.sign(size) < abs(size) / 2)
    before, after = beyond[beyond < peak], beyond[beyond > peak]
    first = before[-1] if before.size else 0
    last = after[0] if after.size else part.size - 1
    return {
        "t_mv": size,
        "t_up_mv": max(0.0, float(part[top])),
        "t_down_mv": min(0.0, float(part[top:].min())),
        "t_width_ms": 1e3 * (last - first) / beat.fs_hz,
        "t_peak_ms": 1e3 * (start + peak - j) / beat.fs_hz,
        "bow_mv": _bow(row, beat.fs_hz, j, start + peak),
    }


def _pr_level(row: Array, beat: MedianBeat) -> float | None:
    onset, offset, qrs = (beat.consensus[n] for n in ("p_onset", "p_offset", "qrs_onset"))
    if not np.isfinite([onset, offset]).all():
        return None
    first = index_of(beat, onset)
    before = row[max(0, first - round(TP_S * beat.fs_hz)) : first]
    stop = index_of(beat, qrs)
    segment = row[max(first, stop - round(PR_S * beat.fs_hz)) : stop]
    if before.size == 0 or segment.size == 0:
        return None
    return float(segment.mean() - before.mean())


def _notch(row: Array, beat: MedianBeat, j: int, noise_mv: float) -> float:
    """Return the height of a notch or slur on the falling end of an R wave.

    A notch is a second peak after R, a slur a shoulder: the fall slows to less than half of its
    steepest and steepens again (Macfarlane et al., J Am Coll Cardiol 66:470, 2015).
    """
    reach, size = round(NOTCH_S * beat.fs_hz), max(1, round(SMOOTH_S * beat.fs_hz))
    onset = index_of(beat, beat.consensus["qrs_onset"])
    peak = onset + int(np.argmax(row[onset : j + 1]))
    if row[peak] < NOTCHED_R_MV or peak >= j - 2:
        return 0.0
    smooth = np.convolve(row[peak : j + reach // 2 + size], np.ones(size) / size, "same")
    fall = -np.diff(smooth[: j + reach // 2 - peak])
    if fall.size < 5 or fall.max() <= 0:
        return 0.0
    steepest, first = int(np.argmax(fall)), max(0, j - reach - peak)
    heights = [0.0]
    for at in range(max(steepest, first) + 1, fall.size - 1):
        slowest = fall[at] <= fall[at - 1] and fall[at] < fall[at + 1]
        again = fall[at + 1 :].max()
        # Of a notch the second peak, of a slur where the fall is slowest.
        top = at + int(np.argmax(fall[at:] >= 0)) if fall[at] < 0 else at
        drop = smooth[top] - smooth[top + 1 :].min()
        if slowest and again >= 1.5 * max(fall[at], 0.0) and drop >= max(NOTCH_DROP_MV, noise_mv):
            heights.append(float(smooth[top : top + size + 1].max()))
    return max(heights)


def _bow(row: Array, fs_hz: float, j: int, peak: int) -> float:
    """Return how far ST lies above the chord from J to the peak of T, in the middle third."""
    if peak - j < 6:
        return 0.0
    part = row[j : peak + 1]
    above = part - np.linspace(part[: max(1, round(MEAN_S * fs_hz))].mean(), part[-1], part.size)
    third = part.size // 3
    return float(above[third : part.size - third].mean())
