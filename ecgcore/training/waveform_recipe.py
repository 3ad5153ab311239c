"""The recipe of the waveform networks: one TOML file with every name checked."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from ecgcore.checks import in_range, one_of
from ecgcore.datasets import DATASETS
from ecgcore.errors import InvalidArgumentError
from ecgcore.models import build
from ecgcore.signal.waveform_rules import waveform_rules
from ecgcore.training.recipe_file import fitting, read_toml, says
from ecgcore.training.waveform_loop import CODED, WaveformTraining, learned_variants

KIND = "waveform"


@dataclass(frozen=True)
class WaveformData:
    """What is learned from.

    Attributes
    ----------
    twelve_lead, single_lead, beats : tuple of str
        Data sets; of ``beats`` only MIT-BIH is known.
    simulated : int
        Simulated records.
    simulation_seed : int
    """

    twelve_lead: tuple[str, ...]
    single_lead: tuple[str, ...]
    beats: tuple[str, ...]
    simulated: int
    simulation_seed: int


@dataclass(frozen=True)
class WaveformShares:
    """How a batch is made up: relative shares of the sources, of steps of each kind."""

    twelve: float
    simulated: float
    single_cpsc2018_lead1: float
    single_mitdb: float
    single_simulated: float
    single_twelve: float


@dataclass(frozen=True)
class WaveformRecipe:
    """Everything that decides how the waveform networks are made.

    Attributes
    ----------
    name, version : str
    release : mapping of str to tuple of str
        Disease -> the variants that go into model folders; chosen on ``val``.
    diseases : mapping of str to tuple of int
        Disease -> seeds.
    network : mapping
        Arguments of :class:`ecgcore.models.danet.DANet`.
    data, shares, training
    """

    name: str
    version: str
    release: Mapping[str, tuple[str, ...]]
    diseases: Mapping[str, tuple[int, ...]]
    network: Mapping[str, Any]
    data: WaveformData
    shares: WaveformShares
    training: WaveformTraining

    def plain(self) -> dict[str, Any]:
        """Return what decides the weights, as JSON can hold it."""
        return {
            "diseases": {code: list(seeds) for code, seeds in self.diseases.items()},
            "data": asdict(self.data),
            "shares": asdict(self.shares),
            "training": asdict(self.training),
        }


def is_waveform_recipe(path: Path) -> bool:
    """Return whether a file is a recipe of this kind."""
    return says(path, "kind", KIND)


def read_waveform_recipe(path: Path) -> WaveformRecipe:
    """Read a recipe.

    Raises
    ------
    InvalidArgumentError
        If the file is missing or no TOML, or an entry is missing, unknown or out of range.
    """
    raw = read_toml(path)
    with fitting(path):
        recipe = _recipe(raw)
    _check(recipe)
    return recipe


def _recipe(raw: Mapping[str, Any]) -> WaveformRecipe:
    known = {
        "kind",
        "name",
        "version",
        "release",
        "diseases",
        "network",
        "data",
        "shares",
        "training",
    }
    for key in raw:
        one_of("an entry of the recipe", key, known)
    data: dict[str, Any] = {
        k: tuple(v) if isinstance(v, list) else v for k, v in raw["data"].items()
    }
    network: dict[str, Any] = {
        k: tuple(v) if isinstance(v, list) else v for k, v in raw["network"].items()
    }
    return WaveformRecipe(
        name=str(raw["name"]),
        version=str(raw["version"]),
        release={code: tuple(names) for code, names in raw["release"].items()},
        diseases={code: tuple(int(s) for s in seeds) for code, seeds in raw["diseases"].items()},
        network=network,
        data=WaveformData(**data),
        shares=WaveformShares(**raw["shares"]),
        training=WaveformTraining(**raw["training"]),
    )


def _check(recipe: WaveformRecipe) -> None:
    for code, seeds in recipe.diseases.items():
        one_of("diseases", code, waveform_rules())
        if not seeds:
            raise InvalidArgumentError(f"diseases.{code} needs a seed.")
    if set(recipe.release) != set(recipe.diseases):
        raise InvalidArgumentError("[release] must name the variants of each disease.")
    for code, variants in recipe.release.items():
        for variant in variants:
            one_of(f"release.{code}", variant, (CODED, *learned_variants(code)))
    for name in (*recipe.data.twelve_lead, *recipe.data.single_lead):
        one_of("data", name, DATASETS)
    for name in recipe.data.beats:
        one_of("data.beats", name, ("mitdb",))
    in_range("data.simulated", recipe.data.simulated, 1, 100_000)
    part = recipe.training
    in_range("training.steps", part.steps, 4, 1_000_000)
    for name in ("pretraining", "first_stage", "single_share", "positives", "warm_up"):
        in_range(f"training.{name}", getattr(part, name), 0.01, 0.95)
    for each in fields(recipe.shares):
        in_range(f"shares.{each.name}", getattr(recipe.shares, each.name), 0, 1)
    # Building one says what does not fit.
    build("danet", recipe.network)
