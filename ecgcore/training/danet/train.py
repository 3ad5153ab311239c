"""Training of DANet and of its controls, all from the same crops."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import safetensors.torch
import torch
from torch import Tensor, nn
from torch.nn import functional

from ecgcore.errors import ModelError
from ecgcore.evaluation.waveform_scores import LEARNED, gain_of, rule_gain
from ecgcore.models.danet import DANet
from ecgcore.signal.waveform_rules import SEGMENTS
from ecgcore.training.danet.data import Bench, Crops, next_crops
from ecgcore.training.danet.recipe import BEAT_OF, DANetRecipe
from ecgcore.training.losses import masked_bce
from ecgcore.training.trainer import Dice, Keep, Plan, fit, one_cycle

# What of the signal is left outside the disease's beats, and how far such a beat reaches from the
# marks around its R peak (s): PAC from the T-P interval before it, PVC to the end of its T wave.
FOCUS_FLOOR = 0.1
FOCUS_WEIGHT = 9.0
FOCUS_REACH_S = {"PAC": (0.30, 0.05), "PVC": (0.05, 0.40)}
_QRS = SEGMENTS.index("QRS")
# What is reported and kept of a stage: so many parts of it.
_ROUNDS = 20


# ---- gains ---------------------------------------------------------------------------------


def focus_target(bench: Bench, crops: Crops) -> tuple[Tensor, Tensor]:
    """Return the focused gain, (B, 1, T), and how much each sample counts, (B, 1, T)."""
    gain = rule_gain(bench.rule, crops.parts)
    kind = BEAT_OF[bench.disease]
    before, after = (round(s * 100) for s in FOCUS_REACH_S[bench.disease])
    mark = (crops.beats == kind).float()[:, None]
    # A mark reaches back to what precedes its beat and on to what follows it.
    reach = functional.max_pool1d(
        functional.pad(mark, (after, before)), before + after + 1, stride=1
    )
    known = (crops.beats != 255).any(dim=1) | (crops.targets == 0)
    # Such beats take a small part of the time, and would be lost in a mean.
    weight = known[:, None, None] * (1 + FOCUS_WEIGHT * reach)
    return gain * reach + FOCUS_FLOOR * (1 - reach), weight


def rule_target(bench: Bench, crops: Crops) -> tuple[Tensor, Tensor]:
    """Return the rule's gain, and how much each sample counts: records with a QRS complex."""
    known = (crops.parts == _QRS).any(dim=1)
    gain = rule_gain(bench.rule, crops.parts)
    return gain, known[:, None, None].float().expand_as(gain)


def _distance(gain: Tensor, target: tuple[Tensor, Tensor]) -> Tensor:
    wanted, weight = target
    return ((gain - wanted).square() * weight).sum() / weight.sum().clamp(min=1)


def _classifier_loss(network: DANet, crops: Crops, gain: Tensor) -> Tensor:
    with torch.autocast(crops.x.device.type, torch.bfloat16):
        logits = network(crops.x, crops.present, crops.leads, gain)
    return masked_bce(logits.float()[:, 0], crops.targets)


# ---- stages --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Run:
    """One disease with one seed, and where its networks are kept; without a folder nowhere."""

    bench: Bench
    seed: int
    folder: Path | None = None

    def keep(self, stage: str) -> Keep | None:
        """Return where a stage's network is kept."""
        if self.folder is None:
            return None
        bench = self.bench
        name = f"{bench.disease}-{self.seed}-{stage}"
        sources = (*bench.twelve, *bench.single)
        drawn = [(s.share, len(s.positive), len(s.negative)) for s in sources]
        return Keep.of(self.folder, name, dict(bench.arguments), bench.training, drawn)


@dataclass(frozen=True, eq=False)
class _Stage:
    """One stretch of training: its name, how long, how fast, what it changes, and its seed."""

    name: str
    steps: int
    rate: float
    parts: Sequence[nn.Module]
    seed: int


def _train(
    run: Run, network: DANet, stage: _Stage, loss_of: Callable[[Crops, Dice], Tensor]
) -> DANet:
    """Train a stage in place, or take it; the network ends with the averaged weights."""
    part, device = run.bench.training, run.bench.device
    dice = Dice.seeded(stage.seed, device)
    torch.manual_seed(stage.seed)

    def losses(_round: int) -> Iterator[Tensor]:
        while True:
            yield loss_of(next_crops(run.bench, dice), dice)

    plan = Plan(
        steps=stage.steps,
        every=-(-stage.steps // _ROUNDS),
        rate=one_cycle(stage.rate, stage.steps + 1, part.warm_up),
        weight_decay=part.weight_decay,
        clip=5.0,
        averaging=lambda _step: part.averaging,
    )
    learned = [p for each in stage.parts for p in each.parameters()]
    made = fit(network, losses, plan, dice=dice, keep=run.keep(stage.name), learned=learned)
    network.load_state_dict(made.network.state_dict())
    return network.requires_grad_(True)


def pretrain_curve(run: Run, target: str) -> DANet:
    """Return a network whose curve has learned the rule from the delineator, without labels.

    Parameters
    ----------
    target : str
        ``"rule"``, or ``"focus"``: the rule on the disease's own beats.
    """
    bench, part = run.bench, run.bench.training
    torch.manual_seed(run.seed)
    network = DANet(**bench.arguments).to(bench.device)
    target_of = focus_target if target == "focus" else rule_target
    share = part.focus_pretraining if target == "focus" else part.pretraining
    steps = max(2, round(share * part.steps))
    learned = [network.curve or network]
    stage = _Stage(f"{target}-pretraining", steps, part.learning_rate, learned, run.seed)

    def loss(crops: Crops, _dice: Dice) -> Tensor:
        return _distance(_gain(network, crops), target_of(bench, crops))

    return _train(run, network, stage, loss)


def _gain(network: DANet, crops: Crops) -> Tensor:
    with torch.autocast(crops.x.device.type, torch.bfloat16):
        return network.gain(crops.x, crops.present, crops.leads)


def train_behind_curve(run: Run, network: DANet, target: str) -> DANet:
    """Train the classifier behind a frozen curve."""
    part = run.bench.training
    steps = round(part.first_stage * part.steps)
    stage = _Stage(f"{target}-first", steps, part.learning_rate, [network.body], run.seed)
    frozen = network.curve

    def loss(crops: Crops, _dice: Dice) -> Tensor:
        if frozen is not None:
            frozen.eval()
        with torch.no_grad():
            gain = _gain(network, crops)
        return _classifier_loss(network, crops, gain)

    return _train(run, network, stage, loss)


def train_with_curve(run: Run, network: DANet, variant: str) -> DANet:
    """Train curve and classifier together, the curve held by the variant's anchor."""
    bench, part = run.bench, run.bench.training
    steps = part.steps - round(part.first_stage * part.steps)
    stage = _Stage(variant, steps, part.second_rate, [network], run.seed + 1)
    target_of = focus_target if variant == "focus" else rule_target

    def loss(crops: Crops, _dice: Dice) -> Tensor:
        gain = _gain(network, crops)
        total = _classifier_loss(network, crops, gain)
        if variant != "free":
            total = total + part.anchor * _distance(gain, target_of(bench, crops))
        return total

    return _train(run, network, stage, loss).eval()


def train_given_gain(run: Run, variant: str) -> DANet:
    """Return a classifier trained on a gain that is not learned: none, random or hard."""
    bench, part = run.bench, run.bench.training
    torch.manual_seed(run.seed)
    network = DANet(**{**bench.arguments, "curve_widths": ()}).to(bench.device)

    def loss(crops: Crops, dice: Dice) -> Tensor:
        gain = gain_of(variant, bench.rule, crops.parts, dice.samples)
        return _classifier_loss(network, crops, gain)

    # In two stages, as the learned variants are, the second slower.
    first = round(part.first_stage * part.steps)
    body = [network.body]
    for stage in (
        _Stage(f"{variant}-first", first, part.learning_rate, body, run.seed),
        _Stage(variant, part.steps - first, part.second_rate, body, run.seed + 1),
    ):
        _train(run, network, stage, loss)
    return network.eval()


def train_variant(run: Run, variant: str) -> DANet:
    """Train one variant of a disease; what is kept of it is taken."""
    if variant not in LEARNED:
        return train_given_gain(run, variant)
    target = "focus" if variant == "focus" else "rule"
    network = train_behind_curve(run, pretrain_curve(run, target), target)
    return train_with_curve(run, network, variant)


# ---- what is kept --------------------------------------------------------------------------


def kept_path(keep: Path, disease: str, seed: int, variant: str) -> Path:
    """Return where a finished network is kept."""
    return keep / f"{disease}-{seed}-{variant}.safetensors"


def kept_network(recipe: DANetRecipe, keep: Path, disease: str, seed: int, variant: str) -> DANet:
    """Return a finished network, in evaluation mode.

    Raises
    ------
    ModelError
        If it is not kept, or does not fit the recipe.
    """
    path = kept_path(keep, disease, seed, variant)
    arguments = dict(recipe.network)
    if variant not in LEARNED:
        arguments["curve_widths"] = ()
    network = DANet(**arguments)
    try:
        tensors = safetensors.torch.load_file(path)
        network.load_state_dict(
            {k: v.float() if v.is_floating_point() else v for k, v in tensors.items()}
        )
    except FileNotFoundError:
        raise ModelError(f"There is no trained network {path.name} in {keep}.") from None
    except RuntimeError as error:
        detail = " ".join(str(error).split())[:200]
        raise ModelError(f"{path.name} does not fit the recipe: {detail}") from None
    return network.requires_grad_(False).eval()
