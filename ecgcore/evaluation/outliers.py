"""Out-of-distribution scores, measured on known outliers.

Outliers: unreadable records of CinC 2017 against the others, unacceptable sheets of CinC 2011
against acceptable ones, simulated technical failures and twelve-lead records whose leads are
exchanged at random against the records of the split.  Scores: the learned signal quality of the
sheet, Mahalanobis distance of the features, energy of the logits, disagreement of several networks
of one recipe; how far limb leads are from fitting one another, and the network's own word that a
strip is unreadable; each of the three scores of strangeness together with the quality, and with all
of these checks.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from torch import nn

from ecgcore.datasets import Entry, data_root, load_recording
from ecgcore.datasets.cinc2011 import read_judged
from ecgcore.datasets.index import TWELVE_LEAD
from ecgcore.evaluation.asked import Read, Said, ask_reads, read_some
from ecgcore.evaluation.bootstrap import N_BOOT, from_resamples, patient_weights
from ecgcore.evaluation.metrics import class_auc
from ecgcore.evaluation.side_report import HAND, LEAD_ONE, Asked, is_unreadable
from ecgcore.inference import LoadedModel
from ecgcore.inference.abstain import handheld_shares
from ecgcore.inference.distance import DISTANCE, ENERGY, energy
from ecgcore.inference.findings import conclude
from ecgcore.leads import STANDARD_12
from ecgcore.recording import Recording
from ecgcore.signal.limb_leads import LIMIT, limb_mismatch
from ecgcore.simulate import simulate

Array = NDArray[np.float64]
N_SIMULATED = 100
FAILURES = ("electrode-off", "muscle", "mains", "wander")
QUALITY, DISAGREEMENT = "quality", "disagreement"
LIMB_LEADS, CALLED_NOISE = "limb leads", "called noise"
# What refuses besides the score of strangeness; together with each of those.
BESIDE = (QUALITY, LIMB_LEADS, CALLED_NOISE)
ALL_CHECKS = " with all checks"
# Usual records have none of it: centre and spread that put its limit where that of others lies.
_FIXED = {LIMB_LEADS: (0.0, 0.8), CALLED_NOISE: (0.0, 0.4)}
WITH_QUALITY = " and quality"
TWELVE, ONE, SHEETS = "twelve leads", "one lead", "acceptable (CinC 2011)"
NOISE, BAD_SHEETS = "unreadable (CinC 2017)", "unacceptable (CinC 2011)"
SIMULATED, EXCHANGED = "simulated failure", "leads exchanged at random"
AGAINST = {NOISE: ONE, BAD_SHEETS: SHEETS, SIMULATED: TWELVE, EXCHANGED: TWELVE}
# A recording that cannot be run at all is refused: its score is above every other.
_REFUSED = 1e6


@dataclass(frozen=True, eq=False)
class Judged:
    """Recordings of one kind: their scores, and what the product does with them.

    Attributes
    ----------
    groups : tuple of str
        Patients.
    scores : dict of str to array, shape (n,)
        Higher is stranger.
    refused, silent : arrays of bool, shape (n,)
        Whether the product calls the recording unacceptable or too strange, and whether it gives
        no finding at all.
    """

    groups: tuple[str, ...]
    scores: dict[str, Array]
    refused: NDArray[np.bool_]
    silent: NDArray[np.bool_]


def judge(
    model: LoadedModel,
    rows: Sequence[tuple[str, Read | None]],
    *,
    others: Sequence[nn.Module] = (),
    said: Sequence[Said] | None = None,
) -> Judged:
    """Score recordings.

    Parameters
    ----------
    rows : sequence of (patient, reading)
        None where the model cannot run on a recording: it is refused.
    others : sequence of nn.Module
        Further networks of the recipe; without any there is no disagreement.
    said : sequence of Said, optional
        What the model's own network says of the readings, where that is known already.
    """
    reads = [read for _, read in rows if read is not None]
    if said is None:
        said = ask_reads(model.network, reads)
    found = [_scores(model, read, each) for read, each in zip(reads, said, strict=True)]
    if others:
        together = [said, *(ask_reads(network, reads) for network in others)]
        for scores, each in zip(found, zip(*together, strict=True), strict=True):
            scores[DISAGREEMENT] = disagreement(model, each)
    refusals = [_find_refusal(model, read, each) for read, each in zip(reads, said, strict=True)]
    at = [i for i, (_, read) in enumerate(rows) if read is not None]
    names = list(found[0]) if found else []
    table = {name: np.full(len(rows), _REFUSED) for name in names}
    refused, silent = np.ones((2, len(rows)), dtype=bool)
    for i, scores, (no, nothing) in zip(at, found, refusals, strict=True):
        refused[i], silent[i] = no, nothing
        for name, value in scores.items():
            table[name][i] = value
    return Judged(tuple(group for group, _ in rows), table, refused, silent)


def _scores(model: LoadedModel, read: Read, said: Said) -> dict[str, float]:
    # Of the windows of a long recording, the least strange counts, as in prediction.
    found = {QUALITY: read.reading.unreadable, ENERGY: float(energy(said.logits).min())}
    if model.distance is not None and said.features is not None:
        part = model.distance.part(read.reading.given.leads_present)
        # Against the limit, which differs by the number of leads.
        found[DISTANCE] = float(part.distance.of(said.features).min() / part.distance.limit)
        found[ENERGY] -= part.energy_limit if np.isfinite(part.energy_limit) else 0.0
    given, names = read.reading.given, tuple(read.reading.lead_names.values())
    # Where it cannot be told, it is as usual.
    mismatch = limb_mismatch(given.samples(), names, given.fs_hz) / LIMIT
    found[LIMB_LEADS] = float(np.nan_to_num(mismatch))
    if said.handheld is not None:
        alone = len(names) == 1
        found[CALLED_NOISE] = float(handheld_shares(said.handheld)[-1]) if alone else 0.0
    return found


def _find_refusal(model: LoadedModel, read: Read, said: Said) -> tuple[bool, bool]:
    limits = read.fresh_limits()
    made = conclude(model, read.reading, limits, said.heard)
    return bool(limits.everywhere) or not read.reading.quality.acceptable, made.abstained


def disagreement(model: LoadedModel, said: Sequence[Said]) -> float:
    """Return how much several networks disagree: mutual information over the statements, in nats.

    Lakshminarayanan et al., NeurIPS 2017; as mutual information Depeweg et al., ICML 2018.  Of the
    windows, the least counts.
    """
    rules = model.card.labels
    slope = 1 / np.array([rule.temperature for rule in rules])
    bias = np.array([rule.bias for rule in rules])
    each = np.stack([expit(s.logits * slope + bias) for s in said])
    gain = _entropy(each.mean(axis=0)) - _entropy(each).mean(axis=0)
    return float(gain.sum(axis=1).min())


def _entropy(p: Array) -> Array:
    p = np.clip(p, 1e-9, 1 - 1e-9)
    return np.asarray(-(p * np.log(p) + (1 - p) * np.log(1 - p)))


def outlier_figures(
    model: LoadedModel,
    split: str,
    asked: Mapping[str, Asked],
    *,
    others: Sequence[nn.Module] = (),
    scale: Mapping[str, Sequence[float]] | None = None,
    n_boot: int = N_BOOT,
) -> dict[str, Any]:
    """Return the AUROC of each score for each kind of outlier, and how many are refused.

    Parameters
    ----------
    split : str
        ``"val"`` or ``"test"``; test takes CinC 2011's testing half, else its training half (on
        which the learned quality was fitted).
    asked : mapping
        Of ``TWELVE_LEAD``, ``LEAD_ONE`` and ``HAND`` the labelled records of the split; without
        ``TWELVE_LEAD``, for a model of one lead, unreadable strips are the only outliers.
    others : sequence of nn.Module
        Further networks of the recipe.
    scale : mapping, optional
        Centre and spread of each score on usual records, by which two are compared; default those
        of the split's own.
    """
    single = asked[LEAD_ONE] + asked[HAND].where(lambda e: not is_unreadable(e))
    known = {ONE: single, NOISE: asked[HAND].where(is_unreadable)}
    if TWELVE_LEAD in asked:
        known[TWELVE] = asked[TWELVE_LEAD]
    judged = {
        kind: judge(model, found.rows(), others=others, said=found.said)
        for kind, found in known.items()
    }
    if TWELVE_LEAD in asked:
        for kind, recordings in _outsiders(split, asked[TWELVE_LEAD].entries):
            judged[kind] = judge(model, read_some(model, recordings), others=others)
    scale = scale or scale_of(judged)
    figures: dict[str, Any] = {
        "split": split,
        "score": None if model.distance is None else model.distance.score,
        "scale": {name: list(values) for name, values in scale.items()},
        "outliers": {},
        "insiders": {},
    }
    for kind, usual in AGAINST.items():
        if kind not in judged or not judged[kind].groups:
            continue
        inside, outside = judged[usual], judged[kind]
        areas = _areas(_together(inside, scale), _together(outside, scale), n_boot)
        figures["outliers"][kind] = {"against": usual, **_counts(outside), "auroc": areas}
    for kind in (TWELVE, ONE, SHEETS):
        if kind not in judged or not judged[kind].groups:
            continue
        figures["insiders"][kind] = _counts(judged[kind])
    return figures


def _outsiders(
    split: str, twelve: Sequence[Entry]
) -> Iterator[tuple[str, Iterable[tuple[str, Recording]]]]:
    rng = np.random.default_rng([0, split == "test"])
    half = list(read_judged(data_root(), "testing" if split == "test" else "training"))
    for kind, unacceptable in ((SHEETS, False), (BAD_SHEETS, True)):
        chosen = [each.recording for each in half if each.unacceptable == unacceptable]
        yield kind, ((f"{kind} {i}", recording) for i, recording in enumerate(chosen))
    yield SIMULATED, ((f"simulated {i}", failure(rng)) for i in range(N_SIMULATED))
    yield EXCHANGED, _exchange_leads(twelve, rng)


def failure(rng: np.random.Generator) -> Recording:
    """Return a simulated ECG that a technician would record again: noise hides the beats."""
    made = simulate("normal", seed=int(rng.integers(2**31)), duration_s=10.0, fs_hz=500.0).recording
    signal = np.array(made.signal, dtype=np.float64)
    t = np.arange(signal.shape[1]) / made.fs_hz
    kind = rng.choice(FAILURES)
    if kind == "electrode-off":
        for lead in rng.permutation(12)[: int(rng.integers(6, 13))]:
            signal[lead] = 0.02 * rng.standard_normal(t.size)
    elif kind == "muscle":
        signal += rng.uniform(0.5, 2) * rng.standard_normal(signal.shape)
    elif kind == "mains":
        signal = 0.05 * signal + rng.uniform(1, 3) * np.sin(2 * np.pi * 35 * t)
    else:
        steps = np.cumsum(rng.standard_normal(signal.shape), axis=1)
        signal += rng.uniform(2, 5) * steps / np.abs(steps).max(axis=1, keepdims=True)
        signal += rng.uniform(0.3, 0.8) * rng.standard_normal(signal.shape)
    return replace(made, signal=signal.astype(np.float32))


def _exchange_leads(
    entries: Sequence[Entry], rng: np.random.Generator
) -> Iterator[tuple[str, Recording]]:
    for entry in entries:
        recording = load_recording(entry)
        if set(STANDARD_12) <= set(recording.leads):
            rows = [recording.leads.index(name) for name in STANDARD_12]
            shuffled = recording.signal[rows][rng.permutation(12)]
            yield entry.group, replace(recording, signal=shuffled, leads=STANDARD_12)


def scale_of(judged: Mapping[str, Judged]) -> dict[str, Sequence[float]]:
    """Return centre and spread of each score on the insiders, so that two can be compared."""
    usual = [judged[kind] for kind in (TWELVE, ONE) if kind in judged]
    found: dict[str, Sequence[float]] = {}
    for name in usual[0].scores:
        values = np.concatenate([each.scores[name] for each in usual])
        low, middle, high = np.quantile(values, (0.1, 0.5, 0.9))
        found[name] = (float(middle), max(float(high - low), 1e-9))
    return found


def _together(judged: Judged, scale: Mapping[str, Sequence[float]]) -> Judged:
    """Add to each score of the network the larger of it and the quality, in units of insiders."""

    def units(name: str) -> Array:
        middle, spread = _FIXED.get(name) or scale[name]
        return (judged.scores[name] - middle) / spread

    strange = [name for name in judged.scores if name not in BESIDE]
    checks = [name for name in BESIDE if name in judged.scores]
    pairs = {f"{n}{WITH_QUALITY}": np.maximum(units(n), units(QUALITY)) for n in strange}
    whole = {
        f"{n}{ALL_CHECKS}": np.max([units(each) for each in (n, *checks)], axis=0) for n in strange
    }
    return replace(judged, scores={**judged.scores, **pairs, **whole})


def _counts(judged: Judged) -> dict[str, Any]:
    return {
        "n": len(judged.groups),
        "refused": float(judged.refused.mean()),
        "silent": float(judged.silent.mean()),
    }


def _areas(inside: Judged, outside: Judged, n_boot: int) -> dict[str, Any]:
    if not inside.groups or not outside.groups:
        return {}
    groups = [*(f"in {g}" for g in inside.groups), *(f"out {g}" for g in outside.groups)]
    truth = np.repeat([0.0, 1.0], [len(inside.groups), len(outside.groups)])
    weights = patient_weights(groups, n_boot=n_boot)
    rows = np.concatenate([np.ones((1, truth.size)), weights])
    out: dict[str, Any] = {}
    for name, values in inside.scores.items():
        area = class_auc(truth, np.concatenate([values, outside.scores[name]]), rows)
        out[name] = from_resamples(float(area[0]), area[1:]).as_dict()
    # As the product does it: one answer, no scale.
    said = np.concatenate([inside.refused, outside.refused]).astype(np.float64)
    area = class_auc(truth, said, rows)
    out["refused"] = from_resamples(float(area[0]), area[1:]).as_dict()
    return out


def best_score(figures: Mapping[str, Any], scores: Sequence[str]) -> str:
    """Return which of these scores has the highest mean AUROC together with the quality."""

    def mean(name: str) -> float:
        areas = [kind["auroc"] for kind in figures["outliers"].values() if kind["auroc"]]
        return float(np.mean([each[f"{name}{WITH_QUALITY}"]["value"] for each in areas]))

    return max(scores, key=mean)
