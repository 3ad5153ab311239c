"""A disease's gain curve on a recording: by the rule, as learned, and the signal amended by it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ecgcore.checks import check_option
from ecgcore.errors import CannotAssessError, ModelError
from ecgcore.inference.card import STATEMENTS, InputContract, read_card
from ecgcore.inference.delineate import default_delineator
from ecgcore.inference.loading import LoadedModel
from ecgcore.inference.prepare import ModelInput, pieces_of
from ecgcore.inference.runner import read_by
from ecgcore.inference.shelf import available_models, weights_root
from ecgcore.inference.wave_classes import agree_on_waves, classify_waves
from ecgcore.inference.windows import Window, run_windows
from ecgcore.models.protocol import has_curve
from ecgcore.recording import Recording, Step
from ecgcore.signal.filters import band
from ecgcore.signal.quality import Graded, grade
from ecgcore.signal.waveform_rules import (
    SEGMENTS,
    WaveformRule,
    beats_with_p,
    segments,
    waveform_rules,
)
from ecgcore.statements import statement

ARCHITECTURE = "danet"
# The rate of the curves, that of the networks; a sample is a fifth of a small square.
RATE_HZ = 100.0
BASELINE_HZ = 0.5
_UNREADABLE = "No lead is readable: the waves and the curve may be noise."
# Fewer beats with a P wave than this share: the rhythm may have none.
FEW_P = 0.3
# A rule that gives the P wave at least this much asks for one.
NEEDS_P = 0.9


@dataclass(frozen=True, eq=False)
class WaveformReading:
    """Curves of one disease on one recording, on the recording's own samples.

    Attributes
    ----------
    rule : WaveformRule
    leads : tuple of str
        Leads of the recording that were read.
    fs_hz : float
        The recording's.
    by_rule : array of float32, shape (n_samples,)
        The rule's gain, 0 to 1; 1 throughout where no beat was found.
    learned : array of float32, shape (n_samples,), or None
        The network's gain; None without a network.
    parts : array of uint8, shape (n_samples,)
        Index into ``ecgcore.signal.waveform_rules.SEGMENTS``.
    beats, beats_with_p : int
    notes : tuple of str
        What could not be done as asked, and what was done instead: one sentence each.
    """

    rule: WaveformRule
    leads: tuple[str, ...]
    fs_hz: float
    by_rule: NDArray[np.float32]
    learned: NDArray[np.float32] | None
    parts: NDArray[np.uint8]
    beats: int
    beats_with_p: int
    notes: tuple[str, ...]

    def by_segment(self) -> dict[str, tuple[float, float | None, float]]:
        """Return what each wave or interval gets: rule, learned (or None), and its share of time.

        Means over the recording; segments that do not occur are left out.
        """
        out = {}
        for code, name in enumerate(SEGMENTS):
            here = self.parts == code
            if here.any():
                learned = None if self.learned is None else float(self.learned[here].mean())
                out[name] = (float(self.by_rule[here].mean()), learned, float(here.mean()))
        return out

    @property
    def lacks_p(self) -> bool:
        """Whether the disease is read from P waves and hardly a beat has one."""
        return _lacks_p(self.rule, self.beats_with_p, self.beats)

    @property
    def difference(self) -> NDArray[np.float32] | None:
        """Learned less rule: above zero where the network looks and the textbook does not."""
        return None if self.learned is None else self.learned - self.by_rule


@dataclass(frozen=True)
class WaveformModel:
    """A trained network with a waveform module.

    Attributes
    ----------
    name : str
        Of its folder.
    disease : str
    aid : bool
        Whether its card finds a gain over the same classifier without the module: only then is
        it offered as an aid.
    words : str
        What the card says about that.
    """

    name: str
    disease: str
    aid: bool
    words: str


def waveform_models(*, coded: bool = False) -> dict[str, WaveformModel]:
    """Return the networks with a waveform module by disease; of several, the last name's.

    Parameters
    ----------
    coded : bool
        Those whose gain is the rule, coded by hand, instead of those that learned a curve.

    Notes
    -----
    A folder that cannot be read is left out: loading it says why.
    """
    found: dict[str, WaveformModel] = {}
    for name in available_models(STATEMENTS):
        try:
            card = read_card(weights_root() / name)
        except ModelError:
            continue
        if card.architecture == ARCHITECTURE and coded == bool(card.arguments.get("rule")):
            facts = card.training.get("waveform", {})
            aid, words = bool(facts.get("aid", False)), str(facts.get("aid_words", ""))
            found |= {code: WaveformModel(name, code, aid, words) for code in card.codes}
    return found


def read_waveforms(
    recording: Recording,
    disease: str,
    model: LoadedModel | None = None,
    *,
    leads: tuple[str, ...] | None = None,
    graded: Graded | None = None,
    find_waves: Callable[[tuple[str, ...]], NDArray[np.float64]] | None = None,
) -> WaveformReading:
    """Return a disease's curves on a recording.

    Parameters
    ----------
    recording : Recording
        Of any rate, unit, length and leads.
    disease : str
        A code of the table of rules.
    model : LoadedModel, optional
        A network with a waveform module for this disease; without one there is the rule alone.
    leads : tuple of str, optional
        Use only these leads of the recording.
    graded : Graded, optional
        The recording's quality, where it is known.
    find_waves : callable, optional
        Returns the waves that these leads agree on, as
        :func:`ecgcore.inference.wave_classes.agree_on_waves`; default: they are delineated here.

    Raises
    ------
    InvalidArgumentError
        If there is no rule for the disease.
    CannotAssessError
        If a named lead is missing, no lead can be used, the recording is too short, or the model
        has no waveform module for this disease.
    """
    rule = waveform_rules()[check_option("disease", disease, waveform_rules())]
    contract = InputContract() if model is None else model.card.input
    graded = graded or grade(recording)
    reading = read_by(contract, recording, leads=leads, graded=graded)
    used = reading.given.leads
    waves = (find_waves or partial(delineate_leads, graded.readable(recording)))(used)
    n = int(np.ceil(recording.n_samples * RATE_HZ / recording.fs_hz))
    parts = segments(classify_waves(waves, default_delineator(), RATE_HZ, n), RATE_HZ)
    learned = None if model is None else _learned(model, disease, reading.given)
    beats_p, beats = beats_with_p(parts)
    curve = rule.curve(parts) if beats else np.ones(parts.size, np.float32)
    return WaveformReading(
        rule=rule,
        leads=used,
        fs_hz=recording.fs_hz,
        by_rule=_on_samples(curve, RATE_HZ, recording),
        learned=None if learned is None else _on_samples(learned, reading.given.fs_hz, recording),
        parts=_nearest(parts, RATE_HZ, recording),
        beats=beats,
        beats_with_p=beats_p,
        notes=(
            *(() if reading.is_readable else (_UNREADABLE,)),
            *notes_of(rule, parts, n_leads=len(used), learned=learned is not None),
        ),
    )


def delineate_leads(recording: Recording, leads: tuple[str, ...]) -> NDArray[np.float64]:
    """Return the waves that some leads of a recording agree on, as ``agree_on_waves``."""
    rows = recording.signal[[recording.leads.index(name) for name in leads]]
    return agree_on_waves(default_delineator(), rows, recording.fs_hz)


def _learned(model: LoadedModel, disease: str, given: ModelInput) -> NDArray[np.float32]:
    if not has_curve(model.network):
        raise CannotAssessError(f"{model.name} has no waveform module; choose one that has.")
    if disease not in model.card.codes:
        raise CannotAssessError(
            f"{model.name} has no curve for {disease}; it has {', '.join(model.card.codes)}."
        )
    row = model.card.codes.index(disease)
    make: Callable[..., Tensor] = getattr(model.network, "gain")  # noqa: B009
    # What no window covers is left as it is.
    out = np.ones(given.n_samples, dtype=np.float32)

    def read(pieces: Sequence[Window]) -> None:
        x, present = (t.to(model.device) for t in given.batch(pieces))
        for piece, gain in zip(pieces, make(x, present, given.index)[:, row], strict=True):
            out[piece.start : piece.stop] = gain.float().cpu().numpy()

    run_windows(read, pieces_of(given, model.card.input))
    return out


def _on_samples(
    curve: NDArray[np.float32], fs_hz: float, recording: Recording
) -> NDArray[np.float32]:
    at = np.arange(recording.n_samples) / recording.fs_hz
    return np.interp(at, np.arange(curve.size) / fs_hz, curve).astype(np.float32)


def _nearest(parts: NDArray[np.uint8], fs_hz: float, recording: Recording) -> NDArray[np.uint8]:
    at = np.rint(np.arange(recording.n_samples) * fs_hz / recording.fs_hz).astype(np.int64)
    return parts[np.minimum(at, parts.size - 1)]


def notes_of(
    rule: WaveformRule, parts: NDArray[np.uint8], *, n_leads: int, learned: bool
) -> tuple[str, ...]:
    """Return what the rule could not do as asked, and what it does instead.

    Parameters
    ----------
    parts : array of uint8
        As from :func:`ecgcore.signal.waveform_rules.segments`.
    n_leads : int
        That were read.
    learned : bool
        Whether there is a learned curve, which needs no delineation.
    """
    found = []
    with_p, beats = beats_with_p(parts)
    goes_on = " The learned curve needs no delineation and is still shown." if learned else ""
    if not beats:
        found.append(
            "No QRS complex was found: the rule does not change the signal (gain 1 throughout)."
            + goes_on
        )
    elif not np.isin(parts, [SEGMENTS.index(k) for k in ("P", "T", "T_without_P")]).any():
        found.append(
            "QRS complexes were found, but neither P nor T waves: the rule separates only QRS from "
            "the rest." + goes_on
        )
    elif _lacks_p(rule, with_p, beats):
        found.append(
            f"A P wave was found before {with_p} of {beats} beats, as in atrial fibrillation. "
            f"{statement(rule.code).term} is read from P waves: the rule emphasises the T waves "
            "and baseline before these beats instead, where a P wave may be hidden or absent."
        )
    if n_leads == 1:
        found.append("Read from one lead: waves visible only in other leads are missed.")
    return tuple(found)


def _lacks_p(rule: WaveformRule, with_p: int, beats: int) -> bool:
    return rule.gains[SEGMENTS.index("P")] >= NEEDS_P and with_p < FEW_P * beats


def amended(recording: Recording, gain: NDArray[np.float32], words: str) -> Recording:
    """Return the signal as the classifier sees it: freed of its baseline, times the gain.

    Parameters
    ----------
    gain : array, shape (n_samples,)
    words : str
        Which gain, for the recording's history.

    Notes
    -----
    The baseline goes first: an offset would be amplified otherwise.
    """
    samples = band(recording.signal, recording.fs_hz, high_pass_hz=BASELINE_HZ, low_pass_hz=None)
    step = Step("waveform gain", {"gain": words, "high_pass_hz": BASELINE_HZ})
    return recording.changed((samples * gain).astype(np.float32), step)
