"""What a simulated case consists of, apart from the seed."""

from dataclasses import dataclass, field

from ecgcore.checks import check_option, check_range
from ecgcore.errors import InvalidArgumentError
from ecgcore.leads import STANDARD_12
from ecgcore.recording import Patient
from ecgcore.simulate import library
from ecgcore.simulate.codes import statement_name
from ecgcore.simulate.planning import Rhythm
from ecgcore.simulate.reversals import REVERSALS
from ecgcore.simulate.shapes import AtrialShape, VentricularShape
from ecgcore.simulate.vector import FURTHER_LEADS

__all__ = ["CaseSpec", "Limits", "check_span", "statement_name"]

MONITOR_LEADS = ("MLII",)


@dataclass(frozen=True)
class Limits:
    """What a case's statements allow when intervals are drawn; (lowest, highest)."""

    rate_bpm: tuple[float, float] = (61.0, 98.0)
    pr_ms: tuple[float, float] = (124.0, 196.0)
    qtc_ms: tuple[float, float] = (370.0, 440.0)


@dataclass(frozen=True)
class Elevation:
    """J as a multiple of the guideline's limit in the two contiguous leads where it is highest."""

    times: float

    def __post_init__(self) -> None:
        check_range("times", self.times, 0.2, 5)


@dataclass(frozen=True)
class CaseSpec:
    """Everything that makes one simulated case, apart from the seed.

    Attributes
    ----------
    name : str
    labels : tuple of str
        Codes of the statements that hold.
    uncertain : tuple of str
        Codes that this case cannot tell (as ``LABELS``: masked, not negative).
    rhythm : Rhythm
    atrial : AtrialShape
    ventricular : VentricularShape
    qtc_ms : float
        QT at 60 a minute of a QRS of 90 ms (Fridericia); broader QRS prolong it.
    f_wave_size : float
        Size of continuous atrial waves, 1 as usual.
    turn_deg : float
        Turn of the heart within the frontal plane, positive towards the right.
    size : float
        Of all deflections.
    patient : Patient
    leads : tuple of str
        Standard leads, ``MLII``, or posterior and right-sided leads.
    off_leads : tuple of str
        Leads whose electrode is off: a flat trace.
    reversal : str
        A key of :data:`ecgcore.simulate.reversals.REVERSALS`, or none.
    noise : str
        A preset of :mod:`ecgcore.simulate.noise`.
    fs_hz, duration_s : float
        What this kind of recording usually has.
    statements : tuple of str
        Keys of :data:`ecgcore.simulate.STATEMENTS` that the case was composed of.
    limits : Limits
        Within which rate, PR and QT may be drawn.
    urgent : tuple of str, optional
        Codes that must be warned of; as :func:`ecgcore.simulate.truth.find_urgent` if not given.
    shapes : tuple of (str, VentricularShape)
        Shapes of beats that are not the heart's own (paced) instead of the library's.
    elevation : Elevation, optional
        How high J shall stand in whoever is drawn.
    alternans : float
        By how much every other beat is smaller, 0 to 0.8.
    mirrored : bool
        Dextrocardia: the heart lies in the right chest.
    """

    name: str
    labels: tuple[str, ...] = ()
    uncertain: tuple[str, ...] = ()
    rhythm: Rhythm = field(default_factory=Rhythm)
    atrial: AtrialShape = library.P_SINUS
    ventricular: VentricularShape = library.NORMAL
    qtc_ms: float = 405.0
    f_wave_size: float = 1.0
    turn_deg: float = 0.0
    size: float = 1.0
    patient: Patient = field(default_factory=Patient)
    leads: tuple[str, ...] = STANDARD_12
    off_leads: tuple[str, ...] = ()
    reversal: str = ""
    noise: str = "usual"
    fs_hz: float = 500.0
    duration_s: float = 10.0
    statements: tuple[str, ...] = ()
    limits: Limits = field(default_factory=Limits)
    urgent: tuple[str, ...] | None = None
    shapes: tuple[tuple[str, VentricularShape], ...] = ()
    elevation: Elevation | None = None
    alternans: float = 0.0
    mirrored: bool = False

    def __post_init__(self) -> None:
        for code in (*self.labels, *self.uncertain, *(self.urgent or ())):
            statement_name(code)
        check_range("qtc_ms", self.qtc_ms, 250, 700, "ms")
        check_range("size", self.size, 0.1, 3)
        check_range("turn_deg", self.turn_deg, -180, 180, "degrees")
        check_range("f_wave_size", self.f_wave_size, 0, 3)
        check_option("reversal", self.reversal, ("", *REVERSALS))
        check_range("alternans", self.alternans, 0, 0.8)
        unknown = [n for n in self.leads if n not in (*STANDARD_12, *MONITOR_LEADS, *FURTHER_LEADS)]
        if unknown or not self.leads or len(set(self.leads)) != len(self.leads):
            raise InvalidArgumentError(
                f"leads is {', '.join(self.leads) or 'empty'}; each of "
                f"{', '.join((*STANDARD_12, *MONITOR_LEADS, *FURTHER_LEADS))} can stand once."
            )
        if not set(self.off_leads) <= set(self.leads):
            raise InvalidArgumentError("off_leads names a lead that is not among leads.")


def check_span(fs_hz: float, duration_s: float) -> int:
    """Return the number of samples of a record.

    Raises
    ------
    InvalidArgumentError
        If rate or duration are out of range, or the record would be too large.
    """
    check_range("fs_hz", fs_hz, 50, 10_000, "Hz")
    check_range("duration_s", duration_s, 1, 36_000, "s")
    samples = round(fs_hz * duration_s)
    # Hours at 500 Hz; all leads together stay below a gigabyte of memory.
    check_range("fs_hz times duration_s", samples, 50, 5_000_000, "samples")
    return samples
