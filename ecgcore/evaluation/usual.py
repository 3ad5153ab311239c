"""Features of the records that a network learned from, by number of leads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from torch import nn

from ecgcore.datasets import PackedSet
from ecgcore.evaluation.asked import Said, ask
from ecgcore.inference.card import InputContract
from ecgcore.inference.distance import Part, Usual, energy, fit_distance, usual_of
from ecgcore.inference.prepare import pieces_of
from ecgcore.inference.runner import prepared_input
from ecgcore.leads import INDEPENDENT_8, LIMB_6, STANDARD_12

# Of usual records, so many are near enough to be read.
KEPT_SHARE = 0.99
N_DIRECTIONS = 48
Rows = NDArray[np.int64]
Leads = Sequence[tuple[str, ...]]

ALL: Leads = (STANDARD_12,)
# Sheets whose record lacks some leads, as quality leaves them, are judged with the full ones.
MANY: Leads = (STANDARD_12, STANDARD_12, STANDARD_12, INDEPENDENT_8)
FEW: Leads = (
    LIMB_6, ("I", "II", "V1"), ("I", "II"), ("II", "V1"), ("V1", "V5"), STANDARD_12[6:],
    ("II", "V2", "V5"), ("II", "V5"),
)  # fmt: skip
SINGLE: Leads = tuple((lead,) for lead in STANDARD_12)
MIN_LEADS = {"one": 0.0, "few": 1.5, "many": 7.5}


@dataclass(frozen=True, eq=False)
class Source:
    """Records of one origin: those learned from, those kept for choosing, and on which leads."""

    data: PackedSet
    learned: Rows
    kept: Rows
    leads: Leads


def usual_records(
    network: nn.Module, contract: InputContract, sources: Mapping[str, Sequence[Source]]
) -> Usual:
    """Return where the records lie that a network learned from, and how far others may be.

    Nearer than the limit are 99 % of the records of every origin that were kept for choosing.

    Parameters
    ----------
    contract : InputContract
        Of the records and of the network.
    sources : mapping of str to sequence of Source
        For some of ``MIN_LEADS``: the records that are looked at on so many leads.
    """
    return usual_of([_part(network, contract, name, some) for name, some in sources.items()])


def _part(
    network: nn.Module, contract: InputContract, name: str, sources: Sequence[Source]
) -> Part:
    learned = [_ask_source(network, contract, source, source.learned) for source in sources]
    made = fit_distance(_features([s for part in learned for s in part]), n_directions=N_DIRECTIONS)
    far, strange = [], []
    for source in sources:
        kept = _ask_source(network, contract, source, source.kept)
        if kept:
            far.append(_limit([float(made.of(_features([s])).min()) for s in kept]))
            strange.append(_limit([float(energy(s.logits).min()) for s in kept]))
    limit = max(far, default=np.inf)
    return Part(MIN_LEADS[name], replace(made, limit=limit), max(strange, default=np.inf))


def _limit(values: list[float]) -> float:
    return float(np.quantile(values, KEPT_SHARE))


def _ask_source(
    network: nn.Module, contract: InputContract, source: Source, rows: Rows
) -> list[Said]:
    inputs = []
    for number, row in enumerate(rows):
        samples = source.data.signal(int(row))
        leads = source.leads[number % len(source.leads)]
        away = [i for i, lead in enumerate(contract.leads) if lead not in leads]
        samples[away] = np.nan
        if np.isfinite(samples).any():
            in_mv = bool(source.data.has_voltage[row])
            given = prepared_input(samples, contract, in_mv=in_mv)
            inputs.append((given, pieces_of(given, contract)))
    return ask(network, inputs)


def _features(said: Sequence[Said]) -> NDArray[np.float64]:
    return np.concatenate([each.features for each in said if each.features is not None])
