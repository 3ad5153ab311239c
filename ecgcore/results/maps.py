"""Where a model looked, and what is unusual, sample by sample."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


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
