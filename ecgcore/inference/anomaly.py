"""How unusual a recording is, where, and in which leads, among normal ECGs of such a person."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from ecgcore.errors import ModelError
from ecgcore.inference.anomaly_leads import LeadScore, lead_score
from ecgcore.inference.anomaly_norms import Norms, load_norms, rate_distance
from ecgcore.inference.anomaly_quantiles import (
    PersonShift,
    kind_of,
    named,
    person_terms,
    weights_for,
)
from ecgcore.inference.anomaly_raw import MAPS, Raw, raw_scores
from ecgcore.inference.anomaly_spans import spans_of
from ecgcore.inference.card import ANOMALY, InputContract
from ecgcore.inference.loading import LoadedModel, load_model, shared_model
from ecgcore.inference.prepare import ModelInput, known_paced, to_recording
from ecgcore.inference.runner import Reading, hear, read_for
from ecgcore.inference.shelf import DEFAULT_ANOMALY, model_folder
from ecgcore.inference.windows import Window
from ecgcore.recording import Patient, Recording
from ecgcore.results import AnomalyMap, ClassifierScore, RestoredTrace
from ecgcore.signal.beats import detect_beats
from ecgcore.signal.quality import grade
from ecgcore.turns import Priority, turn

Array = NDArray[np.float64]

OWN = "own"
# Share of a lead's samples whose mean says how unusual the lead is.
TOP = 0.05
# Up to this long a recording has one score; above, that of its most unusual minute.
MINUTE_S = 60.0
SHORT_S = 8.0
CHILD_YEARS = 18.0


@dataclass(frozen=True, eq=False)
class AnomalyModel:
    """The restoration network, what is usual among normals, and other networks it asks.

    Attributes
    ----------
    loaded : LoadedModel
    norms : Norms
    references : mapping of str to LoadedModel
        Networks of statements whose features are compared with those of normals, by name.
    """

    loaded: LoadedModel
    norms: Norms
    references: Mapping[str, LoadedModel]

    @property
    def name(self) -> str:
        """Name and version."""
        return self.loaded.name


_LOADING = threading.Lock()


def load_anomaly(name: str = DEFAULT_ANOMALY) -> AnomalyModel:
    """Load the model folder and those of the networks that it asks.

    Raises
    ------
    ModelError
        If one is missing, altered, or made for another task.
    """
    loaded = load_model(name, task=ANOMALY)
    digest = str(loaded.card.training.get("norms_sha256", ""))
    norms = load_norms(model_folder(name), digest)
    references = {n: shared_model(n) for n in norms.distances if n != OWN}
    for key, reference in references.items():
        wanted = loaded.card.training.get("references", {}).get(key)
        if wanted != reference.card.weights_sha256:
            raise ModelError(
                f"{loaded.name} was made with other weights of {key}; restore that model's folder."
            )
    return AnomalyModel(loaded, norms, references)


def default_anomaly() -> AnomalyModel:
    """Return the committed anomaly model, loaded once a process; errors as :func:`load_anomaly`."""
    # Two threads that ask at once would load it twice.
    with _LOADING:
        return _default()


@cache
def _default() -> AnomalyModel:
    return load_anomaly()


# --- parts --------------------------------------------------------------------------------------


def joint_map(raw: Raw, norms: Norms, patient: Patient) -> Array:
    """Return the weighted surprise of every sample, shape (n_leads, n_samples)."""
    n_leads = raw.present.shape[0]
    person = person_terms(patient.age_years, patient.sex, raw.rate)
    weights = weights_for(norms.weights, n_leads)
    total = np.zeros(raw.present.shape)
    for name in MAPS:
        shift = norms.shifts[name].of(person) if name in norms.shifts else 0.0
        table = named(norms.maps, name, n_leads)
        if weights.get(name):
            total += weights[name] * table.surprise(raw.maps[name] - shift)
    if weights.get("rhythm"):
        total += weights["rhythm"] * _rhythm(raw, norms, person)
    return np.where(raw.present, total, 0.0)


def _rhythm(raw: Raw, norms: Norms, person: Array) -> Array:
    """Return how unusual rate and order are, from the first to the last beat, (1, n_samples)."""
    out = np.zeros((1, raw.present.shape[1]))
    if raw.beats.r.size < 3:
        return out
    away = rate_distance(raw.rate, person, norms.shifts.get("rate", PersonShift()))
    fast = float(norms.rate.surprise(np.array(away)))
    lawless = float(norms.disorder.surprise(np.array(raw.disorder)))
    out[:, raw.beats.r[0] : raw.beats.r[-1]] = max(fast, lawless)
    return out


def lead_levels(joint: Array, present: NDArray[np.bool_]) -> Array:
    """Return the mean of each lead's most unusual samples, shape (n_leads,)."""
    out = np.zeros(joint.shape[0])
    for at, (row, there) in enumerate(zip(joint, present, strict=True)):
        some = np.sort(row[there])
        if some.size:
            out[at] = some[-max(1, round(TOP * some.size)) :].mean()
    return out


def record_parts(
    raw: Raw, joint: Array, norms: Norms, distances: Mapping[str, Array], patient: Patient
) -> dict[str, float]:
    """Return the parts of a record's score, before they are compared with normals.

    Parameters
    ----------
    distances : mapping of str to array, (n_windows,)
        Of the features to those of normals, by network.
    """
    levels = lead_levels(joint, raw.present)
    person = person_terms(patient.age_years, patient.sex, raw.rate)
    seen = joint[raw.present]
    parts = {
        "mean": float(seen.mean()) if seen.size else 0.0,
        "top": float(levels.mean()),
        "lead": float(levels.max(initial=0.0)),
        "record": _of_windows(raw.record),
        "rate": rate_distance(raw.rate, person, norms.shifts.get("rate", PersonShift())),
        "disorder": raw.disorder if np.isfinite(raw.disorder) else 0.0,
    }
    for name in MAPS:
        values = raw.maps[name][raw.present]
        shift = norms.shifts[name].of(person) if name in norms.shifts else 0.0
        parts[f"map:{name}"] = float(values.mean()) - shift if values.size else 0.0
    return parts | {f"distance:{name}": _of_windows(d) for name, d in distances.items()}


def _of_windows(values: Array) -> float:
    return float(0.5 * values.mean() + 0.5 * values.max()) if values.size else 0.0


def record_surprise(parts: Mapping[str, float], norms: Norms, n_leads: int) -> float:
    """Return the weighted surprise of a record's parts."""
    return sum(
        weight * float(named(norms.record, name, n_leads).surprise(np.array(parts[name])))
        for name, weight in weights_for(norms.record_weights, n_leads).items()
        if name in parts
    )


def feature_distances(
    norms: Norms, own: Array, references: Mapping[str, Array]
) -> dict[str, Array]:
    """Return the distance of features to those of normals, by network."""
    features = {OWN: own, **references}
    return {n: d.of(features[n]) for n, d in norms.distances.items() if n in features}


# --- a recording --------------------------------------------------------------------------------


def find_anomalies(
    model: AnomalyModel,
    recording: Recording,
    *,
    leads: tuple[str, ...] | None = None,
    report: Callable[[float], None] = lambda _share: None,
) -> AnomalyMap:
    """Say how unusual a recording is among normal ECGs, and where.

    Parameters
    ----------
    model : AnomalyModel
    recording : Recording
        Of any rate, unit and leads, 5 s or longer.
    leads : tuple of str, optional
        Use only these leads of the recording.
    report : callable
        Told the share that is done, 0 to 1: half an hour takes some seconds.

    Raises
    ------
    CannotAssessError
        If no lead is one the model knows, or there are less than 5 s of samples.
    """
    return judge(model, recording, see(model, recording, leads=leads, report=report))


@dataclass(frozen=True, eq=False)
class Seen:
    """What the networks make of a recording, before it is compared with normals.

    Attributes
    ----------
    reading : Reading
        As the restoration network reads the recording.
    raw : Raw
    references : dict of str to array, shape (n_pieces, d)
        Features of the networks of statements, by name.
    """

    reading: Reading
    raw: Raw
    references: dict[str, Array]

    @property
    def judged(self) -> bool:
        """False where no lead is of readable quality."""
        return self.reading.is_readable


def see(
    model: AnomalyModel,
    recording: Recording,
    *,
    leads: tuple[str, ...] | None = None,
    report: Callable[[float], None] = lambda _share: None,
) -> Seen:
    """Prepare a recording and run the networks; arguments and errors as :func:`find_anomalies`."""
    graded = grade(recording)
    cleaned = graded.readable(recording)
    reading = read_for(model.loaded, recording, leads=leads, graded=graded)
    rows = np.stack([cleaned.lead(name) for name in reading.given.leads])

    def features(reference: LoadedModel) -> Array:
        own = read_for(reference, recording, leads=leads, graded=graded)
        return hear(reference.network, own.given, own.pieces).feature_rows()

    r_s = detect_beats(rows, recording.fs_hz)
    return look(model, reading, r_s, features, report=report)


def look(
    model: AnomalyModel,
    reading: Reading,
    r_s: Array,
    features: Callable[[LoadedModel], Array],
    *,
    report: Callable[[float], None] = lambda _share: None,
) -> Seen:
    """Run the networks on a recording.

    Parameters
    ----------
    reading : Reading
        As the restoration network reads the recording.
    r_s : array, shape (n_beats,)
        R peaks in the leads that it reads, in seconds.
    features : callable
        Returns the features (n_pieces, d) of a network of statements on the recording.
    report : callable
        As for :func:`find_anomalies`.
    """
    with turn(Priority.MAPS):
        raw = raw_scores(model.loaded.network, reading.given, r_s, report=report)
        references = {name: features(each) for name, each in model.references.items()}
    return Seen(reading, raw, references)


def judge(model: AnomalyModel, recording: Recording, seen: Seen) -> AnomalyMap:
    """Compare what was seen with normals."""
    raw, norms, patient = seen.raw, model.norms, recording.patient
    distances = feature_distances(norms, raw.features, seen.references)
    joint = joint_map(raw, norms, patient)
    known = tuple(model.loaded.card.input.leads[int(i)] for i in seen.reading.given.index)
    person = person_terms(patient.age_years, patient.sex, raw.rate)
    return _result(
        model,
        recording,
        seen,
        _Scored(
            joint,
            lead_score(raw, person, known, norms.by_lead),
            _with_classifier(raw, joint, norms, distances, patient),
        ),
        _notes(recording, seen.reading.lead_names, raw, readable=seen.judged),
    )


def _with_classifier(
    raw: Raw, joint: Array, norms: Norms, distances: Mapping[str, Array], patient: Patient
) -> tuple[float, dict[str, float]]:
    """Return the score that asks a network of statements too, and its parts, as quantiles."""
    n_leads = joint.shape[0]
    parts = record_parts(raw, joint, norms, distances, patient)
    total = record_surprise(parts, norms, n_leads)
    score = float(norms.score[kind_of(n_leads)].quantile(np.array(total)))
    shares = {
        name: float(named(norms.record, name, n_leads).quantile(np.array(parts[name])))
        for name in weights_for(norms.record_weights, n_leads)
        if name in parts
    }
    return score, shares


def lead_quantiles(
    joint: Array, present: NDArray[np.bool_], norms: Norms, leads: tuple[str, ...]
) -> Array:
    """Return the joint map as quantiles among the samples of each lead in normals."""
    few = kind_of(len(leads)) == "few"
    out = np.zeros(joint.shape)
    for at, lead in enumerate(leads):
        table = norms.leads["few" if few or lead not in norms.leads else lead]
        out[at] = table.quantile(joint[at])
    return np.where(present, out, 0.0)


@dataclass(frozen=True, eq=False)
class _Scored:
    """The joint map, the score that knows normals only, and the one with a classifier."""

    joint: Array
    own: LeadScore
    with_classifier: tuple[float, dict[str, float]]


def _result(
    model: AnomalyModel,
    recording: Recording,
    seen: Seen,
    scored: _Scored,
    notes: tuple[str, ...],
) -> AnomalyMap:
    norms, given, raw = model.norms, seen.reading.given, seen.raw
    known = tuple(model.loaded.card.input.leads[int(i)] for i in given.index)
    values = lead_quantiles(scored.joint, raw.present, norms, known)
    whole = Window(0, given.n_samples)
    mapped = to_recording(values.astype(np.float32), whole, 1, given, recording)
    judged = zip(given.leads, scored.own.leads, strict=True)
    found = {name: float(value) for name, value in judged if np.isfinite(value)}
    few = kind_of(len(known)) == "few"
    other, other_parts = scored.with_classifier

    def called(score: float) -> bool | None:
        return score >= norms.threshold if seen.judged else None

    return AnomalyMap(
        values=mapped,
        leads=recording.leads,
        fs_hz=recording.fs_hz,
        score=scored.own.score,
        threshold=norms.threshold,
        abnormal=called(scored.own.score),
        lead_scores={n: found.get(n) for n in recording.leads},
        spans=spans_of(mapped, recording.leads, recording.fs_hz, norms.marks_from(len(known))),
        map_threshold=norms.marks_from(len(known)),
        false_alarms=tuple((row[0], row[2 if few else 1]) for row in norms.false_alarms),
        trace=_trace(given, raw),
        model=model.name,
        parts=scored.own.parts,
        with_classifier=ClassifierScore(other, called(other), other_parts),
        notes=notes,
    )


def _trace(given: ModelInput, raw: Raw) -> RestoredTrace:
    def shown(values: Array) -> NDArray[np.float32]:
        return np.where(raw.present, values, np.nan).astype(np.float32)

    return RestoredTrace(
        recorded=shown(given.x.numpy()),
        restored=shown(raw.restored),
        sd=shown(raw.sd),
        leads=given.leads,
        fs_hz=given.fs_hz,
    )


def _notes(
    recording: Recording, used: dict[str, str], raw: Raw, *, readable: bool
) -> tuple[str, ...]:
    out = _person_notes(recording)
    if not readable:
        out.append(
            "No lead is readable: the recording is not assessed; marked places are probably noise."
        )
    left = [n for n in recording.leads if n not in used]
    if left:
        out.append(f"Not assessed: {', '.join(left)}.")
    if raw.beats.r.size < 3:
        out.append("Fewer than three beats were found: timing is not assessed.")
    if recording.duration_s < SHORT_S:
        out.append(
            f"The recording lasts {recording.duration_s:.1f} s; the score was calibrated on 10 s."
        )
    if known_paced(recording):
        out.append("Pacing is stated in the file: paced beats are always unusual.")
    if recording.duration_s > MINUTE_S:
        out.append("The score of a long recording is that of its more unusual windows.")
    for own, name in used.items():
        if own != name:
            out.append(f"{own} was read in the place of {name}.")
    return tuple(out)


def _person_notes(recording: Recording) -> list[str]:
    age = recording.patient.age_years
    if age is None:
        return ["The age is unknown: compared with normal adults of all ages."]
    if age < CHILD_YEARS:
        return [f"The patient is {age:g} years old; the reference ECGs are of adults."]
    return []


def anomaly_contract() -> InputContract:
    """Return what the restoration network takes."""
    return InputContract(min_s=5.0, window_s=10.0, whole_s=60.0, sees_voltage=True)
