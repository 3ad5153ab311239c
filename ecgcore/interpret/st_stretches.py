"""ST of a long recording stretch by stretch: an infarction can begin and end within it."""

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from ecgcore.interpret.st_picture import StPicture, draw_picture
from ecgcore.measure.median_beat import median_beat
from ecgcore.recording import Patient, Recording, Step
from ecgcore.results import MeasureResult

# A stretch has enough beats for a median; of hours, so many are looked at.
STRETCH_S, LONG_S, MOST = 10.0, 20.0, 180
LEAST_BEATS = 4


class Stretch(NamedTuple):
    """ST between two times in seconds."""

    start_s: float
    stop_s: float
    picture: StPicture


def draw_stretches(
    recording: Recording, measured: MeasureResult, patient: Patient, *, is_paced: bool
) -> tuple[Stretch, ...]:
    """Return the ST picture of each stretch of a recording; empty for a short one."""
    if recording.duration_s < LONG_S or not measured.amplitudes:
        return ()
    step_s = max(STRETCH_S, recording.duration_s / MOST)
    starts = np.arange(0.0, recording.duration_s - STRETCH_S + 1e-6, step_s)
    return tuple(_draw_each(recording, measured, patient, starts.tolist(), is_paced=is_paced))


def _draw_each(
    recording: Recording,
    measured: MeasureResult,
    patient: Patient,
    starts: list[float],
    *,
    is_paced: bool,
) -> Iterator[Stretch]:
    for start_s in starts:
        stop_s = start_s + STRETCH_S
        beats = measured.beats.between(start_s, stop_s)
        if beats is None or beats.consensus.n_beats < LEAST_BEATS:
            continue
        first, last = round(start_s * recording.fs_hz), round(stop_s * recording.fs_hz)
        step = Step("stretch", {"start_s": start_s, "stop_s": stop_s})
        part = recording.changed(recording.signal[:, first:last], step)
        chosen = np.array([kind != "ventricular" for kind in beats.types])
        beat = median_beat(part, beats.consensus, dict(beats.leads), chosen)
        if beat is not None:
            own = replace(measured, median_beat=beat)
            yield Stretch(start_s, stop_s, draw_picture(own, patient, is_paced=is_paced))
