"""Attribution over a population: by statement and lead, and along the beat.

The published system's second level (Zhang et al., iScience 24:102373, 2021): SHAP values of many
records, joined by statement and lead.  Deviations, each because the original is unstable: the
mean of |SHAP| instead of the signed sum (positives and negatives cancel), with the signed mean
beside it; every statement that the network flags instead of the highest alone; absent samples
take no part.  Only sums over patients leave this module.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ecgcore.datasets import Entry, load_recording
from ecgcore.evaluation import population_beats as beats
from ecgcore.evaluation.bootstrap import N_BOOT, from_resamples, patient_weights
from ecgcore.evaluation.model_report import targets_of
from ecgcore.evaluation.population_records import Caller, Record, plain_call, read_records
from ecgcore.evaluation.single_leads import single_lead_figures
from ecgcore.explain.expected_gradients import expected_gradients
from ecgcore.explain.references import References, simulated_references
from ecgcore.inference import LoadedModel
from ecgcore.inference.windows import Window

Array = NDArray[np.float64]

SCHEMA = 1
FILE = "population.json"
TOP_LEADS = 3
RANDOM_DRAWS = 8


@dataclass(frozen=True)
class Settings:
    """How much is computed.

    Attributes
    ----------
    n_draws : int
        Gradients a record and statement.
    n_references : int
    max_records : int
        Flagged records a statement; drawn at random where there are more.
    min_records : int
        With fewer flagged records nothing is stated.
    seed, n_boot : int
    """

    n_draws: int = 32
    n_references: int = 48
    max_records: int = 60
    min_records: int = 5
    seed: int = 0
    n_boot: int = N_BOOT


@dataclass(frozen=True, eq=False)
class _Explained:
    """One record and statement: what is kept of its map."""

    row: int
    size: Array
    signed: Array
    total: float
    expected: float
    beat: tuple[Array, Array, Array] | None


def population_figures(
    model: LoadedModel,
    entries: Sequence[Entry],
    *,
    call: Caller = plain_call,
    settings: Settings | None = None,
    report: Callable[[str, int, int], None] = lambda _what, _done, _total: None,
) -> dict[str, Any]:
    """Return the page Population's figures, ready for JSON.

    Parameters
    ----------
    model : LoadedModel
        On the CPU, used by no other thread.
    entries : sequence of Entry
        Twelve-lead records that the model did not learn from.
    call : callable, optional
        How the network is asked; see :data:`Caller`.
    settings : Settings, optional
    report : callable, optional
        Called with what is being done, how many are done, and of how many.

    Returns
    -------
    dict
        ``classes``: {code: {``n_flagged``, ``n``, ``n_positive``, ``share``, ``signed``, ``check``,
        ``completeness``, ``beat``}} (only the counts where fewer than ``min_records`` are
        flagged); ``average``: the mean of the shares over these; ``single_leads``: see
        :func:`ecgcore.evaluation.single_leads.single_lead_figures`.

    Raises
    ------
    DatasetError
        If there are no entries, or a record cannot be read or run.
    """
    chosen = settings or Settings()
    records = read_records(model, entries, call=call, report=report)
    references = simulated_references(model.card.input, n=chosen.n_references, seed=chosen.seed)
    maker = _Maker(model, records, references, chosen)
    codes = model.card.codes
    targets = targets_of(entries, codes)
    classes, shares = {}, []
    for output, code in enumerate(codes):
        classes[code], resampled = maker.statement(output, targets[:, output])
        if resampled is not None:
            shares.append(resampled)
        report(f"explained {code}:", output + 1, len(codes))
    return {
        "schema": SCHEMA,
        "model": model.name,
        "weights_sha256": model.card.weights_sha256,
        "split": ", ".join(sorted({e.split for e in entries})),
        "n": len(entries),
        "n_patients": len({e.group for e in entries}),
        "leads": list(model.card.input.leads),
        "how": _how(references, chosen),
        "times_ms": [round(1000 * float(t)) for t in beats.TIMES_S],
        "classes": classes,
        "average": {"share": _intervals(np.mean(shares, axis=0))} if shares else None,
        "single_leads": single_lead_figures(model, records, targets, n_boot=chosen.n_boot),
    }


def _how(references: References, settings: Settings) -> dict[str, str]:
    return {
        "method": f"Gradient SHAP (expected gradients), {settings.n_draws} draws per record and "
        f"statement, on the logit, against {references.words}.",
        "records": "Records in which the network's probability reaches the statement's threshold, "
        f"whatever their label; at most {settings.max_records} per statement, drawn at random; "
        f"statements with fewer than {settings.min_records} are not shown.",
        "share": "Mean |SHAP| over time and records, as each lead's share of all twelve; 95 % "
        "intervals, patients resampled.",
        "signed": "Mean SHAP over time and records, in thousandths of a logit per second; "
        "positive values support the statement.",
        "beat": "Beats found by the software, aligned at R and averaged within each record, "
        "then across patients. A drawn beat is the mean of at least "
        f"{beats.MIN_PATIENTS} patients, each lead in units of its own standard deviation; "
        "otherwise it is simulated.",
        "check": f"The {TOP_LEADS} leads with the largest share are removed, and for comparison "
        f"{TOP_LEADS} random other leads, {RANDOM_DRAWS} times. Passed if the logit falls further, "
        "averaged over the records, than in each of the comparisons.",
    }


class _Maker:
    """Explains statement by statement; holds what they share."""

    def __init__(
        self,
        model: LoadedModel,
        records: list[Record],
        references: References,
        settings: Settings,
    ) -> None:
        self.model, self.records, self.references = model, records, references
        self.settings = settings
        self.n_leads = len(model.card.input.leads)
        groups = [r.entry.group for r in records]
        weights = patient_weights(groups, n_boot=settings.n_boot, seed=settings.seed)
        # Row 0 is the sample itself.
        self.weights = np.concatenate([np.ones((1, len(records))), weights])
        self._r_peaks: dict[tuple[int, str], Array] = {}

    def statement(self, output: int, targets: Array) -> tuple[dict[str, Any], Array | None]:
        """Return a statement's figures, and its shares (1 + n_boot, n_leads) or None."""
        flagged = self._flagged(output)
        counts: dict[str, Any] = {"n_flagged": len(flagged)}
        if len(flagged) < self.settings.min_records:
            return counts, None
        rng = np.random.default_rng([self.settings.seed, output])
        kept = sorted(rng.permutation(flagged)[: self.settings.max_records].tolist())
        found = [self._explain(row, output) for row in kept]
        shares = self._shares(kept, np.stack([e.size for e in found]))
        gaps = [abs(e.total - e.expected) for e in found]
        code = self.model.card.codes[output]
        return (
            counts
            | {
                "n": len(kept),
                "n_positive": int((targets[kept] == 1).sum()),
                "share": _intervals(shares),
                "signed": _numbers(1000 * beats.mean_of(e.signed for e in found)),
                "completeness": {
                    "expected": _number(np.mean([e.expected for e in found])),
                    "mean_gap": _number(np.mean(gaps)),
                },
                "check": self._check(kept, output, shares[0]),
                "beat": self._beat(code, found),
            },
            shares,
        )

    def _flagged(self, output: int) -> list[int]:
        rule = self.model.card.labels[output]
        highest = [float(r.logits[:, output].max()) for r in self.records]
        return [row for row, z in enumerate(highest) if rule.probability(z) >= rule.threshold]

    def _explain(self, row: int, output: int) -> _Explained:
        record = self.records[row]
        given, window = record.reading.given, record.piece(output)
        x, present = given.batch([window])
        found = expected_gradients(
            record.ask(given, window),
            x,
            present,
            given.index,
            output=output,
            references=self.references,
            n_draws=self.settings.n_draws,
            seed=row,
        )
        seconds = np.maximum(present[0].sum(dim=1).numpy(), 1) / given.fs_hz
        rows = given.index.tolist()
        size, signed = np.full((2, self.n_leads), np.nan)
        size[rows] = np.abs(found.values).sum(axis=1, dtype=np.float64) / seconds
        signed[rows] = found.values.sum(axis=1, dtype=np.float64) / seconds
        beat = self._cut(row, output, found.values, np.asarray(x[0].numpy()), window)
        return _Explained(row, size, signed, found.total, found.expected, beat)

    def _cut(
        self,
        row: int,
        output: int,
        values: NDArray[np.float32],
        x: NDArray[np.float32],
        window: Window,
    ) -> tuple[Array, Array, Array] | None:
        """Return |SHAP|, SHAP and the standardised samples on the record's mean beat."""
        given = self.records[row].reading.given
        at = self._beats_of(row, self.model.card.codes[output])
        start = window.start / given.fs_hz
        cut = beats.aligned(values, given.fs_hz, at, start_s=start)
        if cut.shape[0] == 0:
            return None
        shape = np.median(beats.aligned(x, given.fs_hz, at, start_s=start), axis=0)
        parts = (np.abs(cut).mean(axis=0), cut.mean(axis=0), shape)
        rows = given.index.tolist()
        size, signed, drawn = (beats.on_all_leads(p, rows, self.n_leads) for p in parts)
        return size, signed, drawn

    def _beats_of(self, row: int, code: str) -> Array:
        kind = beats.EARLY.get(code, "")
        if (row, kind) not in self._r_peaks:
            recording = load_recording(self.records[row].entry)
            self._r_peaks[row, kind] = beats.beat_times(recording, code)
        return self._r_peaks[row, kind]

    def _shares(self, kept: list[int], sizes: Array) -> Array:
        """Return each lead's share of mean |SHAP| for the sample and its resamples."""
        weights = self.weights[:, kept]
        known = np.isfinite(sizes)
        count = weights @ known
        means = (weights @ np.where(known, sizes, 0)) / np.maximum(count, 1)
        total = means.sum(axis=1, keepdims=True)
        return np.divide(means, total, out=np.full(means.shape, np.nan), where=total > 0)

    def _check(self, kept: list[int], output: int, share: Array) -> dict[str, Any]:
        order = np.argsort(-share)
        top, others = order[:TOP_LEADS], order[TOP_LEADS:]
        rng = np.random.default_rng([self.settings.seed, output, 1])
        picks = [top, *(rng.permutation(others)[:TOP_LEADS] for _ in range(RANDOM_DRAWS))]
        drops = np.mean([self._drops(row, output, picks) for row in kept], axis=0)
        return {
            "leads": [self.model.card.input.leads[i] for i in top],
            "drop": _number(drops[0]),
            "at_random": _number(drops[1:].mean()),
            "passed": bool(drops[0] > drops[1:].max()),
        }

    def _drops(self, row: int, output: int, picks: list[NDArray[np.int64]]) -> Array:
        """Return by how much a record's logit falls without each choice of leads."""
        record = self.records[row]
        given, window = record.reading.given, record.piece(output)
        x, present = given.batch([window])
        masks = present.repeat(len(picks) + 1, 1, 1)
        for mask, leads in zip(masks[1:], picks, strict=True):
            mask[np.isin(given.index.numpy(), leads)] = False
        with torch.inference_mode():
            z = record.ask(given, window)(x.repeat(len(masks), 1, 1), masks, given.index)[:, output]
        return np.asarray((z[0] - z[1:]).numpy(), dtype=np.float64)

    def _beat(self, code: str, found: list[_Explained]) -> dict[str, Any] | None:
        """Return the mean maps on the beat, and the beat they may be drawn on."""
        each: dict[str, tuple[Array, Array, Array]] = {}
        for one in found:
            if one.beat is not None:
                # One record a patient: nobody counts twice.
                each.setdefault(self.records[one.row].entry.group, one.beat)
        if len(each) < self.settings.min_records:
            return None
        size, signed, shape = (beats.mean_of(part) for part in zip(*each.values(), strict=True))
        drawn, source = self._drawn(code, shape, len(each))
        return {
            "n_patients": len(each),
            "size": _levels(size),
            "signed": _levels(signed),
            "shape": None if drawn is None else _numbers(drawn, digits=2),
            "source": source,
        }

    def _drawn(self, code: str, shape: Array, n_patients: int) -> tuple[Array | None, str]:
        if n_patients >= beats.MIN_PATIENTS:
            return shape, f"mean of {n_patients} patients"
        made = beats.simulated_beat(code, self.model.card.input)
        return made, "" if made is None else "simulated"


def _intervals(rows: Array) -> list[dict[str, float | None]]:
    """Return one interval a column; row 0 is the sample itself."""
    found = [from_resamples(float(column[0]), column[1:]).as_dict() for column in rows.T]
    return [{k: None if v is None else round(v, 4) for k, v in one.items()} for one in found]


def _number(value: float | np.floating[Any], digits: int = 4) -> float | None:
    return round(float(value), digits) if np.isfinite(value) else None


def _numbers(values: Array, *, digits: int = 4) -> list[Any]:
    if values.ndim > 1:
        return [_numbers(row, digits=digits) for row in values]
    return [_number(v, digits) for v in values]


def _levels(values: Array) -> list[list[int | None]]:
    """Return a map in hundredths of its largest size: what a picture needs, and no more."""
    top = max(float(np.nanmax(np.abs(values))), 1e-12)
    scaled = np.round(100 * values / top)
    return [[int(v) if np.isfinite(v) else None for v in row] for row in scaled]
