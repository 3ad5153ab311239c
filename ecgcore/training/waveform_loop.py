"""Training of the waveform networks and of their controls, all from the same crops.

Variants, each with the same classifier, data, number of steps and rates:

``none``    the classifier on the signal as it is
``random``  a gain that knows nothing of the waves, drawn anew for every crop
``hard``    the rule's gain
``free``    a learned gain, pretrained on the rule, then left to itself
``anchor``  a learned gain, pretrained on the rule and held to it
``focus``   our own: a learned gain held to the rule on the disease's own beats, and to little
            elsewhere, wherever the beats of a training record are known
"""

import copy
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from ecgcore.models.danet import DANet
from ecgcore.signal.waveform_rules import SEGMENTS, WaveformRule
from ecgcore.training.losses import masked_bce
from ecgcore.training.waveform_data import BEAT_OF, Crops, Source, disturbed, draw

VARIANTS = ("none", "random", "hard", "free", "anchor", "focus")
LEARNED = ("free", "anchor", "focus")
CODED = "hard"
RANDOM_HOLD_S = 0.1
# What of the signal is left outside the disease's beats, and how far such a beat reaches from the
# marks around its R peak (s): PAC from the T-P interval before it, PVC to the end of its T wave.
FOCUS_FLOOR = 0.1
FOCUS_WEIGHT = 9.0
FOCUS_REACH_S = {"PAC": (0.30, 0.05), "PVC": (0.05, 0.40)}
_QRS = SEGMENTS.index("QRS")


def learned_variants(disease: str) -> tuple[str, ...]:
    """Return the variants with a learned curve: "focus" only where beats are premature."""
    return tuple(v for v in LEARNED if v != "focus" or disease in BEAT_OF)


@dataclass(frozen=True)
class WaveformTraining:
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

    steps: int = 1000
    pretraining: float = 0.35
    focus_pretraining: float = 1.0
    first_stage: float = 0.5
    batch_twelve: int = 48
    batch_single: int = 96
    single_share: float = 0.5
    positives: float = 0.35
    learning_rate: float = 2e-3
    second_rate: float = 1e-3
    weight_decay: float = 0.03
    warm_up: float = 0.2
    averaging: float = 0.98
    anchor: float = 2.0
    noise: float = 0.3
    wander: float = 0.3


@dataclass(eq=False)
class Bench:
    """What one disease's networks are trained on.

    Attributes
    ----------
    disease : str
    rule : WaveformRule
    twelve, single : sequences of Source
        Of steps with several leads, and with one.
    noise : Tensor, shape (n_rows, n_samples)
    arguments : mapping
        Of :class:`ecgcore.models.danet.DANet`.
    deadline : float
        On the monotonic clock; a stage that meets it ends early.
    losses : dict
        Stage -> means of 20 equal parts.
    """

    disease: str
    rule: WaveformRule
    twelve: Sequence[Source]
    single: Sequence[Source]
    noise: Tensor
    arguments: Mapping[str, Any]
    training: WaveformTraining
    deadline: float = math.inf
    losses: dict[str, list[float]] = field(default_factory=dict)

    @property
    def device(self) -> torch.device:
        """Where everything lies."""
        return self.noise.device


@dataclass(eq=False)
class _Dice:
    """The random choices of one run: on the processor, and on the device."""

    seed: int
    device: torch.device
    rng: np.random.Generator = field(init=False)
    generator: torch.Generator = field(init=False)

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(self.seed)
        self.generator = torch.Generator(device=self.device).manual_seed(self.seed)


def next_crops(bench: Bench, dice: _Dice) -> Crops:
    """Return the next batch: one lead or several, 10 or 20 s, disturbed."""
    part, rng = bench.training, dice.rng
    size = 2000 if rng.random() < 0.25 else 1000
    single = rng.random() < part.single_share
    leads = None
    if not single:
        n_leads = 12 if rng.random() < 0.5 else int(rng.choice([2, 3, 6]))
        leads = torch.from_numpy(np.sort(rng.permutation(12)[:n_leads]))
    crops = draw(
        bench.single if single else bench.twelve,
        bench.disease,
        batch=part.batch_single if single else part.batch_twelve,
        size=size,
        positives=part.positives,
        leads=leads,
        generator=dice.generator,
    )
    return disturbed(
        crops, bench.noise, level=part.noise, wander=part.wander, generator=dice.generator
    )


# ---- gains ---------------------------------------------------------------------------------


def rule_gain(rule: WaveformRule, parts: Tensor) -> Tensor:
    """Return the rule's gain, (B, 1, T); ones in a record without a QRS complex."""
    table = torch.tensor(rule.gains, device=parts.device)
    beats = (parts == _QRS).any(dim=1, keepdim=True)
    gain = torch.where(beats, table[parts.long()], torch.ones((), device=parts.device))
    return gain[:, None]


def random_gain(rule: WaveformRule, parts: Tensor, generator: torch.Generator) -> Tensor:
    """Return a gain of the rule's values, each held for 100 ms, in random order: (B, 1, T)."""
    table = torch.tensor(rule.gains, device=parts.device)
    hold = round(RANDOM_HOLD_S * 100)
    batch, n = parts.shape
    shape = (batch, -(-n // hold))
    drawn = torch.randint(table.numel(), shape, device=parts.device, generator=generator)
    return table[drawn].repeat_interleave(hold, dim=1)[:, None, :n]


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


Anchor = Callable[[Crops], tuple[Tensor, Tensor]]


def rule_target(bench: Bench, crops: Crops) -> tuple[Tensor, Tensor]:
    """Return the rule's gain, and how much each sample counts: records with a QRS complex."""
    known = (crops.parts == _QRS).any(dim=1)
    gain = rule_gain(bench.rule, crops.parts)
    return gain, known[:, None, None].float().expand_as(gain)


def _distance(gain: Tensor, target: tuple[Tensor, Tensor]) -> Tensor:
    wanted, weight = target
    return ((gain - wanted).square() * weight).sum() / weight.sum().clamp(min=1)


# ---- stages --------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Stage:
    """One stretch of training: its name, how long, how fast, and what it changes."""

    name: str
    steps: int
    rate: float
    parts: Sequence[nn.Module]


def _run(
    bench: Bench, network: nn.Module, stage: _Stage, dice: _Dice, loss_of: Callable[[], Tensor]
) -> nn.Module:
    """Train in place; return the averaged network."""
    part = bench.training
    weights = [p for each in stage.parts for p in each.parameters()]
    fused = bench.device.type == "cuda"
    optimizer = torch.optim.AdamW(
        weights, lr=stage.rate, weight_decay=part.weight_decay, fused=fused
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer,
        stage.rate,
        total_steps=stage.steps + 1,
        pct_start=min(0.9, max(part.warm_up, 2 / (stage.steps + 1))),
    )
    averaged = copy.deepcopy(network).requires_grad_(False)
    seen: list[Tensor] = []
    for _ in range(stage.steps):
        if time.monotonic() > bench.deadline:
            break
        loss = loss_of()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(weights, 5.0)
        optimizer.step()
        schedule.step()
        _average(averaged, network, part.averaging)
        seen.append(loss.detach())
    if seen:
        bench.losses[stage.name] = [
            float(piece.mean()) for piece in torch.stack(seen).tensor_split(min(20, len(seen)))
        ]
    return averaged


@torch.no_grad()
def _average(averaged: nn.Module, network: nn.Module, decay: float) -> None:
    pairs = [
        (mean, now)
        for mean, now in zip(
            averaged.state_dict().values(), network.state_dict().values(), strict=True
        )
        if mean.is_floating_point()
    ]
    torch._foreach_lerp_([m for m, _ in pairs], [n for _, n in pairs], 1 - decay)


def pretrained(bench: Bench, variant: str, seed: int) -> DANet:
    """Return a network whose curve has learned the rule from the delineator, without labels."""
    dice = _Dice(seed, bench.device)
    torch.manual_seed(seed)
    network = DANet(**bench.arguments).to(bench.device).train()
    target = focus_target if variant == "focus" else rule_target
    part = bench.training
    share = part.focus_pretraining if variant == "focus" else part.pretraining
    steps = max(2, round(share * part.steps))
    curve = network.curve
    stage = _Stage(f"{variant}/pretraining", steps, part.learning_rate, [curve or network])

    def loss() -> Tensor:
        crops = next_crops(bench, dice)
        with torch.autocast(bench.device.type, torch.bfloat16):
            gain = network.gain(crops.x, crops.present, crops.leads)
        return _distance(gain, target(bench, crops))

    averaged = _run(bench, network, stage, dice, loss)
    network.load_state_dict(averaged.state_dict())
    return network


def given_gain(bench: Bench, variant: str, seed: int) -> DANet:
    """Return a classifier trained on a gain that is not learned: none, random or hard."""
    dice = _Dice(seed, bench.device)
    torch.manual_seed(seed)
    arguments = {**bench.arguments, "curve_widths": ()}
    network = DANet(**arguments).to(bench.device).train()
    part = bench.training

    def loss() -> Tensor:
        crops = next_crops(bench, dice)
        gain = gain_of(variant, bench.rule, crops.parts, dice.generator)
        return _classified(network, crops, gain)

    # In two stages, as the learned variants are, the second slower.
    first = round(part.first_stage * part.steps)
    stages = (
        ("first", first, part.learning_rate),
        ("second", part.steps - first, part.second_rate),
    )
    for name, steps, rate in stages:
        stage = _Stage(f"{variant}/{name}", steps, rate, [network.body])
        network.load_state_dict(_run(bench, network, stage, dice, loss).state_dict())
    return network.eval()


def gain_of(variant: str, rule: WaveformRule, parts: Tensor, generator: torch.Generator) -> Tensor:
    """Return the gain of a variant that learns none, shape (B, 1, T)."""
    if variant == "hard":
        return rule_gain(rule, parts)
    if variant == "random":
        return random_gain(rule, parts, generator)
    return torch.ones((parts.shape[0], 1, parts.shape[1]), device=parts.device)


def _classified(network: DANet, crops: Crops, gain: Tensor) -> Tensor:
    with torch.autocast(crops.x.device.type, torch.bfloat16):
        logits = network(crops.x, crops.present, crops.leads, gain)
    return masked_bce(logits.float()[:, 0], crops.targets)


def first_stage(bench: Bench, network: DANet, variant: str, seed: int) -> DANet:
    """Train the classifier behind a frozen curve."""
    dice = _Dice(seed, bench.device)
    steps = round(bench.training.first_stage * bench.training.steps)
    stage = _Stage(f"{variant}/first", steps, bench.training.learning_rate, [network.body])
    frozen = network.curve
    if frozen is not None:
        frozen.eval()

    def loss() -> Tensor:
        crops = next_crops(bench, dice)
        with torch.no_grad(), torch.autocast(crops.x.device.type, torch.bfloat16):
            gain = network.gain(crops.x, crops.present, crops.leads)
        return _classified(network, crops, gain)

    network.load_state_dict(_run(bench, network, stage, dice, loss).state_dict())
    return network


def second_stage(bench: Bench, start: DANet, variant: str, seed: int) -> DANet:
    """Train curve and classifier together, the curve held by the variant's anchor."""
    dice = _Dice(seed + 1, bench.device)
    network = copy.deepcopy(start).train()
    part = bench.training
    steps = part.steps - round(part.first_stage * part.steps)
    stage = _Stage(f"{variant}/second", steps, part.second_rate, [network])
    target = focus_target if variant == "focus" else rule_target

    def loss() -> Tensor:
        crops = next_crops(bench, dice)
        with torch.autocast(crops.x.device.type, torch.bfloat16):
            gain = network.gain(crops.x, crops.present, crops.leads)
        total = _classified(network, crops, gain)
        if variant != "free":
            total = total + part.anchor * _distance(gain, target(bench, crops))
        return total

    network.load_state_dict(_run(bench, network, stage, dice, loss).state_dict())
    return network.eval()


def fit_variants(bench: Bench, seed: int, done: Callable[[str, DANet], None]) -> None:
    """Train every variant of a disease; ``done`` takes each network as it is ready.

    The most wanted come first: a deadline that is met costs the controls.
    """
    done("none", given_gain(bench, "none", seed))
    learned = pretrained(bench, "rule", seed)
    staged = first_stage(bench, learned, "rule", seed)
    done("anchor", second_stage(bench, staged, "anchor", seed))
    if bench.disease in BEAT_OF:
        focused = first_stage(bench, pretrained(bench, "focus", seed), "focus", seed)
        done("focus", second_stage(bench, focused, "focus", seed))
    done("hard", given_gain(bench, "hard", seed))
    done("free", second_stage(bench, staged, "free", seed))
    done("random", given_gain(bench, "random", seed))
