"""What measuring, predicting and explaining return; numpy only."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


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
    """

    name: str
    value: float | None
    unit: str
    uncertainty: float | None = None
    method: str = ""
    lead: str | None = None
    reason: str = ""


@dataclass(frozen=True)
class MaskedStretch:
    """A stretch in which some leads are not measured, or have no samples.

    Attributes
    ----------
    start_s, end_s : float
    leads : tuple of str
    reason : str
        What spoils it, in words.
    """

    start_s: float
    end_s: float
    leads: tuple[str, ...]
    reason: str


@dataclass(frozen=True)
class Quality:
    """Signal quality of a recording.

    Attributes
    ----------
    acceptable : bool
        Whether the recording as a whole can be read.
    bad_leads : tuple of str
    reasons : tuple of str
        One plain sentence for each thing found, naming the lead.
    masked : tuple of MaskedStretch
        Stretches of readable leads that are left out, and those in which no lead has samples, in
        order of time.
    """

    acceptable: bool
    bad_leads: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    masked: tuple[MaskedStretch, ...] = ()


@dataclass(frozen=True)
class Finding:
    """A model's word on one statement.

    Attributes
    ----------
    code, name : str
    probability : float
        From 0 to 1; calibrated only if ``calibrated``.
    calibrated : bool
        False where too few positives were there to calibrate: show words, not the number.
    threshold : float
        On the same scale as ``probability``.
    finding : bool or None
        True flagged, False not flagged (never "absent"), None cannot be assessed.
    reason : str
        Why ``finding`` is None, or what limits it; may be empty.
    """

    code: str
    name: str
    probability: float
    calibrated: bool
    threshold: float
    finding: bool | None
    reason: str = ""


@dataclass(frozen=True)
class NotAssessed:
    """A stretch of a long recording about which a model says nothing, and why."""

    start_s: float
    end_s: float
    reason: str


@dataclass(frozen=True)
class Prediction:
    """Findings of one model on one recording.

    Attributes
    ----------
    model : str
    leads_used : tuple of str
    findings : tuple of Finding
        In the order of the model's statements.
    abstained : bool
        Whether the model says nothing about any statement.
    abstain_reason : str
    quality : Quality
    windows : tuple of Window
        Of a recording that was read in windows, where they were asked for.
    not_assessed : tuple of NotAssessed
        Stretches that the findings do not cover.
    """

    model: str
    leads_used: tuple[str, ...]
    findings: tuple[Finding, ...]
    abstained: bool
    abstain_reason: str
    quality: Quality
    windows: tuple["Window", ...] = ()
    not_assessed: tuple[NotAssessed, ...] = ()

    def finding(self, code: str) -> Finding | None:
        """Return the finding on a statement, or None where the model has none on it."""
        return next((f for f in self.findings if f.code == code), None)


@dataclass(frozen=True)
class Window:
    """Findings within a stretch of a long recording."""

    start_s: float
    end_s: float
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class SelfCheck:
    """One check of an explanation: a figure, and whether it passed.

    ``passed`` is None where the check states a figure without a limit.  A passed check means
    "faithful to the model", never "correct".
    """

    name: str
    value: float
    passed: bool | None
    words: str = ""


@dataclass(frozen=True, eq=False)
class LeadValues:
    """What each lead is worth to a logit: Shapley values of whole leads.

    Attributes
    ----------
    players : tuple of str
        The leads that stand for themselves; the other limb leads follow the first two.
    values : array, shape (n_players,)
        In units of the logit; together the logit less ``empty``.
    interactions : array, shape (n_players, n_players)
        Shapley interaction index of each pair; zero on the diagonal.
    groups : tuple of str
        Second view: the limb plane as one, and each chest lead.
    group_values : array, shape (n_groups,)
    empty : float
        The logit before any lead is seen.
    """

    players: tuple[str, ...]
    values: NDArray[np.float64]
    interactions: NDArray[np.float64]
    groups: tuple[str, ...]
    group_values: NDArray[np.float64]
    empty: float


@dataclass(frozen=True, eq=False)
class Attribution:
    """Where a model looked, on the recording's own leads and samples.

    Attributes
    ----------
    values : array of float32, shape (n_leads, n_samples)
        Zero where the model saw nothing; signed for signed methods.
    leads : tuple of str
    fs_hz : float
    method, label, model : str
    self_check : tuple of SelfCheck
    seconds : float
        Time it took, checks included.
    method_seconds : float
        Of that, the time of the method itself.
    signed : bool
        Whether values below zero speak against the statement.
    window_s : tuple of two floats or None
        The stretch on which the checks were made; None: the whole recording.
    lead_values : LeadValues or None
        Of a method that values whole leads.
    """

    values: NDArray[np.float32]
    leads: tuple[str, ...]
    fs_hz: float
    method: str
    label: str
    model: str
    self_check: tuple[SelfCheck, ...] = ()
    seconds: float = 0.0
    method_seconds: float = 0.0
    signed: bool = False
    window_s: tuple[float, float] | None = None
    lead_values: LeadValues | None = None

    def lead_share(self) -> dict[str, float]:
        """Return each lead's share of the absolute attribution; together 1 (0 if all zero)."""
        total = np.abs(self.values).sum(axis=1, dtype=np.float64)
        scale = float(total.sum())
        share = total / scale if scale > 0 else np.zeros_like(total)
        return {lead: float(value) for lead, value in zip(self.leads, share, strict=True)}


@dataclass(frozen=True)
class AnomalySpan:
    """A stretch of one lead that is unusual.

    Attributes
    ----------
    lead : str
    start_s, end_s : float
    score : float
        The highest value of the map within.
    words : str
        What is unusual about these beats, from measurements; empty where none says.
    apart : str
        By how much, and where in the beat, the trace lies off what was expected in this lead.
    """

    lead: str
    start_s: float
    end_s: float
    score: float
    words: str = ""
    apart: str = ""


@dataclass(frozen=True, eq=False)
class RestoredTrace:
    """What a network put where it saw nothing, beside what was recorded, both filtered alike.

    Attributes
    ----------
    recorded, restored, sd : arrays of float32, shape (n_leads, n_samples)
        In the recording's unit; NaN where absent.  ``sd`` is one standard deviation of what the
        network expected.
    leads : tuple of str
    fs_hz : float
    """

    recorded: NDArray[np.float32]
    restored: NDArray[np.float32]
    sd: NDArray[np.float32]
    leads: tuple[str, ...]
    fs_hz: float


@dataclass(frozen=True)
class ClassifierScore:
    """How unusual a recording is when a network that was taught statements is asked too.

    Attributes
    ----------
    score : float
        The share of normal recordings that are less unusual.
    abnormal : bool or None
        None where the recording cannot be judged.
    parts : mapping of str to float
        What the score was made of: each part's share of normals that are less unusual.
    """

    score: float
    abnormal: bool | None
    parts: Mapping[str, float]


@dataclass(frozen=True, eq=False)
class AnomalyMap:
    """How unusual each sample of each lead is among normal ECGs.

    Attributes
    ----------
    values : array of float32, shape (n_leads, n_samples)
        The share of normal samples that are less unusual, 0 to 1, on the recording's own leads
        and samples; 0 where nothing could be judged.
    leads : tuple of str
    fs_hz : float
    score, threshold : float
        Of the whole recording: the share of normal recordings that are less unusual, and from
        where a recording is called abnormal.  Learned from normal ECGs alone.
    abnormal : bool or None
        None where the recording cannot be judged; the notes say why.
    lead_scores : mapping of str to float or None
        The score that the recording would have if every lead looked as this one does, so that
        ``score`` lies among them; None for a lead that was not judged.
    spans : tuple of AnomalySpan
        Stretches at or above ``map_threshold``, the most unusual first.
    map_threshold : float
    false_alarms : tuple of (threshold, number)
        Places marked in ten seconds of a normal ECG at each threshold of the map.
    trace : RestoredTrace or None
    model : str
    parts : mapping of str to float
        What the score was made of: each part's share of normals that are less unusual.
    with_classifier : ClassifierScore or None
        The score that asks the features of a network of statements as well.
    notes : tuple of str
        What the reader should know: one sentence each.
    """

    values: NDArray[np.float32]
    leads: tuple[str, ...]
    fs_hz: float
    score: float
    threshold: float
    abnormal: bool | None = None
    lead_scores: Mapping[str, float | None] = field(default_factory=dict)
    spans: tuple[AnomalySpan, ...] = ()
    map_threshold: float = 1.0
    false_alarms: tuple[tuple[float, float], ...] = ()
    trace: RestoredTrace | None = None
    model: str = ""
    parts: Mapping[str, float] = field(default_factory=dict)
    with_classifier: ClassifierScore | None = None
    notes: tuple[str, ...] = ()


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
    """

    consensus: Fiducials
    leads: Mapping[str, Fiducials]
    types: tuple[str, ...]
    rr_s: NDArray[np.float64]


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
    """

    values: NDArray[np.float32]
    leads: tuple[str, ...]
    fs_hz: float
    r_index: int
    consensus: Mapping[str, float]
    fiducials: Mapping[str, Mapping[str, float]]
    n_beats: int


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
    """Electrodes suspected to be exchanged.

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
        ``"regular"``, ``"irregular"``, ``"irregular without P"``, ``"paced"`` or ``"unknown"``.
    reversal : Reversal or None
        Electrodes suspected to be exchanged, with the evidence.
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
