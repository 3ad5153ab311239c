"""Waves and beats as places: which wave of which beat every sample of every lead belongs to."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgcore.results import Beats, Fiducials

WAVES = ("P", "PR", "QRS", "ST", "T", "baseline")
_NO_BEAT = -1
_BASELINE = WAVES.index("baseline")


@dataclass(frozen=True, eq=False)
class Places:
    """The wave and the beat of each sample.

    Attributes
    ----------
    wave : array of int8, shape (L, T)
        Index into :data:`WAVES`; what is no wave is baseline.
    beat : array of int32, shape (L, T)
        Which beat, counted from 0; -1 before the first and where there is none.  The baseline
        before a P belongs to the beat of that P.
    n_beats : int
    """

    wave: NDArray[np.int8]
    beat: NDArray[np.int32]
    n_beats: int

    @property
    def qrs(self) -> NDArray[np.bool_]:
        """Where a QRS complex stands, shape (L, T)."""
        return np.asarray(self.wave == WAVES.index("QRS"))


def places(beats: Beats, leads: Sequence[str], n_samples: int, fs_hz: float) -> Places:
    """Return the wave and the beat of every sample.

    Parameters
    ----------
    beats : Beats
    leads : sequence of str
        One for each row; a lead without waves of its own takes the consensus.
    n_samples : int
    fs_hz : float
    """
    wave = np.full((len(leads), n_samples), _BASELINE, dtype=np.int8)
    beat = np.full(wave.shape, _NO_BEAT, dtype=np.int32)
    for row, lead in enumerate(leads):
        own = _filled(beats.leads.get(lead), beats.consensus)
        _mark(wave[row], beat[row], own, fs_hz)
    return Places(wave, beat, beats.consensus.n_beats)


def _filled(own: Fiducials | None, consensus: Fiducials) -> Fiducials:
    """Return a lead's fiducials; a beat whose QRS is not found in it takes the consensus."""
    if own is None:
        return consensus
    values, joint = own.as_array(), consensus.as_array()
    lost = ~np.isfinite(own.qrs_onset + own.qrs_offset)
    values[:, lost] = joint[:, lost]
    return Fiducials.from_array(values)


def _mark(wave: NDArray[np.int8], beat: NDArray[np.int32], at: Fiducials, fs_hz: float) -> None:
    spans = {
        "PR": (at.p_offset, at.qrs_onset),
        "P": (at.p_onset, at.p_offset),
        "ST": (at.qrs_offset, at.t_onset),
        "T": (at.t_onset, at.t_offset),
        "QRS": (at.qrs_onset, at.qrs_offset),
    }
    ends = np.where(np.isfinite(at.t_offset), at.t_offset, at.qrs_offset)
    # From the end of one beat on, the baseline belongs to the next.
    edges = np.concatenate([[-np.inf], ends])
    for index in range(at.n_beats):
        low, high = _index(edges[index], fs_hz, wave.size), _index(ends[index], fs_hz, wave.size)
        beat[max(low, 0) : high] = index
    for name, (first, last) in spans.items():
        for start_s, stop_s in zip(first, last, strict=True):
            if np.isfinite(start_s) and np.isfinite(stop_s):
                low, high = _index(start_s, fs_hz, wave.size), _index(stop_s, fs_hz, wave.size)
                wave[low:high] = WAVES.index(name)


def _index(at_s: float, fs_hz: float, n_samples: int) -> int:
    if not np.isfinite(at_s):
        return 0 if at_s < 0 else n_samples
    return int(np.clip(round(at_s * fs_hz), 0, n_samples))
