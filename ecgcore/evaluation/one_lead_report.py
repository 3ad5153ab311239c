"""Figures on test of the single-lead model, beside the model for any leads on the same leads.

Each record is read once, as users meet it, and both networks are asked about each of its leads.
The teacher is the model for any leads on all leads: the ceiling.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from ecgcore.datasets import DATASETS, TWELVE_LEAD, Entry, data_root, load_index, mitdb
from ecgcore.evaluation import interval, mean_auc_difference, patient_weights, weighted
from ecgcore.evaluation.asked import Read, Said, ask_reads, on_one_lead, read_all, read_one
from ecgcore.evaluation.bootstrap import N_BOOT, from_resamples
from ecgcore.evaluation.metrics import (
    class_auc,
    known_columns,
    mean_of_defined,
    measurable,
    weighted_mean_auc,
)
from ecgcore.evaluation.model_report import Predicted, card_metrics, targets_of
from ecgcore.evaluation.outliers import outlier_figures
from ecgcore.evaluation.side_report import (
    HAND,
    LEAD_ONE,
    PTBXL,
    Asked,
    handheld_figures,
    single_entries,
)
from ecgcore.evaluation.side_words import table, words
from ecgcore.evaluation.tasks import task_report
from ecgcore.inference import LoadedModel
from ecgcore.inference.findings import combine_windows
from ecgcore.inference.one_lead import blocked_on
from ecgcore.leads import STANDARD_12
from ecgcore.readers import read
from ecgcore.statements import CORE_CODES, SUPERCLASSES

Array = NDArray[np.float64]
Tell = Callable[[str], None]
DS2_CODES = ("AF", "PAC", "PVC")
_WINDOW_S = 10.0


@dataclass(frozen=True)
class _Run:
    """Both models, on what, and who is told."""

    student: LoadedModel
    general: LoadedModel
    split: str
    n_boot: int
    tell: Tell

    @property
    def both(self) -> tuple[LoadedModel, LoadedModel]:
        return self.student, self.general


@dataclass(frozen=True, eq=False)
class _Records:
    """Records as they were read, by the general model's contract, which is the student's too."""

    entries: tuple[Entry, ...]
    reads: tuple[Read, ...]

    def where(self, keep: NDArray[np.bool_]) -> "_Records":
        at = np.flatnonzero(keep)
        return _Records(tuple(self.entries[i] for i in at), tuple(self.reads[i] for i in at))

    @property
    def groups(self) -> list[str]:
        return [entry.group for entry in self.entries]


def probabilities(model: LoadedModel, said: Sequence[Said | None]) -> Array:
    """Return calibrated probabilities, shape (n, n_labels); NaN where nothing was said."""
    rules = model.card.labels
    out = np.full((len(said), len(rules)), np.nan)
    for i, each in enumerate(said):
        if each is not None:
            out[i] = combine_windows(each.logits, model.card.codes)
    temperature = np.array([rule.temperature for rule in rules])
    bias = np.array([rule.bias for rule in rules])
    return np.asarray(expit(np.clip(out / temperature + bias, -50, 50)))


def nine_of(model: LoadedModel, values: Array) -> Array:
    """Return the nine statements' columns."""
    return values[:, [model.card.codes.index(code) for code in CORE_CODES]]


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
        ``handheld``, ``super``, ``ds2``: on the single-lead sets, PTB-XL's super-classes on lead I,
        and windows of MIT-BIH; ``card``: what the card says.
    """
    run = _Run(student, general, split, n_boot, tell)
    twelve = _read(run, _twelve_entries(split), "twelve leads")
    whole = nine_of(general, probabilities(general, _ask(general, twelve)))
    leads: dict[str, Any] = {}
    on_one: list[tuple[_Records, list[Said | None]]] = []
    for k, lead in enumerate(STANDARD_12):
        tell(f"lead {lead}")
        said = {model.name: _ask_lead(model, twelve, k) for model in run.both}
        leads[lead] = _beside(run, twelve, said)
        mine = nine_of(student, probabilities(student, said[student.name]))
        leads[lead]["gap"] = _difference(run, twelve, mine, whole)
        if lead == "I":
            on_one.append((twelve, said[student.name]))
            superclasses = _super_figures(run, twelve, said)
    sets, handheld, asked = {}, {}, {}
    for name, key in ((LEAD_ONE, "cpsc"), (HAND, "cinc")):
        some = _read(run, single_entries(name, split), name)
        said = {model.name: _ask_lead(model, some, 0) for model in run.both}
        asked[name] = _select_answered(some, said[student.name])
        if name == HAND:
            handheld = _handheld(run, some, said)
        # A recording that its reader calls unreadable tells nothing of rhythm.
        known = np.array([not np.isnan(e.targets).all() for e in some.entries])
        kept, said = some.where(known), {n: _where(each, known) for n, each in said.items()}
        sets[key] = _beside(run, kept, said)
        on_one.append((kept, said[student.name]))
    return {
        "split": split,
        "student": student.name,
        "general": general.name,
        "n": len(twelve.entries),
        "teacher": _figures(run, general, twelve, whole),
        "leads": leads,
        **sets,
        "handheld": handheld,
        "super": superclasses,
        "refusal": _refusal(run, asked),
        "ds2": _ds2_figures(run),
        "card": _card_metrics(run, on_one),
    }


def card_part(figures: Mapping[str, Any]) -> dict[str, Any]:
    """Return what goes into the card: figures on lead I, and beside them all others."""
    rest = {name: each for name, each in figures.items() if name != "card"}
    return {
        **figures["card"],
        "single_lead": rest,
        "pooled": pooled_words(figures["card"], rest),
        "split": figures["split"],
    }


def pooled_words(card: Mapping[str, Any], rest: Mapping[str, Any]) -> str:
    """Return what the card's figures pool, and lead I of twelve-lead records alone.

    Parameters
    ----------
    card : mapping
        The card's metrics.
    rest : mapping
        The figures by lead, as :func:`single_figures` returns them.
    """
    sizes = {name: each["n"] for name, each in card["subgroups"]["dataset"].items()}
    parts: dict[bool, list[str]] = {True: [], False: []}
    for name, n in sizes.items():
        parts[DATASETS[name].kind == TWELVE_LEAD].append(f"{name} {n:,}")
    alone = rest["leads"]["I"]["student"]["mean_auc"]
    return (
        f"Pooled over lead I of twelve-lead records ({', '.join(parts[True])}) and recordings of "
        f"one lead ({', '.join(parts[False])}). Lead I of the twelve-lead records alone: mean AUC "
        f"of the nine {words(alone)}."
    )


# ---- asking --------------------------------------------------------------------------------


def _twelve_entries(split: str) -> list[Entry]:
    names = [n for n, each in DATASETS.items() if each.kind == TWELVE_LEAD and n != "brugada"]
    found = load_index(data_root(), datasets=names)
    return [e for e in found if e.split == split and not np.isnan(e.targets).all()]


def _read(run: _Run, entries: Sequence[Entry], what: str) -> _Records:
    def told(done: int, total: int) -> None:
        if done % 200 == 0 or done == total:
            run.tell(f"{what}: read {done} of {total}")

    return _Records(tuple(entries), tuple(read_all(run.general, entries, told)))


def _ask(model: LoadedModel, records: _Records) -> list[Said | None]:
    return list(ask_reads(model.network, records.reads))


def _ask_lead(model: LoadedModel, records: _Records, row: int) -> list[Said | None]:
    return on_one_lead(model.network, records.reads, row)


def _where(said: Sequence[Said | None], keep: NDArray[np.bool_]) -> list[Said | None]:
    return [each for each, wanted in zip(said, keep, strict=True) if wanted]


# ---- figures -------------------------------------------------------------------------------


def _beside(
    run: _Run, records: _Records, said: Mapping[str, Sequence[Said | None]]
) -> dict[str, Any]:
    mine, other = (nine_of(m, probabilities(m, said[m.name])) for m in run.both)
    return {
        "student": _figures(run, run.student, records, mine),
        "general": _figures(run, run.general, records, other),
        "gain": _difference(run, records, mine, other),
    }


def _figures(run: _Run, model: LoadedModel, records: _Records, p: Array) -> dict[str, Any]:
    """Return AUC and F1 at the model's thresholds, with intervals over patients."""
    heard = np.isfinite(p[:, 0])
    kept, p = records.where(heard), p[heard]
    y = targets_of(kept.entries, CORE_CODES)
    rows = np.concatenate([np.ones((1, len(y))), patient_weights(kept.groups, n_boot=run.n_boot)])
    limits = {rule.code: rule.threshold for rule in model.card.labels}
    classes: dict[str, Any] = {}
    areas, f1s = [], []
    for j in measurable(y):
        areas.append(class_auc(y[:, j], p[:, j], rows))
        truth, q, w = known_columns(y[:, j], p[:, j], rows)
        f1s.append(weighted.at_threshold(truth, q, w, limits[CORE_CODES[j]])["f1"])
        classes[CORE_CODES[j]] = {
            "n_positive": int((y[:, j] == 1).sum()),
            "auc": _interval(areas[-1]),
            "f1": _interval(f1s[-1]),
        }
    return {
        "n": len(y),
        "n_patients": len(set(kept.groups)),
        "mean_auc": _interval(mean_of_defined(areas, rows.shape[0])),
        "mean_f1": _interval(mean_of_defined(f1s, rows.shape[0])),
        "classes": classes,
    }


def _interval(values: Array) -> dict[str, float | None]:
    return from_resamples(float(values[0]), values[1:]).as_dict()


def _difference(run: _Run, records: _Records, one: Array, other: Array) -> dict[str, float | None]:
    """Return by how much the mean area of one exceeds the other's, where both were heard."""
    heard = np.isfinite(one[:, 0]) & np.isfinite(other[:, 0])
    kept = records.where(heard)
    return mean_auc_difference(
        targets_of(kept.entries, CORE_CODES),
        one[heard],
        other[heard],
        groups=kept.groups,
        n_boot=run.n_boot,
    ).as_dict()


def _card_metrics(
    run: _Run, on_one: Sequence[tuple[_Records, list[Said | None]]]
) -> dict[str, Any]:
    """Return a card's metrics: lead I of twelve-lead and of single-lead records together."""
    model = run.student
    blocked = np.array([bool(blocked_on(c, "I", model.card.out_of_fold)) for c in model.card.codes])
    entries: list[Entry] = []
    parts, assessed = [], []
    for records, said in on_one:
        p = probabilities(model, said)
        heard = np.isfinite(p[:, 0])
        kept = records.where(heard)
        entries += kept.entries
        parts.append(p[heard])
        silent = np.array([bool(each.limits.everywhere) for each in kept.reads])
        assessed.append(~(silent[:, None] | blocked))
    predicted = Predicted(
        tuple(entries),
        targets_of(entries, model.card.codes),
        np.concatenate(parts),
        np.concatenate(assessed),
    )
    return card_metrics(model, predicted, n_boot=run.n_boot)


def _sides(run: _Run) -> list[LoadedModel]:
    """Return those of both models that say more than their statements."""
    return [model for model in run.both if hasattr(model.network, "outputs")]


def _handheld(
    run: _Run, records: _Records, said: Mapping[str, list[Said | None]]
) -> dict[str, Any]:
    """Return F1 of CinC 2017's own classes, unreadable recordings included."""
    out = {}
    for model in _sides(run):
        asked = _select_answered(records, said[model.name])
        out[model.name] = handheld_figures(model, asked, n_boot=run.n_boot)
    return out


def _select_answered(records: _Records, said: Sequence[Said | None]) -> Asked:
    """Return the records that something was said of."""
    kept = records.where(np.array([each is not None for each in said]))
    return Asked(kept.entries, kept.reads, tuple(each for each in said if each is not None))


def _refusal(run: _Run, asked: Mapping[str, Asked]) -> dict[str, Any]:
    """Return whether the student refuses strips that their reader calls unreadable."""
    if run.student.distance is None:
        return {}
    scale = run.student.card.abstention.get("scale")
    return outlier_figures(run.student, run.split, asked, scale=scale, n_boot=run.n_boot)


def _super_figures(
    run: _Run, records: _Records, said: Mapping[str, list[Said | None]]
) -> dict[str, Any]:
    """Return PTB-XL's super-classes on lead I (test: its fold 10 here), not calibrated."""
    models = _sides(run)
    if not models:
        return {}
    keep = np.array(
        [
            e.dataset in PTBXL
            and not np.isnan(e.superclasses).any()
            and all(said[model.name][i] is not None for model in models)
            for i, e in enumerate(records.entries)
        ]
    )
    kept = records.where(keep)
    targets = np.array([e.superclasses for e in kept.entries])
    out: dict[str, Any] = {}
    scores = []
    for model in models:
        spoken = [each for each in _where(said[model.name], keep) if each is not None]
        rows = [each.superclasses.max(axis=0) for each in spoken if each.superclasses is not None]
        scores.append(np.stack(rows))
        out[model.name] = task_report(
            targets, scores[-1], groups=kept.groups, codes=SUPERCLASSES, n_boot=run.n_boot
        )
    if len(scores) == 2:
        gain = mean_auc_difference(targets, *scores, groups=kept.groups, n_boot=run.n_boot)
        out["gain"] = gain.as_dict()
    return out


def _ds2_figures(run: _Run) -> dict[str, Any]:
    """Return the areas of PAC, PVC and AF over 10 s windows of MLII, records resampled."""
    root = data_root()
    columns = [CORE_CODES.index(code) for code in DS2_CODES]
    targets, groups = [], []
    logits: dict[str, list[Array]] = {model.name: [] for model in run.both}
    for record, where in mitdb.split_of(root).items():
        if where != run.split:
            continue
        recording = read(mitdb.record_path(root, record).with_suffix(".hea"))
        if "MLII" not in recording.leads:
            continue
        run.tell(f"MIT-BIH {record}")
        marked, rhythms = mitdb.read_beats(root, record), mitdb.read_rhythms(root, record)
        one = read_one(run.general, record, recording.select(("MLII",)))
        for model in run.both:
            places = [model.card.codes.index(code) for code in DS2_CODES]
            logits[model.name].append(ask_reads(model.network, [one])[0].logits[:, places])
        for window in one.reading.pieces:
            start = window.start / one.reading.given.fs_hz
            targets.append(mitdb.window_targets(marked, rhythms, start, _WINDOW_S)[columns])
            groups.append(record)
    if not groups:
        return {"n": 0, "n_records": 0}
    y = np.array(targets, dtype=np.float64)
    weights = patient_weights(groups, n_boot=run.n_boot)
    out: dict[str, Any] = {"n": len(groups), "n_records": len(set(groups))}
    for name, parts in logits.items():
        p = np.concatenate(parts)
        out[name] = {
            code: interval(_area(y[:, [j]], p[:, [j]]), weights).as_dict()
            for j, code in enumerate(DS2_CODES)
        }
    return out


def _area(y: Array, p: Array) -> Callable[[Array], Array]:
    return lambda w: weighted_mean_auc(y, p, w)


def figures_text(found: dict[str, Any]) -> str:
    """Return the figures for reading, as Markdown tables."""
    head = ("Lead", "Student AUC", "General AUC", "Gain", "Below the teacher", "Student F1")
    rows = []
    for lead, each in found["leads"].items():
        mine, other = each["student"], each["general"]
        parts = (mine["mean_auc"], other["mean_auc"], each["gain"], each["gap"], mine["mean_f1"])
        rows.append([lead, *(words(part) for part in parts)])
    sets = []
    for name in ("cpsc", "cinc"):
        for model in ("student", "general"):
            each = found[name][model]
            af = each["classes"]["AF"]
            cells = (each["mean_auc"], af["auc"], af["f1"])
            sets.append([name, model, *(words(cell) for cell in cells)])
    return "\n".join(
        (
            f"{found['student']} on one lead beside {found['general']} on the same lead; "
            f"{found['n']} records of {found['split']}. Teacher on all leads: mean AUC "
            f"{words(found['teacher']['mean_auc'])}.",
            "",
            table(head, rows),
            table(("Set", "Model", "Mean AUC", "AF AUC", "AF F1"), sets).rstrip(),
            "",
        )
    )
