"""Where a reference's run stands after an epoch, in one file that is replaced at once."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

_SLOTS = ("step", "exp_avg", "exp_avg_sq")


@dataclass
class State:
    """History of a run.

    Attributes
    ----------
    key : str
        Of everything that decides the run, apart from its number of epochs.
    epochs : list of dict
        ``loss`` and ``val_macro_f1`` of each epoch done.
    best_epoch : int
        Counted from 1; of equal ones the first.
    seconds : float
    """

    key: str
    epochs: list[dict[str, float]] = field(default_factory=list)
    best_epoch: int = 0
    seconds: float = 0.0

    def best_f1(self) -> float:
        """Return the best macro F1 on validation so far; -1 before the first epoch."""
        return self.epochs[self.best_epoch - 1]["val_macro_f1"] if self.best_epoch else -1.0


def save(
    path: Path,
    state: State,
    network: nn.Module,
    best: dict[str, Tensor],
    optimizer: torch.optim.Optimizer,
) -> None:
    """Write a checkpoint; the file before it stays whole until this one is."""
    tensors = {f"net.{k}": v for k, v in network.state_dict().items()}
    tensors |= {f"best.{k}": v for k, v in best.items()}
    for i, slots in optimizer.state_dict()["state"].items():
        tensors |= {f"opt.{i}.{name}": torch.as_tensor(slots[name]) for name in _SLOTS}
    plain = {k: v.detach().cpu().clone().contiguous() for k, v in tensors.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    save_file(plain, part, metadata={"state": json.dumps(asdict(state))})
    part.replace(path)


def load(
    path: Path, key: str, network: nn.Module, optimizer: torch.optim.Optimizer
) -> tuple[State, dict[str, Tensor]]:
    """Return where a run stands and its best weights, with the network and Adam put there.

    A run that was never begun, or was begun in another way, stands at its beginning.
    """
    if not path.is_file():
        return State(key), {}
    with safe_open(path, "pt") as stored:
        state = State(**json.loads(stored.metadata()["state"]))
        if state.key != key:
            return State(key), {}
        tensors = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118
    network.load_state_dict(_below("net.", tensors), strict=True)
    slots: dict[int, dict[str, Any]] = {}
    for name, tensor in _below("opt.", tensors).items():
        number, slot = name.split(".")
        slots.setdefault(int(number), {})[slot] = tensor
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": slots, "param_groups": groups})
    return state, _below("best.", tensors)


def best_of(path: Path) -> dict[str, Tensor]:
    """Return the weights of a checkpoint's best epoch; empty before the first is done."""
    with safe_open(path, "pt") as stored:
        return _below("best.", {name: stored.get_tensor(name) for name in stored.keys()})  # noqa: SIM118


def _below(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
