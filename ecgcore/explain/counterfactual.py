"""Counterfactual by hand: change the recording and see what the model says then.

A lead that is dropped, and the stretch of a beat that is dropped, is marked as absent, as the model
was trained to see what is missing; nothing is cut out, so that the beats after it keep their time.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from ecgcore.checks import check_range
from ecgcore.errors import CannotAssessError, InvalidArgumentError
from ecgcore.inference.findings import combine_windows
from ecgcore.inference.loading import LoadedModel
from ecgcore.inference.runner import hear, read_for
from ecgcore.recording import Recording, Step
from ecgcore.results import Beats
from ecgcore.signal.filters import band

LOWEST_VOLTAGE, HIGHEST_VOLTAGE = 0.1, 5.0


@dataclass(frozen=True)
class Change:
    """What is done to a recording.

    Attributes
    ----------
    drop_leads : tuple of str
    drop_beats : tuple of int
        Counted from 0.
    voltage : float
        Factor, 0.1 to 5.
    high_pass_hz, low_pass_hz : float or None
    """

    drop_leads: tuple[str, ...] = ()
    drop_beats: tuple[int, ...] = ()
    voltage: float = 1.0
    high_pass_hz: float | None = None
    low_pass_hz: float | None = None

    @property
    def nothing(self) -> bool:
        """Whether nothing is changed."""
        return self == Change()


def changed_recording(recording: Recording, change: Change, beats: Beats | None) -> Recording:
    """Return the recording with a change, its step recorded.

    Parameters
    ----------
    beats : Beats or None
        Of the recording; needed where beats are dropped.

    Raises
    ------
    InvalidArgumentError
        If a lead or beat is not there, or the voltage is out of range.
    CannotAssessError
        If nothing would be left.
    """
    check_range("voltage", change.voltage, LOWEST_VOLTAGE, HIGHEST_VOLTAGE)
    signal = band(
        recording.signal,
        recording.fs_hz,
        high_pass_hz=change.high_pass_hz,
        low_pass_hz=change.low_pass_hz,
    ) * np.float32(change.voltage)
    for start_s, stop_s in _stretches(change.drop_beats, beats, recording.duration_s):
        signal[:, round(start_s * recording.fs_hz) : round(stop_s * recording.fs_hz)] = np.nan
    missing = [lead for lead in change.drop_leads if lead not in recording.leads]
    if missing:
        raise InvalidArgumentError(f"There is no lead {missing[0]!r} to drop.")
    signal[[recording.leads.index(lead) for lead in change.drop_leads]] = np.nan
    if not np.isfinite(signal).any():
        raise CannotAssessError("Nothing is left of the recording: keep a lead and a beat.")
    return recording.changed(signal, Step("counterfactual", asdict(change)))


def probabilities(
    model: LoadedModel, recording: Recording, *, leads: tuple[str, ...] | None = None
) -> Mapping[str, float]:
    """Return every label's probability, of all windows together as prediction puts them.

    Leads that are wholly absent take no part.

    Raises
    ------
    CannotAssessError
        If the model cannot run on what is left.
    """
    there = [n for n in leads or recording.leads if np.isfinite(recording.lead(n)).any()]
    reading = read_for(model, recording, leads=tuple(there))
    return as_probabilities(model, hear(model.network, reading.given, reading.pieces).logits)


def as_probabilities(model: LoadedModel, logits: NDArray[np.float64]) -> Mapping[str, float]:
    """Return every label's probability from the logits (n_pieces, n_labels) of a recording."""
    rules = model.card.labels
    together = combine_windows(logits, model.card.codes)
    return {r.code: r.probability(float(z)) for r, z in zip(rules, together, strict=True)}


def what_if(
    model: LoadedModel,
    recording: Recording,
    change: Change,
    *,
    beats: Beats | None = None,
    leads: tuple[str, ...] | None = None,
) -> Mapping[str, float]:
    """Return every label's probability on the changed recording.

    Parameters
    ----------
    leads : tuple of str, optional
        The leads that the model read of the recording as it is: a lead that was left out does not
        come back.

    Raises
    ------
    InvalidArgumentError, CannotAssessError
        As :func:`changed_recording` and :func:`probabilities`.
    """
    return probabilities(model, changed_recording(recording, change, beats), leads=leads)


def _stretches(
    which: tuple[int, ...], beats: Beats | None, duration_s: float
) -> list[tuple[float, float]]:
    """Return from where to where each beat reaches: midway to its neighbours' R peaks."""
    if not which:
        return []
    n_beats = 0 if beats is None else beats.consensus.n_beats
    if beats is None or not all(0 <= beat < n_beats for beat in which):
        raise InvalidArgumentError(f"Beats {which} are not all there; {n_beats} were found.")
    at = beats.consensus
    starts = np.where(np.isfinite(at.p_onset), at.p_onset, at.qrs_onset) - 0.02
    starts = np.where(np.isfinite(starts), starts, at.r_peak - 0.2)
    edges = np.concatenate([starts, [duration_s]])
    edges[0] = min(edges[0], edges[1])
    return [(max(0.0, float(edges[b])), float(edges[b + 1])) for b in which]
