"""One network for any subset of the twelve leads and any length, with dense outputs.

Every lead goes through the same convolutional encoder.  What it finds is mixed by a matrix of that
lead's own, scaled by that lead's voltage where it is known, and joined over the leads that are
there: by attention across leads, step by step, and by the maximum.  A residual convolutional trunk
and attention across time read the result; each statement then looks at the times it chooses.

Beside the statements the same features give PTB-XL's super-classes, the four classes of hand-held
recordings, four intervals, the kind of every beat, and the wave at every sample of every lead.
These were learned from labels that a word for a whole record does not hold.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ecgcore.errors import InvalidArgumentError
from ecgcore.models.lead_set import (
    N_LEADS,
    LeadCountNorm,
    LeadEncoder,
    Residual,
    checked,
    every,
    masked,
)
from ecgcore.statements import SUPERCLASSES

HANDHELD = ("N", "A", "O", "~")
BEATS = ("none", "N", "S", "V")
WAVES = ("none", "P", "QRS", "T")
INTERVALS = ("pr", "qrs", "qt", "rr")
# Seconds, of adults at rest: only to bring the outputs to one size.
USUAL_S = (0.16, 0.10, 0.39, 0.85)
SPREAD_S = (0.03, 0.02, 0.04, 0.20)
# Steps of the trunk's end that a distance between two times is told apart to; 6.25 steps a second.
_FARTHEST = 64


@dataclass(frozen=True)
class Outputs:
    """Everything the network says of a batch, as logits.

    Attributes
    ----------
    statements : Tensor, shape (B, n_labels)
    superclasses : Tensor, shape (B, 5)
    handheld : Tensor, shape (B, 4)
        Of a softmax over ``HANDHELD``.
    beats : Tensor, shape (B, 4, ceil(T / 4))
        Of a softmax over ``BEATS``, one column for every fourth sample.
    features : Tensor, shape (B, 2 * width)
        What stands before the last layers: mean and maximum over time.
    intervals : Tensor, shape (B, 4)
        Columns as ``INTERVALS``, each less its usual value and divided by its usual spread
        (``USUAL_S``, ``SPREAD_S``).
    """

    statements: Tensor
    superclasses: Tensor
    handheld: Tensor
    beats: Tensor
    features: Tensor
    intervals: Tensor


@dataclass(frozen=True)
class Attention:
    """Everything the network attends to.

    Attributes
    ----------
    leads : Tensor, shape (B, L, T', heads)
        Across leads at each step of the encoder, 1 in sum over L.
    layers : tuple of Tensor, shape (B, heads, T'', T'')
        Across time in each transformer layer, rows 1 in sum.
    queries : Tensor, shape (B, n_labels, T'')
        Of each statement over time, 1 in sum.
    """

    leads: Tensor
    layers: tuple[Tensor, ...]
    queries: Tensor


class _LeadMixer(nn.Module):
    """A matrix, a response to voltage and an attention score of each lead's own.

    (B, L, C, T') -> (B, 2 * mixed, T'): attention-weighted mean, then maximum, over the leads.
    """

    def __init__(self, n_in: int, mixed: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.matrix = nn.Parameter(torch.empty(N_LEADS, n_in, mixed))
        nn.init.normal_(self.matrix, std=n_in**-0.5)
        self.gain = nn.Parameter(torch.zeros(N_LEADS, mixed))
        self.shift = nn.Parameter(torch.zeros(N_LEADS, mixed))
        self.known = nn.Parameter(torch.zeros(N_LEADS, mixed))
        self.score = nn.Sequential(nn.Linear(mixed, 32), nn.Tanh(), nn.Linear(32, heads))

    def mix(self, encoded: Tensor, index: Tensor, scale: Tensor) -> Tensor:
        """(B, L, C, T') -> (B, L, T', mixed); ``scale`` (B, L) is NaN where unknown."""
        known = torch.isfinite(scale)
        size = torch.where(known, scale, torch.zeros_like(scale))[..., None]
        # The gain goes into the matrix, which is smaller than what it makes.
        matrix = self.matrix[index] * (1 + size * self.gain[index])[:, :, None]
        shift = size * self.shift[index] + known[..., None] * self.known[index]
        mixed = torch.baddbmm(
            shift.flatten(0, 1)[:, None].to(encoded.dtype),
            encoded.flatten(0, 1).transpose(1, 2),
            matrix.flatten(0, 1).to(encoded.dtype),
        )
        return mixed.unflatten(0, encoded.shape[:2])

    def weights(self, mixed: Tensor, steps: Tensor | None) -> Tensor:
        """(B, L, T', mixed) -> attention over leads, (B, L, T', heads), 1 in sum over L."""
        score = self.score(mixed).float()
        if steps is not None:
            score = score.masked_fill(~steps[..., None], -1e4)
        return torch.softmax(score, dim=1)

    def pool(self, mixed: Tensor, steps: Tensor | None) -> Tensor:
        """Join the leads; ``steps`` (B, L, T') tells where each is there, None: everywhere."""
        weight = self.weights(mixed, steps).to(mixed.dtype)
        parts = mixed.unflatten(-1, (self.heads, -1))
        mean = (parts * weight[..., None]).sum(dim=1).flatten(-2)
        if steps is None:
            top = mixed.amax(dim=1)
        else:
            top = mixed.masked_fill(~steps[..., None], -1e4).amax(dim=1)
        # Where no lead is there, the caller's mask puts zero.
        return torch.cat([mean, top], dim=-1).transpose(1, 2)


class TimeAttention(nn.Module):
    """A transformer layer over time, (B, T, D) -> (B, T, D), that knows distances, not places."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.norm1 = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.bias = nn.Parameter(torch.zeros(heads, 2 * _FARTHEST + 1))
        self.norm2 = nn.LayerNorm(width)
        self.feed = nn.Sequential(
            nn.Linear(width, 2 * width), nn.GELU(), nn.Dropout(dropout), nn.Linear(2 * width, width)
        )
        self.drop = nn.Dropout(dropout)

    def forward(self, h: Tensor, mask: Tensor | None) -> Tensor:
        """``mask`` (B, T) of bool tells which steps exist."""
        weight, value = self._attend(self.norm1(h), mask)
        mixed = (weight.to(value.dtype) @ value).transpose(1, 2).flatten(-2)
        h = h + self.drop(self.out(mixed))
        return h + self.drop(self.feed(self.norm2(h)))

    def weights(self, h: Tensor, mask: Tensor | None) -> Tensor:
        """Return the attention, shape (B, heads, T, T): row by row, 1 in sum over the last."""
        return self._attend(self.norm1(h), mask)[0]

    def _attend(self, h: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor]:
        n = h.shape[1]
        query, key, value = self.qkv(h).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        score = (query @ key.transpose(-1, -2)).float() / math.sqrt(query.shape[-1])
        at = torch.arange(n, device=h.device)
        score = (
            score + self.bias[:, (at[None] - at[:, None]).clamp(-_FARTHEST, _FARTHEST) + _FARTHEST]
        )
        if mask is not None:
            score = score.masked_fill(~mask[:, None, None, :], -1e4)
        return torch.softmax(score, dim=-1), value


def _count(mask: Tensor | None, n_leads: int) -> Tensor | int:
    """Return how many leads of each record are there at any time: one number, or shape (B,)."""
    return n_leads if mask is None else mask.any(dim=2).sum(dim=1)


def _features(seen: Tensor, there: Tensor | None, top: Tensor) -> Tensor:
    """(B, T, D), zero where nothing is there -> (B, 2 D): mean and maximum over time."""
    count = seen.shape[1] if there is None else there.sum(dim=1, keepdim=True).clamp(min=1)
    return torch.cat([seen.sum(dim=1) / count, top], dim=1)


class LeadAttentionNet(nn.Module):
    """Reader of any subset of the twelve leads and any length.

    Parameters
    ----------
    n_labels : int
        Statements.
    encoder : tuple of two ints
        Channels of the shared lead encoder.
    mixed : int
        Channels after the lead's own matrix; a multiple of ``lead_heads``.
    trunk : tuple of int
        Channels of the trunk's stages; each halves the time resolution.
    layers : int
        Of attention across time.
    lead_heads, time_heads : int
    kernel : int
        Odd.
    dropout : float
        Before the last layers; a fifth of it inside.

    Notes
    -----
    Sources of the parts: deep sets (Zaheer et al., 2017), residual 1-D convolutions (Strodthoff et
    al., IEEE JBHI 2021), attention pooling (Ilse et al., ICML 2018), relative position biases
    (Raffel et al., JMLR 2020), one query a statement (Ridnik et al., ML-Decoder, WACV 2023).
    """

    takes_scale = True

    def __init__(
        self,
        *,
        n_labels: int = 20,
        encoder: tuple[int, int] = (32, 64),
        mixed: int = 64,
        trunk: tuple[int, ...] = (128, 256),
        layers: int = 2,
        lead_heads: int = 4,
        time_heads: int = 4,
        kernel: int = 7,
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        if n_labels < 1 or kernel < 1 or kernel % 2 == 0 or not trunk or mixed % lead_heads:
            raise InvalidArgumentError(
                "A lead-attention network needs a label, a trunk stage, an odd kernel and mixed "
                f"channels that its heads divide; it was given {n_labels} labels, {len(trunk)} "
                f"stages, kernel {kernel}, {mixed} channels for {lead_heads} heads."
            )
        self.n_labels = n_labels
        self.encoder = LeadEncoder(encoder, kernel, norm=LeadCountNorm)
        self.mixer = _LeadMixer(encoder[1], mixed, lead_heads)
        self.pooled_norm = LeadCountNorm(2 * mixed)
        blocks, width = [], 2 * mixed
        for stage, channels in enumerate(trunk):
            blocks.append(Residual(width, channels, kernel, 2, dropout / 5, norm=LeadCountNorm))
            # Attention follows the last stage, which therefore needs no second block.
            if stage < len(trunk) - 1:
                blocks.append(
                    Residual(channels, channels, kernel, 1, dropout / 5, norm=LeadCountNorm)
                )
            width = channels
        self.trunk = nn.ModuleList(blocks)
        self._strides = tuple(block.stride for block in blocks)
        self._stages = len(trunk)
        self.time = nn.ModuleList(
            TimeAttention(width, time_heads, dropout / 5) for _ in range(layers)
        )
        self.last_norm = nn.LayerNorm(width)
        self._parts = [n_labels, len(SUPERCLASSES), len(HANDHELD), len(INTERVALS)]
        n_out = sum(self._parts)
        self.query = nn.Parameter(torch.randn(n_out, width) * width**-0.5)
        self.drop = nn.Dropout(dropout)
        self.own = nn.Parameter(torch.randn(n_out, width) * width**-0.5)
        self.top = nn.Linear(width, n_out)
        self.beat_fine = nn.Conv1d(2 * mixed, 64, 1)
        self.beat_coarse = nn.Conv1d(width, 64, 1)
        self.beat_out = nn.Sequential(
            nn.ReLU(), nn.Conv1d(64, 64, 5, padding=2), nn.ReLU(), nn.Conv1d(64, len(BEATS), 1)
        )
        self.wave_out = nn.Sequential(
            nn.Conv1d(encoder[1], 64, 5, padding=2),
            nn.ReLU(),
            nn.Conv1d(64, len(WAVES) * LeadEncoder.stride, 1),
        )

    @property
    def gradcam_layer(self) -> nn.Module:
        """The layer whose output, (B * L, C, ceil(T / 4)), Grad-CAM is taken at.

        Row ``b * L + l`` is lead ``l`` of record ``b``; step ``t`` stands at sample ``4 * t``.
        """
        return self.encoder

    @property
    def gradcam_stride(self) -> int:
        """Samples of the input for one step of :attr:`gradcam_layer`."""
        return self.encoder.stride

    def forward(
        self,
        x: Tensor,
        present: Tensor | None = None,
        leads: Tensor | None = None,
        scale: Tensor | None = None,
    ) -> Tensor:
        """Return the statements' logits, shape (B, n_labels); arguments as :meth:`outputs`."""
        return self.outputs(x, present, leads, scale).statements

    def outputs(
        self,
        x: Tensor,
        present: Tensor | None = None,
        leads: Tensor | None = None,
        scale: Tensor | None = None,
    ) -> Outputs:
        """Return everything but the waves.

        Parameters
        ----------
        x : Tensor, shape (B, L, T)
            Standardised samples (see :func:`ecgcore.models.scaling.standardise`), finite.
        present : Tensor of bool, shape (B, L) or (B, L, T), optional
            Which leads, or which samples of which leads, exist.  What stands in ``x`` elsewhere
            has no influence.  Default: all.
        leads : Tensor of int64, shape (L,) or (B, L), optional
            Index of each row of ``x`` in the standard order I, II, III, aVR, aVL, aVF, V1 to V6.
            Default: ``0 .. L-1``.
        scale : Tensor, shape (B, L), optional
            The voltage that :func:`ecgcore.models.scaling.voltage_scale` gives; NaN where it is
            lost.  Default: lost.

        Raises
        ------
        InvalidArgumentError
            If the shapes do not fit, or a lead index is outside 0 to 11.
        """
        mask, index = checked(x, present, leads)
        encoded = self.encode(x, mask)
        steps = None if mask is None else every(mask, self.encoder.stride)
        return self.fuse(encoded, steps, index, scale)

    def encode(self, x: Tensor, mask: Tensor | None, count: int | None = None) -> Tensor:
        """Return each lead's features, (B, L, T) -> (B, L, C, ceil(T / 4)).

        ``count`` is the number of leads for which the batch counts; by default what is there.
        """
        batch, n_leads, n_samples = x.shape
        folded = None
        if mask is not None:
            # 0 * NaN is NaN: what is absent is overwritten, not multiplied.
            x = torch.where(mask, x, torch.zeros((), dtype=x.dtype))
            folded = mask.reshape(batch * n_leads, 1, n_samples).to(x.dtype)
        number = _count(mask, n_leads) if count is None else count
        if isinstance(number, Tensor):
            number = number.repeat_interleave(n_leads)
        encoded = self.encoder(x.reshape(batch * n_leads, 1, n_samples), folded, number)
        return encoded.view(batch, n_leads, *encoded.shape[1:])

    def fuse(
        self,
        encoded: Tensor,
        steps: Tensor | None,
        index: Tensor,
        scale: Tensor | None,
        count: int | None = None,
    ) -> Outputs:
        """Join the leads' features; ``steps`` (B, L, T') tells which of them exist."""
        if scale is None:
            scale = torch.full(encoded.shape[:2], math.nan, device=encoded.device)
        mixed = self.mixer.mix(encoded, index, scale)
        time_mask = None if steps is None else steps.any(dim=1, keepdim=True).to(encoded.dtype)
        number = _count(steps, encoded.shape[1]) if count is None else count
        return self.read(self.mixer.pool(mixed, steps), time_mask, number)

    def read(self, pooled: Tensor, time_mask: Tensor | None, count: Tensor | int) -> Outputs:
        """Return everything that what the leads gave together, (B, 2 * mixed, T'), says.

        ``time_mask`` (B, 1, T') tells which steps hold any lead, ``count``, one for all or (B,), of
        how many leads each record is.
        """
        fine, h, coarse_mask = self._trunk(pooled, time_mask, count)
        return self._read(fine, h, coarse_mask)

    def read_statements(
        self, pooled: Tensor, time_mask: Tensor | None, count: Tensor | int
    ) -> Tensor:
        """Return the statements alone, which :meth:`read` gives among all else."""
        _, h, coarse_mask = self._trunk(pooled, time_mask, count)
        return self._answers(*self._see(h, coarse_mask))[0][:, : self.n_labels]

    def attention(
        self, x: Tensor, present: Tensor | None, leads: Tensor | None, scale: Tensor | None
    ) -> Attention:
        """Return what the network attends to; arguments as :meth:`outputs`."""
        mask, index = checked(x, present, leads)
        encoded = self.encode(x, mask)
        steps = None if mask is None else every(mask, self.encoder.stride)
        if scale is None:
            scale = torch.full(encoded.shape[:2], math.nan, device=encoded.device)
        mixed = self.mixer.mix(encoded, index, scale)
        time_mask = None if steps is None else steps.any(dim=1, keepdim=True).to(encoded.dtype)
        count = _count(steps, encoded.shape[1])
        _, h, coarse_mask = self._trunk(self.mixer.pool(mixed, steps), time_mask, count)
        there = None if coarse_mask is None else coarse_mask[:, 0] > 0
        step, layers = h.transpose(1, 2), []
        for layer in self.time:
            if isinstance(layer, TimeAttention):
                layers.append(layer.weights(step, there))
            step = layer(step, there)
        queries = self.time_weights(self._see(h, coarse_mask)[0], there)[:, : self.n_labels]
        return Attention(self.mixer.weights(mixed, steps), tuple(layers), queries)

    @property
    def halvings(self) -> int:
        """How often the trunk halves the encoder's time resolution."""
        return sum(stride == 2 for stride in self._strides)

    def _trunk(
        self, pooled: Tensor, time_mask: Tensor | None, count: Tensor | int
    ) -> tuple[Tensor, Tensor, Tensor | None]:
        """(B, 2 * mixed, T') -> the same normalised, the trunk's end, and its mask."""
        fine = masked(self.pooled_norm(pooled, count), time_mask)
        h, coarse_mask = fine, time_mask
        for stride, block in zip(self._strides, self.trunk, strict=True):
            coarse_mask = every(coarse_mask, stride)
            h = block(h, coarse_mask, count)
        return fine, h, coarse_mask

    def _read(self, fine: Tensor, h: Tensor, mask: Tensor | None) -> Outputs:
        seen, there = self._see(h, mask)
        out, top = self._answers(seen, there)
        parts = out.split(self._parts, dim=1)
        beats, features = self._beats(fine, seen), _features(seen, there, top)
        return Outputs(parts[0], parts[1], parts[2], beats, features, parts[3])

    def _see(self, h: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """Let the trunk's steps attend to one another: (B, T, D), and which of them exist."""
        there = None if mask is None else mask[:, 0] > 0
        seen = h.transpose(1, 2)
        for layer in self.time:
            seen = layer(seen, there)
        return masked(self.last_norm(seen), None if mask is None else mask.transpose(1, 2)), there

    def _answers(self, seen: Tensor, there: Tensor | None) -> tuple[Tensor, Tensor]:
        """Return all logits that are one a record, and the maximum over time."""
        weight = self.time_weights(seen, there).to(seen.dtype)
        own = (self.drop(weight @ seen) * self.own).sum(dim=-1)
        # A record with nothing present keeps finite values: its answer is finite, not used.
        filled = seen if there is None else seen.masked_fill(~there[..., None], -1e4)
        top = filled.amax(dim=1).clamp(min=-1e2)
        return own + self.top(self.drop(top)), top

    def time_weights(self, seen: Tensor, there: Tensor | None) -> Tensor:
        """Return where in time each output looks, (B, T, D) -> (B, n_out, T), 1 in sum over T."""
        score = (self.query @ seen.transpose(1, 2)).float()
        if there is not None:
            score = score.masked_fill(~there[:, None], -1e4)
        return torch.softmax(score, dim=-1)

    def _beats(self, fine: Tensor, seen: Tensor) -> Tensor:
        coarse = self.beat_coarse(seen.transpose(1, 2))
        spread = coarse.repeat_interleave(2**self._stages, dim=-1)[..., : fine.shape[-1]]
        return self.beat_out(self.beat_fine(fine) + spread)

    def waves(self, encoded: Tensor) -> Tensor:
        """Return the wave at every sample of every lead, (B, L, C, T') -> (B, L, 4, 4 T')."""
        batch, n_leads = encoded.shape[:2]
        out = self.wave_out(encoded.flatten(0, 1)).unflatten(1, (len(WAVES), -1))
        return out.transpose(2, 3).flatten(-2).view(batch, n_leads, len(WAVES), -1)
