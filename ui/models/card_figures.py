"""All statements of a model card: overview, subgroups, fewer leads, abstention, refusals."""

import streamlit as st

from ecgcore.inference import (
    ModelCard,
)
from ecgcore.render import charts
from ui.models import words
from ui.tables import format_figure, make_cell, make_figure_cell, make_table, plot
from ui.words import plain

_KINDS = {"sex": "Sex", "age": "Age", "dataset": "Data set", "unit": "Voltage in the file"}
_FEW_LEADS = {
    "auc": "AUC",
    "ece": "Calibration error",
    "sensitivity": "Sensitivity",
    "specificity": "Specificity",
}
FIGURES = (("auc", 2), ("f1", 2), ("sensitivity", 2), ("specificity", 2), ("ppv", 2), ("ece", 3))
HEAD = ("AUC", "F1", "Sensitivity", "Specificity", "PPV", "Calibration error")
_SCORES = {
    "quality": "Signal quality",
    "distance": "Distance",
    "energy": "Energy",
    "disagreement": "Disagreement",
    "limb leads": "Limb leads",
    "called noise": "Called noise",
    "distance and quality": "Distance and quality",
    "distance with all checks": "All together",
}


def make_overview(card: ModelCard) -> str:
    """Return the figures of every statement on test, as an HTML table."""
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
                make_cell(words.name_of(rule.code)),
                f'<td class="value">{found["n_positive"]} '
                f'<span class="spread">of {found["n"]}</span></td>',
                *(make_figure_cell(found[key], digits) for key, digits in FIGURES),
                make_figure_cell(share, 2) if share else make_cell("-", "value"),
                make_cell(f"{rule.threshold:.2f}", "value"),
                make_cell(mark),
            ]
        )
    return make_table(
        ("Statement", "Positive", *HEAD, "In normals", "Threshold", "Calibrated"), rows
    )


def show_comparison(card: ModelCard) -> None:
    """Show another model's mean area of the nine, out of fold and on the same test records."""
    found = card.metrics.get("beside")
    if not found:
        return
    fold, nine, eight = found["out of fold"], found["nine"], found["without STE"]
    rows = [
        [
            make_cell("Out of fold"),
            make_cell(f"{fold['this']:.3f}", "value"),
            make_cell(f"{fold['other']:.3f}", "value"),
            make_cell("–", "value"),
        ]
    ]
    for title, each in (("Test", nine), ("Test, without ST elevation", eight)):
        cells = (make_figure_cell(each[key], 3) for key in ("this", "other", "difference"))
        rows.append([make_cell(title), *cells])
    st.markdown(f"**Compared with {found['other']}**: mean AUC of the nine core statements")
    st.html(make_table(("", card.full_name, found["other"], "Difference, paired"), rows))
    st.caption(
        f"On test the same {found['n']} records, {found['positives']['STE']} of them with ST "
        "elevation."
    )


def show_subgroups(card: ModelCard) -> None:
    """Show the area under the ROC curve by sex, age, data set and unit."""
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
    rows, missing = _make_subgroup_rows(card, code or "", kinds)
    whole = card.metrics["classes"][code]["auc"] if code else card.metrics["mean"]["auc"]
    if rows:
        plot(
            charts.interval_figure(rows, title="AUC", reference=whole["value"]),
            "subgroups",
        )
    st.caption(
        "Dotted: all test records. In brackets: number of records, for one statement positive/all. "
        "A mean is over the statements that can be measured in the group."
        + (f" Cannot be measured: {', '.join(missing)}." if missing else "")
    )


def _make_subgroup_rows(
    card: ModelCard, code: str, kinds: list[str]
) -> tuple[list[charts.Row], list[str]]:
    titles = {source.name: source.title for source in card.data}
    rows, missing = [], []
    for kind in kinds:
        values = card.metrics["subgroups"][kind]
        for value in words.sort_values(kind, values):
            part = values[value]
            label = words.name_subgroup(kind, value, titles)
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


def show_few_leads(card: ModelCard) -> None:
    """Show how the statements fare on fewer leads."""
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
        [
            make_cell(leads),
            *(_make_cell(values[c], 3 if which == "ece" else 2) for c in codes),
        ]
        for leads, values in sets.items()
    ]
    st.html(make_table(("Leads", *(words.shorten(code) for code in codes)), rows))
    st.caption(
        "Out-of-fold, with the thresholds and calibration of twelve leads. Where these do not "
        "hold, no finding is given."
    )


def _make_cell(value: float | None, digits: int) -> str:
    return make_cell("–" if value is None else f"{value:.{digits}f}", "value")


def show_abstention(card: ModelCard) -> None:
    """Show the figures of what is left after the model abstained."""
    assessed = card.metrics.get("when_assessed")
    if not assessed:
        return
    with st.expander("After abstention"):
        st.write(
            f"Mean AUC {format_figure(assessed['mean']['auc'])}, mean F1 "
            f"{format_figure(assessed['mean']['f1'])}."
        )
        rows = []
        for code, found in assessed["classes"].items():
            cover = assessed.get("coverage", {}).get(code)
            share = "–" if cover is None else f"{100 * cover:.0f} %"
            cells = (make_figure_cell(found[key], digits) for key, digits in FIGURES)
            rows.append([make_cell(words.name_of(code)), make_cell(share, "value"), *cells])
        st.html(make_table(("Statement", "Assessed", *HEAD), rows))


def show_map_checks(card: ModelCard) -> None:
    """Show how often the model's maps pass their checks."""
    checks = card.metrics.get("explanations")
    if not checks:
        return
    with st.expander("Checks of the maps"):
        st.write(
            f"{checks['method'].capitalize()} on {checks['n']} {checks['split']} records: "
            f"{100 * checks['deletion_passed']:.0f} % pass the deletion check, and the mean rank "
            "correlation with the map of a network of random weights is "
            f"{checks['randomised_rank_correlation']:.2f} (0: the map depends on what was "
            "learned). A map that fails is hidden unless asked for."
        )
        rows = [
            [
                make_cell(words.name_of(code)),
                make_cell(str(found["n"]), "value"),
                make_cell(f"{100 * found['deletion_passed']:.0f} %", "value"),
                make_cell(f"{found['randomised_rank_correlation']:.2f}", "value"),
            ]
            for code, found in checks["classes"].items()
        ]
        head = ("Statement", "Maps", "Deletion passed", "Correlation with random weights")
        st.html(make_table(head, rows, wide=True))


def show_refusal(card: ModelCard) -> None:
    """Show how well the model knows what it was not made for."""
    found = card.metrics.get("outliers")
    if not found:
        return
    st.subheader("Out-of-scope ECGs", anchor=False)
    rule = card.abstention.get("rule")
    if rule:
        st.write(plain(f"It abstains by {rule}"))
    some = next(iter(found["outliers"].values()))["auroc"]
    scores = [key for key in _SCORES if key in some]
    rows = [
        [
            make_cell(f"{kind[:1].upper()}{kind[1:]}"),
            make_cell(str(each["n"]), "value"),
            *(make_figure_cell(each["auroc"].get(key)) for key in scores),
            make_cell(f"{100 * each['refused']:.0f} %", "value"),
        ]
        for kind, each in found["outliers"].items()
    ]
    head = ("AUROC of", "Records", *(_SCORES[key] for key in scores), "Refused")
    st.html(make_table(head, rows))
    usual = "; ".join(
        f"{kind} {100 * each['refused']:.1f} % of {each['n']}"
        for kind, each in found["insiders"].items()
    )
    st.caption(
        "Refused: unacceptable signal quality, too unlike the training data, inconsistent limb "
        "leads, or a strip called noise. Refused of in-scope records: "
        f"{usual}."
    )
