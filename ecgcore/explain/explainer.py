"""What several explanations of one recording by one model share, made once.

Waves, references, what random and QRS-only removals do to a logit, and maps already made: a page
that shows two methods side by side, and a check that compares with a second one, pay once.
"""

import time
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray

from ecgcore.checks import check_option
from ecgcore.errors import CannotAssessError
from ecgcore.explain.background import Background, background_of, card_checks
from ecgcore.explain.case import Around, Case, Map, MethodEntry
from ecgcore.explain.checks import Yardstick, checks_of, outside, yardstick
from ecgcore.explain.shapley import limb_values
from ecgcore.explain.table import METHODS, method_for
from ecgcore.inference.loading import LoadedModel
from ecgcore.inference.prepare import samples_of, to_recording
from ecgcore.inference.runner import Reading
from ecgcore.inference.windows import Window
from ecgcore.kept import Kept
from ecgcore.models.protocol import inputs_of
from ecgcore.recording import Recording, Step
from ecgcore.results import Attribution, Beats, SelfCheck
from ecgcore.study import Study
from ecgcore.turns import Priority, turn

WINDOWS = ("all", "highest")
_KEPT = 64


@dataclass(eq=False)
class Explainer:
    """Explains one model on one recording.

    Several threads may use one, and several may share one model.  What touches the network takes a
    turn (:mod:`ecgcore.turns`).

    Attributes
    ----------
    model : LoadedModel
    study : Study
        Of the recording, with the leads that are to be used and the reader's marks.
    background : Background, optional
        Default: what stands beside the model.
    """

    model: LoadedModel
    study: Study
    background: Background | None = None
    _kept: Kept = field(default_factory=lambda: Kept(_KEPT))

    def __post_init__(self) -> None:
        self.reading: Reading = self.study.reading(self.model)

    @property
    def recording(self) -> Recording:
        """The study's."""
        return self.study.recording

    @turn(Priority.MAPS)
    def explain(
        self,
        label: str,
        method: str = "gradcam",
        *,
        windows: str = "all",
        at_s: float | None = None,
    ) -> Attribution:
        """Return where the model looked; arguments and errors as :func:`ecgcore.explain.explain`.

        Parameters
        ----------
        at_s : float, optional
            Explain the window that holds this time alone.
        """
        started = time.perf_counter()
        check_option("windows", windows, WINDOWS)
        entry, output = method_for(self.model, method), self.output(label)
        shown = self.highest(output) if at_s is None else self.window_at(at_s)
        wanted = self.reading.pieces if windows == "all" and at_s is None else [shown]
        maps = {window: self.map(method, output, window) for window in wanted}
        method_seconds = time.perf_counter() - started
        values, seen = self._joined(maps)
        checks = (*self._checks(method, entry, output, shown), outside(values, seen))
        rate = self.reading.given.fs_hz
        whole = len(self.reading.pieces) == 1
        return Attribution(
            values=values,
            leads=self.recording.leads,
            fs_hz=self.recording.fs_hz,
            method=method,
            label=label,
            model=self.model.name,
            self_check=checks,
            seconds=time.perf_counter() - started,
            method_seconds=method_seconds,
            signed=entry.signed,
            window_s=None if whole else (shown.start / rate, shown.stop / rate),
            lead_values=maps[shown].leads,
        )

    def output(self, label: str) -> int:
        """Return which output of the network a label is.

        Raises
        ------
        CannotAssessError
            If the model has no such label.
        """
        codes = self.model.card.codes
        if label not in codes:
            raise CannotAssessError(
                f"{self.model.name} has no label {label!r}; it has {', '.join(codes)}."
            )
        return codes.index(label)

    def logits(self) -> NDArray[np.float64]:
        """Return the logits of every window, shape (n_windows, n_labels)."""
        return self.study.heard(self.model).logits

    def highest(self, output: int) -> Window:
        """Return the window in which a logit is highest."""
        if len(self.reading.pieces) == 1:
            return self.reading.pieces[0]
        return self.reading.pieces[int(self.logits()[:, output].argmax())]

    def window_at(self, at_s: float) -> Window:
        """Return the window that holds a time, or the nearest."""
        at = at_s * self.reading.given.fs_hz
        return min(self.reading.pieces, key=lambda w: max(w.start - at, at - w.stop, 0.0))

    def case(self, output: int, window: Window) -> Case:
        """Return the case of one window."""
        given, device = self.reading.given, self.model.device
        background = self.background or background_of(self.model)
        x, present = (t.to(device) for t in given.batch([window]))
        network = self.model.network
        scale = given.scales([window]).to(device) if inputs_of(network).scale else None
        around = Around(
            beats=lambda: self.beats_of(window),
            references=lambda: background.references,
            reference_logits=self._kept.get(("reference logits", window), dict),
            prior=background.prior.get(self.model.card.codes[output]),
            other=lambda name: self.map(name, output, window),
        )
        index = given.index.to(device)
        return Case(network, x, present, index, output, given.fs_hz, around, scale)

    def beats_of(self, window: Window) -> Beats | None:
        """Return the waves of a window, in seconds from its start."""
        rate = self.reading.given.fs_hz
        return self.study.beats_between(window.start / rate, window.stop / rate)

    def map(self, method: str, output: int, window: Window) -> Map:
        """Return the map of a window, at the model's own rate."""

        def make() -> Map:
            case = self.case(output, window)
            with turn(Priority.MAPS), torch.enable_grad():
                return METHODS[method].run(case)

        return self._kept.get(("map", method, output, window), make)

    def limb_values(self, label: str, *, at_s: float | None = None) -> dict[str, float]:
        """Return what each limb lead adds while all chest leads are there; may be empty."""
        output = self.output(label)
        window = self.highest(output) if at_s is None else self.window_at(at_s)

        def make() -> dict[str, float]:
            case = self.case(output, window)
            with turn(Priority.FINDINGS):
                return limb_values(case)

        return self._kept.get(("limb", output, window), make)

    def stretch(self, window: Window) -> Recording:
        """Return a window of the recording by itself."""
        inside = samples_of(window, self.reading.given, self.recording)
        start_s = inside.start / self.recording.fs_hz
        part = self.recording.signal[:, inside]
        return self.recording.changed(part, Step("stretch", {"start_s": start_s}))

    def yardstick(self, output: int, window: Window) -> Yardstick:
        """Return what removals at random and of the QRS complexes do to a logit."""

        def make() -> Yardstick:
            with turn(Priority.MAPS):
                return yardstick(self.case(output, window))

        return self._kept.get(("yardstick", output, window), make)

    def _checks(
        self, method: str, entry: MethodEntry, output: int, window: Window
    ) -> tuple[SelfCheck, ...]:
        case, found = self.case(output, window), self.map(method, output, window)
        partner = entry.partner(method)
        second = None
        if partner is not None and not METHODS[partner].applies(self.model.network):
            second = (METHODS[partner], self.map(partner, output, window))
        stick = self.yardstick(output, window)
        made = checks_of(case, entry, found, stick, second=second)
        return (*made, *card_checks(self.model, method))

    def _joined(self, maps: dict[Window, Map]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Return the maps on the recording's samples, and which samples went into the model.

        The last window of a long recording overlaps the one before, which keeps its samples.
        """
        values = np.zeros(self.recording.signal.shape, dtype=np.float32)
        seen = np.zeros(values.shape, dtype=bool)
        rows = [self.recording.leads.index(name) for name in self.reading.given.leads]
        done = 0
        for window, found in maps.items():
            inside = samples_of(window, self.reading.given, self.recording)
            new = slice(max(inside.start, done), inside.stop)
            part = to_recording(
                found.values, window, found.step, self.reading.given, self.recording
            )
            values[:, new] = part[:, new]
            seen[rows, new] = True
            done = inside.stop
        return values, np.asarray(seen & np.isfinite(self.recording.signal))
