"""An electrocardiogram as it was recorded, and where it came from."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ecgcore.errors import InvalidRecordingError
from ecgcore.units import MV, NU

MAX_FS_HZ = 100_000.0
MAX_LEADS = 64
MAX_AGE_YEARS = 130.0
ENTERED_STEP = "patient entered by the reader"


@dataclass(frozen=True)
class Patient:
    """Age and sex, and no more unless the user enters it or keeps identity on purpose.

    Attributes
    ----------
    age_years : float or None
        None where the file does not tell.
    sex : str or None
        ``"female"``, ``"male"`` or None.
    identity : mapping of str to str
        Empty unless the reader was asked to keep it (name, identifier).
    pacemaker : bool or None
        As the reader says; None where nobody said.
    indication : str
        Why the ECG was recorded, as the reader says.
    """

    age_years: float | None = None
    sex: str | None = None
    identity: Mapping[str, str] = field(default_factory=dict)
    pacemaker: bool | None = None
    indication: str = ""

    def __post_init__(self) -> None:
        if self.sex not in (None, "female", "male"):
            raise InvalidRecordingError(f"Sex is {self.sex!r}; it must be female, male or None.")
        if self.age_years is not None and not 0 <= self.age_years <= MAX_AGE_YEARS:
            raise InvalidRecordingError(f"Age is {self.age_years} years; it must be from 0 to 130.")


_DAYS, _WEEKS, _MONTHS = 365.25, 52.18, 12.0  # a year


def describe_age(age_years: float) -> str:
    """Return an age as it is said: in hours, days, weeks, months or years.

    Parameters
    ----------
    age_years : float
    """
    if age_years >= 2:
        return f"{int(age_years + 1e-9)} years"
    steps = (("month", _MONTHS, 6), ("week", _WEEKS, 4), ("day", _DAYS, 2), ("hour", 24 * _DAYS, 0))
    counts = ((round(age_years * per_year), unit, least) for unit, per_year, least in steps)
    count, unit = next((count, unit) for count, unit, least in counts if count >= least)
    return f"{count} {unit}{'' if count == 1 else 's'}"


@dataclass(frozen=True)
class Step:
    """One processing step and its parameters, as written into the history."""

    name: str
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Provenance:
    """Where a recording comes from and every step applied since.

    Attributes
    ----------
    format : str
        Name of the file format as in the readers' table (``"WFDB"``, ``"EDF"`` ...).
    sha256 : str
        Of the source's bytes (of all its files in sorted name order); empty if made in memory.
    original_fs_hz : float or None
    original_unit : str
        As the file writes it.
    original_gain : str
        As the file tells it, in words; empty if it does not.
    device, device_filter : str
        As the file names them; empty if it does not.
    machine_statements : tuple of str
        The recording machine's own interpretation; shown beside, never mixed with, findings.
    machine_measurements : mapping of str to str
    simulated : bool
        True only for the project's own simulations.
    steps : tuple of Step
    """

    format: str = ""
    sha256: str = ""
    original_fs_hz: float | None = None
    original_unit: str = ""
    original_gain: str = ""
    device: str = ""
    device_filter: str = ""
    machine_statements: tuple[str, ...] = ()
    machine_measurements: Mapping[str, str] = field(default_factory=dict)
    simulated: bool = False
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, eq=False)
class Recording:
    """A checked, read-only electrocardiogram.

    Attributes
    ----------
    signal : array of float32, shape (n_leads, n_samples)
        In ``unit``; NaN marks samples that the file says are absent.  Read-only.
    fs_hz : float
        Samples a second and lead.
    leads : tuple of str
        One name a row, unique.
    unit : str
        ``"mV"``, or ``"NU"`` where the file itself declares that the voltage is lost.
    start : datetime or None
    patient : Patient
    provenance : Provenance
    derived_leads : tuple of str
        Leads computed here from recorded ones.
    notes : tuple of str
        What the reader repaired, derived or left out: one sentence each, for the user.

    Raises
    ------
    InvalidRecordingError
        When made from parts that do not fit.
    """

    signal: NDArray[np.float32]
    fs_hz: float
    leads: tuple[str, ...]
    unit: str = MV
    start: datetime | None = None
    patient: Patient = field(default_factory=Patient)
    provenance: Provenance = field(default_factory=Provenance)
    derived_leads: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        signal = _check_signal(self.signal)
        leads = tuple(str(name) for name in self.leads)
        if len(leads) != signal.shape[0]:
            raise InvalidRecordingError(
                f"{len(leads)} lead names were given for {signal.shape[0]} rows of samples."
            )
        if len(set(leads)) != len(leads):
            raise InvalidRecordingError(f"A lead name occurs twice: {', '.join(leads)}.")
        fs_hz = float(self.fs_hz)
        if not 0 < fs_hz <= MAX_FS_HZ:
            raise InvalidRecordingError(f"The sampling rate is {fs_hz} Hz; it must be above 0.")
        if self.unit not in (MV, NU):
            raise InvalidRecordingError(f"The unit is {self.unit!r}; it must be mV or NU.")
        if not set(self.derived_leads) <= set(leads):
            raise InvalidRecordingError("A derived lead is not among the leads.")
        object.__setattr__(self, "signal", signal)
        object.__setattr__(self, "leads", leads)
        object.__setattr__(self, "fs_hz", fs_hz)

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore a pickled recording; NumPy forgets that its samples are read-only."""
        self.__dict__.update(state)
        self.signal.setflags(write=False)

    @property
    def n_leads(self) -> int:
        """Number of leads."""
        return int(self.signal.shape[0])

    @property
    def n_samples(self) -> int:
        """Samples in each lead."""
        return int(self.signal.shape[1])

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.n_samples / self.fs_hz

    def lead(self, name: str) -> NDArray[np.float32]:
        """Return one lead's samples, shape (n_samples,).

        Raises
        ------
        InvalidRecordingError
            If the recording has no such lead.
        """
        if name not in self.leads:
            raise InvalidRecordingError(
                f"There is no lead {name!r}; the recording has {', '.join(self.leads)}."
            )
        return self.signal[self.leads.index(name)]

    def select(self, names: tuple[str, ...]) -> "Recording":
        """Return a recording of these leads only, in this order, with the step recorded."""
        rows = np.stack([self.lead(name) for name in names]) if names else self.signal[:0]
        return self.changed(
            rows,
            Step("select leads", {"leads": list(names)}),
            leads=names,
            derived_leads=tuple(n for n in self.derived_leads if n in names),
        )

    def with_patient(self, patient: Patient) -> "Recording":
        """Return a copy with what a reader says of the patient, with the step recorded."""
        if patient == self.patient:
            return self
        entered = {n: getattr(patient, n) for n in ("age_years", "sex", "pacemaker")}
        step = Step(ENTERED_STEP, entered)
        provenance = replace(self.provenance, steps=(*self.provenance.steps, step))
        return replace(self, patient=patient, provenance=provenance)

    def changed(self, signal: ArrayLike, step: Step, **fields: Any) -> "Recording":
        """Return a copy with other samples and ``step`` added to the provenance."""
        provenance = replace(self.provenance, steps=(*self.provenance.steps, step))
        return replace(
            self, signal=np.asarray(signal, dtype=np.float32), provenance=provenance, **fields
        )


def _check_signal(values: ArrayLike) -> NDArray[np.float32]:
    signal = np.array(values, dtype=np.float32, order="C", copy=True)
    if signal.ndim != 2:
        raise InvalidRecordingError(
            f"Samples have {signal.ndim} dimensions; two are needed: leads, then samples."
        )
    if not 1 <= signal.shape[0] <= MAX_LEADS:
        raise InvalidRecordingError(f"There are {signal.shape[0]} leads; 1 to {MAX_LEADS} fit.")
    if signal.shape[1] < 1:
        raise InvalidRecordingError("There are no samples.")
    if np.isinf(signal).any():
        raise InvalidRecordingError("Some samples are infinite; absent samples must be NaN.")
    if np.isnan(signal).all():
        raise InvalidRecordingError("Every sample is marked as absent.")
    signal.setflags(write=False)
    return signal
