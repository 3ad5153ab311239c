"""A realistic mix of statements, foci and noise, drawn record by record for training."""

from dataclasses import dataclass, replace

import numpy as np

from ecgcore.errors import InvalidArgumentError
from ecgcore.leads import INDEPENDENT_8, STANDARD_12
from ecgcore.simulate import library
from ecgcore.simulate.cases_table import find_case
from ecgcore.simulate.compose import compose_case
from ecgcore.simulate.noise import Noise
from ecgcore.simulate.planning import VENTRICULAR, Ectopy
from ecgcore.simulate.spec import CaseSpec


@dataclass(frozen=True)
class _Choice:
    """One question asked of each record: how often it has any of these, and which."""

    share: float
    keys: tuple[str, ...]
    weights: tuple[float, ...]


# Shares are of a clinic's ECGs with what is rare made more frequent, so that it can be learned.
_CHOICES = (
    _Choice(
        1.0,
        (
            "normal",
            "sinus-bradycardia",
            "sinus-tachycardia",
            "sinus-arrhythmia",
            "atrial-fibrillation",
            "atrial-flutter",
            "atrial-flutter-2to1",
            "atrial-flutter-3to1",
            "atrial-flutter-4to1",
            "svt",
            "mobitz-1",
            "mobitz-2",
            "complete-av-block",
            "complete-av-block-junctional",
            "paced-atrial",
            "paced-ventricular",
            "paced-dual",
            "paced-af",
        ),
        (50, 8, 7, 4, 13, 1.5, 1.2, 0.6, 1.2, 2, 1.5, 1.2, 1.2, 0.8, 0.8, 1.5, 0.8, 0.7),
    ),
    _Choice(0.12, ("first-degree-av-block",), (1,)),
    _Choice(
        0.30,
        ("lbbb", "rbbb", "irbbb", "lafb", "rbbb+lafb", "wpw"),
        (8, 8, 5, 5, 2, 2),
    ),
    _Choice(0.10, ("lvh-strain", "low-voltage"), (6, 4)),
    _Choice(
        0.30,
        (
            "st-depression",
            "inferior-stemi",
            "anterior-stemi",
            "lateral-stemi",
            "old-inferior-infarct",
            "old-anterior-infarct",
            "t-inversion",
            "brugada",
        ),
        (8, 3, 3, 2, 4, 4, 4, 1.5),
    ),
    _Choice(0.06, ("long-qt", "short-qt", "hyperkalaemia", "hyperkalaemia-severe"), (3, 1, 2, 1)),
    _Choice(0.11, ("pac", "pac-hidden", "pac-blocked"), (5, 3, 2)),
    _Choice(0.14, ("pvc", "pvc-multifocal", "pvc-couplets", "pvc-bigeminy"), (6, 2, 2, 1.5)),
    _Choice(0.01, ("arm-reversal",), (1,)),
)
_FOCI = (library.PVC_OUTFLOW.name, library.PVC_LEFT.name, library.PVC_APEX.name)
_P_FOCI = (library.P_ECTOPIC.name, library.P_HIGH.name)
_LEAD_OFF_SHARE = 0.02


def draw_statements(rng: np.random.Generator) -> CaseSpec:
    """Return a case of the mix; what cannot stand with the statements before it is left out."""
    keys: tuple[str, ...] = ()
    spec = compose_case()
    for choice in _CHOICES:
        # Both numbers are drawn each time: one record's draws do not shift with its answers.
        asked, which = rng.random(2)
        if asked >= choice.share:
            continue
        edges = np.cumsum(choice.weights) / sum(choice.weights)
        wanted = choice.keys[int(np.searchsorted(edges, which, side="right"))]
        try:
            spec = compose_case(*keys, *wanted.split("+"))
        except InvalidArgumentError:
            continue
        keys = (*keys, *wanted.split("+"))
    return spec


def draw_case(statements: tuple[str, ...] | None, rng: np.random.Generator) -> CaseSpec:
    """Return one record's case, with foci, coupling and lost electrodes of its own.

    Parameters
    ----------
    statements : tuple of str or None
        Cases to choose from; the realistic mix if None.
    """
    chooser, foci, off = rng.spawn(3)
    if statements is None:
        spec = draw_statements(chooser)
    else:
        spec = find_case(statements[int(chooser.integers(len(statements)))])
    ectopy = tuple(_draw_ectopy(e, foci) for e in spec.rhythm.ectopy)
    off_leads = spec.off_leads
    if statements is None and off.random() < _LEAD_OFF_SHARE:
        off_leads = (str(off.choice(INDEPENDENT_8[2:])),)
    leads = spec.leads if set(spec.leads) == set(STANDARD_12) else STANDARD_12
    return replace(
        spec, rhythm=replace(spec.rhythm, ectopy=ectopy), off_leads=off_leads, leads=leads
    )


def _draw_ectopy(ectopy: Ectopy, rng: np.random.Generator) -> Ectopy:
    """Return early beats from another focus, earlier or later, more or fewer."""
    shift, which, many = float(rng.uniform(-0.05, 0.06)), int(rng.integers(6)), int(rng.integers(3))
    coupling = float(np.clip(ectopy.coupling + shift, 0.42, 0.78))
    count = max(1, ectopy.count - 1 + many) if ectopy.count else 0
    if ectopy.kind == VENTRICULAR:
        others = tuple(f for f in _FOCI if f != _FOCI[which % 3]) if ectopy.others else ()
        return replace(
            ectopy, shape=_FOCI[which % 3], others=others, coupling=coupling, count=count
        )
    return replace(ectopy, shape=_P_FOCI[which % 2], coupling=coupling, count=count)


def draw_noise(rng: np.random.Generator) -> Noise:
    """Return noise as resting ECGs have it: mostly a little, at times much."""
    wander, muscle, mains = np.exp(rng.normal(0.0, (0.75, 0.65, 0.9)))
    moves, hz = rng.random(2)
    return Noise(
        wander_mv=min(0.035 * float(wander), 1.0),
        muscle_mv=min(0.007 * float(muscle), 0.1),
        mains_mv=min(0.002 * float(mains), 0.05),
        motion_mv=0.08 if moves < 0.10 else 0.0,
        mains_hz=50.0 if hz < 0.5 else 60.0,
    )
