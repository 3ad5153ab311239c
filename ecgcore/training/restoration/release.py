"""From a recipe to the folder of the restoration network: training, norms, card."""

import sys
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgcore.datasets import data_root, load_index
from ecgcore.datasets.index import SINGLE_LEAD
from ecgcore.datasets.normals import (
    BRUGADA,
    SNR,
    measure_facts,
    normal_single,
    normal_twelve,
)
from ecgcore.datasets.nstdb import KINDS
from ecgcore.datasets.pools import Pool, mitdb_pool, noise_set, packed_pool, single_lead_pool
from ecgcore.datasets.simulated import SimulationPart, simulated_records
from ecgcore.evaluation.model_folder import list_sources, release_network, write_card
from ecgcore.evaluation.norms import (
    ScoredNormal,
    fit_distance,
    fit_lead_norms,
    fit_norms,
    prepare_record,
    reference_features,
    score_record,
)
from ecgcore.inference import LoadedModel, load_model
from ecgcore.inference.anomaly import OWN, anomaly_contract
from ecgcore.inference.anomaly_norms import FeatureDistance, load_norms, save_norms
from ecgcore.inference.anomaly_quantiles import FEW_LEADS
from ecgcore.inference.card import ANOMALY, LabelRule, ModelCard
from ecgcore.models import RestorationNet
from ecgcore.training.batches import noise_rows
from ecgcore.training.restoration.material import (
    Pools,
    half_of,
    normal_counts,
    restoration_groups,
    twelve_normals,
)
from ecgcore.training.restoration.recipe import NormalsData, RestorationRecipe
from ecgcore.training.restoration.train import fit_restoration, normal_features
from ecgcore.training.trainer import Keep

Array = NDArray[np.float64]
# The half of the patients that the second network does not learn from: it is scored with it.
HELD_HALF = 1
LEARN, CHOOSE = "train", "val"
SPLIT_WORDS = (
    "Weights: normals of train alone, no label of any disease. Norms: of the map and of the score "
    "with the classifier's features, normals of train out of fold and of val; of the score that "
    "knows normals only, those of val. Choices: train and val, and there labels told which weights "
    "of the parts find most. Figures: test."
)
# One normal of so many says where the features of a network of statements lie.
REFERENCE_EVERY = 2


def read_pools(data: NormalsData) -> Pools:
    """Return the records of train and val that a recipe names, with what is measured on them."""
    contract = anomaly_contract()
    splits = (LEARN, CHOOSE)
    twelve = [
        e
        for e in load_index(data_root(), datasets=data.twelve)
        if e.split in splits
        and (e.targets[SNR] == 1 or (e.dataset == "brugada" and e.further[BRUGADA] == 0))
    ]
    single = [
        e
        for e in load_index(data_root(), kind=SINGLE_LEAD, datasets=data.single)
        if e.split in splits and e.targets[SNR] == 1
    ]
    return Pools(
        packed_pool(data.twelve, splits, contract),
        single_lead_pool(data.single, splits, contract),
        mitdb_pool(splits, contract),
        measure_facts(twelve),
        measure_facts(single),
        noise_set(contract),
    )


def make_restoration(recipe: RestorationRecipe, out: Path, runs: Path) -> ModelCard:
    """Train both networks (or take them from ``runs``), measure the norms, write the folder.

    The network that is kept learns from all normals of train; a second one from one half of
    their patients, and the norms are measured with it on the other half, and on val.
    """
    pools = read_pools(recipe.data)
    full, facts = _train(recipe, pools, runs, None)
    half, half_facts = _train(recipe, pools, runs, HELD_HALF)
    references = {name: load_model(name) for name in recipe.weights.references}
    distances = {
        OWN: own_distance(pools, full),
        **reference_distances(pools, references),
    }
    held = own_distance(pools, half, without_half=HELD_HALF)
    normals = score_normals(recipe, pools, (full, half), references, (distances, held))
    many = sum(len(n.leads) > FEW_LEADS for n in normals)
    notes = (
        f"{many} 12-lead and {len(normals) - many} single-lead normals: of half of train, scored "
        "by a network that had not seen them, and of val.",
    )
    out.mkdir(parents=True, exist_ok=True)
    training = {
        **facts,
        "half": half_facts,
        "norms_sha256": save_norms(fit_norms(normals, distances, recipe.weights, notes=notes), out),
        "references": {n: m.card.weights_sha256 for n, m in references.items()},
        "norms": {"many": many, "few": len(normals) - many},
    }
    return _release(recipe, full, out, pools, training)


def _release(
    recipe: RestorationRecipe,
    network: RestorationNet,
    out: Path,
    pools: Pools,
    training: dict[str, Any],
) -> ModelCard:
    threshold = recipe.weights.threshold
    more = {"nstdb": len(KINDS)}
    if recipe.data.simulated:
        more["simulated"] = recipe.data.simulated
    return release_network(
        network,
        out,
        recipe,
        architecture="restoration",
        arguments=recipe.arguments,
        input=anomaly_contract(),
        labels=(LabelRule("ANOMALY", threshold, 1.0, 0.0, True, 0, 1.0),),
        threshold_rule=(
            f"The score is a quantile among normal recordings; {threshold:g} and above is "
            "called unusual."
        ),
        calibration_rule=(
            "Quantiles of normals that the scoring network had not learned from, by lead, less "
            "what age, sex and rate explain."
        ),
        data=(*list_sources(normal_counts(pools), "normals"), *list_sources(more)),
        split=SPLIT_WORDS,
        training=training,
        task=ANOMALY,
    )


def refit_score(recipe: RestorationRecipe, folder: Path) -> ModelCard:
    """Measure the norms of the score that knows normal ECGs only anew, and write them.

    The network that stands in the folder scores the normals of val, from which it has not learned;
    weights, map and the score with a classifier's features stay as they are.
    """
    loaded = load_model(folder, task=ANOMALY)
    norms = load_norms(folder, str(loaded.card.training["norms_sha256"]))
    contract = anomaly_contract()
    pools = (
        packed_pool(recipe.data.twelve, (CHOOSE,), contract),
        single_lead_pool(recipe.data.single, (CHOOSE,), contract),
    )
    rows = (normal_twelve(pools[0].data, CHOOSE), normal_single(pools[1], CHOOSE))
    normals = []
    for pool, chosen, longest_s in zip(pools, rows, (12.0, 60.0), strict=True):
        for row in chosen:
            held = prepare_record(pool.data, int(row), longest_s)
            raw, leads, _ = score_record(loaded.network, held, {})
            normals.append(ScoredNormal(raw, held.patient, leads, {}))
    made = fit_lead_norms(normals, recipe.weights.leads)
    many, few = (int(chosen.size) for chosen in rows)
    training = {
        **loaded.card.training,
        "norms_sha256": save_norms(replace(norms, by_lead=made), folder),
        "norms_of_score": {"many": many, "few": few, "split": CHOOSE},
    }
    card = replace(loaded.card, training=training, split=SPLIT_WORDS, limits=recipe.text.limits)
    write_card(card, folder)
    return card


def _train(
    recipe: RestorationRecipe, pools: Pools, runs: Path, without_half: int | None
) -> tuple[RestorationNet, dict[str, Any]]:
    """Train one network, or take it; return it and how it was trained."""
    simulated = []
    if recipe.data.simulated:
        part = SimulationPart(1.0, recipe.data.simulated, recipe.seed, statements=("normal",))
        simulated.append(simulated_records(part, anomaly_contract()))
    groups = restoration_groups(pools, simulated, without_half=without_half)
    seed = recipe.seed if without_half is None else recipe.seed + 1
    name = "full" if without_half is None else "half"
    keep = Keep.of(runs, name, recipe.arguments, recipe.data, recipe.training, seed)
    fitted = fit_restoration(
        recipe.arguments, recipe.training, groups, noise_rows(pools.noise), seed=seed, keep=keep
    )
    return fitted.network, {
        "seed": seed,
        "training": asdict(recipe.training),
        "steps": fitted.steps,
        "final_seconds": round(fitted.seconds),
        "final_losses": fitted.rounds[-1],
    }


# --- norms --------------------------------------------------------------------------------------


def own_distance(
    pools: Pools, network: RestorationNet, *, without_half: int | None = None
) -> FeatureDistance:
    """Return where the network's features of the 12-lead normals that it learned from lie."""
    normals = twelve_normals(pools, without_half=without_half)
    features = normal_features(network, normals).numpy()
    return fit_distance(features.astype(np.float64))


def reference_distances(
    pools: Pools, references: Mapping[str, LoadedModel]
) -> dict[str, FeatureDistance]:
    """Return where the features of train's 12-lead normals lie in networks of statements."""
    data, out = pools.twelve.data, {}
    for name, model in references.items():
        rows = [
            reference_features(model, prepare_record(data, int(row), 12.0))
            for row in normal_twelve(data, LEARN)[::REFERENCE_EVERY]
        ]
        out[name] = fit_distance(np.concatenate(rows))
    return out


def score_normals(
    recipe: RestorationRecipe,
    pools: Pools,
    networks: tuple[RestorationNet, RestorationNet],
    references: Mapping[str, LoadedModel],
    distances: tuple[Mapping[str, FeatureDistance], FeatureDistance],
) -> list[ScoredNormal]:
    """Return normals scored by networks that had not learned from them.

    Parameters
    ----------
    networks : tuple
        The one that learned from all of train (for val), and the one that learned from half of
        its patients (for the other half).
    distances : tuple
        Of the first network's features and the references', and of the second network's.
    """
    full, half = networks
    held = {OWN: distances[1]}
    out: list[ScoredNormal] = []
    for split, network, where in ((LEARN, half, held), (CHOOSE, full, dict(distances[0]))):
        for pool, rows, longest_s in _rows(recipe, pools, split):
            for row in rows:
                record = prepare_record(pool.data, int(row), longest_s)
                # A network of statements has seen train: only val tells its distances.
                asked = references if split == CHOOSE else {}
                raw, leads, features = score_record(network, record, asked)
                every = {OWN: raw.features, **features}
                away = {n: where[n].of(f) for n, f in every.items() if n in where}
                out.append(ScoredNormal(raw, record.patient, leads, away))
        sys.stderr.write(f"{len(out)} normals scored\n")
    return out


def _rows(
    recipe: RestorationRecipe, pools: Pools, split: str
) -> list[tuple[Pool, NDArray[np.int64], float]]:
    """Return the normals of a split that are scored; of train those of the held half."""
    rng = np.random.default_rng(recipe.seed)
    out = []
    for pool, rows, longest_s in (
        (pools.twelve, normal_twelve(pools.twelve.data, split), 12.0),
        (pools.single, normal_single(pools.single, split), 60.0),
    ):
        some = rows
        most = recipe.data.scored_single
        if pool is pools.twelve:
            most = recipe.data.scored_twelve
        if split == LEARN:
            some = rows[half_of(pool.data.groups[rows]) == HELD_HALF]
        if some.size > most:
            some = np.sort(rng.choice(some, most, replace=False))
        out.append((pool, some, longest_s))
    return out
