"""The score that knows normal ECGs only: how unusual each lead is, and from that the recording.

A recording is as unusual as its leads are on average, on one scale: a lead's score is what the
recording's would be if every lead looked as this one does.  So the recording's score never stands
above that of its most unusual lead.  No network that was taught statements takes part.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgcore.inference.anomaly_quantiles import (
    PersonShift,
    Quantiles,
    kind_of,
    read_quantiles,
    weights_for,
)
from ecgcore.inference.anomaly_raw import Raw

Array = NDArray[np.float64]

LOOKS, HIDDEN, BEAT, WHOLE = "looks", "hidden", "beat", "record"
LEAD_PARTS = (LOOKS, HIDDEN, BEAT)
PARTS = (*LEAD_PARTS, WHOLE)
# Parts whose level depends on the person.
SHIFTED = (LOOKS, HIDDEN)
# Of the samples' looks the 0.9 quantile, of the restoration's errors the mean of the highest
# twentieth, of the beats the mean: each as it told most on val.
LOOKS_LEVEL = 0.9
HIDDEN_SHARE = 0.05
# Where a lead has no table of its own, and for recordings of few leads.
ANY_LEAD = "any"


@dataclass(frozen=True)
class LeadNorms:
    """What is usual of the parts of the score among normals, lead by lead.

    Attributes
    ----------
    shifts : mapping of str to PersonShift
        By part: what age, sex and rate explain.
    tables : mapping of str to mapping of str to Quantiles
        By part (``NAME/few`` for one to three leads), then by lead, with ``any`` for the others.
    weights : mapping of str to float
        Of the parts; ``NAME/few`` for one to three leads.
    parts : mapping of str to Quantiles
        Of each part's mean surprise over a recording's leads; ``NAME/few`` likewise.
    score : mapping of str to Quantiles
        Of the mean over leads, ``many`` and ``few``.
    """

    shifts: Mapping[str, PersonShift] = field(default_factory=dict)
    tables: Mapping[str, Mapping[str, Quantiles]] = field(default_factory=dict)
    weights: Mapping[str, float] = field(default_factory=dict)
    parts: Mapping[str, Quantiles] = field(default_factory=dict)
    score: Mapping[str, Quantiles] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class LeadScore:
    """A recording's score, its leads', and what they were made of.

    Attributes
    ----------
    score : float
        The share of normal recordings that are less unusual.
    leads : array, shape (n_leads,)
        On the same scale; NaN for a lead without samples.
    parts : dict of str to float
        Each part's share of normals that are less unusual.
    """

    score: float
    leads: Array
    parts: dict[str, float]


def lead_levels_of(raw: Raw) -> dict[str, Array]:
    """Return the level of each part, before it is compared with normals, (n_leads,) each.

    NaN for a lead without samples; the part of the whole recording is the same in every lead.
    """
    n_leads = raw.present.shape[0]
    out = {part: np.full(n_leads, np.nan) for part in PARTS}
    whole = float(0.5 * raw.record.mean() + 0.5 * raw.record.max()) if raw.record.size else 0.0
    for at, there in enumerate(raw.present):
        if not there.any():
            continue
        out[LOOKS][at] = np.quantile(raw.maps["looks"][at, there], LOOKS_LEVEL)
        errors = np.sort(raw.maps["hidden"][at, there])
        out[HIDDEN][at] = errors[-max(1, round(HIDDEN_SHARE * errors.size)) :].mean()
        out[BEAT][at] = raw.maps["beat"][at, there].mean()
        out[WHOLE][at] = whole
    return out


def lead_surprises(
    levels: Mapping[str, Array], person: Array, leads: tuple[str, ...], norms: LeadNorms
) -> dict[str, Array]:
    """Return the surprise of each part that counts, (n_leads,) each.

    Parameters
    ----------
    levels : mapping
        As :func:`lead_levels_of` returns.
    person : array
        As :func:`ecgcore.inference.anomaly_quantiles.person_terms` returns.
    leads : tuple of str
        The network's names.
    """
    out = {}
    for part in weights_for(norms.weights, len(leads)):
        shift = norms.shifts[part].of(person) if part in norms.shifts else 0.0
        tables = tables_for(norms.tables, part, len(leads))
        values = np.full(len(leads), np.nan)
        for at, lead in enumerate(leads):
            if np.isfinite(levels[part][at]):
                table = tables.get(lead, tables[ANY_LEAD])
                values[at] = float(table.surprise(levels[part][at] - shift))
        out[part] = values
    return out


def tables_for(
    tables: Mapping[str, Mapping[str, Quantiles]], part: str, n_leads: int
) -> Mapping[str, Quantiles]:
    """Return a part's tables for so many leads."""
    few = f"{part}/few"
    return tables[few] if kind_of(n_leads) == "few" and few in tables else tables[part]


def joined_surprise(surprises: Mapping[str, Array], norms: LeadNorms) -> Array:
    """Return the weighted surprise of each lead, (n_leads,)."""
    n_leads = len(next(iter(surprises.values())))
    weights = weights_for(norms.weights, n_leads)
    return np.asarray(sum(weights[part] * values for part, values in surprises.items()))


def lead_score(raw: Raw, person: Array, leads: tuple[str, ...], norms: LeadNorms) -> LeadScore:
    """Return how unusual a recording and each of its leads are among normals."""
    surprises = lead_surprises(lead_levels_of(raw), person, leads, norms)
    joint = joined_surprise(surprises, norms)
    table, known = norms.score[kind_of(len(leads))], np.isfinite(joint)
    if not known.any():
        return LeadScore(0.0, joint, {})
    by_lead = np.where(known, table.quantile(np.nan_to_num(joint)), np.nan)
    # Between equal leads the mean may differ from them by a rounding error.
    score = float(np.clip(table.quantile(joint[known].mean()), by_lead[known].min(), None))
    few = "/few" if kind_of(len(leads)) == "few" else ""
    parts = {
        part: float(norms.parts[f"{part}{few}"].quantile(np.array(np.nanmean(values))))
        for part, values in surprises.items()
    }
    return LeadScore(min(score, float(by_lead[known].max())), by_lead, parts)


def read_lead_norms(raw: Mapping[str, Any]) -> LeadNorms:
    """Return the norms from their JSON."""
    return LeadNorms(
        shifts={k: PersonShift(tuple(v["weights"])) for k, v in raw["shifts"].items()},
        tables={
            part: {lead: read_quantiles(table) for lead, table in by_lead.items()}
            for part, by_lead in raw["tables"].items()
        },
        weights=dict(raw["weights"]),
        parts={k: read_quantiles(v) for k, v in raw["parts"].items()},
        score={k: read_quantiles(v) for k, v in raw["score"].items()},
    )
