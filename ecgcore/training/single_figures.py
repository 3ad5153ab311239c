"""Figures on test of the single-lead model, beside the model for any leads on the same leads.

All through prediction as users meet it.  The teacher is the model for any leads on all leads: the
ceiling.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgcore.datasets import (
    DATASETS,
    TWELVE_LEAD,
    Entry,
    data_root,
    load_index,
    load_recording,
    mitdb,
)
from ecgcore.errors import CannotAssessError
from ecgcore.evaluation import evaluate_predictions, interval, mean_auc_difference, patient_weights
from ecgcore.evaluation.bootstrap import N_BOOT
from ecgcore.evaluation.metrics import weighted_mean_auc
from ecgcore.evaluation.model_report import Predicted, card_metrics, targets_of
from ecgcore.evaluation.side_report import (
    HAND,
    LEAD_ONE,
    PTBXL,
    ask_entries,
    handheld_figures,
    single_entries,
)
from ecgcore.evaluation.tasks import task_report
from ecgcore.inference import LoadedModel, predict
from ecgcore.inference.outputs import sides_of
from ecgcore.labels import CORE_CODES, SUPERCLASSES
from ecgcore.leads import STANDARD_12
from ecgcore.models import LeadAttentionNet
from ecgcore.readers import read
from ecgcore.recording import Recording
from ecgcore.training.pools import mitdb_targets

Array = NDArray[np.float64]
Tell = Callable[[str], None]
DS2_CODES = ("AF", "PAC", "PVC")
_WINDOW_S = 10.0


@dataclass(frozen=True, eq=False)
class Said:
    """What a model says of recordings, columns as its labels; NaN where it cannot read one.

    Attributes
    ----------
    probabilities : array, shape (n, n_labels)
    assessed : array of bool, shape (n, n_labels)
        Whether a finding was given.
    """

    probabilities: Array
    assessed: NDArray[np.bool_]

    def nine(self, model: LoadedModel) -> Array:
        """Return the nine statements' columns."""
        return self.probabilities[:, [model.card.codes.index(code) for code in CORE_CODES]]


def said_of(model: LoadedModel, recordings: Sequence[Recording], lead: str | None) -> Said:
    """Ask a model about recordings on one lead (None: as they are)."""
    shape = (len(recordings), len(model.card.codes))
    probabilities, assessed = np.full(shape, np.nan), np.zeros(shape, dtype=np.bool_)
    for i, recording in enumerate(recordings):
        if lead is not None and not np.isfinite(recording.lead(lead)).any():
            continue
        part = recording if lead is None else recording.select((lead,))
        try:
            found = predict(model, part).findings
        except CannotAssessError:
            continue
        probabilities[i] = [finding.probability for finding in found]
        assessed[i] = [finding.finding is not None for finding in found]
    return Said(probabilities, assessed)


@dataclass(frozen=True)
class _Run:
    """Both models, on what, and who is told."""

    student: LoadedModel
    general: LoadedModel
    split: str
    n_boot: int
    tell: Tell


@dataclass(frozen=True, eq=False)
class _Asked:
    """Records, and what both models say of them from the same lead."""

    entries: tuple[Entry, ...]
    student: Said
    general: Said


def _asked(
    run: _Run, entries: Sequence[Entry], recordings: Sequence[Recording], lead: str | None
) -> _Asked:
    return _Asked(
        tuple(entries),
        said_of(run.student, recordings, lead),
        said_of(run.general, recordings, lead),
    )


def single_figures(
    student: LoadedModel,
    general: LoadedModel,
    *,
    split: str = "test",
    n_boot: int = N_BOOT,
    tell: Tell = lambda _words: None,
) -> dict[str, Any]:
    """Return every figure of a split.

    Returns
    -------
    dict
        ``teacher``: the general model on all leads; ``leads``: {lead: ``student``, ``general``,
        ``gain`` (student less general), ``gap`` (student less teacher)}; ``cpsc``, ``cinc``,
        ``super``, ``ds2``: the same for the single-lead sets.
    """
    run = _Run(student, general, split, n_boot, tell)
    names = [n for n, each in DATASETS.items() if each.kind == TWELVE_LEAD and n != "brugada"]
    found = load_index(data_root(), datasets=names)
    entries = [e for e in found if e.split == split and not np.isnan(e.targets).all()]
    recordings = [load_recording(e) for e in entries]
    tell(f"{len(entries)} records on all leads")
    whole = said_of(general, recordings, None).nine(general)
    leads, on_one = {}, []
    for lead in STANDARD_12:
        tell(f"lead {lead}")
        asked = _asked(run, entries, recordings, lead)
        leads[lead] = _beside(run, asked)
        leads[lead]["gap"] = _difference(asked.entries, asked.student.nine(student), whole, n_boot)
        if lead == "I":
            on_one.append(asked)
    on_one += [_set_asked(run, name) for name in (LEAD_ONE, HAND)]
    return {
        "split": split,
        "student": student.name,
        "general": general.name,
        "n": len(entries),
        "teacher": _figures(general, entries, whole, n_boot),
        "leads": leads,
        "cpsc": _beside(run, on_one[1]),
        "cinc": _beside(run, on_one[2]),
        "handheld": {model.name: _handheld(run, model) for model in _sides(run)},
        "super": _super_figures(run),
        "ds2": _ds2_figures(run),
        "card": _card_metrics(run, on_one),
    }


def card_part(figures: Mapping[str, Any]) -> dict[str, Any]:
    """Return what goes into the card: figures on lead I, and beside them all others."""
    rest = {name: each for name, each in figures.items() if name != "card"}
    return {**figures["card"], "single_lead": rest, "split": figures["split"]}


def _card_metrics(run: _Run, asked: Sequence[_Asked]) -> dict[str, Any]:
    """Return a card's metrics: lead I of twelve-lead and of single-lead records together."""
    parts = []
    for each in asked:
        heard = np.isfinite(each.student.probabilities[:, 0])
        kept = [e for e, known in zip(each.entries, heard, strict=True) if known]
        parts.append((kept, each.student.probabilities[heard], each.student.assessed[heard]))
    entries = tuple(entry for kept, _, _ in parts for entry in kept)
    predicted = Predicted(
        entries,
        targets_of(entries, run.student.card.codes),
        np.concatenate([p for _, p, _ in parts]),
        np.concatenate([assessed for _, _, assessed in parts]),
    )
    return card_metrics(run.student, predicted, n_boot=run.n_boot)


def _sides(run: _Run) -> list[LoadedModel]:
    """Return those of both models that say more than their statements."""
    both = (run.student, run.general)
    return [model for model in both if isinstance(model.network, LeadAttentionNet)]


def _figures(model: LoadedModel, entries: Sequence[Entry], p: Array, n_boot: int) -> dict[str, Any]:
    heard = np.isfinite(p[:, 0])
    kept = [e for e, known in zip(entries, heard, strict=True) if known]
    rules = {rule.code: rule for rule in model.card.labels}
    made = evaluate_predictions(
        targets_of(kept, CORE_CODES),
        p[heard],
        thresholds=[rules[code].threshold for code in CORE_CODES],
        groups=[e.group for e in kept],
        codes=CORE_CODES,
        n_boot=n_boot,
    )
    return {
        "n": made["n"],
        "n_patients": made["n_patients"],
        "mean_auc": made["mean"]["auc"],
        "mean_f1": made["mean"]["f1"],
        "classes": {
            code: {name: each[name] for name in ("n_positive", "auc", "f1", "ece")}
            for code, each in made["classes"].items()
        },
    }


def _beside(run: _Run, asked: _Asked) -> dict[str, Any]:
    mine, other = asked.student.nine(run.student), asked.general.nine(run.general)
    return {
        "student": _figures(run.student, asked.entries, mine, run.n_boot),
        "general": _figures(run.general, asked.entries, other, run.n_boot),
        "gain": _difference(asked.entries, mine, other, run.n_boot),
    }


def _difference(
    entries: Sequence[Entry], one: Array, other: Array, n_boot: int
) -> dict[str, float | None]:
    """Return by how much the mean area of one exceeds the other's, where both were heard."""
    heard = np.isfinite(one[:, 0]) & np.isfinite(other[:, 0])
    kept = [e for e, known in zip(entries, heard, strict=True) if known]
    return mean_auc_difference(
        targets_of(kept, CORE_CODES),
        one[heard],
        other[heard],
        groups=[e.group for e in kept],
        n_boot=n_boot,
    ).as_dict()


def _set_asked(run: _Run, name: str) -> _Asked:
    run.tell(name)
    # A recording that its reader calls unreadable tells nothing of rhythm.
    entries = [e for e in single_entries(name, run.split) if not np.isnan(e.targets).all()]
    return _asked(run, entries, [load_recording(e) for e in entries], None)


def _handheld(run: _Run, model: LoadedModel) -> dict[str, Any]:
    """Return F1 of CinC 2017's own classes, unreadable recordings included."""
    run.tell(f"hand-held classes, {model.name}")
    asked = ask_entries(model, single_entries(HAND, run.split))
    return handheld_figures(model, asked, n_boot=run.n_boot)


def _super_figures(run: _Run) -> dict[str, Any]:
    """Return PTB-XL's super-classes on lead I (test: its fold 10 here), not calibrated."""
    run.tell("super-classes on lead I")
    found = load_index(data_root(), datasets=PTBXL)
    entries = [e for e in found if e.split == run.split and not np.isnan(e.superclasses).any()]
    recordings = [load_recording(e) for e in entries]
    heard = [i for i, whole in enumerate(recordings) if np.isfinite(whole.lead("I")).any()]
    parts = {i: recordings[i].select(("I",)) for i in heard}
    targets = np.array([entries[i].superclasses for i in heard])
    groups = [entries[i].group for i in heard]
    out, scores = {}, {}
    for model in _sides(run):
        rows = [sides_of(model, parts[i]).superclasses for i in heard]
        scores[model.name] = np.array(rows)
        out[model.name] = task_report(
            targets, scores[model.name], groups=groups, codes=SUPERCLASSES, n_boot=run.n_boot
        )
    if len(scores) == 2:
        one, other = scores.values()
        out["gain"] = mean_auc_difference(
            targets, one, other, groups=groups, n_boot=run.n_boot
        ).as_dict()
    return out


def _ds2_figures(run: _Run) -> dict[str, Any]:
    """Return the areas of PAC, PVC and AF over 10 s windows of MLII, records resampled."""
    run.tell("windows of MIT-BIH, MLII")
    root = data_root()
    columns = [CORE_CODES.index(code) for code in DS2_CODES]
    targets, groups = [], []
    said: dict[str, list[list[float]]] = {run.student.name: [], run.general.name: []}
    for record, where in mitdb.split_of(root).items():
        recording = read(mitdb.record_path(root, record).with_suffix(".hea"))
        if where != run.split or "MLII" not in recording.leads:
            continue
        marked, rhythms = mitdb.read_beats(root, record), mitdb.read_rhythms(root, record)
        strip = recording.select(("MLII",))
        for model in (run.student, run.general):
            places = [model.card.codes.index(code) for code in DS2_CODES]
            windows = predict(model, strip, windows=True).windows
            said[model.name] += [[w.findings[j].probability for j in places] for w in windows]
        for window in windows:
            targets.append(mitdb_targets(marked, rhythms, window.start_s, _WINDOW_S)[columns])
            groups.append(record)
    if not groups:
        return {"n": 0, "n_records": 0}
    y = np.array(targets, dtype=np.float64)
    weights = patient_weights(groups, n_boot=run.n_boot)
    out: dict[str, Any] = {"n": len(groups), "n_records": len(set(groups))}
    for name, rows in said.items():
        p = np.array(rows)
        out[name] = {
            code: interval(_area(y[:, [j]], p[:, [j]]), weights).as_dict()
            for j, code in enumerate(DS2_CODES)
        }
    return out


def _area(y: Array, p: Array) -> Callable[[Array], Array]:
    return lambda w: weighted_mean_auc(y, p, w)


def figures_text(found: dict[str, Any]) -> str:
    """Return the figures for reading, as Markdown tables."""
    lines = [
        f"{found['student']} on one lead beside {found['general']} on the same lead; {found['n']} "
        f"records of {found['split']}. Teacher on all leads: mean AUC "
        f"{words(found['teacher']['mean_auc'])}.",
        "",
        "| Lead | Student AUC | General AUC | Gain | Below the teacher | Student F1 |",
        "| --- " * 6 + "|",
    ]
    for lead, each in found["leads"].items():
        parts = (each["student"]["mean_auc"], each["general"]["mean_auc"], each["gain"])
        said = [words(part) for part in (*parts, each["gap"], each["student"]["mean_f1"])]
        lines.append(f"| {' | '.join((lead, *said))} |")
    lines += ["", "| Set | Model | Mean AUC | AF AUC | AF F1 |", "| --- " * 5 + "|"]
    for name in ("cpsc", "cinc"):
        for model in ("student", "general"):
            each = found[name][model]
            af = each["classes"]["AF"]
            cells = (name, model, words(each["mean_auc"]), words(af["auc"]), words(af["f1"]))
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def words(figure: dict[str, float | None]) -> str:
    """Return a figure with its interval."""
    value, low, high = figure["value"], figure["low"], figure["high"]
    if value is None:
        return "-"
    if low is None or high is None:
        return f"{value:.3f}"
    return f"{value:.3f} ({low:.3f} to {high:.3f})"
