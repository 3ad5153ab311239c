"""From a person and a plan of activations to the heart vector over time, and to its waves."""

from dataclasses import dataclass

import numpy as np

from ecgcore.simulate import atrial, planning
from ecgcore.simulate.disorder import draw_waves
from ecgcore.simulate.heart import Atria, Heart
from ecgcore.simulate.person import Person
from ecgcore.simulate.planning import OWN, Schedule, Spike
from ecgcore.simulate.rhythm_shapes import get_atrial_shape, get_ventricular_shape
from ecgcore.simulate.rhythms import RHYTHMS
from ecgcore.simulate.shapes import AtrialShape, VentricularShape, WaveBounds
from ecgcore.simulate.spec import CaseSpec
from ecgcore.simulate.vector import Array, add_component, make_rotation

# The QT interval follows the mean of about the last seven beats, not the last one alone (Pueyo et
# al., IEEE Trans Biomed Eng 51:979, 2004, found memory of this order); the cube root is
# Fridericia's (Acta Med Scand 53:469, 1920).
QT_MEMORY = 0.15
# A broader QRS prolongs QT by most of what it adds (Bogossian et al., Heart Rhythm 11:2273, 2014).
QT_PER_QRS = 0.7
NARROW_QRS_MS = 90.0
# What a broad QRS adds to QT, about; and the longest pause that QT remembers.
_BROAD_EXTRA_MS = 45.0
_LONGEST_MEMORY_S = 1.6
# At the fastest rates T is not pressed further: it lies on the next QRS.
_SHORTEST_STRETCH = 0.45
# U is seen at slow rates and lost at fast ones.
_U_RR_S = (0.62, 1.05)
# Where the stimulus points; polarity is the lead's, so any is as good.
_ATRIAL_SPIKE_MV = (0.10, 0.20, -0.10)
_VENTRICULAR_SPIKE_MV = (0.28, 0.34, -0.24)
_SPIKE_SD_MS = 1.0


@dataclass(frozen=True, eq=False)
class Beats:
    """The planned beats as arrays, with what changes from beat to beat.

    Attributes
    ----------
    schedule : Schedule
    onset_s : array, shape (n_beats,)
        QRS onset.
    turn : array, shape (n_beats, 3, 3)
        Rotation and size.
    rr_s : array, shape (n_beats,)
        The fading mean of RR that QT follows.
    lone_turn : array, shape (n_lone_p, 3, 3)
    """

    schedule: Schedule
    onset_s: Array
    turn: Array
    rr_s: Array
    lone_turn: Array


def plan_beats(
    person: Person, duration_s: float, for_rhythm: np.random.Generator, rng: np.random.Generator
) -> Beats:
    """Plan the beats of a record, and draw how they differ from each other."""
    rhythm = person.spec.rhythm
    schedule = RHYTHMS[rhythm.name](rhythm, duration_s, person.breathing, for_rhythm)
    onset_s = np.array([beat.qrs_s for beat in schedule.beats])
    lone_s = np.array([p.p_s for p in schedule.lone_p])
    jitter = rng.standard_normal((3, onset_s.size))
    turn = _draw_turn(person, onset_s, jitter)
    if person.spec.alternans:
        turn[1::2] = _swing(person.spec.alternans) @ turn[1::2]
    lone = _draw_turn(person, lone_s, np.zeros((3, lone_s.size)))
    if rhythm.stretches:
        turn = turn @ _turn_planned(schedule.beats)
        return Beats(schedule, onset_s, turn, _hurry_qt(onset_s, person.spec.qtc_ms), lone)
    return Beats(schedule, onset_s, turn, _slow_rr(onset_s, rhythm.rate_bpm), lone)


def _turn_planned(beats: tuple[planning.PlannedBeat, ...]) -> Array:
    angles = np.array([beat.turn_deg for beat in beats]).reshape(-1, 2)
    size = np.array([beat.size for beat in beats])
    return np.asarray(make_rotation(angles[:, 0], angles[:, 1]) * size[:, None, None])


def _hurry_qt(onset_s: Array, qtc_ms: float) -> Array:
    """Return the RR that QT follows where rhythms change: QT ends with the cycle at the latest."""
    if not onset_s.size:
        return np.empty(0)
    after_s = onset_s[1] - onset_s[0] if onset_s.size > 1 else 1.0
    rr_s = np.diff(onset_s, prepend=onset_s[0] - after_s)
    slow = _fade(np.minimum(rr_s, _LONGEST_MEMORY_S), float(min(after_s, _LONGEST_MEMORY_S)))
    # The last beat of a run has room for its T.
    room_s = np.where(np.append(rr_s[1:], np.inf) > 1.3 * rr_s, 1.3 * rr_s, rr_s)
    longest = (1e3 * room_s / (qtc_ms + _BROAD_EXTRA_MS)) ** 3
    return np.asarray(np.clip(np.minimum(slow, longest), 0.02, None))


def _draw_turn(person: Person, time_s: Array, jitter: Array) -> Array:
    breath = person.breathing.at(time_s)
    size = 1 + 0.030 * breath + 0.012 * jitter[0]
    turn = make_rotation(2.2 * breath + 0.6 * jitter[1], 1.8 * breath + 0.6 * jitter[2])
    return np.asarray(turn * size[:, None, None])


def _swing(share: float) -> Array:
    """Return how every other beat is turned and made smaller by a heart that swings in fluid."""
    return np.asarray((1 - share) * make_rotation(-60.0 * share, 40.0 * share))


def _slow_rr(onset_s: Array, rate_bpm: float) -> Array:
    usual_s = float(np.median(np.diff(onset_s))) if onset_s.size > 1 else 60 / rate_bpm
    rr = np.diff(onset_s, prepend=onset_s[0] - usual_s)
    return _fade(rr, float(np.mean(rr)))


def _fade(rr: Array, mean: float) -> Array:
    """Return the fading mean of RR from one that was before."""
    smooth = np.empty_like(rr)
    for i, value in enumerate(rr):
        mean += QT_MEMORY * (float(value) - mean)
        smooth[i] = mean
    return smooth


def find_shape(spec: CaseSpec, name: str) -> VentricularShape:
    """Return the shape a planned beat names, as this case has it."""
    if name == OWN:
        return spec.ventricular
    return dict(spec.shapes).get(name) or get_ventricular_shape(name, spec.ventricular)


def find_ventricular_shape(person: Person, name: str) -> VentricularShape:
    """Return the shape a planned beat names."""
    return find_shape(person.spec, name)


def find_atrial_shape(person: Person, name: str) -> AtrialShape:
    """Return the P wave a planned beat names."""
    return person.spec.atrial if name == OWN else get_atrial_shape(name)


def compute_stretch(person: Person, heart: Heart, rr_s: Array) -> Array:
    """Return the factor of time after QRS that gives each beat its QT."""
    qrs, t = heart.bounds.qrs, heart.bounds.t
    width_ms = qrs.offset_ms - qrs.onset_ms
    extra_ms = QT_PER_QRS * max(0.0, width_ms - NARROW_QRS_MS)
    qt_ms = (person.spec.qtc_ms + extra_ms) * np.cbrt(rr_s)
    return np.maximum((qt_ms - width_ms) / (t.offset_ms - qrs.offset_ms), _SHORTEST_STRETCH)


def compute_u_size(rr_s: Array) -> Array:
    """Return the size of U, 0 at fast rates, 1 and a little more at slow ones."""
    return np.asarray(np.clip((rr_s - _U_RR_S[0]) / (_U_RR_S[1] - _U_RR_S[0]), 0.0, 1.3))


def add_ventricles(
    out: Array,
    fs_hz: float,
    person: Person,
    heart: Heart,
    *,
    beats: Beats,
    chosen: Array,
    zero_s: Array,
    t_end_s: Array | None = None,
) -> None:
    """Add the QRS, ST, T and U of some beats to the heart vector, in place.

    Parameters
    ----------
    out : array, shape (3, n_samples)
    chosen : array of int, shape (n_chosen,)
        Which beats.
    zero_s : array, shape (n_chosen,)
        When each beat's shape begins to count its time.
    t_end_s : array, shape (n_chosen,), optional
        When each T ends; from the beat's QT if not given.
    """
    rr_s, turn = beats.rr_s[chosen], beats.turn[chosen]
    stretch, steady = compute_stretch(person, heart, rr_s), np.ones(len(chosen))
    if t_end_s is not None:
        j_ms, end_ms = heart.bounds.qrs.offset_ms, heart.bounds.t.offset_ms
        stretch = (1e3 * (t_end_s - zero_s) - j_ms) / (end_ms - j_ms)
    shape, origin_ms = heart.shape, heart.bounds.qrs.offset_ms
    u_turn = turn * compute_u_size(rr_s)[:, None, None]
    groups = ((shape.qrs, steady, turn), (shape.st, stretch, turn), (shape.t, stretch, turn))
    for parts, factor, turns in (*groups, (shape.u, stretch, u_turn)):
        for part in parts:
            add_component(
                out,
                fs_hz,
                part,
                anchors_s=zero_s,
                stretch=factor,
                origin_ms=origin_ms,
                turn=turns,
            )


def add_atria(out: Array, fs_hz: float, atria: Atria, onset_s: Array, turn: Array) -> None:
    """Add P waves to the heart vector, in place; ``onset_s`` is where each begins."""
    zero_s = onset_s - atria.bounds.onset_ms / 1e3
    for part in (*atria.shape.p, *atria.shape.after):
        add_component(
            out,
            fs_hz,
            part,
            anchors_s=zero_s,
            stretch=np.ones(onset_s.size),
            origin_ms=0.0,
            turn=turn,
        )


def group_beats(beats: Beats) -> dict[str, Array]:
    """Return the indices of the beats of each ventricular shape."""
    names = [beat.ventricular for beat in beats.schedule.beats]
    return {
        name: np.array([i for i, n in enumerate(names) if n == name]) for name in sorted(set(names))
    }


def group_p_waves(beats: Beats) -> dict[str, tuple[Array, Array]]:
    """Return onsets and turns of the P waves of each shape, conducted or not."""
    found: dict[str, list[tuple[float, Array]]] = {}
    for i, beat in enumerate(beats.schedule.beats):
        if beat.p_s is not None:
            found.setdefault(beat.atrial, []).append((beat.p_s, beats.turn[i]))
    for i, lone in enumerate(beats.schedule.lone_p):
        found.setdefault(lone.atrial, []).append((lone.p_s, beats.lone_turn[i]))
    return {
        name: (np.array([t for t, _ in rows]), np.stack([turn for _, turn in rows]))
        for name, rows in sorted(found.items())
    }


def compute_heart_vector(person: Person, beats: Beats, n_samples: int, fs_hz: float) -> Array:
    """Return the vector of all beats, shape (3, n_samples), in mV."""
    out = np.zeros((3, n_samples))
    for name, (onset_s, turn) in group_p_waves(beats).items():
        add_atria(out, fs_hz, person.atria(find_atrial_shape(person, name)), onset_s, turn)
    for name, chosen in group_beats(beats).items():
        heart = person.heart(find_ventricular_shape(person, name))
        zero_s = beats.onset_s[chosen] - heart.bounds.qrs.onset_ms / 1e3
        add_ventricles(out, fs_hz, person, heart, beats=beats, chosen=chosen, zero_s=zero_s)
    add_spikes(out, fs_hz, beats.schedule.spikes)
    return out


def add_spikes(out: Array, fs_hz: float, spikes: tuple[Spike, ...]) -> None:
    """Add pacing stimuli as a recorder of this rate shows them, in place."""
    # An anti-alias filter broadens and lowers what is shorter than a sample.
    sd_s = max(_SPIKE_SD_MS, 500.0 / fs_hz) / 1e3
    height = _SPIKE_SD_MS / (1e3 * sd_s)
    reach = int(np.ceil(4 * sd_s * fs_hz)) + 1
    for time_s, chamber, *_ in spikes:
        index = round(time_s * fs_hz) + np.arange(-reach, reach + 1)
        index = index[(index >= 0) & (index < out.shape[1])]
        values = height * np.exp(-0.5 * ((index / fs_hz - time_s) / sd_s) ** 2)
        size = _ATRIAL_SPIKE_MV if chamber == "atrial" else _VENTRICULAR_SPIKE_MV
        out[:, index] += np.array(size)[:, None] * values


def draw_continuous(
    person: Person, beats: Beats, time_s: Array, duration_s: float, rng: np.random.Generator
) -> Array | float:
    """Return the vector of atria and ventricles that never rest, or 0."""
    rhythm, size = person.spec.rhythm, person.spec.f_wave_size
    if rhythm.name == planning.FIBRILLATION:
        return atrial.draw_fibrillatory_waves(time_s, duration_s, rng, size)
    if rhythm.name == planning.FLUTTER:
        cycle_s = 60.0 / rhythm.atrial_bpm
        return atrial.draw_flutter_waves(time_s, cycle_s, beats.schedule.first_wave_s, size)
    return sum((draw_waves(one, time_s, duration_s) for one in beats.schedule.waves), start=0.0)


def three(wave: WaveBounds) -> tuple[float, float, float]:
    """Return onset, peak and offset."""
    return wave.onset_ms, wave.peak_ms, wave.offset_ms
