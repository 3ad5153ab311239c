"""The recipe of DANet, waveform attention before a classifier.

Variants, each with the same classifier, data, number of steps and rates:

``none``    the classifier on the signal as it is
``random``  a gain that knows nothing of the waves, drawn anew for every crop
``hard``    the rule's gain
``free``    a learned gain, pretrained on the rule, then left to itself
``anchor``  a learned gain, pretrained on the rule and held to it
``focus``   our own: a learned gain held to the rule on the disease's own beats, and to little
            elsewhere, wherever the beats of a training record are known
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Annotated, Any

from ecgcore.checks import Among, Within, check_option
from ecgcore.errors import InvalidArgumentError
from ecgcore.evaluation.waveform_scores import LEARNED
from ecgcore.models import build
from ecgcore.signal.waveform_rules import waveform_rules
from ecgcore.training.recipe import BatchSize, Datasets, Rate, Share

TASK = "danet"
VARIANTS = ("none", "anchor", "focus", "hard", "free", "random")
CODED = "hard"
# Premature beats that are marked one by one: their class in ``ecgcore.models.BEATS``.
BEAT_OF = {"PAC": 2, "PVC": 3}
Part = Annotated[float, Within(0.01, 0.95)]


@dataclass(frozen=True)
class DANetData:
    """What is learned from.

    Attributes
    ----------
    twelve_lead, single_lead, beats : tuple of str
        Data sets; of ``beats`` only MIT-BIH is known.
    simulated : int
        Simulated records.
    simulation_seed : int
    """

    twelve_lead: Datasets
    single_lead: Datasets
    beats: Annotated[tuple[str, ...], Among(("mitdb",))]
    simulated: Annotated[int, Within(1, 100_000)]
    simulation_seed: int


@dataclass(frozen=True)
class DANetShares:
    """How a batch is made up: relative shares of the sources, of steps of each kind."""

    twelve: Share
    simulated: Share
    single_cpsc2018_lead1: Share
    single_mitdb: Share
    single_simulated: Share
    single_twelve: Share


@dataclass(frozen=True)
class DANetTraining:
    """How all variants are trained.

    Attributes
    ----------
    steps : int
        Of each variant in sum.
    pretraining, focus_pretraining : float
        Steps of the curve's pretraining, as a share of ``steps``; a disease's own beats are
        rarer than waves, and take longer.
    first_stage : float
        Share of a learned variant's steps in which its curve is frozen.
    batch_twelve, batch_single : int
        Records a step with several leads, and with one.
    single_share : float
        Of all steps.
    positives : float
        Share of a batch with the disease.
    learning_rate, second_rate, weight_decay, warm_up, averaging : float
        One cycle of AdamW, averaged weights; ``second_rate`` with the curve unfrozen.
    anchor : float
        Weight of the mean squared distance from the rule's gain.
    noise, wander : float
        In standard deviations of a lead.
    """

    steps: Annotated[int, Within(4, 1_000_000)] = 1000
    pretraining: Part = 0.35
    focus_pretraining: float = 1.0
    first_stage: Part = 0.5
    batch_twelve: BatchSize = 48
    batch_single: BatchSize = 96
    single_share: Part = 0.5
    positives: Part = 0.35
    learning_rate: Rate = 2e-3
    second_rate: Rate = 1e-3
    weight_decay: Share = 0.03
    warm_up: Part = 0.2
    averaging: Share = 0.98
    anchor: float = 2.0
    noise: float = 0.3
    wander: float = 0.3


@dataclass(frozen=True)
class DANetRecipe:
    """Everything that decides how the networks are made.

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
    data: DANetData
    shares: DANetShares
    training: DANetTraining
    task: Annotated[str, Among((TASK,))] = TASK

    def plain(self) -> dict[str, Any]:
        """Return what decides the weights, as JSON can hold it."""
        return {
            "diseases": {code: list(seeds) for code, seeds in self.diseases.items()},
            "data": asdict(self.data),
            "shares": asdict(self.shares),
            "training": asdict(self.training),
        }

    def check(self) -> None:
        """Raise where parts do not fit one another."""
        for code, seeds in self.diseases.items():
            check_option("diseases", code, waveform_rules())
            if not seeds:
                raise InvalidArgumentError(f"diseases.{code} needs a seed.")
        if set(self.release) != set(self.diseases):
            raise InvalidArgumentError("[release] must name the variants of each disease.")
        for code, variants in self.release.items():
            for variant in variants:
                check_option(f"release.{code}", variant, (CODED, *learned_variants(code)))
        # Building one says what does not fit.
        build("danet", self.network)


def learned_variants(disease: str) -> tuple[str, ...]:
    """Return the variants with a learned curve: "focus" only where beats are premature."""
    return tuple(v for v in LEARNED if v != "focus" or disease in BEAT_OF)


def variants_of(disease: str) -> tuple[str, ...]:
    """Return the variants that a disease is trained in, the most wanted first."""
    return tuple(v for v in VARIANTS if v not in LEARNED or v in learned_variants(disease))
