"""What is found in one recording, each thing once.

What needs a network's library is imported when it is first asked for.
"""

from collections.abc import Callable, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ecgcore.kept import Kept
from ecgcore.measure import measure
from ecgcore.measure.delineators import Delineator
from ecgcore.measure.editing import Edits, edited
from ecgcore.measure.measuring import Known
from ecgcore.recording import Patient, Recording, Step
from ecgcore.results import AnomalyMap, Beats, MeasureResult, NotAssessed, Prediction, Quality
from ecgcore.signal.beats import BeatSearch
from ecgcore.signal.pacing import paced_by_spikes
from ecgcore.signal.quality import Graded, grade

if TYPE_CHECKING:
    from ecgcore.inference.anomaly import AnomalyModel
    from ecgcore.inference.loading import LoadedModel
    from ecgcore.inference.runner import Heard, Reading
    from ecgcore.inference.waveform import WaveformReading

Array = NDArray[np.float64]
Samples = NDArray[np.float32]

READER = "the reader"
# Of a recording of up to this length everything is kept; of a longer one the last few things.
LONG_S = 600.0
_MOST, _MOST_OF_LONG = 64, 12
# A stretch of a recording of up to this length has the waves of the whole.
_WHOLE_S = 60.0
_LEAST_S = 1.0


class Study:
    """A recording and what is found in it, lazily and once.

    What was found stays as it is: another patient, lead choice or mark of the reader makes a new
    study, which shares everything that does not depend on it.  Several threads may use one; nothing
    is made under a lock, so that two that ask for the same at once may both make it, and get one.

    Parameters
    ----------
    recording : Recording
    leads : tuple of str, optional
        Use only these of its leads; names are checked by whoever reads them.
    edits : mapping, optional
        (beat index, fiducial name) to seconds: marks that the reader has moved.
    measured : MeasureResult, optional
        What was measured on the recording elsewhere, without these marks.
    """

    def __init__(
        self,
        recording: Recording,
        *,
        leads: tuple[str, ...] | None = None,
        edits: Edits | None = None,
        measured: MeasureResult | None = None,
    ) -> None:
        self.recording = recording
        self.leads = leads
        self.edits: Edits = MappingProxyType(dict(edits or {}))
        size = _MOST if recording.duration_s <= LONG_S else _MOST_OF_LONG
        # What depends on the samples alone; on the patient too; and on the moved marks too.
        self._of_samples, self._of_patient, self._of_marks = Kept(size), Kept(size), Kept(size)
        if measured is not None:
            self._of_patient.put("measured", measured)

    # ---- others that share ------------------------------------------------------------------

    def with_edits(self, edits: Edits) -> "Study":
        """Return the study with these marks in place of those before."""
        return self._like(self.recording, self.leads, edits, self._of_patient)

    def with_patient(self, patient: Patient) -> "Study":
        """Return the study of another patient's recording; the samples are the same."""
        if patient == self.recording.patient:
            return self
        return self._like(self.recording.with_patient(patient), self.leads, self.edits, None)

    def with_leads(self, leads: tuple[str, ...] | None) -> "Study":
        """Return the study of these of the recording's leads alone, without moved marks."""
        if leads == self.leads:
            return self
        return self._like(self.recording, leads, None, None)

    def with_measured(self, measured: MeasureResult) -> "Study":
        """Return the study with what was measured elsewhere, without moved marks."""
        made = self._like(self.recording, self.leads, self.edits, None)
        made._of_patient.put("measured", measured)
        return made

    def _like(
        self,
        recording: Recording,
        leads: tuple[str, ...] | None,
        edits: Edits | None,
        of_patient: Kept | None,
    ) -> "Study":
        made = Study(recording, leads=leads, edits=edits)
        made._of_samples = self._of_samples
        made._of_patient = of_patient or made._of_patient
        return made

    @property
    def alone(self) -> "Study":
        """The chosen leads as a recording of their own; itself where all are used."""
        leads = self.leads
        if leads is None or leads == self.recording.leads:
            return self
        return self._of_patient.get("alone", lambda: Study(self.recording.select(leads)))

    # ---- the signal -------------------------------------------------------------------------

    @property
    def graded(self) -> Graded:
        """How readable each lead of the recording is, and the samples that can be measured."""
        return self._of_samples.get(
            "graded", lambda: grade(self.recording, search=self._search_all())
        )

    @property
    def quality(self) -> Quality:
        """The same in words."""
        return self.graded.quality

    @property
    def has_pacing_spikes(self) -> bool:
        """Whether the complexes follow pacing spikes."""
        return self._of_samples.get(
            "spikes",
            lambda: paced_by_spikes(self.recording, lambda: self.r_peaks_s(self._readable)),
        )

    def r_peaks_s(self, leads: Sequence[str]) -> Array:
        """Return the R peaks that these leads show together, seconds, shape (n_beats,)."""
        names = tuple(name for name in self.recording.leads if name in leads)
        return self._of_samples.get(("r peaks", names), lambda: self._search(names).r_s)

    @property
    def _readable(self) -> tuple[str, ...]:
        """The readable leads, or all where none is."""
        names, bad = self.recording.leads, self.quality.bad_leads
        return tuple(name for name in names if name not in bad) or names

    def _search_all(self) -> BeatSearch:
        """Return the search for beats in all leads as they are, kept while it may be needed."""
        return self._of_samples.get(
            "search", lambda: BeatSearch(self.recording.signal, self.recording.fs_hz)
        )

    def _search(self, names: tuple[str, ...]) -> BeatSearch:
        """Return the search in some leads as they can be measured."""
        cleaned = self.graded.readable(self.recording)
        rows = [name in names for name in cleaned.leads]
        return self._search_all().among(cleaned.signal, rows)

    # ---- waves and measurements -------------------------------------------------------------

    @property
    def is_measured(self) -> bool:
        """Whether measurements are at hand."""
        return "measured" in self.alone._of_patient

    @property
    def as_measured(self) -> MeasureResult:
        """What is measured on the chosen leads, before the reader moved any mark."""
        own = self.alone
        return own._of_patient.get("measured", own._measure)

    @property
    def measured(self) -> MeasureResult:
        """What is measured on the chosen leads, with the reader's marks.

        Raises
        ------
        InvalidArgumentError
            If a moved mark is impossible.
        """
        own = self.alone
        if not own.edits:
            return self.as_measured
        return own._of_marks.get(
            "measured",
            lambda: edited(own.as_measured, own.edits, by=READER, recording=own.recording),
        )

    def _measure(self) -> MeasureResult:
        names = self._readable
        usable = set(names) - set(self.quality.bad_leads)
        beats = self._search(names) if usable else None
        find = self._make_wave_finder(names, None if beats is None else beats.signal)
        known = Known(self.graded, self._search_all(), beats, find)
        found = measure(self.recording, known=known)
        if beats is not None:
            self._of_samples.put(("r peaks", names), beats.r_s)
        # What was searched is several times as large as the recording.
        self._of_samples.drop("search")
        return found

    def _make_wave_finder(self, names: tuple[str, ...], signal: Samples | None) -> Delineator:
        """Return the learned delineator; the waves of ``signal`` are kept."""

        def find(shown: Samples, fs_hz: float, r_s: Array) -> Array:
            from ecgcore.inference.delineate import default_delineator, delineate
            from ecgcore.inference.wave_classes import agreed

            def keep(likely: Array) -> None:
                if shown is signal:
                    self._of_samples.put(("waves", names), agreed(likely))

            return delineate(default_delineator(), shown, fs_hz, r_s, keep=keep)

        return find

    def agreed_waves(self, leads: Sequence[str]) -> Array:
        """Return how likely P, QRS and T are by what these leads agree on, shape (3, n).

        At the delineator's rate.  Of a short recording the measurement finds them on its way.
        """
        from ecgcore.inference.waveform import delineate_leads

        names = tuple(name for name in self.recording.leads if name in leads)
        short = self.recording.duration_s <= _WHOLE_S
        if short and names == self._readable and self.alone is self:
            _ = self.as_measured
        return self._of_samples.get(
            ("waves", names),
            lambda: delineate_leads(self.graded.readable(self.recording), names),
        )

    def beats_between(self, start_s: float, stop_s: float) -> Beats | None:
        """Return the waves of a stretch, in seconds from its start; None where there is no beat.

        They are those of the whole recording with the reader's marks.  Of a long recording that was
        not measured, the stretch is measured by itself.
        """
        if self.is_measured or self.edits or self.recording.duration_s <= _WHOLE_S:
            return self.measured.beats.between(start_s, stop_s)
        return self._of_samples.get(
            ("beats", self.leads, start_s, stop_s), lambda: self._stretch_beats(start_s, stop_s)
        )

    def _stretch_beats(self, start_s: float, stop_s: float) -> Beats | None:
        recording = self.alone.recording
        first, last = round(start_s * recording.fs_hz), round(stop_s * recording.fs_hz)
        part = recording.signal[:, first:last]
        if part.shape[1] < _LEAST_S * recording.fs_hz or not np.isfinite(part).any():
            return None
        step = Step("stretch", {"start_s": start_s, "stop_s": stop_s})
        found = measure(recording.changed(part, step), check=False).beats
        return found if found.consensus.n_beats else None

    # ---- networks ---------------------------------------------------------------------------

    def reading(self, model: "LoadedModel") -> "Reading":
        """Return the recording as a network takes it.

        Raises
        ------
        CannotAssessError
            As :func:`ecgcore.inference.runner.read_for`.
        """
        from ecgcore.inference.runner import read_for

        return self._of_samples.get(
            ("reading", model.network, self.leads),
            lambda: read_for(model, self.recording, leads=self.leads, graded=self.graded),
        )

    def heard(self, model: "LoadedModel") -> "Heard":
        """Return what a network says of each piece of the recording."""
        from ecgcore.inference.runner import hear

        reading = self.reading(model)
        return self._of_samples.get(
            ("heard", model.network, self.leads),
            lambda: hear(model.network, reading.given, reading.pieces),
        )

    def take_heard(self, model: "LoadedModel", reading: "Reading", heard: "Heard") -> None:
        """Take what a network was given and said of this recording in another process."""
        self._of_samples.put(("reading", model.network, self.leads), reading)
        self._of_samples.put(("heard", model.network, self.leads), heard)

    def predict(
        self, model: "LoadedModel", *, windows: bool = False, unread: Sequence[NotAssessed] = ()
    ) -> Prediction:
        """Return a network's own findings; parameters as :func:`ecgcore.inference.predict`."""
        from ecgcore.inference.abstain import limits_of
        from ecgcore.inference.findings import conclude

        reading = self.reading(model)
        limits = limits_of(
            self.recording,
            reading.given,
            reading.lead_names,
            reading.quality,
            model.card,
            has_spikes=lambda: self.has_pacing_spikes,
        )
        heard = self.heard(model)
        return conclude(model, reading, limits, heard, windows=windows, unread=unread)

    def waveforms(self, disease: str, model: "LoadedModel | None" = None) -> "WaveformReading":
        """Return a disease's gain curves; as :func:`ecgcore.inference.waveform.read_waveforms`."""
        from ecgcore.inference.waveform import read_waveforms

        return read_waveforms(
            self.recording,
            disease,
            model,
            leads=self.leads,
            graded=self.graded,
            find_waves=self.agreed_waves,
        )

    def anomaly(
        self, model: "AnomalyModel", *, report: Callable[[float], None] = lambda _share: None
    ) -> AnomalyMap:
        """Return how unusual the chosen leads are among normal ECGs, and where.

        Raises
        ------
        CannotAssessError
            As :func:`ecgcore.inference.anomaly.find_anomalies`.
        """
        own = self.alone
        return own._of_patient.get(("anomaly", model), lambda: own._anomaly(model, report))

    def _anomaly(self, model: "AnomalyModel", report: Callable[[float], None]) -> AnomalyMap:
        from ecgcore.inference.anomaly import judge, look

        reading = self.reading(model.loaded)
        r_s = self.r_peaks_s(reading.given.leads)

        def features(reference: "LoadedModel") -> Array:
            return self.heard(reference).feature_rows()

        seen = look(model, reading, r_s, features, report=report)
        return judge(model, self.recording, seen)
