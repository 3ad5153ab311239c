"""What the rules ask of one study, each thing found once."""

from collections.abc import Iterable, Mapping
from functools import cached_property

from ecgcore.interpret.rhythms import find_rhythms
from ecgcore.interpret.st_picture import StPicture, draw_picture
from ecgcore.interpret.st_stretches import Stretch, draw_stretches
from ecgcore.measure.rhythm import PACED
from ecgcore.recording import Patient, Recording
from ecgcore.results import Beats, Measurement, MeasureResult
from ecgcore.results.interpreted import Episode
from ecgcore.statements import ADULT_YEARS, statement
from ecgcore.study import Study
from ecgcore.units import MV


class Facts:
    """A study as the rules see it.

    Parameters
    ----------
    study : Study
        With the reader's marks; of a long recording already measured.
    """

    def __init__(self, study: Study) -> None:
        self.study = study
        self.recording: Recording = study.alone.recording
        self.measured: MeasureResult = study.measured
        self.patient: Patient = self.recording.patient

    # ---- the recording ----------------------------------------------------------------------

    @property
    def in_mv(self) -> bool:
        """Whether amplitudes are calibrated."""
        return self.recording.unit == MV

    @property
    def is_child(self) -> bool:
        """Whether the patient is known to be under 18 years."""
        age = self.patient.age_years
        return age is not None and age < ADULT_YEARS

    @cached_property
    def leads(self) -> tuple[str, ...]:
        """The readable leads."""
        bad = self.measured.quality.bad_leads
        return tuple(name for name in self.recording.leads if name not in bad)

    def has_leads(self, names: Iterable[str]) -> bool:
        """Return whether all these leads are readable."""
        return set(names) <= set(self.leads)

    # ---- what was measured ------------------------------------------------------------------

    def measurement(self, name: str) -> Measurement | None:
        """Return a measurement, such as ``"qrs"``; None where there is none of that name."""
        return self.measured.measurement(name)

    def value(self, name: str) -> float | None:
        """Return a measured value in its unit; None where it was not measured."""
        found = self.measured.measurement(name)
        return None if found is None else found.value

    @property
    def amplitudes(self) -> Mapping[str, Mapping[str, float | None]]:
        """Lead -> deflection -> mV, against the level at QRS onset."""
        return self.measured.amplitudes

    def amplitude(self, lead: str, deflection: str) -> float | None:
        """Return one deflection of the median beat in mV; None where it is not there."""
        return self.amplitudes.get(lead, {}).get(deflection)

    @property
    def beats(self) -> Beats:
        """Every beat, with the reader's marks."""
        return self.measured.beats

    @property
    def is_paced(self) -> bool:
        """Whether most complexes follow pacing spikes."""
        return self.measured.rhythm.startswith(PACED)

    # ---- rhythm -----------------------------------------------------------------------------

    @cached_property
    def rhythms(self) -> tuple[Episode, ...]:
        """The rhythm of each stretch, one after the other."""
        return find_rhythms(self.study)

    def has_rhythm(self, *codes: str) -> bool:
        """Return whether any stretch has one of these rhythms, or a kind of one of them."""
        return any(
            episode.code in codes or statement(episode.code).kind_of in codes
            for episode in self.rhythms
            if episode.code
        )

    # ---- ST and infarction ------------------------------------------------------------------

    @cached_property
    def st_picture(self) -> StPicture:
        """ST of every lead, and the leads beyond their limits."""
        return draw_picture(self.measured, self.patient, is_paced=self.is_paced)

    @cached_property
    def st_stretches(self) -> tuple[Stretch, ...]:
        """The same for each ten seconds of a long recording."""
        return draw_stretches(self.recording, self.measured, self.patient, is_paced=self.is_paced)
