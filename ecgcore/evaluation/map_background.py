"""References for explanations from the training records: aggregates of patients only.

Mean beats of groups of patients (a statement's positives, cut by heart rate), each repeated over a
window, are the references of gradient SHAP; the mean logits are what the network says before it has
seen a lead.  A group of fewer than twenty patients gives no beat: it could resemble one of them.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgcore.datasets import PackedSet
from ecgcore.evaluation.map_records import BEAT_GROUPS
from ecgcore.evaluation.population_beats import MIN_PATIENTS
from ecgcore.inference import LoadedModel
from ecgcore.inference.prepare import pieces_of
from ecgcore.inference.runner import hear, prepared_input
from ecgcore.signal.beats import detect_beats
from ecgcore.signal.rr import absent_spans, rr_intervals
from ecgcore.statements import CORE_CODES, FURTHER_CODES

Array = NDArray[np.float64]
# From 35 % of the RR interval before R on: P to P.
BEFORE = 0.35
MOST_PATIENTS, MOST_LOGITS = 80, 500
SEED = 0


def background(
    model: LoadedModel,
    data: PackedSet,
    *,
    report: Callable[[int], None] = lambda _n: None,
) -> dict[str, Any]:
    """Return ``background`` and ``prior`` for a model's ``explanations.json``.

    Parameters
    ----------
    model : LoadedModel
        Used by no other thread.
    data : PackedSet
        At the model's rate and bandwidth; its records of the split `train` are used.
    report : callable, optional
        Called with how many are done.
    """
    contract = model.card.input
    rng = np.random.default_rng(SEED)
    train = data.where("train")
    chosen = {code: _patients(data, code, train, rng) for code in model.card.codes}
    asked = rng.permutation(train)[:MOST_LOGITS]
    wanted = sorted(set().union(*chosen.values()))
    logits: list[Array] = []
    known: dict[int, Array] = {}
    rr_s: dict[int, float] = {}
    for number, row in enumerate([*asked.tolist(), *wanted]):
        samples = data.signal(row)
        if number < len(asked) and contract.max_leads == 1:
            # A network of one lead is shown each lead in turn.
            samples[np.arange(len(samples)) != number % len(samples)] = np.nan
            if not np.isfinite(samples).any():
                continue
        given = prepared_input(samples, contract, in_mv=bool(data.signals.in_mv[row]))
        pieces = pieces_of(given, contract)
        if number < len(asked):
            logits.append(hear(model.network, given, pieces).logits.max(axis=0))
        elif len(given.leads) == len(contract.leads):
            found = _mean_beat(given.batch(pieces[:1])[0][0].numpy(), contract.fs_hz)
            if found is not None:
                known[row], rr_s[row] = found
        report(number)
    prior = np.mean(np.stack(logits), axis=0)
    made = []
    for code, rows in chosen.items():
        for part in _parts(sorted((r for r in rows if r in known), key=lambda r: rr_s[r])):
            values = _join_beats(
                [known[r] for r in part], float(np.mean([rr_s[r] for r in part])), contract.fs_hz
            )
            made.append({"statement": code, "n": len(part), "values": values})
    return {
        "prior": {c: round(float(v), 4) for c, v in zip(model.card.codes, prior, strict=True)},
        "background": {
            "words": f"{len(made)} mean beats of {MIN_PATIENTS} patients or more each, of the "
            "training records of each statement, slow and fast, repeated over a window",
            "beats": made,
        },
    }


def _patients(
    data: PackedSet, code: str, train: NDArray[np.int64], rng: np.random.Generator
) -> list[int]:
    """Return one positive record of each of at most 80 patients, drawn at random."""
    # Early beats are not what the mean of such a record shows.
    if code in BEAT_GROUPS:
        return []
    first: dict[str, int] = {}
    for row in rng.permutation(train[_targets(data, code)[train] == 1]).tolist():
        first.setdefault(str(data.groups[row]), row)
    return list(first.values())[:MOST_PATIENTS]


def _parts(rows: list[int]) -> list[list[int]]:
    """Return slow and fast hearts, all together where they are few, or nothing."""
    halves = [rows[: len(rows) // 2], rows[len(rows) // 2 :]]
    if all(len(half) >= MIN_PATIENTS for half in halves):
        return halves
    return [rows] if len(rows) >= MIN_PATIENTS else []


def _targets(data: PackedSet, code: str) -> NDArray[np.float32]:
    if code in CORE_CODES:
        return np.asarray(data.targets[:, CORE_CODES.index(code)])
    return np.asarray(data.further[:, FURTHER_CODES.index(code)])


def _mean_beat(x: NDArray[np.float32], fs_hz: float) -> tuple[Array, float] | None:
    """Return a record's median beat over 100 steps of its RR interval, (L, 100), and RR."""
    r_s = detect_beats(x, fs_hz)
    every = rr_intervals(r_s, absent_spans(x, fs_hz)).duration_s
    if every.size < 2:
        return None
    rr = float(np.median(every))
    steps = (np.arange(100) / 100 - BEFORE) * rr
    at = r_s[:, None] + steps
    whole = (at[:, 0] >= 0) & (at[:, -1] * fs_hz < x.shape[1] - 1)
    if not whole.any():
        return None
    times = np.arange(x.shape[1]) / fs_hz
    cut = np.stack([[np.interp(row, times, lead) for lead in x] for row in at[whole]])
    return np.asarray(np.median(cut, axis=0)), rr


def _join_beats(beats: Sequence[Array], rr_s: float, fs_hz: float) -> list[list[int]]:
    """Return the mean of beats at the group's own RR, in hundredths; ends meet."""
    mean = np.mean(beats, axis=0)
    n = round(rr_s * fs_hz)
    at = np.linspace(0, 99, n)
    rows = np.stack([np.interp(at, np.arange(100), lead) for lead in mean])
    # Repeated end to end: no step where one beat follows the other.
    rows -= np.linspace(0, 1, n) * (rows[:, -1:] - rows[:, :1])
    found: list[list[int]] = np.round(100 * rows).astype(int).tolist()
    return found
