"""What a recording is compared with: reference ECGs that are no recordings."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ecgcore.checks import check_range
from ecgcore.inference.card import InputContract
from ecgcore.inference.prepare import model_input, windows_of
from ecgcore.leads import STANDARD_12
from ecgcore.recording import Recording
from ecgcore.simulate import make_batch as simulated_batch

REFERENCE_FS_HZ = 500.0


@dataclass(frozen=True, eq=False)
class References:
    """What a record is compared with.

    Attributes
    ----------
    x : Tensor, shape (n, n_leads_of_model, T)
        Standardised, at the model's rate and bandwidth, rows as the contract's leads.
    words : str
        What they are.
    """

    x: Tensor
    words: str

    def drawn(self, rows: NDArray[np.int64], index: Tensor, n_samples: int) -> Tensor:
        """Return references (B, L, n_samples) for these leads, repeated where they are short."""
        chosen = self.x[torch.from_numpy(rows)][:, index]
        repeats = -(-n_samples // chosen.shape[2])
        return chosen.repeat(1, 1, repeats)[..., :n_samples]


def simulated_references(contract: InputContract, *, n: int = 48, seed: int = 1) -> References:
    """Return simulated ECGs of a clinic's mix as references: no recording of a person.

    Parameters
    ----------
    contract : InputContract
        Of the model.
    n : int
        2 to 1,000.
    seed : int
    """
    count = int(check_range("n", n, 2, 1000))
    made = simulated_batch(count, seed=seed, fs_hz=REFERENCE_FS_HZ, duration_s=contract.window_s)
    names = {name: name for name in contract.leads}
    rows = []
    for signal in made.signal:
        recording = Recording(np.nan_to_num(signal), REFERENCE_FS_HZ, STANDARD_12)
        given = model_input(recording, contract, names)
        rows.append(given.batch(windows_of(given, contract)[:1])[0][0])
    words = (
        f"{count} simulated ECGs of a clinic's mix (sinus rhythm, fibrillation, blocks, premature "
        f"beats, ST changes; seed {seed})"
    )
    return References(torch.stack(rows), words)
