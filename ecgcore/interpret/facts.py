"""What the rules ask of one study, each thing found once."""

from collections.abc import Mapping
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ecgcore.interpret.rhythms import find_rhythms, name_beats
from ecgcore.interpret.st_picture import StPicture, draw_picture
from ecgcore.interpret.st_stretches import Stretch, draw_stretches
from ecgcore.measure.certainty import WHY
from ecgcore.measure.p_shape import PShape, p_shape
from ecgcore.measure.qrs_shape import QrsShape, SlowStart, j_hump, qrs_shape, slow_start
from ecgcore.measure.rhythm import PACED
from ecgcore.measure.t_shape import TShape, t_shape
from ecgcore.recording import Patient, Recording
from ecgcore.results import Beats, Measurement, MeasureResult
from ecgcore.results.interpreted import Episode
from ecgcore.statements import ADULT_YEARS, statement
from ecgcore.study import Study
from ecgcore.units import MV

# On both sides of R: the whole of QRS and nothing of P and T.
QRS_REACH_S = 0.06
# A median beat is clear where its standard error is less than this part of it; a flat one is not.
CLEAR_PART = 0.04
# Dextrocardia: V6 beside V1 or V2, from peak to trough.
SMALL_V6_PART = 0.5


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

    # ---- shapes of the median beat: conduction, hypertrophy, axis, T ------------------------

    no_child_table = "No limits for this age."

    @cached_property
    def median_leads(self) -> tuple[str, ...]:
        """The readable leads, and noisy ones whose median beat is clear of the noise."""
        beat = self.measured.median_beat
        if beat is None:
            return self.leads
        spans = dict(zip(beat.leads, np.ptp(beat.values, axis=1), strict=True))
        clear = [
            name
            for name in self.recording.leads
            if beat.error.get(name, np.inf) < CLEAR_PART * spans.get(name, 0.0)
        ]
        return tuple(name for name in self.recording.leads if name in {*self.leads, *clear})

    @cached_property
    def qrs_shapes(self) -> Mapping[str, QrsShape]:
        """QRS of each lead of ``median_leads``."""
        beat = self.measured.median_beat
        if beat is None:
            return {}
        made = {name: qrs_shape(beat, name, in_mv=self.in_mv) for name in self.median_leads}
        return {name: shape for name, shape in made.items() if shape is not None}

    def qrs_shape(self, lead: str) -> QrsShape | None:
        """Return QRS of one lead; None where it cannot be told."""
        return self.qrs_shapes.get(lead)

    @cached_property
    def p_shapes(self) -> Mapping[str, PShape]:
        """P of each lead of ``median_leads``, where one is conducted to each QRS."""
        beat = self.measured.median_beat
        if beat is None or self.value("pr") is None:
            return {}
        made = {name: p_shape(beat, name) for name in self.median_leads}
        return {name: shape for name, shape in made.items() if shape is not None}

    @cached_property
    def t_shapes(self) -> Mapping[str, TShape]:
        """T of each lead of ``median_leads``."""
        beat, rr_ms = self.measured.median_beat, self.value("rr_mean")
        rr_s = None if rr_ms is None else rr_ms / 1e3
        if beat is None:
            return {}
        made = {name: t_shape(beat, name, rr_s=rr_s) for name in self.median_leads}
        return {name: shape for name, shape in made.items() if shape is not None}

    @cached_property
    def slow_start_ms(self) -> SlowStart | None:
        """How slowly QRS begins, all readable leads together."""
        beat = self.measured.median_beat
        return None if beat is None else slow_start(beat, self.median_leads)

    @property
    def is_reversed(self) -> bool:
        """Whether electrodes seem to be exchanged."""
        return self.measured.reversal is not None

    @property
    def limb_reversal(self) -> bool:
        """Whether limb electrodes seem to be exchanged."""
        found = self.measured.reversal
        return found is not None and not found.kind.startswith("V")

    def qrs_spans(self, lead: str) -> NDArray[np.float64]:
        """Return QRS of each beat in one lead from peak to trough; NaN where it is cut off."""
        row = self.recording.signal[self.recording.leads.index(lead)]
        fs_hz, beats = self.recording.fs_hz, self.beats.consensus
        out = np.full(beats.n_beats, np.nan)
        reach = np.arange(-round(QRS_REACH_S * fs_hz), round(QRS_REACH_S * fs_hz) + 1)
        at = np.round(beats.r_peak * fs_hz).astype(int)
        inside = (at + reach[0] >= 0) & (at + reach[-1] < row.size)
        out[inside] = np.ptp(row[at[inside, None] + reach], axis=1)
        # The first and the last beat may be cut off.
        return out[np.flatnonzero(inside)]

    @cached_property
    def j_humps(self) -> Mapping[str, float]:
        """Lead -> height in mV of a hump at the end of QRS above ST; V1 and V2 are left out."""
        beat = self.measured.median_beat
        if beat is None or not self.in_mv:
            return {}
        found = {n: self.qrs_shape(n) for n in ("II", "III", "aVF", "V3", "V4", "V5", "V6")}
        return {n: j_hump(beat, shape) for n, shape in found.items() if shape is not None}

    @cached_property
    def is_mirrored(self) -> bool:
        """Whether limb and chest leads are those of a heart on the right side.

        P and QRS point down in I, as with exchanged arms; but QRS also dwindles from V1 to V6.
        """
        one, last, p = self.qrs_shape("I"), self.qrs_shape("V6"), self.p_shapes.get("I")
        near = [self.qrs_shapes[n].span for n in ("V1", "V2") if n in self.qrs_shapes]
        if one is None or last is None or p is None or not near:
            return False
        down = one.depth > one.top and -p.bottom > p.top
        return down and last.span < SMALL_V6_PART * max(near) and last.top < last.depth

    @property
    def p_to_qrs_ms(self) -> float | None:
        """PR, or where it is too uncertain to be stated, that of the median beat."""
        found, beat = self.measurement("pr"), self.measured.median_beat
        if found is None or found.value is not None or beat is None:
            return None if found is None else found.value
        if not found.reason.startswith(WHY["pr"]):
            return None
        apart = 1e3 * (beat.consensus["qrs_onset"] - beat.consensus["p_onset"])
        return float(apart) if np.isfinite(apart) else None

    # ---- beats as their rhythm makes them ---------------------------------------------------

    @cached_property
    def beat_kinds(self) -> tuple[str, ...]:
        """The kind of each beat, where a rhythm decides it: ventricular or paced, never normal."""
        return name_beats(self.beats.types, self.rhythms)
