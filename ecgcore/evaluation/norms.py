"""Norms of the score, measured on normals that the scoring network did not learn from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from sklearn.covariance import LedoitWolf
from torch import nn

from ecgcore.checks import Within, check_option
from ecgcore.datasets import PackedSet
from ecgcore.errors import InvalidArgumentError
from ecgcore.inference import LoadedModel
from ecgcore.inference.anomaly import (
    anomaly_contract,
    joint_map,
    lead_quantiles,
    record_parts,
    record_surprise,
)
from ecgcore.inference.anomaly_leads import (
    ANY_LEAD,
    PARTS,
    LeadNorms,
    joined_surprise,
    lead_levels_of,
    lead_surprises,
)
from ecgcore.inference.anomaly_leads import SHIFTED as SHIFTED_LEVELS
from ecgcore.inference.anomaly_norms import FeatureDistance, Norms, rate_distance
from ecgcore.inference.anomaly_quantiles import (
    PersonShift,
    Quantiles,
    fit_quantiles,
    kind_of,
    person_terms,
)
from ecgcore.inference.anomaly_raw import MAPS, Raw, raw_scores
from ecgcore.inference.anomaly_spans import places_of, spans_of
from ecgcore.inference.prepare import pieces_of
from ecgcore.inference.runner import hear, prepared_input
from ecgcore.recording import Patient
from ecgcore.signal.beats import detect_beats

Array = NDArray[np.float64]
Quantile = Annotated[float, Within(0.5, 1)]

# Parts whose level depends on the person.
SHIFTED = ("hidden", "looks")
RIDGE = 20.0
N_DIRECTIONS = 64
# Of the samples of a map, one of so many is kept: neighbours say the same.
EVERY = 3
THRESHOLDS = (0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999, 0.9995, 0.9999, 0.99999)


@dataclass(frozen=True)
class Weights:
    """How much each part counts, and from where on a value is called unusual.

    Attributes
    ----------
    maps : mapping of str to float
        In the map.
    record : mapping of str to float
        In the score with a classifier's features.
    leads : mapping of str to float
        In the score that knows normal ECGs only.
    references : tuple of str
        Model folders whose features are compared with those of normals.
    threshold, map_threshold, map_threshold_few : float
        Of the score; of the map, on many leads and on few.
    """

    maps: Mapping[str, float] = field(default_factory=dict)
    record: Mapping[str, float] = field(default_factory=dict)
    leads: Mapping[str, float] = field(default_factory=dict)
    references: tuple[str, ...] = ()
    threshold: Quantile = 0.95
    map_threshold: Quantile = 0.995
    map_threshold_few: Quantile = 0.98

    def check(self) -> None:
        """Raise where a part is missing or unknown."""
        if not self.maps:
            raise InvalidArgumentError("[weights] of the recipe names no part of the map.")
        for name in self.leads:
            check_option("weights.leads", name.removesuffix("/few"), PARTS)


@dataclass(frozen=True, eq=False)
class ScoredNormal:
    """A normal record with its raw scores.

    Attributes
    ----------
    raw : Raw
    patient : Patient
    leads : tuple of str
        The network's names.
    distances : mapping of str to array
        Of its features, by network; a network that learned from it is left out.
    """

    raw: Raw
    patient: Patient
    leads: tuple[str, ...]
    distances: Mapping[str, Array]


def fit_norms(
    normals: Sequence[ScoredNormal],
    distances: Mapping[str, FeatureDistance],
    weights: Weights,
    *,
    notes: tuple[str, ...] = (),
) -> Norms:
    """Measure everything that :class:`~ecgcore.inference.anomaly_norms.Norms` holds.

    Parameters
    ----------
    normals : sequence of ScoredNormal
        Of many leads and of few.
    weights : Weights
        Of the recipe.
    """
    empty = Quantiles((0.0,), (0.0,), 1.0)
    norms = Norms(
        maps={}, shifts=_shifts(normals), weights=weights.maps, leads={}, rate=empty,
        disorder=empty, record={}, record_weights=weights.record, score={},
        distances=distances, threshold=weights.threshold, map_threshold=weights.map_threshold,
        map_threshold_few=weights.map_threshold_few, notes=notes,
    )  # fmt: skip
    rate, disorder = _rhythm_tables(normals, norms)
    norms = replace(norms, maps=_map_tables(normals, norms), rate=rate, disorder=disorder)
    joints = [joint_map(n.raw, norms, n.patient) for n in normals]
    norms = replace(norms, leads=_lead_tables(normals, joints))
    parts = [
        record_parts(n.raw, joint, norms, n.distances, n.patient)
        for n, joint in zip(normals, joints, strict=True)
    ]
    norms = replace(norms, record=_record_tables(normals, parts))
    totals = [record_surprise(p, norms, len(n.leads)) for n, p in zip(normals, parts, strict=True)]
    norms = replace(norms, score=_by_kind(normals, totals))
    norms = replace(norms, by_lead=fit_lead_norms(normals, weights.leads))
    return replace(norms, false_alarms=_alarms(normals, joints, norms))


def fit_lead_norms(normals: Sequence[ScoredNormal], weights: Mapping[str, float]) -> LeadNorms:
    """Measure the norms of the score that knows normal ECGs only.

    Parameters
    ----------
    normals : sequence of ScoredNormal
        Scored by a network that had not learned from them; of many leads and of few.
    weights : mapping of str to float
        Of the parts.
    """
    levels = [lead_levels_of(n.raw) for n in normals]
    people, kinds = _people(normals), [kind_of(len(n.leads)) for n in normals]
    norms = LeadNorms(shifts=_lead_shifts(levels, people, kinds), weights=weights)
    norms = replace(norms, tables=_part_tables(normals, levels, people, norms.shifts))
    surprises = [
        lead_surprises(level, person, normal.leads, norms)
        for level, person, normal in zip(levels, people, normals, strict=True)
    ]
    totals = [float(np.nanmean(joined_surprise(found, norms))) for found in surprises]
    means: dict[str, dict[str, list[Array]]] = {}
    for kind, found in zip(kinds, surprises, strict=True):
        for part, values in found.items():
            by_kind = means.setdefault(part, {})
            by_kind.setdefault(kind, []).append(np.array([np.nanmean(values)]))
    parts: dict[str, Quantiles] = {}
    for part, by_kind in means.items():
        for kind, rows in by_kind.items():
            name = part if kind == "many" else f"{part}/few"
            parts[name] = fit_quantiles(np.concatenate(rows), last=0.99)
    return replace(norms, parts=parts, score=_by_kind(normals, totals))


def _lead_shifts(
    levels: Sequence[Mapping[str, Array]], people: Array, kinds: Sequence[str]
) -> dict[str, PersonShift]:
    """Return what a person explains of the parts' mean over leads, on records of many leads."""
    many = np.array([kind == "many" for kind in kinds])
    chosen = many if many.any() else np.ones(len(kinds), dtype=bool)
    return {
        part: _ridge(people[chosen], np.array([np.nanmean(each[part]) for each in levels])[chosen])
        for part in SHIFTED_LEVELS
    }


def _part_tables(
    normals: Sequence[ScoredNormal],
    levels: Sequence[Mapping[str, Array]],
    people: Array,
    shifts: Mapping[str, PersonShift],
) -> dict[str, dict[str, Quantiles]]:
    """Return each part's distribution, by lead on many leads, of all together on few."""
    found: dict[str, dict[str, list[float]]] = {}
    for normal, level, person in zip(normals, levels, people, strict=True):
        few = kind_of(len(normal.leads)) == "few"
        for part in PARTS:
            shift = shifts[part].of(person) if part in shifts else 0.0
            rows = found.setdefault(f"{part}/few" if few else part, {})
            for lead, value in zip(normal.leads, level[part], strict=True):
                if np.isfinite(value):
                    for name in (ANY_LEAD,) if few else (lead, ANY_LEAD):
                        rows.setdefault(name, []).append(float(value) - shift)
    return {
        part: {lead: fit_quantiles(np.array(row), last=0.99) for lead, row in rows.items()}
        for part, rows in found.items()
    }


def fit_distance(features: Array) -> FeatureDistance:
    """Return where features of normals lie, (n, d): 64 directions, shrunk covariance."""
    centre = features.mean(axis=0)
    _, _, directions = np.linalg.svd(features - centre, full_matrices=False)
    kept = directions[:N_DIRECTIONS]
    inside = (features - centre) @ kept.T
    covariance = LedoitWolf(assume_centered=True).fit(inside).covariance_
    values, vectors = np.linalg.eigh(covariance)
    whiten = (vectors / np.sqrt(np.maximum(values, 1e-12))).T @ kept
    rounded = tuple(tuple(float(f"{v:.5g}") for v in row) for row in whiten)
    return FeatureDistance(tuple(float(f"{v:.6g}") for v in centre), rounded)


def _people(normals: Sequence[ScoredNormal]) -> Array:
    return np.stack([person_terms(n.patient.age_years, n.patient.sex, n.raw.rate) for n in normals])


def _ridge(terms: Array, values: Array) -> PersonShift:
    centred = values - np.median(values)
    left = terms.T @ terms + RIDGE * np.eye(terms.shape[1])
    found = np.linalg.solve(left, terms.T @ centred)
    return PersonShift(tuple(float(v) for v in found))


def _shifts(normals: Sequence[ScoredNormal]) -> dict[str, PersonShift]:
    many = [n for n in normals if kind_of(len(n.leads)) == "many"] or list(normals)
    terms = _people(many)
    out = {
        name: _ridge(terms, np.array([n.raw.maps[name][n.raw.present].mean() for n in many]))
        for name in SHIFTED
    }
    rates = np.array([n.raw.rate for n in many])
    known = np.isfinite(rates)
    without_rate = np.where(np.arange(terms.shape[1]) < 3, terms, 0.0)
    out["rate"] = _ridge(without_rate[known], np.log(rates[known] / 68.0))
    return out


def _map_tables(normals: Sequence[ScoredNormal], norms: Norms) -> dict[str, Quantiles]:
    people = _people(normals)
    out: dict[str, Quantiles] = {}
    for name in MAPS:
        found: dict[str, list[Array]] = {}
        for normal, person in zip(normals, people, strict=True):
            shift = norms.shifts[name].of(person) if name in norms.shifts else 0.0
            values = normal.raw.maps[name][normal.raw.present][::EVERY] - shift
            found.setdefault(kind_of(len(normal.leads)), []).append(values)
        out |= _two_tables(name, found)
    return out


def _two_tables(name: str, found: Mapping[str, list[Array]]) -> dict[str, Quantiles]:
    every = found.get("many") or found["few"]
    out = {name: fit_quantiles(np.concatenate(every))}
    if "few" in found:
        out[f"{name}/few"] = fit_quantiles(np.concatenate(found["few"]))
    return out


def _rhythm_tables(normals: Sequence[ScoredNormal], norms: Norms) -> tuple[Quantiles, Quantiles]:
    people = _people(normals)
    away = [
        rate_distance(n.raw.rate, person, norms.shifts["rate"])
        for n, person in zip(normals, people, strict=True)
        if np.isfinite(n.raw.rate)
    ]
    disorder = [n.raw.disorder for n in normals if np.isfinite(n.raw.disorder)]
    return fit_quantiles(np.array(away), last=0.99), fit_quantiles(np.array(disorder), last=0.99)


def _lead_tables(normals: Sequence[ScoredNormal], joints: Sequence[Array]) -> dict[str, Quantiles]:
    found: dict[str, list[Array]] = {}
    for normal, joint in zip(normals, joints, strict=True):
        few = kind_of(len(normal.leads)) == "few"
        for lead, row, there in zip(normal.leads, joint, normal.raw.present, strict=True):
            found.setdefault("few" if few else lead, []).append(row[there][::EVERY])
    out = {lead: fit_quantiles(np.concatenate(rows), last=0.9995) for lead, rows in found.items()}
    out.setdefault("few", next(iter(out.values())))
    return out


def _record_tables(
    normals: Sequence[ScoredNormal], parts: Sequence[Mapping[str, float]]
) -> dict[str, Quantiles]:
    found: dict[str, dict[str, list[Array]]] = {}
    for normal, values in zip(normals, parts, strict=True):
        for name, value in values.items():
            kinds = found.setdefault(name, {})
            kinds.setdefault(kind_of(len(normal.leads)), []).append(np.array([value]))
    out: dict[str, Quantiles] = {}
    for name, kinds in found.items():
        for kind, some in kinds.items():
            key = name if kind == "many" else f"{name}/few"
            out[key] = fit_quantiles(np.concatenate(some), last=0.99)
        out.setdefault(name, out[f"{name}/few"] if f"{name}/few" in out else out[name])
    return out


def _by_kind(normals: Sequence[ScoredNormal], totals: Sequence[float]) -> dict[str, Quantiles]:
    kinds = np.array([kind_of(len(n.leads)) for n in normals])
    values = np.array(totals)
    return {
        kind: fit_quantiles(values[kinds == kind] if (kinds == kind).any() else values, last=0.99)
        for kind in ("many", "few")
    }


def _alarms(
    normals: Sequence[ScoredNormal], joints: Sequence[Array], norms: Norms
) -> tuple[tuple[float, float, float], ...]:
    """Return how many places ten seconds of a normal ECG have at each threshold."""
    count = {kind: np.zeros(len(THRESHOLDS)) for kind in ("many", "few")}
    seconds = {"many": 0.0, "few": 0.0}
    for normal, joint in zip(normals, joints, strict=True):
        kind = kind_of(len(normal.leads))
        values = lead_quantiles(joint, normal.raw.present, norms, normal.leads)
        seconds[kind] += values.shape[1] / 100.0
        for at, threshold in enumerate(THRESHOLDS):
            spans = spans_of(values.astype(np.float32), normal.leads, 100.0, threshold)
            count[kind][at] += len(places_of(spans))
    rate = {kind: 10 * count[kind] / max(seconds[kind], 1e-9) for kind in count}
    return tuple(
        (t, float(rate["many"][i]), float(rate["few"][i])) for i, t in enumerate(THRESHOLDS)
    )


@dataclass(frozen=True, eq=False)
class PreparedRecord:
    """One prepared record to be scored."""

    samples: NDArray[np.float32]
    in_mv: bool
    patient: Patient


def prepare_record(data: PackedSet, row: int, longest_s: float) -> PreparedRecord:
    """Return a packed record to be scored, at most its first ``longest_s`` seconds."""
    age, sex = float(data.ages[row]), str(data.sexes[row])
    return PreparedRecord(
        data.signal(row)[:, : round(longest_s * data.fs_hz)],
        bool(data.has_voltage[row]),
        Patient(age if np.isfinite(age) else None, sex or None),
    )


def score_record(
    network: nn.Module, held: PreparedRecord, references: Mapping[str, LoadedModel]
) -> tuple[Raw, tuple[str, ...], dict[str, Array]]:
    """Return raw scores, the leads' names, and the references' features of a prepared record."""
    given = prepared_input(held.samples, anomaly_contract(), in_mv=held.in_mv)
    r_s = detect_beats(held.samples, given.fs_hz)
    features = {name: reference_features(m, held) for name, m in references.items()}
    return raw_scores(network, given, r_s), given.leads, features


def reference_features(model: LoadedModel, held: PreparedRecord) -> Array:
    """Return what a network of statements makes of a prepared record, (n_pieces, d)."""
    given = prepared_input(held.samples, model.card.input, in_mv=held.in_mv)
    pieces = pieces_of(given, model.card.input)
    return hear(model.network, given, pieces).feature_rows()
