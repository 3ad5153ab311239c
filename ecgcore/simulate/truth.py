"""What is known about a simulated record: labels, every wave of every beat, intervals, axes."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class TrueBeat:
    """One beat: seconds from the record's start; None where a wave is absent or outside.

    ``type`` is ``"normal"``, ``"supraventricular"`` or ``"ventricular"``.  ``r_peak`` is where
    the QRS is largest in any lead.
    """

    type: str
    qrs_onset: float
    r_peak: float
    qrs_offset: float
    p_onset: float | None = None
    p_peak: float | None = None
    p_offset: float | None = None
    t_onset: float | None = None
    t_peak: float | None = None
    t_offset: float | None = None


@dataclass(frozen=True)
class Truth:
    """Everything known about a simulated record.

    Attributes
    ----------
    case : str
    seed : int
    labels, uncertain : tuple of str
        Statements that hold, and statements that this record cannot tell.
    names : dict of str to str
        The words of each code in ``labels``.
    beats : tuple of TrueBeat
        Beats whose QRS lies within the record, in order.
    heart_rate_bpm, pr_ms, qrs_ms, qt_ms : float or None
        Medians over beats that are not early (rate: over all RR intervals, mean).
    p_axis_deg, qrs_axis_deg, t_axis_deg : float or None
        Frontal axis of the net area; None without that wave, or where the leads recorded show
        no frontal plane.
    bad_leads : tuple of str
        Leads whose electrode is off.
    """

    case: str
    seed: int
    labels: tuple[str, ...]
    uncertain: tuple[str, ...]
    names: dict[str, str]
    beats: tuple[TrueBeat, ...]
    heart_rate_bpm: float | None
    pr_ms: float | None
    qrs_ms: float | None
    qt_ms: float | None
    p_axis_deg: float | None
    qrs_axis_deg: float | None
    t_axis_deg: float | None
    bad_leads: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return plain types for JSON: times to a tenth of a millisecond."""
        plain = asdict(self)
        plain["beats"] = [
            {k: round(v, 4) if isinstance(v, float) else v for k, v in beat.items()}
            for beat in plain["beats"]
        ]
        return {
            k: round(v, 2) if isinstance(v, float) else list(v) if isinstance(v, tuple) else v
            for k, v in plain.items()
        }
