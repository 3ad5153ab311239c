"""The README of a model folder, for a clinician, made from the card and from nothing else."""

from collections.abc import Callable, Mapping
from typing import Any

from ecgcore.evaluation import metrics_table, subgroup_table
from ecgcore.evaluation.side_words import accesses_table, side_text, table, words
from ecgcore.inference.card import ANOMALY, WAVES, InputContract, ModelCard
from ecgcore.inference.waveform_words import MAP_WORDS, SET_WORDS, VARIANT_WORDS
from ecgcore.signal.waveform_rules import PAPER, SEGMENTS, waveform_rules
from ecgcore.statements import statement

FEW_LEADS_WORDS = {
    "auc": "area under the curve",
    "ece": "calibration error",
    "sensitivity": "sensitivity at the threshold made on twelve leads",
    "specificity": "specificity at that threshold",
}

ONE_LEAD_WORDS = {"auc": "area under the curve", "ece": "calibration error"}
Parts = list[str]


def readme(card: ModelCard) -> str:
    """Return the Markdown text."""
    about, figures = _KINDS[_kind_of(card)]
    parts = [
        f"# {card.full_name}",
        card.intended_use,
        *about(card),
        "## What it does not do",
        "\n".join(f"- {limit}" for limit in card.limits),
        "## What it was made from",
        table(
            ("Data set", "Records learned from", "Licence"),
            [(s.title, str(s.records), s.licence) for s in card.data],
        ),
        card.split,
        _training_words(card.training),
        _learned_table(card),
        *figures(card),
        "## The file",
        f"`model.safetensors`, SHA-256 `{card.weights_sha256}`. The software refuses any other.",
        _distance_file(card),
    ]
    return "\n\n".join(part.strip() for part in parts if part) + "\n"


def _kind_of(card: ModelCard) -> str:
    return "danet" if "waveform" in card.training else card.task


def _training_words(training: Mapping[str, Any]) -> str:
    if "parameters" not in training:
        return ""
    seconds = {
        "Training took": training.get("final_seconds"),
        "the out-of-fold networks": training.get("out_of_fold_seconds"),
    }
    times = [f"{name} {s / 60:.0f} minutes" for name, s in seconds.items() if s]
    seed = training.get("seed", training.get("waveform", {}).get("seed"))
    lines = [f"{training['parameters']:,} parameters.", f"{', '.join(times)}." if times else ""]
    return " ".join([*(line for line in lines if line), f"Seed {seed}."])


# ---- statements ----------------------------------------------------------------------------


def _about_statements(card: ModelCard) -> Parts:
    return [
        "## What it says",
        "A probability for each of these statements; a statement is flagged from its threshold "
        "on. Not flagged does not mean absent.",
        _label_table(card),
        f"Thresholds: {card.threshold_rule}.",
        f"Calibration: {card.calibration_rule} It holds for the population it was made on.",
        "## What it sees",
        _input_words(card.input),
        *_silence(card),
    ]


def _label_table(card: ModelCard) -> str:
    head = ("Code", "Statement", "Meaning", "Threshold", "Positives", "Calibrated", "Leads needed")
    rows = []
    for rule in card.labels:
        about = statement(rule.code)
        known = "yes" if rule.calibrated else "no: words, not a number"
        limit = f"{rule.threshold:.3f}"
        row = (rule.code, about.term, about.meaning, limit, str(rule.positives), known)
        rows.append((*row, f"{rule.min_leads:g}"))
    return table(head, rows)


def _input_words(given: InputContract) -> str:
    voltage = (
        "It sees the voltage."
        if given.sees_voltage
        else "Each lead is divided by its own standard deviation: the network sees no voltage."
    )
    return (
        f"Any of the leads {', '.join(given.leads)}, resampled to {given.fs_hz:g} Hz and filtered "
        f"to {given.high_pass_hz:g}-{given.low_pass_hz:g} Hz (the trace on the paper is not "
        f"touched). {voltage} From {given.min_s:g} s on; up to {given.whole_s:g} s as a whole, "
        f"longer recordings in windows of {given.window_s:g} s. Thresholds and calibration hold "
        f"from {given.min_leads_calibrated:g} complete leads on."
    )


def _silence(card: ModelCard) -> Parts:
    """Return when the model says nothing, of a network that judges strangeness."""
    if not card.distance_sha256:
        return []
    return [
        "## When it is not assessed",
        "Recordings: no readable lead, age under 18 years, limb leads inconsistent (Einthoven), "
        "outside the model's scope, or a single-lead strip of poor data quality. Statements: "
        "required leads missing, paced beats (by the file, spikes or the model's own finding), "
        "amplitude not calibrated (hypertrophy), age unknown (hypertrophy).",
        f"Unlike is judged by {card.abstention['rule']}" if "rule" in card.abstention else "",
    ]


def _learned_table(card: ModelCard) -> str:
    """Return the records that each statement was learned from, by data set."""
    found = card.training.get("learned_from")
    if not found:
        return ""
    names = sorted({name for each in found.values() for name in each})
    rows = [
        (code, *(f"{each[n][0]}/{each[n][1]}" if n in each else "" for n in names))
        for code, each in found.items()
    ]
    head = "What each statement was learned from: records that have it, of those that can tell."
    return f"{head}\n\n{table(('Code', *names), rows)}"


def _distance_file(card: ModelCard) -> str:
    if not card.distance_sha256:
        return ""
    return (
        f"`distance.safetensors` (where its training records lie: means and directions, no "
        f"record), SHA-256 `{card.distance_sha256}`."
    )


def _statement_figures(card: ModelCard) -> Parts:
    """Return the sections made of what ``evaluate`` wrote into the card."""
    if not card.metrics:
        return ["## How good it is", "Not measured yet: `python -m ecgcore evaluate NAME --write`."]
    how = card.metrics["how"]
    parts = [
        "## How good it is",
        f"On the test split: {card.metrics['n']} records of {card.metrics['n_patients']} patients "
        f"that had no part in training, thresholds or calibration. In brackets: {how['interval']}.",
        metrics_table(card.metrics),
        subgroup_table(card.metrics),
        side_text(card.metrics),
    ]
    assessed = card.metrics.get("when_assessed")
    if assessed:
        parts += [
            "Where the software does make a statement (after abstention):",
            metrics_table(assessed),
        ]
    if card.out_of_fold:
        parts += [
            "Out-of-fold, for comparison (thresholds and calibration were made on these records: "
            "flattering):",
            metrics_table(card.out_of_fold),
            _held_out_words(card),
        ]
    parts += _further(card)
    return parts


def _held_out_words(card: ModelCard) -> str:
    mean = card.out_of_fold.get("held_out_ece", {}).get("mean")
    if mean is None:
        return ""
    made = card.out_of_fold["conformal"]
    useful = [code for code, each in made["classes"].items() if each["useful"]]
    return (
        f"With a calibration that never saw the record, the mean calibration error of the "
        f"calibrated statements is {mean:.3f}. Conformal sets at {made['level']:.0%} help "
        f"({made['useful_when']}) for {', '.join(useful) or 'none'}."
    )


def _further(card: ModelCard) -> list[str]:
    parts = []
    few = card.out_of_fold.get("few_leads")
    if few:
        for figure, words in FEW_LEADS_WORDS.items():
            parts += [f"Fewer leads, out-of-fold: {words}.", _few_leads_table(few[figure])]
    by_lead = card.out_of_fold.get("by_lead")
    if by_lead:
        for figure, words in ONE_LEAD_WORDS.items():
            parts += [
                f"Each lead alone, on records not learned from: {words}.",
                _few_leads_table(by_lead[figure]),
            ]
    checks = card.metrics.get("explanations")
    if checks:
        parts.append(
            f"Grad-CAM maps on validation records: {checks['deletion_passed']:.0%} passed the "
            f"deletion check ({checks['n']} maps). Mean absolute rank correlation between maps of "
            f"this network and of one with random weights: "
            f"{checks['randomised_rank_correlation']:.2f} (0: the map depends on what was "
            "learned)."
        )
    return parts


def _few_leads_table(few: Mapping[str, Mapping[str, float | None]]) -> str:
    codes = list(next(iter(few.values())))
    rows = [
        (name, *("-" if row[c] is None else f"{row[c]:.3f}" for c in codes))
        for name, row in few.items()
    ]
    return table(("Leads", *codes), rows)


# ---- waves ---------------------------------------------------------------------------------


def _about_waves(_card: ModelCard) -> Parts:
    return [
        "## What it says",
        "For each sample of one lead: P wave, QRS complex, T wave, or none of them. Each lead is "
        "read by itself with the same weights; docs/measurements.md says how the leads are "
        "combined.",
    ]


def _wave_figures(card: ModelCard) -> Parts:
    found = card.metrics.get("points", {})
    if not found:
        return []
    rows = [
        (name, f"{r['sensitivity']:.3f}", f"{r['ppv']:.3f}", f"{r['mean_ms']:+.1f}",
         f"{r['sd_ms']:.1f}")
        for name, r in found.items()
    ]  # fmt: skip
    head = ("", "sensitivity", "predictivity", "mean error (ms)", "SD (ms)")
    return ["## How good it is", str(card.metrics.get("how", "")), table(head, rows), *_log(card)]


# ---- anomalies -----------------------------------------------------------------------------


def _about_anomalies(card: ModelCard) -> Parts:
    names = ", ".join(card.training.get("references", {})) or "a network of statements"
    return [
        "## What it says",
        "How unusual a recording is among normal ECGs, and where. It learned from normal ECGs "
        "alone: it hides parts of a recording, restores them from the rest, and compares; it also "
        "learned to find changes that were made in normal ECGs on purpose. Unusual does not mean "
        "abnormal, and not unusual does not mean normal.",
        "Two scores of a recording. *Trained on normal ECGs only*, the default: no label of a "
        "disease was learned from; how much each part counts was chosen with labelled ECGs of "
        "train and val. *With the classifier's features*: also how far the features of "
        f"{names}, which was taught diagnoses, lie from those of normal ECGs. The map, its places "
        "and the leads' bars go with the first.",
    ]


def _anomaly_figures(card: ModelCard) -> Parts:
    rows = [(row["name"], words(row)) for row in card.metrics.get("rows", [])]
    if not rows:
        return []
    return ["## How good it is", str(card.metrics.get("how", "")), table(("", ""), rows),
            *_log(card)]  # fmt: skip


def _log(card: ModelCard) -> Parts:
    times = accesses_table(card.metrics)
    return ["Every time it was measured on test:", times] if times else []


# ---- waveform attention --------------------------------------------------------------------


def _about_danet(card: ModelCard) -> Parts:
    facts = card.training["waveform"]
    about, rule = statement(facts["disease"]), waveform_rules()[facts["disease"]]
    origin = (
        "The disease is the preprint's."
        if facts["origin"] == PAPER
        else "The disease is an extension: the preprint shows atrial premature contraction alone."
    )
    return [
        "## What it is",
        f"A network that gives every moment of an ECG a gain from 0 to 1 before a classifier of "
        f"one statement, *{about.term}* ({about.meaning.rstrip('.')}), reads it; after Linpeng "
        "Jin, DANet, arXiv 2407.18033. Layers and values of that preprint are not public: this is "
        f"a reconstruction. {origin}",
        f"The curve: {VARIANT_WORDS[facts['variant']]}.",
        f"Threshold: {card.threshold_rule}. Calibration: {card.calibration_rule}",
        "## The rule",
        table(SEGMENTS, [[f"{gain:g}" for gain in rule.gains]]),
        rule.source,
        "## Is it an aid?",
        facts["aid_words"],
    ]


def _danet_figures(card: ModelCard) -> Parts:
    found = card.metrics.get("waveform")
    if not found:
        return []
    parts = ["## How good it is", str(card.metrics["how"])]
    for name, figures in found.get("records", {}).items():
        parts += [
            f"**{SET_WORDS[name]}**: {figures['n']} records of {figures['patients']} patients, "
            f"{figures['positives']} with the statement.",
            record_table(figures),
        ]
    for name, figures in found.get("beats", {}).items():
        parts += [
            f"**By beat, {SET_WORDS[name]}**: {figures['n']} windows of {figures['patients']} "
            f"patients; such beats take {figures['chance']:.3f} of the time.",
            beat_table(figures),
        ]
    return [*parts, *_log(card)]


def record_table(figures: Mapping[str, Any]) -> str:
    """Return the figures of DANet's variants on one set as a Markdown table."""
    head = ("", "AUC", "less no module", "F1", "F1 at best*", "sensitivity at 90 %",
            "at 95 % specificity")  # fmt: skip
    rows = []
    for name, row in figures["variants"].items():
        keys = ("auc", "difference", "f1", "sensitivity_at_90%", "sensitivity_at_95%")
        cells = [words(row.get(key)) for key in keys]
        best = row.get("f1_at_best")
        cells.insert(3, "-" if best is None else f"{best:.3f}")
        rows.append([VARIANT_WORDS[name].format(name=figures.get("body", "")), *cells])
    note = "*at the threshold that is best on these very records: what none could exceed."
    return f"{table(head, rows)}\n{note}"


def beat_table(figures: Mapping[str, Any]) -> str:
    """Return pointing game and relevance mass of DANet's maps as a Markdown table."""
    keys = ("hit", "hit_difference", "mass", "mass_difference")
    head = ("", "pointing game", "less Grad-CAM", "relevance mass", "less Grad-CAM")
    rows = [
        [MAP_WORDS[name], *(words(row.get(key)) for key in keys)]
        for name, row in figures["maps"].items()
    ]
    return table(head, rows).rstrip()


_KINDS: dict[str, tuple[Callable[[ModelCard], Parts], Callable[[ModelCard], Parts]]] = {
    "statements": (_about_statements, _statement_figures),
    WAVES: (_about_waves, _wave_figures),
    ANOMALY: (_about_anomalies, _anomaly_figures),
    "danet": (_about_danet, _danet_figures),
}
