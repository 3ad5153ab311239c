"""Waves, intervals, amplitudes, rhythm: what is measured on a recording."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ecgcore.results.findings import Quality


@dataclass(frozen=True)
class Measurement:
    """One measured value, or the reason why there is none.

    Attributes
    ----------
    name, unit, method : str
    value, uncertainty : float or None
        Both in ``unit``; ``uncertainty`` is one standard deviation.
    lead : str or None
        The lead measured in, or None for a consensus.
    reason : str
        Empty when there is a value.
    edited_by : str
        Whose moved marks count in the value; empty when nobody's do.
    """

    name: str
    value: float | None
    unit: str
    uncertainty: float | None = None
    method: str = ""
    lead: str | None = None
    reason: str = ""
    edited_by: str = ""


# The nine times of a beat, in their order within it.
FIDUCIALS = (
    "p_onset",
    "p_peak",
    "p_offset",
    "qrs_onset",
    "r_peak",
    "qrs_offset",
    "t_onset",
    "t_peak",
    "t_offset",
)
BEAT_TYPES = ("normal", "supraventricular", "ventricular", "paced", "unknown")


@dataclass(frozen=True, eq=False)
class Fiducials:
    """Where the waves of each beat begin, peak and end, in one lead or as a consensus.

    Attributes
    ----------
    p_onset, p_peak, p_offset, qrs_onset, r_peak, qrs_offset, t_onset, t_peak, t_offset : array
        Shape (n_beats,), seconds from the recording's start; NaN where there is none.
    """

    p_onset: NDArray[np.float64]
    p_peak: NDArray[np.float64]
    p_offset: NDArray[np.float64]
    qrs_onset: NDArray[np.float64]
    r_peak: NDArray[np.float64]
    qrs_offset: NDArray[np.float64]
    t_onset: NDArray[np.float64]
    t_peak: NDArray[np.float64]
    t_offset: NDArray[np.float64]

    @classmethod
    def from_array(cls, values: NDArray[np.float64]) -> "Fiducials":
        """Return fiducials from an array of shape (9, n_beats), rows as in ``FIDUCIALS``."""
        return cls(*np.asarray(values, dtype=np.float64))

    def as_array(self) -> NDArray[np.float64]:
        """Return an array of shape (9, n_beats), rows as in ``FIDUCIALS``."""
        return np.stack([getattr(self, name) for name in FIDUCIALS])

    @property
    def n_beats(self) -> int:
        """Number of beats."""
        return int(self.r_peak.size)


@dataclass(frozen=True, eq=False)
class Beats:
    """Every beat of a recording.

    Attributes
    ----------
    consensus : Fiducials
        Of all readable leads together.
    leads : mapping of str to Fiducials
        Each readable lead by itself, beat by beat the same beats.
    types : tuple of str
        One of ``BEAT_TYPES`` a beat.
    rr_s : array, shape (n_beats,)
        RR interval before each beat in seconds; NaN for the first, and where signal between a beat
        and the one before it is absent.
    counted : array of bool, shape (n_beats,), or None
        The beats that intervals are made from; None where that was not kept: all.
    likeness : array, shape (n_beats,), or None
        Correlation of each QRS complex with the commonest of the heart's own; None where that was
        not kept.
    """

    consensus: Fiducials
    leads: Mapping[str, Fiducials]
    types: tuple[str, ...]
    rr_s: NDArray[np.float64]
    counted: NDArray[np.bool_] | None = None
    likeness: NDArray[np.float64] | None = None

    def between(self, start_s: float, stop_s: float) -> "Beats | None":
        """Return the beats of a stretch, in seconds from its start; None where there is none."""
        r_s = self.consensus.r_peak
        inside = np.flatnonzero((r_s >= start_s) & (r_s < stop_s))
        if inside.size == 0:
            return None

        def cut(points: Fiducials) -> Fiducials:
            return Fiducials.from_array(points.as_array()[:, inside] - start_s)

        return Beats(
            cut(self.consensus),
            {lead: cut(points) for lead, points in self.leads.items()},
            tuple(self.types[i] for i in inside),
            self.rr_s[inside],
            None if self.counted is None else self.counted[inside],
            None if self.likeness is None else self.likeness[inside],
        )


@dataclass(frozen=True, eq=False)
class MedianBeat:
    """The median of the dominant beats, in every lead.

    Attributes
    ----------
    values : array of float32, shape (n_leads, n_samples)
        In the recording's unit; zero is the level at the consensus QRS onset.
    leads : tuple of str
    fs_hz : float
    r_index : int
        The sample at which the consensus R peak stands.
    consensus : mapping of str to float
        Fiducial name -> seconds from the R peak; NaN where there is none.
    fiducials : mapping of str to mapping
        The same for each lead.
    n_beats : int
        How many beats it was made from.
    error : mapping of str to float
        Lead -> standard error of its values, in the recording's unit; infinite where that is not
        known.
    st_error : mapping of str to float
        The same of its mean level from QRS end to 80 ms later, from beat to beat.
    """

    values: NDArray[np.float32]
    leads: tuple[str, ...]
    fs_hz: float
    r_index: int
    consensus: Mapping[str, float]
    fiducials: Mapping[str, Mapping[str, float]]
    n_beats: int
    error: Mapping[str, float] = field(default_factory=dict)
    st_error: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class StLead:
    """ST deviation of one lead at the J point, against the level at QRS onset.

    ``threshold_mv`` is the elevation from which the universal definition counts this lead, None
    where it depends on an age or sex that is not known.  ``elevated`` and ``depressed`` are None
    where that cannot be told.
    """

    lead: str
    j_mv: float | None
    threshold_mv: float | None
    elevated: bool | None
    depressed: bool | None
    reason: str = ""


@dataclass(frozen=True)
class StDeviation:
    """ST deviation of the leads, and the contiguous leads that reach the thresholds together."""

    leads: tuple[StLead, ...] = ()
    elevation_in: tuple[str, ...] = ()
    depression_in: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True)
class VoltageCriterion:
    """One voltage criterion of left ventricular hypertrophy; ``met`` is None with a reason."""

    name: str
    value_mv: float | None
    threshold_mv: float | None
    met: bool | None
    source: str
    reason: str = ""


@dataclass(frozen=True)
class Reversal:
    """Suspected lead reversal.

    Attributes
    ----------
    kind : str
        ``"RA-LA"``, ``"RA-LL"``, ``"LA-LL"``, ``"V1-V2"`` ..., or ``"II flat"`` and the like.
    margin, limit : float
        How much better the leads fit with the exchange taken back, and from where it is said.
    evidence : str
        One or two sentences for the reader.
    """

    kind: str
    margin: float
    limit: float
    evidence: str


@dataclass(frozen=True, eq=False)
class Trend:
    """Intervals over time for long recordings: one row a stretch, NaN where none was measured.

    Attributes
    ----------
    time_s : array, shape (n,)
        Middle of each stretch.
    values : mapping of str to array, shape (n,)
        ``heart_rate`` in bpm, ``rr_mean``, ``pr``, ``qrs``, ``qt``, ``qtc_fridericia`` in ms.
    """

    time_s: NDArray[np.float64]
    values: Mapping[str, NDArray[np.float64]]


# From nothing at all to a silence between beats.
ALARM_KINDS = ("no signal", "asystole", "standstill", "no organised QRS", "pause")


@dataclass(frozen=True)
class RhythmAlarm:
    """A stretch in which the ventricles do not pump, as far as the trace tells.

    Attributes
    ----------
    kind : str
        One of ``ALARM_KINDS``: a line that does not move (asystole, or no electrode connected);
        no QRS complex (asystole); P waves without QRS; no organised QRS complexes (ventricular
        fibrillation, flutter, torsades); no QRS complex for three seconds and more.
    start_s, end_s : float
        A pause reaches from one complex to the next, or to the recording's edge.
    words : str
        One sentence for the reader.
    """

    kind: str
    start_s: float
    end_s: float
    words: str


@dataclass(frozen=True, eq=False)
class MeasureResult:
    """Everything measured on a recording.

    Attributes
    ----------
    measurements : tuple of Measurement
    beats : Beats
    quality : Quality
    amplitudes : mapping of str to mapping
        Lead -> deflection (``P, Q, R, S, R', J, J+40, J+60, J+80, T``) -> mV, or None where it is
        not there.  Empty with ``amplitude_reason`` where no amplitude is measured.
    median_beat : MedianBeat or None
    st : StDeviation
    lvh : tuple of VoltageCriterion
    hrv : tuple of Measurement
        For five minutes and more; else empty.
    trend : Trend or None
        For a minute and more.
    rhythm : str
        ``"regular"``, ``"irregular"``, ``"irregular without P"``, ``"paced"`` or ``"unknown"``;
        with what makes it so, as in ``"regularly irregular (bigeminy)"``
        (:mod:`ecgcore.measure.rhythm`).
    reversal : Reversal or None
        Suspected lead reversal, with the evidence.
    delineator : str
        What found the waves.
    notes : tuple of str
        What the reader should know: one sentence each.
    alarms : tuple of RhythmAlarm
        In order of time.
    """

    measurements: tuple[Measurement, ...]
    beats: Beats
    quality: Quality
    amplitudes: Mapping[str, Mapping[str, float | None]]
    median_beat: MedianBeat | None
    st: StDeviation
    lvh: tuple[VoltageCriterion, ...]
    hrv: tuple[Measurement, ...] = ()
    trend: Trend | None = None
    rhythm: str = "unknown"
    reversal: Reversal | None = None
    delineator: str = ""
    amplitude_reason: str = ""
    notes: tuple[str, ...] = ()
    alarms: tuple[RhythmAlarm, ...] = ()

    def measurement(self, name: str) -> Measurement | None:
        """Return the measurement called ``name``, or None if there is none."""
        every = (*self.measurements, *self.hrv)
        return next((m for m in every if m.name == name), None)
