"""What is known about a simulated record: labels, every wave of every beat, intervals, axes."""

from collections import Counter
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from ecgcore.simulate import planning
from ecgcore.simulate.codes import (
    LONG_QT,
    LONGEST_QTC_MS,
    POTASSIUM,
    URGENT_CODES,
    WIDE_QRS_MS,
    statement_name,
)
from ecgcore.simulate.disorder import find_disturbed
from ecgcore.simulate.heartbeat import (
    Beats,
    compute_stretch,
    compute_u_size,
    find_atrial_shape,
    find_ventricular_shape,
    group_beats,
    three,
)
from ecgcore.simulate.person import Person
from ecgcore.simulate.planning import NORMAL, OWN, PACED, RhythmSpan, Spike
from ecgcore.simulate.reversals import REVERSALS
from ecgcore.simulate.shapes import U_EDGE_MV, VentricularShape, WaveBounds
from ecgcore.simulate.spec import CaseSpec
from ecgcore.simulate.vector import Array, compute_course, frontal_axis_deg
from ecgcore.statements import statement


@dataclass(frozen=True, kw_only=True)
class TrueBeat:
    """One beat: seconds from the record's start; None where a wave is absent or outside.

    ``type`` is ``"normal"``, ``"supraventricular"``, ``"ventricular"`` or ``"paced"``;
    ``origin`` is ``""``, ``"premature"`` or ``"escape"``.  ``r_peak`` is where the QRS is largest
    in any lead.
    """

    type: str
    qrs_onset: float
    r_peak: float
    qrs_offset: float
    origin: str = ""
    p_onset: float | None = None
    p_peak: float | None = None
    p_offset: float | None = None
    t_onset: float | None = None
    t_peak: float | None = None
    t_offset: float | None = None
    u_onset: float | None = None
    u_peak: float | None = None
    u_offset: float | None = None


@dataclass(frozen=True, kw_only=True)
class TrueP:
    """A P wave, in seconds from the record's start.

    ``fate`` is ``"conducted"``, or without a QRS after it ``"blocked"``, ``"premature"`` (early and
    blocked), ``"dissociated"`` or ``"retrograde"``.
    """

    onset: float
    peak: float
    offset: float
    fate: str


@dataclass(frozen=True, kw_only=True)
class TrueArtifact:
    """What an electrode adds or loses: kind (as of :class:`Artifact`), leads and seconds."""

    kind: str
    leads: tuple[str, ...]
    start_s: float
    end_s: float


@dataclass(frozen=True)
class Truth:
    """Everything known about a simulated record.

    Attributes
    ----------
    case : str
    seed : int
    labels, uncertain : tuple of str
        Statements that hold, and statements that this record cannot tell.
    names : dict of str to str
        The words of each code in ``labels``.
    beats : tuple of TrueBeat
        Beats whose QRS lies within the record, in order.
    heart_rate_bpm, pr_ms, qrs_ms, qt_ms : float or None
        Medians over beats that are not early, nor of a tachycardia beside which there is a basic
        rhythm (rate: over all RR intervals, mean).
    p_axis_deg, qrs_axis_deg, t_axis_deg : float or None
        Frontal axis of the net area; None without that wave, or where the leads recorded show
        no frontal plane.
    bad_leads : tuple of str
        Leads whose electrode is off.
    statements : tuple of str
        Keys of what the case was composed of.
    rhythm : str
        Code of the rhythm: SR, SBRAD, STACH, SARRH, AF, AFLT, SVTAC, 2AVB, 3AVB or PACE.
    qtc_ms : float or None
        QT by Fridericia.
    lone_p : tuple of TrueP
        P waves that no QRS follows.
    spikes : tuple of Spike
        Pacing stimuli, and whether each was captured and timely.
    codes : dict of str to dict
        For each label its code in PTB-XL (``scp``) and SNOMED CT (``snomed``).
    rhythms : tuple of RhythmSpan
        The rhythm of each stretch, by its statement's code; together they fill the record.
    urgent : tuple of str
        Codes that must be warned of; empty for a benign case.
    artifacts : tuple of TrueArtifact
        What is no heart's: motion, and electrodes that are off for a while.
    """

    case: str
    seed: int
    labels: tuple[str, ...]
    uncertain: tuple[str, ...]
    names: dict[str, str]
    beats: tuple[TrueBeat, ...]
    heart_rate_bpm: float | None
    pr_ms: float | None
    qrs_ms: float | None
    qt_ms: float | None
    p_axis_deg: float | None
    qrs_axis_deg: float | None
    t_axis_deg: float | None
    bad_leads: tuple[str, ...] = ()
    statements: tuple[str, ...] = ()
    rhythm: str = "SR"
    qtc_ms: float | None = None
    lone_p: tuple[TrueP, ...] = ()
    spikes: tuple[Spike, ...] = ()
    codes: dict[str, dict[str, str]] | None = None
    rhythms: tuple[RhythmSpan, ...] = ()
    urgent: tuple[str, ...] = ()
    artifacts: tuple[TrueArtifact, ...] = ()

    @property
    def p_waves(self) -> tuple[TrueP, ...]:
        """Every P wave with its fate, in order of time."""
        conducted = [
            TrueP(onset=b.p_onset, peak=b.p_peak, offset=b.p_offset, fate="conducted")
            for b in self.beats
            if b.p_onset is not None and b.p_peak is not None and b.p_offset is not None
        ]
        return tuple(sorted([*conducted, *self.lone_p], key=lambda p: p.onset))

    def as_dict(self) -> dict[str, Any]:
        """Return plain types for JSON: times to a tenth of a millisecond."""
        plain = asdict(self)
        plain["p_waves"] = [asdict(p) for p in self.p_waves]
        for name in ("rhythms", "spikes"):
            plain[name] = [row._asdict() for row in getattr(self, name)]
        for name in ("artifacts", "beats", "lone_p", "p_waves", "rhythms", "spikes"):
            plain[name] = [
                {k: round(v, 4) if isinstance(v, float) else v for k, v in row.items()}
                for row in plain[name]
            ]
        return {
            k: round(v, 2) if isinstance(v, float) else list(v) if isinstance(v, tuple) else v
            for k, v in plain.items()
        }


def find_truth(
    person: Person, beats: Beats, seed: int, duration_s: float, *, axes: bool = True
) -> Truth:
    """Return everything that is known about a record; ``axes`` can be left out."""
    spec = person.spec
    inside = tuple(b for b in find_true_beats(person, beats, duration_s))
    own = _find_main(inside)
    rr = np.diff([b.qrs_onset for b in inside])
    qt_ms = _compute_median_ms([(b.qrs_onset, b.t_offset) for b in own])
    rate = float(60 / rr.mean()) if rr.size else None
    main_rate = _find_main_rate(inside, own)
    qrs_ms = _compute_median_ms([(b.qrs_onset, b.qrs_offset) for b in own])
    qtc_ms = None if qt_ms is None or main_rate is None else qt_ms * float(np.cbrt(main_rate / 60))
    known = _compute_axes(person, beats, own) if axes else dict.fromkeys(("p", "qrs", "t"))
    return Truth(
        case=spec.name,
        seed=seed,
        labels=spec.labels,
        uncertain=spec.uncertain,
        names={code: statement_name(code) for code in spec.labels},
        beats=inside,
        heart_rate_bpm=rate,
        pr_ms=_compute_median_ms([(b.p_onset, b.qrs_onset) for b in own]),
        qrs_ms=qrs_ms,
        qt_ms=qt_ms,
        p_axis_deg=known["p"],
        qrs_axis_deg=known["qrs"],
        t_axis_deg=known["t"],
        bad_leads=spec.off_leads,
        statements=spec.statements,
        rhythm=find_main_rhythm(person, beats, duration_s),
        qtc_ms=qtc_ms,
        lone_p=_find_lone_p(person, beats, duration_s),
        spikes=tuple(s for s in beats.schedule.spikes if 0 <= s.time_s < duration_s),
        codes={code: _find_systems(code) for code in spec.labels},
        rhythms=_find_rhythms(person, beats, duration_s),
        urgent=find_urgent(spec, qrs_ms, qtc_ms),
        artifacts=_find_artifacts(person, beats),
    )


def find_urgent(spec: CaseSpec, qrs_ms: float | None, qtc_ms: float | None) -> tuple[str, ...]:
    """Return the codes of a case that must be warned of.

    Potassium counts with a QRS of 120 ms and more, QTc over 500 ms with a narrower one.
    """
    if spec.urgent is not None:
        return spec.urgent
    wide = qrs_ms is not None and qrs_ms >= WIDE_QRS_MS
    long = qtc_ms is not None and qtc_ms > LONGEST_QTC_MS and not wide
    urgent = {*URGENT_CODES, *([POTASSIUM] if wide else []), *([LONG_QT] if long else [])}
    return tuple(code for code in spec.labels if code in urgent)


def _find_artifacts(person: Person, beats: Beats) -> tuple[TrueArtifact, ...]:
    found = []
    for one in beats.schedule.artifacts:
        leads = tuple(name for name in find_disturbed(one) if name in person.spec.leads)
        found.append(TrueArtifact(kind=one.kind, leads=leads, start_s=one.start_s, end_s=one.end_s))
    return tuple(found)


def _find_rhythms(person: Person, beats: Beats, duration_s: float) -> tuple[RhythmSpan, ...]:
    if not beats.schedule.rhythms:
        return (RhythmSpan(find_rhythm_code(person), 0.0, duration_s),)
    cut = [
        RhythmSpan(code, max(start_s, 0.0), min(end_s, duration_s))
        for code, start_s, end_s in beats.schedule.rhythms
    ]
    return tuple(span for span in cut if span.end_s > span.start_s)


def _find_systems(code: str) -> dict[str, str]:
    known = statement(code)
    return {"scp": "".join(known.scp[:1]), "snomed": "".join(known.snomed[:1])}


def find_rhythm_code(person: Person) -> str:
    """Return the code of the basic rhythm."""
    rhythm = person.spec.rhythm
    fixed = {
        planning.FIBRILLATION: "AF",
        planning.FLUTTER: "AFLT",
        planning.REENTRY: "SVTAC",
        planning.MOBITZ_1: "2AVB",
        planning.MOBITZ_2: "2AVB",
        planning.COMPLETE_BLOCK: "3AVB",
        planning.PACEMAKER: "PACE",
    }
    if rhythm.name in fixed:
        return fixed[rhythm.name]
    for code in ("SBRAD", "STACH", "SARRH"):
        if code in person.spec.labels:
            return code
    return "SR"


def find_main_rhythm(person: Person, beats: Beats, duration_s: float) -> str:
    """Return the code of the rhythm that lasts longest."""
    lasted: dict[str, float] = {}
    for span in _find_rhythms(person, beats, duration_s):
        lasted[span.code] = lasted.get(span.code, 0.0) + span.end_s - span.start_s
    return max(lasted, key=lambda code: lasted[code])


def find_true_beats(person: Person, beats: Beats, duration_s: float) -> list[TrueBeat]:
    """Return the beats whose QRS lies within the record, in order of time."""
    found: list[TrueBeat] = []
    visible_u = compute_u_size(beats.rr_s)
    for name, chosen in group_beats(beats).items():
        heart = person.heart(find_ventricular_shape(person, name))
        qrs, stretches = heart.bounds.qrs, compute_stretch(person, heart, beats.rr_s[chosen])
        peak_u = _find_peak_u(person, name)
        for i, stretch in zip(chosen, stretches, strict=True):
            beat = beats.schedule.beats[i]
            zero_s = beat.qrs_s - qrs.onset_ms / 1e3
            if beat.qrs_s < 0 or zero_s + qrs.offset_ms / 1e3 > duration_s:
                continue
            times: dict[str, float] = {}
            if beat.p_s is not None:
                atria = person.atria(find_atrial_shape(person, beat.atrial))
                if atria.shape.p:
                    start_s = beat.p_s - atria.bounds.onset_ms / 1e3
                    times |= _find_seen("p", atria.bounds, start_s, duration_s)
            late = (float(stretch), qrs.offset_ms)
            times |= _find_seen("t", heart.bounds.t, zero_s, duration_s, late)
            if heart.bounds.u is not None and peak_u * visible_u[i] > U_EDGE_MV:
                times |= _find_seen("u", heart.bounds.u, zero_s, duration_s, late)
            found.append(
                TrueBeat(
                    type=beat.kind,
                    origin=beat.origin,
                    qrs_onset=beat.qrs_s,
                    r_peak=zero_s + qrs.peak_ms / 1e3,
                    qrs_offset=zero_s + qrs.offset_ms / 1e3,
                    **times,
                )
            )
    return _drop_overlapping_u(sorted(found, key=lambda b: b.qrs_onset))


def _drop_overlapping_u(beats: list[TrueBeat]) -> list[TrueBeat]:
    """Forget a U that lies on the next beat's waves: nobody could mark it."""
    kept = []
    for beat, after in pairwise([*beats, None]):
        limit = None if after is None else after.p_onset or after.qrs_onset
        hidden = limit is not None and beat is not None and (beat.u_offset or 0.0) > limit
        kept.append(_drop_u(beat) if hidden and beat else beat)
    return [beat for beat in kept if beat is not None]


def _drop_u(beat: TrueBeat) -> TrueBeat:
    return TrueBeat(**(asdict(beat) | {"u_onset": None, "u_peak": None, "u_offset": None}))


def _find_peak_u(person: Person, name: str) -> float:
    heart = person.heart(find_ventricular_shape(person, name))
    if heart.bounds.u is None:
        return 0.0
    at_ms = np.array([heart.bounds.u.peak_ms])
    return float(np.abs(person.matrix @ compute_course(heart.shape.u, at_ms)).max())


def _find_seen(
    name: str,
    wave: WaveBounds,
    zero_s: float,
    duration_s: float,
    late: tuple[float, float] = (1.0, 0.0),
) -> dict[str, float]:
    """Return a wave's times under its field names; nothing if it is not wholly in the record.

    ``late`` is how time is stretched, and from when on, in ms.
    """
    stretch, origin_ms = late
    times = [zero_s + (origin_ms + stretch * (ms - origin_ms)) / 1e3 for ms in three(wave)]
    if times[0] < 0 or times[2] > duration_s:
        return {}
    return dict(zip((f"{name}_onset", f"{name}_peak", f"{name}_offset"), times, strict=True))


def _find_lone_p(person: Person, beats: Beats, duration_s: float) -> tuple[TrueP, ...]:
    found = []
    for lone in beats.schedule.lone_p:
        atria = person.atria(find_atrial_shape(person, lone.atrial))
        if not atria.shape.p:
            continue
        times = _find_seen("p", atria.bounds, lone.p_s - atria.bounds.onset_ms / 1e3, duration_s)
        if times:
            onset, peak, offset = times.values()
            found.append(TrueP(onset=onset, peak=peak, offset=offset, fate=lone.fate))
    return tuple(found)


def _find_main(beats: tuple[TrueBeat, ...]) -> list[TrueBeat]:
    """Return the beats of the basic rhythm: not early, and of no focus that leads for a while."""
    kept = [b for b in beats if b.origin != "premature"]
    own = [b for b in kept if not b.origin]
    return own if own and any(b.origin == "ectopic" for b in kept) else kept


def _find_main_rate(beats: tuple[TrueBeat, ...], main: list[TrueBeat]) -> float | None:
    """Return the rate that QT is corrected by: of the whole record, or of the basic rhythm."""
    basic = {b.qrs_onset for b in main} if any(b.origin == "ectopic" for b in beats) else None
    rr = [
        b.qrs_onset - a.qrs_onset
        for a, b in pairwise(beats)
        if basic is None or {a.qrs_onset, b.qrs_onset} <= basic
    ]
    return float(60 / np.mean(rr)) if rr else None


def _compute_median_ms(pairs: list[tuple[float | None, float | None]]) -> float | None:
    spans = [
        1e3 * (stop - start) for start, stop in pairs if start is not None and stop is not None
    ]
    return float(np.median(spans)) if spans else None


def compute_seen_matrix(person: Person) -> Array:
    """Return the matrix of the leads as they were connected, shape (8, 3)."""
    reversal = person.spec.reversal
    return REVERSALS[reversal] @ person.matrix if reversal else person.matrix


def _compute_axes(person: Person, beats: Beats, main: list[TrueBeat]) -> dict[str, float | None]:
    spec = person.spec
    axes: dict[str, float | None] = {"p": None, "qrs": None, "t": None}
    if not {"I", "II"} <= set(spec.leads) or not main:
        return axes
    at_ms, matrix = np.arange(-100.0, 800.0), compute_seen_matrix(person)
    heart = person.heart(_find_main_shape(person, beats, main))
    own, qrs = heart.shape, heart.bounds.qrs
    # As it is measured: all there is between onset and offset, a shift of ST included.
    within_ms = np.arange(qrs.onset_ms, qrs.offset_ms, 0.5)
    axes["qrs"] = frontal_axis_deg(compute_course(own.qrs + own.st, within_ms), matrix)
    axes["t"] = frontal_axis_deg(compute_course(own.t, at_ms), matrix)
    if any(b.p_onset is not None for b in main):
        name = planning.OWN
        if spec.rhythm.chambers in {"atrial", "both"}:
            name = "paced"
        axes["p"] = frontal_axis_deg(
            compute_course(person.atria(find_atrial_shape(person, name)).shape.p, at_ms), matrix
        )
    return axes


def _find_main_shape(person: Person, beats: Beats, main: list[TrueBeat]) -> VentricularShape:
    if person.spec.rhythm.stretches:
        times = {b.qrs_onset for b in main}
        names = [b.ventricular for b in beats.schedule.beats if b.qrs_s in times]
        return find_ventricular_shape(person, Counter(names).most_common(1)[0][0])
    kinds = {b.type for b in main}
    if PACED in kinds:
        return find_ventricular_shape(person, "paced from the right ventricle")
    if kinds and NORMAL not in kinds and any(b.origin == "escape" for b in main):
        return find_ventricular_shape(person, "ventricular escape")
    return find_ventricular_shape(person, OWN)
