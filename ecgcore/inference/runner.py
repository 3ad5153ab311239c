"""The one way to ask a network about a recording: leads, samples, windows, batches and turns.

Leads are chosen by their quality and samples prepared in :func:`read_by`; what a network takes and
answers it says itself (:mod:`ecgcore.models.protocol`); every network, of statements or of anything
else, runs over windows in :func:`ecgcore.inference.windows.run_windows`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ecgcore import results
from ecgcore.inference.card import InputContract
from ecgcore.inference.loading import LoadedModel
from ecgcore.inference.prepare import ModelInput, model_input, model_leads, pieces_of
from ecgcore.inference.wave_gain import coded_gain
from ecgcore.inference.windows import Window, run_windows
from ecgcore.models.protocol import ask, inputs_of
from ecgcore.recording import Recording
from ecgcore.signal.quality import Graded, grade


@dataclass(frozen=True, eq=False)
class Reading:
    """What a model makes of a recording, before it is put into words.

    Attributes
    ----------
    given : ModelInput
    lead_names : dict of str to str
        The recording's name of each lead used -> the model's name.
    pieces : list of Window
        One, or the windows of a long recording.
    quality : results.Quality
    unreadable : float
        How unreadable the sheet is (log odds); above 0 where it is not acceptable.
    """

    given: ModelInput
    lead_names: dict[str, str]
    pieces: list[Window]
    quality: results.Quality
    unreadable: float

    @property
    def is_readable(self) -> bool:
        """Whether a lead of readable quality is among those used."""
        return any(name not in self.quality.bad_leads for name in self.lead_names)


def read_for(
    model: LoadedModel,
    recording: Recording,
    *,
    leads: tuple[str, ...] | None = None,
    graded: Graded | None = None,
) -> Reading:
    """Choose leads, leave out the unreadable ones, and prepare samples and windows.

    Where no lead is readable all are used: the probabilities are still stated, no finding is.

    Parameters
    ----------
    graded : Graded, optional
        The recording's quality, where it is known.

    Raises
    ------
    CannotAssessError
        As :func:`ecgcore.inference.predict`.
    """
    return read_by(model.card.input, recording, leads=leads, graded=graded or grade(recording))


def read_by(
    contract: InputContract, recording: Recording, *, leads: tuple[str, ...] | None, graded: Graded
) -> Reading:
    """Do the same by what a network takes; arguments as :func:`read_for`."""
    names = model_leads(recording, contract, leads)
    readable = {k: v for k, v in names.items() if k not in graded.quality.bad_leads}
    used = readable or names
    given = model_input(graded.readable(recording), contract, used)
    return Reading(given, used, pieces_of(given, contract), graded.quality, graded.sheet)


class Heard(NamedTuple):
    """What a network said of a recording, piece by piece.

    Attributes
    ----------
    logits : array, shape (n_pieces, n_labels)
    features : array, shape (n_pieces, d), or None
        None where the network names none.
    handheld : array, shape (n_pieces, 4), or None
        Logits of the classes of hand-held recordings.
    superclasses : array, shape (n_pieces, 5), or None
        Logits of ``ecgcore.statements.SUPERCLASSES``.
    """

    logits: NDArray[np.float64]
    features: NDArray[np.float64] | None = None
    handheld: NDArray[np.float64] | None = None
    superclasses: NDArray[np.float64] | None = None

    def feature_rows(self) -> NDArray[np.float64]:
        """Return the features, shape (n_pieces, d); d is 0 where the network names none."""
        none = np.empty((len(self.logits), 0))
        return none if self.features is None else self.features


def hear(network: nn.Module, given: ModelInput, pieces: Sequence[Window]) -> Heard:
    """Return what a network of statements says of each piece, all of one length."""
    call = make_call(network, given)

    def once(some: Sequence[Window]) -> dict[str, NDArray[np.float64]]:
        out = call(some)
        return {
            name: out[name].cpu().numpy().astype(np.float64)
            for name in Heard._fields
            if name in out
        }

    parts = run_windows(once, pieces)
    return Heard(**{name: np.concatenate([part[name] for part in parts]) for name in parts[0]})


def make_call(
    network: nn.Module, given: ModelInput
) -> Callable[[Sequence[Window]], Mapping[str, Tensor]]:
    """Return a function that asks a network about windows of one length, by what it takes."""
    inputs, device = inputs_of(network), next(network.parameters()).device
    gain = coded_gain(inputs.rule, given) if inputs.rule else None

    def call(windows: Sequence[Window]) -> Mapping[str, Tensor]:
        x, present = given.batch(windows) if inputs.standardised else given.cut(windows)
        extra = {}
        if inputs.scale:
            extra["scale"] = given.scales(windows).to(device)
        if gain is not None:
            extra["gain"] = gain(windows).to(device)
        return ask(network, x.to(device), present.to(device), given.index, **extra)

    return call


def prepared_logits(
    network: nn.Module,
    samples: NDArray[np.float32],
    contract: InputContract,
    *,
    in_mv: bool = False,
) -> NDArray[np.float64]:
    """Return the logits of a prepared recording, shape (n_labels,).

    Parameters
    ----------
    samples : array, shape (len(contract.leads), n_samples)
        As :func:`ecgcore.signal.prepare.prepare` returns them, NaN where absent.
    in_mv : bool
        Whether they are in millivolts.

    Returns
    -------
    array, shape (n_labels,)
        The highest of all windows where the recording is long, whatever the statement: for
        training and benchmarks; :func:`ecgcore.inference.findings.combine_windows` is what
        prediction uses.
    """
    given = prepared_input(samples, contract, in_mv=in_mv)
    return np.asarray(hear(network, given, pieces_of(given, contract)).logits.max(axis=0))


def prepared_input(
    samples: NDArray[np.float32], contract: InputContract, *, in_mv: bool
) -> ModelInput:
    """Return the leads that are there of a prepared recording; as :func:`prepared_logits`."""
    rows = np.flatnonzero(np.isfinite(samples).any(axis=1))
    kept = samples[rows]
    return ModelInput(
        x=torch.from_numpy(np.nan_to_num(kept, nan=0.0)),
        present=torch.from_numpy(np.isfinite(kept)),
        index=torch.from_numpy(rows),
        leads=tuple(contract.leads[i] for i in rows),
        fs_hz=contract.fs_hz,
        in_mv=in_mv,
    )
