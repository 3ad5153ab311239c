"""From a case and a seed to a recording and its truth."""

from dataclasses import dataclass, replace

import numpy as np

from ecgcore.checks import in_range
from ecgcore.leads import STANDARD_12
from ecgcore.recording import Provenance, Recording, Step
from ecgcore.simulate import atrial, rhythms, shapes
from ecgcore.simulate.noise import (
    LEADS_FROM_ELECTRODES,
    Noise,
    electrode_noise,
    noise_of,
    scaled_to_snr,
)
from ecgcore.simulate.rhythms import OWN, RHYTHMS, Breathing, PlannedBeat, Schedule
from ecgcore.simulate.shapes import (
    AtrialShape,
    VentricularBounds,
    VentricularShape,
    WaveBounds,
    p_bounds,
    ventricular_bounds,
)
from ecgcore.simulate.spec import CaseSpec, checked_span, find_case, statement_name
from ecgcore.simulate.truth import TrueBeat, Truth
from ecgcore.simulate.vector import (
    DOWER,
    Array,
    Component,
    add_component,
    course,
    frontal_axis_deg,
    rotation,
    twelve,
)

# A change of how samples come from a seed must change this.
VERSION = 1
NOTE = "Simulated by this software; not recorded from a person."
# The QT interval follows the mean of about the last seven beats, not the last one alone.
QT_MEMORY = 0.15
# A broader QRS prolongs QT by most of what it adds (Bogossian et al., Heart Rhythm 11:2273, 2014).
QT_PER_QRS = 0.7
NARROW_QRS_MS = 90.0


@dataclass(frozen=True)
class Simulation:
    """A recording, and everything that is known about it."""

    recording: Recording
    truth: Truth


@dataclass(frozen=True)
class _Person:
    """One person's heart and torso, drawn once for a record."""

    matrix: Array
    atrial: dict[str, AtrialShape]
    ventricular: dict[str, VentricularShape]
    p: dict[str, WaveBounds]
    qrst: dict[str, VentricularBounds]
    breathing: Breathing


@dataclass(frozen=True)
class _Beats:
    """The planned beats as arrays, with what changes from beat to beat."""

    plan: tuple[PlannedBeat, ...]
    qt_ms: Array
    turn: Array


def simulate(
    case: str | CaseSpec,
    *,
    seed: int = 0,
    fs_hz: float | None = None,
    duration_s: float | None = None,
    noise: str | Noise | float | None = None,
) -> Simulation:
    """Make an electrocardiogram with known truth.

    Parameters
    ----------
    case : str or CaseSpec
        A name of :data:`ecgcore.simulate.CASES`, or a case of one's own.
    seed : int
        The same seed gives the same samples; beats do not depend on rate or noise.
    fs_hz : float, optional
        50 to 10,000; the case's own (500 Hz in twelve leads) if not given.
    duration_s : float, optional
        1 to 36,000; the case's own (10 s in twelve leads) if not given.
    noise : str, Noise or float, optional
        A preset's name (``"none"``, ``"low"``, ``"usual"``, ``"high"``, ``"hand-held"``,
        ``"monitor"``), sizes of one's own, or a signal-to-noise ratio in dB.

    Returns
    -------
    Simulation

    Raises
    ------
    InvalidArgumentError
        Naming the argument and what is possible.
    """
    chosen = find_case(case) if isinstance(case, str) else case
    rate = chosen.fs_hz if fs_hz is None else fs_hz
    length = chosen.duration_s if duration_s is None else duration_s
    n_samples = checked_span(rate, length)
    seed = int(in_range("seed", seed, 0, 2**32 - 1))
    sizes = noise_of(chosen.noise if noise is None else noise)
    # One generator for each concern: a change of one leaves the others' draws alone.
    for_person, for_rhythm, for_beats, for_atria, for_noise = np.random.default_rng(
        [VERSION, seed]
    ).spawn(5)

    person = _person(chosen, for_person)
    plan = RHYTHMS[chosen.rhythm.name]
    schedule = plan(chosen.rhythm, length, person.breathing, for_rhythm)
    beats = _beats(schedule, chosen, person, for_beats)
    time_s = np.arange(n_samples) / rate
    heart = _heart(person, beats, time_s, rate) + _continuous(
        chosen, schedule, time_s, length, for_atria
    )
    clean = person.matrix @ heart
    added = electrode_noise(
        sizes,
        LEADS_FROM_ELECTRODES,
        time_s=time_s,
        fs_hz=rate,
        breathing=person.breathing,
        rng=for_noise,
    )
    added = scaled_to_snr(added, clean, sizes.snr_db)
    recording = _recording(chosen, seed, clean + added, rate, length)
    return Simulation(recording, _truth(chosen, seed, person, beats, n_samples / rate))


def _person(spec: CaseSpec, rng: np.random.Generator) -> _Person:
    frontal = spec.turn_deg + float(np.clip(rng.normal(-4, 6), -16, 8))
    horizontal = float(np.clip(rng.normal(0, 4), -8, 8))
    size = spec.size * float(np.exp(np.clip(rng.normal(0, 0.07), -0.15, 0.15)))
    # Electrode places and torso shape: each chest lead by itself, limb leads hardly.
    gain = 1 + np.clip(rng.normal(0, 1, 8), -2, 2) * np.array([0.01] * 2 + [0.05] * 6)
    matrix = size * gain[:, None] * (DOWER @ rotation(frontal, horizontal))
    # Early beats may come from anywhere: their shapes are drawn too, in the table's order.
    atria = {s.name: _varied_p(s, rng) for s in shapes.ATRIAL_SHAPES.values()}
    ventricles = {s.name: _varied_qrst(s, rng) for s in shapes.VENTRICULAR_SHAPES.values()}
    atria[OWN] = _varied_p(spec.atrial, rng)
    ventricles[OWN] = _varied_qrst(spec.ventricular, rng)
    used_p = {OWN, *(e.shape for e in spec.rhythm.ectopy if e.shape in atria)}
    used_v = {OWN, *(e.shape for e in spec.rhythm.ectopy if e.shape in ventricles)}
    return _Person(
        matrix,
        atria,
        ventricles,
        {name: p_bounds(atria[name], matrix) for name in sorted(used_p)},
        {name: ventricular_bounds(ventricles[name], matrix) for name in sorted(used_v)},
        Breathing(float(rng.uniform(0.19, 0.29)), float(rng.uniform(0, 2 * np.pi))),
    )


def _varied(parts: tuple[Component, ...], rng: np.random.Generator) -> tuple[Component, ...]:
    def one(part: Component) -> Component:
        x, y, z = np.asarray(part.vector_mv) * (1 + 0.04 * np.clip(rng.normal(0, 1, 3), -2, 2))
        wider = 1 + 0.03 * float(np.clip(rng.normal(), -2, 2))
        return replace(
            part,
            rise_ms=part.rise_ms * wider,
            fall_ms=part.fall_ms * wider,
            vector_mv=(float(x), float(y), float(z)),
        )

    return tuple(one(part) for part in parts)


def _varied_p(shape: AtrialShape, rng: np.random.Generator) -> AtrialShape:
    return replace(shape, p=_varied(shape.p, rng))


def _varied_qrst(shape: VentricularShape, rng: np.random.Generator) -> VentricularShape:
    return replace(
        shape, qrs=_varied(shape.qrs, rng), st=_varied(shape.st, rng), t=_varied(shape.t, rng)
    )


def _beats(schedule: Schedule, spec: CaseSpec, person: _Person, rng: np.random.Generator) -> _Beats:
    plan = schedule.beats
    onset_s = np.array([beat.qrs_s for beat in plan])
    breath = person.breathing.at(onset_s)
    jitter = rng.standard_normal((3, onset_s.size))
    size = 1 + 0.030 * breath + 0.012 * jitter[0]
    turn = rotation(2.2 * breath + 0.6 * jitter[1], 1.8 * breath + 0.6 * jitter[2])
    return _Beats(plan, _qt_ms(plan, onset_s, spec, person), turn * size[:, None, None])


def _qt_ms(plan: tuple[PlannedBeat, ...], onset_s: Array, spec: CaseSpec, person: _Person) -> Array:
    """Return each beat's QT: Fridericia's cube root of a fading mean of the RR before it."""
    usual_s = float(np.median(np.diff(onset_s))) if len(plan) > 1 else 60 / spec.rhythm.rate_bpm
    rr = np.diff(onset_s, prepend=onset_s[0] - usual_s)
    mean = float(np.mean(rr))
    smooth = np.empty_like(rr)
    for i, value in enumerate(rr):
        mean += QT_MEMORY * (float(value) - mean)
        smooth[i] = mean
    width = {name: b.qrs.offset_ms - b.qrs.onset_ms for name, b in person.qrst.items()}
    extra = np.array([QT_PER_QRS * max(0.0, width[b.ventricular] - NARROW_QRS_MS) for b in plan])
    return np.asarray((spec.qtc_ms + extra) * np.cbrt(smooth))


def _heart(person: _Person, beats: _Beats, time_s: Array, fs_hz: float) -> Array:
    """Return the vector of all beats, shape (3, n_samples), in mV."""
    heart = np.zeros((3, time_s.size))
    for name in sorted(person.p):
        _add_atria(heart, fs_hz, name, person, beats)
    for name in sorted(person.qrst):
        _add_ventricles(heart, fs_hz, name, person, beats)
    return heart


def _continuous(
    spec: CaseSpec,
    schedule: Schedule,
    time_s: Array,
    duration_s: float,
    rng: np.random.Generator,
) -> Array | float:
    """Return the vector of atria that never rest, or 0."""
    if spec.rhythm.name == rhythms.FIBRILLATION:
        return atrial.fibrillatory_waves(time_s, duration_s, rng, spec.f_wave_size)
    if spec.rhythm.name == rhythms.FLUTTER:
        cycle_s = 60.0 / spec.rhythm.atrial_bpm
        return atrial.flutter_waves(time_s, cycle_s, schedule.first_wave_s, spec.f_wave_size)
    return 0.0


def _add_atria(heart: Array, fs_hz: float, name: str, person: _Person, beats: _Beats) -> None:
    chosen = [i for i, b in enumerate(beats.plan) if b.p_s is not None and b.atrial == name]
    if not chosen:
        return
    zero_s = np.array([beats.plan[i].p_s for i in chosen]) - person.p[name].onset_ms / 1e3
    for part in person.atrial[name].p:
        add_component(
            heart,
            fs_hz,
            part,
            anchors_s=zero_s,
            stretch=np.ones(len(chosen)),
            origin_ms=0.0,
            turn=beats.turn[chosen],
        )


def _add_ventricles(heart: Array, fs_hz: float, name: str, person: _Person, beats: _Beats) -> None:
    chosen = [i for i, b in enumerate(beats.plan) if b.ventricular == name]
    if not chosen:
        return
    bounds = person.qrst[name]
    shape = person.ventricular[name]
    zero_s = np.array([beats.plan[i].qrs_s for i in chosen]) - bounds.qrs.onset_ms / 1e3
    stretch = _stretch(bounds, beats.qt_ms[chosen])
    for part in (*shape.qrs, *shape.st, *shape.t):
        is_qrs = part in shape.qrs
        add_component(
            heart,
            fs_hz,
            part,
            anchors_s=zero_s,
            stretch=np.ones(len(chosen)) if is_qrs else stretch,
            origin_ms=bounds.qrs.offset_ms,
            turn=beats.turn[chosen],
        )


def _stretch(bounds: VentricularBounds, qt_ms: Array) -> Array:
    """Return the factor of time after QRS that gives the wanted QT."""
    wanted = qt_ms - (bounds.qrs.offset_ms - bounds.qrs.onset_ms)
    return np.asarray(wanted / (bounds.t.offset_ms - bounds.qrs.offset_ms))


def _recording(
    spec: CaseSpec, seed: int, independent: Array, fs_hz: float, duration_s: float
) -> Recording:
    rows = dict(zip(STANDARD_12, twelve(independent), strict=True))
    # The monitor's second lead sees what lead II sees, from electrodes on the trunk.
    rows["MLII"] = rows["II"] * np.float32(0.95)
    for name in spec.off_leads:
        rows[name] = np.zeros_like(rows[name])
    step = Step(
        "simulate",
        {"case": spec.name, "seed": seed, "duration_s": duration_s, "version": VERSION},
    )
    return Recording(
        np.stack([rows[name] for name in spec.leads]),
        fs_hz,
        spec.leads,
        patient=spec.patient,
        provenance=Provenance(
            format="simulation",
            original_fs_hz=fs_hz,
            original_unit="mV",
            simulated=True,
            steps=(step,),
        ),
        notes=(NOTE, *(f"Lead {name}: its electrode is off." for name in spec.off_leads)),
    )


def _truth(spec: CaseSpec, seed: int, person: _Person, beats: _Beats, duration_s: float) -> Truth:
    known = [
        _true_beat(plan, person, float(qt_ms), duration_s)
        for plan, qt_ms in zip(beats.plan, beats.qt_ms, strict=True)
    ]
    inside = tuple(b for b in known if b.qrs_onset >= 0 and b.qrs_offset <= duration_s)
    own = [b for b in inside if b.type == rhythms.NORMAL]
    rr = np.diff([b.r_peak for b in inside])
    axes = _axes(spec, person)
    return Truth(
        case=spec.name,
        seed=seed,
        labels=spec.labels,
        uncertain=spec.uncertain,
        names={code: statement_name(code) for code in spec.labels},
        beats=inside,
        heart_rate_bpm=float(60 / rr.mean()) if rr.size else None,
        pr_ms=_median_ms([(b.p_onset, b.qrs_onset) for b in own]),
        qrs_ms=_median_ms([(b.qrs_onset, b.qrs_offset) for b in own]),
        qt_ms=_median_ms([(b.qrs_onset, b.t_offset) for b in own]),
        p_axis_deg=axes["p"],
        qrs_axis_deg=axes["qrs"],
        t_axis_deg=axes["t"],
        bad_leads=spec.off_leads,
    )


def _true_beat(plan: PlannedBeat, person: _Person, qt_ms: float, duration_s: float) -> TrueBeat:
    bounds = person.qrst[plan.ventricular]
    qrs = bounds.qrs
    zero_s = plan.qrs_s - qrs.onset_ms / 1e3
    stretch = float(_stretch(bounds, np.array([qt_ms]))[0])
    times: dict[str, float] = {}
    if plan.p_s is not None:
        wave = person.p[plan.atrial]
        times |= _seen("p", wave, plan.p_s - wave.onset_ms / 1e3, duration_s)
    t = bounds.t
    at_ms = [qrs.offset_ms + stretch * (ms - qrs.offset_ms) for ms in _three(t)]
    times |= _seen("t", WaveBounds(*at_ms), zero_s, duration_s)
    return TrueBeat(
        type=plan.kind,
        qrs_onset=zero_s + qrs.onset_ms / 1e3,
        r_peak=zero_s + qrs.peak_ms / 1e3,
        qrs_offset=zero_s + qrs.offset_ms / 1e3,
        **times,
    )


def _three(wave: WaveBounds) -> tuple[float, float, float]:
    return wave.onset_ms, wave.peak_ms, wave.offset_ms


def _seen(name: str, wave: WaveBounds, zero_s: float, duration_s: float) -> dict[str, float]:
    """Return a wave's times under its field names; nothing if it is not wholly in the record."""
    onset, peak, offset = (zero_s + ms / 1e3 for ms in _three(wave))
    if onset < 0 or offset > duration_s:
        return {}
    return {f"{name}_onset": onset, f"{name}_peak": peak, f"{name}_offset": offset}


def _median_ms(pairs: list[tuple[float | None, float | None]]) -> float | None:
    spans = [
        1e3 * (stop - start) for start, stop in pairs if start is not None and stop is not None
    ]
    return float(np.median(spans)) if spans else None


def _axes(spec: CaseSpec, person: _Person) -> dict[str, float | None]:
    axes: dict[str, float | None] = {"p": None, "qrs": None, "t": None}
    if not {"I", "II"} <= set(spec.leads):
        return axes
    at_ms = np.arange(-100.0, 800.0)
    own = person.ventricular[OWN]
    axes["qrs"] = frontal_axis_deg(course(own.qrs, at_ms), person.matrix)
    axes["t"] = frontal_axis_deg(course(own.t, at_ms), person.matrix)
    if spec.rhythm.name == rhythms.SINUS:
        axes["p"] = frontal_axis_deg(course(person.atrial[OWN].p, at_ms), person.matrix)
    return axes
