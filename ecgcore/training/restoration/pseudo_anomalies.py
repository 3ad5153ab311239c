"""Synthetic anomalies in normal recordings: a network learns their place without labels.

Time is bent (early beats, broad complexes, long PR and QT, no rhythm), waves are scaled (missing,
inverted or giant P, QRS and T, a QRS that never comes), deflections are added (ST shift, Q and R',
delta waves), and beats of other people are put in.  Each change is known sample by sample.  The
kinds are those that a textbook's chapter headings name; how large, in which leads and on which
beats is drawn.

All times here are in samples; everything is computed for a whole batch at once, on its device.

Source of the idea: Zavrtanik et al., "DRAEM", ICCV 2021; Li et al., "CutPaste", CVPR 2021.
"""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

KINDS = (
    "none", "early", "ectopic", "wide", "st", "t", "q", "p", "fibrillation", "pr", "qt",
    "voltage", "foreign", "dropped",
)  # fmt: skip
# How often each is drawn.
ODDS = (0.28, 0.08, 0.10, 0.07, 0.09, 0.08, 0.06, 0.04, 0.07, 0.07, 0.02, 0.02, 0.03, 0.03)
# An addition of half a usual millimetre, in standard deviations of a lead, counts as visible.
VISIBLE = 0.35
# Rows I to V6: how a dipole (to the left, to the feet, to the front) projects on each lead.
LEAD_VECTORS = torch.tensor(
    [
        [1.0, 0.0, 0.0], [0.5, 0.87, 0.0], [-0.5, 0.87, 0.0], [-0.75, -0.43, 0.0],
        [0.75, -0.43, 0.0], [0.0, 0.87, 0.0], [-0.4, 0.1, 0.9], [0.0, 0.15, 1.2],
        [0.4, 0.2, 1.1], [0.8, 0.25, 0.8], [1.0, 0.25, 0.3], [0.95, 0.25, 0.0],
    ]
)  # fmt: skip


@dataclass(frozen=True)
class Stretch:
    """A batch of normal stretches.

    Attributes
    ----------
    x : Tensor, shape (B, L, T)
        In standard deviations of each lead; zero where absent.
    present : Tensor of bool, shape (B, L, T)
    leads : Tensor of int64, shape (B, L)
    beats : Tensor, shape (B, K)
        R peaks in samples; NaN beyond the last.
    waves : Tensor, shape (B, 6)
        Onset and offset of P, QRS and T, in samples from the R peak.
    """

    x: Tensor
    present: Tensor
    leads: Tensor
    beats: Tensor
    waves: Tensor


@dataclass(frozen=True)
class Corrupted:
    """A changed batch: samples, where it was changed (B, L, T), and the kind of each (B,)."""

    x: Tensor
    mask: Tensor
    kind: Tensor


@dataclass(frozen=True)
class _Plan:
    """What is done to each record of a batch; ``beats`` (B, K) in the new time."""

    kind: Tensor
    chosen: Tensor
    beats: Tensor
    shift: Tensor
    width: Tensor
    p_shift: Tensor
    t_shift: Tensor
    gains: Tensor
    box: Tensor
    bump: Tensor
    bump_at: Tensor
    bump_width: Tensor


def corrupt(stretch: Stretch, *, odds: tuple[float, ...] = ODDS) -> Corrupted:
    """Change some of the records.

    Parameters
    ----------
    odds : tuple of float
        One for each of ``KINDS``.
    """
    x = stretch.x
    plan = _plan(stretch, torch.tensor(odds, device=x.device))
    bent = _bend_time(stretch, plan)
    changed = _scale_waves(stretch, plan, bent)
    changed, pasted = _paste_beat(stretch, plan, changed)
    mask = _windows(stretch, plan)[:, None] | pasted[:, None] | ((changed - bent).abs() > VISIBLE)
    mask = mask & stretch.present & (plan.kind > 0)[:, None, None]
    return Corrupted(torch.where(stretch.present, changed, 0.0), mask, plan.kind)


def _is(kind: Tensor, *names: str) -> Tensor:
    wanted = torch.tensor([KINDS.index(n) for n in names], device=kind.device)
    return torch.isin(kind, wanted)


def _between(like: Tensor, low: float, high: float, *shape: int) -> Tensor:
    return low + (high - low) * torch.rand(*shape, device=like.device)


def _plan(stretch: Stretch, odds: Tensor) -> _Plan:
    beats, size = stretch.beats, stretch.beats.shape[0]
    known = torch.isfinite(beats)
    kind = torch.multinomial(odds, size, replacement=True)
    kind = torch.where(known.sum(dim=1) >= 3, kind, torch.zeros_like(kind))
    rr = torch.nan_to_num(beats[:, 1:] - beats[:, :-1], nan=80.0).median(dim=1).values
    few = _is(kind, "early", "ectopic", "foreign", "dropped") | (
        torch.rand(size, device=beats.device) < 0.25
    )
    few = few & ~_is(kind, "fibrillation", "pr", "qt", "voltage")
    drawn = torch.rand(beats.shape, device=beats.device).masked_fill(~known, 2.0)
    one = drawn == drawn.amin(dim=1, keepdim=True)
    chosen = known & torch.where(few[:, None], one | (drawn < 0.15), known)
    shift = _between(beats, 0.14, 0.42, *beats.shape) * rr[:, None]
    lawless = _between(beats, -0.22, 0.28, *beats.shape) * rr[:, None]
    shift = torch.where(_is(kind, "fibrillation")[:, None], lawless, shift)
    moved = chosen & _is(kind, "early", "ectopic", "fibrillation")[:, None]
    shift = torch.where(moved, shift, torch.zeros_like(shift))
    return _shapes(stretch, kind, chosen, shift, rr)


def _shapes(stretch: Stretch, kind: Tensor, chosen: Tensor, shift: Tensor, rr: Tensor) -> _Plan:
    size = kind.shape[0]
    one = torch.ones(size, device=kind.device)
    width = torch.where(_is(kind, "wide"), _between(rr, 1.35, 2.2, size), one)
    width = torch.where(_is(kind, "ectopic"), _between(rr, 1.5, 2.6, size), width)
    later = torch.where(_is(kind, "qt"), _between(rr, 5, 14, size), 0 * one)
    earlier = torch.where(_is(kind, "pr"), _between(rr, 4, 16, size).minimum(0.25 * rr), 0 * one)
    bumped = _is(kind, "q") | (_is(kind, "wide", "ectopic") & (torch.rand_like(one) < 0.5))
    on, off = stretch.waves[:, 2], stretch.waves[:, 3]
    at = on - 2 + (off - on + 6) * torch.rand_like(one)
    broad = _between(rr, 1.0, 3.0, size)
    tall = _is(kind, "t") & (torch.rand_like(one) < 0.5)
    tall = tall | (_is(kind, "st") & (torch.rand_like(one) < 0.4))
    at = torch.where(tall, stretch.waves[:, 4:].mean(dim=1), at)
    broad = torch.where(tall, _between(rr, 4.0, 9.0, size), broad)
    size_of = _between(rr, 0.7, 4.0, size) * (bumped | tall)
    st = _between(rr, 0.4, 3.0, size) * _is(kind, "st")
    return _Plan(
        kind=kind,
        chosen=chosen,
        beats=stretch.beats - shift,
        shift=shift,
        width=width,
        p_shift=earlier,
        t_shift=later,
        gains=_gains(stretch, kind, tall),
        box=_project_dipole(stretch) * st[:, None],
        bump=_project_dipole(stretch) * size_of[:, None],
        bump_at=at,
        bump_width=broad,
    )


def _project_dipole(stretch: Stretch) -> Tensor:
    """Return how a random dipole shows in each lead, (B, L), 1 at its largest."""
    dipole = torch.randn(stretch.x.shape[0], 3, device=stretch.x.device)
    seen = torch.einsum("blk,bk->bl", LEAD_VECTORS.to(stretch.x.device)[stretch.leads], dipole)
    return seen / seen.abs().amax(dim=1, keepdim=True).clamp(min=1e-3)


def _gains(stretch: Stretch, kind: Tensor, tall: Tensor) -> Tensor:
    """Return the factors of P, QRS and T in each lead, (B, 3, L)."""
    size, n_leads = stretch.x.shape[:2]
    x = stretch.x
    one = torch.ones(size, n_leads, device=x.device)
    u = torch.rand(size, 1, device=x.device)

    def of(*names: str) -> Tensor:
        return _is(kind, *names)[:, None]

    tallest = torch.where(u < 0.65, 0 * one, _between(x, 2.0, 4.0, size, 1).expand_as(one))
    p = torch.where(of("p"), tallest, one)
    p = torch.where(of("fibrillation") | (of("ectopic") & (u < 0.8)), 0 * one, p)
    p = torch.where(of("early") & (u < 0.3), 0 * one, p)
    turned = _project_dipole(stretch) * _between(x, 0.6, 2.0, size, 1)
    qrs = torch.where(of("ectopic"), turned, one)
    qrs = torch.where(of("wide"), one + 0.4 * torch.randn_like(one), qrs)
    low, high = _between(x, 0.15, 0.5, size, 1), _between(x, 1.6, 2.5, size, 1)
    qrs = torch.where(of("voltage"), torch.where(u < 0.5, low, high).expand_as(one), qrs)
    flat, giant = _between(x, -1.5, 0.25, size, 1), _between(x, 1.8, 3.5, size, 1)
    qrs = torch.where(of("dropped"), 0 * one, qrs)
    some = torch.rand_like(one) < 0.7
    t = torch.where(of("t") & some, torch.where(u < 0.7, flat, giant).expand_as(one), one)
    t = torch.where(tall[:, None], one, torch.where(of("dropped"), 0 * one, t))
    t = torch.where(of("ectopic"), -torch.sign(turned) * _between(x, 0.7, 1.8, size, 1), t)
    t = torch.where(of("wide") & (u < 0.6), -_between(x, 0.0, 1.2, size, n_leads), t)
    return torch.stack([p, qrs, t], dim=1)


# --- time ---------------------------------------------------------------------------------------


def _times_from_beats(at: Tensor, beats: Tensor) -> Tensor:
    """Return times (B, T) from each beat (B, K), shape (B, K, T); far away where there is none."""
    return torch.nan_to_num(at[:, None] - beats[..., None], nan=1e6)


def _trapezoid(t: Tensor, a: Tensor, b: Tensor, rise: Tensor, fall: Tensor) -> Tensor:
    """Return 1 from ``a`` to ``b``, with straight sides before and after."""
    up = ((t - a) / rise.clamp(min=1) + 1).clamp(0, 1)
    return torch.minimum(up, ((b - t) / fall.clamp(min=1) + 1).clamp(0, 1))


def _bend_time(stretch: Stretch, plan: _Plan) -> Tensor:
    """Return the samples in the new time."""
    n = stretch.x.shape[-1]
    at = torch.arange(n, device=stretch.x.device, dtype=torch.float32).expand(plan.kind.shape[0], n)
    at = at + _widen(stretch, plan, at)
    at = at + _shift_waves(stretch, plan, at)
    low = at.floor().clamp(0, n - 1)
    part = (at - low).clamp(0, 1)[:, None]
    first = low.long()[:, None].expand_as(stretch.x)
    second = (first + 1).clamp(max=n - 1)
    return stretch.x.gather(2, first) * (1 - part) + stretch.x.gather(2, second) * part


def _widen(stretch: Stretch, plan: _Plan, at: Tensor) -> Tensor:
    away = _times_from_beats(at, plan.beats)
    half = (stretch.waves[:, 3] - stretch.waves[:, 2]) / 2 + 1
    reach = (half * plan.width)[:, None, None]
    core = away.clamp(-reach, reach) * (1 / plan.width - 1)[:, None, None]
    fade = (1 - (away.abs() - reach) / 15).clamp(0, 1)
    return (core * fade * plan.chosen[..., None]).sum(dim=1)


def _shift_waves(stretch: Stretch, plan: _Plan, at: Tensor) -> Tensor:
    away = _times_from_beats(at, plan.beats)
    p_on, p_off, qrs_on, qrs_off, t_on, t_off = (w[:, None, None] for w in stretch.waves.T)
    by = plan.shift[..., None]
    whole = _trapezoid(away, p_on - 2, t_off + 2, by.abs() * 0.8 + 3, by.abs() * 1.5 + 3)
    out = (by * whole).sum(dim=1)
    early = plan.p_shift[:, None, None]
    moved = _trapezoid(away, p_on - early, p_off - early, early + 1, qrs_on - p_off + early)
    late = plan.t_shift[:, None, None]
    stretched = _trapezoid(away, t_on + late, t_off + late, t_on - qrs_off + late, 1.5 * late + 1)
    chosen = plan.chosen[..., None]
    return out + ((early * moved - late * stretched) * chosen).sum(dim=1)


# --- amplitude ----------------------------------------------------------------------------------


def _spans(stretch: Stretch, plan: _Plan) -> list[tuple[Tensor, Tensor]]:
    """Return onset and offset of P, QRS and T in the new time, each (B, 1, 1) from R."""
    p_on, p_off, qrs_on, qrs_off, t_on, t_off = (w[:, None, None] for w in stretch.waves.T)
    early, late = plan.p_shift[:, None, None], plan.t_shift[:, None, None]
    width = plan.width[:, None, None]
    j = qrs_off * width
    return [
        (p_on - early, p_off - early),
        (qrs_on * width, j),
        (torch.maximum(t_on + late, j + 2), t_off + late),
    ]


def _grid(x: Tensor) -> Tensor:
    n = x.shape[-1]
    return torch.arange(n, device=x.device, dtype=torch.float32).expand(x.shape[0], n)


def _scale_waves(stretch: Stretch, plan: _Plan, x: Tensor) -> Tensor:
    away = _times_from_beats(_grid(x), plan.beats)
    chosen = plan.chosen[..., None]
    three = torch.full_like(away[:1, :1, :1], 3.0)
    level = x.median(dim=2, keepdim=True).values
    out = x
    for wave, (on, off) in enumerate(_spans(stretch, plan)):
        inside = (_trapezoid(away, on, off, three, three) * chosen).amax(dim=1)
        out = out + (plan.gains[:, wave, :, None] - 1) * inside[:, None] * (x - level)
    (_, _), (_, j), (t_on, t_off) = _spans(stretch, plan)
    box = _trapezoid(away, j, t_on + 0.5 * (t_off - t_on), three, 4 * three)
    out = out + plan.box[..., None] * (box * chosen).amax(dim=1)[:, None]
    far = (away - plan.bump_at[:, None, None]) / plan.bump_width[:, None, None]
    bump = (torch.exp(-0.5 * far.square()) * chosen).amax(dim=1)
    out = out + plan.bump[..., None] * bump[:, None]
    return out + _fibrillation(stretch, plan)


def _fibrillation(stretch: Stretch, plan: _Plan) -> Tensor:
    """Return waves of 4 to 8 Hz (at 100 Hz) whose rate and size wander, zero for other kinds."""
    x = stretch.x
    size = x.shape[0]
    speed = 2 * torch.pi * _between(x, 0.04, 0.08, size, 1)
    wander = torch.randn(size, x.shape[-1], device=x.device).cumsum(dim=1) * 0.08
    phase = speed * _grid(x) + wander
    size_of = _between(x, 0.1, 0.6, size, 1) * _is(plan.kind, "fibrillation")[:, None]
    wave = torch.sin(phase) + 0.4 * torch.sin(2 * phase)
    return (_project_dipole(stretch) * size_of)[..., None] * wave[:, None]


def _paste_beat(stretch: Stretch, plan: _Plan, x: Tensor) -> tuple[Tensor, Tensor]:
    """Put one beat of the next record of the batch between two beats."""
    n = x.shape[-1]
    there = torch.isfinite(stretch.beats)
    count = there.sum(dim=1).clamp(min=1)
    pick = (torch.rand(x.shape[0], device=x.device) * count).long()
    own = torch.nan_to_num(stretch.beats.gather(1, pick[:, None])[:, 0], nan=n / 2)
    other = own.roll(1)
    rr = torch.nan_to_num(stretch.beats[:, 1:] - stretch.beats[:, :-1], nan=80.0).median(dim=1)
    middle = own + rr.values * _between(x, 0.35, 0.7, x.shape[0])
    grid = _grid(x)
    half = torch.full_like(middle, 4.0)[:, None]
    inside = _trapezoid(grid, middle[:, None] - 18, middle[:, None] + 38, half, half)
    inside = inside * _is(plan.kind, "foreign")[:, None]
    source = (grid - middle[:, None] + other[:, None]).round().long().clamp(0, n - 1)
    foreign = stretch.x.roll(1, dims=0).gather(2, source[:, None].expand_as(x))
    out = x * (1 - inside[:, None]) + foreign * inside[:, None]
    return out, inside > 0.5


def _windows(stretch: Stretch, plan: _Plan) -> Tensor:
    """Return the samples that a change of time or a missing wave marks in every lead, (B, T)."""
    away = _times_from_beats(_grid(stretch.x), plan.beats)
    chosen = plan.chosen[..., None]
    (p_on, p_off), (on, off), (_, t_off) = _spans(stretch, plan)

    def span(a: Tensor, b: Tensor) -> Tensor:
        return ((away >= a) & (away <= b) & chosen).any(dim=1)

    def where(name: str, inside: Tensor) -> Tensor:
        return _is(plan.kind, name)[:, None] & inside

    missing = (plan.gains[:, 0] == 0).any(dim=1)[:, None]
    reach = stretch.beats.nan_to_num(nan=0).amax(dim=1, keepdim=True)
    heard = _grid(stretch.x) <= reach + 60
    return (
        where("early", span(p_on, off))
        | where("ectopic", span(on, t_off))
        | where("wide", span(on, off + 1))
        | where("pr", span(p_on, on))
        | where("qt", span(on, t_off))
        | where("dropped", span(p_on, t_off + 15))
        | (missing & ~_is(plan.kind, "ectopic", "fibrillation")[:, None] & span(p_on, p_off))
        | where("fibrillation", heard & ~span(on, off))
    )


def with_lead_order(stretch: Stretch, order: Tensor) -> Stretch:
    """Return a stretch of some of its leads, ``order`` (k,) of its rows."""
    return replace(
        stretch,
        x=stretch.x[:, order],
        present=stretch.present[:, order],
        leads=stretch.leads[:, order],
    )
