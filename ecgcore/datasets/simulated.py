"""Simulated records, prepared and packed as recorded ones are."""

import hashlib
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from ecgcore.checks import Within
from ecgcore.datasets import PackedSet, PackedSignals
from ecgcore.datasets.packing import quantise
from ecgcore.datasets.places import cache_arrays
from ecgcore.inference.card import InputContract
from ecgcore.signal.prepare import prepare
from ecgcore.simulate import make_batch
from ecgcore.simulate.cases_table import find_case
from ecgcore.simulate.codes import ALL_CODES
from ecgcore.simulate.engine import VERSION
from ecgcore.statements import CORE_CODES, FURTHER_CODES

DATASET = "simulated"
# Records made before they are prepared and quantised: bounds the memory.
_PIECE = 500
_ARRAYS = ("values", "scales", "targets", "further", "beats", "waves")
# Raise when what is kept of a record changes.
_LAYOUT = 2


@dataclass(frozen=True, eq=False)
class SimulatedRecords:
    """Simulated records with the truth of every sample.

    Attributes
    ----------
    packed : PackedSet
    beats, waves : arrays of uint8, shape (n, n_samples)
        Index into ``ecgcore.simulate.BEAT_CLASSES`` and ``WAVE_CLASSES``, for all leads together.
    """

    packed: PackedSet
    beats: NDArray[np.uint8]
    waves: NDArray[np.uint8]


@dataclass(frozen=True)
class SimulationPart:
    """How much of each batch is simulated, and what is drawn.

    Attributes
    ----------
    share : float
        Of each batch, 0 (none) to 1 (nothing but simulated records).  The number of steps stays
        that of the real records: with more simulation each real record is seen less often.
    records : int
        Drawn once; batches take from them.
    seed : int
        Of the simulated records.
    seconds : float
        Length of each.
    statements : tuple of str
        Cases to draw from evenly; a realistic mix where there are none.
    """

    share: Annotated[float, Within(0, 1)] = 0.0
    records: Annotated[int, Within(1, 100_000)] = 6000
    seed: Annotated[int, Within(0, 2**32 - 1)] = 1
    seconds: Annotated[float, Within(5, 60, "s")] = 10.0
    statements: tuple[str, ...] = ()

    def check(self) -> None:
        """Raise where a case is not known."""
        for name in self.statements:
            find_case(name)

    def per_batch(self, size: int) -> int:
        """Return how many records of a batch are simulated: at least one if any are."""
        if not self.share:
            return 0
        return min(size, max(1, round(self.share * size)))

    def plain(self) -> dict[str, object]:
        """Return what decides the simulated records, as JSON can hold it."""
        return {**asdict(self), "statements": list(self.statements), "simulator": VERSION}


def simulated_set(
    part: SimulationPart, contract: InputContract, cache: Path | None = None
) -> PackedSet:
    """Return simulated records without the truth of their samples: see `simulated_records`."""
    return simulated_records(part, contract, cache).packed


def simulated_records(
    part: SimulationPart, contract: InputContract, cache: Path | None = None
) -> SimulatedRecords:
    """Return simulated records prepared exactly as real ones, drawn once and then cached.

    Parameters
    ----------
    contract : InputContract
        Rate and bandwidth.
    cache : Path, optional
        Folder; :func:`ecgcore.datasets.cache_root` if not given.

    Returns
    -------
    SimulatedRecords
        ``part.records`` rows; each is a person of its own.
    """
    drawn = {k: v for k, v in part.plain().items() if k != "share"}
    seen = (contract.fs_hz, contract.high_pass_hz, contract.low_pass_hz)
    key = hashlib.sha256(repr((sorted(drawn.items()), seen, _LAYOUT)).encode()).hexdigest()[:24]
    arrays = cache_arrays(f"simulated-{key}", lambda: _draw(part, contract), cache)
    beats, waves = arrays.pop("beats"), arrays.pop("waves")
    return SimulatedRecords(_pack_records(**arrays, fs_hz=contract.fs_hz), beats, waves)


def _draw(part: SimulationPart, contract: InputContract) -> dict[str, NDArray[Any]]:
    columns = [ALL_CODES.index(code) for code in FURTHER_CODES]
    found: dict[str, list[NDArray[Any]]] = {name: [] for name in _ARRAYS}
    for first in range(0, part.records, _PIECE):
        made = make_batch(
            min(_PIECE, part.records - first),
            seed=part.seed,
            first=first,
            fs_hz=contract.fs_hz,
            duration_s=part.seconds,
            statements=part.statements or None,
        )
        found["targets"].append(made.targets[:, : len(CORE_CODES)])
        found["further"].append(made.targets[:, columns])
        found["beats"].append(made.beats)
        found["waves"].append(made.waves)
        for signal in made.signal:
            steps, scale = quantise(prepare_signal(signal, made.fs_hz, contract))
            found["values"].append(steps[None])
            found["scales"].append(scale[None])
        sys.stderr.write(f"simulated {first + len(made.signal)} of {part.records}\n")
    return {name: np.concatenate(each) for name, each in found.items()}


def prepare_signal(
    signal: NDArray[np.float32], fs_hz: float, contract: InputContract
) -> NDArray[np.float32]:
    """Return samples at the contract's rate and bandwidth, as a model sees them."""
    return prepare(
        signal,
        fs_hz,
        to_fs_hz=contract.fs_hz,
        high_pass_hz=contract.high_pass_hz,
        low_pass_hz=contract.low_pass_hz,
    )


def _pack_records(
    *,
    values: NDArray[np.int16],
    scales: NDArray[np.float32],
    targets: NDArray[np.float32],
    further: NDArray[np.float32],
    fs_hz: float,
) -> PackedSet:
    n, n_leads, n_samples = values.shape
    names = np.array([str(i) for i in range(n)])
    signals = PackedSignals(
        values=values.reshape(-1),
        starts=np.arange(n + 1, dtype=np.int64) * n_leads * n_samples,
        lengths=np.full(n, n_samples, dtype=np.int64),
        scales=scales,
        in_mv=np.ones(n, dtype=np.bool_),
    )
    return PackedSet.of_signals(
        signals,
        fs_hz,
        targets=targets,
        groups=np.char.add(f"{DATASET}/", names),
        splits=np.full(n, "train"),
        datasets=np.full(n, DATASET),
        records=names,
        further=further,
    )
