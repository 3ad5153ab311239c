"""Where the evidence of a statement lies: the waves and leads that its values come from."""

import numpy as np
from numpy.typing import NDArray

from ecgcore.explain.waves import WAVES, places
from ecgcore.results import Call, Evidence
from ecgcore.statements import statement
from ecgcore.study import Study

_ALL = ("P", "PR", "QRS", "ST", "T")
# What a value's name begins with, the longer name first, to the waves that it is measured on.
_WAVES_OF_NAMES = (
    ("QT", ("QRS", "ST", "T")),
    ("JT", ("ST", "T")),
    ("QRS", ("QRS",)),
    ("PR", ("P", "PR")),
    ("ST", ("ST", "T")),
    ("J", ("ST", "T")),
    ("P", ("P",)),
    ("T", ("T",)),
    ("Q", ("QRS",)),
    ("R", ("QRS",)),
    ("S", ("QRS",)),
)


def highlight_evidence(study: Study, call: Call) -> NDArray[np.float32] | None:
    """Return where the evidence of a statement lies.

    Parameters
    ----------
    study : Study
    call : Call
        One of the study's interpretation.

    Returns
    -------
    array of float32, shape (n_leads, n_samples), or None
        1 on the waves of the leads and stretches that the statement rests on, 0 elsewhere.  None
        where it is about the whole recording, such as a rate.
    """
    recording = study.recording
    waves = _find_waves(call)
    beats = study.measured.beats
    has_waves = bool(waves) and beats.consensus.n_beats > 0
    if not has_waves and not call.spans:
        return None
    mask = np.ones(recording.signal.shape, bool)
    if has_waves:
        found = places(beats, recording.leads, recording.n_samples, recording.fs_hz)
        mask &= np.isin(found.wave, [WAVES.index(wave) for wave in waves]) & (found.beat >= 0)
    if call.leads:
        mask &= np.isin(recording.leads, call.leads)[:, None]
    if call.spans:
        mask &= _mark_spans(call, recording.n_samples, recording.fs_hz)
    return mask.astype(np.float32) if mask.any() else None


def _find_waves(call: Call) -> tuple[str, ...]:
    """Return the waves that a statement's values are measured on; none for an arrhythmia."""
    waves = [wave for each in call.evidence for wave in _waves_of(each)]
    place = statement(call.code).place
    if not waves and place is not None and not call.spans:
        waves = list(place.waves)
    return tuple(wave for wave in _ALL if wave in waves)


def _waves_of(evidence: Evidence) -> tuple[str, ...]:
    name = evidence.name.replace("′", " ").replace("-", " ").split(" ")[0]
    return next((waves for begins, waves in _WAVES_OF_NAMES if _begins(name, begins)), ())


def _begins(name: str, begins: str) -> bool:
    """Return whether a name is this wave's, such as "QTcF" or "J", and not "Rate" or "Pauses"."""
    rest = name.removeprefix(begins)
    return name.startswith(begins) and (not rest or rest in ("c", "cF", "cB", "80", "60", "V1"))


def _mark_spans(call: Call, n_samples: int, fs_hz: float) -> NDArray[np.bool_]:
    inside = np.zeros(n_samples, bool)
    for start_s, stop_s in call.spans:
        inside[max(0, int(start_s * fs_hz)) : int(np.ceil(stop_s * fs_hz)) + 1] = True
    return inside
