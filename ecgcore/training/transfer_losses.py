"""Losses of knowledge transfer from a teacher on twelve leads to a student on one.

Source: Qin et al., MVKT-ECG, Comput Biol Med 168:107503 (2023); the contrastive part is the
contrastive representation distillation of Tian, Krishnan and Isola, ICLR 2020.
"""

from dataclasses import dataclass
from typing import Annotated

import torch
from torch import Tensor, nn
from torch.nn import functional

from ecgcore.checks import Within
from ecgcore.errors import InvalidArgumentError

# Keeps logarithms finite.
_SMALL = 1e-7


def multi_label_transfer(student: Tensor, teacher: Tensor, *, temperature: float = 1.0) -> Tensor:
    """Return MKD: the divergence of each label's two outcomes, teacher from student.

    Parameters
    ----------
    student, teacher : Tensors, shape (B, n_labels)
        Logits; no gradient reaches the teacher.
    temperature : float
        Divides both logits; the loss is multiplied by its square, so that its gradient keeps its
        size (Hinton, Vinyals and Dean, 2015).

    Returns
    -------
    Tensor, scalar
        Sum over labels of KL(teacher || student), mean over the batch and the two outcomes.

    Notes
    -----
    The published code divides the probabilities by the temperature instead of the logits, which
    makes no distribution for any temperature but 1.  At 1 both are the same.
    """
    t = teacher.detach().float() / temperature
    s = student.float() / temperature
    p = t.sigmoid()
    there = p * (functional.logsigmoid(t) - functional.logsigmoid(s))
    absent = (1 - p) * (functional.logsigmoid(-t) - functional.logsigmoid(-s))
    return (there + absent).sum(dim=1).mean() / 2 * temperature**2


def negative_weights(labels: Tensor, rows: Tensor) -> Tensor:
    """Return 1 for each record that may be drawn as a negative of each of ``rows``, else 0.

    Negatives share no label; two records without any label share that.  The published code compares
    one label a record instead: the first diagnosis listed (CPSC 2018), or the first column of the
    label table (PTB-XL).

    Parameters
    ----------
    labels : Tensor of bool, shape (N, n_labels)
        What each training record has.
    rows : Tensor of int64, shape (B,)

    Returns
    -------
    Tensor, shape (B, N)
        At least one negative a row: where none is left, all other records.
    """
    mine, every = labels[rows].float(), labels.float()
    alike = ~(mine.any(dim=1)[:, None] | every.any(dim=1)[None])
    weight = ((mine @ every.T == 0) & ~alike).float().scatter_(1, rows[:, None], 0.0)
    none = weight.sum(dim=1, keepdim=True) == 0
    return torch.where(none, torch.ones_like(weight).scatter_(1, rows[:, None], 0.0), weight)


@dataclass(frozen=True)
class ContrastSettings:
    """Of the contrastive part; the defaults are the published ones.

    Attributes
    ----------
    dimensions : int
        Of the common space.
    n_negatives : int
    temperature : float
    momentum : float
        Of the memory banks.
    """

    dimensions: Annotated[int, Within(1, 4096)] = 128
    n_negatives: Annotated[int, Within(1, 65_536)] = 1024
    temperature: Annotated[float, Within(1e-3, 100)] = 0.07
    momentum: Annotated[float, Within(0, 0.999)] = 0.5


class ContrastiveTransfer(nn.Module):
    """CLT: a record's two views lie together, apart from records of other diseases.

    Parameters
    ----------
    n_student, n_teacher : int
        Features of each network.
    labels : Tensor of bool, shape (N, n_labels)
        Of all training records, in the order of the rows given later.
    settings : ContrastSettings, optional
    learned : Tensor of bool, shape (N,), optional
        Which records may be negatives: those that are learned from.  Default: all.

    Raises
    ------
    InvalidArgumentError
        If there are fewer than two records.

    Notes
    -----
    Each side: a linear layer to 128, unit length.  Two memory banks of one vector a training
    record; the positive of record i is i in the other bank, the negatives are drawn anew each
    step.  P = exp(u.v / 0.07) / Z, with Z fixed by the first batch; with m negatives and noise of
    probability 1/N, each anchor's loss is -log P+/(P+ + m/N) - sum log (m/N)/(P- + m/N).
    """

    banks: Tensor
    scale: Tensor
    labels: Tensor
    learned: Tensor

    def __init__(
        self,
        n_student: int,
        n_teacher: int,
        labels: Tensor,
        settings: ContrastSettings | None = None,
        *,
        learned: Tensor | None = None,
    ) -> None:
        super().__init__()
        if labels.ndim != 2 or labels.shape[0] < 2:
            raise InvalidArgumentError(
                f"Labels have shape {tuple(labels.shape)}; two records at least are needed."
            )
        self.settings = settings or ContrastSettings()
        d = self.settings.dimensions
        self.student = nn.Linear(n_student, d)
        self.teacher = nn.Linear(n_teacher, d)
        # As published: uniform, of length 1 in the mean square.
        edge = (3 / d) ** 0.5
        self.register_buffer("banks", (2 * torch.rand(2, labels.shape[0], d) - 1) * edge)
        self.register_buffer("scale", torch.full((2,), -1.0))
        self.register_buffer("labels", labels.bool())
        everyone = torch.ones(labels.shape[0], dtype=torch.bool, device=labels.device)
        self.register_buffer("learned", everyone if learned is None else learned)

    def forward(self, student: Tensor, teacher: Tensor, rows: Tensor) -> Tensor:
        """Return the loss of a batch, and remember its vectors.

        Parameters
        ----------
        student, teacher : Tensors, shape (B, n)
            Features; no gradient reaches the teacher's network.
        rows : Tensor of int64, shape (B,)
            Which training records these are.
        """
        views = torch.stack(
            [
                functional.normalize(self.student(student.float()), dim=1),
                functional.normalize(self.teacher(teacher.detach().float()), dim=1),
            ]
        )
        negatives = self._negatives(rows)
        index = torch.cat([rows[:, None], negatives], dim=1)
        # Each view is compared with the bank of the other one.
        others = self.banks.flip(0)[:, index]
        score = torch.exp((others @ views[..., None]).squeeze(-1) / self.settings.temperature)
        n = int(self.labels.shape[0])
        # The first batch fixes Z; no branch, so that nothing waits for the device.
        found = score.detach().mean(dim=(1, 2)) * n
        self.scale.copy_(torch.where(self.scale < 0, found, self.scale))
        p = score / self.scale[:, None, None]
        noise = negatives.shape[1] / n
        positive = torch.log(p[..., 0] / (p[..., 0] + noise + _SMALL))
        apart = torch.log(noise / (p[..., 1:] + noise + _SMALL)).sum(dim=-1)
        self._remember(views.detach(), rows)
        return -(positive + apart).sum() / rows.shape[0]

    def _negatives(self, rows: Tensor) -> Tensor:
        weight = negative_weights(self.labels, rows) * self.learned
        # Where the rule leaves none of those learned from, any of them.
        none = weight.sum(dim=1, keepdim=True) == 0
        weight = torch.where(none, self.learned.float(), weight)
        return torch.multinomial(weight, self.settings.n_negatives, replacement=True)

    @torch.no_grad()
    def _remember(self, views: Tensor, rows: Tensor) -> None:
        keep = self.settings.momentum
        mixed = keep * self.banks[:, rows] + (1 - keep) * views
        self.banks[:, rows] = functional.normalize(mixed, dim=2)
