"""Records for map figures: positive records, annotated beats and waves, simulated truth.

A :class:`Trial` is one recording and one statement, with where the attribution should lie if that
is known.  Everything is drawn from a seed, at most so many a statement.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ecgcore.datasets import Entry, load_recording
from ecgcore.datasets.ludb_waves import MarkedLead, read_marks
from ecgcore.datasets.mitdb import read_beats, record_path
from ecgcore.evaluation.model_report import targets_of
from ecgcore.readers import read
from ecgcore.recording import Recording, Step
from ecgcore.simulate import simulate
from ecgcore.statements import place_of

Mask = NDArray[np.bool_]
# AAMI group of the beats that each statement is about.
BEAT_GROUPS = {"PVC": "V", "PAC": "S"}
WINDOW_S = 10.0
# A window of which most beats are of the kind cannot tell where a map points.
MOST_OF_A_WINDOW = 0.4
LUDB_CODES = ("AF", "IAVB", "LBBB", "RBBB", "STD", "STE")
SIMULATED = {
    "AF": "atrial-fibrillation",
    "IAVB": "first-degree-av-block",
    "LBBB": "lbbb",
    "RBBB": "rbbb",
    "PAC": "pac",
    "PVC": "pvc",
    "STD": "st-depression",
    "STE": "anterior-stemi",
}
_VENTRICULAR_ESCAPE = "E"


@dataclass(frozen=True, eq=False)
class Trial:
    """One recording and one statement.

    Attributes
    ----------
    recording : Recording
    code : str
    group : str
        The patient: resampled as one.
    mask : array of bool, shape (n_leads, n_samples), or None
        Where the attribution should lie.
    region : array of bool, same shape, or None
        Where that is known; what lies elsewhere does not count.
    """

    recording: Recording
    code: str
    group: str
    mask: Mask | None = None
    region: Mask | None = None


def positive_records(
    entries: Sequence[Entry], codes: Sequence[str], *, most: int, seed: int
) -> Iterator[Trial]:
    """Yield positive twelve-lead records, at most so many a statement."""
    for number, code in enumerate(codes):
        said = targets_of(entries, [code])[:, 0]
        rows = np.flatnonzero(said == 1)
        rng = np.random.default_rng([seed, number])
        for row in rng.permutation(rows)[:most]:
            yield Trial(load_recording(entries[row]), code, entries[row].group)


def on_one_lead(trials: Iterable[Trial]) -> Iterator[Trial]:
    """Yield trials on one lead each, every lead in turn."""
    for number, trial in enumerate(trials):
        yield in_lead(trial, number % trial.recording.n_leads)


def in_lead(trial: Trial, row: int) -> Trial:
    """Return a trial on one of its leads, with what is known of it there."""
    rows = slice(row, row + 1)
    return Trial(
        trial.recording.select((trial.recording.leads[row],)),
        trial.code,
        trial.group,
        None if trial.mask is None else trial.mask[rows],
        None if trial.region is None else trial.region[rows],
    )


def marked_beats(
    root: Path, records: Sequence[str], codes: Sequence[str], *, most: int, seed: int
) -> Iterator[Trial]:
    """Yield windows of MIT-BIH with premature beats, at most so many a record and statement.

    A beat reaches midway to its neighbours: its mask is that span, in both leads.  Escape beats are
    of the AAMI group V but not premature, and windows with them are left out.
    """
    for number, record in enumerate(records):
        beats = read_beats(root, record)
        recording = read(record_path(root, record).with_suffix(".hea"))
        groups, codes_of = np.array(beats.groups), np.array(beats.codes)
        edges = np.concatenate([[-np.inf], (beats.r_s[1:] + beats.r_s[:-1]) / 2, [np.inf]])
        for place, code in enumerate(c for c in codes if c in BEAT_GROUPS):
            wanted = groups == BEAT_GROUPS[code]
            rng = np.random.default_rng([seed, number, place])
            starts = np.arange(0, recording.duration_s - WINDOW_S, WINDOW_S)
            taken = 0
            for start in rng.permutation(starts):
                inside = (beats.r_s >= start) & (beats.r_s < start + WINDOW_S)
                share = wanted[inside].mean() if inside.any() else 0.0
                escape = (codes_of[inside] == _VENTRICULAR_ESCAPE).any()
                if not 0 < share <= MOST_OF_A_WINDOW or escape:
                    continue
                spans = [(edges[i], edges[i + 1]) for i in np.flatnonzero(wanted & inside)]
                yield _window(recording, float(start), spans, code, record)
                taken += 1
                if taken == most:
                    break


def _window(
    recording: Recording, start_s: float, spans: list[tuple[float, float]], code: str, group: str
) -> Trial:
    fs = recording.fs_hz
    first = round(start_s * fs)
    part = recording.signal[:, first : first + round(WINDOW_S * fs)]
    mask = np.zeros(part.shape, dtype=bool)
    for low, high in spans:
        edges = np.clip([(low - start_s) * fs, (high - start_s) * fs], 0, part.shape[1])
        mask[:, round(edges[0]) : round(edges[1])] = True
    cut = recording.changed(part, Step("window", {"start_s": start_s}))
    return Trial(cut, code, group, mask)


def marked_waves(entries: Sequence[Entry], codes: Sequence[str]) -> Iterator[Trial]:
    """Yield LUDB's positive records with the textbook's waves as the cardiologists marked them."""
    ludb = [entry for entry in entries if entry.dataset == "ludb"]
    for code in (c for c in codes if c in LUDB_CODES):
        said = targets_of(ludb, [code])[:, 0] if ludb else np.zeros(0)
        for row in np.flatnonzero(said == 1):
            recording = load_recording(ludb[row])
            marks = read_marks(ludb[row].path)
            mask, region = _wave_masks(recording, marks, code)
            if mask.any():
                yield Trial(recording, code, ludb[row].group, mask, region)


def _wave_masks(recording: Recording, marks: dict[str, MarkedLead], code: str) -> tuple[Mask, Mask]:
    place = place_of(code)
    leads, waves = ((), ()) if place is None else (place.leads, place.waves)
    mask, region = (np.zeros(recording.signal.shape, dtype=bool) for _ in range(2))
    for row, lead in enumerate(recording.leads):
        marked = marks.get(lead)
        if marked is None:
            continue
        wave = _wave_row(marked, recording.n_samples, recording.fs_hz)
        region[row] = wave != ""
        if lead in leads:
            mask[row] = np.isin(wave, waves)
    return mask, region


def _wave_row(marked: MarkedLead, n_samples: int, fs_hz: float) -> NDArray[np.str_]:
    """Return the wave of each sample between the first and the last mark; "" outside."""
    out = np.full(n_samples, "", dtype="<U8")

    def at(time_s: float) -> int:
        return int(np.clip(round(time_s * fs_hz), 0, n_samples))

    out[at(marked.first_s) : at(marked.last_s)] = "baseline"
    for one, after in zip(marked.waves, [*marked.waves[1:], None], strict=True):
        out[at(one.onset_s) : at(one.offset_s)] = one.kind
        if after is None:
            continue
        between = {("P", "QRS"): "PR", ("QRS", "T"): "ST"}.get((one.kind, after.kind))
        if between and after.onset_s - one.offset_s < 0.4:
            out[at(one.offset_s) : at(after.onset_s)] = between
    return out


def known_truth(codes: Sequence[str], *, most: int, seed: int) -> Iterator[Trial]:
    """Yield simulated records with the samples in which each statement is visible."""
    for code in (c for c in codes if c in SIMULATED):
        for number in range(most):
            made = simulate(SIMULATED[code], seed=1000 * seed + number)
            mask = made.masks.get(code)
            if mask is not None and mask.any():
                yield Trial(made.recording, code, f"{code}{number}", mask)


Source = Callable[[], Iterator[Trial]]
