"""The simulated records whose figures are kept."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from ecgcore.recording import Patient, Recording
from ecgcore.simulate import simulate
from ecgcore.simulate.cases import DEMONSTRATION_CASES, make_demonstration_case
from ecgcore.units import NU

# Of a demonstration of half an hour the first two minutes.
_MOST_S = 120.0
_ADULT = Patient(61.0, "female")


def one_lead() -> Recording:
    """A hand-held strip of 30 s."""
    return simulate("pac", seed=11, duration_s=30.0, fs_hz=300.0).recording.select(("I",))


def eight_leads() -> Recording:
    """The eight independent leads, as some carts store them."""
    leads = ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6")
    return simulate("lbbb", seed=12).recording.select(leads).with_patient(_ADULT)


def sixty_seconds() -> Recording:
    """A minute of three leads with ectopy."""
    return simulate("pvc", seed=13, duration_s=60.0).recording.select(("II", "V1", "V5"))


def thousand_hertz() -> Recording:
    """Twelve leads at 1000 Hz."""
    return simulate("inferior-stemi", seed=14, fs_hz=1000.0).recording.with_patient(_ADULT)


def normalised_units() -> Recording:
    """Twelve leads whose voltage is lost."""
    made = simulate("rbbb", seed=15).recording
    span = np.abs(made.signal).max(axis=1, keepdims=True)
    return Recording(made.signal / span, made.fs_hz, made.leads, NU, None, _ADULT)


def absent_stretch() -> Recording:
    """Twelve leads, of which six lack three seconds."""
    made = simulate("first-degree-av-block", seed=16).recording
    signal = made.signal.copy()
    signal[:6, 2000:3500] = np.nan
    return replace(made, signal=signal).with_patient(_ADULT)


def _demonstration(key: str) -> Callable[[], Recording]:
    def make() -> Recording:
        given = make_demonstration_case(key).recording
        most = round(_MOST_S * given.fs_hz)
        return given if given.n_samples <= most else replace(given, signal=given.signal[:, :most])

    return make


RECORDS: dict[str, Callable[[], Recording]] = {
    **{case.key: _demonstration(case.key) for case in DEMONSTRATION_CASES},
    "one lead": one_lead,
    "eight leads": eight_leads,
    "60 s": sixty_seconds,
    "1000 Hz": thousand_hertz,
    "normalised units": normalised_units,
    "absent stretch": absent_stretch,
}

# Of these the map that is shown first is kept with its checks.
CHECKED = ("pvc", "hand-held-af", "eight leads")
