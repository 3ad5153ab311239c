"""Many records at once, as arrays for training."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgcore.checks import check_range
from ecgcore.errors import InvalidArgumentError
from ecgcore.leads import STANDARD_12
from ecgcore.simulate.cases_table import find_case
from ecgcore.simulate.codes import ALL_CODES
from ecgcore.simulate.engine import VERSION, Made, make_leads
from ecgcore.simulate.masks import find_masks
from ecgcore.simulate.mix import draw_case, draw_noise
from ecgcore.simulate.noise import Noise, make_noise
from ecgcore.simulate.person import Variation, make_variation
from ecgcore.simulate.planning import BEAT_TYPES
from ecgcore.simulate.spec import check_span
from ecgcore.simulate.truth import Truth, find_truth
from ecgcore.simulate.vector import derive_twelve

# Classes of `Batch.waves` and `Batch.beats`; 0 is none.
WAVE_CLASSES = ("none", "P", "QRS", "T")
BEAT_CLASSES = ("none", *BEAT_TYPES)
_AS_ADULTS = Variation(1.0, 1.0, 1.0)


@dataclass(frozen=True, eq=False)
class Batch:
    """Simulated records, row by row.

    Attributes
    ----------
    signal : array of float32, shape (n, 12, n_samples)
        In mV, leads in standard order; a lead that is off is 0.
    targets : array of float32, shape (n, n_codes)
        1 present, 0 absent, NaN where the record cannot tell (as the real sets mask it).
    codes : tuple of str
        Columns of ``targets``: the nine core statements in their order, then further ones.
    waves : array of uint8, shape (n, n_samples)
        Index into :data:`WAVE_CLASSES`; where waves overlap QRS wins, then P.
    beats : array of uint8, shape (n, n_samples)
        Index into :data:`BEAT_CLASSES`, from each QRS onset to its offset.
    bad_leads : array of bool, shape (n, 12)
        Leads whose electrode is off.
    statements : tuple of tuple of str
        What each record was composed of.
    mask_codes : tuple of str
        Codes whose masks were asked for.
    masks : array of bool, shape (n, len(mask_codes), 12, n_samples)
        Where each is visible.
    fs_hz : float
    """

    signal: NDArray[np.float32]
    targets: NDArray[np.float32]
    codes: tuple[str, ...]
    waves: NDArray[np.uint8]
    beats: NDArray[np.uint8]
    bad_leads: NDArray[np.bool_]
    statements: tuple[tuple[str, ...], ...]
    mask_codes: tuple[str, ...]
    masks: NDArray[np.bool_]
    fs_hz: float


def make_batch(
    n: int,
    *,
    seed: int,
    first: int = 0,
    fs_hz: float = 100.0,
    duration_s: float = 10.0,
    statements: Sequence[str] | None = None,
    vary: float | Variation = _AS_ADULTS,
    noise: str | Noise | float | None = None,
    mask_codes: Sequence[str] = (),
) -> Batch:
    """Make many records with their targets.

    Parameters
    ----------
    n : int
        1 to 100,000.
    seed : int
        Record ``i`` of a seed is the same in whatever batch it is made.
    first : int
        Number of the first record; lets several processes share a seed.
    fs_hz, duration_s : float
    statements : sequence of str, optional
        Cases to draw from evenly: statements, statements joined by ``+``, or names of cases; a
        realistic mix of all statements and their combinations if not given.
    vary : float or Variation
        How widely persons differ; 1 as adults do.
    noise : str, Noise or float, optional
        The same for all records; drawn for each, as resting ECGs have it, if not given.
    mask_codes : sequence of str
        Codes whose masks are wanted; each costs time and 12 bytes a sample and record.

    Returns
    -------
    Batch

    Raises
    ------
    InvalidArgumentError
        Naming the argument and what is possible.
    """
    count = int(check_range("n", n, 1, 100_000))
    start = int(check_range("first", first, 0, 2**31 - 1))
    main_seed = int(check_range("seed", seed, 0, 2**32 - 1))
    n_samples = check_span(fs_hz, duration_s)
    variation = make_variation(vary)
    fixed_noise = None if noise is None else make_noise(noise)
    allowed = _check_statements(statements)
    wanted = _check_codes(mask_codes)
    out = _make_empty(count, n_samples, wanted, fs_hz)
    keys = []
    for row in range(count):
        rng = np.random.default_rng([VERSION, main_seed, start + row])
        for_case, for_noise, for_record = rng.spawn(3)
        spec = draw_case(allowed, for_case)
        made = make_leads(
            spec,
            for_record,
            fs_hz=fs_hz,
            duration_s=duration_s,
            noise=fixed_noise or draw_noise(for_noise),
            variation=variation,
        )
        truth = find_truth(made.person, made.beats, main_seed, n_samples / fs_hz, axes=False)
        _fill(out, row, made, truth)
        keys.append(spec.statements)
    return Batch(**(vars(out) | {"statements": tuple(keys)}))


def _check_statements(statements: Sequence[str] | None) -> tuple[str, ...] | None:
    if statements is None:
        return None
    if isinstance(statements, str) or not statements:
        raise InvalidArgumentError(
            f"statements is {statements!r}; a list of names is needed, such as ['lbbb', 'pvc']."
        )
    for name in statements:
        find_case(name)
    return tuple(statements)


def _check_codes(mask_codes: Sequence[str]) -> tuple[str, ...]:
    for code in mask_codes:
        if code not in ALL_CODES:
            raise InvalidArgumentError(
                f"mask_codes names {code!r}; possible codes are {', '.join(ALL_CODES)}."
            )
    return tuple(mask_codes)


def _make_empty(n: int, n_samples: int, mask_codes: tuple[str, ...], fs_hz: float) -> Batch:
    return Batch(
        signal=np.zeros((n, 12, n_samples), dtype=np.float32),
        targets=np.zeros((n, len(ALL_CODES)), dtype=np.float32),
        codes=ALL_CODES,
        waves=np.zeros((n, n_samples), dtype=np.uint8),
        beats=np.zeros((n, n_samples), dtype=np.uint8),
        bad_leads=np.zeros((n, 12), dtype=np.bool_),
        statements=(),
        mask_codes=mask_codes,
        masks=np.zeros((n, len(mask_codes), 12, n_samples), dtype=np.bool_),
        fs_hz=fs_hz,
    )


def _fill(out: Batch, row: int, made: Made, truth: Truth) -> None:
    out.signal[row] = derive_twelve(made.independent)
    for name in truth.bad_leads:
        out.bad_leads[row, STANDARD_12.index(name)] = True
    out.signal[row, out.bad_leads[row]] = 0.0
    _fill_targets(out.targets[row], truth)
    _fill_waves(out, row, truth)
    if out.mask_codes:
        masks = find_masks(
            made.person,
            made.beats,
            truth,
            leads=STANDARD_12,
            fs_hz=made.fs_hz,
            n_samples=out.signal.shape[2],
        )
        for column, code in enumerate(out.mask_codes):
            if code in masks:
                out.masks[row, column] = masks[code]


def _fill_targets(target: NDArray[np.float32], truth: Truth) -> None:
    held = (*truth.labels, *(("SR",) if truth.rhythm == "SR" else ()))
    for codes, value in ((truth.uncertain, np.nan), (held, 1.0)):
        # What is not learned has no column.
        target[[ALL_CODES.index(code) for code in codes if code in ALL_CODES]] = value


def _fill_waves(out: Batch, row: int, truth: Truth) -> None:
    fs_hz, waves, beats = out.fs_hz, out.waves[row], out.beats[row]

    def put(
        line: NDArray[np.uint8], start_s: float | None, stop_s: float | None, value: int
    ) -> None:
        if start_s is not None and stop_s is not None:
            line[round(start_s * fs_hz) : round(stop_s * fs_hz) + 1] = value

    for beat in truth.beats:
        put(waves, beat.t_onset, beat.t_offset, WAVE_CLASSES.index("T"))
    for beat in truth.beats:
        put(waves, beat.p_onset, beat.p_offset, WAVE_CLASSES.index("P"))
    for p in truth.lone_p:
        put(waves, p.onset, p.offset, WAVE_CLASSES.index("P"))
    for beat in truth.beats:
        put(waves, beat.qrs_onset, beat.qrs_offset, WAVE_CLASSES.index("QRS"))
        put(beats, beat.qrs_onset, beat.qrs_offset, BEAT_CLASSES.index(beat.type))
