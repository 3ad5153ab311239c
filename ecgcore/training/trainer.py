"""One training loop for all networks: rates, averaged weights, choice of a round, resume.

A *round* is what is reported and kept together: an epoch, or a number of steps.  After each round a
checkpoint is written with the state of every random generator: a training that was stopped goes on
as if it had not been.
"""

import copy
import hashlib
import json
import math
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.torch
import torch
from safetensors import safe_open
from torch import Tensor, nn

from ecgcore.evaluation.model_folder import save_weights

Loss = Tensor | Mapping[str, Tensor]
_TELL_S = 10.0
_SLOTS = ("step", "exp_avg", "exp_avg_sq")


def training_device() -> torch.device:
    """Return where to train: the graphics card if there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


@dataclass(frozen=True, eq=False)
class Dice:
    """The random choices of one training.

    Attributes
    ----------
    numbers : Generator of numpy
        What is drawn once a batch, and which records.
    samples : Generator of torch, on the training device
        What is drawn for every record or sample.
    """

    numbers: np.random.Generator
    samples: torch.Generator

    @classmethod
    def seeded(cls, seed: int, device: torch.device) -> "Dice":
        """Return both generators at the beginning of a seed."""
        return Dice(np.random.default_rng(seed), torch.Generator(device).manual_seed(seed))

    @property
    def device(self) -> torch.device:
        """Where the samples are drawn."""
        return self.samples.device

    def uniform(self, *shape: int, low: float = 0.0, high: float = 1.0) -> Tensor:
        """Return numbers from ``low`` to ``high``."""
        drawn = torch.rand(shape, generator=self.samples, device=self.device)
        return low + (high - low) * drawn

    def normal(self, *shape: int) -> Tensor:
        """Return standard normal numbers."""
        return torch.randn(shape, generator=self.samples, device=self.device)


@dataclass(frozen=True)
class Plan:
    """How weights are changed.

    Attributes
    ----------
    steps, every : int
        Steps in all, and of a round; the last round may be shorter.
    rate : callable
        Step (from 0) -> learning rate, or learning rate and first beta.
    weight_decay : float
    decoupled : bool
        AdamW; otherwise Adam.
    clip : float
        Largest norm of the gradient; 0: any.
    averaging : callable, optional
        Step (from 1) -> decay of the running average of the weights; None: no average.
    latest : bool
        Of rounds with equal figures the last is kept, not the first.
    """

    steps: int
    every: int
    rate: Callable[[int], float | tuple[float, float]]
    weight_decay: float = 0.0
    decoupled: bool = True
    clip: float = 0.0
    averaging: Callable[[int], float] | None = None
    latest: bool = False

    @property
    def rounds(self) -> int:
        """Rounds in all."""
        return -(-self.steps // self.every)


def one_cycle(
    highest: float, steps: int, warm_up: float
) -> Callable[[int], float | tuple[float, float]]:
    """Return the rate of ``torch.optim.lr_scheduler.OneCycleLR`` as a function of the step.

    Parameters
    ----------
    warm_up : float
        Share of the steps until the highest rate; at least two steps.
    """
    # A warm-up of one step would divide by zero.
    top = min(0.9, max(warm_up, 2 / steps)) * steps - 1

    def rate(step: int) -> tuple[float, float]:
        if step <= top:
            share, edge = step / top, (highest / 25, 0.95)
            return _cosine(edge[0], highest, share), _cosine(0.95, 0.85, share)
        share = (step - top) / (steps - 1 - top)
        return _cosine(highest, highest / 25e4, share), _cosine(0.85, 0.95, share)

    return rate


def _cosine(start: float, end: float, share: float) -> float:
    return end + (start - end) / 2 * (math.cos(math.pi * share) + 1)


def settling_average(decay: float, lead: int = 10) -> Callable[[int], float]:
    """Return an average's decay that forgets early weights sooner."""
    return lambda step: min(decay, step / (step + lead))


@dataclass(frozen=True)
class Progress:
    """Where a training stands after a round: its number, what was measured in it, and the time."""

    done: int
    rounds: int
    figures: Mapping[str, float]
    seconds: float


Report = Callable[[Progress], None]


def report_to_stderr(name: str) -> Report:
    """Return a reporter that writes to standard error, at most every ten seconds."""
    last = [-math.inf]

    def report(progress: Progress) -> None:
        if progress.done < progress.rounds and time.monotonic() - last[0] < _TELL_S:
            return
        last[0] = time.monotonic()
        figures = ", ".join(f"{key} {value:.4f}" for key, value in progress.figures.items())
        sys.stderr.write(
            f"{name}: {progress.done} of {progress.rounds}, {figures}, {progress.seconds:.0f} s\n"
        )
        sys.stderr.flush()

    return report


@dataclass(frozen=True)
class Fitted:
    """A trained network.

    Attributes
    ----------
    network : nn.Module
        Averaged weights, or those of the best round; in evaluation mode, on the CPU.
    rounds : tuple of dict
        Of each round the mean ``loss`` of its steps with its parts, and ``figure`` where one
        chooses.
    seconds : float
    steps : int
    best : int
        The round that was chosen, from 1; 0: none was.
    """

    network: Any
    rounds: tuple[dict[str, float], ...]
    seconds: float
    steps: int
    best: int = 0

    @property
    def losses(self) -> tuple[float, ...]:
        """The mean loss of each round."""
        return tuple(each["loss"] for each in self.rounds)

    @property
    def facts(self) -> dict[str, float]:
        """What a card says of it."""
        return {"final_seconds": round(self.seconds), "final_loss": round(self.losses[-1], 4)}


@dataclass(frozen=True)
class Keep:
    """Where a training is kept.

    Attributes
    ----------
    folder : Path
    name : str
        Of its files: ``NAME.safetensors`` and ``NAME.json`` when it is finished,
        ``NAME.checkpoint`` before.
    key : str
        Of everything that decides the outcome: what was kept with another key is not taken.
    """

    folder: Path
    name: str
    key: str

    @classmethod
    def of(cls, folder: Path, name: str, *parts: object) -> "Keep":
        """Return where a training is kept that these parts decide, as ``repr`` shows them."""
        return Keep(folder, name, hashlib.sha256(repr(parts).encode()).hexdigest())

    @property
    def weights(self) -> Path:
        """The finished network."""
        return self.folder / f"{self.name}.safetensors"

    @property
    def checkpoint(self) -> Path:
        """Where an unfinished training stands."""
        return self.folder / f"{self.name}.checkpoint"

    @property
    def _facts(self) -> Path:
        return self.folder / f"{self.name}.json"

    def load(self, network: nn.Module) -> Fitted | None:
        """Return the finished training, its weights put into ``network``; None if there is none."""
        if not self._facts.is_file() or not self.weights.is_file():
            return None
        facts = json.loads(self._facts.read_text(encoding="utf-8"))
        if facts.pop("key") != self.key:
            return None
        network.load_state_dict(safetensors.torch.load_file(self.weights), strict=True)
        facts["rounds"] = tuple(facts["rounds"])
        return Fitted(network.eval().requires_grad_(False), **facts)

    def save(self, fitted: Fitted) -> None:
        """Keep a finished training, and delete its checkpoint."""
        self.folder.mkdir(parents=True, exist_ok=True)
        save_weights(fitted.network, self.weights)
        facts = {k: v for k, v in vars(fitted).items() if k != "network"} | {"key": self.key}
        self._facts.write_text(json.dumps(facts), encoding="utf-8")
        self.checkpoint.unlink(missing_ok=True)


@dataclass
class _State:
    """History of a training, as a checkpoint holds it."""

    key: str = ""
    rounds: list[dict[str, float]] = field(default_factory=list)
    steps: int = 0
    best: int = 0
    seconds: float = 0.0


def fit(
    network: nn.Module,
    losses: Callable[[int], Iterable[Loss]],
    plan: Plan,
    *,
    dice: Dice | None = None,
    keep: Keep | None = None,
    beside: nn.Module | None = None,
    learned: Sequence[nn.Parameter] | None = None,
    figure: Callable[[], float] | None = None,
    settle: Callable[[Any], None] | None = None,
    report: Report | None = None,
) -> Fitted:
    """Train a network in place.

    Parameters
    ----------
    network : nn.Module
        On the training device, seeded by the caller.
    losses : callable
        Round (from 0) -> the loss of each of its steps, made when it is asked for; a mapping has
        the entry ``loss``, its other entries are reported.
    plan : Plan
    dice : Dice, optional
        What ``losses`` draws from; without it a round must seed itself.
    keep : Keep, optional
        Where the training is kept; what is finished there is not made again.
    beside : nn.Module, optional
        What is learned with the network and not kept.
    learned : sequence of nn.Parameter, optional
        What is changed of the network; default all.
    figure : callable, optional
        What the network reaches after a round, on records that choose; the best round is kept.
    settle : callable, optional
        Called at the end with the network that is kept, still on the device.
    report : callable, optional
        Called after each round; default: to standard error where the training is kept.

    Raises
    ------
    ModelError
        If a weight is not finite at the end.
    """
    found = keep.load(network) if keep else None
    if found is not None:
        return found
    run = _Run(network, plan, beside, learned, dice)
    if keep is not None:
        run.resume(keep)
    report = report or (report_to_stderr(keep.name) if keep else lambda _progress: None)
    while run.state.steps < plan.steps:
        started = time.monotonic()
        run.take_round(losses, figure)
        run.state.seconds += time.monotonic() - started
        done = len(run.state.rounds)
        report(Progress(done, plan.rounds, run.state.rounds[-1], run.state.seconds))
        if keep is not None:
            run.save(keep)
    fitted = run.finish(settle)
    if keep is not None:
        keep.save(fitted)
    return fitted


class _Run:
    """A training in progress."""

    def __init__(
        self,
        network: nn.Module,
        plan: Plan,
        beside: nn.Module | None,
        learned: Sequence[nn.Parameter] | None,
        dice: Dice | None,
    ) -> None:
        self.network, self.plan, self.beside, self.dice = network, plan, beside, dice
        self.learned = list(network.parameters() if learned is None else learned)
        self.device = self.learned[0].device
        self.averaged = copy.deepcopy(network).requires_grad_(False) if plan.averaging else None
        kind = torch.optim.AdamW if plan.decoupled else torch.optim.Adam
        self.optimizer = kind(
            [*self.learned, *(beside.parameters() if beside else ())],
            weight_decay=plan.weight_decay,
            fused=self.device.type == "cuda" or None,
        )
        self.state = _State()
        self.best: dict[str, Tensor] = {}

    def take_round(
        self, losses: Callable[[int], Iterable[Loss]], figure: Callable[[], float] | None
    ) -> None:
        """Take the steps of a round; measure what it reached."""
        self.network.train()
        number, state = len(self.state.rounds), self.state
        wanted = min(self.plan.every, self.plan.steps - state.steps)
        total: dict[str, Tensor] = {}
        for loss in islice(losses(number), wanted):
            parts = {"loss": loss} if isinstance(loss, Tensor) else dict(loss)
            self._step(parts["loss"])
            for name, value in parts.items():
                total[name] = total[name] + value.detach() if name in total else value.detach()
        state.rounds.append({name: float(value) / wanted for name, value in total.items()})
        if figure is not None:
            self._choose(figure)

    def _step(self, loss: Tensor) -> None:
        rate = self.plan.rate(self.state.steps)
        for group in self.optimizer.param_groups:
            if isinstance(rate, tuple):
                group["lr"], group["betas"] = rate[0], (rate[1], group["betas"][1])
            else:
                group["lr"] = rate
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        if self.plan.clip:
            nn.utils.clip_grad_norm_(self.learned, self.plan.clip)
        self.optimizer.step()
        self.state.steps += 1
        if self.averaged is not None and self.plan.averaging is not None:
            average(self.averaged, self.network, self.plan.averaging(self.state.steps))

    def _choose(self, figure: Callable[[], float]) -> None:
        self.network.eval()
        reached, state = figure(), self.state
        state.rounds[-1]["figure"] = reached
        best = state.rounds[state.best - 1]["figure"] if state.best else -math.inf
        if reached > best or (self.plan.latest and reached == best) or not state.best:
            state.best = len(state.rounds)
            now = self.network.state_dict()
            self.best = {k: v.detach().cpu().clone() for k, v in now.items()}

    def finish(self, settle: Callable[[Any], None] | None) -> Fitted:
        """Return the network that is kept."""
        network = self.averaged if self.averaged is not None else self.network
        if self.best:
            network.load_state_dict(self.best, strict=True)
        if settle is not None:
            settle(network)
        network = network.cpu().eval().requires_grad_(False)
        state = self.state
        return Fitted(network, tuple(state.rounds), state.seconds, state.steps, state.best)

    # ---- checkpoints ---------------------------------------------------------------------------

    def _modules(self) -> dict[str, nn.Module | None]:
        return {"network": self.network, "averaged": self.averaged, "beside": self.beside}

    def save(self, keep: Keep) -> None:
        """Write a checkpoint; the file before it stays whole until this one is."""
        tensors = {f"best.{name}": value for name, value in self.best.items()}
        for part, module in self._modules().items():
            if module is not None:
                tensors |= {f"{part}.{name}": v for name, v in module.state_dict().items()}
        for i, slots in self.optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer.{i}.{name}": torch.as_tensor(slots[name]) for name in _SLOTS}
        tensors["random.global"] = torch.get_rng_state()
        if self.device.type == "cuda":
            tensors["random.card"] = torch.cuda.get_rng_state(self.device)
        about = {"state": json.dumps(asdict(self.state) | {"key": keep.key})}
        if self.dice is not None:
            tensors["random.samples"] = self.dice.samples.get_state()
            about["numbers"] = json.dumps(self.dice.numbers.bit_generator.state)
        plain = {k: v.detach().cpu().clone().contiguous() for k, v in tensors.items()}
        keep.folder.mkdir(parents=True, exist_ok=True)
        part_file = keep.checkpoint.with_suffix(".part")
        safetensors.torch.save_file(plain, part_file, metadata=about)
        part_file.replace(keep.checkpoint)

    def resume(self, keep: Keep) -> None:
        """Continue from a checkpoint; from the beginning if there is none of this training."""
        if not keep.checkpoint.is_file():
            return
        with safe_open(keep.checkpoint, "pt") as stored:
            about = stored.metadata()
            state = _State(**json.loads(about["state"]))
            if state.key != keep.key:
                return
            tensors = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118
        self.state, self.best = state, _below("best.", tensors)
        for part, module in self._modules().items():
            if module is not None:
                module.load_state_dict(_below(f"{part}.", tensors), strict=True)
        slots: dict[int, dict[str, Any]] = {}
        for name, tensor in _below("optimizer.", tensors).items():
            number, slot = name.split(".")
            slots.setdefault(int(number), {})[slot] = tensor
        groups = self.optimizer.state_dict()["param_groups"]
        self.optimizer.load_state_dict({"state": slots, "param_groups": groups})
        torch.set_rng_state(tensors["random.global"])
        if "random.card" in tensors and self.device.type == "cuda":
            torch.cuda.set_rng_state(tensors["random.card"], self.device)
        if self.dice is not None:
            self.dice.samples.set_state(tensors["random.samples"])
            self.dice.numbers.bit_generator.state = json.loads(about["numbers"])


def _below(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}


@torch.no_grad()
def average(averaged: nn.Module, network: nn.Module, decay: float) -> None:
    """Move the averaged weights towards the network's."""
    pairs = list(zip(averaged.state_dict().values(), network.state_dict().values(), strict=True))
    moving = [(mean, now) for mean, now in pairs if mean.is_floating_point()]
    # All at once: a graphics card would wait for each of some hundred small steps.
    torch._foreach_lerp_([mean for mean, _ in moving], [now for _, now in moving], 1 - decay)
    for mean, now in pairs:
        if not mean.is_floating_point():
            mean.copy_(now)
