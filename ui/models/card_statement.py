"""One statement on a model card: its threshold, its curves, and how far to trust it."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from ecgcore.inference import (
    LabelRule,
    ModelCard,
)
from ecgcore.render import charts
from ui.models import words
from ui.tables import format_figure, make_cell, make_figure_cell, make_table, plot
from ui.words import plain

_POINT = (("sensitivity", 2), ("specificity", 2), ("ppv", 2))


def show_statement(card: ModelCard) -> None:
    """Show one statement, chosen by the reader: threshold, curves, reliability."""
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
    st.write(words.describe_rule(card, rules[code]))
    learned = describe_learning(card, code)
    if learned:
        st.write(plain(learned))
    curves = card.metrics.get("curves", {}).get(code)
    if curves is None:
        st.info(
            "This card holds no curves: "
            f"`python -m ecgcore evaluate {card.full_name} --write` adds them."
        )
        return
    st.write(words.describe_threshold_on_test(curves["confusion"]))
    if found["n_positive"] < words.FEW:
        st.warning(
            f"Only {found['n_positive']} positive test records: each step of these curves is one "
            "patient; go by the intervals.",
            icon=":material/info:",
        )
    _show_curves(rules[code], found, curves)
    _show_trust(card, rules[code])


def _show_curves(rule: LabelRule, found: Mapping[str, Any], curves: Mapping[str, Any]) -> None:
    counts = curves["confusion"]
    positive, flagged = counts["tp"] + counts["fn"], counts["tp"] + counts["fp"]
    negative = counts["fp"] + counts["tn"]
    roc, precision, reliability, confusion = st.columns([3, 3, 3, 2.2], gap="medium")
    with roc:
        st.markdown(f"**ROC**  AUC {format_figure(found['auc'])}")
        if curves["roc"] is not None and positive and negative:
            at = (counts["fp"] / negative, counts["tp"] / positive)
            plot(charts.roc_figure(curves["roc"], at=at), "roc")
    with precision:
        st.markdown(f"**Precision**  average {format_figure(found['average_precision'])}")
        if curves["pr"] is not None:
            spot = (counts["tp"] / positive, counts["tp"] / flagged) if flagged else None
            share = positive / max(positive + negative, 1)
            plot(charts.precision_figure(curves["pr"], at=spot, share=share), "pr")
    with reliability:
        st.markdown(f"**Reliability**  ECE {format_figure(found['ece'], 3)}")
        plot(charts.reliability_figure(curves["reliability"]), "reliability")
        if not rule.calibrated:
            st.caption("Not calibrated: no number is shown for this statement.")
    with confusion:
        st.markdown("**At the threshold**")
        st.html(_make_confusion(counts))
        st.caption(f"F1 {format_figure(found['f1'])}")


def _make_confusion(counts: Mapping[str, int]) -> str:
    def row(title: str, *cells: tuple[int, int]) -> str:
        tds = "".join(
            f'<td style="background:rgba(33,113,181,{0.5 * n / max(whole, 1):.2f})">{n}</td>'
            for n, whole in cells
        )
        return f"<tr><th>{title}</th>{tds}</tr>"

    positive, negative = counts["tp"] + counts["fn"], counts["fp"] + counts["tn"]
    return (
        '<table class="ecg-confusion"><tr><th></th><th>flagged</th><th>not flagged</th></tr>'
        + row("with it", (counts["tp"], positive), (counts["fn"], positive))
        + row("without", (counts["fp"], negative), (counts["tn"], negative))
        + "</table>"
    )


def _show_trust(card: ModelCard, rule: LabelRule) -> None:
    """Show the out-of-fold reliability, other operating points and conformal sets."""
    code = rule.code
    curves = card.out_of_fold.get("curves", {}).get(code)
    points = card.metrics.get("operating_points", {}).get(code)
    if not curves and not points:
        return
    left, right = st.columns([1, 1.7], gap="large")
    with left:
        if curves:
            error = card.out_of_fold["held_out_ece"][code]
            st.markdown(f"**Reliability out-of-fold**  ECE {error:.3f}")
            plot(charts.reliability_figure(curves["reliability"]), "reliability_oof")
            st.caption("Calibrated without the record itself.")
    with right:
        if points:
            st.markdown("**At other thresholds**")
            st.html(_make_points(points))
            st.caption("Chosen out-of-fold, measured on test.")
        _show_sets(card, code)


def _make_points(points: Mapping[str, Mapping[str, Any]]) -> str:
    rows = [
        [
            make_cell(name[:1].upper() + name[1:]),
            make_cell(f"{each['threshold']:.3f}", "value"),
            *(make_figure_cell(each[key], digits) for key, digits in _POINT),
        ]
        for name, each in points.items()
    ]
    return make_table(("Chosen for", "Threshold", "Sensitivity", "Specificity", "PPV"), rows)


def _show_sets(card: ModelCard, code: str) -> None:
    made = card.out_of_fold.get("conformal")
    found = card.metrics.get("conformal", {}).get(code)
    if not made or not found or not made["classes"][code]["useful"]:
        return
    cuts = made["classes"][code]
    st.markdown(
        f"**Prediction set with {made['level']:.0%} coverage, with and without the statement**"
    )
    st.write(
        f"The set includes “yes” from {cuts['yes_from']:.3f} and “no” up to "
        f"{cuts['no_to']:.3f}. On test, {100 * found['decided']:.0f} % of the records had a single "
        f"answer; {_describe_coverage(found)}."
    )


def _describe_coverage(found: Mapping[str, Any]) -> str:
    parts = []
    for key, who in (("coverage_positive", "with it"), ("coverage_negative", "without")):
        if found[key] is not None:
            parts.append(f"it held the label in {100 * found[key]:.0f} % of those {who}")
    return " and ".join(parts)


def describe_learning(card: ModelCard, code: str) -> str:
    """Return what a statement was learned from, or nothing where the card does not say."""
    found = card.training.get("learned_from", {}).get(code)
    if not found:
        return ""
    titles = {source.name: source.title for source in card.data}
    parts = [
        f"{titles.get(name, name)} {has:,} of {known:,}"
        for name, (has, known) in sorted(found.items(), key=lambda item: -item[1][0])
    ]
    simulated = card.training.get("simulation", {}).get("share")
    more = ", and simulated records" if simulated else ""
    return f"Positive training records, of those labelled for it: {'; '.join(parts)}{more}."
