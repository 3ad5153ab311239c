"""Figures on test of the single-lead model, beside the model for any leads on the same leads.

All through prediction as users meet it.  The teacher is the model for any leads on all leads: the
ceiling.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgcore.datasets import (
    DATASETS,
    SINGLE_LEAD,
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
from ecgcore.evaluation.model_report import targets_of
from ecgcore.evaluation.side_report import PTBXL, handheld_figures
from ecgcore.evaluation.tasks import task_report
from ecgcore.inference import LoadedModel, predict
from ecgcore.inference.outputs import sides_of
from ecgcore.labels import CORE_CODES, SUPERCLASSES
from ecgcore.leads import STANDARD_12
from ecgcore.readers import read
from ecgcore.recording import Recording
from ecgcore.training.pools import mitdb_targets

Array = NDArray[np.float64]
Tell = Callable[[str], None]
DS2_CODES = ("AF", "PAC", "PVC")
_WINDOW_S = 10.0


@dataclass(frozen=True, eq=False)
class Asked:
    """What both models say of the same records, from the same lead, of the nine statements."""

    entries: tuple[Entry, ...]
    student: Array
    general: Array

    @property
    def targets(self) -> Array:
        """Of the nine statements, shape (n, 9)."""
        return targets_of(self.entries, CORE_CODES)

    @property
    def groups(self) -> list[str]:
        """Patients."""
        return [entry.group for entry in self.entries]


def probabilities(
    model: LoadedModel,
    recordings: Sequence[Recording],
    lead: str | None,
) -> Array:
    """Return the nine probabilities of recordings on one lead (None: as they are), (n, 9).

    NaN where a recording cannot be read from that lead.
    """
    places = [model.card.codes.index(code) for code in CORE_CODES]
    out = np.full((len(recordings), len(places)), np.nan)
    for i, recording in enumerate(recordings):
        try:
            part = recording if lead is None else recording.select((lead,))
            if not np.isfinite(part.signal).any():
                continue
            found = predict(model, part).findings
        except CannotAssessError:
            continue
        out[i] = [found[j].probability for j in places]
    return out


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
    entries = [e for e in load_index(data_root(), datasets=names) if e.split == split]
    entries = [e for e in entries if not np.isnan(e.targets).all()]
    recordings = [load_recording(e) for e in entries]
    tell(f"{len(entries)} records on all leads")
    whole = probabilities(general, recordings, None)
    teacher = _figures(general, entries, whole, n_boot)
    leads = {}
    for lead in STANDARD_12:
        tell(f"lead {lead}")
        asked = Asked(
            tuple(entries),
            probabilities(student, recordings, lead),
            probabilities(general, recordings, lead),
        )
        leads[lead] = _beside(student, general, asked, n_boot)
        leads[lead]["gap"] = _difference(asked, asked.student, whole, n_boot)
    return {
        "split": split,
        "student": student.name,
        "general": general.name,
        "n": len(entries),
        "teacher": teacher,
        "leads": leads,
        "cpsc": _set_figures(run, "cpsc2018_lead1"),
        "cinc": _set_figures(run, "cinc2017"),
        "handheld": {m.name: handheld_figures(m, split, n_boot=n_boot) for m in (student, general)},
        "super": _super_figures(run),
        "ds2": _ds2_figures(run),
    }


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


def _beside(
    student: LoadedModel, general: LoadedModel, asked: Asked, n_boot: int
) -> dict[str, Any]:
    return {
        "student": _figures(student, asked.entries, asked.student, n_boot),
        "general": _figures(general, asked.entries, asked.general, n_boot),
        "gain": _difference(asked, asked.student, asked.general, n_boot),
    }


def _difference(asked: Asked, one: Array, other: Array, n_boot: int) -> dict[str, float | None]:
    """Return by how much the mean area of one exceeds the other's, where both were heard."""
    heard = np.isfinite(one[:, 0]) & np.isfinite(other[:, 0])
    groups = np.array(asked.groups)[heard]
    return mean_auc_difference(
        asked.targets[heard], one[heard], other[heard], groups=groups, n_boot=n_boot
    ).as_dict()


@dataclass(frozen=True)
class _Run:
    """Both models, on what, and who is told."""

    student: LoadedModel
    general: LoadedModel
    split: str
    n_boot: int
    tell: Tell


def _set_figures(run: _Run, name: str) -> dict[str, Any]:
    run.tell(name)
    found = load_index(data_root(), kind=SINGLE_LEAD, datasets=[name])
    # A recording that its reader calls unreadable tells nothing of rhythm.
    entries = [e for e in found if e.split == run.split and not np.isnan(e.targets).all()]
    recordings = [load_recording(e) for e in entries]
    asked = Asked(
        tuple(entries),
        probabilities(run.student, recordings, None),
        probabilities(run.general, recordings, None),
    )
    return _beside(run.student, run.general, asked, run.n_boot)


def _super_figures(run: _Run) -> dict[str, Any]:
    """Return PTB-XL's super-classes on lead I (test: its fold 10 here), not calibrated."""
    run.tell("super-classes on lead I")
    found = load_index(data_root(), datasets=PTBXL)
    entries = [e for e in found if e.split == run.split and not np.isnan(e.superclasses).any()]
    parts = [load_recording(e).select(("I",)) for e in entries]
    heard = [i for i, part in enumerate(parts) if np.isfinite(part.signal).any()]
    targets = np.array([entries[i].superclasses for i in heard])
    groups = [entries[i].group for i in heard]
    out, scores = {}, {}
    for model in (run.student, run.general):
        try:
            rows = [sides_of(model, parts[i]).superclasses for i in heard]
        except CannotAssessError:
            continue
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
