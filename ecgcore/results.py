"""What measuring, predicting and explaining return; numpy only."""

from dataclasses import dataclass

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
class Quality:
    """Signal quality of a recording.

    Attributes
    ----------
    acceptable : bool
        Whether the recording as a whole can be read.
    bad_leads : tuple of str
    reasons : tuple of str
        One plain sentence for each thing found, naming the lead.
    """

    acceptable: bool
    bad_leads: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()


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
class Prediction:
    """Findings of one model on one recording (or one window of it)."""

    model: str
    leads_used: tuple[str, ...]
    findings: tuple[Finding, ...]
    abstained: bool
    abstain_reason: str
    quality: Quality
    windows: tuple["Window", ...] = ()


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
    """

    values: NDArray[np.float32]
    leads: tuple[str, ...]
    fs_hz: float
    method: str
    label: str
    model: str
    self_check: tuple[SelfCheck, ...] = ()
    seconds: float = 0.0

    def lead_share(self) -> dict[str, float]:
        """Return each lead's share of the absolute attribution; together 1 (0 if all zero)."""
        total = np.abs(self.values).sum(axis=1, dtype=np.float64)
        scale = float(total.sum())
        share = total / scale if scale > 0 else np.zeros_like(total)
        return {lead: float(value) for lead, value in zip(self.leads, share, strict=True)}


@dataclass(frozen=True, eq=False)
class AnomalyMap:
    """How unusual each sample of each lead is, from 0 to 1, shape (n_leads, n_samples)."""

    values: NDArray[np.float32]
    leads: tuple[str, ...]
    fs_hz: float
    score: float
    threshold: float
