"""One person's heart and torso, drawn once for a record.

Sources
-------
Dower et al., J Electrocardiol 13:43 (1980): the mean torso.  Hoekema et al., IEEE Trans Biomed
Eng 48:551 (2001): position and direction of the heart make most of the differences between
healthy persons.  Rijnbeek et al., J Electrocardiol 47:914 (2014): ranges of rate, PR, QRS, QT
and axis in adults.  The torso is varied as in the synthetic vectorcardiograms of Sameni et al.,
EURASIP J Adv Signal Process 2007:43407: rotation, scale, and a matrix with errors of its own.
"""

from dataclasses import dataclass, field, replace

import numpy as np

from ecgcore.checks import check_range
from ecgcore.simulate.criteria import meets_criterion
from ecgcore.simulate.elevation import find_st_share
from ecgcore.simulate.heart import Atria, Heart
from ecgcore.simulate.planning import Breathing
from ecgcore.simulate.shapes import (
    AtrialShape,
    VentricularShape,
    WaveBounds,
    find_p_bounds,
    find_ventricular_bounds,
)
from ecgcore.simulate.spec import CaseSpec, Elevation
from ecgcore.simulate.vector import DOWER, GAUSS, Array, Component, make_rotation

_WAVES = ("p", "qrs", "st", "t", "u")
_ROWS = 16
# A draw that misses a criterion is drawn again, each time nearer to the middle.
_NEARER = (1.0, 0.9, 0.7, 0.45, 0.2, 0.0)


@dataclass(frozen=True)
class Variation:
    """How widely persons differ; 1 as adults do, 0 not at all.

    Attributes
    ----------
    torso : float
        Axis, position and size of the heart, electrodes, shapes of the waves.
    intervals : float
        Rate, PR, QRS and QT, always within the limits of the statements.
    severity : float
        Size of ST shifts, of T and of P.
    """

    torso: float = 0.4
    intervals: float = 0.0
    severity: float = 0.0

    def __post_init__(self) -> None:
        for name in ("torso", "intervals", "severity"):
            check_range(f"vary: {name}", getattr(self, name), 0, 2)


def make_variation(vary: "float | Variation | None") -> Variation:
    """Return a variation from one number for all its parts.

    Raises
    ------
    InvalidArgumentError
        If it is not from 0 to 2.
    """
    if vary is None:
        return Variation()
    if isinstance(vary, Variation):
        return vary
    width = check_range("vary", vary, 0, 2)
    return Variation(width, width, width)


@dataclass(frozen=True, eq=False)
class Person:
    """One person's heart and torso.

    Attributes
    ----------
    spec : CaseSpec
        With rate, PR and QT as drawn.
    matrix : array, shape (8, 3)
        From the heart vector to the independent leads.
    breathing : Breathing
    """

    spec: CaseSpec
    matrix: Array
    breathing: Breathing
    _sizes: Array
    _widths: Array
    _waves: dict[str, float]
    _time: float
    _hearts: dict[VentricularShape, Heart] = field(default_factory=dict)
    _atria: dict[AtrialShape, Atria] = field(default_factory=dict)

    def heart(self, shape: VentricularShape) -> Heart:
        """Return the ventricles' shape as this person has it."""
        if shape not in self._hearts:
            own = VentricularShape(
                shape.name,
                self._varied("qrs", shape.qrs),
                self._varied("st", shape.st),
                self._varied("t", shape.t),
                self._varied("u", shape.u),
            )
            self._hearts[shape] = Heart(own, find_ventricular_bounds(own, self.matrix))
        return self._hearts[shape]

    def atria(self, shape: AtrialShape) -> Atria:
        """Return the P wave as this person has it."""
        if shape not in self._atria:
            own = replace(shape, p=self._varied("p", shape.p))
            bounds = find_p_bounds(own, self.matrix) if own.p else WaveBounds(0.0, 50.0, 100.0)
            self._atria[shape] = Atria(own, bounds)
        return self._atria[shape]

    def _varied(self, wave: str, parts: tuple[Component, ...]) -> tuple[Component, ...]:
        """Return components with this person's factors: by wave and by place in it."""
        index = _WAVES.index(wave)
        sizes, widths, factor = self._sizes[index], self._widths[index], self._waves[wave]
        return tuple(
            self._one(part, factor * sizes[i % _ROWS], float(widths[i % _ROWS]), wave)
            for i, part in enumerate(parts)
        )

    def _one(self, part: Component, sizes: Array, wider: float, wave: str) -> Component:
        x, y, z = (float(v) for v in np.asarray(part.vector_mv) * sizes)
        time = self._time if wave == "qrs" else 1.0
        # A plateau rises at the end of QRS, and moves with it.
        shifted = part.at_ms * (self._time if wave in {"qrs", "st"} else 1.0)
        rise = part.rise_ms * (wider * time if part.shape == GAUSS else 1.0)
        return replace(
            part,
            at_ms=shifted,
            rise_ms=rise,
            fall_ms=part.fall_ms * wider * time,
            vector_mv=(x, y, z),
        )


def draw_person(spec: CaseSpec, variation: Variation, rng: np.random.Generator) -> Person:
    """Draw a person in whom the case's statements meet their criteria."""
    person = _draw_person(spec, variation, rng, _NEARER[0])
    for nearer in _NEARER[1:]:
        if meets_criterion(spec.statements, person.heart(spec.ventricular), person.matrix):
            break
        person = _draw_person(spec, variation, rng, nearer)
    return person if spec.elevation is None else _raise_j(person, spec.elevation)


def _raise_j(person: Person, elevation: Elevation) -> Person:
    """Return the person with ST so large that J stands where the case asks for it."""
    heart = person.heart(person.spec.ventricular)
    share = find_st_share(heart, person.matrix, person.spec.patient, elevation.times)
    waves = person._waves | {"st": share * person._waves["st"]}
    return replace(person, _waves=waves, _hearts={}, _atria={})


def _draw_normal(rng: np.random.Generator, sd: float, size: int | None = None) -> Array:
    return np.asarray(sd * np.clip(rng.standard_normal(size), -2.0, 2.0))


def _draw_person(
    spec: CaseSpec, variation: Variation, rng: np.random.Generator, nearer: float
) -> Person:
    torso, severity = nearer * variation.torso, nearer * variation.severity
    sizes = 1 + _draw_normal(rng, 0.10 * torso, len(_WAVES) * _ROWS * 3)
    widths = 1 + _draw_normal(rng, 0.06 * torso, len(_WAVES) * _ROWS)
    spread = {"p": 0.16, "qrs": 0.0, "st": 0.22, "t": 0.20, "u": 0.5}
    waves = {name: float(np.exp(_draw_normal(rng, sd * severity))) for name, sd in spread.items()}
    time = float(np.exp(_draw_normal(rng, 0.055 * nearer * variation.intervals)))
    return Person(
        _draw_intervals(spec, nearer * variation.intervals, rng),
        _draw_matrix(spec, torso, rng),
        Breathing(float(rng.uniform(0.19, 0.29)), float(rng.uniform(0, 2 * np.pi))),
        sizes.reshape(len(_WAVES), _ROWS, 3),
        widths.reshape(len(_WAVES), _ROWS),
        waves,
        time,
    )


def _draw_matrix(spec: CaseSpec, torso: float, rng: np.random.Generator) -> Array:
    # Most hearts stand a little more horizontal than Dower's mean; the centre is left of it.
    frontal = spec.turn_deg - 4.0 * min(1.0, 2.5 * torso) + float(_draw_normal(rng, 14.0 * torso))
    horizontal = float(_draw_normal(rng, 9.0 * torso))
    size = spec.size * float(np.exp(_draw_normal(rng, 0.17 * torso)))
    # Electrode places and torso shape: each chest lead by itself, limb leads hardly.
    gain = 1 + _draw_normal(rng, torso, 8) * np.array([0.025] * 2 + [0.11] * 6)
    rows = DOWER @ make_rotation(frontal, horizontal)
    # The chest electrodes together too far to one side: each sees some of its neighbour's view.
    aside = float(_draw_normal(rng, 0.16 * torso))
    chest = rows[2:]
    towards = (
        np.vstack([chest[1:], chest[-1:]]) if aside > 0 else np.vstack([chest[:1], chest[:-1]])
    )
    rows = np.vstack([rows[:2], chest + abs(aside) * (towards - chest)])
    if spec.mirrored:
        # The heart's left lies to the right, and the left chest electrodes lie far from it.
        distant = np.array([1.0, 1.0, 1.0, 0.9, 0.75, 0.6, 0.48, 0.38])
        rows = distant[:, None] * rows * np.array([-1.0, 1.0, 1.0])
    return np.asarray(size * gain[:, None] * rows)


def _draw_intervals(spec: CaseSpec, width: float, rng: np.random.Generator) -> CaseSpec:
    draws = _draw_normal(rng, width, 6)
    if width == 0:
        return spec
    limits, rhythm = spec.limits, spec.rhythm

    def inside(value: float, bounds: tuple[float, float]) -> float:
        return float(np.clip(value, *bounds))

    rhythm = replace(
        rhythm,
        rate_bpm=inside(rhythm.rate_bpm * np.exp(0.16 * draws[0]), limits.rate_bpm),
        pr_ms=inside(rhythm.pr_ms * np.exp(0.11 * draws[1]), limits.pr_ms),
        sinus_arrhythmia=inside(rhythm.sinus_arrhythmia * np.exp(0.35 * draws[2]), (0.0, 0.30)),
        atrial_bpm=inside(rhythm.atrial_bpm * np.exp(0.06 * draws[3]), (250.0, 340.0)),
        escape_bpm=inside(
            rhythm.escape_bpm * np.exp(0.07 * draws[3]), _choose_escape_range(rhythm.escape_bpm)
        ),
    )
    qtc_ms = inside(spec.qtc_ms + 16.0 * draws[4], limits.qtc_ms)
    return replace(
        spec,
        rhythm=rhythm,
        qtc_ms=qtc_ms,
        f_wave_size=spec.f_wave_size * float(np.exp(0.35 * draws[5])),
    )


def _choose_escape_range(escape_bpm: float) -> tuple[float, float]:
    return (43.0, 55.0) if escape_bpm >= 42.0 else (28.0, 41.0)
