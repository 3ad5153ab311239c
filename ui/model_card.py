"""The model card as a page: purpose, figures, curves of each statement, and where it came from."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from ecgcore.errors import EcgError
from ecgcore.inference import (
    DEFAULT_MODEL,
    LabelRule,
    ModelCard,
    available_models,
    read_card,
    weights_root,
)
from ecgcore.origin import origin
from ecgcore.render import charts
from ui import card_words as words
from ui import model_card_more as more
from ui import tables
from ui.words import plain

_KINDS = {"sex": "Sex", "age": "Age", "dataset": "Data set", "unit": "Voltage in the file"}
_FEW_LEADS = {
    "auc": "AUC",
    "ece": "Calibration error",
    "sensitivity": "Sensitivity",
    "specificity": "Specificity",
}
_PLAIN = (("auc", 2), ("f1", 2), ("sensitivity", 2), ("specificity", 2), ("ppv", 2), ("ece", 3))
_HEAD = ("AUC", "F1", "Sensitivity", "Specificity", "PPV", "Calibration error")


def show_model_card() -> None:
    """Show the card of a model, chosen at the top."""
    name = choose_model()
    if name is None:
        return
    try:
        card = read_card(weights_root() / name)
    except EcgError as error:
        st.error(str(error))
        return
    _purpose(card)
    if card.task == "statements":
        _statements(card)
    elif card.task == "anomaly":
        _anomaly(card)
    else:
        _waves(card)
    more.accesses(card)
    _made_from(card)


def choose_model(*tasks: str) -> str | None:
    """Offer the installed models of these tasks (every task if none is named)."""
    wanted = tasks or ("statements", "waves", "anomaly")
    names = [name for task in wanted for name in available_models(task)]
    if not names:
        st.info("No trained model is installed here.")
        return None
    first = names.index(DEFAULT_MODEL) if DEFAULT_MODEL in names else 0
    return st.selectbox("Model", names, index=first, width=260, key="card_model")


# ---- purpose -------------------------------------------------------------------------------


def _purpose(card: ModelCard) -> None:
    st.subheader(card.full_name, anchor=False)
    use, limits = st.columns(2, gap="large")
    with use:
        st.markdown("**Intended use**")
        st.write(card.intended_use)
        st.markdown("**Input**")
        st.write(words.sees(card))
    with limits:
        st.markdown("**Not for, and limitations**")
        lines = [*words.not_for(card), *card.limits, *words.weak(card)]
        st.markdown("\n".join(f"- {line}" for line in lines))


# ---- statements ----------------------------------------------------------------------------


def _statements(card: ModelCard) -> None:
    metrics = card.metrics
    st.subheader("Performance", anchor=False)
    if "waveform" in card.training:
        more.waveform(card)
        return
    if not metrics:
        st.info(f"Not measured yet: `python -m ecgcore evaluate {card.full_name} --write`.")
        return
    mean = metrics["mean"]
    nine = metrics.get("mean_of_nine") or mean
    st.markdown(
        f"On {metrics['n']} test records of {metrics['n_patients']} patients that had no part in "
        f"training, thresholds or calibration: mean AUC **{tables.number(nine['auc'])}**, "
        f"mean F1 **{tables.number(nine['f1'])}**, calibration error "
        f"**{tables.number(nine['ece'], 3)}**."
    )
    if len(nine["codes"]) < len(mean["codes"]):
        st.markdown(
            f"These are the nine core statements; over all {len(mean['codes'])} that test can "
            f"measure, mean AUC {tables.number(mean['auc'])}, mean F1 {tables.number(mean['f1'])}, "
            f"calibration error {tables.number(mean['ece'], 3)}."
        )
    if metrics.get("pooled"):
        st.markdown(metrics["pooled"])
    st.caption(f"In brackets: {metrics['how']['interval']}. Figures at full coverage.")
    st.html(_overview(card))
    more.beside(card)
    _one_statement(card)
    more.sides(card)
    _subgroups(card)
    _few_leads(card)
    more.refusal(card)
    _abstention(card)
    _maps(card)


def _overview(card: ModelCard) -> str:
    rows = []
    alarms = card.metrics.get("false_alarms", {}).get("classes", {})
    for rule in card.labels:
        found = card.metrics["classes"].get(rule.code)
        if found is None:
            continue
        share = alarms.get(rule.code)
        mark = "yes" if rule.calibrated else "no"
        rows.append(
            [
                tables.text(words.name_of(rule.code)),
                f'<td class="value">{found["n_positive"]} '
                f'<span class="spread">of {found["n"]}</span></td>',
                *(tables.cell(found[key], digits) for key, digits in _PLAIN),
                tables.cell(share, 2) if share else tables.text("-", "value"),
                tables.text(f"{rule.threshold:.2f}", "value"),
                tables.text(mark),
            ]
        )
    return tables.table(
        ("Statement", "Positive", *_HEAD, "In normals", "Threshold", "Calibrated"), rows
    )


def _one_statement(card: ModelCard) -> None:
    st.subheader("Statement by statement", anchor=False)
    rules = {r.code: r for r in card.labels if r.code in card.metrics["classes"]}
    code = st.pills(
        "Statement",
        list(rules),
        default=next(iter(rules)),
        format_func=words.name_of,
        required=True,
        key=f"card_statement_{card.full_name}",
        label_visibility="collapsed",
    )
    found = card.metrics["classes"][code]
    st.write(words.rule_words(card, rules[code]))
    learned = more.learned_words(card, code)
    if learned:
        st.write(plain(learned))
    curves = card.metrics.get("curves", {}).get(code)
    if curves is None:
        st.info(
            "This card was written before curves were kept: "
            f"`python -m ecgcore evaluate {card.full_name} --write` adds them."
        )
        return
    st.write(words.operating_words(curves["confusion"]))
    if found["n_positive"] < words.FEW:
        st.warning(
            f"Only {found['n_positive']} test records have it: steps in these curves are single "
            "patients, and the intervals are what counts.",
            icon=":material/info:",
        )
    _curves(rules[code], found, curves)
    more.trust(card, rules[code])


def _curves(rule: LabelRule, found: Mapping[str, Any], curves: Mapping[str, Any]) -> None:
    counts = curves["confusion"]
    positive, flagged = counts["tp"] + counts["fn"], counts["tp"] + counts["fp"]
    negative = counts["fp"] + counts["tn"]
    roc, precision, reliability, confusion = st.columns([3, 3, 3, 2.2], gap="medium")
    with roc:
        st.markdown(f"**ROC**  AUC {tables.number(found['auc'])}")
        if curves["roc"] is not None and positive and negative:
            at = (counts["fp"] / negative, counts["tp"] / positive)
            tables.plot(charts.roc_figure(curves["roc"], at=at), "roc")
    with precision:
        st.markdown(f"**Precision**  average {tables.number(found['average_precision'])}")
        if curves["pr"] is not None:
            spot = (counts["tp"] / positive, counts["tp"] / flagged) if flagged else None
            share = positive / max(positive + negative, 1)
            tables.plot(charts.precision_figure(curves["pr"], at=spot, share=share), "pr")
    with reliability:
        st.markdown(f"**Reliability**  ECE {tables.number(found['ece'], 3)}")
        tables.plot(charts.reliability_figure(curves["reliability"]), "reliability")
        if not rule.calibrated:
            st.caption("Not calibrated: the app shows no number for this statement.")
    with confusion:
        st.markdown("**At the threshold**")
        st.html(_confusion(counts))
        st.caption(f"F1 {tables.number(found['f1'])}")


def _confusion(counts: Mapping[str, int]) -> str:
    def row(title: str, *cells: tuple[int, int]) -> str:
        tds = "".join(
            f'<td style="background:rgba(33,113,181,{0.5 * n / max(whole, 1):.2f})">{n}</td>'
            for n, whole in cells
        )
        return f"<tr><th>{title}</th>{tds}</tr>"

    positive, negative = counts["tp"] + counts["fn"], counts["fp"] + counts["tn"]
    return (
        '<table class="ecg-confusion"><tr><th></th><th>flagged</th><th>not flagged</th></tr>'
        + row("has it", (counts["tp"], positive), (counts["fn"], positive))
        + row("has it not", (counts["fp"], negative), (counts["tn"], negative))
        + "</table>"
    )


# ---- subgroups, few leads, abstention, maps ------------------------------------------------


def _subgroups(card: ModelCard) -> None:
    groups = card.metrics.get("subgroups", {})
    kinds = [kind for kind in _KINDS if kind in groups]
    if not kinds:
        return
    st.subheader("Subgroups", anchor=False)
    codes = list(card.metrics["classes"])
    code = st.selectbox(
        "Area under the ROC curve of",
        ["", *codes],
        format_func=lambda c: words.name_of(c) if c else "all statements (mean)",
        width=300,
        key=f"card_subgroup_{card.full_name}",
    )
    rows, missing = _subgroup_rows(card, code or "", kinds)
    whole = card.metrics["classes"][code]["auc"] if code else card.metrics["mean"]["auc"]
    if rows:
        tables.plot(
            charts.interval_figure(rows, title="AUC", reference=whole["value"]),
            "subgroups",
        )
    st.caption(
        "Dotted: all test records. The number of records (and of those, with the statement) stands "
        "beside each group; a mean is over the statements that can be measured in the group."
        + (f" Cannot be measured: {', '.join(missing)}." if missing else "")
    )


def _subgroup_rows(
    card: ModelCard, code: str, kinds: list[str]
) -> tuple[list[charts.Row], list[str]]:
    titles = {source.name: source.title for source in card.data}
    rows, missing = [], []
    for kind in kinds:
        values = card.metrics["subgroups"][kind]
        for value in words.ordered_values(kind, values):
            part = values[value]
            label = words.subgroup_label(kind, value, titles)
            found = part["classes"][code]["auc"] if code else part["mean_auc"]
            if found["value"] is None:
                missing.append(label)
                continue
            count = f"{part['classes'][code]['n_positive']}/" if code else ""
            size = part["classes"][code]["n"] if code else part["n"]
            rows.append(
                charts.Row(f"{label}  ({count}{size})", found["value"], found["low"], found["high"])
            )
    return rows, missing


def _few_leads(card: ModelCard) -> None:
    few = card.out_of_fold.get("few_leads")
    if not few:
        return
    st.subheader("On fewer leads", anchor=False)
    shown = [key for key in _FEW_LEADS if key in few]
    which = st.segmented_control(
        "Figure",
        shown,
        default=shown[0],
        format_func=_FEW_LEADS.__getitem__,
        required=True,
        key=f"card_few_{card.full_name}",
        label_visibility="collapsed",
    )
    sets = few[which]
    codes = list(next(iter(sets.values())))
    rows = [
        [tables.text(leads), *(_plain(values[c], 3 if which == "ece" else 2) for c in codes)]
        for leads, values in sets.items()
    ]
    st.html(tables.table(("Leads", *(words.short(code) for code in codes)), rows))
    st.caption(
        "Out-of-fold, with the thresholds and the calibration made on twelve leads. Where they do "
        "not hold, no finding is given."
    )


def _plain(value: float | None, digits: int) -> str:
    return tables.text("–" if value is None else f"{value:.{digits}f}", "value")


def _abstention(card: ModelCard) -> None:
    assessed = card.metrics.get("when_assessed")
    if not assessed:
        return
    with st.expander("After abstention"):
        st.write(
            f"Mean AUC {tables.number(assessed['mean']['auc'])}, mean F1 "
            f"{tables.number(assessed['mean']['f1'])}."
        )
        rows = []
        for code, found in assessed["classes"].items():
            cover = assessed.get("coverage", {}).get(code)
            share = "–" if cover is None else f"{100 * cover:.0f} %"
            cells = (tables.cell(found[key], digits) for key, digits in _PLAIN)
            rows.append([tables.text(words.name_of(code)), tables.text(share, "value"), *cells])
        st.html(tables.table(("Statement", "Assessed", *_HEAD), rows))


def _maps(card: ModelCard) -> None:
    checks = card.metrics.get("explanations")
    if not checks:
        return
    with st.expander("Checks of its maps"):
        st.write(
            f"{checks['method'].capitalize()} on {checks['n']} {checks['split']} records: "
            f"{100 * checks['deletion_passed']:.0f} % pass the deletion check, and the mean rank "
            "correlation with the map of a network of random weights is "
            f"{checks['randomised_rank_correlation']:.2f} (0: the map depends on what was "
            "learned). A map that fails is hidden in the review unless it is asked for."
        )
        rows = [
            [
                tables.text(words.name_of(code)),
                tables.text(str(found["n"]), "value"),
                tables.text(f"{100 * found['deletion_passed']:.0f} %", "value"),
                tables.text(f"{found['randomised_rank_correlation']:.2f}", "value"),
            ]
            for code, found in checks["classes"].items()
        ]
        head = ("Statement", "Maps", "Deletion passed", "Correlation with random weights")
        st.html(tables.table(head, rows, wide=True))


# ---- waves ---------------------------------------------------------------------------------


def _measured(card: ModelCard, key: str) -> Any:
    """Write the heading and how was measured; return the card's figures, or None."""
    st.subheader("Performance", anchor=False)
    found = card.metrics.get(key)
    if not found:
        st.info("Its card holds no figures yet.")
        return None
    st.caption(str(card.metrics.get("how", "")))
    return found


def _anomaly(card: ModelCard) -> None:
    rows = _measured(card, "rows")
    if rows is None:
        return
    cells = [[tables.text(row["name"]), tables.cell(row, 3)] for row in rows]
    st.html(tables.table(("On test", "Area under the ROC curve, interval"), cells, wide=True))
    if card.training.get("references"):
        st.caption(
            "With the classifier's features: the score also asks "
            f"{', '.join(card.training['references'])}, which was taught diagnoses. The other "
            "score was trained on normal ECGs only; how much its parts count was chosen with "
            "labelled ECGs of train and val."
        )


def _waves(card: ModelCard) -> None:
    points = _measured(card, "points")
    if points is None:
        return
    rows = [
        [
            tables.text(name),
            tables.text(str(found["n"]), "value"),
            tables.text(f"{100 * found['sensitivity']:.1f} %", "value"),
            tables.text(f"{100 * found['ppv']:.1f} %", "value"),
            tables.text(f"{found['mean_ms']:+.1f} ± {found['sd_ms']:.1f} ms", "value"),
        ]
        for name, found in points.items()
    ]
    head = ("Point", "Marked", "Found", "Found that are marked", "Difference, mean ± SD")
    st.html(tables.table(head, rows, wide=True))


# ---- origin --------------------------------------------------------------------------------


def _made_from(card: ModelCard) -> None:
    st.subheader("Training data", anchor=False)
    rows = [
        [
            tables.text(source.title),
            tables.text(f"{source.records:,}", "value"),
            tables.text(source.licence),
        ]
        for source in card.data
    ]
    if rows:
        st.html(tables.table(("Data set", "Records learned from", "Licence"), rows, wide=True))
    st.write(card.split)
    st.write(f"Thresholds: {card.threshold_rule.rstrip('.')}.")
    st.write(f"Calibration: {card.calibration_rule}")
    st.caption(_training(card))
    st.download_button(
        "The card as a file",
        data=card.to_json(**origin(card.weights_sha256)),
        file_name=f"{card.full_name}-card.json",
        mime="application/json",
        on_click="ignore",
        icon=":material/download:",
    )


def _training(card: ModelCard) -> str:
    made = card.training
    parts = [f"Made {card.created}"]
    if "parameters" in made:
        parts.append(f"{made['parameters']:,} parameters")
    if "final_seconds" in made:
        parts.append(f"trained in {made['final_seconds'] / 60:.0f} minutes")
    if "seed" in made:
        parts.append(f"seed {made['seed']}")
    words_of = ", ".join(parts) + f". SHA-256 of the weights {card.weights_sha256[:16]}…"
    if card.distance_sha256:
        words_of += f", of the distances {card.distance_sha256[:16]}…"
    return words_of
