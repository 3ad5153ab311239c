"""What a simulated case consists of, and the table of the statements that can be simulated."""

from dataclasses import dataclass, field

from ecgcore.checks import in_range
from ecgcore.errors import InvalidArgumentError
from ecgcore.labels import CORE_CODES, statement
from ecgcore.leads import STANDARD_12
from ecgcore.recording import Patient
from ecgcore.simulate import rhythms, shapes
from ecgcore.simulate.rhythms import Ectopy, Rhythm
from ecgcore.simulate.shapes import AtrialShape, VentricularShape

# Statements beyond the nine, by their PTB-XL (SCP) code.
FURTHER_STATEMENTS = {
    "SBRAD": "Sinus bradycardia",
    "STACH": "Sinus tachycardia",
    "AFLT": "Atrial flutter",
    "LVH": "Left ventricular hypertrophy",
    "IMI": "Inferior myocardial infarction",
    "AMI": "Anterior myocardial infarction",
}
MONITOR_LEADS = ("MLII",)


def statement_name(code: str) -> str:
    """Return a statement's name, core or further.

    Raises
    ------
    InvalidArgumentError
        If there is no such statement here.
    """
    if code in CORE_CODES:
        return statement(code).name
    if code in FURTHER_STATEMENTS:
        return FURTHER_STATEMENTS[code]
    possible = ", ".join((*CORE_CODES, *FURTHER_STATEMENTS))
    raise InvalidArgumentError(f"The statement is {code!r}; possible statements are {possible}.")


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
        Standard leads, or ``MLII``.
    off_leads : tuple of str
        Leads whose electrode is off: a flat trace.
    noise : str
        A preset of :mod:`ecgcore.simulate.noise`.
    fs_hz, duration_s : float
        What this kind of recording usually has.
    """

    name: str
    labels: tuple[str, ...] = ()
    uncertain: tuple[str, ...] = ()
    rhythm: Rhythm = field(default_factory=Rhythm)
    atrial: AtrialShape = shapes.P_SINUS
    ventricular: VentricularShape = shapes.NORMAL
    qtc_ms: float = 405.0
    f_wave_size: float = 1.0
    turn_deg: float = 0.0
    size: float = 1.0
    patient: Patient = field(default_factory=Patient)
    leads: tuple[str, ...] = STANDARD_12
    off_leads: tuple[str, ...] = ()
    noise: str = "usual"
    fs_hz: float = 500.0
    duration_s: float = 10.0

    def __post_init__(self) -> None:
        for code in (*self.labels, *self.uncertain):
            statement_name(code)
        in_range("qtc_ms", self.qtc_ms, 250, 700, "ms")
        in_range("size", self.size, 0.1, 3)
        in_range("turn_deg", self.turn_deg, -180, 180, "degrees")
        unknown = [n for n in self.leads if n not in (*STANDARD_12, *MONITOR_LEADS)]
        if unknown or not self.leads or len(set(self.leads)) != len(self.leads):
            raise InvalidArgumentError(
                f"leads is {', '.join(self.leads) or 'empty'}; each of "
                f"{', '.join((*STANDARD_12, *MONITOR_LEADS))} can stand once."
            )
        if not set(self.off_leads) <= set(self.leads):
            raise InvalidArgumentError("off_leads names a lead that is not among leads.")


def _sinus(rate_bpm: float, *, pr_ms: float = 160.0, ectopy: tuple[Ectopy, ...] = ()) -> Rhythm:
    return Rhythm(rhythms.SINUS, rate_bpm, pr_ms=pr_ms, ectopy=ectopy)


_PAC = Ectopy(rhythms.SUPRAVENTRICULAR, shapes.P_ECTOPIC.name, count=2, coupling=0.66)
_PVC = Ectopy(rhythms.VENTRICULAR, shapes.PVC_OUTFLOW.name, count=2, coupling=0.60)
_HOLTER_RHYTHM = Rhythm(
    rhythms.SINUS,
    72.0,
    slow_change=0.12,
    ectopy=(
        Ectopy(rhythms.VENTRICULAR, shapes.PVC_OUTFLOW.name, per_minute=3.0, coupling=0.58),
        Ectopy(rhythms.SUPRAVENTRICULAR, shapes.P_ECTOPIC.name, per_minute=0.2),
    ),
)
_F = rhythms.FIBRILLATION

_ALL = (
    CaseSpec("normal", ("SNR",), patient=Patient(44, "female")),
    CaseSpec(
        "sinus-bradycardia",
        ("SBRAD",),
        ("SNR",),
        _sinus(46, pr_ms=172),
        patient=Patient(29, "male"),
    ),
    CaseSpec(
        "sinus-tachycardia",
        ("STACH",),
        ("SNR",),
        _sinus(118, pr_ms=138),
        patient=Patient(33, "female"),
    ),
    CaseSpec("atrial-fibrillation", ("AF",), (), Rhythm(_F, 92.0), patient=Patient(74, "male")),
    CaseSpec(
        "atrial-flutter",
        ("AFLT",),
        ("AF",),
        Rhythm(rhythms.FLUTTER, atrial_bpm=292, ratios=(4, 4, 4, 2)),
        size=0.85,
        patient=Patient(66, "male"),
    ),
    CaseSpec(
        "first-degree-av-block", ("IAVB",), (), _sinus(64, pr_ms=272), patient=Patient(71, "female")
    ),
    CaseSpec(
        "lbbb",
        ("LBBB",),
        ("STD", "STE"),
        _sinus(74, pr_ms=172),
        ventricular=shapes.LBBB,
        patient=Patient(69, "female"),
    ),
    CaseSpec(
        "rbbb",
        ("RBBB",),
        (),
        _sinus(70),
        ventricular=shapes.RBBB,
        patient=Patient(63, "male"),
    ),
    CaseSpec("pac", ("PAC",), (), _sinus(72, ectopy=(_PAC,)), patient=Patient(52, "female")),
    CaseSpec("pvc", ("PVC",), (), _sinus(70, ectopy=(_PVC,)), patient=Patient(47, "male")),
    CaseSpec(
        "st-depression",
        ("STD",),
        (),
        _sinus(88, pr_ms=154),
        ventricular=shapes.STD_LATERAL,
        patient=Patient(67, "male"),
    ),
    CaseSpec(
        "inferior-stemi",
        ("STE", "IMI"),
        ("STD",),
        _sinus(66, pr_ms=176),
        ventricular=shapes.STE_INFERIOR,
        patient=Patient(61, "male"),
    ),
    CaseSpec(
        "anterior-stemi",
        ("STE", "AMI"),
        ("STD",),
        _sinus(92, pr_ms=152),
        ventricular=shapes.STE_ANTERIOR,
        patient=Patient(57, "male"),
    ),
    CaseSpec(
        "lvh-strain",
        ("LVH",),
        ("STD", "STE"),
        _sinus(72, pr_ms=170),
        atrial=shapes.P_LEFT,
        ventricular=shapes.LVH_STRAIN,
        patient=Patient(64, "male"),
    ),
    CaseSpec(
        "lead-off",
        ("SNR",),
        (),
        _sinus(78),
        off_leads=("V3",),
        noise="high",
        patient=Patient(39, "female"),
    ),
    CaseSpec(
        "hand-held-af",
        ("AF",),
        (),
        Rhythm(_F, 104.0),
        leads=("I",),
        noise="hand-held",
        fs_hz=300.0,
        duration_s=30.0,
        patient=Patient(70, "female"),
    ),
    CaseSpec(
        "holter-pvc",
        ("PVC",),
        ("PAC",),
        _HOLTER_RHYTHM,
        leads=("MLII", "V1"),
        noise="monitor",
        fs_hz=250.0,
        duration_s=1800.0,
        patient=Patient(58, "female"),
    ),
)
CASES = {spec.name: spec for spec in _ALL}


def find_case(name: str) -> CaseSpec:
    """Return the case called ``name``.

    Raises
    ------
    InvalidArgumentError
        Naming the possible cases.
    """
    if name not in CASES:
        raise InvalidArgumentError(f"The case is {name!r}; possible cases are {', '.join(CASES)}.")
    return CASES[name]


def checked_span(fs_hz: float, duration_s: float) -> int:
    """Return the number of samples of a record.

    Raises
    ------
    InvalidArgumentError
        If rate or duration are out of range, or the record would be too large.
    """
    in_range("fs_hz", fs_hz, 50, 10_000, "Hz")
    in_range("duration_s", duration_s, 1, 36_000, "s")
    samples = round(fs_hz * duration_s)
    # Hours at 500 Hz; all leads together stay below a gigabyte of memory.
    in_range("fs_hz times duration_s", samples, 50, 5_000_000, "samples")
    return samples
