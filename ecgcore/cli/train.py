"""``train CONFIG``: make a model folder from a recipe."""

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ecgcore.checks import check_option
from ecgcore.cli.common import EXIT_OK, write_json
from ecgcore.errors import InvalidArgumentError
from ecgcore.inference import use_threads, weights_root
from ecgcore.inference.card import ModelCard
from ecgcore.origin import digest_of_file
from ecgcore.training.danet.recipe import TASK as DANET
from ecgcore.training.danet.recipe import DANetRecipe
from ecgcore.training.danet.release import make_danet
from ecgcore.training.delineator.release import TASK as DELINEATOR
from ecgcore.training.delineator.release import DelineatorRecipe, make_delineator
from ecgcore.training.diagnostic.recipe import DIAGNOSTIC, STATEMENTS, read_classifier_recipe
from ecgcore.training.diagnostic.release import make_classifier
from ecgcore.training.recipe import read_recipe, task_of
from ecgcore.training.restoration.recipe import TASK as RESTORATION
from ecgcore.training.restoration.recipe import RestorationRecipe
from ecgcore.training.restoration.release import make_restoration, refit_score
from ecgcore.training.single_lead.recipe import TASK as SINGLE_LEAD
from ecgcore.training.single_lead.recipe import read_single_recipe
from ecgcore.training.single_lead.release import make_single


@dataclass(frozen=True)
class System:
    """One kind of recipe.

    Attributes
    ----------
    read : callable
        Path -> recipe.
    make : callable
        Recipe, folder to write and folder of runs -> card, or a list of cards.
    measure : str
        The command that measures what was made.
    several : bool
        Whether the folder holds a folder for each model.
    """

    read: Callable[[Path], Any]
    make: Callable[[Any, Path, Path], ModelCard | list[ModelCard]]
    measure: str = "python -m ecgcore evaluate {out} --write"
    several: bool = False


SYSTEMS: dict[str, System] = {
    STATEMENTS: System(read_classifier_recipe, make_classifier),
    DIAGNOSTIC: System(read_classifier_recipe, make_classifier),
    SINGLE_LEAD: System(read_single_recipe, make_single),
    RESTORATION: System(
        lambda path: read_recipe(path, RestorationRecipe),
        make_restoration,
        "python -m benchmarks.anomaly --write",
    ),
    DANET: System(
        lambda path: read_recipe(path, DANetRecipe),
        make_danet,
        "python -m benchmarks.waveform --write",
        several=True,
    ),
    DELINEATOR: System(
        lambda path: read_recipe(path, DelineatorRecipe),
        make_delineator,
        "python -m benchmarks.measure --split test",
    ),
}
# Recipes of comparisons with published systems, which are not part of the package.
REPRODUCED = ("zhang", "mvkt", "detector")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("config", metavar="CONFIG", help="a recipe, for example configs/core9.toml")
    parser.add_argument("--out", metavar="DIR", help="the model folder, default weights/NAME")
    parser.add_argument(
        "--runs",
        default="runs",
        metavar="DIR",
        help="what is kept between runs, so that a stopped run goes on (default: runs)",
    )
    parser.add_argument(
        "--norms-only",
        action="store_true",
        help="of the anomaly model: keep its network, measure the norms of its score on val anew",
    )
    parser.add_argument("--threads", type=int, default=2, metavar="N", help="default: 2")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    """Train; return the exit status."""
    use_threads(args.threads)
    config = Path(args.config)
    task = task_of(config)
    if task in REPRODUCED:
        raise InvalidArgumentError(
            f"{config} compares published systems; run it with python -m reproductions {config}."
        )
    system = SYSTEMS[check_option("task", task, SYSTEMS)]
    if args.norms_only and task != RESTORATION:
        raise InvalidArgumentError(
            "--norms-only is for the recipe of the anomaly model, configs/restoration.toml."
        )
    recipe = system.read(config)
    name = f"{recipe.name}-{recipe.version}"
    default = weights_root() if system.several else weights_root() / name
    out = Path(args.out) if args.out else default
    made = (
        refit_score(recipe, out)
        if args.norms_only
        else system.make(recipe, out, Path(args.runs) / name)
    )
    _tell(args, made, out, system.measure.format(out=out))
    return EXIT_OK


def _tell(
    args: argparse.Namespace, made: ModelCard | list[ModelCard], out: Path, measure: str
) -> None:
    """Print what was made; the digest is that of the recipe."""
    several = isinstance(made, list)
    cards = made if isinstance(made, list) else [made]
    names = [card.full_name for card in cards]
    if args.json:
        one = {"model": names[0], "folder": str(out), "training": cards[0].training}
        found = {"models": names, "folder": str(out)} if several else one
        write_json(found, digest=digest_of_file(Path(args.config)))
        return
    verb = "are" if several else "is"
    sys.stdout.write(f"{', '.join(names)} {verb} in {out}. To measure: {measure}\n")
