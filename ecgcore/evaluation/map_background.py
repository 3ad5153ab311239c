"""What a recording is compared with, from the training records: aggregates of patients only.

Mean beats of groups of patients (a statement's positives, cut by heart rate), each repeated over a
window, are the references of gradient SHAP; the mean logits are what the network says before it has
seen a lead.  A group of fewer than twenty patients gives no beat: it could resemble one of them.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgcore.datasets import Entry, load_recording
from ecgcore.errors import EcgError
from ecgcore.evaluation.map_records import BEAT_GROUPS
from ecgcore.evaluation.model_report import targets_of
from ecgcore.evaluation.population_beats import MIN_PATIENTS
from ecgcore.inference import LoadedModel
from ecgcore.inference.predict import network_logits, read_for
from ecgcore.signal.beats import detect_beats

Array = NDArray[np.float64]
# From 35 % of the RR interval before R on: P to P.
BEFORE = 0.35
# Each statement's positives are cut into this many groups of equal size by heart rate.
RATES = 2


def background(
    model: LoadedModel,
    entries: Sequence[Entry],
    *,
    report: Callable[[int], None] = lambda _n: None,
) -> dict[str, Any]:
    """Return ``background`` and ``prior`` for a model's ``explanations.json``.

    Parameters
    ----------
    model : LoadedModel
        Used by no other thread.
    entries : sequence of Entry
        Training records.
    report : callable, optional
        Called with how many are done.
    """
    contract = model.card.input
    logits: list[Array] = []
    beats: list[Array | None] = []
    rr_s: list[float] = []
    for number, entry in enumerate(entries):
        try:
            reading = read_for(model, load_recording(entry))
        except EcgError:
            logits.append(np.full(len(model.card.codes), np.nan))
            beats.append(None)
            rr_s.append(np.nan)
            continue
        found = network_logits(model.network, reading.given, reading.pieces)
        logits.append(found.max(axis=0))
        beat, rr = _mean_beat(reading.given.batch(reading.pieces[:1])[0][0].numpy(), contract.fs_hz)
        full = reading.given.index.tolist() == list(range(len(contract.leads)))
        beats.append(beat if full else None)
        rr_s.append(rr)
        report(number)
    prior = np.nanmean(np.stack(logits), axis=0)
    groups = _groups(model, entries, np.array(rr_s), [b is not None for b in beats])
    made = [
        {
            "statement": code,
            "n": len(rows),
            "values": _joined([beats[i] for i in rows], rr, contract.fs_hz),
        }
        for code, rows, rr in groups
    ]
    return {
        "prior": {c: round(float(v), 4) for c, v in zip(model.card.codes, prior, strict=True)},
        "background": {
            "words": f"{len(made)} mean beats of {MIN_PATIENTS} patients or more each, of the "
            "training records of each statement, slow and fast, repeated over a window",
            "beats": made,
        },
    }


def _groups(
    model: LoadedModel, entries: Sequence[Entry], rr_s: Array, usable: Sequence[bool]
) -> list[tuple[str, list[int], float]]:
    """Return statement, records (one a patient) and mean RR of each group."""
    out = []
    kept = np.array(usable) & np.isfinite(rr_s)
    # Early beats are not what the mean of such a record shows.
    for code in (c for c in model.card.codes if c not in BEAT_GROUPS):
        said = targets_of(entries, [code])[:, 0]
        first: dict[str, int] = {}
        for row in np.flatnonzero((said == 1) & kept):
            first.setdefault(entries[int(row)].group, int(row))
        rows = sorted(first.values(), key=lambda i: rr_s[i])
        parts = [p.tolist() for p in np.array_split(np.array(rows, dtype=int), RATES)]
        if any(len(p) < MIN_PATIENTS for p in parts):
            parts = [rows]
        out += [
            (code, part, float(np.mean(rr_s[part]))) for part in parts if len(part) >= MIN_PATIENTS
        ]
    return out


def _mean_beat(x: NDArray[np.float32], fs_hz: float) -> tuple[Array | None, float]:
    """Return a record's median beat over 100 steps of its RR interval, (L, 100), and RR."""
    r_s = detect_beats(x, fs_hz)
    if r_s.size < 3:
        return None, np.nan
    rr = float(np.median(np.diff(r_s)))
    steps = (np.arange(100) / 100 - BEFORE) * rr
    at = r_s[:, None] + steps
    whole = (at[:, 0] >= 0) & (at[:, -1] * fs_hz < x.shape[1] - 1)
    if not whole.any():
        return None, np.nan
    times = np.arange(x.shape[1]) / fs_hz
    cut = np.stack([[np.interp(row, times, lead) for lead in x] for row in at[whole]])
    return np.asarray(np.median(cut, axis=0)), rr


def _joined(beats: Sequence[Array | None], rr_s: float, fs_hz: float) -> list[list[int]]:
    """Return the mean of beats at the group's own RR, in hundredths; ends meet."""
    mean = np.mean([b for b in beats if b is not None], axis=0)
    n = round(rr_s * fs_hz)
    at = np.linspace(0, 99, n)
    rows = np.stack([np.interp(at, np.arange(100), lead) for lead in mean])
    # Repeated end to end: no step where one beat follows the other.
    rows -= np.linspace(0, 1, n) * (rows[:, -1:] - rows[:, :1])
    found: list[list[int]] = np.round(100 * rows).astype(int).tolist()
    return found
