"""What a network of several tasks adds to its card: trust, other tasks, and what it refuses."""

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from ecgcore.inference import LabelRule, ModelCard
from ecgcore.inference.waveform_words import MAP_WORDS, SET_WORDS, VARIANT_WORDS
from ecgcore.render import charts
from ui import card_words as words
from ui import tables
from ui.words import plain

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
_POINT = (("sensitivity", 2), ("specificity", 2), ("ppv", 2))
HANDHELD = {"N": "Normal", "A": "Atrial fibrillation", "O": "Other rhythm", "~": "Unreadable"}


# ---- one statement -------------------------------------------------------------------------


def learned_words(card: ModelCard, code: str) -> str:
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
    return f"Learned from records that have it, of those that can tell: {'; '.join(parts)}{more}."


def trust(card: ModelCard, rule: LabelRule) -> None:
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
            tables.plot(charts.reliability_figure(curves["reliability"]), "reliability_oof")
            st.caption("With a calibration that never saw the record.")
    with right:
        if points:
            st.markdown("**If the threshold stood elsewhere**")
            st.html(_points(points))
            st.caption("Chosen out-of-fold, measured on test.")
        _sets(card, code)


def _points(points: Mapping[str, Mapping[str, Any]]) -> str:
    rows = [
        [
            tables.text(name[:1].upper() + name[1:]),
            tables.text(f"{each['threshold']:.3f}", "value"),
            *(tables.cell(each[key], digits) for key, digits in _POINT),
        ]
        for name, each in points.items()
    ]
    return tables.table(("Chosen for", "Threshold", "Sensitivity", "Specificity", "PPV"), rows)


def _sets(card: ModelCard, code: str) -> None:
    made = card.out_of_fold.get("conformal")
    found = card.metrics.get("conformal", {}).get(code)
    if not made or not found or not made["classes"][code]["useful"]:
        return
    cuts = made["classes"][code]
    st.markdown(f"**Right in {made['level']:.0%} of those who have it and of those who have not**")
    st.write(
        f"From {cuts['yes_from']:.3f} on “yes” belongs to the answer, up to {cuts['no_to']:.3f} "
        f"“no”. On test one answer alone was left in {100 * found['decided']:.0f} % of the "
        f"records; {_covered(found)}."
    )


def _covered(found: Mapping[str, Any]) -> str:
    parts = []
    for key, who in (("coverage_positive", "have it"), ("coverage_negative", "have it not")):
        if found[key] is not None:
            parts.append(f"it was right for {100 * found[key]:.0f} % of those who {who}")
    return " and ".join(parts)


# ---- beside others, on test ----------------------------------------------------------------


def beside(card: ModelCard) -> None:
    """Show another model's mean area of the nine, out of fold and on the same test records."""
    found = card.metrics.get("beside")
    if not found:
        return
    fold, nine, eight = found["out of fold"], found["nine"], found["without STE"]
    rows = [
        [
            tables.text("Out of fold"),
            tables.text(f"{fold['this']:.3f}", "value"),
            tables.text(f"{fold['other']:.3f}", "value"),
            tables.text("–", "value"),
        ]
    ]
    for title, each in (("Test", nine), ("Test, without ST elevation", eight)):
        cells = (tables.cell(each[key], 3) for key in ("this", "other", "difference"))
        rows.append([tables.text(title), *cells])
    st.markdown(f"**Beside {found['other']}**: mean AUC of the nine core statements")
    st.html(tables.table(("", card.full_name, found["other"], "Difference, paired"), rows))
    st.caption(
        f"On test the same {found['n']} records, {found['positives']['STE']} of them with ST "
        "elevation."
    )


def accesses(card: ModelCard) -> None:
    """Show every time that a model was measured on test."""
    found = card.metrics.get("accesses")
    if not found:
        return
    times = "once" if len(found) == 1 else f"{len(found)} times"
    with st.expander(f"Measured on test {times}"):
        rows = [
            [tables.text(each[key]) for key in ("date", "commit", "measured", "decided")]
            for each in found
        ]
        st.html(tables.table(("Date", "Commit", "Measured", "Decided after it"), rows))


def waveform(card: ModelCard) -> None:
    """Show whether a waveform network is an aid, and its figures against its controls."""
    st.write(card.training["waveform"]["aid_words"])
    found = card.metrics.get("waveform")
    if not found:
        return
    st.caption(str(card.metrics["how"]))
    for name, figures in found["records"].items():
        st.markdown(
            f"**{SET_WORDS.get(name, name)}**: {figures['n']} records of {figures['patients']} "
            f"patients, {figures['positives']} with the statement"
        )
        rows = [
            [
                tables.text(VARIANT_WORDS[variant].format(name=figures.get("body", ""))),
                *(tables.cell(each.get(key), 3) for key in ("auc", "difference", "f1")),
            ]
            for variant, each in figures["variants"].items()
        ]
        st.html(tables.table(("Classifier", "AUC", "Less no module", "F1"), rows, wide=True))
    for name, figures in found["beats"].items():
        st.markdown(
            f"**By beat, {SET_WORDS.get(name, name)}**: {figures['n']} windows of "
            f"{figures['patients']} patients; such beats take {100 * figures['chance']:.0f} % of "
            "the time"
        )
        rows = [
            [
                tables.text(MAP_WORDS[which]),
                *(tables.cell(each.get(key), 3) for key in ("hit", "hit_difference", "mass")),
            ]
            for which, each in figures["maps"].items()
        ]
        head = ("Map", "Highest point on such a beat", "Less Grad-CAM", "Relevance mass")
        st.html(tables.table(head, rows, wide=True))


# ---- other tasks ---------------------------------------------------------------------------


def sides(card: ModelCard) -> None:
    """Show the figures of what the network says beside the twelve-lead statements."""
    found = card.metrics.get("sides")
    if not found:
        return
    st.subheader("On one lead, on beats, and beside the statements", anchor=False)
    names: dict[str, Callable[[], None]] = {
        "Each lead alone": lambda: _alone(card),
        "Lead I": lambda: _lead_one(found["lead_one"]),
        "Hand-held": lambda: _handheld(found["handheld"]),
        "Beats": lambda: _beats(found["beats"]),
        "PTB-XL": lambda: _ptbxl(found),
    }
    if len(card.metrics.get("seeds", {})) > 1:
        names["Other seeds"] = lambda: _seeds(card.metrics["seeds"])
    for tab, show in zip(st.tabs(list(names)), names.values(), strict=True):
        with tab:
            show()


def _alone(card: ModelCard) -> None:
    found = card.metrics.get("single_leads")
    if not found:
        return
    best = sorted(found["leads"].items(), key=lambda item: -(item[1]["mean_auc"]["value"] or 0))
    st.write(
        "Published (Zhang et al., 2021; a network of its own for each lead): best I, aVR, V5, and "
        f"each below twelve leads. Here (one network, given one lead): best "
        f"{', '.join(lead for lead, _ in best[:3])}."
    )
    rows = [
        [
            tables.text(lead),
            tables.cell(each["mean_auc"], 3),
            tables.cell(each.get("difference"), 3),
            tables.text(
                f"{100 * each['among_best']:.0f} %" if "among_best" in each else "", "value"
            ),
        ]
        for lead, each in [("All leads", found["all"]), *found["leads"].items()]
    ]
    head = ("Lead", "Mean AUC of nine", "Less all leads", "Among the best three when resampled")
    st.html(tables.table(head, rows, wide=True))


def _share(share: float | None) -> str:
    return tables.text("" if share is None else f"{100 * share:.0f} %", "value")


def _lead_one(found: Mapping[str, Any]) -> None:
    st.write(
        f"{found['n']} test records of CPSC 2018, lead I alone, without voltage: mean AUC "
        f"**{tables.number(found['mean']['auc'], 3)}**, mean F1 "
        f"**{tables.number(found['mean']['f1'])}**."
    )
    rows = [
        [
            tables.text(words.name_of(code)),
            tables.text(f"{each['n_positive']} of {each['n']}", "value"),
            *(tables.cell(each[key]) for key in ("auc", "f1", "sensitivity", "specificity")),
        ]
        for code, each in found["classes"].items()
    ]
    head = ("Statement", "Positive", "AUC", "F1", "Sensitivity", "Specificity")
    st.html(tables.table(head, rows))
    st.caption(
        "At the thresholds made on twelve leads; where they do not hold on one lead, the app gives "
        "no finding."
    )


def _handheld(found: Mapping[str, Any]) -> None:
    mean = found["f1"]["mean of N, A, O"]
    st.write(
        f"{found['n']} test records of CinC 2017, one lead, hand-held: mean F1 of normal, "
        f"fibrillation and other rhythm **{tables.number(mean, 3)}**; fibrillation against all the "
        f"rest, AUC {tables.number(found['af_auc'], 3)}."
    )
    rows = []
    for name, row in found["confusion"].items():
        whole = sum(row.values())
        counts = (
            tables.text(f"{n} ({100 * n / max(whole, 1):.0f} %)", "value") for n in row.values()
        )
        rows.append([tables.text(HANDHELD[name]), tables.cell(found["f1"][name]), *counts])
    head = ("It is", "F1", *(f"called {HANDHELD[name].lower()}" for name in found["confusion"]))
    st.html(tables.table(head, rows))


def _beats(found: Mapping[str, Any]) -> None:
    rows = []
    for part, kinds in found.items():
        if part == "by record":
            continue
        for kind, each in kinds.items():
            cells = (tables.cell(each[key], 3) for key in ("f1", "sensitivity", "ppv"))
            rows.append(
                [
                    tables.text(f"{kind.capitalize()}, {part}"),
                    tables.text(f"{each['n']:,}", "value"),
                    *cells,
                ]
            )
    st.write(
        "The second half of MIT-BIH (DS2, other patients than those learned from), beat by beat, "
        "with beats found by the software itself."
    )
    st.html(tables.table(("Kind", "Beats", "F1", "Sensitivity", "PPV"), rows, wide=True))
    with st.expander("By record"):
        st.html(_by_record(found["by record"]))


def _by_record(found: Mapping[str, Any]) -> str:
    rows = []
    for record, kinds in found.items():
        cells = [tables.text(record)]
        for each in kinds.values():
            cells.append(tables.text(f"{each['n']:.0f}", "value"))
            cells += [
                tables.text("–" if each[key] is None else f"{each[key]:.2f}", "value")
                for key in ("f1", "sensitivity", "ppv")
            ]
        rows.append(cells)
    head = ["Record"]
    for kind in ("Supraventricular", "Ventricular"):
        head += [kind, "F1", "Sens.", "PPV"]
    return tables.table(head, rows)


def _ptbxl(found: Mapping[str, Any]) -> None:
    for key, title in (
        ("superclasses", "The five super-classes"),
        ("ptbxl_statements", "The statements that this model has"),
    ):
        part = found[key]
        st.markdown(
            f"**{title}** on {part['n']} records of fold 10: macro AUC "
            f"{tables.number(part['macro_auc'], 3)}"
        )
        rows = [
            [
                tables.text(words.name_of(code)),
                tables.text(f"{each['n_positive']} of {each['n']}", "value"),
                tables.cell(each["auc"], 3),
            ]
            for code, each in part["classes"].items()
        ]
        with st.expander("By class"):
            st.html(tables.table(("Class", "Positive", "AUC"), rows, wide=True))


def _seeds(found: Mapping[str, Any]) -> None:
    rows = [
        [
            tables.text("Released" if name == "final-0" else name.replace("final-", "Seed ")),
            *(tables.cell(each["nine"][key], 3) for key in ("auc", "f1")),
            tables.cell(each["all"]["auc"], 3),
            tables.cell(each["lead_one"], 3),
            tables.cell(each["handheld_f1"], 3),
            tables.cell(each["superclasses"], 3),
        ]
        for name, each in found.items()
    ]
    head = (
        "Network", "AUC of nine", "F1 of nine", "AUC of all", "Lead I", "Hand-held F1", "Super",
    )  # fmt: skip
    st.html(tables.table(head, rows))
    st.caption("The same recipe from other seeds, with the released network's thresholds.")


# ---- what it refuses -----------------------------------------------------------------------


def refusal(card: ModelCard) -> None:
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
            tables.text(f"{kind[:1].upper()}{kind[1:]}"),
            tables.text(str(each["n"]), "value"),
            *(tables.cell(each["auroc"].get(key)) for key in scores),
            tables.text(f"{100 * each['refused']:.0f} %", "value"),
        ]
        for kind, each in found["outliers"].items()
    ]
    head = ("AUROC of", "Records", *(_SCORES[key] for key in scores), "Refused")
    st.html(tables.table(head, rows))
    usual = "; ".join(
        f"{kind} {100 * each['refused']:.1f} % of {each['n']}"
        for kind, each in found["insiders"].items()
    )
    st.caption(
        "Refused: called unacceptable by the signal quality, too strange, of limb leads that do "
        "not fit one another, or a strip that it calls noise itself. Of usual records refused: "
        f"{usual}."
    )
