"""From a case and a seed to a recording and its truth."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ecgcore.checks import check_range
from ecgcore.recording import Provenance, Recording, Step
from ecgcore.simulate.amplitudes import find_amplitudes
from ecgcore.simulate.cases_table import find_case
from ecgcore.simulate.disorder import draw_artifacts, silence_electrodes
from ecgcore.simulate.heartbeat import Beats, compute_heart_vector, draw_continuous, plan_beats
from ecgcore.simulate.masks import find_masks
from ecgcore.simulate.noise import (
    LEADS_FROM_ELECTRODES,
    Noise,
    draw_electrode_noise,
    make_noise,
    scale_to_snr,
)
from ecgcore.simulate.person import Person, Variation, draw_person, make_variation
from ecgcore.simulate.reversals import REVERSALS
from ecgcore.simulate.spec import CaseSpec, check_span
from ecgcore.simulate.truth import Truth, find_truth
from ecgcore.simulate.vector import Array, derive_rows

# A change of how samples come from a seed must change this.
VERSION = 2
NOTE = "Simulated by this software; not recorded from a person."


@dataclass(frozen=True, eq=False)
class Made:
    """A record before it is dressed as a recording.

    Attributes
    ----------
    person : Person
    beats : Beats
    independent : array, shape (8, n_samples)
        I, II and V1 to V6 in mV, with noise.
    fs_hz, duration_s : float
    """

    person: Person
    beats: Beats
    independent: Array
    fs_hz: float
    duration_s: float


@dataclass(frozen=True, eq=False)
class Simulation:
    """A recording, and everything that is known about it."""

    recording: Recording
    truth: Truth
    made: Made = field(repr=False)

    @cached_property
    def amplitudes(self) -> dict[str, dict[str, float]]:
        """True J, J+60 ms, Q, R, S and T by lead, in mV: :mod:`ecgcore.simulate.amplitudes`."""
        made = self.made
        return find_amplitudes(made.person, made.beats, self.truth, self.recording.leads)

    @cached_property
    def masks(self) -> dict[str, NDArray[np.bool_]]:
        """Where each labelled abnormality is visible: (n_leads, n_samples) by code.

        See :mod:`ecgcore.simulate.masks` for what each statement lights.
        """
        return find_masks(
            self.made.person,
            self.made.beats,
            self.truth,
            leads=self.recording.leads,
            fs_hz=self.recording.fs_hz,
            n_samples=self.recording.n_samples,
        )


def simulate(
    case: str | CaseSpec,
    *,
    seed: int = 0,
    fs_hz: float | None = None,
    duration_s: float | None = None,
    noise: str | Noise | float | None = None,
    vary: float | Variation | None = None,
) -> Simulation:
    """Make an electrocardiogram with known truth.

    Parameters
    ----------
    case : str or CaseSpec
        A name of :data:`ecgcore.simulate.CASES`; statements of
        :data:`ecgcore.simulate.STATEMENTS` joined by ``+``; or a case of one's own.
    seed : int
        The same seed gives the same samples; beats do not depend on rate or noise.
    fs_hz : float, optional
        50 to 10,000; the case's own (500 Hz in twelve leads) if not given.
    duration_s : float, optional
        1 to 36,000; the case's own (10 s in twelve leads) if not given.
    noise : str, Noise or float, optional
        A preset's name (``"none"``, ``"low"``, ``"usual"``, ``"high"``, ``"hand-held"``,
        ``"monitor"``), sizes of one's own, or a signal-to-noise ratio in dB.
    vary : float or Variation, optional
        How widely persons differ between seeds: 1 as adults do, 0 not at all.  If not given,
        torso and shapes differ a little, and rate, intervals and sizes are the case's own.

    Returns
    -------
    Simulation

    Raises
    ------
    InvalidArgumentError
        Naming the argument and what is possible.

    Examples
    --------
    >>> made = simulate("pvc", seed=1)
    >>> made.recording.leads[:3], made.recording.fs_hz, made.recording.duration_s
    (('I', 'II', 'III'), 500.0, 10.0)
    >>> [beat.type for beat in made.truth.beats].count("ventricular")
    2
    """
    chosen = find_case(case) if isinstance(case, str) else case
    made = make_leads(
        chosen,
        np.random.default_rng([VERSION, int(check_range("seed", seed, 0, 2**32 - 1))]),
        fs_hz=chosen.fs_hz if fs_hz is None else fs_hz,
        duration_s=chosen.duration_s if duration_s is None else duration_s,
        noise=make_noise(chosen.noise if noise is None else noise),
        variation=make_variation(vary),
    )
    recording = _make_recording(made, int(seed))
    truth = find_truth(made.person, made.beats, int(seed), recording.duration_s)
    return Simulation(recording, truth, made)


def make_leads(
    spec: CaseSpec,
    rng: np.random.Generator,
    *,
    fs_hz: float,
    duration_s: float,
    noise: Noise,
    variation: Variation,
) -> Made:
    """Draw a person and a rhythm, and compute the independent leads."""
    n_samples = check_span(fs_hz, duration_s)
    # One generator for each concern: a change of one leaves the others' draws alone.
    for_person, for_rhythm, for_beats, for_atria, for_noise = rng.spawn(5)
    person = draw_person(spec, variation, for_person)
    beats = plan_beats(person, duration_s, for_rhythm, for_beats)
    time_s = np.arange(n_samples) / fs_hz
    heart = compute_heart_vector(person, beats, n_samples, fs_hz)
    heart += draw_continuous(person, beats, time_s, duration_s, for_atria)
    clean = person.matrix @ heart
    added = draw_electrode_noise(
        noise,
        LEADS_FROM_ELECTRODES,
        time_s=time_s,
        fs_hz=fs_hz,
        breathing=person.breathing,
        rng=for_noise,
    )
    independent = clean + scale_to_snr(added, clean, noise.snr_db)
    artifacts = beats.schedule.artifacts
    independent += draw_artifacts(artifacts, time_s)
    silence_electrodes(independent, artifacts, time_s)
    if spec.reversal:
        independent = REVERSALS[spec.reversal] @ independent
    return Made(person, beats, independent, fs_hz, duration_s)


def _make_recording(made: Made, seed: int) -> Recording:
    spec = made.person.spec
    rows = derive_rows(made.independent)
    for name in spec.off_leads:
        rows[name] = np.zeros_like(rows[name])
    step = Step(
        "simulate",
        {"case": spec.name, "seed": seed, "duration_s": made.duration_s, "version": VERSION},
    )
    return Recording(
        np.stack([rows[name] for name in spec.leads]),
        made.fs_hz,
        spec.leads,
        patient=spec.patient,
        provenance=Provenance(
            format="simulation",
            original_fs_hz=made.fs_hz,
            original_unit="mV",
            simulated=True,
            steps=(step,),
        ),
        notes=(NOTE, *(f"Lead {name}: electrode off." for name in spec.off_leads)),
    )
