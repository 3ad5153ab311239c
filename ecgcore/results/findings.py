"""Signal quality, and what a model says of a recording."""

from dataclasses import dataclass


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
