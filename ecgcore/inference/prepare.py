"""From a recording to what a network sees, and back to the recording's own samples."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ecgcore.errors import CannotAssessError
from ecgcore.inference.card import InputContract
from ecgcore.inference.windows import Window, cut_windows
from ecgcore.leads import STAND_INS, canonical_leads
from ecgcore.models import standardise, voltage_scale
from ecgcore.recording import Recording
from ecgcore.signal.prepare import prepare
from ecgcore.units import MV


@dataclass(frozen=True, eq=False)
class ModelInput:
    """A recording at a model's rate and bandwidth, before standardisation.

    Attributes
    ----------
    x : Tensor of float32, shape (L, T)
        Zero where absent.
    present : Tensor of bool, shape (L, T)
    index : Tensor of int64, shape (L,)
        The network's lead index of each row.
    leads : tuple of str
        The recording's names of the rows.
    fs_hz : float
        Of the model.
    in_mv : bool
        Whether the samples are in millivolts.
    """

    x: Tensor
    present: Tensor
    index: Tensor
    leads: tuple[str, ...]
    fs_hz: float
    in_mv: bool = False

    @property
    def n_samples(self) -> int:
        """Samples at the model's rate."""
        return int(self.x.shape[1])

    @property
    def leads_present(self) -> float:
        """Number of leads, each counted by the share of time it is there."""
        return float(self.present.float().mean(dim=1).sum())

    def samples(self) -> NDArray[np.float64]:
        """Return the samples, (L, T), NaN where absent."""
        return np.where(self.present.numpy(), self.x.numpy().astype(np.float64), np.nan)

    def cut(self, windows: Sequence[Window]) -> tuple[Tensor, Tensor]:
        """Return windows of one length as they are, (B, L, T), and their masks."""
        x = torch.stack([self.x[:, w.start : w.stop] for w in windows])
        return x, torch.stack([self.present[:, w.start : w.stop] for w in windows])

    def batch(self, windows: Sequence[Window]) -> tuple[Tensor, Tensor]:
        """Return standardised windows of one length, (B, L, T), and their masks."""
        x, present = self.cut(windows)
        return standardise(x, present), present

    def scales(self, windows: Sequence[Window]) -> Tensor:
        """Return each lead's voltage in windows of one length, (B, L); NaN where it is lost."""
        x, present = self.cut(windows)
        scale = voltage_scale(x, present)
        return scale if self.in_mv else torch.full_like(scale, torch.nan)


def model_leads(
    recording: Recording, contract: InputContract, wanted: tuple[str, ...] | None = None
) -> dict[str, str]:
    """Return the recording's leads a model can use: its name -> the model's name.

    Parameters
    ----------
    wanted : tuple of str, optional
        Use only these of the recording's leads.

    Raises
    ------
    CannotAssessError
        If one of ``wanted`` is not in the recording, no lead can be used, or more can be used
        than the model reads together.
    """
    names = recording.leads if wanted is None else wanted
    missing = [name for name in names if name not in recording.leads]
    if missing:
        raise CannotAssessError(
            f"There is no lead {missing[0]!r} in this recording; it has "
            f"{', '.join(recording.leads)}."
        )
    usable = {name: name for name in names if name in contract.leads}
    for name in names:
        stands_for = STAND_INS.get(name)
        if stands_for in contract.leads and stands_for not in usable.values():
            usable[name] = stands_for
    if not usable and all(canonical_leads(names)):
        raise CannotAssessError(
            f"The model does not read {', '.join(names)}; it reads {', '.join(contract.leads)}."
        )
    if not usable:
        raise CannotAssessError(
            f"{_unrecognised(names)} The model reads {', '.join(contract.leads)}; on the command "
            "line they are named with --lead-names."
        )
    if len(usable) > contract.max_leads:
        raise CannotAssessError(
            f"This model reads {_count(contract.max_leads)}; the recording has "
            f"{', '.join(usable)}: choose one of these, or another model."
        )
    return usable


def _unrecognised(names: tuple[str, ...]) -> str:
    listed = ", ".join(repr(name) for name in names)
    if len(names) == 1:
        return f"Lead {listed} is not recognised. Which lead is it?"
    return f"Leads {listed} are not recognised. Which leads are they?"


def _count(n_leads: int) -> str:
    return "one lead at a time" if n_leads == 1 else f"at most {n_leads} leads together"


def model_input(recording: Recording, contract: InputContract, leads: dict[str, str]) -> ModelInput:
    """Resample and filter the chosen leads.

    Parameters
    ----------
    leads : dict of str to str
        As from :func:`model_leads`.

    Raises
    ------
    CannotAssessError
        If less than the contract's ``min_s`` seconds are present in all these leads together.
    """
    rows = [recording.leads.index(name) for name in leads]
    # Runs of less than 12 samples can be neither filtered nor read.
    prepared = prepare(
        recording.signal[rows],
        recording.fs_hz,
        to_fs_hz=contract.fs_hz,
        high_pass_hz=contract.high_pass_hz,
        low_pass_hz=contract.low_pass_hz,
    )
    present = np.isfinite(prepared)
    seconds = float(present.any(axis=0).sum()) / contract.fs_hz
    if seconds < contract.min_s:
        raise CannotAssessError(
            f"There are {seconds:.1f} s of samples; this model needs at least {contract.min_s:g} s."
        )
    return ModelInput(
        x=torch.from_numpy(np.where(present, prepared, 0).astype(np.float32)),
        present=torch.from_numpy(present),
        index=torch.tensor([contract.leads.index(name) for name in leads.values()]),
        leads=tuple(leads),
        fs_hz=contract.fs_hz,
        in_mv=recording.unit == MV,
    )


def all_windows(given: ModelInput, contract: InputContract) -> list[Window]:
    """Return windows of ``window_s``, end to end; the last one ends where the recording does."""
    return cut_windows(given.n_samples, round(contract.window_s * given.fs_hz))


def windows_of(given: ModelInput, contract: InputContract) -> list[Window]:
    """Return these windows without those in which less than ``min_s`` of any lead are present."""
    windows = all_windows(given, contract)
    if len(windows) == 1:
        return windows
    some = given.present.any(dim=0).numpy()
    least = contract.min_s * given.fs_hz
    return [w for w in windows if some[w.start : w.stop].sum() >= least]


def pieces_of(given: ModelInput, contract: InputContract) -> list[Window]:
    """Return how a recording is read: as a whole up to ``whole_s``, else in windows."""
    if given.n_samples <= round(contract.whole_s * given.fs_hz):
        return [Window(0, given.n_samples)]
    return windows_of(given, contract)


def samples_of(window: Window, given: ModelInput, recording: Recording) -> slice:
    """Return the recording's own samples that lie within a window."""
    ratio = recording.fs_hz / given.fs_hz
    # Rounded first: 10 s at 100 Hz times 3.6 must be 3600, not 3600.0000000000005.
    first, last = (int(np.ceil(round(edge * ratio, 6))) for edge in (window.start, window.stop))
    return slice(min(first, recording.n_samples), min(last, recording.n_samples))


def to_recording(
    values: NDArray[np.float32], window: Window, step: int, given: ModelInput, recording: Recording
) -> NDArray[np.float32]:
    """Bring a map back to the recording's own leads and samples.

    Parameters
    ----------
    values : array, shape (L, T')
        One column for every ``step`` samples of the model's rate, from the window's start.
    window : Window
    step : int
    given : ModelInput
    recording : Recording

    Returns
    -------
    array of float32, shape (n_leads, n_samples)
        Linear between columns; zero outside the window, in leads the model did not see, and
        where the recording has no sample.
    """
    out = np.zeros(recording.signal.shape, dtype=np.float32)
    at = (window.start + step * np.arange(values.shape[1])) / given.fs_hz
    inside = samples_of(window, given, recording)
    times = np.arange(inside.start, inside.stop) / recording.fs_hz
    for name, row in zip(given.leads, values, strict=True):
        out[recording.leads.index(name), inside] = np.interp(times, at, row)
    out[~np.isfinite(recording.signal)] = 0
    return out


_PACED = re.compile(r"\b(?:paced|pacing|pacemaker|schrittmacher)", re.IGNORECASE)
_NOT_PACED = re.compile(r"\b(?:no|not|without|keine?|ohne)\s+(?:\w+\s+)?(?:pac|schritt)", re.I)


def known_paced(recording: Recording) -> str:
    """Return who tells of pacing, or an empty string.

    The reader's word counts first, then the recording machine's own statements.
    """
    pacemaker = recording.patient.pacemaker
    if pacemaker is not None:
        return "The patient has a pacemaker" if pacemaker else ""
    statements = recording.provenance.machine_statements
    told = any(_PACED.search(s) and not _NOT_PACED.search(s) for s in statements)
    return "Pacing is stated in the file" if told else ""
