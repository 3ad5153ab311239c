"""How each beat differs from the same heart's usual beat: in shape and in timing.

Nothing here is learned.  The usual beat is the median of the most numerous beats of one shape, a
beat is compared with it after the best shift and gain, and RR with the RR around it, relative to
how disordered the rhythm is.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ecgcore.signal.rr import absent_spans, rr_before

Array = NDArray[np.float64]
Numbers = NDArray[np.intp]

# Seconds around R: what is compared, and within it the complex that decides which beats are alike.
WINDOW_S = (-0.25, 0.45)
QRS_S = (-0.08, 0.10)
SHIFT_S = 0.03
# A beat whose R peak stands nearer to the record's end than this is not compared.
EDGE_S = 0.12
GAIN = (0.75, 1.33)
# Correlation over all leads from which two complexes are of one shape.
ALIKE = 0.9
# Beats that the most numerous shape is looked for among, and that a usual beat is made from.
SAMPLE, AROUND = 80, 60
# Beats on either side that count as "around" for RR.
NEAR, FAR = 6, 20
# A residual is compared with what is usual in this lead, and never with less than this part of
# the usual beat's own size.
FLOOR = 0.08


@dataclass(frozen=True, eq=False)
class OwnBeat:
    """Every beat beside the usual one.

    Attributes
    ----------
    r : array of int, shape (n_beats,)
        Samples of the R peaks.
    usual : array, shape (n_leads, n_samples)
        The usual beat put at every R peak, NaN between beats.
    residual : array, shape (n_leads, n_samples)
        The absolute difference to it, in multiples of what is usual in this lead; 0 between beats.
    shape : array, shape (n_leads, n_beats)
        The same for a whole beat.
    early : array, shape (n_beats,)
        By which part of RR a beat comes before its time, relative to the rhythm's disorder.
    late : array, shape (n_beats,)
        By which part of RR it comes after its time, likewise.
    disorder : array, shape (n_beats,)
        How far RR differs from the nearest of the three before it, as a part of itself.
    rr_s : array, shape (n_beats,)
        RR before each beat; NaN for the first and over absent samples.
    """

    r: Numbers
    usual: Array
    residual: Array
    shape: Array
    early: Array
    late: Array
    disorder: Array
    rr_s: Array


def own_beat(x: NDArray[np.float32], fs_hz: float, r_s: Array) -> OwnBeat:
    """Compare every beat with the usual one.

    Parameters
    ----------
    x : array, shape (n_leads, n_samples)
        Filtered; NaN where absent.
    fs_hz : float
    r_s : array, shape (n_beats,)
        R peaks in seconds.
    """
    filled = np.nan_to_num(np.asarray(x, dtype=np.float64))
    r = np.round(np.asarray(r_s) * fs_hz).astype(np.intp)
    r = r[(r >= 0) & (r < x.shape[1])]
    rr_s = rr_before(r / fs_hz, absent_spans(x, fs_hz))
    early, late, disorder = _timing(rr_s)
    usual = np.full(filled.shape, np.nan)
    residual = np.zeros(filled.shape)
    shape = np.ones((filled.shape[0], r.size))
    if r.size >= 3:
        cut = _Cut(filled, fs_hz, r)
        own = _own_shape(cut)
        fitted = _fitted(cut, own)
        usual, residual, shape = _compared(cut, fitted, own, filled)
    return OwnBeat(r, usual, residual, shape, early, late, disorder, rr_s)


# --- timing -------------------------------------------------------------------------------------


def _timing(rr: Array) -> tuple[Array, Array, Array]:
    if np.isfinite(rr).sum() < 3:
        return np.zeros(rr.size), np.zeros(rr.size), np.zeros(rr.size)
    differences = np.stack([np.abs(rr - _before(rr, k)) for k in (1, 2, 3)])
    least = np.nanmin(np.where(np.isfinite(differences), differences, np.inf), axis=0) / rr
    least = np.where(np.isfinite(least), least, 0.0)
    disorder = ndimage.median_filter(least, size=min(2 * FAR + 1, rr.size), mode="nearest")
    usual = _running(rr, NEAR, 60)
    short = np.clip(1 - rr / usual, -1, 0.6)
    step = np.clip(1 - rr / np.fmax(_before(rr, 1), 1e-3), -1, 0.6)
    # A run of early beats shortens what is usual: the slower rhythm around counts as well.
    slow = np.clip(1 - rr / _running(rr, FAR, 75), -1, 0.6)
    early = np.fmax(short, np.fmin(slow, np.fmax(step, short)))
    scale = 0.03 + 1.5 * disorder
    known = np.isfinite(rr)
    return (
        np.where(known, np.maximum(early, 0) / scale, 0.0),
        np.where(known, np.maximum(-short, 0) / scale, 0.0),
        disorder,
    )


def _before(values: Array, by: int) -> Array:
    return np.concatenate((np.full(by, np.nan), values))[: values.size]


def _running(values: Array, reach: int, percent: float) -> Array:
    filled = np.where(np.isfinite(values), values, np.nanmedian(values))
    size = min(2 * reach + 1, filled.size)
    return np.asarray(ndimage.percentile_filter(filled, percent, size=size, mode="nearest"))


# --- shape --------------------------------------------------------------------------------------


class _Cut:
    """The beats cut out of the leads, each less its own level."""

    def __init__(self, x: Array, fs_hz: float, r: Numbers) -> None:
        self.r, self.fs_hz = r, fs_hz
        self.before = round(-WINDOW_S[0] * fs_hz)
        self.after = round(WINDOW_S[1] * fs_hz)
        self.play = max(1, round(SHIFT_S * fs_hz))
        margin = self.play + 1
        padded = np.pad(x, ((0, 0), (self.before + margin, self.after + margin)))
        at = r[:, None] + np.arange(self.before + self.after + 1 + 2 * margin)
        # (L, K, W + 2 * margin): room to shift.
        self.wide = padded[:, at]
        # A beat cut off by the record's end is judged by what is there, if its QRS is.
        place = r[:, None] + np.arange(-self.before, self.after + 1)
        self.inside = ((place >= 0) & (place < x.shape[1])).astype(np.float64)
        whole = round(EDGE_S * fs_hz)
        self.whole = (r >= whole) & (r < x.shape[1] - whole)
        self.margin = margin
        start, stop = (round((s - WINDOW_S[0]) * fs_hz) for s in QRS_S)
        self.qrs = slice(start, stop + 1)

    @property
    def beats(self) -> Array:
        """(L, K, W)."""
        cut = self.wide[:, :, self.margin : -self.margin]
        return np.asarray(cut - np.median(cut, axis=2, keepdims=True))


def _flat(beats: Array, part: slice) -> Array:
    """Return the complexes of all leads side by side, each of length 1, (K, L * W')."""
    scale = np.sqrt(np.square(beats[:, :, part]).mean(axis=(1, 2), keepdims=True))
    rows = (beats[:, :, part] / np.maximum(scale, 1e-9)).transpose(1, 0, 2)
    flat = rows.reshape(rows.shape[0], -1)
    flat = flat - flat.mean(axis=1, keepdims=True)
    return np.asarray(flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-9))


def _own_shape(cut: _Cut) -> NDArray[np.bool_]:
    """Mark the beats of the most numerous shape."""
    rows = _flat(cut.beats, cut.qrs)
    chosen = np.linspace(0, len(rows) - 1, min(SAMPLE, len(rows))).round().astype(int)
    alike = rows[chosen] @ rows[chosen].T
    middle = chosen[int(np.argmax((alike > ALIKE).sum(axis=1) + 1e-3 * alike.sum(axis=1)))]
    own = rows @ rows[middle] > ALIKE
    if own.sum() >= 3:
        centre = np.median(rows[own], axis=0)
        own = rows @ (centre / max(float(np.linalg.norm(centre)), 1e-9)) > ALIKE
    return np.asarray(own if own.sum() >= 3 else np.ones(len(rows), dtype=bool))


def _fitted(cut: _Cut, own: NDArray[np.bool_]) -> Array:
    """Return the usual beat around each beat, (L, K, W)."""
    beats = cut.beats
    members = np.flatnonzero(own)
    out = np.empty_like(beats)
    knots = np.arange(0, members.size, AROUND)
    made = []
    for knot in knots:
        some = members[max(0, knot - AROUND // 2) : knot + AROUND + AROUND // 2]
        made.append(np.median(beats[:, some], axis=1))
    nearest = np.searchsorted(members, np.arange(beats.shape[1]))
    which = np.minimum(nearest // AROUND, len(knots) - 1)
    for at, template in enumerate(made):
        out[:, which == at] = template[:, None]
    return out


def _compared(
    cut: _Cut, usual: Array, own: NDArray[np.bool_], x: Array
) -> tuple[Array, Array, Array]:
    _, n_beats, width = usual.shape
    best = np.full(n_beats, np.inf)
    error = np.zeros_like(usual)
    fit = usual.copy()
    for shift in range(-cut.play, cut.play + 1):
        start = cut.margin + shift
        beats = cut.wide[:, :, start : start + width]
        beats = beats - np.median(beats, axis=2, keepdims=True)
        seen = usual * cut.inside
        power = np.square(seen).sum(axis=(0, 2))
        gain = np.clip((beats * seen).sum(axis=(0, 2)) / np.maximum(power, 1e-12), *GAIN)
        left = (beats - gain[None, :, None] * usual) * cut.inside
        size = np.square(left).sum(axis=(0, 2))
        better = size < best
        best[better] = size[better]
        error[:, better] = left[:, better]
        fit[:, better] = (beats - left)[:, better]
    error[:, ~cut.whole] = 0.0
    rms = np.sqrt(np.square(error).mean(axis=2))
    size_of = np.sqrt(np.square(usual).mean(axis=(1, 2)))
    typical = np.median(rms[:, own], axis=1) if own.any() else rms.mean(axis=1)
    scale = np.maximum(typical, FLOOR * size_of) + 1e-9
    return (*_put_back(cut, fit, np.abs(error) / scale[:, None, None], x), rms / scale[:, None])


def _put_back(cut: _Cut, fit: Array, error: Array, x: Array) -> tuple[Array, Array]:
    """Lay beats back into time; where two meet, each has its own half."""
    n = x.shape[1]
    middle = (cut.r[1:] + cut.r[:-1]) // 2
    first = np.concatenate(([0], middle))
    last = np.concatenate((middle, [n]))
    usual, residual = np.full(x.shape, np.nan), np.zeros(x.shape)
    for beat, at in enumerate(cut.r):
        start = max(at - cut.before, first[beat], 0)
        stop = min(at + cut.after + 1, last[beat], n)
        if stop <= start:
            continue
        part = slice(start - at + cut.before, stop - at + cut.before)
        level = np.median(x[:, start:stop], axis=1, keepdims=True)
        usual[:, start:stop] = fit[:, beat, part] + level
        residual[:, start:stop] = error[:, beat, part]
    return usual, residual
