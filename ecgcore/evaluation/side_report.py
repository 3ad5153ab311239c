"""Figures of what a network says beside the twelve-lead statements, on the sets it learned from.

Lead I of CPSC 2018 (nine statements), CinC 2017 (its own four classes), MIT-BIH (kinds of beats)
and PTB-XL's super-classes: each on the fixed split, through prediction as users meet it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from ecgcore.datasets import DATASETS, Entry, data_root, load_index, mitdb
from ecgcore.datasets.cinc2017 import TARGETS as CINC2017_CLASSES
from ecgcore.datasets.index import SINGLE_LEAD, TWELVE_LEAD
from ecgcore.datasets.mitdb import read_beats
from ecgcore.errors import CannotAssessError, DatasetError
from ecgcore.evaluation.asked import Read, Said, ask_reads, read_all
from ecgcore.evaluation.beat_kinds import Counts, count, groups_of
from ecgcore.evaluation.bootstrap import N_BOOT, Interval, from_resamples, patient_weights
from ecgcore.evaluation.metrics import class_auc
from ecgcore.evaluation.model_report import targets_of
from ecgcore.evaluation.report import evaluate_predictions
from ecgcore.evaluation.tasks import task_report
from ecgcore.inference import LoadedModel, ModelCard
from ecgcore.inference.outputs import KINDS, beat_shares, biased
from ecgcore.inference.predict import combine_windows
from ecgcore.inference.predict import handheld_shares as shares_of
from ecgcore.models import HANDHELD
from ecgcore.readers import read
from ecgcore.signal.beats import detect_beats
from ecgcore.statements import CORE_CODES, NETWORK_CODES, SUPERCLASSES

Array = NDArray[np.float64]
Report = Callable[[str], None]
PTBXL = ("ptbxl", "ptbxl_extra", "challenge2021")
LEAD_ONE, HAND = "cpsc2018_lead1", "cinc2017"
# Most of DS2's supraventricular beats are this patient's.
ONE_OF_MANY = "232"


@dataclass(frozen=True, eq=False)
class Asked:
    """Labelled records, how the model read them, and what it said; of one length."""

    entries: tuple[Entry, ...]
    reads: tuple[Read, ...]
    said: tuple[Said, ...]

    @property
    def groups(self) -> list[str]:
        """Patients."""
        return [entry.group for entry in self.entries]

    def where(self, keep: Callable[[Entry], bool]) -> "Asked":
        """Return the records that are wanted."""
        at = [i for i, entry in enumerate(self.entries) if keep(entry)]
        return Asked(
            tuple(self.entries[i] for i in at),
            tuple(self.reads[i] for i in at),
            tuple(self.said[i] for i in at),
        )

    def __add__(self, other: "Asked") -> "Asked":
        """Return the records of both."""
        return Asked(self.entries + other.entries, self.reads + other.reads, self.said + other.said)

    def rows(self) -> list[tuple[str, Read | None]]:
        """Return patient and reading of each."""
        return [(read.group, read) for read in self.reads]

    def probabilities(self, model: LoadedModel) -> Array:
        """Return calibrated probabilities, shape (n, n_labels), of all windows together."""
        rules = model.card.labels
        logits = np.stack([combine_windows(each.logits, model.card.codes) for each in self.said])
        temperature = np.array([rule.temperature for rule in rules])
        bias = np.array([rule.bias for rule in rules])
        return np.asarray(expit(np.clip(logits / temperature + bias, -50, 50)))


def ask_entries(
    model: LoadedModel,
    entries: Sequence[Entry],
    report: Callable[[int, int], None] = lambda _done, _total: None,
) -> Asked:
    """Read entries and ask the model's network.

    Raises
    ------
    DatasetError
        If there are no entries, or one cannot be read or run.
    """
    reads = read_all(model, entries, report)
    said = ask_reads(model.network, reads)
    return Asked(tuple(entries), tuple(reads), tuple(said))


def single_entries(name: str, split: str) -> list[Entry]:
    """Return a single-lead set's records of a split."""
    found = load_index(data_root(), kind=SINGLE_LEAD, datasets=[name])
    return [entry for entry in found if entry.split == split]


def twelve_lead_names(card: ModelCard) -> list[str]:
    """Return the twelve-lead data sets that a card names.

    Raises
    ------
    DatasetError
        If it names none.
    """
    known = {name for name, each in DATASETS.items() if each.kind == TWELVE_LEAD}
    names = [source.name for source in card.data if source.name in known]
    if not names:
        raise DatasetError(f"The card of {card.full_name} names no data set to measure on.")
    return names


def ask_split(
    model: LoadedModel, split: str, report: Callable[[int, int], None] = lambda _d, _t: None
) -> dict[str, Asked]:
    """Return the labelled records of a split, twelve leads and one, read and asked."""
    twelve = load_index(data_root(), datasets=twelve_lead_names(model.card))
    entries = {TWELVE_LEAD: [e for e in twelve if e.split == split]}
    for name in (LEAD_ONE, HAND):
        entries[name] = single_entries(name, split)
    return {name: ask_entries(model, rows, report) for name, rows in entries.items()}


def is_unreadable(entry: Entry) -> bool:
    """Return whether CinC 2017 calls a record too noisy to classify."""
    return entry.dataset == HAND and _key(entry.targets) == _key(CINC2017_CLASSES["~"])


def side_figures(
    model: LoadedModel,
    split: str,
    asked: Mapping[str, Asked],
    *,
    report: Report = lambda _words: None,
    n_boot: int = N_BOOT,
) -> dict[str, Any]:
    """Return the figures of all tasks on a split.

    Parameters
    ----------
    split : str
        ``"val"`` or ``"test"``; of MIT-BIH, test is DS2.
    asked : mapping
        Of :data:`TWELVE_LEAD`, :data:`LEAD_ONE` and :data:`HAND` the records of this split.
    report : callable
        Called with the name of each part before it begins.

    Returns
    -------
    dict
        ``lead_one``, ``handheld``, ``superclasses``, ``ptbxl_statements``, ``beats``.
    """
    ptbxl = ptbxl_only(asked[TWELVE_LEAD])
    report("beats")
    beats = beat_figures(beat_tables(model, split), n_boot=n_boot)
    return {
        "lead_one": lead_one_figures(model, asked[LEAD_ONE], n_boot=n_boot),
        "handheld": handheld_figures(model, asked[HAND], n_boot=n_boot),
        "superclasses": superclass_figures(ptbxl, n_boot=n_boot),
        "ptbxl_statements": statement_figures(model, ptbxl, n_boot=n_boot),
        "beats": beats,
    }


def ptbxl_only(asked: Asked) -> Asked:
    """Return PTB-XL's records, wherever they lie."""
    return asked.where(lambda e: e.dataset in PTBXL and not np.isnan(e.superclasses).any())


def lead_one_figures(model: LoadedModel, asked: Asked, *, n_boot: int = N_BOOT) -> dict[str, Any]:
    """Return AUC and F1 of the nine statements on lead I of CPSC 2018."""
    columns = [model.card.codes.index(code) for code in CORE_CODES]
    return evaluate_predictions(
        np.array([entry.targets for entry in asked.entries]),
        asked.probabilities(model)[:, columns],
        thresholds=[model.card.labels[j].threshold for j in columns],
        groups=asked.groups,
        codes=CORE_CODES,
        n_boot=n_boot,
    )


def handheld_figures(model: LoadedModel, asked: Asked, *, n_boot: int = N_BOOT) -> dict[str, Any]:
    """Return F1 of the four classes of CinC 2017 and the challenge's mean of N, A and O.

    ``af_auc`` is the area of the statement AF against all the rest, unreadable records included.
    """
    truth = handheld_truth(asked.entries)
    shares = handheld_shares(asked, model.card.sides.get("handheld_bias"))
    said = shares.argmax(axis=1)
    weights = patient_weights(asked.groups, n_boot=n_boot)
    rows = np.concatenate([np.ones((1, truth.size)), weights])
    each = {name: _f1(truth == j, said == j, rows) for j, name in enumerate(HANDHELD)}
    mean = np.mean([each[name] for name in HANDHELD[:3]], axis=0)
    figures = {
        name: _interval(values) for name, values in {**each, "mean of N, A, O": mean}.items()
    }
    plain = handheld_shares(asked)
    is_af = (truth == HANDHELD.index("A")).astype(np.float64)
    af = asked.probabilities(model)[:, model.card.codes.index("AF")]
    return {
        "n": int(truth.size),
        "f1": figures,
        "af_auc": _interval(class_auc(is_af, af, rows)),
        "af_auc_class": _interval(class_auc(is_af, plain[:, HANDHELD.index("A")], rows)),
        "confusion": _confusion(truth, said),
    }


def handheld_truth(entries: Sequence[Entry]) -> NDArray[np.int64]:
    """Return the class of CinC 2017 of each record, as an index of ``HANDHELD``."""
    keys = {_key(targets): HANDHELD.index(name) for name, targets in CINC2017_CLASSES.items()}
    return np.array([keys[_key(entry.targets)] for entry in entries])


def handheld_shares(asked: Asked, bias: Sequence[float] | None = None) -> Array:
    """Return how likely each class is, shape (n, 4), the mean over the windows.

    Raises
    ------
    CannotAssessError
        If the network has no such classes.
    """
    found = []
    for each in asked.said:
        if each.handheld is None:
            raise CannotAssessError("This network has no classes of hand-held recordings.")
        found.append(shares_of(each.handheld, bias))
    return np.stack(found)


@dataclass(frozen=True, eq=False)
class BeatTable:
    """The beats of one record of MIT-BIH that were found, and how they were told.

    Attributes
    ----------
    groups : array of str, shape (n,)
        AAMI groups; "-" where nobody marked a beat.
    shares : array, shape (n, 3)
        Columns as ``KINDS``.
    missed : dict of str to int
        Reference beats that were not found, by group.
    """

    groups: NDArray[np.str_]
    shares: Array
    missed: dict[str, int]

    def counts(self, bias: Sequence[float] | None = None) -> Counts:
        """Return true, missed and false beats, with a bias on the shares' logarithms."""
        shares = np.nan_to_num(biased(self.shares, bias))
        return count(self.groups, np.array(KINDS)[shares.argmax(axis=1)], self.missed)


def beat_tables(model: LoadedModel, split: str) -> dict[str, BeatTable]:
    """Return the beats of every record of a split, found by the project's own detector.

    A model of one lead is shown the first.
    """
    root = data_root()
    records = [r for r, where in mitdb.split_of(root).items() if where == split]
    found = {}
    for record in records:
        recording = read(mitdb.record_path(root, record).with_suffix(".hea"))
        if model.card.input.max_leads == 1:
            recording = recording.select(recording.leads[:1])
        r_s = detect_beats(recording.signal, recording.fs_hz)
        groups, missed = groups_of(read_beats(root, record), r_s)
        found[record] = BeatTable(groups, beat_shares(model, recording, r_s), missed)
    return found


def beat_figures(tables: Mapping[str, BeatTable], *, n_boot: int = N_BOOT) -> dict[str, Any]:
    """Return how well beats are told: together, by record, and without record 232."""
    counts = {record: table.counts() for record, table in tables.items()}
    without = [record for record in counts if record != ONE_OF_MANY]
    return {
        "all": _kinds(counts, list(counts), n_boot),
        f"without {ONE_OF_MANY}": _kinds(counts, without, n_boot),
        "by record": {
            record: {kind: _plain(each.figures(kind)) for kind in KINDS[1:]}
            for record, each in counts.items()
        },
    }


def _plain(figures: Mapping[str, float]) -> dict[str, float | None]:
    return {name: float(v) if np.isfinite(v) else None for name, v in figures.items()}


def superclass_figures(asked: Asked, *, n_boot: int = N_BOOT) -> dict[str, Any]:
    """Return the AUC of PTB-XL's super-classes on its records of a split (test: fold 10)."""
    scores = [each.superclasses.max(axis=0) for each in asked.said if each.superclasses is not None]
    return task_report(
        np.array([e.superclasses for e in asked.entries]),
        np.array(scores),
        groups=asked.groups,
        codes=SUPERCLASSES,
        n_boot=n_boot,
    )


def statement_figures(model: LoadedModel, asked: Asked, *, n_boot: int = N_BOOT) -> dict[str, Any]:
    """Return the AUC of every statement the model has, on PTB-XL's records of a split.

    Not PTB-XL's task of all 71 statements: those that the model does not know are not in it.
    """
    codes = [code for code in model.card.codes if code in NETWORK_CODES]
    return task_report(
        targets_of(asked.entries, codes),
        np.stack([each.logits.max(axis=0) for each in asked.said]),
        groups=asked.groups,
        codes=codes,
        n_boot=n_boot,
    )


def _key(targets: Sequence[float]) -> tuple[float, ...]:
    return tuple(-1.0 if np.isnan(t) else float(t) for t in targets)


def _kinds(counts: Mapping[str, Counts], records: Sequence[str], n_boot: int) -> dict[str, Any]:
    weights = patient_weights(list(records), n_boot=n_boot)
    rows = np.concatenate([np.ones((1, len(records))), weights])
    out: dict[str, Any] = {}
    for at, kind in enumerate(KINDS[1:]):
        # Counts keeps ventricular first.
        place = 1 - at
        table = np.array(
            [
                [counts[r].true[place], counts[r].missed[place], counts[r].false[place]]
                for r in records
            ]
        )
        true, missed, false = (rows @ table).T
        with np.errstate(invalid="ignore", divide="ignore"):
            found = {
                "sensitivity": true / (true + missed),
                "ppv": true / (true + false),
                "f1": 2 * true / (2 * true + missed + false),
            }
        out[kind] = {name: _interval(values) for name, values in found.items()}
        out[kind]["n"] = int(table[:, :2].sum())
    return out


def _f1(truth: NDArray[np.bool_], said: NDArray[np.bool_], rows: Array) -> Array:
    both = rows @ (truth & said).astype(float)
    either = rows @ truth.astype(float) + rows @ said.astype(float)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(2 * both / either)


def _confusion(truth: NDArray[np.int64], said: NDArray[np.int64]) -> dict[str, dict[str, int]]:
    return {
        name: {other: int(((truth == i) & (said == j)).sum()) for j, other in enumerate(HANDHELD)}
        for i, name in enumerate(HANDHELD)
    }


def _interval(values: Array) -> dict[str, float | None]:
    found: Interval = from_resamples(float(values[0]), values[1:])
    return found.as_dict()
